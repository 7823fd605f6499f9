//! The row at a place of an unfiltered list, by blocks of 512 numbers.
//!
//! Triggers keep in `directory_blocks` how many live rows each block has, so that a total is a sum over blocks, and a
//! place is found by walking blocks and then, at most, 512 rows.

use rusqlite::{Row, params};

use crate::error::Result;
use crate::model::{ConnectionId, ResourceKind};
use crate::store::Reader;

/// Numbers in a block; the triggers divide by the same.
const BLOCK: i64 = 512;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Live(ResourceKind),
    /// Live users that the identity provider has written.
    Claimed,
    /// Those of them whose person is active.
    Tied,
}

impl Counted {
    /// Of which rows, in which column.
    fn place(self) -> (&'static str, &'static str) {
        match self {
            Counted::Live(kind) => (key(kind), "live"),
            Counted::Claimed => ("user", "claimed"),
            Counted::Tied => ("user", "tied"),
        }
    }
}

fn key(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::User => "user",
        ResourceKind::Group => "group",
    }
}

/// How many there are.
pub fn total(r: &Reader, connection: ConnectionId, counted: Counted) -> Result<i64> {
    let (key, column) = counted.place();
    let mut statement = r.prepare_cached(&format!(
        "SELECT coalesce(sum({column}), 0) FROM directory_blocks WHERE connection_id = ?1 AND kind = ?2"
    ))?;
    Ok(statement.query_row(params![connection.to_string(), key], |row| row.get(0))?)
}

/// How many live rows have a number above `seq`.
pub fn total_behind(r: &Reader, connection: ConnectionId, kind: ResourceKind, seq: i64) -> Result<i64> {
    let (block, key) = (seq / BLOCK, key(kind));
    let mut statement = r.prepare_cached(
        "SELECT coalesce(sum(live), 0) FROM directory_blocks WHERE connection_id = ?1 AND kind = ?2 AND block > ?3",
    )?;
    let later: i64 = statement.query_row(params![connection.to_string(), key, block], |row| row.get(0))?;
    let mut statement = r.prepare_cached(match kind {
        ResourceKind::User => {
            "SELECT count(*) FROM directory_users
             WHERE connection_id = ?1 AND deleted_at IS NULL AND seq > ?2 AND seq < ?3"
        }
        ResourceKind::Group => {
            "SELECT count(*) FROM directory_groups
             WHERE connection_id = ?1 AND deleted_at IS NULL AND seq > ?2 AND seq < ?3"
        }
    })?;
    let values = params![connection.to_string(), seq, (block + 1) * BLOCK];
    let same: i64 = statement.query_row(values, |row| row.get(0))?;
    Ok(later + same)
}

/// Where the row with so many live rows before it lies: at or behind the number that is the first of the pair, after
/// skipping as many live rows as the second says. `None` when there are not so many rows.
pub fn find(
    r: &Reader,
    connection: ConnectionId,
    kind: ResourceKind,
    offset: i64,
) -> Result<Option<(i64, i64)>> {
    let mut statement = r.prepare_cached(
        "SELECT block, live FROM directory_blocks WHERE connection_id = ?1 AND kind = ?2 ORDER BY block",
    )?;
    let block = |row: &Row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let key = key(kind);
    let mut left = offset;
    for row in statement.query_map(params![connection.to_string(), key], block)? {
        let (block, live) = row?;
        if left < live {
            return Ok(Some((block * BLOCK, left)));
        }
        left -= live;
    }
    Ok(None)
}
