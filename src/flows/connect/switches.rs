//! On, off, and gone.

use serde_json::{Value, json};

use super::{facts, subject};
use crate::error::{Error, Result};
use crate::flows::{Act, features, feeds};
use crate::model::{Action, Connection, Feature, Permission};
use crate::store;

/// Turns it on. Refused while nobody could sign in or be provisioned through it anyway.
pub fn enable(act: &Act, slug: &str) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let Some(idp) = &connection.saml.idp else {
        // OpenID Connect pins no certificate. Provisioning alone is a use too; the sign-in page does not offer it.
        if connection.protocol().is_some() || connection.scim.enabled {
            return switch(act, connection, true);
        }
        return Err(Error::conflict(
            "Tell Doorward about the identity provider first: give its metadata, or its sign-in URL and certificate, or \
             for OpenID Connect its issuer and a client ID. For provisioning alone, turn provisioning on first.",
        ));
    };
    let ended = idp.certificates.iter().all(|c| c.not_after <= act.now);
    if ended && !connection.scim.enabled {
        return Err(Error::conflict(
            "Every certificate of the identity provider has ended. Get the current one there and add it here first.",
        ));
    }
    switch(act, connection, true)
}

/// Turns it off; the sessions that came through it end in the same transaction, and SCIM clients get 403.
pub fn disable(act: &Act, slug: &str) -> Result<Connection> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    switch(act, connection, false)
}

fn switch(act: &Act, mut connection: Connection, on: bool) -> Result<Connection> {
    if connection.enabled == on {
        return Ok(connection);
    }
    // One that provisions is of use without its sign-in.
    if on && !(connection.scim.enabled && connection.features.scim) {
        let kind = connection.switched_off();
        let kind =
            kind.or((connection.protocol().is_none() && connection.scim.enabled).then_some(Feature::Scim));
        kind.map_or(Ok(()), |kind| features::need(act, kind))?;
    }
    connection.enabled = on;
    connection.updated_at = act.now;
    store::connections::update(act.w, &connection)?;
    let ended = if on {
        0
    } else {
        store::sessions::delete_of_connection(act.w, connection.id)?
    };
    let action = if on {
        Action::ConnectionEnabled
    } else {
        Action::ConnectionDisabled
    };
    act.event(
        action,
        subject(&connection),
        json!({ "enabled": !on }),
        json!({ "enabled": on, "sessions_ended": ended }),
    )?;
    store::connections::get(act.w, connection.id)
}

/// Removes it with its links and sessions. `typed` must be its short name.
pub fn remove(act: &Act, slug: &str, typed: &str) -> Result<()> {
    act.need_owner()?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    if typed.trim() != connection.slug.as_str() {
        return Err(Error::invalid(
            "confirm",
            format!("Type {slug} to remove the integration."),
        ));
    }
    let people = store::identities::count_of_connection(act.w, connection.id)?;
    let fed = feeds::people_fed_by(act.w, connection.id)?;
    store::connections::delete(act.w, connection.id)?;
    feeds::settle_all(act, &fed)?;
    let mut before = facts(act.w, &connection)?;
    before["linked_people"] = json!(people);
    act.event(
        Action::ConnectionRemoved,
        subject(&connection),
        before,
        Value::Null,
    )
}
