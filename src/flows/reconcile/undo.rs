//! Taking back what was applied, for a day: people become what they were, and what was applied waits again.
//!
//! Field by field: what somebody changed since is left alone, and said.

mod person;

use std::sync::Arc;

use serde_json::{Value, json};

use super::jobs::{Job, Work};
use super::kept::{Kept, Snapshot};
use super::{decided, event};
use crate::error::{Error, Result};
use crate::flows::connect::{self, ConnectionFields, ScimFields};
use crate::flows::{Act, Context, Who, administer};
use crate::model::provisioning::Sync;
use crate::model::time::DAY;
use crate::model::{Action, Connection, PersonId, RemovalState, Review, ReviewId, Timestamp};
use crate::store;
use crate::store::directory::users;

/// How long it can be taken back.
pub const LIFE: i64 = DAY;

/// So many lines are read at once.
const BATCH: i64 = 500;

/// What it came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Undone {
    pub lines: usize,
    /// Lines of which something was left alone.
    pub left_alone: usize,
}

/// May it still be taken back?
pub fn is_possible(review: &Review, now: Timestamp) -> bool {
    review.undone_at.is_none() && now.since(review.at) < LIFE && review.applied > 0
}

/// Starts it, and answers at once: the page shows how far it has come.
///
/// # Errors
/// `Conflict` while another job of this connection runs, and when the review can no longer be taken back.
pub async fn begin(ctx: &Arc<Context>, who: Who, slug: &str, id: ReviewId) -> Result<()> {
    let of = slug.to_owned();
    let looked = ctx.act(who.clone(), move |act| possible(act, &of, id));
    let (connection, review) = looked.await?;
    let job = ctx.reviews.begin(connection.id, Work::TakeBack(id))?;
    job.set_total(usize::try_from(review.applied).unwrap_or(0));
    let slug = slug.to_owned();
    super::jobs::spawn(ctx, who, job, move |act, job| {
        run(act, &slug, id, job).map(|_| id)
    });
    Ok(())
}

/// The connection and the review, if it may still be taken back by whoever acts.
fn possible(act: &Act, slug: &str, id: ReviewId) -> Result<(Connection, Review)> {
    let connection = decided(act, slug)?;
    let review = store::reviews::get(act.w, connection.id, id)?;
    if review.undone_at.is_some() {
        return Err(Error::conflict("This was taken back already."));
    }
    if !is_possible(&review, act.now) {
        return Err(Error::conflict(
            "What was applied can be taken back for 24 hours, and those are over. Nothing was changed.",
        ));
    }
    Ok((connection, review))
}

/// Takes the review back, within the transaction of `act`. The connection is held from then on: else the next request of
/// its identity provider would do again what was just undone.
pub fn run(act: &Act, slug: &str, id: ReviewId, job: &Job) -> Result<Undone> {
    let (connection, review) = possible(act, slug, id)?;
    hold(act, &connection)?;
    let mut undone = Undone::default();
    // Backwards: what made room for something else gets it back when that is gone.
    let mut end = store::reviews::count_lines(act.w, id, false)?;
    while end > 0 {
        let start = (end - BATCH).max(0);
        let lines = store::reviews::list_lines(act.w, id, false, start, end - start)?;
        for line in lines.iter().rev() {
            let Some(text) = &line.kept else { continue };
            let kept: Kept = serde_json::from_str(text).map_err(Error::internal)?;
            let left_alone = take_back(act, &connection, &review, &kept)?;
            store::reviews::set_left_alone(act.w, line, &left_alone)?;
            undone.lines += 1;
            undone.left_alone += usize::from(!left_alone.is_empty());
            job.count();
        }
        end = start;
    }
    store::reviews::set_undone(act.w, id, &act.actor.label(), act.now)?;
    let after = json!({ "review": id, "lines": undone.lines, "left_alone": undone.left_alone });
    event(act, Action::ReviewUndone, &connection, Value::Null, after)?;
    Ok(undone)
}

fn hold(act: &Act, connection: &Connection) -> Result<()> {
    if connection.scim.sync == Sync::Held {
        return Ok(());
    }
    let fields = ConnectionFields {
        scim: ScimFields {
            sync: Some("held".to_owned()),
            ..ScimFields::default()
        },
        ..ConnectionFields::default()
    };
    connect::change(act, connection.slug.as_str(), &fields, None).map(drop)
}

/// One line; what was left alone, and why.
fn take_back(act: &Act, connection: &Connection, review: &Review, kept: &Kept) -> Result<Vec<String>> {
    let mut left = Vec::new();
    // First the mirror, so that nobody is shown to the identity provider a second time.
    mirror(act, connection, kept, &mut left)?;
    let Some(id) = kept.person else {
        return Ok(left);
    };
    if kept.is_new {
        unmake(act, id, kept, &mut left)?;
    } else {
        person::restore(act, id, kept, &mut left)?;
        for mut removal in store::removals::list_restorable_of(act.w, connection.id, id)? {
            if removal.at == review.at {
                removal.state = RemovalState::Restored;
                removal.decided_at = Some(act.now);
                removal.decided_by = Some(act.actor.label());
                store::removals::update(act.w, &removal)?;
            }
        }
    }
    Ok(left)
}

/// The user is tied as it was, and waits again.
fn mirror(act: &Act, connection: &Connection, kept: &Kept, left: &mut Vec<String>) -> Result<()> {
    let Some(mut row) = users::find_by_seq(act.w, kept.waiting.user_seq)? else {
        left.push("The user is no longer kept: there is nothing to apply again.".to_owned());
        return Ok(());
    };
    if row.person_id != kept.person {
        left.push(format!(
            "The user \"{}\" is somebody else by now, and stays so.",
            row.user_name
        ));
        return Ok(());
    }
    if let Some(id) = kept.tied_to
        && let Some(other) =
            users::find_of_person(act.w, connection.id, id)?.filter(|other| other.seq != row.seq)
    {
        if other.claimed || store::waiting::is_waiting(act.w, other.seq)? {
            left.push(format!(
                "The user \"{}\" stays linked: before, it was somebody who is another user by now.",
                row.user_name
            ));
            return Ok(());
        }
        users::delete_projection(act.w, other.seq)?;
    }
    row.person_id = kept.tied_to;
    // One that is gone must not be shown again.
    row.claimed = kept.claimed || row.deleted_at.is_some();
    row.created_here = kept.created_here;
    users::tie(act.w, &row)?;
    if row.deleted_at.is_some() && row.person_id.is_none() {
        // It was nobody, and is gone: nothing of it is left to decide.
        return store::waiting::delete(act.w, row.seq);
    }
    let mut waiting = kept.waiting.clone();
    if let Some(newer) = store::waiting::find(act.w, row.seq)? {
        waiting.is_written |= newer.is_written;
        waiting.email_key = newer.email_key;
        waiting.reference = newer.reference;
        waiting.at = newer.at;
    }
    waiting.superseded_by = match (row.deleted_at, row.person_id) {
        // Meanwhile the same person came again as another user, which is applied in its place.
        (Some(_), Some(id)) => store::waiting::find_again(act.w, connection.id, id)?,
        _ => None,
    };
    store::waiting::put(act.w, &waiting)?;
    for older in &kept.superseded {
        let is_there = users::find_by_seq(act.w, older.user_seq)?.is_some();
        if is_there && !store::waiting::is_waiting(act.w, older.user_seq)? {
            store::waiting::put(act.w, older)?;
        }
    }
    for (group, was) in &kept.members {
        store::waiting::put_member(act.w, *group, row.seq, *was)?;
    }
    Ok(())
}

/// Somebody who was made is gone again, unless there is more of them by now than what was made.
fn unmake(act: &Act, id: PersonId, kept: &Kept, left: &mut Vec<String>) -> Result<()> {
    let Some(mut person) = store::people::find(act.w, id)? else {
        return Ok(());
    };
    let is_as_made = Snapshot::of(act, id)? == kept.is;
    if is_as_made && person.last_sign_in_at.is_none() && store::people::is_untouched(act.w, id)? {
        store::people::delete(act.w, id)?;
        let before = json!({ "email": person.email });
        return act.event(
            Action::PersonRemoved,
            administer::subject(&person),
            before,
            Value::Null,
        );
    }
    let name = person.display_name();
    if person.is_active() && !person.role.owns() {
        administer::turn(act, &mut person, false, Some(&kept.waiting.reference))?;
        left.push(format!(
            "{name} has signed in or was changed since, and so was deactivated instead of removed."
        ));
    } else {
        left.push(format!("{name} was changed since, and stays as they are."));
    }
    Ok(())
}
