//! An automatic connection: the same plan after the fact, from what each request did to whom.

use actix_web::web;
use askama::Template;

use super::shown::does;
use super::{Frame, PAGE, Place, Tab, frame, load};
use crate::error::Result;
use crate::flows::provision::Effect;
use crate::model::{Connection, ScimRequestId, Timestamp};
use crate::store;
use crate::store::scim_requests::Did;
use crate::web::admin::facts::{Choice, choices};
use crate::web::admin::integration::provisioning::shown::person_page;
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get(
        "/admin/integrations/{slug}/provisioning/review/done",
        Access::INTEGRATIONS,
        show,
    )]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    kind: String,
    before: String,
}

struct DidLine {
    person: String,
    href: String,
    kind: State,
    does: Vec<String>,
    reference: String,
    request: String,
    at: Timestamp,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/after.html")]
struct AfterPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    history: String,
    settings: String,
    days: u32,
    result: Option<Notice>,
    kinds: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<DidLine>,
    first: Option<String>,
    next: Option<String>,
}

/// What effects are called here.
const KINDS: [(&str, &str); 6] = [
    ("added", "Added"),
    ("linked", "Linked"),
    ("changed", "Changed"),
    ("deactivated", "Deactivated"),
    ("reactivated", "Reactivated"),
    ("held", "Held by the guard"),
];

fn kind_of(effect: &Effect) -> State {
    let word = KINDS
        .iter()
        .find(|(key, _)| *key == effect.what)
        .map_or("Changed", |(_, word)| word);
    match effect.what.as_str() {
        "added" | "reactivated" => State::working(word),
        "deactivated" | "held" => State::needs_you(word),
        _ => State::waiting(word),
    }
}

fn line(did: &Did) -> Option<DidLine> {
    let effect: Effect = serde_json::from_str(&did.effect).ok()?;
    Some(DidLine {
        href: person_page(effect.person_id),
        kind: kind_of(&effect),
        does: does(std::slice::from_ref(&effect), &[]),
        person: effect.label,
        reference: did.reference.clone(),
        request: urls::scim_request(&did.reference, did.at),
        at: did.at,
    })
}

fn place(text: &str) -> Option<(Timestamp, ScimRequestId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp(at.parse().ok()?), ScimRequestId::parse(id)?))
}

async fn show(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters { kind, before } = filters.into_inner();
    draw(&visit, &connection, None, &kind, &before).await
}

/// What requests did, the newest first; `before` is the place of the last request of the page before.
pub async fn draw(
    visit: &Visit,
    connection: &Connection,
    result: Option<Notice>,
    kind: &str,
    before: &str,
) -> Answer {
    let kind = KINDS
        .iter()
        .map(|(key, _)| *key)
        .find(|key| *key == kind)
        .unwrap_or_default();
    let (id, from) = (connection.id, place(before));
    let reading: Result<Vec<Did>> = visit
        .ctx
        .store
        .reading(move |r| store::scim_requests::list_done(r, id, kind, from, PAGE))
        .await;
    let did = reading?;
    let title = format!("What {} did", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(visit, connection, Place::Review, &title).await?;
    let slug = connection.slug.as_str();
    let here = urls::provisioned(slug, "review", "done");
    let address = |before: &str| urls::query(&here, &[("kind", kind), ("before", before)]);
    let mut requests: Vec<ScimRequestId> = did.iter().map(|did| did.id).collect();
    requests.dedup();
    let has_more = requests.len() as i64 >= PAGE;
    let next = did
        .last()
        .filter(|_| has_more)
        .map(|last| address(&format!("{}.{}", last.at.0, last.id)));
    Ok(render(&AfterPage {
        shell,
        way_back,
        tabs,
        rooms,
        history: urls::provisioned(slug, "review", "history"),
        settings: urls::provisioning(slug, "settings"),
        days: connection.scim.log_days,
        result,
        kinds: choices("Everything", KINDS, kind),
        is_narrowed: !kind.is_empty() || !before.is_empty(),
        lines: did.iter().filter_map(line).collect(),
        first: (!before.is_empty()).then(|| address("")),
        next,
        here: here.clone(),
    }))
}
