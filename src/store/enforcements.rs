//! `enforcements`: who signs in through one connection only, from when on.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, is_duplicate, parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, Enforcement, EnforcementId, PersonId, Timestamp};

const COLUMNS: &str = "id, connection_id, domain, made_by, made_at, starts_at, started_at, waits_since, told_at, \
                       ended_at";

fn read(row: &Row) -> rusqlite::Result<Enforcement> {
    Ok(Enforcement {
        id: parsed(row, "id", EnforcementId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        domain: row.get("domain")?,
        made_by: row.get("made_by")?,
        made_at: time(row, "made_at")?,
        starts_at: time(row, "starts_at")?,
        started_at: time_option(row, "started_at")?,
        waits_since: time_option(row, "waits_since")?,
        told_at: time_option(row, "told_at")?,
        ended_at: time_option(row, "ended_at")?,
    })
}

pub fn get(r: &Reader, id: EnforcementId) -> Result<Enforcement> {
    let sql = format!("SELECT {COLUMNS} FROM enforcements WHERE id = ?1");
    let found = r
        .prepare_cached(&sql)?
        .query_row([id.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("enforcement"))
}

/// All that have not ended: an organization has a handful.
pub fn list(r: &Reader) -> Result<Vec<Enforcement>> {
    let sql = format!("SELECT {COLUMNS} FROM enforcements WHERE ended_at IS NULL ORDER BY starts_at, id");
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map([], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those of one connection that have not ended.
pub fn list_of_connection(r: &Reader, connection: ConnectionId) -> Result<Vec<Enforcement>> {
    let mut all = list(r)?;
    all.retain(|e| e.connection_id == connection);
    Ok(all)
}

/// Is anything on or planned?
pub fn any(r: &Reader) -> Result<bool> {
    Ok(
        r.prepare_cached("SELECT 1 FROM enforcements WHERE ended_at IS NULL")?
            .exists([])?,
    )
}

pub fn insert(w: &Writer, enforcement: &Enforcement) -> Result<()> {
    let inserted = w.execute(
        "INSERT INTO enforcements (id, connection_id, domain, made_by, made_at, starts_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            enforcement.id.to_string(),
            enforcement.connection_id.to_string(),
            enforcement.domain,
            enforcement.made_by,
            enforcement.made_at.0,
            enforcement.starts_at.0
        ],
    );
    inserted.map(drop).map_err(|cause| {
        if is_duplicate(&cause) {
            Error::conflict(format!(
                "An enforcement for {} through this integration exists already.",
                enforcement.whom()
            ))
        } else {
            cause.into()
        }
    })
}

pub fn touch_started(w: &Writer, id: EnforcementId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE enforcements SET started_at = ?2, waits_since = NULL
               WHERE id = ?1 AND started_at IS NULL AND ended_at IS NULL";
    exactly_one(w.execute(sql, params![id.to_string(), now.0])?, "enforcement")
}

pub fn touch_waiting(w: &Writer, id: EnforcementId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE enforcements SET waits_since = ?2
               WHERE id = ?1 AND started_at IS NULL AND ended_at IS NULL AND waits_since IS NULL";
    exactly_one(w.execute(sql, params![id.to_string(), now.0])?, "enforcement")
}

pub fn touch_told(w: &Writer, id: EnforcementId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE enforcements SET told_at = ?2 WHERE id = ?1 AND told_at IS NULL";
    exactly_one(w.execute(sql, params![id.to_string(), now.0])?, "enforcement")
}

pub fn end(w: &Writer, id: EnforcementId, by: &str, now: Timestamp) -> Result<()> {
    let sql = "UPDATE enforcements SET ended_at = ?2, ended_by = ?3 WHERE id = ?1 AND ended_at IS NULL";
    exactly_one(w.execute(sql, params![id.to_string(), now.0, by])?, "enforcement")
}

/// One active person whom an enforcement would be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affected {
    pub person: PersonId,
    /// A break-glass owner: it does not hold for them.
    pub exempt: bool,
    /// Signed in through the connection before, or was linked to it.
    pub linked: bool,
    /// The identity provider provisions them through the connection: they have an account there.
    pub known: bool,
}

const AFFECTED: &str = "SELECT p.id AS person,
        o.owns AND EXISTS (SELECT 1 FROM break_glass b WHERE b.person_id = p.id) AS exempt,
        EXISTS (SELECT 1 FROM identities i WHERE i.person_id = p.id AND i.connection_id = ?1) AS linked,
        EXISTS (SELECT 1 FROM directory_users u WHERE u.person_id = p.id AND u.connection_id = ?1
                AND u.claimed = 1 AND u.deleted_at IS NULL) AS known
    FROM people p JOIN roles o ON o.key = p.role
    WHERE p.state = 'active' AND (?2 IS NULL OR substr(p.email_key, instr(p.email_key, '@') + 1) = ?2)";

/// One page of them, ordered by name.
pub fn list_affected(
    r: &Reader,
    connection: ConnectionId,
    domain: Option<&str>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Affected>> {
    let sql = format!("{AFFECTED} ORDER BY p.sort_key, p.id LIMIT ?3 OFFSET ?4");
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params![connection.to_string(), domain, limit, offset], |row| {
        Ok(Affected {
            person: parsed(row, "person", PersonId::parse)?,
            exempt: row.get("exempt")?,
            linked: row.get("linked")?,
            known: row.get("known")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many they are, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub exempt: i64,
    pub linked: i64,
    /// With an account at the identity provider, never signed in through the connection.
    pub known: i64,
    /// Nothing says that they have an account there.
    pub unknown: i64,
}

impl Figures {
    pub fn all(&self) -> i64 {
        self.exempt + self.held()
    }

    /// Those for whom it holds.
    pub fn held(&self) -> i64 {
        self.linked + self.known + self.unknown
    }
}

pub fn count_affected(r: &Reader, connection: ConnectionId, domain: Option<&str>) -> Result<Figures> {
    let sql = format!(
        "SELECT coalesce(sum(exempt), 0) AS exempt, coalesce(sum(NOT exempt AND linked), 0) AS linked,
                coalesce(sum(NOT exempt AND NOT linked AND known), 0) AS known,
                coalesce(sum(NOT exempt AND NOT linked AND NOT known), 0) AS unknown
         FROM ({AFFECTED})"
    );
    let mut statement = r.prepare_cached(&sql)?;
    Ok(
        statement.query_row(params![connection.to_string(), domain], |row| {
            Ok(Figures {
                exempt: row.get("exempt")?,
                linked: row.get("linked")?,
                known: row.get("known")?,
                unknown: row.get("unknown")?,
            })
        })?,
    )
}

/// How many open sessions of people for whom it would hold came by another door.
pub fn count_sessions(
    r: &Reader,
    connection: ConnectionId,
    domain: Option<&str>,
    now: Timestamp,
) -> Result<i64> {
    let sql = format!(
        "SELECT count(*) FROM sessions s JOIN ({AFFECTED}) a ON a.person = s.person_id AND NOT a.exempt
         WHERE s.connection_id IS NOT ?1 AND s.expires_at > ?3"
    );
    let mut statement = r.prepare_cached(&sql)?;
    Ok(statement.query_row(params![connection.to_string(), domain, now.0], |row| row.get(0))?)
}
