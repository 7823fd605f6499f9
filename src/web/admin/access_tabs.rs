//! The rooms of Access: what stands above each of its pages.

use crate::web::page::Place;
use crate::web::urls;

/// Which of them a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Roles,
    Teams,
    Groups,
    Apps,
}

/// All of them, in their order.
pub fn tabs(here: Room) -> Vec<Place> {
    let rooms = [
        ("Roles", urls::roles(), Room::Roles),
        ("Teams", urls::teams(), Room::Teams),
        ("Access groups", urls::access_groups(), Room::Groups),
        ("Apps", urls::apps(), Room::Apps),
    ];
    let tab = |(name, href, room)| Place {
        name,
        href,
        is_here: room == here,
    };
    rooms.into_iter().map(tab).collect()
}
