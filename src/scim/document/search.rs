//! The form of a document that filters ask: names in lower case, text folded, moments as milliseconds.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

use crate::model::ResourceKind;
use crate::model::filter::fold;
use crate::scim::dialect::is_urn;
use crate::scim::schema::{self, Attribute, Type};

/// The document that filters ask; see [`crate::model::filter`]. What is empty is left out, at every depth.
pub fn search_document(kind: ResourceKind, document: &Map<String, Value>) -> Value {
    let mut search = Map::new();
    for (key, value) in document {
        let form = match value {
            Value::Object(map) if is_urn(key) => attributes(kind, Some(key), map),
            value => attribute(schema::attribute(kind, None, key), value),
        };
        put(&mut search, key, form);
    }
    Value::Object(search)
}

fn attributes(kind: ResourceKind, urn: Option<&str>, map: &Map<String, Value>) -> Option<Value> {
    let mut form = Map::new();
    for (key, value) in map {
        put(
            &mut form,
            key,
            attribute(schema::attribute(kind, urn, key), value),
        );
    }
    (!form.is_empty()).then_some(Value::Object(form))
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_lowercase(), value);
    }
}

/// An attribute: a list where it may have several values or nobody knows.
fn attribute(known: Option<&'static Attribute>, value: &Value) -> Option<Value> {
    if known.is_some_and(|known| !known.multi) {
        return element(known, value);
    }
    let list = match value {
        Value::Array(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    };
    let list: Vec<Value> = list.iter().filter_map(|one| element(known, one)).collect();
    (!list.is_empty()).then_some(Value::Array(list))
}

/// One value of an attribute in the form that filters ask; `None` when it is empty.
pub fn element(known: Option<&'static Attribute>, value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(match known {
            Some(known) if known.kind == Type::DateTime => {
                moment(text).map_or_else(|| fold(text).into(), Value::from)
            }
            Some(known) if known.case_exact => value.clone(),
            _ => fold(text).into(),
        }),
        Value::Array(list) => {
            let list: Vec<Value> = list.iter().filter_map(|one| element(None, one)).collect();
            (!list.is_empty()).then_some(Value::Array(list))
        }
        Value::Object(map) => {
            let mut form = Map::new();
            for (key, value) in map {
                let sub = known.and_then(|known| known.sub(key));
                put(&mut form, key, element(sub, value));
            }
            (!form.is_empty()).then_some(Value::Object(form))
        }
    }
}

/// Milliseconds since the epoch. A moment without an offset is in UTC; a day is its first moment.
pub fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.timestamp_millis());
    }
    // An offset without its colon, as ISO 8601 has it too.
    if let Ok(at) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Some(at.timestamp_millis());
    }
    if let Ok(at) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
        return Some(at.and_utc().timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}
