//! The mapping of an integration: what of the provider's words becomes ours, which value means which role, and whom a
//! first sign-in adds.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::{Room, Tab, load, shell, tabs};
use crate::error::{Error, Kind, Result};
use crate::flows::connect::{self, MappingFields};
use crate::flows::mapping::{self, Preview};
use crate::model::mapping::Rule;
use crate::model::{Connection, Email, Permission};
use crate::store::{self, Reader};
use crate::web::admin::Body;
use crate::web::fail::{self, Answer};
use crate::web::form::Choice;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::Change;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

mod draft;

use draft::{Draft, RoleLine, RowLine};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/integrations/{slug}/mapping", Access::INTEGRATIONS, show),
        post("/admin/integrations/{slug}/mapping", Access::INTEGRATIONS, save),
        // What was received last, and what the mapping makes of it; that somebody looked is an event.
        post(
            "/admin/integrations/{slug}/mapping/preview",
            Access::INTEGRATIONS,
            look,
        ),
    ]
}

/// What a preview page shows of one door.
struct Seen {
    title: String,
    changes: Vec<Change>,
    remarks: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/integrations/mapping.html")]
struct MappingPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    action: String,
    preview: String,
    /// Downloads and import.
    transfer: String,
    domains: String,
    /// What is wrong with the whole, and with each part that was typed.
    trouble: Option<String>,
    problems: Vec<(String, String)>,
    rows: Vec<RowLine>,
    roles: Vec<RoleLine>,
    draft: Draft,
    fields: Vec<Choice>,
    rules: Vec<Choice>,
    role_choices: Vec<Choice>,
    /// Roles that a value which is unknown or missing may give.
    lower_choices: Vec<Choice>,
    team_choices: Vec<Choice>,
    received: Vec<String>,
    speaks_for: Vec<String>,
    is_owner: bool,
    may_preview: bool,
    asked: String,
    /// `None`: nobody asked for a preview.
    seen: Option<Vec<Seen>>,
}

/// What the page needs beside the draft, from one snapshot.
struct Around {
    fields: Vec<Choice>,
    role_choices: Vec<Choice>,
    lower_choices: Vec<Choice>,
    team_choices: Vec<Choice>,
    received: Vec<String>,
    speaks_for: Vec<String>,
    jit_team: String,
}

fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice {
        value: value.into(),
        label: label.into(),
        hint: String::new(),
    }
}

fn around(r: &Reader, connection: &Connection) -> Result<Around> {
    let mut fields: Vec<Choice> = crate::model::mapping::KNOWN
        .iter()
        .map(|known| choice(known.key, known.label))
        .collect();
    let own = store::profiles::list_fields(r)?;
    fields.extend(own.into_iter().map(|field| choice(field.key, field.label)));
    let roles = store::roles::list(r)?;
    let mut role_choices = Vec::new();
    let mut lower_choices = vec![choice("", "The lowest role")];
    for role in roles {
        let label = match role.may(Permission::Portal) {
            true => role.name.clone(),
            false => format!("{} (signs in to apps only)", role.name),
        };
        if !role.owns() {
            lower_choices.push(choice(role.key.clone(), label.clone()));
        }
        role_choices.push(choice(role.key, label));
    }
    let mut team_choices = vec![choice("", "No team")];
    let teams = store::teams::list(r)?;
    team_choices.extend(
        teams
            .into_iter()
            .map(|(team, _)| choice(team.name.clone(), team.name)),
    );
    Ok(Around {
        fields,
        role_choices,
        lower_choices,
        team_choices,
        received: mapping::names_received(r, connection)?,
        speaks_for: store::connections::list_domains(r, connection.id)?,
        jit_team: connect::jit_team(r, &connection.jit)?.unwrap_or_default(),
    })
}

/// What a page shows beside the table.
#[derive(Default)]
struct Said {
    trouble: Option<String>,
    problems: Vec<(String, String)>,
    asked: String,
    seen: Option<Vec<Seen>>,
}

async fn page(
    visit: &Visit,
    admin: &Admin,
    connection: &Connection,
    draft: Option<Draft>,
    said: Said,
    status: StatusCode,
) -> Answer {
    let of = connection.clone();
    let around = visit.ctx.store.reading(move |r| around(r, &of)).await?;
    let draft = draft.unwrap_or_else(|| Draft::of(connection, &around.jit_team));
    let slug = connection.slug.as_str();
    let role = admin.0.role();
    let page = MappingPage {
        shell: shell(visit, &format!("Mapping of {}", connection.name)),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Mapping),
        action: urls::integration_part(slug, "mapping"),
        preview: format!("{}/preview", urls::integration_part(slug, "mapping")),
        transfer: urls::transfer(&urls::integration_part(slug, "mapping")),
        domains: urls::integration_part(slug, "domains"),
        trouble: said.trouble,
        problems: said.problems,
        rows: draft.row_lines(),
        roles: draft.role_lines(),
        draft,
        fields: around.fields,
        rules: Rule::ALL.map(|rule| choice(rule.key(), rule.words())).to_vec(),
        role_choices: around.role_choices,
        lower_choices: around.lower_choices,
        team_choices: around.team_choices,
        received: around.received,
        speaks_for: around.speaks_for,
        is_owner: role.owns(),
        may_preview: role.may(Permission::ManagePeople),
        asked: said.asked,
        seen: said.seen,
    };
    Ok(render_as(status, &page))
}

async fn show(visit: Visit, admin: Admin, slug: web::Path<String>) -> Answer {
    let connection = load(&visit, &slug).await?;
    page(&visit, &admin, &connection, None, Said::default(), StatusCode::OK).await
}

async fn save(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let slug = slug.into_inner();
    let mut draft = Draft::read(&body.into_inner());
    let version = draft.version;
    if version != connection.version {
        draft.version = connection.version;
        let said = Said {
            trouble: Some(
                "Somebody else changed this integration after you opened the page. Nothing of yours was saved yet. \
                 What you typed is still here: look at it, then save again."
                    .to_owned(),
            ),
            ..Said::default()
        };
        return page(
            &visit,
            &admin,
            &connection,
            Some(draft),
            said,
            StatusCode::CONFLICT,
        )
        .await;
    }
    let (wanted, fields): (String, MappingFields) = (slug.clone(), draft.fields.clone());
    let change = move |act: &crate::flows::Act| connect::change_mapping(act, &wanted, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(changed) => {
            let said = if changed.version == version {
                "connection-unchanged"
            } else {
                "connection-changed"
            };
            let to = urls::integration_part(&slug, "mapping");
            Ok(flash::to(&visit, &to, said, &changed.name))
        }
        Err(error) => {
            let status = fail::status(&error);
            let said = refused(error)?;
            page(&visit, &admin, &connection, Some(draft), said, status).await
        }
    }
}

/// What a flow did not take; an error that is not the reader's to mend is handed back.
fn refused(error: Error) -> Result<Said> {
    let mut said = Said::default();
    match &error.kind {
        Kind::Invalid(problems) if !problems.is_empty() => {
            said.trouble = Some("Some of the rows need another look. Nothing was saved.".to_owned());
            let each = problems.iter().map(|p| (p.field.clone(), p.message.clone()));
            said.problems = each.collect();
        }
        Kind::Invalid(_) | Kind::Conflict | Kind::Denied => said.trouble = Some(error.message.clone()),
        _ => return Err(error),
    }
    Ok(said)
}

async fn look(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let typed = body.into_inner();
    let asked = typed.iter().find(|(name, _)| name == "person");
    let asked = asked.map_or("", |(_, value)| value.trim()).to_owned();
    let key = Email::parse(&asked).map(|email| email.key()).ok();
    let mut said = Said {
        asked: asked.chars().take(254).collect(),
        ..Said::default()
    };
    let person = match key {
        Some(key) => {
            visit
                .ctx
                .store
                .reading(move |r| store::people::find_by_email(r, &key))
                .await?
        }
        None => None,
    };
    if person.is_none() && !asked.is_empty() {
        said.trouble = Some("Nobody here has this e-mail address.".to_owned());
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return page(&visit, &admin, &connection, None, said, status).await;
    }
    let (wanted, id) = (slug.into_inner(), person.map(|person| person.id));
    let previews = visit
        .ctx
        .act(admin.who(), move |act| mapping::preview(act, &wanted, id))
        .await?;
    said.seen = Some(previews.into_iter().map(seen).collect());
    page(&visit, &admin, &connection, None, said, StatusCode::OK).await
}

fn seen(preview: Preview) -> Seen {
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let change = |(name, was, becomes): (String, String, String)| Change {
        name,
        was: some(was),
        becomes: some(becomes),
    };
    Seen {
        title: format!("{}: {}", preview.who, preview.what),
        changes: preview.lines.into_iter().map(change).collect(),
        remarks: preview.remarks,
    }
}
