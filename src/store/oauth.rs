//! `oauth_clients` and `oauth_codes`: who may ask an admin for access, and the answers on their way.

use rusqlite::{OptionalExtension, Row, params};

use super::rows::{exactly_one, is_duplicate, parsed, time, time_option};
use super::{Reader, Writer};
use crate::error::{Error, Result};
use crate::model::{ConnectionId, PersonId, Timestamp};

/// A client, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// The `client_id`.
    pub id: String,
    pub connection_id: ConnectionId,
    pub name: String,
    /// SHA-256; `None`: a public client.
    pub secret_hash: Option<Vec<u8>>,
    pub redirect_uris: Vec<String>,
    pub created_by: String,
    pub created_at: Timestamp,
}

/// An authorization code, found by the SHA-256 of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthCode {
    pub client_id: String,
    pub person_id: PersonId,
    pub redirect_uri: String,
    /// The address stood in the request, so that it must stand in the exchange too.
    pub redirect_said: bool,
    /// S256.
    pub challenge: Option<String>,
    pub family: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

const CLIENT: &str = "id, connection_id, name, secret_hash, redirect_uris, created_by, created_at";
const CODE: &str =
    "client_id, person_id, redirect_uri, redirect_said, challenge, family, created_at, expires_at, used_at";

fn read_client(row: &Row) -> rusqlite::Result<OauthClient> {
    Ok(OauthClient {
        id: row.get("id")?,
        connection_id: parsed(row, "connection_id", ConnectionId::parse)?,
        name: row.get("name")?,
        secret_hash: row.get("secret_hash")?,
        redirect_uris: parsed(row, "redirect_uris", |text| serde_json::from_str(text).ok())?,
        created_by: row.get("created_by")?,
        created_at: time(row, "created_at")?,
    })
}

fn read_code(row: &Row) -> rusqlite::Result<OauthCode> {
    Ok(OauthCode {
        client_id: row.get("client_id")?,
        person_id: parsed(row, "person_id", PersonId::parse)?,
        redirect_uri: row.get("redirect_uri")?,
        redirect_said: row.get("redirect_said")?,
        challenge: row.get("challenge")?,
        family: row.get("family")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        used_at: time_option(row, "used_at")?,
    })
}

pub fn find_client(r: &Reader, id: &str) -> Result<Option<OauthClient>> {
    let sql = format!("SELECT {CLIENT} FROM oauth_clients WHERE id = ?1");
    Ok(r.prepare_cached(&sql)?.query_row([id], read_client).optional()?)
}

/// Of this connection; another one's is `NotFound`.
pub fn get_client(r: &Reader, connection: ConnectionId, id: &str) -> Result<OauthClient> {
    find_client(r, id)?
        .filter(|client| client.connection_id == connection)
        .ok_or_else(|| Error::not_found("OAuth client"))
}

/// By name.
pub fn list_clients(r: &Reader, connection: ConnectionId) -> Result<Vec<OauthClient>> {
    let sql = format!("SELECT {CLIENT} FROM oauth_clients WHERE connection_id = ?1 ORDER BY lower(name), id");
    let mut statement = r.prepare_cached(&sql)?;
    let rows = statement.query_map([connection.to_string()], read_client)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub fn insert_client(w: &Writer, client: &OauthClient) -> Result<()> {
    let uris = serde_json::to_string(&client.redirect_uris).map_err(Error::internal)?;
    let inserted = w.execute(
        &format!("INSERT INTO oauth_clients ({CLIENT}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
        params![
            client.id,
            client.connection_id.to_string(),
            client.name,
            client.secret_hash,
            uris,
            client.created_by,
            client.created_at.0
        ],
    );
    inserted.map(drop).map_err(|cause| {
        if is_duplicate(&cause) {
            Error::conflict("There is an OAuth client with this id already. Try again.")
        } else {
            cause.into()
        }
    })
}

/// Removes a client with everything that was granted to it.
pub fn delete_client(w: &Writer, id: &str) -> Result<()> {
    let changed = w.execute("DELETE FROM oauth_clients WHERE id = ?1", [id])?;
    exactly_one(changed, "OAuth client")
}

pub fn find_code(r: &Reader, hash: &[u8]) -> Result<Option<OauthCode>> {
    let sql = format!("SELECT {CODE} FROM oauth_codes WHERE code_hash = ?1");
    Ok(r.prepare_cached(&sql)?.query_row([hash], read_code).optional()?)
}

pub fn insert_code(w: &Writer, hash: &[u8], code: &OauthCode) -> Result<()> {
    let mut statement = w.prepare_cached(&format!(
        "INSERT INTO oauth_codes (code_hash, {CODE}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
    ))?;
    statement.execute(params![
        hash,
        code.client_id,
        code.person_id.to_string(),
        code.redirect_uri,
        code.redirect_said,
        code.challenge,
        code.family,
        code.created_at.0,
        code.expires_at.0,
        code.used_at.map(|at| at.0)
    ])?;
    Ok(())
}

pub fn mark_code_used(w: &Writer, hash: &[u8], now: Timestamp) -> Result<()> {
    let changed = w.execute(
        "UPDATE oauth_codes SET used_at = ?2 WHERE code_hash = ?1 AND used_at IS NULL",
        params![hash, now.0],
    )?;
    exactly_one(changed, "authorization code")
}

/// Removes codes that expired before `at`.
pub fn delete_old_codes(w: &Writer, at: Timestamp) -> Result<usize> {
    Ok(w.execute("DELETE FROM oauth_codes WHERE expires_at <= ?1", [at.0])?)
}
