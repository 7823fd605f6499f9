//! Requests without what they say of people: names, addresses and every other value that is nobody's business until
//! somebody opens the request.

use serde_json::Value;

/// Stands where a value stood.
const MASK: &str = "•••";

/// What these names hold is the protocol's, not a person's.
const PLAIN: [&str; 16] = [
    "schemas",
    "op",
    "path",
    "id",
    "type",
    "primary",
    "resourcetype",
    "version",
    "created",
    "lastmodified",
    "scimtype",
    "status",
    "method",
    "bulkid",
    "$ref",
    "location",
];

/// A kept body, answer or understanding, set out line by line; masked unless `open`.
pub fn document(text: &str, open: bool) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return if open { text.to_owned() } else { words(text) };
    };
    let value = if open { value } else { mask("", &value) };
    serde_json::to_string_pretty(&value).unwrap_or_else(|_| MASK.to_owned())
}

fn mask(name: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), mask(name, value)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.iter().map(|value| mask(name, value)).collect()),
        Value::String(text) if is_plain(name, text) => Value::String(words(text)),
        Value::String(text) if text.is_empty() => value.clone(),
        Value::String(_) => Value::String(MASK.to_owned()),
        other => other.clone(),
    }
}

/// Ids of ours and words of the protocol stay.
fn is_plain(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PLAIN.contains(&name.as_str())
        || name == "detail"
        || crate::model::ScimId::parse(text).is_some()
        || matches!(text, "true" | "false" | "True" | "False")
}

/// A sentence, path or query: without what stands in quotation marks, and without addresses.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut word) = (false, String::new());
    let flush = |word: &mut String, out: &mut String| {
        if word.contains('@') || word.to_ascii_lowercase().contains("%40") {
            out.push_str(MASK);
        } else {
            out.push_str(word);
        }
        word.clear();
    };
    for c in text.chars() {
        match c {
            '"' => {
                if quoted {
                    let is_ours = crate::model::ScimId::parse(&word).is_some() || word.is_empty();
                    out.push_str(if is_ours { &word } else { MASK });
                    word.clear();
                } else {
                    flush(&mut word, &mut out);
                }
                out.push('"');
                quoted = !quoted;
            }
            c if !quoted && (c.is_whitespace() || "()[],;=&?/“”".contains(c)) => {
                flush(&mut word, &mut out);
                out.push(c);
            }
            c => word.push(c),
        }
    }
    if quoted && !word.is_empty() {
        out.push_str(MASK);
    } else {
        flush(&mut word, &mut out);
    }
    out
}

/// The query string as it was understood, one pair after the other.
pub fn query(text: &str, open: bool) -> String {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    let shown = pairs.map(|(name, value)| format!("{name}={value}"));
    let all = shown.collect::<Vec<_>>().join("&");
    if open { all } else { words(&all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_people_is_out() {
        let body = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"bob@example.com",
            "name":{"givenName":"Bob"},"active":true,"emails":[{"type":"work","value":"bob@example.com","primary":true}],
            "detail":"\"bob\" is taken by bob@example.com"}"#;
        let shown = document(body, false);
        assert!(!shown.to_lowercase().contains("bob"), "{shown}");
        assert!(shown.contains("core:2.0:User") && shown.contains("\"work\"") && shown.contains("true"));
        assert!(document(body, true).contains("bob@example.com"));
    }

    #[test]
    fn a_filter_keeps_its_shape() {
        assert_eq!(
            query("filter=userName+eq+%22bob%40example.com%22&count=1", false),
            "filter=userName eq \"•••\"&count=1"
        );
        assert_eq!(
            words("emails[type eq \"work\"].value"),
            "emails[type eq \"•••\"].value"
        );
        assert_eq!(words("no end \"bob"), "no end \"•••");
    }
}
