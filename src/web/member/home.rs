//! A member's start page, and the same facts for programs at `/api/v1/me`.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::json;

use super::directory;
use crate::error::Result;
use crate::flows::access_groups;
use crate::model::{App, Permission, Person, Timestamp};
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get("/", Access::Member, show),
        // Who is signed in, for programs.
        get("/api/v1/me", Access::Member, me),
    ]
}

/// An app that leads out.
struct Tile {
    name: String,
    address: String,
    initials: String,
    picture: Option<String>,
}

/// The apps that this person sees.
fn tiles(r: &Reader, person: &Person) -> Result<Vec<Tile>> {
    if !person.role.may(Permission::UseApps) {
        return Ok(Vec::new());
    }
    let seen = access_groups::visibility_of(r, person)?;
    let tile = |app: App| Tile {
        initials: app.initials(),
        picture: app
            .has_picture
            .then(|| urls::app_picture(&app.id.to_string(), app.version)),
        name: app.name,
        address: app.address,
    };
    let all = store::apps::list(r)?.into_iter();
    Ok(all.filter(|app| seen.shows(app.id)).map(tile).collect())
}

#[derive(Template)]
#[template(path = "member/home.html")]
struct HomePage {
    shell: Shell,
    apps: Vec<Tile>,
    directory: Option<String>,
    name: String,
    email: String,
    through: String,
    signed_in_at: Timestamp,
    overview: String,
    account: String,
    logout: String,
}

async fn show(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    if !principal.role().may(Permission::Portal) {
        return Ok(directory::closed(&visit, &principal));
    }
    let person = principal.person().clone();
    let apps = visit.ctx.store.reading(move |r| tiles(r, &person)).await?;
    let through = principal
        .connection()
        .map_or_else(|| "your passphrase".to_owned(), |c| c.name.clone());
    Ok(render(&HomePage {
        shell: visit.shell("Start"),
        apps,
        directory: principal
            .role()
            .may(Permission::SeeDirectory)
            .then(urls::directory),
        name: principal.person().display_name(),
        email: principal.person().email.to_string(),
        through,
        signed_in_at: principal.session().signed_in_at,
        overview: urls::overview(),
        account: urls::account(),
        logout: urls::logout(),
    }))
}

async fn me(SignedIn(principal): SignedIn) -> Answer {
    let person = principal.person();
    Ok(HttpResponse::Ok().json(json!({
        "id": person.id,
        "email": person.email,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "connection": principal.connection().map(|c| c.slug.as_str()),
        "signed_in_at": principal.session().signed_in_at.rfc3339(),
    })))
}
