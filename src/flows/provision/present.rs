//! Rows of the mirror as the resources that a client sees.

use std::collections::HashMap;

use serde_json::Value;

use super::Answer;
use crate::error::Result;
use crate::model::{DirectoryGroup, DirectoryUser, ResourceKind, ScimId};
use crate::scim::etag;
use crate::scim::render::{self, Membership, Meta, Projection};
use crate::store::Reader;
use crate::store::directory::members::{self, Tie};

/// The absolute address of a resource.
pub fn location(base: &str, kind: ResourceKind, id: ScimId) -> String {
    format!("{base}/{}/{id}", kind.endpoint())
}

pub fn answer(status: u16, body: Value, version: i64, location: String) -> Answer {
    Answer {
        status,
        body: Some(body),
        etag: Some(etag::of(version)),
        location: Some(location),
        ..Answer::default()
    }
}

pub fn user(r: &Reader, base: &str, row: &DirectoryUser, projection: &Projection) -> Result<Value> {
    let mut shown = users(r, base, std::slice::from_ref(row), projection)?;
    Ok(shown.pop().unwrap_or_default())
}

/// Several at once, their groups in one query.
pub fn users(r: &Reader, base: &str, rows: &[DirectoryUser], projection: &Projection) -> Result<Vec<Value>> {
    let mut groups: Option<HashMap<i64, Vec<Tie>>> = None;
    if projection.wants("groups") && !rows.is_empty() {
        let numbers: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        groups = Some(members::groups_of_users(r, &numbers)?);
    }
    let show = |row: &DirectoryUser| {
        let own = groups.as_ref().map(|all| {
            let ties = all.get(&row.seq).map_or(&[][..], Vec::as_slice);
            memberships(base, ties)
        });
        shown(base, row, own.as_deref(), projection)
    };
    Ok(rows.iter().map(show).collect())
}

/// A user who is in no group, because they are new.
pub fn user_without_groups(base: &str, row: &DirectoryUser, projection: &Projection) -> Value {
    let none = projection.wants("groups").then_some(&[][..]);
    shown(base, row, none, projection)
}

fn shown(base: &str, row: &DirectoryUser, groups: Option<&[Membership]>, projection: &Projection) -> Value {
    let meta = Meta {
        id: row.id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        location: location(base, ResourceKind::User, row.id),
    };
    render::resource(ResourceKind::User, &meta, &row.document, groups, projection)
}

pub fn group(r: &Reader, base: &str, row: &DirectoryGroup, projection: &Projection) -> Result<Value> {
    let meta = Meta {
        id: row.id,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        location: location(base, ResourceKind::Group, row.id),
    };
    let members = if projection.wants("members") {
        Some(memberships(
            base,
            &members::list_of_group(r, row.seq, members::ALL)?,
        ))
    } else {
        None
    };
    let kind = ResourceKind::Group;
    Ok(render::resource(
        kind,
        &meta,
        &row.document,
        members.as_deref(),
        projection,
    ))
}

fn memberships(base: &str, ties: &[Tie]) -> Vec<Membership> {
    let one = |tie: &Tie| Membership {
        id: tie.id,
        kind: tie.kind,
        display: tie.display.clone(),
        location: location(base, tie.kind, tie.id),
    };
    ties.iter().map(one).collect()
}
