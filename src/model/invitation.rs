//! An invitation: somebody was asked to come, with a link that is good for a week.

use super::{MailId, PersonId, Timestamp};

/// What it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitedHow {
    /// An admin invited this one person.
    Hand,
    /// An admin brought a list.
    Csv,
    /// A connection that invites whoever it adds.
    Provisioning,
}

impl InvitedHow {
    pub const ALL: [InvitedHow; 3] = [InvitedHow::Hand, InvitedHow::Csv, InvitedHow::Provisioning];

    pub fn key(self) -> &'static str {
        match self {
            InvitedHow::Hand => "hand",
            InvitedHow::Csv => "csv",
            InvitedHow::Provisioning => "provisioning",
        }
    }

    /// "by hand", "from a list", "when they were added".
    pub fn words(self) -> &'static str {
        match self {
            InvitedHow::Hand => "by hand",
            InvitedHow::Csv => "from a list",
            InvitedHow::Provisioning => "when they were added",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.key() == key)
    }
}

/// Why it ended before anybody came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationEnd {
    /// An admin took it back.
    Revoked,
    Deactivated,
    /// The link had gone to an address that is theirs no longer.
    Address,
    /// An admin has seen the link, and the person may do something else now.
    Role,
}

impl InvitationEnd {
    pub const ALL: [InvitationEnd; 4] = [
        InvitationEnd::Revoked,
        InvitationEnd::Deactivated,
        InvitationEnd::Address,
        InvitationEnd::Role,
    ];

    pub fn key(self) -> &'static str {
        match self {
            InvitationEnd::Revoked => "revoked",
            InvitationEnd::Deactivated => "deactivated",
            InvitationEnd::Address => "address",
            InvitationEnd::Role => "role",
        }
    }

    /// As a sentence on the person's page.
    pub fn words(self) -> &'static str {
        match self {
            InvitationEnd::Revoked => "It was taken back.",
            InvitationEnd::Deactivated => "It ended when the account was deactivated.",
            InvitationEnd::Address => {
                "It ended when the e-mail address changed: the link had gone to the old one."
            }
            InvitationEnd::Role => {
                "It ended when the role changed: whoever handed the link over had made it for another role."
            }
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.key() == key)
    }
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationState {
    /// No link was made yet: it waits for its turn, or for a mail server.
    Waiting,
    /// The link is good.
    Sent,
    Expired,
    /// The person has signed in.
    Accepted,
    Ended,
}

impl InvitationState {
    pub const ALL: [InvitationState; 5] = [
        InvitationState::Waiting,
        InvitationState::Sent,
        InvitationState::Expired,
        InvitationState::Accepted,
        InvitationState::Ended,
    ];

    pub fn key(self) -> &'static str {
        match self {
            InvitationState::Waiting => "waiting",
            InvitationState::Sent => "sent",
            InvitationState::Expired => "expired",
            InvitationState::Accepted => "accepted",
            InvitationState::Ended => "ended",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.key() == key)
    }
}

/// One row: a person has at most one invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub person_id: PersonId,
    pub how: InvitedHow,
    /// Name of the admin, or of the connection.
    pub made_by: String,
    pub made_at: Timestamp,
    /// An admin has seen the link.
    pub handed_over: bool,
    pub mail_id: Option<MailId>,
    /// When its link was made.
    pub sent_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    /// When somebody first went on from its page.
    pub opened_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub ended: Option<(Timestamp, InvitationEnd)>,
}

impl Invitation {
    /// A new one, whose link is still to be made.
    pub fn new(person_id: PersonId, how: InvitedHow, made_by: String, now: Timestamp) -> Self {
        Self {
            person_id,
            how,
            made_by,
            made_at: now,
            handed_over: false,
            mail_id: None,
            sent_at: None,
            expires_at: None,
            opened_at: None,
            accepted_at: None,
            ended: None,
        }
    }

    pub fn state(&self, now: Timestamp) -> InvitationState {
        match (self.accepted_at, self.ended, self.expires_at) {
            (Some(_), ..) => InvitationState::Accepted,
            (None, Some(_), _) => InvitationState::Ended,
            (None, None, None) => InvitationState::Waiting,
            (None, None, Some(at)) if at <= now => InvitationState::Expired,
            (None, None, Some(_)) => InvitationState::Sent,
        }
    }

    /// May it still bring somebody here?
    pub fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state(now), InvitationState::Waiting | InvitationState::Sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_stands_follows_from_what_happened() {
        let now = Timestamp(1_000);
        let id = PersonId::new(now, [0; 10]);
        let mut one = Invitation::new(id, InvitedHow::Hand, "Alice".into(), now);
        assert_eq!(one.state(now), InvitationState::Waiting);
        one.sent_at = Some(now);
        one.expires_at = Some(Timestamp(2_000));
        assert_eq!(one.state(Timestamp(1_999)), InvitationState::Sent);
        assert_eq!(one.state(Timestamp(2_000)), InvitationState::Expired);
        one.ended = Some((now, InvitationEnd::Revoked));
        assert_eq!(one.state(now), InvitationState::Ended);
        one.accepted_at = Some(now);
        assert_eq!(one.state(now), InvitationState::Accepted);
        assert!(!one.is_open(now));
    }
}
