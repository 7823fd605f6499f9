//! What is set by hand on a person: the access group, which then no identity provider changes until the hand takes it
//! back, and what they see.

use serde_json::json;

use crate::error::{Error, Result};
use crate::flows::assign::{self, Done, How, Reason};
use crate::flows::{Act, administer, feeds};
use crate::model::{AccessGroupId, Action, Permission, Person, PersonId, Visibility};
use crate::store::{self, Reader};

/// A form's value: whatever the groups of the identity providers say.
pub const AUTOMATIC: &str = "";
/// A form's value: none, set by hand.
pub const NONE: &str = "none";

/// Does what a form chose: [`AUTOMATIC`], [`NONE`], or the id of a group.
pub(in crate::flows) fn choose(act: &Act, person: &mut Person, text: &str) -> Result<()> {
    let reasons = assign::reasons(act.w, person.id)?;
    let is_by_hand = reasons
        .get("access_group")
        .is_some_and(|reason| reason.how == How::Hand);
    if text == AUTOMATIC {
        return if is_by_hand {
            give_back(act, person)
        } else {
            Ok(())
        };
    }
    let group = match text {
        NONE => None,
        id => {
            let found = AccessGroupId::parse(id).map(|id| store::access_groups::find(act.w, id));
            let found = found.transpose()?.flatten();
            Some(found.ok_or_else(|| {
                Error::invalid(
                    "access_group",
                    "There is no such access group any more. Choose another one.",
                )
            })?)
        }
    };
    match assign::access_group(act, person, group.as_ref(), Reason::by_hand(act))? {
        Done::Kept(why) => Err(Error::conflict(why)),
        Done::Changed => Ok(()),
        Done::Unchanged if is_by_hand => Ok(()),
        Done::Unchanged => {
            pin(act, person, "by the identity providers' groups", "by hand")?;
            assign::born(act, person.id, "access_group", &Reason::by_hand(act))
        }
    }
}

/// The hand takes it back: from now on the identity providers' groups decide, at once.
fn give_back(act: &Act, person: &mut Person) -> Result<()> {
    pin(act, person, "by hand", "by the identity providers' groups")?;
    assign::born(
        act,
        person.id,
        "access_group",
        &Reason::new(act, How::Default, ""),
    )?;
    let best = feeds::best(act.w, person.id)?;
    if best.is_none() {
        let reason = Reason::new(act, How::Default, "no group of an identity provider gives one");
        if let Done::Kept(why) = assign::access_group(act, person, None, reason)? {
            return Err(Error::conflict(why));
        }
        return Ok(());
    }
    feeds::settle_checked(act, person.id)?;
    *person = store::people::get(act.w, person.id)?;
    Ok(())
}

/// The group stays; who decides about it does not.
fn pin(act: &Act, person: &mut Person, was: &str, is: &str) -> Result<()> {
    act.need(Permission::ManagePeople)?;
    let by = |error: Error| error.by("access_group", || administer::subject(person));
    administer::need_to_manage(act, &person.role).map_err(by)?;
    person.updated_at = act.now;
    store::people::update(act.w, person)?;
    person.version += 1;
    let (before, after) = (
        json!({ "access_group_set": was }),
        json!({ "access_group_set": is }),
    );
    act.event(Action::PersonChanged, administer::subject(person), before, after)
}

/// Sets what one person sees in place of their access group's; `None` takes it back.
pub fn set_visibility(act: &Act, id: PersonId, visibility: Option<&Visibility>) -> Result<()> {
    act.need(Permission::ManageAccess)?;
    let person = store::people::get(act.w, id)?;
    let by = |error: Error| error.by("visibility", || administer::subject(&person));
    administer::need_to_manage(act, &person.role).map_err(by)?;
    let wanted = match visibility {
        Some(wanted) => Some(Visibility {
            people: wanted.people,
            apps: super::known_apps(act.w, wanted.apps.as_deref())?,
        }),
        None => None,
    };
    let was = store::people::visibility(act.w, id)?;
    if was == wanted {
        return Ok(());
    }
    store::people::set_visibility(act.w, id, wanted.as_ref())?;
    let said = |visibility: Option<&Visibility>| {
        let mut said = json!({});
        match visibility {
            Some(visibility) => {
                for (name, value) in super::seen(act.w, visibility)? {
                    said[name] = value;
                }
            }
            None => said["sees_people"] = json!("as their access group says"),
        }
        Ok::<_, Error>(said)
    };
    let (before, after) = (said(was.as_ref())?, said(wanted.as_ref())?);
    let (before, after) = administer::difference(&before, &after);
    act.event(Action::PersonChanged, administer::subject(&person), before, after)
}

/// What somebody sees: what was set for them, else what their access group shows, else everything.
pub fn visibility_of(r: &Reader, person: &Person) -> Result<Visibility> {
    if let Some(own) = store::people::visibility(r, person.id)? {
        return Ok(own);
    }
    match person.access_group_id {
        Some(group) => Ok(store::access_groups::get(r, group)?.visibility),
        None => Ok(Visibility::default()),
    }
}
