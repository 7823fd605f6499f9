//! `directory_members`: who is in which group. What ended stays for 30 days.

use std::collections::HashMap;

use crate::error::Result;
use crate::model::filter::Condition;
use crate::model::{ConnectionId, ResourceKind, ScimId, Timestamp};
use crate::store::{Reader, Writer};

/// Who is meant, by row number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    User(i64),
    Group(i64),
}

/// A membership with what is shown of its other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    pub member: Member,
    pub id: ScimId,
    pub kind: ResourceKind,
    pub display: Option<String>,
}

/// Live users and groups of the connection by their SCIM ids; unknown ids are simply not in the answer.
pub fn resolve(_r: &Reader, _connection: ConnectionId, _ids: &[ScimId]) -> Result<HashMap<ScimId, Member>> {
    todo!("mirror")
}

/// The live members of a group, in order; `limit` of them.
pub fn list_of_group(_r: &Reader, _group: i64, _limit: usize) -> Result<Vec<Tie>> {
    todo!("mirror")
}

/// The live members of a group that meet a condition on `value`, `display`, `type`.
pub fn list_matching(_r: &Reader, _group: i64, _condition: &Condition) -> Result<Vec<Tie>> {
    todo!("mirror")
}

/// The live groups of each of these users (row numbers), in one query.
pub fn groups_of_users(_r: &Reader, _users: &[i64]) -> Result<HashMap<i64, Vec<Tie>>> {
    todo!("mirror")
}

/// The groups that contain this group directly.
pub fn groups_of_group(_r: &Reader, _group: i64) -> Result<Vec<Tie>> {
    todo!("mirror")
}

pub fn count_of_group(_r: &Reader, _group: i64) -> Result<i64> {
    todo!("mirror")
}

/// Adds; true when it was no member before.
pub fn add(_w: &Writer, _group: i64, _member: Member, _now: Timestamp) -> Result<bool> {
    todo!("mirror")
}

/// Ends a membership; `held`: its end has not reached the person. True when there was one.
pub fn remove(_w: &Writer, _group: i64, _member: Member, _held: bool, _now: Timestamp) -> Result<bool> {
    todo!("mirror")
}

/// The end of a membership reached the person after all.
pub fn settle(_w: &Writer, _group: i64, _user: i64) -> Result<()> {
    todo!("mirror")
}

/// Memberships of a user that ended at or after `since`, in groups that still exist: what a restore puts back.
pub fn list_ended(_r: &Reader, _user: i64, _since: Timestamp) -> Result<Vec<Tie>> {
    todo!("mirror")
}

/// Forgets memberships that ended before `before`.
pub fn sweep(_w: &Writer, _before: Timestamp) -> Result<usize> {
    todo!("mirror")
}
