//! What a file does, row by row.

use crate::error::{Error, Kind, Result};

use super::people::Names;
use super::sheet::Record;

/// One value that becomes another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub label: String,
    pub was: String,
    pub becomes: String,
}

/// Why a row is not taken, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The column; empty: the whole row.
    pub column: String,
    pub value: String,
    pub why: String,
}

impl Refusal {
    pub(super) fn whole(why: impl Into<String>) -> Self {
        Self {
            column: String::new(),
            value: String::new(),
            why: why.into(),
        }
    }
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Added(Vec<Difference>),
    Changed(Vec<Difference>),
    Unchanged,
    /// It is there and not in the file, which replaces the whole: a row of a mapping, never a person.
    Goes(Vec<Difference>),
    Refused(Vec<Refusal>),
}

impl Fate {
    /// In the words of filters and files.
    pub fn key(&self) -> &'static str {
        match self {
            Fate::Added(_) => "add",
            Fate::Changed(_) => "change",
            Fate::Unchanged => "unchanged",
            Fate::Goes(_) => "remove",
            Fate::Refused(_) => "refused",
        }
    }

    pub fn does_something(&self) -> bool {
        matches!(self, Fate::Added(_) | Fate::Changed(_) | Fate::Goes(_))
    }

    pub fn differences(&self) -> &[Difference] {
        match self {
            Fate::Added(list) | Fate::Changed(list) | Fate::Goes(list) => list,
            Fate::Unchanged | Fate::Refused(_) => &[],
        }
    }

    pub fn refusals(&self) -> &[Refusal] {
        match self {
            Fate::Refused(list) => list,
            _ => &[],
        }
    }
}

/// A row and its fate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub number: u64,
    /// Who or what it is about, as the file says.
    pub name: String,
    pub fate: Fate,
}

/// How many rows have which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub added: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub gone: usize,
    pub refused: usize,
}

impl Counts {
    pub(super) fn of(lines: &[Line]) -> Self {
        let mut counts = Self::default();
        for line in lines {
            match line.fate {
                Fate::Added(_) => counts.added += 1,
                Fate::Changed(_) => counts.changed += 1,
                Fate::Unchanged => counts.unchanged += 1,
                Fate::Goes(_) => counts.gone += 1,
                Fate::Refused(_) => counts.refused += 1,
            }
        }
        counts
    }

    /// How many rows an import does.
    pub fn to_do(&self) -> usize {
        self.added + self.changed + self.gone
    }
}

/// What is different in a record, in the order of the labels; columns without a label are told apart elsewhere.
pub(super) fn differences(was: &Record, is: &Record, labels: &[(String, String)]) -> Vec<Difference> {
    let text = |record: &Record, key: &str| record.get(key).cloned().unwrap_or_default();
    let differs = labels.iter().filter(|(key, _)| text(was, key) != text(is, key));
    let shown = |value: String| value.replace(super::sheet::LIST, ", ");
    let difference = |(key, label): &(String, String)| Difference {
        label: label.clone(),
        was: shown(text(was, key)),
        becomes: shown(text(is, key)),
    };
    differs.map(difference).collect()
}

/// Why a flow did not take a row. An error that is not about the row is handed back.
pub(super) fn refusals(error: Error, cells: &Record, names: &Names) -> Result<Vec<Refusal>> {
    match &error.kind {
        Kind::Invalid(problems) => {
            let refusal = |problem: &crate::error::FieldProblem| Refusal {
                column: names.label(&problem.field),
                value: cells
                    .get(&problem.field)
                    .map_or_else(String::new, |value| shown(value)),
                why: problem.message.clone(),
            };
            Ok(problems.iter().map(refusal).collect())
        }
        Kind::Denied | Kind::Conflict | Kind::NotFound => Ok(vec![Refusal::whole(error.message.clone())]),
        _ => Err(error),
    }
}

fn shown(value: &str) -> String {
    value
        .replace(super::sheet::LIST, ", ")
        .chars()
        .take(200)
        .collect()
}
