//! Activity: every change, who made it, what was before and after; and whether the log is whole.

use actix_web::web;
use askama::Template;

use super::facts::{Choice, EventLine, choices, event_line};
use crate::error::Kind;
use crate::model::Action;
use crate::store::{self, events::Narrow};
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Section, Shell, render};
use crate::web::pieces::Notice;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

const PAGE: usize = 50;

pub fn routes() -> Vec<Route> {
    vec![
        // `verify=1` walks the whole chain and says what it found.
        get("/admin/activity/audit", Access::ACTIVITY, list),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    action: String,
    /// Number of the last event on the page before.
    before: String,
    verify: String,
}

#[derive(Template)]
#[template(path = "admin/activity/audit.html")]
struct AuditPage {
    shell: Shell,
    here: String,
    sign_ins: String,
    verify: String,
    verdict: Option<Notice>,
    q: String,
    actions: Vec<Choice>,
    is_narrowed: bool,
    lines: Vec<EventLine>,
    first: Option<String>,
    next: Option<String>,
}

async fn list(visit: Visit, filters: web::Query<Filters>) -> Answer {
    let Filters {
        q,
        action,
        before,
        verify,
    } = filters.into_inner();
    let here = urls::audit();
    let narrow = Narrow {
        action: Action::parse(&action).map(|action| action.key().to_owned()),
        subject: None,
        search: q.trim().chars().take(200).collect(),
        before: before.parse().ok(),
        after: None,
    };
    let reading = visit
        .ctx
        .store
        .reading(move |r| Ok((store::events::list(r, &narrow, 51)?, store::connections::list(r)?)));
    let (mut events, connections) = reading.await?;
    let has_more = events.len() > PAGE;
    events.truncate(PAGE);
    let slug_of = |id: &str| {
        connections
            .iter()
            .find(|c| c.id.to_string() == id)
            .map(|c| c.slug.to_string())
    };
    let address = |before: &str| urls::query(&here, &[("q", &q), ("action", &action), ("before", before)]);
    let next = events
        .last()
        .filter(|_| has_more)
        .map(|last| address(&last.sequence.to_string()));
    Ok(render(&AuditPage {
        shell: visit.shell("Audit").at(Section::Activity),
        sign_ins: urls::sign_ins(),
        verify: urls::query(&here, &[("verify", "1")]),
        verdict: if verify.is_empty() {
            None
        } else {
            Some(verdict(&visit).await?)
        },
        actions: choices(
            "Every action",
            Action::ALL.iter().map(|a| (a.key(), a.words())),
            &action,
        ),
        is_narrowed: !(q.is_empty() && action.is_empty()),
        lines: events.iter().map(|event| event_line(event, slug_of)).collect(),
        first: (!before.is_empty()).then(|| address("")),
        next,
        here: here.clone(),
        q,
    }))
}

async fn verdict(visit: &Visit) -> crate::error::Result<Notice> {
    match visit.ctx.store.reading(store::events::verify).await {
        Ok(count) => Ok(Notice::done(format!(
            "Checked just now: the chain of {count} entries is unbroken. No entry was changed, removed or put in between."
        ))),
        Err(error) if error.kind == Kind::Conflict => Ok(Notice::needs_you(
            error.message,
            "Somebody wrote to the database past Doorward. Compare it with a backup, and find out who can reach the file.",
        )),
        Err(error) => Err(error),
    }
}
