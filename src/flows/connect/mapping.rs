//! The mapping of a connection, and whom it adds at their first sign-in.
//!
//! A mapping gives roles, so that nobody writes one into it which they could not give by hand; only an owner allows, by
//! name, that a value makes owners, and from then on only owners change what could be used to send that value.

use serde_json::{Value, json};

use super::{edit, subject, word};
use crate::error::{Error, FieldProblem, Result};
use crate::flows::Act;
use crate::flows::provision::hold;
use crate::model::mapping::{
    CORE, Jit, KNOWN, MOST_ROLES, MOST_ROWS, Mapping, RoleValue, Row, Rule, VALUE_LIMIT, checked, kind_of,
    label,
};
use crate::model::person::is_unprintable;
use crate::model::{Connection, Permission, Role, TeamId};
use crate::store::{self, Reader};

/// What a form or a file says. `None` leaves a part as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingFields {
    /// Replaces the table.
    pub rows: Option<Vec<RowFields>>,
    /// Replaces the role table.
    pub roles: Option<Vec<RoleValue>>,
    pub otherwise: Option<String>,
    pub lock: Option<bool>,
    pub jit: Option<bool>,
    pub jit_role: Option<String>,
    /// Name of a team; empty: none.
    pub jit_team: Option<String>,
}

/// One row as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFields {
    pub source: String,
    pub field: String,
    pub rule: String,
    pub default: String,
    pub at_sign_in: bool,
}

/// Changes the mapping; every field that makes no sense is a problem, named by its place: `row.2.source`.
pub fn change_mapping(
    act: &Act,
    slug: &str,
    fields: &MappingFields,
    version: Option<i64>,
) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    let roles = store::roles::list(act.w)?;
    let was = store::connections::get_by_slug(act.w, slug)?;
    let mut problems = Vec::new();
    let mapping = mapping(act.w, &was.mapping, fields, &roles, &mut problems)?;
    let jit = jit(act.w, &was.jit, fields, &roles, &mut problems)?;
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    need_rights(act, &was, &mapping, &jit, &roles)?;
    let is = edit(act, slug, version, |connection| {
        connection.mapping = mapping;
        connection.jit = jit;
        Ok(())
    })?;
    if is.mapping != was.mapping {
        hold::readdress(act, &is)?;
    }
    Ok(is)
}

fn problem(field: impl Into<String>, message: impl Into<String>) -> FieldProblem {
    FieldProblem {
        field: field.into(),
        message: message.into(),
    }
}

fn mapping(
    r: &Reader,
    was: &Mapping,
    fields: &MappingFields,
    roles: &[Role],
    problems: &mut Vec<FieldProblem>,
) -> Result<Mapping> {
    let mut is = was.clone();
    if let Some(rows) = &fields.rows {
        let own = store::profiles::list_fields(r)?;
        let is_field = |key: &str| {
            KNOWN.iter().any(|known| known.key == key) || own.iter().any(|field| field.key == key)
        };
        if rows.len() > MOST_ROWS {
            problems.push(problem(
                "rows",
                format!("A mapping has at most {MOST_ROWS} rows."),
            ));
        }
        is.rows = Vec::new();
        for (place, typed) in rows.iter().take(MOST_ROWS).enumerate() {
            match row(typed, &is_field) {
                Ok(row) => is.rows.push(row),
                Err((part, message)) => problems.push(problem(format!("row.{place}.{part}"), message)),
            }
        }
    }
    if let Some(lines) = &fields.roles {
        if lines.len() > MOST_ROLES {
            problems.push(problem(
                "roles",
                format!("A role table has at most {MOST_ROLES} lines."),
            ));
        }
        is.roles = Vec::new();
        for (place, line) in lines.iter().take(MOST_ROLES).enumerate() {
            match role_line(line, &is.roles, roles) {
                Ok(line) => is.roles.push(line),
                Err((part, message)) => problems.push(problem(format!("role.{place}.{part}"), message)),
            }
        }
    }
    if let Some(key) = &fields.otherwise {
        match role_for_many(key, roles) {
            Ok(key) => is.otherwise = key,
            Err(message) => problems.push(problem("otherwise", message)),
        }
    }
    is.lock = fields.lock.unwrap_or(is.lock);
    Ok(is)
}

type Wrong = (&'static str, String);

fn row(typed: &RowFields, is_field: &dyn Fn(&str) -> bool) -> std::result::Result<Row, Wrong> {
    let field = typed.field.trim();
    if !is_field(field) {
        return Err(("field", "Choose one of the fields of people.".to_owned()));
    }
    let source = typed.source.trim();
    if source.chars().count() > VALUE_LIMIT || source.chars().any(is_unprintable) {
        return Err((
            "source",
            "A source has at most 1,000 characters that print.".to_owned(),
        ));
    }
    let Some(rule) = Rule::parse(typed.rule.trim()) else {
        return Err(("rule", "Choose create, overwrite or off.".to_owned()));
    };
    if field == "email" && rule == Rule::Off {
        return Err((
            "rule",
            "Nobody is added without an address: write it on create at least.".to_owned(),
        ));
    }
    let known = KNOWN
        .iter()
        .any(|known| known.key == field && !known.usual.is_empty());
    if source.is_empty() && !known && rule != Rule::Off {
        return Err((
            "source",
            "Name the attribute, claim or path that holds it.".to_owned(),
        ));
    }
    let default = match typed.default.trim() {
        "" => String::new(),
        text => checked(kind_of(field), text).map_err(|why| ("default", format!("The default {why}.")))?,
    };
    if !default.is_empty() && field == "email" {
        return Err((
            "default",
            "Two people cannot have the same address: leave this empty.".to_owned(),
        ));
    }
    Ok(Row {
        source: source.to_owned(),
        field: field.to_owned(),
        rule,
        default,
        at_sign_in: typed.at_sign_in && rule == Rule::Overwrite,
    })
}

fn role_line(
    line: &RoleValue,
    before: &[RoleValue],
    roles: &[Role],
) -> std::result::Result<RoleValue, Wrong> {
    let value = line.value.trim();
    if value.is_empty() || value.chars().count() > VALUE_LIMIT || value.chars().any(is_unprintable) {
        return Err((
            "value",
            "A value has 1 to 1,000 characters that print.".to_owned(),
        ));
    }
    if before
        .iter()
        .any(|other| other.value.to_lowercase() == value.to_lowercase())
    {
        return Err(("value", format!("\"{value}\" stands in the table already.")));
    }
    let Some(role) = roles
        .iter()
        .find(|role| role.key.eq_ignore_ascii_case(line.role.trim()))
    else {
        return Err(("role", "There is no such role.".to_owned()));
    };
    if role.owns() && !line.may_own {
        let message = format!(
            "{} owns the organization. Only an owner may allow that this value makes owners.",
            role.name
        );
        return Err(("role", message));
    }
    Ok(RoleValue {
        value: value.to_owned(),
        role: role.key.clone(),
        may_own: line.may_own && role.owns(),
    })
}

/// A role for everybody of whom nothing better is known; it never owns.
fn role_for_many(key: &str, roles: &[Role]) -> std::result::Result<String, String> {
    let key = key.trim();
    if key.is_empty() {
        return Ok(String::new());
    }
    match roles.iter().find(|role| role.key.eq_ignore_ascii_case(key)) {
        None => Err("There is no such role.".to_owned()),
        Some(role) if role.owns() => Err(format!(
            "{} owns the organization: nobody gets that unasked.",
            role.name
        )),
        Some(role) => Ok(role.key.clone()),
    }
}

fn jit(
    r: &Reader,
    was: &Jit,
    fields: &MappingFields,
    roles: &[Role],
    problems: &mut Vec<FieldProblem>,
) -> Result<Jit> {
    let mut is = was.clone();
    is.enabled = fields.jit.unwrap_or(is.enabled);
    if let Some(key) = &fields.jit_role {
        match role_for_many(key, roles) {
            Ok(key) => is.role = key,
            Err(message) => problems.push(problem("jit_role", message)),
        }
    }
    if let Some(name) = &fields.jit_team {
        let name = name.trim();
        let team = if name.is_empty() {
            None
        } else {
            store::teams::find_by_name(r, name)?
        };
        match team {
            Some(team) => is.team = team.id.to_string(),
            None if name.is_empty() => is.team = String::new(),
            None => problems.push(problem("jit_team", format!("There is no team \"{name}\"."))),
        }
    }
    Ok(is)
}

/// The name of the team for those who are added at sign-in.
pub fn jit_team(r: &Reader, jit: &Jit) -> Result<Option<String>> {
    match TeamId::parse(&jit.team) {
        Some(id) => Ok(store::teams::find(r, id)?.map(|team| team.name)),
        None => Ok(None),
    }
}

/// Fails where the actor could not give by hand what the new mapping gives.
fn need_rights(act: &Act, was: &Connection, is: &Mapping, jit: &Jit, roles: &[Role]) -> Result<()> {
    if act.role.owns() || (was.mapping == *is && was.jit == *jit) {
        return Ok(());
    }
    if is.may_own() || was.mapping.may_own() {
        let message = "A value of this mapping makes owners. Only an owner allows that, and only an owner changes it afterwards.";
        return Err(Error::escalation(message, "a value that makes owners").by("mapping", || subject(was)));
    }
    let rows = |mapping: &Mapping| mapping.rows_of("role").cloned().collect::<Vec<_>>();
    let by_key = |mapping: &Mapping| mapping.maps("role") && mapping.roles.is_empty();
    let given = if rows(is) != rows(&was.mapping) || by_key(is) != by_key(&was.mapping) {
        // Another source or default can give whatever stands in the table.
        word::roles_given(is, jit, roles)
    } else {
        let mut keys: Vec<&str> = Vec::new();
        let is_new = |line: &&RoleValue| !was.mapping.roles.contains(line);
        keys.extend(is.roles.iter().filter(is_new).map(|line| line.role.as_str()));
        if is.otherwise != was.mapping.otherwise {
            keys.push(&is.otherwise);
        }
        if jit.role != was.jit.role || jit.enabled != was.jit.enabled {
            keys.push(&jit.role);
        }
        let is_given = |role: &&Role| keys.contains(&role.key.as_str());
        roles.iter().filter(is_given).collect()
    };
    let Some(role) = word::beyond(act, given, roles) else {
        return Ok(());
    };
    let message = format!(
        "The mapping would give the role {}, which may do what yours may not, or as much. Only somebody who may do more, \
         such as an owner, lets an identity provider give it.",
        role.name
    );
    let refused = Error::escalation(message, format!("the role {}", role.name));
    Err(refused.by("mapping", || subject(was)))
}

/// For events: one line for each row.
pub(super) fn facts(r: &Reader, connection: &Connection) -> Result<Vec<(&'static str, Value)>> {
    let (mapping, jit) = (&connection.mapping, &connection.jit);
    let line = |row: &Row| {
        let source = if row.source.is_empty() {
            "as usual"
        } else {
            &row.source
        };
        let mut line = format!("{} from {source}: {}", label(&row.field), row.rule.words());
        if !row.default.is_empty() {
            line.push_str(&format!(", default {}", row.default));
        }
        if row.at_sign_in {
            line.push_str(", also at sign-in");
        }
        line
    };
    let role = |line: &RoleValue| {
        let owner = if line.may_own {
            " (allowed by an owner)"
        } else {
            ""
        };
        format!("{} means {}{owner}", line.value, line.role)
    };
    let is_default = mapping.rows.len() == CORE.len() && *mapping == Mapping::default();
    let mut facts = vec![
        ("mapping.otherwise", json!(mapping.otherwise)),
        ("mapping.lock", json!(mapping.lock)),
        ("jit.enabled", json!(jit.enabled)),
        ("jit.role", json!(jit.role)),
        ("jit.team", json!(jit_team(r, jit)?)),
    ];
    if !is_default {
        facts.push((
            "mapping.rows",
            json!(mapping.rows.iter().map(line).collect::<Vec<_>>()),
        ));
        facts.push((
            "mapping.roles",
            json!(mapping.roles.iter().map(role).collect::<Vec<_>>()),
        ));
    }
    Ok(facts)
}
