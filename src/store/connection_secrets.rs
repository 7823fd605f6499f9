//! `connection_secrets`: what must be read back for a connection, sealed. This file never sees it open.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{ConnectionId, Timestamp};

/// `purpose`: `client_secret` or `client_key`.
pub fn find(r: &Reader, id: ConnectionId, purpose: &str) -> Result<Option<Vec<u8>>> {
    let mut statement =
        r.prepare_cached("SELECT sealed FROM connection_secrets WHERE connection_id = ?1 AND purpose = ?2")?;
    let found = statement.query_row(params![id.to_string(), purpose], |row| row.get(0));
    Ok(found.optional()?)
}

/// Replaces the one that was there.
pub fn put(w: &Writer, id: ConnectionId, purpose: &str, sealed: &[u8], now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT INTO connection_secrets (connection_id, purpose, sealed, created_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (connection_id, purpose) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at",
        params![id.to_string(), purpose, sealed, now.0],
    )?;
    Ok(())
}

/// True: there was one.
pub fn delete(w: &Writer, id: ConnectionId, purpose: &str) -> Result<bool> {
    let gone = w.execute(
        "DELETE FROM connection_secrets WHERE connection_id = ?1 AND purpose = ?2",
        params![id.to_string(), purpose],
    )?;
    Ok(gone == 1)
}
