//! Access → Access groups: the list in its order, adding, changing, removing.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_pages::{
    AppLine, EditPage, RemovalPage, app_lines, apps_of, instead_of, visibility_fields, with_visibility,
};
use super::access_tabs::{Room, tabs};
use super::facts::count;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Kind, Result};
use crate::flows::access_groups::{self, GroupFields};
use crate::model::{AccessGroup, AccessGroupId, Reach, Role};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Place, Section, Shell, render_as};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/access/groups", Access::ROLES, list),
        get("/admin/access/groups/new", Access::ROLES, new),
        post("/admin/access/groups/new", Access::ROLES, add),
        get("/admin/access/groups/{id}/edit", Access::ROLES, edit),
        post("/admin/access/groups/{id}/edit", Access::ROLES, save),
        post("/admin/access/groups/{id}/move", Access::ROLES, shift),
        get("/admin/access/groups/{id}/removal", Access::ROLES, ask_to_remove),
        post("/admin/access/groups/{id}/removal", Access::ROLES, remove),
    ]
}

struct Line {
    href: String,
    name: String,
    role: String,
    sees: String,
    feeds: usize,
    people: i64,
    who: String,
    shift: String,
    is_first: bool,
    is_last: bool,
}

#[derive(Template)]
#[template(path = "admin/access/groups.html")]
struct GroupsPage {
    shell: Shell,
    tabs: Vec<Place>,
    add: String,
    transfer: String,
    lines: Vec<Line>,
    refusal: Option<Notice>,
}

/// What its people see, in a few words.
pub fn sees(group: &AccessGroup) -> String {
    let apps = match &group.visibility.apps {
        None => "every app".to_owned(),
        Some(some) => count(i64::try_from(some.len()).unwrap_or(0), "app", "apps"),
    };
    format!("{}; {apps}", group.visibility.people.words())
}

fn lines(r: &Reader) -> Result<Vec<Line>> {
    let all = store::access_groups::list(r)?;
    let last = all.len().saturating_sub(1);
    let line = |(at, (group, people)): (usize, &(AccessGroup, i64))| {
        let id = group.id.to_string();
        Ok(Line {
            href: urls::access_group(&id),
            name: group.name.clone(),
            role: store::roles::get(r, &group.role)?.name,
            sees: sees(group),
            feeds: store::feeds::list_of_group(r, group.id)?.len(),
            people: *people,
            who: urls::query(&urls::people(), &[("group", &id)]),
            shift: urls::access_group_part(&id, "move"),
            is_first: at == 0,
            is_last: at == last,
        })
    };
    all.iter().enumerate().map(line).collect()
}

async fn page(visit: &Visit, refusal: Option<Notice>, status: StatusCode) -> Answer {
    let lines = visit.ctx.store.reading(lines).await?;
    let page = GroupsPage {
        shell: visit.shell("Access groups").at(Section::Access),
        tabs: tabs(Room::Groups),
        add: urls::new_access_group(),
        transfer: urls::transfer(&urls::access_groups()),
        lines,
        refusal,
    };
    Ok(render_as(status, &page))
}

async fn list(visit: Visit) -> Answer {
    page(&visit, None, StatusCode::OK).await
}

async fn shift(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let up = body.iter().any(|(name, value)| name == "to" && value == "up");
    let id = group_id(&id)?;
    let moved = visit
        .ctx
        .act(admin.who(), move |act| access_groups::shift(act, id, up))
        .await;
    match moved {
        Ok(group) => Ok(flash::to(
            &visit,
            &urls::access_groups(),
            "access-group-moved",
            &group.name,
        )),
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => {
            let status = crate::web::fail::status(&error);
            page(&visit, Some(Notice::needs_you(error.message, "")), status).await
        }
        Err(error) => Err(error.into()),
    }
}

/// What the form offers: roles that the admin may give, and the apps.
struct Offered {
    roles: Vec<Role>,
    apps: Vec<AppLine>,
}

async fn offered(visit: &Visit, admin: &Admin, group: Option<&AccessGroup>) -> Result<Offered> {
    let (own, chosen) = (
        admin.0.role().clone(),
        group.and_then(|group| group.visibility.apps.clone()),
    );
    let read = move |r: &Reader| {
        let mut roles = store::roles::list(r)?;
        roles.retain(|role| own.may_manage(role));
        Ok(Offered {
            roles,
            apps: app_lines(r, chosen.as_deref())?,
        })
    };
    visit.ctx.store.reading(read).await
}

fn form(offered: &Offered, group: Option<&AccessGroup>) -> Form {
    let name = Field::text("name", "Name").required().focus().max(200);
    let lowest = offered.roles.first().map_or("", |role| role.key.as_str());
    let role = offered.roles.iter().fold(
        Field::radio("role", "Role").required().open().value(lowest),
        |field, role| field.choice_with_hint(role.key.clone(), role.name.clone(), role.hint.clone()),
    );
    let sees = visibility_fields(None, !offered.apps.is_empty());
    let version = Field::hidden("version", "");
    let fields = [name, role].into_iter().chain(sees).chain([version]);
    let form = Form::new(fields).with("people", Reach::Everybody.key());
    match group {
        Some(group) => with_visibility(form, &group.visibility)
            .with("name", group.name.clone())
            .with("role", group.role.clone())
            .with("version", group.version.to_string()),
        None => form,
    }
}

fn fields(form: &Form, body: &[(String, String)]) -> GroupFields {
    GroupFields {
        name: form.text("name").to_owned(),
        role: form.text("role").to_owned(),
        people: Reach::parse(form.text("people")).unwrap_or_default(),
        apps: apps_of(form, body),
    }
}

fn draw(
    visit: &Visit,
    group: Option<&AccessGroup>,
    form: Form,
    offered: Offered,
    status: StatusCode,
) -> HttpResponse {
    let title = group.map_or_else(|| "Add an access group".to_owned(), |group| group.name.clone());
    let id = group.map(|group| group.id.to_string());
    let page = EditPage {
        shell: visit.shell(&title).at(Section::Access),
        sentence: "Another role reaches everybody in the group at once, and they sign in anew.".to_owned(),
        up: match &id {
            Some(id) => (title, urls::access_group(id)),
            None => ("Access groups".to_owned(), urls::access_groups()),
        },
        form,
        action: match &id {
            Some(id) => urls::access_group_part(id, "edit"),
            None => urls::new_access_group(),
        },
        submit: if group.is_some() {
            "Save"
        } else {
            "Add this access group"
        },
        apps: offered.apps,
        removal: None,
    };
    render_as(status, &page)
}

async fn new(visit: Visit, admin: Admin) -> Answer {
    let offered = offered(&visit, &admin, None).await?;
    Ok(draw(&visit, None, form(&offered, None), offered, StatusCode::OK))
}

async fn add(visit: Visit, admin: Admin, body: Body) -> Answer {
    let offered = offered(&visit, &admin, None).await?;
    let (mut form, body) = (form(&offered, None), body.into_inner());
    form.fill(body.iter().map(|(name, value)| (name, value)));
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, None, form, offered, UNPROCESSABLE));
    }
    let fields = fields(&form, &body);
    match visit
        .ctx
        .act(admin.who(), move |act| access_groups::add(act, &fields))
        .await
    {
        Ok(group) => {
            let page = urls::access_group(&group.id.to_string());
            Ok(flash::to(&visit, &page, "access-group-added", &group.name))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, None, form, offered, status))
        }
    }
}

pub fn group_id(text: &str) -> Result<AccessGroupId> {
    AccessGroupId::parse(text).ok_or_else(|| Error::not_found("access group"))
}

async fn load(visit: &Visit, id: AccessGroupId) -> Result<AccessGroup> {
    visit
        .ctx
        .store
        .reading(move |r| store::access_groups::get(r, id))
        .await
}

async fn edit(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let group = load(&visit, group_id(&id)?).await?;
    let offered = offered(&visit, &admin, Some(&group)).await?;
    let form = form(&offered, Some(&group));
    Ok(draw(&visit, Some(&group), form, offered, StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let group = load(&visit, group_id(&id)?).await?;
    let offered = offered(&visit, &admin, Some(&group)).await?;
    let (mut form, body) = (form(&offered, Some(&group)), body.into_inner());
    form.fill(body.iter().map(|(name, value)| (name, value)));
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, Some(&group), form, offered, UNPROCESSABLE));
    }
    let version = form.text("version").parse().unwrap_or(0);
    let (id, fields) = (group.id, fields(&form, &body));
    let change = move |act: &crate::flows::Act| access_groups::change(act, id, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(group) => {
            let page = urls::access_group(&group.id.to_string());
            Ok(flash::to(&visit, &page, "access-group-changed", &group.name))
        }
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, Some(&group), form, offered, status))
        }
    }
}

async fn removal(visit: &Visit, id: AccessGroupId, trouble: Option<Error>) -> Answer {
    let all = visit.ctx.store.reading(store::access_groups::list).await?;
    let (group, people) = all
        .iter()
        .find(|(group, _)| group.id == id)
        .ok_or_else(|| Error::not_found("access group"))?;
    let instead = all.iter().filter(|(other, _)| other.id != id).fold(
        Field::select("instead", "Its people get").choice("", "Whatever else they have"),
        |field, (other, _)| field.choice(other.id.to_string(), other.name.clone()),
    );
    let mut form = Form::new([instead]);
    let status = match trouble {
        Some(error) => refuse(&mut form, error)?,
        None => StatusCode::OK,
    };
    let page = RemovalPage {
        shell: visit
            .shell(&format!("Remove {}", group.name))
            .at(Section::Access),
        up: (group.name.clone(), urls::access_group(&id.to_string())),
        lines: vec![
            format!(
                "{} in it, and sign in anew where their role changes.",
                count(*people, "active person is", "active people are")
            ),
            "Without another group they get what other groups of identity providers give them, else the role of \
             their own. Put into another group here, they are in it by hand: no identity provider takes them out."
                .to_owned(),
        ],
        form,
        action: urls::access_group_part(&id.to_string(), "removal"),
        submit: "Remove the access group",
    };
    Ok(render_as(status, &page))
}

async fn ask_to_remove(visit: Visit, id: web::Path<String>) -> Answer {
    removal(&visit, group_id(&id)?, None).await
}

async fn remove(visit: Visit, admin: Admin, id: web::Path<String>, body: Body) -> Answer {
    let id = group_id(&id)?;
    let group = load(&visit, id).await?;
    let instead = instead_of(body).map(|id| group_id(&id)).transpose()?;
    let remove = move |act: &crate::flows::Act| access_groups::remove(act, id, instead);
    match visit.ctx.act(admin.who(), remove).await {
        Ok(_) => Ok(flash::to(
            &visit,
            &urls::access_groups(),
            "access-group-removed",
            &group.name,
        )),
        Err(error) => removal(&visit, id, Some(error)).await,
    }
}
