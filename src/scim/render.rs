//! The way out: documents as resources, lists and what of them was asked for (RFC 7644 §3.4.2.5, §3.9).

use serde_json::{Map, Value};

use super::ScimProblem;
use crate::model::{ResourceKind, ScimId, Timestamp};

/// `attributes` and `excludedAttributes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// `Some`: only these, beside what is always returned.
    pub only: Option<Vec<String>>,
    pub except: Vec<String>,
}

impl Projection {
    /// Reads the two comma-separated lists. Asking for both is refused (RFC 7644 §3.9).
    pub fn parse(
        _only: Option<&str>,
        _except: Option<&str>,
        _kind: ResourceKind,
    ) -> Result<Self, ScimProblem> {
        todo!("protocol")
    }

    /// Will this top-level attribute be shown? Asked before memberships are read.
    pub fn wants(&self, _attribute: &str) -> bool {
        todo!("protocol")
    }
}

/// What stands beside the document.
#[derive(Clone, Debug, PartialEq)]
pub struct Meta {
    pub id: ScimId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The address of the resource, absolute.
    pub location: String,
}

/// One membership: a group of a user, or a member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub id: ScimId,
    pub kind: ResourceKind,
    pub display: Option<String>,
    /// The address of what it refers to, absolute.
    pub location: String,
}

/// The resource as the client sees it. `memberships`: the groups of a user, the members of a group; `None` when
/// they were not read.
pub fn resource(
    _kind: ResourceKind,
    _meta: &Meta,
    _document: &Map<String, Value>,
    _memberships: Option<&[Membership]>,
    _projection: &Projection,
) -> Value {
    todo!("protocol")
}

/// A ListResponse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct List {
    pub total: i64,
    /// `None` in a list by cursor.
    pub start_index: Option<usize>,
    pub resources: Vec<Value>,
    pub next_cursor: Option<String>,
    pub previous_cursor: Option<String>,
}

impl List {
    pub fn to_json(self) -> Value {
        todo!("protocol")
    }
}
