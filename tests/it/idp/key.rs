//! Signing keys of the test IdP, made once per name and kind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self, EcdsaKeyPair};
use aws_lc_rs::{digest, encoding};
use doorward::saml::Certificate;
use rcgen::{CertificateParams, DnType, SignatureAlgorithm};

/// A signature algorithm with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
}

impl Algorithm {
    pub const ALL: [Self; 6] = [
        Self::RsaSha256,
        Self::RsaSha384,
        Self::RsaSha512,
        Self::EcdsaSha256,
        Self::EcdsaSha384,
        Self::EcdsaSha512,
    ];

    pub fn is_rsa(self) -> bool {
        matches!(self, Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512)
    }

    pub fn signature_uri(self) -> String {
        let kind = if self.is_rsa() { "rsa" } else { "ecdsa" };
        format!("http://www.w3.org/2001/04/xmldsig-more#{kind}-sha{}", self.bits())
    }

    pub fn digest_uri(self) -> &'static str {
        match self.bits() {
            256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            _ => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    pub fn digest(self) -> &'static digest::Algorithm {
        match self.bits() {
            256 => &digest::SHA256,
            384 => &digest::SHA384,
            _ => &digest::SHA512,
        }
    }

    fn bits(self) -> u32 {
        match self {
            Self::RsaSha256 | Self::EcdsaSha256 => 256,
            Self::RsaSha384 | Self::EcdsaSha384 => 384,
            Self::RsaSha512 | Self::EcdsaSha512 => 512,
        }
    }
}

enum Private {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
}

/// A private key with a self-signed certificate.
#[derive(Clone)]
pub struct TestKey {
    pub certificate: Certificate,
    /// What this key signs with unless a Response says otherwise.
    pub algorithm: Algorithm,
    private: Arc<Private>,
}

type Cache = Mutex<HashMap<(String, Option<Algorithm>), TestKey>>;

fn cached(name: &str, kind: Option<Algorithm>, make: impl FnOnce() -> TestKey) -> TestKey {
    static KEYS: OnceLock<Cache> = OnceLock::new();
    let mut keys = KEYS
        .get_or_init(Cache::default)
        .lock()
        .unwrap_or_else(|e| e.into_inner());
    keys.entry((name.to_owned(), kind)).or_insert_with(make).clone()
}

impl TestKey {
    /// An RSA 2048 key.
    pub fn rsa(name: &str) -> Self {
        cached(name, None, || {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let pkcs8 = AsDer::<encoding::Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
            let certificate = self_signed(name, pkcs8.as_ref(), &rcgen::PKCS_RSA_SHA256);
            Self {
                certificate,
                algorithm: Algorithm::RsaSha256,
                private: Arc::new(Private::Rsa(pair)),
            }
        })
    }

    /// A key that can sign with `algorithm`: RSA 2048, P-256, P-384 or P-521.
    pub fn for_algorithm(name: &str, algorithm: Algorithm) -> Self {
        if algorithm.is_rsa() {
            return Self {
                algorithm,
                ..Self::rsa(name)
            };
        }
        cached(name, Some(algorithm), || {
            let (kind, signing) = match algorithm {
                Algorithm::EcdsaSha384 => (
                    &rcgen::PKCS_ECDSA_P384_SHA384,
                    &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
                ),
                Algorithm::EcdsaSha512 => (
                    &rcgen::PKCS_ECDSA_P521_SHA512,
                    &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
                ),
                _ => (
                    &rcgen::PKCS_ECDSA_P256_SHA256,
                    &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                ),
            };
            let pkcs8 = rcgen::KeyPair::generate_for(kind).unwrap().serialize_der();
            let pair = EcdsaKeyPair::from_pkcs8(signing, &pkcs8).unwrap();
            let certificate = self_signed(name, &pkcs8, kind);
            Self {
                certificate,
                algorithm,
                private: Arc::new(Private::Ecdsa(pair)),
            }
        })
    }

    /// The raw signature, as XML Signature wants it (for ECDSA: r and s side by side).
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &*self.private {
            Private::Rsa(pair) => {
                let padding: &dyn signature::RsaEncoding = match self.algorithm {
                    Algorithm::RsaSha384 => &signature::RSA_PKCS1_SHA384,
                    Algorithm::RsaSha512 => &signature::RSA_PKCS1_SHA512,
                    _ => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
            Private::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
        }
    }
}

fn self_signed(name: &str, pkcs8: &[u8], kind: &'static SignatureAlgorithm) -> Certificate {
    let key = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), kind).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("Test IdP {name}"));
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap()
}

/// A self-signed certificate for tests about dates.
pub fn dated_certificate(from_year: i32, to_year: i32) -> Certificate {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(from_year, 1, 1);
    params.not_after = rcgen::date_time_ymd(to_year, 1, 1);
    Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap()
}
