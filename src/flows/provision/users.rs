//! Users: create, replace, patch, delete (RFC 7644 §3.3 to §3.6).

use serde_json::{Map, Value, json};

use super::effects::Tied;
use super::guard::What;
use super::reach::{self, Wish};
use super::reading::{self, Checked};
use super::work::Work;
use super::{Answer, Request, effects, hands, hold, mapped, mirror, of_user, present};
use crate::error::Result;
use crate::model::filter::fold;
use crate::model::time::MINUTE;
use crate::model::{Action, DirectoryUser, PersonId, ResourceKind, ScimId, Waiting};
use crate::scim::document::{MemberRef, UserFacts, user_facts};
use crate::scim::{ScimProblem, patch};
use crate::store;
use crate::store::directory::users;

/// POST: a new user, or one that was inactive or removed and comes back.
pub fn create(work: &mut Work, request: &Request) -> Result<Answer> {
    let new = request.new_user()?;
    let (document, groups) = (&new.body.document, &new.body.groups);
    work.understood = Value::Object(document.clone());
    work.notes.extend(new.body.notes.iter().cloned());
    if let Some(row) = in_the_way(work, &new.facts, None)? {
        // Only who is gone may come back by POST; the same user twice is an error.
        if !(!row.active && new.facts.active && hold::is_written(work, &row)?) {
            return Err(taken(&row, &new.facts).into());
        }
        work.note("The user was here and inactive: it was brought back instead of added.");
        let row = put(work, row, document.clone(), groups.clone(), None)?;
        return answer(work, request, &row, 201);
    }
    let (checked, notes) = new.checked.as_ref().map_err(Clone::clone)?;
    work.notes.extend(notes.iter().cloned());
    let checked = &*mapped::readdressed(work.connection(), document, checked);
    reading::need(work.settings(), checked, None)?;
    let mut row = mirror::fresh_user_of(work.act, work.connection().id, new);
    row.claimed = true;
    let tied = if hold::is_on(work) {
        hold::need_free_address(work, None, checked)?;
        None
    } else {
        row.person_id = removed_person(work, &new.facts)?;
        Some(effects::tie(work, None, &mut row, checked)?)
    };
    mirror::insert_new_user(work.act, &mut row, new)?;
    let after = json!({ "active": row.active, "person": row.person_id });
    mirror::user_event(
        work.act,
        Action::DirectoryUserAdded,
        &row,
        Value::Null,
        after,
        work.reference,
    )?;
    match tied {
        Some(tied) => effects::follow(work, None, &row, checked, tied, true)?,
        None => hold::added(work, &row, &new.facts, checked)?,
    }
    let may_have_groups = groups.is_some() && work.settings().groups_in_users;
    memberships(work, &mut row, groups.clone())?;
    if may_have_groups {
        return answer(work, request, &row, 201);
    }
    let projection = request.projection(ResourceKind::User)?;
    let body = present::user_without_groups(work.base, &row, &projection);
    Ok(answered(work, body, &row, 201))
}

/// PUT: the whole user. What the body does not say of `active` stays.
pub fn replace(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let row = get(work, id)?;
    request.need_version(row.version)?;
    let mut body = request.user()?;
    if !body.says_active {
        body.document.insert("active".to_owned(), Value::Bool(row.active));
    }
    work.understood = Value::Object(body.document.clone());
    work.notes.extend(body.notes);
    let row = put(work, row, body.document, body.groups, None)?;
    answer(work, request, &row, 200)
}

/// PATCH: all operations or none.
pub fn patch(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let row = get(work, id)?;
    request.need_version(row.version)?;
    let patch = match work.settings().groups_in_users {
        true => patch::user_in_groups(id, &row.document, request.json()?)?,
        false => patch::user(id, &row.document, request.json()?)?,
    };
    let groups = of_user::after(work, &row, &patch.groups)?;
    work.understood = patch.understood;
    work.notes.extend(patch.notes);
    let facts = user_facts(&row.document);
    let before = mapped::check(work.connection(), &row.document, &facts, &mut Vec::new()).unwrap_or_default();
    let mut document = patch.document;
    if !patch.removes_active {
        // Unset is no word about the state: whoever reads it is told what holds, and what filters go by.
        document.entry("active").or_insert(Value::Bool(row.active));
    }
    let row = put(work, row, document, groups, Some(&before))?;
    answer(work, request, &row, 200)
}

/// Who is deleted so soon after they were added was there for a trial.
const TRIED: i64 = 10 * MINUTE;

/// DELETE: gone from this connection's sight, and the person deactivated.
pub fn delete(work: &mut Work, request: &Request, id: &str) -> Result<Answer> {
    let mut row = get(work, id)?;
    request.need_version(row.version)?;
    if hold::is_on(work) {
        remove(work, &mut row)?;
        return Ok(gone());
    }
    let person = match row.person_id {
        Some(id) => store::people::find(work.act.w, id)?,
        None => None,
    };
    if let Some(person) = &person {
        reach::need(work, person, Wish::Delete)?;
    }
    // Whom another connection keeps is only gone from this one's sight.
    let keeper = match &person {
        Some(person) => hands::keeper(work.act.w, work.connection().id, person.id)?,
        None => None,
    };
    remove(work, &mut row)?;
    store::waiting::delete(work.act.w, row.seq)?;
    match (person, keeper) {
        (Some(person), Some(keeper)) => hands::tell(work, &person, &keeper),
        (Some(mut person), None) => {
            if row.created_here
                && work.act.now.since(row.created_at) < TRIED
                && person.last_sign_in_at.is_none()
            {
                work.note(
                    "The user was added only minutes ago and nobody has signed in as them: identity providers try a \
                     new integration like that, and this trial passed. The person stays in the list, deactivated.",
                );
            }
            effects::take(work, &mut person, row.seq, What::Delete)?;
        }
        (None, _) => {}
    }
    Ok(gone())
}

fn gone() -> Answer {
    Answer {
        status: 204,
        ..Answer::default()
    }
}

/// Takes a user out of the mirror.
fn remove(work: &mut Work, row: &mut DirectoryUser) -> Result<()> {
    let before = row.clone();
    if !row.claimed {
        row.claimed = true;
        mirror::update_user(work.act, row)?;
    }
    mirror::touch_groups_of(work.act, row.seq)?;
    users::remove(work.act.w, row.seq, work.act.now)?;
    work.unsettled.users.push(row.seq);
    let was = json!({ "active": row.active, "person": row.person_id });
    let action = Action::DirectoryUserRemoved;
    mirror::user_event(work.act, action, row, was, Value::Null, work.reference)?;
    if hold::is_on(work) {
        hold::removed(work, &before)?;
    }
    Ok(())
}

/// Writes a user's new document, where it says anything new.
fn put(
    work: &mut Work,
    before: DirectoryUser,
    document: Map<String, Value>,
    groups: Option<Vec<MemberRef>>,
    patched: Option<&Checked>,
) -> Result<DirectoryUser> {
    let facts = user_facts(&document);
    let mut notes = Vec::new();
    let checked = mapped::check(work.connection(), &document, &facts, &mut notes)?;
    if let Some(other) = in_the_way(work, &facts, Some(&before))? {
        return Err(taken(&other, &facts).into());
    }
    let waiting = store::waiting::find(work.act.w, before.seq)?;
    let is_held = hold::is_on(work);
    let rewritten = document != before.document || !(before.claimed || waiting.is_some());
    let mut row = before.clone();
    if rewritten {
        mirror::fill(&mut row, document);
        // A person of ours who was only shown stays in nobody's hands until an admin applies it.
        row.claimed = before.claimed || !is_held;
        work.notes.extend(notes);
    }
    if row.active {
        // Whoever leaves may leave incomplete.
        reading::need(work.settings(), &checked, patched)?;
    }
    // A repetition changes nothing, and is not refused for what stood before it.
    let base = base(work, &before, &mut row, waiting.as_ref())?;
    let tied = match row.person_id {
        _ if is_held && !rewritten => None,
        _ if is_held => {
            hold::need_free_address(work, Some(&before), &checked)?;
            None
        }
        Some(id) if !rewritten => Some(Tied::Same(store::people::get(work.act.w, id)?)),
        _ => Some(effects::tie(work, base.as_ref(), &mut row, &checked)?),
    };
    if row.person_id != before.person_id {
        work.unsettled.people.extend(before.person_id);
        work.unsettled.users.push(row.seq);
    }
    if row != before {
        mirror::update_user(work.act, &mut row)?;
        let (was, is) = mirror::changed(&before.document, &row.document);
        mirror::user_event(
            work.act,
            Action::DirectoryUserChanged,
            &row,
            was,
            is,
            work.reference,
        )?;
        if before.document.get("displayName") != row.document.get("displayName") {
            mirror::touch_groups_of(work.act, row.seq)?;
        }
    }
    match tied {
        None if rewritten => hold::changed(work, &before, &row, &checked, waiting)?,
        None => {}
        Some(tied) => {
            if rewritten && waiting.is_some() {
                store::waiting::delete(work.act.w, row.seq)?;
                work.unsettled.users.push(row.seq);
            }
            effects::follow(work, base.as_ref(), &row, &checked, tied, rewritten)?;
        }
    }
    memberships(work, &mut row, groups)?;
    Ok(row)
}

/// The row as it last reached people: what waits since a hold is made up for by the first request after it. What an
/// admin chose meanwhile and did not apply is not done.
fn base(
    work: &Work,
    before: &DirectoryUser,
    row: &mut DirectoryUser,
    waiting: Option<&Waiting>,
) -> Result<Option<DirectoryUser>> {
    let Some(waiting) = waiting.filter(|waiting| waiting.is_written && !hold::is_on(work)) else {
        return Ok(Some(before.clone()));
    };
    if let (None, Some(again)) = (row.person_id, waiting.again) {
        let is_free = users::find_of_person(work.act.w, work.connection().id, again)?.is_none();
        row.person_id = is_free.then_some(again);
    }
    Ok(waiting.was.as_ref().map(|was| was.put_into(before)))
}

/// The `groups` of a body: the truth where the connection says so, else only read back.
fn memberships(work: &mut Work, row: &mut DirectoryUser, groups: Option<Vec<MemberRef>>) -> Result<()> {
    match groups {
        Some(groups) if work.settings().groups_in_users => {
            of_user::set(work, row, &groups)?;
            let now = users::find_by_seq(work.act.w, row.seq)?;
            row.version = now.map_or(row.version, |now| now.version);
            Ok(())
        }
        Some(groups) if !groups.is_empty() => {
            work.note("The user's groups were ignored: memberships are changed on the group, unless the integration says otherwise.");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The person whom this connection had as a user of this name or externalId, and removed; [`effects::tie`] looks for
/// the address. A name alone may have gone to somebody else: who has another externalId and another address too is
/// another person.
pub fn removed_person(work: &Work, facts: &UserFacts) -> Result<Option<PersonId>> {
    let (connection, key) = (work.connection().id, fold(&facts.user_name));
    let removed = users::find_removed(work.act.w, connection, &key, facts.external_id.as_deref())?;
    let is_same = |row: &DirectoryUser| {
        let other_id =
            row.external_id.is_some() && facts.external_id.is_some() && row.external_id != facts.external_id;
        let was = user_facts(&row.document).email.map(|email| fold(&email));
        row.claimed && !(other_id && was != facts.email.as_deref().map(fold))
    };
    let Some(id) = removed.filter(is_same).and_then(|row| row.person_id) else {
        return Ok(None);
    };
    // They may be here again already, under another name, or wait to be.
    let is_here = users::find_of_person(work.act.w, connection, id)?.is_some()
        || store::waiting::is_awaited(work.act.w, connection, id)?;
    Ok((!is_here).then_some(id))
}

/// Another live user with this name or externalId.
fn in_the_way(
    work: &Work,
    facts: &UserFacts,
    except: Option<&DirectoryUser>,
) -> Result<Option<DirectoryUser>> {
    let connection = work.connection().id;
    let other = |row: &DirectoryUser| except.is_none_or(|own| own.seq != row.seq);
    let named = users::find_by_name(work.act.w, connection, &fold(&facts.user_name))?.filter(other);
    let external = match &facts.external_id {
        Some(external) => users::find_by_external_id(work.act.w, connection, external)?.filter(other),
        None => None,
    };
    match (named, external) {
        // Two users stand in the way: neither can be the one that is meant.
        (Some(named), Some(external)) if named.seq != external.seq => Err(taken(&named, facts).into()),
        (named, external) => Ok(named.or(external)),
    }
}

fn taken(row: &DirectoryUser, facts: &UserFacts) -> ScimProblem {
    let what = if fold(&row.user_name) == fold(&facts.user_name) {
        format!("A user with the userName \"{}\" exists already.", row.user_name)
    } else {
        "A user with this externalId exists already.".to_owned()
    };
    let state = if row.active { "" } else { " It is inactive." };
    ScimProblem::taken(format!("{what}{state}"), Some(row.id))
}

fn get(work: &Work, id: &str) -> Result<DirectoryUser> {
    let found = match ScimId::parse(id) {
        Some(id) => users::find(work.act.w, work.connection().id, id)?,
        None => None,
    };
    found.ok_or_else(|| ScimProblem::not_found("user", id).into())
}

fn answer(work: &Work, request: &Request, row: &DirectoryUser, status: u16) -> Result<Answer> {
    let projection = request.projection(ResourceKind::User)?;
    let body = present::user(work.act.w, work.base, row, &projection)?;
    Ok(answered(work, body, row, status))
}

fn answered(work: &Work, body: Value, row: &DirectoryUser, status: u16) -> Answer {
    let location = present::location(work.base, ResourceKind::User, row.id);
    present::answer(status, body, row.version, location)
}
