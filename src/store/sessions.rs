//! `sessions`: signed-in browsers, found by the hash of their token.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{parsed, parsed_option, time};
use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{ConnectionId, IdpSession, Method, PersonId, Session, SessionId, Timestamp};

const COLUMNS: &str = "id, person_id, connection_id, method, signed_in_at, proved_at, strong, last_seen_at, expires_at, \
                       issuer, subject, idp_session, logout_hint, address, user_agent";

fn read(row: &Row) -> rusqlite::Result<Session> {
    Ok(Session {
        id: parsed(row, "id", SessionId::parse)?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        connection_id: parsed_option(row, "connection_id", ConnectionId::parse)?,
        method: parsed(row, "method", Method::parse)?,
        signed_in_at: time(row, "signed_in_at")?,
        proved_at: time(row, "proved_at")?,
        strong: row.get("strong")?,
        last_seen_at: time(row, "last_seen_at")?,
        expires_at: time(row, "expires_at")?,
        idp: read_idp(row)?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
    })
}

fn read_idp(row: &Row) -> rusqlite::Result<Option<IdpSession>> {
    let (issuer, subject): (Option<String>, Option<String>) = (row.get("issuer")?, row.get("subject")?);
    let (Some(issuer), Some(subject)) = (issuer, subject) else {
        return Ok(None);
    };
    Ok(Some(IdpSession {
        issuer,
        subject,
        session: row.get("idp_session")?,
        hint: row.get("logout_hint")?,
    }))
}

pub fn find(r: &Reader, token_hash: &[u8]) -> Result<Option<Session>> {
    let mut statement = r.prepare_cached(&format!("SELECT {COLUMNS} FROM sessions WHERE token_hash = ?1"))?;
    Ok(statement.query_row([token_hash], read).optional()?)
}

/// A person's sessions that have not expired, newest first.
pub fn list_of_person(r: &Reader, person: PersonId, now: Timestamp) -> Result<Vec<Session>> {
    let mut statement = r.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM sessions WHERE person_id = ?1 AND expires_at > ?2 ORDER BY signed_in_at DESC"
    ))?;
    let rows = statement.query_map(params![person.to_string(), now.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn count_of_connection(r: &Reader, connection: ConnectionId, now: Timestamp) -> Result<i64> {
    let mut statement =
        r.prepare_cached("SELECT count(*) FROM sessions WHERE connection_id = ?1 AND expires_at > ?2")?;
    Ok(statement.query_row(params![connection.to_string(), now.0], |row| row.get(0))?)
}

pub fn insert(w: &Writer, token_hash: &[u8], session: &Session) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO sessions (token_hash, id, person_id, connection_id, method, signed_in_at, last_seen_at,
                               expires_at, address, user_agent, proved_at, strong, issuer, subject, idp_session,
                               logout_hint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?;
    let idp = session.idp.as_ref();
    statement.execute(params![
        token_hash,
        session.id.to_string(),
        session.person_id.to_string(),
        session.connection_id.map(|id| id.to_string()),
        session.method.key(),
        session.signed_in_at.0,
        session.last_seen_at.0,
        session.expires_at.0,
        session.address,
        session.user_agent,
        session.proved_at.0,
        session.strong,
        idp.map(|idp| &idp.issuer),
        idp.map(|idp| &idp.subject),
        idp.and_then(|idp| idp.session.as_ref()),
        idp.and_then(|idp| idp.hint.as_ref())
    ])?;
    Ok(())
}

/// Never moves back: of two requests at once, the later one counts.
pub fn touch(w: &Writer, token_hash: &[u8], now: Timestamp) -> Result<()> {
    let mut statement =
        w.prepare_cached("UPDATE sessions SET last_seen_at = max(last_seen_at, ?2) WHERE token_hash = ?1")?;
    statement.execute(params![token_hash, now.0])?;
    Ok(())
}

/// Gives the session a new token and a new proof; the old token opens nothing from then on. False when it is gone.
pub fn renew(
    w: &Writer,
    old_hash: &[u8],
    new_hash: &[u8],
    proved_at: Timestamp,
    strong: bool,
) -> Result<bool> {
    let mut statement = w.prepare_cached(
        "UPDATE sessions SET token_hash = ?2, proved_at = ?3, strong = max(strong, ?4) WHERE token_hash = ?1",
    )?;
    Ok(statement.execute(params![old_hash, new_hash, proved_at.0, strong])? == 1)
}

/// Ends one session of this person; false when it is not theirs or gone already.
pub fn delete_one(w: &Writer, id: SessionId, person: PersonId) -> Result<bool> {
    let mut statement = w.prepare_cached("DELETE FROM sessions WHERE id = ?1 AND person_id = ?2")?;
    Ok(statement.execute(params![id.to_string(), person.to_string()])? == 1)
}

/// Ends every session of a person but one; returns how many there were.
pub fn delete_others(w: &Writer, person: PersonId, kept: SessionId) -> Result<usize> {
    let mut statement = w.prepare_cached("DELETE FROM sessions WHERE person_id = ?1 AND id <> ?2")?;
    Ok(statement.execute(params![person.to_string(), kept.to_string()])?)
}

pub fn delete(w: &Writer, token_hash: &[u8]) -> Result<bool> {
    Ok(w.execute("DELETE FROM sessions WHERE token_hash = ?1", [token_hash])? == 1)
}

/// Ends every session of a person; returns how many there were.
pub fn delete_of_person(w: &Writer, person: PersonId) -> Result<usize> {
    Ok(w.execute("DELETE FROM sessions WHERE person_id = ?1", [person.to_string()])?)
}

/// Ends every session that came through a connection; returns how many there were.
pub fn delete_of_connection(w: &Writer, connection: ConnectionId) -> Result<usize> {
    Ok(w.execute(
        "DELETE FROM sessions WHERE connection_id = ?1",
        [connection.to_string()],
    )?)
}

pub fn delete_expired(w: &Writer, now: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now.0])?)
}
