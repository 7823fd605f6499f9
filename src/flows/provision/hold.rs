//! Held: the mirror takes what the identity provider writes, and nobody changes until an admin applies it.
//!
//! A user that says something else than what last reached people waits, with what it said then: several requests come
//! to one line of the plan, and what was taken back in between to none. [`apply`] does for it later what a request of an
//! automatic connection does at once, by the same functions.

use super::reading::Checked;
use super::work::Work;
use super::{mapped, users::removed_person};
use crate::error::Result;
use crate::flows::Act;
use crate::model::mapping::Occasion;
use crate::model::provisioning::Sync;
use crate::model::{Before, Connection, DirectoryUser, Waiting};
use crate::scim::ScimProblem;
use crate::scim::document::{UserFacts, user_facts};
use crate::store;
use crate::store::directory::users;

mod apply;

pub use apply::{Applied, apply};

const NOTE: &str =
    "This integration is held: nobody was changed. An admin of Doorward decides about it on the review page.";

/// Does what this work writes wait? Not what an admin applies.
pub fn is_on(work: &Work) -> bool {
    work.settings().sync == Sync::Held && work.approved.is_none()
}

/// Has the identity provider written this user, whether or not that reached the person?
pub fn is_written(work: &Work, row: &DirectoryUser) -> Result<bool> {
    Ok(row.claimed || store::waiting::is_waiting(work.act.w, row.seq)?)
}

fn fresh(connection: &Connection, user: i64, was: Option<&DirectoryUser>) -> Waiting {
    Waiting {
        user_seq: user,
        connection_id: connection.id,
        was: was.map(Before::of),
        is_written: false,
        email_key: None,
        again: None,
        chosen: None,
        is_new: false,
        superseded_by: None,
        left_out: false,
        refusal: None,
        reference: String::new(),
        at: crate::model::Timestamp(0),
    }
}

/// The newest request wrote it: what an admin left out, or could not apply, is news again.
fn renew(work: &Work, waiting: &mut Waiting, checked: Option<&Checked>) {
    waiting.reference = work.reference.to_owned();
    waiting.at = work.act.now;
    waiting.left_out = false;
    waiting.refusal = None;
    if let Some(checked) = checked {
        waiting.is_written = true;
        waiting.email_key = checked.email.as_ref().map(|email| email.key());
    }
}

/// A new user. Whom the connection had removed under the same name is whom it would be; a removal that still waits
/// gives way to it.
pub fn added(work: &mut Work, row: &DirectoryUser, facts: &UserFacts, checked: &Checked) -> Result<()> {
    let mut waiting = fresh(work.connection(), row.seq, None);
    if let Some(person) = removed_person(work, facts)? {
        waiting.again = Some(person);
        if let Some(mut older) = store::waiting::find_removal(work.act.w, work.connection().id, person)? {
            older.superseded_by = Some(row.seq);
            store::waiting::put(work.act.w, &older)?;
        }
    }
    renew(work, &mut waiting, Some(checked));
    store::waiting::put(work.act.w, &waiting)?;
    work.note(NOTE);
    Ok(())
}

/// A user was written. `before` is the row as it was until this request.
pub fn changed(
    work: &mut Work,
    before: &DirectoryUser,
    row: &DirectoryUser,
    checked: &Checked,
    waiting: Option<Waiting>,
) -> Result<()> {
    let mut waiting = waiting.unwrap_or_else(|| fresh(work.connection(), row.seq, Some(before)));
    renew(work, &mut waiting, Some(checked));
    if is_settled(work, &waiting, row, checked)? {
        return store::waiting::delete_line(work.act.w, row.seq);
    }
    store::waiting::put(work.act.w, &waiting)?;
    work.note(NOTE);
    Ok(())
}

/// A user was removed. Who came and went while it was held leaves nothing to decide.
pub fn removed(work: &mut Work, before: &DirectoryUser) -> Result<()> {
    let waiting = store::waiting::find(work.act.w, before.seq)?;
    if before.person_id.is_none() {
        if let Some(again) = waiting.and_then(|waiting| waiting.again) {
            // Should they come once more, this tells who they are.
            let gone = DirectoryUser {
                person_id: Some(again),
                claimed: true,
                ..before.clone()
            };
            users::tie(work.act.w, &gone)?;
        }
        store::waiting::release(work.act.w, before.seq, false)?;
        return store::waiting::delete(work.act.w, before.seq);
    }
    let mut waiting = waiting.unwrap_or_else(|| fresh(work.connection(), before.seq, Some(before)));
    waiting.is_written = true;
    renew(work, &mut waiting, None);
    store::waiting::put(work.act.w, &waiting)?;
    work.note(NOTE);
    Ok(())
}

/// A membership changed from `was` to `is`. Of a user who is nobody yet, all memberships wait with the user itself.
pub fn moved(work: &mut Work, group: i64, user: i64, was: bool, is: bool) -> Result<()> {
    let w = work.act.w;
    if users::find_person(w, user)?.is_none() {
        return Ok(());
    }
    store::waiting::move_member(w, group, user, was, is)?;
    if store::feeds::is_fed(w, group)? {
        touched(work, user)?;
    }
    Ok(())
}

/// What the user's groups feed changed.
fn touched(work: &mut Work, user: i64) -> Result<()> {
    let w = work.act.w;
    let Some(row) = users::find_by_seq(w, user)? else {
        return Ok(());
    };
    let known = store::waiting::find(w, user)?;
    let mut waiting = known.unwrap_or_else(|| fresh(work.connection(), user, Some(&row)));
    renew(work, &mut waiting, None);
    let facts = user_facts(&row.document);
    let checked =
        mapped::check(work.connection(), &row.document, &facts, &mut Vec::new()).unwrap_or_default();
    if is_settled(work, &waiting, &row, &checked)? {
        return store::waiting::delete_line(w, user);
    }
    store::waiting::put(w, &waiting)
}

/// Would applying it change nothing?
fn is_settled(work: &Work, waiting: &Waiting, row: &DirectoryUser, checked: &Checked) -> Result<bool> {
    let w = work.act.w;
    if row.deleted_at.is_some() || store::waiting::has_fed_member(w, row.seq)? {
        return Ok(false);
    }
    if !waiting.is_written {
        return Ok(true);
    }
    let Some(was) = waiting.was.as_ref().filter(|was| was.claimed) else {
        return Ok(false);
    };
    if was.is_same(row) {
        return Ok(true);
    }
    if was.active != row.active || was.user_name.to_lowercase() != row.user_name.to_lowercase() {
        return Ok(false);
    }
    let Some(id) = row.person_id else {
        return Ok(checked.email.is_none());
    };
    let mapping = &work.connection().mapping;
    if mapping.goes_further() {
        return Ok(false);
    }
    let person = store::people::get(w, id)?;
    let outcome = mapped::outcome(work.connection(), &row.document, checked, Occasion::Update);
    let differs = |field: &str, own: &str| outcome.value(field).is_some_and(|value| value != own);
    let other_address =
        mapping.overwrites("email") && checked.email.as_ref().is_some_and(|email| *email != person.email);
    Ok(!(differs("given_name", &person.given_name)
        || differs("family_name", &person.family_name)
        || other_address))
}

/// A group that feeds from now on: whoever came into it or left it while it fed nothing has something waiting now.
pub fn feeds(act: &Act, connection: &Connection, group: i64) -> Result<()> {
    for user in store::waiting::list_moved(act.w, group)? {
        let Some(row) = users::find_by_seq(act.w, user)? else {
            continue;
        };
        let mut waiting = fresh(connection, user, Some(&row));
        waiting.at = act.now;
        store::waiting::put(act.w, &waiting)?;
    }
    Ok(())
}

/// The mapping reads another address: whom an equal one proposes may be somebody else by now.
pub fn readdress(act: &Act, connection: &Connection) -> Result<()> {
    for mut waiting in store::waiting::list_all(act.w, connection.id)? {
        let Some(row) = users::find_by_seq(act.w, waiting.user_seq)?.filter(|_| waiting.is_written) else {
            continue;
        };
        let key = mapped::address(connection, &row.document).map(|email| email.key());
        if key != waiting.email_key {
            waiting.email_key = key;
            store::waiting::put(act.w, &waiting)?;
        }
    }
    Ok(())
}

/// 409 when another user of the mirror has this address, or will have it: what an automatic connection answers, where
/// the people that it asks are not made yet.
pub fn need_free_address(work: &Work, own: Option<&DirectoryUser>, checked: &Checked) -> Result<()> {
    let (w, connection) = (work.act.w, work.connection());
    let Some(email) = &checked.email else {
        return Ok(());
    };
    let overwrites = connection.mapping.overwrites("email");
    if let Some(id) = own.and_then(|row| row.person_id) {
        let stays = !work.settings().update || !overwrites;
        if stays || store::people::get(w, id)?.email.key() == email.key() {
            return Ok(());
        }
    }
    let is_other = |row: &DirectoryUser| own.is_none_or(|own| own.seq != row.seq);
    let says_so = |row: &DirectoryUser| {
        mapped::address(connection, &row.document).is_some_and(|address| address.key() == email.key())
    };
    let mut others = users::list_by_email(w, connection.id, &email.key())?;
    others.retain(|row| is_other(row) && says_so(row));
    if let Some(person) = store::people::find_by_email(w, &email.key())?
        && let Some(row) = users::find_of_person(w, connection.id, person.id)?.filter(is_other)
    {
        let leaves = overwrites && !says_so(&row) && store::waiting::is_waiting(w, row.seq)?;
        if !leaves {
            others.push(row);
        }
    }
    match others.first() {
        None => Ok(()),
        Some(other) => {
            let detail = format!("Another user here has the e-mail address {email} already.");
            Err(ScimProblem::taken(detail, Some(other.id)).into())
        }
    }
}
