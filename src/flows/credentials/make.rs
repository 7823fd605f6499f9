//! Making and ending credentials. A secret leaves this file once, in [`Made`], and never in an event.

use serde_json::{Value, json};

use super::{Made, label as named};
use crate::error::{Error, Result};
use crate::flows::{Act, connect, hash};
use crate::model::person::checked_name;
use crate::model::time::DAY;
use crate::model::{Action, Connection, ConnectionId, CredentialId, Permission, PersonId};
use crate::store::scim_credentials::{Credential, CredentialKind};
use crate::store::{self, scim_credentials};

/// Two, so that an admin can bring in the new one before the old one goes.
const LIVE_AT_ONCE: usize = 2;
const LONGEST_LIFE: i64 = 3_660 * DAY;

/// Makes a bearer token. At most two are live at once. `lifetime` in milliseconds; `None`: until it is revoked.
pub fn make_bearer(act: &Act, slug: &str, label: &str, lifetime: Option<i64>) -> Result<Made> {
    make(act, slug, label, lifetime, CredentialKind::Bearer)
}

/// Makes user name and passkey for Basic. At most two are live at once.
pub fn make_basic(act: &Act, slug: &str, label: &str, lifetime: Option<i64>) -> Result<Made> {
    make(act, slug, label, lifetime, CredentialKind::Basic)
}

fn make(act: &Act, slug: &str, label: &str, lifetime: Option<i64>, kind: CredentialKind) -> Result<Made> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    connect::need_word(act, &connection)?;
    let label = checked_label(act, label)?;
    if lifetime.is_some_and(|millis| !(1..=LONGEST_LIFE).contains(&millis)) {
        return Err(Error::invalid(
            "expires",
            "Choose a lifetime of at least a moment and at most ten years.",
        ));
    }
    let live = live_of_kind(act, &connection, kind)?;
    if live.len() >= LIVE_AT_ONCE {
        return Err(Error::conflict(too_many(&live, kind)));
    }
    let user_name = (kind == CredentialKind::Basic).then(|| free_user_name(&connection, &live));
    let prefix = if kind == CredentialKind::Basic {
        "dwp_"
    } else {
        "dws_"
    };
    let secret = format!("{prefix}{}", act.random.token());
    let credential = Credential {
        id: CredentialId::new(act.now, act.random_id()),
        connection_id: connection.id,
        kind,
        label,
        user_name: user_name.clone(),
        client_id: None,
        family: None,
        person_id: None,
        created_by: act.actor.label(),
        created_at: act.now,
        expires_at: lifetime.map(|millis| act.now.plus(millis)),
        used_at: None,
        last_used_at: None,
        last_address: None,
    };
    scim_credentials::insert(act.w, &credential, &hash(&secret))?;
    act.event(
        Action::CredentialMade,
        connect::subject(&connection),
        Value::Null,
        facts(&credential),
    )?;
    Ok(Made {
        id: credential.id,
        secret,
        user_name,
    })
}

fn checked_label(act: &Act, label: &str) -> Result<String> {
    match checked_name(label) {
        Ok(label) if label.is_empty() => Ok(format!("made {}", act.now.human_day())),
        Ok(label) => Ok(label),
        Err(problem) => Err(Error::invalid("label", problem)),
    }
}

fn live_of_kind(act: &Act, connection: &Connection, kind: CredentialKind) -> Result<Vec<Credential>> {
    let mut live = scim_credentials::list_of_connection(act.w, connection.id, act.now)?;
    live.retain(|credential| credential.kind == kind);
    Ok(live)
}

fn too_many(live: &[Credential], kind: CredentialKind) -> String {
    let used = |credential: &Credential| match credential.last_used_at {
        Some(at) => format!("last used {}", at.human()),
        None => "never used".to_owned(),
    };
    let each: Vec<String> = live
        .iter()
        .map(|credential| format!("\"{}\" ({})", credential.label, used(credential)))
        .collect();
    // The one that was used longest ago; one that was never used comes first.
    let idle = live.iter().min_by_key(|c| (c.last_used_at, c.created_at));
    let which = idle.map_or("one of them", |credential| credential.label.as_str());
    let kinds = match kind {
        CredentialKind::Basic => "passkeys",
        _ => "bearer tokens",
    };
    format!(
        "Two {kinds} are live already: {}. Revoke the one that the identity provider no longer uses, probably \
         \"{which}\", then make the new one.",
        each.join(" and ")
    )
}

/// The slug, or `slug-2` while the first is taken.
fn free_user_name(connection: &Connection, live: &[Credential]) -> String {
    let taken = |name: &str| live.iter().any(|c| c.user_name.as_deref() == Some(name));
    let first = connection.slug.as_str().to_owned();
    if taken(&first) {
        format!("{first}-2")
    } else {
        first
    }
}

/// What an event says of a credential: everything but the secret.
pub(in crate::flows) fn facts(credential: &Credential) -> Value {
    json!({
        "credential": named(credential),
        "user_name": credential.user_name,
        "expires": credential.expires_at.map(|at| at.rfc3339()),
    })
}

/// Ends a credential of this connection at once; an OAuth grant with all of its tokens.
pub fn revoke(act: &Act, slug: &str, id: CredentialId) -> Result<()> {
    act.need(Permission::ManageIntegrations)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let credential = scim_credentials::get(act.w, connection.id, id)?;
    match &credential.family {
        Some(family) => drop(scim_credentials::delete_family(act.w, family)?),
        None => scim_credentials::delete(act.w, id)?,
    }
    gone(act, &connection, &credential)
}

/// Ends what a person granted; called when the person is deactivated. Returns how many grants there were.
pub fn revoke_grants_of(act: &Act, person: PersonId) -> Result<usize> {
    revoke_grants(act, person, None)
}

/// The same for one connection alone.
pub fn revoke_grants_through(act: &Act, person: PersonId, connection: ConnectionId) -> Result<usize> {
    revoke_grants(act, person, Some(connection))
}

fn revoke_grants(act: &Act, person: PersonId, only: Option<ConnectionId>) -> Result<usize> {
    let mut ended = Vec::new();
    let mut all = store::scim_credentials::list_of_person(act.w, person)?;
    all.retain(|credential| only.is_none_or(|connection| credential.connection_id == connection));
    for credential in all.iter().filter(|credential| credential.is_live(act.now)) {
        let Some(family) = credential
            .family
            .as_ref()
            .filter(|family| !ended.contains(family))
        else {
            continue;
        };
        scim_credentials::delete_family(act.w, family)?;
        let connection = store::connections::get(act.w, credential.connection_id)?;
        gone(act, &connection, credential)?;
        ended.push(family);
    }
    Ok(ended.len())
}

fn gone(act: &Act, connection: &Connection, credential: &Credential) -> Result<()> {
    act.event(
        Action::CredentialRevoked,
        connect::subject(connection),
        facts(credential),
        Value::Null,
    )
}
