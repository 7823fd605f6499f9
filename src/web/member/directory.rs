//! The members' directory: who else is here, as far as one may see them; and the pictures of the apps on one's home.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::error::{Error, Result};
use crate::flows::access_groups;
use crate::model::{AppId, Permission, Person, PersonState, Reach};
use crate::store::people::Narrow;
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render, render_as};
use crate::web::pieces::Pager;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

const PAGE: u64 = 50;

pub fn routes() -> Vec<Route> {
    vec![
        get("/directory", Access::Member, show),
        get("/apps/{id}/picture", Access::Member, picture),
    ]
}

#[derive(Template)]
#[template(path = "member/closed.html")]
struct ClosedPage {
    shell: Shell,
    role: String,
    account: String,
    overview: String,
    logout: String,
}

/// For whoever may not use the portal: what they can do instead.
pub fn closed(visit: &Visit, principal: &crate::flows::gate::Principal) -> HttpResponse {
    let page = ClosedPage {
        shell: visit.shell("Not for your role"),
        role: principal.role().name.clone(),
        account: urls::account(),
        overview: urls::overview(),
        logout: urls::logout(),
    };
    render_as(StatusCode::FORBIDDEN, &page)
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    page: String,
}

struct Line {
    name: String,
    email: String,
    team: String,
    is_oneself: bool,
}

#[derive(Template)]
#[template(path = "member/directory.html")]
struct DirectoryPage {
    shell: Shell,
    here: String,
    home: String,
    q: String,
    /// Whom they see, in a sentence; empty for everybody.
    reach: &'static str,
    lines: Vec<Line>,
    pager: Pager,
}

/// Whom this person sees: the condition goes into the search itself, so that it can find nobody else.
fn within_reach(r: &Reader, person: &Person, search: &str) -> Result<(Reach, Narrow)> {
    let reach = access_groups::visibility_of(r, person)?.people;
    let narrow = Narrow {
        search: search.chars().take(200).collect(),
        state: Some(PersonState::Active),
        ..Narrow::default()
    };
    let narrow = match (reach, person.team_id) {
        (Reach::Everybody, _) => narrow,
        (Reach::Team, Some(team)) => Narrow {
            team: Some(team),
            ..narrow
        },
        (Reach::Team, None) | (Reach::Oneself, _) => Narrow {
            only: Some(person.id),
            ..narrow
        },
    };
    Ok((reach, narrow))
}

async fn show(visit: Visit, SignedIn(principal): SignedIn, filters: web::Query<Filters>) -> Answer {
    if !principal.role().may(Permission::Portal) {
        return Ok(closed(&visit, &principal));
    }
    if !principal.role().may(Permission::SeeDirectory) {
        let message = "Your role may not see the directory. Ask an admin if you should.";
        return Err(Error::denied(message).into());
    }
    let Filters { q, page } = filters.into_inner();
    let (person, search) = (principal.person().clone(), q.clone());
    let reading = visit.ctx.store.reading(move |r| {
        let (reach, narrow) = within_reach(r, &person, &search)?;
        let total = u64::try_from(store::people::count(r, &narrow)?).unwrap_or(0);
        let number = page.parse().unwrap_or(1);
        let pager = Pager::new(&urls::directory(), &[("q", search.as_str())], number, PAGE, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let people = store::people::list(r, &narrow, offset, PAGE.cast_signed())?;
        let teams = store::teams::list(r)?;
        let line = |one: Person| Line {
            is_oneself: one.id == person.id,
            name: one.display_name(),
            email: one.email.to_string(),
            team: teams
                .iter()
                .find(|(team, _)| Some(team.id) == one.team_id)
                .map_or_else(String::new, |(team, _)| team.name.clone()),
        };
        let lines = people.into_iter().map(line).collect();
        Ok((reach, lines, pager))
    });
    let (reach, lines, pager) = reading.await?;
    Ok(render(&DirectoryPage {
        shell: visit.shell("Directory"),
        here: urls::directory(),
        home: urls::home(),
        q,
        reach: match reach {
            Reach::Everybody => "",
            Reach::Team => "You see the people of your own team.",
            Reach::Oneself => "You see only yourself.",
        },
        lines,
        pager,
    }))
}

/// May this person see this app?
pub fn sees_app(r: &Reader, person: &Person, app: AppId) -> Result<bool> {
    if person.role.may(Permission::ManageAccess) {
        return Ok(true);
    }
    let may = person.role.may(Permission::UseApps) && person.role.may(Permission::Portal);
    Ok(may && access_groups::visibility_of(r, person)?.shows(app))
}

async fn picture(visit: Visit, SignedIn(principal): SignedIn, id: web::Path<String>) -> Answer {
    let id = AppId::parse(&id).ok_or_else(|| Error::not_found("app"))?;
    let person = principal.person().clone();
    let reading = visit.ctx.store.reading(move |r| {
        if !sees_app(r, &person, id)? {
            return Ok(None);
        }
        store::apps::picture(r, id)
    });
    let picture = reading.await?.ok_or_else(|| Error::not_found("picture"))?;
    Ok(HttpResponse::Ok()
        .content_type(picture.content_type)
        .insert_header((CACHE_CONTROL, "private, max-age=300"))
        .body(picture.bytes))
}
