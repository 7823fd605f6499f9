//! What was applied, one line for each change.

use serde_json::Value;

use crate::model::{Action, Event};

/// `Changed a person: Bob Ng (role: member → admin)`.
pub fn line(event: &Event) -> String {
    let words = Action::parse(&event.action)
        .map(Action::words)
        .unwrap_or(&event.action);
    let side = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let (before, after) = (side(&event.before), side(&event.after));
    let mut parts = Vec::new();
    for (field, value) in after.as_object().into_iter().flatten() {
        if value.is_null() && before.get(field).is_none_or(Value::is_null) {
            continue;
        }
        match before.get(field) {
            Some(was) => parts.push(format!("{field}: {} → {}", plain(was), plain(value))),
            None => parts.push(format!("{field}: {}", plain(value))),
        }
    }
    let details = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    };
    format!("{words}: {}{details}", event.subject_label)
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}
