//! The guard: a run of removals past the connection's limit waits for an admin.

use crate::error::Result;
use crate::flows::Act;
use crate::model::{Connection, HoldId, Person};

/// What is to be taken from a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `active` became false.
    Deactivate,
    /// The user was deleted.
    Delete,
    /// A membership of this group (its row's number) ended.
    Leave(i64),
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit, and noted: do it now.
    Apply,
    /// Past the limit, and kept: an admin decides. The person stays as they are.
    Held,
}

/// Asks the guard, and writes the removal down either way. `user_seq` is the mirror's row, `reference` the request's.
pub fn ask(
    _act: &Act,
    _connection: &Connection,
    _person: &Person,
    _user_seq: i64,
    _what: What,
    _reference: &str,
) -> Result<Verdict> {
    todo!("guard")
}

/// The identity provider gave back what it had taken while that still waited: nothing waits any more. True when
/// there was something.
pub fn withdraw(_act: &Act, _connection: &Connection, _person: &Person, _what: What) -> Result<bool> {
    todo!("guard")
}

/// An admin applies these, in one transaction. Returns how many.
pub fn apply(_act: &Act, _connection: &Connection, _ids: &[HoldId]) -> Result<usize> {
    todo!("guard")
}

/// An admin discards these: the people stay as they are. Returns how many.
pub fn discard(_act: &Act, _connection: &Connection, _ids: &[HoldId]) -> Result<usize> {
    todo!("guard")
}
