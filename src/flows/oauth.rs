//! OAuth 2.0 for SCIM clients: authorization code with PKCE, refresh rotation, client credentials (RFC 6749, 7636,
//! 9207, 9700).
//!
//! ```text
//!   clients    an admin makes a client for one connection: id, secret shown once, exact redirect addresses
//!   authorize  an admin's browser brings a client's request; the admin lets it in or not; a code goes back
//!   token      the client turns code, refresh token or its own credentials into tokens
//! ```
//!
//! Everything that OAuth makes is a row of `scim_credentials`, so that [`super::credentials`] is the only gate.

pub mod authorize;
pub mod clients;
mod exchange;
pub mod token;

use super::Act;
use crate::error::Result;
use crate::model::time::{DAY, HOUR, SECOND};
use crate::model::{Action, Connection};
use crate::store::oauth::OauthClient;
use crate::store::scim_credentials;

/// How long a code waits to be turned in (RFC 9700 §2.1.1, ASVS V10.4.2).
pub const CODE_LIFE: i64 = 60 * SECOND;
pub const ACCESS_LIFE: i64 = HOUR;
/// A refresh token that is not used for so long is dead.
pub const REFRESH_IDLE: i64 = 60 * DAY;
/// The only thing that there is to be granted.
pub const SCOPE: &str = "scim";

/// A refusal in the words of RFC 6749 §4.1.2.1 and §5.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthProblem {
    pub code: &'static str,
    /// What happened and what to do; ASCII without quotes and backslashes, as the standard wants it.
    pub description: String,
    /// HTTP status at the token endpoint.
    pub status: u16,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
}

impl OauthProblem {
    pub fn new(code: &'static str, description: impl AsRef<str>) -> Self {
        Self {
            code,
            description: plain(description.as_ref()),
            status: if code == "invalid_client" { 401 } else { 400 },
            retry_after: None,
        }
    }
}

/// RFC 6749 §5.2: `error_description` has neither quotes nor backslashes, and ASCII alone.
fn plain(text: &str) -> String {
    let allowed = |c: char| match c {
        '"' => '\'',
        ' '..='~' if c != '\\' => c,
        _ => '?',
    };
    text.chars().map(allowed).take(500).collect()
}

/// Ends a grant whose code or refresh token came twice: one of the two who have it has no business with it.
fn end_family(
    act: &Act,
    client: &OauthClient,
    connection: &Connection,
    family: &str,
    why: &str,
) -> Result<()> {
    let ended = scim_credentials::delete_family(act.w, family)?;
    if ended == 0 {
        return Ok(());
    }
    act.event(
        Action::CredentialRevoked,
        super::connect::subject(connection),
        serde_json::json!({ "credential": format!("OAuth client \"{}\"", client.name) }),
        serde_json::json!({ "why": why, "tokens_ended": ended }),
    )
}
