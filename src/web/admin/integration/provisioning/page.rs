//! The page of an integration's provisioning: how it stands, what to do at the provider, credentials, the switch.

use actix_web::web;
use askama::Template;

use super::credentials::{ClientLine, CredentialLine, client_line, credential_lines};
use super::shown::state;
use super::{Frame, Place, Tab, frame, load, waiting_notice};
use crate::error::{Error, Result};
use crate::flows::connect::{self, ConnectionFields, ScimFields};
use crate::model::provider::{GuideChoice, GuideTrap, OurScimValue, ScimGuide};
use crate::model::provisioning::Sync;
use crate::model::{BaseUrl, Connection, Feature, Timestamp};
use crate::store;
use crate::store::directory::{Asked, groups, users};
use crate::store::removals::Which;
use crate::store::scim_requests::Milestones;
use crate::web::admin::confirm::Confirm;
use crate::web::admin::facts::count;
use crate::web::admin::features;
use crate::web::admin::integration::page::provider_of;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning",
            Access::INTEGRATIONS,
            show,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/activation",
            Access::INTEGRATIONS,
            activate,
        ),
        get(
            "/admin/integrations/{slug}/provisioning/deactivation",
            Access::INTEGRATIONS,
            ask_to_deactivate,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/deactivation",
            Access::INTEGRATIONS,
            deactivate,
        ),
    ]
}

/// One of our values under the provider's label.
struct Value {
    label: String,
    /// `None`: a secret, which is made below and shown once.
    value: Option<String>,
    note: String,
}

/// One step of the first set-up, as it happens.
struct Step {
    title: &'static str,
    done_at: Option<Timestamp>,
    is_current: bool,
    text: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/show.html")]
struct ProvisioningPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    connection: Connection,
    state: State,
    notices: Vec<Notice>,
    last_contact: Option<Timestamp>,
    users: String,
    groups: String,
    claimed: String,
    shown: String,
    group_count: String,
    steps: Vec<Step>,
    is_settled: bool,
    provider: String,
    guide: &'static ScimGuide,
    choices: &'static [GuideChoice],
    traps: &'static [GuideTrap],
    checked_on: &'static str,
    values: Vec<Value>,
    credentials: Vec<CredentialLine>,
    clients: Vec<ClientLine>,
    new_bearer: String,
    new_basic: String,
    new_client: String,
    authorize_url: String,
    token_url: String,
    activation: String,
    deactivation: String,
    /// Of the integration itself.
    integration_on: String,
}

struct Figures {
    milestones: Milestones,
    claimed: i64,
    shown: i64,
    groups: i64,
    held: i64,
    waiting: i64,
    credentials: Vec<CredentialLine>,
    clients: Vec<ClientLine>,
}

async fn figures(visit: &Visit, connection: &Connection) -> Result<Figures> {
    let (connection, now) = (connection.clone(), visit.ctx.now());
    let reading = visit.ctx.store.reading(move |r| {
        let (id, slug) = (connection.id, connection.slug.as_str());
        let asked = Asked {
            connection: id,
            filter: None,
            order: None,
        };
        let claimed = users::count_claimed(r, id)?;
        let credentials = store::scim_credentials::list_of_connection(r, id, now)?;
        let clients = store::oauth::list_clients(r, id)?;
        Ok(Figures {
            milestones: store::scim_requests::milestones(r, id)?,
            claimed,
            shown: users::count(r, &asked, None)? - claimed,
            groups: groups::count(r, &asked, None)?,
            held: store::removals::count(r, id, Which::Held, "")?,
            waiting: store::waiting::count(r, id, &store::waiting::Narrow::default())?,
            credentials: credential_lines(slug, &credentials),
            clients: clients.iter().map(|client| client_line(slug, client)).collect(),
        })
    });
    reading.await
}

/// Our values under the labels of the provider; secrets are named, never shown.
fn values(guide: &ScimGuide, base: &BaseUrl, connection: &Connection) -> Vec<Value> {
    let scim = base.scim(&connection.slug);
    let value = |of: OurScimValue| match of {
        OurScimValue::BaseUrl => Some(scim.clone()),
        OurScimValue::BaseUrlWithFlag => Some(format!("{scim}?aadOptscim062020")),
        OurScimValue::AuthorizeUrl => Some(format!("{base}{}", urls::oauth_authorize())),
        OurScimValue::TokenUrl => Some(format!("{base}{}", urls::OAUTH_TOKEN)),
        OurScimValue::Token
        | OurScimValue::UserName
        | OurScimValue::Passkey
        | OurScimValue::ClientId
        | OurScimValue::ClientSecret => None,
    };
    let line = |given: &crate::model::provider::ScimValue| Value {
        label: given.label.clone(),
        value: value(given.value),
        note: given.note.clone(),
    };
    let mut list: Vec<Value> = guide.values.iter().map(line).collect();
    if list.is_empty() {
        list.push(Value {
            label: "SCIM base URL".to_owned(),
            value: Some(scim),
            note: String::new(),
        });
    }
    list
}

/// The way from nothing to the first group, with a word on what it waits for.
fn steps(connection: &Connection, seen: &Milestones) -> Vec<Step> {
    let name = &connection.name;
    let stranger = if seen.first_request.is_some() {
        format!(
            "{name} reached Doorward, but with a credential that Doorward does not know. Make one below and copy the whole of \
             it there."
        )
    } else {
        "Test the connection there. The request stands here a moment later.".to_owned()
    };
    let step = |title, done_at, text: String| Step {
        title,
        done_at,
        is_current: false,
        text,
    };
    let mut steps = vec![
        step(
            "First request",
            seen.first_request,
            format!("Copy the values below to {name}, and test the connection there."),
        ),
        step("Credentials good", seen.credentials_good, stranger),
        step(
            "First user",
            seen.first_user,
            format!("Assign somebody to the application at {name}."),
        ),
        step(
            "First group",
            seen.first_group,
            format!("Push a group at {name}, if you want groups here. Nothing else waits for it."),
        ),
    ];
    if let Some(current) = steps.iter_mut().find(|step| step.done_at.is_none()) {
        current.is_current = true;
    }
    steps
}

/// What needs somebody: a plan that waits, held removals, an integration that is off.
fn notices(connection: &Connection, found: &Figures) -> Vec<Notice> {
    let mut list = Vec::new();
    if found.waiting > 0 {
        list.push(waiting_notice(connection, found.waiting));
    } else if connection.scim.enabled && connection.scim.sync == Sync::Held {
        let text = "Everything that the identity provider sends is taken and answered, and waits until you apply it.";
        let settings = urls::provisioning(connection.slug.as_str(), "settings");
        list.push(Notice::waiting("Held: nothing waits yet.", text).link("Settings", settings));
    }
    if found.held > 0 {
        list.push(held_notice(connection, found.held));
    }
    if connection.scim.enabled && !connection.enabled {
        let text = "Every request of its identity provider is refused until you turn it on.";
        list.push(Notice::needs_you("The integration itself is off.", text).link(
            format!("Go to {}", connection.name),
            urls::integration(connection.slug.as_str()),
        ));
    }
    list
}

/// Also on the overview.
pub fn held_notice(connection: &Connection, held: i64) -> Notice {
    let title = format!(
        "{} of {} {} for you.",
        count(held, "removal", "removals"),
        connection.name,
        if held == 1 { "waits" } else { "wait" }
    );
    let text = "More people were to be removed at once than the guard lets through. They stay as they are until you decide.";
    let href = urls::provisioning(connection.slug.as_str(), "held");
    Notice::needs_you(title, text).link("Look at them", href)
}

async fn show(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let found = figures(&visit, &connection).await?;
    let provider = provider_of(&connection)?;
    let organization = visit
        .ctx
        .organization()
        .ok_or_else(|| Error::not_found("organization yet"))?;
    let title = format!("Provisioning through {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Overview, &title).await?;
    let slug = connection.slug.as_str();
    let part = |name: &str| urls::provisioning(slug, name);
    let new = |kind: &str| urls::query(&urls::provisioned(slug, "credentials", "new"), &[("kind", kind)]);
    let steps = steps(&connection, &found.milestones);
    let mut notices = notices(&connection, &found);
    notices.extend(features::off_notices(&visit, &admin, &[Feature::Scim]).await?);
    Ok(render(&ProvisioningPage {
        shell,
        way_back,
        tabs,
        rooms,
        state: state(&connection, found.milestones.last_contact),
        notices,
        last_contact: found.milestones.last_contact,
        users: part("users"),
        groups: part("groups"),
        claimed: count(found.claimed, "user", "users"),
        shown: count(found.shown, "person", "people"),
        group_count: count(found.groups, "group", "groups"),
        is_settled: steps.iter().all(|step| step.done_at.is_some()),
        steps,
        provider: if provider.key == "generic" {
            connection.name.clone()
        } else {
            provider.name.clone()
        },
        guide: &provider.scim,
        choices: &provider.scim.choices,
        traps: &provider.scim.traps,
        checked_on: &provider.labels_checked_on,
        values: values(&provider.scim, &organization.base_url, &connection),
        credentials: found.credentials,
        clients: found.clients,
        new_bearer: new("bearer"),
        new_basic: new("basic"),
        new_client: new("oauth"),
        authorize_url: format!("{}{}", organization.base_url, urls::oauth_authorize()),
        token_url: format!("{}{}", organization.base_url, urls::OAUTH_TOKEN),
        activation: part("activation"),
        deactivation: part("deactivation"),
        integration_on: urls::integration_part(slug, "activation"),
        connection: connection.clone(),
    }))
}

async fn switch(visit: &Visit, admin: &Admin, slug: String, on: bool) -> Result<Connection> {
    let fields = ConnectionFields {
        scim: ScimFields {
            enabled: Some(on),
            ..ScimFields::default()
        },
        ..ConnectionFields::default()
    };
    visit
        .ctx
        .act(admin.who(), move |act| connect::change(act, &slug, &fields, None))
        .await
}

async fn activate(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let slug = slug.into_inner();
    let on = switch(&visit, &admin, slug.clone(), true).await?;
    let here = urls::provisioning(&slug, "");
    let said = match on.scim.sync {
        Sync::Automatic => "provisioning-on",
        Sync::Held => "provisioning-on-held",
    };
    Ok(flash::to(&visit, &here, said, &on.name))
}

async fn ask_to_deactivate(visit: Visit, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let found = figures(&visit, &connection).await?;
    let name = &connection.name;
    let back = ("Provisioning", urls::provisioning(&slug, ""));
    let page = Confirm::new(
        super::shell(&visit, &format!("Turn provisioning through {name} off")),
        back,
        urls::provisioning(&slug, "deactivation"),
        "Turn provisioning off",
    )
    .line(format!(
        "{name} is answered 403 from then on, and reports it to its admins."
    ))
    .line(format!(
        "{} that it wrote and {} stay as they are, and so do the people.",
        count(found.claimed, "user", "users"),
        count(found.groups, "group", "groups")
    ))
    .line("Credentials stay, and work again when you turn it on.");
    Ok(page.draw())
}

async fn deactivate(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let slug = slug.into_inner();
    let off = switch(&visit, &admin, slug.clone(), false).await?;
    let here = urls::provisioning(&slug, "");
    Ok(flash::to(&visit, &here, "provisioning-off", &off.name))
}
