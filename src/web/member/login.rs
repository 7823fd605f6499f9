//! Signing in with a passphrase, choosing an integration instead, signing out.

use actix_web::{HttpResponse, web};
use askama::Template;
use zeroize::Zeroizing;

use super::passkey::PasskeyForm;
use crate::error::Kind;
use crate::flows::factors::step;
use crate::flows::passphrase::{self, Answered, Attempt};
use crate::flows::sign_on::Entered;
use crate::flows::throttle;
use crate::model::{Connection, Timestamp, local_path};
use crate::store;
use crate::web::cookies::{self, Jar};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // The sign-in page: integrations first, passphrase below.
        get("/login", Access::Public, show),
        post("/login", Access::Public, sign_in),
        post("/logout", Access::Public, sign_out),
        get("/logout", Access::Public, ask_to_sign_out),
    ]
}

#[derive(Template)]
#[template(path = "member/login.html")]
struct LoginPage {
    shell: Shell,
    form: Form,
    action: String,
    doors: Vec<Door>,
    /// Whether the passphrase is what this visit is about: its form is then open.
    wants_passphrase: bool,
    reference: Option<String>,
    recovery: String,
    /// `None` where passkeys are not possible.
    passkey: Option<PasskeyForm>,
}

/// An integration to sign in through.
struct Door {
    name: String,
    href: String,
}

#[derive(serde::Deserialize)]
pub struct Next {
    #[serde(default)]
    pub next: String,
}

fn form() -> Form {
    Form::new([
        Field::email("email", "E-mail")
            .autocomplete("username webauthn")
            .required(),
        Field::password("passphrase", "Passphrase")
            .autocomplete("current-password")
            .required(),
    ])
}

async fn page(
    visit: &Visit,
    form: Form,
    next: &str,
    reference: Option<String>,
) -> crate::error::Result<LoginPage> {
    let connections = visit.ctx.store.reading(store::connections::list).await?;
    let usable = |c: &Connection| c.is_door();
    let target = |c: &Connection| urls::query(&urls::sso(c.slug.as_str()), &[("return_to", next)]);
    let doors = connections.into_iter().filter(usable);
    Ok(LoginPage {
        shell: visit.shell("Sign in"),
        form,
        action: urls::login_then(next),
        doors: doors
            .map(|c| Door {
                href: target(&c),
                name: c.name,
            })
            .collect(),
        wants_passphrase: next.starts_with("/sign-in/"),
        reference,
        recovery: urls::recovery(),
        passkey: PasskeyForm::of(visit, urls::passkey_login(next)),
    })
}

async fn show(visit: Visit, next: web::Query<Next>) -> Answer {
    let next = local_path(&next.next).unwrap_or_default();
    // An account that waits to be linked wants a fresh proof, whoever is signed in.
    if visit.principal.is_some() && !next.starts_with("/sign-in/") {
        return Ok(see_other(if next.is_empty() { "/" } else { &next }));
    }
    Ok(render(&page(&visit, form(), &next, None).await?))
}

async fn sign_in(visit: Visit, next: web::Query<Next>, body: web::Form<Vec<(String, String)>>) -> Answer {
    let next = local_path(&next.next).unwrap_or_default();
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        let page = page(&visit, form, &next, None).await?;
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
            form.trouble = Some("The e-mail address or the passphrase is not right.".to_owned());
            let page = page(&visit, form, &next, Some(reference)).await?;
            Ok(render_as(actix_web::http::StatusCode::UNAUTHORIZED, &page))
        }
        Err(error) if matches!(error.kind, Kind::RateLimited(_)) => {
            form.trouble = Some(error.message.clone());
            let page = page(&visit, form, &next, None).await?;
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

/// The way on from a good answer: inside, or to the second step. `Err`: the reference of one that was refused.
pub fn go_on(visit: &Visit, answered: Answered) -> Result<HttpResponse, String> {
    let mut response = match answered {
        Answered::Refused { reference } => return Err(reference),
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
    response
}

/// Gives the browser the token of its session.
pub fn set_session(visit: &Visit, response: &mut HttpResponse, token: String, expires_at: Timestamp) {
    let life = expires_at.since(visit.ctx.now());
    let cookie = cookies::make(Jar::Session, visit.secure(), token, life);
    let _ = response.add_cookie(&cookie);
}

#[derive(Template)]
#[template(path = "member/logout.html")]
struct LogoutPage {
    shell: Shell,
    action: String,
    home: String,
}

/// Signing out changes something, so that a link alone does not do it.
async fn ask_to_sign_out(visit: Visit) -> Answer {
    if visit.principal.is_none() {
        return Ok(see_other(&urls::login()));
    }
    Ok(render(&LogoutPage {
        shell: visit.shell("Sign out"),
        action: urls::logout(),
        home: urls::home(),
    }))
}

async fn sign_out(visit: Visit) -> Answer {
    if let Some(token) = &visit.session_token {
        visit.ctx.sign_out(token).await?;
    }
    let mut response = flash::to(&visit, &urls::login(), "signed-out", "");
    let _ = response.add_cookie(&cookies::gone(Jar::Session, visit.secure()));
    let clear = actix_web::http::header::HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static("clear-site-data"),
        clear,
    );
    Ok(response)
}
