//! The documents that are kept: canonical names for known attributes, unknown ones as they were sent.

use serde_json::{Map, Value};

use super::ScimProblem;
use crate::model::ResourceKind;

/// A user's body, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserBody {
    /// Without `id`, `meta`, `groups` and `password`; `schemas` complete; real booleans; no nulls.
    pub document: Map<String, Value>,
    /// `active` was in the body.
    pub says_active: bool,
    /// `groups`, when it was in the body: values or names. Ignored unless the connection says otherwise.
    pub groups: Option<Vec<MemberRef>>,
    /// What was ignored or read in another way than it was written, for the log.
    pub notes: Vec<String>,
}

/// A group's body, understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupBody {
    /// Without `id`, `meta` and `members`.
    pub document: Map<String, Value>,
    /// `None`: the key was absent, which is not an empty list.
    pub members: Option<Vec<MemberRef>>,
    pub notes: Vec<String>,
}

/// A member as a client names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRef {
    pub value: String,
    pub display: Option<String>,
    /// `User` or `Group`, when it was said.
    pub kind: Option<String>,
}

/// What Doorward itself reads in a user's document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFacts {
    pub user_name: String,
    pub external_id: Option<String>,
    pub active: bool,
    /// The primary address, else the one of type `work`, else the first; else `userName` when it is an address.
    pub email: Option<String>,
    /// Every value under `emails`.
    pub emails: Vec<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub display_name: Option<String>,
}

/// Reads the body of POST and PUT. `invalidValue` names what is missing or of the wrong type. An `active` that is
/// not there is `true` in the document.
pub fn user(_body: &Value) -> Result<UserBody, ScimProblem> {
    todo!("protocol")
}

/// As [`user`], for a group: `displayName` is required.
pub fn group(_body: &Value) -> Result<GroupBody, ScimProblem> {
    todo!("protocol")
}

/// Reads what Doorward needs from a document that [`user`] or a patch made.
pub fn user_facts(_document: &Map<String, Value>) -> UserFacts {
    todo!("protocol")
}

/// The document that filters ask; see [`crate::model::filter`].
pub fn search_document(_kind: ResourceKind, _document: &Map<String, Value>) -> Value {
    todo!("protocol")
}
