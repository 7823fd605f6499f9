//! The guard: a run of removals past the connection's limit waits for an admin.
//!
//! Every removal is written down. The guard counts the distinct people of the last ten minutes; the one who would go
//! past both limits of the connection, and everybody after them, is held: the mirror shows what the identity provider
//! wrote, the person stays as they are until an admin decides.

use serde_json::json;

use super::reach::is_out_of_reach;
use super::work::Work;
use crate::error::{Error, Result};
use crate::flows::{Act, administer, feeds};
use crate::model::time::MINUTE;
use crate::model::{Action, Connection, HoldId, Permission, Person, Removal, RemovalState, Timestamp};
use crate::store;
use crate::store::directory::members;

pub use crate::model::Taken as What;

/// How far back the guard counts.
pub const WINDOW: i64 = 10 * MINUTE;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit, and noted: do it now.
    Apply,
    /// Past the limit, and kept: an admin decides. The person stays as they are.
    Held,
}

/// What the guard knows of a run within one request, so that a long one does not count everything for each person.
#[derive(Debug, Default)]
pub struct Tally(Option<Counts>);

#[derive(Debug)]
struct Counts {
    /// Distinct people of the window.
    people: i64,
    /// Those who were there when the run began.
    there: i64,
}

/// Asks the guard, and writes the removal down either way. `user_seq` is the mirror's row, `reference` the request's.
/// Ask while the person is still what they were.
pub fn ask(
    act: &Act,
    connection: &Connection,
    person: &Person,
    user_seq: i64,
    what: What,
    reference: &str,
    tally: &mut Tally,
) -> Result<Verdict> {
    if let Some(held) = store::removals::find_held(act.w, connection.id, person.id, what)? {
        keep_held(act, held, user_seq, what)?;
        return Ok(Verdict::Held);
    }
    // From somebody who is deactivated already, nothing more is taken: noted for a restore, not counted.
    let loses = person.is_active() || !what.is_account();
    let since = act.now.minus(WINDOW);
    let (counted, account_counted) = store::removals::is_counted(act.w, connection.id, person.id, since)?;
    let held = loses && goes_past(act, connection, person, counted, tally)?;
    let removal = Removal {
        id: HoldId::new(act.now, act.random_id()),
        connection_id: connection.id,
        person_id: person.id,
        user_seq: Some(user_seq),
        what,
        state: if held {
            RemovalState::Held
        } else {
            RemovalState::Applied
        },
        reference: reference.to_owned(),
        at: act.now,
        asked_at: act.now,
        decided_at: None,
        decided_by: None,
    };
    if held {
        store::removals::insert(act.w, &removal, None)?;
        event(act, Action::RemovalHeld, &removal, person)?;
        return Ok(Verdict::Held);
    }
    let counts = loses.then_some(account_counted || what.is_account());
    store::removals::insert(act.w, &removal, counts)?;
    if let Some(known) = tally.0.as_mut().filter(|_| loses && !counted) {
        known.people += 1;
    }
    Ok(Verdict::Apply)
}

/// Writes down what an admin let through, so that it can be restored; the guard does not count it.
pub fn note(work: &Work, person: &Person, user_seq: i64, what: What, asked_at: Timestamp) -> Result<()> {
    let (act, connection, reference) = (work.act, work.connection(), work.reference);
    let removal = Removal {
        id: HoldId::new(act.now, act.random_id()),
        connection_id: connection.id,
        person_id: person.id,
        user_seq: Some(user_seq),
        what,
        state: RemovalState::Applied,
        reference: reference.to_owned(),
        at: act.now,
        asked_at,
        decided_at: Some(act.now),
        decided_by: Some(act.actor.label()),
    };
    store::removals::insert(act.w, &removal, None)
}

/// Would one more person go past both limits? The share is of those who were there when the run began.
fn goes_past(
    act: &Act,
    connection: &Connection,
    person: &Person,
    counted: bool,
    tally: &mut Tally,
) -> Result<bool> {
    let limit = i64::from(connection.scim.guard_people);
    if limit == 0 {
        return Ok(false);
    }
    let known = match tally.0.take() {
        Some(known) => known,
        None => {
            let recent = store::removals::count_recent(act.w, connection.id, act.now.minus(WINDOW))?;
            let active = store::directory::users::count_active_people(act.w, connection.id)?;
            Counts {
                people: recent.people,
                there: active + recent.accounts,
            }
        }
    };
    let known = tally.0.insert(known);
    let (number, mut there) = (known.people + i64::from(!counted), known.there);
    if number <= limit {
        return Ok(false);
    }
    // Their row may be gone from the mirror by now; they themselves are still there.
    let tied = store::directory::users::find_of_person(act.w, connection.id, person.id)?;
    if person.is_active() && !tied.is_some_and(|user| user.claimed) {
        there += 1;
    }
    Ok(number * 100 > i64::from(connection.scim.guard_percent) * there)
}

/// One row for each person and thing: a deactivation that waits becomes the deletion that followed it.
fn keep_held(act: &Act, mut held: Removal, user_seq: i64, what: What) -> Result<()> {
    if held.what == what && held.user_seq == Some(user_seq) {
        return Ok(());
    }
    held.what = what;
    held.user_seq = Some(user_seq);
    store::removals::update(act.w, &held)
}

/// The identity provider gave back what it had taken while that still waited: nothing waits any more. True when
/// there was something.
pub fn withdraw(act: &Act, connection: &Connection, person: &Person, what: What) -> Result<bool> {
    let Some(held) = store::removals::find_held(act.w, connection.id, person.id, what)? else {
        return Ok(false);
    };
    decide(act, held, person, RemovalState::Withdrawn)?;
    Ok(true)
}

/// An admin applies these, in one transaction: all of them or none. Returns how many still waited.
pub fn apply(act: &Act, connection: &Connection, ids: &[HoldId]) -> Result<usize> {
    let waiting = waiting(act, connection, ids)?;
    let mut out_of_reach = Vec::new();
    for (held, person) in waiting.iter().filter(|(held, _)| held.what.is_account()) {
        if person.is_active() && !is_in_reach(act, connection, held.user_seq, person)? {
            out_of_reach.push(person.display_name());
        }
    }
    if !out_of_reach.is_empty() {
        return Err(Error::conflict(format!(
            "{} cannot be deactivated by an identity provider any more: an owner, or an admin who can sign in \
             without it. Leave them out, or discard their removal. Nothing was changed.",
            names(&out_of_reach)
        )));
    }
    let many = waiting.len();
    for (held, mut person) in waiting {
        match (held.what, held.user_seq) {
            (What::Deactivate | What::Delete, _) => {
                // An admin may have deactivated them by hand while it waited.
                if person.is_active() {
                    administer::turn(act, &mut person, false, Some(&held.reference))?;
                }
            }
            (What::Leave(group), Some(user)) => members::settle(act.w, group, user)?,
            (What::Leave(_), None) => {}
        }
        let reference = held.reference.clone();
        decide(act, held, &person, RemovalState::Applied)?;
        feeds::settle(act, person.id, Some(&reference))?;
    }
    Ok(many)
}

/// An admin discards these: the people stay as they are. Returns how many still waited.
pub fn discard(act: &Act, connection: &Connection, ids: &[HoldId]) -> Result<usize> {
    let waiting = waiting(act, connection, ids)?;
    let many = waiting.len();
    for (held, person) in waiting {
        decide(act, held, &person, RemovalState::Discarded)?;
    }
    Ok(many)
}

/// Those of the ids that still wait, each once, with their people. Another admin may have decided some.
fn waiting(act: &Act, connection: &Connection, ids: &[HoldId]) -> Result<Vec<(Removal, Person)>> {
    act.need(Permission::ManageIntegrations)?;
    let mut ids = ids.to_vec();
    ids.sort();
    ids.dedup();
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let held = store::removals::get(act.w, connection.id, id)?;
        if held.state == RemovalState::Held {
            let person = store::people::get(act.w, held.person_id)?;
            found.push((held, person));
        }
    }
    Ok(found)
}

pub(super) fn decide(act: &Act, mut removal: Removal, person: &Person, state: RemovalState) -> Result<()> {
    removal.state = state;
    removal.decided_at = Some(act.now);
    removal.decided_by = Some(act.actor.label());
    store::removals::update(act.w, &removal)?;
    let action = match state {
        RemovalState::Applied => Action::RemovalApplied,
        RemovalState::Discarded => Action::RemovalDiscarded,
        RemovalState::Withdrawn => Action::RemovalWithdrawn,
        RemovalState::Restored => Action::RemovalRestored,
        RemovalState::Held => Action::RemovalHeld,
    };
    event(act, action, &removal, person)
}

fn event(act: &Act, action: Action, removal: &Removal, person: &Person) -> Result<()> {
    let mut after = json!({ "removal": removal.what.key(), "state": removal.state.key() });
    if let What::Leave(group) = removal.what {
        let group = store::directory::groups::find_by_seq(act.w, group)?;
        after["group"] = json!(group.map(|group| group.display_name));
    }
    act.event_with(
        action,
        administer::subject(person),
        serde_json::Value::Null,
        after,
        Some(removal.reference.clone()),
    )
}

/// At most five names, and how many more there are.
fn names(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(5).map(String::as_str).collect();
    let more = all.len() - shown.len();
    let list = shown.join(", ");
    if more == 0 {
        list
    } else {
        format!("{list} and {more} more")
    }
}

/// May the identity provider end this account at this moment? A deletion took the user's row with it, which says who
/// created them.
pub(super) fn is_in_reach(
    act: &Act,
    connection: &Connection,
    user_seq: Option<i64>,
    person: &Person,
) -> Result<bool> {
    if !is_out_of_reach(act.w, connection.id, person)? {
        return Ok(true);
    }
    let Some(seq) = user_seq.filter(|_| person.role.is_admin() && !person.role.owns()) else {
        return Ok(false);
    };
    let removed = store::directory::users::find_by_seq(act.w, seq)?.filter(|user| user.deleted_at.is_some());
    Ok(
        removed.is_some_and(|user| user.created_here)
            && store::passphrases::find(act.w, person.id)?.is_none(),
    )
}
