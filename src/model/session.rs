//! A signed-in browser. The token is in the cookie only; we keep its hash.

use serde::{Deserialize, Serialize};

use super::time::{HOUR, MINUTE};
use super::{ConnectionId, PersonId, SessionId, Timestamp};

/// The door by which somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Passphrase,
    Passkey,
    Saml,
    Oidc,
    /// A one-time link: made on the server, by an admin, or by mail.
    Link,
}

impl Method {
    pub const ALL: [Method; 5] = [
        Method::Passphrase,
        Method::Passkey,
        Method::Saml,
        Method::Oidc,
        Method::Link,
    ];

    pub fn key(self) -> &'static str {
        match self {
            Method::Passphrase => "passphrase",
            Method::Passkey => "passkey",
            Method::Saml => "saml",
            Method::Oidc => "oidc",
            Method::Link => "link",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.key() == key)
    }

    /// For lists of sessions.
    pub fn words(self) -> &'static str {
        match self {
            Method::Passphrase => "Passphrase",
            Method::Passkey => "Passkey",
            Method::Saml => "SAML 2.0",
            Method::Oidc => "OpenID Connect",
            Method::Link => "One-time link",
        }
    }
}

/// What the identity provider calls a sign-in, so that either side can end it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdpSession {
    pub issuer: String,
    /// The NameID or `sub`, as the provider says it.
    pub subject: String,
    /// Its own session: SessionIndex or `sid`, if it named one.
    pub session: Option<String>,
    /// What a logout request of ours must repeat, sealed for this session: the ID token, or the NameID in full.
    pub hint: Option<Vec<u8>>,
}

/// One row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub person_id: PersonId,
    pub connection_id: Option<ConnectionId>,
    pub method: Method,
    pub signed_in_at: Timestamp,
    /// When the person last proved who they are: at sign-in, or since. The epoch where an identity provider does not say.
    pub proved_at: Timestamp,
    /// That proof was a passkey, or passphrase and second factor together.
    pub strong: bool,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    /// Only where it came through a connection that names its sign-ins.
    pub idp: Option<IdpSession>,
    pub address: String,
    pub user_agent: String,
}

/// How long a session may live: idle, and in all. Admins have less of both (ASVS V7.3).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub idle: i64,
    pub absolute: i64,
}

/// What the organization sets, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionLimits {
    pub admin_idle: i64,
    pub admin_absolute: i64,
    pub member_idle: i64,
    pub member_absolute: i64,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            admin_idle: HOUR,
            admin_absolute: 12 * HOUR,
            member_idle: 8 * HOUR,
            member_absolute: 24 * HOUR,
        }
    }
}

impl SessionLimits {
    pub fn of(&self, role: &super::Role) -> Limits {
        let (idle, absolute) = match role.is_admin() {
            true => (self.admin_idle, self.admin_absolute),
            false => (self.member_idle, self.member_absolute),
        };
        Limits { idle, absolute }
    }
}

/// `last_seen_at` is written at most this often, so that reading pages costs no write.
pub const SEEN_STEP: i64 = MINUTE;

impl Session {
    /// Has it neither been idle too long nor lived too long?
    pub fn is_current(&self, limits: Limits, now: Timestamp) -> bool {
        now < self.expires_at
            && now.since(self.signed_in_at) < limits.absolute
            && now.since(self.last_seen_at) < limits.idle
    }
}
