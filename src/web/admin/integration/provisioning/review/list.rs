//! The plan: what waits, narrowed by kind, name and group, with what each line would do; or how far applying it has come.

use actix_web::web;
use askama::Template;

use super::shown::{PlanLine, counts_words, kind_state, plan_line};
use super::{Frame, PAGE, Place, Tab, after, frame, load, page_number, progress, searched};
use crate::error::Result;
use crate::flows::reconcile::jobs::{Job, Work};
use crate::flows::reconcile::plan;
use crate::model::provisioning::Sync;
use crate::model::time::MINUTE;
use crate::model::{Connection, LineKind};
use crate::store::waiting::Narrow;
use crate::store::{self, Reader};
use crate::web::admin::facts::{Choice, choices, count};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, Pager, State};
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get(
        "/admin/integrations/{slug}/provisioning/review",
        Access::INTEGRATIONS,
        show,
    )]
}

/// What stands in the address, and goes along with the form.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    pub q: String,
    pub kind: String,
    /// A group's SCIM id.
    pub group: String,
    /// `out`: what was left out; `refused`: what could not be applied.
    pub only: String,
    pub page: String,
}

/// Rows have numbers from 1.
const NO_GROUP: i64 = 0;

impl Filters {
    pub fn pairs(&self) -> [(&'static str, &str); 4] {
        [
            ("q", &self.q),
            ("kind", &self.kind),
            ("group", &self.group),
            ("only", &self.only),
        ]
    }

    /// What they narrow the list to. In a group that is not there is nobody.
    pub fn narrow(&self, r: &Reader, connection: &Connection) -> Result<Narrow> {
        let group = match crate::model::ScimId::parse(&self.group) {
            Some(id) => {
                let found = store::directory::groups::find(r, connection.id, id)?;
                Some(found.map_or(NO_GROUP, |group| group.seq))
            }
            None if !self.group.is_empty() => Some(NO_GROUP),
            None => None,
        };
        Ok(Narrow {
            kind: LineKind::parse(&self.kind),
            search: searched(&self.q),
            group,
            left_out: self.only == "out",
            refused: self.only == "refused",
        })
    }
}

/// A kind above the list: how many lines it has, and where they stand alone.
struct Kind {
    state: State,
    many: i64,
    href: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/list.html")]
struct PlanPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    history: String,
    settings: String,
    is_held: bool,
    /// Of the last one that was applied, a moment ago.
    result: Option<Notice>,
    q: String,
    filters: Filters,
    kinds: Vec<Kind>,
    kind_choices: Vec<Choice>,
    groups: Vec<Choice>,
    onlys: Vec<Choice>,
    is_narrowed: bool,
    is_out: bool,
    /// What stands at a line that cannot be applied.
    blocked: State,
    lines: Vec<PlanLine>,
    pager: Pager,
}

/// So many groups are offered; more are reached by way of the list of groups.
const GROUPS: i64 = 500;

struct Found {
    kinds: Vec<(LineKind, i64)>,
    groups: Vec<(String, String)>,
    pager: Pager,
    users: Vec<i64>,
    result: Option<Notice>,
}

fn find(
    r: &Reader,
    connection: &Connection,
    filters: &Filters,
    job: Option<&Job>,
    now: crate::model::Timestamp,
) -> Result<Found> {
    let id = connection.id;
    let narrow = filters.narrow(r, connection)?;
    let total = u64::try_from(store::waiting::count(r, id, &narrow)?).unwrap_or(0);
    let path = urls::provisioning(connection.slug.as_str(), "review");
    let pager = Pager::new(
        &path,
        &filters.pairs(),
        page_number(&filters.page),
        PAGE as u64,
        total,
    );
    let offset = i64::try_from(pager.offset()).unwrap_or(0);
    let listed = store::waiting::list(r, id, &narrow, offset, PAGE)?;
    let every_kind = Narrow { kind: None, ..narrow };
    let groups = store::directory::seen::groups(r, id, "", None, 0, GROUPS)?;
    Ok(Found {
        kinds: store::waiting::count_kinds(r, id, &every_kind)?,
        groups: groups
            .into_iter()
            .map(|group| (group.id.to_string(), group.display_name))
            .collect(),
        pager,
        users: listed.iter().map(|line| line.waiting.user_seq).collect(),
        result: match job.and_then(|job| Some((job.work, job.end()?))) {
            Some((Work::Apply, end)) => result(r, connection, &end, now)?,
            // What was taken back stands on its own page.
            Some((Work::TakeBack(_), _)) | None => None,
        },
    })
}

/// What applying came to, for as long as it is news.
fn result(
    r: &Reader,
    connection: &Connection,
    end: &std::result::Result<crate::model::ReviewId, String>,
    now: crate::model::Timestamp,
) -> Result<Option<Notice>> {
    let id = match end {
        Ok(id) => *id,
        Err(why) => return Ok(Some(Notice::needs_you("Nothing was applied.", why.clone()))),
    };
    let review = store::reviews::get(r, connection.id, id)?;
    if now.since(review.at) > 10 * MINUTE || review.undone_at.is_some() {
        return Ok(None);
    }
    let page = urls::provisioned_act(connection.slug.as_str(), "review", "history", &id.to_string());
    let title = format!("Applied: {}.", counts_words(&review));
    let notice = if review.refused > 0 {
        let text = format!(
            "{} could not be applied and still wait; each says why.",
            count(review.refused, "line", "lines")
        );
        Notice::needs_you(title, text)
    } else {
        Notice::done(title)
    };
    Ok(Some(notice.link("See what was done, or take it back", page)))
}

async fn show(visit: Visit, admin: Admin, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let title = format!("Review of {}", connection.name);
    let job = visit.ctx.reviews.last(connection.id);
    if let Some(job) = job.as_ref().filter(|job| job.end().is_none()) {
        return progress::draw(&visit, &connection, job, &title).await;
    }
    let filters = filters.into_inner();
    let (of, asked, now) = (connection.clone(), filters.clone(), visit.ctx.now());
    let reading = visit
        .ctx
        .store
        .reading(move |r| find(r, &of, &asked, job.as_deref(), now));
    let found = reading.await?;
    let is_held = connection.scim.sync == Sync::Held;
    if !is_held && found.kinds.is_empty() && filters.only.is_empty() && filters.q.is_empty() {
        return after::draw(&visit, &connection, found.result, &filters.kind, "").await;
    }
    let lines = lines(&visit, &admin, &connection, found.users).await?;
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Review, &title).await?;
    let here = urls::provisioning(&slug, "review");
    let kind = |(kind, many): (LineKind, i64)| Kind {
        state: kind_state(kind),
        many,
        href: urls::query(
            &here,
            &[
                ("q", &filters.q),
                ("kind", kind.key()),
                ("group", &filters.group),
                ("only", &filters.only),
            ],
        ),
    };
    let groups: Vec<(&str, &str)> = found
        .groups
        .iter()
        .map(|(id, name)| (id.as_str(), name.as_str()))
        .collect();
    Ok(render(&PlanPage {
        shell,
        way_back,
        tabs,
        rooms,
        history: urls::provisioned(&slug, "review", "history"),
        settings: urls::provisioning(&slug, "settings"),
        is_held,
        result: found.result,
        q: filters.q.clone(),
        kinds: found.kinds.into_iter().map(kind).collect(),
        kind_choices: choices(
            "Every kind",
            LineKind::ALL.map(|kind| (kind.key(), kind.words())),
            &filters.kind,
        ),
        groups: choices("People in any group", groups, &filters.group),
        onlys: choices(
            "What waits",
            [("refused", "Could not be applied"), ("out", "Left out")],
            &filters.only,
        ),
        is_narrowed: filters.pairs().iter().any(|(_, value)| !value.is_empty()),
        is_out: filters.only == "out",
        blocked: State::needs_you("Cannot be applied"),
        lines,
        pager: found.pager,
        here,
        filters,
    }))
}

/// What each of these lines would do.
pub async fn lines(
    visit: &Visit,
    admin: &Admin,
    connection: &Connection,
    users: Vec<i64>,
) -> Result<Vec<PlanLine>> {
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let slug = connection.slug.to_string();
    let plan = plan::preview(&visit.ctx, admin.who(), &slug, users).await?;
    let reading = visit
        .ctx
        .store
        .reading(move |r| plan.iter().map(|line| plan_line(r, &slug, line)).collect());
    reading.await
}
