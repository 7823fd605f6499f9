//! On a person's page: which integrations provision them, and what those took away.

use super::integration::{removal_state, taken};
use crate::error::Result;
use crate::flows::provision::restore;
use crate::model::{Connection, PersonId, Timestamp};
use crate::store::directory::users;
use crate::store::{self, Reader};
use crate::web::pieces::State;
use crate::web::urls;

/// Removals that a page shows.
const SHOWN: i64 = 10;

/// One user that this person is.
pub struct UserLine {
    pub connection: String,
    pub href: String,
    pub user_name: String,
    pub kind: &'static str,
    pub state: State,
    pub updated_at: Timestamp,
}

/// One removal of this person.
pub struct TakenLine {
    pub id: String,
    pub connection: String,
    pub what: String,
    pub state: State,
    pub reference: String,
    pub request: String,
    pub at: Timestamp,
    /// Where it is restored, or decided; nothing once neither can be done.
    pub way: Option<(&'static str, String)>,
    pub is_held: bool,
}

/// A review that changed this person.
pub struct ReviewedLine {
    pub href: String,
    pub what: &'static str,
    pub connection: String,
    pub by: String,
    pub reference: String,
    pub request: String,
    pub state: State,
    pub at: Timestamp,
}

/// The reviews that changed this person, newest first.
pub fn reviewed(r: &Reader, id: PersonId, connections: &[Connection]) -> Result<Vec<ReviewedLine>> {
    let mut lines = Vec::new();
    for (review, line) in store::reviews::list_of_person(r, id, SHOWN)? {
        let Some(connection) = connections.iter().find(|c| c.id == review.connection_id) else {
            continue;
        };
        lines.push(ReviewedLine {
            href: urls::provisioned_act(
                connection.slug.as_str(),
                "review",
                "history",
                &review.id.to_string(),
            ),
            what: line.kind.words(),
            connection: connection.name.clone(),
            by: review.by,
            request: urls::scim_request(&line.reference, review.at),
            reference: line.reference,
            state: match review.undone_at {
                Some(_) => State::off("Taken back"),
                None => State::working("Applied"),
            },
            at: review.at,
        });
    }
    Ok(lines)
}

pub fn lines(
    r: &Reader,
    id: PersonId,
    connections: &[Connection],
    now: Timestamp,
) -> Result<(Vec<UserLine>, Vec<TakenLine>)> {
    let of = |id| connections.iter().find(|connection| connection.id == id);
    let mut found = Vec::new();
    for user in users::list_of_person(r, id)? {
        let Some(connection) = of(user.connection_id).filter(|c| c.scim.enabled || user.claimed) else {
            continue;
        };
        let here = urls::provisioning(connection.slug.as_str(), "users");
        found.push(UserLine {
            connection: connection.name.clone(),
            href: urls::query(&here, &[("q", &user.user_name)]),
            kind: if user.claimed {
                "written by the provider"
            } else {
                "shown to it"
            },
            state: if user.active {
                State::working("Active")
            } else {
                State::off("Inactive")
            },
            user_name: user.user_name,
            updated_at: user.updated_at,
        });
    }
    let mut removals = Vec::new();
    for removal in store::removals::list_of_person(r, id, SHOWN)? {
        let Some(connection) = of(removal.connection_id) else {
            continue;
        };
        let slug = connection.slug.as_str();
        let is_held = removal.state == crate::model::RemovalState::Held;
        removals.push(TakenLine {
            id: removal.id.to_string(),
            connection: connection.name.clone(),
            what: taken(r, removal.what)?,
            state: removal_state(removal.state),
            request: urls::scim_request(&removal.reference, removal.at),
            at: removal.at,
            way: if is_held {
                Some(("Decide", urls::provisioning(slug, "held")))
            } else if restore::is_restorable(&removal, now) {
                Some(("Restore…", urls::provisioning(slug, "removed")))
            } else {
                None
            },
            reference: removal.reference,
            is_held,
        });
    }
    Ok((found, removals))
}
