//! Signing in with a passphrase, and signing out.

use actix_web::{HttpResponse, web};
use askama::Template;
use zeroize::Zeroizing;

use super::email_first::{self, Along, Door};
use crate::error::Kind;
use crate::flows::enforce;
use crate::flows::factors::step;
use crate::flows::passphrase::{self, Answered, Attempt};
use crate::flows::sign_on::{Entered, way};
use crate::flows::throttle;
use crate::model::{Connection, Email, Timestamp, local_path};
use crate::web::cookies::{self, Jar};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        post("/login", Access::Public, sign_in),
        get("/login/passphrase", Access::Public, show),
    ]
}

#[derive(Template)]
#[template(path = "member/passphrase.html")]
struct PassphrasePage {
    shell: Shell,
    form: Form,
    action: String,
    /// The e-mail was typed on the page before.
    is_known: bool,
    again: String,
    /// The enforced ones of the address that was typed.
    doors: Vec<Door>,
    reference: Option<String>,
    recovery: String,
    /// What is switched off for the domain of the address, and whom to ask; empty for nothing.
    missing: String,
}

impl PassphrasePage {
    /// A page has one primary button.
    fn tone(&self) -> &'static str {
        if self.doors.is_empty() { "primary" } else { "" }
    }
}

/// The e-mail that came along stands there, to be seen by the person and by password managers, and is not typed twice.
fn form(email: Option<&Email>) -> Form {
    let address = Field::email("email", "E-mail")
        .autocomplete("username")
        .required();
    let passphrase = Field::password("passphrase", "Passphrase")
        .autocomplete("current-password")
        .required();
    match email {
        Some(email) => Form::new([address.value(email.as_str()).readonly(), passphrase.focus()]),
        None => Form::new([address.focus(), passphrase]),
    }
}

fn page(visit: &Visit, form: Form, along: &Along, reference: Option<String>) -> PassphrasePage {
    let next = along.next();
    PassphrasePage {
        shell: visit.shell("Sign in with your passphrase"),
        is_known: form.field("email").is_ok_and(|field| field.readonly),
        form,
        action: urls::login_with(&next, along.sealed()),
        again: urls::login_then(&next),
        doors: Vec::new(),
        reference,
        recovery: urls::recovery(),
        missing: String::new(),
    }
}

async fn show(visit: Visit, along: web::Query<Along>) -> Answer {
    if let Some(away) = email_first::leave(&visit, &along.next()) {
        return Ok(away);
    }
    let email = along.email(&visit);
    let mut page = page(&visit, form(email.as_ref()), &along, None);
    if let Some(email) = email {
        let off = visit
            .ctx
            .store
            .reading(move |r| way::switched_off(r, Some(&email)));
        page.missing = email_first::missing(&visit, &off.await?);
    }
    Ok(render(&page))
}

/// The e-mail alone leads on; e-mail and passphrase together, as programs and password managers send them, sign in.
async fn sign_in(visit: Visit, along: web::Query<Along>, body: web::Form<Vec<(String, String)>>) -> Answer {
    let (next, body) = (along.next(), body.into_inner());
    if !body.iter().any(|(name, _)| name == "passphrase") {
        return email_first::lead(&visit, &next, body).await;
    }
    let mut form = form(along.email(&visit).as_ref());
    form.fill(body);
    form.require();
    if !form.is_valid() {
        let page = page(&visit, form, &along, None);
        return Ok(render_as(
            actix_web::http::StatusCode::UNPROCESSABLE_ENTITY,
            &page,
        ));
    }
    let attempt = Attempt {
        email: form.text("email").to_owned(),
        passphrase: Zeroizing::new(form.secret("passphrase").to_owned()),
        return_to: if next.is_empty() {
            "/".to_owned()
        } else {
            next.clone()
        },
        visitor: visit.visitor(),
        device: visit.device_cookie.clone(),
        old_token: visit.session_token.clone(),
    };
    match passphrase::sign_in(&visit.ctx, attempt).await {
        Ok(answered) => {
            let reference = match go_on(&visit, answered) {
                Ok(response) => return Ok(response),
                Err(reference) => reference,
            };
            let doors = enforced(&visit, form.text("email")).await?;
            form.trouble = Some(wrong(&doors));
            let mut page = page(&visit, form, &along, Some(reference));
            page.doors = doors.iter().map(|c| Door::through(c, &next, "")).collect();
            Ok(render_as(actix_web::http::StatusCode::UNAUTHORIZED, &page))
        }
        Err(error) if matches!(error.kind, Kind::RateLimited(_)) => {
            form.trouble = Some(error.message.clone());
            let page = page(&visit, form, &along, None);
            let mut response = render_as(status(&error), &page);
            if let Kind::RateLimited(seconds) = error.kind {
                response
                    .headers_mut()
                    .insert(actix_web::http::header::RETRY_AFTER, seconds.into());
            }
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// The doors that are enforced for the domain of an address, whether anybody here has it or not.
async fn enforced(visit: &Visit, typed: &str) -> crate::error::Result<Vec<Connection>> {
    let (typed, now) = (typed.to_owned(), visit.ctx.now());
    let reading = visit
        .ctx
        .store
        .reading(move |r| enforce::doors_of_address(r, &typed, now));
    reading.await
}

/// The words for everybody whom a passphrase did not let in, known or not. They depend on the address alone: where
/// another door is enforced for its domain, they name it.
fn wrong(doors: &[Connection]) -> String {
    let names: Vec<&str> = doors.iter().map(|c| c.name.as_str()).collect();
    let wrong = "The e-mail address or the passphrase is not right.";
    match names.as_slice() {
        [] => wrong.to_owned(),
        names => format!(
            "{wrong} With this address, continue with {} instead.",
            names.join(" or ")
        ),
    }
}

/// The way on from a good answer: inside, or to the second step. `Err`: the reference of one that was refused.
pub fn go_on(visit: &Visit, answered: Answered) -> Result<HttpResponse, String> {
    let mut response = match answered {
        Answered::Refused { reference } | Answered::Elsewhere { reference, .. } => return Err(reference),
        Answered::Asked { cookie } => {
            let mut response = see_other(&urls::second_step(""));
            let cookie = cookies::make(Jar::Step, visit.secure(), cookie, step::LIFE);
            let _ = response.add_cookie(&cookie);
            return Ok(response);
        }
        Answered::Entered(entered, person) => {
            let mut response = enter(visit, &entered);
            let device = throttle::device_cookie(&visit.ctx, person);
            let _ = response.add_cookie(&cookies::device(visit.secure(), device));
            response
        }
    };
    if visit.step_cookie.is_some() {
        let _ = response.add_cookie(&cookies::gone(Jar::Step, visit.secure()));
    }
    Ok(response)
}

/// Sends the browser on with its new session.
pub fn enter(visit: &Visit, entered: &Entered) -> HttpResponse {
    let target = local_path(&entered.return_to).unwrap_or_else(urls::home);
    let mut response = see_other(&target);
    set_session(visit, &mut response, entered.token.clone(), entered.expires_at);
    if let Some(way) = &entered.way {
        let _ = response.add_cookie(&cookies::way(visit.secure(), way.clone()));
    }
    response
}

/// Gives the browser the token of its session.
pub fn set_session(visit: &Visit, response: &mut HttpResponse, token: String, expires_at: Timestamp) {
    let life = expires_at.since(visit.ctx.now());
    let cookie = cookies::make(Jar::Session, visit.secure(), token, life);
    let _ = response.add_cookie(&cookie);
}
