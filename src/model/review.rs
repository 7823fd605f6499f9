//! Hold and review: what waits until an admin applies it, and what was applied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ConnectionId, DirectoryUser, PersonId, ReviewId, Timestamp};

/// What one line of a plan does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    /// Somebody new.
    Create,
    /// Somebody who is here becomes this user: the identity provider wrote to their user, had them before, or an admin
    /// chose them.
    Link,
    /// Somebody here has the same e-mail address, and nothing else speaks for it.
    Email,
    Change,
    Deactivate,
    Reactivate,
    /// Without an address nobody can be made of it.
    Nobody,
}

impl LineKind {
    pub const ALL: [LineKind; 7] = [
        LineKind::Create,
        LineKind::Link,
        LineKind::Email,
        LineKind::Change,
        LineKind::Deactivate,
        LineKind::Reactivate,
        LineKind::Nobody,
    ];

    pub fn key(self) -> &'static str {
        match self {
            LineKind::Create => "create",
            LineKind::Link => "link",
            LineKind::Email => "email",
            LineKind::Change => "change",
            LineKind::Deactivate => "deactivate",
            LineKind::Reactivate => "reactivate",
            LineKind::Nobody => "nobody",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            LineKind::Create => "Add",
            LineKind::Link => "Link",
            LineKind::Email => "Same e-mail",
            LineKind::Change => "Change",
            LineKind::Deactivate => "Deactivate",
            LineKind::Reactivate => "Reactivate",
            LineKind::Nobody => "No address",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }
}

/// A user of the mirror as it last reached people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub claimed: bool,
    pub active: bool,
    pub user_name: String,
    pub external_id: Option<String>,
    pub document: Map<String, Value>,
}

impl Before {
    pub fn of(row: &DirectoryUser) -> Self {
        Self {
            claimed: row.claimed,
            active: row.active,
            user_name: row.user_name.clone(),
            external_id: row.external_id.clone(),
            document: row.document.clone(),
        }
    }

    /// Does the row say now what it said then?
    pub fn is_same(&self, row: &DirectoryUser) -> bool {
        self.claimed == row.claimed
            && self.active == row.active
            && self.document == row.document
            && row.deleted_at.is_none()
    }

    /// The row as it was.
    pub fn put_into(&self, row: &DirectoryUser) -> DirectoryUser {
        DirectoryUser {
            claimed: self.claimed,
            active: self.active,
            user_name: self.user_name.clone(),
            external_id: self.external_id.clone(),
            document: self.document.clone(),
            deleted_at: None,
            ..row.clone()
        }
    }
}

/// A user of the mirror that says something else than what last reached people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    /// The mirror's row.
    pub user_seq: i64,
    pub connection_id: ConnectionId,
    /// `None`: it was not there.
    pub was: Option<Before>,
    /// The user itself was written, not its memberships alone.
    pub is_written: bool,
    /// The folded address of the person who would be made of it.
    pub email_key: Option<String>,
    /// Whom this connection had removed before the user came again.
    pub again: Option<PersonId>,
    /// Whom an admin chose for it.
    pub chosen: Option<PersonId>,
    /// An admin chose that it is somebody new.
    pub is_new: bool,
    pub superseded_by: Option<i64>,
    pub left_out: bool,
    /// Why it could not be applied when an admin tried.
    pub refusal: Option<String>,
    /// Of the newest request that wrote it.
    pub reference: String,
    pub at: Timestamp,
}

/// What an admin applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    pub id: ReviewId,
    pub connection_id: ConnectionId,
    pub at: Timestamp,
    pub by: String,
    pub applied: i64,
    /// Lines that could not be applied and still wait.
    pub refused: i64,
    pub counts: BTreeMap<LineKind, i64>,
    pub undone_at: Option<Timestamp>,
    pub undone_by: Option<String>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewLine {
    pub review_id: ReviewId,
    pub place: i64,
    pub user_seq: i64,
    pub person_id: Option<PersonId>,
    pub user_name: String,
    pub kind: LineKind,
    /// What it did, JSON.
    pub effects: String,
    /// JSON.
    pub notes: String,
    /// Of the request that asked for it.
    pub reference: String,
    /// What takes it back, JSON; `None` once it cannot be taken back any more.
    pub kept: Option<String>,
    /// What taking it back left alone, and why.
    pub left_alone: Vec<String>,
}
