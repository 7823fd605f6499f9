//! Members and groups as a client names them.

use serde_json::{Map, Value};

use super::MemberRef;
use crate::scim::dialect::{self, Notes};
use crate::scim::{ScimProblem, ScimType};

/// A list of members. `null` and an absent list are the caller's to tell apart. An element that names nobody is
/// refused: a member left out in silence would be missed later.
pub fn members(value: &Value) -> Result<Vec<MemberRef>, ScimProblem> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Null => &[],
        other => std::slice::from_ref(other),
    };
    let mut found = Vec::with_capacity(list.len());
    for (number, one) in list.iter().enumerate().filter(|(_, one)| !one.is_null()) {
        let member = member(one).ok_or_else(|| {
            let detail = format!(
                "members[{number}] names nobody: it must be an object whose \"value\" is the id of a user or group."
            );
            ScimProblem::bad(ScimType::InvalidValue, detail)
        })?;
        found.push(member);
    }
    Ok(found)
}

/// `groups` in the body of a user: by value, or by name where there is only a name.
pub fn groups(value: &Value, notes: &mut Notes) -> Option<Vec<MemberRef>> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::Null => return None,
        other => std::slice::from_ref(other),
    };
    let mut found = Vec::new();
    for one in list.iter().filter(|one| !one.is_null()) {
        match member(one).or_else(|| named(one)) {
            Some(group) => found.push(group),
            None => notes.add("An element of groups names no group; it was ignored."),
        }
    }
    Some(found)
}

fn member(value: &Value) -> Option<MemberRef> {
    match value {
        Value::String(id) if !id.trim().is_empty() => Some(MemberRef {
            value: id.trim().to_owned(),
            ..MemberRef::default()
        }),
        Value::Number(id) => Some(MemberRef {
            value: id.to_string(),
            ..MemberRef::default()
        }),
        Value::Object(map) => {
            let value = dialect::text_of(map, "value").or_else(|| referred(map))?;
            Some(MemberRef {
                value: value.trim().to_owned(),
                display: dialect::text_of(map, "display"),
                kind: dialect::text_of(map, "type"),
            })
            .filter(|member| !member.value.is_empty())
        }
        _ => None,
    }
}

/// The id at the end of `$ref`.
fn referred(map: &Map<String, Value>) -> Option<String> {
    let address = dialect::text_of(map, "$ref")?;
    let last = address.trim_end_matches('/').rsplit('/').next()?;
    (!last.is_empty()).then(|| last.to_owned())
}

fn named(value: &Value) -> Option<MemberRef> {
    let display = dialect::text_of(value.as_object()?, "display")?;
    Some(MemberRef {
        display: Some(display),
        ..MemberRef::default()
    })
}
