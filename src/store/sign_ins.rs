//! `sign_ins`: every attempt with its trace, and at the same time the memory of requests we sent out.

use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, IdpSession, Outcome, PersonId, SignIn, SignInId, SignInKind, Timestamp};

const COLUMNS: &str = "id, reference, connection_id, kind, outcome, request_id, return_to, person_id, issuer, \
                       subject, email, given_name, family_name, problem, trace, address, user_agent, started_by, \
                       started_at, finished_at";

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    pub connection: Option<ConnectionId>,
    pub person: Option<PersonId>,
    pub outcome: Option<Outcome>,
    /// A reference, or part of an e-mail address or subject.
    pub search: String,
    /// Only attempts before the one with this reference: the next page.
    pub before: Option<String>,
}

fn read(row: &Row) -> rusqlite::Result<SignIn> {
    Ok(SignIn {
        id: parsed(row, "id", SignInId::parse)?,
        reference: row.get("reference")?,
        connection_id: parsed_option(row, "connection_id", ConnectionId::parse)?,
        kind: parsed(row, "kind", SignInKind::parse)?,
        outcome: parsed(row, "outcome", Outcome::parse)?,
        request_id: row.get("request_id")?,
        return_to: row.get("return_to")?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        issuer: row.get("issuer")?,
        subject: row.get("subject")?,
        email: row.get("email")?,
        given_name: row.get("given_name")?,
        family_name: row.get("family_name")?,
        problem: row.get("problem")?,
        trace: parsed(row, "trace", |text| serde_json::from_str(text).ok())?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        started_by: parsed_option(row, "started_by", PersonId::parse)?,
        started_at: time(row, "started_at")?,
        finished_at: time_option(row, "finished_at")?,
    })
}

/// The attempt behind an AuthnRequest of ours, with the hash of the browser that started it.
pub fn find_by_request(r: &Reader, request_id: &str) -> Result<Option<(SignIn, Vec<u8>)>> {
    find(r, "request_id", request_id)
}

/// The attempt, with the hash of the browser that it belongs to.
pub fn find_with_browser(r: &Reader, reference: &str) -> Result<Option<(SignIn, Vec<u8>)>> {
    find(r, "reference", reference)
}

fn find(r: &Reader, column: &'static str, value: &str) -> Result<Option<(SignIn, Vec<u8>)>> {
    let sql = format!("SELECT {COLUMNS}, browser_hash FROM sign_ins WHERE {column} = ?1");
    let mut statement = r.prepare_cached(&sql)?;
    let found = statement.query_row([value], |row| {
        Ok((
            read(row)?,
            row.get::<_, Option<Vec<u8>>>("browser_hash")?.unwrap_or_default(),
        ))
    });
    Ok(found.optional()?)
}

pub fn get_by_reference(r: &Reader, reference: &str) -> Result<SignIn> {
    let found = find_with_browser(r, reference)?.map(|(sign_in, _)| sign_in);
    found.ok_or_else(|| Error::not_found("sign-in; they are kept for 30 days"))
}

/// Newest first.
pub fn list(r: &Reader, narrow: &Narrow, limit: i64) -> Result<Vec<SignIn>> {
    let mut terms = vec!["1".to_owned()];
    let mut values: Vec<rusqlite::types::Value> = Vec::new();
    let mut term = |sql: &str, value: rusqlite::types::Value| {
        values.push(value);
        terms.push(sql.replace('?', &format!("?{}", values.len())));
    };
    if let Some(id) = narrow.connection {
        term("connection_id = ?", id.to_string().into());
    }
    if let Some(id) = narrow.person {
        term("person_id = ?", id.to_string().into());
    }
    if let Some(outcome) = narrow.outcome {
        term("outcome = ?", outcome.key().to_owned().into());
    }
    if let Some(before) = &narrow.before {
        term(
            "(started_at, id) < (SELECT started_at, id FROM sign_ins WHERE reference = ?)",
            before.clone().into(),
        );
    }
    if !narrow.search.is_empty() {
        term(
            "instr(lower(reference || ' ' || coalesce(email, '') || ' ' || coalesce(subject, '')), ?) > 0",
            narrow.search.to_lowercase().into(),
        );
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM sign_ins WHERE {} ORDER BY started_at DESC, id DESC LIMIT {limit}",
        terms.join(" AND ")
    );
    let mut statement = r.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many sign-ins of this browser were restarted since then.
pub fn count_restarts(r: &Reader, browser_hash: &[u8], since: Timestamp) -> Result<i64> {
    let mut statement = r.prepare_cached(
        "SELECT count(*) FROM sign_ins WHERE started_at > ?2 AND outcome = 'restarted' AND browser_hash = ?1",
    )?;
    Ok(statement.query_row(params![browser_hash, since.0], |row| row.get(0))?)
}

pub fn insert(w: &Writer, sign_in: &SignIn, browser_hash: Option<&[u8]>) -> Result<()> {
    let mut statement = w.prepare_cached(&format!(
        "INSERT INTO sign_ins ({COLUMNS}, browser_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
    ))?;
    statement.execute(params![
        sign_in.id.to_string(),
        sign_in.reference,
        sign_in.connection_id.map(|id| id.to_string()),
        sign_in.kind.key(),
        sign_in.outcome.key(),
        sign_in.request_id,
        sign_in.return_to,
        sign_in.person_id.map(|id| id.to_string()),
        sign_in.issuer,
        sign_in.subject,
        sign_in.email,
        sign_in.given_name,
        sign_in.family_name,
        sign_in.problem,
        serde_json::to_string(&sign_in.trace).map_err(Error::internal)?,
        sign_in.address,
        sign_in.user_agent,
        sign_in.started_by.map(|id| id.to_string()),
        sign_in.started_at.0,
        sign_in.finished_at.map(|at| at.0),
        browser_hash
    ])?;
    Ok(())
}

/// Writes how it ended: outcome, person, what was received, the trace.
pub fn finish(w: &Writer, sign_in: &SignIn) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE sign_ins SET outcome = ?2, person_id = ?3, issuer = ?4, subject = ?5, email = ?6, given_name = ?7,
                family_name = ?8, problem = ?9, trace = ?10, finished_at = ?11
         WHERE id = ?1",
    )?;
    let changed = statement.execute(params![
        sign_in.id.to_string(),
        sign_in.outcome.key(),
        sign_in.person_id.map(|id| id.to_string()),
        sign_in.issuer,
        sign_in.subject,
        sign_in.email,
        sign_in.given_name,
        sign_in.family_name,
        sign_in.problem,
        serde_json::to_string(&sign_in.trace).map_err(Error::internal)?,
        sign_in.finished_at.map(|at| at.0)
    ])?;
    exactly_one(changed, "sign-in")
}

pub fn delete_before(w: &Writer, at: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM sign_ins WHERE started_at < ?1", [at.0])?)
}

/// Removes the oldest attempts that strangers can cause, down to `most` that wait and `most` that ended: what was refused
/// pushes nobody out who is on their way. Returns how many went.
pub fn delete_loose_beyond(w: &Writer, most: i64) -> Result<usize> {
    let mut gone = 0;
    for which in ["= 'waiting'", "<> 'waiting'"] {
        // The first part is the condition of the index.
        let loose = format!("outcome IN ('waiting', 'restarted', 'refused') AND outcome {which}");
        let sql = format!(
            "DELETE FROM sign_ins WHERE {loose} AND started_at <=
                (SELECT started_at FROM sign_ins WHERE {loose} ORDER BY started_at DESC LIMIT 1 OFFSET ?1)"
        );
        gone += w.execute(&sql, [most])?;
    }
    Ok(gone)
}

/// Keeps the session that the browser holds while it asks: an identity provider's POST comes without that cookie.
pub fn remember_session(w: &Writer, id: SignInId, token_hash: &[u8]) -> Result<()> {
    let changed = w.execute(
        "UPDATE sign_ins SET session_hash = ?2 WHERE id = ?1",
        params![id.to_string(), token_hash],
    )?;
    exactly_one(changed, "sign-in")
}

/// The session that the browser held when it asked.
pub fn find_session(r: &Reader, id: SignInId) -> Result<Option<Vec<u8>>> {
    let mut statement = r.prepare_cached("SELECT session_hash FROM sign_ins WHERE id = ?1")?;
    let found = statement.query_row([id.to_string()], |row| row.get::<_, Option<Vec<u8>>>(0));
    Ok(found.optional()?.flatten())
}

/// Keeps what the identity provider calls this sign-in, for the session that it may still become.
pub fn remember_idp(w: &Writer, id: SignInId, idp: &IdpSession) -> Result<()> {
    let changed = w.execute(
        "UPDATE sign_ins SET idp_issuer = ?2, idp_subject = ?3, idp_session = ?4, logout_hint = ?5 WHERE id = ?1",
        params![id.to_string(), idp.issuer, idp.subject, idp.session, idp.hint],
    )?;
    exactly_one(changed, "sign-in")
}

/// What [`remember_idp`] kept; it is gone from here then.
pub fn take_idp(w: &Writer, id: SignInId) -> Result<Option<IdpSession>> {
    let mut statement = w.prepare_cached(
        "SELECT idp_issuer, idp_subject, idp_session, logout_hint FROM sign_ins
         WHERE id = ?1 AND idp_issuer IS NOT NULL AND idp_subject IS NOT NULL",
    )?;
    let found = statement.query_row([id.to_string()], |row| {
        Ok(IdpSession {
            issuer: row.get("idp_issuer")?,
            subject: row.get("idp_subject")?,
            session: row.get("idp_session")?,
            hint: row.get("logout_hint")?,
        })
    });
    let found = found.optional()?;
    w.execute(
        "UPDATE sign_ins SET idp_issuer = NULL, idp_subject = NULL, idp_session = NULL, logout_hint = NULL
         WHERE id = ?1",
        [id.to_string()],
    )?;
    Ok(found)
}

/// Tests of a connection that passed every rule and were started within these two moments, newest first.
pub fn list_good_tests(
    r: &Reader,
    connection: ConnectionId,
    since: Timestamp,
    until: Timestamp,
) -> Result<Vec<SignIn>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sign_ins
         WHERE connection_id = ?1 AND kind = 'test' AND outcome = 'succeeded' AND started_at BETWEEN ?2 AND ?3
         ORDER BY started_at DESC LIMIT 50"
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params![connection.to_string(), since.0, until.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
