//! The further fields by hand, and the fields that the organization defines.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Result};
use crate::flows::Act;
use crate::model::mapping::{CORE, KNOWN, Kind, LABEL_LIMIT, checked, checked_field_key, kind_of};
use crate::model::person::is_unprintable;
use crate::model::profile::{Profile, ProfileField};
use crate::model::{Action, Permission, Person, Subject};
use crate::store::{self, Reader};

use super::{lock, write};

/// Most fields that an organization defines.
const MOST_FIELDS: usize = 20;

/// The further fields in the order of pages, with their labels: ours, then those that the organization defines.
pub fn field_labels(r: &Reader) -> Result<Vec<(String, String)>> {
    let ours = KNOWN
        .iter()
        .filter(|known| !CORE.contains(&known.key) && !matches!(known.kind, Kind::Role | Kind::Team));
    let ours = ours.map(|known| (known.key.to_owned(), known.label.to_owned()));
    let own = store::profiles::list_fields(r)?;
    Ok(ours
        .chain(own.into_iter().map(|field| (field.key, field.label)))
        .collect())
}

/// Changes the fields that are named; an empty value takes a field away. Whether the actor may change this person at
/// all is the caller's question.
pub fn change(act: &Act, person: &mut Person, wanted: &BTreeMap<String, String>) -> Result<()> {
    let known = field_labels(act.w)?;
    let was = store::profiles::get(act.w, person.id)?;
    let mut is = was.clone();
    let mut problems = Vec::new();
    for (field, value) in wanted {
        let result = if known.iter().any(|(key, _)| key == field) {
            checked(kind_of(field), value).or_else(|why| {
                if value.trim().is_empty() {
                    Ok(String::new())
                } else {
                    Err(why)
                }
            })
        } else {
            Err("is for no field that exists here")
        };
        match result {
            Ok(value) => set(&mut is, field, value),
            Err(why) => problems.push(FieldProblem {
                field: field.clone(),
                message: format!("The value {why}."),
            }),
        }
    }
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    let differs = |field: &&String| is.fields.get(*field) != was.fields.get(*field);
    let fields: Vec<&str> = wanted.keys().filter(differs).map(String::as_str).collect();
    if fields.is_empty() {
        return Ok(());
    }
    lock::need_unlocked(act, person.id, &fields)?;
    write(act, person, &was, &is, None).map(drop)
}

/// What was written by hand came from no identity provider, whatever stood there before.
pub fn forget_sources(act: &Act, person: &Person, fields: &[&str]) -> Result<()> {
    let mut profile = store::profiles::get(act.w, person.id)?;
    let before = profile.sources.len();
    profile
        .sources
        .retain(|field, _| !fields.contains(&field.as_str()));
    if profile.sources.len() == before {
        return Ok(());
    }
    store::profiles::put(act.w, person.id, &profile)
}

fn set(profile: &mut Profile, field: &str, value: String) {
    if profile.fields.get(field).map_or("", String::as_str) == value {
        return;
    }
    profile.sources.remove(field);
    if value.is_empty() {
        profile.fields.remove(field);
    } else {
        profile.fields.insert(field.to_owned(), value);
    }
}

/// Makes a field that the organization defines agree with this: adds it, or gives it another label.
pub fn apply_field(act: &Act, key: &str, label: &str) -> Result<()> {
    act.need(Permission::ManagePeople)?;
    act.need(Permission::ManageIntegrations)?;
    let key = checked_field_key(key).map_err(|why| Error::invalid("key", why))?;
    let label = label.trim();
    if label.is_empty() || label.chars().count() > LABEL_LIMIT || label.chars().any(is_unprintable) {
        return Err(Error::invalid(
            "label",
            "A label has 1 to 100 characters that print.",
        ));
    }
    let field = ProfileField {
        key,
        label: label.to_owned(),
    };
    let subject = Subject {
        kind: "profile_field",
        id: field.key.clone(),
        label: field.label.clone(),
    };
    let fields = store::profiles::list_fields(act.w)?;
    let after = json!({ "label": field.label });
    match fields.iter().find(|known| known.key == field.key) {
        Some(known) if *known == field => Ok(()),
        Some(known) => {
            store::profiles::update_field(act.w, &field)?;
            let before = json!({ "label": known.label });
            act.event(Action::ProfileFieldChanged, subject, before, after)
        }
        None if fields.len() >= MOST_FIELDS => Err(Error::conflict(format!(
            "There are {MOST_FIELDS} fields already, which is the most."
        ))),
        None => {
            store::profiles::insert_field(act.w, &field, act.now)?;
            act.event(Action::ProfileFieldAdded, subject, Value::Null, after)
        }
    }
}
