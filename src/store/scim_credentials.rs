//! `scim_credentials`: tokens, passkeys and grants, as hashes.

use crate::error::Result;
use crate::model::{ConnectionId, CredentialId, Timestamp};
use crate::store::Reader;

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
    pub created_by: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub used_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub last_address: Option<String>,
}

/// Those of a connection that are live at `now`, newest first.
pub fn list_of_connection(
    _r: &Reader,
    _connection: ConnectionId,
    _now: Timestamp,
) -> Result<Vec<Credential>> {
    todo!("access")
}
