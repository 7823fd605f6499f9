//! What holds whatever the bytes are: called by the fuzz targets, and by a bounded run within the ordinary tests.

use doorward::model::ResourceKind::{self, Group, User};
use doorward::scim::path::Path;
use doorward::scim::{MAX_BODY, MAX_FILTER, ScimProblem, bulk, document, filter, json, patch, query};
use serde_json::{Map, Value, json};

const ID: &str = "018f0000-0000-7000-8000-000000000001";

/// The text of a filter: printed and read again it is the same, and it or its opposite finds each user.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let pairs = [
        ("filter".to_owned(), text.to_owned()),
        ("sortBy".to_owned(), text.to_owned()),
    ];
    let _ = query::from_pairs(&pairs, User).map_err(explained);
    for kind in [User, Group] {
        let tree = match filter::read(text, kind) {
            Ok(tree) => tree,
            Err(problem) => {
                explained(problem);
                continue;
            }
        };
        let printed = tree.to_string();
        if printed.len() <= MAX_FILTER {
            assert_eq!(
                filter::read(&printed, kind).as_ref(),
                Ok(&tree),
                "{text:?} is printed {printed:?}"
            );
        }
        match filter::parse(text, kind) {
            Ok(condition) => {
                if printed.len() <= MAX_FILTER {
                    assert_eq!(filter::parse(&printed, kind).as_ref(), Ok(&condition), "{text:?}");
                }
                let search = document::search_document(User, &ann());
                let opposite = doorward::model::filter::Condition::Not(Box::new(condition.clone()));
                assert_ne!(condition.matches(&search), opposite.matches(&search), "{text:?}");
            }
            Err(problem) => explained(problem),
        }
    }
}

/// The path of an operation: printed and read again it is the same.
pub fn path(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for kind in [User, Group] {
        match Path::parse(text, kind) {
            Ok(path) => {
                let printed = path.to_string();
                if printed.len() <= MAX_FILTER {
                    assert_eq!(
                        Path::parse(&printed, kind),
                        Ok(path),
                        "{text:?} is printed {printed:?}"
                    );
                }
            }
            Err(problem) => explained(problem),
        }
        let body = json!({ "Operations": [{ "op": "replace", "path": text, "value": "x" }] });
        patched(kind, &body);
    }
}

/// The body of a PATCH: what it makes is canonical, and an empty patch leaves it as it is.
pub fn patch(bytes: &[u8]) {
    if let Some(body) = read(bytes) {
        patched(User, &body);
        patched(Group, &body);
    }
}

/// The body of a POST or PUT: what it is read as is canonical.
pub fn body(bytes: &[u8]) {
    let Some(body) = read(bytes) else {
        return;
    };
    match document::user(&body) {
        Ok(read) => {
            assert!(
                !format!("{:?}", read.document.keys())
                    .to_lowercase()
                    .contains("\"password\"")
            );
            canonical(User, &read.document);
            let facts = document::user_facts(&read.document);
            assert!(!facts.user_name.is_empty());
        }
        Err(problem) => explained(problem),
    }
    match document::group(&body) {
        Ok(read) => canonical(Group, &read.document),
        Err(problem) => explained(problem),
    }
    let _ = query::from_search(&body, User).map_err(explained);
    if let Ok(mut bulk) = bulk::read(&body).map_err(explained) {
        for operation in &mut bulk.operations {
            for name in bulk::references(operation) {
                bulk::resolve(operation, &name, ID);
                assert!(!bulk::references(operation).contains(&name), "{operation:?}");
            }
        }
    }
}

fn read(bytes: &[u8]) -> Option<Value> {
    match json::read(bytes) {
        Ok(value) => {
            assert!(value.is_object());
            Some(value)
        }
        Err(problem) => {
            explained(problem);
            None
        }
    }
}

/// Every refusal is the sender's, and says what to do.
fn explained(problem: ScimProblem) {
    assert!((400..500).contains(&problem.status), "{problem:?}");
    assert!(
        problem.detail.len() > 20 && problem.detail.len() < 4_000,
        "{problem:?}"
    );
    assert!(problem.status == 413 || problem.kind.is_some(), "{problem:?}");
}

fn patched(kind: ResourceKind, body: &Value) {
    let made = |document: &Map<String, Value>, body: &Value| match kind {
        User => patch::user(ID, document, body).map(|made| made.document),
        Group => patch::group(ID, document, body).map(|made| made.document),
    };
    let before = match kind {
        User => ann(),
        Group => sales(),
    };
    match made(&before, body) {
        Ok(document) => {
            let nothing = json!({ "Operations": [] });
            assert_eq!(
                made(&document, &nothing).as_ref(),
                Ok(&document),
                "an empty patch changed it"
            );
            canonical(kind, &document);
        }
        Err(problem) => explained(problem),
    }
}

/// Sent back as it is given out, a document stays what it is.
fn canonical(kind: ResourceKind, document: &Map<String, Value>) {
    let body = Value::Object(document.clone());
    let again = match kind {
        User => document::user(&body).map(|read| read.document),
        Group => document::group(&body).map(|read| read.document),
    };
    let mut expected = document.clone();
    if kind == User {
        // A patch may take it away; a body without it says true.
        expected.entry("active").or_insert(Value::Bool(true));
    }
    assert_eq!(again, Ok(expected), "sent back it changed");
    let text = serde_json::to_vec(document).expect("JSON");
    assert!(
        text.len() > MAX_BODY || json::read(&text).is_ok(),
        "it cannot be sent back"
    );
    document::search_document(kind, document);
}

fn ann() -> Map<String, Value> {
    let body = json!({
        "userName": "ann", "externalId": "e1", "active": true, "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "value": "ann@acme.test", "type": "work", "primary": true }, { "value": "a@home.test", "type": "home" }],
        "color": "red", "tags": ["a", "b"], "box": { "size": 3 }, "list": [{ "part": 1 }],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { "department": "S", "manager": { "value": "42" } },
        "urn:example:x:2.0:User": { "level": "gold" },
    });
    document::user(&body).expect("a user").document
}

fn sales() -> Map<String, Value> {
    document::group(&json!({ "displayName": "Sales", "externalId": "g1" }))
        .expect("a group")
        .document
}
