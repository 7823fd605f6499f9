//! `organization_secrets`: what must be read back for the organization, sealed: this file never sees it open.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::Timestamp;

pub fn find(r: &Reader, purpose: &str) -> Result<Option<Vec<u8>>> {
    let mut statement = r.prepare_cached("SELECT sealed FROM organization_secrets WHERE purpose = ?1")?;
    Ok(statement.query_row([purpose], |row| row.get(0)).optional()?)
}

/// Replaces what was there.
pub fn put(w: &Writer, purpose: &str, sealed: &[u8], now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT OR REPLACE INTO organization_secrets (purpose, sealed, created_at) VALUES (?1, ?2, ?3)",
        params![purpose, sealed, now.0],
    )?;
    Ok(())
}

pub fn delete(w: &Writer, purpose: &str) -> Result<()> {
    w.execute("DELETE FROM organization_secrets WHERE purpose = ?1", [purpose])?;
    Ok(())
}
