//! `directory_users` and `directory_emails`.

use serde_json::Value;

use super::{Asked, From, Key};
use crate::error::Result;
use crate::model::{ConnectionId, DirectoryUser, PersonId, ScimId, Timestamp};
use crate::store::{Reader, Writer};

/// A live row of this connection.
pub fn find(_r: &Reader, _connection: ConnectionId, _id: ScimId) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// Live, by folded user name.
pub fn find_by_name(_r: &Reader, _connection: ConnectionId, _key: &str) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// Live, the oldest with this externalId.
pub fn find_by_external_id(
    _r: &Reader,
    _connection: ConnectionId,
    _external: &str,
) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// Live, the one tied to this person.
pub fn find_of_person(
    _r: &Reader,
    _connection: ConnectionId,
    _person: PersonId,
) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// The removed row, newest first, that had this folded name, this externalId or one of these folded e-mails.
pub fn find_removed(
    _r: &Reader,
    _connection: ConnectionId,
    _name_key: &str,
    _external: Option<&str>,
    _emails: &[String],
) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// By row number, removed ones too.
pub fn find_by_seq(_r: &Reader, _seq: i64) -> Result<Option<DirectoryUser>> {
    todo!("mirror")
}

/// Live rows tied to this person, in every connection.
pub fn list_of_person(_r: &Reader, _person: PersonId) -> Result<Vec<DirectoryUser>> {
    todo!("mirror")
}

/// One page with the place of its last row.
pub fn list(_r: &Reader, _asked: &Asked, _from: &From, _limit: usize) -> Result<Vec<(Key, DirectoryUser)>> {
    todo!("mirror")
}

/// How many live rows there are, or, with `after`, how many behind that place.
pub fn count(_r: &Reader, _asked: &Asked, _after: Option<&Key>) -> Result<i64> {
    todo!("mirror")
}

/// How many live rows the identity provider has written.
pub fn count_claimed(_r: &Reader, _connection: ConnectionId) -> Result<i64> {
    todo!("mirror")
}

/// Active people tied to live claimed rows: what the guard takes a share of.
pub fn count_active_people(_r: &Reader, _connection: ConnectionId) -> Result<i64> {
    todo!("mirror")
}

/// Writes a new row; `user.seq` is ignored, the new number is returned. `search` is the search document, `emails` the
/// folded addresses. `Conflict` when the name is taken.
pub fn insert(_w: &Writer, _user: &DirectoryUser, _search: &Value, _emails: &[String]) -> Result<i64> {
    todo!("mirror")
}

/// Writes everything but seq, id and connection; `user.version` is what was read, and is counted up here. `Conflict` when somebody
/// else was faster or the name is taken.
pub fn update(_w: &Writer, _user: &DirectoryUser, _search: &Value, _emails: &[String]) -> Result<()> {
    todo!("mirror")
}

/// Removes, for 30 days; e-mails and memberships stay with the row.
pub fn remove(_w: &Writer, _seq: i64, _now: Timestamp) -> Result<()> {
    todo!("mirror")
}

/// Takes a removal back. `Conflict` when the name is taken by now.
pub fn restore(_w: &Writer, _seq: i64, _now: Timestamp) -> Result<()> {
    todo!("mirror")
}

/// Forgets rows removed before `before`, and a connection's unclaimed rows when `projections_of` names it. Returns how many.
pub fn sweep(_w: &Writer, _before: Timestamp) -> Result<usize> {
    todo!("mirror")
}

/// Forgets what a connection only showed: its unclaimed rows.
pub fn delete_projections(_w: &Writer, _connection: ConnectionId) -> Result<usize> {
    todo!("mirror")
}

/// People who have neither a live nor a removed row in this connection, in batches by id behind `after`.
pub fn list_people_without(
    _r: &Reader,
    _connection: ConnectionId,
    _after: Option<PersonId>,
    _limit: usize,
) -> Result<Vec<PersonId>> {
    todo!("mirror")
}
