//! X.509 certificates as SAML uses them: containers of a pinned public key.
//!
//! There is no chain and no authority here. An admin pins certificates (from metadata or by pasting them) and sees
//! their fingerprints; a signature counts when a pinned key made it.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::model::time::Timestamp;

/// A certificate whose key this program can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// SHA-256 over the DER, upper-case hex with colons, as IdP pages show it.
    pub fingerprint: String,
    /// The subject's distinguished name.
    pub subject: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// Kind and size: `RSA 2048`, `ECDSA P-256`.
    pub key: String,
}

/// Why text is not a usable certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateProblem {
    /// There is nothing in it.
    Nothing,
    /// A private key was pasted.
    PrivateKey,
    /// Another kind of PEM block, by its label.
    OtherPem { label: String },
    /// Neither PEM nor Base64 of DER.
    NotBase64,
    /// Base64, but no X.509 certificate inside.
    NotCertificate,
    /// An RSA key under 2048 bits.
    SmallKey { bits: usize },
    /// A key of another kind (DSA, Ed25519, an unusual curve).
    UnknownKey { kind: String },
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("There is no certificate in this text. Paste the identity provider's signing certificate."),
            Self::PrivateKey => f.write_str("This is a private key. It belongs to the identity provider alone: paste the certificate (BEGIN CERTIFICATE), and consider that key exposed."),
            Self::OtherPem { label } => write!(f, "This is a {label}, not a certificate. Paste the block that says BEGIN CERTIFICATE."),
            Self::NotBase64 => f.write_str("This is not a certificate. Paste the whole text of the .pem, .cer or .crt file, from BEGIN CERTIFICATE to END CERTIFICATE."),
            Self::NotCertificate => f.write_str("This text decodes, but there is no X.509 certificate in it. Download the certificate again and paste all of it."),
            Self::SmallKey { bits } => write!(f, "The certificate has an RSA key of {bits} bits; at least 2048 are needed. Create a new signing certificate at the identity provider."),
            Self::UnknownKey { kind } => write!(f, "The certificate has a key of the kind {kind}. Use RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521."),
        }
    }
}

impl std::error::Error for CertificateProblem {}

impl Certificate {
    /// Reads one DER certificate and judges its key; its dates are not judged here.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateProblem> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|_| CertificateProblem::NotCertificate)?;
        if !rest.is_empty() {
            return Err(CertificateProblem::NotCertificate);
        }
        let moment = |at: x509_parser::time::ASN1Time| Timestamp(at.timestamp().saturating_mul(1_000));
        Ok(Self {
            fingerprint: fingerprint(der),
            subject: super::problem::short(&parsed.subject().to_string()),
            not_before: moment(parsed.validity().not_before),
            not_after: moment(parsed.validity().not_after),
            key: key_kind(&parsed)?,
            der: der.to_vec(),
        })
    }

    /// The public key as it stands in the certificate: RSAPublicKey (RFC 8017) or the point of a curve (RFC 5480).
    pub(super) fn public_key(&self) -> Option<Vec<u8>> {
        let (_, parsed) = X509Certificate::from_der(&self.der).ok()?;
        Some(parsed.public_key().subject_public_key.data.to_vec())
    }

    /// The certificate as PEM with lines of 64 characters.
    pub fn to_pem(&self) -> String {
        let body = self.to_base64();
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in body.as_bytes().chunks(64) {
            pem.extend(line.iter().map(|b| char::from(*b)));
            pem.push('\n');
        }
        pem.push_str("-----END CERTIFICATE-----\n");
        pem
    }

    /// The DER in Base64 on one line, as XML carries it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }
}

/// Reads all certificates of `text`: PEM blocks (other text around them is ignored), or the bare Base64 of one DER
/// certificate. A repeated certificate is given once.
pub fn read_certificates(text: &str) -> Result<Vec<Certificate>, CertificateProblem> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err(CertificateProblem::Nothing);
    }
    if !text.contains("-----BEGIN") {
        return Ok(vec![Certificate::from_der(&decode(text)?)?]);
    }
    let mut found: Vec<Certificate> = Vec::new();
    for block in text.split("-----BEGIN ").skip(1) {
        let (label, rest) = block.split_once("-----").ok_or(CertificateProblem::NotBase64)?;
        if label.contains("PRIVATE KEY") {
            return Err(CertificateProblem::PrivateKey);
        }
        if !matches!(label, "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") {
            return Err(CertificateProblem::OtherPem {
                label: super::problem::short(label),
            });
        }
        let (body, _) = rest.split_once("-----END").ok_or(CertificateProblem::NotBase64)?;
        let certificate = Certificate::from_der(&decode(body)?)?;
        if !found.contains(&certificate) {
            found.push(certificate);
        }
    }
    Ok(found)
}

/// SHA-256 of a DER certificate in upper-case hex with colons.
pub fn fingerprint(der: &[u8]) -> String {
    Sha256::digest(der)
        .iter()
        .map(|b| format!("{b:02X}"))
        .collect::<Vec<_>>()
        .join(":")
}

/// Base64 in which white space may stand anywhere, as PEM files and XML have it.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, CertificateProblem> {
    let clean: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    STANDARD.decode(clean).map_err(|_| CertificateProblem::NotBase64)
}

fn key_kind(certificate: &X509Certificate<'_>) -> Result<String, CertificateProblem> {
    let unknown = |kind: &str| CertificateProblem::UnknownKey {
        kind: super::problem::short(kind),
    };
    let info = certificate.public_key();
    match info.parsed().map_err(|_| unknown("unreadable"))? {
        PublicKey::RSA(rsa) => {
            let leading_zeros = rsa.modulus.iter().take_while(|b| **b == 0).count();
            let modulus = &rsa.modulus[leading_zeros..];
            let bits = modulus.len() * 8 - modulus.first().map_or(0, |b| b.leading_zeros() as usize);
            if bits < 2048 {
                return Err(CertificateProblem::SmallKey { bits });
            }
            Ok(format!("RSA {bits}"))
        }
        PublicKey::EC(_) => {
            let curve = info
                .algorithm
                .parameters
                .as_ref()
                .and_then(|p| p.as_oid().ok())
                .map(|o| o.to_id_string());
            match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => Ok("ECDSA P-256".to_owned()),
                Some("1.3.132.0.34") => Ok("ECDSA P-384".to_owned()),
                Some("1.3.132.0.35") => Ok("ECDSA P-521".to_owned()),
                other => Err(unknown(other.unwrap_or("EC without a named curve"))),
            }
        }
        _ => Err(unknown(&info.algorithm.algorithm.to_id_string())),
    }
}
