//! The event log: every change appends one event in the transaction that makes the change.
//!
//! Each event carries the hash of the one before it, so that an edit, a removal or a swap shows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ConnectionId, PersonId, Timestamp};

mod action;

pub use action::Action;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    Person {
        id: PersonId,
        label: String,
    },
    /// A command on the server: `init`, `apply`.
    Command(&'static str),
    /// An identity provider, through SCIM.
    Connection {
        id: ConnectionId,
        label: String,
    },
    /// An identity provider, by a message about a sign-in that came through it.
    IdentityProvider {
        id: ConnectionId,
        label: String,
    },
    /// Doorward itself: sweeps, or a visitor whom it does not know.
    Doorward,
}

impl Actor {
    pub fn kind(&self) -> &'static str {
        match self {
            Actor::Person { .. } => "person",
            Actor::Command(_) => "command",
            Actor::Connection { .. } | Actor::IdentityProvider { .. } => "connection",
            Actor::Doorward => "doorward",
        }
    }

    pub fn id(&self) -> Option<String> {
        match self {
            Actor::Person { id, .. } => Some(id.to_string()),
            Actor::Command(name) => Some((*name).to_owned()),
            Actor::Connection { id, .. } | Actor::IdentityProvider { id, .. } => Some(id.to_string()),
            Actor::Doorward => None,
        }
    }

    pub fn label(&self) -> String {
        match self {
            Actor::Person { label, .. } => label.clone(),
            Actor::Command(name) => format!("doorward {name}"),
            Actor::Connection { label, .. } => format!("{label} (SCIM)"),
            Actor::IdentityProvider { label, .. } => label.clone(),
            Actor::Doorward => "Doorward".to_owned(),
        }
    }
}

/// What was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// `person`, `connection`, `organization`, `session`, `access_request`.
    pub kind: &'static str,
    pub id: String,
    pub label: String,
}

/// An event about to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub at: Timestamp,
    pub actor: Actor,
    pub action: Action,
    pub subject: Subject,
    /// The changed fields as they were and as they are; `Null` where there is no such side.
    pub before: Value,
    pub after: Value,
    /// The request or sign-in that caused it.
    pub reference: Option<String>,
}

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub sequence: i64,
    pub at: Timestamp,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_label: String,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_label: String,
    pub before: String,
    pub after: String,
    pub reference: Option<String>,
    pub previous_hash: String,
    pub hash: String,
}

impl Event {
    /// SHA-256 over every field and the previous event's hash, each with its length before it.
    pub fn expected_hash(&self) -> String {
        let mut digest = Sha256::new();
        let sequence = self.sequence.to_string();
        let at = self.at.0.to_string();
        let fields = [
            self.previous_hash.as_str(),
            &sequence,
            &at,
            &self.actor_kind,
            self.actor_id.as_deref().unwrap_or(""),
            &self.actor_label,
            &self.action,
            &self.subject_kind,
            &self.subject_id,
            &self.subject_label,
            &self.before,
            &self.after,
            self.reference.as_deref().unwrap_or(""),
        ];
        for field in fields {
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        digest
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}
