//! Values as they are sent, in the form that the schema asks for. What cannot be helped is left as it is, for the
//! check behind this to refuse.

use serde_json::{Map, Value};

use super::{Notes, get, shown, split_urn};
use crate::model::ResourceKind;
use crate::scim::schema::{self, Attribute, Type};

/// A boolean, however it is written.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::Array(list) if list.len() == 1 => list.first().filter(|v| !v.is_array()).and_then(boolean),
        _ => None,
    }
}

/// The value of an attribute in the standard's form; `null` when it says that the attribute is unset, `[]` when it
/// is an empty list. `name` is for notes.
pub fn value(
    kind: ResourceKind,
    attribute: Option<&'static Attribute>,
    name: &str,
    value: &Value,
    notes: &mut Notes,
) -> Value {
    let Some(attribute) = attribute else {
        return without_nulls(value);
    };
    if attribute.name == "schemas" {
        return urns(kind, value, notes);
    }
    if !attribute.multi {
        return element(attribute, name, value, notes);
    }
    let list = match value {
        Value::Null => return Value::Null,
        Value::Array(list) => list.clone(),
        Value::String(text) if text.is_empty() => return Value::Null,
        other => {
            notes.add(format!(
                "{name} is a list; one value was sent, and read as a list of one."
            ));
            vec![other.clone()]
        }
    };
    let read = list.iter().map(|one| element(attribute, name, one, notes));
    let read: Vec<Value> = read.filter(|one| !one.is_null()).collect();
    Value::Array(
        read.into_iter()
            .filter(|one| says_something(attribute, name, one, notes))
            .collect(),
    )
}

/// An e-mail without an address is none.
fn says_something(attribute: &Attribute, name: &str, value: &Value, notes: &mut Notes) -> bool {
    let Value::Object(map) = value else { return true };
    let only_about = |key: &String| matches!(key.as_str(), "type" | "primary" | "display");
    let says = !map.values().all(Value::is_null) && !map.keys().all(only_about);
    if !says && attribute.kind == Type::Complex {
        notes.add(format!("An element of {name} without a value was ignored."));
    }
    says
}

/// One value of an attribute, of its list if it has one. The parts of a complex one may be `null`: to be removed.
pub fn element(attribute: &'static Attribute, name: &str, value: &Value, notes: &mut Notes) -> Value {
    match value {
        Value::Null => return Value::Null,
        Value::String(text) if text.is_empty() => {
            notes.add(format!("{name} was sent as an empty text, and read as unset."));
            return Value::Null;
        }
        Value::Array(list) if !attribute.multi && list.len() <= 1 => {
            let Some(only) = list.first().filter(|only| !only.is_array()) else {
                return Value::Null;
            };
            notes.add(format!("{name} has one value; it was sent as a list of one."));
            return element(attribute, name, only, notes);
        }
        _ => {}
    }
    match attribute.kind {
        Type::Complex => complex(attribute, name, value, notes),
        Type::Boolean => match boolean(value) {
            Some(read) => {
                if !value.is_boolean() {
                    notes.add(format!("{name} was sent as {value}, and read as {read}."));
                }
                Value::Bool(read)
            }
            None => value.clone(),
        },
        // A number in the place of a name would be a surprise; elsewhere it is a code or a telephone number.
        Type::String if value.is_number() && !attribute.required => {
            notes.add(format!("{name} was sent as a number, and read as text."));
            Value::String(value.to_string())
        }
        _ => value.clone(),
    }
}

fn complex(attribute: &'static Attribute, name: &str, value: &Value, notes: &mut Notes) -> Value {
    let map = match value {
        Value::Object(map) => map,
        Value::String(_) | Value::Number(_) if attribute.sub("value").is_some() => {
            if !attribute.multi {
                notes.add(format!(
                    "{name} was sent as a plain value, and read as {{\"value\": …}}."
                ));
            }
            let mut map = Map::new();
            map.insert("value".to_owned(), value.clone());
            return complex(attribute, name, &Value::Object(map), notes);
        }
        other => return other.clone(),
    };
    let mut read = Map::new();
    for (key, part) in map {
        match attribute.sub(key) {
            Some(sub) => {
                let part = element(sub, &format!("{name}.{}", sub.name), part, notes);
                read.insert(sub.name.to_owned(), part);
            }
            None => {
                read.insert(key.clone(), without_nulls(part));
            }
        }
    }
    Value::Object(read)
}

/// As it was sent, without what is null (RFC 7643 §2.5: null and absent are the same).
pub fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            Value::Object(
                kept.map(|(key, value)| (key.clone(), without_nulls(value)))
                    .collect(),
            )
        }
        Value::Array(list) => {
            let kept = list.iter().filter(|value| !value.is_null());
            Value::Array(kept.map(without_nulls).collect())
        }
        other => other.clone(),
    }
}

/// `schemas`: the standard's URNs for old ones, others as they are.
fn urns(kind: ResourceKind, value: &Value, notes: &mut Notes) -> Value {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        Value::String(_) => std::slice::from_ref(value),
        _ => &[],
    };
    let mut read: Vec<Value> = Vec::new();
    for urn in list
        .iter()
        .filter_map(Value::as_str)
        .filter(|urn| !urn.is_empty())
    {
        let meant = match split_urn(urn) {
            Some((meant, "")) => meant.unwrap_or(schema::core(kind)),
            _ => urn,
        };
        if !meant.eq_ignore_ascii_case(urn) {
            notes.add(format!("The schema {} was read as {meant}.", shown(urn)));
        }
        let known = read
            .iter()
            .filter_map(Value::as_str)
            .any(|known| known.eq_ignore_ascii_case(meant));
        if !known {
            read.push(Value::String(meant.to_owned()));
        }
    }
    Value::Array(read)
}

/// The `value` of an element, wherever it stands.
pub fn text_of(map: &Map<String, Value>, key: &str) -> Option<String> {
    match get(map, key)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
