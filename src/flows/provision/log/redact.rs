//! What must not be kept: passwords, secrets and tokens, wherever in a body they stand.

use serde_json::Value;

/// Stands where a secret stood.
pub const REDACTED: &str = "(redacted)";

const WORDS: [&str; 6] = [
    "password",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "passkey",
];

/// Does a name, or a path in a PATCH, speak of a secret?
pub fn is_secret(name: &str) -> bool {
    // Looked at letter by letter: most names are short and none of these.
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// The value with everything out that a name calls a secret: at any depth, in any case, and the values of PATCH
/// operations whose path leads to one.
pub fn redact(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(redact).collect()),
        Value::Object(fields) => {
            let secret_path = fields.iter().any(|(name, path)| {
                name.eq_ignore_ascii_case("path") && path.as_str().is_some_and(is_secret)
            });
            let kept = fields.iter().map(|(name, field)| {
                let hidden = is_secret(name) || (secret_path && name.eq_ignore_ascii_case("value"));
                let field = match field {
                    Value::String(path) if secret_path && name.eq_ignore_ascii_case("path") => {
                        Value::String(bare_path(path))
                    }
                    Value::Null => Value::Null,
                    _ if hidden => Value::String(REDACTED.to_owned()),
                    Value::String(text) => Value::String(pair(name, text)),
                    field => redact(field),
                };
                (name.clone(), field)
            });
            Value::Object(kept.collect())
        }
        other => other.clone(),
    }
}

/// The text behind a name: out when the name speaks of a secret; a filter without what it compares a secret with.
pub fn pair(name: &str, text: &str) -> String {
    if is_secret(name) {
        REDACTED.to_owned()
    } else if name.eq_ignore_ascii_case("filter") && is_secret(text) {
        bare_path(text)
    } else {
        text.to_owned()
    }
}

/// A path without what it compares with: `password[value eq "x"]` says the password too.
fn bare_path(path: &str) -> String {
    match path.split_once(['[', '"']) {
        Some((before, _)) => format!("{before}[{REDACTED}]"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_goes_wherever_it_stands() {
        let body = json!({
            "userName": "bob", "password": "hunter2", "PassWord": ["hunter2"], "passwordHash": {"a": "hunter2"},
            "urn:x:User": {"apiToken": "hunter2", "nested": [{"Client_Secret": "hunter2", "kept": 1}]},
            "Operations": [
                {"op": "replace", "path": "password", "value": "hunter2"},
                {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": "hunter2"},
                {"op": "replace", "Path": "Password", "Value": {"x": "hunter2"}},
                {"op": "remove", "path": "password[value eq \"hunter2\"]"},
                {"op": "replace", "value": {"password": "hunter2", "active": false}},
            ],
        });
        let kept = redact(&body).to_string();
        assert!(!kept.contains("hunter2"), "{kept}");
        for word in ["bob", "\"kept\":1", "\"active\":false", "\"op\":\"remove\""] {
            assert!(kept.contains(word), "{word}: {kept}");
        }
    }

    #[test]
    fn ordinary_bodies_stay_as_they_are() {
        let body = json!({"userName": "ana@example.com", "emails": [{"value": "ana@example.com"}], "password": null});
        assert_eq!(redact(&body), body);
    }
}
