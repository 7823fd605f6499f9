//! One request: who sent it, what it said, how it was understood, what came of it; and doing it again.

use actix_web::HttpResponse;
use actix_web::web;
use askama::Template;
use serde_json::Value;

use super::shown::{answer_state, person_page};
use super::{Frame, Place, Tab, frame, load, masked};
use crate::error::{Error, Kind, Result};
use crate::flows::provision::Effect;
use crate::flows::provision::replay::{self, Difference};
use crate::model::{Connection, ScimRequestId};
use crate::store;
use crate::store::scim_requests::ScimRequest;
use crate::web::admin::facts::{changes, count, label};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::{Change, Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/requests/{id}",
            Access::INTEGRATIONS,
            show,
        ),
        // Shows the values too, and puts that into the audit log.
        post(
            "/admin/integrations/{slug}/provisioning/requests/{id}/opening",
            Access::INTEGRATIONS,
            open,
        ),
        // Changes nothing: shows what a replay would do.
        post(
            "/admin/integrations/{slug}/provisioning/requests/{id}/dry-run",
            Access::INTEGRATIONS,
            dry_run,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/requests/{id}/replay",
            Access::INTEGRATIONS,
            run,
        ),
    ]
}

/// What was done to one person.
struct EffectLine {
    person: String,
    href: String,
    what: String,
    detail: String,
}

/// What a replay would come to.
struct DryRun {
    then: State,
    now: State,
    refusal: String,
    resource: Vec<Change>,
    effects: Vec<EffectLine>,
    notes: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/request.html")]
struct RequestPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    request: ScimRequest,
    state: State,
    took: String,
    address: String,
    query: String,
    body: Option<String>,
    understood: Option<String>,
    answer: Option<String>,
    effects: Vec<EffectLine>,
    notes: Vec<String>,
    is_open: bool,
    opening: String,
    /// Why it cannot be replayed.
    obstacle: Option<&'static str>,
    dry_run: String,
    replay: String,
    difference: Option<DryRun>,
    trouble: Option<Notice>,
    /// Of the request that this one repeats.
    original: Option<String>,
}

fn effect_lines(effects: Vec<Effect>, open: bool) -> Vec<EffectLine> {
    let line = |effect: Effect| EffectLine {
        person: effect.label.clone(),
        href: person_page(effect.person_id),
        what: effect.what.clone(),
        detail: detail(&effect, open),
    };
    effects.into_iter().map(line).collect()
}

/// The changed fields by name; their values only when the request is open.
fn detail(effect: &Effect, open: bool) -> String {
    let fields = match &effect.detail {
        Value::String(text) if open => return text.clone(),
        Value::String(text) => return masked::words(text),
        Value::Object(fields) => fields,
        _ => return String::new(),
    };
    let words: Vec<String> = match (fields.get("before"), fields.get("after")) {
        (Some(before), Some(after)) => changes(&before.to_string(), &after.to_string())
            .iter()
            .map(|change| changed(change, open))
            .collect(),
        _ => fields
            .iter()
            .filter_map(|(name, value)| said(name, value, open))
            .collect(),
    };
    words.join(", ")
}

fn changed(change: &Change, open: bool) -> String {
    let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    if open {
        format!(
            "{}: {} → {}",
            change.name,
            part(&change.was),
            part(&change.becomes)
        )
    } else {
        change.name.clone()
    }
}

/// One thing that is known of an effect, in words; ids are for the log alone.
fn said(name: &str, value: &Value, open: bool) -> Option<String> {
    match (name, value) {
        ("user", _) => None,
        ("again", _) => Some("was here before".to_owned()),
        ("why", Value::String(why)) if open => Some(why.clone()),
        ("why", Value::String(why)) => Some(masked::words(why)),
        ("sessions_ended", ended) => Some(match ended.as_i64() {
            Some(ended) if ended > 0 => count(ended, "session ended", "sessions ended"),
            _ => "no session was open".to_owned(),
        }),
        (_, Value::String(text)) if open => Some(format!("{}: {text}", label(name))),
        _ => Some(label(name)),
    }
}

fn dry(difference: Difference, open: bool) -> DryRun {
    let hide = |text: Option<String>| text.map(|text| if open { text } else { "•••".to_owned() });
    let change = |field: replay::Field| {
        let (was, becomes) = (hide(field.was), hide(field.becomes));
        Change::new(field.path, was.as_deref(), becomes.as_deref())
    };
    let said = difference
        .answer_now
        .as_ref()
        .and_then(|body| body["detail"].as_str())
        .unwrap_or_default();
    DryRun {
        then: answer_state(difference.status_then),
        now: answer_state(difference.status_now),
        refusal: if open {
            said.to_owned()
        } else {
            masked::words(said)
        },
        resource: difference.resource.into_iter().map(change).collect(),
        effects: effect_lines(difference.effects, open),
        notes: difference.notes,
    }
}

fn request_id(text: &str) -> Result<ScimRequestId> {
    ScimRequestId::parse(text).ok_or_else(|| Error::not_found("request"))
}

async fn find(visit: &Visit, connection: &Connection, text: &str) -> Result<ScimRequest> {
    let (of, id) = (connection.id, request_id(text)?);
    visit
        .ctx
        .store
        .reading(move |r| store::scim_requests::get(r, of, id))
        .await
}

/// What else the page shows beside the request.
#[derive(Default)]
struct More {
    open: bool,
    difference: Option<Difference>,
    trouble: Option<Notice>,
}

async fn page(
    visit: &Visit,
    connection: &Connection,
    request: ScimRequest,
    more: More,
) -> Result<HttpResponse> {
    let (slug, open) = (connection.slug.as_str(), more.open);
    let Frame {
        shell, tabs, rooms, ..
    } = frame(
        visit,
        connection,
        Place::Requests,
        &format!("Request {}", request.reference),
    )
    .await?;
    let id = request.id.to_string();
    let act = |name: &str| urls::provisioned_act(slug, "requests", &id, name);
    let shown = |text: &String| masked::document(text, open);
    let understood = Some(&request.understood).filter(|text| !matches!(text.as_str(), "null" | "{}" | ""));
    let effects = serde_json::from_str(&request.effects).unwrap_or_default();
    let notes: Vec<String> = serde_json::from_str(&request.notes).unwrap_or_default();
    Ok(render(&RequestPage {
        shell,
        way_back: (
            format!("Requests of {}", connection.name),
            urls::provisioning(slug, "requests"),
        ),
        tabs,
        rooms,
        state: answer_state(request.status),
        took: format!(
            "{}.{:01} ms",
            request.took_us / 1000,
            request.took_us % 1000 / 100
        ),
        address: match open {
            true => request.path.clone(),
            false => masked::words(&request.path),
        },
        query: masked::query(&request.query, open),
        body: request.body.as_ref().map(shown),
        understood: understood.map(shown),
        answer: request.answer.as_ref().map(shown),
        effects: effect_lines(effects, open),
        notes,
        is_open: open,
        opening: act("opening"),
        obstacle: replay::obstacle(&request),
        dry_run: act("dry-run"),
        replay: act("replay"),
        difference: more.difference.map(|difference| dry(difference, open)),
        trouble: more.trouble,
        original: request
            .replay_of
            .map(|of| urls::provisioned(slug, "requests", &of.to_string())),
        request,
    }))
}

async fn show(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let request = find(&visit, &connection, &id).await?;
    Ok(page(&visit, &connection, request, More::default()).await?)
}

async fn open(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let (wanted, request) = (slug.clone(), request_id(&id)?);
    let opened = visit
        .ctx
        .act(admin.who(), move |act| {
            replay::open_request(act, &wanted, request)
        })
        .await?;
    let more = More {
        open: true,
        ..More::default()
    };
    Ok(page(&visit, &connection, opened, more).await?)
}

async fn dry_run(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let request = find(&visit, &connection, &id).await?;
    let more = match replay::dry_run(&visit.ctx, admin.who(), &slug, request.id).await {
        Ok(difference) => More {
            difference: Some(difference),
            ..More::default()
        },
        Err(error) if error.kind == Kind::Conflict => More {
            trouble: Some(Notice::needs_you(error.message, "")),
            ..More::default()
        },
        Err(error) => return Err(error.into()),
    };
    Ok(page(&visit, &connection, request, more).await?)
}

async fn run(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, id) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let request = find(&visit, &connection, &id).await?;
    match replay::run(&visit.ctx, admin.who(), &slug, request.id).await {
        Ok(row) => {
            let there = urls::provisioned(&slug, "requests", &row.id.to_string());
            Ok(flash::to(&visit, &there, "request-replayed", ""))
        }
        Err(error) if error.kind == Kind::Conflict => {
            let more = More {
                trouble: Some(Notice::needs_you(error.message, "")),
                ..More::default()
            };
            Ok(page(&visit, &connection, request, more).await?)
        }
        Err(error) => Err(error.into()),
    }
}
