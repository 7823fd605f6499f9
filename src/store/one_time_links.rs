//! `one_time_links`: found by the hash of their token, good for one purpose, once.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{parsed, time};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{OneTimeLink, PersonId, Purpose, Timestamp};

const COLUMNS: &str = "purpose, person_id, made_by, created_at, expires_at";

fn read(row: &Row) -> rusqlite::Result<OneTimeLink> {
    Ok(OneTimeLink {
        purpose: parsed(row, "purpose", Purpose::parse)?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        made_by: row.get("made_by")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

/// The link of this token, if it is for this purpose, unused and not too old.
pub fn find_good(
    r: &Reader,
    token_hash: &[u8],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<OneTimeLink>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM one_time_links
         WHERE token_hash = ?1 AND purpose = ?2 AND used_at IS NULL AND expires_at > ?3"
    ))?;
    Ok(statement
        .query_row(params![token_hash, purpose.key(), now.0], read)
        .optional()?)
}

pub fn insert(w: &Writer, token_hash: &[u8], link: &OneTimeLink) -> Result<()> {
    w.execute(
        "INSERT INTO one_time_links (token_hash, purpose, person_id, made_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            token_hash,
            link.purpose.key(),
            link.person_id.to_string(),
            link.made_by,
            link.created_at.0,
            link.expires_at.0
        ],
    )?;
    Ok(())
}

/// Uses the link up and returns it. `None`: it was not good, or somebody was faster.
pub fn use_up(
    w: &Writer,
    token_hash: &[u8],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Option<OneTimeLink>> {
    let mut statement = w.prepare_cached(&format!(
        "UPDATE one_time_links SET used_at = ?3
         WHERE token_hash = ?1 AND purpose = ?2 AND used_at IS NULL AND expires_at > ?3 RETURNING {COLUMNS}"
    ))?;
    Ok(statement
        .query_row(params![token_hash, purpose.key(), now.0], read)
        .optional()?)
}

/// Voids every link of a person for this purpose that was not used; returns how many there were.
pub fn delete_unused(w: &Writer, person: PersonId, purpose: Purpose) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM one_time_links WHERE person_id = ?1 AND purpose = ?2 AND used_at IS NULL",
    )?;
    Ok(statement.execute(params![person.to_string(), purpose.key()])?)
}

/// Used ones are remembered until they would have expired.
pub fn delete_expired(w: &Writer, now: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM one_time_links WHERE expires_at <= ?1", [now.0])?)
}
