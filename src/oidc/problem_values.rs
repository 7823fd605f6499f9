//! What an [`OidcProblem`] shows: a line that names it and the two values that differ.

use super::problem::{OidcProblem, Place};

impl OidcProblem {
    /// What happened, in one line.
    pub fn title(&self) -> String {
        match self {
            Self::Address { what, .. } => return format!("{} cannot be used as an address", capital(what)),
            Self::Unreachable { what, .. } => return format!("{} did not answer this server", capital(what)),
            Self::Document { what, .. } => return format!("{} cannot be used", capital(what)),
            Self::Issuer { place, .. } => match place {
                Place::Discovery => "The discovery document is of another issuer",
                Place::Answer => "The answer is from another issuer",
                Place::Token => "The token is from another issuer",
            },
            Self::Offer { what, .. } => return format!("The provider does not offer {what}"),
            Self::Request { .. } => "The settings of this connection make no valid request",
            Self::OwnKey => "The key of this connection cannot be used",
            Self::Credential { .. } => "There is no credential for the way that was chosen",
            Self::Keys { .. } => "The provider's keys cannot be used",
            Self::State { .. } => "This browser did not start the sign-in that is answered",
            Self::Answer { .. } => "The answer is malformed",
            Self::Denied { .. } => "The provider refused the sign-in",
            Self::NoCode => "The answer carries neither a code nor an error",
            Self::TokenRefused { .. } => "The provider did not redeem the code",
            Self::TokenAnswer { .. } => "The token endpoint did not give what was asked for",
            Self::Size { .. } => "The token is too large",
            Self::Shape { .. } => "The token is not a signed JWT",
            Self::Encrypted => "The token is encrypted",
            Self::Header { .. } => "The token brings a key or an extension of its own",
            Self::Type { .. } => "The token is of another kind",
            Self::Algorithm { .. } => "The signature algorithm is not accepted",
            Self::UnknownKey { .. } => "The signing key is not one of the provider's",
            Self::Signature { .. } => "The signature is not genuine",
            Self::Payload { .. } => "The claims of the token cannot be read",
            Self::Claim { name, .. } => return format!("The claim {name} is missing or malformed"),
            Self::Audience { .. } => "The token was meant for another client",
            Self::AuthorizedParty { .. } => "The token was issued to another client",
            Self::Expired { .. } => "The token has expired",
            Self::NotYetValid { .. } => "The token is not valid yet",
            Self::Nonce { .. } => "The token does not answer this sign-in",
            Self::AccessTokenHash => "The ID token belongs to another access token",
            Self::CodeHash => "The ID token belongs to another code",
            Self::AuthTime { .. } => "The person did not sign in at the provider anew",
            Self::UserInfo { .. } => "The UserInfo answer cannot be read",
            Self::UserInfoSubject { .. } => "UserInfo is about somebody else",
            Self::SubjectClaim { .. } => "The lasting name of the person is missing",
            Self::Events { .. } => "The token is not a logout token",
            Self::LogoutNonce => "The logout token carries a nonce",
            Self::RevocationBody { .. } => "The request does not say whose sessions end",
        }
        .to_owned()
    }

    /// What the rule wanted, when that is a value.
    pub fn expected(&self) -> Option<String> {
        Some(match self {
            Self::Address { .. } => "an https address without user name and #".to_owned(),
            Self::Issuer { expected, .. }
            | Self::Offer { expected, .. }
            | Self::Audience { expected, .. }
            | Self::AuthorizedParty { expected, .. }
            | Self::UserInfoSubject { expected, .. } => expected.clone(),
            Self::Credential { method } => format!("a credential for {method}"),
            Self::Size { limit, .. } => format!("at most {limit} bytes"),
            Self::Type { expected, .. } => (*expected).to_owned(),
            Self::Algorithm { accepted, .. } => accepted.join(", "),
            Self::UnknownKey { known, .. } => known.join(", "),
            Self::Claim { expected, .. } => (*expected).to_owned(),
            Self::Expired { now, .. } => format!("after {} (our clock)", now.rfc3339()),
            Self::NotYetValid { now, .. } => format!("not after {} (our clock)", now.rfc3339()),
            Self::Nonce { .. } => "the nonce of this sign-in".to_owned(),
            Self::AuthTime { earliest, .. } => format!("auth_time from {} on", earliest.rfc3339()),
            Self::SubjectClaim { claim } => claim.clone(),
            Self::Events { .. } => "the back-channel logout event".to_owned(),
            _ => return None,
        })
    }

    /// What was said instead, cut to a sane length.
    pub fn received(&self) -> Option<String> {
        let or_nothing =
            |value: &Option<String>, name: &str| value.clone().unwrap_or_else(|| format!("no {name}"));
        let list = |parts: &[Option<&String>]| {
            let parts: Vec<&str> = parts.iter().flatten().map(|part| part.as_str()).collect();
            parts.join(" · ")
        };
        Some(match self {
            Self::Address { value, reason, .. } => format!("{value}: {reason}"),
            Self::Unreachable { reason, .. } => reason.clone(),
            Self::Document { detail, .. }
            | Self::Request { detail }
            | Self::Keys { detail }
            | Self::TokenAnswer { detail }
            | Self::Shape { detail }
            | Self::Payload { detail }
            | Self::UserInfo { detail }
            | Self::RevocationBody { detail } => detail.clone(),
            Self::Issuer { place, received, .. } => match place {
                Place::Discovery => or_nothing(received, "issuer"),
                Place::Answer | Place::Token => or_nothing(received, "iss"),
            },
            Self::Offer { received, .. } | Self::Type { received, .. } | Self::Claim { received, .. } => {
                received.clone()
            }
            Self::State { received } => match received {
                true => "a state that no open sign-in of this browser has".to_owned(),
                false => "no state".to_owned(),
            },
            Self::Answer { name, detail } => format!("{name}: {detail}"),
            Self::Denied { error, description } => list(&[Some(error), description.as_ref()]),
            Self::TokenRefused {
                status,
                error,
                description,
            } => {
                let status = format!("status {status}");
                list(&[Some(&status), error.as_ref(), description.as_ref()])
            }
            Self::Size { bytes, .. } => format!("{bytes} bytes"),
            Self::Encrypted => "an encrypted token (JWE)".to_owned(),
            Self::Header { member } => format!("{member} in the header of the token"),
            Self::Algorithm { received, .. } => received.clone(),
            Self::UnknownKey { kid, refused, .. } => list(&[Some(&or_nothing(kid, "kid")), refused.as_ref()]),
            Self::Signature { kid } => {
                format!("a signature that the key {} did not make", or_nothing(kid, "ID"))
            }
            Self::Audience { received, .. } => received.join(", "),
            Self::AuthorizedParty { received, .. } => or_nothing(received, "azp"),
            Self::Expired { until, .. } => format!("until {}", until.rfc3339()),
            Self::NotYetValid { field, from, .. } => format!("{field} {}", from.rfc3339()),
            Self::Nonce { received } => match received {
                true => "another nonce".to_owned(),
                false => "no nonce".to_owned(),
            },
            Self::AuthTime { at, .. } => at.map_or("no auth_time".to_owned(), |at| at.rfc3339()),
            Self::UserInfoSubject { received, .. } => or_nothing(received, "sub"),
            Self::SubjectClaim { claim } => format!("no {claim}"),
            Self::Events { received } => received.clone(),
            _ => return None,
        })
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
