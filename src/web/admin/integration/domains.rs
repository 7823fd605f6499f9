//! The e-mail domains for which an integration speaks: by a TXT record, which any admin may ask for, or by the word
//! of an owner, because it links accounts.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Room, Tab, load, shell, tabs};
use crate::flows::connect::{self, proof};
use crate::model::{Connection, Timestamp, domain::shown};
use crate::store;
use crate::store::domains::{Claim, Confirmed};
use crate::web::admin::confirm::Confirm;
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit, see_other};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/integrations/{slug}/domains", Access::INTEGRATIONS, list),
        post("/admin/integrations/{slug}/domains", Access::Owner, confirm),
        get(
            "/admin/integrations/{slug}/domains/{domain}/withdrawal",
            Access::Owner,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/domains/{domain}/withdrawal",
            Access::Owner,
            withdraw,
        ),
        // Domains that wait for their TXT record.
        get(
            "/admin/integrations/{slug}/domain-claims",
            Access::INTEGRATIONS,
            back,
        ),
        post(
            "/admin/integrations/{slug}/domain-claims",
            Access::INTEGRATIONS,
            claim,
        ),
        post(
            "/admin/integrations/{slug}/domain-claims/{domain}/check",
            Access::INTEGRATIONS,
            check,
        ),
        post(
            "/admin/integrations/{slug}/domain-claims/{domain}/removal",
            Access::INTEGRATIONS,
            drop_claim,
        ),
    ]
}

/// Records of so many domains were not found when Doorward looked last.
pub fn gone_notice(connection: &Connection, many: i64) -> Notice {
    let title = format!(
        "The TXT record of {} of {} was not found.",
        if many == 1 {
            "a domain".to_owned()
        } else {
            format!("{many} domains")
        },
        connection.name
    );
    let text = "Nothing has changed for anybody. Look whether the domain is still yours.";
    let href = urls::integration_part(connection.slug.as_str(), "domains");
    Notice::needs_you(title, text).link("Domains", href)
}

/// A confirmed domain, as a line.
struct Line {
    domain: String,
    how: &'static str,
    by: String,
    at: Timestamp,
    state: State,
    problem: Option<String>,
    withdrawal: String,
}

/// A domain that waits, with what has to be put into the DNS.
struct Waiting {
    id: String,
    domain: String,
    name: String,
    value: String,
    by: String,
    at: Timestamp,
    state: State,
    checked_at: Option<Timestamp>,
    problem: Option<String>,
    until: Timestamp,
    /// Doorward still looks by itself.
    is_looked_for: bool,
    check: String,
    removal: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/domains.html")]
struct DomainsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    name: String,
    is_owner: bool,
    domains: Vec<Line>,
    waiting: Vec<Waiting>,
    claim: Form,
    claim_action: String,
    form: Form,
    action: String,
}

const HINT: &str = "What stands behind the @, such as example.com.";

fn claim_form() -> Form {
    let domain = Field::text("domain", "Domain")
        .hint(HINT)
        .mono()
        .max(253)
        .required();
    Form::new([domain]).named("claim")
}

fn form(connection: &Connection) -> Form {
    let sure = format!(
        "The domain is ours, and whoever runs {} may decide who signs in with its addresses",
        connection.name
    );
    Form::new([
        Field::text("domain", "Domain")
            .hint(HINT)
            .mono()
            .max(253)
            .required(),
        Field::checkbox("sure", sure).required(),
    ])
}

fn line(slug: &str, confirmed: Confirmed) -> Line {
    let is_dns = confirmed.how == "dns";
    Line {
        domain: shown(&confirmed.domain),
        how: if is_dns { "TXT record" } else { "An owner's word" },
        state: match &confirmed.problem {
            Some(_) => State::needs_you("Record not found"),
            None => State::working("Confirmed"),
        },
        by: confirmed.confirmed_by,
        at: confirmed.confirmed_at,
        problem: confirmed.problem,
        withdrawal: urls::domain_withdrawal(slug, &confirmed.domain),
    }
}

fn waiting(slug: &str, claim: Claim, now: Timestamp) -> Waiting {
    let until = proof::looks_until(&claim);
    let is_looked_for = now < until;
    Waiting {
        id: claim.domain.replace('.', "-"),
        domain: shown(&claim.domain),
        name: proof::record_name(&claim.domain),
        value: proof::record_value(&claim.token),
        state: match (is_looked_for, &claim.problem) {
            (false, _) => State::needs_you("Not found in three days"),
            (true, Some(_)) => State::waiting("Not found yet"),
            (true, None) => State::waiting("Waiting for the record"),
        },
        by: claim.asked_by,
        at: claim.asked_at,
        checked_at: claim.checked_at,
        problem: claim.problem,
        until,
        is_looked_for,
        check: urls::domain_claim(slug, &claim.domain, "check"),
        removal: urls::domain_claim(slug, &claim.domain, "removal"),
    }
}

/// The page with both forms, one of them with what is wrong in it.
async fn page(
    visit: &Visit,
    admin: &Admin,
    connection: &Connection,
    claim: Form,
    form: Form,
    status: StatusCode,
) -> Answer {
    let (slug, id, now) = (connection.slug.as_str(), connection.id, visit.ctx.now());
    let read = move |r: &store::Reader| {
        Ok((
            store::domains::list_confirmed(r, id)?,
            store::domains::list_claims(r, id)?,
        ))
    };
    let (domains, claims) = visit.ctx.store.reading(read).await?;
    let page = DomainsPage {
        shell: shell(visit, &format!("Domains of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Domains),
        name: connection.name.clone(),
        is_owner: admin.is_owner(),
        domains: domains.into_iter().map(|c| line(slug, c)).collect(),
        waiting: claims.into_iter().map(|c| waiting(slug, c, now)).collect(),
        claim,
        claim_action: urls::integration_part(slug, "domain-claims"),
        form,
        action: urls::integration_part(slug, "domains"),
    };
    Ok(render_as(status, &page))
}

async fn list(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let form = form(&connection);
    page(&visit, &admin, &connection, claim_form(), form, StatusCode::OK).await
}

/// Somebody loaded the address of the form again.
async fn back(slug: web::Path<String>) -> Answer {
    Ok(see_other(&urls::integration_part(&slug, "domains")))
}

/// Everything that is wrong with what was typed, at once.
fn read(form: &mut Form, body: Body) {
    form.fill(body.into_inner());
    form.require();
    if let Err(problem) = connect::domain(form.text("domain")) {
        form.refuse("domain", problem.message);
    }
}

async fn claim(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let mut typed = claim_form();
    read(&mut typed, body);
    let mut status = UNPROCESSABLE;
    if typed.is_valid() {
        let (wanted, domain) = (slug.clone(), typed.text("domain").to_owned());
        let work = move |act: &crate::flows::Act| proof::claim_domain(act, &wanted, &domain);
        match visit.ctx.act(admin.who(), work).await {
            Ok(domain) => {
                let domains = urls::integration_part(&slug, "domains");
                return Ok(flash::to(&visit, &domains, "domain-claimed", &domain));
            }
            Err(error) => status = refuse(&mut typed, error)?,
        }
    }
    let form = form(&connection);
    page(&visit, &admin, &connection, typed, form, status).await
}

async fn check(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, domain) = path.into_inner();
    let found = proof::check_claim(&visit.ctx, admin.who(), &slug, &domain).await?;
    let domains = urls::integration_part(&slug, "domains");
    // What else was found stands on the page, beside the record.
    Ok(match found {
        proof::Found::Ours => flash::to(&visit, &domains, "domain-confirmed", &domain),
        _ => see_other(&domains),
    })
}

async fn drop_claim(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, domain) = path.into_inner();
    let (wanted, gone) = (slug.clone(), domain.clone());
    let work = move |act: &crate::flows::Act| proof::drop_claim(act, &wanted, &gone);
    visit.ctx.act(admin.who(), work).await?;
    let domains = urls::integration_part(&slug, "domains");
    Ok(flash::to(&visit, &domains, "domain-unclaimed", &domain))
}

async fn confirm(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let mut typed = form(&connection);
    read(&mut typed, body);
    let mut status = UNPROCESSABLE;
    if typed.is_valid() {
        let (wanted, domain) = (slug.clone(), typed.text("domain").to_owned());
        let work = move |act: &crate::flows::Act| connect::confirm_domain(act, &wanted, &domain);
        match visit.ctx.act(admin.who(), work).await {
            Ok(domain) => {
                let domains = urls::integration_part(&slug, "domains");
                return Ok(flash::to(&visit, &domains, "domain-confirmed", &domain));
            }
            Err(error) => status = refuse(&mut typed, error)?,
        }
    }
    page(&visit, &admin, &connection, claim_form(), typed, status).await
}

async fn ask(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, domain) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let back = ("Domains", urls::integration_part(&slug, "domains"));
    let domain_shown = shown(&domain);
    let title = format!("Withdraw {domain_shown}");
    let page = Confirm::new(
        shell(&visit, &title),
        back,
        urls::domain_withdrawal(&slug, &domain),
        "Withdraw the domain",
    )
    .line(format!(
        "The sign-in page no longer leads addresses at {domain_shown} to {}, and a first sign-in with one has to be \
         proved again.",
        connection.name
    ))
    .line("People who are linked already stay linked.");
    Ok(page.draw())
}

async fn withdraw(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, domain) = path.into_inner();
    let (wanted, gone) = (slug.clone(), domain.clone());
    visit
        .ctx
        .act(admin.who(), move |act| {
            connect::withdraw_domain(act, &wanted, &gone)
        })
        .await?;
    Ok(flash::to(
        &visit,
        &urls::integration_part(&slug, "domains"),
        "domain-withdrawn",
        &domain,
    ))
}
