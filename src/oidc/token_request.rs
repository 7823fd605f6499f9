//! Redeeming the code at the token endpoint: the request (RFC 6749 §4.1.3), with our proof of who we are
//! (§2.3.1, OpenID Connect Core 1.0 §9), and the answer to it.

use serde_json::Value;
use url::form_urlencoded;

use crate::model::{ClientAuth, OpenIdProvider, Timestamp};

use super::address::endpoint;
use super::answer::Code;
use super::authorize::check_verifier;
use super::client_key::ClientKey;
use super::json;
use super::problem::{OidcProblem, short};

/// Bytes that an answer of the token endpoint may have.
pub const TOKENS_LIMIT: usize = 256 * 1024;
/// Bytes of an access token that we would send on.
const MAX_ACCESS_TOKEN: usize = 64 * 1024;

/// What we prove ourselves with.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    None,
    Secret(&'a str),
    Key(&'a ClientKey),
}

/// A POST to the token endpoint, for [`crate::model::ClientAuth`] as configured.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRequest {
    pub url: String,
    pub form: Vec<(String, String)>,
    /// User and password of HTTP Basic, already form-encoded as RFC 6749 §2.3.1 wants it.
    pub basic: Option<(String, String)>,
}

impl std::fmt::Debug for TokenRequest {
    /// Names the fields only: their values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.form.iter().map(|(name, _)| name).collect();
        f.debug_struct("TokenRequest")
            .field("url", &self.url)
            .field("form", &names)
            .finish_non_exhaustive()
    }
}

/// Everything that a request is made of beside the code.
#[derive(Clone, Copy, Debug)]
pub struct Redeem<'a> {
    pub provider: &'a OpenIdProvider,
    pub auth: ClientAuth,
    pub credential: Credential<'a>,
    /// The one whose hash went with the authorization request.
    pub verifier: &'a str,
    /// The one that went with the authorization request.
    pub redirect_uri: &'a str,
    pub now: Timestamp,
    /// Random and new: the ID of our assertion for `private_key_jwt`.
    pub jti: &'a str,
}

/// The request that redeems `code`.
///
/// # Errors
/// [`OidcProblem::Credential`] when the way and the credential do not fit, [`OidcProblem::OwnKey`] when our key fails.
pub fn token_request(code: &Code, with: &Redeem<'_>) -> Result<TokenRequest, OidcProblem> {
    let provider = with.provider;
    endpoint("the token endpoint", &provider.token_endpoint)?;
    check_verifier(with.verifier)?;
    let mut form = vec![
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.as_str().to_owned()),
        ("redirect_uri", with.redirect_uri.to_owned()),
        ("code_verifier", with.verifier.to_owned()),
    ];
    let mut basic = None;
    let client_id = provider.client_id.clone();
    match (with.auth, with.credential) {
        (ClientAuth::None, _) => form.push(("client_id", client_id)),
        (ClientAuth::ClientSecretBasic, Credential::Secret(secret)) if !secret.is_empty() => {
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            basic = Some((encoded(&client_id), encoded(secret)));
        }
        (ClientAuth::ClientSecretPost, Credential::Secret(secret)) if !secret.is_empty() => {
            form.push(("client_id", client_id));
            form.push(("client_secret", secret.to_owned()));
        }
        (ClientAuth::PrivateKeyJwt, Credential::Key(key)) => {
            let assertion = key.assertion(&client_id, &provider.token_endpoint, with.now, with.jti)?;
            form.push(("client_id", client_id));
            form.push((
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned(),
            ));
            form.push(("client_assertion", assertion));
        }
        (auth, _) => return Err(OidcProblem::Credential { method: auth.key() }),
    }
    Ok(TokenRequest {
        url: provider.token_endpoint.clone(),
        form: form
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        basic,
    })
}

/// What the token endpoint gave. A refresh token is dropped: we never ask for one.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// As received; nothing of it is believed before [`super::verify_id_token`].
    pub id_token: String,
    /// For the UserInfo endpoint only.
    pub access_token: String,
}

impl std::fmt::Debug for Tokens {
    /// Says nothing: tokens are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(…)")
    }
}

/// Reads the token endpoint's answer, errors included (RFC 6749 §5, OpenID Connect Core 1.0 §3.1.3.3).
pub fn read_tokens(status: u16, body: &[u8]) -> Result<Tokens, OidcProblem> {
    let bad = |detail: String| OidcProblem::TokenAnswer { detail };
    let answer = match json::object(body, TOKENS_LIMIT) {
        Ok(answer) => answer,
        Err(_) if status != 200 => {
            return Err(OidcProblem::TokenRefused {
                status,
                error: None,
                description: None,
            });
        }
        Err(detail) => return Err(bad(detail)),
    };
    let text = |name: &str| answer.get(name).and_then(Value::as_str);
    // Some answer an error with 200.
    if status != 200 || answer.contains_key("error") {
        return Err(OidcProblem::TokenRefused {
            status,
            error: text("error").map(short),
            description: text("error_description").map(short),
        });
    }
    let kind = text("token_type");
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        let kind = kind.map_or("missing".to_owned(), short);
        return Err(bad(format!("token_type is {kind}, not Bearer")));
    }
    let plain = |token: &&str| {
        !token.is_empty() && token.len() <= MAX_ACCESS_TOKEN && token.bytes().all(|c| c.is_ascii_graphic())
    };
    let Some(access_token) = text("access_token").filter(plain) else {
        return Err(bad("it has no access token that can be used".to_owned()));
    };
    let Some(id_token) = text("id_token") else {
        return Err(bad("it has no ID token".to_owned()));
    };
    Ok(Tokens {
        id_token: id_token.to_owned(),
        access_token: access_token.to_owned(),
    })
}
