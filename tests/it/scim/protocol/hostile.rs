//! Bytes that nobody means: some thousand changes to what is usual, and limits.

use std::time::{Duration, Instant};

use doorward::model::ResourceKind::User;
use doorward::scim::{MAX_BODY, document, filter, json as scim_json, patch, query};
use serde_json::{Value, json};

use super::{ID, user};

#[path = "../../../fuzz/targets.rs"]
mod targets;

/// Pieces that mean something to a reader.
const PIECES: &[&str] = &[
    "\"",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ".",
    ":",
    ",",
    " ",
    "'",
    "null",
    "true",
    "and",
    " or ",
    "not (",
    "eq",
    "pr",
    "emails",
    "value",
    "type",
    "primary",
    "members",
    "schemas",
    "active",
    "userName",
    "password",
    "op",
    "\"remove\"",
    "\"path\":",
    "\"value\":",
    "urn:",
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "1e400",
    "-0",
    "\\u0000",
    "\\ud800",
    "é",
    "İ",
    "$ref",
    "bulkId:",
    "\u{feff}",
];

/// The same numbers at every run (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap_or(0)
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(12)).min(bytes.len());
        let from = self.below(other.len() + 1);
        let to = (from + self.below(40)).min(other.len());
        match self.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => drop(bytes.splice(at..end, other[from..to].iter().copied())),
            2 => {
                let piece = PIECES[self.below(PIECES.len())];
                drop(bytes.splice(at..at, piece.bytes()));
            }
            3 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            4 => {
                let piece = PIECES[self.below(PIECES.len())];
                drop(bytes.splice(at..end, piece.bytes()));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u8::try_from(self.below(256)).unwrap_or(0);
                }
            }
        }
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/seeds");
    let entries = std::fs::read_dir(format!("{folder}/{target}")).expect("seeds");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).expect("a seed"))
        .collect()
}

fn run(target: &str, rounds: usize, check: fn(&[u8])) {
    let seeds = seeds(target);
    seeds.iter().for_each(|seed| check(seed));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for _ in 0..rounds {
        let mut bytes = seeds[dice.below(seeds.len())].clone();
        for _ in 0..=dice.below(4) {
            let other = &seeds[dice.below(seeds.len())];
            dice.change(&mut bytes, other);
        }
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        if std::panic::catch_unwind(|| check(&bytes)).is_err() {
            panic!("{target}: {shown}");
        }
    }
}

#[test]
fn changed_filters() {
    run("filter", 4_000, targets::filter);
}

#[test]
fn changed_paths() {
    run("path", 3_000, targets::path);
}

#[test]
fn changed_patches() {
    run("patch", 4_000, targets::patch);
}

#[test]
fn changed_bodies() {
    run("body", 4_000, targets::body);
}

/// What stands for a refusal: status and scimType.
fn soon<T: std::fmt::Debug>(
    what: &str,
    work: impl FnOnce() -> Result<T, doorward::scim::ScimProblem>,
) -> (u16, &'static str) {
    let began = Instant::now();
    let problem = work().err();
    // Fifty milliseconds are promised; a build without optimization beside other tests is given its time.
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{what}: {:?}",
        began.elapsed()
    );
    let problem = problem.unwrap_or_else(|| panic!("{what} was taken"));
    assert!(problem.detail.len() < 1_000, "{what}: {}", problem.detail.len());
    (problem.status, problem.kind.map_or("", |kind| kind.key()))
}

#[test]
fn filters_beyond_every_measure() {
    let term = "userName eq \"a\"";
    for text in [
        "(".repeat(100_000),
        "not (".repeat(100_000),
        format!("{}{term}{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}{term}{}", "(".repeat(500), ")".repeat(500)),
        format!("{}{term}{}", "not (".repeat(33), ")".repeat(33)),
        "emails[".repeat(500),
        vec![term; 10_000].join(" and "),
        vec!["a pr"; 500].join(" or "),
        "a pr or ".repeat(100_000),
        format!("userName eq \"{}\"", "x".repeat(5_000)),
    ] {
        let shown: String = text.chars().take(40).collect();
        let filter = [("filter".to_owned(), text)];
        assert_eq!(
            soon(&shown, || query::from_pairs(&filter, User)),
            (400, "invalidFilter")
        );
    }
    let deepest = format!("{}{term}{}", "(".repeat(32), ")".repeat(32));
    assert!(filter::parse(&deepest, User).is_ok());
    assert!(filter::parse(&vec!["a pr"; 64].join(" or "), User).is_ok());
}

#[test]
fn bodies_beyond_every_measure() {
    let user = |inside: &str| format!("{{\"userName\":\"u\"{inside}}}");
    let nested = |depth: usize| user(&format!(",\"x\":{}1{}", "[".repeat(depth), "]".repeat(depth)));
    let keys = |count: usize| {
        let keys: String = (0..count).map(|n| format!(",\"k{n}\":1")).collect();
        user(&keys)
    };
    for (what, body) in [
        ("brackets", "[".repeat(100_000)),
        ("objects", "{\"a\":".repeat(100_000)),
        ("brackets inside", nested(100_000)),
        ("33 deep", nested(32)),
        ("100,000 keys", keys(80_000)),
        ("1,001 keys", keys(1_000)),
    ] {
        assert_eq!(
            soon(what, || scim_json::read(body.as_bytes())),
            (400, "invalidSyntax"),
            "{what}"
        );
    }
    let large = user(&format!(",\"x\":\"{}\"", "x".repeat(MAX_BODY)));
    assert_eq!(soon("1 MB", || scim_json::read(large.as_bytes())), (413, ""));
    let exact = user(&format!(
        ",\"x\":\"{}\"",
        "x".repeat(MAX_BODY - user(",\"x\":\"\"").len())
    ));
    assert_eq!(exact.len(), MAX_BODY);
    for taken in [exact, nested(31), keys(900)] {
        scim_json::read(taken.as_bytes()).expect("within the limits");
    }
    for (what, body) in [
        (
            "schemas",
            json!({ "userName": "u", "schemas": (0..90_000).map(|n| format!("urn:{n}")).collect::<Vec<_>>() }),
        ),
        (
            "emails",
            json!({ "userName": "u", "emails": (0..20_000).map(|n| json!({ "value": n })).collect::<Vec<_>>() }),
        ),
        (
            "aliases",
            Value::Object(
                (0..1_000)
                    .map(|n| (format!("urn:a:b{n}:x"), json!({ "y": 1 })))
                    .chain([("userName".to_owned(), json!("u"))])
                    .collect(),
            ),
        ),
    ] {
        assert_eq!(
            soon(what, || document::user(&body)),
            (400, "invalidValue"),
            "{what}"
        );
    }
}

#[test]
fn patches_beyond_every_measure() {
    let many: Vec<Value> = (0..1_000)
        .map(|n| json!({ "value": format!("{n}@x.y"), "display": n }))
        .collect();
    let current = user(&json!({ "userName": "u", "emails": many, "tags": (0..900).collect::<Vec<_>>() }));
    let patch = |operations: Value| patch::user(ID, &current, &json!({ "Operations": operations }));
    let one = |path: &str, value: Value| json!({ "op": "add", "path": path, "value": value });
    let long = "x".repeat(200_000);
    for (what, operations) in [
        ("operations", vec![one("title", json!("x")); 10_000]),
        (
            "values",
            vec![one("tags", json!((0..20_000).collect::<Vec<_>>()))],
        ),
        (
            "elements",
            vec![one("emails[value eq \"zz\"].display", json!("x")); 1_000],
        ),
        (
            "removals",
            vec![json!({ "op": "remove", "path": "emails[value co \"zz\"]" }); 1_000],
        ),
        (
            "copies",
            vec![json!({ "op": "replace", "path": "emails.display", "value": long })],
        ),
        (
            "copies of objects",
            vec![json!({ "op": "add", "path": "emails[value pr]", "value": { "display": long } })],
        ),
    ] {
        assert_eq!(soon(what, || patch(json!(operations))), (413, ""), "{what}");
    }
    let keys = |from: usize| Value::Object((from..from + 900).map(|n| (format!("k{n}"), json!(1))).collect());
    let operations = (0..10).map(|n| json!({ "op": "add", "value": { "box": keys(n * 900) } }));
    let grown = soon("keys", || patch(Value::Array(operations.collect())));
    assert!(matches!(grown, (413, "") | (400, "invalidValue")), "{grown:?}");
    let mut deep = json!(1);
    for _ in 0..29 {
        deep = json!([deep]);
    }
    let deepest = json!({ "op": "add", "path": "urn:x:y:a[b eq 1].c", "value": deep });
    assert_eq!(soon("depth", || patch(json!([deepest]))), (400, "invalidValue"));
    let group = document::group(&json!({ "displayName": "G" }))
        .expect("a group")
        .document;
    let members: Vec<Value> = (0..9_000).map(|n| json!({ "value": n.to_string() })).collect();
    let whole = json!({ "Operations": [{ "op": "replace", "path": "members", "value": members }] });
    patch::group(ID, &group, &whole).expect("a large group is no offence");
}
