//! What must not be kept: passwords, secrets and tokens, wherever in a body they stand.

use serde_json::{Map, Value};

use crate::scim::{USER, dialect};

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

/// How other words go on that begin like one of these: secretary, tokenize.
const OTHERS: [(&str, &str); 4] = [
    ("secret", "ar"),
    ("secret", "ion"),
    ("token", "iz"),
    ("token", "is"),
];

/// Does a name, or a path in a PATCH, speak of a secret?
pub fn is_secret(name: &str) -> bool {
    let name = name.as_bytes();
    WORDS.iter().any(|word| {
        let mut places = name.windows(word.len()).enumerate();
        places.any(|(at, part)| {
            part.eq_ignore_ascii_case(word.as_bytes()) && !goes_on(word, name.split_at(at + word.len()))
        })
    })
}

/// Is the word the beginning of another one? A capital letter behind a small one begins anew, as in `secretArea`.
fn goes_on(word: &str, (before, behind): (&[u8], &[u8])) -> bool {
    let is_anew = before.last().is_some_and(u8::is_ascii_lowercase)
        && behind.first().is_some_and(u8::is_ascii_uppercase);
    let begins = |end: &str| {
        let head = behind.get(..end.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(end.as_bytes()))
    };
    !is_anew && OTHERS.iter().any(|(of, end)| *of == word && begins(end))
}

/// Was something taken out of this body that a repetition would write? Not a user's own `password`, which is dropped
/// whatever it says.
pub fn has_gaps(body: &Value) -> bool {
    let Value::Object(fields) = body else {
        return is_out(body);
    };
    fields.iter().any(|(name, field)| match field {
        Value::Array(operations) if name.eq_ignore_ascii_case("Operations") => {
            operations.iter().any(operation_has_gaps)
        }
        Value::Object(operation) if name.eq_ignore_ascii_case("Operations") => {
            operation_has_gaps(&Value::Object(operation.clone()))
        }
        field => !is_password(name) && is_out(field),
    })
}

fn operation_has_gaps(operation: &Value) -> bool {
    let Value::Object(fields) = operation else {
        return is_out(operation);
    };
    let path = dialect::get(fields, "path").and_then(Value::as_str);
    match path.map(str::trim).filter(|path| !path.is_empty()) {
        Some(path) => path.contains(REDACTED) || (!is_password(path) && fields.values().any(is_out)),
        None => fields.values().any(has_gaps),
    }
}

fn is_password(path: &str) -> bool {
    let name = match dialect::split_urn(path) {
        Some((None | Some(USER), name)) => name,
        _ => path,
    };
    name.eq_ignore_ascii_case("password")
}

fn is_out(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED),
        Value::Array(list) => list.iter().any(is_out),
        Value::Object(fields) => fields.values().any(is_out),
        _ => false,
    }
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
    fn words_that_only_begin_like_a_secret_are_none() {
        for name in [
            "secretary",
            "Secretary",
            "secretariat",
            "tokenize",
            "isTokenized",
            "urn:x:User:secretary",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        for name in [
            "secret",
            "clientSecret",
            "client_secret",
            "secretArea",
            "SECRETS",
            "tokenId",
            "token_id",
            "apitoken",
        ] {
            assert!(is_secret(name), "{name}");
        }
    }

    #[test]
    fn a_gap_is_what_a_repetition_would_write() {
        const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User:password";
        let op = |path: &str, value: Value| json!({ "Operations": [{ "op": "replace", "path": path, "value": value }] });
        let bare = |value: Value| json!({ "operations": { "op": "add", "value": value } });
        for (body, has) in [
            (
                json!({ "userName": "bob", "password": "x", "urn:x:User": { "secretary": "Eve" } }),
                false,
            ),
            (op("password", json!("x")), false),
            (op(CORE, json!("x")), false),
            (bare(json!({ "PassWord": "x", "active": true })), false),
            (json!({ "urn:x:User": { "tokenId": "x" } }), true),
            (json!({ "urn:x:User": { "password": "x" } }), true),
            (json!({ "passwordHash": "x" }), true),
            (op("urn:x:User:tokenId", json!("x")), true),
            (op("urn:x:User:password", json!("x")), true),
            (op("password[value eq \"x\"]", json!("x")), true),
            (bare(json!({ "urn:x:User": { "tokenId": "x" } })), true),
        ] {
            let kept = serde_json::from_str(&redacted(&body, 10_000).0).expect("a body");
            assert_eq!(has_gaps(&kept), has, "{kept}");
        }
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
