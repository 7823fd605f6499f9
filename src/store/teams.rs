//! `teams`: a person is in one or in none.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{self, exactly_one, parsed};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{PersonId, Team, TeamId, Timestamp};

const COLUMNS: &str = "id, name, version";

fn read(row: &Row) -> rusqlite::Result<Team> {
    Ok(Team {
        id: parsed(row, "id", TeamId::parse)?,
        name: row.get("name")?,
        version: row.get("version")?,
    })
}

pub fn find(r: &Reader, id: TeamId) -> Result<Option<Team>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM teams WHERE id = ?1"))?;
    Ok(statement.query_row([id.to_string()], read).optional()?)
}

pub fn get(r: &Reader, id: TeamId) -> Result<Team> {
    find(r, id)?.ok_or_else(|| Error::not_found("team"))
}

/// By its exact name.
pub fn find_by_name(r: &Reader, name: &str) -> Result<Option<Team>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM teams WHERE name = ?1"))?;
    Ok(statement.query_row([name], read).optional()?)
}

/// By name, each with how many active people it has.
pub fn list(r: &Reader) -> Result<Vec<(Team, i64)>> {
    let mut statement = r.prepare_cached(
        "SELECT id, name, version,
                (SELECT count(*) FROM people WHERE team_id = teams.id AND state = 'active') AS people
         FROM teams ORDER BY lower(name), id",
    )?;
    let rows = statement.query_map([], |row| Ok((read(row)?, row.get("people")?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Who is in it, deactivated people too.
pub fn list_people(r: &Reader, id: TeamId) -> Result<Vec<PersonId>> {
    let mut statement = r.prepare_cached("SELECT id FROM people WHERE team_id = ?1 ORDER BY id")?;
    let rows = statement.query_map([id.to_string()], |row| parsed(row, "id", PersonId::parse))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert(w: &Writer, team: &Team, now: Timestamp) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO teams (id, name, created_at, updated_at) VALUES (?1, ?2, ?3, ?3)",
        params![team.id.to_string(), team.name, now.0],
    );
    inserted.map(drop).map_err(|cause| taken(cause, team))
}

/// `team.version` is the version that was read; it is counted up here.
pub fn update(w: &Writer, team: &Team, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE teams SET name = ?3, updated_at = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
        params![team.id.to_string(), team.version, team.name, now.0],
    );
    exactly_one(changed.map_err(|cause| taken(cause, team))?, "team")
}

/// Its people are in no team afterwards.
pub fn delete(w: &Writer, id: TeamId) -> Result<()> {
    let deleted = w.execute("DELETE FROM teams WHERE id = ?1", [id.to_string()])?;
    exactly_one(deleted, "team")
}

fn taken(cause: rusqlite::Error, team: &Team) -> Error {
    rows::taken(cause, "name", || {
        format!("There is a team with the name {} already.", team.name)
    })
}
