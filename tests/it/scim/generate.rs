//! Random users and random filters that have something to do with each other.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub const OWN: &str = "urn:example:params:scim:schemas:extension:badge:2.0:User";

/// Few words, so that filters find somebody; odd ones, so that nothing is quoted or folded by halves.
const WORDS: &[&str] = &[
    "ann",
    "Ann",
    "bob",
    "ANN@acme.test",
    "bob@acme.test",
    "Größe",
    "GRÖSSE",
    "İ",
    "O'Neil",
    "a\"b",
    "c\\d",
    "100%",
    "_",
    "10",
    "true",
    " x ",
    "漢字",
    "zz",
];

pub fn word() -> impl Strategy<Value = String> {
    prop::sample::select(WORDS).prop_map(str::to_owned)
}

fn list() -> impl Strategy<Value = Value> {
    let kind = prop::option::of(prop::sample::select(&["work", "home", "Other"][..]));
    let one = (word(), kind, any::<bool>()).prop_map(|(value, kind, display)| {
        let mut one = json!({ "value": value });
        if let Some(kind) = kind {
            one["type"] = json!(kind);
        }
        if display {
            one["display"] = json!(value);
        }
        one
    });
    (prop::collection::vec(one, 0..4), any::<bool>()).prop_map(|(mut list, primary)| {
        if let (Some(first), true) = (list.first_mut(), primary) {
            first["primary"] = json!(true);
        }
        Value::Array(list)
    })
}

fn unknown() -> impl Strategy<Value = Value> {
    prop_oneof![
        word().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-3i64..12).prop_map(Value::from),
        prop::collection::vec(word(), 0..3).prop_map(Value::from),
        word().prop_map(|w| json!({ "part": w })),
        (word(), word()).prop_map(|(a, b)| json!([{ "part": a }, { "part": b, "other": 7 }])),
    ]
}

fn entries() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
    let text = || word().prop_map(Value::from);
    let one = prop_oneof![
        3 => text().prop_map(|v| ("displayName", v)),
        2 => text().prop_map(|v| ("externalId", v)),
        1 => text().prop_map(|v| ("title", v)),
        2 => any::<bool>().prop_map(|v| ("active", v.into())),
        3 => (word(), word()).prop_map(|(a, b)| ("name", json!({ "givenName": a, "familyName": b }))),
        4 => list().prop_map(|v| ("emails", v)),
        2 => list().prop_map(|v| ("roles", v)),
        2 => (word(), word()).prop_map(|(a, b)| (ENTERPRISE, json!({ "department": a, "manager": { "value": b } }))),
        2 => unknown().prop_map(|v| ("color", v)),
        1 => unknown().prop_map(|v| (OWN, json!({ "level": v }))),
    ];
    prop::collection::vec(one, 0..8)
}

/// The body of a POST of a user, as the standard has it. The userName is the caller's, who may need it unique.
pub fn user_body(user_name: impl Strategy<Value = String>) -> impl Strategy<Value = Value> {
    (user_name, entries()).prop_map(|(user_name, entries)| {
        let mut body = Map::new();
        for (name, value) in entries {
            body.insert(name.to_owned(), value);
        }
        body.insert("userName".to_owned(), user_name.into());
        Value::Object(body)
    })
}

fn quoted(word: &str) -> String {
    Value::from(word).to_string()
}

const TEXTS: &[&str] = &[
    "userName",
    "USERNAME",
    "displayName",
    "externalId",
    "title",
    "name.givenName",
    "name.familyName",
    "emails",
    "emails.value",
    "emails.type",
    "roles.display",
    "color",
    "color.part",
    "urn:ietf:params:scim:schemas:core:2.0:User:userName",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "urn:example:params:scim:schemas:extension:badge:2.0:User:level",
];

fn operator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Co"][..])
}

fn term() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(TEXTS);
    let equality = || prop::sample::select(&["eq", "ne"][..]);
    let sub = prop::sample::select(&["value", "type", "display"][..]);
    let inner = (sub, operator(), word()).prop_map(|(sub, op, word)| format!("{sub} {op} {}", quoted(&word)));
    let inner = prop::collection::vec(inner, 1..3)
        .prop_map(|parts| parts.join(" and "))
        .boxed();
    prop_oneof![
        6 => (name(), operator(), word()).prop_map(|(n, op, w)| format!("{n} {op} {}", quoted(&w))),
        2 => name().prop_map(|n| format!("{n} pr")),
        1 => Just("name pr".to_owned()),
        1 => (name(), equality()).prop_map(|(n, op)| format!("{n} {op} null")),
        1 => (equality(), any::<bool>()).prop_map(|(op, v)| format!("active {op} {v}")),
        1 => (operator(), -3i64..12).prop_map(|(op, v)| format!("color {op} {v}")),
        1 => (equality(), any::<bool>()).prop_map(|(op, v)| format!("color {op} {v}")),
        3 => (prop::sample::select(&["emails", "roles"][..]), inner.clone()).prop_map(|(n, i)| format!("{n}[{i}]")),
        2 => (inner, operator(), word()).prop_map(|(i, op, w)| format!("emails[{i}].value {op} {}", quoted(&w))),
        1 => (operator(), word()).prop_map(|(op, w)| format!("color[part {op} {}]", quoted(&w))),
        1 => any::<bool>().prop_map(|v| format!("emails[primary eq {v}]")),
    ]
}

/// The text of a filter over users that Doorward accepts.
pub fn filter_text() -> impl Strategy<Value = String> {
    term().prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} OR {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and ({b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}
