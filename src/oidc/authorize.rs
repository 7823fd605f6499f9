//! Where the browser is sent: the authorization request and the request to sign out (OpenID Connect Core 1.0 §3.1.2.1,
//! RP-Initiated Logout 1.0 §2). The vocabulary is openidconnect's; nothing here reads what came from outside.

use std::borrow::Cow;
use std::time::Duration;

use openidconnect::core::{CoreAuthPrompt, CoreClient, CoreJsonWebKeySet, CoreResponseType};
use openidconnect::{
    AuthUrl, AuthenticationContextClass, AuthenticationFlow, ClientId, CsrfToken, IssuerUrl, LoginHint,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
};

use crate::model::{OidcSettings, OpenIdProvider};

use super::address::endpoint;
use super::problem::{OidcProblem, short};

/// What [`authorization_url`] needs. State, nonce and verifier are random text of the caller.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub provider: &'a OpenIdProvider,
    pub settings: &'a OidcSettings,
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    /// 43 to 128 unreserved characters (RFC 7636 §4.1). Only its hash is sent.
    pub verifier: &'a str,
    /// The e-mail that the person typed; sent only when the settings say so.
    pub login_hint: Option<&'a str>,
    /// The person must prove who they are now: `prompt=login` and `max_age=0`.
    pub force: bool,
}

/// Values of `prompt` (OpenID Connect Core 1.0 §3.1.2.1). `none` is not among them: it shows nobody a page, so that
/// whoever is not signed in there could never sign in here.
pub const PROMPTS: [&str; 3] = ["login", "consent", "select_account"];

/// The address that asks for a code: always with PKCE S256, state, nonce and the scope `openid`.
///
/// # Errors
/// [`OidcProblem::Address`] and [`OidcProblem::Request`] for settings that no request can be made of.
pub fn authorization_url(ask: &Ask<'_>) -> Result<String, OidcProblem> {
    let bad = |detail: &str| OidcProblem::Request {
        detail: detail.to_owned(),
    };
    let provider = ask.provider;
    check_verifier(ask.verifier)?;
    if provider.client_id.is_empty() || ask.state.is_empty() || ask.nonce.is_empty() {
        return Err(bad("client ID, state or nonce is empty"));
    }
    let authorize = endpoint("the authorization endpoint", &provider.authorization_endpoint)?;
    let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(|_| bad("the issuer is no address"))?;
    let redirect = RedirectUrl::new(ask.redirect_uri.to_owned())
        .map_err(|_| bad("our own redirect URI is no address"))?;
    let client = CoreClient::new(
        ClientId::new(provider.client_id.clone()),
        issuer,
        CoreJsonWebKeySet::new(Vec::new()),
    )
    .set_auth_uri(AuthUrl::from_url(authorize));
    let (state, nonce) = (
        CsrfToken::new(ask.state.to_owned()),
        Nonce::new(ask.nonce.to_owned()),
    );
    let verifier = PkceCodeVerifier::new(ask.verifier.to_owned());
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let mut request = client
        .authorize_url(flow, move || state, move || nonce)
        .set_redirect_uri(Cow::Owned(redirect))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .add_scopes(scopes(ask.settings)?.into_iter().map(Scope::new));
    for prompt in prompts(ask.settings, ask.force)? {
        request = request.add_prompt(prompt);
    }
    if ask.force {
        request = request.set_max_age(Duration::ZERO);
    }
    for acr in ask
        .settings
        .acr_values
        .iter()
        .flat_map(|acr| acr.split_whitespace())
    {
        request = request.add_auth_context_value(AuthenticationContextClass::new(acr.to_owned()));
    }
    if let Some(hint) = ask.login_hint.filter(|_| ask.settings.login_hint) {
        request = request.set_login_hint(LoginHint::new(hint.to_owned()));
    }
    let (url, _, _) = request.url();
    Ok(url.into())
}

/// RFC 7636 §4.1; the library would panic over the length.
pub(super) fn check_verifier(verifier: &str) -> Result<(), OidcProblem> {
    let unreserved = |c: u8| c.is_ascii_alphanumeric() || b"-._~".contains(&c);
    if (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved) {
        return Ok(());
    }
    Err(OidcProblem::Request {
        detail: "the PKCE verifier does not have 43 to 128 plain characters".to_owned(),
    })
}

/// The scopes beside `openid`, each once.
fn scopes(settings: &OidcSettings) -> Result<Vec<String>, OidcProblem> {
    let mut scopes: Vec<String> = Vec::new();
    for scope in settings.scopes.iter().flat_map(|scope| scope.split_whitespace()) {
        // RFC 6749 §3.3.
        if !scope
            .bytes()
            .all(|c| matches!(c, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        {
            return Err(OidcProblem::Request {
                detail: format!("{} is no scope", short(scope)),
            });
        }
        if scope != "openid" && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Ok(scopes)
}

fn prompts(settings: &OidcSettings, force: bool) -> Result<Vec<CoreAuthPrompt>, OidcProblem> {
    let mut prompts = Vec::new();
    let set = settings
        .prompt
        .iter()
        .flat_map(|prompt| prompt.split_whitespace());
    for prompt in force.then_some("login").into_iter().chain(set) {
        let prompt = match prompt {
            "login" => CoreAuthPrompt::Login,
            "consent" => CoreAuthPrompt::Consent,
            "select_account" => CoreAuthPrompt::SelectAccount,
            other => {
                return Err(OidcProblem::Request {
                    detail: format!("{} is no prompt; there are {}", short(other), PROMPTS.join(", ")),
                });
            }
        };
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
    }
    Ok(prompts)
}

/// Where the browser is sent to end the session at the provider; nothing when the provider has no such address.
/// `id_token` is the one of that sign-in, as received; with it the provider asks no question.
pub fn end_session_url(
    provider: &OpenIdProvider,
    id_token: Option<&str>,
    back_to: Option<&str>,
    state: Option<&str>,
) -> Result<Option<String>, OidcProblem> {
    let Some(address) = &provider.end_session_endpoint else {
        return Ok(None);
    };
    let mut url = endpoint("the sign-out endpoint", address)?;
    let parameters = [
        ("id_token_hint", id_token),
        ("client_id", Some(provider.client_id.as_str())),
        ("post_logout_redirect_uri", back_to),
        ("state", state.filter(|_| back_to.is_some())),
    ];
    let given = parameters
        .iter()
        .filter_map(|(name, value)| value.map(|value| (*name, value)));
    url.query_pairs_mut().extend_pairs(given);
    Ok(Some(url.into()))
}
