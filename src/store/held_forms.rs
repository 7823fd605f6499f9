//! `held_forms`: what somebody sent while their last proof was too old, sealed, until they prove who they are.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{PersonId, Timestamp};

/// The sealed request, if this person's form of this id still waits.
pub fn find(r: &Reader, id_hash: &[u8], person: PersonId, now: Timestamp) -> Result<Option<Vec<u8>>> {
    let mut statement = r.prepare_cached(
        "SELECT sealed FROM held_forms WHERE id_hash = ?1 AND person_id = ?2 AND expires_at > ?3",
    )?;
    let found = statement.query_row(params![id_hash, person.to_string(), now.0], |row| row.get(0));
    Ok(found.optional()?)
}

/// Keeps one more; of each person the newest `most` stay.
pub fn insert(
    w: &Writer,
    id_hash: &[u8],
    person: PersonId,
    sealed: &[u8],
    now: Timestamp,
    expires_at: Timestamp,
    most: i64,
) -> Result<()> {
    let person = person.to_string();
    let mut statement = w.prepare_cached(
        "INSERT INTO held_forms (id_hash, person_id, sealed, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    statement.execute(params![id_hash, person, sealed, now.0, expires_at.0])?;
    let mut statement = w.prepare_cached(
        "DELETE FROM held_forms WHERE person_id = ?1 AND id_hash NOT IN (
            SELECT id_hash FROM held_forms WHERE person_id = ?1 ORDER BY created_at DESC, id_hash LIMIT ?2)",
    )?;
    statement.execute(params![person, most])?;
    Ok(())
}

/// True when it was there: only one taker gets it.
pub fn delete(w: &Writer, id_hash: &[u8]) -> Result<bool> {
    let mut statement = w.prepare_cached("DELETE FROM held_forms WHERE id_hash = ?1")?;
    Ok(statement.execute([id_hash])? == 1)
}

pub fn delete_expired(w: &Writer, now: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached("DELETE FROM held_forms WHERE expires_at <= ?1")?;
    Ok(statement.execute([now.0])?)
}
