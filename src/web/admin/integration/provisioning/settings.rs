//! What provisioning may do to people, when it stops to ask, and what it insists on.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Frame, Place, Tab, frame, load};
use crate::flows::connect::{self, ConnectionFields, ScimFields};
use crate::model::Connection;
use crate::model::provisioning::{Required, Sync};
use crate::store;
use crate::web::admin::facts::count;
use crate::web::admin::{Body, UNPROCESSABLE, refuse};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/settings",
            Access::INTEGRATIONS,
            show,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/settings",
            Access::INTEGRATIONS,
            save,
        ),
    ]
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/settings.html")]
struct SettingsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    form: Form,
    action: String,
}

/// Each field that a user can be required to have: its box, and what settings call it.
const REQUIRED: [(&str, &str, Required, &str); 3] = [
    (
        "needs_given_name",
        "A given name",
        Required::GivenName,
        "given_name",
    ),
    (
        "needs_family_name",
        "A family name",
        Required::FamilyName,
        "family_name",
    ),
    ("needs_email", "An e-mail address", Required::Email, "email"),
];

fn form(connection: &Connection) -> Form {
    let scim = &connection.scim;
    let mut fields = vec![
        Field::radio("sync", "What the identity provider sends reaches people")
            .choice_with_hint("automatic", "At once", "With each request; the review page shows it afterwards.")
            .choice_with_hint("held", "When an admin applies it", "Until then everything is taken and answered, and nobody changes.")
            .required()
            .value(sync_key(scim.sync)),
        Field::checkbox("keep_waiting", "Make it automatic although changes wait")
            .hint("They stay on the review page until you apply them, or until the identity provider writes their users again."),
        Field::checkbox("create", "Add people")
            .hint("Off: the identity provider is answered as if it had added them. Nobody is.")
            .ticked(scim.create),
        Field::checkbox("update", "Change people")
            .hint("Names and e-mail addresses.")
            .ticked(scim.update),
        Field::checkbox("deactivate", "Deactivate and reactivate people")
            .hint("Deletion counts as deactivation: Doorward deletes nobody.")
            .ticked(scim.deactivate),
        Field::checkbox("invite", "Send an invitation when somebody is added")
            .hint(
                "A mail with a link, good for a week, that shows how they sign in. Without a mail server it waits under \
                 People, Invitations, for you to hand it over.",
            )
            .ticked(scim.invite),
        Field::text("guard_people", "Hold removals of more than this many people")
            .hint("Within ten minutes, and only when they are more than the share below too. 0: never hold.")
            .required()
            .max(9)
            .value(scim.guard_people.to_string()),
        Field::text("guard_percent", "And of more than this share, in percent")
            .required()
            .max(3)
            .value(scim.guard_percent.to_string()),
    ];
    for (name, label, required, _) in REQUIRED {
        fields.push(Field::checkbox(name, label).ticked(scim.required.contains(&required)));
    }
    fields.extend([
        Field::checkbox("groups_in_users", "Read groups from the body of a user")
            .hint("Only where the identity provider sends memberships there, and nowhere else.")
            .ticked(scim.groups_in_users),
        Field::checkbox(
            "refuse_unknown_members",
            "Refuse a group with a member that does not exist",
        )
        .hint("Off: the unknown member is left out, and the request says so.")
        .ticked(scim.refuse_unknown_members),
        Field::text("log_days", "Keep requests for so many days")
            .required()
            .max(4)
            .value(scim.log_days.to_string()),
        Field::hidden("version", connection.version.to_string()),
    ]);
    Form::new(fields)
}

fn sync_key(sync: Sync) -> &'static str {
    match sync {
        Sync::Automatic => "automatic",
        Sync::Held => "held",
    }
}

/// What waits is not forgotten by accident: whoever makes a held connection automatic says what becomes of it.
async fn ask_about_waiting(
    visit: &Visit,
    connection: &Connection,
    form: &mut Form,
) -> crate::error::Result<()> {
    let turns = connection.scim.sync == Sync::Held && form.text("sync") == "automatic";
    if !turns || form.is_ticked("keep_waiting") {
        return Ok(());
    }
    let id = connection.id;
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::waiting::count(r, id, &store::waiting::Narrow::default()));
    let waiting = reading.await?;
    if waiting > 0 {
        let why = format!(
            "{} on the review page. Apply them first, or tick the box below to leave them there.",
            count(waiting, "change waits", "changes wait")
        );
        form.refuse("sync", why);
    }
    Ok(())
}

async fn page(visit: &Visit, connection: &Connection, form: Form, status: StatusCode) -> Answer {
    let title = format!("Provisioning settings of {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(visit, connection, Place::Settings, &title).await?;
    let page = SettingsPage {
        shell,
        way_back,
        tabs,
        rooms,
        form,
        action: urls::provisioning(connection.slug.as_str(), "settings"),
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &connection, form(&connection), StatusCode::OK).await
}

/// A whole number of a field; what is none is said there.
fn number(form: &mut Form, name: &str) -> i64 {
    let number = form.text(name).parse();
    number.unwrap_or_else(|_| {
        form.refuse(name, "Write a whole number that is not below 0.");
        0
    })
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
        return page(&visit, &connection, form, StatusCode::CONFLICT).await;
    }
    ask_about_waiting(&visit, &connection, &mut form).await?;
    let needed = REQUIRED.iter().filter(|(name, ..)| form.is_ticked(name));
    let scim = ScimFields {
        sync: Some(form.text("sync").to_owned()),
        create: Some(form.is_ticked("create")),
        update: Some(form.is_ticked("update")),
        deactivate: Some(form.is_ticked("deactivate")),
        invite: Some(form.is_ticked("invite")),
        required: Some(needed.map(|(.., key)| (*key).to_owned()).collect()),
        groups_in_users: Some(form.is_ticked("groups_in_users")),
        refuse_unknown_members: Some(form.is_ticked("refuse_unknown_members")),
        guard_people: Some(number(&mut form, "guard_people")),
        guard_percent: Some(number(&mut form, "guard_percent")),
        log_days: Some(number(&mut form, "log_days")),
        ..ScimFields::default()
    };
    if !form.is_valid() {
        return page(&visit, &connection, form, UNPROCESSABLE).await;
    }
    let fields = ConnectionFields {
        scim,
        ..ConnectionFields::default()
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
            let back = urls::provisioning(&slug, "settings");
            Ok(flash::to(&visit, &back, said, &changed.name))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            page(&visit, &connection, form, status).await
        }
    }
}
