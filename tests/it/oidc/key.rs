//! Signing keys of the test provider, and of whoever forges its tokens.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key pair with an ID.
pub struct Key {
    pub kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Key {
    pub fn rsa(kid: &str) -> Self {
        Self::of(
            kid,
            Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a key")),
        )
    }

    pub fn p256(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&sig::ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::of(kid, Pair::P256(pair.expect("a key")))
    }

    pub fn p384(kid: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&sig::ECDSA_P384_SHA384_FIXED_SIGNING);
        Self::of(kid, Pair::P384(pair.expect("a key")))
    }

    pub fn ed25519(kid: &str) -> Self {
        Self::of(kid, Pair::Ed25519(Ed25519KeyPair::generate().expect("a key")))
    }

    fn of(kid: &str, pair: Pair) -> Self {
        let kid = kid.to_owned();
        Self { kid, pair }
    }

    /// The algorithm that it signs with unless told otherwise.
    pub fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Rsa(_) => "RS256",
            Pair::P256(_) => "ES256",
            Pair::P384(_) => "ES384",
            Pair::Ed25519(_) => "EdDSA",
        }
    }

    /// The public half.
    pub fn jwk(&self) -> Value {
        let ec = |curve: &str, pair: &EcdsaKeyPair| {
            let point = pair.public_key().as_ref();
            let (x, y) = point[1..].split_at((point.len() - 1) / 2);
            json!({ "kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y) })
        };
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let public = pair.public_key();
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                json!({ "kty": "RSA", "n": base64url(n), "e": base64url(e) })
            }
            Pair::P256(pair) => ec("P-256", pair),
            Pair::P384(pair) => ec("P-384", pair),
            Pair::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = self.kid.as_str().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// A signature with the algorithm of this name; HS256 takes the public half as the shared secret.
    pub fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match (&self.pair, algorithm) {
            (_, "none") => Vec::new(),
            (_, "HS256") => {
                let secret = self.jwk()["n"].as_str().unwrap_or("public").to_owned();
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                hmac::sign(&key, message).as_ref().to_vec()
            }
            (Pair::Rsa(pair), name) => {
                let padding: &'static dyn sig::RsaEncoding = match name {
                    "RS384" => &sig::RSA_PKCS1_SHA384,
                    "RS512" => &sig::RSA_PKCS1_SHA512,
                    "PS256" => &sig::RSA_PSS_SHA256,
                    "PS384" => &sig::RSA_PSS_SHA384,
                    "PS512" => &sig::RSA_PSS_SHA512,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            (Pair::P256(pair) | Pair::P384(pair), _) => pair
                .sign(&random, message)
                .expect("a signature")
                .as_ref()
                .to_vec(),
            (Pair::Ed25519(pair), _) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A JWT of this header and this content, whatever they say.
    pub fn token(&self, header: &Value, content: &str) -> String {
        let message = format!("{}.{}", base64url(header.to_string()), base64url(content));
        let algorithm = header["alg"].as_str().unwrap_or("none");
        let signature = self.sign(algorithm, message.as_bytes());
        format!("{message}.{}", base64url(signature))
    }

    /// A well-made JWT over `claims`.
    pub fn jwt(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.algorithm(), "kid": self.kid, "typ": "JWT" });
        self.token(&header, &claims.to_string())
    }
}
