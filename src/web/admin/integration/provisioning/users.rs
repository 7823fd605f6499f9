//! The users of a connection as its identity provider sees them, and whom each is here.

use actix_web::web;
use askama::Template;

use super::shown::person_page;
use super::{Frame, PAGE, Place, Tab, frame, load, page_number, searched};
use crate::model::Timestamp;
use crate::store::directory::seen::{self, Narrow, SeenUser};
use crate::web::admin::facts::{Choice, choices};
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Shell, render};
use crate::web::pieces::{Pager, State};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get(
        "/admin/integrations/{slug}/provisioning/users",
        Access::INTEGRATIONS,
        list,
    )]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    /// `claimed` or `shown`.
    kind: String,
    /// `active` or `inactive`.
    state: String,
    page: String,
}

struct Line {
    user_name: String,
    external_id: Option<String>,
    kind: &'static str,
    state: State,
    /// Name and address of the person.
    person: Option<(String, String)>,
    updated_at: Timestamp,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/users.html")]
struct UsersPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    q: String,
    kinds: Vec<Choice>,
    states: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<Line>,
    pager: Pager,
}

/// A user and the person may differ: what the guard holds, or an admin decided, did not reach the person.
fn state(user: &SeenUser) -> State {
    if user.waiting {
        return State::waiting("Waits for review");
    }
    match (user.active, user.person.as_ref().map(|(_, active)| *active)) {
        (true, Some(true)) => State::working("Active"),
        (true, None) => State::waiting("Active, no person yet"),
        (true, Some(false)) => State::waiting("Active there, deactivated here"),
        (false, Some(true)) => State::needs_you("Inactive there, active here"),
        (false, _) => State::off("Inactive"),
    }
}

fn line(user: SeenUser) -> Line {
    Line {
        kind: if user.claimed || user.waiting {
            "Written by the provider"
        } else {
            "Shown to it"
        },
        state: state(&user),
        person: user
            .person_id
            .zip(user.person)
            .map(|(id, (name, _))| (name, person_page(id))),
        user_name: user.user_name,
        external_id: user.external_id,
        updated_at: user.updated_at,
    }
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters { q, kind, state, page } = filters.into_inner();
    let narrow = Narrow {
        search: searched(&q),
        claimed: match kind.as_str() {
            "claimed" => Some(true),
            "shown" => Some(false),
            _ => None,
        },
        active: match state.as_str() {
            "active" => Some(true),
            "inactive" => Some(false),
            _ => None,
        },
        person: None,
    };
    let is_narrowed = !narrow.search.is_empty() || narrow.claimed.is_some() || narrow.active.is_some();
    let here = urls::provisioning(&slug, "users");
    let (id, path) = (connection.id, here.clone());
    let kept = [("q", q.clone()), ("kind", kind.clone()), ("state", state.clone())];
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(seen::count_users(r, id, &narrow)?).unwrap_or(0);
        let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let pager = Pager::new(&path, &kept, page_number(&page), PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        Ok((seen::users(r, id, &narrow, offset, PAGE)?, pager))
    });
    let (users, pager) = reading.await?;
    let title = format!("Users of {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Users, &title).await?;
    let kinds = [("claimed", "Written by the provider"), ("shown", "Shown to it")];
    Ok(render(&UsersPage {
        shell,
        way_back,
        tabs,
        rooms,
        here,
        q,
        kinds: choices("Both kinds", kinds, &kind),
        states: choices(
            "Every state",
            [("active", "Active there"), ("inactive", "Inactive there")],
            &state,
        ),
        is_narrowed,
        lines: users.into_iter().map(line).collect(),
        pager,
    }))
}
