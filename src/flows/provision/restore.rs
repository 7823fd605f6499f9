//! Putting back what was removed by mistake: the person, the user in the mirror, the memberships; for 30 days.
//!
//! The identity provider does not learn of it: where it still wants them gone, its next run may remove them again.

use serde_json::{Value, json};

use super::guard::{self, What};
use super::work::Work;
use super::{fed, hands, hold, mirror};
use crate::error::{Error, Kind, Result};
use crate::flows::{Act, administer, feeds};
use crate::model::time::{DAY, MINUTE};
use crate::model::{
    Action, Connection, DirectoryGroup, DirectoryUser, HoldId, Permission, Person, Removal, RemovalState,
    Subject,
};
use crate::store;
use crate::store::directory::members::Member;
use crate::store::directory::{groups, members, users};

/// How long a removal can be taken back.
pub const LIFE: i64 = 30 * DAY;

/// Memberships that ended so long before the request took the account belong to the same removal.
const BEFORE: i64 = 10 * MINUTE;

/// Restores one person; see [`people`].
pub fn person(act: &Act, connection: &Connection, id: HoldId) -> Result<()> {
    people(act, connection, &[id]).map(drop)
}

/// Restores these people, all of them or none: the person is active again, the user too, and the memberships that
/// ended with it are back. Returns how many were restored; one that was restored meanwhile is passed over.
pub fn people(act: &Act, connection: &Connection, ids: &[HoldId]) -> Result<usize> {
    act.need(Permission::ManageIntegrations)?;
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut many = 0;
    for id in ids {
        let removal = store::removals::get(act.w, connection.id, id)?;
        if removal.state != RemovalState::Restored {
            restore(act, connection, removal)?;
            many += 1;
        }
    }
    Ok(many)
}

fn restore(act: &Act, connection: &Connection, removal: Removal) -> Result<()> {
    let person = store::people::get(act.w, removal.person_id)?;
    let name = person.display_name();
    if removal.state != RemovalState::Applied || !removal.what.is_account() {
        return Err(Error::conflict(format!(
            "From {name}, this removal took nothing: there is nothing to restore."
        )));
    }
    if removal.at <= act.now.minus(LIFE) {
        return Err(Error::conflict(format!(
            "{name} was removed more than 30 days ago, and what was kept is gone. Reactivate the person on their own page."
        )));
    }
    if let Some(keeper) = hands::keeper(act.w, connection.id, person.id)? {
        return Err(Error::conflict(format!(
            "The integration \"{}\" provisions {name} by now, so this one cannot have them back. Reactivate the person \
             on their own page.",
            keeper.name
        )));
    }
    let user = mirrored(act, connection, &removal, &person)?;
    let back = match &user {
        Some(user) => memberships(act, user, &removal)?,
        None => Vec::new(),
    };
    // After the mirror, so that it finds them there and does not show them a second time.
    administer::reactivate(act, person.id)?;
    settle(act, connection, &removal)?;
    feeds::settle(act, person.id, Some(&removal.reference))?;
    let mut after = json!({ "removal": removal.what.key(), "state": "restored" });
    if !back.is_empty() {
        after["groups"] = json!(back);
    }
    let reference = Some(removal.reference.clone());
    act.event_with(
        Action::RemovalRestored,
        administer::subject(&person),
        Value::Null,
        after,
        reference,
    )
}

/// The user as the identity provider reads it: there, and active. `None` when none is kept.
fn mirrored(
    act: &Act,
    connection: &Connection,
    removal: &Removal,
    person: &Person,
) -> Result<Option<DirectoryUser>> {
    let live = users::find_of_person(act.w, connection.id, person.id)?;
    let kept = match (live, removal.user_seq) {
        // The identity provider made a new one meanwhile.
        (Some(live), _) => live,
        (None, Some(seq)) => match users::find_by_seq(act.w, seq)? {
            Some(kept) => kept,
            None => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    if kept.deleted_at.is_some() {
        users::restore(act.w, kept.seq, act.now).map_err(|error| taken(error, connection, &kept))?;
        // The memberships that stayed with the row are seen again.
        mirror::touch_groups_of(act, kept.seq)?;
    }
    let mut user = users::find_by_seq(act.w, kept.seq)?.ok_or_else(|| Error::not_found("user"))?;
    if user.claimed && !user.active {
        user.active = true;
        user.document.insert("active".to_owned(), Value::Bool(true));
        mirror::update_user(act, &mut user)?;
    }
    Ok(Some(user))
}

fn taken(error: Error, connection: &Connection, user: &DirectoryUser) -> Error {
    if error.kind != Kind::Conflict {
        return error;
    }
    Error::conflict(format!(
        "{} gave the user name \"{}\" to another user meanwhile. Remove or rename that user there first, or leave this \
         one out. Nothing was restored.",
        connection.name, user.user_name
    ))
}

/// Puts back the memberships that ended with the account. Returns the names of their groups.
fn memberships(act: &Act, user: &DirectoryUser, removal: &Removal) -> Result<Vec<String>> {
    let Some(seq) = removal.user_seq else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for tie in members::list_ended(act.w, seq, removal.asked_at.minus(BEFORE))? {
        let Member::Group(group) = tie.member else {
            continue;
        };
        if members::add(act.w, group, Member::User(user.seq), act.now)? {
            groups::touch(act.w, group, act.now)?;
            users::touch(act.w, user.seq)?;
            names.push(tie.display.unwrap_or_else(|| tie.id.to_string()));
        }
    }
    Ok(names)
}

/// The removal is taken back, and with it a deactivation that came before a deletion.
fn settle(act: &Act, connection: &Connection, removal: &Removal) -> Result<()> {
    let all = store::removals::list_restorable_of(act.w, connection.id, removal.person_id)?;
    for mut one in all {
        one.state = RemovalState::Restored;
        one.decided_at = Some(act.now);
        one.decided_by = Some(act.actor.label());
        store::removals::update(act.w, &one)?;
    }
    Ok(())
}

/// Restores a deleted group with its members.
pub fn group(act: &Act, connection: &Connection, seq: i64) -> Result<DirectoryGroup> {
    act.need(Permission::ManageIntegrations)?;
    let found = groups::find_by_seq(act.w, seq)?.filter(|group| group.connection_id == connection.id);
    let group = found.ok_or_else(|| Error::not_found("group"))?;
    let Some(deleted_at) = group.deleted_at else {
        return Ok(group);
    };
    if deleted_at <= act.now.minus(LIFE) {
        return Err(Error::conflict(
            "This group was deleted more than 30 days ago. Push it again at the identity provider.",
        ));
    }
    groups::restore(act.w, seq, act.now).map_err(|error| {
        if error.kind != Kind::Conflict {
            return error;
        }
        Error::conflict(format!(
            "{} has another group called \"{}\" by now. Rename or delete that one there first. Nothing was restored.",
            connection.name, group.display_name
        ))
    })?;
    users::touch_members(act.w, seq)?;
    for above in members::groups_of_group(act.w, seq)? {
        groups::touch(act.w, above.member.seq(), act.now)?;
    }
    for held in store::removals::list_held_of_group(act.w, seq)? {
        let person = store::people::get(act.w, held.person_id)?;
        guard::decide(act, held, &person, RemovalState::Discarded)?;
    }
    let reference = act.random.reference();
    come_back(act, connection, seq, &reference)?;
    let members = members::count_of_group(act.w, seq)?;
    let subject = Subject {
        kind: "directory_group",
        id: group.id.to_string(),
        label: group.display_name.clone(),
    };
    act.event_with(
        Action::RemovalRestored,
        subject,
        Value::Null,
        json!({ "members": members }),
        Some(reference),
    )?;
    groups::find_by_seq(act.w, seq)?.ok_or_else(|| Error::not_found("group"))
}

/// The group's people are in what it feeds again: at once, within the rights of whoever restores it; while the connection
/// is held, when an admin applies it.
fn come_back(act: &Act, connection: &Connection, group: i64, reference: &str) -> Result<()> {
    let work = &mut Work::new(act, connection, "", reference);
    if !hold::is_on(work) {
        return fed::people_of(act, group)?
            .into_iter()
            .try_for_each(|person| feeds::settle_checked(act, person));
    }
    for tie in members::list_of_group(act.w, group, usize::MAX)? {
        if let Member::User(user) = tie.member {
            hold::moved(work, group, user, false, true)?;
        }
    }
    Ok(())
}

/// May this removal be restored at this moment?
pub fn is_restorable(removal: &Removal, now: crate::model::Timestamp) -> bool {
    removal.state == RemovalState::Applied
        && matches!(removal.what, What::Deactivate | What::Delete)
        && removal.at > now.minus(LIFE)
}
