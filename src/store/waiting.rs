//! `waiting_users` and `waiting_members`: what the mirror says and people do not know yet.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::rows::{parsed, parsed_option, time};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, LineKind, PersonId, Waiting};

const COLUMNS: &str = "w.user_seq, w.connection_id, w.was, w.written, w.email_key, w.again_id, w.chosen_id, w.chosen_new, \
                       w.superseded_by, w.left_out, w.refusal, w.reference, w.at";

/// What a line comes to. The exact outcome is found by trying it; this is what lists count and narrow by.
const KIND: &str = "CASE
    WHEN u.deleted_at IS NOT NULL OR (u.active = 0 AND w.was_active = 1 AND u.person_id IS NOT NULL) THEN 'deactivate'
    WHEN w.chosen_new = 1 THEN 'create'
    WHEN u.person_id IS NULL AND u.active = 0 AND coalesce(w.chosen_id, w.again_id) = w.again_id
        AND EXISTS (SELECT 1 FROM waiting_users o WHERE o.superseded_by = w.user_seq) THEN 'deactivate'
    WHEN w.chosen_id IS NOT NULL OR (u.person_id IS NULL AND w.again_id IS NOT NULL)
        OR (u.person_id IS NOT NULL AND u.claimed = 0 AND w.written = 1) THEN 'link'
    WHEN u.person_id IS NULL AND e.id IS NOT NULL THEN 'email'
    WHEN u.person_id IS NULL AND w.email_key IS NULL THEN 'nobody'
    WHEN u.person_id IS NULL THEN 'create'
    WHEN u.active = 1 AND w.was_active = 0 THEN 'reactivate'
    ELSE 'change' END";
/// `e` is whoever has the address and is no other user of this connection that its identity
/// provider wrote.
const TABLES: &str = "waiting_users w JOIN directory_users u ON u.seq = w.user_seq
    LEFT JOIN people e ON e.email_key = w.email_key AND NOT EXISTS (
        SELECT 1 FROM directory_users o WHERE o.connection_id = w.connection_id AND o.person_id = e.id
            AND o.deleted_at IS NULL AND o.seq <> w.user_seq
            AND (o.claimed = 1 OR EXISTS (SELECT 1 FROM waiting_users x WHERE x.user_seq = o.seq)))";

/// What a list is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrow {
    pub kind: Option<LineKind>,
    /// Every word must occur in the user name or in the name or address of the person.
    pub search: String,
    /// Only members of this group (its row's number).
    pub group: Option<i64>,
    /// What admins left out, in place of what they did not.
    pub left_out: bool,
    /// Only what could not be applied.
    pub refused: bool,
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub waiting: Waiting,
    pub kind: LineKind,
    pub user_name: String,
    /// The person whom the user is, or would be.
    pub person: Option<PersonId>,
}

fn read(row: &Row) -> rusqlite::Result<Waiting> {
    Ok(Waiting {
        user_seq: row.get("user_seq")?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        was: parsed_option(row, "was", |text| serde_json::from_str(text).ok())?,
        is_written: row.get("written")?,
        email_key: row.get("email_key")?,
        again: parsed_option(row, "again_id", PersonId::parse)?,
        chosen: parsed_option(row, "chosen_id", PersonId::parse)?,
        is_new: row.get("chosen_new")?,
        superseded_by: row.get("superseded_by")?,
        left_out: row.get("left_out")?,
        refusal: row.get("refusal")?,
        reference: row.get("reference")?,
        at: time(row, "at")?,
    })
}

/// What waits of this user of the mirror.
pub fn find(r: &Reader, user: i64) -> Result<Option<Waiting>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM waiting_users w WHERE w.user_seq = ?1"
    ))?;
    Ok(statement.query_row([user], read).optional()?)
}

pub fn get(r: &Reader, connection: ConnectionId, user: i64) -> Result<Waiting> {
    let found = find(r, user)?.filter(|waiting| waiting.connection_id == connection);
    found.ok_or_else(|| {
        Error::not_found("change that waits: it was applied, or taken back by the identity provider")
    })
}

/// Does anything wait of this user?
pub fn is_waiting(r: &Reader, user: i64) -> Result<bool> {
    let mut statement = r.prepare_cached("SELECT 1 FROM waiting_users WHERE user_seq = ?1")?;
    Ok(statement.exists([user])?)
}

/// Does another user of this connection wait to be this person again?
pub fn is_awaited(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM waiting_users w JOIN directory_users u ON u.seq = w.user_seq
         WHERE w.again_id = ?2 AND w.connection_id = ?1 AND u.deleted_at IS NULL",
    )?;
    Ok(statement.exists([connection.to_string(), person.to_string()])?)
}

/// The user that waits to be this person again.
pub fn find_again(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<Option<i64>> {
    let mut statement = r.prepare_cached(
        "SELECT w.user_seq FROM waiting_users w JOIN directory_users u ON u.seq = w.user_seq
         WHERE w.again_id = ?2 AND w.connection_id = ?1 AND u.deleted_at IS NULL ORDER BY w.user_seq LIMIT 1",
    )?;
    let keys = [connection.to_string(), person.to_string()];
    Ok(statement.query_row(keys, |row| row.get(0)).optional()?)
}

/// The removal of this person's user that waits.
pub fn find_removal(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<Option<Waiting>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM waiting_users w JOIN directory_users u ON u.seq = w.user_seq
         WHERE u.person_id = ?2 AND w.connection_id = ?1 AND u.deleted_at IS NOT NULL ORDER BY w.user_seq LIMIT 1"
    ))?;
    let keys = [connection.to_string(), person.to_string()];
    Ok(statement.query_row(keys, read).optional()?)
}

/// The removals that wait for this user to be applied in their place.
pub fn list_superseded(r: &Reader, by: i64) -> Result<Vec<Waiting>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM waiting_users w WHERE w.superseded_by = ?1 ORDER BY w.user_seq"
    ))?;
    let rows = statement.query_map([by], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Did an admin choose this person for another user than `except`?
pub fn is_chosen(r: &Reader, connection: ConnectionId, person: PersonId, except: i64) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM waiting_users WHERE chosen_id = ?2 AND connection_id = ?1 AND user_seq <> ?3",
    )?;
    Ok(statement.exists(params![connection.to_string(), person.to_string(), except])?)
}

/// Writes it, whether it was there or not.
pub fn put(w: &Writer, waiting: &Waiting) -> Result<()> {
    let was = waiting.was.as_ref().map(serde_json::to_string).transpose();
    let mut statement = w.prepare_cached(
        "INSERT INTO waiting_users (user_seq, connection_id, was, was_active, email_key, again_id, chosen_id,
                                    chosen_new, superseded_by, left_out, refusal, reference, at, written)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (user_seq) DO UPDATE SET was = excluded.was, was_active = excluded.was_active,
            written = excluded.written, email_key = excluded.email_key, again_id = excluded.again_id, chosen_id = excluded.chosen_id,
            chosen_new = excluded.chosen_new, superseded_by = excluded.superseded_by, left_out = excluded.left_out,
            refusal = excluded.refusal, reference = excluded.reference, at = excluded.at",
    )?;
    statement.execute(params![
        waiting.user_seq,
        waiting.connection_id.to_string(),
        was.map_err(Error::internal)?,
        waiting.was.as_ref().is_some_and(|was| was.active),
        waiting.email_key,
        waiting.again.map(|id| id.to_string()),
        waiting.chosen.map(|id| id.to_string()),
        waiting.is_new,
        waiting.superseded_by,
        waiting.left_out,
        waiting.refusal,
        waiting.reference,
        waiting.at.0,
        waiting.is_written
    ])?;
    Ok(())
}

/// Nothing of this user is to be decided any more; memberships that feed nothing wait on.
pub fn delete_line(w: &Writer, user: i64) -> Result<()> {
    w.prepare_cached("DELETE FROM waiting_users WHERE user_seq = ?1")?
        .execute([user])?;
    Ok(())
}

/// Nothing waits of this user any more, its memberships included.
pub fn delete(w: &Writer, user: i64) -> Result<()> {
    delete_line(w, user)?;
    w.prepare_cached("DELETE FROM waiting_members WHERE user_seq = ?1")?
        .execute([user])?;
    Ok(())
}

/// Why it could not be applied.
pub fn set_refusal(w: &Writer, user: i64, refusal: &str) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE waiting_users SET refusal = ?2 WHERE user_seq = ?1")?;
    statement.execute(params![user, refusal])?;
    Ok(())
}

/// Removals that wait for this user to be applied in their place: on their own again, or gone with it. How many.
pub fn release(w: &Writer, by: i64, is_applied: bool) -> Result<usize> {
    let sql = if is_applied {
        "DELETE FROM waiting_users WHERE superseded_by = ?1"
    } else {
        "UPDATE waiting_users SET superseded_by = NULL WHERE superseded_by = ?1"
    };
    Ok(w.prepare_cached(sql)?.execute([by])?)
}

/// A membership changed to `is` before anybody applied it. `was`: whether it counted until this change.
pub fn move_member(w: &Writer, group: i64, user: i64, was: bool, is: bool) -> Result<()> {
    let mut statement =
        w.prepare_cached("SELECT was FROM waiting_members WHERE group_seq = ?1 AND user_seq = ?2")?;
    let known: Option<bool> = statement.query_row([group, user], |row| row.get(0)).optional()?;
    let sql = match known {
        None if was != is => {
            let mut insert = w.prepare_cached(
                "INSERT INTO waiting_members (group_seq, user_seq, was) VALUES (?1, ?2, ?3)",
            )?;
            insert.execute(params![group, user, was])?;
            return Ok(());
        }
        Some(known) if known == is => "DELETE FROM waiting_members WHERE group_seq = ?1 AND user_seq = ?2",
        _ => return Ok(()),
    };
    w.prepare_cached(sql)?.execute([group, user])?;
    Ok(())
}

/// A membership reached the person in the moment in which it changed.
pub fn settle_member(w: &Writer, group: i64, user: i64) -> Result<()> {
    w.prepare_cached("DELETE FROM waiting_members WHERE group_seq = ?1 AND user_seq = ?2")?
        .execute([group, user])?;
    Ok(())
}

/// The memberships of a user that wait: group, and whether it counted.
pub fn list_members(r: &Reader, user: i64) -> Result<Vec<(i64, bool)>> {
    let mut statement = r.prepare_cached(
        "SELECT group_seq, was FROM waiting_members WHERE user_seq = ?1 ORDER BY group_seq",
    )?;
    let rows = statement.query_map([user], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Puts one back as it waited.
pub fn put_member(w: &Writer, group: i64, user: i64, was: bool) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO waiting_members (group_seq, user_seq, was)
         SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM directory_groups WHERE seq = ?1)
         ON CONFLICT DO UPDATE SET was = excluded.was",
    )?;
    statement.execute(params![group, user, was])?;
    Ok(())
}

/// Does a membership of this user wait in a group that feeds an access group?
pub fn has_fed_member(r: &Reader, user: i64) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM waiting_members m JOIN access_group_sources s ON s.pushed_seq = m.group_seq WHERE m.user_seq = ?1",
    )?;
    Ok(statement.exists([user])?)
}

/// Users with a membership of this group that waits, of whom nothing else does.
pub fn list_moved(r: &Reader, group: i64) -> Result<Vec<i64>> {
    let mut statement = r.prepare_cached(
        "SELECT user_seq FROM waiting_members m WHERE group_seq = ?1
            AND NOT EXISTS (SELECT 1 FROM waiting_users w WHERE w.user_seq = m.user_seq) ORDER BY user_seq",
    )?;
    let rows = statement.query_map([group], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn condition(connection: ConnectionId, narrow: &Narrow) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(connection.to_string())];
    let mut terms = vec!["w.connection_id = ?1 AND w.superseded_by IS NULL".to_owned()];
    terms.push(format!("w.left_out = {}", u8::from(narrow.left_out)));
    if narrow.refused {
        terms.push("w.refusal IS NOT NULL".to_owned());
    }
    if let Some(kind) = narrow.kind {
        values.push(Value::from(kind.key().to_owned()));
        terms.push(format!("{KIND} = ?{}", values.len()));
    }
    if let Some(group) = narrow.group {
        values.push(group.into());
        let place = values.len();
        terms.push(format!(
            "(EXISTS (SELECT 1 FROM directory_members m WHERE m.group_seq = ?{place} AND m.user_seq = u.seq
                        AND m.removed_at IS NULL)
              OR EXISTS (SELECT 1 FROM waiting_members m WHERE m.group_seq = ?{place} AND m.user_seq = u.seq))"
        ));
    }
    for word in narrow.search.to_lowercase().split_whitespace().take(12) {
        values.push(Value::from(word.to_owned()));
        let place = values.len();
        terms.push(format!(
            "(instr(u.user_name_key, ?{place}) > 0 OR instr(lower(u.display), ?{place}) > 0
              OR EXISTS (SELECT 1 FROM people p WHERE instr(p.search_key, ?{place}) > 0
                         AND p.id IN (u.person_id, w.chosen_id, w.again_id)))"
        ));
    }
    (terms.join(" AND "), values)
}

/// One page, in the order in which the users came.
pub fn list(
    r: &Reader,
    connection: ConnectionId,
    narrow: &Narrow,
    offset: i64,
    limit: i64,
) -> Result<Vec<Listed>> {
    let (condition, mut values) = condition(connection, narrow);
    values.extend([Value::from(limit), Value::from(offset)]);
    let sql = format!(
        "SELECT {COLUMNS}, {KIND} AS kind, u.user_name,
                CASE WHEN w.chosen_new = 1 THEN NULL
                     ELSE coalesce(w.chosen_id, u.person_id, w.again_id, e.id) END AS person
         FROM {TABLES} WHERE {condition} ORDER BY w.user_seq LIMIT ?{} OFFSET ?{}",
        values.len() - 1,
        values.len()
    );
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), listed)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn listed(row: &Row) -> rusqlite::Result<Listed> {
    Ok(Listed {
        waiting: read(row)?,
        kind: parsed(row, "kind", LineKind::parse)?,
        user_name: row.get("user_name")?,
        person: parsed_option(row, "person", PersonId::parse)?,
    })
}

/// Everything of a connection, as it came.
pub fn list_all(r: &Reader, connection: ConnectionId) -> Result<Vec<Waiting>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM waiting_users w WHERE w.connection_id = ?1 ORDER BY w.user_seq"
    ))?;
    let rows = statement.query_map([connection.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One line, also when it was left out.
pub fn find_line(r: &Reader, connection: ConnectionId, user: i64) -> Result<Option<Listed>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS}, {KIND} AS kind, u.user_name,
                CASE WHEN w.chosen_new = 1 THEN NULL
                     ELSE coalesce(w.chosen_id, u.person_id, w.again_id, e.id) END AS person
         FROM {TABLES} WHERE w.connection_id = ?1 AND w.user_seq = ?2"
    ))?;
    Ok(statement
        .query_row(params![connection.to_string(), user], listed)
        .optional()?)
}

pub fn count(r: &Reader, connection: ConnectionId, narrow: &Narrow) -> Result<i64> {
    let (condition, values) = condition(connection, narrow);
    let sql = format!("SELECT count(*) FROM {TABLES} WHERE {condition}");
    Ok(r.prepare(&sql)?
        .query_row(params_from_iter(values), |row| row.get(0))?)
}

/// How many lines of each kind there are.
pub fn count_kinds(r: &Reader, connection: ConnectionId, narrow: &Narrow) -> Result<Vec<(LineKind, i64)>> {
    let (condition, values) = condition(connection, narrow);
    let sql = format!("SELECT {KIND} AS kind, count(*) AS many FROM {TABLES} WHERE {condition} GROUP BY 1");
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| {
        Ok((parsed(row, "kind", LineKind::parse)?, row.get("many")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How much waits in each connection in which something does.
pub fn count_of_all(r: &Reader) -> Result<Vec<(ConnectionId, i64)>> {
    let mut statement = r.prepare_cached(
        "SELECT connection_id, count(*) FROM waiting_users WHERE superseded_by IS NULL AND left_out = 0
         GROUP BY connection_id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((parsed(row, "connection_id", ConnectionId::parse)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
