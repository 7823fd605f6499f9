//! From people to the mirror: everybody whom a connection has not claimed is shown to it as a user, so that its
//! identity provider can find and link them instead of adding them twice.
//!
//! Whom a connection has removed is not shown to it again, until a restore or a new POST brings them back.

use serde_json::{Map, Value, json};

use super::mirror;
use crate::error::{Error, Result};
use crate::flows::Act;
use crate::model::filter::fold;
use crate::model::{ConnectionId, DirectoryUser, Person, PersonId, Timestamp};
use crate::scim;
use crate::store;
use crate::store::directory::{shown, users};

/// So many people are looked up at once.
const BATCH: usize = 500;

/// Shows everybody to a connection whose provisioning was just turned on. Whom it was shown before keeps their id,
/// and is brought up to date.
pub fn everybody(act: &Act, connection: ConnectionId) -> Result<()> {
    let mut last_shown = 0;
    loop {
        let rows = users::list_unclaimed(act.w, connection, last_shown, BATCH)?;
        let Some(last) = rows.last() else {
            break;
        };
        last_shown = last.seq;
        for row in rows {
            if let Some(id) = row.person_id {
                follow(act, row, &store::people::get(act.w, id)?)?;
            }
        }
    }
    let mut after: Option<PersonId> = None;
    loop {
        let people = shown::list_people_without(act.w, connection, after, BATCH)?;
        for id in &people {
            show(act, connection, &store::people::get(act.w, *id)?)?;
        }
        match people.last() {
            Some(last) if people.len() == BATCH => after = Some(*last),
            _ => return Ok(()),
        }
    }
}

/// A person was added or changed here: every connection with provisioning sees it, where it has not claimed them.
pub fn person(act: &Act, person: &Person) -> Result<()> {
    elsewhere(act, person, None)
}

/// As [`person`], for everybody but the connection that makes this person's user itself.
pub fn elsewhere(act: &Act, person: &Person, except: Option<ConnectionId>) -> Result<()> {
    for connection in store::connections::list_provisioned(act.w)? {
        if except == Some(connection) {
            continue;
        }
        match users::find_of_person(act.w, connection, person.id)? {
            Some(row) if row.claimed => {}
            Some(row) => follow(act, row, person)?,
            None if users::knew_person(act.w, connection, person.id)? => {}
            None => show(act, connection, person)?,
        }
    }
    Ok(())
}

/// Forgets whom connections removed before `before`. From then on they are shown again, as they are: deactivated, if
/// nobody brought them back.
pub fn forget(act: &Act, before: Timestamp) -> Result<()> {
    let forgotten = shown::list_forgotten(act.w, before)?;
    if shown::sweep(act.w, before)? == 0 {
        return Ok(());
    }
    let provisioned = store::connections::list_provisioned(act.w)?;
    for (connection, id) in forgotten {
        let there = users::find_of_person(act.w, connection, id)?.is_some();
        if provisioned.contains(&connection) && !there && !users::knew_person(act.w, connection, id)? {
            show(act, connection, &store::people::get(act.w, id)?)?;
        }
    }
    Ok(())
}

/// Shows one person, unless the identity provider has a user of that name or address already.
fn show(act: &Act, connection: ConnectionId, person: &Person) -> Result<()> {
    let document = document(person)?;
    let key = fold(person.email.as_str());
    let named = users::find_by_name(act.w, connection, &key)?.is_some();
    if named || users::has_email(act.w, connection, &key)? {
        return Ok(());
    }
    let mut row = mirror::fresh_user(act, connection, document);
    row.person_id = Some(person.id);
    mirror::insert_user(act, &mut row)
}

/// Brings an unclaimed user in line with the person.
fn follow(act: &Act, mut row: DirectoryUser, person: &Person) -> Result<()> {
    // The identity provider has written it, and waits for an admin.
    if store::waiting::is_waiting(act.w, row.seq)? {
        return Ok(());
    }
    let document = document(person)?;
    if document == row.document {
        return Ok(());
    }
    let taken = users::find_by_name(act.w, row.connection_id, &fold(person.email.as_str()))?;
    if taken.is_some_and(|other| other.seq != row.seq) {
        return Ok(());
    }
    let renamed = document.get("displayName") != row.document.get("displayName");
    mirror::fill(&mut row, document);
    mirror::update_user(act, &mut row)?;
    if renamed {
        mirror::touch_groups_of(act, row.seq)?;
    }
    Ok(())
}

/// A person in the form of a user.
fn document(person: &Person) -> Result<Map<String, Value>> {
    let mut name = Map::new();
    let formatted = format!("{} {}", person.given_name, person.family_name);
    let parts = [
        ("formatted", formatted.trim()),
        ("familyName", &person.family_name),
        ("givenName", &person.given_name),
    ];
    for (key, value) in parts {
        if !value.is_empty() {
            name.insert(key.to_owned(), json!(value));
        }
    }
    let mut body = json!({
        "schemas": [scim::USER],
        "userName": person.email,
        "displayName": person.display_name(),
        "emails": [{ "value": person.email, "type": "work", "primary": true }],
        "active": person.is_active(),
    });
    if !name.is_empty() {
        body["name"] = Value::Object(name);
    }
    Ok(scim::document::user(&body).map_err(Error::from)?.document)
}
