//! Access groups: the organization's own, each with a role, what its people see, and a priority.
//!
//! Nobody edits a group whose role they may not give, and nobody's ownership comes or goes by editing a group: only
//! person by person. Whatever a change means for the people inside happens in the same transaction.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::access::checked_name;
use crate::model::{
    AccessGroup, AccessGroupId, Action, AppId, Permission, PersonId, Reach, Role, Subject, Visibility,
};
use crate::store::{self, Reader};

use super::assign::{self, Done, How, Reason};
use super::{Act, administer, feeds, roles};

mod hand;

pub(super) use hand::choose;
pub use hand::{AUTOMATIC, NONE, set_visibility, visibility_of};

/// An access group as a form or a file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupFields {
    pub name: String,
    /// Key of a role.
    pub role: String,
    pub people: Reach,
    /// Ids of apps; `None`: every app.
    pub apps: Option<Vec<AppId>>,
}

/// Adds a group behind all others: whoever matches several is in another one.
pub fn add(act: &Act, fields: &GroupFields) -> Result<AccessGroup> {
    act.need(Permission::ManageAccess)?;
    let (name, role) = check(act.w, fields)?;
    administer::need_to_manage(act, &role).map_err(|error| error.by("access_group", || named(&name)))?;
    let last = store::access_groups::list(act.w)?
        .last()
        .map_or(0, |(group, _)| group.priority);
    let group = AccessGroup {
        id: AccessGroupId::new(act.now, act.random_id()),
        name,
        role: role.key,
        visibility: visibility(act.w, fields)?,
        priority: last + 1,
        version: 1,
    };
    store::access_groups::insert(act.w, &group, act.now)?;
    act.event(
        Action::AccessGroupAdded,
        subject(&group),
        Value::Null,
        facts(act.w, &group)?,
    )?;
    Ok(group)
}

/// Changes name, role and visibility. `version` is the one that the form was made from; `None` takes what is there.
pub fn change(
    act: &Act,
    id: AccessGroupId,
    fields: &GroupFields,
    version: Option<i64>,
) -> Result<AccessGroup> {
    let was = editable(act, id)?;
    let (name, role) = check(act.w, fields)?;
    administer::need_to_manage(act, &role).map_err(|error| error.by("access_group", || subject(&was)))?;
    let mut group = AccessGroup {
        name,
        role: role.key.clone(),
        visibility: visibility(act.w, fields)?,
        ..was.clone()
    };
    if group == was {
        return Ok(was);
    }
    group.version = version.unwrap_or(was.version);
    let people = store::access_groups::list_people(act.w, id)?;
    let owned = store::roles::get(act.w, &was.role)?.owns();
    if role.owns() != owned && !people.is_empty() {
        return Err(Error::invalid(
            "role",
            "Somebody is in this group, so its role can neither become one that owns nor stop being one. Make and \
             unmake owners person by person.",
        ));
    }
    store::access_groups::update(act.w, &group, act.now)?;
    if group.role != was.role {
        for person in people {
            follow(act, person)?;
        }
    }
    let (before, after) = administer::difference(&facts(act.w, &was)?, &facts(act.w, &group)?);
    act.event(Action::AccessGroupChanged, subject(&group), before, after)?;
    store::access_groups::get(act.w, id)
}

/// Moves a group one place up (it counts before more others) or down; at its end nothing happens. Whoever matches
/// several groups may be in another one afterwards.
pub fn shift(act: &Act, id: AccessGroupId, up: bool) -> Result<AccessGroup> {
    let group = editable(act, id)?;
    let mut order: Vec<AccessGroup> = store::access_groups::list(act.w)?
        .into_iter()
        .map(|(group, _)| group)
        .collect();
    let at = order.iter().position(|other| other.id == id).unwrap_or(0);
    let to = if up { at.wrapping_sub(1) } else { at + 1 };
    let Some(other) = order.get(to).cloned() else {
        return Ok(group);
    };
    // Its people may lose it to this one.
    editable(act, other.id)?;
    order.swap(at, to);
    for (place, group) in (1..).zip(&order) {
        if group.priority != place {
            let group = AccessGroup {
                priority: place,
                ..group.clone()
            };
            store::access_groups::update(act.w, &group, act.now)?;
        }
    }
    let said = json!({ if up { "before" } else { "behind" }: other.name });
    act.event(Action::AccessGroupMoved, subject(&group), Value::Null, said)?;
    for one in [id, other.id] {
        feeds::settle_fed_by(act, &store::feeds::list_of_group(act.w, one)?)?;
    }
    store::access_groups::get(act.w, id)
}

/// Brings these groups into this order, the first that counts first; groups that are not named keep their places.
pub fn arrange(act: &Act, names: &[String]) -> Result<()> {
    let is: Vec<AccessGroup> = store::access_groups::list(act.w)?
        .into_iter()
        .map(|(group, _)| group)
        .collect();
    let order = roles::rearranged(&is, names, |group| &group.name);
    if order
        .iter()
        .map(|group| group.id)
        .eq(is.iter().map(|group| group.id))
    {
        return Ok(());
    }
    let mut moved = Vec::new();
    for (place, group) in (1..).zip(&order) {
        let was = is
            .iter()
            .position(|other| other.id == group.id)
            .map_or(0, |was| was + 1);
        let group = AccessGroup {
            priority: place,
            ..store::access_groups::get(act.w, group.id)?
        };
        store::access_groups::update(act.w, &group, act.now)?;
        if i64::try_from(was) != Ok(place) {
            editable(act, group.id)?;
            let (before, after) = (json!({ "place": was }), json!({ "place": place }));
            act.event(Action::AccessGroupMoved, subject(&group), before, after)?;
            moved.push(group.id);
        }
    }
    for id in moved {
        feeds::settle_fed_by(act, &store::feeds::list_of_group(act.w, id)?)?;
    }
    Ok(())
}

/// Removes a group. Its people are in `instead` from then on, set by hand; without it they get what other groups of
/// identity providers give them, else their own role. Returns how many there were.
pub fn remove(act: &Act, id: AccessGroupId, instead: Option<AccessGroupId>) -> Result<usize> {
    let group = editable(act, id)?;
    let instead = match instead {
        Some(other) if other == id => return Err(Error::invalid("instead", "Choose another access group.")),
        Some(other) => Some(store::access_groups::find(act.w, other)?.ok_or_else(|| {
            Error::invalid(
                "instead",
                "There is no such access group any more. Choose another one.",
            )
        })?),
        None => None,
    };
    for feed in store::feeds::list_of_group(act.w, id)? {
        store::feeds::delete(act.w, feed.id)?;
    }
    let people = store::access_groups::list_people(act.w, id)?;
    for one in &people {
        let mut person = store::people::get(act.w, *one)?;
        let rule = format!("the access group {} was removed", group.name);
        let how = if instead.is_some() {
            How::Hand
        } else {
            How::Default
        };
        match assign::access_group(act, &mut person, instead.as_ref(), Reason::new(act, how, rule))? {
            Done::Kept(why) => return Err(Error::conflict(why)),
            Done::Unchanged | Done::Changed => {}
        }
        if instead.is_none() {
            feeds::settle_checked(act, person.id)?;
        }
    }
    store::access_groups::delete(act.w, id)?;
    let mut before = facts(act.w, &group)?;
    before["people"] = json!(people.len());
    let after = instead.map_or(Value::Null, |group| json!({ "access_group": group.name }));
    act.event(Action::AccessGroupRemoved, subject(&group), before, after)?;
    Ok(people.len())
}

/// A group that the actor may edit: they could give its role themselves.
pub(super) fn editable(act: &Act, id: AccessGroupId) -> Result<AccessGroup> {
    act.need(Permission::ManageAccess)?;
    let group = store::access_groups::get(act.w, id)?;
    let role = store::roles::get(act.w, &group.role)?;
    administer::need_to_manage(act, &role).map_err(|error| error.by("access_group", || subject(&group)))?;
    Ok(group)
}

fn follow(act: &Act, id: PersonId) -> Result<()> {
    let mut person = store::people::get(act.w, id)?;
    let by = |error: Error| error.by("access_group", || administer::subject(&person));
    administer::need_to_manage(act, &person.role).map_err(by)?;
    assign::follow_access_group(act, &mut person)
}

fn check(r: &Reader, fields: &GroupFields) -> Result<(String, Role)> {
    let name = checked_name(&fields.name).map_err(|message| Error::invalid("name", message))?;
    let role = store::roles::find(r, &fields.role)?
        .ok_or_else(|| Error::invalid("role", "There is no such role. Choose one of the list."))?;
    Ok((name, role))
}

fn visibility(r: &Reader, fields: &GroupFields) -> Result<Visibility> {
    Ok(Visibility {
        people: fields.people,
        apps: known_apps(r, fields.apps.as_deref())?,
    })
}

/// Apps that are there, each once, in the order of their ids.
pub(super) fn known_apps(r: &Reader, apps: Option<&[AppId]>) -> Result<Option<Vec<AppId>>> {
    let Some(apps) = apps else {
        return Ok(None);
    };
    let mut known = Vec::new();
    for id in apps {
        if store::apps::find(r, *id)?.is_none() {
            return Err(Error::invalid(
                "apps",
                "One of these apps is gone. Load the page again.",
            ));
        }
        known.push(*id);
    }
    known.sort();
    known.dedup();
    Ok(Some(known))
}

/// The subject of an event about a group that was not made.
fn named(name: &str) -> Subject {
    Subject {
        kind: "access_group",
        id: String::new(),
        label: name.to_owned(),
    }
}

pub(super) fn subject(group: &AccessGroup) -> Subject {
    Subject {
        kind: "access_group",
        id: group.id.to_string(),
        label: group.name.clone(),
    }
}

fn facts(r: &Reader, group: &AccessGroup) -> Result<Value> {
    let mut facts = json!({ "name": group.name, "role": group.role });
    for (name, value) in seen(r, &group.visibility)? {
        facts[name] = value;
    }
    Ok(facts)
}

/// What an event says of a visibility.
pub(super) fn seen(r: &Reader, visibility: &Visibility) -> Result<[(&'static str, Value); 2]> {
    let apps = match &visibility.apps {
        None => json!("every app"),
        Some(ids) => {
            let mut names = Vec::new();
            for id in ids {
                names.extend(store::apps::find(r, *id)?.map(|app| app.name));
            }
            if names.is_empty() {
                json!("none")
            } else {
                json!(names)
            }
        }
    };
    Ok([
        ("sees_people", json!(visibility.people.words())),
        ("sees_apps", apps),
    ])
}
