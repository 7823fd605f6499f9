//! How much work the changes of one request may be, and maps whose keys are the same in any case.

use serde_json::{Map, Value};

use crate::scim::{MAX_BODY, ScimProblem};

/// What is left of the work allowed. A unit is a key compared, or sixteen bytes copied.
pub struct Work(usize);

impl Work {
    const MOST: usize = 1_000_000;
    /// Units for an element of a list that is looked into.
    pub const ELEMENT: usize = 10;

    pub fn new() -> Self {
        Self(Self::MOST)
    }

    /// Counts work, and refuses what would be too much of it.
    pub fn spend(&mut self, units: usize) -> Result<(), ScimProblem> {
        match self.0.checked_sub(units) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err(too_much()),
        }
    }

    /// Counts a value that is written into so many elements: a large one into each of a thousand would be a flood.
    pub fn copies(&mut self, value: &Value, times: usize) -> Result<(), ScimProblem> {
        if times < 2 {
            return Ok(());
        }
        let bytes = size(value).saturating_mul(times);
        match bytes > MAX_BODY {
            true => Err(too_much()),
            false => self.spend(bytes / 16),
        }
    }

    /// The key under which a name already stands, in whatever case.
    pub fn key_of(&mut self, map: &Map<String, Value>, name: &str) -> Result<String, ScimProblem> {
        if map.is_empty() || map.contains_key(name) {
            return Ok(name.to_owned());
        }
        self.spend(map.len())?;
        let known = map.keys().find(|key| same(key, name));
        Ok(known.cloned().unwrap_or_else(|| name.to_owned()))
    }

    /// Sets one part, or takes it away.
    pub fn set(
        &mut self,
        parts: &mut Map<String, Value>,
        name: &str,
        value: Option<&Value>,
    ) -> Result<(), ScimProblem> {
        let key = self.key_of(parts, name)?;
        match value {
            Some(Value::Null) | None => parts.remove(&key),
            Some(value) => parts.insert(key, value.clone()),
        };
        Ok(())
    }

    /// Puts the parts of `new` into `parts`; `null` takes a part away.
    pub fn merge(
        &mut self,
        parts: &mut Map<String, Value>,
        new: &Map<String, Value>,
    ) -> Result<(), ScimProblem> {
        new.iter()
            .try_for_each(|(key, value)| self.set(parts, key, Some(value)))
    }
}

fn too_much() -> ScimProblem {
    let detail = "The operations together are too much work for one request. Send fewer at a time.";
    ScimProblem::new(413, None, detail)
}

fn same(a: &str, b: &str) -> bool {
    match a.is_ascii() && b.is_ascii() {
        true => a.eq_ignore_ascii_case(b),
        false => a.to_lowercase() == b.to_lowercase(),
    }
}

/// About how many bytes a value takes. It is no deeper than a body may be.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 16,
        Value::Array(list) => list.iter().map(size).sum::<usize>() + 16,
        Value::Object(map) => map.iter().map(|(key, one)| key.len() + size(one)).sum::<usize>() + 16,
        Value::Null | Value::Bool(_) | Value::Number(_) => 16,
    }
}
