//! `scim_credentials`: tokens, passkeys and grants, as hashes.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, parsed, parsed_option, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::time::MINUTE;
use crate::model::{ConnectionId, CredentialId, PersonId, Timestamp};

/// What the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialKind {
    Bearer,
    Basic,
    /// OAuth access token.
    Access,
    /// OAuth refresh token.
    Refresh,
}

impl CredentialKind {
    pub const ALL: [CredentialKind; 4] = [
        CredentialKind::Bearer,
        CredentialKind::Basic,
        CredentialKind::Access,
        CredentialKind::Refresh,
    ];

    pub fn key(self) -> &'static str {
        match self {
            CredentialKind::Bearer => "bearer",
            CredentialKind::Basic => "basic",
            CredentialKind::Access => "access",
            CredentialKind::Refresh => "refresh",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// For sentences and labels.
    pub fn words(self) -> &'static str {
        match self {
            CredentialKind::Bearer => "Bearer token",
            CredentialKind::Basic => "Basic passkey",
            CredentialKind::Access | CredentialKind::Refresh => "OAuth client",
        }
    }
}

/// A credential without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub id: CredentialId,
    pub connection_id: ConnectionId,
    pub kind: CredentialKind,
    pub label: String,
    pub user_name: Option<String>,
    pub client_id: Option<String>,
    pub family: Option<String>,
    /// The admin who granted it, for what OAuth made on their word.
    pub person_id: Option<PersonId>,
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_address: Option<String>,
}

impl Credential {
    /// Neither expired nor turned in?
    pub fn is_live(&self, now: Timestamp) -> bool {
        is_live(self.used_at, self.expires_at, now)
    }
}

fn is_live(used_at: Option<Timestamp>, expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    used_at.is_none() && expires_at.is_none_or(|end| now < end)
}

const COLUMNS: &str = "id, connection_id, kind, label, user_name, client_id, family, person_id, created_by, \
                       created_at, expires_at, used_at, last_used_at, last_address";

fn read(row: &Row) -> rusqlite::Result<Credential> {
    Ok(Credential {
        id: parsed(row, "id", CredentialId::parse)?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        kind: parsed(row, "kind", CredentialKind::parse)?,
        label: row.get("label")?,
        user_name: row.get("user_name")?,
        client_id: row.get("client_id")?,
        family: row.get("family")?,
        person_id: parsed_option(row, "person_id", PersonId::parse)?,
        created_by: row.get("created_by")?,
        created_at: time(row, "created_at")?,
        expires_at: time_option(row, "expires_at")?,
        used_at: time_option(row, "used_at")?,
        last_used_at: time_option(row, "last_used_at")?,
        last_address: row.get("last_address")?,
    })
}

/// By the SHA-256 of its secret, whether it is live or not.
pub fn find_by_hash(r: &Reader, hash: &[u8]) -> Result<Option<Credential>> {
    let sql = format!("SELECT {COLUMNS} FROM scim_credentials WHERE secret_hash = ?1");
    Ok(r.prepare_cached(&sql)?.query_row([hash], read).optional()?)
}

pub fn find(r: &Reader, id: CredentialId) -> Result<Option<Credential>> {
    let sql = format!("SELECT {COLUMNS} FROM scim_credentials WHERE id = ?1");
    Ok(r.prepare_cached(&sql)?
        .query_row([id.to_string()], read)
        .optional()?)
}

/// Is it there, live and of this connection? Then: the person on whose word it was made, where there is one.
pub fn find_live(
    r: &Reader,
    connection: ConnectionId,
    id: CredentialId,
    now: Timestamp,
) -> Result<Option<Option<PersonId>>> {
    let mut statement = r.prepare_cached(
        "SELECT person_id, used_at, expires_at FROM scim_credentials WHERE id = ?1 AND connection_id = ?2",
    )?;
    let found = statement.query_row([id.to_string(), connection.to_string()], |row| {
        let person = parsed_option(row, "person_id", PersonId::parse)?;
        let live = is_live(time_option(row, "used_at")?, time_option(row, "expires_at")?, now);
        Ok(live.then_some(person))
    });
    Ok(found.optional()?.flatten())
}

/// Of this connection; another one's is `NotFound`.
pub fn get(r: &Reader, connection: ConnectionId, id: CredentialId) -> Result<Credential> {
    find(r, id)?
        .filter(|credential| credential.connection_id == connection)
        .ok_or_else(|| Error::not_found("credential"))
}

/// Those of a connection that are live at `now`, newest first.
pub fn list_of_connection(r: &Reader, connection: ConnectionId, now: Timestamp) -> Result<Vec<Credential>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scim_credentials
         WHERE connection_id = ?1 AND used_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
         ORDER BY created_at DESC, id DESC"
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map(params![connection.to_string(), now.0], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every grant that rests on the word of this person, newest first.
pub fn list_of_person(r: &Reader, person: PersonId) -> Result<Vec<Credential>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM scim_credentials WHERE person_id = ?1 ORDER BY created_at DESC, id DESC"
    );
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map([person.to_string()], read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert(w: &Writer, credential: &Credential, hash: &[u8]) -> Result<()> {
    let mut statement = w.prepare_cached(
        "INSERT INTO scim_credentials (id, connection_id, kind, label, secret_hash, user_name, client_id, family,
                                       person_id, created_by, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    statement.execute(params![
        credential.id.to_string(),
        credential.connection_id.to_string(),
        credential.kind.key(),
        credential.label,
        hash,
        credential.user_name,
        credential.client_id,
        credential.family,
        credential.person_id.map(|id| id.to_string()),
        credential.created_by,
        credential.created_at.0,
        credential.expires_at.map(|at| at.0),
    ])?;
    Ok(())
}

/// Remembers its last use, at most once a minute, however many ask at once.
pub fn touch(w: &Writer, id: CredentialId, now: Timestamp, address: &str) -> Result<()> {
    let mut statement = w.prepare_cached(
        "UPDATE scim_credentials SET last_used_at = ?2, last_address = ?3
         WHERE id = ?1 AND (last_used_at IS NULL OR last_used_at <= ?2 - ?4)",
    )?;
    statement.execute(params![id.to_string(), now.0, address, MINUTE])?;
    Ok(())
}

/// A refresh token is turned in; fails when somebody else was faster.
pub fn mark_used(w: &Writer, id: CredentialId, now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE scim_credentials SET used_at = ?2 WHERE id = ?1 AND used_at IS NULL",
        params![id.to_string(), now.0],
    )?;
    exactly_one(changed, "refresh token")
}

pub fn delete(w: &Writer, id: CredentialId) -> Result<()> {
    let changed = w.execute("DELETE FROM scim_credentials WHERE id = ?1", [id.to_string()])?;
    exactly_one(changed, "credential")
}

/// Ends every token of a grant; returns how many rows there were.
pub fn delete_family(w: &Writer, family: &str) -> Result<usize> {
    Ok(w.execute("DELETE FROM scim_credentials WHERE family = ?1", [family])?)
}

/// Removes what expired before `at`; access tokens, of which there are many, before `access_at`.
pub fn delete_expired(w: &Writer, at: Timestamp, access_at: Timestamp) -> Result<usize> {
    let deleted = w.execute(
        "DELETE FROM scim_credentials WHERE expires_at <= CASE kind WHEN 'access' THEN ?2 ELSE ?1 END",
        [at.0, access_at.0],
    )?;
    Ok(deleted)
}
