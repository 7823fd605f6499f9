//! The settings of an integration: its name, and how strictly and in which form it talks SAML or OpenID Connect.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Room, Tab, load, openid, shell, tabs};
use crate::flows::connect::{self, ConnectionFields};
use crate::model::{Connection, Protocol, Provider, RequestBinding, Unsolicited};
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/integrations/{slug}/settings", Access::INTEGRATIONS, show),
        post("/admin/integrations/{slug}/settings", Access::INTEGRATIONS, save),
    ]
}

#[derive(Template)]
#[template(path = "admin/integrations/settings.html")]
struct SettingsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    form: Form,
    action: String,
}

fn unsolicited() -> Field {
    Field::radio("unsolicited", "A response that nobody here asked for")
        .hint("This is what a tile in the provider's portal sends.")
        .required()
        .choice_with_hint(
            Unsolicited::Restart.key(),
            "Start the sign-in again from here",
            "The tile just works, and nobody can slip somebody else's response into a browser. Best for nearly everybody.",
        )
        .choice_with_hint(
            Unsolicited::Accept.key(),
            "Take it as it is",
            "Only where the provider cannot answer requests. Anybody who can make a browser send a form can sign it in as themselves.",
        )
        .choice_with_hint(Unsolicited::Refuse.key(), "Refuse it", "Tiles do not work; people start here.")
}

fn binding() -> Field {
    Field::radio("request_binding", "How requests travel")
        .required()
        .choice_with_hint(
            RequestBinding::Auto.key(),
            "By redirect where the provider offers it, else by POST",
            "",
        )
        .choice_with_hint(RequestBinding::Redirect.key(), "By redirect", "")
        .choice_with_hint(
            RequestBinding::Post.key(),
            "By POST",
            "Some providers want signed requests this way.",
        )
}

/// What single logout does, or why it does nothing yet.
fn sign_out_hint(connection: &Connection) -> &'static str {
    match &connection.saml.idp {
        Some(idp) if !idp.offers_logout() => {
            "The identity provider's metadata names no address for single logout. Until it does and is given here \
             again, signing out stays here."
        }
        _ => {
            "Whoever signs out here goes on to the identity provider, which ends its own session and may end other \
             applications too. The session here ends first, whatever it answers."
        }
    }
}

fn form(connection: &Connection) -> Form {
    let saml = &connection.saml;
    let providers = Provider::all().iter();
    let provider = Field::select("provider", "Identity provider")
        .hint("Decides which step-by-step is shown.")
        .required();
    let provider = providers.fold(provider, |field, p| field.choice(p.key.clone(), p.name.clone()));
    let subject = "Only where the NameID is transient, which means another one each time. Name an attribute that never changes \
                   for a person and is never given to another one. Otherwise leave it empty: the NameID is used.";
    let name = Field::text("name", "Name")
        .required()
        .max(200)
        .value(connection.name.clone());
    let version = Field::hidden("version", connection.version.to_string());
    if connection.protocol() == Some(Protocol::Oidc) {
        let mut fields = vec![name, provider.value(connection.provider.clone())];
        fields.extend(openid::settings(connection));
        fields.push(version);
        return Form::new(fields);
    }
    Form::new([
        name,
        provider.value(connection.provider.clone()),
        unsolicited().value(saml.unsolicited.key()),
        Field::checkbox("sign_requests", "Sign the requests that Doorward sends")
            .hint("Only where the provider asks for it. It needs Doorward's certificate then.")
            .ticked(saml.sign_requests),
        binding().value(saml.request_binding.key()),
        Field::checkbox(
            "sign_out_there",
            "Signing out here signs out at the provider, too",
        )
        .hint(sign_out_hint(connection))
        .ticked(saml.sign_out_there),
        Field::text("subject_attribute", "Attribute that identifies the person")
            .hint(subject)
            .mono()
            .max(200)
            .value(saml.subject_attribute.clone().unwrap_or_default()),
        version,
    ])
}

fn page(visit: &Visit, connection: &Connection, form: Form, status: StatusCode) -> Answer {
    let slug = connection.slug.as_str();
    let page = SettingsPage {
        shell: shell(visit, &format!("Settings of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Settings),
        form,
        action: urls::integration_part(slug, "settings"),
    };
    Ok(render_as(status, &page))
}

fn saml_fields(form: &Form, common: ConnectionFields) -> ConnectionFields {
    ConnectionFields {
        unsolicited: Some(form.text("unsolicited").to_owned()),
        sign_requests: Some(form.is_ticked("sign_requests")),
        request_binding: Some(form.text("request_binding").to_owned()),
        subject_attribute: Some(form.text("subject_attribute").to_owned()),
        sign_out_there: Some(form.is_ticked("sign_out_there")),
        ..common
    }
}

async fn show(visit: Visit, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &connection, form(&connection), StatusCode::OK)
}

async fn save(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let slug = slug.into_inner();
    let mut form = form(&connection);
    form.fill(body.into_inner());
    form.require();
    let version: i64 = form.text("version").parse().unwrap_or(0);
    if version != connection.version {
        let mut form = form.with("version", connection.version.to_string());
        form.refuse_all(
            "Somebody else changed this integration after you opened the page. Nothing of yours was saved yet. \
             What you typed is still here: look at it, then save again.",
        );
        return page(&visit, &connection, form, StatusCode::CONFLICT);
    }
    if !form.is_valid() {
        return page(&visit, &connection, form, UNPROCESSABLE);
    }
    let common = ConnectionFields {
        name: Some(form.text("name").to_owned()),
        provider: Some(form.text("provider").to_owned()),
        ..ConnectionFields::default()
    };
    let fields = match connection.protocol() {
        Some(Protocol::Oidc) => ConnectionFields {
            oidc: openid::oidc_fields(&form),
            ..common
        },
        _ => saml_fields(&form, common),
    };
    let wanted = slug.clone();
    let change = move |act: &crate::flows::Act| connect::change(act, &wanted, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(changed) => {
            let said = if changed.version == version {
                "connection-unchanged"
            } else {
                "connection-changed"
            };
            Ok(flash::to(
                &visit,
                &urls::integration_part(&slug, "settings"),
                said,
                &changed.name,
            ))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &connection, form, status)
        }
    }
}
