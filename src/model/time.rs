//! Points in time and lengths of time, as the rest of the program passes them around.
//!
//! A [`Timestamp`] is milliseconds since the Unix epoch, UTC. Nothing in `model` reads a clock: `now`
//! is always an argument, so that expiry is tested by moving the clock and never by sleeping.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

impl Timestamp {
    /// This moment moved by `millis`; saturates at the ends of time instead of wrapping.
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This moment moved back by `millis`.
    #[must_use]
    pub fn minus(self, millis: i64) -> Self {
        Self(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// `2026-11-21T14:05:09.123Z`, for `<time datetime>`, JSON and XML.
    pub fn rfc3339(self) -> String {
        self.to_utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// `21 Nov 2026, 14:05`, in UTC, for people.
    pub fn human(self) -> String {
        self.to_utc().format("%-d %b %Y, %H:%M").to_string()
    }

    /// `21 Nov 2026`, in UTC.
    pub fn human_day(self) -> String {
        self.to_utc().format("%-d %b %Y").to_string()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}
