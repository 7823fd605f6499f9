//! `removals`: what connections took from people lately, what of it waits for an admin, what can be put back.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, HoldId, PersonId, Removal, RemovalState, Taken, Timestamp};

const COLUMNS: &str = "r.id, r.connection_id, r.person_id, r.user_seq, r.group_seq, r.what, r.state, r.reference, \
                       r.at, coalesce(r.asked_at, r.at) AS asked_at, r.decided_at, r.decided_by";

/// Whom a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// What waits, oldest first.
    Held,
    /// Accounts that were taken since this moment and can be put back, newest first.
    Restorable(Timestamp),
}

/// What the guard counts in its window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Distinct people from whom anything was taken.
    pub people: i64,
    /// Those of them whose account was taken.
    pub accounts: i64,
}

fn read(row: &Row) -> rusqlite::Result<Removal> {
    let group: Option<i64> = row.get("group_seq")?;
    Ok(Removal {
        id: parsed(row, "id", HoldId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        user_seq: row.get("user_seq")?,
        what: parsed(row, "what", |key| taken(key, group))?,
        state: parsed(row, "state", RemovalState::parse)?,
        reference: row.get("reference")?,
        at: time(row, "at")?,
        asked_at: time(row, "asked_at")?,
        decided_at: time_option(row, "decided_at")?,
        decided_by: parsed_option(row, "decided_by", |by| Some(by.to_owned()))?,
    })
}

fn taken(key: &str, group: Option<i64>) -> Option<Taken> {
    match (key, group) {
        ("deactivate", _) => Some(Taken::Deactivate),
        ("delete", _) => Some(Taken::Delete),
        ("leave", Some(group)) => Some(Taken::Leave(group)),
        _ => None,
    }
}

fn group_of(what: Taken) -> Option<i64> {
    match what {
        Taken::Leave(group) => Some(group),
        Taken::Deactivate | Taken::Delete => None,
    }
}

/// `NotFound` when it is another connection's.
pub fn get(r: &Reader, connection: ConnectionId, id: HoldId) -> Result<Removal> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM removals r WHERE r.id = ?1 AND r.connection_id = ?2"
    ))?;
    let found = statement
        .query_row([id.to_string(), connection.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("removal"))
}

/// What waits for this person: the loss of the account (deactivated or deleted alike), or of that one membership.
pub fn find_held(
    r: &Reader,
    connection: ConnectionId,
    person: PersonId,
    what: Taken,
) -> Result<Option<Removal>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM removals r
         WHERE r.person_id = ?1 AND r.connection_id = ?2 AND r.state = 'held' AND r.group_seq IS ?3 LIMIT 1"
    ))?;
    let keys = params![person.to_string(), connection.to_string(), group_of(what)];
    Ok(statement.query_row(keys, read).optional()?)
}

/// What was taken after `since`. The cost follows what was taken in that time and nothing else.
pub fn count_recent(r: &Reader, connection: ConnectionId, since: Timestamp) -> Result<Recent> {
    let mut statement = r.prepare_cached(
        "SELECT count(*), coalesce(sum(counts = 2), 0) FROM removals
         WHERE connection_id = ?1 AND counts > 0 AND at > ?2",
    )?;
    let recent = statement.query_row(params![connection.to_string(), since.0], |row| {
        Ok(Recent {
            people: row.get(0)?,
            accounts: row.get(1)?,
        })
    })?;
    Ok(recent)
}

/// Was anything taken from this person after `since`? Their account?
pub fn is_counted(
    r: &Reader,
    connection: ConnectionId,
    person: PersonId,
    since: Timestamp,
) -> Result<(bool, bool)> {
    let mut statement = r.prepare_cached(
        "SELECT counts FROM removals
         WHERE person_id = ?1 AND at > ?3 AND connection_id = ?2 AND counts > 0 ORDER BY counts DESC LIMIT 1",
    )?;
    let keys = params![person.to_string(), connection.to_string(), since.0];
    let counts: Option<i64> = statement.query_row(keys, |row| row.get(0)).optional()?;
    Ok((counts.is_some(), counts == Some(2)))
}

/// Writes a new one. `counted`: the guard counts the person by this row from now on, no longer by an older one;
/// its inner value says whether their account is gone.
pub fn insert(w: &Writer, removal: &Removal, counted: Option<bool>) -> Result<()> {
    if counted.is_some() {
        let mut older = w.prepare_cached(
            "UPDATE removals SET counts = 0 WHERE person_id = ?1 AND connection_id = ?2 AND counts > 0",
        )?;
        older.execute([removal.person_id.to_string(), removal.connection_id.to_string()])?;
    }
    let mut statement = w.prepare_cached(
        "INSERT INTO removals (id, connection_id, person_id, user_seq, group_seq, what, state, reference, at,
                               decided_at, decided_by, counts, asked_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    statement.execute(params![
        removal.id.to_string(),
        removal.connection_id.to_string(),
        removal.person_id.to_string(),
        removal.user_seq,
        group_of(removal.what),
        removal.what.key(),
        removal.state.key(),
        removal.reference,
        removal.at.0,
        removal.decided_at.map(|at| at.0),
        removal.decided_by,
        counted.map_or(0, |account| if account { 2 } else { 1 }),
        removal.asked_at.0
    ])?;
    Ok(())
}

/// Writes state, what, row and who decided. What an admin decided, the guard no longer counts.
pub fn update(w: &Writer, removal: &Removal) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE removals SET state = ?2, what = ?3, user_seq = ?4, decided_at = ?5, decided_by = ?6, counts = 0
         WHERE id = ?1",
    )?;
    let changed = statement.execute(params![
        removal.id.to_string(),
        removal.state.key(),
        removal.what.key(),
        removal.user_seq,
        removal.decided_at.map(|at| at.0),
        removal.decided_by
    ])?;
    exactly_one(changed, "removal")
}

/// One page of a connection's list; every word of `search` must occur in the person's name or address.
pub fn list(
    r: &Reader,
    connection: ConnectionId,
    which: Which,
    search: &str,
    offset: i64,
    limit: i64,
) -> Result<Vec<Removal>> {
    let (condition, mut values) = condition(connection, which, search);
    let order = match which {
        Which::Held => "r.at, r.id",
        Which::Restorable(_) => "r.at DESC, r.id DESC",
    };
    values.extend([Value::from(limit), Value::from(offset)]);
    let (limit, offset) = (values.len() - 1, values.len());
    let sql = format!("SELECT {COLUMNS} FROM {condition} ORDER BY {order} LIMIT ?{limit} OFFSET ?{offset}");
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count(r: &Reader, connection: ConnectionId, which: Which, search: &str) -> Result<i64> {
    let (condition, values) = condition(connection, which, search);
    let sql = format!("SELECT count(*) FROM {condition}");
    Ok(r.prepare(&sql)?
        .query_row(params_from_iter(values), |row| row.get(0))?)
}

fn condition(connection: ConnectionId, which: Which, search: &str) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(connection.to_string())];
    let mut terms = vec!["r.connection_id = ?1".to_owned()];
    match which {
        Which::Held => terms.push("r.state = 'held'".to_owned()),
        Which::Restorable(since) => {
            values.push(since.0.into());
            terms.push("r.state = 'applied' AND r.what <> 'leave' AND r.at > ?2".to_owned());
        }
    }
    let words: Vec<String> = search
        .to_lowercase()
        .split_whitespace()
        .take(12)
        .map(str::to_owned)
        .collect();
    // Without a word to look for, the people need not be read.
    let people = if words.is_empty() {
        ""
    } else {
        " JOIN people p ON p.id = r.person_id"
    };
    for word in words {
        values.push(word.into());
        terms.push(format!("instr(p.search_key, ?{}) > 0", values.len()));
    }
    (
        format!("removals r{people} WHERE {}", terms.join(" AND ")),
        values,
    )
}

/// How much waits in each connection in which something does.
pub fn count_held_of_all(r: &Reader) -> Result<Vec<(ConnectionId, i64)>> {
    let mut statement = r.prepare_cached(
        "SELECT connection_id, count(*) FROM removals WHERE state = 'held' GROUP BY connection_id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((parsed(row, "connection_id", ConnectionId::parse)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What was taken, or is to be taken, from this person; newest first.
pub fn list_of_person(r: &Reader, person: PersonId, limit: i64) -> Result<Vec<Removal>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM removals r WHERE r.person_id = ?1 ORDER BY r.at DESC, r.id DESC LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![person.to_string(), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What was taken of this person's account through this connection and was not restored.
pub fn list_restorable_of(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<Vec<Removal>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM removals r
         WHERE r.person_id = ?1 AND r.connection_id = ?2 AND r.state = 'applied' AND r.what <> 'leave'"
    ))?;
    let rows = statement.query_map([person.to_string(), connection.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What waits because memberships of this group ended.
pub fn list_held_of_group(r: &Reader, group: i64) -> Result<Vec<Removal>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM removals r WHERE r.group_seq = ?1 AND r.state = 'held'"
    ))?;
    let rows = statement.query_map([group], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets what was decided before `before`; what waits stays. Returns how many.
pub fn sweep(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached("DELETE FROM removals WHERE at < ?1 AND state <> 'held'")?;
    Ok(statement.execute([before.0])?)
}
