//! Filters: text ↔ syntax tree ↔ [`Condition`] (RFC 7644 §3.4.2.2).

mod lex;
mod read;
mod resolve;
mod syntax;

pub use resolve::{element, field};
pub use syntax::{Asked, Syntax};

use super::{ScimProblem, ScimType};
use crate::model::ResourceKind;
use crate::model::filter::Condition;

/// Reads a filter and resolves its attributes against the schema of `kind`. `invalidFilter` says where it stops
/// making sense. Never recurses deeper than [`super::MAX_FILTER_DEPTH`], whatever the text.
pub fn parse(text: &str, kind: ResourceKind) -> Result<Condition, ScimProblem> {
    resolve::condition(&read(text, kind)?, kind)
}

/// Reads a filter as it is written.
pub fn read(text: &str, kind: ResourceKind) -> Result<Syntax, ScimProblem> {
    read::filter(text, kind, false)
}

/// Reads what stands in the brackets of a path.
pub fn read_inner(text: &str, kind: ResourceKind) -> Result<Syntax, ScimProblem> {
    read::filter(text, kind, true)
}

fn refuse(why: impl std::fmt::Display) -> ScimProblem {
    let detail = format!("The filter cannot be used: {why}. It looks like userName eq \"name@example.com\".");
    ScimProblem::bad(ScimType::InvalidFilter, detail)
}
