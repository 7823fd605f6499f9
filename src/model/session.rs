//! A signed-in browser. The token is in the cookie only; we keep its hash.

use serde::{Deserialize, Serialize};

use super::time::{HOUR, MINUTE};
use super::{ConnectionId, PersonId, SessionId, Timestamp};

/// The door by which somebody came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Passphrase,
    Saml,
}

impl Method {
    pub fn key(self) -> &'static str {
        match self {
            Method::Passphrase => "passphrase",
            Method::Saml => "saml",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        [Method::Passphrase, Method::Saml]
            .into_iter()
            .find(|m| m.key() == key)
    }
}

/// One row of `sessions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub person_id: PersonId,
    pub connection_id: Option<ConnectionId>,
    pub method: Method,
    pub signed_in_at: Timestamp,
    pub last_seen_at: Timestamp,
    pub expires_at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

/// How long a session may live: idle, and in all. Admins have less of both (ASVS V7.3).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub idle: i64,
    pub absolute: i64,
}

impl Limits {
    pub const ADMIN: Limits = Limits {
        idle: HOUR,
        absolute: 12 * HOUR,
    };
    pub const MEMBER: Limits = Limits {
        idle: 8 * HOUR,
        absolute: 24 * HOUR,
    };

    pub fn of(role: super::Role) -> Self {
        if role.is_admin() {
            Self::ADMIN
        } else {
            Self::MEMBER
        }
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
