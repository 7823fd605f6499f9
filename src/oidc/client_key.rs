//! Our own key towards one provider, for `private_key_jwt` (RFC 7523, OpenID Connect Core 1.0 §9): it signs the
//! assertion that says who we are. The public half stands at an address of ours as a key set.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::model::Timestamp;
use crate::model::openid::SKEW_MILLIS;
use crate::model::time::SECOND;

use super::problem::OidcProblem;

/// Seconds that an assertion is good: long enough for a slow way, shorter than every provider's own limit.
const ASSERTION_SECONDS: i64 = 120;

/// What a new key can be. Every provider accepts RS256; ES256 is smaller and quicker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyKind {
    #[default]
    Rs256,
    Es256,
}

/// A private key, RSA 2048 or P-256.
pub struct ClientKey {
    pkcs8: Zeroizing<Vec<u8>>,
    pair: Pair,
    /// The public half, with its thumbprint as ID.
    jwk: Value,
    kid: String,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
}

impl std::fmt::Debug for ClientKey {
    /// Shows the ID only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl ClientKey {
    /// Makes a new key; RSA takes a good part of a second.
    pub fn generate(kind: KeyKind) -> Result<Self, OidcProblem> {
        let pkcs8 = match kind {
            KeyKind::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| OidcProblem::OwnKey)?;
                let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| OidcProblem::OwnKey)?;
                der.as_ref().to_vec()
            }
            KeyKind::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                    .map_err(|_| OidcProblem::OwnKey)?;
                let der = pair.to_pkcs8v1().map_err(|_| OidcProblem::OwnKey)?;
                der.as_ref().to_vec()
            }
        };
        Self::from_pkcs8(&pkcs8)
    }

    /// The private key as PKCS#8, for sealed storage only.
    pub fn to_pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Reads what [`ClientKey::to_pkcs8`] gave.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, OidcProblem> {
        let pkcs8 = Zeroizing::new(pkcs8.to_vec());
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (pair, mut jwk) = match RsaKeyPair::from_pkcs8(&pkcs8) {
            Ok(pair) => {
                let public = pair.public_key();
                let (n, e) = (
                    encode(public.modulus().big_endian_without_leading_zero()),
                    encode(public.exponent().big_endian_without_leading_zero()),
                );
                (Pair::Rsa(pair), json!({ "e": e, "kty": "RSA", "n": n }))
            }
            Err(_) => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
                    .map_err(|_| OidcProblem::OwnKey)?;
                // 4, then both halves of the point (SEC 1 §2.3.3).
                let point = pair.public_key().as_ref();
                let (x, y) = (
                    encode(point.get(1..33).ok_or(OidcProblem::OwnKey)?),
                    encode(point.get(33..65).ok_or(OidcProblem::OwnKey)?),
                );
                (
                    Pair::Ec(pair),
                    json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y }),
                )
            }
        };
        let kid = thumbprint(&jwk);
        jwk["kid"] = kid.as_str().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = algorithm(&pair).into();
        Ok(Self {
            pkcs8,
            pair,
            jwk,
            kid,
        })
    }

    /// Its ID: the thumbprint of the public half (RFC 7638).
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub fn kind(&self) -> KeyKind {
        match self.pair {
            Pair::Rsa(_) => KeyKind::Rs256,
            Pair::Ec(_) => KeyKind::Es256,
        }
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// A key set of the public halves, newest first: what the provider fetches from us.
    pub fn jwks<'k>(keys: impl IntoIterator<Item = &'k ClientKey>) -> Value {
        let keys: Vec<&Value> = keys.into_iter().map(|key| &key.jwk).collect();
        json!({ "keys": keys })
    }

    /// The assertion for the token endpoint at `audience` (RFC 7523 §3): good for two minutes, once by its `jti`.
    pub fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: Timestamp,
        jti: &str,
    ) -> Result<String, OidcProblem> {
        let seconds = now.0.div_euclid(SECOND);
        self.sign(&json!({
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": jti,
            "iat": seconds,
            // A provider whose clock is behind must not find it too early.
            "nbf": seconds - SKEW_MILLIS / SECOND,
            "exp": seconds + ASSERTION_SECONDS,
        }))
    }

    /// A JWT over `claims`.
    fn sign(&self, claims: &Value) -> Result<String, OidcProblem> {
        let header = json!({ "alg": algorithm(&self.pair), "kid": self.kid, "typ": "JWT" });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encode(&header), encode(claims));
        let random = SystemRandom::new();
        let signature = match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature)
                    .map_err(|_| OidcProblem::OwnKey)?;
                signature
            }
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message.as_bytes());
                signature.map_err(|_| OidcProblem::OwnKey)?.as_ref().to_vec()
            }
        };
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn algorithm(pair: &Pair) -> &'static str {
    match pair {
        Pair::Rsa(_) => "RS256",
        Pair::Ec(_) => "ES256",
    }
}

/// SHA-256 over the required members in lexical order, as [`ClientKey::from_pkcs8`] writes them.
fn thumbprint(required: &Value) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(required.to_string()))
}
