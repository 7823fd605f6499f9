//! OpenID Connect: the pure room and the guarded client against a provider of ours that misbehaves in every way.

mod discovery;
mod drive;
mod fuzz;
mod id_token;
pub mod key;
mod keys;
pub mod misdeeds;
mod notices;
pub mod op;
mod people;
mod requests;
mod traces;

use std::sync::OnceLock;

use doorward::model::{Check, OidcSettings, OpenIdProvider, Timestamp};
use doorward::oidc::{Claims, Expected, Keys, OidcProblem, read_keys, verify_id_token};
use serde_json::{Value, json};

use self::key::Key;

pub const ISSUER: &str = "https://idp.example";
pub const CLIENT: &str = "client-1";
pub const NONCE: &str = "n-0S6_WzA2Mj";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Seconds since 1970.
pub const NOW: i64 = op::TestOp::NOW;

/// The provider's key: made once, because RSA takes its time.
pub fn rsa() -> &'static Key {
    static KEY: OnceLock<Key> = OnceLock::new();
    KEY.get_or_init(|| Key::rsa("k1"))
}

/// Keys of these, as the provider publishes them.
pub fn published(keys: &[&Key]) -> Keys {
    let listed: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    read_keys(json!({ "keys": listed }).to_string().as_bytes()).expect("keys")
}

pub fn provider() -> OpenIdProvider {
    OpenIdProvider {
        issuer: ISSUER.to_owned(),
        client_id: CLIENT.to_owned(),
        authorization_endpoint: "https://idp.example/authorize".to_owned(),
        token_endpoint: "https://idp.example/token".to_owned(),
        jwks_uri: "https://idp.example/keys".to_owned(),
        userinfo_endpoint: Some("https://idp.example/userinfo".to_owned()),
        end_session_endpoint: Some("https://idp.example/end".to_owned()),
        signing_algorithms: ["RS256", "ES256", "ES384", "EdDSA"].map(str::to_owned).to_vec(),
        sends_iss: false,
    }
}

pub fn settings() -> OidcSettings {
    OidcSettings {
        provider: Some(provider()),
        scopes: vec!["profile".to_owned(), "email".to_owned()],
        ..OidcSettings::default()
    }
}

/// What a good ID token says.
pub fn good() -> Value {
    json!({
        "iss": ISSUER, "aud": CLIENT, "sub": "00u1", "nonce": NONCE, "iat": NOW, "exp": NOW + 300,
        "email": "bob@example.com", "email_verified": true,
    })
}

/// Good claims with this changed.
pub fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = good();
    change(&mut claims);
    claims
}

pub fn without(name: &str) -> Value {
    with(|claims| drop(claims.as_object_mut().expect("claims").remove(name)))
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1_000)
}

pub fn expected(provider: &OpenIdProvider) -> Expected<'_> {
    Expected {
        provider,
        nonce: NONCE,
        access_token: Some("access-1"),
        code: Some("code-1"),
        max_age: None,
        asked_at: at(NOW - 30),
        now: at(NOW),
    }
}

/// Verifies `token` with the RSA key published, changed expectations and all.
pub fn verify_with(
    token: &str,
    change: impl FnOnce(&mut Expected<'_>),
) -> Result<(Claims, Vec<Check>), OidcProblem> {
    let provider = provider();
    let mut expected = expected(&provider);
    change(&mut expected);
    let mut checks = Vec::new();
    let claims = verify_id_token(token, &published(&[rsa()]), &expected, &mut checks)?;
    Ok((claims, checks))
}

pub fn verify(claims: &Value) -> Result<Claims, OidcProblem> {
    verify_with(&rsa().jwt(claims), |_| {}).map(|(claims, _)| claims)
}

/// The code of the rule that refuses these claims.
pub fn refused(claims: &Value) -> &'static str {
    verify(claims).expect_err("a refusal").code()
}
