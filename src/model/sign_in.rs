//! One attempt to sign in: what was asked, what came back, every rule it was held against, how it ended.
//!
//! A row is made when the sign-in starts (or, when nobody asked, when the response arrives) and is kept
//! with a short reference that the person sees and an admin searches by.

use serde::{Deserialize, Serialize};

use super::{Attribute, Check, ConnectionId, PersonId, SignInId, Timestamp};

/// Why this attempt exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignInKind {
    /// We asked the identity provider (SP-initiated).
    Requested,
    /// The identity provider sent a response that nobody asked for.
    Unsolicited,
    /// An admin tries the connection; it never makes a session.
    Test,
    Passphrase,
    Passkey,
    /// A one-time link, or a recovery code.
    Recovery,
    /// No sign-in: a logout message that was not taken.
    SignOut,
}

impl SignInKind {
    pub const ALL: [SignInKind; 7] = [
        SignInKind::Requested,
        SignInKind::Unsolicited,
        SignInKind::Test,
        SignInKind::Passphrase,
        SignInKind::Passkey,
        SignInKind::Recovery,
        SignInKind::SignOut,
    ];

    pub fn key(self) -> &'static str {
        match self {
            SignInKind::Requested => "requested",
            SignInKind::Unsolicited => "unsolicited",
            SignInKind::Test => "test",
            SignInKind::Passphrase => "passphrase",
            SignInKind::Passkey => "passkey",
            SignInKind::Recovery => "recovery",
            SignInKind::SignOut => "signout",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == key)
    }

    /// Without an identity provider.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            SignInKind::Passphrase | SignInKind::Passkey | SignInKind::Recovery
        )
    }

    pub fn words(self) -> &'static str {
        match self {
            SignInKind::Requested => "Started here",
            SignInKind::Unsolicited => "Started at the identity provider",
            SignInKind::Test => "Test",
            SignInKind::Passphrase => "Passphrase",
            SignInKind::Passkey => "Passkey",
            SignInKind::Recovery => "Recovery",
            SignInKind::SignOut => "Sign-out",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The browser was sent to the identity provider; nothing came back yet.
    Waiting,
    /// Signed in (or, for a test, every rule passed).
    Succeeded,
    /// A rule was not met.
    Refused,
    /// The response was good, but there is no account here.
    Unknown,
    /// The account here must be proved once before it is linked.
    Unproved,
    /// The account here is deactivated.
    Deactivated,
    /// An untrusted response was turned into a sign-in of our own.
    Restarted,
}

impl Outcome {
    pub const ALL: [Outcome; 7] = [
        Outcome::Waiting,
        Outcome::Succeeded,
        Outcome::Refused,
        Outcome::Unknown,
        Outcome::Unproved,
        Outcome::Deactivated,
        Outcome::Restarted,
    ];

    pub fn key(self) -> &'static str {
        match self {
            Outcome::Waiting => "waiting",
            Outcome::Succeeded => "succeeded",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
            Outcome::Unproved => "unproved",
            Outcome::Deactivated => "deactivated",
            Outcome::Restarted => "restarted",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.key() == key)
    }

    pub fn words(self) -> &'static str {
        match self {
            Outcome::Waiting => "No answer yet",
            Outcome::Succeeded => "Signed in",
            Outcome::Refused => "Refused",
            Outcome::Unknown => "No account here",
            Outcome::Unproved => "Account to be proved",
            Outcome::Deactivated => "Account deactivated",
            Outcome::Restarted => "Restarted",
        }
    }
}

/// One attempt, with its trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub id: SignInId,
    /// `K7Q2-9FMD`: what the person reads out and an admin searches by.
    pub reference: String,
    pub connection_id: Option<ConnectionId>,
    pub kind: SignInKind,
    pub outcome: Outcome,
    /// Our AuthnRequest's ID, or the `state` of our authentication request, while it may still be answered.
    pub request_id: Option<String>,
    /// Where the person wanted to go, on our host.
    pub return_to: String,
    pub person_id: Option<PersonId>,
    pub issuer: Option<String>,
    pub subject: Option<String>,
    pub email: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    /// Code of the rule that ended it: `saml.audience`.
    pub problem: Option<String>,
    pub trace: Trace,
    pub address: String,
    pub user_agent: String,
    /// The admin who started a test.
    pub started_by: Option<PersonId>,
    pub started_at: Timestamp,
    pub finished_at: Option<Timestamp>,
}

/// What was checked, received and made of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trace {
    pub checks: Vec<Check>,
    pub attributes: Vec<Attribute>,
    pub mapped: Vec<Mapped>,
}

/// One of our fields and the attribute that filled it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapped {
    pub field: String,
    pub value: String,
    pub source: String,
}
