//! The two pages on which somebody is stuck: no account here, and an account that must be proved first.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::login::enter;
use crate::error::{Error, Result};
use crate::flows::sign_on::unfinished::{self, PROOF_LIFE, Unfinished};
use crate::model::Outcome;
use crate::web::fail::Answer;
use crate::web::gate::{SignedIn, Visit, see_other};
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // The sign-in at the identity provider worked, but there is no usable account here.
        get("/sign-in/{reference}/notice", Access::Public, notice),
        post(
            "/sign-in/{reference}/access-request",
            Access::Public,
            request_access,
        ),
        // An account here waits to be proved and linked.
        get("/sign-in/{reference}/link", Access::Public, link),
        post("/sign-in/{reference}/link", Access::Member, prove),
    ]
}

async fn load(visit: &Visit, reference: String) -> Result<Unfinished> {
    let (cookie, now) = (visit.flow_cookie.clone(), visit.ctx.now());
    visit
        .ctx
        .store
        .reading(move |r| unfinished::get(r, &reference, cookie.as_deref(), now))
        .await
}

#[derive(Template)]
#[template(path = "member/notice.html")]
struct NoticePage {
    shell: Shell,
    organization: String,
    connection: String,
    email: Option<String>,
    is_deactivated: bool,
    has_asked: bool,
    contact: String,
    reference: String,
    request: String,
    again: String,
}

async fn notice(visit: Visit, reference: web::Path<String>) -> Answer {
    let found = load(&visit, reference.into_inner()).await?;
    let reference = found.sign_in.reference.clone();
    if found.sign_in.outcome == Outcome::Unproved {
        return Ok(see_other(&urls::unfinished(&reference, "link")));
    }
    if !matches!(found.sign_in.outcome, Outcome::Unknown | Outcome::Deactivated) {
        return Ok(see_other(&urls::home()));
    }
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let is_deactivated = found.sign_in.outcome == Outcome::Deactivated;
    let title = if is_deactivated {
        "Your account here is not active"
    } else {
        "You have no account here yet"
    };
    let page = NoticePage {
        shell: visit.shell(title),
        organization: organization.name.clone(),
        connection: found
            .connection
            .as_ref()
            .map_or_else(String::new, |c| c.name.clone()),
        email: found.sign_in.email,
        is_deactivated,
        has_asked: found.has_asked,
        contact: organization.contact.clone(),
        request: urls::unfinished(&reference, "access-request"),
        again: urls::login(),
        reference,
    };
    Ok(render_as(StatusCode::FORBIDDEN, &page))
}

async fn request_access(visit: Visit, reference: web::Path<String>) -> Answer {
    let reference = reference.into_inner();
    unfinished::request_access(&visit.ctx, reference.clone(), visit.flow_cookie.clone()).await?;
    let name = visit
        .ctx
        .organization()
        .map(|o| o.name.clone())
        .unwrap_or_default();
    Ok(flash::to(
        &visit,
        &urls::unfinished(&reference, "notice"),
        "access-requested",
        &name,
    ))
}

#[derive(Template)]
#[template(path = "member/link.html")]
struct LinkPage {
    shell: Shell,
    connection: String,
    email: String,
    reference: String,
    action: String,
    /// The right person is signed in, and recently: only the confirmation is missing.
    is_proved: bool,
    /// Somebody else is signed in in this browser.
    somebody_else: Option<String>,
    passphrase: Option<String>,
    doors: Vec<(String, String)>,
    contact: String,
}

async fn link(visit: Visit, reference: web::Path<String>) -> Answer {
    let found = load(&visit, reference.into_inner()).await?;
    let reference = found.sign_in.reference.clone();
    let (Outcome::Unproved, Some(account)) = (found.sign_in.outcome, &found.account) else {
        return Ok(see_other(&urls::home()));
    };
    let here = urls::unfinished(&reference, "link");
    let same = visit.principal.as_ref().filter(|p| p.person().id == account.id);
    let other = visit.principal.as_ref().filter(|p| p.person().id != account.id);
    let page = LinkPage {
        shell: visit.shell("Is this your account?"),
        connection: found
            .connection
            .as_ref()
            .map_or_else(String::new, |c| c.name.clone()),
        email: account.email.to_string(),
        action: here.clone(),
        is_proved: same.is_some_and(|p| p.is_fresh(visit.ctx.now(), PROOF_LIFE)),
        somebody_else: other.map(|p| p.person().display_name()),
        passphrase: found.has_passphrase.then(|| urls::login_passphrase(&here, "")),
        doors: found
            .other_connections
            .iter()
            .map(|c| {
                (
                    c.name.clone(),
                    urls::query(&urls::sso(c.slug.as_str()), &[("return_to", &here)]),
                )
            })
            .collect(),
        contact: visit
            .ctx
            .organization()
            .map(|o| o.contact.clone())
            .unwrap_or_default(),
        reference,
    };
    Ok(render_as(StatusCode::OK, &page))
}

async fn prove(visit: Visit, reference: web::Path<String>, SignedIn(principal): SignedIn) -> Answer {
    let (cookie, token) = (visit.flow_cookie.clone(), visit.session_token.clone());
    let entered = unfinished::prove(&visit.ctx, reference.into_inner(), cookie, &principal, token).await?;
    Ok(enter(&visit, &entered))
}
