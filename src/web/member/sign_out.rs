//! Signing out, and the ways through an identity provider that belong to it.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue, REFRESH};
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use url::Url;

use crate::error::Error;
use crate::flows::sign_off::single_logout::{self, Answer as Taken, Brought};
use crate::flows::sign_off::{self, Left};
use crate::flows::sign_on::Go;
use crate::saml::PostForm;
use crate::saml::logout::Arrived;
use crate::store;
use crate::web::cookies::{self, Jar};
use crate::web::fail::Answer;
use crate::web::gate::{Visit, see_other};
use crate::web::headers::allow_form_to;
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

/// A logout message is small, but its certificate and signature are in Base64 twice.
const MESSAGE_LIMIT: usize = 1024 * 1024;

pub fn routes() -> Vec<Route> {
    vec![
        post("/logout", Access::Public, sign_out),
        get("/logout", Access::Public, ask),
        // SAML logout messages: other sites post here, and nothing rests on the session cookie.
        get("/sso/{slug}/slo", Access::Public, by_redirect),
        post("/sso/{slug}/slo", Access::Public, by_post)
            .from_anywhere()
            .limit(MESSAGE_LIMIT),
        // Where an OpenID Provider sends people back.
        get("/sso/{slug}/signed-out", Access::Public, came_back),
    ]
}

#[derive(Template)]
#[template(path = "member/logout.html")]
struct LogoutPage {
    shell: Shell,
    action: String,
    home: String,
    /// The connection through which the session came, and whether signing out goes on to its provider.
    through: Option<(String, bool)>,
}

/// Signing out changes something, so that a link alone does not do it.
async fn ask(visit: Visit) -> Answer {
    let Some(principal) = &visit.principal else {
        return Ok(see_other(&urls::login()));
    };
    let through = principal
        .connection()
        .map(|c| (c.name.clone(), sign_off::leave::goes_on(c, principal.session())));
    Ok(render(&LogoutPage {
        shell: visit.shell("Sign out"),
        action: urls::logout(),
        home: urls::home(),
        through,
    }))
}

async fn sign_out(visit: Visit) -> Answer {
    let left = match &visit.session_token {
        Some(token) => {
            let principal = visit.principal.as_ref();
            sign_off::leave(&visit.ctx, token, principal, visit.flow_cookie.as_deref()).await?
        }
        None => Left::Here,
    };
    let mut response = match left {
        Left::Here => flash::to(&visit, &urls::login(), "signed-out", ""),
        Left::On { go, name, flow_token } => {
            let mut response = on(&visit, go, name, Why::SignOut)?;
            let _ = response.add_cookie(&cookies::flow(visit.secure(), flow_token));
            response
        }
    };
    forget(&visit, &mut response);
    Ok(response)
}

/// Nothing of the session stays in the browser.
fn forget(visit: &Visit, response: &mut HttpResponse) {
    let _ = response.add_cookie(&cookies::gone(Jar::Session, visit.secure()));
    let clear = HeaderValue::from_static("\"cache\"");
    response
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), clear);
}

/// Why the browser goes to the identity provider.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    /// To sign out there too.
    SignOut,
    /// With the answer that it waits for.
    Answer,
}

#[derive(Template)]
#[template(path = "member/signing_out.html")]
struct OnPage {
    shell: Shell,
    name: String,
    is_answer: bool,
    link: Option<String>,
    form: Option<PostForm>,
    login: String,
}

/// The page on the way to the identity provider. It goes on by itself: browsers hold what a form leads to, redirects
/// included, to the form's own page, so that a button of any page could not lead to another host by a redirect.
fn on(visit: &Visit, go: Go, name: String, why: Why) -> Result<HttpResponse, Error> {
    let mut page = OnPage {
        shell: visit.shell("You are signed out here").seen_by_nobody(),
        name,
        is_answer: why == Why::Answer,
        link: None,
        form: None,
        login: urls::login(),
    };
    match go {
        Go::Redirect(url) => {
            let refresh = HeaderValue::try_from(format!("0; url={url}")).map_err(Error::internal)?;
            page.link = Some(url);
            let mut response = render(&page);
            response.headers_mut().insert(REFRESH, refresh);
            Ok(response)
        }
        Go::Post(form) => {
            let target = Url::parse(&form.action).map_err(Error::internal)?;
            page.form = Some(form);
            let mut response = render(&page);
            allow_form_to(&mut response, &target);
            Ok(response)
        }
    }
}

async fn by_redirect(visit: Visit, slug: web::Path<String>, request: HttpRequest) -> Answer {
    let query = request.query_string();
    if query.is_empty() {
        // Somebody opened the address by hand.
        return Ok(see_other(&urls::logout()));
    }
    let arrived = Arrived::Redirect(query.to_owned());
    take(visit, slug.into_inner(), arrived).await
}

async fn by_post(visit: Visit, slug: web::Path<String>, form: web::Form<Vec<(String, String)>>) -> Answer {
    take(visit, slug.into_inner(), Arrived::Post(form.into_inner())).await
}

async fn take(visit: Visit, slug: String, arrived: Arrived) -> Answer {
    let brought = Brought {
        slug,
        arrived,
        flow_cookie: visit.flow_cookie.clone(),
        visitor: visit.visitor(),
    };
    match single_logout::arrive(&visit.ctx, brought).await? {
        Taken::Ended { name, back } => {
            let mut response = match back {
                Some(Go::Redirect(url)) => see_other(&url),
                Some(form) => on(&visit, form, name, Why::Answer)?,
                None => flash::to(&visit, &urls::login(), "signed-out", ""),
            };
            // Only the cookie of a session that is gone: the message may be about somebody else.
            if visit.principal.is_some() && !is_still_in(&visit).await? {
                forget(&visit, &mut response);
            }
            Ok(response)
        }
        Taken::Back { name, everywhere } => Ok(back(&visit, &name, everywhere)),
        Taken::Refused {
            reference,
            problem,
            was_request,
        } => Ok(refused(&visit, reference, problem, was_request)),
    }
}

async fn is_still_in(visit: &Visit) -> Result<bool, Error> {
    match &visit.session_token {
        Some(token) => Ok(visit.ctx.admit(token).await?.is_some()),
        None => Ok(false),
    }
}

fn back(visit: &Visit, name: &str, everywhere: bool) -> HttpResponse {
    let said = if everywhere {
        "signed-out-there"
    } else {
        "signed-out-here"
    };
    flash::to(visit, &urls::login(), said, name)
}

#[derive(Template)]
#[template(path = "member/sign_out_refused.html")]
struct RefusedPage {
    shell: Shell,
    problem: &'static str,
    reference: String,
    was_request: bool,
    logout: String,
    login: String,
    trace: Option<String>,
}

fn refused(visit: &Visit, reference: String, problem: &'static str, was_request: bool) -> HttpResponse {
    let is_admin = visit.principal.as_ref().is_some_and(|p| p.role().is_admin());
    let page = RefusedPage {
        shell: visit.shell("This sign-out was not carried out"),
        problem,
        was_request,
        logout: urls::logout(),
        login: urls::login(),
        trace: is_admin.then(|| urls::sign_in(&reference)),
        reference,
    };
    render_as(StatusCode::FORBIDDEN, &page)
}

#[derive(serde::Deserialize)]
pub struct SignedOutQuery {
    #[serde(default)]
    state: String,
}

/// The state ties the way back to the sign-out of this browser; whoever comes without one is not told anything.
async fn came_back(visit: Visit, slug: web::Path<String>, query: web::Query<SignedOutQuery>) -> Answer {
    let slug = slug.into_inner();
    let connection = visit
        .ctx
        .store
        .reading(move |r| store::connections::get_by_slug(r, &slug))
        .await?;
    let state = query.into_inner().state;
    let known = sign_off::leave::came_back(&visit.ctx, &connection, state, visit.flow_cookie.as_deref());
    if known.await? {
        Ok(back(&visit, &connection.name, true))
    } else {
        Ok(see_other(&urls::login()))
    }
}
