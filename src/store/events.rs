//! `events`: the one log. Rows are only ever appended, each with the hash of the one before.

use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::rows::time;
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{Event, NewEvent};

const COLUMNS: &str = "sequence, at, actor_kind, actor_id, actor_label, action, subject_kind, subject_id, \
                       subject_label, before, after, reference, previous_hash, hash";

/// Actions of which there are so many that no index holds them; a list of them is read from the newest event back.
const FREQUENT: [&str; 2] = ["person.added", "directory_user.added"];
/// What SQLite must read to see that an action is in the index.
const INDEXED: &str = " AND action <> 'person.added' AND action <> 'directory_user.added'";

/// What the audit page is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    pub action: Option<String>,
    pub subject: Option<(String, String)>,
    /// Occurs in the actor's or the subject's label, or is the reference.
    pub search: String,
    /// Only events before this one: the next page.
    pub before: Option<i64>,
    /// Only events after this one.
    pub after: Option<i64>,
}

fn read(row: &Row) -> rusqlite::Result<Event> {
    Ok(Event {
        sequence: row.get("sequence")?,
        at: time(row, "at")?,
        actor_kind: row.get("actor_kind")?,
        actor_id: row.get("actor_id")?,
        actor_label: row.get("actor_label")?,
        action: row.get("action")?,
        subject_kind: row.get("subject_kind")?,
        subject_id: row.get("subject_id")?,
        subject_label: row.get("subject_label")?,
        before: row.get("before")?,
        after: row.get("after")?,
        reference: row.get("reference")?,
        previous_hash: row.get("previous_hash")?,
        hash: row.get("hash")?,
    })
}

/// Appends an event in the transaction that makes the change.
pub fn insert(w: &Writer, new: NewEvent) -> Result<()> {
    let (sequence, previous_hash) = match w.take_newest_event() {
        Some(known) => known,
        None => newest(w)?.unwrap_or_default(),
    };
    let mut event = Event {
        sequence: sequence + 1,
        at: new.at,
        actor_kind: new.actor.kind().to_owned(),
        actor_id: new.actor.id(),
        actor_label: new.actor.label(),
        action: new.action.key().to_owned(),
        subject_kind: new.subject.kind.to_owned(),
        subject_id: new.subject.id,
        subject_label: new.subject.label,
        before: new.before.to_string(),
        after: new.after.to_string(),
        reference: new.reference,
        previous_hash,
        hash: String::new(),
    };
    event.hash = event.expected_hash();
    append(w, &event)?;
    w.keep_newest_event(event.sequence, event.hash);
    Ok(())
}

fn newest(r: &Reader) -> Result<Option<(i64, String)>> {
    let mut newest = r.prepare_cached("SELECT sequence, hash FROM events ORDER BY sequence DESC LIMIT 1")?;
    let found = newest.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(found.optional()?)
}

fn append(w: &Writer, event: &Event) -> Result<()> {
    let mut statement = w.prepare_cached(&format!(
        "INSERT INTO events ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
    ))?;
    statement.execute(params![
        event.sequence,
        event.at.0,
        event.actor_kind,
        event.actor_id,
        event.actor_label,
        event.action,
        event.subject_kind,
        event.subject_id,
        event.subject_label,
        event.before,
        event.after,
        event.reference,
        event.previous_hash,
        event.hash
    ])?;
    Ok(())
}

/// Newest first.
pub fn list(r: &Reader, narrow: &Narrow, limit: i64) -> Result<Vec<Event>> {
    let mut terms = vec!["1".to_owned()];
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let mut indexed = "";
    let mut term = |sql: &str, value: rusqlite::types::Value| {
        values.push(value);
        terms.push(sql.replace('?', &format!("?{}", values.len())));
    };
    if let Some(action) = &narrow.action {
        term("action = ?", action.clone().into());
        if !FREQUENT.contains(&action.as_str()) {
            indexed = INDEXED;
        }
    }
    if let Some((kind, id)) = &narrow.subject {
        term("subject_kind = ?", kind.clone().into());
        term("subject_id = ?", id.clone().into());
    }
    if !narrow.search.is_empty() {
        term(
            "instr(lower(actor_label || ' ' || subject_label || ' ' || coalesce(reference, '')), ?) > 0",
            narrow.search.to_lowercase().into(),
        );
    }
    if let Some(before) = narrow.before {
        term("sequence < ?", before.into());
    }
    if let Some(after) = narrow.after {
        term("sequence > ?", after.into());
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM events WHERE {}{indexed} ORDER BY sequence DESC LIMIT {limit}",
        terms.join(" AND ")
    );
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Walks the whole chain; the first event that does not fit is an error that names it.
pub fn verify(r: &Reader) -> Result<i64> {
    let mut statement = r.prepare(&format!("SELECT {COLUMNS} FROM events ORDER BY sequence"))?;
    let mut previous = String::new();
    let mut count = 0;
    for event in statement.query_map([], read)? {
        let event = event?;
        count += 1;
        if event.sequence != count || event.previous_hash != previous || event.hash != event.expected_hash() {
            return Err(Error::conflict(format!(
                "The event log was changed at entry {count}."
            )));
        }
        previous = event.hash;
    }
    Ok(count)
}
