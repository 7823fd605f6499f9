//! Rows of the mirror from documents, with what filters ask and the events that tell of them.

use serde_json::{Map, Value, json};

use super::body::NewUser;
use crate::error::Result;
use crate::flows::Act;
use crate::model::filter::fold;
use crate::model::{Action, ConnectionId, DirectoryGroup, DirectoryUser, ResourceKind, ScimId, Subject};
use crate::scim::document::{UserFacts, search_document, user_facts};
use crate::store::directory::users::Kept;
use crate::store::directory::{groups, members, users};

/// A row for a user who has none yet, made of their document.
pub fn fresh_user(act: &Act, connection: ConnectionId, document: Map<String, Value>) -> DirectoryUser {
    let mut row = blank_user(act, connection);
    fill(&mut row, document);
    row
}

fn blank_user(act: &Act, connection: ConnectionId) -> DirectoryUser {
    DirectoryUser {
        seq: 0,
        id: ScimId::new(act.now, act.random_id()),
        connection_id: connection,
        person_id: None,
        claimed: false,
        created_here: false,
        user_name: String::new(),
        external_id: None,
        active: true,
        document: Map::new(),
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deleted_at: None,
    }
}

/// As [`fresh_user`], of a document that was read before.
pub fn fresh_user_of(act: &Act, connection: ConnectionId, new: &NewUser) -> DirectoryUser {
    let mut row = blank_user(act, connection);
    fill_in(&mut row, new.body.document.clone(), new.facts.clone());
    row
}

/// Puts a document into a row, with the columns that repeat parts of it. A document that does not say whether the
/// user is active leaves that as it was: nobody comes back because an attribute was taken away.
pub fn fill(row: &mut DirectoryUser, document: Map<String, Value>) {
    let facts = user_facts(&document);
    fill_in(row, document, facts);
}

fn fill_in(row: &mut DirectoryUser, document: Map<String, Value>, facts: UserFacts) {
    row.user_name = facts.user_name;
    row.external_id = facts.external_id;
    let said = document.get("active").and_then(Value::as_bool);
    row.active = said.unwrap_or(row.active);
    row.document = document;
}

/// Writes a new row, and its number into `row`.
pub fn insert_user(act: &Act, row: &mut DirectoryUser) -> Result<()> {
    row.seq = users::insert(act.w, row, &kept(&row.document, &user_facts(&row.document))?)?;
    Ok(())
}

/// As [`insert_user`], for a row of [`fresh_user_of`].
pub fn insert_new_user(act: &Act, row: &mut DirectoryUser, new: &NewUser) -> Result<()> {
    row.seq = match &new.kept {
        Some(kept) => users::insert(act.w, row, kept)?,
        None => return insert_user(act, row),
    };
    Ok(())
}

/// Writes a row that was read before, and its new version into `row`.
pub fn update_user(act: &Act, row: &mut DirectoryUser) -> Result<()> {
    row.updated_at = act.now;
    users::update(act.w, row, &kept(&row.document, &user_facts(&row.document))?)?;
    row.version += 1;
    Ok(())
}

/// What is kept of a user's document beside its columns.
pub fn kept(document: &Map<String, Value>, facts: &UserFacts) -> Result<Kept> {
    let search = search_document(ResourceKind::User, document);
    let emails: Vec<String> = facts.emails.iter().map(|email| fold(email)).collect();
    Kept::of(document, &search, &emails)
}

pub fn insert_group(act: &Act, row: &mut DirectoryGroup) -> Result<()> {
    let search = search_document(ResourceKind::Group, &row.document);
    row.seq = groups::insert(act.w, row, &search)?;
    Ok(())
}

pub fn update_group(act: &Act, row: &mut DirectoryGroup) -> Result<()> {
    row.updated_at = act.now;
    let search = search_document(ResourceKind::Group, &row.document);
    groups::update(act.w, row, &search)?;
    row.version += 1;
    Ok(())
}

/// What the groups of a user show of this member changed, and with it their versions.
pub fn touch_groups_of(act: &Act, user: i64) -> Result<()> {
    let ties = members::groups_of_users(act.w, &[user])?.remove(&user);
    for tie in ties.into_iter().flatten() {
        groups::touch(act.w, tie.member.seq(), act.now)?;
    }
    Ok(())
}

/// Tells of a change of a user: the names of what changed, never the values, which the request log keeps masked.
pub fn user_event(
    act: &Act,
    action: Action,
    row: &DirectoryUser,
    before: Value,
    after: Value,
    reference: &str,
) -> Result<()> {
    let subject = Subject {
        kind: "directory_user",
        id: row.id.to_string(),
        label: row.user_name.clone(),
    };
    act.event_with(action, subject, before, after, Some(reference.to_owned()))
}

/// As [`user_event`], for a group.
pub fn group_event(
    act: &Act,
    action: Action,
    row: &DirectoryGroup,
    before: Value,
    after: Value,
    reference: &str,
) -> Result<()> {
    let subject = Subject {
        kind: "directory_group",
        id: row.id.to_string(),
        label: row.display_name.clone(),
    };
    act.event_with(action, subject, before, after, Some(reference.to_owned()))
}

/// The names of the attributes in which two documents differ, for an event: those that were, those that are.
pub fn changed(before: &Map<String, Value>, after: &Map<String, Value>) -> (Value, Value) {
    let differing = |one: &Map<String, Value>, other: &Map<String, Value>| {
        let names = one.iter().filter(|(name, value)| other.get(*name) != Some(value));
        names.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    (
        json!({ "attributes": differing(before, after) }),
        json!({ "attributes": differing(after, before) }),
    )
}
