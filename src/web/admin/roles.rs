//! Access → Roles: what people may do, as an ordered list. Whoever may manage access reads it; an owner edits it.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_pages::{RemovalPage, instead_of};
use super::access_tabs::{Room, tabs};
use super::facts::count;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Kind, Result};
use crate::flows::roles::{self, RoleFields};
use crate::model::{Permission, Role};
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
        get("/admin/access/roles", Access::ROLES, list),
        get("/admin/access/roles/new", Access::Owner, new),
        post("/admin/access/roles/new", Access::Owner, add),
        get("/admin/access/roles/{key}", Access::Owner, edit),
        post("/admin/access/roles/{key}", Access::Owner, save),
        post("/admin/access/roles/{key}/move", Access::Owner, shift),
        get("/admin/access/roles/{key}/removal", Access::Owner, ask_to_remove),
        post("/admin/access/roles/{key}/removal", Access::Owner, remove),
    ]
}

struct Line {
    name: String,
    key: String,
    hint: String,
    may: Vec<&'static str>,
    people: i64,
    /// The list of people narrowed to it.
    who: String,
    edit: String,
    shift: String,
    is_first: bool,
    is_last: bool,
}

#[derive(Template)]
#[template(path = "admin/access/roles.html")]
struct RolesPage {
    shell: Shell,
    tabs: Vec<Place>,
    is_owner: bool,
    add: String,
    lines: Vec<Line>,
    refusal: Option<Notice>,
}

fn lines(r: &Reader) -> Result<Vec<Line>> {
    let all = store::roles::list(r)?;
    let last = all.len().saturating_sub(1);
    let line = |(at, role): (usize, &Role)| {
        let may: Vec<&str> = match role.owns() {
            true => vec!["everything"],
            false => role.permissions.iter().map(Permission::words).collect(),
        };
        Ok(Line {
            people: store::roles::count_people(r, &role.key)?,
            who: urls::query(&urls::people(), &[("role", &role.key)]),
            edit: urls::role(&role.key),
            shift: urls::role_part(&role.key, "move"),
            name: role.name.clone(),
            key: role.key.clone(),
            hint: role.hint.clone(),
            may,
            is_first: at == 0,
            is_last: at == last,
        })
    };
    all.iter().enumerate().map(line).collect()
}

async fn page(visit: &Visit, admin: &Admin, refusal: Option<Notice>, status: StatusCode) -> Answer {
    let lines = visit.ctx.store.reading(lines).await?;
    let page = RolesPage {
        shell: visit.shell("Roles").at(Section::Access),
        tabs: tabs(Room::Roles),
        is_owner: admin.is_owner(),
        add: urls::new_role(),
        lines,
        refusal,
    };
    Ok(render_as(status, &page))
}

async fn list(visit: Visit, admin: Admin) -> Answer {
    page(&visit, &admin, None, StatusCode::OK).await
}

async fn shift(visit: Visit, admin: Admin, key: web::Path<String>, body: Body) -> Answer {
    let up = body.iter().any(|(name, value)| name == "to" && value == "up");
    let key = key.into_inner();
    let moved = visit
        .ctx
        .act(admin.who(), move |act| roles::shift(act, &key, up))
        .await;
    match moved {
        Ok(role) => Ok(flash::to(&visit, &urls::roles(), "role-moved", &role.name)),
        Err(error) if error.kind == Kind::Conflict => {
            let refusal = Notice::needs_you(error.message, "");
            page(&visit, &admin, Some(refusal), StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Template)]
#[template(path = "admin/access/role.html")]
struct RolePage {
    shell: Shell,
    sentence: String,
    up: String,
    form: Form,
    action: String,
    submit: &'static str,
    permissions: Vec<&'static str>,
    /// Where it can be removed; empty for a new one.
    removal: String,
}

/// For a new role with its key; a role that is there keeps it.
fn form(role: Option<&Role>) -> Form {
    let of = |read: fn(&Role) -> &String| role.map(read).cloned().unwrap_or_default();
    let key = Field::text("key", "Key")
        .hint("What an identity provider sends for it, such as department_admin. It stays for ever.")
        .mono()
        .required()
        .focus()
        .max(64);
    let texts = [
        Field::text("name", "Name")
            .required()
            .max(64)
            .value(of(|r| &r.name)),
        Field::text("hint", "Hint")
            .hint("What it may do, in your words. It stands where the role is chosen.")
            .max(300)
            .value(of(|r| &r.hint)),
    ];
    let has = |permission| role.is_some_and(|role| role.may(permission));
    let ticks = Permission::ALL.map(|permission| {
        let words = permission.words();
        let label = format!("{}{}", words[..1].to_uppercase(), &words[1..]);
        Field::checkbox(permission.key(), label)
            .hint(permission.hint())
            .ticked(has(permission))
    });
    let version = Field::hidden(
        "version",
        role.map_or_else(String::new, |r| r.version.to_string()),
    );
    let key = role.is_none().then_some(key);
    Form::new(key.into_iter().chain(texts).chain(ticks).chain([version]))
}

fn fields(form: &Form) -> RoleFields {
    RoleFields {
        name: form.text("name").to_owned(),
        hint: form.text("hint").to_owned(),
        permissions: Permission::ALL
            .into_iter()
            .filter(|permission| form.is_ticked(permission.key()))
            .collect(),
    }
}

fn draw(visit: &Visit, role: Option<&Role>, form: Form, status: StatusCode) -> HttpResponse {
    let title = role.map_or_else(|| "Add a role".to_owned(), |role| role.name.clone());
    let page = RolePage {
        shell: visit.shell(&title).at(Section::Access),
        sentence: match role {
            Some(role) => format!("The role that identity providers call {}.", role.key),
            None => "Nobody has it until somebody gives it. It starts above the lowest role.".to_owned(),
        },
        up: urls::roles(),
        form,
        action: role.map_or_else(urls::new_role, |role| urls::role(&role.key)),
        submit: if role.is_some() { "Save" } else { "Add this role" },
        permissions: Permission::ALL.map(Permission::key).to_vec(),
        removal: role.map_or_else(String::new, |role| urls::role_part(&role.key, "removal")),
    };
    render_as(status, &page)
}

async fn new(visit: Visit) -> Answer {
    let form = form(None)
        .with(Permission::UseApps.key(), "on")
        .with(Permission::Portal.key(), "on");
    Ok(draw(&visit, None, form, StatusCode::OK))
}

/// A permission has no field of its own for what is wrong with all of them.
fn refuse_role(form: &mut Form, error: crate::error::Error) -> Result<StatusCode> {
    if let Kind::Invalid(problems) = &error.kind
        && problems.iter().any(|problem| problem.field == "permissions")
    {
        form.refuse_all(error.message.clone());
        return Ok(UNPROCESSABLE);
    }
    refuse(form, error)
}

async fn add(visit: Visit, admin: Admin, body: Body) -> Answer {
    let mut form = form(None);
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, None, form, UNPROCESSABLE));
    }
    let (key, fields) = (form.text("key").to_owned(), fields(&form));
    let added = visit
        .ctx
        .act(admin.who(), move |act| roles::add(act, &key, &fields))
        .await;
    match added {
        Ok(role) => Ok(flash::to(&visit, &urls::roles(), "role-added", &role.name)),
        Err(error) => {
            let status = refuse_role(&mut form, error)?;
            Ok(draw(&visit, None, form, status))
        }
    }
}

async fn load(visit: &Visit, key: &str) -> Result<Role> {
    let key = key.to_owned();
    visit.ctx.store.reading(move |r| store::roles::get(r, &key)).await
}

async fn edit(visit: Visit, key: web::Path<String>) -> Answer {
    let role = load(&visit, &key).await?;
    let form = form(Some(&role));
    Ok(draw(&visit, Some(&role), form, StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, key: web::Path<String>, body: Body) -> Answer {
    let role = load(&visit, &key).await?;
    let mut form = form(Some(&role));
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, Some(&role), form, UNPROCESSABLE));
    }
    let version = form.text("version").parse().unwrap_or(0);
    let (key, fields) = (role.key.clone(), fields(&form));
    let change = move |act: &crate::flows::Act| roles::change(act, &key, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(role) => Ok(flash::to(&visit, &urls::roles(), "role-changed", &role.name)),
        Err(error) => {
            let status = refuse_role(&mut form, error)?;
            Ok(draw(&visit, Some(&role), form, status))
        }
    }
}

async fn removal(visit: &Visit, key: &str, trouble: Option<crate::error::Error>) -> Answer {
    let key = key.to_owned();
    let found = visit.ctx.store.reading(move |r| {
        let role = store::roles::get(r, &key)?;
        Ok((
            store::roles::count_people(r, &role.key)?,
            store::roles::list(r)?,
            role,
        ))
    });
    let (people, all, role) = found.await?;
    let others = all.iter().filter(|other| other.key != role.key && !other.owns());
    let choice = others.fold(
        Field::radio("instead", "Role that they get").required(),
        |field, other| field.choice_with_hint(other.key.clone(), other.name.clone(), other.hint.clone()),
    );
    let mut form = Form::new((people > 0).then_some(choice));
    let status = match trouble {
        Some(error) => refuse(&mut form, error)?,
        None => StatusCode::OK,
    };
    let line = match people {
        0 => "Nobody has it. An identity provider that sends its key gives people the lowest role from then on.".to_owned(),
        many => format!(
            "{} it, by themselves or through an access group. They get another role, and sign in anew.",
            count(many, "person has", "people have")
        ),
    };
    let page = RemovalPage {
        shell: visit.shell(&format!("Remove {}", role.name)).at(Section::Access),
        up: (role.name.clone(), urls::role(&role.key)),
        lines: vec![line],
        form,
        action: urls::role_part(&role.key, "removal"),
        submit: "Remove the role",
    };
    Ok(render_as(status, &page))
}

async fn ask_to_remove(visit: Visit, key: web::Path<String>) -> Answer {
    removal(&visit, &key, None).await
}

async fn remove(visit: Visit, admin: Admin, key: web::Path<String>, body: Body) -> Answer {
    let instead = instead_of(body);
    let (name, wanted) = (load(&visit, &key).await?.name, key.clone());
    let remove = move |act: &crate::flows::Act| roles::remove(act, &wanted, instead.as_deref());
    match visit.ctx.act(admin.who(), remove).await {
        Ok(_) => Ok(flash::to(&visit, &urls::roles(), "role-removed", &name)),
        Err(error) => removal(&visit, &key, Some(error)).await,
    }
}
