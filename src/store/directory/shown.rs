//! `directory_users`: whom a connection is shown and whom it no longer has, to show them again or to forget them.

use rusqlite::params;

use crate::error::Result;
use crate::model::{ConnectionId, PersonId, Timestamp};
use crate::store::rows::parsed;
use crate::store::{Reader, Writer};

/// So many are forgotten at once, so that nobody waits long for the writer.
const SWEPT: i64 = 2_000;

/// Forgets rows removed before `before`, the oldest first and some thousand at most; returns how many.
pub fn sweep(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM directory_users WHERE seq IN (
            SELECT seq FROM directory_users WHERE deleted_at IS NOT NULL AND deleted_at < ?1
                AND NOT EXISTS (SELECT 1 FROM waiting_users w WHERE w.user_seq = directory_users.seq)
            ORDER BY deleted_at, seq LIMIT ?2)",
    )?;
    Ok(statement.execute(params![before.0, SWEPT])?)
}

/// Whom [`sweep`] is about to forget, each with the connection that had removed them.
pub fn list_forgotten(r: &Reader, before: Timestamp) -> Result<Vec<(ConnectionId, PersonId)>> {
    let mut statement = r.prepare_cached(
        "SELECT connection_id, person_id FROM (
            SELECT connection_id, person_id FROM directory_users WHERE deleted_at IS NOT NULL AND deleted_at < ?1
                AND NOT EXISTS (SELECT 1 FROM waiting_users w WHERE w.user_seq = directory_users.seq)
            ORDER BY deleted_at, seq LIMIT ?2) WHERE person_id IS NOT NULL",
    )?;
    let rows = statement.query_map(params![before.0, SWEPT], |row| {
        let connection = parsed(row, "connection_id", ConnectionId::parse)?;
        Ok((connection, parsed(row, "person_id", PersonId::parse)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// People who have neither a live nor a removed row in this connection, in batches by id behind `after`.
pub fn list_people_without(
    r: &Reader,
    connection: ConnectionId,
    after: Option<PersonId>,
    limit: usize,
) -> Result<Vec<PersonId>> {
    let mut statement = r.prepare_cached(
        "SELECT p.id FROM people p WHERE p.id > ?2
            AND NOT EXISTS (SELECT 1 FROM directory_users d WHERE d.person_id = p.id AND d.connection_id = ?1)
         ORDER BY p.id LIMIT ?3",
    )?;
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![connection.to_string(), after, limit], |row| {
        parsed(row, "id", PersonId::parse)
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets what a connection only showed: its unclaimed rows, but those that wait for an admin. Returns how many.
pub fn delete_projections(w: &Writer, connection: ConnectionId) -> Result<usize> {
    let sql = "DELETE FROM directory_users WHERE connection_id = ?1 AND claimed = 0
               AND NOT EXISTS (SELECT 1 FROM waiting_users w WHERE w.user_seq = directory_users.seq)";
    Ok(w.execute(sql, [connection.to_string()])?)
}
