//! Which fields of a person an identity provider overwrites, and whether that locks them.

use crate::error::{Error, FieldProblem, Result};
use crate::flows::Act;
use crate::model::mapping::{KNOWN, Mapping};
use crate::model::profile::Source;
use crate::model::{Actor, Connection, PersonId};
use crate::store::directory::users;
use crate::store::{self, Reader};

/// A field that is written over when the provider says something new.
#[derive(Clone, Debug)]
pub struct Overwritten {
    pub field: String,
    pub connection: String,
    pub slug: String,
    pub is_locked: bool,
    /// By which request, and when, it was written last; `None`: not yet, or by hand since.
    pub source: Option<Source>,
}

/// Through which connections: those that provision the person, and those whose sign-ins write fields.
pub fn overwritten(r: &Reader, person: PersonId) -> Result<Vec<Overwritten>> {
    let sources = store::profiles::get(r, person)?.sources;
    let mut found: Vec<Overwritten> = Vec::new();
    let mut take = |connection: &Connection, does: &dyn Fn(&Mapping, &str) -> bool| {
        let known = KNOWN.iter().map(|known| known.key);
        let rows = connection.mapping.rows.iter().map(|row| row.field.as_str());
        for field in known.chain(rows) {
            if !does(&connection.mapping, field) || found.iter().any(|other| other.field == field) {
                continue;
            }
            let source = sources
                .get(field)
                .filter(|source| source.connection == connection.id);
            found.push(Overwritten {
                field: field.to_owned(),
                connection: connection.name.clone(),
                slug: connection.slug.to_string(),
                is_locked: connection.mapping.lock,
                source: source.cloned(),
            });
        }
    };
    for user in users::list_of_person(r, person)?
        .iter()
        .filter(|user| user.claimed)
    {
        let connection = store::connections::get(r, user.connection_id)?;
        if connection.provisions() && connection.scim.update {
            take(&connection, &Mapping::overwrites);
        }
    }
    for identity in store::identities::list_of_person(r, person)? {
        let connection = store::connections::get(r, identity.connection_id)?;
        if connection.is_door() {
            take(&connection, &Mapping::overwrites_at_sign_in);
        }
    }
    Ok(found)
}

/// Fails when a person edits a field that its identity provider keeps.
pub fn need_unlocked(act: &Act, person: PersonId, fields: &[&str]) -> Result<()> {
    if fields.is_empty() || !matches!(act.actor, Actor::Person { .. }) {
        return Ok(());
    }
    let locked = overwritten(act.w, person)?;
    let problems: Vec<FieldProblem> = locked
        .iter()
        .filter(|kept| kept.is_locked && fields.contains(&kept.field.as_str()))
        .map(|kept| FieldProblem {
            field: kept.field.clone(),
            message: format!(
                "{} overwrites this field, and its mapping locks it here. Change it there.",
                kept.connection
            ),
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(problems))
    }
}
