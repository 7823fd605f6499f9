//! Who is out of a connection's reach: people whom no identity provider may take over or lock out.

use super::work::Work;
use crate::error::Result;
use crate::model::{ConnectionId, Person, Role};
use crate::scim::ScimProblem;
use crate::store::directory::users;
use crate::store::{self, Reader};

/// What a request wants that only the person's own organization may do to somebody out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Deactivate,
    Delete,
    Rename,
    Readdress,
    /// A new user for somebody whom the connection removed when they were still in its reach.
    TakeBack,
}

/// Every owner; an admin whom this connection did not create, or who has a passphrase.
pub fn is_out_of_reach(r: &Reader, connection: ConnectionId, person: &Person) -> Result<bool> {
    match person.role {
        Role::Owner => Ok(true),
        Role::Member => Ok(false),
        Role::Admin => {
            let user = users::find_of_person(r, connection, person.id)?;
            let came_through = user.is_some_and(|user| user.created_here);
            Ok(!came_through || store::passphrases::find(r, person.id)?.is_some())
        }
    }
}

/// 403 when the person is out of reach; the detail says who, why and what to do.
pub fn need(work: &Work, person: &Person, wish: Wish) -> Result<()> {
    if !is_out_of_reach(work.act.w, work.connection().id, person)? {
        return Ok(());
    }
    let name = person.display_name();
    let role = match person.role {
        Role::Owner => "an owner of this organization",
        _ => "an admin who can sign in without this identity provider",
    };
    let (what, instead) = match wish {
        Wish::Deactivate => ("deactivated", "deactivate them in Doorward"),
        Wish::Delete => ("removed", "deactivate them in Doorward"),
        Wish::Rename => (
            "given another userName",
            "give them the role Member in Doorward first",
        ),
        Wish::Readdress => (
            "given another e-mail address",
            "change the address in Doorward first, then send it again",
        ),
        Wish::TakeBack => ("added again", "give them the role Member in Doorward first"),
    };
    Err(ScimProblem::forbidden(format!(
        "{name} is {role} and cannot be {what} by provisioning. Nothing was changed. An owner can {instead}; or take \
         the person out of this application's assignment in the identity provider."
    ))
    .into())
}
