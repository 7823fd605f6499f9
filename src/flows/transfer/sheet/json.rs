//! JSON: a list of objects, each with the columns as its members; further fields stand under `fields`.

use serde_json::{Map, Value};

use super::{Column, LIST, MOST_ROWS, Record, Row, Sheet, cell, meant, too_many, unreadable};
use crate::error::{Error, Result};

/// One object, without what is empty; in the order of the columns.
pub fn json_line(columns: &[Column], record: &Record) -> Result<String> {
    let own = members(columns.iter().filter(|column| !column.is_field), record)?;
    let fields = members(columns.iter().filter(|column| column.is_field), record)?;
    let fields = match fields.is_empty() {
        true => String::new(),
        false => format!(", \"fields\": {{ {fields} }}"),
    };
    Ok(format!("{{ {own}{fields} }}"))
}

fn members<'a>(columns: impl Iterator<Item = &'a Column>, record: &Record) -> Result<String> {
    let mut members = Vec::new();
    for column in columns {
        let text = record.get(&column.key).map_or("", String::as_str);
        if text.is_empty() {
            continue;
        }
        let value = match column.is_list {
            true => Value::from(text.split(LIST).collect::<Vec<_>>()),
            false => Value::from(text),
        };
        let key = serde_json::to_string(&column.key).map_err(Error::internal)?;
        members.push(format!("{key}: {value}"));
    }
    Ok(members.join(", "))
}

pub(super) fn read(text: &str, list: &str, columns: &[Column]) -> Result<Sheet> {
    let whole: Value = serde_json::from_str(text).map_err(|problem| {
        unreadable(format!(
            "This is not JSON: line {}, column {}.",
            problem.line(),
            problem.column()
        ))
    })?;
    let entries = match whole {
        Value::Array(entries) => entries,
        Value::Object(mut members) => match members.remove(list) {
            Some(Value::Array(entries)) => entries,
            _ => {
                return Err(unreadable(format!(
                    "This JSON has no list “{list}”. It must be a list of objects, or an object with such a list."
                )));
            }
        },
        _ => return Err(unreadable("This JSON is no list of objects.")),
    };
    if entries.len() > MOST_ROWS {
        return Err(too_many());
    }
    let mut sheet = Sheet::default();
    for (number, entry) in (1..).zip(entries) {
        let row = row(number, entry, columns, &mut sheet.unread);
        sheet.rows.push(row);
    }
    Ok(sheet)
}

fn row(number: u64, entry: Value, columns: &[Column], unread: &mut Vec<String>) -> Row {
    let mut row = Row {
        number,
        ..Row::default()
    };
    let Value::Object(members) = entry else {
        row.flaw = Some("This entry is no object.".to_owned());
        return row;
    };
    take(&mut row, members, columns, unread, true);
    row
}

fn take(
    row: &mut Row,
    members: Map<String, Value>,
    columns: &[Column],
    unread: &mut Vec<String>,
    outer: bool,
) {
    for (name, value) in members {
        let value = match value {
            Value::Object(fields) if outer && name == "fields" => {
                take(row, fields, columns, unread, false);
                continue;
            }
            value => value,
        };
        let Some(column) = meant(&name, columns).filter(|column| !column.is_told) else {
            let name: String = name.chars().take(100).collect();
            if !unread.contains(&name) && unread.len() < 100 {
                unread.push(name);
            }
            continue;
        };
        if row.cells.contains_key(&column.key) {
            row.flaw = Some(format!("{} is said twice.", column.label));
        }
        match said(&value) {
            Some(text) => cell(row, column, text),
            None => {
                row.flaw = Some(format!(
                    "The value of {} is neither text nor a list of texts.",
                    column.label
                ));
            }
        }
    }
}

fn said(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(on) => Some(on.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(values) => {
            let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
            Some(texts?.join(&LIST.to_string()))
        }
        Value::Object(_) => None,
    }
}
