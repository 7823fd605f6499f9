//! What must not be kept: passwords, secrets and tokens, wherever in a body they stand.

use serde_json::{Map, Value};

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
    let name = name.as_bytes();
    let holds = |word: &str| {
        name.windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    WORDS.iter().any(|word| holds(word))
}

/// The value as JSON text of about `most` bytes, with everything out that a name calls a secret: at any depth, in any
/// case, and the values of PATCH operations whose path leads to one. True when it was cut off; what lies behind is not
/// even looked at, so that a long list costs no more than a short one.
pub fn redacted(value: &Value, most: usize) -> (String, bool) {
    let mut writer = Writer {
        text: String::new(),
        most,
    };
    let is_cut = writer.value(value).is_err();
    (writer.text, is_cut)
}

/// As [`redacted`].
pub fn redacted_object(fields: &Map<String, Value>, most: usize) -> (String, bool) {
    let mut writer = Writer {
        text: String::new(),
        most,
    };
    let is_cut = writer.object(fields).and_then(|()| writer.room()).is_err();
    (writer.text, is_cut)
}

struct Writer {
    text: String,
    most: usize,
}

/// There is no room for more.
struct Full;

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Full> {
        match value {
            Value::Array(items) => {
                self.text.push('[');
                for (at, item) in items.iter().enumerate() {
                    self.comma(at);
                    self.value(item)?;
                }
                self.text.push(']');
            }
            Value::Object(fields) => self.object(fields)?,
            Value::String(text) => self.string(text)?,
            other => self.text.push_str(&other.to_string()),
        }
        self.room()
    }

    fn room(&self) -> Result<(), Full> {
        if self.text.len() > self.most {
            Err(Full)
        } else {
            Ok(())
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) -> Result<(), Full> {
        let is_path = |name: &str| name.eq_ignore_ascii_case("path");
        let leads_to_secret = fields
            .iter()
            .any(|(name, path)| is_path(name) && path.as_str().is_some_and(is_secret));
        self.text.push('{');
        for (at, (name, field)) in fields.iter().enumerate() {
            self.comma(at);
            self.string(name)?;
            self.text.push(':');
            let hidden = is_secret(name) || (leads_to_secret && name.eq_ignore_ascii_case("value"));
            match field {
                Value::Null => self.text.push_str("null"),
                _ if hidden => self.string(REDACTED)?,
                Value::String(path) if leads_to_secret && is_path(name) => self.string(&bare_path(path))?,
                Value::String(text) => self.string(&pair(name, text))?,
                field => self.value(field)?,
            }
        }
        self.text.push('}');
        Ok(())
    }

    fn comma(&mut self, at: usize) {
        if at > 0 {
            self.text.push(',');
        }
    }

    /// A text that does not fit as a whole is left out as a whole.
    fn string(&mut self, text: &str) -> Result<(), Full> {
        let Ok(quoted) = serde_json::to_string(text) else {
            return Err(Full);
        };
        if self.text.len() + quoted.len() > self.most {
            return Err(Full);
        }
        self.text.push_str(&quoted);
        Ok(())
    }
}

/// The text behind a name: out when the name speaks of a secret; a filter without what it compares a secret with.
pub fn pair(name: &str, text: &str) -> String {
    if is_secret(name) {
        REDACTED.to_owned()
    } else if name.eq_ignore_ascii_case("filter") || name.eq_ignore_ascii_case("detail") {
        said(text)
    } else {
        text.to_owned()
    }
}

/// A filter, or a sentence that may repeat what was sent: without what stands in it behind a quotation mark when it
/// speaks of a secret.
pub fn said(text: &str) -> String {
    if is_secret(text) {
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
            "filter": "password eq \"hunter2\"",
            "Operations": [
                {"op": "replace", "path": "password", "value": "hunter2"},
                {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": "hunter2"},
                {"op": "replace", "Path": "Password", "Value": {"x": "hunter2"}},
                {"op": "remove", "path": "password[value eq \"hunter2\"]"},
                {"op": "replace", "value": {"password": "hunter2", "active": false}},
            ],
        });
        let (kept, is_cut) = redacted(&body, 10_000);
        assert!(!kept.contains("hunter2") && !is_cut, "{kept}");
        for word in ["bob", "\"kept\":1", "\"active\":false", "\"op\":\"remove\""] {
            assert!(kept.contains(word), "{word}: {kept}");
        }
        assert!(serde_json::from_str::<Value>(&kept).is_ok(), "{kept}");
    }

    #[test]
    fn ordinary_bodies_stay_as_they_are_and_long_ones_are_cut() {
        let body = json!({"a": [1.5, true, null, "x\"y\\z\u{7}é"], "b": {}, "password": null});
        let (kept, is_cut) = redacted(&body, 10_000);
        assert_eq!((serde_json::from_str(&kept).ok(), is_cut), (Some(body), false));
        let long = json!(vec!["twelve bytes"; 1_000]);
        let (kept, is_cut) = redacted(&long, 100);
        assert!(
            is_cut && kept.len() <= 110 && kept.starts_with("[\"twelve bytes\",\"twelve"),
            "{kept}"
        );
    }
}
