//! Activity: every attempt to sign in, newest first.

use actix_web::web;
use askama::Template;

use super::facts::{Choice, choices, outcome_state};
use crate::error::Result;
use crate::model::{Connection, Outcome, SignIn, Timestamp};
use crate::store::sign_ins::Narrow;
use crate::store::{self, Reader};
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::State;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

const PAGE: usize = 50;

pub fn routes() -> Vec<Route> {
    vec![
        // Filters and the place in the list stand in the address.
        get("/admin/activity/sign-ins", Access::ACTIVITY, list),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    /// Short name of an integration.
    connection: String,
    outcome: String,
    /// Reference of the last attempt on the page before.
    before: String,
}

/// One attempt in a list.
pub struct Line {
    pub href: String,
    pub reference: String,
    pub who: String,
    pub through: String,
    pub kind: &'static str,
    pub state: State,
    pub at: Timestamp,
}

/// The lines of attempts, with the names of people as they are today.
pub fn lines(r: &Reader, sign_ins: &[SignIn], connections: &[Connection]) -> Result<Vec<Line>> {
    let line = |sign_in: &SignIn| {
        let person = match sign_in.person_id {
            Some(id) => store::people::find(r, id)?.map(|p| p.display_name()),
            None => None,
        };
        let through = sign_in
            .connection_id
            .and_then(|id| connections.iter().find(|c| c.id == id));
        let through = match (through, sign_in.kind) {
            (Some(connection), _) => connection.name.clone(),
            (None, kind) if kind.is_local() => kind.words().to_owned(),
            (None, _) => "an integration that was removed".to_owned(),
        };
        Ok(Line {
            href: urls::sign_in(&sign_in.reference),
            reference: sign_in.reference.clone(),
            who: person
                .or_else(|| sign_in.email.clone())
                .or_else(|| sign_in.subject.clone())
                .unwrap_or_else(|| "nobody known yet".to_owned()),
            through,
            kind: if sign_in.kind.is_local() {
                ""
            } else {
                sign_in.kind.words()
            },
            state: outcome_state(sign_in),
            at: sign_in.started_at,
        })
    };
    sign_ins.iter().map(line).collect()
}

#[derive(Template)]
#[template(path = "admin/activity/sign_ins.html")]
struct SignInsPage {
    shell: Shell,
    here: String,
    audit: String,
    q: String,
    connections: Vec<Choice>,
    outcomes: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
}

async fn list(visit: Visit, filters: web::Query<Filters>) -> Answer {
    let Filters {
        q,
        connection,
        outcome,
        before,
    } = filters.into_inner();
    let here = urls::sign_ins();
    let (slug, search, chosen) = (
        connection.clone(),
        q.trim().chars().take(200).collect::<String>(),
        outcome.clone(),
    );
    let after = Some(before.clone()).filter(|b| !b.is_empty());
    let reading = visit.ctx.store.reading(move |r| {
        let connections = store::connections::list(r)?;
        let narrow = Narrow {
            connection: connections.iter().find(|c| c.slug.as_str() == slug).map(|c| c.id),
            person: None,
            outcome: Outcome::parse(&chosen),
            search,
            before: after,
        };
        let mut found = store::sign_ins::list(r, &narrow, 51)?;
        let has_more = found.len() > PAGE;
        found.truncate(PAGE);
        Ok((lines(r, &found, &connections)?, has_more, connections))
    });
    let (lines, has_more, connections) = reading.await?;
    let address = |before: &str| {
        urls::query(
            &here,
            &[
                ("q", &q),
                ("connection", &connection),
                ("outcome", &outcome),
                ("before", before),
            ],
        )
    };
    let next = lines
        .last()
        .filter(|_| has_more)
        .map(|last| address(&last.reference));
    let names = connections.iter().map(|c| (c.slug.as_str(), c.name.as_str()));
    Ok(render(&SignInsPage {
        shell: visit.shell("Sign-ins").at(Section::Activity),
        audit: urls::audit(),
        connections: choices("Every integration", names, &connection),
        outcomes: choices(
            "Every outcome",
            Outcome::ALL.map(|o| (o.key(), o.words())),
            &outcome,
        ),
        is_narrowed: !(q.is_empty() && connection.is_empty() && outcome.is_empty()),
        first: (!before.is_empty()).then(|| address("")),
        next,
        lines,
        here: here.clone(),
        q,
    }))
}
