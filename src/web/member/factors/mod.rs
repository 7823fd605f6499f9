//! One's own second factors: what there is, setting up an authenticator app and passkeys, recovery codes.

mod authenticator;
mod codes;
mod passkeys;

use actix_web::HttpResponse;
use askama::Template;

use super::login::set_session;
use super::passkey::PasskeyForm;
use crate::flows::factors::{self, Own};
use crate::flows::gate::Principal;
use crate::model::Timestamp;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    let mut routes = vec![get("/account/factors", Access::Member, show)];
    routes.extend(authenticator::routes());
    routes.extend(passkeys::routes());
    routes.extend(codes::routes());
    routes
}

struct KeyLine {
    name: String,
    rename: String,
    removal: String,
    created_at: Timestamp,
    last_used_at: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "member/factors/show.html")]
struct FactorsPage {
    shell: Shell,
    notice: Option<Notice>,
    totp: Option<Timestamp>,
    authenticator: String,
    authenticator_removal: String,
    keys: Vec<KeyLine>,
    form: Form,
    passkey: Option<PasskeyForm>,
    codes: i64,
    has_passphrase: bool,
    recovery_codes: String,
    account: String,
}

/// What a change to one's own factors rests on.
fn own(visit: &Visit, principal: &Principal) -> Own {
    Own {
        session: principal.session().clone(),
        token: visit.session_token.clone().unwrap_or_default(),
    }
}

/// Hands the browser its session's new token, if it got one.
fn with_token(
    visit: &Visit,
    principal: &Principal,
    mut response: HttpResponse,
    token: Option<String>,
) -> HttpResponse {
    if let Some(token) = token {
        set_session(visit, &mut response, token, principal.session().expires_at);
    }
    response
}

/// Says until when a second factor is wanted of whoever is signed in.
pub fn due_notice(principal: &Principal, has_second: bool, now: Timestamp) -> Option<Notice> {
    let due = principal.factor_due()?;
    let notice = match (has_second, principal.lacks_factor(now)) {
        (true, false) => return None,
        (true, true) => Notice::needs_you(
            "This session did not prove your second factor.",
            "Sign out and sign in again with it; everything else is closed until then.",
        ),
        (false, true) => Notice::needs_you(
            "Your account needs a second factor now.",
            "A passphrase alone is not enough for an owner or an admin. Set up a passkey or an authenticator app; everything else is closed until then.",
        ),
        (false, false) => Notice::needs_you(
            format!("Set up a second factor by {}.", due.human()),
            "A passphrase alone is not enough for an owner or an admin. After that day everything but setting one up is closed.",
        ),
    };
    Some(notice)
}

/// The page before something of one's own is removed.
#[derive(Template)]
#[template(path = "member/confirm.html")]
struct Ask {
    shell: Shell,
    lines: Vec<String>,
    action: String,
    submit: &'static str,
    back: String,
}

impl Ask {
    fn new(visit: &Visit, title: &str, action: String, submit: &'static str) -> Self {
        Self {
            shell: visit.shell(title),
            lines: Vec::new(),
            action,
            submit,
            back: urls::account_part("factors"),
        }
    }

    fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }
}

fn name_form(name: &str) -> Form {
    Form::new([Field::text("name", "Name")
        .hint("By which you will know it: the device, or where it is kept.")
        .required()
        .max(factors::passkeys::NAME)])
    .with("name", name)
}

async fn show(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let form = name_form("").named("passkey");
    page(&visit, &principal, form, actix_web::http::StatusCode::OK).await
}

async fn page(
    visit: &Visit,
    principal: &Principal,
    form: Form,
    status: actix_web::http::StatusCode,
) -> Answer {
    let id = principal.person().id;
    let found = visit.ctx.store.reading(move |r| factors::find(r, id)).await?;
    let line = |row: &crate::store::passkeys::PasskeyRow| KeyLine {
        name: row.name.clone(),
        rename: urls::own_passkey(&row.id.to_string(), "name"),
        removal: urls::own_passkey(&row.id.to_string(), "removal"),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    };
    Ok(render_as(
        status,
        &FactorsPage {
            shell: visit.shell("Second factors"),
            notice: due_notice(principal, found.has_second(), visit.ctx.now()),
            totp: found.totp,
            authenticator: urls::own_factor("authenticator"),
            authenticator_removal: urls::own_authenticator("removal"),
            keys: found.passkeys.iter().map(line).collect(),
            form,
            passkey: PasskeyForm::of(visit, urls::own_factor("passkeys")),
            codes: found.recovery_codes,
            has_passphrase: found.has_passphrase,
            recovery_codes: urls::own_factor("recovery-codes"),
            account: urls::account(),
        },
    ))
}
