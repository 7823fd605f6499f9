//! Groups: create, replace, patch, delete. They change the mirror and nobody's rights.

use serde_json::{Map, Value, json};

use super::members::{self, Moved};
use super::work::Work;
use super::{Answer, Request, mirror, present, reading};
use crate::error::Result;
use crate::model::filter::fold;
use crate::model::person::is_unprintable;
use crate::model::{Action, DirectoryGroup, ResourceKind, ScimId};
use crate::scim::patch::{self, MemberChange};
use crate::scim::{ScimProblem, ScimType, document, etag};
use crate::store::directory::{groups, members as ties};

pub fn create(work: &mut Work, request: &Request) -> Result<Answer> {
    let body = document::group(request.json()?)?;
    work.understood = Value::Object(body.document.clone());
    work.notes.extend(body.notes);
    let act = work.act;
    let mut row = DirectoryGroup {
        seq: 0,
        id: ScimId::new(act.now, act.random_id()),
        connection_id: work.connection().id,
        external_id: None,
        display_name: String::new(),
        document: Map::new(),
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deleted_at: None,
    };
    fill(&mut row, body.document)?;
    need_free(work, &row)?;
    mirror::insert_group(act, &mut row)?;
    let added = members::add(work, &row, &body.members.unwrap_or_default())?;
    let after = json!({ "members": added });
    mirror::group_event(
        act,
        Action::DirectoryGroupAdded,
        &row,
        Value::Null,
        after,
        work.reference,
    )?;
    answer(work, request, &row, 201)
}

/// PUT: the whole group; its members only when the body has the key.
pub fn replace(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let row = get(work, id)?;
    request.need_version(row.version)?;
    let body = document::group(request.json()?)?;
    work.understood = Value::Object(body.document.clone());
    work.notes.extend(body.notes);
    let members: Vec<MemberChange> = body.members.map(MemberChange::Replace).into_iter().collect();
    let row = put(work, row, body.document, &members)?;
    answer(work, request, &row, 200)
}

/// Largest group that is given back whole after a PATCH nobody asked to see the result of.
const SHOWN: usize = 100;

/// PATCH: 200 with the resource while it is small or `attributes` asks for it, else 204 (RFC 7644 §3.5.2 allows both):
/// what one change of a large group costs must not follow its size.
pub fn patch(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let row = get(work, id)?;
    request.need_version(row.version)?;
    let patch = patch::group(id, &row.document, request.json()?)?;
    work.understood = patch.understood;
    work.notes.extend(patch.notes);
    let row = put(work, row, patch.document, &patch.members)?;
    let asked = request.asks("attributes").is_some();
    if asked || ties::list_of_group(work.act.w, row.seq, SHOWN + 1)?.len() <= SHOWN {
        return answer(work, request, &row, 200);
    }
    Ok(Answer {
        status: 204,
        etag: Some(etag::of(row.version)),
        location: Some(present::location(work.base, ResourceKind::Group, row.id)),
        ..Answer::default()
    })
}

/// DELETE: the group goes, and with it every membership.
pub fn delete(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let row = get(work, id)?;
    request.need_version(row.version)?;
    let left = members::lose(work, &row)?;
    groups::remove(work.act.w, row.seq, work.act.now)?;
    let before = json!({ "members": left });
    let action = Action::DirectoryGroupRemoved;
    mirror::group_event(work.act, action, &row, before, Value::Null, work.reference)?;
    Ok(Answer {
        status: 204,
        ..Answer::default()
    })
}

/// Writes what is new of a group and its members. Adding one member costs the same in a large group and in a
/// small one: nothing here reads all of them, unless they are to be replaced.
fn put(
    work: &mut Work,
    before: DirectoryGroup,
    document: Map<String, Value>,
    changes: &[MemberChange],
) -> Result<DirectoryGroup> {
    let act = work.act;
    let mut row = before.clone();
    if document != before.document {
        fill(&mut row, document)?;
        need_free(work, &row)?;
        mirror::update_group(act, &mut row)?;
        if row.display_name != before.display_name {
            members::renamed(work, &row)?;
        }
    }
    let moved = members::apply(work, &row, changes)?;
    if moved != Moved::default() && row.version == before.version {
        groups::touch(act.w, row.seq, act.now)?;
        row.version += 1;
        row.updated_at = act.now;
    }
    if row.version != before.version {
        let (was, is) = mirror::changed(&before.document, &row.document);
        members::tell(work, &row, was, is, moved)?;
    }
    Ok(row)
}

fn fill(row: &mut DirectoryGroup, document: Map<String, Value>) -> Result<(), ScimProblem> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    row.display_name = text("displayName").unwrap_or_default();
    row.external_id = text("externalId");
    row.document = document;
    reading::limit("displayName", &row.display_name)?;
    reading::limit("externalId", row.external_id.as_deref().unwrap_or_default())?;
    if row.display_name.trim().is_empty() || row.display_name.chars().any(is_unprintable) {
        let detail =
            "A group needs a displayName without control characters. Name it in the identity provider.";
        return Err(ScimProblem::bad(ScimType::InvalidValue, detail));
    }
    Ok(())
}

fn need_free(work: &Work, row: &DirectoryGroup) -> Result<()> {
    let (w, connection) = (work.act.w, work.connection().id);
    let other = |found: &DirectoryGroup| found.seq != row.seq;
    if let Some(found) = groups::find_by_name(w, connection, &fold(&row.display_name))?.filter(other) {
        let detail = format!(
            "A group with the displayName \"{}\" exists already.",
            found.display_name
        );
        return Err(ScimProblem::taken(detail, Some(found.id)).into());
    }
    if let Some(external) = &row.external_id
        && let Some(found) = groups::find_by_external_id(w, connection, external)?.filter(other)
    {
        let detail = format!(
            "The group \"{}\" has this externalId already.",
            found.display_name
        );
        return Err(ScimProblem::taken(detail, Some(found.id)).into());
    }
    Ok(())
}

fn get(work: &Work, id: &str) -> Result<DirectoryGroup> {
    let found = match ScimId::parse(id) {
        Some(id) => groups::find(work.act.w, work.connection().id, id)?,
        None => None,
    };
    found.ok_or_else(|| ScimProblem::not_found("group", id).into())
}

fn answer(work: &Work, request: &Request, row: &DirectoryGroup, status: u16) -> Result<Answer> {
    let projection = request.projection(ResourceKind::Group)?;
    let base = work.base;
    let body = present::group(work.act.w, base, row, &projection)?;
    Ok(present::answer(
        status,
        body,
        row.version,
        present::location(base, ResourceKind::Group, row.id),
    ))
}
