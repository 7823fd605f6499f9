//! PATCH (RFC 7644 §3.5.2): all operations or none, on a document.

use serde_json::{Map, Value};

use super::ScimProblem;
use super::document::MemberRef;
use crate::model::filter::Condition;

/// What a patch makes of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserPatch {
    pub document: Map<String, Value>,
    /// The operations as they were understood, in the standard's form, for the log.
    pub understood: Value,
    pub notes: Vec<String>,
}

/// What a patch makes of a group: its own attributes, and what happens to its members, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPatch {
    pub document: Map<String, Value>,
    pub members: Vec<MemberChange>,
    pub understood: Value,
    pub notes: Vec<String>,
}

/// One step on the members of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberChange {
    Add(Vec<MemberRef>),
    /// These ids only; one that is no member is no error.
    Remove(Vec<String>),
    /// Those that meet the condition on `value`, `display`, `type`.
    RemoveWhere(Condition),
    Replace(Vec<MemberRef>),
    /// `remove` without filter and value.
    Clear,
}

/// Applies a PatchOp body to a user. `id` is the resource's own: a body may repeat it, not change it.
pub fn user(_id: &str, _current: &Map<String, Value>, _body: &Value) -> Result<UserPatch, ScimProblem> {
    todo!("protocol")
}

/// Applies a PatchOp body to a group.
pub fn group(_id: &str, _current: &Map<String, Value>, _body: &Value) -> Result<GroupPatch, ScimProblem> {
    todo!("protocol")
}
