//! Feeds: which groups of identity providers put people into which access group.
//!
//! An admin chooses them one by one; nothing is fed because two names are equal, and a group that is renamed there
//! still feeds what it fed. Whatever changes who is in a fed group (a request, a sign-in, an admin's decision) settles
//! the people concerned in the same transaction: of several access groups that match, the first by priority counts, and
//! whoever is in no feeding group any more leaves. What was set by hand stays until the hand takes it back.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::{
    AccessGroupId, Action, Actor, Connection, ConnectionId, FeedId, Person, PersonId, Timestamp,
};
use crate::store::claimed_groups;
use crate::store::feeds::{Feed, Match, Source};
use crate::store::{self, Reader};

use super::access_groups::{self, editable};
use super::assign::{self, Done, How, Reason};
use super::provision::hold;
use super::{Act, administer};

/// Longest value of a group in characters; longer ones are passed over.
pub const VALUE_LIMIT: usize = 256;
/// So many groups of one sign-in are looked at.
pub const MOST_CLAIMED: usize = 1_000;
/// So many groups of one connection are remembered from sign-ins.
const MOST_KNOWN: i64 = 10_000;

/// Lets a group feed an access group. `may_own`: an owner allows that it makes owners.
pub fn add(
    act: &Act,
    group: AccessGroupId,
    connection: &Connection,
    source: Source,
    may_own: bool,
) -> Result<Feed> {
    let group = editable(act, group)?;
    let name = match source {
        Source::Pushed(seq) => {
            let found = store::directory::groups::find_by_seq(act.w, seq)?;
            let found =
                found.filter(|found| found.connection_id == connection.id && found.deleted_at.is_none());
            found.ok_or_else(|| Error::not_found("group"))?.display_name
        }
        Source::Claimed(seq) => claimed_groups::get(act.w, connection.id, seq)?.value,
    };
    let gives_ownership = store::roles::get(act.w, &group.role)?.owns();
    if may_own && !gives_ownership {
        return Err(Error::invalid(
            "may_own",
            "The role of this access group owns nothing.",
        ));
    }
    if may_own {
        act.need_owner()
            .map_err(|error| error.by("group", || access_groups::subject(&group)))?;
    }
    let feed = Feed {
        id: FeedId::new(act.now, act.random_id()),
        access_group_id: group.id,
        connection_id: connection.id,
        source,
        name,
        may_own,
        created_by: act.actor.label(),
        created_at: act.now,
    };
    store::feeds::insert(act.w, &feed)?;
    let mut after = told(connection, &feed);
    if may_own {
        after["may_make_owners"] = json!(true);
    }
    act.event(
        Action::FeedAdded,
        access_groups::subject(&group),
        Value::Null,
        after,
    )?;
    if let Source::Pushed(seq) = source {
        hold::feeds(act, connection, seq)?;
    }
    settle_fed_by(act, std::slice::from_ref(&feed))?;
    Ok(feed)
}

/// Names a group that a sign-in will bring, so that it can be chosen before anybody came.
pub fn name_claimed(act: &Act, connection: &Connection, value: &str) -> Result<Source> {
    act.need(crate::model::Permission::ManageAccess)?;
    let Some(value) = readable(value) else {
        let message = "Enter what the identity provider sends for the group: 1 to 256 characters.";
        return Err(Error::invalid("value", message));
    };
    Ok(Source::Claimed(claimed_groups::put(
        act.w,
        connection.id,
        value,
        act.now,
        false,
    )?))
}

/// From now on these groups and no others feed it: each with its connection, and whether it may make owners.
pub fn become_these(act: &Act, group: AccessGroupId, wanted: Vec<(Connection, Source, bool)>) -> Result<()> {
    for feed in store::feeds::list_of_group(act.w, group)? {
        let stays = wanted
            .iter()
            .any(|(_, source, may_own)| *source == feed.source && *may_own == feed.may_own);
        if !stays {
            remove(act, group, feed.id)?;
        }
    }
    for (connection, source, may_own) in wanted {
        let known = store::feeds::find_by_source(act.w, source)?;
        if known.is_none_or(|feed| feed.access_group_id != group) {
            add(act, group, &connection, source, may_own)?;
        }
    }
    Ok(())
}

/// The group feeds nothing any more; whoever was in the access group by it alone leaves.
pub fn remove(act: &Act, group: AccessGroupId, id: FeedId) -> Result<Feed> {
    let group = editable(act, group)?;
    let feed = store::feeds::get(act.w, id)?;
    if feed.access_group_id != group.id {
        return Err(Error::not_found("feed"));
    }
    let connection = store::connections::get(act.w, feed.connection_id)?;
    let people = store::feeds::people_of_source(act.w, feed.source)?;
    store::feeds::delete(act.w, id)?;
    let before = told(&connection, &feed);
    act.event(
        Action::FeedRemoved,
        access_groups::subject(&group),
        before,
        Value::Null,
    )?;
    for person in people {
        settle_checked(act, person)?;
    }
    Ok(feed)
}

fn told(connection: &Connection, feed: &Feed) -> Value {
    json!({ "integration": connection.name, "group": feed.name })
}

/// Settles everybody whom these feeds may concern, after an admin's change.
pub(super) fn settle_fed_by(act: &Act, feeds: &[Feed]) -> Result<()> {
    for feed in feeds {
        for person in store::feeds::people_of_source(act.w, feed.source)? {
            settle_checked(act, person)?;
        }
    }
    Ok(())
}

/// As [`settle`], because of an admin's change: nobody moves people whom they may not manage, nor gives them a role
/// that they may not give.
pub(super) fn settle_checked(act: &Act, id: PersonId) -> Result<()> {
    let was = store::people::get(act.w, id)?;
    if settle(act, id, None)? != Done::Changed {
        return Ok(());
    }
    let is = store::people::get(act.w, id)?;
    for role in [&was.role, &is.role] {
        administer::need_to_manage(act, role).map_err(|error| {
            let message = format!("{} would be moved by this. {}", was.display_name(), error.message);
            Error { message, ..error }.by("group", || administer::subject(&was))
        })?;
    }
    Ok(())
}

/// The feed that counts for this person, if any may: the first by priority. A feed to a role that owns counts only
/// where an owner allowed it by name.
pub fn best(r: &Reader, id: PersonId) -> Result<Option<Match>> {
    let all = store::feeds::matching(r, id)?;
    Ok(all.into_iter().find(counts))
}

fn counts(one: &Match) -> bool {
    !one.owns || one.feed.may_own
}

/// A group of an identity provider would have made somebody an owner: leaves the event, unless somebody here chose it.
fn refused(act: &Act, person: &Person, by: &Match) -> Result<()> {
    if person.role.owns() || matches!(act.actor, Actor::Person { .. } | Actor::Command(_)) {
        return Ok(());
    }
    let group = store::access_groups::get(act.w, by.feed.access_group_id)?;
    assign::no_owner(act, &store::roles::get(act.w, &group.role)?, person, "group")
}

/// Brings somebody's access group in line with the groups that identity providers have them in. `reference`: of the
/// request or sign-in that changed these.
pub fn settle(act: &Act, id: PersonId, reference: Option<&str>) -> Result<Done> {
    let reasons = assign::reasons(act.w, id)?;
    let reason = reasons.get("access_group");
    if reason.is_some_and(|reason| reason.how == How::Hand) {
        return Ok(Done::Unchanged);
    }
    let mut person = store::people::get(act.w, id)?;
    let word_of = |connection: ConnectionId, rule: String, may_give_ownership| Reason {
        connection: Some(connection),
        reference: reference.map(str::to_owned),
        may_give_ownership,
        ..Reason::new(act, How::Group, rule)
    };
    let all = store::feeds::matching(act.w, id)?;
    let best = all.iter().find(|one| counts(one)).cloned();
    if let Some(first) = all.first().filter(|first| !counts(first)) {
        refused(act, &person, first)?;
    }
    match (best, person.access_group_id) {
        (Some(best), was) if was != Some(best.feed.access_group_id) => {
            let group = store::access_groups::get(act.w, best.feed.access_group_id)?;
            let rule = format!("in the group \"{}\"", best.feed.name);
            let reason = word_of(best.feed.connection_id, rule, best.feed.may_own);
            assign::access_group(act, &mut person, Some(&group), reason)
        }
        (None, Some(_)) => {
            let Some(connection) = reason.and_then(|reason| reason.connection) else {
                return Ok(Done::Unchanged);
            };
            let rule = "in no group any more that gives one".to_owned();
            assign::access_group(act, &mut person, None, word_of(connection, rule, false))
        }
        _ => Ok(Done::Unchanged),
    }
}

/// A sign-in said in which groups its person is: from now on they are in these and no others of this connection.
pub fn claim(
    act: &Act,
    connection: ConnectionId,
    person: PersonId,
    values: &[String],
    reference: &str,
) -> Result<Done> {
    if values.is_empty() && !claimed_groups::has_any(act.w, connection)? {
        return Ok(Done::Unchanged);
    }
    let mut room = MOST_KNOWN - claimed_groups::count(act.w, connection)?;
    let mut groups = Vec::new();
    for value in values
        .iter()
        .filter_map(|value| readable(value))
        .take(MOST_CLAIMED)
    {
        let is_new = claimed_groups::find(act.w, connection, value)?.is_none();
        if is_new && room <= 0 {
            continue;
        }
        room -= i64::from(is_new);
        groups.push(claimed_groups::put(act.w, connection, value, act.now, true)?);
    }
    claimed_groups::replace(act.w, connection, person, &groups, act.now)?;
    settle(act, person, Some(reference))
}

/// A value that a page can show and an admin can choose.
fn readable(value: &str) -> Option<&str> {
    let value = value.trim();
    let fits = !value.is_empty() && value.chars().count() <= VALUE_LIMIT;
    (fits && !value.chars().any(crate::model::person::is_unprintable)).then_some(value)
}

/// Everybody whom a connection's groups may have put somewhere, for when the connection goes.
pub(super) fn people_fed_by(r: &Reader, connection: ConnectionId) -> Result<Vec<PersonId>> {
    let mut people = Vec::new();
    for feed in store::feeds::list_of_connection(r, connection)? {
        people.extend(store::feeds::people_of_source(r, feed.source)?);
    }
    people.sort();
    people.dedup();
    Ok(people)
}

/// What fed them is gone: they leave, whoever has them in mind.
pub(super) fn settle_all(act: &Act, people: &[PersonId]) -> Result<()> {
    for person in people {
        settle(act, *person, None)?;
    }
    Ok(())
}

/// Before groups that were deleted long ago are forgotten: nobody stays somewhere because of one of them.
pub(super) fn forget(act: &Act, before: Timestamp) -> Result<()> {
    for (feed, people) in store::feeds::list_deleted(act.w, before)? {
        store::feeds::delete(act.w, feed)?;
        settle_all(act, &people)?;
    }
    claimed_groups::sweep(act.w, before).map(drop)
}
