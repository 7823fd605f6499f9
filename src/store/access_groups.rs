//! `access_groups`: the organization's own groups, each with a role; a person is in at most one.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, exactly_one, parsed};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{AccessGroup, AccessGroupId, PersonId, Timestamp};

const COLUMNS: &str = "id, name, role, visibility, priority, version";

fn read(row: &Row) -> rusqlite::Result<AccessGroup> {
    Ok(AccessGroup {
        id: parsed(row, "id", AccessGroupId::parse)?,
        name: row.get("name")?,
        role: row.get("role")?,
        visibility: parsed(row, "visibility", |text| serde_json::from_str(text).ok())?,
        priority: row.get("priority")?,
        version: row.get("version")?,
    })
}

pub fn find(r: &Reader, id: AccessGroupId) -> Result<Option<AccessGroup>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM access_groups WHERE id = ?1"))?;
    Ok(statement.query_row([id.to_string()], read).optional()?)
}

pub fn get(r: &Reader, id: AccessGroupId) -> Result<AccessGroup> {
    find(r, id)?.ok_or_else(|| Error::not_found("access group"))
}

/// By name, without regard to case.
pub fn find_by_name(r: &Reader, name: &str) -> Result<Option<AccessGroup>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM access_groups WHERE lower_name = ?1"
    ))?;
    Ok(statement.query_row([name.to_lowercase()], read).optional()?)
}

/// By priority, each with how many active people it has.
pub fn list(r: &Reader) -> Result<Vec<(AccessGroup, i64)>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS},
                (SELECT count(*) FROM people WHERE access_group_id = access_groups.id AND state = 'active') AS people
         FROM access_groups ORDER BY priority, id"
    ))?;
    let rows = statement.query_map([], |row| Ok((read(row)?, row.get("people")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Who is in it, deactivated people too.
pub fn list_people(r: &Reader, id: AccessGroupId) -> Result<Vec<PersonId>> {
    let mut statement = r.prepare_cached("SELECT id FROM people WHERE access_group_id = ?1 ORDER BY id")?;
    let rows = statement.query_map([id.to_string()], |row| parsed(row, "id", PersonId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert(w: &Writer, group: &AccessGroup, now: Timestamp) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO access_groups (id, name, lower_name, role, visibility, priority, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        params![
            group.id.to_string(),
            group.name,
            group.name.to_lowercase(),
            group.role,
            visibility(group)?,
            group.priority,
            now.0
        ],
    );
    inserted.map(drop).map_err(|cause| taken(cause, group))
}

/// `group.version` is the version that was read; it is counted up here.
pub fn update(w: &Writer, group: &AccessGroup, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE access_groups SET name = ?3, lower_name = ?4, role = ?5, visibility = ?6, priority = ?7, updated_at = ?8,
                version = version + 1
         WHERE id = ?1 AND version = ?2",
        params![
            group.id.to_string(),
            group.version,
            group.name,
            group.name.to_lowercase(),
            group.role,
            visibility(group)?,
            group.priority,
            now.0
        ],
    );
    exactly_one(changed.map_err(|cause| taken(cause, group))?, "access group")
}

/// Fails while somebody is in it.
pub fn delete(w: &Writer, id: AccessGroupId) -> Result<()> {
    let deleted = w.execute("DELETE FROM access_groups WHERE id = ?1", [id.to_string()])?;
    exactly_one(deleted, "access group")
}

fn visibility(group: &AccessGroup) -> Result<String> {
    serde_json::to_string(&group.visibility).map_err(Error::internal)
}

fn taken(cause: rusqlite::Error, group: &AccessGroup) -> Error {
    rows::taken(cause, "name", || {
        format!("There is an access group with the name {} already.", group.name)
    })
}
