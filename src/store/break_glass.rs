//! `break_glass`: owners who keep a way in of their own, whatever is enforced.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{BreakGlass, PersonId, Timestamp};

const COLUMNS: &str = "b.person_id, b.made_by, b.made_at, b.proved_at";
/// Whoever is deactivated, or no owner any more, lets nobody in.
const LIVE: &str = "break_glass b JOIN people p ON p.id = b.person_id AND p.state = 'active' JOIN roles o ON o.key = p.role AND o.owns = 1";

fn read(row: &Row) -> rusqlite::Result<BreakGlass> {
    Ok(BreakGlass {
        person_id: parsed(row, "person_id", PersonId::parse)?,
        made_by: row.get("made_by")?,
        made_at: time(row, "made_at")?,
        proved_at: time_option(row, "proved_at")?,
    })
}

/// The row of somebody who is an active owner now.
pub fn find(r: &Reader, person: PersonId) -> Result<Option<BreakGlass>> {
    let sql = format!("SELECT {COLUMNS} FROM {LIVE} WHERE b.person_id = ?1");
    Ok(r.prepare_cached(&sql)?
        .query_row([person.to_string()], read)
        .optional()?)
}

/// All who could come in now, by name.
pub fn list(r: &Reader) -> Result<Vec<BreakGlass>> {
    let sql = format!("SELECT {COLUMNS} FROM {LIVE} ORDER BY p.sort_key, p.id");
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many could come in now, other than `except`.
pub fn count_others(r: &Reader, except: PersonId) -> Result<i64> {
    let sql = format!("SELECT count(*) FROM {LIVE} WHERE b.person_id <> ?1");
    Ok(r.prepare_cached(&sql)?
        .query_row([except.to_string()], |row| row.get(0))?)
}

/// Keeps an older row with its proof.
pub fn insert(w: &Writer, person: PersonId, by: &str, now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT INTO break_glass (person_id, made_by, made_at) VALUES (?1, ?2, ?3) ON CONFLICT (person_id) DO NOTHING",
        params![person.to_string(), by, now.0],
    )?;
    Ok(())
}

/// They have just proved passphrase and second factor, or a passkey. Nothing for who is no break-glass owner.
pub fn touch_proved(w: &Writer, person: PersonId, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE break_glass SET proved_at = ?2 WHERE person_id = ?1")?;
    statement.execute(params![person.to_string(), now.0])?;
    Ok(())
}

pub fn delete(w: &Writer, person: PersonId) -> Result<bool> {
    Ok(w.execute(
        "DELETE FROM break_glass WHERE person_id = ?1",
        [person.to_string()],
    )? == 1)
}
