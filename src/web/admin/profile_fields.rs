//! Settings → Fields of people: the further fields that the organization defines, beside those that are always there.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;

use super::access_pages::EditPage;
use super::{Body, UNPROCESSABLE, refuse};
use crate::error::{Error, Result};
use crate::flows::mapping;
use crate::model::mapping::{KNOWN, LABEL_LIMIT};
use crate::model::profile::ProfileField;
use crate::store;
use crate::web::fail::Answer;
use crate::web::form::{Field, Form};
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Section, Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/admin/settings/fields", Access::Owner, list),
        get("/admin/settings/fields/new", Access::Owner, new),
        post("/admin/settings/fields/new", Access::Owner, add),
        get("/admin/settings/fields/{key}", Access::Owner, edit),
        post("/admin/settings/fields/{key}", Access::Owner, save),
    ]
}

struct Line {
    label: String,
    key: String,
    edit: String,
}

#[derive(Template)]
#[template(path = "admin/settings/fields.html")]
struct FieldsPage {
    shell: Shell,
    up: String,
    add: String,
    lines: Vec<Line>,
    /// The labels of those that are always there.
    always: String,
}

async fn fields(visit: &Visit) -> Result<Vec<ProfileField>> {
    visit.ctx.store.reading(store::profiles::list_fields).await
}

async fn list(visit: Visit) -> Answer {
    let line = |field: ProfileField| Line {
        edit: urls::profile_field(&field.key),
        label: field.label,
        key: field.key,
    };
    let always: Vec<&str> = KNOWN.iter().map(|known| known.label).collect();
    Ok(render(&FieldsPage {
        shell: visit.shell("Fields of people").at(Section::Settings),
        up: urls::settings(),
        add: urls::new_profile_field(),
        lines: fields(&visit).await?.into_iter().map(line).collect(),
        always: always.join(", "),
    }))
}

fn form(field: Option<&ProfileField>) -> Form {
    let key = Field::text("key", "Key")
        .hint("What files and mappings call it, such as cost_centre: lower-case letters, digits and underscores. It stays.")
        .mono()
        .required()
        .focus()
        .max(40);
    let label = Field::text("label", "Label")
        .hint("What pages call it.")
        .required()
        .max(LABEL_LIMIT)
        .value(field.map_or("", |field| field.label.as_str()));
    let key = field.is_none().then_some(key);
    Form::new(key.into_iter().chain([label]))
}

fn draw(visit: &Visit, field: Option<&ProfileField>, form: Form, status: StatusCode) -> HttpResponse {
    let title = field.map_or_else(|| "Add a field".to_owned(), |field| field.label.clone());
    let page = EditPage {
        shell: visit.shell(&title).at(Section::Settings),
        sentence: match field {
            Some(field) => format!("Its key is {}, whatever its label says.", field.key),
            None => "It holds one line of text for each person, by hand or as a mapping says.".to_owned(),
        },
        up: ("Fields of people".to_owned(), urls::settings_part("fields")),
        form,
        action: field.map_or_else(urls::new_profile_field, |field| urls::profile_field(&field.key)),
        submit: if field.is_some() { "Save" } else { "Add this field" },
        apps: Vec::new(),
        removal: None,
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
    let key = form.text("key").to_owned();
    // Giving a field another label is done on its own page, where it shows which one.
    if fields(&visit).await?.iter().any(|field| field.key == key) {
        form.refuse("key", "There is a field with this key already.");
    }
    if !form.is_valid() {
        return Ok(draw(&visit, None, form, UNPROCESSABLE));
    }
    put(&visit, &admin, None, key, form).await
}

async fn find(visit: &Visit, key: &str) -> Result<ProfileField> {
    let found = fields(visit).await?.into_iter().find(|field| field.key == key);
    found.ok_or_else(|| Error::not_found("field"))
}

async fn edit(visit: Visit, key: web::Path<String>) -> Answer {
    let field = find(&visit, &key).await?;
    Ok(draw(&visit, Some(&field), form(Some(&field)), StatusCode::OK))
}

async fn save(visit: Visit, admin: Admin, key: web::Path<String>, body: Body) -> Answer {
    let field = find(&visit, &key).await?;
    let mut form = form(Some(&field));
    form.fill(body.into_inner());
    form.require();
    if !form.is_valid() {
        return Ok(draw(&visit, Some(&field), form, UNPROCESSABLE));
    }
    put(&visit, &admin, Some(field), key.into_inner(), form).await
}

async fn put(
    visit: &Visit,
    admin: &Admin,
    field: Option<ProfileField>,
    key: String,
    mut form: Form,
) -> Answer {
    let label = form.text("label").to_owned();
    let said = label.clone();
    let work = move |act: &crate::flows::Act| mapping::apply_field(act, &key, &label);
    match visit.ctx.act(admin.who(), work).await {
        Ok(()) => Ok(flash::to(
            visit,
            &urls::settings_part("fields"),
            "field-saved",
            &said,
        )),
        Err(error) => {
            let status = refuse(&mut form, error)?;
            Ok(draw(visit, field.as_ref(), form, status))
        }
    }
}
