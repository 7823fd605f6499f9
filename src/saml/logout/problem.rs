//! Why a logout message was refused, as facts.

use crate::model::check::{Check, Verdict};
use crate::model::time::Timestamp;
use crate::saml::instant::length;
use crate::saml::problem::SamlProblem;

/// Everything that can be wrong with a LogoutRequest or LogoutResponse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogoutProblem {
    /// The parameters of the request are repeated, misspelt or missing.
    Parameters {
        detail: &'static str,
    },
    /// The document is no logout message, or not the kind that its parameter says.
    Message {
        expected: &'static str,
        received: String,
    },
    /// No signature, which every logout message must have (SAML profiles §4.4.3.1).
    NotSigned,
    /// Whatever can be wrong with the document or its signature, as for a Response.
    Document(SamlProblem),
    /// A required part is missing or malformed.
    Shape {
        detail: &'static str,
    },
    Issuer {
        expected: String,
        received: Option<String>,
    },
    Destination {
        expected: String,
        received: Option<String>,
    },
    NotYetValid {
        from: Timestamp,
        now: Timestamp,
    },
    Expired {
        until: Timestamp,
        now: Timestamp,
    },
    /// The answer names a request that does not wait for one.
    InResponseTo {
        received: Option<String>,
    },
    /// The same message came before.
    Replayed {
        id: String,
    },
}

impl From<SamlProblem> for LogoutProblem {
    fn from(problem: SamlProblem) -> Self {
        match problem {
            SamlProblem::NotSigned => Self::NotSigned,
            other => Self::Document(other),
        }
    }
}

impl LogoutProblem {
    /// Stable code: `saml.logout_issuer`; for the document and its signature the codes of a Response.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Parameters { .. } => "saml.logout_parameters",
            Self::Message { .. } => "saml.logout_message",
            Self::NotSigned => "saml.logout_not_signed",
            Self::Document(problem) => problem.code(),
            Self::Shape { .. } => "saml.logout_shape",
            Self::Issuer { .. } => "saml.logout_issuer",
            Self::Destination { .. } => "saml.logout_destination",
            Self::NotYetValid { .. } => "saml.logout_not_yet_valid",
            Self::Expired { .. } => "saml.logout_expired",
            Self::InResponseTo { .. } => "saml.logout_in_response_to",
            Self::Replayed { .. } => "saml.logout_replayed",
        }
    }

    /// What happened, in one line.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Parameters { .. } => "The logout message's parameters are repeated or incomplete",
            Self::Message { .. } => "The message is not the SAML 2.0 logout message that it should be",
            Self::NotSigned => "The logout message is not signed",
            Self::Document(problem) => problem.title(),
            Self::Shape { .. } => "The logout message lacks a required part",
            Self::Issuer { .. } => "The logout message is from another identity provider",
            Self::Destination { .. } => "The logout message was meant for another address",
            Self::NotYetValid { .. } => "The logout message is not valid yet",
            Self::Expired { .. } => "The logout message has expired",
            Self::InResponseTo { .. } => "The answer belongs to no sign-out that waits for one",
            Self::Replayed { .. } => "The logout message was used before",
        }
    }

    fn expected(&self) -> Option<String> {
        Some(match self {
            Self::Message { expected, .. } => (*expected).to_owned(),
            Self::Document(problem) => return problem.expected(),
            Self::Issuer { expected, .. } | Self::Destination { expected, .. } => expected.clone(),
            Self::NotYetValid { now, .. } => format!("not after {} (our clock)", now.rfc3339()),
            Self::Expired { now, .. } => format!("after {} (our clock)", now.rfc3339()),
            _ => return None,
        })
    }

    fn received(&self) -> Option<String> {
        let or_nothing =
            |value: &Option<String>, name: &str| value.clone().unwrap_or_else(|| format!("no {name}"));
        Some(match self {
            Self::Parameters { detail } | Self::Shape { detail } => (*detail).to_owned(),
            Self::Message { received, .. } => received.clone(),
            Self::NotSigned => return None,
            Self::Document(problem) => return problem.received(),
            Self::Issuer { received, .. } => or_nothing(received, "Issuer"),
            Self::Destination { received, .. } => or_nothing(received, "Destination"),
            Self::InResponseTo { received } => or_nothing(received, "InResponseTo"),
            Self::NotYetValid { from, now } => {
                format!(
                    "{} ({} ahead of our clock)",
                    from.rfc3339(),
                    length(from.since(*now))
                )
            }
            Self::Expired { until, now } => {
                format!(
                    "{} ({} behind our clock)",
                    until.rfc3339(),
                    length(now.since(*until))
                )
            }
            Self::Replayed { id } => id.clone(),
        })
    }

    /// Whose move it is and what to do.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotSigned => {
                "Turn on signing of logout messages in the identity provider's application. Without a signature \
                 anybody could sign people out."
            }
            Self::Document(problem) => return problem.remedy(),
            Self::Issuer { .. } => {
                "Compare the entity ID (issuer) in the identity provider's application with this integration."
            }
            Self::Destination { .. } => {
                "Copy our single logout URL into the identity provider's application again, or give it our metadata."
            }
            Self::Shape { .. } | Self::Message { .. } => {
                "Check the single logout settings of the identity provider's application."
            }
            Self::NotYetValid { .. } | Self::Expired { .. } => {
                "Set the clock of this server and of the identity provider by NTP."
            }
            Self::InResponseTo { .. } | Self::Replayed { .. } => {
                "Nothing has to be done: the message is an old one, sent again by a browser or by somebody who kept it."
            }
            Self::Parameters { .. } => "No known identity provider sends this. Treat it as an attack on this address.",
        }
        .to_owned()
    }

    /// As a line of a trace.
    pub fn check(&self) -> Check {
        Check {
            code: self.code().to_owned(),
            title: self.title().to_owned(),
            verdict: Verdict::Failed,
            expected: self.expected(),
            received: self.received(),
            remedy: Some(self.remedy()),
        }
    }
}
