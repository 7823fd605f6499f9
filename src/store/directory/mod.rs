//! The mirror: users and groups as each identity provider sees and writes them.
//!
//! `users` and `groups` read and write rows, `emails` and `members` what hangs on them. A list is put together in
//! `page`, one of users and groups together in `everything`: `condition` turns a filter into SQL with bound values, `source` knows where a field's values are kept,
//! `sort` orders them, `place` finds the row at a place of a list without counting through it.

pub mod condition;
mod emails;
pub mod everything;
pub mod groups;
pub mod members;
mod page;
pub mod place;
pub mod seen;
pub mod shown;
mod sort;
mod source;
mod test;
pub mod users;

pub use page::explain;

use crate::model::ConnectionId;
use crate::model::filter::{Condition, Order};

/// Where a page begins.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// So many rows in; 0 is the first.
    Offset(i64),
    /// Behind this row of the same list.
    After(Key),
}

/// The place of a row in a list: what it is sorted by, and its number.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Key {
    /// The value of the sort attribute; `None` when the list is not sorted or the row has none.
    pub sort: Option<serde_json::Value>,
    pub seq: i64,
}

/// A list, narrowed and sorted.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    pub connection: ConnectionId,
    pub filter: Option<&'a Condition>,
    pub order: Option<&'a Order>,
}
