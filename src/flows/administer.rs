//! What an admin does to people and to the organization.
//!
//! Rules that hold whatever the door (page, `apply`): nobody gives, takes or touches what they do not have;
//! the last live owner can be neither removed, demoted nor deactivated; deactivation ends the person's
//! sessions in its own transaction.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Kind, Result};
use crate::model::person::checked_name;
use crate::model::{
    AccessRequestId, Action, Email, IdentityId, InvitationEnd, Permission, Person, PersonId, PersonState,
    Role, Subject,
};
use crate::store::{self, Reader, identities::LinkedHow};

use super::assign::{self, Reason};
use super::provision::project;
use super::sign_on::link;
use super::{Act, access_groups, credentials, enforce, invite, links, mapping, notices, teams};

mod organization;
mod told;

use told::facts;
pub use told::{difference, newcomer, subject};

pub use organization::{
    OrganizationFields, base_url, change_organization, organization_name, organization_subject,
};

/// A person as a form or a file describes them. Empty names are allowed; an address is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonFields {
    pub email: String,
    pub given_name: String,
    pub family_name: String,
    /// Key of a role: their own, which counts while they are in no access group.
    pub role: String,
    /// Id of a team, empty for none; `None` leaves it as it is.
    pub team: Option<String>,
    /// Id of an access group, [`access_groups::NONE`] or [`access_groups::AUTOMATIC`]; `None` leaves it as it is.
    pub access_group: Option<String>,
    /// Further fields; one that is not named stays.
    pub profile: BTreeMap<String, String>,
}

struct Checked {
    email: Email,
    given_name: String,
    family_name: String,
    role: Role,
}

/// Checks all fields at once, so that a form shows everything that is wrong with it.
fn check(r: &Reader, fields: &PersonFields) -> Result<Checked> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        })
    };
    let email = Email::parse(&fields.email)
        .map_err(|e| wrong("email", e.to_string()))
        .ok();
    let given_name = checked_name(&fields.given_name)
        .map_err(|e| wrong("given_name", e.to_owned()))
        .ok();
    let family_name = checked_name(&fields.family_name)
        .map_err(|e| wrong("family_name", e.to_owned()))
        .ok();
    let role = store::roles::find(r, &fields.role)?;
    if role.is_none() {
        let keys: Vec<String> = store::roles::list(r)?.into_iter().map(|role| role.key).collect();
        wrong(
            "role",
            format!("There is no such role. There are {}.", keys.join(", ")),
        );
    }
    match (email, given_name, family_name, role) {
        (Some(email), Some(given_name), Some(family_name), Some(role)) => Ok(Checked {
            email,
            given_name,
            family_name,
            role,
        }),
        _ => Err(Error::invalid_fields(problems)),
    }
}

/// Adds a person. They sign in as soon as an identity provider vouches for their address.
pub fn add_person(act: &Act, fields: &PersonFields) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let checked = check(act.w, fields)?;
    need_to_manage(act, &checked.role).map_err(|error| error.by("person", || newcomer(&checked.email)))?;
    let mut person = Person {
        id: PersonId::new(act.now, act.random_id()),
        email: checked.email,
        given_name: checked.given_name,
        family_name: checked.family_name,
        own_role: checked.role.key.clone(),
        role: checked.role,
        team_id: None,
        access_group_id: None,
        state: PersonState::Active,
        version: 1,
        created_at: act.now,
        updated_at: act.now,
        deactivated_at: None,
        last_sign_in_at: None,
    };
    enter(act, &person, None)?;
    assign::born(act, person.id, "role", &Reason::by_hand(act))?;
    project::person(act, &person)?;
    place(act, &mut person, fields)?;
    mapping::change(act, &mut person, &fields.profile)?;
    Ok(person)
}

/// Team and access group, where the form says something of them.
fn place(act: &Act, person: &mut Person, fields: &PersonFields) -> Result<()> {
    if let Some(team) = &fields.team {
        teams::choose(act, person, team)?;
    }
    if let Some(group) = &fields.access_group {
        access_groups::choose(act, person, group)?;
    }
    Ok(())
}

/// Writes a new person with their event; showing them to connections is left to the caller. Who may do so is the
/// caller's business, here and in the two functions that follow.
pub(super) fn enter(act: &Act, person: &Person, reference: Option<&str>) -> Result<()> {
    store::people::insert(act.w, person)?;
    let reference = reference.map(str::to_owned);
    act.event_with(
        Action::PersonAdded,
        subject(person),
        Value::Null,
        facts(act.w, person)?,
        reference,
    )
}

/// Writes what differs of a person, with its event. `person.version` is the version that was read. Returns the
/// fields as they were and as they are.
pub(super) fn put(
    act: &Act,
    was: &Person,
    person: &mut Person,
    reference: Option<&str>,
) -> Result<(Value, Value)> {
    person.updated_at = act.now;
    store::people::update(act.w, person)?;
    person.version += 1;
    let (before, after) = difference(&facts(act.w, was)?, &facts(act.w, person)?);
    let (told, reference) = ((before.clone(), after.clone()), reference.map(str::to_owned));
    act.event_with(Action::PersonChanged, subject(person), before, after, reference)?;
    if person.email.key() != was.email.key() {
        notices::email_changed(act, &was.email, person)?;
        invite::address_changed(act, person)?;
    }
    if person.role.key != was.role.key {
        // Whoever made it may not have been allowed to make one for the new role.
        links::void_all(act, person.id)?;
        invite::role_changed(act, person)?;
    }
    project::person(act, person)?;
    Ok(told)
}

/// Turns a person off, with everything that was open for them, or on again. Returns how many sessions ended.
pub(super) fn turn(act: &Act, person: &mut Person, on: bool, reference: Option<&str>) -> Result<usize> {
    let (state, action) = if on {
        (PersonState::Active, Action::PersonReactivated)
    } else {
        (PersonState::Deactivated, Action::PersonDeactivated)
    };
    let before = json!({ "state": person.state });
    person.state = state;
    person.deactivated_at = (!on).then_some(act.now);
    person.updated_at = act.now;
    store::people::update(act.w, person)?;
    person.version += 1;
    let mut after = json!({ "state": state });
    let mut ended = 0;
    if !on {
        ended = store::sessions::delete_of_person(act.w, person.id)?;
        credentials::revoke_grants_of(act, person.id)?;
        links::void_all(act, person.id)?;
        after["sessions_ended"] = json!(ended);
    }
    act.event_with(
        action,
        subject(person),
        before,
        after,
        reference.map(str::to_owned),
    )?;
    if !on {
        invite::end(act, person, InvitationEnd::Deactivated)?;
    }
    project::person(act, person)?;
    Ok(ended)
}

/// Changes a person. `version` is the one that the form was made from; `None` takes whatever is there.
pub fn change_person(act: &Act, id: PersonId, fields: &PersonFields, version: Option<i64>) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let checked = check(act.w, fields)?;
    let was = store::people::get(act.w, id)?;
    for role in [&was.role, &checked.role] {
        need_to_manage(act, role).map_err(|error| error.by("person", || subject(&was)))?;
    }
    if version.is_some_and(|version| version != was.version) {
        let message =
            "Somebody else changed this person in the meantime. Load the page again and repeat your change.";
        return Err(Error::conflict(message));
    }
    let mut person = was.clone();
    person.email = checked.email;
    person.given_name = checked.given_name;
    person.family_name = checked.family_name;
    person.own_role = checked.role.key;
    person.role = assign::effective(act, &person)?;
    person.version = version.unwrap_or(was.version);
    if (Person {
        version: was.version,
        ..person.clone()
    }) == was
    {
        mapping::change(act, &mut person, &fields.profile)?;
        place(act, &mut person, fields)?;
        return store::people::get(act.w, id);
    }
    mapping::need_unlocked(act, id, &changed_fields(&was, &person))?;
    if person.own_role != was.own_role {
        assign::born(act, id, "role", &Reason::by_hand(act))?;
    }
    assign::before_another_role(act, &was, &person)?;
    put(act, &was, &mut person, None)?;
    assign::after_another_role(act, &was, &person)?;
    mapping::forget_sources(act, &person, &changed_fields(&was, &person))?;
    mapping::change(act, &mut person, &fields.profile)?;
    place(act, &mut person, fields)?;
    store::people::get(act.w, id)
}

/// By the names that a mapping has for them.
fn changed_fields(was: &Person, is: &Person) -> Vec<&'static str> {
    let differs = [
        ("given_name", was.given_name != is.given_name),
        ("family_name", was.family_name != is.family_name),
        ("email", was.email != is.email),
        ("role", was.own_role != is.own_role),
    ];
    let changed = differs.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(field, _)| field).collect()
}

/// Deactivates: every session of the person ends in the same transaction. Returns how many there were.
pub fn deactivate(act: &Act, id: PersonId) -> Result<usize> {
    let mut person = manageable(act, id)?;
    if !person.is_active() {
        return Ok(0);
    }
    if person.role.owns() {
        need_another_owner(act, &person, "deactivated")?;
        enforce::need_another(act.w, &person, "deactivated")?;
    }
    turn(act, &mut person, false, None)
}

pub fn reactivate(act: &Act, id: PersonId) -> Result<()> {
    let mut person = manageable(act, id)?;
    if person.is_active() {
        return Ok(());
    }
    turn(act, &mut person, true, None).map(drop)
}

/// Ends every session of a person, who may sign in again at once. Returns how many there were.
pub fn sign_out_everywhere(act: &Act, id: PersonId) -> Result<usize> {
    let person = manageable(act, id)?;
    let ended = store::sessions::delete_of_person(act.w, id)?;
    if ended > 0 {
        let after = json!({ "sessions_ended": ended });
        act.event(Action::SessionEnded, subject(&person), Value::Null, after)?;
    }
    Ok(ended)
}

/// Removes the tie between a person and a subject; the person's sessions through it end.
pub fn unlink(act: &Act, id: IdentityId) -> Result<PersonId> {
    let identity = store::identities::get(act.w, id)?;
    let person = manageable(act, identity.person_id)?;
    store::identities::delete(act.w, id)?;
    store::sessions::delete_of_person(act.w, person.id)?;
    let before = json!({ "issuer": identity.issuer, "subject": identity.subject });
    act.event(Action::IdentityUnlinked, subject(&person), before, Value::Null)?;
    Ok(person.id)
}

/// Adds the person who asked for access, tied to the subject that the assertion named; that ends the request.
pub fn grant_access(act: &Act, id: AccessRequestId) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let request = store::access_requests::get_waiting(act.w, id)?;
    let fields = PersonFields {
        email: request.email.clone(),
        given_name: request.given_name.clone(),
        family_name: request.family_name.clone(),
        role: store::roles::lowest(act.w)?.key,
        ..PersonFields::default()
    };
    let person = add_person(act, &fields).map_err(|error| match error.kind {
        Kind::Invalid(_) => Error::conflict(format!(
            "{} Link them by letting them sign in once more, or dismiss the request.",
            error.message
        )),
        _ => error,
    })?;
    let found = link::Subject {
        connection: request.connection_id,
        issuer: request.issuer,
        subject: request.subject,
    };
    link::tie(act, &person, &found, LinkedHow::Request, Some(request.reference))?;
    Ok(person)
}

pub fn dismiss_request(act: &Act, id: AccessRequestId) -> Result<()> {
    act.need(Permission::ManagePeople)?;
    let request = store::access_requests::get_waiting(act.w, id)?;
    store::access_requests::dismiss(act.w, id, act.now)?;
    let subject = Subject {
        kind: "access_request",
        id: id.to_string(),
        label: request.email,
    };
    act.event(Action::AccessRequestDismissed, subject, Value::Null, Value::Null)
}

fn manageable(act: &Act, id: PersonId) -> Result<Person> {
    act.need(Permission::ManagePeople)?;
    let person = store::people::get(act.w, id)?;
    need_to_manage(act, &person.role).map_err(|error| error.by("person", || subject(&person)))?;
    Ok(person)
}

pub(super) fn need_to_manage(act: &Act, role: &Role) -> Result<()> {
    if act.role.may_manage(role) {
        return Ok(());
    }
    let message = format!(
        "The role {} may do what yours may not, or as much. Only somebody who may do more, such as an owner, gives, \
         changes or takes it away.",
        role.name
    );
    Err(Error::escalation(message, format!("the role {}", role.name)))
}

pub(super) fn need_another_owner(act: &Act, person: &Person, what: &str) -> Result<()> {
    if store::people::count_other_owners(act.w, person.id)? > 0 {
        return Ok(());
    }
    let who = person.display_name();
    Err(Error::conflict(format!(
        "{who} is the last active owner and cannot be {what}. Make somebody else an owner first."
    )))
}
