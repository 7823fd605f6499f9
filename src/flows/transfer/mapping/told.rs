//! What a file does to a mapping, line by line.

use crate::error::{Error, Result};
use crate::flows::connect;
use crate::model::Connection;
use crate::model::mapping::{self, RoleValue};
use crate::store::Reader;

use super::super::report::{Difference, Fate, Line, Refusal};
use super::Brought;

fn texts(row: &mapping::Row) -> [(&'static str, String); 3] {
    [
        ("Rule", row.rule.words().to_owned()),
        ("Default", row.default.clone()),
        ("At sign-in", if row.at_sign_in { "yes" } else { "no" }.to_owned()),
    ]
}

fn told(was: Option<&mapping::Row>, is: Option<&mapping::Row>) -> Vec<Difference> {
    let (before, after) = (was.map(texts), is.map(texts));
    let text = |side: &Option<[(&'static str, String); 3]>, place: usize| {
        side.as_ref()
            .map_or_else(String::new, |texts| texts[place].1.clone())
    };
    let labels = ["Rule", "Default", "At sign-in"].into_iter().enumerate();
    let all = labels.map(|(place, label)| Difference {
        label: label.to_owned(),
        was: text(&before, place),
        becomes: text(&after, place),
    });
    all.filter(|difference| difference.was != difference.becomes)
        .collect()
}

fn name_of(field: &str, source: &str) -> String {
    let field = mapping::label(field);
    match source.is_empty() {
        true => format!("{field}, as it is usually called"),
        false => format!("{field} from {source}"),
    }
}

/// Each row, each value of the role table, and the rest.
pub(super) fn changed(r: &Reader, was: &Connection, is: &Connection, brought: &Brought) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut left: Vec<&mapping::Row> = was.mapping.rows.iter().collect();
    if brought.fields.rows.is_some() {
        for (row, number) in is.mapping.rows.iter().zip(&brought.numbers) {
            let place = left
                .iter()
                .position(|old| (&old.field, &old.source) == (&row.field, &row.source));
            let fate = match place.map(|place| left.remove(place)) {
                Some(old) if old == row => Fate::Unchanged,
                Some(old) => Fate::Changed(told(Some(old), Some(row))),
                None => Fate::Added(told(None, Some(row))),
            };
            lines.push(line(*number, name_of(&row.field, &row.source), fate));
        }
        for row in left {
            lines.push(line(
                0,
                name_of(&row.field, &row.source),
                Fate::Goes(told(Some(row), None)),
            ));
        }
        // Of several rows for one field the first counts: another order is a change of its own.
        let order = |connection: &Connection| {
            let rows = connection.mapping.rows.iter();
            rows.map(|row| (row.field.clone(), row.source.clone()))
                .collect::<Vec<_>>()
        };
        let (mut before, mut after) = (order(was), order(is));
        if before != after {
            before.sort();
            after.sort();
            if before == after {
                let moved = one("Order of the rows", "as it is", "as in the file");
                lines.push(line(0, "The rows".to_owned(), Fate::Changed(vec![moved])));
            }
        }
    }
    lines.extend(role_lines(was, is, brought));
    let mut rest = Vec::new();
    let mut pair = |label: &str, was: String, is: String| {
        if was != is {
            rest.push(one(label, &was, &is));
        }
    };
    let yes = |on: bool| if on { "yes" } else { "no" }.to_owned();
    let team =
        |connection: &Connection| Ok::<_, Error>(connect::jit_team(r, &connection.jit)?.unwrap_or_default());
    pair(
        "Role for what is unknown or missing",
        was.mapping.otherwise.clone(),
        is.mapping.otherwise.clone(),
    );
    pair(
        "Locks what it overwrites",
        yes(was.mapping.lock),
        yes(is.mapping.lock),
    );
    pair(
        "Adds people at their first sign-in",
        yes(was.jit.enabled),
        yes(is.jit.enabled),
    );
    pair("Their role", was.jit.role.clone(), is.jit.role.clone());
    pair("Their team", team(was)?, team(is)?);
    if !rest.is_empty() {
        lines.push(line(0, "Settings of the mapping".to_owned(), Fate::Changed(rest)));
    }
    Ok(lines)
}

fn role_lines(was: &Connection, is: &Connection, brought: &Brought) -> Vec<Line> {
    if brought.fields.roles.is_none() {
        return Vec::new();
    }
    let said = |line: &RoleValue| {
        format!(
            "{}{}",
            line.role,
            if line.may_own { ", may make owners" } else { "" }
        )
    };
    let mut left: Vec<&RoleValue> = was.mapping.roles.iter().collect();
    let mut lines = Vec::new();
    for (number, role) in (1..).zip(&is.mapping.roles) {
        let place = left
            .iter()
            .position(|old| old.value.to_lowercase() == role.value.to_lowercase());
        let fate = match place.map(|place| left.remove(place)) {
            Some(old) if old == role => Fate::Unchanged,
            Some(old) => Fate::Changed(vec![one("Role", &said(old), &said(role))]),
            None => Fate::Added(vec![one("Role", "", &said(role))]),
        };
        lines.push(line(number, format!("Value “{}”", role.value), fate));
    }
    for role in left {
        let gone = vec![one("Role", &said(role), "")];
        lines.push(line(0, format!("Value “{}”", role.value), Fate::Goes(gone)));
    }
    lines
}

/// A mapping is one whole: one row that is refused keeps all of it out.
pub(super) fn refused(brought: &Brought, error: &Error) -> Vec<Line> {
    let mut lines = Vec::new();
    for (number, flaw) in &brought.flaws {
        let fate = Fate::Refused(vec![Refusal::whole(flaw.clone())]);
        lines.push(line(*number, String::new(), fate));
    }
    for problem in error.fields() {
        let mut parts = problem.field.splitn(3, '.');
        let (kind, place, column) = (parts.next(), parts.next(), parts.next());
        let place: Option<usize> = place.and_then(|place| place.parse().ok());
        let rows = brought.fields.rows.as_deref().unwrap_or_default();
        let roles = brought.fields.roles.as_deref().unwrap_or_default();
        let (number, name) = match (kind, place) {
            (Some("row"), Some(place)) if place < rows.len() => (
                brought.numbers.get(place).copied().unwrap_or(0),
                name_of(&rows[place].field, &rows[place].source),
            ),
            (Some("role"), Some(place)) if place < roles.len() => (
                u64::try_from(place).unwrap_or(0) + 1,
                format!("Value “{}”", roles[place].value),
            ),
            _ => (0, String::new()),
        };
        let refusal = Refusal {
            column: column.unwrap_or_default().to_owned(),
            value: String::new(),
            why: problem.message.clone(),
        };
        lines.push(line(number, name, Fate::Refused(vec![refusal])));
    }
    if lines.is_empty() {
        let fate = Fate::Refused(vec![Refusal::whole(error.message.clone())]);
        lines.push(line(0, String::new(), fate));
    }
    lines
}

fn line(number: u64, name: String, fate: Fate) -> Line {
    Line {
        number,
        name: name.chars().take(300).collect(),
        fate,
    }
}

fn one(label: &str, was: &str, becomes: &str) -> Difference {
    Difference {
        label: label.to_owned(),
        was: was.to_owned(),
        becomes: becomes.to_owned(),
    }
}
