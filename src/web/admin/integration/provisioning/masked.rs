//! Requests without what they say of people: names, addresses and every other value that is nobody's business until
//! somebody opens the request.

use serde_json::Value;

use crate::scim::dialect;

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

/// The numbers that are the protocol's.
const COUNTS: [&str; 12] = [
    "totalResults",
    "itemsPerPage",
    "startIndex",
    "count",
    "status",
    "failOnErrors",
    "maxOperations",
    "maxPayloadSize",
    "maxResults",
    "defaultPageSize",
    "maxPageSize",
    "cursorTimeout",
];

/// Query parameters whose values are names, numbers or marks of ours.
const PARAMETERS: [&str; 8] = [
    "filter",
    "attributes",
    "excludedAttributes",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
];

/// Behind these a filter says what it looks for, in quotation marks or without.
const COMPARISONS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];

/// A kept body, answer or understanding, set out line by line; masked unless `open`.
pub fn document(text: &str, open: bool) -> String {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return if open { text.to_owned() } else { words(text) };
    };
    let value = if open {
        value
    } else {
        mask(Among::Core, "", &value)
    };
    serde_json::to_string_pretty(&value).unwrap_or_else(|_| MASK.to_owned())
}

/// Whose attributes a value is among.
#[derive(Clone, Copy, PartialEq)]
enum Among {
    /// The standard's own, where [`PLAIN`] means what it means there.
    Core,
    /// An extension's: its `status` is whatever its maker wants.
    Extension,
}

fn mask(among: Among, name: &str, value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            // An operation on an extension, or on a part of one.
            let is_into_extension = fields.iter().any(|(name, path)| {
                name.eq_ignore_ascii_case("path") && path.as_str().is_some_and(dialect::is_urn)
            });
            let of = |name: &str, value: &Value| {
                let is_value = is_into_extension && name.eq_ignore_ascii_case("value");
                match among == Among::Extension || is_value || (dialect::is_urn(name) && value.is_object()) {
                    true => Among::Extension,
                    false => Among::Core,
                }
            };
            let fields = fields.iter();
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), mask(of(name, value), name, value)))
                    .collect(),
            )
        }
        Value::Array(list) => Value::Array(list.iter().map(|value| mask(among, name, value)).collect()),
        Value::Null => Value::Null,
        Value::Bool(_) if among == Among::Core => value.clone(),
        Value::Number(_) if among == Among::Core && is_count(name) => value.clone(),
        Value::String(text) if text.is_empty() || crate::model::ScimId::parse(text).is_some() => {
            value.clone()
        }
        Value::String(text) if among == Among::Core && is_plain(name, text) => Value::String(words(text)),
        _ => Value::String(MASK.to_owned()),
    }
}

/// Words of the protocol stay.
fn is_plain(name: &str, text: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PLAIN.contains(&name.as_str()) || name == "detail" || matches!(text, "true" | "false" | "True" | "False")
}

/// Numbers that count what was asked or answered.
fn is_count(name: &str) -> bool {
    COUNTS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A sentence, path or query: without what stands in quotation marks or is compared with, and without addresses.
pub fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut word, mut compared) = (false, String::new(), false);
    for c in text.chars() {
        match c {
            '"' => {
                if quoted {
                    let is_ours = crate::model::ScimId::parse(&word).is_some() || word.is_empty();
                    out.push_str(if is_ours { &word } else { MASK });
                    word.clear();
                } else {
                    flush(&mut word, &mut compared, &mut out);
                }
                compared = false;
                out.push('"');
                quoted = !quoted;
            }
            c if !quoted && (c.is_whitespace() || "()[],;=&?/“”".contains(c)) => {
                flush(&mut word, &mut compared, &mut out);
                compared = compared && !")]&".contains(c);
                out.push(c);
            }
            c => word.push(c),
        }
    }
    if quoted && !word.is_empty() {
        out.push_str(MASK);
    } else {
        flush(&mut word, &mut compared, &mut out);
    }
    out
}

/// One word without quotation marks. `compared`: a comparison stands before it, and nothing that ends its value.
fn flush(word: &mut String, compared: &mut bool, out: &mut String) {
    let lower = word.to_ascii_lowercase();
    if matches!(lower.as_str(), "and" | "or") {
        *compared = false;
    }
    let is_harmless = word.is_empty() || matches!(lower.as_str(), "true" | "false" | "null");
    let is_value = *compared && !is_harmless && crate::model::ScimId::parse(word).is_none();
    let is_address = word.contains('@') || lower.contains("%40");
    out.push_str(if is_value || is_address { MASK } else { word });
    *compared = *compared || COMPARISONS.contains(&lower.as_str());
    word.clear();
}

/// The query string as it was understood, one pair after the other. Of a parameter that no standard knows nobody can
/// say what it holds.
pub fn query(text: &str, open: bool) -> String {
    let pairs = url::form_urlencoded::parse(text.as_bytes());
    let shown = pairs.map(|(name, value)| {
        let is_known = PARAMETERS.iter().any(|known| known.eq_ignore_ascii_case(&name));
        match (open, is_known || value.is_empty()) {
            (true, _) => format!("{name}={value}"),
            (false, true) => words(&format!("{name}={value}")),
            (false, false) => words(&format!("{name}={MASK}")),
        }
    });
    shown.collect::<Vec<_>>().join("&")
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
    fn an_extension_says_nothing_and_numbers_are_the_protocols() {
        let body = r#"{"totalResults":7,"count":0,"salary":98000.5,"externalId":4711,
            "urn:acme:2.0:User":{"salary":98000.5,"status":"pregnant","type":"x","version":"y","expecting":true,
            "deep":{"id":"secretly"}},"urn:acme:2.0:User:level":12,
            "Operations":[{"op":"add","path":"urn:acme:2.0:User","value":{"status":"pregnant"}},
            {"op":"add","path":"urn:acme:2.0:User:level","value":12},{"op":"add","path":"active","value":true}]}"#;
        let shown = document(body, false);
        let said = [
            "98000",
            "4711",
            "pregnant",
            "\"x\"",
            "\"y\"",
            "secretly",
            "12",
            "\"expecting\": true",
        ];
        for word in said {
            assert!(!shown.contains(word), "{word}: {shown}");
        }
        for word in [
            "\"totalResults\": 7",
            "\"count\": 0",
            "\"urn:acme:2.0:User:level\"",
            "\"value\": true",
        ] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
    }

    #[test]
    fn what_a_filter_compares_with_is_out_without_quotation_marks_too() {
        assert_eq!(
            query(
                "filter=externalId+eq+bobraw.person+x+and+(active+eq+true)&count=1&name=Bob&flag",
                false
            ),
            "filter=externalId eq ••• ••• and (active eq true)&count=1&name=•••&flag="
        );
        assert_eq!(words("emails[value eq bob].type"), "emails[value eq •••].type");
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
