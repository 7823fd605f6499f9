//! Switching a kind of integration on or off for the whole organization.
//!
//! Off is like turning off every integration of that kind at once, and changes none of them: nobody comes in through
//! them, their provisioning is refused, what is enforced through them does not hold, and none is added. On again, they
//! are as they were. The last owner who could come in another way keeps the switch from being turned.

use serde_json::{Value, json};

use super::administer::organization_subject;
use super::enforce::{self, DoorKind, Verdict};
use super::{Act, Context, Who};
use crate::error::{Error, Result};
use crate::model::{Action, Connection, Feature, Method, Person, PersonId, Protocol, Timestamp};
use crate::store::{self, Reader};

/// What switching a kind off would touch.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    /// Those that are of use now.
    pub connections: Vec<Connection>,
    /// Links of people to them.
    pub people: i64,
    pub sessions: i64,
    /// Name of the connection, and for whom it is enforced.
    pub enforced: Vec<(String, String)>,
    /// Owners who have no way in but this one.
    pub owners: Vec<Person>,
}

/// Is the connection of this kind? One that provisions and signs people in is of two.
pub fn is_of(connection: &Connection, feature: Feature) -> bool {
    match feature {
        Feature::Saml => connection.protocol() == Some(Protocol::Saml),
        Feature::Oidc => connection.protocol() == Some(Protocol::Oidc),
        Feature::Scim => connection.scim.enabled,
    }
}

/// For the page on which an owner confirms it.
pub fn touched(r: &Reader, feature: Feature, now: Timestamp) -> Result<Touched> {
    let mut touched = Touched::default();
    for connection in store::connections::list(r)? {
        if !is_of(&connection, feature) || !connection.enabled {
            continue;
        }
        if feature.signs_in() {
            touched.people += store::identities::count_of_connection(r, connection.id)?;
            touched.sessions += store::sessions::count_of_connection(r, connection.id, now)?;
            let enforced = store::enforcements::list_of_connection(r, connection.id)?;
            let names = enforced.iter().map(|one| (connection.name.clone(), one.whom()));
            touched.enforced.extend(names);
        }
        touched.connections.push(connection);
    }
    if feature.signs_in() {
        for owner in store::people::list_owners(r)? {
            if !has_own_door(r, owner.id)? && !comes_otherwise(r, &owner, Some(feature), now)? {
                touched.owners.push(owner);
            }
        }
    }
    Ok(touched)
}

fn has_own_door(r: &Reader, owner: PersonId) -> Result<bool> {
    let passkeys = !store::passkeys::list_of_person(r, owner)?.is_empty();
    Ok(passkeys || store::passphrases::find(r, owner)?.is_some())
}

/// Is the owner linked to an open connection, of another kind than `but`, that no enforcement shuts for them?
fn comes_otherwise(r: &Reader, owner: &Person, but: Option<Feature>, now: Timestamp) -> Result<bool> {
    for identity in store::identities::list_of_person(r, owner.id)? {
        let connection = store::connections::get(r, identity.connection_id)?;
        let method = match connection.protocol() {
            Some(Protocol::Oidc) => Method::Oidc,
            _ => Method::Saml,
        };
        let door = DoorKind {
            method,
            connection: Some(connection.id),
        };
        let is_other = but.is_none_or(|but| !is_of(&connection, but));
        if is_other && connection.is_door() && is_open(r, owner, door, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_open(r: &Reader, owner: &Person, door: DoorKind, now: Timestamp) -> Result<bool> {
    Ok(!matches!(enforce::decide(r, owner, door, now)?, Verdict::Only(_)))
}

/// Asked when everything is as it will be: without an owner inside nobody could switch it on again from here.
fn need_owner_inside(act: &Act) -> Result<()> {
    for owner in store::people::list_owners(act.w)? {
        let door = DoorKind::own(Method::Passphrase);
        let by_own = has_own_door(act.w, owner.id)? && is_open(act.w, &owner, door, act.now)?;
        if by_own || comes_otherwise(act.w, &owner, None, act.now)? {
            return Ok(());
        }
    }
    Err(Error::conflict(
        "No owner could come in any more. Let an owner set a passphrase first: make a link for one on that owner's page.",
    ))
}

/// Switches a kind on or off; says whether anything changed. The caller refreshes the context afterwards.
pub fn switch(act: &Act, feature: Feature, on: bool) -> Result<bool> {
    act.need_owner()?;
    let mut organization = store::organization::get(act.w)?;
    if organization.settings.features.has(feature) == on {
        return Ok(false);
    }
    organization.settings.features = organization.settings.features.with(feature, on);
    store::organization::update(act.w, &organization)?;
    // Whoever knows a connection as it was reads it again, and with it what is switched on.
    store::connections::touch_all(act.w)?;
    let mut ended = 0;
    if !on && feature.signs_in() {
        need_owner_inside(act)?;
        for connection in store::connections::list(act.w)? {
            if is_of(&connection, feature) {
                ended += store::sessions::delete_of_connection(act.w, connection.id)?;
            }
        }
    }
    let action = match on {
        true => Action::FeatureSwitchedOn,
        false => Action::FeatureSwitchedOff,
    };
    let mut after = json!({ "kind": feature.name() });
    if ended > 0 {
        after["sessions_ended"] = json!(ended);
    }
    act.event(action, organization_subject(&organization), Value::Null, after)?;
    Ok(true)
}

/// Fails while the kind is off: for what would make another integration of it.
pub(super) fn need(act: &Act, feature: Feature) -> Result<()> {
    match store::organization::get(act.w)?.settings.features.has(feature) {
        true => Ok(()),
        false => Err(Error::conflict(why_missing(act.w, feature)?)),
    }
}

/// Why it is missing, and whom to ask.
pub fn why_missing(r: &Reader, feature: Feature) -> Result<String> {
    let owners = store::people::list_owners(r)?;
    let names: Vec<String> = owners.iter().take(5).map(Person::display_name).collect();
    let organization = store::organization::get(r)?.name;
    Ok(format!(
        "{} is switched off for {organization}. Only an owner switches it on, under Settings, Kinds of integrations: {}.",
        feature.name(),
        names.join(", ")
    ))
}

impl Context {
    /// Switches a kind and lets every page see it.
    pub async fn switch_feature(&self, who: Who, feature: Feature, on: bool) -> Result<bool> {
        let changed = self.act(who, move |act| switch(act, feature, on)).await?;
        self.refresh_organization()?;
        Ok(changed)
    }
}
