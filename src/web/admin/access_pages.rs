//! What the pages of Access share: the form of one thing, and the page before it is removed.

use askama::Template;

use super::Body;
use crate::model::{AppId, Visibility};
use crate::store::{self, Reader};
use crate::web::form::{Field, Form};
use crate::web::page::Shell;

/// The form of a new thing, or of one that is there.
#[derive(Template)]
#[template(path = "admin/access/edit.html")]
pub struct EditPage {
    pub shell: Shell,
    pub sentence: String,
    /// Label and address of where the reader came from.
    pub up: (String, String),
    pub form: Form,
    pub action: String,
    pub submit: &'static str,
    /// Boxes to tick: apps that are shown.
    pub apps: Vec<AppLine>,
    /// What its removal means, and where it is asked; `None` for a new one.
    pub removal: Option<(String, String)>,
}

/// An app that can be ticked.
pub struct AppLine {
    pub id: String,
    pub name: String,
    pub is_chosen: bool,
}

/// What a removal means, with what takes its place.
#[derive(Template)]
#[template(path = "admin/access/removal.html")]
pub struct RemovalPage {
    pub shell: Shell,
    pub up: (String, String),
    pub lines: Vec<String>,
    pub form: Form,
    pub action: String,
    pub submit: &'static str,
}

/// What takes the place of the thing that is removed, as such a page's body says it; `None`: nothing.
pub fn instead_of(body: Body) -> Option<String> {
    let chosen = body.into_inner().into_iter().find(|(name, _)| name == "instead");
    chosen.map(|(_, value)| value).filter(|value| !value.is_empty())
}

/// The two questions about what somebody sees. `own`: a first answer that leaves both to something else.
pub fn visibility_fields(own: Option<(&str, &str)>, has_apps: bool) -> Vec<Field> {
    let mut people = Field::radio("people", "Sees in the directory").required();
    if let Some((label, hint)) = own {
        people = people.choice_with_hint("", label, hint);
        people.required = false;
    }
    for reach in crate::model::Reach::ALL {
        people = people.choice(reach.key(), reach.words());
    }
    let apps = Field::radio("apps", "Sees on the home")
        .choice("all", "Every app, later ones too")
        .choice("some", "Only the apps that are ticked below")
        .value("all");
    let apps = if own.is_some() { apps } else { apps.required() };
    std::iter::once(people).chain(has_apps.then_some(apps)).collect()
}

/// The apps to tick.
pub fn app_lines(r: &Reader, chosen: Option<&[AppId]>) -> crate::error::Result<Vec<AppLine>> {
    let line = |app: crate::model::App| AppLine {
        is_chosen: chosen.is_some_and(|ids| ids.contains(&app.id)),
        id: app.id.to_string(),
        name: app.name,
    };
    Ok(store::apps::list(r)?.into_iter().map(line).collect())
}

/// What a body says of the apps; `None`: every app.
pub fn apps_of(form: &Form, body: &[(String, String)]) -> Option<Vec<AppId>> {
    if form.text("apps") != "some" {
        return None;
    }
    let ticked = body.iter().filter(|(name, _)| name == "app");
    Some(ticked.filter_map(|(_, id)| AppId::parse(id)).collect())
}

/// Shows in the form what is set.
pub fn with_visibility(form: Form, visibility: &Visibility) -> Form {
    form.with("people", visibility.people.key())
        .with("apps", if visibility.apps.is_some() { "some" } else { "all" })
}
