//! Received values in, fields to write out, each with its source; and why something was ignored.

use super::field::{Kind, checked, kind_of, label};
use super::{Mapping, Received, Row, Rule};

/// What is happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A person is made, by provisioning or at a first sign-in.
    Create,
    /// Provisioning says something new of somebody.
    Update,
    /// Somebody who is here already signs in.
    SignIn,
}

/// One field to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub field: String,
    pub value: String,
    /// What it was read from; empty: it is the row's default.
    pub source: String,
}

/// What a mapping makes of what was received.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub writes: Vec<Write>,
    /// Fields that would be written now, and for which nothing usable was received.
    pub missing: Vec<String>,
    pub remarks: Vec<String>,
}

impl Outcome {
    pub fn get(&self, field: &str) -> Option<&Write> {
        self.writes.iter().find(|write| write.field == field)
    }

    pub fn value(&self, field: &str) -> Option<&str> {
        self.get(field).map(|write| write.value.as_str())
    }

    /// Whether it has anything to say about the field, and be it that nothing came.
    pub fn concerns(&self, field: &str) -> bool {
        self.get(field).is_some() || self.missing.iter().any(|missing| missing == field)
    }
}

impl Row {
    fn acts(&self, occasion: Occasion) -> bool {
        match occasion {
            Occasion::Create => self.rule != Rule::Off,
            Occasion::Update => self.rule == Rule::Overwrite,
            Occasion::SignIn => self.rule == Rule::Overwrite && self.at_sign_in,
        }
    }
}

impl Mapping {
    /// The fields to write on this occasion.
    pub fn evaluate(&self, received: &Received, occasion: Occasion) -> Outcome {
        let mut outcome = Outcome::default();
        for (place, row) in self.rows.iter().enumerate() {
            let is_first = !self.rows[..place]
                .iter()
                .any(|earlier| earlier.field == row.field);
            if is_first {
                field(self, &row.field, received, occasion, &mut outcome);
            }
        }
        outcome
    }
}

/// The first acting row of a field for which something usable was received, else the first default.
fn field(mapping: &Mapping, name: &str, received: &Received, occasion: Occasion, outcome: &mut Outcome) {
    let rows = || mapping.rows_of(name).filter(|row| row.acts(occasion));
    if rows().next().is_none() {
        return;
    }
    for row in rows() {
        let found = if row.source.is_empty() {
            received.usual(name)
        } else {
            Some((row.source.clone(), received.values(&row.source)))
        };
        let Some((source, values)) = found else {
            continue;
        };
        if let Some(value) = usable(name, &source, &values, &mut outcome.remarks) {
            outcome.writes.push(Write {
                field: name.to_owned(),
                value,
                source,
            });
            return;
        }
    }
    let default = rows().find(|row| !row.default.is_empty());
    match default.filter(|_| occasion == Occasion::Create) {
        Some(row) => outcome.writes.push(Write {
            field: name.to_owned(),
            value: row.default.clone(),
            source: String::new(),
        }),
        None => outcome.missing.push(name.to_owned()),
    }
}

/// What a field takes of several values: the first that it can hold, or all of them joined.
fn usable(name: &str, source: &str, values: &[String], remarks: &mut Vec<String>) -> Option<String> {
    let kind = kind_of(name);
    let mut good = Vec::new();
    for value in values.iter().filter(|value| !value.trim().is_empty()) {
        match checked(kind, value) {
            Ok(value) => good.push(value),
            Err(why) => remarks.push(format!(
                "{} was not taken from {}: the value {why}.",
                label(name),
                shown(source)
            )),
        }
        if kind != Kind::Joined && !good.is_empty() {
            break;
        }
    }
    if good.is_empty() {
        return None;
    }
    let joined = good.join(", ");
    match checked(kind, &joined) {
        Ok(value) => Some(value),
        Err(why) => {
            let name = label(name);
            remarks.push(format!(
                "{name} was not taken from {}: all values together: {why}.",
                shown(source)
            ));
            None
        }
    }
}

fn shown(source: &str) -> String {
    source.chars().take(200).collect()
}
