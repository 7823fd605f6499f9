//! Passkeys as a browser meets them: the challenge that a page asks for, and signing in with a passkey alone.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use serde_json::json;

use super::email_first::{Along, Door};
use super::login::go_on;
use crate::error::{Error, Result};
use crate::flows::factors::passkeys::{Presented, are_possible, challenge};
use crate::flows::factors::sign_in::{Attempt, with_passkey};
use crate::flows::factors::{Purpose, step};
use crate::flows::passphrase::Answered;
use crate::flows::sign_on::flow_token;
use crate::model::time::HOUR;
use crate::web::cookies::{self, Jar};
use crate::web::fail::{Answer, status};
use crate::web::gate::Visit;
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        // For the page's script: what the authenticator is asked.
        post("/login/passkey/challenge", Access::Public, ask),
        post("/login/passkey", Access::Public, sign_in),
    ]
}

/// What `components/passkey.html` draws a form from.
pub struct PasskeyForm {
    pub action: String,
    pub challenge: String,
    /// The one address at which passkeys of this organization work.
    pub origin: String,
}

impl PasskeyForm {
    /// `None` where the base URL is an IP address: there are no passkeys then.
    pub fn of(visit: &Visit, action: String) -> Option<Self> {
        let organization = visit.ctx.organization()?;
        are_possible(&visit.ctx).then(|| Self {
            action,
            challenge: urls::passkey_challenge(),
            origin: organization.base_url.to_string(),
        })
    }
}

#[derive(serde::Deserialize)]
pub struct Wanted {
    #[serde(default, rename = "for")]
    purpose: String,
}

async fn ask(visit: Visit, wanted: web::Form<Wanted>) -> Answer {
    let known = flow_token(visit.passkey_cookie.as_deref()).map(str::to_owned);
    let browser = known.unwrap_or_else(|| visit.ctx.random.token());
    let made = match purpose(&visit, &wanted.purpose).await {
        Ok(purpose) => challenge(&visit.ctx, purpose, &browser, &visit.visitor()).await,
        Err(error) => Err(error),
    };
    let made = match made {
        Ok(made) => made,
        Err(error) if !status(&error).is_server_error() => {
            return Ok(HttpResponse::build(status(&error)).json(json!({ "message": error.message })));
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = HttpResponse::Ok().json(json!({ "id": made.id, "publicKey": made.options }));
    let _ = response.add_cookie(&cookies::make(Jar::Passkey, visit.secure(), browser, HOUR));
    Ok(response)
}

async fn purpose(visit: &Visit, wanted: &str) -> Result<Purpose> {
    let own = || {
        let principal = visit.principal.as_ref();
        principal
            .map(|p| p.person().id)
            .ok_or_else(|| Error::denied("Your session has ended. Sign in again."))
    };
    match wanted {
        "sign-in" => Ok(Purpose::SignIn),
        "registration" => own().map(Purpose::Registration),
        "proof" => own().map(Purpose::Proof),
        "second-step" => {
            let (cookie, now) = (visit.step_cookie.clone(), visit.ctx.now());
            let pending = move |r: &crate::store::Reader| step::pending(r, cookie.as_deref(), now);
            let pending = visit.ctx.store.reading(pending).await?;
            Ok(Purpose::SecondStep(pending.person.id))
        }
        _ => Err(Error::not_found("purpose of a passkey")),
    }
}

/// What a browser sends back.
#[derive(serde::Deserialize)]
pub struct Sent {
    #[serde(default)]
    challenge: String,
    #[serde(default)]
    credential: String,
}

impl Sent {
    pub fn new(challenge: String, credential: String) -> Self {
        Self {
            challenge,
            credential,
        }
    }

    pub fn by(self, visit: &Visit) -> Presented {
        Presented {
            challenge: self.challenge,
            credential: self.credential,
            browser: visit.passkey_cookie.clone().unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "member/passkey_refused.html")]
struct RefusedPage {
    shell: Shell,
    trouble: String,
    reference: Option<String>,
    /// The doors that are theirs, where this one is not.
    doors: Vec<Door>,
    /// To try once more.
    passkey: Option<PasskeyForm>,
    login: String,
}

async fn sign_in(visit: Visit, along: web::Query<Along>, sent: web::Form<Sent>) -> Answer {
    let next = Some(along.next())
        .filter(|next| !next.is_empty())
        .unwrap_or_else(urls::home);
    let attempt = Attempt {
        presented: sent.into_inner().by(&visit),
        return_to: next.clone(),
        visitor: visit.visitor(),
        old_token: visit.session_token.clone(),
    };
    let mut doors = Vec::new();
    let (trouble, status, reference) = match with_passkey(&visit.ctx, attempt).await {
        Ok(Answered::Elsewhere { reference, through }) => {
            let names: Vec<&str> = through.iter().map(|c| c.name.as_str()).collect();
            let words = format!("You sign in through {} only.", names.join(" or "));
            doors = through.iter().map(|c| Door::through(c, &next, "")).collect();
            (words, StatusCode::FORBIDDEN, Some(reference))
        }
        Ok(answered) => match go_on(&visit, answered) {
            Ok(response) => return Ok(response),
            Err(reference) => (
                "This passkey was not accepted.".to_owned(),
                StatusCode::UNAUTHORIZED,
                Some(reference),
            ),
        },
        Err(error) if !status(&error).is_server_error() => {
            let status = status(&error);
            (error.message, status, None)
        }
        Err(error) => return Err(error.into()),
    };
    let page = RefusedPage {
        shell: visit.shell("Sign in with a passkey"),
        trouble,
        reference,
        passkey: PasskeyForm::of(&visit, urls::passkey_login(&next)).filter(|_| doors.is_empty()),
        doors,
        login: urls::login_then(if next == urls::home() { "" } else { &next }),
    };
    Ok(render_as(status, &page))
}
