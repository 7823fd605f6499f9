//! What a file expects of an answer: places in JSON, and what must be there.

use serde_json::Value;

use crate::scim::client::Answer;

/// `ETag exists`, `Content-Type = "x"`.
pub fn header(answer: &Answer, expected: &str) -> Result<(), String> {
    let (name, what) = expected.split_once(' ').ok_or("a name and what it must be")?;
    let value = answer.header(name);
    let good = match what.strip_prefix("= ") {
        Some(wanted) => wanted.trim_matches('"') == value,
        None => what == "exists" && !value.is_empty(),
    };
    good.then_some(()).ok_or(format!("it is {value:?}"))
}

/// One line below a status, filled in.
pub fn holds(body: &Value, expected: &str) -> Result<(), String> {
    let at = end_of_path(expected);
    let (path, what) = (&expected[..at], expected[at..].trim());
    let found = find(body, path);
    let said = || format!("it is {}", found.unwrap_or(&Value::Null));
    let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
    let json = || serde_json::from_str::<Value>(rest).map_err(|e| format!("{rest}: {e}"));
    let good = match word {
        "=" => found == Some(&json()?),
        "has" => {
            let wanted = json()?;
            let items = found.and_then(Value::as_array).ok_or_else(said)?;
            items.iter().any(|item| covers(item, &wanted))
        }
        "exists" => found.is_some_and(|value| !value.is_null() && value != ""),
        "absent" => found.is_none(),
        "is" => found.is_some_and(|value| kind(value) == rest),
        "length" => found
            .and_then(Value::as_array)
            .is_some_and(|list| list.len().to_string() == rest),
        _ => return Err("this is no expectation".to_owned()),
    };
    good.then_some(()).ok_or_else(said)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Has at least what is wanted.
fn covers(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::Object(value), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, wanted)| value.get(key).is_some_and(|value| covers(value, wanted))),
        _ => value == wanted,
    }
}

/// The first blank that is neither in quotes nor in brackets.
fn end_of_path(text: &str) -> usize {
    let (mut quoted, mut depth) = (false, 0);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => depth -= 1,
            ' ' if !quoted && depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// `name.givenName`, `emails[0].value`, `emails[type="work"].value`, `"urn:x:y".manager`.
pub fn find<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    let mut found = body;
    let mut rest = path.trim();
    while !rest.is_empty() {
        rest = rest.trim_start_matches('.');
        if let Some(inside) = rest.strip_prefix('[') {
            let (inside, after) = inside.split_once(']')?;
            found = element(found, inside)?;
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('"') {
            let (key, after) = inside.split_once('"')?;
            found = found.get(key)?;
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            found = found.get(&rest[..end])?;
            rest = &rest[end..];
        }
    }
    Some(found)
}

fn element<'a>(list: &'a Value, which: &str) -> Option<&'a Value> {
    let Some((key, wanted)) = which.split_once('=') else {
        return list.get(which.parse::<usize>().ok()?);
    };
    let wanted: Value = serde_json::from_str(wanted).ok()?;
    list.as_array()?
        .iter()
        .find(|item| item.get(key) == Some(&wanted))
}

#[test]
fn expectations_can_fail() {
    let body = serde_json::json!({"a": [{"type": "work", "v": 1}, 2], "urn:x:y": {"b c": "t"}, "n": null});
    for good in [
        "a[type=\"work\"].v = 1",
        "a[1] = 2",
        "\"urn:x:y\".\"b c\" = \"t\"",
        "a has {\"type\": \"work\"}",
        "a has 2",
        "z absent",
        "a exists",
        "a length 2",
        "a[0].v is integer",
    ] {
        holds(&body, good).unwrap_or_else(|why| panic!("{good}: {why}"));
    }
    for bad in [
        "a[type=\"home\"].v = 1",
        "a[1] = 3",
        "a has {\"type\": \"home\"}",
        "a has 3",
        "n exists",
        "a absent",
        "n absent",
        "a length 1",
        "a is object",
        "z = null",
        "a",
    ] {
        assert!(holds(&body, bad).is_err(), "{bad}");
    }
}
