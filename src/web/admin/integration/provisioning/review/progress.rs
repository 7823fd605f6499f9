//! How far applying a plan, or taking it back, has come.

use askama::Template;

use super::{Frame, Place, Tab, frame};
use crate::flows::reconcile::jobs::{Job, Work};
use crate::model::Connection;
use crate::web::fail::Answer;
use crate::web::gate::Visit;
use crate::web::page::{Shell, render};

#[derive(Template)]
#[template(path = "admin/integrations/provisioning/review/progress.html")]
struct ProgressPage {
    shell: Shell,
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
    lead: &'static str,
    label: &'static str,
    done: usize,
    total: usize,
}

/// The page, in place of the one that shows the result afterwards.
pub async fn draw(visit: &Visit, connection: &Connection, job: &Job, title: &str) -> Answer {
    let (lead, label) = match job.work {
        Work::Apply => (
            "The plan is being applied. It is done in one go: should the server stop, nothing of it was.",
            "Lines applied",
        ),
        Work::TakeBack(_) => (
            "What was applied is being taken back. It is done in one go: should the server stop, all of it stays \
             applied.",
            "Lines taken back",
        ),
    };
    let (done, total) = job.progress();
    let Frame {
        shell,
        way_back,
        tabs,
        rooms,
    } = frame(visit, connection, Place::Review, title).await?;
    Ok(render(&ProgressPage {
        shell,
        way_back,
        tabs,
        rooms,
        lead,
        label,
        done,
        total,
    }))
}
