//! A person who was here before a review becomes what they were, field by field.

use serde_json::json;

use crate::error::{Error, Escalation, Result};
use crate::flows::reconcile::kept::{Kept, Snapshot};
use crate::flows::{Act, administer, assign, escalation};
use crate::model::profile::Profile;
use crate::model::{AccessGroup, Action, Email, Person, PersonId, PersonState};
use crate::store;

/// Somebody who was here before becomes what they were.
pub(super) fn restore(act: &Act, id: PersonId, kept: &Kept, left: &mut Vec<String>) -> Result<()> {
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
        access_group(act, &mut person, known, left)?;
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
        if on && person.last_sign_in_at.is_none() && store::invitations::find(act.w, id)?.is_some() {
            left.push(format!(
                "The invitation of {} ended with the deactivation, and stays so. Send it again.",
                person.display_name()
            ));
        }
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

/// The group of before may give another role by now.
fn access_group(
    act: &Act,
    person: &mut Person,
    was: Option<AccessGroup>,
    left: &mut Vec<String>,
) -> Result<()> {
    let Some(group) = was else {
        person.access_group_id = None;
        return Ok(());
    };
    let role = store::roles::get(act.w, &group.role)?;
    if act.role.may_manage(&role) {
        person.access_group_id = Some(group.id);
    } else {
        let tried = Escalation {
            what: format!("the role {}", role.name),
            way: "review",
            on: Some(administer::subject(person)),
        };
        escalation::note(act, &tried)?;
        left.push(format!(
            "{} did not come back into {}: it gives the role {}, which yours may not give.",
            person.display_name(),
            group.name,
            role.name
        ));
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
