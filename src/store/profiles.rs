//! `people.profile` and `people.sources`, and the fields that the organization defines (`profile_fields`).

use rusqlite::{OptionalExtension, params};

use super::rows::{exactly_one, parsed, taken};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::profile::{Profile, ProfileField};
use crate::model::{PersonId, Timestamp};

pub fn get(r: &Reader, person: PersonId) -> Result<Profile> {
    let mut statement = r.prepare_cached("SELECT profile, sources FROM people WHERE id = ?1")?;
    let found = statement.query_row([person.to_string()], |row| {
        Ok(Profile {
            fields: parsed(row, "profile", |text| serde_json::from_str(text).ok())?,
            sources: parsed(row, "sources", |text| serde_json::from_str(text).ok())?,
        })
    });
    found.optional()?.ok_or_else(|| Error::not_found("person"))
}

/// Writes it without counting the person's version up: for somebody made a moment ago, or where only sources changed.
pub fn put(w: &Writer, person: PersonId, profile: &Profile) -> Result<()> {
    let mut statement = w.prepare_cached("UPDATE people SET profile = ?2, sources = ?3 WHERE id = ?1")?;
    let (fields, sources) = texts(profile)?;
    exactly_one(
        statement.execute(params![person.to_string(), fields, sources])?,
        "person",
    )
}

/// Writes it as a change of the person. `version` is the version that was read.
pub fn update(w: &Writer, person: PersonId, version: i64, profile: &Profile, now: Timestamp) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE people SET profile = ?3, sources = ?4, updated_at = ?5, version = version + 1
         WHERE id = ?1 AND version = ?2",
    )?;
    let (fields, sources) = texts(profile)?;
    let changed = statement.execute(params![person.to_string(), version, fields, sources, now.0])?;
    exactly_one(changed, "person")
}

fn texts(profile: &Profile) -> Result<(String, String)> {
    let fields = serde_json::to_string(&profile.fields).map_err(Error::internal)?;
    let sources = serde_json::to_string(&profile.sources).map_err(Error::internal)?;
    Ok((fields, sources))
}

/// The fields that the organization defines, by label.
pub fn list_fields(r: &Reader) -> Result<Vec<ProfileField>> {
    let mut statement =
        r.prepare_cached("SELECT key, label FROM profile_fields ORDER BY lower(label), key")?;
    let rows = statement.query_map([], |row| {
        Ok(ProfileField {
            key: row.get("key")?,
            label: row.get("label")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert_field(w: &Writer, field: &ProfileField, now: Timestamp) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO profile_fields (key, label, created_at) VALUES (?1, ?2, ?3)",
        params![field.key, field.label, now.0],
    );
    inserted.map(drop).map_err(|cause| {
        taken(cause, "key", || {
            format!("There is a field {} already.", field.key)
        })
    })
}

pub fn update_field(w: &Writer, field: &ProfileField) -> Result<()> {
    let changed = w.execute(
        "UPDATE profile_fields SET label = ?2 WHERE key = ?1",
        params![field.key, field.label],
    )?;
    exactly_one(changed, "field")
}
