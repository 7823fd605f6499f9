//! Hold and review: the plan, its lines, applying it with progress, and what was applied.

mod after;
mod chosen;
mod history;
mod line;
mod list;
mod person;
mod progress;
mod shown;

use super::{Frame, PAGE, Place, Tab, frame, load, page_number, searched, shell};
use crate::model::Connection;
use crate::web::admin::facts::count;
use crate::web::pieces::Notice;
use crate::web::routes::Route;
use crate::web::urls;

pub fn routes() -> Vec<Route> {
    let rooms = [
        list::routes(),
        chosen::routes(),
        history::routes(),
        after::routes(),
        // Behind the others: its addresses fit theirs too.
        person::routes(),
        line::routes(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Also on the overview.
pub fn waiting_notice(connection: &Connection, waiting: i64) -> Notice {
    let title = format!(
        "{} of {} {} for you.",
        count(waiting, "change", "changes"),
        connection.name,
        if waiting == 1 { "waits" } else { "wait" }
    );
    let text = "Its provisioning is held: nobody changes until you apply what the identity provider sent.";
    let href = urls::provisioning(connection.slug.as_str(), "review");
    Notice::needs_you(title, text).link("Review them", href)
}
