//! A link that works once. The token is in the address only; we keep its hash.

use super::{PersonId, Timestamp};

/// What a link lets its holder do, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Choose a new passphrase.
    Reset,
    /// Come in as an owner, whatever is broken: made on the server.
    Recover,
    /// Choose a first passphrase: made on the page of an invitation.
    Invite,
}

impl Purpose {
    pub const ALL: [Purpose; 3] = [Purpose::Reset, Purpose::Recover, Purpose::Invite];

    pub fn key(self) -> &'static str {
        match self {
            Purpose::Reset => "reset",
            Purpose::Recover => "recover",
            Purpose::Invite => "invite",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.key() == key)
    }
}

/// A link that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeLink {
    pub purpose: Purpose,
    pub person_id: PersonId,
    /// Id of the admin who made it, name of the command, or `doorward` for one that went out by mail.
    pub made_by: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}
