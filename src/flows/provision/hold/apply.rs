//! What waited reaches the person: by the functions that an automatic connection calls in its requests.

use crate::error::{Error, Result};
use crate::flows::Act;
use crate::flows::provision::effects::{self, Tied};
use crate::flows::provision::reach::Wish;
use crate::flows::provision::work::Work;
use crate::flows::provision::{Effect, fed, guard, hands, mapped, project, reach};
use crate::model::{Connection, DirectoryUser, Person, PersonId, Taken, Waiting};
use crate::scim::document::user_facts;
use crate::store;
use crate::store::directory::users;

/// What applying one user came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// Whom the user is from now on, or was until it was removed.
    pub person: Option<PersonId>,
    /// The person was made.
    pub is_new: bool,
    pub effects: Vec<Effect>,
    pub notes: Vec<String>,
}

/// Lets what waits of one user reach its person. The mirror says afterwards what it said before. Whoever calls this has
/// asked the admin; who is out of reach stays so.
pub fn apply(act: &Act, connection: &Connection, waiting: &Waiting) -> Result<Applied> {
    let mut row =
        users::find_by_seq(act.w, waiting.user_seq)?.ok_or_else(|| Error::not_found("user any more"))?;
    let mut work = Work::new(act, connection, "", &waiting.reference);
    work.approved = Some(waiting.at);
    let of_before = row.person_id;
    // From here on memberships count as they stand.
    store::waiting::delete(act.w, row.seq)?;
    // A removal gave way to this user only where it is the same person who comes again.
    let comes_again = !waiting.is_new && waiting.chosen.is_none_or(|id| waiting.again == Some(id));
    let removals = store::waiting::release(act.w, row.seq, comes_again)?;
    let mut is_new = false;
    if row.deleted_at.is_some() {
        remove(&mut work, &row)?;
    } else if waiting.is_written {
        is_new = write(&mut work, waiting, &mut row)?;
        if comes_again && removals > 0 && !row.active {
            stay_away(&mut work, &row)?;
        }
    }
    work.unsettled.users.push(row.seq);
    work.unsettled
        .people
        .extend(of_before.filter(|id| row.person_id != Some(*id)));
    fed::settle(&mut work)?;
    if let Some(id) = of_before.filter(|id| row.person_id != Some(*id)) {
        project::person(act, &store::people::get(act.w, id)?)?;
    }
    Ok(Applied {
        person: row.person_id.or(of_before),
        is_new,
        effects: work.effects,
        notes: work.notes,
    })
}

fn write(work: &mut Work, waiting: &Waiting, row: &mut DirectoryUser) -> Result<bool> {
    let mut before = waiting.was.as_ref().map(|was| was.put_into(row));
    let facts = user_facts(&row.document);
    let checked = mapped::check(work.connection(), &row.document, &facts, &mut work.notes)?;
    if choose(work, waiting, row)? {
        // To the person it is a new user, whatever it was to another.
        before = None;
    }
    let tied = effects::tie(work, before.as_ref(), row, &checked)?;
    row.claimed = true;
    users::tie(work.act.w, row)?;
    let is_new = matches!(tied, Tied::Made(_));
    effects::follow(work, before.as_ref(), row, &checked, tied, true)?;
    Ok(is_new)
}

/// Whom the admin chose, or whom this connection had before. True when that is somebody else than it was.
fn choose(work: &Work, waiting: &Waiting, row: &mut DirectoryUser) -> Result<bool> {
    let (w, was) = (work.act.w, row.person_id);
    if waiting.is_new {
        row.person_id = None;
        row.created_here = false;
    } else if let Some(id) = waiting.chosen {
        if was != Some(id) {
            give_way(work, id)?;
        }
        row.person_id = Some(id);
    } else if let (None, Some(id)) = (was, waiting.again) {
        let is_free = users::find_of_person(w, work.connection().id, id)?.is_none();
        row.person_id = is_free.then_some(id);
    }
    if row.person_id == was {
        return Ok(false);
    }
    row.created_here = false;
    // The row must not stand in the way of what is asked about it.
    users::tie(w, row)?;
    Ok(true)
}

/// The chosen person may be shown to the identity provider as a user already: that one goes, unless it was written.
fn give_way(work: &Work, person: PersonId) -> Result<()> {
    let w = work.act.w;
    let Some(other) = users::find_of_person(w, work.connection().id, person)? else {
        return Ok(());
    };
    if other.claimed || store::waiting::is_waiting(w, other.seq)? {
        return Err(Error::conflict(format!(
            "Whom you chose is the user \"{}\" of this integration already.",
            other.user_name
        )));
    }
    users::delete_projection(w, other.seq)
}

/// Who was removed and came again inactive has not come back.
fn stay_away(work: &mut Work, row: &DirectoryUser) -> Result<()> {
    let Some(id) = row.person_id else {
        return Ok(());
    };
    let mut person = store::people::get(work.act.w, id)?;
    if !person.is_active() {
        return Ok(());
    }
    reach::need(work, &person, Wish::Deactivate)?;
    effects::take(work, &mut person, row.seq, Taken::Deactivate)
}

fn remove(work: &mut Work, row: &DirectoryUser) -> Result<()> {
    let Some(id) = row.person_id else {
        return Ok(());
    };
    let mut person: Person = store::people::get(work.act.w, id)?;
    if !guard::is_in_reach(work.act, work.connection(), Some(row.seq), &person)? {
        reach::need(work, &person, Wish::Delete)?;
    }
    match hands::keeper(work.act.w, work.connection().id, id)? {
        Some(keeper) => {
            hands::tell(work, &person, &keeper);
            Ok(())
        }
        None => effects::take(work, &mut person, row.seq, Taken::Delete),
    }
}
