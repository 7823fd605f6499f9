//! Moments as SAML writes them (`xs:dateTime`, SAML core §1.3.3), and lengths of time as people read them.

use chrono::{DateTime, NaiveDateTime};

use crate::model::time::Timestamp;

/// Reads an `xs:dateTime`. A missing zone means UTC, as SAML core demands UTC anyway. Nothing when it is not one.
pub fn read(text: &str) -> Option<Timestamp> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(Timestamp(at.timestamp_millis()));
    }
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    Some(Timestamp(naive.and_utc().timestamp_millis()))
}

/// `7 min 12 s` for 432,000 ms; the sign is dropped.
pub fn length(millis: i64) -> String {
    let seconds = millis.unsigned_abs() / 1_000;
    match (
        seconds / 86_400,
        seconds / 3_600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    ) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, m, s) => format!("{m} min {s} s"),
        (0, h, m, _) => format!("{h} h {m} min"),
        (d, h, _, _) => format!("{d} d {h} h"),
    }
}
