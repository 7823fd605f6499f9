//! Filters: what they mean, and that they mean the same after being printed.

use doorward::model::ResourceKind::{Group, User};
use doorward::model::filter::Operator;
use doorward::scim::document;
use doorward::scim::filter::{self, Asked, Syntax};
use doorward::scim::path::Path;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{ENTERPRISE, user};
use crate::scim::generate;

fn matches(text: &str, body: &Value) -> bool {
    let condition = filter::parse(text, User).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    let mut search = document::search_document(User, &user(body));
    // What the store answers from its columns.
    search["meta"] = json!({ "created": 1_000, "lastmodified": 1_767_225_600_000_i64 });
    condition.matches(&search)
}

#[test]
fn every_form_that_is_asked() {
    let ann = json!({
        "userName": "Ann@Acme.test", "externalId": "jyoung", "active": true, "name": { "familyName": "O'Malley" },
        "emails": [{ "value": "a@acme.test", "type": "work", "primary": true }, { "value": "b@home.test", "type": "home" }],
        (ENTERPRISE): { "employeeNumber": "701", "manager": { "value": "m1" } },
        "color": ["red", 5, true], "box": { "size": 3 },
    });
    for text in [
        "userName eq \"ann@acme.TEST\"",
        "USERNAME EQ \"ann@acme.test\"",
        "userName sw \"ANN\"",
        "userName ew \".test\"",
        "externalId eq jyoung",
        "externalId eq 'jyoung'",
        "externalId eq \"jyoung\"",
        "not (externalId eq \"JYOUNG\")",
        "active eq true",
        "active eq True",
        "active eq \"True\"",
        "active ne false",
        "emails eq \"A@acme.test\"",
        "emails.value co \"home\"",
        "emails[type eq \"work\"].value eq \"a@acme.test\"",
        "emails[type eq \"work\" and value co \"@acme\"]",
        "not (emails[type eq \"work\" and value co \"home\"])",
        "emails[not (type eq \"work\")]",
        "emails pr",
        "not (title pr)",
        "title eq null",
        "emails ne null",
        "title ne \"x\"",
        "emails.type ne \"work\"",
        "emails[primary eq true]",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName pr",
        "urn:scim:schemas:core:2.0:userName pr",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq 701",
        "URN:IETF:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"m1\"",
        "urn:scim:schemas:extension:enterprise:2.0:manager.value eq \"m1\"",
        "color eq \"RED\"",
        "color gt 4",
        "color eq true",
        "box.size eq 3",
        "box[size lt 4]",
        "name.familyName co \"'\"",
        "userName eq \"x\" or active eq true and title eq null",
        "(userName eq \"x\" or active eq true) and not (title pr)",
        "userName gt \"am\" and userName lt \"ao\"",
        "meta.lastModified ge \"2026-01-01T01:00:00+01:00\"",
        "meta.lastModified eq \"2026-01-01T00:00:00Z\"",
        "schemas eq \"URN:ietf:params:scim:schemas:core:2.0:user\"",
    ] {
        assert!(matches(text, &ann), "{text}");
        assert!(!matches(&format!("not ({text})"), &ann), "not ({text})");
    }
    for text in [
        "userName eq \"x\" and active eq true or title pr",
        "emails[type eq \"home\" and primary eq true]",
        "externalId eq \"Jyoung\"",
        "title gt \"\"",
        "title co \"\"",
        "userName eq null",
        "color lt 4",
        "color co \"5\"",
        "meta.created gt \"1970-01-01T00:00:01Z\"",
    ] {
        assert!(!matches(text, &ann), "{text}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for text in [
        "",
        " ",
        "userName",
        "userName eq",
        "userName foo \"x\"",
        "userName eq \"x",
        "eq \"x\"",
        "userName eq \"x\" and",
        "(userName pr",
        "userName pr)",
        "userName pr userName pr",
        "not userName pr",
        "emails[type eq \"x\"",
        "emails[]",
        "emails[a[b pr] pr]",
        "userName[value pr]",
        "name eq \"x\"",
        "active gt true",
        "active co \"t\"",
        "active eq \"perhaps\"",
        "password eq \"x\"",
        "password pr",
        "emails[password pr]",
        "meta.created co \"2026\"",
        "meta.created gt \"yesterday\"",
        "userName gt null",
        "userName.x eq \"y\"",
        "1a eq \"x\"",
        "userName eq \"\\u0000\"",
        "userName eq [1]",
        "color gt true",
        "x509Certificates.value gt \"a\"",
        "userName eq \"a\" \"b\"",
    ] {
        let problem = filter::parse(text, User).expect_err(text);
        assert_eq!(
            (problem.status, problem.kind.map(|k| k.key())),
            (400, Some("invalidFilter")),
            "{text}"
        );
    }
    let place = filter::parse("userName eq \"x\" nad active eq true", User)
        .expect_err("refused")
        .detail;
    assert!(place.contains("character 17"), "{place}");
}

#[test]
fn paths_are_read_and_written() {
    for (written, read) in [
        ("USERNAME", "userName"),
        ("name.FAMILYNAME", "name.familyName"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName",
            "name.familyName",
        ),
        (
            "urn:scim:schemas:extension:enterprise:2.0:manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        ),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user",
            ENTERPRISE,
        ),
        (
            "Emails[TYPE eq 'work' and value co \"]\"].Value",
            "emails[TYPE eq \"work\" and value co \"]\"].value",
        ),
        (
            "urn:example:x:2.0:User:level.sub",
            "urn:example:x:2.0:User:level.sub",
        ),
        ("members[value eq \"a:b.c\"]", "members[value eq \"a:b.c\"]"),
    ] {
        let path = Path::parse(written, User).unwrap_or_else(|problem| panic!("{written}: {problem}"));
        assert_eq!(path.to_string(), read);
        assert_eq!(Path::parse(read, User), Ok(path));
    }
    assert!(
        Path::parse("urn:ietf:params:scim:schemas:core:2.0:Group", Group)
            .expect("a path")
            .is_resource(Group)
    );
    for wrong in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a.b.c",
        "a[",
        "a]",
        "a[b pr",
        "a[b pr]c",
        "a.b[c pr]",
        "[a pr]",
        "urn:",
        "é",
    ] {
        assert!(Path::parse(wrong, User).is_err(), "{wrong}");
    }
}

/// The values of a name in a document, found by looking at everything.
fn values(document: &Map<String, Value>, urn: Option<&str>, name: &str, sub: Option<&str>) -> Vec<Value> {
    let any_case = |map: &Map<String, Value>, key: &str| {
        map.iter()
            .find(|(k, _)| k.eq_ignore_ascii_case(key))
            .map(|(_, v)| v.clone())
    };
    let holder = match urn {
        None => Some(document.clone()),
        Some(urn) => any_case(document, urn).and_then(|v| v.as_object().cloned()),
    };
    let found = holder.and_then(|holder| any_case(&holder, name));
    let list = match found {
        None => vec![],
        Some(Value::Array(list)) => list,
        Some(one) => vec![one],
    };
    match sub {
        None => list,
        Some(sub) => list
            .iter()
            .filter_map(|one| any_case(one.as_object()?, sub))
            .collect(),
    }
}

/// The standard's sentences, one by one, over the document as it is kept.
fn naive(tree: &Syntax, document: &Map<String, Value>) -> bool {
    let ask =
        |document: &Map<String, Value>, urn: Option<&str>, name: &str, sub: Option<&str>, asked: &Asked| {
            let pointed = ["emails", "roles", "manager"]
                .iter()
                .any(|n| n.eq_ignore_ascii_case(name));
            let sub = match (asked, sub) {
                (Asked::Compare(_, value), None) if pointed && !value.is_null() => Some("value"),
                _ => sub,
            };
            let found = values(document, urn, name, sub);
            let some = found.iter().any(|v| match v {
                Value::String(text) => !text.is_empty(),
                Value::Object(map) => map.values().any(|v| v != ""),
                _ => true,
            });
            let (operator, value) = match asked {
                Asked::Present => return some,
                Asked::Compare(Operator::Equal, Value::Null) => return !some,
                Asked::Compare(_, Value::Null) => return some,
                Asked::Compare(operator, value) => (*operator, value),
            };
            let exact = name.eq_ignore_ascii_case("externalId") || name.eq_ignore_ascii_case("manager");
            let fold = |text: &str| {
                if exact {
                    text.to_owned()
                } else {
                    text.to_lowercase()
                }
            };
            let is_text = matches!(
                operator,
                Operator::Contains | Operator::StartsWith | Operator::EndsWith
            );
            let meets = |v: &Value| -> bool {
                match (v, value) {
                    (Value::String(a), _) if is_text || value.is_string() => {
                        let b = value.as_str().map_or(value.to_string(), str::to_owned);
                        let (a, b) = (fold(a), fold(&b));
                        match operator {
                            Operator::Equal => a == b,
                            Operator::NotEqual => a != b,
                            Operator::Contains => a.contains(&b),
                            Operator::StartsWith => a.starts_with(&b),
                            Operator::EndsWith => a.ends_with(&b),
                            Operator::Greater => a > b,
                            Operator::GreaterOrEqual => a >= b,
                            Operator::Less => a < b,
                            Operator::LessOrEqual => a <= b,
                        }
                    }
                    (Value::Number(a), Value::Number(b)) if !is_text => {
                        let (a, b) = (a.as_f64(), b.as_f64());
                        match operator {
                            Operator::Equal => a == b,
                            Operator::NotEqual => a != b,
                            Operator::Greater => a > b,
                            Operator::GreaterOrEqual => a >= b,
                            Operator::Less => a < b,
                            _ => a <= b,
                        }
                    }
                    (Value::Bool(a), Value::Bool(b)) if operator == Operator::Equal => a == b,
                    (Value::Bool(a), Value::Bool(b)) if operator == Operator::NotEqual => a != b,
                    _ => operator == Operator::NotEqual,
                }
            };
            let mut scalars = found
                .iter()
                .filter(|v| !v.is_object() && !v.is_array())
                .peekable();
            match operator {
                Operator::NotEqual if scalars.peek().is_none() => true,
                _ => scalars.any(meets),
            }
        };
    match tree {
        Syntax::All(parts) => parts.iter().all(|part| naive(part, document)),
        Syntax::Any(parts) => parts.iter().any(|part| naive(part, document)),
        Syntax::Not(part) => !naive(part, document),
        Syntax::Ask(name, asked) => ask(
            document,
            name.urn.as_deref(),
            &name.name,
            name.sub.as_deref(),
            asked,
        ),
        Syntax::Element(name, part, behind) => {
            let elements = values(document, name.urn.as_deref(), &name.name, None);
            elements.iter().filter_map(Value::as_object).any(|element| {
                let also = behind
                    .as_ref()
                    .is_none_or(|(sub, asked)| ask(element, None, sub, None, asked));
                naive(part, element) && also
            })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn printed_and_read_again_it_is_the_same(text in generate::filter_text()) {
        let tree = filter::read(&text, User).expect("a filter");
        let printed = tree.to_string();
        prop_assert_eq!(filter::read(&printed, User), Ok(tree), "{}", printed);
        prop_assert_eq!(filter::parse(&printed, User), filter::parse(&text, User));
    }

    #[test]
    fn it_finds_whom_the_standards_sentences_find(
        text in generate::filter_text(),
        body in generate::user_body(generate::word()),
    ) {
        let document = document::user(&body);
        prop_assume!(document.is_ok());
        let document = document.expect("a user").document;
        let asked = filter::parse(&text, User);
        prop_assert!(asked.is_ok(), "{text}: {asked:?}");
        let found = asked.expect("a filter").matches(&document::search_document(User, &document));
        let tree = filter::read(&text, User).expect("a filter");
        prop_assert_eq!(found, naive(&tree, &document), "{} over {}", text, Value::Object(document));
    }
}
