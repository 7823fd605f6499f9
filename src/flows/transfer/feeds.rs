//! The column "Fed by" of access groups: which groups of identity providers put people into them, as `okta: Sales`.

use std::collections::BTreeSet;

use crate::error::{Error, FieldProblem, Result};
use crate::flows::{Act, feeds};
use crate::model::filter::fold;
use crate::model::{AccessGroup, AccessGroupId, Connection};
use crate::store::directory::groups;
use crate::store::feeds::{Feed, Source};
use crate::store::{self, Reader, claimed_groups};

use super::sheet::LIST;

pub const KEY: &str = "fed_by";
/// No group at all, where an empty cell leaves what is there.
const NONE: &str = "none";

/// What stands in the cell.
pub fn cell(r: &Reader, group: AccessGroupId) -> Result<String> {
    let mut names = BTreeSet::new();
    for feed in store::feeds::list_of_group(r, group)? {
        names.insert(name(r, &feed)?);
    }
    let names: Vec<String> = names.into_iter().collect();
    Ok(names.join(&LIST.to_string()))
}

fn name(r: &Reader, feed: &Feed) -> Result<String> {
    let connection = store::connections::get(r, feed.connection_id)?;
    Ok(format!("{}: {}", connection.slug, feed.name))
}

/// The feeds that a cell names, as they will be; `None`: they stay as they are. A feed that is there keeps whether it may
/// make owners; a new one may not: that an owner allows by name.
pub fn wanted(
    act: &Act,
    text: &str,
    was: Option<&AccessGroup>,
    empties: bool,
) -> Result<Option<Vec<(Connection, Source, bool)>>> {
    if text.is_empty() {
        return Ok(empties.then(Vec::new));
    }
    let known = was.map_or_else(
        || Ok(Vec::new()),
        |group| store::feeds::list_of_group(act.w, group.id),
    )?;
    let mut wanted: Vec<(Connection, Source, bool)> = Vec::new();
    let mut problems = Vec::new();
    let entries = text
        .split(LIST)
        .filter(|entry| !entry.is_empty() && !entry.eq_ignore_ascii_case(NONE));
    for entry in entries {
        match one(act, entry, &known)? {
            Ok(feed) if wanted.iter().any(|(_, source, _)| *source == feed.1) => {}
            Ok(feed) => wanted.push(feed),
            Err(message) => problems.push(FieldProblem {
                field: KEY.to_owned(),
                message,
            }),
        }
    }
    if problems.is_empty() {
        Ok(Some(wanted))
    } else {
        Err(Error::invalid_fields(problems))
    }
}

type Named = std::result::Result<(Connection, Source, bool), String>;

fn one(act: &Act, entry: &str, known: &[Feed]) -> Result<Named> {
    let Some((slug, group)) = entry.split_once(':') else {
        return Ok(Err(format!(
            "“{entry}” names no integration. Write its short name, a colon and the group, as in “okta: Sales”."
        )));
    };
    let (slug, group) = (slug.trim(), group.trim());
    let Some(connection) = store::connections::find_by_slug(act.w, slug)? else {
        return Ok(Err(format!(
            "There is no integration “{slug}”. Add it first, or leave “{entry}” out."
        )));
    };
    let same = |feed: &&Feed| feed.connection_id == connection.id && feed.name == group;
    if let Some(feed) = known.iter().find(same) {
        return Ok(Ok((connection, feed.source, feed.may_own)));
    }
    if let Some(found) = groups::find_by_name(act.w, connection.id, &fold(group))? {
        return Ok(Ok((connection, Source::Pushed(found.seq), false)));
    }
    if let Some(seq) = claimed_groups::find(act.w, connection.id, group)? {
        return Ok(Ok((connection, Source::Claimed(seq), false)));
    }
    if connection.scim.enabled {
        return Ok(Err(format!(
            "{} has pushed no group “{group}”, and no sign-in named it. Have it push the group first.",
            connection.name
        )));
    }
    let source = feeds::name_claimed(act, &connection, group)?;
    Ok(Ok((connection, source, false)))
}
