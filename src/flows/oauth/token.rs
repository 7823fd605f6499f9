//! The token endpoint (RFC 6749 §3.2): who asks, may they ask now, and what they get.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::exchange::{self, Presented};
use super::{ACCESS_LIFE, OauthProblem, SCOPE};
use crate::error::{Error, Kind};
use crate::flows::{Context, Visitor, Who, throttle};

/// A request to the token endpoint, free of HTTP.
#[derive(Clone, Debug, Default)]
pub struct TokenRequest {
    /// The pairs of the form.
    pub pairs: Vec<(String, String)>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    pub visitor: Visitor,
}

/// Tokens, shown once.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access_token: String,
    pub refresh_token: Option<String>,
}

impl Tokens {
    /// RFC 6749 §5.1.
    pub fn to_json(&self) -> serde_json::Value {
        let mut body = serde_json::json!({
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": ACCESS_LIFE / 1_000,
            "scope": SCOPE,
        });
        if let Some(refresh) = &self.refresh_token {
            body["refresh_token"] = serde_json::json!(refresh);
        }
        body
    }
}

/// What the client asks for, and how it names itself.
pub(super) struct Wanted {
    pub grant_type: String,
    pub presented: Presented,
    pub code: Option<String>,
    pub redirect_uri: Option<String>,
    pub verifier: Option<String>,
    pub refresh_token: Option<String>,
}

/// Answers a request. What is wrong with it is told in the standard's words; who is wrong too often waits.
pub async fn answer(ctx: &Context, request: &TokenRequest) -> std::result::Result<Tokens, OauthProblem> {
    let wanted = read(request)?;
    let keys = throttle::Keys::of_address("oauth", &request.visitor);
    throttle::reserve(ctx, &keys)
        .await
        .map_err(|error| told(ctx, &error))?;
    let done = ctx.act(Who::Doorward, move |act| {
        let done = exchange::exchange(act, &wanted)?;
        if done.is_ok() {
            keys.was_right(act)?;
        }
        Ok(done)
    });
    done.await.unwrap_or_else(|error| Err(told(ctx, &error)))
}

fn told(ctx: &Context, error: &Error) -> OauthProblem {
    match error.kind {
        Kind::RateLimited(seconds) => OauthProblem {
            status: 429,
            retry_after: Some(seconds),
            ..OauthProblem::new("temporarily_unavailable", &error.message)
        },
        Kind::Unavailable => OauthProblem {
            status: 503,
            retry_after: Some(5),
            ..OauthProblem::new("temporarily_unavailable", &error.message)
        },
        _ => {
            let reference = ctx.random.reference();
            tracing::error!(%reference, %error, cause = ?error.source, "a token could not be made");
            let message = format!(
                "{} Tell the admin of Doorward this reference: {reference}.",
                error.message
            );
            OauthProblem {
                status: 500,
                ..OauthProblem::new("server_error", message)
            }
        }
    }
}

fn read(request: &TokenRequest) -> std::result::Result<Wanted, OauthProblem> {
    let one = |name: &str| -> std::result::Result<Option<String>, OauthProblem> {
        let mut all = request.pairs.iter().filter(|(known, _)| known == name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(OauthProblem::new(
                "invalid_request",
                format!("{name} is there more than once."),
            )),
            (first, None) => Ok(first
                .map(|(_, value)| value.clone())
                .filter(|value| !value.is_empty())),
        }
    };
    let grant_type = one("grant_type")?
        .ok_or_else(|| OauthProblem::new("invalid_request", "grant_type is missing from the form."))?;
    Ok(Wanted {
        grant_type,
        presented: presented(
            request.authorization.as_deref(),
            one("client_id")?,
            one("client_secret")?,
        )?,
        code: one("code")?,
        redirect_uri: one("redirect_uri")?,
        verifier: one("code_verifier")?,
        refresh_token: one("refresh_token")?,
    })
}

/// `client_secret_basic`, `client_secret_post` or none (RFC 6749 §2.3.1); never two at once.
fn presented(
    header: Option<&str>,
    id: Option<String>,
    secret: Option<String>,
) -> std::result::Result<Presented, OauthProblem> {
    let Some(header) = header else {
        let id = id.ok_or_else(|| OauthProblem::new("invalid_client", "client_id is missing."))?;
        return Ok(Presented { id, secret });
    };
    let unread = || {
        OauthProblem::new(
            "invalid_client",
            "The Authorization header is no Basic credential.",
        )
    };
    let (scheme, rest) = header.trim().split_once(' ').ok_or_else(unread)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unread());
    }
    let decoded = STANDARD.decode(rest.trim()).map_err(|_| unread())?;
    let decoded = String::from_utf8(decoded).map_err(|_| unread())?;
    let (basic_id, basic_secret) = decoded.split_once(':').ok_or_else(unread)?;
    let (basic_id, basic_secret) = (form_decoded(basic_id), form_decoded(basic_secret));
    // Some clients repeat themselves in the form; that is harmless as long as they say the same.
    if id.is_some_and(|id| id != basic_id) || secret.is_some_and(|secret| secret != basic_secret) {
        let message =
            "Header and form name two different clients. Send client_id and client_secret in one of them.";
        return Err(OauthProblem::new("invalid_request", message));
    }
    Ok(Presented {
        id: basic_id,
        secret: Some(basic_secret).filter(|secret| !secret.is_empty()),
    })
}

/// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1); clients that forget it send the same.
fn form_decoded(text: &str) -> String {
    let pair = format!("x={text}");
    let mut pairs = url::form_urlencoded::parse(pair.as_bytes());
    pairs
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
