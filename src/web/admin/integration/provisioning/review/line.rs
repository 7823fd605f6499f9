//! One line of the plan, field by field, with the way to correct whom it is about.

use actix_web::web;
use askama::Template;

use super::shown::{PlanLine, diff, plan_line};
use super::{Frame, Place, Tab, frame, load};
use crate::error::{Error, Result};
use crate::flows::reconcile::plan::{self, Line};
use crate::model::{Connection, LineKind};
use crate::web::fail::Answer;
use crate::web::gate::{Admin, Visit};
use crate::web::page::{Shell, render};
use crate::web::pieces::Change;
use crate::web::routes::{Access, Route, get};
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    vec![get(
        "/admin/integrations/{slug}/provisioning/review/{user}",
        Access::INTEGRATIONS,
        show,
    )]
}

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/line.html")]
struct LinePage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    line: PlanLine,
    changes: Vec<Change>,
    notes: Vec<String>,
    /// Where somebody else is chosen; `None`: who it is was decided before.
    correction: Option<String>,
    is_left_out: bool,
    /// Where it is applied or left out.
    decision: String,
}

/// Reads one line and tries it.
pub async fn find(visit: &Visit, admin: &Admin, connection: &Connection, user: &str) -> Result<Line> {
    let user: i64 = user.parse().map_err(|_| Error::not_found("line"))?;
    let slug = connection.slug.as_str();
    let mut lines = plan::preview(&visit.ctx, admin.who(), slug, vec![user]).await?;
    let gone = || {
        Error::new(
            crate::error::Kind::NotFound,
            "Nothing waits of this user any more: it was applied, or the identity provider took it back.",
        )
    };
    lines.pop().ok_or_else(gone)
}

/// May an admin still say who it is?
pub fn can_be_corrected(line: &Line) -> bool {
    let kinds = [
        LineKind::Create,
        LineKind::Link,
        LineKind::Email,
        LineKind::Nobody,
    ];
    kinds.contains(&line.listed.kind)
}

async fn show(visit: Visit, admin: Admin, path: web::Path<(String, String)>) -> Answer {
    let (slug, user) = path.into_inner();
    let connection = load(&visit, &slug).await?;
    let line = find(&visit, &admin, &connection, &user).await?;
    let (changes, notes) = match &line.outcome {
        Ok(applied) => (
            applied
                .effects
                .iter()
                .flat_map(|effect| diff(&effect.detail))
                .collect(),
            applied.notes.clone(),
        ),
        Err(_) => (Vec::new(), Vec::new()),
    };
    let of = slug.clone();
    let (correction, is_left_out) = (
        can_be_corrected(&line).then(|| urls::provisioned_act(&slug, "review", &user, "person")),
        line.listed.waiting.left_out,
    );
    let shown = visit.ctx.store.reading(move |r| plan_line(r, &of, &line)).await?;
    let Frame {
        shell, tabs, rooms, ..
    } = frame(&visit, &connection, Place::Review, &shown.user_name).await?;
    Ok(render(&LinePage {
        shell,
        way_back: ("Review".to_owned(), urls::provisioning(&slug, "review")),
        tabs,
        rooms,
        changes,
        notes,
        correction,
        is_left_out,
        decision: urls::provisioning(&slug, "review"),
        line: shown,
    }))
}
