//! First run in the browser: the owner, the recovery codes, the organization. Only with the one-time code.
//!
//! Nothing is written before the last page; then everything is, in one transaction.

use std::sync::PoisonError;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use askama::Template;
use zeroize::Zeroizing;

use super::login::enter;
use crate::error::Result;
use crate::flows::Who;
use crate::flows::enroll::{self, Pending, SETUP_CODE_LIFE};
use crate::flows::passphrase::SHORTEST;
use crate::web::cookies::{self, Jar};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, peer, urls};

pub fn routes() -> Vec<Route> {
    vec![
        // The code, from the terminal's address or typed in.
        get("/setup", Access::Setup, code),
        post("/setup", Access::Setup, enter_code),
        get("/setup/owner", Access::Setup, owner),
        post("/setup/owner", Access::Setup, save_owner),
        get("/setup/recovery-codes", Access::Setup, codes),
        post("/setup/recovery-codes", Access::Setup, confirm_codes),
        get("/setup/organization", Access::Setup, organization),
        post("/setup/organization", Access::Setup, finish),
    ]
}

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
type Body = web::Form<Vec<(String, String)>>;

#[derive(Template)]
#[template(path = "member/setup.html")]
struct SetupPage {
    shell: Shell,
    /// 0: the code; 1: the owner; 3: the organization.
    step: usize,
    form: Form,
    action: String,
    submit: &'static str,
}

#[derive(Template)]
#[template(path = "member/setup_codes.html")]
struct CodesPage {
    shell: Shell,
    step: usize,
    codes: Vec<String>,
    action: String,
    wrong: &'static str,
}

#[derive(serde::Deserialize)]
pub struct CodeQuery {
    #[serde(default)]
    code: String,
}

fn code_form() -> Form {
    let hint = "It stands on the terminal where Doorward was started.";
    Form::new([Field::text("code", "Setup code")
        .hint(hint)
        .mono()
        .required()
        .focus()])
}

async fn code(visit: Visit, query: web::Query<CodeQuery>) -> Answer {
    if visit.ctx.organization().is_some() {
        return Ok(see_other(&urls::login()));
    }
    if query.code.is_empty() {
        return Ok(code_page(&visit, code_form(), StatusCode::OK));
    }
    accept_code(&visit, &query.code, code_form()).await
}

async fn enter_code(visit: Visit, body: Body) -> Answer {
    if visit.ctx.organization().is_some() {
        return Ok(see_other(&urls::login()));
    }
    let mut form = code_form();
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(code_page(&visit, form, UNPROCESSABLE));
    }
    let code = form.text("code").to_owned();
    accept_code(&visit, &code, form).await
}

async fn accept_code(visit: &Visit, code: &str, mut form: Form) -> Answer {
    if !enroll::is_setup_code(&visit.ctx, code).await? {
        form.refuse(
            "code",
            "This code is not the current one. Each start of Doorward prints a new one; use the last.",
        );
        return Ok(code_page(visit, form, StatusCode::FORBIDDEN));
    }
    let mut response = see_other(&urls::setup_step("owner"));
    let _ = response.add_cookie(&cookies::make(
        Jar::Setup,
        visit.secure(),
        code.to_owned(),
        SETUP_CODE_LIFE,
    ));
    Ok(response)
}

fn code_page(visit: &Visit, form: Form, status: StatusCode) -> actix_web::HttpResponse {
    let page = SetupPage {
        shell: visit.shell("Set up Doorward"),
        step: 0,
        form,
        action: urls::setup(),
        submit: "Begin",
    };
    render_as(status, &page)
}

/// May this browser go on with the first run? `false` sends it to the page of the code.
async fn may_go_on(visit: &Visit, request: &HttpRequest) -> Result<bool> {
    match cookies::read(request, Jar::Setup, visit.secure()) {
        Some(code) => enroll::is_setup_code(&visit.ctx, &code).await,
        None => Ok(false),
    }
}

fn pending(visit: &Visit) -> Option<Pending> {
    visit
        .ctx
        .pending
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

fn keep(visit: &Visit, pending: Option<Pending>) {
    *visit.ctx.pending.lock().unwrap_or_else(PoisonError::into_inner) = pending;
}

fn owner_form() -> Form {
    let hint = format!(
        "At least {SHORTEST} characters. Four or five words that only you would put together are easy to type and hard to guess."
    );
    Form::new([
        Field::text("owner_name", "Your name")
            .autocomplete("name")
            .required()
            .max(200)
            .focus(),
        Field::email("owner_email", "Your e-mail")
            .autocomplete("email")
            .required(),
        Field::password("passphrase", "Passphrase")
            .autocomplete("new-password")
            .hint(hint)
            .required(),
        Field::password("passphrase_again", "Passphrase, once more")
            .autocomplete("new-password")
            .required(),
    ])
}

async fn owner(visit: Visit, request: HttpRequest) -> Answer {
    if !may_go_on(&visit, &request).await? {
        return Ok(see_other(&urls::setup()));
    }
    let mut form = owner_form();
    if let Some(pending) = pending(&visit) {
        form = form
            .with("owner_name", pending.run.owner_name)
            .with("owner_email", pending.run.owner_email);
    }
    Ok(owner_page(&visit, form, StatusCode::OK))
}

fn owner_page(visit: &Visit, form: Form, status: StatusCode) -> actix_web::HttpResponse {
    let action = urls::setup_step("owner");
    render_as(
        status,
        &SetupPage {
            shell: visit.shell("Who owns this?"),
            step: 1,
            form,
            action,
            submit: "Continue",
        },
    )
}

async fn save_owner(visit: Visit, request: HttpRequest, body: Body) -> Answer {
    if !may_go_on(&visit, &request).await? {
        return Ok(see_other(&urls::setup()));
    }
    let mut form = owner_form();
    form.fill(body.into_inner());
    form.require();
    let mut next = pending(&visit).unwrap_or_default();
    next.run.owner_name = form.text("owner_name").to_owned();
    next.run.owner_email = form.text("owner_email").to_owned();
    next.run.passphrase = Zeroizing::new(form.secret("passphrase").to_owned());
    if form.secret("passphrase") != form.secret("passphrase_again") {
        form.refuse("passphrase_again", "The two passphrases differ.");
    }
    if let Err(error) = enroll::check_owner(&next.run) {
        for problem in error.fields() {
            form.refuse(&problem.field, problem.message.clone());
        }
    }
    if !form.is_valid() {
        return Ok(owner_page(&visit, form, UNPROCESSABLE));
    }
    if next.recovery_codes.is_empty() {
        next.recovery_codes = enroll::make_recovery_codes(&visit.ctx);
    }
    keep(&visit, Some(next));
    Ok(see_other(&urls::setup_step("recovery-codes")))
}

async fn codes(visit: Visit, request: HttpRequest) -> Answer {
    match pending(&visit) {
        Some(pending) if may_go_on(&visit, &request).await? => Ok(render(&codes_page(&visit, pending, ""))),
        _ => Ok(see_other(&urls::setup())),
    }
}

fn codes_page(visit: &Visit, pending: Pending, wrong: &'static str) -> CodesPage {
    let shell = visit.shell("Keep these recovery codes");
    CodesPage {
        shell,
        step: 2,
        codes: pending.recovery_codes,
        action: urls::setup_step("recovery-codes"),
        wrong,
    }
}

async fn confirm_codes(visit: Visit, request: HttpRequest, body: Body) -> Answer {
    let Some(mut next) = pending(&visit) else {
        return Ok(see_other(&urls::setup()));
    };
    if !may_go_on(&visit, &request).await? {
        return Ok(see_other(&urls::setup()));
    }
    if !body
        .iter()
        .any(|(name, value)| name == "stored" && !value.is_empty())
    {
        let wrong = "Tick this when the codes are stored. They are not shown again.";
        return Ok(render_as(UNPROCESSABLE, &codes_page(&visit, next, wrong)));
    }
    next.codes_stored = true;
    keep(&visit, Some(next));
    Ok(see_other(&urls::setup_step("organization")))
}

fn organization_form(request: &HttpRequest, secure: bool) -> Form {
    let host = peer::host_of(request);
    let scheme = if secure { "https" } else { "http" };
    let hint = "The address under which people and identity providers reach Doorward. It goes into the entity ID, the \
                ACS and every other address that you copy to an identity provider, so choose the one that will last.";
    Form::new([
        Field::text("organization", "Organization")
            .autocomplete("organization")
            .required()
            .max(200)
            .focus(),
        Field::url("base_url", "Base URL")
            .hint(hint)
            .value(format!("{scheme}://{host}"))
            .required(),
    ])
}

async fn organization(visit: Visit, request: HttpRequest) -> Answer {
    let Some(pending) = pending(&visit).filter(|p| p.codes_stored) else {
        return Ok(see_other(&urls::setup()));
    };
    if !may_go_on(&visit, &request).await? {
        return Ok(see_other(&urls::setup()));
    }
    let mut form = organization_form(&request, visit.secure());
    if !pending.run.organization.is_empty() {
        form = form
            .with("organization", pending.run.organization)
            .with("base_url", pending.run.base_url);
    }
    Ok(organization_page(&visit, form, StatusCode::OK))
}

fn organization_page(visit: &Visit, form: Form, status: StatusCode) -> actix_web::HttpResponse {
    let action = urls::setup_step("organization");
    let shell = visit.shell("What is it called, and where is it?");
    render_as(
        status,
        &SetupPage {
            shell,
            step: 3,
            form,
            action,
            submit: "Finish",
        },
    )
}

async fn finish(visit: Visit, request: HttpRequest, body: Body) -> Answer {
    let Some(mut next) = pending(&visit).filter(|p| p.codes_stored) else {
        return Ok(see_other(&urls::setup()));
    };
    if !may_go_on(&visit, &request).await? {
        return Ok(see_other(&urls::setup()));
    }
    let mut form = organization_form(&request, visit.secure());
    form.fill(body.into_inner());
    form.require();
    next.run.organization = form.text("organization").to_owned();
    next.run.base_url = form.text("base_url").to_owned();
    if let Err(error) = enroll::check(&next.run) {
        for problem in error.fields() {
            if matches!(problem.field.as_str(), "organization" | "base_url") {
                form.refuse(&problem.field, problem.message.clone());
            } else {
                form.trouble = Some(format!("{} Go back to the first step.", problem.message));
            }
        }
    }
    if !form.is_valid() {
        return Ok(organization_page(&visit, form, UNPROCESSABLE));
    }
    let name = next.run.organization.clone();
    let owner = enroll::set_up(&visit.ctx, Who::Doorward, next.run.clone(), &next.recovery_codes).await?;
    keep(&visit, None);
    let entered = enroll::enter(&visit.ctx, owner, visit.visitor()).await?;
    let signed_in = enter(&visit, &entered);
    let mut response = flash::to(&visit, &urls::overview(), "set-up", &name);
    for cookie in signed_in.cookies() {
        let _ = response.add_cookie(&cookie.into_owned());
    }
    let _ = response.add_cookie(&cookies::gone(Jar::Setup, visit.secure()));
    Ok(response)
}
