//! `mails`: what waits to be sent, what was sent lately, and what could not be. Never what a mail says in the open.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{Mail, MailId, MailState, PersonId, Timestamp};

const COLUMNS: &str = "id, kind, person_id, address, subject, sealed, state, tries, next_try_at, good_until, problem, \
                       created_at, done_at";

fn read(row: &Row) -> rusqlite::Result<Mail> {
    Ok(Mail {
        id: parsed(row, "id", MailId::parse)?,
        kind: row.get("kind")?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        address: row.get("address")?,
        subject: row.get("subject")?,
        sealed: row.get("sealed")?,
        state: parsed(row, "state", MailState::parse)?,
        tries: row.get("tries")?,
        next_try_at: time(row, "next_try_at")?,
        good_until: time(row, "good_until")?,
        problem: row.get("problem")?,
        created_at: time(row, "created_at")?,
        done_at: time_option(row, "done_at")?,
    })
}

pub fn get(r: &Reader, id: MailId) -> Result<Mail> {
    let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = ?1");
    let found = r
        .prepare_cached(&sql)?
        .query_row([id.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("mail any more: it was sent or removed long ago"))
}

/// Newest first.
pub fn list(r: &Reader, state: MailState, limit: i64) -> Result<Vec<Mail>> {
    let sql =
        format!("SELECT {COLUMNS} FROM mails WHERE state = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2");
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params![state.key(), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn find(r: &Reader, id: MailId) -> Result<Option<Mail>> {
    let sql = format!("SELECT {COLUMNS} FROM mails WHERE id = ?1");
    Ok(r.prepare_cached(&sql)?
        .query_row([id.to_string()], read)
        .optional()?)
}

pub fn count(r: &Reader, state: MailState) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM mails WHERE state = ?1")?;
    Ok(statement.query_row([state.key()], |row| row.get(0))?)
}

/// Is there one whose time has come?
pub fn is_due(r: &Reader, now: Timestamp) -> Result<bool> {
    let mut statement =
        r.prepare_cached("SELECT 1 FROM mails WHERE state = 'waiting' AND next_try_at <= ?1 LIMIT 1")?;
    Ok(statement.exists([now.0])?)
}

/// The one whose turn it is: links that somebody waits for come before notices.
pub fn find_due(r: &Reader, now: Timestamp) -> Result<Option<Mail>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM mails WHERE state = 'waiting' AND next_try_at <= ?1
         ORDER BY good_until - created_at, next_try_at, id LIMIT 1"
    );
    Ok(r.prepare_cached(&sql)?.query_row([now.0], read).optional()?)
}

pub fn insert(w: &Writer, mail: &Mail) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO mails (id, kind, person_id, address, subject, sealed, state, tries, next_try_at, good_until,
                            problem, created_at, done_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        mail.id.to_string(),
        mail.kind,
        mail.person_id.map(|id| id.to_string()),
        mail.address,
        mail.subject,
        mail.sealed,
        mail.state.key(),
        mail.tries,
        mail.next_try_at.0,
        mail.good_until.0,
        mail.problem,
        mail.created_at.0,
        mail.done_at.map(|at| at.0)
    ])?;
    Ok(())
}

/// Writes where a mail stands now, and whether what it says is still kept.
pub fn update(w: &Writer, mail: &Mail) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE mails SET sealed = ?2, state = ?3, tries = ?4, next_try_at = ?5, problem = ?6, done_at = ?7,
                          good_until = ?8
         WHERE id = ?1",
    )?;
    let changed = statement.execute(params![
        mail.id.to_string(),
        mail.sealed,
        mail.state.key(),
        mail.tries,
        mail.next_try_at.0,
        mail.problem,
        mail.done_at.map(|at| at.0),
        mail.good_until.0
    ])?;
    exactly_one(changed, "mail")
}

/// Everything that waits is tried at once, because what kept it may be mended.
pub fn hurry(w: &Writer, now: Timestamp) -> Result<usize> {
    Ok(w.execute(
        "UPDATE mails SET next_try_at = ?1 WHERE state = 'waiting' AND next_try_at > ?1",
        [now.0],
    )?)
}

/// Nothing that waits is tried before `at`, because the server itself does not answer.
pub fn postpone(w: &Writer, at: Timestamp) -> Result<usize> {
    Ok(w.execute(
        "UPDATE mails SET next_try_at = ?1 WHERE state = 'waiting' AND next_try_at < ?1",
        [at.0],
    )?)
}

/// Takes a mail back that was not handed over yet.
pub fn delete_waiting(w: &Writer, id: MailId) -> Result<bool> {
    let mut statement = w.prepare_cached("DELETE FROM mails WHERE id = ?1 AND state = 'waiting'")?;
    Ok(statement.execute([id.to_string()])? == 1)
}

pub fn delete(w: &Writer, id: MailId) -> Result<bool> {
    Ok(w.execute("DELETE FROM mails WHERE id = ?1", [id.to_string()])? == 1)
}

/// Forgets what was sent or given up before `at`.
pub fn delete_done_before(w: &Writer, at: Timestamp) -> Result<usize> {
    Ok(w.execute(
        "DELETE FROM mails WHERE state != 'waiting' AND done_at < ?1",
        [at.0],
    )?)
}
