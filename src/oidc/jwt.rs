//! From a token as received to verified claims: size, shape, header, key, signature, and only then the content.
//!
//! The algorithm must be one that the connection accepts, the key one of the provider's: the token itself may say
//! which of them, and nothing more.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::Value;

use crate::model::Check;

use super::algorithms;
use super::json::{self, Object};
use super::keys::{Keys, is_signed};
use super::problem::{OidcProblem, short};
use super::rules::{Rule, pass};

/// Bytes that a token may have. One with 200 groups has about 10 KiB.
pub const TOKEN_LIMIT: usize = 64 * 1024;
const HEADER_LIMIT: usize = 4 * 1024;
/// Header members that bring a key or change what the signature means (RFC 7515 §4.1). A key that a forger brings
/// along fits every forgery.
const FOREIGN: [&str; 6] = ["jwk", "jku", "x5u", "x5c", "crit", "b64"];

/// Which `typ` a token may have (RFC 8725 §3.11), so that none is taken for another kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typ {
    pub name: &'static str,
    /// `JWT`, or nothing, will do as well.
    pub or_plain: bool,
}

/// The content of a token whose signature is the provider's.
pub(super) struct Verified {
    pub claims: Object,
    pub algorithm: Algorithm,
}

/// What the header says, for choosing among what we accept anyway.
struct Head {
    name: String,
    kid: Option<String>,
}

/// Verifies `token`: a signature by one of `keys` with one of the `accepted` algorithms.
pub(super) fn verify(
    token: &str,
    keys: &Keys,
    accepted: &[String],
    typ: Typ,
    checks: &mut Vec<Check>,
) -> Result<Verified, OidcProblem> {
    let shape = |detail: &str| OidcProblem::Shape {
        detail: detail.to_owned(),
    };
    if token.len() > TOKEN_LIMIT {
        return Err(OidcProblem::Size {
            bytes: token.len(),
            limit: TOKEN_LIMIT,
        });
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return Err(match parts.len() {
            5 => OidcProblem::Encrypted,
            count => shape(&format!("it has {count} parts, not 3")),
        });
    };
    let head = read_head(header, typ)?;
    let known = algorithms::parse(&head.name).filter(|_| accepted.contains(&head.name));
    let Some((algorithm, family)) = known else {
        return Err(OidcProblem::Algorithm {
            accepted: accepted.to_vec(),
            received: short(&head.name),
        });
    };
    pass(
        checks,
        Rule::Algorithm,
        Some(accepted.join(", ")),
        Some(head.name.clone()),
    );
    let key = keys.find(head.kid.as_deref(), &head.name, family)?;
    let shown = head.kid.as_deref().map(short);
    pass(checks, Rule::Key, Some(keys.ids().join(", ")), shown.clone());
    let message = &token[..header.len() + 1 + payload.len()];
    if !is_signed(algorithm, &key, message.as_bytes(), signature) {
        return Err(OidcProblem::Signature { kid: shown });
    }
    let bytes = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| shape("its claims are not Base64url"))?;
    let claims = json::object(&bytes, TOKEN_LIMIT).map_err(|detail| OidcProblem::Payload { detail })?;
    Ok(Verified { claims, algorithm })
}

fn read_head(header: &str, typ: Typ) -> Result<Head, OidcProblem> {
    let shape = |detail: String| OidcProblem::Shape { detail };
    let bytes = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| shape("its header is not Base64url".to_owned()))?;
    let header =
        json::object(&bytes, HEADER_LIMIT).map_err(|detail| shape(format!("of its header: {detail}")))?;
    if header.contains_key("enc") {
        return Err(OidcProblem::Encrypted);
    }
    if let Some(member) = FOREIGN.into_iter().find(|member| header.contains_key(*member)) {
        return Err(OidcProblem::Header { member });
    }
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(shape(format!("{name} in its header is {}", json::kind(other)))),
    };
    check_typ(text("typ")?, typ)?;
    if text("cty")?.is_some_and(|cty| cty.eq_ignore_ascii_case("jwt")) {
        return Err(shape("it holds another token".to_owned()));
    }
    let Some(name) = text("alg")? else {
        return Err(shape("its header names no algorithm".to_owned()));
    };
    Ok(Head {
        name,
        kid: text("kid")?,
    })
}

fn check_typ(received: Option<String>, typ: Typ) -> Result<(), OidcProblem> {
    let kind = received.as_deref().map(|said| {
        let said = said.to_ascii_lowercase();
        said.strip_prefix("application/")
            .map(str::to_owned)
            .unwrap_or(said)
    });
    let fits = match kind.as_deref() {
        None | Some("jwt") => typ.or_plain,
        Some(kind) => kind.eq_ignore_ascii_case(typ.name),
    };
    if fits {
        return Ok(());
    }
    Err(OidcProblem::Type {
        expected: typ.name,
        received: received.map_or("no typ".to_owned(), |said| short(&said)),
    })
}
