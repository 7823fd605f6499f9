//! Keys of our own, sealed: this file never sees them open.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::Timestamp;

pub fn find(r: &Reader, purpose: &str) -> Result<Option<Vec<u8>>> {
    let mut statement = r.prepare_cached("SELECT sealed FROM own_keys WHERE purpose = ?1")?;
    Ok(statement.query_row([purpose], |row| row.get(0)).optional()?)
}

pub fn insert(w: &Writer, purpose: &str, sealed: &[u8], now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT INTO own_keys (purpose, sealed, created_at) VALUES (?1, ?2, ?3)",
        params![purpose, sealed, now.0],
    )?;
    Ok(())
}

/// Is there nothing yet that only the key file opens? Names every table that holds something sealed for good.
pub fn is_empty(r: &Reader) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT NOT EXISTS (SELECT 1 FROM own_keys) AND NOT EXISTS (SELECT 1 FROM connection_secrets)
            AND NOT EXISTS (SELECT 1 FROM organization_secrets) AND NOT EXISTS (SELECT 1 FROM totp)",
    )?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
