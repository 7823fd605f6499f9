//! `passkeys`: public keys of people, with name, counter and last use.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{is_duplicate, parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{PasskeyId, PersonId, Timestamp};

const COLUMNS: &str = "id, person_id, credential_id, name, credential, created_at, last_used_at";

#[derive(Clone, Debug)]
pub struct PasskeyRow {
    pub id: PasskeyId,
    pub person_id: PersonId,
    /// As the authenticator calls it; unique over everybody.
    pub credential_id: Vec<u8>,
    pub name: String,
    /// Public key, counter and flags, as JSON.
    pub credential: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

fn read(row: &Row) -> rusqlite::Result<PasskeyRow> {
    Ok(PasskeyRow {
        id: parsed(row, "id", PasskeyId::parse)?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        credential_id: row.get("credential_id")?,
        name: row.get("name")?,
        credential: row.get("credential")?,
        created_at: time(row, "created_at")?,
        last_used_at: time_option(row, "last_used_at")?,
    })
}

/// A person's passkeys, oldest first.
pub fn list_of_person(r: &Reader, person: PersonId) -> Result<Vec<PasskeyRow>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM passkeys WHERE person_id = ?1 ORDER BY created_at, id"
    ))?;
    let rows = statement.query_map([person.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn find_by_credential(r: &Reader, credential_id: &[u8]) -> Result<Option<PasskeyRow>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM passkeys WHERE credential_id = ?1"
    ))?;
    Ok(statement.query_row([credential_id], read).optional()?)
}

/// One of this person's; nobody else's is found.
pub fn get(r: &Reader, person: PersonId, id: PasskeyId) -> Result<PasskeyRow> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM passkeys WHERE id = ?1 AND person_id = ?2"
    ))?;
    let found = statement.query_row(params![id.to_string(), person.to_string()], read);
    found.optional()?.ok_or_else(|| Error::not_found("passkey"))
}

pub fn insert(w: &Writer, row: &PasskeyRow) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO passkeys (id, person_id, credential_id, name, credential, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            row.id.to_string(),
            row.person_id.to_string(),
            row.credential_id,
            row.name,
            row.credential,
            row.created_at.0
        ],
    );
    match inserted {
        Err(cause) if is_duplicate(&cause) => {
            Err(Error::conflict("This passkey is registered here already."))
        }
        other => Ok(other.map(drop)?),
    }
}

pub fn rename(w: &Writer, id: PasskeyId, name: &str) -> Result<()> {
    w.execute(
        "UPDATE passkeys SET name = ?2 WHERE id = ?1",
        params![id.to_string(), name],
    )?;
    Ok(())
}

/// Writes a use down. False when the passkey is gone, or was used by somebody faster since `was` was read.
pub fn touch(w: &Writer, id: PasskeyId, was: &str, is: &str, now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "UPDATE passkeys SET credential = ?3, last_used_at = ?4 WHERE id = ?1 AND credential = ?2",
        params![id.to_string(), was, is, now.0],
    )?;
    Ok(changed == 1)
}

pub fn delete(w: &Writer, id: PasskeyId) -> Result<()> {
    w.execute("DELETE FROM passkeys WHERE id = ?1", [id.to_string()])?;
    Ok(())
}
