//! Between SQLite's values and our types: what a row that makes no sense says, and who is told.

use rusqlite::Row;
use rusqlite::types::Type;

use crate::error::{Error, Kind, Result};
use crate::model::Timestamp;

impl From<rusqlite::Error> for Error {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match cause.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen,
            ) => Error::unavailable("Doorward could not use its disk. Nothing was changed.", cause),
            Some(ErrorCode::OperationInterrupted) => Error::too_slow(),
            _ => Error::internal(cause),
        }
    }
}

/// Does the error say that a UNIQUE or PRIMARY KEY column already has the value?
pub fn is_duplicate(cause: &rusqlite::Error) -> bool {
    matches!(
        cause,
        rusqlite::Error::SqliteFailure(e, _)
            if e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                || e.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
    )
}

/// A row that could not be written: where the value of a field is another row's already, `message` says so beside it.
pub fn taken(cause: rusqlite::Error, field: &str, message: impl FnOnce() -> String) -> Error {
    if is_duplicate(&cause) {
        Error::invalid(field, message())
    } else {
        cause.into()
    }
}

/// Reads a text column through `parse`; a value that does not parse names table and column.
pub fn parsed<T>(row: &Row, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| inconsistent(column, &text))
}

/// As [`parsed`], for a column that may be NULL.
pub fn parsed_option<T>(
    row: &Row,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| parse(&text).ok_or_else(|| inconsistent(column, &text)))
        .transpose()
}

pub fn time(row: &Row, column: &str) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

pub fn time_option(row: &Row, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp))
}

fn inconsistent(column: &str, text: &str) -> rusqlite::Error {
    let message = format!("column {column} holds {text:?}, which is none of its values");
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, message.into())
}

/// A write that must hit one row: none means that the row is gone or was changed by somebody else.
pub fn exactly_one(changed: usize, what: &str) -> Result<()> {
    match changed {
        1 => Ok(()),
        0 => Err(Error::new(
            Kind::Conflict,
            format!(
                "Somebody else changed this {what} in the meantime. Load the page again and repeat your change."
            ),
        )),
        more => Err(Error::internal(format!("a write to one {what} hit {more} rows"))),
    }
}
