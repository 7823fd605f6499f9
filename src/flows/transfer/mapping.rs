//! The mapping of a connection as a file. CSV holds the rows; JSON also which value means which role, the rest of the
//! mapping, and just-in-time. What a file names replaces what is there; what it does not name stays.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::flows::Act;
use crate::flows::apply::mapping::{RolePart, RowPart, overwrite};
use crate::flows::connect::{self, MappingFields, RowFields};
use crate::model::Connection;
use crate::model::mapping::{self, RoleValue, Rule};
use crate::store::{self, Reader};

use super::sheet::{self, Column, Record};
use super::{Looked, What};

mod told;

use told::{changed, refused};

/// A file as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<Vec<RowPart>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<Vec<RolePart>>,
    otherwise: Option<String>,
    lock: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jit: Option<JitPart>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct JitPart {
    enabled: Option<bool>,
    role: Option<String>,
    team: Option<String>,
}

/// What a file says, each row with its number.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    numbers: Vec<u64>,
    /// Rows that cannot be read: number and why.
    flaws: Vec<(u64, String)>,
    fields: MappingFields,
}

pub fn columns() -> Vec<Column> {
    vec![
        Column::new("field", "Our field", &["our field"]),
        Column::new("source", "Source", &["attribute", "claim", "path"]),
        Column::new("rule", "Rule", &[]),
        Column::new("default", "Default", &["default value"]),
        Column::new("at_sign_in", "At sign-in", &["also at sign-in"]),
    ]
}

/// The rows, for CSV.
pub fn records(r: &Reader, slug: &str) -> Result<Vec<Record>> {
    let connection = store::connections::get_by_slug(r, slug)?;
    let record = |row: &mapping::Row| {
        let cells = [
            ("field", row.field.clone()),
            ("source", row.source.clone()),
            ("rule", row.rule.key().to_owned()),
            ("default", row.default.clone()),
            ("at_sign_in", row.at_sign_in.to_string()),
        ];
        cells
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    };
    Ok(connection.mapping.rows.iter().map(record).collect())
}

/// All of it.
pub fn json(r: &Reader, slug: &str) -> Result<Vec<u8>> {
    let Connection { mapping, jit, .. } = store::connections::get_by_slug(r, slug)?;
    let row = |row: &mapping::Row| RowPart {
        field: row.field.clone(),
        source: row.source.clone(),
        rule: row.rule.key().to_owned(),
        default: row.default.clone(),
        at_sign_in: row.at_sign_in,
    };
    let role = |line: &RoleValue| RolePart {
        value: line.value.clone(),
        role: line.role.clone(),
        may_own: line.may_own,
    };
    let file = File {
        mapping: Some(mapping.rows.iter().map(row).collect()),
        roles: Some(mapping.roles.iter().map(role).collect()),
        otherwise: Some(mapping.otherwise.clone()),
        lock: Some(mapping.lock),
        jit: Some(JitPart {
            enabled: Some(jit.enabled),
            role: Some(jit.role.clone()),
            team: Some(connect::jit_team(r, &jit)?.unwrap_or_default()),
        }),
    };
    let mut bytes = serde_json::to_vec_pretty(&file).map_err(Error::internal)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a file; with it the columns that mean nothing here.
pub fn read(text: &str, columns: &[Column]) -> Result<(Brought, Vec<String>)> {
    if !text.trim_start().starts_with('{') {
        let sheet = sheet::read(text, "mapping", "field", columns)?;
        return Ok((of_rows(&sheet.rows), sheet.unread));
    }
    let file: File = serde_json::from_str(text)
        .map_err(|problem| Error::invalid("file", format!("This is no mapping as JSON: {problem}.")))?;
    let rows = file
        .mapping
        .map(|rows| rows.into_iter().map(typed).collect::<Vec<_>>());
    let jit = file.jit.unwrap_or_default();
    let brought = Brought {
        numbers: (1..).take(rows.as_ref().map_or(0, Vec::len)).collect(),
        flaws: Vec::new(),
        fields: MappingFields {
            rows,
            roles: file
                .roles
                .map(|parts| parts.into_iter().map(Into::into).collect()),
            otherwise: file.otherwise,
            lock: file.lock,
            jit: jit.enabled,
            jit_role: jit.role,
            jit_team: jit.team,
        },
    };
    Ok((brought, Vec::new()))
}

fn typed(part: RowPart) -> RowFields {
    RowPart {
        rule: rule(&part.rule),
        ..part
    }
    .into()
}

/// Its key, also where the words of the page were written.
fn rule(text: &str) -> String {
    let wanted = text.trim().to_lowercase();
    let known = Rule::ALL
        .into_iter()
        .find(|rule| rule.words().to_lowercase() == wanted);
    known.map_or(wanted, |rule| rule.key().to_owned())
}

fn of_rows(rows: &[sheet::Row]) -> Brought {
    let mut brought = Brought::default();
    let mut typed_rows = Vec::new();
    for row in rows {
        if let Some(flaw) = &row.flaw {
            brought.flaws.push((row.number, flaw.clone()));
        }
        let cell = |key: &str| row.cells.get(key).cloned().unwrap_or_default();
        let at_sign_in = matches!(
            cell("at_sign_in").to_lowercase().as_str(),
            "true" | "yes" | "1" | "on"
        );
        let given = match cell("rule") {
            rule if rule.is_empty() => overwrite(),
            rule => rule,
        };
        brought.numbers.push(row.number);
        typed_rows.push(typed(RowPart {
            field: known_field(&cell("field")),
            source: cell("source"),
            rule: given,
            default: cell("default"),
            at_sign_in,
        }));
    }
    brought.fields.rows = Some(typed_rows);
    brought
}

/// A field by its key, also where its label was written.
fn known_field(text: &str) -> String {
    let mut known = mapping::KNOWN.iter();
    let by_label = known.find(|known| known.label.to_lowercase() == text.to_lowercase());
    by_label.map_or_else(|| text.to_owned(), |known| known.key.to_owned())
}

/// Replaces the mapping; a line for each row, each value of the role table, and the rest.
pub fn bring(act: &Act, what: &What, brought: &Brought) -> Result<Vec<Looked>> {
    let What::Mapping(slug) = what else {
        return Ok(Vec::new());
    };
    let was = store::connections::get_by_slug(act.w, slug)?;
    let done = match brought.flaws.is_empty() {
        true => act
            .w
            .attempt(|| connect::change_mapping(act, slug, &brought.fields, None)),
        false => Err(Error::invalid_fields(Vec::new())),
    };
    let (is, error) = match done {
        Ok(is) => (is, None),
        Err(error) if matches!(error.kind, Kind::Invalid(_) | Kind::Denied | Kind::Conflict) => {
            (was.clone(), Some(error))
        }
        Err(error) => return Err(error),
    };
    let mut lines = match &error {
        None => changed(act.w, &was, &is, brought)?,
        Some(error) => refused(brought, error),
    };
    lines.sort_by_key(|line| line.number);
    let mut escalation = error.as_ref().and_then(Error::as_escalation).cloned();
    let looked = lines.into_iter().map(|line| Looked {
        line,
        added: None,
        escalation: escalation.take(),
    });
    Ok(looked.collect())
}
