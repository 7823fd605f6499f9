//! What somebody is here (role, team, access group), and why: one way in for a form, a mapping and a pushed group.
//!
//! A person has a role of their own. While they are in an access group, its role counts in place of it; whoever owns
//! the organization keeps that, whatever group they are in. Every change leaves its reason, so that "why this role?"
//! has an answer: by which rule, which request, when and by whom.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Escalation, Result};
use crate::model::{AccessGroup, ConnectionId, Permission, Person, PersonId, Role, Team, Timestamp};
use crate::store;

use super::provision::effects::is_out_of_reach;
use super::{Act, administer, enforce, escalation};

/// On whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Somebody who may manage people, or a command on the server.
    Hand,
    /// An attribute that an identity provider sent.
    Mapping,
    /// A group that an identity provider pushed.
    Group,
    /// Nothing better was known.
    Default,
}

/// Why somebody has what they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub how: How,
    /// The connection whose word it was.
    #[serde(default)]
    pub connection: Option<ConnectionId>,
    /// In words: `userType is "Manager"`.
    #[serde(default)]
    pub rule: String,
    /// Of the request or sign-in.
    #[serde(default)]
    pub reference: Option<String>,
    #[serde(default = "epoch")]
    pub at: Timestamp,
    #[serde(default)]
    pub by: String,
    /// An owner allowed, by name, that this rule makes owners. Never read from outside.
    #[serde(skip)]
    pub may_give_ownership: bool,
}

fn epoch() -> Timestamp {
    Timestamp(0)
}

impl Reason {
    /// By hand, now.
    pub fn by_hand(act: &Act) -> Self {
        Self::new(act, How::Hand, "")
    }

    pub fn new(act: &Act, how: How, rule: impl Into<String>) -> Self {
        Self {
            how,
            connection: None,
            rule: rule.into(),
            reference: None,
            at: act.now,
            by: act.actor.label(),
            may_give_ownership: false,
        }
    }

    /// On the word of this connection's identity provider.
    #[must_use]
    pub fn of(mut self, connection: ConnectionId, reference: &str) -> Self {
        self.connection = Some(connection);
        self.reference = Some(reference.to_owned());
        self
    }
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    Unchanged,
    Changed,
    /// Nothing was changed, and why.
    Kept(String),
}

/// Gives somebody another role of their own.
pub fn role(act: &Act, person: &mut Person, role: &Role, reason: Reason) -> Result<Done> {
    if person.own_role == role.key {
        return Ok(Done::Unchanged);
    }
    let as_they_came = without_mapped_role(act, person, &reason)?;
    if let Some(why) = refusal(act, &as_they_came, Some(role), &reason)? {
        return Ok(Done::Kept(why));
    }
    let was = person.clone();
    person.own_role.clone_from(&role.key);
    person.role = effective(act, person)?;
    finish(act, &was, person, "role", reason)
}

/// Puts somebody into a team, or into none.
pub fn team(act: &Act, person: &mut Person, team: Option<&Team>, reason: Reason) -> Result<Done> {
    if person.team_id == team.map(|team| team.id) {
        return Ok(Done::Unchanged);
    }
    if let Some(why) = refusal(act, person, None, &reason)? {
        return Ok(Done::Kept(why));
    }
    let was = person.clone();
    person.team_id = team.map(|team| team.id);
    finish(act, &was, person, "team", reason)
}

/// Puts somebody into an access group, or into none; its role counts from then on.
pub fn access_group(
    act: &Act,
    person: &mut Person,
    group: Option<&AccessGroup>,
    reason: Reason,
) -> Result<Done> {
    if person.access_group_id == group.map(|group| group.id) {
        return Ok(Done::Unchanged);
    }
    let role = match group {
        Some(group) => store::roles::get(act.w, &group.role)?,
        None => store::roles::get(act.w, &person.own_role)?,
    };
    // What an identity provider gave by a group it may take back, also when the role that came with it would put the
    // person out of its reach. Owners stay owners.
    let as_they_came = without_fed_group(act, person, &reason)?;
    if let Some(why) = refusal(act, &as_they_came, Some(&role), &reason)? {
        return Ok(Done::Kept(why));
    }
    let was = person.clone();
    person.access_group_id = group.map(|group| group.id);
    person.role = effective(act, person)?;
    finish(act, &was, person, "access_group", reason)
}

/// The person with their own role, where another one counts only because of a group that an identity provider pushed.
fn without_fed_group(act: &Act, person: &Person, reason: &Reason) -> Result<Person> {
    if reason.connection.is_none() || person.access_group_id.is_none() || person.role.owns() {
        return Ok(person.clone());
    }
    let reasons = reasons(act.w, person.id)?;
    if reasons
        .get("access_group")
        .is_none_or(|reason| reason.how != How::Group)
    {
        return Ok(person.clone());
    }
    Ok(Person {
        role: store::roles::get(act.w, &person.own_role)?,
        ..person.clone()
    })
}

/// The person with the lowest role, where the one that they have is this connection's own doing: what an identity
/// provider gave it may take back, also when the role opens settings and would put the person out of its reach.
fn without_mapped_role(act: &Act, person: &Person, reason: &Reason) -> Result<Person> {
    if reason.connection.is_none() || person.access_group_id.is_some() || person.role.owns() {
        return Ok(person.clone());
    }
    let reasons = reasons(act.w, person.id)?;
    let given = reasons.get("role");
    if given.is_none_or(|given| given.how != How::Mapping || given.connection != reason.connection) {
        return Ok(person.clone());
    }
    Ok(Person {
        role: store::roles::lowest(act.w)?,
        ..person.clone()
    })
}

/// The access group that somebody is in has another role by now.
pub(super) fn follow_access_group(act: &Act, person: &mut Person) -> Result<()> {
    let was = person.clone();
    person.role = effective(act, person)?;
    if person.role.key == was.role.key {
        return Ok(());
    }
    before_another_role(act, &was, person)?;
    administer::put(act, &was, person, None)?;
    after_another_role(act, &was, person)
}

/// The role that counts, from what the person is now.
pub fn effective(act: &Act, person: &Person) -> Result<Role> {
    let own = store::roles::get(act.w, &person.own_role)?;
    match person.access_group_id {
        Some(group) if !own.owns() => {
            let group = store::access_groups::get(act.w, group)?;
            store::roles::get(act.w, &group.role)
        }
        _ => Ok(own),
    }
}

/// Writes down why, for somebody who was made a moment ago with what the reason explains. `part`: `role`, `team` or
/// `access_group`.
pub fn born(act: &Act, person: PersonId, part: &'static str, reason: &Reason) -> Result<()> {
    let reason = serde_json::to_string(reason).map_err(Error::internal)?;
    store::people::set_why(act.w, person, part, &reason)
}

/// Why this may not be: an error for a person who tries it, a remark for an identity provider.
fn refusal(act: &Act, person: &Person, role: Option<&Role>, reason: &Reason) -> Result<Option<String>> {
    let name = person.display_name();
    let Some(connection) = reason.connection else {
        act.need(Permission::ManagePeople)?;
        for role in std::iter::once(&person.role).chain(role) {
            administer::need_to_manage(act, role)
                .map_err(|error| error.by("person", || administer::subject(person)))?;
        }
        return Ok(None);
    };
    if is_out_of_reach(act.w, connection, person)? {
        return Ok(Some(format!(
            "{name} keeps what they have: it was given by hand, and no identity provider changes it."
        )));
    }
    if let Some(role) = role.filter(|role| role.owns() && !person.role.owns())
        && store::passphrases::find(act.w, person.id)?.is_some()
    {
        no_owner(act, role, person, "passphrase")?;
        return Ok(Some(format!(
            "{name} was not made {}: they have a passphrase here, which somebody may have set for them. An owner makes them \
             one by hand.",
            role.name
        )));
    }
    Ok(match role {
        Some(role) if role.owns() && !reason.may_give_ownership => {
            let way = if reason.how == How::Group {
                "group"
            } else {
                "mapping"
            };
            no_owner(act, role, person, way)?;
            Some(format!(
                "{name} was not made {}: an identity provider makes nobody an owner unless an owner allowed that rule by \
                 name.",
                role.name
            ))
        }
        _ => None,
    })
}

/// An identity provider's word would have made somebody an owner: leaves the event.
pub(super) fn no_owner(act: &Act, role: &Role, person: &Person, way: &'static str) -> Result<()> {
    let refused = Escalation {
        what: format!("the role {}", role.name),
        way,
        on: Some(administer::subject(person)),
    };
    escalation::note(act, &refused)
}

/// Writes what changed, with its reason, its event and what follows from another role.
fn finish(act: &Act, was: &Person, person: &mut Person, part: &'static str, reason: Reason) -> Result<Done> {
    let reference = reason.reference.clone();
    born(act, person.id, part, &reason)?;
    before_another_role(act, was, person)?;
    administer::put(act, was, person, reference.as_deref())?;
    after_another_role(act, was, person)?;
    Ok(Done::Changed)
}

/// The last owner stays one, and so does the last whom a break glass lets in.
pub(super) fn before_another_role(act: &Act, was: &Person, person: &Person) -> Result<()> {
    if was.role.owns() && !person.role.owns() {
        administer::need_another_owner(act, was, "demoted")?;
        enforce::need_another(act.w, was, "demoted")?;
    }
    if person.role.key != was.role.key {
        // A session keeps the limits of the role it began with: start it anew.
        store::sessions::delete_of_person(act.w, person.id)?;
    }
    Ok(())
}

pub(super) fn after_another_role(act: &Act, was: &Person, person: &Person) -> Result<()> {
    if was.role.owns() && !person.role.owns() {
        enforce::forget_break_glass(act, person)?;
    }
    Ok(())
}

/// The reasons of a person, by part; what was never given has none.
pub fn reasons(r: &store::Reader, person: PersonId) -> Result<std::collections::BTreeMap<String, Reason>> {
    let text = store::people::why(r, person)?;
    serde_json::from_str(&text).map_err(Error::internal)
}
