//! `directory_groups`: groups as each connection pushed them.

use rusqlite::{OptionalExtension, Row, ToSql, params};
use serde_json::{Map, Value};

use super::{Asked, From, Key, page};
use crate::error::{Error, Result};
use crate::model::filter::fold;
use crate::model::{ConnectionId, DirectoryGroup, ResourceKind, ScimId, Timestamp};
use crate::store::rows::{exactly_one, is_duplicate, parsed, time, time_option};
use crate::store::{Reader, Writer};

const COLUMNS: &str = "seq, id, connection_id, external_id, display_name, version, created_at, updated_at, \
                       deleted_at, document";

fn read(row: &Row) -> rusqlite::Result<DirectoryGroup> {
    Ok(DirectoryGroup {
        seq: row.get("seq")?,
        id: parsed(row, "id", ScimId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        external_id: row.get("external_id")?,
        display_name: row.get("display_name")?,
        document: parsed(row, "document", |text| serde_json::from_str(text).ok())?,
        version: row.get("version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        deleted_at: time_option(row, "deleted_at")?,
    })
}

fn one(r: &Reader, condition: &'static str, values: &[&dyn ToSql]) -> Result<Option<DirectoryGroup>> {
    let sql = format!("SELECT {COLUMNS} FROM directory_groups WHERE {condition}");
    Ok(r.prepare_cached(&sql)?.query_row(values, read).optional()?)
}

/// A live row of this connection.
pub fn find(r: &Reader, connection: ConnectionId, id: ScimId) -> Result<Option<DirectoryGroup>> {
    let condition = "id = ?2 AND connection_id = ?1 AND deleted_at IS NULL";
    one(r, condition, params![connection.to_string(), id.to_string()])
}

/// Live, by folded display name.
pub fn find_by_name(r: &Reader, connection: ConnectionId, key: &str) -> Result<Option<DirectoryGroup>> {
    let condition = "connection_id = ?1 AND display_key = ?2 AND deleted_at IS NULL";
    one(r, condition, params![connection.to_string(), key])
}

/// Live, the oldest with this externalId.
pub fn find_by_external_id(
    r: &Reader,
    connection: ConnectionId,
    external: &str,
) -> Result<Option<DirectoryGroup>> {
    let condition = "connection_id = ?1 AND external_id = ?2 AND deleted_at IS NULL ORDER BY seq LIMIT 1";
    one(r, condition, params![connection.to_string(), external])
}

/// By row number, removed ones too.
pub fn find_by_seq(r: &Reader, seq: i64) -> Result<Option<DirectoryGroup>> {
    one(r, "seq = ?1", params![seq])
}

/// One page; each row with its place in the list.
pub fn list(r: &Reader, asked: &Asked, from: &From, limit: usize) -> Result<Vec<(Key, DirectoryGroup)>> {
    let keys = page::keys(r, ResourceKind::Group, asked, from, limit)?;
    let mut statement =
        r.prepare_cached(&format!("SELECT {COLUMNS} FROM directory_groups WHERE seq = ?1"))?;
    let rows = keys.into_iter().map(|key| {
        let row = statement.query_row([key.seq], read)?;
        Ok((key, row))
    });
    rows.collect()
}

/// How many live rows there are, or, with `after`, how many behind that place.
pub fn count(r: &Reader, asked: &Asked, after: Option<&Key>) -> Result<i64> {
    page::count(r, ResourceKind::Group, asked, after)
}

/// Writes a new row; `group.seq`, `version` and `deleted_at` are ignored, the new number is returned. `Conflict` when
/// the name is taken.
pub fn insert(w: &Writer, group: &DirectoryGroup, search: &Value) -> Result<i64> {
    let mut statement = w.prepare_cached(
        "INSERT INTO directory_groups (id, connection_id, external_id, display_name, display_key, created_at,
                                       updated_at, document, search)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, jsonb(?9))",
    )?;
    let inserted = statement.execute(params![
        group.id.to_string(),
        group.connection_id.to_string(),
        group.external_id,
        group.display_name,
        fold(&group.display_name),
        group.created_at.0,
        group.updated_at.0,
        text(&group.document)?,
        search.to_string()
    ]);
    inserted.map_err(|cause| taken(cause, &group.display_name))?;
    Ok(w.last_insert_rowid())
}

/// Writes everything but seq, id, connection and removal; `group.version` is what was read, and is counted up here.
/// `Conflict` when somebody else was faster or the name is taken.
pub fn update(w: &Writer, group: &DirectoryGroup, search: &Value) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_groups SET external_id = ?3, display_name = ?4, display_key = ?5, created_at = ?6,
                updated_at = ?7, document = ?8, search = jsonb(?9), version = version + 1
         WHERE seq = ?1 AND version = ?2",
    )?;
    let updated = statement.execute(params![
        group.seq,
        group.version,
        group.external_id,
        group.display_name,
        fold(&group.display_name),
        group.created_at.0,
        group.updated_at.0,
        text(&group.document)?,
        search.to_string()
    ]);
    exactly_one(
        updated.map_err(|cause| taken(cause, &group.display_name))?,
        "group",
    )
}

/// Members changed: counts version and time up without rewriting the document.
pub fn touch(w: &Writer, seq: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_groups SET updated_at = ?2, version = version + 1 WHERE seq = ?1",
    )?;
    exactly_one(statement.execute(params![seq, now.0])?, "group")
}

/// Removes, for 30 days; memberships stay with the row.
pub fn remove(w: &Writer, seq: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_groups SET deleted_at = ?2, updated_at = ?2, version = version + 1
         WHERE seq = ?1 AND deleted_at IS NULL",
    )?;
    exactly_one(statement.execute(params![seq, now.0])?, "group")
}

/// Takes a removal back. `Conflict` when the name is taken by now.
pub fn restore(w: &Writer, seq: i64, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE directory_groups SET deleted_at = NULL, updated_at = ?2, version = version + 1
         WHERE seq = ?1 AND deleted_at IS NOT NULL",
    )?;
    let restored = match statement.execute(params![seq, now.0]) {
        Err(cause) if is_duplicate(&cause) => {
            let name = find_by_seq(w, seq)?.map(|group| group.display_name);
            return Err(taken(cause, &name.unwrap_or_default()));
        }
        other => other?,
    };
    exactly_one(restored, "removed group")
}

/// So many are forgotten at once, so that nobody waits long for the writer.
const SWEPT: i64 = 200;

/// Forgets groups removed before `before` with their memberships, the oldest first and some hundred at most; returns
/// how many.
pub fn sweep(w: &Writer, before: Timestamp) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM directory_groups WHERE seq IN (
            SELECT seq FROM directory_groups WHERE deleted_at IS NOT NULL AND deleted_at < ?1
                AND NOT EXISTS (SELECT 1 FROM waiting_members w WHERE w.group_seq = directory_groups.seq)
            ORDER BY deleted_at LIMIT ?2)",
    )?;
    Ok(statement.execute(params![before.0, SWEPT])?)
}

fn text(document: &Map<String, Value>) -> Result<String> {
    serde_json::to_string(document).map_err(Error::internal)
}

fn taken(cause: rusqlite::Error, name: &str) -> Error {
    if !is_duplicate(&cause) {
        return cause.into();
    }
    Error::conflict(format!("A group with the displayName \"{name}\" exists already."))
}
