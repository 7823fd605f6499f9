//! Who did something.

use crate::model::{ConnectionId, PersonId};

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
