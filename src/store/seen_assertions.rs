//! `seen_assertions`: each assertion signs in once (SAML profiles §4.1.4.5).

use rusqlite::params;

use super::Writer;
use super::rows::is_duplicate;
use crate::error::Result;
use crate::model::Timestamp;

/// Remembers an assertion until it would be refused as expired anyway. False: it was used before.
pub fn insert(w: &Writer, issuer: &str, assertion_id: &str, expires_at: Timestamp) -> Result<bool> {
    let mut statement = w.prepare_cached(
        "INSERT INTO seen_assertions (issuer, assertion_id, expires_at) VALUES (?1, ?2, ?3)",
    )?;
    match statement.execute(params![issuer, assertion_id, expires_at.0]) {
        Ok(_) => Ok(true),
        Err(cause) if is_duplicate(&cause) => Ok(false),
        Err(cause) => Err(cause.into()),
    }
}

pub fn delete_expired(w: &Writer, now: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM seen_assertions WHERE expires_at <= ?1", [now.0])?)
}
