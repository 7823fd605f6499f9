//! `provider_keys`: what an OpenID Provider published last, so that it may be away for a while.

use rusqlite::{OptionalExtension, params};

use super::{Reader, Writer};
use crate::error::Result;
use crate::model::{ConnectionId, Timestamp};

/// The keys of one connection's provider, and when they and its discovery document were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKeys {
    /// A JSON Web Key Set of public keys.
    pub jwks: String,
    pub fetched_at: Timestamp,
    pub discovered_at: Timestamp,
}

pub fn find(r: &Reader, id: ConnectionId) -> Result<Option<ProviderKeys>> {
    let mut statement = r.prepare_cached(
        "SELECT jwks, fetched_at, discovered_at FROM provider_keys WHERE connection_id = ?1",
    )?;
    let found = statement.query_row([id.to_string()], |row| {
        Ok(ProviderKeys {
            jwks: row.get(0)?,
            fetched_at: Timestamp(row.get(1)?),
            discovered_at: Timestamp(row.get(2)?),
        })
    });
    Ok(found.optional()?)
}

/// Keeps keys that were fetched just now.
pub fn put(w: &Writer, id: ConnectionId, jwks: &str, now: Timestamp) -> Result<()> {
    w.execute(
        "INSERT INTO provider_keys (connection_id, jwks, fetched_at, tried_at) VALUES (?1, ?2, ?3, ?3)
         ON CONFLICT (connection_id) DO UPDATE SET jwks = excluded.jwks, fetched_at = excluded.fetched_at,
            tried_at = max(tried_at, excluded.tried_at)",
        params![id.to_string(), jwks, now.0],
    )?;
    Ok(())
}

/// Says that somebody is about to fetch the keys. False: somebody tried after `before`.
pub fn claim(w: &Writer, id: ConnectionId, before: Timestamp, now: Timestamp) -> Result<bool> {
    let changed = w.execute(
        "INSERT INTO provider_keys (connection_id, jwks, fetched_at, tried_at) VALUES (?1, '{\"keys\":[]}', 0, ?3)
         ON CONFLICT (connection_id) DO UPDATE SET tried_at = excluded.tried_at WHERE tried_at <= ?2",
        params![id.to_string(), before.0, now.0],
    )?;
    Ok(changed == 1)
}

/// Remembers when the discovery document was read, or when that was tried in vain and is to be tried again.
pub fn touch_discovery(w: &Writer, id: ConnectionId, at: Timestamp) -> Result<()> {
    w.execute(
        "UPDATE provider_keys SET discovered_at = ?2 WHERE connection_id = ?1",
        params![id.to_string(), at.0],
    )?;
    Ok(())
}
