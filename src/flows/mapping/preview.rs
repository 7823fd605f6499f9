//! What was received lately, and what the mapping would make of it; nothing is written but that somebody looked.

use serde_json::{Value, json};

use crate::error::Result;
use crate::flows::{Act, connect};
use crate::model::mapping::{CORE, Occasion, Outcome, Received, label};
use crate::model::{Action, Attribute, Connection, DirectoryUser, Permission, Person, PersonId, SignIn};
use crate::scim::document::user_facts;
use crate::store::directory::users;
use crate::store::{self, Reader};

/// Sign-ins and users that are looked at for names.
const RECENT: i64 = 20;

/// What arrived last, of one person or of anybody.
#[derive(Clone, Debug)]
pub struct Latest {
    /// `a SCIM request`, `the sign-in K7Q2-9FMD`.
    pub what: String,
    pub person: Option<PersonId>,
    pub received: Received,
}

/// One field: what it is and what it becomes.
#[derive(Clone, Debug)]
pub struct Preview {
    pub what: String,
    pub who: String,
    pub lines: Vec<(String, String, String)>,
    pub remarks: Vec<String>,
}

/// The names of everything that was received lately, without any value.
pub fn names_received(r: &Reader, connection: &Connection) -> Result<Vec<String>> {
    let mut names = std::collections::BTreeSet::new();
    for sign_in in sign_ins(r, connection, None)? {
        names.extend(
            sign_in
                .trace
                .attributes
                .into_iter()
                .map(|attribute| attribute.name),
        );
    }
    for user in users::list_latest(r, connection.id, RECENT)? {
        paths("", &Value::Object(user.document), &mut names);
    }
    let is_fit = |name: &String| !name.is_empty() && name.chars().count() <= 200;
    Ok(names.into_iter().filter(is_fit).take(200).collect())
}

fn sign_ins(r: &Reader, connection: &Connection, person: Option<PersonId>) -> Result<Vec<SignIn>> {
    let narrow = store::sign_ins::Narrow {
        connection: Some(connection.id),
        person,
        ..Default::default()
    };
    let mut list = store::sign_ins::list(r, &narrow, RECENT)?;
    list.retain(|sign_in| !sign_in.trace.attributes.is_empty());
    Ok(list)
}

/// The paths of a document, as a row of a mapping names them.
fn paths(prefix: &str, value: &Value, into: &mut std::collections::BTreeSet<String>) {
    let Value::Object(object) = value else {
        if !prefix.is_empty() {
            into.insert(prefix.to_owned());
        }
        return;
    };
    for (name, value) in object.iter().take(100) {
        if prefix.is_empty() && matches!(name.as_str(), "schemas" | "active") {
            continue;
        }
        match value {
            Value::Array(list) if list.iter().any(Value::is_object) => {
                into.insert(format!("{name}[primary]"));
                for kind in list.iter().take(20).filter_map(|one| one.get("type")?.as_str()) {
                    into.insert(format!("{name}[type eq \"{kind}\"].value"));
                }
            }
            value => {
                let separator = if prefix.starts_with("urn:") { ':' } else { '.' };
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}{separator}{name}")
                };
                if path.len() <= 300 {
                    paths(&path, value, into);
                }
            }
        }
    }
}

fn of_user(user: &DirectoryUser) -> Received {
    let facts = user_facts(&user.document);
    Received::document(&user.document)
        .with("given_name", "name.givenName", facts.given_name)
        .with("family_name", "name.familyName", facts.family_name)
        .with("email", "emails", facts.email)
}

fn of_sign_in(sign_in: &SignIn) -> Received {
    let attributes: Vec<Attribute> = sign_in.trace.attributes.clone();
    Received::attributes(&attributes)
        .with("given_name", "given_name", sign_in.given_name.clone())
        .with("family_name", "family_name", sign_in.family_name.clone())
        .with("email", "email", sign_in.email.clone())
}

/// What arrived last of this person, or of anybody: at each door at most one.
pub fn latest(r: &Reader, connection: &Connection, person: Option<PersonId>) -> Result<Vec<Latest>> {
    let mut found = Vec::new();
    let user = match person {
        Some(person) => users::find_of_person(r, connection.id, person)?.filter(|user| user.claimed),
        None => users::list_latest(r, connection.id, 1)?.pop(),
    };
    found.extend(user.map(|user| Latest {
        what: "provisioning".to_owned(),
        person: user.person_id,
        received: of_user(&user),
    }));
    let sign_in = sign_ins(r, connection, person)?.into_iter().next();
    found.extend(sign_in.map(|sign_in| Latest {
        what: format!("the sign-in {}", sign_in.reference),
        person: sign_in.person_id,
        received: of_sign_in(&sign_in),
    }));
    Ok(found)
}

/// What the mapping would write of what arrived last, at each door; that somebody looked is an event.
pub fn preview(act: &Act, slug: &str, person: Option<PersonId>) -> Result<Vec<Preview>> {
    act.need(Permission::ManageIntegrations)?;
    act.need(Permission::ManagePeople)?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    let mut previews = Vec::new();
    for latest in latest(act.w, &connection, person)? {
        let found = match latest.person {
            Some(id) => store::people::find(act.w, id)?,
            None => None,
        };
        previews.push(one(act.w, &connection, &latest, found.as_ref())?);
    }
    let after = json!({ "person": person });
    act.event(
        Action::MappingPreviewed,
        connect::subject(&connection),
        Value::Null,
        after,
    )?;
    Ok(previews)
}

fn one(r: &Reader, connection: &Connection, latest: &Latest, person: Option<&Person>) -> Result<Preview> {
    let occasion = match person {
        None => Occasion::Create,
        Some(_) if latest.what == "provisioning" => Occasion::Update,
        Some(_) => Occasion::SignIn,
    };
    let outcome = connection.mapping.evaluate(&latest.received, occasion);
    let mut remarks = outcome.remarks.clone();
    let mut lines = Vec::new();
    for write in outcome.writes.iter().filter(|write| write.field != "role") {
        let was = current(r, person, &write.field)?;
        lines.push((label(&write.field).to_owned(), was, write.value.clone()));
    }
    if outcome.concerns("role") {
        let roles = store::roles::list(r)?;
        let first = if occasion == Occasion::Create {
            connection.jit.role.as_str()
        } else {
            ""
        };
        if let Some(choice) = super::choice(connection, &outcome, first, &roles) {
            lines.push((
                "Role".to_owned(),
                current(r, person, "role")?,
                choice.role.name.clone(),
            ));
            remarks.push(format!("Role: {}.", choice.rule));
            remarks.extend(choice.remark);
        }
    }
    remarks.extend(no_such_team(r, &outcome)?);
    if outcome.writes.is_empty() {
        remarks.push(format!("Nothing of {} is written.", latest.what));
    }
    Ok(Preview {
        what: latest.what.clone(),
        who: person.map_or_else(|| "somebody new".to_owned(), Person::display_name),
        lines,
        remarks,
    })
}

fn no_such_team(r: &Reader, outcome: &Outcome) -> Result<Option<String>> {
    let Some(name) = outcome.value("team") else {
        return Ok(None);
    };
    let is_there = store::teams::find_by_name(r, name)?.is_some();
    Ok((!is_there).then(|| super::no_team(name)))
}

fn current(r: &Reader, person: Option<&Person>, field: &str) -> Result<String> {
    let Some(person) = person else {
        return Ok(String::new());
    };
    Ok(match field {
        "given_name" => person.given_name.clone(),
        "family_name" => person.family_name.clone(),
        "email" => person.email.to_string(),
        "role" => person.role.name.clone(),
        "team" => match person.team_id {
            Some(id) => store::teams::find(r, id)?
                .map(|team| team.name)
                .unwrap_or_default(),
            None => String::new(),
        },
        other => {
            debug_assert!(!CORE.contains(&other));
            let profile = store::profiles::get(r, person.id)?;
            profile.fields.get(other).cloned().unwrap_or_default()
        }
    })
}
