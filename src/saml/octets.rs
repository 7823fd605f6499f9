//! Signatures over plain octets, as HTTP-Redirect has them (SAML bindings §3.4.4.1): no XML, no canonical form.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey, VerificationAlgorithm,
};

use super::certificate::Certificate;
use super::names::SIGNATURE_ALGORITHMS;
use super::problem::{SamlProblem, short};
use super::trust::TrustedKeys;

/// Checks `signature` over `octets` with the pinned certificates alone. Gives the fingerprint of the one that made it.
pub fn check(
    octets: &[u8],
    algorithm: &str,
    signature: &[u8],
    trusted: &TrustedKeys,
) -> Result<String, SamlProblem> {
    if trusted.is_empty() {
        return Err(SamlProblem::NoCertificate);
    }
    let Some(algorithm) = SIGNATURE_ALGORITHMS.iter().find(|known| **known == algorithm) else {
        let algorithm = short(algorithm);
        return Err(match algorithm.ends_with("sha1") {
            true => SamlProblem::Sha1 { algorithm },
            false => SamlProblem::Algorithm { algorithm },
        });
    };
    let made_it = |certificate: &&Certificate| {
        let (Some(how), Some(key)) = (
            verification(algorithm, &certificate.key, signature.len()),
            certificate.public_key(),
        ) else {
            return false;
        };
        UnparsedPublicKey::new(how, key).verify(octets, signature).is_ok()
    };
    let signer = trusted.certificates().iter().find(made_it);
    signer
        .map(|certificate| certificate.fingerprint.clone())
        .ok_or_else(|| SamlProblem::Untrusted {
            claimed: None,
            trusted: trusted.fingerprints(),
        })
}

/// How a key of this kind checks `algorithm`, if it can. An ECDSA signature is r and s side by side, as XML signatures
/// have it, or DER, as some libraries send it: its length tells.
fn verification(algorithm: &str, key: &str, length: usize) -> Option<&'static dyn VerificationAlgorithm> {
    let name = algorithm.rsplit('#').next()?;
    let either = |fixed: &'static dyn VerificationAlgorithm, der, size| match length == size {
        true => fixed,
        false => der,
    };
    Some(match (name, key) {
        ("rsa-sha256", key) if key.starts_with("RSA") => &RSA_PKCS1_2048_8192_SHA256,
        ("rsa-sha384", key) if key.starts_with("RSA") => &RSA_PKCS1_2048_8192_SHA384,
        ("rsa-sha512", key) if key.starts_with("RSA") => &RSA_PKCS1_2048_8192_SHA512,
        ("ecdsa-sha256", "ECDSA P-256") => either(&ECDSA_P256_SHA256_FIXED, &ECDSA_P256_SHA256_ASN1, 64),
        ("ecdsa-sha384", "ECDSA P-384") => either(&ECDSA_P384_SHA384_FIXED, &ECDSA_P384_SHA384_ASN1, 96),
        ("ecdsa-sha512", "ECDSA P-521") => either(&ECDSA_P521_SHA512_FIXED, &ECDSA_P521_SHA512_ASN1, 132),
        _ => return None,
    })
}
