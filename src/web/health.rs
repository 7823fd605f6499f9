//! For machines that watch: is the process alive, can it work?

use actix_web::HttpResponse;

use super::fail::Answer;
use super::gate::Visit;
use super::routes::{Access, Route, get};
use crate::flows::maintain;

pub fn routes() -> Vec<Route> {
    vec![
        // Alive: answers as long as the process does.
        get("/healthz", Access::Machine, async || {
            HttpResponse::Ok().body("ok\n")
        }),
        // Ready: the database reads and writes.
        get("/readyz", Access::Machine, ready),
    ]
}

async fn ready(visit: Visit) -> Answer {
    maintain::can_work(&visit.ctx).await?;
    Ok(HttpResponse::Ok().body("ready\n"))
}
