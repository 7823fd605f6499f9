//! The page between a right passphrase and the session: a code, a passkey, or a recovery code.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::login::go_on;
use super::passkey::{PasskeyForm, Sent};
use crate::error::{Error, Kind};
use crate::flows::factors::step::{self, Answer as StepAnswer, Pending};
use crate::flows::passphrase::Answered;
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::Visit;
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/login/second-factor", Access::Public, show),
        post("/login/second-factor", Access::Public, with_code),
        post("/login/second-factor/passkey", Access::Public, with_passkey),
    ]
}

#[derive(Template)]
#[template(path = "member/second_step.html")]
struct StepPage {
    shell: Shell,
    form: Form,
    action: String,
    has_passkeys: bool,
    passkey: Option<PasskeyForm>,
    reference: Option<String>,
    login: String,
}

fn form(has_totp: bool) -> Form {
    let hint = if has_totp {
        "The six digits that your authenticator app shows now, or one of your recovery codes."
    } else {
        "One of your recovery codes; each works once."
    };
    Form::new([Field::text("code", "Code")
        .hint(hint)
        .autocomplete("one-time-code")
        .mono()
        .required()
        .max(100)
        .focus()])
}

fn page(visit: &Visit, pending: &Pending, form: Form, reference: Option<String>) -> StepPage {
    let passkey = PasskeyForm::of(visit, urls::second_step("passkey")).filter(|_| pending.has_passkeys);
    StepPage {
        shell: visit.shell("Second step"),
        form,
        action: urls::second_step(""),
        has_passkeys: pending.has_passkeys,
        passkey,
        reference,
        login: urls::login(),
    }
}

async fn pending(visit: &Visit) -> Result<Pending, Error> {
    let (cookie, now) = (visit.step_cookie.clone(), visit.ctx.now());
    visit
        .ctx
        .store
        .reading(move |r| step::pending(r, cookie.as_deref(), now))
        .await
}

fn too_late(visit: &Visit) -> HttpResponse {
    flash::to(visit, &urls::login(), "step-gone", "")
}

async fn show(visit: Visit) -> Answer {
    match pending(&visit).await {
        Ok(pending) => Ok(render_as(
            StatusCode::OK,
            &page(&visit, &pending, form(pending.has_totp), None),
        )),
        Err(error) if step::is_gone(&error) => Ok(too_late(&visit)),
        Err(error) => Err(error.into()),
    }
}

fn answer(visit: &Visit) -> StepAnswer {
    StepAnswer {
        cookie: visit.step_cookie.clone(),
        visitor: visit.visitor(),
        device: visit.device_cookie.clone(),
        old_token: visit.session_token.clone(),
    }
}

async fn with_code(visit: Visit, body: web::Form<Vec<(String, String)>>) -> Answer {
    let pending = match pending(&visit).await {
        Ok(pending) => pending,
        Err(error) if step::is_gone(&error) => return Ok(too_late(&visit)),
        Err(error) => return Err(error.into()),
    };
    let mut form = form(pending.has_totp);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        let page = page(&visit, &pending, form, None);
        return Ok(render_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let answered = step::with_code(&visit.ctx, answer(&visit), form.text("code")).await;
    form = form.with("code", "");
    settle(
        &visit,
        &pending,
        form,
        answered,
        "This code is not right, or was used before.",
    )
}

async fn with_passkey(visit: Visit, sent: web::Form<Sent>) -> Answer {
    let pending = match pending(&visit).await {
        Ok(pending) => pending,
        Err(error) if step::is_gone(&error) => return Ok(too_late(&visit)),
        Err(error) => return Err(error.into()),
    };
    let presented = sent.into_inner().by(&visit);
    let answered = step::with_passkey(&visit.ctx, answer(&visit), presented).await;
    let form = form(pending.has_totp);
    settle(&visit, &pending, form, answered, "This passkey was not accepted.")
}

fn settle(
    visit: &Visit,
    pending: &Pending,
    mut form: Form,
    answered: Result<Answered, Error>,
    wrong: &str,
) -> Answer {
    match answered {
        Ok(answered) => match go_on(visit, answered) {
            Ok(response) => Ok(response),
            Err(reference) => {
                form.trouble = Some(wrong.to_owned());
                let page = page(visit, pending, form, Some(reference));
                Ok(render_as(StatusCode::UNAUTHORIZED, &page))
            }
        },
        Err(error) if step::is_gone(&error) => Ok(too_late(visit)),
        Err(error) => {
            let Kind::RateLimited(seconds) = error.kind else {
                return Err(error.into());
            };
            form.trouble = Some(error.message.clone());
            let mut response = render_as(status(&error), &page(visit, pending, form, None));
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
            Ok(response)
        }
    }
}
