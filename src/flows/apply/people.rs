//! `[[person]]`: one of the organization's people.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::access;
use crate::error::{Error, Result};
use crate::flows::administer::{self, PersonFields};
use crate::flows::{Act, access_groups};
use crate::model::{Email, PersonId, PersonState};
use crate::store;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonPart {
    pub email: String,
    given_name: Option<String>,
    family_name: Option<String>,
    role: Option<String>,
    /// Its name; empty for none.
    team: Option<String>,
    /// Its name; `none` by hand; empty: whatever groups of identity providers say.
    access_group: Option<String>,
    /// Further fields: `title`, `department`, and those that the organization defines.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    active: Option<bool>,
    /// As for an access group, in place of what theirs says; empty: as theirs says.
    sees_people: Option<String>,
    /// Names; without it, where `sees_people` is set, every app.
    sees_apps: Option<Vec<String>>,
}

/// What this person sees, where the file says it of them.
fn see(act: &Act, person: PersonId, people: Option<&str>, apps: Option<&[String]>) -> Result<()> {
    let wanted = match (people, apps) {
        (None, None) => return Ok(()),
        (Some(""), None) => None,
        (Some(""), Some(_)) => {
            let message = "Leave sees_apps out, or say whom this person sees.";
            return Err(Error::invalid("sees_people", message));
        }
        (people, apps) => {
            let was = store::people::visibility(act.w, person)?;
            Some(access::visibility(act, people, apps, was.as_ref())?)
        }
    };
    access_groups::set_visibility(act, person, wanted.as_ref())
}

/// Adds or changes the person, and turns their account on or off.
pub fn apply_person(act: &Act, part: PersonPart) -> Result<()> {
    let email = Email::parse(&part.email).map_err(|problem| Error::invalid("email", problem.to_string()))?;
    let found = store::people::find_by_email(act.w, &email.key())?;
    let kept =
        |given: Option<String>, was: Option<&String>| given.or_else(|| was.cloned()).unwrap_or_default();
    let fields = PersonFields {
        email: part.email,
        given_name: kept(part.given_name, found.as_ref().map(|p| &p.given_name)),
        family_name: kept(part.family_name, found.as_ref().map(|p| &p.family_name)),
        role: match (part.role, &found) {
            (Some(role), _) => role,
            (None, Some(person)) => person.own_role.clone(),
            (None, None) => store::roles::lowest(act.w)?.key,
        },
        team: match &part.team {
            Some(name) => Some(access::team_id(act, name)?),
            None => None,
        },
        access_group: match &part.access_group {
            Some(name) => Some(access::group_value(act, name)?),
            None => None,
        },
        profile: part.fields,
    };
    let person = match &found {
        Some(person) => administer::change_person(act, person.id, &fields, None)?,
        None => administer::add_person(act, &fields)?,
    };
    see(
        act,
        person.id,
        part.sees_people.as_deref(),
        part.sees_apps.as_deref(),
    )?;
    match part.active {
        Some(false) => administer::deactivate(act, person.id).map(drop),
        Some(true) if person.state == PersonState::Deactivated => administer::reactivate(act, person.id),
        _ => Ok(()),
    }
}
