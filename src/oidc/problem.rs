//! Why a provider, an answer or a token was refused, as facts: what was expected, what was received, whose move it is.
//!
//! The person at the browser gets a reference only; these texts are for the admin who reads the trace. Everything
//! that came from outside passes [`short`] before it is stored in a problem. No problem holds a code, a token, a
//! nonce or a secret.

use crate::model::check::{Check, Verdict};
use crate::model::time::Timestamp;

use super::rules::Rule;

/// Characters of a foreign value that a problem shows at most.
const SHOWN: usize = 300;

/// `text` without control characters, cut to a length that fits a page.
pub fn short(text: &str) -> String {
    let mut clean: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
    if text.chars().count() > SHOWN {
        clean.push('…');
    }
    clean
}

/// Where an issuer was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `issuer` of the discovery document (OpenID Connect Discovery 1.0 §4.3).
    Discovery,
    /// The parameter `iss` of the answer (RFC 9207).
    Answer,
    /// The claim `iss` of a token.
    Token,
}

/// Everything that can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OidcProblem {
    /// An issuer or endpoint that is no address we would use; `what` names it.
    Address {
        what: &'static str,
        value: String,
        reason: &'static str,
    },
    /// `what` did not answer; `reason` is a whole sentence of the outbound client.
    Unreachable { what: &'static str, reason: String },
    /// A document that cannot be used: no JSON, a part missing or of the wrong type.
    Document { what: &'static str, detail: String },
    /// Another issuer, or none.
    Issuer {
        place: Place,
        expected: String,
        received: Option<String>,
    },
    /// The provider does not offer what is needed.
    Offer {
        what: &'static str,
        expected: String,
        received: String,
    },
    /// The settings of the connection do not make a valid request.
    Request { detail: String },
    /// Our key could not be made, read or used.
    OwnKey,
    /// The chosen way of proving who we are lacks its credential.
    Credential { method: &'static str },
    /// The keys of the provider cannot be used.
    Keys { detail: String },
    /// No waiting sign-in of this browser has this `state`. Found by the caller, who knows the browser.
    State { received: bool },
    /// A parameter that is repeated or malformed.
    Answer { name: String, detail: &'static str },
    /// The provider answered with an error (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6).
    Denied {
        error: String,
        description: Option<String>,
    },
    /// Neither a code nor an error.
    NoCode,
    /// The token endpoint answered with an error (RFC 6749 §5.2).
    TokenRefused {
        status: u16,
        error: Option<String>,
        description: Option<String>,
    },
    /// The token endpoint answered, but not with what was asked for.
    TokenAnswer { detail: String },
    /// More bytes than a token may have.
    Size { bytes: usize, limit: usize },
    /// Not three parts of Base64url with a header of JSON.
    Shape { detail: String },
    /// A JWE: encrypted to a key that we never gave anybody.
    Encrypted,
    /// The header brings a key or an extension.
    Header { member: &'static str },
    /// Another kind of token.
    Type {
        expected: &'static str,
        received: String,
    },
    /// An algorithm that this connection does not accept.
    Algorithm { accepted: Vec<String>, received: String },
    /// None of the provider's keys has this ID. The caller may fetch the keys again and ask once more.
    UnknownKey {
        kid: Option<String>,
        known: Vec<String>,
        /// Why a key of this ID, or of none, does not count.
        refused: Option<String>,
    },
    /// The key is right, the signature is not.
    Signature { kid: Option<String> },
    /// The signed content is no JSON object, or says something twice.
    Payload { detail: String },
    /// A claim that is missing or of the wrong type.
    Claim {
        rule: Rule,
        name: &'static str,
        expected: &'static str,
        received: String,
    },
    /// Meant for another client.
    Audience { expected: String, received: Vec<String> },
    /// Issued to another client, or to one of several that is not named.
    AuthorizedParty {
        expected: String,
        received: Option<String>,
    },
    /// No longer valid.
    Expired { until: Timestamp, now: Timestamp },
    /// Valid or issued only later.
    NotYetValid {
        field: &'static str,
        from: Timestamp,
        now: Timestamp,
    },
    /// Another nonce, or none.
    Nonce { received: bool },
    /// `at_hash` is of another access token.
    AccessTokenHash,
    /// `c_hash` is of another code.
    CodeHash,
    /// The person signed in at the provider too long ago, or the provider does not say when.
    AuthTime {
        at: Option<Timestamp>,
        earliest: Timestamp,
    },
    /// The UserInfo answer cannot be used.
    UserInfo { detail: String },
    /// UserInfo speaks of somebody else.
    UserInfoSubject {
        expected: String,
        received: Option<String>,
    },
    /// The claim that names the person for ever is missing.
    SubjectClaim { claim: String },
    /// A logout token without the logout event.
    Events { received: String },
    /// A logout token with a nonce: an ID token in disguise.
    LogoutNonce,
    /// A revocation request that names nobody whom we could look for.
    RevocationBody { detail: String },
}

impl OidcProblem {
    /// The rule that was broken.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Address { .. } => Rule::Address,
            Self::Unreachable { .. } => Rule::Reachable,
            Self::Document { .. } => Rule::Document,
            Self::Issuer { place, .. } => match place {
                Place::Discovery => Rule::DiscoveryIssuer,
                Place::Answer => Rule::IssParameter,
                Place::Token => Rule::Issuer,
            },
            Self::Offer { .. } => Rule::Offer,
            Self::Request { .. } => Rule::Request,
            Self::OwnKey => Rule::OwnKey,
            Self::Credential { .. } => Rule::Credential,
            Self::Keys { .. } => Rule::Keys,
            Self::State { .. } => Rule::State,
            Self::Answer { .. } => Rule::Answer,
            Self::Denied { .. } => Rule::Denied,
            Self::NoCode => Rule::Code,
            Self::TokenRefused { .. } => Rule::TokenRefused,
            Self::TokenAnswer { .. } => Rule::TokenAnswer,
            Self::Size { .. } => Rule::Size,
            Self::Shape { .. } => Rule::Shape,
            Self::Encrypted => Rule::Encrypted,
            Self::Header { .. } => Rule::Header,
            Self::Type { .. } => Rule::Type,
            Self::Algorithm { .. } => Rule::Algorithm,
            Self::UnknownKey { .. } => Rule::Key,
            Self::Signature { .. } => Rule::Signature,
            Self::Payload { .. } => Rule::Payload,
            Self::Claim { rule, .. } => *rule,
            Self::Audience { .. } => Rule::Audience,
            Self::AuthorizedParty { .. } => Rule::AuthorizedParty,
            Self::Expired { .. } => Rule::Expired,
            Self::NotYetValid { .. } => Rule::NotYetValid,
            Self::Nonce { .. } => Rule::Nonce,
            Self::AccessTokenHash => Rule::AccessTokenHash,
            Self::CodeHash => Rule::CodeHash,
            Self::AuthTime { .. } => Rule::AuthTime,
            Self::UserInfo { .. } => Rule::UserInfo,
            Self::UserInfoSubject { .. } => Rule::UserInfoSubject,
            Self::SubjectClaim { .. } => Rule::SubjectClaim,
            Self::Events { .. } => Rule::Events,
            Self::LogoutNonce => Rule::NoNonce,
            Self::RevocationBody { .. } => Rule::RevocationBody,
        }
    }

    /// Stable code of the broken rule: `oidc.nonce`.
    pub fn code(&self) -> &'static str {
        self.rule().code()
    }

    /// Whether fresh keys could make a difference: the caller may fetch them, at most once a minute, and ask again.
    pub fn wants_fresh_keys(&self) -> bool {
        matches!(self, Self::UnknownKey { .. } | Self::Signature { kid: None })
    }

    /// The line that a trace shows.
    pub fn check(&self) -> Check {
        Check {
            code: self.code().to_owned(),
            title: self.rule().title().to_owned(),
            verdict: Verdict::Failed,
            expected: self.expected(),
            received: self.received(),
            remedy: Some(self.remedy()),
        }
    }
}

impl std::fmt::Display for OidcProblem {
    /// What happened and what to do, in a few sentences, for pages without a trace.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.", self.title())?;
        if let Some(expected) = self.expected() {
            write!(f, " Expected: {expected}.")?;
        }
        if let Some(received) = self.received() {
            write!(f, " Received: {received}.")?;
        }
        write!(f, " {}", self.remedy())
    }
}

impl std::error::Error for OidcProblem {}
