//! Correcting a link: whom a user of the identity provider is, found by name or address.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::line::{can_be_corrected, find};
use super::shown::reason;
use super::{load, searched, shell};
use crate::error::{Error, Kind, Result};
use crate::flows::reconcile::choose::{self, Choice};
use crate::flows::reconcile::plan::Line;
use crate::model::{Connection, PersonId};
use crate::store;
use crate::web::admin::Body;
use crate::web::admin::facts::person_state;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render_as};
use crate::web::pieces::{Notice, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/review/{user}/person",
            Access::INTEGRATIONS,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/review/{user}/person",
            Access::INTEGRATIONS,
            choose_person,
        ),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
}

/// Somebody who can be chosen.
struct Candidate {
    id: String,
    name: String,
    email: String,
    state: State,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/person.html")]
struct PersonPage {
    shell: Shell,
    way_back: (String, String),
    here: String,
    q: String,
    /// Whom it is taken for, and why.
    now: Option<(String, String)>,
    can_go_back: bool,
    candidates: Vec<Candidate>,
    has_more: bool,
    refusal: Option<Notice>,
}

/// So many people are offered: whoever looks for one types more of the name.
const OFFERED: i64 = 20;

async fn draw(
    visit: &Visit,
    connection: &Connection,
    line: Line,
    q: String,
    refusal: Option<&Error>,
) -> Result<HttpResponse> {
    let slug = connection.slug.as_str();
    let user = line.listed.waiting.user_seq.to_string();
    let search = searched(&q);
    let person = line.listed.person;
    let reading = visit.ctx.store.reading(move |r| {
        let narrow = store::people::Narrow {
            search,
            ..store::people::Narrow::default()
        };
        let found = store::people::list(r, &narrow, 0, OFFERED + 1)?;
        let now = match person {
            Some(id) => store::people::find(r, id)?,
            None => None,
        };
        Ok((found, now))
    });
    let (mut found, now) = reading.await?;
    let has_more = found.len() as i64 > OFFERED;
    found.truncate(OFFERED as usize);
    let waiting = &line.listed.waiting;
    let page = PersonPage {
        shell: shell(visit, &format!("Who is {}?", line.listed.user_name)),
        way_back: (
            line.listed.user_name.clone(),
            urls::provisioned(slug, "review", &user),
        ),
        here: urls::provisioned_act(slug, "review", &user, "person"),
        q,
        now: now.map(|person| (person.display_name(), reason(&line).to_owned())),
        can_go_back: waiting.chosen.is_some() || waiting.is_new,
        candidates: found
            .iter()
            .map(|person| Candidate {
                id: person.id.to_string(),
                name: person.display_name(),
                email: person.email.to_string(),
                state: person_state(person),
            })
            .collect(),
        has_more,
        refusal: refusal.map(|error| Notice::needs_you(error.message.clone(), "")),
    };
    let status = if refusal.is_some() {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    Ok(render_as(status, &page))
}

async fn ask(
    visit: Visit,
    admin: Admin,
    path: web::Path<(String, String)>,
    filters: web::Query<Filters>,
) -> Answer {
    let (slug, user) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let line = find(&visit, &admin, &connection, &user).await?;
    let decided = "Who this user is was decided before: only what changes of them waits.";
    let refusal = (!can_be_corrected(&line)).then(|| Error::conflict(decided));
    Ok(draw(
        &visit,
        &connection,
        line,
        filters.into_inner().q,
        refusal.as_ref(),
    )
    .await?)
}

async fn choose_person(visit: Visit, admin: Admin, path: web::Path<(String, String)>, body: Body) -> Answer {
    let (slug, user) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let line = find(&visit, &admin, &connection, &user).await?;
    let value = |wanted: &str| {
        body.iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    };
    let choice = match value("choice").as_str() {
        "new" => Choice::Somebody,
        "as-it-came" => Choice::AsItCame,
        id => Choice::Person(PersonId::parse(id).ok_or_else(|| Error::not_found("person"))?),
    };
    let (of, seq) = (slug.clone(), line.listed.waiting.user_seq);
    let done = visit
        .ctx
        .act(admin.who(), move |act| choose::choose(act, &of, seq, choice));
    match done.await {
        Ok(()) => {
            let back = urls::provisioned(&slug, "review", &user);
            Ok(flash::to(&visit, &back, "link-chosen", &line.listed.user_name))
        }
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => {
            Ok(draw(&visit, &connection, line, value("q"), Some(&error)).await?)
        }
        Err(error) => Err(error.into()),
    }
}
