//! What a list is sorted by, as SQL, and where the next page of a sorted list begins.
//!
//! Ties are broken by the row's number, and a descending list is the ascending one backwards: rows without a value
//! come last, or first when descending.

use rusqlite::types::Value;
use serde_json::Value as Json;

use super::Key;
use super::condition::Bound;
use super::source::{self, Ground, Source};
use crate::model::ResourceKind;
use crate::model::filter::Order;

/// How a list is sorted: its value as SQL.
pub struct Sorted {
    pub value: String,
    nullable: bool,
    descending: bool,
}

/// Not sorted: by number alone.
pub fn by_number() -> Sorted {
    Sorted {
        value: "NULL".to_owned(),
        nullable: false,
        descending: false,
    }
}

pub fn by(bound: &mut Bound, kind: ResourceKind, order: &Order) -> Sorted {
    let (value, nullable) = match source::of(&Ground::Row(kind), &order.field) {
        Source::Column(_, _)
            if order.field.name == "meta" && order.field.sub.as_deref() == Some("version") =>
        {
            ("r.version".to_owned(), false)
        }
        Source::Column(column, _) => (column, false),
        Source::Nullable(column, _) => (column, true),
        Source::Location(_, id) => (id, false),
        Source::Json(json, path) => {
            let path = bound.bind(path);
            (
                scalar(
                    &format!("json_type({json}, {path})"),
                    &format!("json_extract({json}, {path})"),
                ),
                true,
            )
        }
        Source::List(json, path, sub) => (of_list(bound, &json, path, sub), true),
        Source::Ties(_) | Source::Meta | Source::Nothing => ("NULL".to_owned(), true),
    };
    Sorted {
        value,
        nullable,
        descending: order.descending,
    }
}

fn scalar(kind: &str, value: &str) -> String {
    format!("CASE WHEN {kind} NOT IN ('array', 'object') THEN {value} END")
}

/// The primary element's value, else the first one's.
fn of_list(bound: &mut Bound, json: &str, path: String, sub: Option<String>) -> String {
    let path = bound.bind(path);
    let value = match sub {
        None => scalar("e.type", "e.value"),
        Some(sub) => {
            let sub = bound.bind(sub);
            let value = scalar(
                &format!("json_type(e.value, {sub})"),
                &format!("json_extract(e.value, {sub})"),
            );
            format!("CASE e.type WHEN 'object' THEN {value} END")
        }
    };
    let primary = "CASE e.type WHEN 'object' THEN json_type(e.value, '$.primary') IS 'true' ELSE 0 END";
    format!("(SELECT {value} FROM jsonb_each({json}, {path}) AS e ORDER BY {primary} DESC, e.key LIMIT 1)")
}

impl Sorted {
    fn is_by_number(&self) -> bool {
        self.value == "NULL"
    }

    /// Behind `ORDER BY`. `v` is the value's name; `free` keeps SQLite from walking all rows by number to find few.
    pub fn order(&self, free: bool) -> String {
        let number = if free { "+r.seq" } else { "r.seq" };
        match (self.is_by_number(), self.nullable, self.descending) {
            (true, _, false) => number.to_owned(),
            (true, _, true) => format!("{number} DESC"),
            (false, false, false) => format!("{}, r.seq", self.value),
            (false, false, true) => format!("{} DESC, r.seq DESC", self.value),
            (false, true, false) => "v NULLS LAST, r.seq".to_owned(),
            (false, true, true) => "v DESC NULLS FIRST, r.seq DESC".to_owned(),
        }
    }

    /// Is a row behind this place?
    pub fn behind(&self, bound: &mut Bound, key: &Key) -> String {
        let value = &self.value;
        let sign = if self.descending { "<" } else { ">" };
        let seq = bound.bind(key.seq);
        match key.sort.as_ref().and_then(to_sql) {
            // Behind a row of the other kind that has a value: what has none comes last, or first when descending.
            Some(_) if self.is_by_number() => i64::from(!self.descending).to_string(),
            None if self.is_by_number() => format!("r.seq {sign} {seq}"),
            None if self.descending => format!("({value} IS NOT NULL OR r.seq < {seq})"),
            None => format!("({value} IS NULL AND r.seq > {seq})"),
            Some(sort) => {
                let sort = bound.bind(sort);
                match (self.nullable, self.descending) {
                    (false, _) => format!("({value}, r.seq) {sign} ({sort}, {seq})"),
                    (true, true) => format!("({value}, r.seq) < ({sort}, {seq})"),
                    (true, false) => format!("(({value}, r.seq) > ({sort}, {seq}) OR {value} IS NULL)"),
                }
            }
        }
    }
}

fn to_sql(value: &Json) -> Option<Value> {
    match value {
        Json::Null | Json::Array(_) | Json::Object(_) => None,
        Json::Bool(yes) => Some(Value::Integer(i64::from(*yes))),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Integer)
            .or_else(|| number.as_f64().map(Value::Real)),
        Json::String(text) => Some(Value::Text(text.clone())),
    }
}

/// What SQLite sorted by, as it is kept in a [`Key`].
pub fn from_sql(value: Value) -> Option<Json> {
    match value {
        Value::Null | Value::Blob(_) => None,
        Value::Integer(number) => Some(number.into()),
        Value::Real(number) => Some(number.into()),
        Value::Text(text) => Some(text.into()),
    }
}
