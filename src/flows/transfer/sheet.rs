//! A table as it comes in and goes out: CSV (RFC 4180) or JSON, the same columns in both.
//!
//! Whatever comes in is hostile or at least made by a spreadsheet: another delimiter, another encoding, other names for
//! the columns. What can be understood without guessing is; everything else is refused in words that say what to do.

mod csv;
mod decode;
mod json;

use std::collections::BTreeMap;

use crate::error::{Error, Result};

pub use csv::{csv_head, csv_line, delimiter_of};
pub use decode::decode;
pub use json::json_line;

/// Most rows of one file.
pub const MOST_ROWS: usize = 20_000;
/// Longest value of a cell, in characters: the longest value of a field, and some room for lists.
const CELL_LIMIT: usize = 10_000;
/// Between the values of a list, inside.
pub const LIST: char = '\u{1F}';

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    pub fn key(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }

    pub fn parse(key: &str) -> Option<Self> {
        [Format::Csv, Format::Json]
            .into_iter()
            .find(|format| format.key() == key)
    }
}

/// One column of a kind of table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub key: String,
    pub label: String,
    /// What else a file may call it; compared without regard to case, spaces and punctuation.
    pub also: Vec<String>,
    /// It is written for whoever reads the file, and passed over when it comes back.
    pub is_told: bool,
    /// Several values: `; ` between them in CSV, an array in JSON.
    pub is_list: bool,
    /// Stands under `fields` in JSON.
    pub is_field: bool,
}

impl Column {
    pub fn new(key: &str, label: &str, also: &[&str]) -> Self {
        Self {
            key: key.to_owned(),
            label: label.to_owned(),
            also: also.iter().map(|name| (*name).to_owned()).collect(),
            is_told: false,
            is_list: false,
            is_field: false,
        }
    }

    #[must_use]
    pub fn told(mut self) -> Self {
        self.is_told = true;
        self
    }

    #[must_use]
    pub fn list(mut self) -> Self {
        self.is_list = true;
        self
    }

    #[must_use]
    pub fn field(mut self) -> Self {
        self.is_field = true;
        self
    }
}

/// What a row holds, by the key of its column.
pub type Record = BTreeMap<String, String>;

/// One row of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// As a spreadsheet counts: the header is row 1. In JSON the first entry is 1.
    pub number: u64,
    pub cells: Record,
    /// The row itself cannot be read.
    pub flaw: Option<String>,
}

/// A file that could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    pub rows: Vec<Row>,
    /// Columns that mean nothing here, as the file calls them, and columns that are only told.
    pub unread: Vec<String>,
}

/// Reads a file. `list`: under which name JSON holds the rows. `key`: the column that every row must have.
pub fn read(text: &str, list: &str, key: &str, columns: &[Column]) -> Result<Sheet> {
    let sheet = match text.trim_start().starts_with(['{', '[']) {
        true => json::read(text, list, columns)?,
        false => csv::read(text, key, columns)?,
    };
    if sheet.rows.is_empty() {
        return Err(unreadable("There are no rows in this file."));
    }
    Ok(sheet)
}

fn unreadable(message: impl Into<String>) -> Error {
    Error::invalid("file", message)
}

fn too_many() -> Error {
    unreadable(format!(
        "This file has more than {MOST_ROWS} rows. Split it and import one part after the other."
    ))
}

/// Names of columns as they are compared: letters and digits in lower case.
fn folded(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The column that a file means by this name: by its key, else by its label or another name.
fn meant<'a>(name: &str, columns: &'a [Column]) -> Option<&'a Column> {
    let name = name.trim();
    if let Some(column) = columns.iter().find(|column| column.key == name) {
        return Some(column);
    }
    let wanted = folded(name);
    let names = |column: &Column| {
        let also = column.also.iter().map(String::as_str);
        let mut all = also.chain([column.key.as_str(), column.label.as_str()]);
        all.any(|known| folded(known) == wanted)
    };
    if wanted.is_empty() {
        return None;
    }
    columns.iter().find(|column| names(column))
}

/// What a cell holds, and what is wrong with it.
fn cell(row: &mut Row, column: &Column, text: String) {
    let text = text.trim().to_owned();
    if text.chars().count() > CELL_LIMIT {
        row.flaw = Some(format!(
            "The value of {} is longer than any that fits.",
            column.label
        ));
        return;
    }
    row.cells.insert(column.key.clone(), text);
}

#[cfg(test)]
mod tests;
