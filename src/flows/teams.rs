//! Teams: added, renamed and removed by whoever may manage access. A team gives nobody a permission.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::access::checked_name;
use crate::model::{Action, Permission, Person, Subject, Team, TeamId};
use crate::store::{self, Reader};

use super::assign::{self, Done, How, Reason};
use super::{Act, administer, mapping};

pub fn add(act: &Act, name: &str) -> Result<Team> {
    act.need(Permission::ManageAccess)?;
    let team = Team {
        id: TeamId::new(act.now, act.random_id()),
        name: checked(name)?,
        version: 1,
    };
    store::teams::insert(act.w, &team, act.now)?;
    act.event(Action::TeamAdded, subject(&team), Value::Null, facts(&team))?;
    Ok(team)
}

/// `version` is the one that the form was made from; `None` takes what is there.
pub fn rename(act: &Act, id: TeamId, name: &str, version: Option<i64>) -> Result<Team> {
    act.need(Permission::ManageAccess)?;
    let was = store::teams::get(act.w, id)?;
    let mut team = Team {
        name: checked(name)?,
        ..was.clone()
    };
    if team == was {
        return Ok(was);
    }
    team.version = version.unwrap_or(was.version);
    store::teams::update(act.w, &team, act.now)?;
    act.event(Action::TeamChanged, subject(&team), facts(&was), facts(&team))?;
    store::teams::get(act.w, id)
}

/// Removes a team; its people are in `instead` from then on, or in none. Returns how many there were.
pub fn remove(act: &Act, id: TeamId, instead: Option<TeamId>) -> Result<usize> {
    act.need(Permission::ManageAccess)?;
    let team = store::teams::get(act.w, id)?;
    let instead = match instead {
        Some(other) if other == id => return Err(Error::invalid("instead", "Choose another team.")),
        Some(other) => Some(store::teams::find(act.w, other)?.ok_or_else(|| {
            Error::invalid("instead", "There is no such team any more. Choose another one.")
        })?),
        None => None,
    };
    let people = store::teams::list_people(act.w, id)?;
    for one in &people {
        let was = store::people::get(act.w, *one)?;
        let mut person = Person {
            team_id: instead.as_ref().map(|team| team.id),
            ..was.clone()
        };
        let rule = format!("the team {} was removed", team.name);
        assign::born(act, person.id, "team", &Reason::new(act, How::Hand, rule))?;
        administer::put(act, &was, &mut person, None)?;
    }
    store::teams::delete(act.w, id)?;
    let mut before = facts(&team);
    before["people"] = json!(people.len());
    let after = instead.map_or(Value::Null, |team| json!({ "team": team.name }));
    act.event(Action::TeamRemoved, subject(&team), before, after)?;
    Ok(people.len())
}

/// What a form says of the team: empty for none, else an id.
pub(super) fn chosen(r: &Reader, text: &str) -> Result<Option<Team>> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = match TeamId::parse(text) {
        Some(id) => store::teams::find(r, id)?,
        None => None,
    };
    found
        .map(Some)
        .ok_or_else(|| Error::invalid("team", "There is no such team any more. Choose another one."))
}

/// Puts somebody into the team that a form chose.
pub(super) fn choose(act: &Act, person: &mut Person, text: &str) -> Result<()> {
    let team = chosen(act.w, text)?;
    if team.as_ref().map(|team| team.id) != person.team_id {
        mapping::need_unlocked(act, person.id, &["team"])?;
    }
    match assign::team(act, person, team.as_ref(), Reason::by_hand(act))? {
        Done::Kept(why) => Err(Error::conflict(why)),
        Done::Unchanged | Done::Changed => Ok(()),
    }
}

fn checked(name: &str) -> Result<String> {
    checked_name(name).map_err(|message| Error::invalid("name", message))
}

fn subject(team: &Team) -> Subject {
    Subject {
        kind: "team",
        id: team.id.to_string(),
        label: team.name.clone(),
    }
}

fn facts(team: &Team) -> Value {
    json!({ "name": team.name })
}
