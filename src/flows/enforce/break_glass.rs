//! Break-glass owners: whom no enforcement shuts out, and of whom one always stays.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::flows::{Act, administer};
use crate::model::{Action, Person, PersonId};
use crate::store::{self, Reader};

/// Makes an active owner a break-glass owner. Their proof has still to come.
pub fn make(act: &Act, id: PersonId) -> Result<Person> {
    act.need_owner()?;
    let person = store::people::get(act.w, id)?;
    if !person.role.owns() || !person.is_active() {
        let who = person.display_name();
        return Err(Error::conflict(format!(
            "{who} is no active owner. Only an owner can keep a way in whatever is enforced."
        )));
    }
    keep(act, &person)?;
    Ok(person)
}

/// Writes it down, for whoever may come to be one.
pub(in crate::flows) fn keep(act: &Act, person: &Person) -> Result<()> {
    if store::break_glass::find(act.w, person.id)?.is_some() {
        return Ok(());
    }
    store::break_glass::insert(act.w, person.id, &act.actor.label(), act.now)?;
    let after = json!({ "break_glass": true });
    act.event(
        Action::BreakGlassMade,
        administer::subject(person),
        Value::Null,
        after,
    )
}

/// Takes it back; the last one stays while anything is enforced or planned.
pub fn unmake(act: &Act, id: PersonId) -> Result<Person> {
    act.need_owner()?;
    let person = store::people::get(act.w, id)?;
    need_another(act.w, &person, "taken off the list of break-glass owners")?;
    forget(act, &person)?;
    Ok(person)
}

/// Whoever is no owner any more is no break-glass owner either.
pub(in crate::flows) fn forget(act: &Act, person: &Person) -> Result<()> {
    if !store::break_glass::delete(act.w, person.id)? {
        return Ok(());
    }
    let before = json!({ "break_glass": true });
    act.event(
        Action::BreakGlassUnmade,
        administer::subject(person),
        before,
        Value::Null,
    )
}

/// Is this the last one while something is enforced or planned?
pub fn is_owner_kept(r: &Reader, person: PersonId) -> Result<bool> {
    Ok(store::enforcements::any(r)?
        && store::break_glass::find(r, person)?.is_some()
        && store::break_glass::count_others(r, person)? == 0)
}

/// Fails for the last break-glass owner while something is enforced or planned.
pub fn need_another(r: &Reader, person: &Person, what: &str) -> Result<()> {
    if !is_owner_kept(r, person.id)? {
        return Ok(());
    }
    let who = person.display_name();
    Err(Error::conflict(format!(
        "{who} is the last break-glass owner while an enforcement is on or planned, and cannot be {what}. Make \
         another owner a break-glass owner first, or end the enforcement."
    )))
}
