//! Corrections of a plan: whom a user is, and what is left out.

use serde_json::{Value, json};

use super::{decided, event};
use crate::error::{Error, Result};
use crate::flows::{Act, administer};
use crate::model::{Action, Connection, PersonId, Subject, Waiting};
use crate::store;
use crate::store::directory::users;

/// Whom an admin takes a user for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Person(PersonId),
    /// Somebody who is not here yet.
    Somebody,
    /// As it was without the admin.
    AsItCame,
}

/// Whom the user of this line is. It is not applied yet.
pub fn choose(act: &Act, slug: &str, user: i64, choice: Choice) -> Result<()> {
    let connection = decided(act, slug)?;
    let mut waiting = store::waiting::get(act.w, connection.id, user)?;
    let row = users::find_by_seq(act.w, user)?.ok_or_else(|| Error::not_found("user any more"))?;
    if row.deleted_at.is_some() || (row.claimed && row.person_id.is_some()) || !waiting.is_written {
        return Err(Error::conflict(
            "Who this user is was decided before: only what changes of them waits.",
        ));
    }
    (waiting.chosen, waiting.is_new) = match choice {
        Choice::Person(id) => {
            need_eligible(act, &connection, &waiting, id)?;
            (Some(id), false)
        }
        Choice::Somebody => (None, true),
        Choice::AsItCame => (None, false),
    };
    waiting.refusal = None;
    store::waiting::put(act.w, &waiting)?;
    let person = match waiting.chosen {
        Some(id) => Some(store::people::get(act.w, id)?.display_name()),
        None => None,
    };
    let subject = Subject {
        kind: "directory_user",
        id: row.id.to_string(),
        label: row.user_name,
    };
    act.event_with(
        Action::ReviewLinkChosen,
        subject,
        Value::Null,
        json!({ "integration": connection.name, "person": person, "somebody_new": waiting.is_new }),
        Some(waiting.reference),
    )
}

/// Who is chosen gets what the identity provider says of them, so it is asked what any other way of changing them asks.
fn need_eligible(act: &Act, connection: &Connection, waiting: &Waiting, id: PersonId) -> Result<()> {
    let person = store::people::get(act.w, id)?;
    administer::need_to_manage(act, &person.role)
        .map_err(|error| error.by("review", || administer::subject(&person)))?;
    let name = person.display_name();
    if let Some(other) = users::find_of_person(act.w, connection.id, id)?
        && other.seq != waiting.user_seq
        && (other.claimed || store::waiting::is_waiting(act.w, other.seq)?)
    {
        return Err(Error::conflict(format!(
            "{name} is the user \"{}\" of {} already.",
            other.user_name, connection.name
        )));
    }
    if store::waiting::is_chosen(act.w, connection.id, id, waiting.user_seq)? {
        return Err(Error::conflict(format!(
            "You chose {name} for another user of {} already.",
            connection.name
        )));
    }
    Ok(())
}

/// Leaves these lines out of the plan, or takes them in again. One that is left out waits unseen until the identity
/// provider writes it again. Returns how many that were.
pub fn leave_out(act: &Act, slug: &str, lines: &[i64], out: bool) -> Result<usize> {
    let connection = decided(act, slug)?;
    let mut many = 0;
    for user in lines {
        let Some(mut waiting) =
            store::waiting::find(act.w, *user)?.filter(|waiting| waiting.connection_id == connection.id)
        else {
            continue;
        };
        if waiting.left_out != out {
            waiting.left_out = out;
            store::waiting::put(act.w, &waiting)?;
            many += 1;
        }
    }
    if many > 0 {
        let side = |is: bool| json!({ "left_out": is, "lines": many });
        event(act, Action::ReviewLeftOut, &connection, side(!out), side(out))?;
    }
    Ok(many)
}
