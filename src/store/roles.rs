//! `roles`: the organization's ordered list of what people may do.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, exactly_one, parsed};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{PersonId, Role, Timestamp};

/// The columns of a role under names that no other table has, for whoever joins `roles`.
pub(super) const COLUMNS: &str = "roles.key AS role_key, roles.name AS role_name, roles.hint AS role_hint, \
                                  roles.permissions AS role_permissions, roles.position AS role_position, \
                                  roles.version AS role_version";

pub(super) fn read(row: &Row) -> rusqlite::Result<Role> {
    Ok(Role {
        key: row.get("role_key")?,
        name: row.get("role_name")?,
        hint: row.get("role_hint")?,
        permissions: parsed(row, "role_permissions", |text| serde_json::from_str(text).ok())?,
        position: row.get("role_position")?,
        version: row.get("role_version")?,
    })
}

fn one(r: &Reader, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Option<Role>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM roles {condition}"))?;
    Ok(statement.query_row(values, read).optional()?)
}

/// In their order, the lowest first.
pub fn list(r: &Reader) -> Result<Vec<Role>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM roles ORDER BY position, key"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// By its key, without regard to case.
pub fn find(r: &Reader, key: &str) -> Result<Option<Role>> {
    one(r, "WHERE lower_key = ?1", params![key.to_lowercase()])
}

pub fn get(r: &Reader, key: &str) -> Result<Role> {
    find(r, key)?.ok_or_else(|| Error::not_found("role"))
}

/// What somebody gets of whom nothing better is known.
pub fn lowest(r: &Reader) -> Result<Role> {
    one(r, "ORDER BY position, key LIMIT 1", &[])?.ok_or_else(|| Error::not_found("role"))
}

/// The highest of those that own the organization.
pub fn owning(r: &Reader) -> Result<Role> {
    one(r, "WHERE owns = 1 ORDER BY position DESC, key LIMIT 1", &[])?.ok_or_else(|| Error::not_found("role"))
}

/// How many people have it, by themselves or through an access group, deactivated ones too.
pub fn count_people(r: &Reader, key: &str) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM people WHERE role = ?1 OR own_role = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0))?)
}

/// Who has it, by themselves or through an access group.
pub fn list_people(r: &Reader, key: &str) -> Result<Vec<PersonId>> {
    let mut statement =
        r.prepare_cached("SELECT id FROM people WHERE role = ?1 OR own_role = ?1 ORDER BY id")?;
    let rows = statement.query_map([key], |row| parsed(row, "id", PersonId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many access groups carry it.
pub fn count_access_groups(r: &Reader, key: &str) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM access_groups WHERE role = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0))?)
}

/// From now on whoever has it has it anew: what they may do changed.
pub fn touch_people(w: &Writer, key: &str, now: Timestamp) -> Result<()> {
    w.execute(
        "UPDATE people SET role_since = ?2 WHERE role = ?1",
        params![key, now.0],
    )?;
    Ok(())
}

pub fn insert(w: &Writer, role: &Role, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO roles (key, lower_key, name, hint, permissions, owns, position, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)",
    )?;
    let inserted = statement.execute(params![
        role.key,
        role.key.to_lowercase(),
        role.name,
        role.hint,
        permissions(role)?,
        role.owns(),
        role.position,
        now.0
    ]);
    inserted.map(drop).map_err(|cause| taken(cause, role))
}

/// Writes everything but the key. `role.version` is the version that was read; it is counted up here.
pub fn update(w: &Writer, role: &Role, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE roles SET name = ?3, hint = ?4, permissions = ?5, owns = ?6, position = ?7, updated_at = ?8,
                version = version + 1
         WHERE key = ?1 AND version = ?2",
    )?;
    let changed = statement.execute(params![
        role.key,
        role.version,
        role.name,
        role.hint,
        permissions(role)?,
        role.owns(),
        role.position,
        now.0
    ])?;
    exactly_one(changed, "role")
}

/// Fails while somebody has it.
pub fn delete(w: &Writer, key: &str) -> Result<()> {
    exactly_one(w.execute("DELETE FROM roles WHERE key = ?1", [key])?, "role")
}

fn permissions(role: &Role) -> Result<String> {
    serde_json::to_string(&role.permissions).map_err(Error::internal)
}

fn taken(cause: rusqlite::Error, role: &Role) -> Error {
    rows::taken(cause, "key", || {
        format!("There is a role with the key {} already.", role.key)
    })
}
