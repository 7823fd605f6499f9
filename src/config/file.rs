//! Reads the settings file: TOML whose every value is text or a list of texts.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::sources::Takes;

const FILE_LIMIT: u64 = 1024 * 1024;

/// The keys and values of `file`, or why there are none.
pub(super) fn read(file: &Path) -> Result<toml::Table, String> {
    let shown = file.display();
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|problem| format!("{shown} cannot be read: {problem}"))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(format!(
            "{shown} is larger than 1 MiB, so it is not a settings file"
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown} is not UTF-8 text"))?;
    text.parse().map_err(|problem: toml::de::Error| {
        let before = problem
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{shown}, line {line}: {}", problem.message())
    })
}

/// The texts of one value.
pub(super) fn values_of(value: toml::Value, takes: Takes) -> Result<Vec<String>, String> {
    match (value, takes) {
        (toml::Value::String(text), _) => Ok(vec![text]),
        (toml::Value::Array(items), Takes::Several) => items.into_iter().map(text_of).collect(),
        (other, _) => Err(wrong_type(&other, takes)),
    }
}

fn text_of(item: toml::Value) -> Result<String, String> {
    match item {
        toml::Value::String(text) => Ok(text),
        other => Err(wrong_type(&other, Takes::Several)),
    }
}

fn wrong_type(value: &toml::Value, takes: Takes) -> String {
    let found = match value {
        toml::Value::String(_) => "text",
        toml::Value::Integer(_) | toml::Value::Float(_) => "a number",
        toml::Value::Boolean(_) => "true or false",
        toml::Value::Datetime(_) => "a date",
        toml::Value::Array(_) => "a list",
        toml::Value::Table(_) => "a table (tables belong into the file for `doorward apply`)",
    };
    match takes {
        Takes::One => format!("must be text in quotes, found {found}"),
        Takes::Several => format!("must be a list of texts in quotes, found {found}"),
    }
}
