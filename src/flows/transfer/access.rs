//! Teams and access groups as rows. Neither is renamed or removed by a file; a new group comes behind all others,
//! so that a file made elsewhere brings its order along.

use crate::error::{Error, FieldProblem, Kind, Result};
use crate::flows::access_groups::{self, GroupFields};
use crate::flows::{Act, teams};
use crate::model::{AccessGroup, AppId, Reach};
use crate::store::{self, Reader};

use super::feeds;
use super::people::Names;
use super::report::{Difference, Fate, differences};
use super::sheet::{Column, LIST, Record, Row};

/// Every app, later ones too; and none at all.
const ALL: &str = "all";
const NONE: &str = "none";

pub fn team_columns() -> Vec<Column> {
    vec![
        Column::new("name", "Name", &["team", "team name", "division"]),
        Column::new("people", "People", &[]).told(),
    ]
}

pub fn group_columns() -> Vec<Column> {
    vec![
        Column::new("name", "Name", &["access group", "group", "group name"]),
        Column::new("role", "Role", &[]),
        Column::new("sees_people", "Sees people", &["people seen", "visibility"]),
        Column::new("sees_apps", "Sees apps", &["apps"]).list(),
        Column::new("priority", "Priority", &[]).told(),
        Column::new("people", "People", &[]).told(),
        Column::new(feeds::KEY, "Fed by", &["groups", "members of"]).list(),
    ]
}

/// A team as a row, with how many active people it has.
pub fn team_record(name: &str, people: i64) -> Record {
    Record::from([
        ("name".to_owned(), name.to_owned()),
        ("people".to_owned(), people.to_string()),
    ])
}

/// What can be changed of a group.
fn record(r: &Reader, group: &AccessGroup) -> Result<Record> {
    let apps = match &group.visibility.apps {
        None => ALL.to_owned(),
        Some(ids) if ids.is_empty() => NONE.to_owned(),
        Some(ids) => {
            let mut names = Vec::new();
            for id in ids {
                names.push(store::apps::get(r, *id)?.name);
            }
            names.sort();
            names.join(&LIST.to_string())
        }
    };
    let cells = [
        ("name", group.name.clone()),
        ("role", group.role.clone()),
        ("sees_people", group.visibility.people.key().to_owned()),
        ("sees_apps", apps),
        (feeds::KEY, feeds::cell(r, group.id)?),
    ];
    Ok(cells
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect())
}

/// An access group as a row, with what is told of it.
pub fn group_record(r: &Reader, group: &AccessGroup, people: i64) -> Result<Record> {
    let mut record = record(r, group)?;
    record.insert("priority".to_owned(), group.priority.to_string());
    record.insert("people".to_owned(), people.to_string());
    Ok(record)
}

pub fn team(act: &Act, row: &Row) -> Result<Fate> {
    let name = row.cells.get("name").map_or("", String::as_str);
    if store::teams::find_by_name(act.w, name)?.is_some() {
        return Ok(Fate::Unchanged);
    }
    let team = teams::add(act, name)?;
    Ok(Fate::Added(vec![Difference {
        label: "Name".to_owned(),
        was: String::new(),
        becomes: team.name,
    }]))
}

pub fn group(act: &Act, row: &Row, names: &Names, empties: bool) -> Result<Fate> {
    let cell = |key: &str| row.cells.get(key).map_or("", String::as_str);
    let was = store::access_groups::find_by_name(act.w, cell("name"))?;
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        });
    };
    let role = match (cell("role"), &was) {
        ("", Some(group)) => group.role.clone(),
        ("", None) => store::roles::lowest(act.w)?.key,
        (text, _) => names.role(text).map_or_else(
            || {
                wrong(
                    "role",
                    format!("There is no such role. There are {}.", names.role_keys()),
                );
                String::new()
            },
            |role| role.key.clone(),
        ),
    };
    let people = match (cell("sees_people"), &was) {
        ("", Some(group)) => group.visibility.people,
        ("", None) => Reach::default(),
        (text, _) => Reach::parse(&text.to_lowercase()).unwrap_or_else(|| {
            let known = Reach::ALL.map(Reach::key).join(", ");
            wrong("sees_people", format!("Write one of {known}."));
            Reach::default()
        }),
    };
    let apps = match (cell("sees_apps"), &was) {
        ("", Some(group)) if !empties => group.visibility.apps.clone(),
        ("", _) => None,
        (text, _) => apps(act.w, text, &mut wrong)?,
    };
    let fed = match feeds::wanted(act, cell(feeds::KEY), was.as_ref(), empties) {
        Err(Error {
            kind: Kind::Invalid(more),
            ..
        }) => {
            problems.extend(more);
            None
        }
        fed => fed?,
    };
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    let fields = GroupFields {
        // A file finds a group without regard to case, and renames none.
        name: was
            .as_ref()
            .map_or_else(|| cell("name").to_owned(), |group| group.name.clone()),
        role,
        people,
        apps,
    };
    let columns: Vec<(String, String)> = group_columns()
        .into_iter()
        .filter(|column| !column.is_told)
        .map(|column| (column.key, column.label))
        .collect();
    let before = match &was {
        Some(was) => record(act.w, was)?,
        None => Record::new(),
    };
    let is = match &was {
        None => access_groups::add(act, &fields)?,
        Some(was) if is_same(&fields, was) => was.clone(),
        Some(was) => access_groups::change(act, was.id, &fields, None)?,
    };
    if let Some(fed) = fed {
        crate::flows::feeds::become_these(act, is.id, fed)?;
    }
    let differences = differences(&before, &record(act.w, &is)?, &columns);
    Ok(match (was, differences.is_empty()) {
        (None, _) => Fate::Added(differences),
        (Some(_), true) => Fate::Unchanged,
        (Some(_), false) => Fate::Changed(differences),
    })
}

fn is_same(fields: &GroupFields, group: &AccessGroup) -> bool {
    (&fields.role, fields.people, &fields.apps)
        == (&group.role, group.visibility.people, &group.visibility.apps)
}

fn apps(r: &Reader, text: &str, wrong: &mut dyn FnMut(&str, String)) -> Result<Option<Vec<AppId>>> {
    if text.eq_ignore_ascii_case(ALL) {
        return Ok(None);
    }
    let mut ids = Vec::new();
    let names = text
        .split(LIST)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(NONE));
    for name in names {
        match store::apps::find_by_name(r, name)? {
            Some(app) => ids.push(app.id),
            None => wrong("sees_apps", format!("There is no app “{name}”. Add it first.")),
        }
    }
    ids.sort();
    ids.dedup();
    Ok(Some(ids))
}
