//! Access → Apps: the tiles of the members' home.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_pages::{EditPage, RemovalPage};
use super::access_tabs::{Room, tabs};
use super::{UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::apps::{self, AppFields, NewPicture};
use crate::model::{App, AppId, Picture};
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Place, Section, Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::upload::{Flaw, UPLOAD_LIMIT, Upload};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/access/apps", Access::ROLES, list),
        get("/admin/access/apps/new", Access::ROLES, new),
        post("/admin/access/apps/new", Access::ROLES, add).limit(UPLOAD_LIMIT),
        get("/admin/access/apps/{id}", Access::ROLES, edit),
        post("/admin/access/apps/{id}", Access::ROLES, save).limit(UPLOAD_LIMIT),
        get("/admin/access/apps/{id}/removal", Access::ROLES, ask_to_remove),
        post("/admin/access/apps/{id}/removal", Access::ROLES, remove),
    ]
}

struct Line {
    name: String,
    address: String,
    has_picture: bool,
    edit: String,
}

#[derive(Template)]
#[template(path = "admin/access/apps.html")]
struct AppsPage {
    shell: Shell,
    tabs: Vec<Place>,
    add: String,
    lines: Vec<Line>,
}

async fn list(visit: Visit) -> Answer {
    let all = visit.ctx.store.reading(store::apps::list).await?;
    let line = |app: App| Line {
        edit: urls::app(&app.id.to_string()),
        name: app.name,
        address: app.address,
        has_picture: app.has_picture,
    };
    Ok(render(&AppsPage {
        shell: visit.shell("Apps").at(Section::Access),
        tabs: tabs(Room::Apps),
        add: urls::new_app(),
        lines: all.into_iter().map(line).collect(),
    }))
}

fn form(app: Option<&App>) -> Form {
    let of = |read: fn(&App) -> &str| app.map(read).unwrap_or_default().to_owned();
    let picture = Field::file("picture", "Picture", "image/png,image/jpeg,image/webp")
        .hint("PNG, JPEG or WebP, at most 256 KiB. Without one, the tile shows initials.");
    let gone = app
        .filter(|app| app.has_picture)
        .map(|_| Field::checkbox("no_picture", "Take the picture away"));
    let fields = [
        Field::text("name", "Name")
            .required()
            .focus()
            .max(200)
            .value(of(|app| &app.name)),
        Field::url("address", "Address")
            .hint("Where the tile leads, beginning with https://.")
            .required()
            .value(of(|app| &app.address)),
        picture,
        Field::hidden(
            "version",
            app.map_or_else(String::new, |app| app.version.to_string()),
        ),
    ];
    Form::new(fields.into_iter().chain(gone))
}

fn draw(visit: &Visit, app: Option<&App>, form: Form, status: StatusCode) -> HttpResponse {
    let title = app.map_or_else(|| "Add an app".to_owned(), |app| app.name.clone());
    let id = app.map(|app| app.id.to_string());
    let page = EditPage {
        shell: visit.shell(&title).at(Section::Access),
        sentence: "A tile leads there; it signs nobody in by itself.".to_owned(),
        up: ("Apps".to_owned(), urls::apps()),
        form,
        action: id.as_deref().map_or_else(urls::new_app, urls::app),
        submit: if app.is_some() { "Save" } else { "Add this app" },
        apps: Vec::new(),
        removal: id.map(|id| {
            let words = "The tile is gone from every home.".to_owned();
            (words, urls::app_removal(&id))
        }),
    };
    render_as(status, &page)
}

/// What the body says; what is wrong with it stands in the form.
fn fields(form: &mut Form, upload: Upload) -> AppFields {
    form.fill(upload.pairs);
    form.require();
    match upload.flaw {
        Some(Flaw::TooLarge) => form.refuse(
            "picture",
            "This is larger than 256 KiB. Make the picture smaller.",
        ),
        Some(flaw) => form.refuse_all(flaw.words()),
        None => {}
    }
    let picture = match upload.file {
        Some(bytes) => match Picture::read(bytes) {
            Ok(picture) => NewPicture::Set(picture),
            Err(message) => {
                form.refuse("picture", message);
                NewPicture::Kept
            }
        },
        None if form.is_ticked("no_picture") => NewPicture::Gone,
        None => NewPicture::Kept,
    };
    AppFields {
        name: form.text("name").to_owned(),
        address: form.text("address").to_owned(),
        picture,
    }
}

async fn new(visit: Visit) -> Answer {
    Ok(draw(&visit, None, form(None), StatusCode::OK))
}

async fn add(visit: Visit, admin: Admin, upload: Upload) -> Answer {
    let mut form = form(None);
    let fields = fields(&mut form, upload);
    if !form.is_valid() {
        return Ok(draw(&visit, None, form, UNPROCESSABLE));
    }
    match visit
        .ctx
        .act(admin.who(), move |act| apps::add(act, &fields))
        .await
    {
        Ok(app) => Ok(flash::to(&visit, &urls::apps(), "app-added", &app.name)),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, None, form, status))
        }
    }
}

fn app_id(text: &str) -> Result<AppId> {
    AppId::parse(text).ok_or_else(|| Error::not_found("app"))
}

async fn load(visit: &Visit, id: &str) -> Result<App> {
    let id = app_id(id)?;
    visit.ctx.store.reading(move |r| store::apps::get(r, id)).await
}

async fn edit(visit: Visit, id: web::Path<String>) -> Answer {
    let app = load(&visit, &id).await?;
    let form = form(Some(&app));
    Ok(draw(&visit, Some(&app), form, StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, id: web::Path<String>, upload: Upload) -> Answer {
    let app = load(&visit, &id).await?;
    let mut form = form(Some(&app));
    let fields = fields(&mut form, upload);
    if !form.is_valid() {
        return Ok(draw(&visit, Some(&app), form, UNPROCESSABLE));
    }
    let (id, version) = (app.id, form.text("version").parse().unwrap_or(0));
    let change = move |act: &crate::flows::Act| apps::change(act, id, &fields, Some(version));
    match visit.ctx.act(admin.who(), change).await {
        Ok(app) => Ok(flash::to(&visit, &urls::apps(), "app-changed", &app.name)),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(&visit, Some(&app), form, status))
        }
    }
}

async fn ask_to_remove(visit: Visit, id: web::Path<String>) -> Answer {
    let app = load(&visit, &id).await?;
    Ok(render(&RemovalPage {
        shell: visit.shell(&format!("Remove {}", app.name)).at(Section::Access),
        up: (app.name, urls::app(&id)),
        lines: vec!["The tile is gone from every home. Nobody's account at the app changes.".to_owned()],
        form: Form::default(),
        action: urls::app_removal(&id),
        submit: "Remove the app",
    }))
}

async fn remove(visit: Visit, admin: Admin, id: web::Path<String>) -> Answer {
    let id = app_id(&id)?;
    let app = visit
        .ctx
        .act(admin.who(), move |act| apps::remove(act, id))
        .await?;
    Ok(flash::to(&visit, &urls::apps(), "app-removed", &app.name))
}
