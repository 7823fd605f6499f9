//! The signature algorithms that count here. A list of ours: never what a token says, never `none`, never a shared
//! secret (HS256 with a public key as the secret is the classic forgery).

use jsonwebtoken::Algorithm;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// All of them, the most common first (RFC 7518 §3.1, RFC 8037 §3.1).
pub const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// What a key must be to make such signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Rsa,
    P256,
    P384,
    Ed25519,
}

/// The algorithm of that name, if it is one of [`ALGORITHMS`].
pub(super) fn parse(name: &str) -> Option<(Algorithm, Family)> {
    Some(match name {
        "RS256" => (Algorithm::RS256, Family::Rsa),
        "RS384" => (Algorithm::RS384, Family::Rsa),
        "RS512" => (Algorithm::RS512, Family::Rsa),
        "PS256" => (Algorithm::PS256, Family::Rsa),
        "PS384" => (Algorithm::PS384, Family::Rsa),
        "PS512" => (Algorithm::PS512, Family::Rsa),
        "ES256" => (Algorithm::ES256, Family::P256),
        "ES384" => (Algorithm::ES384, Family::P384),
        "EdDSA" => (Algorithm::EdDSA, Family::Ed25519),
        _ => return None,
    })
}

/// Ours, narrowed to what a provider announces, in our order.
pub(super) fn narrowed(announced: &[String]) -> Vec<String> {
    ALGORITHMS
        .iter()
        .filter(|ours| announced.iter().any(|theirs| theirs == *ours))
        .map(|ours| (*ours).to_owned())
        .collect()
}

/// The left half of the hash of `value`, with the hash of the token's own algorithm (OpenID Connect Core 1.0
/// §3.1.3.6): what `at_hash` and `c_hash` say, before Base64url.
pub(super) fn half_hash(algorithm: Algorithm, value: &str) -> Vec<u8> {
    let hash = match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => Sha384::digest(value).to_vec(),
        // Ed25519 signs over SHA-512 (RFC 8032 §5.1).
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => Sha512::digest(value).to_vec(),
        _ => Sha256::digest(value).to_vec(),
    };
    hash[..hash.len() / 2].to_vec()
}
