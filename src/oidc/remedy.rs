//! Whose move it is after a refusal, in plain English: the sentence below each failed rule of a trace.

use super::problem::{OidcProblem, Place};
use super::profile::is_entra;
use super::rules::Rule;

impl OidcProblem {
    /// Whose move it is and what to do, in plain English.
    pub fn remedy(&self) -> String {
        match self {
            Self::Address { what: "the issuer", .. } => {
                "Copy the issuer from the provider's own page; it looks like https://idp.example.com."
            }
            Self::Address { .. } => {
                "The provider's discovery document names this address: its operator must correct it."
            }
            Self::Unreachable { .. } => "Nothing is wrong with the settings that are known here. Try again.",
            Self::Document { .. } => {
                "Check the issuer: its discovery document must be there. If it is, the provider's operator must correct it."
            }
            Self::Issuer { place, expected, received } => return issuer(*place, expected, received.as_deref()),
            Self::Offer { what: "PKCE", .. } => {
                "Turn PKCE with S256 on at the provider. It keeps a stolen code worthless, so that there is no way without."
            }
            Self::Offer { what: "the code flow", .. } => {
                "Turn the authorization code flow on at the provider, for a web application."
            }
            Self::Offer { .. } => {
                "Set the signature algorithm of ID tokens at the provider to RS256, PS256, ES256 or EdDSA."
            }
            Self::Request { .. } => "Correct the settings of this connection.",
            Self::OwnKey => {
                "Create a new key for this connection. The provider fetches it from our key address by itself."
            }
            Self::Credential { .. } => {
                "Enter the client secret of this connection, create its key, or choose the public client."
            }
            Self::Keys { .. } => "The provider's operator must publish a key set with its public signing keys.",
            Self::State { .. } => {
                "Start the sign-in again, in this browser: this is an answer to an older one (back button, second tab, another browser) or to none."
            }
            Self::Answer { .. } => "No known provider sends this. Treat it as an attempt to forge a sign-in.",
            Self::Denied { error, .. } => denied(error),
            Self::NoCode => "Start the sign-in again. If it stays, check that the provider's application uses the code flow.",
            Self::TokenRefused { status, error, .. } => token_refused(*status, error.as_deref()),
            Self::TokenAnswer { .. } => {
                "Check that the provider's application is of the type OpenID Connect, with the scope openid allowed."
            }
            Self::Size { .. } => "Let the provider send fewer claims; usually a groups claim lists far too many.",
            Self::Shape { .. } => {
                "Check the application's token settings at the provider: ID tokens must be signed JWTs."
            }
            Self::Encrypted => "Turn the encryption of tokens off at the provider, for this application.",
            Self::Header { .. } => {
                "Such a header is how forged tokens bring their own key. If the provider really sends it, its operator must turn it off."
            }
            Self::Type { .. } => "The provider must send the kind of token that this address is for.",
            Self::Algorithm { received, .. } => algorithm(received),
            Self::UnknownKey { .. } => {
                "If the provider changed its keys just now: try again in a minute. If it stays, its key address publishes other keys than it signs with."
            }
            Self::Signature { .. } => {
                "The right key is named but did not sign this. Treat it as an attempt to forge a sign-in."
            }
            Self::Payload { .. } => "No known provider sends this. Treat it as an attempt to forge a sign-in.",
            Self::Claim { rule: Rule::Subject, .. } => {
                "Every token must name the person: check the subject setting of the application at the provider."
            }
            Self::Claim { .. } => "The provider's operator must correct its tokens; the standard demands this claim so.",
            Self::Audience { .. } => {
                "Compare the client ID here with the provider's application: the token was issued for another one."
            }
            Self::AuthorizedParty { .. } => {
                "The token is for several clients and was not issued to this one. Let the provider issue ID tokens for this client alone."
            }
            Self::Expired { .. } => {
                "Start the sign-in again. If it stays, the clocks differ: set this server and the provider by NTP."
            }
            Self::NotYetValid { .. } => "The clocks differ: set the clock of this server and of the provider by NTP.",
            Self::Nonce { .. } => {
                "Start the sign-in again. If it stays, treat it as an attempt to use somebody else's token."
            }
            Self::AccessTokenHash | Self::CodeHash => {
                "The parts of this answer do not belong together. Treat it as an attempt to forge a sign-in."
            }
            Self::AuthTime { at: None, .. } => {
                "The provider must say when the person signed in (auth_time); the standard demands it when max_age is asked for."
            }
            Self::AuthTime { .. } => {
                "The provider reused an older sign-in although a new one was asked for. Sign in there again."
            }
            Self::UserInfo { .. } => {
                "Set the provider's UserInfo answer to plain JSON, or turn UserInfo off for this connection."
            }
            Self::UserInfoSubject { .. } => {
                "Nothing of this answer was used. The provider's operator must find out why it answers about somebody else."
            }
            Self::SubjectClaim { claim } if claim == "oid" || claim == "tid" => {
                "Add the scope profile to this connection: without it Entra ID leaves the object ID out."
            }
            Self::SubjectClaim { .. } => {
                "Let the provider send this claim in the ID token, or choose another one in the settings of this connection before anybody signs in."
            }
            Self::Events { .. } | Self::LogoutNonce => {
                "Only logout tokens belong to this address. Check the back-channel logout address at the provider."
            }
            Self::RevocationBody { .. } => {
                "Set the subject format at the provider to e-mail, or to issuer and subject identifier."
            }
        }
        .to_owned()
    }
}

/// The one mistake that everybody makes once is told exactly.
fn issuer(place: Place, expected: &str, received: Option<&str>) -> String {
    let bare = |text: &str| text.strip_suffix('/').unwrap_or(text).to_owned();
    match (place, received) {
        (Place::Discovery, Some(said)) if bare(said) == bare(expected) => {
            let with = if said.ends_with('/') { "with" } else { "without" };
            format!(
                "Your move: enter the issuer as the provider writes it, {with} a slash at its end: {said}. Every token repeats it byte for byte."
            )
        }
        (Place::Discovery, Some(said)) if said.contains("{tenantid}") || is_entra(expected) => {
            "Your move: enter the issuer of your own tenant, https://login.microsoftonline.com/TENANT-ID/v2.0. The common one lets in people of every tenant.".to_owned()
        }
        (Place::Discovery, Some(said)) => {
            format!("Your move: if you trust {said}, enter exactly that as the issuer. Otherwise check the address.")
        }
        (Place::Discovery, None) => "This is not a discovery document of OpenID Connect. Check the issuer.".to_owned(),
        (Place::Answer, None) => {
            "The provider announces that it names itself in each answer and did not. Treat it as an attempt to mix up two providers.".to_owned()
        }
        (Place::Answer, Some(_)) => {
            "Another provider answered than the one that was asked. Start again; if it stays, treat it as an attempt to mix up two providers.".to_owned()
        }
        (Place::Token, _) => {
            "Compare the issuer of this connection with the provider's discovery document; a slash at the end counts.".to_owned()
        }
    }
}

/// RFC 6749 §4.1.2.1 and OpenID Connect Core 1.0 §3.1.2.6.
fn denied(error: &str) -> &'static str {
    match error {
        "access_denied" => {
            "The person, or a rule at the provider, said no: assign the person to the application there, or let them agree."
        }
        "login_required" | "interaction_required" | "account_selection_required" => {
            "The provider must ask the person something and was told not to: remove the prompt setting of this connection."
        }
        "consent_required" => "An admin of the provider must agree to this application once, for everybody.",
        "invalid_scope" => "Remove the scopes from this connection that the provider does not know.",
        "unauthorized_client" | "unsupported_response_type" => {
            "Turn the authorization code flow on in the provider's application."
        }
        "invalid_request" => {
            "Compare client ID and redirect URI with the provider's application; its own log names the parameter."
        }
        "server_error" | "temporarily_unavailable" => {
            "The provider has trouble of its own. Try again in a few minutes."
        }
        _ => "Look at the provider's own sign-in log at this moment; the reason is there.",
    }
}

/// RFC 6749 §5.2.
fn token_refused(status: u16, error: Option<&str>) -> &'static str {
    match (status, error) {
        (_, Some("invalid_client")) | (401, None) => {
            "Check client ID and client secret, and that the way of proving them is the one of the provider's application. Secrets end: create a new one there if need be."
        }
        (_, Some("invalid_grant")) => {
            "Start the sign-in again: a code works once and for a minute. If it stays, compare the redirect URI with the provider's application."
        }
        (_, Some("unauthorized_client" | "unsupported_grant_type")) => {
            "Turn the authorization code flow on in the provider's application."
        }
        (_, Some("invalid_request")) => {
            "Check that the provider's application is of the type that this connection assumes: with a client secret, or public with PKCE."
        }
        (429 | 500.., _) => "The provider has trouble of its own. Try again in a few minutes.",
        _ => "Look at the provider's own log at this moment; the reason is there.",
    }
}

fn algorithm(received: &str) -> &'static str {
    match received {
        "none" | "None" | "NONE" | "nOnE" => {
            "The token is not signed. Treat it as an attempt to forge a sign-in."
        }
        _ if received.starts_with("HS") => {
            "A shared secret is no signature here: set the provider to RS256, or treat it as an attempt to forge a sign-in."
        }
        _ => {
            "Set the signature algorithm of the application at the provider to one of these, or read its discovery document again."
        }
    }
}
