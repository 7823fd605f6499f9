//! The rooms of an integration's provisioning: its page, credentials, the review of what waits, what is held, what was removed, users and groups
//! as they were pushed, requests, settings.

mod credentials;
mod ending;
mod groups;
mod held;
mod masked;
mod page;
mod removed;
mod request;
mod requests;
mod review;
mod settings;
mod shown;
mod users;

pub use page::held_notice;
pub use review::waiting_notice;
pub use shown::{provisioning_state, removal_state, taken};

use super::{Room, Tab, load, shell, tabs};
use crate::error::Result;
use crate::model::Connection;
use crate::store::{self, removals::Which};
use crate::web::gate::Visit;
use crate::web::page::Shell;
use crate::web::routes::Route;
use crate::web::urls;

/// Rows of a page in every list here.
const PAGE: i64 = 50;

pub fn routes() -> Vec<Route> {
    let rooms = [
        page::routes(),
        credentials::routes(),
        ending::routes(),
        settings::routes(),
        review::routes(),
        held::routes(),
        removed::routes(),
        users::routes(),
        groups::routes(),
        requests::routes(),
        request::routes(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Which room of provisioning a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Overview,
    Review,
    Held,
    Removed,
    Users,
    Groups,
    Requests,
    Settings,
}

/// What surrounds every room.
struct Frame {
    shell: Shell,
    /// Label and address.
    way_back: (String, String),
    tabs: Vec<Tab>,
    rooms: Vec<Tab>,
}

async fn frame(visit: &Visit, connection: &Connection, here: Place, title: &str) -> Result<Frame> {
    let id = connection.id;
    let reading = visit.ctx.store.reading(move |r| {
        let waiting = store::waiting::count(r, id, &store::waiting::Narrow::default())?;
        Ok((store::removals::count(r, id, Which::Held, "")?, waiting))
    });
    let (held, waiting) = reading.await?;
    let slug = connection.slug.as_str();
    let room = |name: &str, part: &str, place| Tab {
        name: name.to_owned(),
        href: urls::provisioning(slug, part),
        is_here: place == here,
    };
    let numbered = |name: &str, many: i64| match many {
        0 => name.to_owned(),
        many => format!("{name} ({many})"),
    };
    Ok(Frame {
        shell: shell(visit, title),
        way_back: (connection.name.clone(), urls::integration(slug)),
        tabs: tabs(slug, Room::Provisioning),
        rooms: vec![
            room("State", "", Place::Overview),
            room(&numbered("Review", waiting), "review", Place::Review),
            room(&numbered("Held", held), "held", Place::Held),
            room("Removed", "removed", Place::Removed),
            room("Users", "users", Place::Users),
            room("Groups", "groups", Place::Groups),
            room("Requests", "requests", Place::Requests),
            room("Settings", "settings", Place::Settings),
        ],
    })
}

/// The page that an address asks for; the first for anything else.
fn page_number(text: &str) -> u64 {
    text.parse().unwrap_or(1)
}

/// A search as it is used: cut to what a name or an address can have.
fn searched(text: &str) -> String {
    text.trim().chars().take(200).collect()
}
