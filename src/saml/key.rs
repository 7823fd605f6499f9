//! Our own key pair towards one IdentityProvider: it signs requests and opens encrypted assertions.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use bergshamra_keys::{Key, KeysManager};
use chrono::Datelike;
use rcgen::{CertificateParams, DistinguishedName, DnType, PKCS_RSA_SHA256};
use zeroize::Zeroizing;

use crate::model::time::{DAY, Timestamp};

use super::certificate::Certificate;

/// Days that our self-signed certificate is valid: ten years. Nobody checks a chain to it, but some IdPs refuse
/// expired ones, and renewing it needs the customer's hands.
const VALID_DAYS: i64 = 3_653;

/// An RSA 2048 private key with its self-signed certificate.
pub struct SpKey {
    pkcs8: Zeroizing<Vec<u8>>,
    certificate: Certificate,
    pair: KeyPair,
    keys: KeysManager,
}

/// A stored key cannot be read, or the library refused to make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyProblem;

impl std::fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("The key of this connection cannot be used. Create a new one and give its certificate to the identity provider.")
    }
}

impl std::error::Error for KeyProblem {}

impl std::fmt::Debug for SpKey {
    /// Shows the certificate only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpKey")
            .field("certificate", &self.certificate.fingerprint)
            .finish_non_exhaustive()
    }
}

impl SpKey {
    /// Makes a new key (this takes a good part of a second) with a certificate for `common_name`, valid from the day
    /// before `now`, so that a clock that is behind accepts it.
    pub fn generate(common_name: &str, now: Timestamp) -> Result<Self, KeyProblem> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyProblem)?;
        let pkcs8 = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyProblem)?;
        let pkcs8 = Zeroizing::new(pkcs8.as_ref().to_vec());
        let signer = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.as_slice().into(), &PKCS_RSA_SHA256)
            .map_err(|_| KeyProblem)?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        let day = |at: Timestamp| {
            let at = at.to_utc();
            rcgen::date_time_ymd(at.year(), at.month() as u8, at.day() as u8)
        };
        params.not_before = day(now.minus(DAY));
        params.not_after = day(now.plus(VALID_DAYS * DAY));
        let certificate = params.self_signed(&signer).map_err(|_| KeyProblem)?;
        Self::new(pkcs8, certificate.der())
    }

    /// The private key and the certificate as bytes, for sealed storage only.
    pub fn to_secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(
            4 + self.pkcs8.len() + self.certificate.der.len(),
        ));
        bytes.extend_from_slice(&(self.pkcs8.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&self.pkcs8);
        bytes.extend_from_slice(&self.certificate.der);
        bytes
    }

    /// Reads what [`SpKey::to_secret_bytes`] gave; about as dear as one signature, so keep the result.
    pub fn from_secret_bytes(bytes: &[u8]) -> Result<Self, KeyProblem> {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(KeyProblem)?;
        let length = u32::from_be_bytes(*length) as usize;
        if length > rest.len() {
            return Err(KeyProblem);
        }
        let (pkcs8, certificate) = rest.split_at(length);
        Self::new(Zeroizing::new(pkcs8.to_vec()), certificate)
    }

    fn new(pkcs8: Zeroizing<Vec<u8>>, certificate: &[u8]) -> Result<Self, KeyProblem> {
        let pair = KeyPair::from_pkcs8(&pkcs8).map_err(|_| KeyProblem)?;
        let certificate = Certificate::from_der(certificate).map_err(|_| KeyProblem)?;
        let mut keys = KeysManager::new();
        keys.add_key(private_key(&pkcs8, &certificate)?);
        Ok(Self {
            pkcs8,
            certificate,
            pair,
            keys,
        })
    }

    /// The certificate that IdPs need.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// RSASSA-PKCS1-v1_5 with SHA-256 over `message`.
    pub(super) fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, KeyProblem> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| KeyProblem)?;
        Ok(signature)
    }

    /// The key for XML signatures and decryption; cloning shares it.
    pub(super) fn keys(&self) -> KeysManager {
        let mut keys = KeysManager::new();
        keys.add_keys(self.keys.keys().cloned());
        keys
    }
}

fn private_key(pkcs8: &[u8], certificate: &Certificate) -> Result<Key, KeyProblem> {
    use base64::Engine;
    let body = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(pkcs8));
    let pem = Zeroizing::new(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        wrap(&body).as_str()
    ));
    let mut key = bergshamra_keys::loader::load_rsa_private_pem(pem.as_bytes()).map_err(|_| KeyProblem)?;
    key.x509_chain = vec![certificate.der.clone()];
    Ok(key)
}

/// Lines of 64 characters, as strict PEM readers want them.
fn wrap(body: &str) -> Zeroizing<String> {
    let mut lines = Zeroizing::new(String::with_capacity(body.len() + body.len() / 64 + 1));
    for (at, character) in body.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            lines.push('\n');
        }
        lines.push(character);
    }
    lines
}
