//! A member's start page, and the same facts for programs at `/api/v1/me`.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::json;

use crate::model::Timestamp;
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

#[derive(Template)]
#[template(path = "member/home.html")]
struct HomePage {
    shell: Shell,
    name: String,
    email: String,
    through: String,
    signed_in_at: Timestamp,
    overview: String,
    account: String,
    logout: String,
}

async fn show(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let through = principal
        .connection()
        .map_or_else(|| "your passphrase".to_owned(), |c| c.name.clone());
    Ok(render(&HomePage {
        shell: visit.shell("Start"),
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
