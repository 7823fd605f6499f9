//! What a mapping's outcome does to a person: with which role and team somebody begins, and what changes later.
//!
//! Names and address have rules of their own (nobody's account is taken over by an address), so that whoever calls this
//! writes those; the further fields, the role and the team are written here, each with its source.

use serde_json::{Value, json};

use crate::error::Result;
use crate::model::mapping::{CORE, Occasion, Outcome, RoleChoice, choose};
use crate::model::profile::{Profile, Source};
use crate::model::{Action, Connection, Person, Role, Team, TeamId};
use crate::store::{self, teams};

use super::assign::{self, Done, How, Reason};
use super::{Act, administer};

mod by_hand;
mod lock;
mod preview;
mod sign_in;

pub use by_hand::{apply_field, change, field_labels, forget_sources};
pub use lock::{Overwritten, need_unlocked, overwritten};
pub use preview::{Latest, Preview, latest, names_received, preview};
pub use sign_in::at_sign_in;

/// On whose word, and by which request or sign-in.
#[derive(Clone, Copy)]
pub struct Word<'a> {
    pub connection: &'a Connection,
    pub reference: &'a str,
}

/// What somebody begins with.
pub struct Beginning {
    pub role: Role,
    pub team: Option<Team>,
    pub remarks: Vec<String>,
    why_role: Option<Reason>,
    why_team: Option<Reason>,
    /// The role that owns, which the provider said and may not give.
    refused: Option<Role>,
    at_first_sign_in: bool,
}

impl Word<'_> {
    fn reason(&self, act: &Act, how: How, rule: impl Into<String>) -> Reason {
        Reason::new(act, how, rule).of(self.connection.id, self.reference)
    }
}

fn source_of_role(connection: &Connection, outcome: &Outcome) -> String {
    let read = outcome.get("role").map(|write| write.source.clone());
    let row = || {
        connection
            .mapping
            .rows_of("role")
            .next()
            .map(|row| row.source.clone())
    };
    read.or_else(row).unwrap_or_default()
}

fn choice<'a>(
    connection: &Connection,
    outcome: &Outcome,
    first: &str,
    roles: &'a [Role],
) -> Option<RoleChoice<'a>> {
    let source = source_of_role(connection, outcome);
    choose(&connection.mapping, outcome.value("role"), &source, first, roles)
}

fn how(choice: &RoleChoice) -> How {
    if choice.is_said {
        How::Mapping
    } else {
        How::Default
    }
}

/// Role and team of somebody new. `at_first_sign_in`: the connection's own choices for those who are added by signing in
/// come before the mapping's for what is unknown or missing.
pub fn beginning(act: &Act, word: Word, outcome: &Outcome, at_first_sign_in: bool) -> Result<Beginning> {
    let jit = at_first_sign_in.then_some(&word.connection.jit);
    let (first, team) = jit.map_or(("", ""), |jit| (jit.role.as_str(), jit.team.as_str()));
    let mut begin = Beginning {
        role: Role::of_nobody(),
        team: None,
        remarks: outcome.remarks.clone(),
        why_role: None,
        why_team: None,
        refused: None,
        at_first_sign_in,
    };
    let is_mapped = word.connection.mapping.maps("role");
    let roles = if is_mapped || jit.is_some() {
        store::roles::list(act.w)?
    } else {
        Vec::new()
    };
    match choice(word.connection, outcome, first, &roles) {
        Some(choice) => {
            let mut reason = match (is_mapped, choice.is_said) {
                (false, _) => word.reason(act, How::Default, "added at the first sign-in"),
                (true, _) => word.reason(act, how(&choice), choice.rule.clone()),
            };
            reason.may_give_ownership = choice.may_own;
            begin.why_role = Some(reason);
            begin.remarks.extend(choice.remark.clone());
            begin.refused = choice.refused.cloned();
            begin.role = choice.role.clone();
        }
        None => {
            begin.why_role =
                Some(word.reason(act, How::Default, "added by provisioning, which names no role"));
            begin.role = store::roles::lowest(act.w)?;
        }
    }
    if let Some(write) = outcome.get("team") {
        begin.team = teams::find_by_name(act.w, &write.value)?;
        match &begin.team {
            Some(_) => {
                begin.why_team =
                    Some(word.reason(act, How::Mapping, rule_of_team(&write.source, &write.value)))
            }
            None => begin.remarks.push(no_team(&write.value)),
        }
    }
    if begin.team.is_none() && !team.is_empty() {
        begin.team = match TeamId::parse(team) {
            Some(id) => teams::find(act.w, id)?,
            None => None,
        };
        if begin.team.is_some() {
            begin.why_team = Some(word.reason(act, How::Default, "added at the first sign-in"));
        }
    }
    Ok(begin)
}

fn rule_of_team(source: &str, value: &str) -> String {
    let source = if source.is_empty() { "the default" } else { source };
    format!("{source} is \"{}\"", shown(value))
}

fn no_team(value: &str) -> String {
    format!(
        "There is no team \"{}\", so that nobody was put into it.",
        shown(value)
    )
}

fn shown(value: &str) -> String {
    value.chars().take(100).collect()
}

/// Writes the further fields and the reasons of somebody who was made a moment ago.
pub fn born(act: &Act, word: Word, person: &Person, outcome: &Outcome, begin: &Beginning) -> Result<()> {
    for (part, reason) in [("role", &begin.why_role), ("team", &begin.why_team)] {
        if let Some(reason) = reason {
            assign::born(act, person.id, part, reason)?;
        }
    }
    if let Some(owner) = &begin.refused {
        assign::no_owner(act, owner, person, "mapping")?;
    }
    // Names and address of whom provisioning adds are no news, and adding ten thousand has to be quick.
    if !word.connection.mapping.goes_further() && !begin.at_first_sign_in {
        return Ok(());
    }
    let mut profile = Profile::default();
    fill(act, word, &mut profile, outcome, Occasion::Create);
    if profile == Profile::default() {
        return Ok(());
    }
    store::profiles::put(act.w, person.id, &profile)?;
    if profile.fields.is_empty() {
        return Ok(());
    }
    let after = json!(profile.fields);
    let reference = Some(word.reference.to_owned());
    act.event_with(
        Action::PersonChanged,
        administer::subject(person),
        Value::Null,
        after,
        reference,
    )
}

/// Puts what the outcome says into a profile. Only provisioning, which sends everything, takes back what it wrote.
fn fill(act: &Act, word: Word, profile: &mut Profile, outcome: &Outcome, occasion: Occasion) {
    let connection = word.connection.id;
    for write in outcome.writes.iter().filter(|write| is_of_profile(&write.field)) {
        let source = Source {
            connection,
            source: write.source.clone(),
            reference: word.reference.to_owned(),
            at: act.now,
        };
        let is_old = profile
            .sources
            .get(&write.field)
            .is_some_and(|old| old.connection == connection && old.source == write.source);
        let is_core = CORE.contains(&write.field.as_str());
        let is_same = is_core || profile.fields.get(&write.field) == Some(&write.value);
        if !(is_old && is_same) {
            profile.sources.insert(write.field.clone(), source);
        }
        if !is_core {
            profile.fields.insert(write.field.clone(), write.value.clone());
        }
    }
    if occasion != Occasion::Update {
        return;
    }
    for field in &outcome.missing {
        let own = profile
            .sources
            .get(field)
            .is_some_and(|old| old.connection == connection);
        if own && !CORE.contains(&field.as_str()) {
            profile.fields.remove(field);
            profile.sources.remove(field);
        }
    }
}

fn is_of_profile(field: &str) -> bool {
    !matches!(field, "role" | "team")
}

/// What became of a change.
#[derive(Default)]
pub struct Changed {
    pub before: Value,
    pub after: Value,
    pub remarks: Vec<String>,
}

/// Lets the outcome reach somebody who is here: further fields, role, team.
pub fn update(
    act: &Act,
    word: Word,
    person: &mut Person,
    outcome: &Outcome,
    occasion: Occasion,
) -> Result<Changed> {
    let mut changed = Changed {
        remarks: outcome.remarks.clone(),
        ..Changed::default()
    };
    let was = store::profiles::get(act.w, person.id)?;
    let mut is = was.clone();
    fill(act, word, &mut is, outcome, occasion);
    if is.fields != was.fields {
        let reference = Some(word.reference);
        (changed.before, changed.after) = write(act, person, &was, &is, reference)?;
    } else if is != was {
        store::profiles::put(act.w, person.id, &is)?;
    }
    if outcome.concerns("role") {
        role(act, word, person, outcome, &mut changed)?;
    }
    if outcome.concerns("team") {
        team(act, word, person, outcome, &mut changed)?;
    }
    Ok(changed)
}

/// Writes a profile that differs, with its event; the fields as they were and as they are.
fn write(
    act: &Act,
    person: &mut Person,
    was: &Profile,
    is: &Profile,
    reference: Option<&str>,
) -> Result<(Value, Value)> {
    store::profiles::update(act.w, person.id, person.version, is, act.now)?;
    person.version += 1;
    let (before, after) = administer::difference(&json!(was.fields), &json!(is.fields));
    let told = (before.clone(), after.clone());
    act.event_with(
        Action::PersonChanged,
        administer::subject(person),
        before,
        after,
        reference.map(str::to_owned),
    )?;
    Ok(told)
}

/// What nothing was said of stays as somebody gave it by hand.
fn is_given_by_hand(act: &Act, word: Word, person: &Person, part: &str) -> Result<bool> {
    let reasons = assign::reasons(act.w, person.id)?;
    Ok(reasons.get(part).is_none_or(|reason| {
        !matches!(reason.how, How::Mapping | How::Default) || reason.connection != Some(word.connection.id)
    }))
}

fn role(act: &Act, word: Word, person: &mut Person, outcome: &Outcome, changed: &mut Changed) -> Result<()> {
    let roles = store::roles::list(act.w)?;
    let Some(choice) = choice(word.connection, outcome, "", &roles) else {
        return Ok(());
    };
    changed.remarks.extend(choice.remark.clone());
    if let Some(owner) = choice.refused.filter(|_| !person.role.owns()) {
        assign::no_owner(act, owner, person, "mapping")?;
    }
    if !choice.is_said && is_given_by_hand(act, word, person, "role")? {
        return Ok(());
    }
    let mut reason = word.reason(act, how(&choice), choice.rule.clone());
    reason.may_give_ownership = choice.may_own;
    let was = person.own_role.clone();
    let done = assign::role(act, person, choice.role, reason)?;
    note(changed, done, "role", json!(was), json!(person.own_role));
    Ok(())
}

fn team(act: &Act, word: Word, person: &mut Person, outcome: &Outcome, changed: &mut Changed) -> Result<()> {
    let write = outcome.get("team");
    let found = match write {
        Some(write) => teams::find_by_name(act.w, &write.value)?,
        None => None,
    };
    if let (Some(write), None) = (write, &found) {
        changed.remarks.push(no_team(&write.value));
    }
    if found.is_none() && (person.team_id.is_none() || is_given_by_hand(act, word, person, "team")?) {
        return Ok(());
    }
    let rule = match write {
        Some(write) => rule_of_team(&write.source, &write.value),
        None => "no team was received".to_owned(),
    };
    let was = match person.team_id {
        Some(id) => teams::find(act.w, id)?.map(|team| team.name),
        None => None,
    };
    let reason = word.reason(act, How::Mapping, rule);
    let done = assign::team(act, person, found.as_ref(), reason)?;
    note(
        changed,
        done,
        "team",
        json!(was),
        json!(found.map(|team| team.name)),
    );
    Ok(())
}

fn note(changed: &mut Changed, done: Done, part: &str, was: Value, is: Value) {
    match done {
        Done::Unchanged => {}
        Done::Kept(why) => changed.remarks.push(why),
        Done::Changed => {
            for (side, value) in [(&mut changed.before, was), (&mut changed.after, is)] {
                if !side.is_object() {
                    *side = json!({});
                }
                side[part] = value;
            }
        }
    }
}
