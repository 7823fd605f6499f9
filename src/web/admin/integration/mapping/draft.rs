//! The mapping as it stands in the form: from the connection, or from what was typed.

use std::collections::BTreeMap;

use crate::flows::connect::{MappingFields, RowFields};
use crate::model::Connection;
use crate::model::mapping::{MOST_ROLES, MOST_ROWS, RoleValue, Row};

/// Empty lines at the end of each table.
const SPARE: usize = 3;

/// One form.
#[derive(Clone, Default)]
pub struct Draft {
    pub fields: MappingFields,
    pub version: i64,
}

/// A row with its place, as the names of its controls have it.
pub struct RowLine {
    pub place: usize,
    pub row: RowFields,
}

pub struct RoleLine {
    pub place: usize,
    pub line: RoleValue,
}

impl Draft {
    pub fn of(connection: &Connection, jit_team: &str) -> Self {
        let (mapping, jit) = (&connection.mapping, &connection.jit);
        let row = |row: &Row| RowFields {
            source: row.source.clone(),
            field: row.field.clone(),
            rule: row.rule.key().to_owned(),
            default: row.default.clone(),
            at_sign_in: row.at_sign_in,
        };
        Self {
            fields: MappingFields {
                rows: Some(mapping.rows.iter().map(row).collect()),
                roles: Some(mapping.roles.clone()),
                otherwise: Some(mapping.otherwise.clone()),
                lock: Some(mapping.lock),
                jit: Some(jit.enabled),
                jit_role: Some(jit.role.clone()),
                jit_team: Some(jit_team.to_owned()),
            },
            version: connection.version,
        }
    }

    /// What a body says: `row.0.source`, `role.0.value`. A row without a field and a line without a value are none.
    pub fn read(body: &[(String, String)]) -> Self {
        let said = |wanted: &str| {
            let found = body.iter().find(|(name, _)| name == wanted);
            found.map_or("", |(_, value)| value.as_str())
        };
        let mut rows: BTreeMap<usize, RowFields> = BTreeMap::new();
        let mut lines: BTreeMap<usize, RoleValue> = BTreeMap::new();
        for (name, value) in body {
            let mut parts = name.splitn(3, '.');
            let (Some(table), Some(place), Some(part)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let Ok(place) = place.parse::<usize>() else {
                continue;
            };
            match table {
                "row" if place < MOST_ROWS + SPARE => row_part(rows.entry(place).or_default(), part, value),
                "role" if place < MOST_ROLES + SPARE => {
                    line_part(lines.entry(place).or_default(), part, value)
                }
                _ => {}
            }
        }
        let rows = rows.into_values().filter(|row| !row.field.is_empty());
        let lines = lines.into_values().filter(|line| !line.value.trim().is_empty());
        Self {
            fields: MappingFields {
                rows: Some(rows.collect()),
                roles: Some(lines.collect()),
                otherwise: Some(said("otherwise").to_owned()),
                lock: Some(!said("lock").is_empty()),
                jit: Some(!said("jit").is_empty()),
                jit_role: Some(said("jit_role").to_owned()),
                jit_team: Some(said("jit_team").to_owned()),
            },
            version: said("version").parse().unwrap_or(0),
        }
    }

    pub fn row_lines(&self) -> Vec<RowLine> {
        let typed = self.fields.rows.iter().flatten().cloned();
        let spare = std::iter::repeat_with(RowFields::default).take(SPARE);
        typed
            .chain(spare)
            .enumerate()
            .map(|(place, row)| RowLine { place, row })
            .collect()
    }

    pub fn role_lines(&self) -> Vec<RoleLine> {
        let typed = self.fields.roles.iter().flatten().cloned();
        let spare = std::iter::repeat_with(RoleValue::default).take(SPARE);
        typed
            .chain(spare)
            .enumerate()
            .map(|(place, line)| RoleLine { place, line })
            .collect()
    }

    pub fn otherwise(&self) -> &str {
        self.fields.otherwise.as_deref().unwrap_or_default()
    }

    pub fn is_locking(&self) -> bool {
        self.fields.lock == Some(true)
    }

    pub fn adds(&self) -> bool {
        self.fields.jit == Some(true)
    }

    pub fn jit_role(&self) -> &str {
        self.fields.jit_role.as_deref().unwrap_or_default()
    }

    pub fn jit_team(&self) -> &str {
        self.fields.jit_team.as_deref().unwrap_or_default()
    }
}

fn row_part(row: &mut RowFields, part: &str, value: &str) {
    match part {
        "source" => value.clone_into(&mut row.source),
        "field" => value.clone_into(&mut row.field),
        "rule" => value.clone_into(&mut row.rule),
        "default" => value.clone_into(&mut row.default),
        "at_sign_in" => row.at_sign_in = !value.is_empty(),
        _ => {}
    }
}

fn line_part(line: &mut RoleValue, part: &str, value: &str) {
    match part {
        "value" => value.clone_into(&mut line.value),
        "role" => value.clone_into(&mut line.role),
        "may_own" => line.may_own = !value.is_empty(),
        _ => {}
    }
}
