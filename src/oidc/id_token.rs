//! The ID token: who signed in, for us, in answer to this very sign-in, now (OpenID Connect Core 1.0 §3.1.3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::model::openid::SKEW_MILLIS;
use crate::model::time::SECOND;
use crate::model::{Check, OpenIdProvider, Timestamp};

use super::algorithms::half_hash;
use super::claims::{self, Claims, wrong};
use super::json::Object;
use super::jwt::{self, Typ};
use super::keys::Keys;
use super::problem::{OidcProblem, short};
use super::rules::{Rule, pass};

/// What an ID token is held against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Issuer, client ID and the accepted algorithms.
    pub provider: &'a OpenIdProvider,
    /// The one that went with the authorization request.
    pub nonce: &'a str,
    /// Of the same answer of the token endpoint: for `at_hash`.
    pub access_token: Option<&'a str>,
    /// The one that was redeemed: for `c_hash`.
    pub code: Option<&'a str>,
    /// Seconds, as sent: the person may have signed in at the provider this long before `asked_at`. 0 after
    /// [`super::Ask::force`], nothing when it was not asked for.
    pub max_age: Option<i64>,
    /// When the authorization request left.
    pub asked_at: Timestamp,
    pub now: Timestamp,
}

/// Verifies an ID token and reads it. `checks` gets the values of every rule that passed.
///
/// # Errors
/// The first rule that is broken. [`OidcProblem::wants_fresh_keys`] says whether to fetch the keys and ask again.
pub fn verify_id_token(
    token: &str,
    keys: &Keys,
    expected: &Expected<'_>,
    checks: &mut Vec<Check>,
) -> Result<Claims, OidcProblem> {
    let provider = expected.provider;
    let typ = Typ {
        name: "JWT",
        or_plain: true,
    };
    let verified = jwt::verify(token, keys, &provider.signing_algorithms, typ, checks)?;
    let raw = verified.claims;
    claims::issuer(&raw, &provider.issuer, checks)?;
    let audience = claims::audience(&raw, &provider.client_id, checks)?;
    authorized_party(&raw, &audience, &provider.client_id)?;
    let (issued_at, expires_at) = claims::times(&raw, expected.now, checks)?;
    nonce(&raw, expected.nonce)?;
    hash(&raw, verified.algorithm, "at_hash", expected.access_token)?;
    hash(&raw, verified.algorithm, "c_hash", expected.code)?;
    let auth_time = auth_time(&raw, expected)?;
    let Some(subject) = claims::name(&raw, "sub", Rule::Subject)? else {
        return Err(wrong(Rule::Subject, "sub", "a text of 1 to 255 characters", None));
    };
    pass(checks, Rule::Subject, None, Some(short(&subject)));
    Ok(Claims {
        issuer: provider.issuer.clone(),
        subject,
        session: claims::name(&raw, "sid", Rule::Payload)?,
        issued_at,
        expires_at,
        auth_time,
        raw,
    })
}

/// `azp`: ours wherever it is said, and said wherever there are several audiences.
fn authorized_party(raw: &Object, audience: &[String], client_id: &str) -> Result<(), OidcProblem> {
    let received = match raw.get("azp") {
        None if audience.len() == 1 => return Ok(()),
        Some(Value::String(azp)) if azp == client_id => return Ok(()),
        Some(Value::String(azp)) => Some(short(azp)),
        None => None,
        other => return Err(wrong(Rule::AuthorizedParty, "azp", "a text", other)),
    };
    Err(OidcProblem::AuthorizedParty {
        expected: client_id.to_owned(),
        received,
    })
}

fn nonce(raw: &Object, expected: &str) -> Result<(), OidcProblem> {
    let received = raw.get("nonce");
    let same = received
        .and_then(Value::as_str)
        .is_some_and(|nonce| bool::from(nonce.as_bytes().ct_eq(expected.as_bytes())));
    if same && !expected.is_empty() {
        return Ok(());
    }
    Err(OidcProblem::Nonce {
        received: received.is_some(),
    })
}

/// `at_hash` or `c_hash`, where it is said and there is something to compare it with.
fn hash(
    raw: &Object,
    algorithm: Algorithm,
    name: &'static str,
    value: Option<&str>,
) -> Result<(), OidcProblem> {
    let (rule, problem) = match name {
        "at_hash" => (Rule::AccessTokenHash, OidcProblem::AccessTokenHash),
        _ => (Rule::CodeHash, OidcProblem::CodeHash),
    };
    match (raw.get(name), value) {
        (None, _) => Ok(()),
        (Some(Value::String(_)), None) => Ok(()),
        (Some(Value::String(said)), Some(value)) => {
            match *said == URL_SAFE_NO_PAD.encode(half_hash(algorithm, value)) {
                true => Ok(()),
                false => Err(problem),
            }
        }
        (other, _) => Err(wrong(rule, name, "a text", other)),
    }
}

/// `auth_time`: must be there and young enough when a `max_age` was asked for, and is never in the future.
fn auth_time(raw: &Object, expected: &Expected<'_>) -> Result<Option<Timestamp>, OidcProblem> {
    let at = claims::date(raw, "auth_time", Rule::AuthTime)?;
    if let Some(at) = at.filter(|at| *at > expected.now.plus(SKEW_MILLIS)) {
        return Err(OidcProblem::NotYetValid {
            field: "auth_time",
            from: at,
            now: expected.now,
        });
    }
    if let Some(max_age) = expected.max_age {
        let earliest = expected
            .asked_at
            .minus(max_age.saturating_mul(SECOND))
            .minus(SKEW_MILLIS);
        if at.is_none_or(|at| at < earliest) {
            return Err(OidcProblem::AuthTime { at, earliest });
        }
    }
    Ok(at)
}
