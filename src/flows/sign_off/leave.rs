//! The button "Sign out": the session here ends, then, where the connection says so, the identity provider is asked to
//! end its own.

use super::hint;
use crate::error::{Error, Result};
use crate::flows::connect::service_provider;
use crate::flows::sign_on::{FLOW_LIFE, Go, flow_token};
use crate::flows::{Context, Who, gate::Principal, hash};
use crate::model::{Connection, IdpSession, Method, Session};
use crate::oidc;
use crate::saml::authn_request::{ID_BYTES, request_id};
use crate::saml::logout::{self, Way};
use crate::store;

/// The session here has ended. And now?
#[derive(Clone, Debug)]
pub enum Left {
    Here,
    /// On to the identity provider; the cookie ties its answer to this browser.
    On {
        go: Go,
        name: String,
        flow_token: String,
    },
}

/// Ends the session of `token`, and asks its identity provider to end its own where that is wanted.
pub async fn leave(
    ctx: &Context,
    token: &str,
    principal: Option<&Principal>,
    flow_cookie: Option<&str>,
) -> Result<Left> {
    ctx.sign_out(token).await?;
    let there = principal.and_then(|p| Some((p.connection()?, p.session())));
    let Some((connection, session)) = there.filter(|(c, s)| goes_on(c, s)) else {
        return Ok(Left::Here);
    };
    match ask(ctx, connection, session, flow_cookie).await {
        Ok(left) => Ok(left),
        Err(error) => {
            tracing::warn!(%error, connection = %connection.slug, "the identity provider could not be asked to sign out");
            Ok(Left::Here)
        }
    }
}

/// Will signing out of this session go on to the identity provider?
pub fn goes_on(connection: &Connection, session: &Session) -> bool {
    let offers = |provider: &crate::model::OpenIdProvider| provider.end_session_endpoint.is_some();
    match (session.method, &session.idp) {
        // A session that began with the proof of an old account knows no NameID in full.
        (Method::Saml, Some(known)) if known.hint.is_some() => {
            let idp = connection.saml.idp.as_ref();
            connection.saml.sign_out_there && idp.is_some_and(crate::model::IdentityProvider::offers_logout)
        }
        (Method::Oidc, Some(_)) => {
            connection.oidc.sign_out_there && connection.oidc.provider.as_ref().is_some_and(offers)
        }
        _ => false,
    }
}

async fn ask(
    ctx: &Context,
    connection: &Connection,
    session: &Session,
    flow_cookie: Option<&str>,
) -> Result<Left> {
    let known = session
        .idp
        .as_ref()
        .ok_or_else(|| Error::not_found("sign-in there"))?;
    let (id, go) = match session.method {
        Method::Oidc => end_session(ctx, connection, known)?,
        _ => logout_request(ctx, connection, known).await?,
    };
    let flow_token = flow_token(flow_cookie).map_or_else(|| ctx.random.token(), str::to_owned);
    let (browser, connection_id) = (hash(&flow_token), connection.id);
    ctx.act(Who::Doorward, move |act| {
        let until = act.now.plus(FLOW_LIFE);
        store::sign_outs::insert(act.w, &id, connection_id, &browser, act.now, until)
    })
    .await?;
    Ok(Left::On {
        go,
        name: connection.name.clone(),
        flow_token,
    })
}

/// A signed LogoutRequest (SAML profiles §4.4.3.1), by redirect where the provider takes that.
async fn logout_request(ctx: &Context, connection: &Connection, known: &IdpSession) -> Result<(String, Go)> {
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let idp = connection.saml.idp.as_ref();
    let idp = idp.ok_or_else(|| Error::not_found("identity provider"))?;
    let (service, by_redirect) = match (&idp.slo_redirect, &idp.slo_post) {
        (Some(redirect), _) => (redirect, true),
        (None, Some(post)) => (post, false),
        (None, None) => return Err(Error::not_found("logout address")),
    };
    let name_id = hint::name_id(ctx, connection.id, known)?;
    let name_id = name_id.ok_or_else(|| Error::not_found("NameID of the session"))?;
    let id = request_id(&ctx.random.bytes::<ID_BYTES>());
    let key = ctx.sp_key().await?;
    let ask = logout::Ask {
        sp: &service_provider(&organization.base_url, &connection.slug),
        id: &id,
        destination: &service.location,
        name_id: &name_id,
        session: known.session.as_deref(),
        now: ctx.now(),
    };
    let way = logout::ask(&ask, by_redirect, &key).map_err(Error::internal)?;
    Ok((id, go(way)))
}

/// The address of RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0 §2).
fn end_session(ctx: &Context, connection: &Connection, known: &IdpSession) -> Result<(String, Go)> {
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let provider = connection.oidc.provider.as_ref();
    let provider = provider.ok_or_else(|| Error::not_found("identity provider"))?;
    let state = ctx.random.token();
    let token = hint::open(ctx, connection.id, known)?;
    let token = token.as_ref().and_then(|token| std::str::from_utf8(token).ok());
    let back = organization.base_url.signed_out(&connection.slug);
    let url = oidc::end_session_url(provider, token, Some(&back), Some(&state));
    let url = url.map_err(|problem| Error::internal(problem.to_string()))?;
    let url = url.ok_or_else(|| Error::not_found("logout address"))?;
    Ok((state, Go::Redirect(url)))
}

/// As the pages of a sign-in send browsers on.
pub fn go(way: Way) -> Go {
    match way {
        Way::Redirect(url) => Go::Redirect(url),
        Way::Post(form) => Go::Post(form),
    }
}

/// An OpenID Provider sent the browser back. True: it answers a sign-out of this browser.
pub async fn came_back(
    ctx: &Context,
    connection: &Connection,
    state: String,
    flow_cookie: Option<&str>,
) -> Result<bool> {
    let Some(browser) = flow_token(flow_cookie).map(hash) else {
        return Ok(false);
    };
    let connection = connection.id;
    ctx.act(Who::Doorward, move |act| {
        store::sign_outs::take(act.w, &state, connection, &browser, act.now)
    })
    .await
}
