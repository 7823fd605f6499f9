//! `access_requests`: people who signed in at their identity provider and found no account here.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, time};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{AccessRequestId, ConnectionId, Timestamp};

/// One person asking; what is known of them comes from a verified assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessRequest {
    pub id: AccessRequestId,
    pub connection_id: ConnectionId,
    pub issuer: String,
    pub subject: String,
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    pub reference: String,
    pub created_at: Timestamp,
}

const COLUMNS: &str =
    "id, connection_id, issuer, subject, email, given_name, family_name, reference, created_at";

fn read(row: &Row) -> rusqlite::Result<AccessRequest> {
    Ok(AccessRequest {
        id: parsed(row, "id", AccessRequestId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        issuer: row.get("issuer")?,
        subject: row.get("subject")?,
        email: row.get("email")?,
        given_name: row.get("given_name")?,
        family_name: row.get("family_name")?,
        reference: row.get("reference")?,
        created_at: time(row, "created_at")?,
    })
}

/// A request that still waits for an admin.
pub fn get_waiting(r: &Reader, id: AccessRequestId) -> Result<AccessRequest> {
    let sql = format!("SELECT {COLUMNS} FROM access_requests WHERE id = ?1 AND state = 'waiting'");
    let found = r
        .prepare_cached(&sql)?
        .query_row([id.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("request for access any more: somebody else may have decided it"))
}

/// Whether this subject has asked and waits.
pub fn is_waiting(r: &Reader, connection: ConnectionId, issuer: &str, subject: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM access_requests WHERE connection_id = ?1 AND issuer = ?2 AND subject = ?3 AND state = 'waiting'";
    let mut statement = r.prepare_cached(sql)?;
    Ok(statement.exists(params![connection.to_string(), issuer, subject])?)
}

/// The ones that wait, oldest first.
pub fn list_waiting(r: &Reader, limit: i64) -> Result<Vec<AccessRequest>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM access_requests WHERE state = 'waiting' ORDER BY created_at, id LIMIT ?1"
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count_waiting(r: &Reader) -> Result<i64> {
    let mut statement = r.prepare_cached("SELECT count(*) FROM access_requests WHERE state = 'waiting'")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Asks, or asks again: one row a subject. A request that was dismissed waits once more.
pub fn put(w: &Writer, request: &AccessRequest) -> Result<()> {
    w.execute(
        "INSERT INTO access_requests (id, connection_id, issuer, subject, email, given_name, family_name,
                                      reference, state, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'waiting', ?9)
         ON CONFLICT (connection_id, issuer, subject) DO UPDATE SET
            email = excluded.email, given_name = excluded.given_name, family_name = excluded.family_name,
            reference = excluded.reference, state = 'waiting', decided_at = NULL",
        params![
            request.id.to_string(),
            request.connection_id.to_string(),
            request.issuer,
            request.subject,
            request.email,
            request.given_name,
            request.family_name,
            request.reference,
            request.created_at.0
        ],
    )?;
    Ok(())
}

/// Ends a waiting request without an account.
pub fn dismiss(w: &Writer, id: AccessRequestId, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE access_requests SET state = 'dismissed', decided_at = ?2 WHERE id = ?1 AND state = 'waiting'",
        params![id.to_string(), now.0],
    )?;
    exactly_one(changed, "request")
}

/// This subject has an account now: what it asked for is done, if it asked.
pub fn fulfil(
    w: &Writer,
    connection: ConnectionId,
    issuer: &str,
    subject: &str,
    now: Timestamp,
) -> Result<()> {
    w.execute(
        "UPDATE access_requests SET state = 'added', decided_at = ?4
         WHERE connection_id = ?1 AND issuer = ?2 AND subject = ?3 AND state = 'waiting'",
        params![connection.to_string(), issuer, subject, now.0],
    )?;
    Ok(())
}
