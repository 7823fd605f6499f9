//! Reading JSON that says one thing only: an object within a size and a depth, no key twice, nothing behind it.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A JSON object, by its keys.
pub type Object = Map<String, Value>;

const MAX_DEPTH: usize = 16;
const MAX_KEYS: usize = 1_000;

/// Reads an object of at most `limit` bytes; otherwise says in a few words what is wrong.
pub(super) fn object(bytes: &[u8], limit: usize) -> Result<Object, String> {
    if bytes.len() > limit {
        return Err(format!("it has {} bytes, more than {limit}", bytes.len()));
    }
    // RFC 8259 §8.1 lets a reader ignore a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty".to_owned());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Node { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|problem| format!("it is no JSON that can be read ({problem})"))?;
    match value {
        Value::Object(object) => Ok(object),
        other => Err(format!("it is {}, not a JSON object", kind(&other))),
    }
}

/// What a value is, in words: `a number`.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The texts of a list, or the one text; `None` when it is anything else or holds anything else.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// A value, so many lists and objects deep.
struct Node {
    depth: usize,
}

impl Node {
    fn inside<E: Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Node {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number is out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.inside()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Node { depth })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.inside()?;
        let mut seen = HashSet::new();
        let mut map = Map::new();
        while let Some(key) = items.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                let key: String = key.chars().take(100).collect();
                return Err(A::Error::custom(format!("the key {key:?} is there twice")));
            }
            if seen.len() > MAX_KEYS {
                return Err(A::Error::custom(format!("more than {MAX_KEYS} keys")));
            }
            map.insert(key, items.next_value_seed(Node { depth })?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_object_says_everything_once_at_every_depth() {
        for (text, words) in [
            (r#"{"a":1,"a":1}"#, "twice"),
            (r#"{"a":{"b":1,"b":2}}"#, "twice"),
            (r#"{"a":[{"b":1,"\u0062":2}]}"#, "twice"),
            (r#"{"a":1} {"a":2}"#, "no JSON"),
            (r#"{"a":1e999}"#, "no JSON"),
            (r#"{"a":NaN}"#, "no JSON"),
            ("[]", "a list"),
            ("null", "null"),
            ("\"x\"", "a text"),
            ("", "empty"),
            (" \n", "empty"),
        ] {
            let problem = object(text.as_bytes(), 100).expect_err(text);
            assert!(problem.contains(words), "{text}: {problem}");
        }
        assert!(object(br#"{"a":1,"A":2,"b":{"a":3}}"#, 100).is_ok());
    }

    #[test]
    fn size_depth_and_number_of_keys_are_limited() {
        assert!(object(b"{\"a\": 1}", 8).is_ok());
        assert!(object(b"{\"a\":  1}", 8).is_err());
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(object(deep(MAX_DEPTH - 1).as_bytes(), 10_000).is_ok());
        assert!(object(deep(MAX_DEPTH).as_bytes(), 10_000).is_err());
        assert!(object(deep(100_000).as_bytes(), 1_000_000).is_err());
        let wide = |keys: usize| {
            let keys: Vec<String> = (0..keys).map(|key| format!("\"{key}\":0")).collect();
            format!("{{{}}}", keys.join(","))
        };
        assert!(object(wide(MAX_KEYS).as_bytes(), 1_000_000).is_ok());
        assert!(object(wide(MAX_KEYS + 1).as_bytes(), 1_000_000).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = object(&bytes, 150);
        }
    }
}
