//! `totp`, and what second factors have in common: whether there is one, and when it was proved last.

use rusqlite::{OptionalExtension, params};

use super::rows::{time, time_option};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{PersonId, Timestamp};

/// An authenticator app's secret.
#[derive(Clone, Debug)]
pub struct Totp {
    /// For the key file, with the person's id as its row.
    pub sealed: Vec<u8>,
    pub created_at: Timestamp,
    /// `None` until a first code was right.
    pub confirmed_at: Option<Timestamp>,
}

/// Does the person have an authenticator app that is confirmed, or a passkey?
pub fn has_any(r: &Reader, person: PersonId) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM totp WHERE person_id = ?1 AND confirmed_at IS NOT NULL)
             OR EXISTS (SELECT 1 FROM passkeys WHERE person_id = ?1)",
    )?;
    Ok(statement.query_row([person.to_string()], |row| row.get(0))?)
}

pub fn find_totp(r: &Reader, person: PersonId) -> Result<Option<Totp>> {
    let mut statement =
        r.prepare_cached("SELECT sealed, created_at, confirmed_at FROM totp WHERE person_id = ?1")?;
    let found = statement.query_row([person.to_string()], |row| {
        Ok(Totp {
            sealed: row.get("sealed")?,
            created_at: time(row, "created_at")?,
            confirmed_at: time_option(row, "confirmed_at")?,
        })
    });
    Ok(found.optional()?)
}

/// Keeps a secret that waits for its first code. False when there is one that is confirmed: it stays.
pub fn put_totp(w: &Writer, person: PersonId, sealed: &[u8], now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "INSERT INTO totp (person_id, sealed, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (person_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at
         WHERE confirmed_at IS NULL",
        params![person.to_string(), sealed, now.0],
    )?;
    Ok(changed == 1)
}

/// The first code was right: this very secret counts from now on, and the code's own step is used.
pub fn confirm_totp(w: &Writer, person: PersonId, sealed: &[u8], step: i64, now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "UPDATE totp SET confirmed_at = ?4, last_step = ?3
         WHERE person_id = ?1 AND sealed = ?2 AND confirmed_at IS NULL",
        params![person.to_string(), sealed, step, now.0],
    )?;
    Ok(changed == 1)
}

/// Uses a time step of this very secret up, and with it every earlier one. False: it was used before.
pub fn use_totp_step(w: &Writer, person: PersonId, sealed: &[u8], step: i64) -> Result<bool> {
    let changed = w.execute(
        "UPDATE totp SET last_step = ?3
         WHERE person_id = ?1 AND sealed = ?2 AND last_step < ?3 AND confirmed_at IS NOT NULL",
        params![person.to_string(), sealed, step],
    )?;
    Ok(changed == 1)
}

/// True when one that was confirmed went.
pub fn delete_totp(w: &Writer, person: PersonId) -> Result<bool> {
    let was = find_totp(w, person)?.is_some_and(|totp| totp.confirmed_at.is_some());
    w.execute("DELETE FROM totp WHERE person_id = ?1", [person.to_string()])?;
    Ok(was)
}
