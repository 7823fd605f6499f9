//! Passphrase hashes (argon2id, PHC form) and recovery codes (SHA-256 of 100 random bits).

use rusqlite::{OptionalExtension, params};

use super::rows::time;
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{PersonId, Timestamp};

/// The PHC string, if the person has a passphrase.
pub fn find(r: &Reader, person: PersonId) -> Result<Option<String>> {
    let mut statement = r.prepare_cached("SELECT phc FROM passphrases WHERE person_id = ?1")?;
    Ok(statement
        .query_row([person.to_string()], |row| row.get(0))
        .optional()?)
}

pub fn put(w: &Writer, person: PersonId, phc: &str, now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT INTO passphrases (person_id, phc, changed_at, made_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (person_id) DO UPDATE SET phc = excluded.phc, changed_at = excluded.changed_at",
        params![person.to_string(), phc, now.0],
    )?;
    Ok(())
}

/// When it was set last.
pub fn changed_at(r: &Reader, person: PersonId) -> Result<Option<Timestamp>> {
    let mut statement = r.prepare_cached("SELECT changed_at FROM passphrases WHERE person_id = ?1")?;
    let found = statement.query_row([person.to_string()], |row| time(row, "changed_at"));
    Ok(found.optional()?)
}

/// Since when the person has both this role and a passphrase, which changing it does not move; `None` without one.
pub fn since(r: &Reader, person: PersonId) -> Result<Option<Timestamp>> {
    let mut statement = r.prepare_cached(
        "SELECT max(passphrases.made_at, people.role_since) AS since
         FROM passphrases JOIN people ON people.id = passphrases.person_id WHERE people.id = ?1",
    )?;
    let found = statement.query_row([person.to_string()], |row| time(row, "since"));
    Ok(found.optional()?)
}

/// Replaces all recovery codes of the person.
pub fn put_recovery_codes(w: &Writer, person: PersonId, hashes: &[Vec<u8>], now: Timestamp) -> Result<()> {
    w.execute(
        "DELETE FROM recovery_codes WHERE person_id = ?1",
        [person.to_string()],
    )?;
    for hash in hashes {
        w.execute(
            "INSERT INTO recovery_codes (person_id, code_hash, created_at) VALUES (?1, ?2, ?3)",
            params![person.to_string(), hash, now.0],
        )?;
    }
    Ok(())
}

/// How many recovery codes are still unused.
pub fn count_recovery_codes(r: &Reader, person: PersonId) -> Result<i64> {
    let mut statement =
        r.prepare_cached("SELECT count(*) FROM recovery_codes WHERE person_id = ?1 AND used_at IS NULL")?;
    Ok(statement.query_row([person.to_string()], |row| row.get(0))?)
}

/// Is it one of theirs, and unused?
pub fn has_recovery_code(r: &Reader, person: PersonId, hash: &[u8]) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM recovery_codes
                        WHERE person_id = ?1 AND code_hash = ?2 AND used_at IS NULL)",
    )?;
    Ok(statement.query_row(params![person.to_string(), hash], |row| row.get(0))?)
}

/// Uses a recovery code up. False: it is not one of theirs, or was used before.
pub fn use_recovery_code(w: &Writer, person: PersonId, hash: &[u8], now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "UPDATE recovery_codes SET used_at = ?3 WHERE person_id = ?1 AND code_hash = ?2 AND used_at IS NULL",
        params![person.to_string(), hash, now.0],
    )?;
    Ok(changed == 1)
}
