//! The UserInfo answer (OpenID Connect Core 1.0 §5.3): fills in what a thin ID token leaves out, and decides nothing.

use serde_json::Value;

use super::claims::Claims;
use super::json;
use super::problem::{OidcProblem, short};

/// Bytes that a UserInfo answer may have.
pub const USERINFO_LIMIT: usize = 256 * 1024;

/// Claims that only the signed token may say.
const SIGNED_ONLY: [&str; 17] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "nonce",
    "azp",
    "auth_time",
    "acr",
    "amr",
    "at_hash",
    "c_hash",
    "sid",
    "oid",
    "tid",
];

/// Adds what UserInfo says to what the ID token said; the ID token wins.
///
/// # Errors
/// [`OidcProblem::UserInfo`] for anything but a JSON object, [`OidcProblem::UserInfoSubject`] when it is about somebody
/// else (§5.3.2: then nothing of it may be used).
pub fn read_userinfo(
    content_type: Option<&str>,
    body: &[u8],
    claims: &mut Claims,
) -> Result<(), OidcProblem> {
    let bad = |detail: String| OidcProblem::UserInfo { detail };
    let kind = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    match kind.trim().to_ascii_lowercase().as_str() {
        "application/json" => {}
        "application/jwt" => return Err(bad("it is signed or encrypted (application/jwt)".to_owned())),
        "" => return Err(bad("it has no content type".to_owned())),
        other => return Err(bad(format!("its content type is {}", short(other)))),
    }
    let mut said = json::object(body, USERINFO_LIMIT).map_err(bad)?;
    let subject = said.get("sub");
    if subject.and_then(Value::as_str) != Some(&claims.subject) {
        return Err(OidcProblem::UserInfoSubject {
            expected: short(&claims.subject),
            received: subject.map(|subject| short(subject.as_str().unwrap_or(json::kind(subject)))),
        });
    }
    // An address and the word that it is verified come from one source: no word may be lent to another address.
    match claims.raw.get("email") {
        None => drop(claims.raw.remove("email_verified")),
        Some(email) if said.get("email") != Some(email) => drop(said.remove("email_verified")),
        Some(_) => {}
    }
    for (name, value) in said {
        if !SIGNED_ONLY.contains(&name.as_str()) {
            claims.raw.entry(name).or_insert(value);
        }
    }
    Ok(())
}
