//! `claimed_groups`: the groups that sign-ins name, and whom each person's newest sign-in put into them.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::time_option;
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, PersonId, Timestamp};

/// A group as a page lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedGroup {
    pub seq: i64,
    pub value: String,
    /// `None`: no sign-in has named it yet.
    pub seen_at: Option<Timestamp>,
    pub people: i64,
}

const COLUMNS: &str = "g.seq, g.value, g.seen_at,
                       (SELECT count(*) FROM claimed_members m WHERE m.group_seq = g.seq) AS people";

fn read(row: &Row) -> rusqlite::Result<ClaimedGroup> {
    Ok(ClaimedGroup {
        seq: row.get("seq")?,
        value: row.get("value")?,
        seen_at: time_option(row, "seen_at")?,
        people: row.get("people")?,
    })
}

/// One of this connection.
pub fn get(r: &Reader, connection: ConnectionId, seq: i64) -> Result<ClaimedGroup> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM claimed_groups g WHERE g.connection_id = ?1 AND g.seq = ?2"
    ))?;
    let found = statement
        .query_row(params![connection.to_string(), seq], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("group"))
}

/// By value; at most `limit` of them.
pub fn list(r: &Reader, connection: ConnectionId, limit: i64) -> Result<Vec<ClaimedGroup>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM claimed_groups g WHERE g.connection_id = ?1 ORDER BY g.value LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Is any group of this connection known from sign-ins? Most connections never name one.
pub fn has_any(r: &Reader, connection: ConnectionId) -> Result<bool> {
    let mut statement = r.prepare_cached("SELECT 1 FROM claimed_groups WHERE connection_id = ?1")?;
    Ok(statement.exists([connection.to_string()])?)
}

/// How many are known.
pub fn count(r: &Reader, connection: ConnectionId) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM claimed_groups WHERE connection_id = ?1")?;
    Ok(statement.query_row([connection.to_string()], |row| row.get(0))?)
}

/// The row of a value, which is made where there is none; `seen`: a sign-in named it.
pub fn put(w: &Writer, connection: ConnectionId, value: &str, now: Timestamp, seen: bool) -> Result<i64> {
    let mut statement = w.prepare_cached(
        "INSERT INTO claimed_groups (connection_id, value, created_at, seen_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (connection_id, value) DO UPDATE SET seen_at = coalesce(excluded.seen_at, seen_at)
         RETURNING seq",
    )?;
    let seen_at = seen.then_some(now.0);
    Ok(
        statement.query_row(params![connection.to_string(), value, now.0, seen_at], |row| {
            row.get(0)
        })?,
    )
}

/// The value's row, if there is one.
pub fn find(r: &Reader, connection: ConnectionId, value: &str) -> Result<Option<i64>> {
    let mut statement =
        r.prepare_cached("SELECT seq FROM claimed_groups WHERE connection_id = ?1 AND value = ?2")?;
    Ok(statement
        .query_row([connection.to_string(), value.to_owned()], |row| row.get(0))
        .optional()?)
}

/// From now on the person is in exactly these groups of the connection, as far as sign-ins say.
pub fn replace(
    w: &Writer,
    connection: ConnectionId,
    person: PersonId,
    groups: &[i64],
    now: Timestamp,
) -> Result<()> {
    let mut delete = w.prepare_cached(
        "DELETE FROM claimed_members WHERE person_id = ?1
            AND group_seq IN (SELECT seq FROM claimed_groups WHERE connection_id = ?2)",
    )?;
    delete.execute([person.to_string(), connection.to_string()])?;
    let mut insert = w.prepare_cached(
        "INSERT INTO claimed_members (person_id, group_seq, seen_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?;
    for group in groups {
        insert.execute(params![person.to_string(), group, now.0])?;
    }
    Ok(())
}

/// Forgets groups that no sign-in has named since `before`, that nobody is in and that feed nothing.
pub fn sweep(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM claimed_groups WHERE coalesce(seen_at, created_at) < ?1
            AND NOT EXISTS (SELECT 1 FROM claimed_members m WHERE m.group_seq = claimed_groups.seq)
            AND NOT EXISTS (SELECT 1 FROM access_group_sources s WHERE s.claimed_seq = claimed_groups.seq)",
    )?;
    Ok(statement.execute([before.0])?)
}
