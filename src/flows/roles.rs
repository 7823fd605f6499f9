//! The list of roles, as an owner edits it.
//!
//! Three rules keep it from becoming a way around itself: the lowest role opens no settings, because everybody gets
//! it of whom nothing better is known; ownership is neither given nor taken by editing a role that somebody has,
//! only person by person; and whoever holds a role that changed signs in anew.

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Result};
use crate::model::person::is_unprintable;
use crate::model::role::{HINT_LIMIT, KEY_LIMIT, checked_key};
use crate::model::{Action, Permission, Permissions, Role, Subject};
use crate::store;

use super::assign::{self, Done, How, Reason};
use super::{Act, invite, links};

/// A role as a form or a file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleFields {
    pub name: String,
    pub hint: String,
    pub permissions: Vec<Permission>,
}

/// Adds a role, above the lowest one; nobody has it yet.
pub fn add(act: &Act, key: &str, fields: &RoleFields) -> Result<Role> {
    act.need_owner()?;
    let key = checked_key(key).map_err(|message| Error::invalid("key", message))?;
    let (name, hint) = check(fields)?;
    let mut order = store::roles::list(act.w)?;
    let role = Role {
        key,
        name,
        hint,
        permissions: Permissions::of(fields.permissions.iter().copied()),
        position: 0,
        version: 1,
    };
    store::roles::insert(act.w, &role, act.now)?;
    order.insert(order.len().min(1), role.clone());
    number(act, order)?;
    act.event(Action::RoleAdded, subject(&role), Value::Null, facts(&role))?;
    store::roles::get(act.w, &role.key)
}

/// Changes name, hint and permissions. `version` is the one that the form was made from; `None` takes what is there.
pub fn change(act: &Act, key: &str, fields: &RoleFields, version: Option<i64>) -> Result<Role> {
    act.need_owner()?;
    let was = store::roles::get(act.w, key)?;
    let (name, hint) = check(fields)?;
    let mut role = Role {
        name,
        hint,
        permissions: Permissions::of(fields.permissions.iter().copied()),
        ..was.clone()
    };
    if role == was {
        return Ok(was);
    }
    role.version = version.unwrap_or(was.version);
    let may_do_otherwise = role.permissions != was.permissions;
    if role.owns() != was.owns() && is_in_use(act, &was)? {
        return Err(Error::invalid(
            "permissions",
            "Somebody has this role, so it can neither be given nor lose the permission to own. Make and unmake owners \
             person by person.",
        ));
    }
    store::roles::update(act.w, &role, act.now)?;
    need_harmless_lowest(act)?;
    if may_do_otherwise {
        sign_in_anew(act, &role)?;
    }
    let (before, after) = super::administer::difference(&facts(&was), &facts(&role));
    act.event(Action::RoleChanged, subject(&role), before, after)?;
    store::roles::get(act.w, &role.key)
}

/// Moves a role one place up (more) or down (less) in the list; at its end nothing happens.
pub fn shift(act: &Act, key: &str, up: bool) -> Result<Role> {
    act.need_owner()?;
    let mut order = store::roles::list(act.w)?;
    let role = store::roles::get(act.w, key)?;
    let at = order.iter().position(|other| other.key == role.key).unwrap_or(0);
    let to = if up { at + 1 } else { at.wrapping_sub(1) };
    if to >= order.len() {
        return Ok(role);
    }
    order.swap(at, to);
    let before = json!({ "below": order.get(at).map(|other| &other.name) });
    let after = json!({ "above": order.get(at).map(|other| &other.name) });
    number(act, order)?;
    need_harmless_lowest(act)?;
    let (before, after) = if up { (before, after) } else { (after, before) };
    act.event(Action::RoleMoved, subject(&role), before, after)?;
    Ok(role)
}

/// Brings these roles into this order, the lowest first; roles that are not named keep their places.
pub fn arrange(act: &Act, keys: &[String]) -> Result<()> {
    let is = store::roles::list(act.w)?;
    let order = rearranged(&is, keys, |role| &role.key);
    if order
        .iter()
        .map(|role| &role.key)
        .eq(is.iter().map(|role| &role.key))
    {
        return Ok(());
    }
    act.need_owner()?;
    for (place, role) in order.iter().enumerate() {
        let was = is.iter().position(|other| other.key == role.key);
        if was != Some(place) {
            let (before, after) = (
                json!({ "place": was.map(|was| was + 1) }),
                json!({ "place": place + 1 }),
            );
            act.event(Action::RoleMoved, subject(role), before, after)?;
        }
    }
    number(act, order)?;
    need_harmless_lowest(act)
}

/// The list with those that are named in the named order, in the places that they have together.
pub(super) fn rearranged<T: Clone>(list: &[T], names: &[String], name: impl Fn(&T) -> &str) -> Vec<T> {
    let mut named: Vec<&T> = Vec::new();
    for wanted in names {
        let is_new = |one: &&T| name(one) == wanted && !named.iter().any(|other| name(other) == wanted);
        named.extend(list.iter().find(is_new));
    }
    let mut next = named.iter();
    let place = |one: &T| match names.iter().any(|wanted| name(one) == wanted) {
        true => next.next().map_or_else(|| one.clone(), |one| (*one).clone()),
        false => one.clone(),
    };
    list.iter().map(place).collect()
}

/// Removes a role; whoever has it gets `instead`, which must be named when there is somebody. Returns how many got it.
pub fn remove(act: &Act, key: &str, instead: Option<&str>) -> Result<usize> {
    act.need_owner()?;
    let role = store::roles::get(act.w, key)?;
    if store::roles::list(act.w)?.len() == 1 {
        return Err(Error::conflict("This is the only role. Add another one first."));
    }
    if store::roles::count_access_groups(act.w, &role.key)? > 0 {
        return Err(Error::conflict(format!(
            "An access group carries the role {}. Give the group another role first.",
            role.name
        )));
    }
    let people = store::roles::list_people(act.w, &role.key)?;
    if !people.is_empty() {
        let instead =
            instead.ok_or_else(|| Error::invalid("instead", "Choose which role they get instead."))?;
        let instead = store::roles::find(act.w, instead)?
            .filter(|other| other.key != role.key)
            .ok_or_else(|| Error::invalid("instead", "Choose another role of the list."))?;
        if role.owns() || instead.owns() {
            return Err(Error::conflict(
                "Nobody becomes an owner, or stops being one, because a role goes. Give these people another role one by \
                 one first.",
            ));
        }
        for id in &people {
            let mut person = store::people::get(act.w, *id)?;
            let rule = format!("the role {} was removed", role.name);
            let done = assign::role(act, &mut person, &instead, Reason::new(act, How::Hand, rule))?;
            if let Done::Kept(why) = done {
                return Err(Error::conflict(why));
            }
        }
    }
    store::roles::delete(act.w, &role.key)?;
    if !store::roles::list(act.w)?.iter().any(Role::owns) {
        return Err(Error::conflict("No role would own the organization any more."));
    }
    need_harmless_lowest(act)?;
    act.event(Action::RoleRemoved, subject(&role), facts(&role), Value::Null)?;
    Ok(people.len())
}

fn check(fields: &RoleFields) -> Result<(String, String)> {
    let mut problems = Vec::new();
    let mut text = |field: &str, text: &str, most: usize, needed: bool| {
        let text = text.trim();
        let message = if needed && text.is_empty() {
            "Enter a name.".to_owned()
        } else if text.chars().count() > most {
            format!("Use at most {most} characters.")
        } else if text.chars().any(is_unprintable) {
            "Leave out control characters.".to_owned()
        } else {
            return text.to_owned();
        };
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
        String::new()
    };
    let name = text("name", &fields.name, KEY_LIMIT, true);
    let hint = text("hint", &fields.hint, HINT_LIMIT, false);
    if problems.is_empty() {
        Ok((name, hint))
    } else {
        Err(Error::invalid_fields(problems))
    }
}

fn is_in_use(act: &Act, role: &Role) -> Result<bool> {
    Ok(store::roles::count_people(act.w, &role.key)? > 0
        || store::roles::count_access_groups(act.w, &role.key)? > 0)
}

/// Writes the order, where it differs.
fn number(act: &Act, order: Vec<Role>) -> Result<()> {
    for (place, role) in (1..).zip(order) {
        if role.position != place {
            let role = Role {
                position: place,
                ..role
            };
            store::roles::update(act.w, &role, act.now)?;
        }
    }
    Ok(())
}

fn need_harmless_lowest(act: &Act) -> Result<()> {
    let lowest = store::roles::lowest(act.w)?;
    if !lowest.is_admin() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "{} would be the lowest role, which everybody gets of whom nothing better is known, and it opens settings. Keep a \
         role without settings at the bottom.",
        lowest.name
    )))
}

/// What the role may do changed: who has it signs in again, and links that were made for them end.
fn sign_in_anew(act: &Act, role: &Role) -> Result<()> {
    store::roles::touch_people(act.w, &role.key, act.now)?;
    for id in store::roles::list_people(act.w, &role.key)? {
        store::sessions::delete_of_person(act.w, id)?;
        links::void_all(act, id)?;
        invite::role_changed(act, &store::people::get(act.w, id)?)?;
    }
    Ok(())
}

fn subject(role: &Role) -> Subject {
    Subject {
        kind: "role",
        id: role.key.clone(),
        label: role.name.clone(),
    }
}

fn facts(role: &Role) -> Value {
    json!({ "name": role.name, "hint": role.hint, "permissions": role.permissions })
}
