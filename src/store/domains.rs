//! `connection_domains` in full, and `domain_claims`: domains that wait for their TXT record.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{ConnectionId, Timestamp};

/// A domain for which a connection speaks, and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    pub domain: String,
    pub connection_id: ConnectionId,
    /// `owner` or `dns`.
    pub how: String,
    pub confirmed_by: String,
    pub confirmed_at: Timestamp,
    /// What the TXT record says; only for `dns`.
    pub token: Option<String>,
    pub checked_at: Option<Timestamp>,
    /// Why the record was not found when we looked last.
    pub problem: Option<String>,
}

/// A domain that waits for its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub domain: String,
    pub connection_id: ConnectionId,
    pub token: String,
    pub asked_by: String,
    pub asked_at: Timestamp,
    pub checked_at: Option<Timestamp>,
    /// What the last look found, in words.
    pub problem: Option<String>,
}

const CONFIRMED: &str = "domain, connection_id, how, confirmed_by, confirmed_at, token, checked_at, problem";
const CLAIM: &str = "domain, connection_id, token, asked_by, asked_at, checked_at, problem";

fn read_confirmed(row: &Row) -> rusqlite::Result<Confirmed> {
    Ok(Confirmed {
        domain: row.get("domain")?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        how: row.get("how")?,
        confirmed_by: row.get("confirmed_by")?,
        confirmed_at: time(row, "confirmed_at")?,
        token: row.get("token")?,
        checked_at: time_option(row, "checked_at")?,
        problem: row.get("problem")?,
    })
}

fn read_claim(row: &Row) -> rusqlite::Result<Claim> {
    Ok(Claim {
        domain: row.get("domain")?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        token: row.get("token")?,
        asked_by: row.get("asked_by")?,
        asked_at: time(row, "asked_at")?,
        checked_at: time_option(row, "checked_at")?,
        problem: row.get("problem")?,
    })
}

/// The domains of a connection, in order.
pub fn list_confirmed(r: &Reader, id: ConnectionId) -> Result<Vec<Confirmed>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {CONFIRMED} FROM connection_domains WHERE connection_id = ?1 ORDER BY domain"
    ))?;
    let rows = statement.query_map([id.to_string()], read_confirmed)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Those whose record was not looked for since `before`.
pub fn list_confirmed_due(r: &Reader, before: Timestamp) -> Result<Vec<Confirmed>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {CONFIRMED} FROM connection_domains
         WHERE how = 'dns' AND coalesce(checked_at, confirmed_at) < ?1 ORDER BY checked_at LIMIT 50"
    ))?;
    let rows = statement.query_map([before.0], read_confirmed)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many records were gone when we looked last, by connection.
pub fn count_gone(r: &Reader) -> Result<Vec<(ConnectionId, i64)>> {
    let mut statement = r.prepare_cached(
        "SELECT connection_id, count(*) AS gone FROM connection_domains
         WHERE problem IS NOT NULL GROUP BY connection_id",
    )?;
    let rows = statement.query_map([], |row| {
        let id = parsed(row, "connection_id", ConnectionId::parse)?;
        Ok((id, row.get("gone")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes which record proved a domain that was confirmed just now.
pub fn put_token(w: &Writer, id: ConnectionId, domain: &str, token: &str, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE connection_domains SET token = ?3, checked_at = ?4 WHERE connection_id = ?1 AND domain = ?2",
        params![id.to_string(), domain, token, now.0],
    )?;
    exactly_one(changed, "domain")
}

/// What another look at the record of a confirmed domain found; no row is left when it was withdrawn meanwhile.
pub fn touch_confirmed(w: &Writer, seen: &Confirmed, problem: Option<&str>, now: Timestamp) -> Result<()> {
    w.execute(
        "UPDATE connection_domains SET checked_at = ?4, problem = ?5
         WHERE connection_id = ?1 AND domain = ?2 AND token IS ?3",
        params![
            seen.connection_id.to_string(),
            seen.domain,
            seen.token,
            now.0,
            problem
        ],
    )?;
    Ok(())
}

/// The claims of a connection, in order.
pub fn list_claims(r: &Reader, id: ConnectionId) -> Result<Vec<Claim>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {CLAIM} FROM domain_claims WHERE connection_id = ?1 ORDER BY domain"
    ))?;
    let rows = statement.query_map([id.to_string()], read_claim)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn find_claim(r: &Reader, id: ConnectionId, domain: &str) -> Result<Option<Claim>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {CLAIM} FROM domain_claims WHERE connection_id = ?1 AND domain = ?2"
    ))?;
    Ok(statement
        .query_row(params![id.to_string(), domain], read_claim)
        .optional()?)
}

/// Claims made since `asked_after`, and not looked at since `checked_before`.
pub fn list_claims_due(r: &Reader, asked_after: Timestamp, checked_before: Timestamp) -> Result<Vec<Claim>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {CLAIM} FROM domain_claims
         WHERE asked_at > ?1 AND coalesce(checked_at, asked_at) < ?2 ORDER BY checked_at LIMIT 50"
    ))?;
    let rows = statement.query_map([asked_after.0, checked_before.0], read_claim)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert_claim(w: &Writer, claim: &Claim) -> Result<()> {
    w.execute(
        "INSERT INTO domain_claims (domain, connection_id, token, asked_by, asked_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            claim.domain,
            claim.connection_id.to_string(),
            claim.token,
            claim.asked_by,
            claim.asked_at.0
        ],
    )?;
    Ok(())
}

/// What the last look found.
pub fn touch_claim(w: &Writer, claim: &Claim, problem: &str, now: Timestamp) -> Result<()> {
    w.execute(
        "UPDATE domain_claims SET checked_at = ?3, problem = ?4 WHERE connection_id = ?1 AND domain = ?2",
        params![claim.connection_id.to_string(), claim.domain, now.0, problem],
    )?;
    Ok(())
}

/// Whether there was one.
pub fn delete_claim(w: &Writer, id: ConnectionId, domain: &str) -> Result<bool> {
    let changed = w.execute(
        "DELETE FROM domain_claims WHERE connection_id = ?1 AND domain = ?2",
        params![id.to_string(), domain],
    )?;
    Ok(changed == 1)
}
