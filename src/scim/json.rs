//! Reading a body: JSON that says one thing only.

use serde_json::Value;

use super::ScimProblem;

/// Reads a body. Refused with `invalidSyntax`: more than [`super::MAX_BODY`] bytes (413), deeper than
/// [`super::MAX_DEPTH`], a key twice in one object (without regard to case), NUL in text, lone surrogates, numbers
/// beyond a double, anything behind the value, no object at the top.
pub fn read(_bytes: &[u8]) -> Result<Value, ScimProblem> {
    todo!("protocol")
}
