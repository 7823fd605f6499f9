//! The log: what the identity provider asked, what it was answered, what that did to whom.

use actix_web::web;
use askama::Template;

use super::shown::{RequestLine, request_line};
use super::{Frame, PAGE, Place, Tab, frame, load, searched};
use crate::error::Error;
use crate::model::{ScimRequestId, Timestamp};
use crate::store;
use crate::store::scim_requests::Narrow;
use crate::web::admin::facts::{Choice, choices};
use crate::web::fail::Answer;
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/requests",
            Access::INTEGRATIONS,
            list,
        ),
        // From a reference to its request, whichever integration it came through.
        get("/admin/activity/requests/{reference}", Access::INTEGRATIONS, find),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    method: String,
    /// `failed` or `effect`.
    only: String,
    /// Moment and id of the last request on the page before: `1795269909000.0197…`.
    before: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/requests.html")]
struct RequestsPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    days: u32,
    q: String,
    methods: Vec<Choice>,
    onlys: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<RequestLine>,
    first: Option<String>,
    next: Option<String>,
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn place(text: &str) -> Option<(Timestamp, ScimRequestId)> {
    let (at, id) = text.split_once('.')?;
    Some((Timestamp(at.parse().ok()?), ScimRequestId::parse(id)?))
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters {
        q,
        method,
        only,
        before,
    } = filters.into_inner();
    let here = urls::provisioning(&slug, "requests");
    let narrow = Narrow {
        search: searched(&q),
        method: METHODS
            .iter()
            .find(|known| **known == method)
            .map(|m| (*m).to_owned()),
        failed: only == "failed",
        with_effect: only == "effect",
        before: place(&before),
    };
    let is_narrowed =
        !narrow.search.is_empty() || narrow.method.is_some() || narrow.failed || narrow.with_effect;
    let id = connection.id;
    let most = PAGE as usize;
    let reading = visit
        .ctx
        .store
        .reading(move |r| store::scim_requests::list(r, id, &narrow, most + 1));
    let mut found = reading.await?;
    let has_more = found.len() > most;
    found.truncate(most);
    let title = format!("Requests of {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Requests, &title).await?;
    let address = |before: &str| {
        let pairs = [
            ("q", q.as_str()),
            ("method", &method),
            ("only", &only),
            ("before", before),
        ];
        urls::query(&here, &pairs)
    };
    let next = found
        .last()
        .filter(|_| has_more)
        .map(|last| address(&format!("{}.{}", last.at.0, last.id)));
    Ok(render(&RequestsPage {
        shell,
        way_back,
        tabs,
        rooms,
        days: connection.scim.log_days,
        methods: choices("Every method", METHODS.map(|m| (m, m)), &method),
        onlys: choices(
            "Every request",
            [("failed", "Refused"), ("effect", "Did or ignored something")],
            &only,
        ),
        is_narrowed,
        lines: found.iter().map(|request| request_line(&slug, request)).collect(),
        first: (!before.is_empty()).then(|| address("")),
        next,
        here: here.clone(),
        q: q.clone(),
    }))
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Moment {
    at: Option<i64>,
}

async fn find(visit: Visit, reference: web::Path<String>, moment: web::Query<Moment>) -> Answer {
    let (reference, at) = (reference.into_inner(), moment.at.map(Timestamp));
    let found = visit.ctx.store.reading(move |r| {
        let Some((id, connection)) = store::scim_requests::find_by_reference(r, &reference, at)? else {
            return Ok(None);
        };
        Ok(store::connections::find(r, connection)?.map(|connection| (connection.slug, id)))
    });
    let gone = || {
        Error::new(
            crate::error::Kind::NotFound,
            "This request is no longer kept. The integration's settings say for how long requests are.",
        )
    };
    let (slug, id) = found.await?.ok_or_else(gone)?;
    Ok(see_other(&urls::provisioned(
        slug.as_str(),
        "requests",
        &id.to_string(),
    )))
}
