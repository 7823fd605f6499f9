//! The e-mail domains for which an integration speaks. An owner's word, because it links accounts.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Room, Tab, load, shell, tabs};
use crate::flows::connect;
use crate::model::Connection;
use crate::store;
use crate::web::admin::confirm::Confirm;
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/integrations/{slug}/domains", Access::Admin, list),
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
    ]
}

#[derive(Template)]
#[template(path = "admin/integrations/domains.html")]
struct DomainsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    name: String,
    is_owner: bool,
    /// Each with the address of its withdrawal.
    domains: Vec<(String, String)>,
    form: Form,
    action: String,
}

fn form(connection: &Connection) -> Form {
    let sure = format!(
        "The domain is ours, and whoever runs {} may decide who signs in with its addresses",
        connection.name
    );
    Form::new([
        Field::text("domain", "Domain")
            .hint("What stands behind the @, such as example.com.")
            .mono()
            .max(253)
            .required(),
        Field::checkbox("sure", sure).required(),
    ])
}

async fn page(
    visit: &Visit,
    admin: &Admin,
    connection: &Connection,
    form: Form,
    status: StatusCode,
) -> Answer {
    let slug = connection.slug.as_str();
    let id = connection.id;
    let domains = visit
        .ctx
        .store
        .reading(move |r| store::connections::list_domains(r, id))
        .await?;
    let page = DomainsPage {
        shell: shell(visit, &format!("Domains of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Domains),
        name: connection.name.clone(),
        is_owner: admin.is_owner(),
        domains: domains
            .into_iter()
            .map(|d| (d.clone(), urls::domain_withdrawal(slug, &d)))
            .collect(),
        form,
        action: urls::integration_part(slug, "domains"),
    };
    Ok(render_as(status, &page))
}

async fn list(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &admin, &connection, form(&connection), StatusCode::OK).await
}

async fn confirm(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let mut form = form(&connection);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return page(&visit, &admin, &connection, form, UNPROCESSABLE).await;
    }
    let (slug, typed) = (slug.into_inner(), form.text("domain").to_owned());
    let wanted = slug.clone();
    match visit
        .ctx
        .act(admin.who(), move |act| {
            connect::confirm_domain(act, &wanted, &typed)
        })
        .await
    {
        Ok(domain) => Ok(flash::to(
            &visit,
            &urls::integration_part(&slug, "domains"),
            "domain-confirmed",
            &domain,
        )),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, &connection, form, status).await
        }
    }
}

async fn ask(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, domain) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let back = ("Domains", urls::integration_part(&slug, "domains"));
    let title = format!("Withdraw {domain}");
    let page = Confirm::new(
        shell(&visit, &title),
        back,
        urls::domain_withdrawal(&slug, &domain),
        "Withdraw the domain",
    )
    .line(format!(
        "A first sign-in through {} with an address at {domain} has to be proved again.",
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
