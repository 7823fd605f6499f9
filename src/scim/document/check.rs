//! What a finished document must hold to: types, lengths, at most one primary value, `schemas` complete.

use serde_json::{Map, Value};

use crate::model::ResourceKind;
use crate::scim::dialect::{Notes, is_urn, says_something, shown};
use crate::scim::schema::{self, Attribute, Type};
use crate::scim::{MAX_BODY, MAX_DEPTH, MAX_KEYS, ScimProblem, ScimType};

/// Longest userName and displayName of a group, in characters.
const LONGEST_NAME: usize = 1000;
/// Longest other text, in characters.
const LONGEST_TEXT: usize = 10_000;
/// Longest address or certificate: a photo may be sent inside its address.
const LONGEST_BINARY: usize = 500_000;
/// Most values of one attribute.
const MOST_VALUES: usize = 1000;
/// Most keys of an object: what is given out, with `id` and `meta` beside it, can be sent back.
const MOST_KEYS: usize = MAX_KEYS - 10;

fn refuse(detail: String) -> ScimProblem {
    ScimProblem::bad(ScimType::InvalidValue, detail)
}

/// Checks a document, takes out what says nothing, and completes its `schemas`.
pub fn finish(
    kind: ResourceKind,
    document: &mut Map<String, Value>,
    notes: &mut Notes,
) -> Result<(), ScimProblem> {
    if let Some(Value::Array(sent)) = document.get("schemas")
        && sent.len() > MOST_VALUES
    {
        return Err(refuse(format!("schemas has more than {MOST_VALUES} values.")));
    }
    drop_empty(kind, document);
    complete_schemas(kind, document, notes);
    shape(document, 1)?;
    for (key, value) in &*document {
        match value {
            Value::Object(map) if is_urn(key) => {
                for (name, value) in map {
                    if let Some(known) = schema::attribute(kind, Some(key), name) {
                        attribute(known, &format!("{key}:{name}"), value)?;
                    }
                }
            }
            value => {
                if let Some(known) = schema::attribute(kind, None, key) {
                    attribute(known, key, value)?;
                }
            }
        }
    }
    required(kind, document)?;
    size(document)
}

/// A patch may have taken the value out of an e-mail, and left its type.
fn drop_empty(kind: ResourceKind, document: &mut Map<String, Value>) {
    document.retain(|key, value| match (schema::attribute(kind, None, key), value) {
        (Some(known), Value::Array(list)) if known.multi => {
            list.retain(|one| says_something(known, one));
            !list.is_empty()
        }
        _ => true,
    });
}

/// No deeper and no wider than a body may be, or it could be read and never written back.
fn shape(map: &Map<String, Value>, depth: usize) -> Result<(), ScimProblem> {
    if map.len() > MOST_KEYS {
        return Err(refuse(format!(
            "There would be {} attributes in one object; at most {MOST_KEYS} are kept.",
            map.len()
        )));
    }
    map.values().try_for_each(|value| inside(value, depth))
}

fn inside(value: &Value, depth: usize) -> Result<(), ScimProblem> {
    match value {
        Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => Err(refuse(format!(
            "The resource would be nested deeper than {MAX_DEPTH}."
        ))),
        Value::Object(map) => shape(map, depth + 1),
        Value::Array(list) => list.iter().try_for_each(|one| inside(one, depth + 1)),
        _ => Ok(()),
    }
}

fn required(kind: ResourceKind, document: &Map<String, Value>) -> Result<(), ScimProblem> {
    let name = match kind {
        ResourceKind::User => "userName",
        ResourceKind::Group => "displayName",
    };
    let what = kind.name().to_lowercase();
    match document.get(name).and_then(Value::as_str).map(str::trim) {
        None | Some("") => Err(refuse(format!(
            "{name} is missing: every {what} needs one that is not blank. Map it at the identity provider."
        ))),
        Some(text) if text.chars().count() > LONGEST_NAME => Err(refuse(format!(
            "{name} is longer than {LONGEST_NAME} characters."
        ))),
        Some(_) => Ok(()),
    }
}

fn size(document: &Map<String, Value>) -> Result<(), ScimProblem> {
    let bytes = serde_json::to_vec(document).map_or(usize::MAX, |bytes| bytes.len());
    if bytes <= MAX_BODY {
        return Ok(());
    }
    let detail =
        format!("The resource would have more than {MAX_BODY} bytes. Send fewer attributes or values.");
    Err(ScimProblem::new(413, None, detail))
}

fn attribute(known: &Attribute, name: &str, value: &Value) -> Result<(), ScimProblem> {
    if !known.multi {
        return one(known, name, value);
    }
    let Value::Array(list) = value else {
        return Err(refuse(format!("{name} must be a list.")));
    };
    if list.len() > MOST_VALUES {
        return Err(refuse(format!(
            "{name} has {} values; at most {MOST_VALUES} are kept.",
            list.len()
        )));
    }
    for (number, value) in list.iter().enumerate() {
        one(known, &format!("{name}[{number}]"), value)?;
    }
    let primary = |one: &&Value| one.get("primary") == Some(&Value::Bool(true));
    match list.iter().filter(primary).count() {
        0 | 1 => Ok(()),
        many => Err(refuse(format!(
            "{many} values of {name} are marked as primary; at most one can be (RFC 7643 section 2.4)."
        ))),
    }
}

fn one(known: &Attribute, name: &str, value: &Value) -> Result<(), ScimProblem> {
    let name = shown(name);
    let wanted = |what: &str| Err(refuse(format!("{name} must be {what}, not {}.", type_of(value))));
    match (known.kind, value) {
        (Type::Boolean, Value::Bool(_)) => Ok(()),
        (Type::Boolean, _) => wanted("true or false"),
        (Type::Complex, Value::Object(map)) => map.iter().try_for_each(|(key, part)| match known.sub(key) {
            Some(sub) => one(sub, &format!("{name}.{key}"), part),
            None => Ok(()),
        }),
        (Type::Complex, _) => wanted("an object"),
        (Type::DateTime, Value::String(text)) if super::moment(text).is_none() => Err(refuse(format!(
            "{name} must be a date and time such as 2026-01-31T12:00:00Z."
        ))),
        (kind, Value::String(text)) => {
            let longest = match kind {
                Type::Binary | Type::Reference => LONGEST_BINARY,
                _ => LONGEST_TEXT,
            };
            // Bytes bound characters from above, and are known without counting.
            match text.len() > longest && text.chars().count() > longest {
                true => Err(refuse(format!("{name} is longer than {longest} characters."))),
                false => Ok(()),
            }
        }
        _ => wanted("a text"),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The core schema, the extensions that are there, and what was sent beside them.
fn complete_schemas(kind: ResourceKind, document: &mut Map<String, Value>, notes: &mut Notes) {
    let own = schema::core(kind);
    let mut list = vec![own.to_owned()];
    let mut add = |urn: &str| {
        if !list.iter().any(|known| known.eq_ignore_ascii_case(urn)) {
            list.push(urn.to_owned());
        }
    };
    for (key, value) in &*document {
        if is_urn(key) && value.is_object() {
            add(key);
        }
    }
    if let Some(Value::Array(sent)) = document.get("schemas") {
        for urn in sent.iter().filter_map(Value::as_str) {
            let foreign_kind = schema::is_foreign(kind, urn);
            let message = urn.to_lowercase().starts_with("urn:ietf:params:scim:api:");
            if foreign_kind || message {
                notes.add(format!(
                    "The schema {} is not one of this resource; it was ignored.",
                    shown(urn)
                ));
            } else {
                add(urn);
            }
        }
    }
    let list = list.into_iter().map(Value::String).collect();
    document.insert("schemas".to_owned(), Value::Array(list));
}
