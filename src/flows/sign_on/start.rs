//! The way out: a request of ours, remembered with the browser that asked for it.

use crate::error::{Error, Kind, Result};
use crate::flows::connect::service_provider;
use crate::flows::{Act, Context, Visitor, Who, hash, throttle};
use crate::model::{
    BaseUrl, Connection, IdentityProvider, Outcome, PersonId, RequestBinding, SignIn, SignInKind, local_path,
};
use crate::saml::authn_request::{ID_BYTES, request_id};
use crate::saml::{AuthnRequest, PostForm, SpKey};
use crate::store;

use super::{FORCED, flow_token, openid};

/// Where the browser goes next.
#[derive(Clone, Debug)]
pub enum Go {
    /// A redirect to the identity provider.
    Redirect(String),
    /// A form that posts itself to the identity provider.
    Post(PostForm),
}

/// A sign-in on its way: where to go, and the cookie that ties the answer to this browser.
#[derive(Clone, Debug)]
pub struct Started {
    pub go: Go,
    pub flow_token: String,
    pub reference: String,
    pub connection_name: String,
}

/// A real sign-in, or an admin's test that never makes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    SignIn,
    Test(PersonId),
}

/// What `/sso/{slug}` was asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    pub slug: String,
    pub purpose: Purpose,
    /// The person must prove at the provider who they are, whoever is signed in there.
    pub force: bool,
    /// Where to go afterwards; anything that is not a path of ours becomes the home page.
    pub return_to: String,
    /// The flow cookie that the browser has already, so that two tabs can sign in at once.
    pub flow_cookie: Option<String>,
    /// The session that this browser holds; it ends when the sign-in is good.
    pub old_token: Option<String>,
    /// The e-mail that was typed here, so that the provider need not ask for it again (OpenID Connect Core §3.1.2.1).
    pub login_hint: Option<String>,
    pub visitor: Visitor,
}

/// Starts a sign-in. `NotFound` for an unknown connection, `Denied` for one that is off, `RateLimited` when this address
/// starts too many.
pub async fn start(ctx: &Context, wish: Wish) -> Result<Started> {
    let slug = wish.slug.clone();
    let connection = ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug))
        .await?;
    let organization = ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    ready(&connection, wish.purpose, &organization.contact)?;
    let flow_token =
        flow_token(wish.flow_cookie.as_deref()).map_or_else(|| ctx.random.token(), str::to_owned);
    let (id, go) = match (&connection.saml.idp, &connection.oidc.provider) {
        (Some(idp), _) => by_saml(ctx, &organization.base_url, &connection, idp, wish.force).await?,
        (None, Some(provider)) => {
            let asking = openid::Asking {
                redirect_uri: organization.base_url.callback(&connection.slug),
                settings: &connection.oidc,
                provider,
                flow_token: &flow_token,
                login_hint: wish.login_hint.as_deref(),
                force: wish.force,
            };
            asking.go(&ctx.random)?
        }
        (None, None) => return Err(not_set_up(&connection)),
    };
    let browser = hash(&flow_token);
    let session = wish.old_token.as_deref().map(hash);
    let connection_name = connection.name.clone();
    let reference = ctx
        .act(Who::Doorward, move |act| {
            // An admin's test is bounded by being one.
            if wish.purpose == Purpose::SignIn {
                throttle::count_start(act, &wish.visitor)?;
            }
            let row = waiting(act, &connection, id, wish);
            store::sign_ins::insert(act.w, &row, Some(&browser))?;
            if let Some(session) = session {
                store::sign_ins::remember_session(act.w, row.id, &session)?;
            }
            Ok(row.reference)
        })
        .await?;
    Ok(Started {
        go,
        flow_token,
        reference,
        connection_name,
    })
}

async fn by_saml(
    ctx: &Context,
    base: &BaseUrl,
    connection: &Connection,
    idp: &IdentityProvider,
    force: bool,
) -> Result<(String, Go)> {
    let (binding, destination) = endpoint(idp, connection.saml.request_binding)?;
    let mut id = request_id(&ctx.random.bytes::<ID_BYTES>());
    if force {
        id = id.replacen('_', FORCED, 1);
    }
    let sp = service_provider(base, &connection.slug);
    let mut request = AuthnRequest::new(&sp, &destination, id.clone(), ctx.now());
    request.force_authn = force;
    let key = if connection.saml.sign_requests {
        Some(ctx.sp_key().await?)
    } else {
        None
    };
    Ok((id, make(&request, binding, key.as_deref())?))
}

fn ready(connection: &Connection, purpose: Purpose, contact: &str) -> Result<()> {
    if connection.switched_off().is_some() {
        let ask = match contact {
            "" => "an admin",
            contact => contact,
        };
        return Err(Error::denied(format!(
            "Signing in through {} is switched off for the time being. Sign in another way, or ask {ask}.",
            connection.name
        )));
    }
    if !connection.enabled && purpose == Purpose::SignIn {
        return Err(Error::denied(format!(
            "Signing in through {} is switched off.",
            connection.name
        )));
    }
    match connection.protocol() {
        Some(_) => Ok(()),
        None => Err(not_set_up(connection)),
    }
}

fn not_set_up(connection: &Connection) -> Error {
    Error::new(
        Kind::Conflict,
        format!(
            "{} is not set up yet: its identity provider is missing.",
            connection.name
        ),
    )
}

fn endpoint(idp: &IdentityProvider, wanted: RequestBinding) -> Result<(RequestBinding, String)> {
    let redirect = idp
        .sso_redirect_url
        .clone()
        .map(|url| (RequestBinding::Redirect, url));
    let post = idp.sso_post_url.clone().map(|url| (RequestBinding::Post, url));
    let chosen = match wanted {
        RequestBinding::Auto => redirect.or(post),
        RequestBinding::Redirect => redirect,
        RequestBinding::Post => post,
    };
    chosen.ok_or_else(|| {
        Error::conflict(
            "The identity provider offers no sign-in address for the chosen binding. Choose another one.",
        )
    })
}

fn make(request: &AuthnRequest, binding: RequestBinding, key: Option<&SpKey>) -> Result<Go> {
    match binding {
        RequestBinding::Post => request
            .post_form(None, key)
            .map(Go::Post)
            .map_err(Error::internal),
        _ => request
            .redirect_url(None, key)
            .map(Go::Redirect)
            .map_err(Error::internal),
    }
}

fn waiting(act: &Act, connection: &Connection, request_id: String, wish: Wish) -> SignIn {
    let (kind, started_by) = match wish.purpose {
        Purpose::SignIn => (SignInKind::Requested, None),
        Purpose::Test(admin) => (SignInKind::Test, Some(admin)),
    };
    SignIn {
        connection_id: Some(connection.id),
        outcome: Outcome::Waiting,
        request_id: Some(request_id),
        return_to: local_path(&wish.return_to).unwrap_or_else(|| "/".to_owned()),
        started_by,
        finished_at: None,
        ..act.attempt(kind, wish.visitor)
    }
}
