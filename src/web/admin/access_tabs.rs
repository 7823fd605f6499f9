//! The rooms of Access: what stands above each of its pages.

use crate::web::urls;

/// One link above the page.
pub struct AccessTab {
    pub name: &'static str,
    pub href: String,
    pub is_here: bool,
}

/// Which of them a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Roles,
}

/// All of them, in their order.
pub fn tabs(here: Room) -> Vec<AccessTab> {
    let rooms = [("Roles", urls::roles(), Room::Roles)];
    let tab = |(name, href, room)| AccessTab {
        name,
        href,
        is_here: room == here,
    };
    rooms.into_iter().map(tab).collect()
}
