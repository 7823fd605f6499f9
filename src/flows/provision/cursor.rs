//! Cursors (RFC 9865): the place behind a page, carried by the client, sealed by us.
//!
//! A cursor holds for an hour, on the connection and for the list that it was given for; its number of rows may change.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::model::time::HOUR;
use crate::model::{ConnectionId, ResourceKind, Timestamp};
use crate::scim::{ScimProblem, ScimType};
use crate::store::directory::Key;
use crate::vault::Vault;

/// How long a cursor holds.
pub const LIFE: i64 = HOUR;

/// The list that a cursor belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub connection: ConnectionId,
    pub kind: ResourceKind,
    /// Filter and order, as they were written.
    pub signature: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Place {
    key: Key,
    until: Timestamp,
}

impl Scope<'_> {
    /// What the seal is made over: every part with its length before it, so that none can be moved into another.
    fn sealed(&self, text: &str) -> String {
        let connection = self.connection.to_string();
        let parts = ["scim cursor", &connection, self.kind.name(), self.signature, text];
        parts
            .iter()
            .map(|part| format!("{}:{part}", part.len()))
            .collect()
    }

    /// A cursor for the page behind `key`.
    pub fn write(&self, vault: &Vault, key: &Key, now: Timestamp) -> String {
        let place = Place {
            key: key.clone(),
            until: now.plus(LIFE),
        };
        let text = URL_SAFE_NO_PAD.encode(serde_json::json!(place).to_string());
        let mark = vault.mark(&self.sealed(&text));
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mark))
    }

    /// The place of a cursor that we gave out for this list; `invalidCursor` or `expiredCursor` otherwise.
    pub fn read(&self, vault: &Vault, cursor: &str, now: Timestamp) -> Result<Key, ScimProblem> {
        let place = self.open(vault, cursor).ok_or_else(|| {
            ScimProblem::bad(
                ScimType::InvalidCursor,
                "This cursor is not one that was given out for this list. Begin again without one.",
            )
        })?;
        if place.until < now {
            return Err(ScimProblem::bad(
                ScimType::ExpiredCursor,
                "This cursor is older than an hour. Begin the list again without one.",
            ));
        }
        Ok(place.key)
    }

    fn open(&self, vault: &Vault, cursor: &str) -> Option<Place> {
        let (text, mark) = cursor.split_once('.')?;
        let mark = URL_SAFE_NO_PAD.decode(mark).ok()?;
        if !vault.is_marked(&self.sealed(text), &mark) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}
