//! The provider's public keys (JSON Web Key Set, RFC 7517): which of them may sign, and which one a token means.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use super::algorithms::{self, Family};
use super::json::{self, Object};
use super::problem::{OidcProblem, short};

/// Bytes that a key set may have. Real ones have 1 to 30 KiB.
pub const KEYS_LIMIT: usize = 256 * 1024;
/// Keys that a set may have.
pub const MAX_KEYS: usize = 100;
const MAX_KID: usize = 512;
/// Bits of an RSA modulus: fewer can be broken, more cost too much to check.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// The keys that count, and why others do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    usable: Vec<Key>,
    refused: Vec<Refused>,
}

/// One public key as published, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    kid: Option<String>,
    /// The one algorithm that the provider uses it for, where it says so.
    alg: Option<String>,
    material: Material,
}

/// Base64url as published, known to decode to what the field says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { n: String, e: String },
    Ec { family: Family, x: String, y: String },
    Ed25519 { x: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused {
    kid: Option<String>,
    reason: String,
}

/// Reads the key set that came from `jwks_uri`. Symmetric, private, weak, foreign and encryption keys are left out.
///
/// # Errors
/// [`OidcProblem::Keys`] when it is no key set within limits, when two different keys share an ID, or when no key
/// is left.
pub fn read_keys(body: &[u8]) -> Result<Keys, OidcProblem> {
    let bad = |detail: String| OidcProblem::Keys { detail };
    let set = json::object(body, KEYS_LIMIT).map_err(bad)?;
    let Some(Value::Array(listed)) = set.get("keys") else {
        return Err(bad("it has no list of keys".to_owned()));
    };
    if listed.len() > MAX_KEYS {
        return Err(bad(format!("it has {} keys, more than {MAX_KEYS}", listed.len())));
    }
    let mut keys = Keys {
        usable: Vec::new(),
        refused: Vec::new(),
    };
    for entry in listed {
        let Value::Object(entry) = entry else {
            return Err(bad(format!("one of its keys is {}", json::kind(entry))));
        };
        let kid = entry.get("kid").and_then(Value::as_str).map(str::to_owned);
        match key(entry, kid.clone()) {
            Ok(key) => keys.usable.push(key),
            Err(reason) => keys.refused.push(Refused { kid, reason }),
        }
    }
    if let Some(kid) = keys.ambiguous() {
        return Err(bad(format!("two different keys have the ID {}", short(kid))));
    }
    if keys.usable.is_empty() {
        let reasons: Vec<_> = keys.refused.iter().map(|r| r.reason.as_str()).collect();
        let reasons = match reasons.is_empty() {
            true => "it is empty".to_owned(),
            false => short(&reasons.join("; ")),
        };
        return Err(bad(format!("none of its keys can sign: {reasons}")));
    }
    Ok(keys)
}

/// One key, or why it does not count.
fn key(entry: &Object, kid: Option<String>) -> Result<Key, String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
        return Err("its ID is too long".to_owned());
    }
    if entry.contains_key("d") || entry.contains_key("k") {
        return Err("it is a secret, and everybody can read it".to_owned());
    }
    if entry.contains_key("use") && text("use") != Some("sig") {
        return Err("it is not for signatures (use)".to_owned());
    }
    if let Some(operations) = entry.get("key_ops") {
        let listed = json::texts(operations).unwrap_or_default();
        if !listed.iter().any(|operation| operation == "verify") {
            return Err("it is not for signatures (key_ops)".to_owned());
        }
    }
    let material = material(entry)?;
    let alg = match entry.get("alg") {
        None => None,
        Some(alg) => {
            let name = alg.as_str().unwrap_or_default();
            let fits = algorithms::parse(name).is_some_and(|(_, family)| family == material.family());
            fits.then(|| Some(name.to_owned()))
                .ok_or_else(|| format!("its algorithm {} does not count here", short(name)))?
        }
    };
    Ok(Key { kid, alg, material })
}

fn material(entry: &Object) -> Result<Material, String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let bytes = |name: &str| {
        let decoded = URL_SAFE_NO_PAD.decode(text(name));
        decoded.map_err(|_| format!("its {name} is not Base64url"))
    };
    match (text("kty"), text("crv")) {
        ("RSA", _) => {
            let (n, e) = (bytes("n")?, bytes("e")?);
            let bits = bits(&n);
            if !RSA_BITS.contains(&bits) {
                return Err(format!("it is RSA with {bits} bits, not 2048 to 8192"));
            }
            // 1 would make every signature good; real ones are 65537.
            if e.last().is_none_or(|last| last % 2 == 0) || !(2..=33).contains(&self::bits(&e)) {
                return Err("its exponent cannot be used".to_owned());
            }
            let (n, e) = (text("n").to_owned(), text("e").to_owned());
            Ok(Material::Rsa { n, e })
        }
        ("EC", curve @ ("P-256" | "P-384")) => {
            let (family, length) = match curve {
                "P-256" => (Family::P256, 32),
                _ => (Family::P384, 48),
            };
            if bytes("x")?.len() != length || bytes("y")?.len() != length {
                return Err("its point has the wrong length".to_owned());
            }
            let (x, y) = (text("x").to_owned(), text("y").to_owned());
            Ok(Material::Ec { family, x, y })
        }
        ("OKP", "Ed25519") => {
            if bytes("x")?.len() != 32 {
                return Err("its point has the wrong length".to_owned());
            }
            let x = text("x").to_owned();
            Ok(Material::Ed25519 { x })
        }
        (kty, crv) => Err(format!(
            "its kind ({} {}) does not count here",
            short(kty),
            short(crv)
        )),
    }
}

/// Bits of a big-endian number, without its leading zeros.
fn bits(number: &[u8]) -> usize {
    let first = number.iter().position(|byte| *byte != 0);
    first.map_or(0, |at| {
        (number.len() - at) * 8 - number[at].leading_zeros() as usize
    })
}

impl Material {
    fn family(&self) -> Family {
        match self {
            Material::Rsa { .. } => Family::Rsa,
            Material::Ec { family, .. } => *family,
            Material::Ed25519 { .. } => Family::Ed25519,
        }
    }

    fn verifier(&self) -> Option<DecodingKey> {
        match self {
            Material::Rsa { n, e } => DecodingKey::from_rsa_components(n, e),
            Material::Ec { x, y, .. } => DecodingKey::from_ec_components(x, y),
            Material::Ed25519 { x } => DecodingKey::from_ed_components(x),
        }
        .ok()
    }
}

impl Key {
    /// May it make signatures with the algorithm of this name and family?
    fn suits(&self, name: &str, family: Family) -> bool {
        self.material.family() == family && self.alg.as_deref().is_none_or(|alg| alg == name)
    }

    fn to_jwk(&self) -> Value {
        let mut jwk = match &self.material {
            Material::Rsa { n, e } => json!({ "kty": "RSA", "n": n, "e": e }),
            Material::Ec { family, x, y } => {
                let curve = if *family == Family::P256 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": x, "y": y })
            }
            Material::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
        };
        jwk["use"] = "sig".into();
        if let Some(kid) = &self.kid {
            jwk["kid"] = kid.as_str().into();
        }
        if let Some(alg) = &self.alg {
            jwk["alg"] = alg.as_str().into();
        }
        jwk
    }
}

impl Keys {
    /// The usable keys as a key set again: what is kept for the time when the provider is away. [`read_keys`] reads it.
    pub fn to_json(&self) -> String {
        let keys: Vec<Value> = self.usable.iter().map(Key::to_jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// The IDs of the usable keys, for pages and traces.
    pub fn ids(&self) -> Vec<String> {
        self.usable
            .iter()
            .map(|key| short(key.kid.as_deref().unwrap_or("(no ID)")))
            .collect()
    }

    /// An ID that stands for two different keys: nobody could say which one a token means.
    fn ambiguous(&self) -> Option<&str> {
        self.usable.iter().enumerate().find_map(|(place, key)| {
            let kid = key.kid.as_deref()?;
            let twin = self.usable[place + 1..]
                .iter()
                .any(|other| other.kid.as_deref() == Some(kid) && other.material != key.material);
            twin.then_some(kid)
        })
    }

    /// The key that a token with this header means: by its ID, or the only one that suits when it names none.
    pub(super) fn find(
        &self,
        kid: Option<&str>,
        name: &str,
        family: Family,
    ) -> Result<DecodingKey, OidcProblem> {
        let mut suiting = self
            .usable
            .iter()
            .filter(|key| key.suits(name, family) && (kid.is_none() || key.kid.as_deref() == kid));
        let found = match (suiting.next(), suiting.next()) {
            (Some(only), None) => Some(only),
            // The same key under the same ID, listed once for each algorithm.
            (Some(first), Some(_)) if kid.is_some() => Some(first),
            _ => None,
        };
        found
            .and_then(|key| key.material.verifier())
            .ok_or_else(|| OidcProblem::UnknownKey {
                kid: kid.map(short),
                known: self.ids(),
                refused: self.why_not(kid, name, family),
            })
    }

    fn why_not(&self, kid: Option<&str>, name: &str, family: Family) -> Option<String> {
        let Some(kid) = kid else {
            let suiting = self.usable.iter().filter(|key| key.suits(name, family)).count();
            return Some(format!(
                "the token names no key, and {suiting} of the provider's suit"
            ));
        };
        if self.usable.iter().any(|key| key.kid.as_deref() == Some(kid)) {
            return Some(format!("the key of this ID is not for {name}"));
        }
        let refused = self.refused.iter().find(|r| r.kid.as_deref() == Some(kid));
        refused.map(|refused| short(&refused.reason))
    }
}

/// Whether `signature` over `message` is by `key`. Everything that goes wrong inside is a no.
pub(super) fn is_signed(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &str) -> bool {
    jsonwebtoken::crypto::verify(signature, message, key, algorithm).unwrap_or(false)
}
