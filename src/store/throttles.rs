//! `throttles`: how often somebody was wrong lately, by account and by address.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::Timestamp;

/// Failures in the current window and in a row, for one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub failures: i64,
    pub in_a_row: i64,
    pub window_began_at: i64,
}

pub fn find(r: &Reader, key: &str) -> Result<Option<Count>> {
    let mut statement =
        r.prepare_cached("SELECT failures, in_a_row, window_began_at FROM throttles WHERE key = ?1")?;
    let found = statement.query_row([key], |row| {
        Ok(Count {
            failures: row.get(0)?,
            in_a_row: row.get(1)?,
            window_began_at: row.get(2)?,
        })
    });
    Ok(found.optional()?)
}

/// Counts an attempt as a failure; a window older than `window` milliseconds starts anew.
pub fn count(w: &Writer, key: &str, window: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO throttles (key, failures, in_a_row, window_began_at) VALUES (?1, 1, 1, ?2)
         ON CONFLICT (key) DO UPDATE SET
            failures = CASE WHEN window_began_at + ?3 <= ?2 THEN 1 ELSE failures + 1 END,
            window_began_at = CASE WHEN window_began_at + ?3 <= ?2 THEN ?2 ELSE window_began_at END,
            in_a_row = in_a_row + 1",
    )?;
    statement.execute(params![key, now.0, window])?;
    Ok(())
}

/// Takes one counted attempt back: it was right, or it was never judged.
pub fn forgive(w: &Writer, key: &str) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE throttles SET failures = max(failures - 1, 0), in_a_row = max(in_a_row - 1, 0) WHERE key = ?1",
    )?;
    statement.execute([key])?;
    Ok(())
}

pub fn delete(w: &Writer, key: &str) -> Result<()> {
    w.prepare_cached("DELETE FROM throttles WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

pub fn delete_before(w: &Writer, at: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM throttles WHERE window_began_at < ?1", [at.0])?)
}
