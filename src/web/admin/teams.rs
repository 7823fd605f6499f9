//! Access → Teams: the list, adding, renaming, removing.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_pages::{EditPage, RemovalPage, instead_of};
use super::access_tabs::{Room, tabs};
use super::facts::count;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::teams;
use crate::model::{Team, TeamId};
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Place, Section, Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/access/teams", Access::ROLES, list),
        get("/admin/access/teams/new", Access::ROLES, new),
        post("/admin/access/teams/new", Access::ROLES, add),
        get("/admin/access/teams/{id}", Access::ROLES, edit),
        post("/admin/access/teams/{id}", Access::ROLES, save),
        get("/admin/access/teams/{id}/removal", Access::ROLES, ask_to_remove),
        post("/admin/access/teams/{id}/removal", Access::ROLES, remove),
    ]
}

struct Line {
    name: String,
    people: i64,
    edit: String,
    /// The list of people narrowed to it.
    who: String,
}

#[derive(Template)]
#[template(path = "admin/access/teams.html")]
struct TeamsPage {
    shell: Shell,
    tabs: Vec<Place>,
    add: String,
    transfer: String,
    lines: Vec<Line>,
}

async fn list(visit: Visit) -> Answer {
    let all = visit.ctx.store.reading(store::teams::list).await?;
    let line = |(team, people): (Team, i64)| Line {
        edit: urls::team(&team.id.to_string()),
        who: urls::query(&urls::people(), &[("team", &team.id.to_string())]),
        name: team.name,
        people,
    };
    Ok(render(&TeamsPage {
        shell: visit.shell("Teams").at(Section::Access),
        tabs: tabs(Room::Teams),
        add: urls::new_team(),
        transfer: urls::transfer(&urls::teams()),
        lines: all.into_iter().map(line).collect(),
    }))
}

fn form(team: Option<&Team>) -> Form {
    let name = Field::text("name", "Name")
        .hint("An identity provider that puts people into teams must send exactly this.")
        .required()
        .focus()
        .max(200)
        .value(team.map_or("", |team| team.name.as_str()));
    let version = team.map_or_else(String::new, |team| team.version.to_string());
    Form::new([name, Field::hidden("version", version)])
}

fn draw(visit: &Visit, team: Option<&Team>, form: Form, status: StatusCode) -> HttpResponse {
    let title = team.map_or_else(|| "Add a team".to_owned(), |team| team.name.clone());
    let id = team.map(|team| team.id.to_string());
    let page = EditPage {
        shell: visit.shell(&title).at(Section::Access),
        sentence: match team {
            Some(_) => "Another name takes nobody out of the team.".to_owned(),
            None => "Nobody is in it until somebody puts them there.".to_owned(),
        },
        up: ("Teams".to_owned(), urls::teams()),
        form,
        action: id.as_deref().map_or_else(urls::new_team, urls::team),
        submit: if team.is_some() { "Save" } else { "Add this team" },
        apps: Vec::new(),
        removal: id.map(|id| {
            let words = "Its people are in another team then, or in none.".to_owned();
            (words, urls::team_removal(&id))
        }),
    };
    render_as(status, &page)
}

async fn new(visit: Visit) -> Answer {
    Ok(draw(&visit, None, form(None), StatusCode::OK))
}

async fn add(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form(None);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, None, form, UNPROCESSABLE));
    }
    let name = form.text("name").to_owned();
    match visit
        .ctx
        .act(admin.who(), move |act| teams::add(act, &name))
        .await
    {
        Ok(team) => Ok(flash::to(&visit, &urls::teams(), "team-added", &team.name)),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, None, form, status))
        }
    }
}

fn team_id(text: &str) -> Result<TeamId> {
    TeamId::parse(text).ok_or_else(|| Error::not_found("team"))
}

async fn load(visit: &Visit, id: TeamId) -> Result<Team> {
    visit.ctx.store.reading(move |r| store::teams::get(r, id)).await
}

async fn edit(visit: Visit, id: web::Path<String>) -> Answer {
    let team = load(&visit, team_id(&id)?).await?;
    let form = form(Some(&team));
    Ok(draw(&visit, Some(&team), form, StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let team = load(&visit, team_id(&id)?).await?;
    let mut form = form(Some(&team));
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, Some(&team), form, UNPROCESSABLE));
    }
    let (id, name) = (team.id, form.text("name").to_owned());
    let version = form.text("version").parse().unwrap_or(0);
    let rename = move |act: &crate::flows::Act| teams::rename(act, id, &name, Some(version));
    match visit.ctx.act(admin.who(), rename).await {
        Ok(team) => Ok(flash::to(&visit, &urls::teams(), "team-changed", &team.name)),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, Some(&team), form, status))
        }
    }
}

async fn removal(visit: &Visit, id: TeamId, trouble: Option<Error>) -> Answer {
    let all = visit.ctx.store.reading(store::teams::list).await?;
    let (team, people) = all
        .iter()
        .find(|(team, _)| team.id == id)
        .ok_or_else(|| Error::not_found("team"))?;
    let instead = all.iter().filter(|(other, _)| other.id != id).fold(
        Field::select("instead", "Its people are then in").choice("", "No team"),
        |field, (other, _)| field.choice(other.id.to_string(), other.name.clone()),
    );
    let mut form = Form::new([instead]);
    let status = match trouble {
        Some(error) => refuse(&mut form, error)?,
        None => StatusCode::OK,
    };
    let page = RemovalPage {
        shell: visit.shell(&format!("Remove {}", team.name)).at(Section::Access),
        up: (team.name.clone(), urls::team(&id.to_string())),
        lines: vec![format!(
            "{} in it. Nobody loses a permission; who sees only their own team sees other people then.",
            count(*people, "active person is", "active people are")
        )],
        form,
        action: urls::team_removal(&id.to_string()),
        submit: "Remove the team",
    };
    Ok(render_as(status, &page))
}

async fn ask_to_remove(visit: Visit, id: web::Path<String>) -> Answer {
    removal(&visit, team_id(&id)?, None).await
}

async fn remove(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let id = team_id(&id)?;
    let team = load(&visit, id).await?;
    let instead = instead_of(body).map(|id| team_id(&id)).transpose()?;
    let remove = move |act: &crate::flows::Act| teams::remove(act, id, instead);
    match visit.ctx.act(admin.who(), remove).await {
        Ok(_) => Ok(flash::to(&visit, &urls::teams(), "team-removed", &team.name)),
        Err(error) => removal(&visit, id, Some(error)).await,
    }
}
