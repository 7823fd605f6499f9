//! `directory_users`: users as each connection sees them.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, ToSql, params};
use serde_json::{Map, Value};

use super::place::{self, Counted};
use super::{Asked, From, Key, emails, page};
use crate::error::{Error, Result};
use crate::model::filter::fold;
use crate::model::{ConnectionId, DirectoryUser, PersonId, ResourceKind, ScimId, Timestamp};
use crate::store::rows::{exactly_one, is_duplicate, parsed, parsed_option, time, time_option};
use crate::store::{Reader, Writer};

const COLUMNS: &str = "seq, id, connection_id, person_id, claimed, created_here, user_name, external_id, active, \
                       version, created_at, updated_at, deleted_at, document";

fn read(row: &Row) -> rusqlite::Result<DirectoryUser> {
    Ok(DirectoryUser {
        seq: row.get("seq")?,
        id: parsed(row, "id", ScimId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        claimed: row.get("claimed")?,
        created_here: row.get("created_here")?,
        user_name: row.get("user_name")?,
        external_id: row.get("external_id")?,
        active: row.get("active")?,
        document: parsed(row, "document", |text| serde_json::from_str(text).ok())?,
        version: row.get("version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        deleted_at: time_option(row, "deleted_at")?,
    })
}

fn one(r: &Reader, condition: &'static str, values: &[&dyn ToSql]) -> Result<Option<DirectoryUser>> {
    let sql = format!("SELECT {COLUMNS} FROM directory_users WHERE {condition}");
    Ok(r.prepare_cached(&sql)?.query_row(values, read).optional()?)
}

/// A live row of this connection.
pub fn find(r: &Reader, connection: ConnectionId, id: ScimId) -> Result<Option<DirectoryUser>> {
    let condition = "id = ?2 AND connection_id = ?1 AND deleted_at IS NULL";
    one(r, condition, params![connection.to_string(), id.to_string()])
}

/// Live, by folded user name.
pub fn find_by_name(r: &Reader, connection: ConnectionId, key: &str) -> Result<Option<DirectoryUser>> {
    let condition = "connection_id = ?1 AND user_name_key = ?2 AND deleted_at IS NULL";
    one(r, condition, params![connection.to_string(), key])
}

/// Live, the oldest with this externalId.
pub fn find_by_external_id(
    r: &Reader,
    connection: ConnectionId,
    external: &str,
) -> Result<Option<DirectoryUser>> {
    let condition = "connection_id = ?1 AND external_id = ?2 AND deleted_at IS NULL ORDER BY seq LIMIT 1";
    one(r, condition, params![connection.to_string(), external])
}

/// Live, the one tied to this person.
pub fn find_of_person(
    r: &Reader,
    connection: ConnectionId,
    person: PersonId,
) -> Result<Option<DirectoryUser>> {
    let condition = "connection_id = ?1 AND person_id = ?2 AND deleted_at IS NULL";
    one(r, condition, params![connection.to_string(), person.to_string()])
}

/// Has a live row of this connection this folded e-mail, whatever its type?
pub fn has_email(r: &Reader, connection: ConnectionId, key: &str) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM directory_emails e JOIN directory_users u ON u.seq = e.user_seq
         WHERE e.connection_id = ?1 AND e.value_key = ?2 AND u.deleted_at IS NULL",
    )?;
    Ok(statement.exists(params![connection.to_string(), key])?)
}

pub const REMOVED_BY_EXTERNAL_ID: &str = "connection_id = ?1 AND external_id = ?2 AND deleted_at IS NOT NULL
    ORDER BY deleted_at DESC, seq DESC LIMIT 1";
pub const REMOVED_BY_NAME: &str = "connection_id = ?1 AND user_name_key = ?2 AND deleted_at IS NOT NULL
    ORDER BY deleted_at DESC, seq DESC LIMIT 1";

/// The removed row that had this externalId, else the one that had this folded name; of several the newest.
pub fn find_removed(
    r: &Reader,
    connection: ConnectionId,
    name_key: &str,
    external: Option<&str>,
) -> Result<Option<DirectoryUser>> {
    let connection = connection.to_string();
    if let Some(external) = external {
        let found = one(r, REMOVED_BY_EXTERNAL_ID, params![connection, external])?;
        if found.is_some() {
            return Ok(found);
        }
    }
    one(r, REMOVED_BY_NAME, params![connection, name_key])
}

/// Did this connection's identity provider ever write, and then remove, a user that was this person?
pub fn knew_person(r: &Reader, connection: ConnectionId, person: PersonId) -> Result<bool> {
    let mut statement = r.prepare_cached(
        "SELECT 1 FROM directory_users
         WHERE person_id = ?2 AND connection_id = ?1 AND claimed = 1 AND deleted_at IS NOT NULL",
    )?;
    Ok(statement.exists(params![connection.to_string(), person.to_string()])?)
}

/// Live rows that are only shown, in order, behind the number `after`.
pub fn list_unclaimed(
    r: &Reader,
    connection: ConnectionId,
    after: i64,
    limit: usize,
) -> Result<Vec<DirectoryUser>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM directory_users
         WHERE connection_id = ?1 AND claimed = 0 AND deleted_at IS NULL AND seq > ?2 ORDER BY seq LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![connection.to_string(), after, limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// By row number, removed ones too.
pub fn find_by_seq(r: &Reader, seq: i64) -> Result<Option<DirectoryUser>> {
    one(r, "seq = ?1", params![seq])
}

/// Whom a row is tied to, without reading the rest of it.
pub fn find_person(r: &Reader, seq: i64) -> Result<Option<PersonId>> {
    let mut statement = r.prepare_cached("SELECT person_id FROM directory_users WHERE seq = ?1")?;
    let found = statement.query_row([seq], |row| parsed_option(row, "person_id", PersonId::parse));
    Ok(found.optional()?.flatten())
}

/// Live rows tied to this person, in every connection.
pub fn list_of_person(r: &Reader, person: PersonId) -> Result<Vec<DirectoryUser>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM directory_users WHERE person_id = ?1 AND deleted_at IS NULL ORDER BY seq"
    ))?;
    let rows = statement.query_map([person.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Live rows that this connection's identity provider wrote, the last written first.
pub fn list_latest(r: &Reader, connection: ConnectionId, limit: i64) -> Result<Vec<DirectoryUser>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM directory_users
         WHERE seq IN (SELECT seq FROM directory_users WHERE connection_id = ?1 AND claimed = 1
                       AND deleted_at IS NULL ORDER BY updated_at DESC, seq DESC LIMIT ?2)
         ORDER BY updated_at DESC, seq DESC"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One page; each row with its place in the list.
pub fn list(r: &Reader, asked: &Asked, from: &From, limit: usize) -> Result<Vec<(Key, DirectoryUser)>> {
    let keys = page::keys(r, ResourceKind::User, asked, from, limit)?;
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM directory_users WHERE seq = ?1"))?;
    let rows = keys.into_iter().map(|key| {
        let row = statement.query_row([key.seq], read)?;
        Ok((key, row))
    });
    rows.collect()
}

/// How many live rows there are, or, with `after`, how many behind that place.
pub fn count(r: &Reader, asked: &Asked, after: Option<&Key>) -> Result<i64> {
    page::count(r, ResourceKind::User, asked, after)
}

/// How many live rows the identity provider has written.
pub fn count_claimed(r: &Reader, connection: ConnectionId) -> Result<i64> {
    place::total(r, connection, Counted::Claimed)
}

/// Active people tied to live claimed rows: what the guard takes a share of.
pub fn count_active_people(r: &Reader, connection: ConnectionId) -> Result<i64> {
    place::total(r, connection, Counted::Tied)
}

/// What is kept of a document beside its columns: made where no other write waits for it.
#[derive(Clone, Debug)]
pub struct Kept {
    document: String,
    search: String,
    emails: BTreeSet<String>,
}

impl Kept {
    /// `search` is the search document, `emails` the folded addresses.
    pub fn of(document: &Map<String, Value>, search: &Value, emails: &[String]) -> Result<Self> {
        Ok(Self {
            document: text(document)?,
            search: search.to_string(),
            emails: emails::keys(search, emails),
        })
    }
}

/// Writes a new row; `user.seq`, `version` and `deleted_at` are ignored, the new number is returned. `kept` is made of
/// `user.document`. `Conflict` when the name is taken.
pub fn insert(w: &Writer, user: &DirectoryUser, kept: &Kept) -> Result<i64> {
    let mut statement = w.prepare_cached(
        "INSERT INTO directory_users (id, connection_id, person_id, claimed, created_here, user_name, user_name_key,
                                      display, external_id, active, created_at, updated_at, document, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, jsonb(?14))",
    )?;
    let inserted = statement.execute(params![
        user.id.to_string(),
        user.connection_id.to_string(),
        user.person_id.map(|id| id.to_string()),
        user.claimed,
        user.created_here,
        user.user_name,
        fold(&user.user_name),
        display(user),
        user.external_id,
        user.active,
        user.created_at.0,
        user.updated_at.0,
        kept.document,
        kept.search
    ]);
    inserted.map_err(|cause| taken(cause, user))?;
    let seq = w.last_insert_rowid();
    emails::insert(w, user.connection_id, seq, &kept.emails)?;
    Ok(seq)
}

/// Writes everything but seq, id, connection and removal; `user.version` is what was read, and is counted up here.
/// `Conflict` when somebody else was faster or the name is taken.
pub fn update(w: &Writer, user: &DirectoryUser, kept: &Kept) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_users SET person_id = ?3, claimed = ?4, created_here = ?5, user_name = ?6,
                user_name_key = ?7, display = ?8, external_id = ?9, active = ?10, created_at = ?11, updated_at = ?12,
                document = ?13, search = jsonb(?14), version = version + 1
         WHERE seq = ?1 AND version = ?2",
    )?;
    let updated = statement.execute(params![
        user.seq,
        user.version,
        user.person_id.map(|id| id.to_string()),
        user.claimed,
        user.created_here,
        user.user_name,
        fold(&user.user_name),
        display(user),
        user.external_id,
        user.active,
        user.created_at.0,
        user.updated_at.0,
        kept.document,
        kept.search
    ]);
    exactly_one(updated.map_err(|cause| taken(cause, user))?, "user")?;
    emails::replace(w, user.connection_id, user.seq, &kept.emails)
}

/// The groups that the user shows changed: counts the version up and rewrites nothing else.
pub fn touch(w: &Writer, seq: i64) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE directory_users SET version = version + 1 WHERE seq = ?1")?;
    exactly_one(statement.execute([seq])?, "user")
}

/// As [`touch`], for every live member of a group.
pub fn touch_members(w: &Writer, group: i64) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_users SET version = version + 1 WHERE deleted_at IS NULL AND seq IN (
            SELECT user_seq FROM directory_members
            WHERE group_seq = ?1 AND removed_at IS NULL AND user_seq IS NOT NULL)",
    )?;
    statement.execute([group])?;
    Ok(())
}

/// Live rows of this connection with this folded e-mail, of whatever type; those who would collide are few.
pub fn list_by_email(r: &Reader, connection: ConnectionId, key: &str) -> Result<Vec<DirectoryUser>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM directory_users WHERE deleted_at IS NULL AND seq IN (
            SELECT user_seq FROM directory_emails WHERE connection_id = ?1 AND value_key = ?2) ORDER BY seq LIMIT 50"
    ))?;
    let rows = statement.query_map(params![connection.to_string(), key], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Writes who the user is and whether the identity provider keeps them; the resource stays as it is.
pub fn tie(w: &Writer, user: &DirectoryUser) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_users SET person_id = ?2, claimed = ?3, created_here = ?4 WHERE seq = ?1",
    )?;
    let person = user.person_id.map(|id| id.to_string());
    let tied = statement.execute(params![user.seq, person, user.claimed, user.created_here]);
    exactly_one(tied.map_err(|cause| taken(cause, user))?, "user")
}

/// Forgets one row that was only shown.
pub fn delete_projection(w: &Writer, seq: i64) -> Result<()> {
    let mut statement = w.prepare_cached("DELETE FROM directory_users WHERE seq = ?1 AND claimed = 0")?;
    exactly_one(statement.execute([seq])?, "user")
}

/// Removes, for 30 days; e-mails and memberships stay with the row.
pub fn remove(w: &Writer, seq: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_users SET deleted_at = ?2, updated_at = ?2, version = version + 1
         WHERE seq = ?1 AND deleted_at IS NULL",
    )?;
    exactly_one(statement.execute(params![seq, now.0])?, "user")
}

/// Takes a removal back. `Conflict` when the name, or the person, has another row by now.
pub fn restore(w: &Writer, seq: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_users SET deleted_at = NULL, updated_at = ?2, version = version + 1
         WHERE seq = ?1 AND deleted_at IS NOT NULL",
    )?;
    let restored = match statement.execute(params![seq, now.0]) {
        Err(cause) if is_duplicate(&cause) => {
            return Err(match find_by_seq(w, seq)? {
                Some(user) => taken(cause, &user),
                None => cause.into(),
            });
        }
        other => other?,
    };
    exactly_one(restored, "removed user")
}

fn text(document: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(document).map_err(Error::internal)
}

/// What a group shows of this member: `displayName`, else the user name.
fn display(user: &DirectoryUser) -> &str {
    let name = user.document.get("displayName").and_then(Value::as_str);
    name.filter(|name| !name.is_empty()).unwrap_or(&user.user_name)
}

fn taken(cause: rusqlite::Error, user: &DirectoryUser) -> Error {
    if !is_duplicate(&cause) {
        return cause.into();
    }
    if cause.to_string().contains("directory_users_person") {
        return Error::conflict(format!(
            "The person behind \"{}\" is another user of this connection already.",
            user.user_name
        ));
    }
    Error::conflict(format!(
        "A user with the userName \"{}\" exists already.",
        user.user_name
    ))
}
