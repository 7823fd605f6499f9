//! What a provider sends by itself, over a signed token: the logout token (OpenID Connect Back-Channel Logout 1.0 §2.4
//! and §2.6), and the request to end all sessions of somebody (Global Token Revocation, as Okta's Universal Logout
//! sends it).

use serde_json::Value;

use crate::model::{OpenIdProvider, Timestamp};

use super::claims::{self, wrong};
use super::json::{self, Object};
use super::jwt::{self, Typ};
use super::keys::Keys;
use super::problem::{OidcProblem, short};
use super::rules::Rule;

const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Bytes that the body of a revocation request may have.
pub const REVOCATION_LIMIT: usize = 16 * 1024;

/// What such a token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    pub issuer: &'a str,
    /// Our client ID for a logout token, the address of our endpoint for a revocation.
    pub audience: &'a str,
    /// The accepted algorithms.
    pub algorithms: &'a [String],
    pub now: Timestamp,
}

impl<'a> Notice<'a> {
    /// For logout tokens of this provider.
    pub fn logout(provider: &'a OpenIdProvider, now: Timestamp) -> Self {
        Self {
            issuer: &provider.issuer,
            audience: &provider.client_id,
            algorithms: &provider.signing_algorithms,
            now,
        }
    }

    /// For revocation tokens of this provider, sent to `endpoint`.
    pub fn revocation(provider: &'a OpenIdProvider, endpoint: &'a str, now: Timestamp) -> Self {
        Self {
            audience: endpoint,
            ..Self::logout(provider, now)
        }
    }
}

/// Whose sessions end: one of `session`, or all of `subject`. At least one is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutToken {
    pub issuer: String,
    /// `sub`, as in the ID token.
    pub subject: Option<String>,
    /// `sid`, as in the ID token.
    pub session: Option<String>,
    /// `jti`: the caller refuses a second one until `expires_at` and the skew are over.
    pub id: String,
    pub expires_at: Timestamp,
    pub issued_at: Timestamp,
    /// Everything, as received.
    pub raw: Object,
}

/// Proof that a revocation request is the provider's; whom it is about stands in the body ([`read_revocation`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationToken {
    /// `jti`: the caller refuses a second one until `expires_at` and the skew are over.
    pub id: String,
    pub expires_at: Timestamp,
    pub issued_at: Timestamp,
}

/// Verifies a logout token.
///
/// # Errors
/// The first rule that is broken; see [`OidcProblem::wants_fresh_keys`].
pub fn verify_logout_token(
    token: &str,
    keys: &Keys,
    expected: &Notice<'_>,
) -> Result<LogoutToken, OidcProblem> {
    // §2.4 recommends the type and says that it may be missing.
    let typ = Typ {
        name: "logout+jwt",
        or_plain: true,
    };
    let (raw, issued_at, expires_at) = verify(token, keys, expected, typ)?;
    match raw.get("events") {
        Some(Value::Object(events)) if events.get(LOGOUT_EVENT).is_some_and(Value::is_object) => {}
        other => {
            return Err(OidcProblem::Events {
                received: other.map_or("no events".to_owned(), |events| short(&events.to_string())),
            });
        }
    }
    // Otherwise an ID token could be passed off as a logout token.
    if raw.contains_key("nonce") {
        return Err(OidcProblem::LogoutNonce);
    }
    let subject = claims::name(&raw, "sub", Rule::Subject)?;
    let session = claims::name(&raw, "sid", Rule::Subject)?;
    if subject.is_none() && session.is_none() {
        return Err(wrong(Rule::Subject, "sub", "sub or sid", None));
    }
    Ok(LogoutToken {
        issuer: expected.issuer.to_owned(),
        subject,
        session,
        id: token_id(&raw)?,
        expires_at,
        issued_at,
        raw,
    })
}

/// Verifies the token that stands in the `Authorization` header of a revocation request.
///
/// # Errors
/// The first rule that is broken; see [`OidcProblem::wants_fresh_keys`].
pub fn verify_revocation_token(
    token: &str,
    keys: &Keys,
    expected: &Notice<'_>,
) -> Result<RevocationToken, OidcProblem> {
    let typ = Typ {
        name: "global-token-revocation+jwt",
        or_plain: false,
    };
    let (raw, issued_at, expires_at) = verify(token, keys, expected, typ)?;
    Ok(RevocationToken {
        id: token_id(&raw)?,
        expires_at,
        issued_at,
    })
}

fn verify(
    token: &str,
    keys: &Keys,
    expected: &Notice<'_>,
    typ: Typ,
) -> Result<(Object, Timestamp, Timestamp), OidcProblem> {
    let mut checks = Vec::new();
    let raw = jwt::verify(token, keys, expected.algorithms, typ, &mut checks)?.claims;
    claims::issuer(&raw, expected.issuer, &mut checks)?;
    claims::audience(&raw, expected.audience, &mut checks)?;
    let (issued_at, expires_at) = claims::times(&raw, expected.now, &mut checks)?;
    Ok((raw, issued_at, expires_at))
}

fn token_id(raw: &Object) -> Result<String, OidcProblem> {
    claims::name(raw, "jti", Rule::TokenId)?
        .ok_or_else(|| wrong(Rule::TokenId, "jti", "a text of 1 to 255 characters", None))
}

/// Whom a revocation request is about (RFC 9493 §3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    Email(String),
    IssuerSubject {
        issuer: String,
        subject: String,
    },
    /// An ID that only the two sides know: here the one that provisioning gave.
    Opaque(String),
}

/// Reads the body of a revocation request: `sub_id`, or `subject` as drafts before 2024 and Okta's guide call it.
pub fn read_revocation(body: &[u8]) -> Result<Revoked, OidcProblem> {
    let bad = |detail: &str| OidcProblem::RevocationBody {
        detail: detail.to_owned(),
    };
    let body =
        json::object(body, REVOCATION_LIMIT).map_err(|detail| OidcProblem::RevocationBody { detail })?;
    let named = match (body.get("sub_id"), body.get("subject")) {
        (Some(_), Some(_)) => return Err(bad("it has both sub_id and subject")),
        (Some(named), None) | (None, Some(named)) => named,
        (None, None) => return Err(bad("it has no sub_id")),
    };
    let text = |name: &str| {
        let text = named.get(name).and_then(Value::as_str);
        text.filter(|text| claims::is_name(text)).map(str::to_owned)
    };
    let Some(format) = text("format") else {
        return Err(bad("its sub_id has no format"));
    };
    let revoked = match format.as_str() {
        "email" => text("email").map(Revoked::Email),
        "iss_sub" => text("iss")
            .zip(text("sub"))
            .map(|(issuer, subject)| Revoked::IssuerSubject { issuer, subject }),
        "opaque" => text("id").map(Revoked::Opaque),
        _ => return Err(bad(&format!("the format {} is not known here", short(&format)))),
    };
    revoked.ok_or_else(|| bad(&format!("its sub_id lacks what the format {format} needs")))
}
