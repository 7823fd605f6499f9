//! A lost passphrase: e-mail, one recovery code, and the passphrase that takes its place.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;
use zeroize::Zeroizing;

use super::login::go_on;
use crate::error::{Error, Kind};
use crate::flows::passphrase::SHORTEST;
use crate::flows::recovery::{Recovery, recover};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::Visit;
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get("/login/recovery", Access::Public, show),
        post("/login/recovery", Access::Public, save),
    ]
}

#[derive(Template)]
#[template(path = "member/recovery.html")]
struct RecoveryPage {
    shell: Shell,
    form: Form,
    action: String,
    login: String,
    reference: Option<String>,
}

fn form() -> Form {
    let hint = format!("At least {SHORTEST} characters. It replaces the one that you lost.");
    Form::new([
        Field::email("email", "E-mail")
            .autocomplete("username")
            .required()
            .focus(),
        Field::text("code", "Recovery code")
            .hint("One of the ten; each works once.")
            .mono()
            .required()
            .max(100),
        Field::text("second", "Code of your authenticator app")
            .hint("If you have set one up. Whoever finds the recovery codes alone must not get in.")
            .autocomplete("one-time-code")
            .mono()
            .max(100),
        Field::password("passphrase", "New passphrase")
            .autocomplete("new-password")
            .hint(hint)
            .required(),
        Field::password("passphrase_again", "New passphrase, once more")
            .autocomplete("new-password")
            .required(),
    ])
}

fn page(visit: &Visit, form: Form, reference: Option<String>) -> RecoveryPage {
    RecoveryPage {
        shell: visit.shell("Use a recovery code"),
        form,
        action: urls::recovery(),
        login: urls::login(),
        reference,
    }
}

async fn show(visit: Visit) -> Answer {
    Ok(render(&page(&visit, form(), None)))
}

async fn save(visit: Visit, body: web::Form<Vec<(String, String)>>) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if form.secret("passphrase") != form.secret("passphrase_again") {
        form.refuse("passphrase_again", "The two passphrases differ.");
    }
    if !form.is_valid() {
        return Ok(render_as(
            StatusCode::UNPROCESSABLE_ENTITY,
            &page(&visit, form, None),
        ));
    }
    let typed = Recovery {
        email: form.text("email").to_owned(),
        code: form.text("code").to_owned(),
        second: form.text("second").to_owned(),
        passphrase: Zeroizing::new(form.secret("passphrase").to_owned()),
        visitor: visit.visitor(),
        old_token: visit.session_token.clone(),
    };
    match recover(&visit.ctx, typed).await {
        Ok(answered) => {
            let reference = match go_on(&visit, answered) {
                Ok(response) => return Ok(response),
                Err(reference) => reference,
            };
            form.trouble = Some(
                "The e-mail address and the codes do not belong together, or one of them was used."
                    .to_owned(),
            );
            Ok(render_as(
                StatusCode::UNAUTHORIZED,
                &page(&visit, form, Some(reference)),
            ))
        }
        Err(error) => again(&visit, form, error),
    }
}

/// A weak passphrase, or too many attempts: the form once more, with what was typed.
fn again(visit: &Visit, mut form: Form, error: Error) -> Answer {
    match &error.kind {
        Kind::Invalid(problems) => problems
            .iter()
            .for_each(|p| form.refuse(&p.field, p.message.clone())),
        Kind::RateLimited(_) => form.trouble = Some(error.message.clone()),
        _ => return Err(error.into()),
    }
    let mut response = render_as(status(&error), &page(visit, form, None));
    if let Kind::RateLimited(seconds) = error.kind {
        response
            .headers_mut()
            .insert(actix_web::http::header::RETRY_AFTER, seconds.into());
    }
    Ok(response)
}
