//! What a list is asked for, by query string or by `.search` (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use serde_json::Value;

use super::ScimProblem;
use super::render::Projection;
use crate::model::ResourceKind;
use crate::model::filter::{Condition, Order};

/// A list request, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    pub filter: Option<Condition>,
    pub order: Option<Order>,
    /// From 1; what is below is read as 1.
    pub start_index: usize,
    /// At most [`super::MAX_PAGE`]; 0 asks for the total only.
    pub count: usize,
    /// `Some("")`: the first page of a list by cursor.
    pub cursor: Option<String>,
    pub projection: Projection,
    /// Filter and sort as they were written: two lists with the same signature are pages of one list.
    pub signature: String,
}

/// Reads the pairs of a query string, already decoded. Unknown keys are ignored.
pub fn from_pairs(_pairs: &[(String, String)], _kind: ResourceKind) -> Result<Query, ScimProblem> {
    todo!("protocol")
}

/// Reads the body of `POST …/.search`.
pub fn from_search(_body: &Value, _kind: ResourceKind) -> Result<Query, ScimProblem> {
    todo!("protocol")
}
