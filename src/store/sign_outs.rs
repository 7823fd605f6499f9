//! `sign_outs`: requests to sign out that went to an identity provider and wait for its answer.

use rusqlite::{OptionalExtension, params};

use super::Writer;
use crate::error::Result;
use crate::model::{ConnectionId, Timestamp};

/// Remembers a request with the browser that carried it.
pub fn insert(
    w: &Writer,
    request_id: &str,
    connection: ConnectionId,
    browser_hash: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO sign_outs (request_id, connection_id, browser_hash, started_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let connection = connection.to_string();
    statement.execute(params![request_id, connection, browser_hash, now.0, expires_at.0])?;
    Ok(())
}

/// Takes the request out, so that it is answered once. False: it does not wait, or not in this browser, or not for
/// this connection.
pub fn take(
    w: &Writer,
    request_id: &str,
    connection: ConnectionId,
    browser_hash: &[u8],
    now: Timestamp,
) -> Result<bool> {
    let mut statement = w.prepare_cached(
        "DELETE FROM sign_outs WHERE request_id = ?1 AND connection_id = ?2 AND browser_hash = ?3 AND expires_at > ?4
         RETURNING request_id",
    )?;
    let values = params![request_id, connection.to_string(), browser_hash, now.0];
    let taken: Option<String> = statement.query_row(values, |row| row.get(0)).optional()?;
    Ok(taken.is_some())
}

pub fn delete_expired(w: &Writer, now: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM sign_outs WHERE expires_at <= ?1", [now.0])?)
}
