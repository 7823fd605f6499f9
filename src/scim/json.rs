//! Reading a body: JSON that says one thing only.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{MAX_BODY, MAX_DEPTH, MAX_KEYS, ScimProblem, ScimType};

/// Reads a body. Refused with `invalidSyntax`: more than [`super::MAX_BODY`] bytes (413), deeper than
/// [`super::MAX_DEPTH`], an object of more than [`super::MAX_KEYS`] keys, a key twice in one object (without regard to case), NUL in text, lone surrogates, numbers
/// beyond a double, anything behind the value, no object at the top.
pub fn read(bytes: &[u8]) -> Result<Value, ScimProblem> {
    if bytes.len() > MAX_BODY {
        let detail = format!(
            "The body has {} bytes; at most {MAX_BODY} are taken. Send less at a time.",
            bytes.len()
        );
        return Err(ScimProblem::new(413, None, detail));
    }
    // RFC 8259 §8.1 lets a reader ignore a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(refuse("it is empty"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Node { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|problem| refuse(&problem.to_string()))?;
    if !value.is_object() {
        return Err(refuse("it is no object in braces"));
    }
    Ok(value)
}

fn refuse(why: &str) -> ScimProblem {
    let detail = format!("The body cannot be read as JSON: {why}. Nothing was changed.");
    ScimProblem::bad(ScimType::InvalidSyntax, detail)
}

/// A value, so many lists and objects deep.
struct Node {
    depth: usize,
}

impl Node {
    fn inside<E: Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format!("it is nested deeper than {MAX_DEPTH}")));
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

fn text<E: Error>(text: String) -> Result<String, E> {
    if text.contains('\0') {
        return Err(E::custom("it has the character NUL in a text"));
    }
    Ok(text)
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
        self.visit_string(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        text(value).map(Value::String)
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
            let key = text(key)?;
            if !seen.insert(key.to_lowercase()) {
                let key: String = key.chars().take(100).collect();
                return Err(A::Error::custom(format!("it has the key {key:?} twice")));
            }
            if seen.len() > MAX_KEYS {
                return Err(A::Error::custom(format!(
                    "it has more than {MAX_KEYS} keys in one object"
                )));
            }
            map.insert(key, items.next_value_seed(Node { depth })?);
        }
        Ok(Value::Object(map))
    }
}
