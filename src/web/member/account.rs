//! A person's own page: who they are here, and every browser that is signed in as them.

use actix_web::web;
use askama::Template;

use super::factors::due_notice;
use crate::flows::{Who, factors, mapping, sessions};
use crate::model::{Connection, Session, SessionId, Timestamp};
use crate::store;
use crate::web::admin::facts::device;
use crate::web::fail::Answer;
use crate::web::gate::{SignedIn, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get("/account", Access::Member, show),
        // One of one's own sessions; the one of this browser too.
        post("/account/sessions/end", Access::Member, end),
        post("/account/sessions/end-others", Access::Member, end_others),
    ]
}

struct Line {
    id: SessionId,
    device: String,
    through: String,
    address: String,
    is_here: bool,
    signed_in_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Template)]
#[template(path = "member/account.html")]
struct AccountPage {
    shell: Shell,
    name: String,
    email: String,
    role: String,
    /// Which integrations write them over whatever is changed here.
    name_from: Option<String>,
    email_from: Option<String>,
    role_from: Option<String>,
    sessions: Vec<Line>,
    end: String,
    end_others: String,
    factors: String,
    passphrase: Option<String>,
    notice: Option<Notice>,
    home: String,
}

async fn show(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let (id, now) = (principal.person().id, visit.ctx.now());
    let (open, connections, factors, kept) = visit
        .ctx
        .store
        .reading(move |r| {
            let open = store::sessions::list_of_person(r, id, now)?;
            let connections = store::connections::list(r)?;
            let kept = mapping::overwritten(r, id)?;
            Ok((open, connections, factors::find(r, id)?, kept))
        })
        .await?;
    let from = |fields: &[&str]| {
        let by = kept.iter().find(|kept| fields.contains(&kept.field.as_str()));
        by.map(|kept| kept.connection.clone())
    };
    let here = principal.session().id;
    let line = |session: &Session| Line {
        id: session.id,
        device: device(&session.user_agent),
        through: through(session, &connections),
        address: session.address.clone(),
        is_here: session.id == here,
        signed_in_at: session.signed_in_at,
        last_seen_at: session.last_seen_at,
        expires_at: session.expires_at,
    };
    let mut sessions: Vec<Line> = open.iter().map(line).collect();
    sessions.sort_by_key(|line| !line.is_here);
    Ok(render(&AccountPage {
        shell: visit.shell("Your account"),
        name: principal.person().display_name(),
        email: principal.person().email.to_string(),
        role: principal.role().name.clone(),
        name_from: from(&["given_name", "family_name"]),
        email_from: from(&["email"]),
        role_from: from(&["role"]),
        sessions,
        end: urls::own_sessions("end"),
        end_others: urls::own_sessions("end-others"),
        factors: urls::account_part("factors"),
        passphrase: factors.has_passphrase.then(|| urls::account_part("passphrase")),
        notice: due_notice(&principal, factors.has_second(), now),
        home: urls::home(),
    }))
}

/// `Okta`, else `Passphrase`.
fn through(session: &Session, connections: &[Connection]) -> String {
    let connection = session
        .connection_id
        .and_then(|id| connections.iter().find(|c| c.id == id));
    connection.map_or_else(|| session.method.words().to_owned(), |c| c.name.clone())
}

#[derive(serde::Deserialize)]
pub struct Chosen {
    id: String,
}

async fn end(visit: Visit, SignedIn(principal): SignedIn, chosen: web::Form<Chosen>) -> Answer {
    let id = SessionId::parse(&chosen.id).ok_or_else(|| crate::error::Error::not_found("session"))?;
    let person = principal.person().id;
    let name = visit
        .ctx
        .act(Who::Person(person), move |act| {
            let open = store::sessions::list_of_person(act.w, person, act.now)?;
            sessions::end(act, person, id)?;
            let ended = open.iter().find(|session| session.id == id);
            Ok(ended
                .map(|session| device(&session.user_agent))
                .unwrap_or_default())
        })
        .await?;
    if id == principal.session().id {
        return Ok(flash::to(&visit, &urls::login(), "signed-out", ""));
    }
    Ok(flash::to(&visit, &urls::account(), "session-ended", &name))
}

async fn end_others(visit: Visit, SignedIn(principal): SignedIn) -> Answer {
    let (person, kept) = (principal.person().id, principal.session().id);
    visit
        .ctx
        .act(Who::Person(person), move |act| {
            sessions::end_others(act, person, kept)
        })
        .await?;
    Ok(flash::to(&visit, &urls::account(), "other-sessions-ended", ""))
}
