//! Who is out of a connection's reach: people whom no identity provider may take over or lock out.

use super::work::Work;
use crate::error::Result;
use crate::model::{ConnectionId, Email, Person};
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

/// Every owner, and break-glass owners above all; an admin whom this connection did not create, or who has a passphrase.
pub fn is_out_of_reach(r: &Reader, connection: ConnectionId, person: &Person) -> Result<bool> {
    if store::break_glass::find(r, person.id)?.is_some() {
        return Ok(true);
    }
    if person.role.owns() || !person.role.is_admin() {
        return Ok(person.role.owns());
    }
    let user = users::find_of_person(r, connection, person.id)?;
    let came_through = user.is_some_and(|user| user.created_here);
    Ok(!came_through || store::passphrases::find(r, person.id)?.is_some())
}

/// 403 when the person is out of reach; the detail says who, why and what to do.
pub fn need(work: &Work, person: &Person, wish: Wish) -> Result<()> {
    if !is_out_of_reach(work.act.w, work.connection().id, person)? {
        return Ok(());
    }
    let name = person.display_name();
    let role = match person.role.owns() {
        true => "an owner of this organization",
        false => "an admin who can sign in without this identity provider",
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

/// Why a person's address stays as it is although the identity provider sent another; `None`: it may change.
///
/// An address leads to an account: whoever may set it, and speaks for its domain, is let in by it. So it is not
/// changed for somebody who was here before, has a way in of their own, and never came in through this connection.
pub fn why_address_stays(work: &Work, person: &Person, address: &Email) -> Result<Option<String>> {
    let (w, connection) = (work.act.w, work.connection().id);
    let name = person.display_name();
    if is_out_of_reach(w, connection, person)? {
        // An address that is new to the mirror was refused before; what is left is the one that it always had, or
        // another way to write the same.
        return Ok(Some(format!(
            "{name} keeps the e-mail address that was set in Doorward: the identity provider cannot change it."
        )));
    }
    let made = users::find_of_person(w, connection, person.id)?.is_some_and(|user| user.created_here);
    if made || address.key() == person.email.key() {
        return Ok(None);
    }
    let links = store::identities::list_of_person(w, person.id)?;
    if links.iter().any(|link| link.connection_id == connection) {
        return Ok(None);
    }
    let has_own_way = !links.is_empty() || store::passphrases::find(w, person.id)?.is_some();
    Ok(has_own_way.then(|| {
        format!(
            "The address of {name} stays {}: they can sign in without this identity provider and never came through \
             it. Once they have, it may change the address; or change it in Doorward.",
            person.email
        )
    }))
}
