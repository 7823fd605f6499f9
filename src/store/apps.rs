//! `apps`: tiles on the members' home.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, exactly_one, parsed};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{App, AppId, Picture, Timestamp};

const COLUMNS: &str = "id, name, address, picture IS NOT NULL AS has_picture, version";

fn read(row: &Row) -> rusqlite::Result<App> {
    Ok(App {
        id: parsed(row, "id", AppId::parse)?,
        name: row.get("name")?,
        address: row.get("address")?,
        has_picture: row.get("has_picture")?,
        version: row.get("version")?,
    })
}

pub fn find(r: &Reader, id: AppId) -> Result<Option<App>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM apps WHERE id = ?1"))?;
    Ok(statement.query_row([id.to_string()], read).optional()?)
}

pub fn get(r: &Reader, id: AppId) -> Result<App> {
    find(r, id)?.ok_or_else(|| Error::not_found("app"))
}

/// By name, without regard to case.
pub fn find_by_name(r: &Reader, name: &str) -> Result<Option<App>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM apps WHERE lower_name = ?1"))?;
    Ok(statement.query_row([name.to_lowercase()], read).optional()?)
}

/// By name.
pub fn list(r: &Reader) -> Result<Vec<App>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM apps ORDER BY lower_name, id"))?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn picture(r: &Reader, id: AppId) -> Result<Option<Picture>> {
    let mut statement =
        r.prepare_cached("SELECT picture_type, picture FROM apps WHERE id = ?1 AND picture IS NOT NULL")?;
    let found = statement
        .query_row([id.to_string()], |row| {
            Ok(Picture {
                content_type: parsed(row, "picture_type", Picture::known_type)?,
                bytes: row.get("picture")?,
            })
        })
        .optional()?;
    Ok(found)
}

pub fn insert(w: &Writer, app: &App, now: Timestamp) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO apps (id, name, lower_name, address, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
        params![app.id.to_string(), app.name, app.name.to_lowercase(), app.address, now.0],
    );
    inserted.map(drop).map_err(|cause| taken(cause, app))
}

/// Name and address. `app.version` is the version that was read; it is counted up here.
pub fn update(w: &Writer, app: &App, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE apps SET name = ?3, lower_name = ?4, address = ?5, updated_at = ?6, version = version + 1
         WHERE id = ?1 AND version = ?2",
        params![
            app.id.to_string(),
            app.version,
            app.name,
            app.name.to_lowercase(),
            app.address,
            now.0
        ],
    );
    exactly_one(changed.map_err(|cause| taken(cause, app))?, "app")
}

/// `None` takes the picture away.
pub fn set_picture(w: &Writer, id: AppId, picture: Option<&Picture>) -> Result<()> {
    let changed = w.execute(
        "UPDATE apps SET picture_type = ?2, picture = ?3 WHERE id = ?1",
        params![
            id.to_string(),
            picture.map(|p| p.content_type),
            picture.map(|p| p.bytes.as_slice())
        ],
    )?;
    exactly_one(changed, "app")
}

pub fn delete(w: &Writer, id: AppId) -> Result<()> {
    exactly_one(
        w.execute("DELETE FROM apps WHERE id = ?1", [id.to_string()])?,
        "app",
    )
}

fn taken(cause: rusqlite::Error, app: &App) -> Error {
    rows::taken(cause, "name", || {
        format!("There is an app with the name {} already.", app.name)
    })
}
