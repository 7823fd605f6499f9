//! The page of an invitation: which ways in are open to whoever was invited.
//!
//! Opening it changes nothing, because mail scanners do that. The button for a passphrase makes a link that is good for
//! an hour; the other ways are those of the sign-in page.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use super::email_first::Door;
use crate::flows::invite::{self, Own, Welcome};
use crate::flows::sign_on::way;
use crate::model::Timestamp;
use crate::web::fail::Answer;
use crate::web::gate::{Visit, see_other};
use crate::web::page::{Shell, render, render_as};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get("/login/invitation/{token}", Access::Public, open),
        post("/login/invitation/{token}", Access::Public, begin),
    ]
}

#[derive(Template)]
#[template(path = "member/invitation.html")]
struct InvitationPage {
    shell: Shell,
    email: String,
    made_by: String,
    expires_at: Option<Timestamp>,
    doors: Vec<Door>,
    /// Where a first passphrase is begun; empty when that is not offered.
    choose: String,
    /// Where the passphrase is asked for that they have already; empty when they have none.
    passphrase: String,
    /// Who is signed in in this browser, when somebody is.
    signed_in: String,
    contact: String,
}

#[derive(Template)]
#[template(path = "member/invitation_gone.html")]
struct GonePage {
    shell: Shell,
    login: String,
    contact: String,
}

fn contact(visit: &Visit) -> String {
    let organization = visit.ctx.organization();
    organization.map(|o| o.contact.clone()).unwrap_or_default()
}

/// One answer for a link that was used, is too old, or never was.
fn gone(visit: &Visit) -> HttpResponse {
    let page = GonePage {
        shell: visit.shell("This invitation does not work"),
        login: urls::login(),
        contact: contact(visit),
    };
    render_as(StatusCode::NOT_FOUND, &page)
}

async fn find(visit: &Visit, token: &str) -> crate::error::Result<Option<Welcome>> {
    let (token, now) = (token.to_owned(), visit.ctx.now());
    let reading = visit.ctx.store.reading(move |r| invite::look(r, &token, now));
    reading.await
}

async fn open(visit: Visit, token: web::Path<String>) -> Answer {
    let Some(welcome) = find(&visit, &token).await? else {
        return Ok(gone(&visit));
    };
    let sealed = way::seal(&visit.ctx, &welcome.person.email)?;
    let signed_in = visit.principal.as_ref().map(|p| p.person().email.to_string());
    Ok(render(&InvitationPage {
        shell: visit.shell(&format!("Your invitation to {}", visit.shell("").house_name())),
        doors: welcome
            .doors
            .iter()
            .map(|door| Door::through(door, "", &sealed))
            .collect(),
        choose: match welcome.own {
            Own::Choose => urls::invitation(&token),
            _ => String::new(),
        },
        passphrase: match welcome.own {
            Own::Chosen => urls::login_passphrase("", &sealed),
            _ => String::new(),
        },
        email: welcome.person.email.to_string(),
        made_by: welcome.made_by,
        expires_at: welcome.expires_at,
        signed_in: signed_in.unwrap_or_default(),
        contact: contact(&visit),
    }))
}

async fn begin(visit: Visit, token: web::Path<String>) -> Answer {
    match invite::begin(&visit.ctx, &token).await? {
        Some(link) => Ok(see_other(&urls::reset(&link))),
        // Something has changed since the page was drawn: it says what is open now.
        None if find(&visit, &token).await?.is_some() => Ok(see_other(&urls::invitation(&token))),
        None => Ok(gone(&visit)),
    }
}
