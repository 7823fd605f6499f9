//! `connections` and the e-mail domains that were confirmed for them.

use std::sync::Arc;

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, parsed_option, taken, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{Connection, ConnectionId, Slug, Timestamp};

const COLUMNS: &str = "id, slug, provider, name, enabled, saml, oidc, scim, mapping, jit, version, created_at, updated_at, tested_at, \
                       (SELECT json_extract(settings, '$.features') FROM organization) AS features";

fn read(row: &Row) -> rusqlite::Result<Connection> {
    Ok(Connection {
        id: parsed(row, "id", ConnectionId::parse)?,
        slug: parsed(row, "slug", |text| Slug::parse(text).ok())?,
        provider: row.get("provider")?,
        name: row.get("name")?,
        enabled: row.get("enabled")?,
        saml: parsed(row, "saml", |text| serde_json::from_str(text).ok())?,
        oidc: parsed(row, "oidc", |text| serde_json::from_str(text).ok())?,
        scim: parsed(row, "scim", |text| serde_json::from_str(text).ok())?,
        mapping: parsed(row, "mapping", |text| serde_json::from_str(text).ok())?,
        jit: parsed(row, "jit", |text| serde_json::from_str(text).ok())?,
        version: row.get("version")?,
        created_at: time(row, "created_at")?,
        updated_at: time(row, "updated_at")?,
        tested_at: time_option(row, "tested_at")?,
        features: parsed_option(row, "features", |text| serde_json::from_str(text).ok())?.unwrap_or_default(),
    })
}

pub fn find_by_slug(r: &Reader, slug: &str) -> Result<Option<Connection>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM connections WHERE slug = ?1"))?;
    Ok(statement.query_row([slug], read).optional()?)
}

pub fn get_by_slug(r: &Reader, slug: &str) -> Result<Connection> {
    find_by_slug(r, slug)?.ok_or_else(|| Error::not_found("integration"))
}

pub fn find(r: &Reader, id: ConnectionId) -> Result<Option<Connection>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM connections WHERE id = ?1"))?;
    Ok(statement.query_row([id.to_string()], read).optional()?)
}

pub fn get(r: &Reader, id: ConnectionId) -> Result<Connection> {
    find(r, id)?.ok_or_else(|| Error::not_found("integration"))
}

/// Which connection has this slug, and which version of it: for whoever knows that one already.
pub fn find_version_by_slug(r: &Reader, slug: &str) -> Result<Option<(ConnectionId, i64)>> {
    let mut statement = r.prepare_cached("SELECT id, version FROM connections WHERE slug = ?1")?;
    let found = statement.query_row([slug], |row| {
        Ok((parsed(row, "id", ConnectionId::parse)?, row.get("version")?))
    });
    Ok(found.optional()?)
}

/// A connection as it is now, whose settings are read only when they are no more what they were in `known`.
/// `tested_at`, which is no setting, may be older.
pub fn find_again(r: &Reader, known: &Arc<Connection>) -> Result<Option<Arc<Connection>>> {
    let mut statement = r.prepare_cached("SELECT version FROM connections WHERE id = ?1")?;
    let version = statement.query_row([known.id.to_string()], |row| row.get::<_, i64>(0));
    match version.optional()? {
        Some(version) if version == known.version => Ok(Some(known.clone())),
        Some(_) => Ok(find(r, known.id)?.map(Arc::new)),
        None => Ok(None),
    }
}

pub fn get_name(r: &Reader, id: ConnectionId) -> Result<String> {
    let mut statement = r.prepare_cached("SELECT name FROM connections WHERE id = ?1")?;
    let name = statement.query_row([id.to_string()], |row| row.get(0));
    name.optional()?.ok_or_else(|| Error::not_found("integration"))
}

/// All of them by name: an organization has a handful.
pub fn list(r: &Reader) -> Result<Vec<Connection>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM connections ORDER BY lower(name), slug"
    ))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those with provisioning on.
pub fn list_provisioned(r: &Reader) -> Result<Vec<ConnectionId>> {
    let mut statement =
        r.prepare_cached("SELECT id FROM connections WHERE json_extract(scim, '$.enabled') = 1 ORDER BY id")?;
    let rows = statement.query_map([], |row| parsed(row, "id", ConnectionId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert(w: &Writer, connection: &Connection) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO connections (id, slug, provider, name, enabled, saml, version, created_at, updated_at,
                                  scim, oidc, mapping, jit)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        params![
            connection.id.to_string(),
            connection.slug.as_str(),
            connection.provider,
            connection.name,
            connection.enabled,
            json(&connection.saml)?,
            connection.version,
            connection.created_at.0,
            connection.updated_at.0,
            json(&connection.scim)?,
            json(&connection.oidc)?,
            json(&connection.mapping)?,
            json(&connection.jit)?
        ],
    );
    inserted.map(drop).map_err(|cause| {
        taken(cause, "slug", || {
            format!(
                "An integration with the short name \"{}\" exists already.",
                connection.slug
            )
        })
    })
}

/// Writes everything but id and slug, which stand in the identity provider's settings.
pub fn update(w: &Writer, connection: &Connection) -> Result<()> {
    let changed = w.execute(
        "UPDATE connections SET provider = ?3, name = ?4, enabled = ?5, saml = ?6, updated_at = ?7, tested_at = ?8,
                scim = ?9, oidc = ?10, mapping = ?11, jit = ?12, version = version + 1
         WHERE id = ?1 AND version = ?2",
        params![
            connection.id.to_string(),
            connection.version,
            connection.provider,
            connection.name,
            connection.enabled,
            json(&connection.saml)?,
            connection.updated_at.0,
            connection.tested_at.map(|at| at.0),
            json(&connection.scim)?,
            json(&connection.oidc)?,
            json(&connection.mapping)?,
            json(&connection.jit)?
        ],
    )?;
    exactly_one(changed, "integration")
}

/// Remembers a good test without counting the version up: no setting changed.
pub fn touch_tested(w: &Writer, id: ConnectionId, version: i64, now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "UPDATE connections SET tested_at = ?3 WHERE id = ?1 AND version = ?2",
        params![id.to_string(), version, now.0],
    )?;
    Ok(changed == 1)
}

/// Counts every version up: what was read along with the rows is another one now.
pub fn touch_all(w: &Writer) -> Result<usize> {
    Ok(w.execute("UPDATE connections SET version = version + 1", [])?)
}

pub fn delete(w: &Writer, id: ConnectionId) -> Result<()> {
    exactly_one(
        w.execute("DELETE FROM connections WHERE id = ?1", [id.to_string()])?,
        "integration",
    )
}

fn json(settings: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(settings).map_err(Error::internal)
}

/// The domains for which this connection speaks, in order.
pub fn list_domains(r: &Reader, id: ConnectionId) -> Result<Vec<String>> {
    let mut statement =
        r.prepare_cached("SELECT domain FROM connection_domains WHERE connection_id = ?1 ORDER BY domain")?;
    let rows = statement.query_map([id.to_string()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The connections that speak for a domain, in the order of their confirmation.
pub fn list_by_domain(r: &Reader, domain: &str) -> Result<Vec<ConnectionId>> {
    let mut statement = r.prepare_cached(
        "SELECT connection_id FROM connection_domains WHERE domain = ?1 ORDER BY confirmed_at, connection_id",
    )?;
    let rows = statement.query_map([domain], |row| parsed(row, "connection_id", ConnectionId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Was it proved that this connection speaks for the domain?
pub fn speaks_for(r: &Reader, id: ConnectionId, domain: &str) -> Result<bool> {
    let mut statement =
        r.prepare_cached("SELECT 1 FROM connection_domains WHERE domain = ?1 AND connection_id = ?2")?;
    Ok(statement.exists(params![domain, id.to_string()])?)
}

/// `how`: `owner` (an owner's word) or `dns` (a TXT record).
pub fn insert_domain(
    w: &Writer,
    id: ConnectionId,
    domain: &str,
    how: &str,
    by: &str,
    now: Timestamp,
) -> Result<()> {
    w.execute(
        "INSERT INTO connection_domains (domain, connection_id, how, confirmed_by, confirmed_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![domain, id.to_string(), how, by, now.0],
    )?;
    Ok(())
}

pub fn delete_domain(w: &Writer, id: ConnectionId, domain: &str) -> Result<()> {
    let changed = w.execute(
        "DELETE FROM connection_domains WHERE connection_id = ?1 AND domain = ?2",
        params![id.to_string(), domain],
    )?;
    exactly_one(changed, "domain")
}
