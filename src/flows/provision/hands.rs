//! In whose hands a person is: at most one connection's at a time.
//!
//! Two identity providers that both write the same person would undo each other, and one could lock out or take over
//! whom the other looks after. So the connection that has claimed a person keeps them for as long as it provisions;
//! a user that another connection writes of them meanwhile is kept in its mirror and is nobody. When the keeper was
//! turned off, or has removed the person, the next that writes them takes over, and that leaves an event.

use serde_json::json;

use super::mirror;
use super::work::Work;
use crate::error::Result;
use crate::model::{Action, Connection, ConnectionId, Person, PersonId};
use crate::store::directory::users;
use crate::store::{self, Reader};

/// The other connection that has claimed this person and still provisions.
pub fn keeper(r: &Reader, own: ConnectionId, person: PersonId) -> Result<Option<Connection>> {
    for user in users::list_of_person(r, person)? {
        if !user.claimed || user.connection_id == own {
            continue;
        }
        let other = store::connections::get(r, user.connection_id)?;
        if other.enabled && other.scim.enabled {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Takes the person out of the hands of connections that provision no more.
pub fn change(work: &Work, person: &Person) -> Result<()> {
    for mut user in users::list_of_person(work.act.w, person.id)? {
        if !user.claimed || user.connection_id == work.connection().id {
            continue;
        }
        user.person_id = None;
        user.created_here = false;
        mirror::update_user(work.act, &mut user)?;
        let (was, is) = (json!({ "person": person.id }), json!({ "person": null }));
        mirror::user_event(
            work.act,
            Action::DirectoryUserChanged,
            &user,
            was,
            is,
            work.reference,
        )?;
    }
    Ok(())
}

/// Notes why nothing reached the person.
pub fn tell(work: &mut Work, person: &Person, keeper: &Connection) {
    work.nothing(
        person,
        format!(
            "Nothing of this reached {}: the integration \"{}\" provisions this person. Remove them there, or turn \
             its provisioning off, before this integration takes over.",
            person.display_name(),
            keeper.name
        ),
    );
}
