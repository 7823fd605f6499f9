//! The one row of `organization`, and the one-time code of the first run.

use rusqlite::{OptionalExtension, params};

use super::rows::{exactly_one, parsed, time};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{BaseUrl, Organization, Timestamp};

/// `None` until the first run is done.
pub fn find(r: &Reader) -> Result<Option<Organization>> {
    let mut statement =
        r.prepare_cached("SELECT name, base_url, contact, settings, created_at FROM organization")?;
    let found = statement
        .query_row([], |row| {
            Ok(Organization {
                name: row.get("name")?,
                base_url: parsed(row, "base_url", |text| BaseUrl::parse(text).ok())?,
                contact: row.get("contact")?,
                settings: parsed(row, "settings", |text| serde_json::from_str(text).ok())?,
                created_at: time(row, "created_at")?,
            })
        })
        .optional()?;
    Ok(found)
}

pub fn get(r: &Reader) -> Result<Organization> {
    find(r)?.ok_or_else(|| Error::not_found("organization yet: finish the first run"))
}

pub fn insert(w: &Writer, organization: &Organization) -> Result<()> {
    w.execute(
        "INSERT INTO organization (one, name, base_url, contact, created_at, settings) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![
            organization.name,
            organization.base_url.as_str(),
            organization.contact,
            organization.created_at.0,
            settings(organization)?
        ],
    )?;
    Ok(())
}

pub fn update(w: &Writer, organization: &Organization) -> Result<()> {
    let changed = w.execute(
        "UPDATE organization SET name = ?1, base_url = ?2, contact = ?3, settings = ?4",
        params![
            organization.name,
            organization.base_url.as_str(),
            organization.contact,
            settings(organization)?
        ],
    )?;
    exactly_one(changed, "organization")
}

fn settings(organization: &Organization) -> Result<String> {
    serde_json::to_string(&organization.settings).map_err(Error::internal)
}

/// Replaces the setup code: only the newest one opens the first run.
pub fn put_setup_code(w: &Writer, code_hash: &[u8], now: Timestamp, expires_at: Timestamp) -> Result<()> {
    w.execute(
        "INSERT OR REPLACE INTO setup_codes (one, code_hash, created_at, expires_at) VALUES (1, ?1, ?2, ?3)",
        params![code_hash, now.0, expires_at.0],
    )?;
    Ok(())
}

/// The hash of the setup code that is good now.
pub fn find_setup_code(r: &Reader, now: Timestamp) -> Result<Option<Vec<u8>>> {
    let mut statement = r.prepare_cached("SELECT code_hash FROM setup_codes WHERE expires_at > ?1")?;
    Ok(statement.query_row([now.0], |row| row.get(0)).optional()?)
}

pub fn delete_setup_code(w: &Writer) -> Result<()> {
    w.execute("DELETE FROM setup_codes", [])?;
    Ok(())
}
