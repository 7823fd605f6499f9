//! People: who may come in, and who asks to.

use actix_web::web;
use askama::Template;

use super::facts::{Choice, choices, person_state};
use crate::error::{Error, Result};
use crate::flows::administer;
use crate::model::{AccessGroupId, AccessRequestId, Person, PersonState, TeamId, Timestamp};
use crate::store::people::Narrow;
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::{Pager, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

const PAGE: u64 = 50;
/// Requests for access shown above the list; the rest follows when these are answered.
const WAITING: i64 = 20;

pub fn routes() -> Vec<Route> {
    vec![
        // Everybody, with search and filters in the address.
        get("/admin/people", Access::PEOPLE, list),
        // The two answers to a request for access.
        post("/admin/access-requests/{id}/grant", Access::PEOPLE, grant),
        post("/admin/access-requests/{id}/dismissal", Access::PEOPLE, dismiss),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    state: String,
    role: String,
    team: String,
    group: String,
    page: String,
}

impl Filters {
    pub fn narrow(&self) -> Narrow {
        Narrow {
            search: self.q.chars().take(200).collect(),
            state: [PersonState::Active, PersonState::Deactivated]
                .into_iter()
                .find(|s| s.key() == self.state),
            role: Some(self.role.clone()).filter(|role| !role.is_empty()),
            team: TeamId::parse(&self.team),
            access_group: AccessGroupId::parse(&self.group),
            ..Narrow::default()
        }
    }

    pub fn is_narrowed(&self) -> bool {
        let narrow = self.narrow();
        !narrow.search.trim().is_empty()
            || narrow.state.is_some()
            || narrow.role.is_some()
            || narrow.team.is_some()
            || narrow.access_group.is_some()
    }

    /// As an address holds them.
    pub fn pairs(&self) -> [(&'static str, &str); 5] {
        [
            ("q", &self.q),
            ("state", &self.state),
            ("role", &self.role),
            ("team", &self.team),
            ("group", &self.group),
        ]
    }
}

struct Line {
    href: String,
    name: String,
    email: String,
    role: String,
    team: String,
    state: State,
    last_sign_in_at: Option<Timestamp>,
}

struct Asking {
    name: String,
    email: String,
    through: String,
    at: Timestamp,
    trace: String,
    grant: String,
    dismissal: String,
}

#[derive(Template)]
#[template(path = "admin/people/list.html")]
struct PeoplePage {
    shell: Shell,
    here: String,
    add: String,
    invitations: String,
    /// Downloads and import, with the filters of this list.
    transfer: String,
    q: String,
    states: Vec<Choice>,
    roles: Vec<Choice>,
    teams: Vec<Choice>,
    groups: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<Line>,
    pager: Pager,
    asking: Vec<Asking>,
    /// How many more ask than are shown.
    more_asking: i64,
}

fn line(person: &Person, team: String) -> Line {
    Line {
        href: urls::person(&person.id.to_string()),
        name: person.display_name(),
        email: person.email.to_string(),
        role: person.role.name.clone(),
        team,
        state: person_state(person),
        last_sign_in_at: person.last_sign_in_at,
    }
}

fn asking(r: &Reader) -> Result<(Vec<Asking>, i64)> {
    let connections = store::connections::list(r)?;
    let waiting = store::access_requests::list_waiting(r, WAITING)?;
    let more = store::access_requests::count_waiting(r)? - i64::try_from(waiting.len()).unwrap_or(0);
    let line = |request: store::access_requests::AccessRequest| {
        let name = format!("{} {}", request.given_name, request.family_name);
        let id = request.id.to_string();
        Asking {
            name: if name.trim().is_empty() {
                request.email.clone()
            } else {
                name.trim().to_owned()
            },
            email: request.email,
            through: connections
                .iter()
                .find(|c| c.id == request.connection_id)
                .map_or_else(String::new, |c| c.name.clone()),
            at: request.created_at,
            trace: urls::sign_in(&request.reference),
            grant: urls::access_request(&id, "grant"),
            dismissal: urls::access_request(&id, "dismissal"),
        }
    };
    Ok((waiting.into_iter().map(line).collect(), more))
}

async fn list(visit: Visit, filters: web::Query<Filters>) -> Answer {
    let here = urls::people();
    let (narrow, is_narrowed) = (filters.narrow(), filters.is_narrowed());
    let transfer = urls::query(&urls::transfer(&here), &filters.pairs());
    let number = filters.page.parse().unwrap_or(1);
    let (path, kept) = (
        here.clone(),
        filters.pairs().map(|(name, value)| (name, value.to_owned())),
    );
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(store::people::count(r, &narrow)?).unwrap_or(0);
        let kept: Vec<_> = kept.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let pager = Pager::new(&path, &kept, number, PAGE, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let people = store::people::list(r, &narrow, offset, 50)?;
        let (teams, groups) = (store::teams::list(r)?, store::access_groups::list(r)?);
        Ok((people, pager, asking(r)?, (store::roles::list(r)?, teams, groups)))
    });
    let (people, pager, (asking, more_asking), (roles, teams, groups)) = reading.await?;
    let team_of = |person: &Person| {
        let found = teams.iter().find(|(team, _)| Some(team.id) == person.team_id);
        found.map_or_else(String::new, |(team, _)| team.name.clone())
    };
    let ids = |id: &dyn std::fmt::Display, name: &str| (id.to_string(), name.to_owned());
    let team_choices: Vec<_> = teams.iter().map(|(team, _)| ids(&team.id, &team.name)).collect();
    let group_choices: Vec<_> = groups.iter().map(|(one, _)| ids(&one.id, &one.name)).collect();
    let Filters {
        q,
        state,
        role,
        team,
        group,
        ..
    } = filters.into_inner();
    let chosen = |all, list: &[(String, String)], one: &str| {
        let pairs = list.iter().map(|(id, name)| (id.as_str(), name.as_str()));
        choices(all, pairs, one)
    };
    let states = [("active", "Active"), ("deactivated", "Deactivated")];
    Ok(render(&PeoplePage {
        shell: visit.shell("People").at(Section::People),
        add: urls::new_person(),
        invitations: urls::invitations(),
        transfer,
        here,
        states: choices("Every state", states, &state),
        roles: choices(
            "Every role",
            roles.iter().map(|r| (r.key.as_str(), r.name.as_str())),
            &role,
        ),
        teams: chosen("Every team", &team_choices, &team),
        groups: chosen("Every access group", &group_choices, &group),
        q,
        is_narrowed,
        lines: people
            .iter()
            .map(|person| line(person, team_of(person)))
            .collect(),
        pager,
        asking,
        more_asking,
    }))
}

fn request_id(text: &str) -> Result<AccessRequestId> {
    AccessRequestId::parse(text).ok_or_else(|| Error::not_found("request for access"))
}

async fn grant(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = request_id(&id)?;
    let added = visit
        .ctx
        .act(admin.who(), move |act| administer::grant_access(act, id))
        .await?;
    Ok(flash::to(
        &visit,
        &urls::people(),
        "access-granted",
        &added.display_name(),
    ))
}

async fn dismiss(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = request_id(&id)?;
    visit
        .ctx
        .act(admin.who(), move |act| administer::dismiss_request(act, id))
        .await?;
    Ok(flash::to(&visit, &urls::people(), "access-dismissed", ""))
}
