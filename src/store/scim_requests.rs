//! `scim_requests`: the log of what SCIM clients asked.

use crate::error::Result;
use crate::model::{ConnectionId, CredentialId, ScimRequestId, Timestamp};
use crate::store::Reader;

/// One kept request. JSON columns are text here.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimRequest {
    pub id: ScimRequestId,
    pub reference: String,
    pub connection_id: ConnectionId,
    pub credential_id: Option<CredentialId>,
    pub credential_label: String,
    pub at: Timestamp,
    pub method: String,
    /// Behind `/v2`, such as `/Users/…`.
    pub path: String,
    pub query: String,
    /// JSON object: `content_type`, `if_match`, `if_none_match`.
    pub headers: String,
    pub address: String,
    pub user_agent: String,
    pub body: Option<String>,
    /// The body was too large to be kept whole: it cannot be replayed.
    pub body_cut: bool,
    pub understood: String,
    pub status: u16,
    pub answer: Option<String>,
    /// JSON array of `flows::provision::Effect`.
    pub effects: String,
    /// JSON array of text.
    pub notes: String,
    pub took_us: i64,
    pub replay_of: Option<ScimRequestId>,
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Every word must occur in path, query, body, answer, notes or reference.
    pub search: String,
    pub method: Option<String>,
    /// Only refusals (status 400 and above).
    pub failed: bool,
    /// Only what did something to a person, or ignored something.
    pub with_effect: bool,
    /// Rows before this one, for the next page.
    pub before: Option<(Timestamp, ScimRequestId)>,
}

/// Newest first.
pub fn list(
    _r: &Reader,
    _connection: ConnectionId,
    _narrow: &Narrow,
    _limit: usize,
) -> Result<Vec<ScimRequest>> {
    todo!("access")
}

/// `NotFound` when it is another connection's.
pub fn get(_r: &Reader, _connection: ConnectionId, _id: ScimRequestId) -> Result<ScimRequest> {
    todo!("access")
}

/// Milestones for the live checklist: the first request at all, the first with a good credential, the first good
/// write of a user, the first good write of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    pub first_request: Option<Timestamp>,
    pub credentials_good: Option<Timestamp>,
    pub first_user: Option<Timestamp>,
    pub first_group: Option<Timestamp>,
    pub last_contact: Option<Timestamp>,
}

pub fn milestones(_r: &Reader, _connection: ConnectionId) -> Result<Milestones> {
    todo!("access")
}

pub fn insert(_w: &crate::store::Writer, _row: &ScimRequest) -> Result<()> {
    todo!("access")
}
