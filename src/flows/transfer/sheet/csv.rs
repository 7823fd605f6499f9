//! CSV, with care for spreadsheets on both ways.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or a control character for a formula, and a formula
//! can send away what stands beside it. Such a value goes out behind an apostrophe, which comes off when it comes back.

use std::collections::BTreeSet;

use super::{Column, LIST, MOST_ROWS, Record, Row, Sheet, cell, meant, too_many, unreadable};
use crate::error::{Error, Result};

/// Without it, Excel takes UTF-8 for whatever the machine was sold with, and turns every umlaut into two letters.
const MARK: &str = "\u{FEFF}";
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Could a spreadsheet take it for a formula, or is it one of ours made harmless?
fn is_risky(text: &str) -> bool {
    let behind = text.trim_start_matches('\'');
    behind.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

fn harmless(text: &str) -> String {
    if is_risky(text) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn as_it_was(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if is_risky(rest) => rest,
        _ => text,
    }
}

/// The first line: the mark and the keys of the columns.
pub fn csv_head(columns: &[Column]) -> Result<Vec<u8>> {
    let keys = columns.iter().map(|column| column.key.clone());
    let mut head = MARK.as_bytes().to_vec();
    head.extend(written(keys)?);
    Ok(head)
}

/// One line.
pub fn csv_line(columns: &[Column], record: &Record) -> Result<Vec<u8>> {
    let value = |column: &Column| {
        let text = record.get(&column.key).map_or("", String::as_str);
        harmless(&text.replace(LIST, "; "))
    };
    written(columns.iter().map(value))
}

fn written(cells: impl Iterator<Item = String>) -> Result<Vec<u8>> {
    let mut writer = ::csv::WriterBuilder::new()
        .terminator(::csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells).map_err(Error::internal)?;
    writer
        .into_inner()
        .map_err(|problem| Error::internal(problem.to_string()))
}

/// The delimiter whose header names most columns that are known here; the comma where it makes no difference.
pub fn delimiter_of(text: &str, columns: &[Column]) -> u8 {
    let known = |delimiter: &u8| {
        let header = records(text, *delimiter).next().and_then(|record| record.ok());
        let header = header.unwrap_or_default();
        header
            .iter()
            .filter(|name| meant(name, columns).is_some())
            .count()
    };
    let mut best = (b',', known(&b','));
    for delimiter in DELIMITERS.into_iter().skip(1) {
        let found = known(&delimiter);
        if found > best.1 {
            best = (delimiter, found);
        }
    }
    best.0
}

fn records(text: &str, delimiter: u8) -> impl Iterator<Item = ::csv::Result<::csv::StringRecord>> + '_ {
    let reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    reader.into_records()
}

/// Excel's own first line, which says the delimiter and is no row.
fn said_delimiter(text: &str) -> (Option<u8>, &str) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let said = first.trim_end_matches('\r').strip_prefix("sep=");
    match said.map(str::as_bytes) {
        Some([one]) if DELIMITERS.contains(one) => (Some(*one), rest),
        _ => (None, text),
    }
}

pub(super) fn read(text: &str, key: &str, columns: &[Column]) -> Result<Sheet> {
    let (said, text) = said_delimiter(text);
    let delimiter = said.unwrap_or_else(|| delimiter_of(text, columns));
    let mut lines = records(text, delimiter);
    let header = lines.next().transpose().map_err(|problem| broken(&problem))?;
    let header = header.ok_or_else(|| unreadable("This file is empty."))?;
    let mut sheet = Sheet::default();
    let places = header_places(&header, key, columns, &mut sheet)?;
    for (number, line) in (2..).zip(lines) {
        let line = line.map_err(|problem| broken(&problem))?;
        if line.iter().all(|text| text.trim().is_empty()) {
            continue;
        }
        if sheet.rows.len() == MOST_ROWS {
            return Err(too_many());
        }
        sheet.rows.push(row(number, &line, &places));
    }
    Ok(sheet)
}

/// The column of each place, where it has one that is read.
fn header_places<'a>(
    header: &::csv::StringRecord,
    key: &str,
    columns: &'a [Column],
    sheet: &mut Sheet,
) -> Result<Vec<Option<&'a Column>>> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for name in header {
        let column = meant(name, columns);
        if let Some(column) = column
            && !seen.insert(&column.key)
        {
            return Err(unreadable(format!(
                "Two columns mean {}; the second is called “{}”. Remove one of them.",
                column.label,
                name.trim()
            )));
        }
        let read = column.filter(|column| !column.is_told);
        if read.is_none() && !name.trim().is_empty() {
            sheet.unread.push(name.trim().chars().take(100).collect());
        }
        places.push(read);
    }
    if seen.iter().any(|known| *known == key) {
        return Ok(places);
    }
    let found: Vec<String> = header.iter().map(|name| format!("“{}”", name.trim())).collect();
    let found: String = found.join(", ").chars().take(300).collect();
    Err(unreadable(format!(
        "The first row must name the columns, and one of them must be “{key}”. It says {found}."
    )))
}

fn row(number: u64, line: &::csv::StringRecord, places: &[Option<&Column>]) -> Row {
    let mut row = Row {
        number,
        ..Row::default()
    };
    let behind = line.iter().skip(places.len());
    if line.len() < places.len() || behind.clone().any(|text| !text.trim().is_empty()) {
        row.flaw = Some(format!(
            "This row has {} cells and the first row {}. Put quotation marks around a value that holds the delimiter.",
            line.len(),
            places.len()
        ));
    }
    for (text, column) in line.iter().zip(places) {
        if let Some(column) = column {
            let text = as_it_was(text.trim());
            let text = match column.is_list {
                true => text
                    .split(';')
                    .map(str::trim)
                    .collect::<Vec<_>>()
                    .join(&LIST.to_string()),
                false => text.to_owned(),
            };
            cell(&mut row, column, text);
        }
    }
    row
}

fn broken(problem: &::csv::Error) -> Error {
    let line = problem.position().map_or(0, ::csv::Position::line);
    unreadable(format!("Line {line} cannot be read as CSV."))
}
