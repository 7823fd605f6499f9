//! What was removed in the last 30 days and can be put back.

use actix_web::web;
use askama::Template;

use super::held::{Decide, chosen};
use super::shown::{RemovalLine, removal_lines};
use super::{Frame, PAGE, Place, Tab, frame, load, page_number, searched, shell};
use crate::error::{Error, Kind};
use crate::flows::provision::restore;
use crate::model::{Connection, HoldId};
use crate::store;
use crate::store::removals::Which;
use crate::web::admin::Body;
use crate::web::admin::facts::count;
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::{Notice, Pager};
use crate::web::routes::{Access, Route, get, post};
use crate::web::{flash, urls};

pub fn routes() -> Vec<Route> {
    vec![
        get(
            "/admin/integrations/{slug}/provisioning/removed",
            Access::INTEGRATIONS,
            list,
        ),
        // Who is chosen; says what restoring means.
        post(
            "/admin/integrations/{slug}/provisioning/removed",
            Access::INTEGRATIONS,
            ask,
        ),
        post(
            "/admin/integrations/{slug}/provisioning/removed/restoration",
            Access::INTEGRATIONS,
            bring_back,
        ),
    ]
}

#[derive(Default, serde::Deserialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    page: String,
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/removed.html")]
struct RemovedPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    here: String,
    q: String,
    is_narrowed: bool,
    lines: Vec<RemovalLine>,
    pager: Pager,
}

async fn list(visit: Visit, slug: web::Path<String>, filters: web::Query<Filters>) -> Answer {
    let connection = load(&visit, &slug).await?;
    let Filters { q, page } = filters.into_inner();
    let here = urls::provisioning(&slug, "removed");
    let which = Which::Restorable(visit.ctx.now().minus(restore::LIFE));
    let (id, path, search, kept) = (connection.id, here.clone(), searched(&q), q.clone());
    let reading = visit.ctx.store.reading(move |r| {
        let total = u64::try_from(store::removals::count(r, id, which, &search)?).unwrap_or(0);
        let pager = Pager::new(&path, &[("q", &kept)], page_number(&page), PAGE as u64, total);
        let offset = i64::try_from(pager.offset()).unwrap_or(0);
        let removed = store::removals::list(r, id, which, &search, offset, PAGE)?;
        Ok((removal_lines(r, &removed)?, pager))
    });
    let (lines, pager) = reading.await?;
    let title = format!("Removed by {}", connection.name);
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(&visit, &connection, Place::Removed, &title).await?;
    Ok(render(&RemovedPage {
        shell,
        way_back,
        tabs,
        rooms,
        here,
        is_narrowed: !q.trim().is_empty(),
        q,
        lines,
        pager,
    }))
}

fn page(visit: &Visit, connection: &Connection, ids: &[HoldId], refusal: Option<&Error>) -> Decide {
    let slug = connection.slug.as_str();
    let who = count(i64::try_from(ids.len()).unwrap_or(0), "person", "people");
    Decide {
        shell: shell(visit, "Restore removed people"),
        way_back: ("Removed".to_owned(), urls::provisioning(slug, "removed")),
        lines: vec![
            format!(
                "{who} may sign in again, as before, and the memberships that ended with the removal are back."
            ),
            format!(
                "{} does not learn of it. Where it still wants them gone, its next run may remove them again: assign them \
                 there first.",
                connection.name
            ),
        ],
        carried: ids.iter().map(|id| ("id".to_owned(), id.to_string())).collect(),
        action: format!("{}/restoration", urls::provisioning(slug, "removed")),
        submit: format!("Restore {who}"),
        refusal: refusal.map(|error| Notice::needs_you(error.message.clone(), "")),
    }
}

async fn ask(visit: Visit, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let ids = chosen(&body).ids;
    if ids.is_empty() {
        let here = urls::provisioning(&slug, "removed");
        return Ok(flash::to(&visit, &here, "nothing-chosen", ""));
    }
    Ok(page(&visit, &connection, &ids, None).draw())
}

async fn bring_back(visit: Visit, admin: Admin, slug: web::Path<String>, body: Body) -> Answer {
    let connection = load(&visit, &slug).await?;
    let ids = chosen(&body).ids;
    let (of, these) = (connection.clone(), ids.clone());
    let done = visit
        .ctx
        .act(admin.who(), move |act| restore::people(act, &of, &these));
    match done.await {
        Ok(many) => {
            let here = urls::provisioning(&slug, "removed");
            let many = count(i64::try_from(many).unwrap_or(0), "person was", "people were");
            Ok(flash::to(&visit, &here, "people-restored", &many))
        }
        Err(error) if matches!(error.kind, Kind::Conflict | Kind::Denied) => {
            Ok(page(&visit, &connection, &ids, Some(&error)).draw())
        }
        Err(error) => Err(error.into()),
    }
}
