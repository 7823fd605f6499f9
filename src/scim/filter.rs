//! Filters: text ↔ syntax tree ↔ [`Condition`] (RFC 7644 §3.4.2.2).

use super::ScimProblem;
use crate::model::ResourceKind;
use crate::model::filter::Condition;

/// Reads a filter and resolves its attributes against the schema of `kind`. `invalidFilter` says where it stops
/// making sense. Never recurses deeper than [`super::MAX_FILTER_DEPTH`], whatever the text.
pub fn parse(_text: &str, _kind: ResourceKind) -> Result<Condition, ScimProblem> {
    todo!("protocol")
}
