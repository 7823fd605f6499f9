//! Taking back what was applied, for a day: people become what they were, and what was applied waits again.
//!
//! Field by field: what somebody changed since is left alone, and said.

use serde_json::{Value, json};

use super::kept::{Kept, Snapshot};
use super::{decided, event};
use crate::error::{Error, Result};
use crate::flows::connect::{self, ConnectionFields, ScimFields};
use crate::flows::{Act, administer, assign};
use crate::model::profile::Profile;
use crate::model::provisioning::Sync;
use crate::model::time::DAY;
use crate::model::{
    Action, Connection, Email, Person, PersonId, PersonState, RemovalState, Review, ReviewId, Timestamp,
};
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

/// Takes the review back. The connection is held from then on: else the next request of its identity provider would do
/// again what was just undone.
pub fn run(act: &Act, slug: &str, id: ReviewId) -> Result<Undone> {
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
        person(act, id, kept, &mut left)?;
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
        return Ok(());
    }
    let mut waiting = kept.waiting.clone();
    if let Some(newer) = store::waiting::find(act.w, row.seq)? {
        waiting.is_written |= newer.is_written;
        waiting.email_key = newer.email_key;
        waiting.reference = newer.reference;
        waiting.at = newer.at;
    }
    waiting.superseded_by = None;
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

/// Somebody who was here before becomes what they were.
fn person(act: &Act, id: PersonId, kept: &Kept, left: &mut Vec<String>) -> Result<()> {
    let (Some(was), Some(is), Some(now)) = (&kept.was, &kept.is, Snapshot::of(act, id)?) else {
        return Ok(());
    };
    let before = store::people::get(act.w, id)?;
    let mut person = before.clone();
    let mut back = |what: &str, was: &str, is: &str, now: &str| {
        if was == is {
            return false;
        }
        if now != is {
            left.push(format!(
                "{what} of {} was changed since, and stays \"{now}\".",
                before.display_name()
            ));
        }
        now == is
    };
    if back("The given name", &was.given_name, &is.given_name, &now.given_name) {
        person.given_name.clone_from(&was.given_name);
    }
    if back(
        "The family name",
        &was.family_name,
        &is.family_name,
        &now.family_name,
    ) {
        person.family_name.clone_from(&was.family_name);
    }
    let other_address = back("The e-mail address", &was.email, &is.email, &now.email);
    let other_role = back("The role", &was.own_role, &is.own_role, &now.own_role);
    let text = |id: &Option<String>| id.clone().unwrap_or_default();
    let team = |of: &Snapshot| of.team.map(|id| id.to_string());
    let group = |of: &Snapshot| of.access_group.map(|id| id.to_string());
    let other_team = back(
        "The team",
        &text(&team(was)),
        &text(&team(is)),
        &text(&team(&now)),
    );
    let other_group = back(
        "The access group",
        &text(&group(was)),
        &text(&group(is)),
        &text(&group(&now)),
    );
    let other_state = back("The state", was.state.key(), is.state.key(), now.state.key());
    if other_address {
        address(act, &mut person, was, left)?;
    }
    if other_role {
        role(act, &mut person, was, left)?;
    }
    if other_team {
        let is_there = was.team.map_or(Ok(true), |id| {
            Ok::<_, Error>(store::teams::find(act.w, id)?.is_some())
        })?;
        person.team_id = if is_there { was.team } else { None };
    }
    if other_group {
        let known = was
            .access_group
            .map(|id| store::access_groups::find(act.w, id))
            .transpose()?
            .flatten();
        person.access_group_id = known.map(|group| group.id);
    }
    profile(act, &mut person, [was, is, &now], left)?;
    person.role = assign::effective(act, &person)?;
    let unchanged = Person {
        version: before.version,
        ..person.clone()
    } == before;
    if !unchanged {
        let mut before = before.clone();
        before.version = person.version;
        assign::before_another_role(act, &before, &person)?;
        administer::put(act, &before, &mut person, Some(&kept.waiting.reference))?;
        assign::after_another_role(act, &before, &person)?;
    }
    if now.why == is.why && was.why != is.why {
        store::people::put_why(act.w, id, &was.why)?;
    }
    if other_state && !person.role.owns() {
        let on = was.state == PersonState::Active;
        administer::turn(act, &mut person, on, Some(&kept.waiting.reference))?;
    }
    Ok(())
}

fn address(act: &Act, person: &mut Person, was: &Snapshot, left: &mut Vec<String>) -> Result<()> {
    let Ok(email) = Email::parse(&was.email) else {
        return Ok(());
    };
    let other = store::people::find_by_email(act.w, &email.key())?;
    if other.is_some_and(|other| other.id != person.id) {
        left.push(format!(
            "{} stays {}: the address of before is somebody else's by now.",
            person.display_name(),
            person.email
        ));
    } else {
        person.email = email;
    }
    Ok(())
}

/// Nobody gives by an undo what they could not give otherwise.
fn role(act: &Act, person: &mut Person, was: &Snapshot, left: &mut Vec<String>) -> Result<()> {
    match store::roles::find(act.w, &was.own_role)? {
        Some(role) if act.role.may_manage(&role) => person.own_role = role.key,
        Some(role) => left.push(format!(
            "{} did not get the role {} back: yours may not give it.",
            person.display_name(),
            role.name
        )),
        None => left.push(format!(
            "{} keeps the role: that of before is gone.",
            person.display_name()
        )),
    }
    Ok(())
}

fn profile(act: &Act, person: &mut Person, sides: [&Snapshot; 3], left: &mut Vec<String>) -> Result<()> {
    let [was, is, now] = sides;
    let mut fields = now.fields.clone();
    let mut sources = now.sources.clone();
    let mut names: Vec<&String> = was.fields.keys().chain(is.fields.keys()).collect();
    names.sort();
    names.dedup();
    for name in names
        .into_iter()
        .filter(|name| was.fields.get(*name) != is.fields.get(*name))
    {
        if now.fields.get(name) != is.fields.get(name) {
            left.push(format!(
                "{name} of {} was changed since, and stays.",
                person.display_name()
            ));
            continue;
        }
        match was.fields.get(name) {
            Some(value) => drop(fields.insert(name.clone(), value.clone())),
            None => drop(fields.remove(name)),
        }
    }
    for (name, source) in &is.sources {
        if now.sources.get(name) == Some(source) && was.sources.get(name) != Some(source) {
            match was.sources.get(name) {
                Some(old) => drop(sources.insert(name.clone(), old.clone())),
                None => drop(sources.remove(name)),
            }
        }
    }
    if fields == now.fields && sources == now.sources {
        return Ok(());
    }
    let (before, after) = administer::difference(&json!(now.fields), &json!(fields));
    let is_news = fields != now.fields;
    store::profiles::put(act.w, person.id, &Profile { fields, sources })?;
    if is_news {
        act.event(Action::PersonChanged, administer::subject(person), before, after)?;
    }
    Ok(())
}
