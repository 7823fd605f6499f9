//! What events tell of a person, and of anything that was one way and is another now.

use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::model::{Email, Person, Subject};
use crate::store::{self, Reader};

/// The subject of an event about a person.
pub fn subject(person: &Person) -> Subject {
    Subject {
        kind: "person",
        id: person.id.to_string(),
        label: person.display_name(),
    }
}

/// The subject of an event about somebody who is not there.
pub fn newcomer(email: &Email) -> Subject {
    Subject {
        kind: "newcomer",
        id: email.key(),
        label: email.to_string(),
    }
}

/// What an event says of a person; names instead of ids, because that is what stays readable.
pub(super) fn facts(r: &Reader, person: &Person) -> Result<Value> {
    let mut facts = json!({
        "email": person.email, "given_name": person.given_name, "family_name": person.family_name,
        "role": person.role, "state": person.state,
    });
    if person.own_role != person.role.key {
        facts["own_role"] = json!(person.own_role);
    }
    if let Some(id) = person.team_id {
        facts["team"] = json!(store::teams::find(r, id)?.map(|team| team.name));
    }
    if let Some(id) = person.access_group_id {
        facts["access_group"] = json!(store::access_groups::find(r, id)?.map(|group| group.name));
    }
    Ok(facts)
}

/// Only the fields that differ, as they were and as they are.
pub fn difference(before: &Value, after: &Value) -> (Value, Value) {
    let (Some(was), Some(is)) = (before.as_object(), after.as_object()) else {
        return (before.clone(), after.clone());
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for (field, value) in is {
        if was.get(field) != Some(value) {
            old.insert(field.clone(), was.get(field).cloned().unwrap_or(Value::Null));
            new.insert(field.clone(), value.clone());
        }
    }
    for (field, value) in was.iter().filter(|(field, _)| !is.contains_key(*field)) {
        old.insert(field.clone(), value.clone());
        new.insert(field.clone(), Value::Null);
    }
    (Value::Object(old), Value::Object(new))
}
