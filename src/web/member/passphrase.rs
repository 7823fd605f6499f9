//! Changing one's own passphrase. Every other session ends.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web;
use askama::Template;
use zeroize::Zeroizing;

use crate::error::Kind;
use crate::flows::passphrase::{Change, SHORTEST, change};
use crate::web::fail::{Answer, status};
use crate::web::form::{Field, Form};
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account/passphrase", Access::Member, show),
        post("/account/passphrase", Access::Member, save),
    ]
}

#[derive(Template)]
#[template(path = "member/change_passphrase.html")]
struct PassphrasePage {
    shell: Shell,
    form: Form,
    action: String,
    back: String,
}

fn form() -> Form {
    Form::new([
        Field::password("current", "Current passphrase")
            .autocomplete("current-password")
            .required()
            .focus(),
        Field::password("passphrase", "New passphrase")
            .autocomplete("new-password")
            .hint(format!("At least {SHORTEST} characters."))
            .required(),
        Field::password("passphrase_again", "New passphrase, once more")
            .autocomplete("new-password")
            .required(),
    ])
}

fn page(visit: &Visit, form: Form) -> PassphrasePage {
    PassphrasePage {
        shell: visit.shell("Change your passphrase"),
        form,
        action: urls::account_part("passphrase"),
        back: urls::account(),
    }
}

async fn show(visit: Visit) -> Answer {
    Ok(render(&page(&visit, form())))
}

async fn save(visit: Visit, SignedIn(principal): SignedIn, body: web::Form<Vec<(String, String)>>) -> Answer {
    let mut form = form();
    form.fill(body.into_inner());
    form.require();
    if form.secret("passphrase") != form.secret("passphrase_again") {
        form.refuse("passphrase_again", "The two passphrases differ.");
    }
    if !form.is_valid() {
        return Ok(render_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&visit, form)));
    }
    let wanted = Change {
        current: Zeroizing::new(form.secret("current").to_owned()),
        new: Zeroizing::new(form.secret("passphrase").to_owned()),
        device: visit.device_cookie.clone(),
        visitor: visit.visitor(),
    };
    let error = match change(&visit.ctx, &principal, wanted).await {
        Ok(()) => return Ok(flash::to(&visit, &urls::account(), "passphrase-changed", "")),
        Err(error) => error,
    };
    match &error.kind {
        Kind::Invalid(problems) => problems
            .iter()
            .for_each(|p| form.refuse(&p.field, p.message.clone())),
        Kind::RateLimited(_) | Kind::Conflict => form.trouble = Some(error.message.clone()),
        _ => return Err(error.into()),
    }
    let mut response = render_as(status(&error), &page(&visit, form));
    if let Kind::RateLimited(seconds) = error.kind {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}
