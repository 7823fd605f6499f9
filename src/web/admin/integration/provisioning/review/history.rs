//! What was applied, by whom and when; one of them with its lines; and taking it back.

use actix_web::web;
use askama::Template;

use super::shown::{DoneLine, counts_words, done_lines};
use super::{Frame, PAGE, Place, Tab, count, frame, load, page_number, progress, shell};
use crate::error::{Error, Kind, Result};
use crate::flows::reconcile::jobs::Work;
use crate::flows::reconcile::undo;
use crate::model::{Connection, Review, ReviewId, Timestamp};
use crate::store;
use crate::web::admin::confirm::Confirm;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, Pager, State};
use crate::web::routes::{Access, Route, get, post};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/review/history",
            Access::INTEGRATIONS,
            list,
        ),
        get(
            "/admin/integrations/{slug}/provisioning/review/history/{id}",
            Access::INTEGRATIONS,
            show,
        ),
        get(
            "/admin/integrations/{slug}/provisioning/review/history/{id}/undo",
            Access::INTEGRATIONS,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/review/history/{id}/undo",
            Access::INTEGRATIONS,
            take_back,
        ),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    /// `left`: only lines of which taking back left something alone.
    only: String,
    page: String,
}

struct ReviewRow {
    href: String,
    at: Timestamp,
    by: String,
    did: String,
    refused: String,
    state: State,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/history.html")]
struct HistoryPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    rows: Vec<ReviewRow>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/applied.html")]
struct AppliedPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    row: ReviewRow,
    /// Where it is taken back, while it can be.
    undo: Option<String>,
    notice: Option<Notice>,
    only_left: bool,
    all: String,
    lines: Vec<DoneLine>,
    pager: Pager,
}

fn row(slug: &str, review: &Review, now: Timestamp) -> ReviewRow {
    ReviewRow {
        href: urls::provisioned_act(slug, "review", "history", &review.id.to_string()),
        at: review.at,
        by: review.by.clone(),
        did: counts_words(review),
        refused: if review.refused > 0 {
            count(review.refused, "line", "lines")
        } else {
            "none".to_owned()
        },
        state: if review.undone_at.is_some() {
            State::off("Taken back")
        } else if undo::is_possible(review, now) {
            State::working("Applied, can be taken back")
        } else {
            State::working("Applied")
        },
    }
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let path = urls::provisioned(&slug, "review", "history");
    let (id, number, now) = (connection.id, page_number(&filters.page), visit.ctx.now());
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(store::reviews::count(r, id)?).unwrap_or(0);
        let pager = Pager::new(&path, &[], number, PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        Ok((store::reviews::list(r, id, offset, PAGE)?, pager))
    });
    let (reviews, pager) = reading.await?;
    let title = format!("Reviews of {}", connection.name);
    let Frame {
        shell, tabs, rooms, ..
    } = frame(&visit, &connection, Place::Review, &title).await?;
    Ok(render(&HistoryPage {
        shell,
        way_back: ("Review".to_owned(), urls::provisioning(&slug, "review")),
        tabs,
        rooms,
        rows: reviews.iter().map(|review| row(&slug, review, now)).collect(),
        pager,
    }))
}

async fn find(visit: &Visit, slug: &str, id: &str) -> Result<(Connection, Review)> {
    let connection = load(visit, slug).await?;
    let id = ReviewId::parse(id).ok_or_else(|| Error::not_found("review"))?;
    let of = connection.id;
    let reading = visit.ctx.store.reading(move |r| store::reviews::get(r, of, id));
    Ok((connection, reading.await?))
}

fn undone_notice(review: &Review, left: i64, only_left: &str) -> Option<Notice> {
    let (at, by) = (review.undone_at?, review.undone_by.as_deref()?);
    let title = format!("{by} took this back on {}.", at.human());
    Some(if left == 0 {
        Notice::info(
            title,
            "Everybody became what they were before, and what was applied waits again.",
        )
    } else {
        let text = format!(
            "Of {} something was changed since, and was left alone.",
            count(left, "line", "lines")
        );
        Notice::needs_you(title, text).link("Show these lines", only_left)
    })
}

async fn show(visit: Visit, path: web::Path<(String, String)>, filters: web::Query<Filters>) -> Answer {
    let (slug, text) = path.into_inner();
    let (connection, review) = find(&visit, &slug, &text).await?;
    let now = visit.ctx.now();
    let here = urls::provisioned_act(&slug, "review", "history", &text);
    let job = visit.ctx.reviews.last(connection.id);
    let job = job.filter(|job| job.work == Work::TakeBack(review.id));
    if let Some(job) = job.as_ref().filter(|job| job.end().is_none()) {
        return progress::draw(&visit, &connection, job, "Taking back what was applied").await;
    }
    let failed = job.and_then(|job| job.end()?.err());
    let only_left = filters.only == "left";
    let (path, number, of) = (here.clone(), page_number(&filters.page), review.clone());
    let reading = visit.ctx.store.reading(move |r| {
        let left = store::reviews::count_lines(r, of.id, true)?;
        let total = store::reviews::count_lines(r, of.id, only_left)?;
        let total = u64::try_from(total).unwrap_or(0);
        let kept = [("only", if only_left { "left" } else { "" })];
        let pager = Pager::new(&path, &kept, number, PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let lines = store::reviews::list_lines(r, of.id, only_left, offset, PAGE)?;
        Ok((done_lines(r, &lines, of.at)?, pager, left))
    });
    let (lines, pager, left) = reading.await?;
    let title = format!("Applied on {}", review.at.human());
    let Frame {
        shell, tabs, rooms, ..
    } = frame(&visit, &connection, Place::Review, &title).await?;
    let only = urls::query(&here, &[("only", "left")]);
    Ok(render(&AppliedPage {
        shell,
        way_back: (
            "Reviews".to_owned(),
            urls::provisioned(&slug, "review", "history"),
        ),
        tabs,
        rooms,
        row: row(&slug, &review, now),
        undo: undo::is_possible(&review, now).then(|| format!("{here}/undo")),
        notice: match failed {
            Some(why) if review.undone_at.is_none() => {
                Some(Notice::needs_you("Nothing was taken back.", why))
            }
            _ => undone_notice(&review, left, &only),
        },
        only_left,
        all: here,
        lines,
        pager,
    }))
}

fn confirm(visit: &Visit, connection: &Connection, review: &Review) -> Confirm {
    let here = urls::provisioned_act(
        connection.slug.as_str(),
        "review",
        "history",
        &review.id.to_string(),
    );
    let mut page = Confirm::new(
        shell(visit, "Take back what was applied"),
        ("What was applied", here.clone()),
        format!("{here}/undo"),
        format!("Take {} back", count(review.applied, "line", "lines")),
    )
    .line(format!("This takes back: {}.", counts_words(review)))
    .line(
        "Whoever was added is removed again, or deactivated if they have signed in or were changed since. Links are \
         undone, and fields get back what they held, where nobody changed them since.",
    )
    .line("What was applied waits in the plan again. The identity provider does not notice.");
    if connection.scim.sync != crate::model::provisioning::Sync::Held {
        page = page.line(format!(
            "{} is automatic now. It is held from then on: else its next request would do the same again.",
            connection.name
        ));
    }
    page
}

async fn ask(visit: Visit, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let (connection, review) = find(&visit, &slug, &text).await?;
    Ok(confirm(&visit, &connection, &review).draw())
}

async fn take_back(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, text) = path.into_inner();
    let (connection, review) = find(&visit, &slug, &text).await?;
    match undo::begin(&visit.ctx, admin.who(), &slug, review.id).await {
        Ok(()) => {
            let here = urls::provisioned_act(&slug, "review", "history", &text);
            Ok(crate::web::gate::see_other(&here))
        }
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => {
            Ok(confirm(&visit, &connection, &review).refused(&error).draw())
        }
        Err(error) => Err(error.into()),
    }
}
