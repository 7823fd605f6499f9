//! Looking something up in a document: SCIM attribute paths, and the names of claims.
//!
//! `name.givenName` · `emails[primary]` · `emails[type eq "work"].value` · `urn:…:User:department` · `title`. A bare name
//! that the document does not have is looked for among the parts of the name and in the extensions, so that `division`
//! finds what the standard calls `urn:…:enterprise:2.0:User:division`.

use serde_json::{Map, Value};

const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:user:";
/// What an object says when it is asked for as a whole.
const SPOKEN: [&str; 5] = ["value", "displayName", "display", "formatted", "$ref"];

/// Every text that stands under `path`; numbers and booleans as text.
pub fn values(document: &Map<String, Value>, path: &str) -> Vec<String> {
    let path = path.trim();
    let mut found = Vec::new();
    if let Some(value) = find(document, path) {
        texts(value, &mut found);
        return found;
    }
    let lower = path.to_lowercase();
    if let Some(rest) = lower.strip_prefix(CORE_USER) {
        // Lower case is fine: names are compared without it.
        return values(document, rest);
    }
    for (key, inside) in document.iter().filter(|(key, _)| key.starts_with("urn:")) {
        let prefix = format!("{}:", key.to_lowercase());
        if let (Some(rest), Some(inside)) = (lower.strip_prefix(&prefix), inside.as_object()) {
            return inner(inside, rest);
        }
    }
    let direct = inner(document, path);
    if !direct.is_empty() || path.contains(['.', '[', ':']) {
        return direct;
    }
    let extensions = document.iter().filter(|(key, _)| key.starts_with("urn:"));
    let places = document.get("name").into_iter().chain(extensions.map(|(_, v)| v));
    for place in places.filter_map(Value::as_object) {
        if let Some(value) = find(place, path) {
            texts(value, &mut found);
            return found;
        }
    }
    found
}

fn find<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        let mut same = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        same.next().map(|(_, value)| value)
    })
}

/// `name`, `name.part`, `list[filter]`, `list[filter].part`.
fn inner(object: &Map<String, Value>, path: &str) -> Vec<String> {
    let (head, filter, rest) = split(path);
    let mut found = Vec::new();
    let Some(value) = find(object, head) else {
        return found;
    };
    let chosen: Vec<&Value> = match (value, filter) {
        (Value::Array(list), Some(filter)) => select(list, filter),
        (Value::Array(list), None) => list.iter().collect(),
        (other, _) => vec![other],
    };
    for value in chosen {
        match (value, rest) {
            (value, "") => texts(value, &mut found),
            (Value::Object(inside), rest) => found.extend(inner(inside, rest)),
            _ => {}
        }
    }
    found
}

/// Head, what stands in brackets, and what stands behind the next dot.
fn split(path: &str) -> (&str, Option<&str>, &str) {
    let end = path.find(['.', '[']).unwrap_or(path.len());
    let (head, tail) = path.split_at(end);
    match tail.strip_prefix('[').and_then(|tail| tail.split_once(']')) {
        Some((filter, rest)) => (head, Some(filter), rest.strip_prefix('.').unwrap_or(rest)),
        None => (head, None, tail.strip_prefix('.').unwrap_or(tail)),
    }
}

/// `primary` (else the first), or `part eq "text"`.
fn select<'a>(list: &'a [Value], filter: &str) -> Vec<&'a Value> {
    if filter.trim().eq_ignore_ascii_case("primary") {
        let primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
        return list.iter().find(primary).or(list.first()).into_iter().collect();
    }
    let mut words = filter.splitn(3, char::is_whitespace);
    let (Some(part), Some(operator), Some(wanted)) = (words.next(), words.next(), words.next()) else {
        return Vec::new();
    };
    if !operator.eq_ignore_ascii_case("eq") {
        return Vec::new();
    }
    let wanted = wanted.trim().trim_matches('"').to_lowercase();
    let same = |value: &&Value| {
        let part = value.as_object().and_then(|object| find(object, part));
        let mut said = Vec::new();
        if let Some(part) = part {
            texts(part, &mut said);
        }
        said.iter().any(|text| text.to_lowercase() == wanted)
    };
    list.iter().filter(same).collect()
}

/// The text of a value, of every element of a list, and of what an object says for itself.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::String(text) => into.push(text.clone()),
        Value::Bool(_) | Value::Number(_) => into.push(value.to_string()),
        Value::Array(list) => {
            for value in list.iter().filter(|value| !value.is_array()) {
                texts(value, into);
            }
        }
        Value::Object(object) => {
            let said = SPOKEN.iter().find_map(|name| object.get(*name)?.as_str());
            into.extend(said.map(str::to_owned));
        }
    }
}
