//! Logout tokens of OpenID Providers (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.7): no browser, no session, only
//! a signature by the provider's key.

use super::{Reason, end, named};
use crate::error::{Error, Result};
use crate::flows::connect::openid::{Need, provider_keys};
use crate::flows::{Context, Who};
use crate::model::openid::SKEW_MILLIS;
use crate::model::{Connection, OpenIdProvider};
use crate::oidc::{self, Keys, Notice, OidcProblem};
use crate::store;

/// Why a token was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    Token(OidcProblem),
    /// It was taken before.
    Replayed,
}

impl Refused {
    /// Stable code: `oidc.audience`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token(problem) => problem.code(),
            Self::Replayed => "oidc.replayed",
        }
    }

    /// What happened, in one line.
    pub fn title(&self) -> String {
        match self {
            Self::Token(problem) => problem.title(),
            Self::Replayed => "The token was used before".to_owned(),
        }
    }
}

/// What comes of a token: taken, or the rule that it broke.
pub type Taken = std::result::Result<(), Refused>;

/// Ends what a logout token names, once. An error is our own.
pub async fn logout(ctx: &Context, slug: String, token: String) -> Result<Taken> {
    let connection = ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug))
        .await?;
    let Some(provider) = connection.oidc.provider.clone() else {
        return Err(Error::not_found("OpenID Provider"));
    };
    let expected = Notice::logout(&provider, ctx.now());
    let check = |keys: &Keys| oidc::verify_logout_token(&token, keys, &expected);
    let token = match with_keys(ctx, &connection, &provider, check).await? {
        Ok(token) => token,
        Err(problem) => {
            super::say_seldom(ctx, &connection, problem.code());
            return Ok(Err(Refused::Token(problem)));
        }
    };
    ctx.act(Who::Doorward, move |act| {
        let until = token.expires_at.plus(SKEW_MILLIS);
        // Beside assertions and sign-ins: a name of its own, so that none can stand in for another.
        let once = format!("logout token {}", token.id);
        if !store::seen_assertions::insert(act.w, &token.issuer, &once, until)? {
            return Ok(Err(Refused::Replayed));
        }
        let own = token.session.as_slice();
        let sessions = match &token.subject {
            Some(subject) => named(act, &connection, &token.issuer, subject, own)?,
            None => match &token.session {
                Some(session) => {
                    store::idp_sessions::list_by_session(act.w, connection.id, &token.issuer, session)?
                }
                None => Vec::new(),
            },
        };
        end(act, &connection, &sessions, Reason::BackChannel)?;
        Ok(Ok(()))
    })
    .await
}

/// Verifies with the keys that are kept, and once more with newer ones when the token names one of those.
pub async fn with_keys<T>(
    ctx: &Context,
    connection: &Connection,
    provider: &OpenIdProvider,
    check: impl Fn(&Keys) -> std::result::Result<T, OidcProblem>,
) -> Result<std::result::Result<T, OidcProblem>> {
    let keys = match provider_keys(ctx, connection, provider, Need::Good).await? {
        Ok(keys) => keys,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(keys) = keys else {
        return Err(Error::internal("no keys and no reason"));
    };
    match check(&keys) {
        Err(problem) if problem.wants_fresh_keys() => {}
        judged => return Ok(judged),
    }
    match provider_keys(ctx, connection, provider, Need::Newer).await? {
        Ok(Some(newer)) => Ok(check(&newer)),
        Ok(None) => Ok(check(&keys)),
        Err(problem) => Ok(Err(problem)),
    }
}
