//! Settings: the organization's name and contact, its address in the world, and what runs here.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::administer::{self, OrganizationFields};
use crate::model::{BaseUrl, Connection, Organization};
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render, render_as};
use crate::web::pieces::Change;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings", Access::Admin, show),
        post("/admin/settings", Access::Owner, save),
        // The address under which identity providers and people reach Doorward: shown first, then changed.
        get("/admin/settings/base-url", Access::Owner, base_url),
        post("/admin/settings/base-url", Access::Owner, change_base_url),
    ]
}

#[derive(Template)]
#[template(path = "admin/settings/show.html")]
struct SettingsPage {
    shell: Shell,
    form: Form,
    action: String,
    is_owner: bool,
    organization: Organization,
    base_url: String,
    break_glass: String,
    sessions: String,
    features: String,
    fields: String,
    mail_url: String,
    version: &'static str,
    licence: &'static str,
}

fn form(organization: &Organization) -> Form {
    let hint = "Whom somebody asks who cannot get in. It stands on sign-in, notice and error pages.";
    Form::new([
        Field::text("name", "Organization")
            .required()
            .max(200)
            .value(organization.name.clone()),
        Field::text("contact", "Contact")
            .hint(hint)
            .max(200)
            .value(organization.contact.clone()),
        Field::checkbox("list_integrations", "List the integrations on the sign-in page")
            .hint("Otherwise only the e-mail leads to them, and what a browser used last stays in its place.")
            .ticked(organization.settings.login.list_integrations),
    ])
}

fn organization(visit: &Visit) -> Result<Organization> {
    let found = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    Ok((*found).clone())
}

fn page(visit: &Visit, admin: &Admin, form: Form, status: StatusCode) -> Answer {
    let page = SettingsPage {
        shell: visit.shell("Settings").at(Section::Settings),
        form,
        action: urls::settings(),
        is_owner: admin.is_owner(),
        organization: organization(visit)?,
        base_url: urls::settings_part("base-url"),
        break_glass: urls::break_glass(),
        sessions: urls::settings_part("sessions"),
        features: urls::features(),
        fields: urls::settings_part("fields"),
        mail_url: urls::mail(""),
        version: env!("CARGO_PKG_VERSION"),
        licence: env!("CARGO_PKG_LICENSE"),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, admin: Admin) -> Answer {
    let form = form(&organization(&visit)?);
    page(&visit, &admin, form, StatusCode::OK)
}

async fn save(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form(&organization(&visit)?);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return page(&visit, &admin, form, UNPROCESSABLE);
    }
    let fields = OrganizationFields {
        name: Some(form.text("name").to_owned()),
        base_url: None,
        contact: Some(form.text("contact").to_owned()),
        list_integrations: Some(form.is_ticked("list_integrations")),
    };
    match visit.ctx.change_organization(admin.who(), fields).await {
        Ok(_) => Ok(flash::to(&visit, &urls::settings(), "organization-changed", "")),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &admin, form, status)
        }
    }
}

/// What has to be carried to one identity provider.
struct Carried {
    name: String,
    changes: Vec<Change>,
}

#[derive(Template)]
#[template(path = "admin/settings/base_url.html")]
struct BaseUrlPage {
    shell: Shell,
    up: String,
    form: Form,
    action: String,
    submit: String,
    /// The address that would be, once one was typed that can be.
    proposed: Option<String>,
    connections: Vec<Carried>,
}

#[derive(Template)]
#[template(path = "admin/settings/moved.html")]
struct MovedPage {
    shell: Shell,
    new: String,
    connections: Vec<Carried>,
}

fn base_form(value: &str) -> Form {
    let hint =
        "Scheme, host and port, such as https://door.example.com. It has to lead to this Doorward already.";
    Form::new([
        Field::url("base_url", "Base URL")
            .hint(hint)
            .required()
            .value(value),
        Field::hidden("confirmed", ""),
    ])
}

fn carried(connections: &[Connection], old: &BaseUrl, new: &BaseUrl) -> Vec<Carried> {
    let carry = |c: &Connection| {
        let change = |name: &str, was: String, becomes: String| Change::new(name, Some(&was), Some(&becomes));
        Carried {
            name: c.name.clone(),
            changes: vec![
                change("ACS (consumer) URL", old.acs(&c.slug), new.acs(&c.slug)),
                change(
                    "Entity ID, SP metadata URL",
                    old.sp_metadata(&c.slug),
                    new.sp_metadata(&c.slug),
                ),
                change("Login URL", old.sign_in(&c.slug), new.sign_in(&c.slug)),
            ],
        }
    };
    connections.iter().map(carry).collect()
}

fn base_page(
    visit: &Visit,
    form: Form,
    submit: &str,
    proposed: Option<String>,
    connections: Vec<Carried>,
) -> HttpResponse {
    let status = if form.is_valid() {
        StatusCode::OK
    } else {
        UNPROCESSABLE
    };
    let page = BaseUrlPage {
        shell: visit.shell("Base URL").at(Section::Settings),
        up: urls::settings(),
        action: urls::settings_part("base-url"),
        submit: submit.to_owned(),
        form,
        proposed,
        connections,
    };
    render_as(status, &page)
}

const LOOK: &str = "Show what would change";

async fn base_url(visit: Visit) -> Answer {
    let now = organization(&visit)?.base_url;
    Ok(base_page(&visit, base_form(now.as_str()), LOOK, None, Vec::new()))
}

async fn change_base_url(visit: Visit, admin: Admin, body: Body) -> Answer {
    let old = organization(&visit)?.base_url;
    let mut form = base_form("");
    form.fill(body.into_inner());
    form.require();
    let new = match administer::base_url(form.text("base_url")) {
        Ok(new) => new,
        Err(error) => {
            refuse(&mut form, error)?;
            return Ok(base_page(&visit, form, LOOK, None, Vec::new()));
        }
    };
    if new == old {
        form.refuse("base_url", "This is the base URL already.");
    }
    if !form.is_valid() {
        return Ok(base_page(&visit, form, LOOK, None, Vec::new()));
    }
    let connections = visit.ctx.store.reading(store::connections::list).await?;
    let carried = carried(&connections, &old, &new);
    // Only what was seen is confirmed: another address is shown first, too.
    if form.text("confirmed") != new.as_str() {
        let form = form
            .with("base_url", new.as_str())
            .with("confirmed", new.as_str());
        let submit = format!("Change to {new}");
        return Ok(base_page(&visit, form, &submit, Some(new.to_string()), carried));
    }
    let fields = OrganizationFields {
        base_url: Some(new.to_string()),
        ..OrganizationFields::default()
    };
    visit.ctx.change_organization(admin.who(), fields).await?;
    // A redirect would lead back to the old address, which may be refused from now on.
    let shell = visit.shell("The base URL has changed").at(Section::Settings);
    Ok(render(&MovedPage {
        shell,
        new: format!("{new}{}", urls::settings()),
        connections: carried,
    }))
}
