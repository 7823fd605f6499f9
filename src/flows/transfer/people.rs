//! People as rows: what a row says of somebody, and how it reaches them.
//!
//! An address tells people apart; it is never changed by a file. An empty cell leaves what is there, unless the import
//! was asked to take it away. The column of the access group says what was set by hand, as the form does.

use std::collections::BTreeMap;

use crate::error::{Error, FieldProblem, Result};
use crate::flows::access_groups::{AUTOMATIC, NONE};
use crate::flows::administer::{self, PersonFields};
use crate::flows::assign::{self, How};
use crate::flows::{Act, mapping};
use crate::model::mapping::{KNOWN, Kind, kind_of};
use crate::model::{AccessGroup, Email, Person, PersonId, PersonState, Role, Team};
use crate::store::{self, Reader};

use super::report::{Fate, differences};
use super::sheet::{Column, Record, Row};

/// What rows are told with, loaded once.
pub struct Names {
    roles: Vec<Role>,
    teams: Vec<Team>,
    groups: Vec<AccessGroup>,
    /// Of every column that can differ, in their order.
    labels: Vec<(String, String)>,
}

impl Names {
    pub fn load(r: &Reader) -> Result<Self> {
        let columns = columns(r)?.into_iter();
        Ok(Self {
            roles: store::roles::list(r)?,
            teams: store::teams::list(r)?.into_iter().map(|(team, _)| team).collect(),
            groups: store::access_groups::list(r)?
                .into_iter()
                .map(|(group, _)| group)
                .collect(),
            labels: columns.map(|column| (column.key, column.label)).collect(),
        })
    }

    pub fn label(&self, key: &str) -> String {
        let known = self.labels.iter().find(|(known, _)| known == key);
        known.map_or_else(|| key.to_owned(), |(_, label)| label.clone())
    }

    /// By its key or its name, without regard to case.
    pub fn role(&self, text: &str) -> Option<&Role> {
        let by_key = self.roles.iter().find(|role| role.key.eq_ignore_ascii_case(text));
        by_key.or_else(|| {
            self.roles
                .iter()
                .find(|role| role.name.to_lowercase() == text.to_lowercase())
        })
    }

    /// All of them, for a message.
    pub fn role_keys(&self) -> String {
        let keys: Vec<&str> = self.roles.iter().map(|role| role.key.as_str()).collect();
        keys.join(", ")
    }
}

/// The columns, with those of the fields that the organization defines.
pub fn columns(r: &Reader) -> Result<Vec<Column>> {
    let usual = |key: &str| {
        KNOWN
            .iter()
            .find(|known| known.key == key)
            .map_or(&[][..], |known| known.usual)
    };
    let column = |key: &str, label: &str, also: &[&str]| {
        let mut names = also.to_vec();
        names.extend(usual(key));
        Column::new(key, label, &names)
    };
    let mut columns = vec![
        column(
            "email",
            "E-mail",
            &[
                "mail",
                "email address",
                "e-mail address",
                "primary email",
                "work email",
            ],
        ),
        column("given_name", "Given name", &["first name", "forename", "first"]),
        column("family_name", "Family name", &["last name", "surname", "last"]),
        column("role", "Role", &["roles"]),
        column("team", "Team", &[]),
        column("access_group", "Access group by hand", &["access group"]),
        column("state", "State", &["status", "active"]),
    ];
    for (key, label) in mapping::field_labels(r)? {
        columns.push(column(&key, &label, &[]).field());
    }
    for (key, label) in [
        ("role_in_effect", "Role that counts"),
        ("access_group_in_effect", "Access group"),
        ("added", "Added"),
        ("last_sign_in", "Last sign-in"),
    ] {
        if columns.iter().all(|known| known.key != key) {
            columns.push(Column::new(key, label, &[]).told());
        }
    }
    Ok(columns)
}

/// A person as a row.
pub fn record(r: &Reader, person: &Person, names: &Names) -> Result<Record> {
    let mut record = store::profiles::get(r, person.id)?.fields;
    let team = names.teams.iter().find(|team| Some(team.id) == person.team_id);
    let group = names
        .groups
        .iter()
        .find(|group| Some(group.id) == person.access_group_id);
    let group = group.map_or_else(String::new, |group| group.name.clone());
    let reasons = assign::reasons(r, person.id)?;
    let by_hand = reasons
        .get("access_group")
        .is_some_and(|reason| reason.how == How::Hand);
    let set = match (by_hand, group.is_empty()) {
        (false, _) => AUTOMATIC.to_owned(),
        (true, true) => NONE.to_owned(),
        (true, false) => group.clone(),
    };
    let at =
        |at: Option<crate::model::Timestamp>| at.map_or_else(String::new, crate::model::Timestamp::rfc3339);
    let own = [
        ("email", person.email.to_string()),
        ("given_name", person.given_name.clone()),
        ("family_name", person.family_name.clone()),
        ("role", person.own_role.clone()),
        ("team", team.map_or_else(String::new, |team| team.name.clone())),
        ("access_group", set),
        ("state", person.state.key().to_owned()),
    ];
    for (key, value) in own {
        record.insert(key.to_owned(), value);
    }
    let told = [
        ("role_in_effect", person.role.key.clone()),
        ("access_group_in_effect", group),
        ("added", at(Some(person.created_at))),
        ("last_sign_in", at(person.last_sign_in_at)),
    ];
    for (key, value) in told {
        record.entry(key.to_owned()).or_insert(value);
    }
    record.retain(|_, value| !value.is_empty());
    Ok(record)
}

/// What a row says, in our words; a column that says nothing is not there.
fn said(row: &Row, names: &Names, empties: bool, problems: &mut Vec<FieldProblem>) -> Record {
    let mut said = Record::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
    };
    for (key, text) in row.cells.iter().filter(|(key, _)| *key != "email") {
        if text.is_empty() {
            // Nobody is without a role or a state.
            if empties && !matches!(key.as_str(), "role" | "state") {
                said.insert(key.clone(), String::new());
            }
            continue;
        }
        let value = match key.as_str() {
            "role" => match names.role(text) {
                Some(role) => role.key.clone(),
                None => {
                    wrong(
                        key,
                        format!("There is no such role. There are {}.", names.role_keys()),
                    );
                    continue;
                }
            },
            "state" => match state(text) {
                Some(state) => state.key().to_owned(),
                None => {
                    wrong(key, "Write active or deactivated.".to_owned());
                    continue;
                }
            },
            "team" if names.teams.iter().all(|team| team.name != *text) => {
                let message = "There is no team of exactly this name. Add it first, or import the teams.";
                wrong(key, message.to_owned());
                continue;
            }
            "access_group" if text != NONE => match names.group(text) {
                Some(group) => group.name.clone(),
                None => {
                    let message = "There is no such access group. Add it first, or import the access groups.";
                    wrong(key, message.to_owned());
                    continue;
                }
            },
            _ => text.clone(),
        };
        said.insert(key.clone(), value);
    }
    said
}

fn state(text: &str) -> Option<PersonState> {
    match text.to_lowercase().as_str() {
        "active" | "true" | "yes" | "1" | "enabled" | "on" => Some(PersonState::Active),
        "deactivated" | "inactive" | "disabled" | "suspended" | "false" | "no" | "0" | "off" => {
            Some(PersonState::Deactivated)
        }
        _ => None,
    }
}

impl Names {
    fn group(&self, text: &str) -> Option<&AccessGroup> {
        let wanted = text.to_lowercase();
        self.groups
            .iter()
            .find(|group| group.name.to_lowercase() == wanted)
    }

    /// Which cell asks for more than the actor may give, where one does.
    pub fn beyond(&self, act: &Act, cells: &Record) -> Option<&'static str> {
        let cell = |key: &str| cells.get(key).map_or("", String::as_str);
        let is_beyond = |role: Option<&Role>| role.is_some_and(|role| !act.role.may_manage(role));
        if is_beyond(self.role(cell("role"))) {
            return Some("role");
        }
        let group = self.group(cell("access_group"));
        is_beyond(group.and_then(|group| self.role(&group.role))).then_some("access_group")
    }

    fn team_id(&self, name: &str) -> String {
        let team = self.teams.iter().find(|team| team.name == name);
        team.map_or_else(String::new, |team| team.id.to_string())
    }

    /// What a form would say for it.
    fn group_value(&self, name: &str) -> String {
        match name {
            AUTOMATIC | NONE => name.to_owned(),
            name => self
                .group(name)
                .map_or_else(String::new, |group| group.id.to_string()),
        }
    }
}

/// Brings one row; the id of whom it added.
pub fn bring(act: &Act, row: &Row, names: &Names, empties: bool) -> Result<(Fate, Option<PersonId>)> {
    let mut problems = Vec::new();
    let said = said(row, names, empties, &mut problems);
    let email = row.cells.get("email").map_or("", String::as_str);
    let email = match Email::parse(email) {
        Ok(email) => email,
        Err(problem) => {
            problems.push(FieldProblem {
                field: "email".to_owned(),
                message: problem.to_string(),
            });
            return Err(Error::invalid_fields(problems));
        }
    };
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    match store::people::find_by_email(act.w, &email.key())? {
        None => add(act, &email, &said, names).map(|(fate, id)| (fate, Some(id))),
        Some(was) => change(act, &was, &said, names).map(|fate| (fate, None)),
    }
}

/// The fields of a form: what the row says, else what is there.
fn fields(said: &Record, was: &Record, email: String, lowest: &str, names: &Names) -> PersonFields {
    let text = |key: &str| {
        said.get(key)
            .or_else(|| was.get(key))
            .cloned()
            .unwrap_or_default()
    };
    let is_further = |key: &String| !matches!(kind_of(key), Kind::Role | Kind::Team);
    let known = [
        "email",
        "given_name",
        "family_name",
        "role",
        "team",
        "access_group",
        "state",
    ];
    let further = said
        .iter()
        .filter(|(key, _)| is_further(key) && !known.contains(&key.as_str()));
    PersonFields {
        email,
        given_name: text("given_name"),
        family_name: text("family_name"),
        role: match text("role") {
            role if role.is_empty() => lowest.to_owned(),
            role => role,
        },
        team: said.get("team").map(|name| names.team_id(name)),
        access_group: said.get("access_group").map(|name| names.group_value(name)),
        profile: further
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
    }
}

fn add(act: &Act, email: &Email, said: &Record, names: &Names) -> Result<(Fate, PersonId)> {
    let lowest = names.roles.first().map_or("", |role| role.key.as_str());
    let fields = fields(said, &Record::new(), email.to_string(), lowest, names);
    let person = administer::add_person(act, &fields)?;
    if said
        .get("state")
        .is_some_and(|state| state == PersonState::Deactivated.key())
    {
        administer::deactivate(act, person.id)?;
    }
    let person = store::people::get(act.w, person.id)?;
    let is = visible(record(act.w, &person, names)?);
    Ok((
        Fate::Added(differences(&Record::new(), &is, &names.labels)),
        person.id,
    ))
}

fn change(act: &Act, was: &Person, said: &Record, names: &Names) -> Result<Fate> {
    let before = record(act.w, was, names)?;
    let is_there = |(key, value): (&String, &String)| before.get(key).map_or("", String::as_str) == value;
    if said.iter().all(is_there) {
        return Ok(Fate::Unchanged);
    }
    let fields = fields(said, &before, was.email.to_string(), &was.own_role, names);
    administer::change_person(act, was.id, &fields, None)?;
    match said.get("state").map(String::as_str) {
        Some("deactivated") => administer::deactivate(act, was.id).map(drop)?,
        Some(_) if !was.is_active() => administer::reactivate(act, was.id)?,
        _ => {}
    }
    let is = store::people::get(act.w, was.id)?;
    if was.role.owns() && !(is.role.owns() && is.is_active()) {
        return Err(Error::conflict(format!(
            "{} owns the organization. An import neither deactivates an owner nor takes ownership away: do that on their \
             own page.",
            was.display_name()
        )));
    }
    let differences = differences(
        &visible(before),
        &visible(record(act.w, &is, names)?),
        &names.labels,
    );
    Ok(match differences.is_empty() {
        true => Fate::Unchanged,
        false => Fate::Changed(differences),
    })
}

/// Moments are no news, and the role that counts only where it is not their own.
fn visible(mut record: Record) -> Record {
    record.remove("added");
    record.remove("last_sign_in");
    if record.get("role_in_effect") == record.get("role") {
        record.remove("role_in_effect");
    }
    if record.get("access_group_in_effect") == record.get("access_group") {
        record.remove("access_group_in_effect");
    }
    record
}
