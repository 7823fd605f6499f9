//! What a connection's word is worth: the roles that its identity provider can give, and the people as whom it can sign
//! somebody in.
//!
//! Whoever sends that word themselves, with a credential or with a key that they pinned, has what it gives. So nobody
//! gets hold of it who could not give the same by hand.

use crate::error::{Error, Result};
use crate::flows::Act;
use crate::model::mapping::{Jit, Mapping};
use crate::model::{Connection, Permission, Role};
use crate::store;

use super::subject;

/// Fails where the connection may give a role that the actor could not give by hand: by its mapping, at a first
/// sign-in, or by a group that feeds an access group.
pub fn need_word(act: &Act, connection: &Connection) -> Result<()> {
    if act.role.owns() {
        return Ok(());
    }
    let roles = store::roles::list(act.w)?;
    let mut given = roles_given(&connection.mapping, &connection.jit, &roles);
    for feed in store::feeds::list_of_connection(act.w, connection.id)? {
        let group = store::access_groups::get(act.w, feed.access_group_id)?;
        let role = roles.iter().find(|role| role.key == group.role);
        given.extend(role.filter(|role| !role.owns() || feed.may_own));
    }
    match beyond(act, given, &roles) {
        None => Ok(()),
        Some(role) if role.owns() => {
            let message = format!(
                "{} may make owners, so that only an owner changes its identity provider, its settings and its \
                 credentials.",
                connection.name
            );
            let refused = Error::escalation(message, "what makes owners by its word");
            Err(refused.by("connection", || subject(connection)))
        }
        Some(role) => {
            let message = format!(
                "{} may give the role {}, which may do what yours may not, or as much. Only somebody who may do more, \
                 such as an owner, changes its identity provider and its credentials.",
                connection.name, role.name
            );
            let refused = Error::escalation(message, format!("what gives the role {}", role.name));
            Err(refused.by("connection", || subject(connection)))
        }
    }
}

/// Fails where the connection could make owners, whatever of it is changed.
pub(super) fn need_owners_word(act: &Act, connection: &Connection) -> Result<()> {
    let makes_owners = connection.mapping.may_own()
        || store::feeds::list_of_connection(act.w, connection.id)?
            .iter()
            .any(|feed| feed.may_own);
    if makes_owners {
        need_word(act, connection)
    } else {
        Ok(())
    }
}

/// Fails where somebody signs in through this connection who may do what the actor may not: whoever changes whom it
/// believes could sign in as them.
pub(super) fn need_people(act: &Act, connection: &Connection) -> Result<()> {
    if act.role.owns() {
        return Ok(());
    }
    for key in store::identities::list_roles_reached(act.w, connection.id)? {
        let role = store::roles::get(act.w, &key)?;
        if act.role.permissions.include(role.permissions) {
            continue;
        }
        let message = format!(
            "Somebody with the role {} signs in through {}. Whoever changes which identity provider it believes could \
             sign in as them, so only somebody with that role, such as an owner, does it.",
            role.name, connection.name
        );
        let refused = Error::escalation(message, format!("a sign-in with the role {}", role.name));
        return Err(refused.by("connection", || subject(connection)));
    }
    Ok(())
}

/// Does it believe, after this change, what it did not believe before? Forgetting a certificate is no such change.
pub(super) fn believes_more(was: &Connection, is: &Connection) -> bool {
    let saml = match (&was.saml.idp, &is.saml.idp) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(was), Some(is)) => {
            let is_new = |certificate| !was.certificates.contains(certificate);
            was.entity_id != is.entity_id || is.certificates.iter().any(is_new)
        }
    };
    saml || (is.oidc.provider.is_some() && was.oidc.provider != is.oidc.provider)
        || was.saml.subject_attribute != is.saml.subject_attribute
        || was.oidc.subject_claim != is.oidc.subject_claim
}

/// Every role that these can give, other than because a value is missing everywhere.
pub(super) fn roles_given<'a>(mapping: &Mapping, jit: &Jit, roles: &'a [Role]) -> Vec<&'a Role> {
    let by_key = mapping.maps("role") && mapping.roles.is_empty();
    let named = |role: &&Role| {
        mapping.roles.iter().any(|line| line.role == role.key)
            || mapping.otherwise == role.key
            || (jit.enabled && jit.role == role.key)
            || (by_key && !role.owns())
    };
    roles.iter().filter(named).collect()
}

/// The first of these roles that the actor could not give by hand; the lowest is everybody's.
pub(super) fn beyond<'a>(
    act: &Act,
    given: impl IntoIterator<Item = &'a Role>,
    roles: &[Role],
) -> Option<&'a Role> {
    let lowest = roles.first().map_or("", |role| role.key.as_str());
    // An owner's permissions are more than anybody's: named first, because more is kept from others for it.
    let mut given: Vec<&Role> = given.into_iter().filter(|role| role.key != lowest).collect();
    given.sort_by_key(|role| !role.owns());
    let may_give = |role: &Role| {
        act.role.owns()
            || (act.role.may(Permission::ManageIntegrations)
                && act.role.permissions.is_more_than(role.permissions))
    };
    given.into_iter().find(|role| !may_give(role))
}
