//! `scim_requests`: the log of what SCIM clients asked.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, ToSql, params, params_from_iter};

use super::rows::{parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, CredentialId, ScimRequestId, Timestamp};

/// One kept request. JSON columns are text here.
#[derive(Clone, Debug, PartialEq)]
pub struct ScimRequest {
    pub id: ScimRequestId,
    pub reference: String,
    pub connection_id: ConnectionId,
    pub credential_id: Option<CredentialId>,
    pub credential_label: String,
    pub at: Timestamp,
    pub method: String,
    /// Behind `/v2`, such as `/Users/…`.
    pub path: String,
    pub query: String,
    /// JSON object: `content_type`, `if_match`, `if_none_match`.
    pub headers: String,
    pub address: String,
    pub user_agent: String,
    pub body: Option<String>,
    /// The body was too large to be kept whole: it cannot be replayed.
    pub body_cut: bool,
    pub understood: String,
    pub status: u16,
    pub answer: Option<String>,
    /// JSON array of `flows::provision::Effect`.
    pub effects: String,
    /// JSON array of text.
    pub notes: String,
    pub took_us: i64,
    pub replay_of: Option<ScimRequestId>,
}

/// What the list is narrowed to.
#[derive(Clone, Debug, Default)]
pub struct Narrow {
    /// Every word must occur in path, query, body, answer, notes or reference.
    pub search: String,
    pub method: Option<String>,
    /// Only refusals (status 400 and above).
    pub failed: bool,
    /// Only what did something to a person, or ignored something.
    pub with_effect: bool,
    /// Rows before this one, for the next page.
    pub before: Option<(Timestamp, ScimRequestId)>,
}

const COLUMNS: &str = "id, reference, connection_id, credential_id, credential_label, at, method, path, query, \
                       headers, address, user_agent, body, body_cut, understood, status, answer, effects, notes, \
                       took_us, replay_of";
/// So many of the newest rows are searched through, so that a rare word costs a moment and not a minute.
const SEARCHED: usize = 200_000;
/// More words than this are not looked for.
const WORDS: usize = 8;

fn read(row: &Row) -> rusqlite::Result<ScimRequest> {
    Ok(ScimRequest {
        id: parsed(row, "id", ScimRequestId::parse)?,
        reference: row.get("reference")?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        credential_id: parsed_option(row, "credential_id", CredentialId::parse)?,
        credential_label: row.get("credential_label")?,
        at: time(row, "at")?,
        method: row.get("method")?,
        path: row.get("path")?,
        query: row.get("query")?,
        headers: row.get("headers")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        body: row.get("body")?,
        body_cut: row.get("body_cut")?,
        understood: row.get("understood")?,
        status: row.get("status")?,
        answer: row.get("answer")?,
        effects: row.get("effects")?,
        notes: row.get("notes")?,
        took_us: row.get("took_us")?,
        replay_of: parsed_option(row, "replay_of", ScimRequestId::parse)?,
    })
}

/// Newest first.
pub fn list(r: &Reader, connection: ConnectionId, narrow: &Narrow, limit: usize) -> Result<Vec<ScimRequest>> {
    let mut inner = vec!["connection_id = ?".to_owned()];
    let mut values: Vec<Value> = vec![connection.to_string().into()];
    if let Some((at, id)) = narrow.before {
        inner.push("(at, id) < (?, ?)".to_owned());
        values.extend([at.0.into(), id.to_string().into()]);
    }
    let mut outer = vec!["1".to_owned()];
    if let Some(method) = &narrow.method {
        outer.push("method = ?".to_owned());
        values.push(method.clone().into());
    }
    if narrow.failed {
        outer.push("status >= 400".to_owned());
    }
    if narrow.with_effect {
        outer.push("(effects <> '[]' OR notes <> '[]')".to_owned());
    }
    for word in narrow.search.split_whitespace().take(WORDS) {
        let (term, spellings) = containing(word);
        outer.push(term);
        values.extend(spellings.into_iter().map(Value::from));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM (SELECT * FROM scim_requests WHERE {} ORDER BY at DESC, id DESC LIMIT {SEARCHED})
         WHERE {} ORDER BY at DESC, id DESC LIMIT {limit}",
        inner.join(" AND "),
        outer.join(" AND ")
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The term that looks for a word, and its spellings: SQLite folds ASCII alone, so that a word with other letters is
/// looked for as it was typed, in lower case, and with a capital.
fn containing(word: &str) -> (String, Vec<String>) {
    let lower = word.to_lowercase();
    let mut rest = lower.chars();
    let capital = rest.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + rest.as_str()
    });
    let mut spellings = vec![lower];
    for other in [word.to_owned(), capital] {
        let folded = other.to_ascii_lowercase();
        if !spellings.contains(&folded) {
            spellings.push(folded);
        }
    }
    let text = "lower(path || ' ' || query || ' ' || reference || ' ' || notes || ' ' || ifnull(body, '') || ' ' || \
                ifnull(answer, ''))";
    let terms: Vec<String> = spellings
        .iter()
        .map(|_| format!("instr({text}, ?) > 0"))
        .collect();
    (format!("({})", terms.join(" OR ")), spellings)
}

/// One thing that a request did to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Did {
    pub id: ScimRequestId,
    pub reference: String,
    pub at: Timestamp,
    /// JSON.
    pub effect: String,
}

/// So many people of one request are named; its page has all.
const NAMED: i64 = 20;

/// What the newest requests did to people, those of `limit` requests that did anything of this kind (empty: anything),
/// behind the place `before`.
pub fn list_done(
    r: &Reader,
    connection: ConnectionId,
    kind: &str,
    before: Option<(Timestamp, ScimRequestId)>,
    limit: i64,
) -> Result<Vec<Did>> {
    let (at, id) = before.map_or((i64::MAX, String::new()), |(at, id)| (at.0, id.to_string()));
    let fits = "(e.value ->> '$.what' = ?2 OR (?2 = '' AND e.value ->> '$.what' <> 'none'))";
    let sql = format!(
        "SELECT d.id, d.reference, d.at, e.value AS effect FROM (
            SELECT id, reference, at, effects FROM (
                SELECT id, reference, at, effects FROM scim_requests
                WHERE connection_id = ?1 AND (at, id) < (?3, ?4) ORDER BY at DESC, id DESC LIMIT {SEARCHED})
            WHERE effects <> '[]' AND EXISTS (SELECT 1 FROM json_each(effects) e WHERE {fits})
            ORDER BY at DESC, id DESC LIMIT ?5) d, json_each(d.effects) e
         WHERE {fits} AND e.key < {NAMED} ORDER BY d.at DESC, d.id DESC, e.key"
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params![connection.to_string(), kind, at, id, limit], |row| {
        Ok(Did {
            id: parsed(row, "id", ScimRequestId::parse)?,
            reference: row.get("reference")?,
            at: time(row, "at")?,
            effect: row.get("effect")?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// `NotFound` when it is another connection's.
pub fn get(r: &Reader, connection: ConnectionId, id: ScimRequestId) -> Result<ScimRequest> {
    let sql = format!("SELECT {COLUMNS} FROM scim_requests WHERE connection_id = ?1 AND at = ?2 AND id = ?3");
    let found = r
        .prepare_cached(&sql)?
        .query_row(params![connection.to_string(), id.at().0, id.to_string()], read)
        .optional()?;
    found.ok_or_else(|| Error::not_found("request"))
}

/// Keeps a request, and moves the connection's milestones.
pub fn insert(w: &Writer, row: &ScimRequest) -> Result<()> {
    let mut statement = w.prepare_cached(&format!(
        "INSERT INTO scim_requests ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"
    ))?;
    statement.execute(params![
        row.id.to_string(),
        row.reference,
        row.connection_id.to_string(),
        row.credential_id.map(|id| id.to_string()),
        row.credential_label,
        row.at.0,
        row.method,
        row.path,
        row.query,
        row.headers,
        row.address,
        row.user_agent,
        row.body,
        row.body_cut,
        row.understood,
        row.status,
        row.answer,
        row.effects,
        row.notes,
        row.took_us,
        row.replay_of.map(|id| id.to_string()),
    ])?;
    pass_milestones(w, row)
}

/// An admin's replay is no sign of life of the identity provider.
fn pass_milestones(w: &Writer, row: &ScimRequest) -> Result<()> {
    if row.replay_of.is_some() {
        return Ok(());
    }
    let at = Some(row.at.0);
    let good = at.filter(|_| row.credential_id.is_some());
    let writes = matches!(row.method.as_str(), "POST" | "PUT" | "PATCH") && (200..300).contains(&row.status);
    let first_word = row.path.trim_matches('/').split('/').next().unwrap_or_default();
    let is_search = row.path.ends_with("/.search");
    let wrote =
        |endpoint: &str| good.filter(|_| writes && !is_search && first_word.eq_ignore_ascii_case(endpoint));
    let mut statement = w.prepare_cached(
        "INSERT INTO scim_milestones (connection_id, first_request, credentials_good, first_user, first_group,
                                      last_contact)
         VALUES (?1, ?2, ?3, ?4, ?5, ?3)
         ON CONFLICT DO UPDATE SET
            credentials_good = coalesce(credentials_good, excluded.credentials_good),
            first_user = coalesce(first_user, excluded.first_user),
            first_group = coalesce(first_group, excluded.first_group),
            last_contact = max(coalesce(last_contact, excluded.last_contact),
                               coalesce(excluded.last_contact, last_contact))",
    )?;
    statement.execute(params![
        row.connection_id.to_string(),
        row.at.0,
        good,
        wrote("Users"),
        wrote("Groups")
    ])?;
    Ok(())
}

/// Removes what this connection asked before `at`, so many at most; returns how many went.
pub fn sweep(w: &Writer, connection: ConnectionId, at: Timestamp, most: usize) -> Result<usize> {
    let mut statement = w.prepare_cached(
        "DELETE FROM scim_requests WHERE rowid IN (
             SELECT rowid FROM scim_requests WHERE connection_id = ?1 AND at < ?2 ORDER BY at LIMIT ?3)",
    )?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Ok(statement.execute(params![connection.to_string(), at.0, most])?)
}

/// Milestones for the live checklist: the first request at all, the first with a good credential, the first good
/// write of a user, the first good write of a group; and the newest request with a good credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Milestones {
    pub first_request: Option<Timestamp>,
    pub credentials_good: Option<Timestamp>,
    pub first_user: Option<Timestamp>,
    pub first_group: Option<Timestamp>,
    pub last_contact: Option<Timestamp>,
}

/// One row, however many requests are kept.
pub fn milestones(r: &Reader, connection: ConnectionId) -> Result<Milestones> {
    let mut statement = r.prepare_cached(
        "SELECT first_request, credentials_good, first_user, first_group, last_contact
         FROM scim_milestones WHERE connection_id = ?1",
    )?;
    let found = statement.query_row([connection.to_string()], |row| {
        Ok(Milestones {
            first_request: time_option(row, "first_request")?,
            credentials_good: time_option(row, "credentials_good")?,
            first_user: time_option(row, "first_user")?,
            first_group: time_option(row, "first_group")?,
            last_contact: time_option(row, "last_contact")?,
        })
    });
    Ok(found.optional()?.unwrap_or_default())
}

/// The request that a reference names, and whose it is. `at`: when it was, where that is known.
///
/// A new user's request, of which there are many, is in no index of references: it is found by its moment, or else
/// among the newest, as [`list`] searches them.
pub fn find_by_reference(
    r: &Reader,
    reference: &str,
    at: Option<Timestamp>,
) -> Result<Option<(ScimRequestId, ConnectionId)>> {
    let found = match at {
        Some(at) => one(r, AT_MOMENT, params![reference, at.0])?,
        None => None,
    };
    if found.is_some() {
        return Ok(found);
    }
    match one(r, INDEXED, params![reference])? {
        None => one(r, AMONG_NEWEST, params![reference, SEARCHED as i64]),
        found => Ok(found),
    }
}

const AT_MOMENT: &str = "SELECT id, connection_id FROM scim_requests
    WHERE connection_id IN (SELECT id FROM connections) AND at = ?2 AND reference = ?1 LIMIT 1";
const INDEXED: &str = "SELECT id, connection_id FROM scim_requests
    WHERE reference = ?1 AND NOT (method = 'POST' AND path = '/Users') ORDER BY at LIMIT 1";
const AMONG_NEWEST: &str = "SELECT id, connection_id FROM (
        SELECT id, connection_id, reference FROM scim_requests ORDER BY rowid DESC LIMIT ?2)
    WHERE reference = ?1 LIMIT 1";

fn one(r: &Reader, sql: &str, values: &[&dyn ToSql]) -> Result<Option<(ScimRequestId, ConnectionId)>> {
    let found = r.prepare_cached(sql)?.query_row(values, |row| {
        Ok((
            parsed(row, "id", ScimRequestId::parse)?,
            parsed(row, "connection_id", ConnectionId::parse)?,
        ))
    });
    Ok(found.optional()?)
}
