//! Pages that fit together while rows come and go.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::{made, refused, user};
use crate::app::{ScimClient, TestApp};

pub fn ids(page: &Value) -> Vec<String> {
    let rows = page["Resources"].as_array().cloned().unwrap_or_default();
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

/// Reads on from `start`; the ids, and where to go on.
fn page(client: &ScimClient, start: usize, count: usize, more: &str) -> (Vec<String>, usize, i64) {
    let page = client.get(&format!("/Users?startIndex={start}&count={count}{more}"));
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.json();
    let found = ids(&page);
    assert_eq!(page["startIndex"], start);
    assert_eq!(page["itemsPerPage"], found.len());
    let next = start + found.len();
    (found, next, page["totalResults"].as_i64().expect("an integer"))
}

#[derive(Clone, Debug)]
enum Between {
    Nothing,
    Add,
    Remove(usize),
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        Just(Between::Nothing),
        Just(Between::Add),
        (0..40usize).prop_map(Between::Remove),
    ]
}

#[test]
fn nobody_who_is_there_throughout_is_lost_or_repeated() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "guard_people = 0");
    let mut here: Vec<String> = Vec::new();
    let mut number = 0;
    let mut add = |here: &mut Vec<String>| {
        number += 1;
        here.push(made(
            &okta,
            "/Users",
            &user(&format!("u{}@example.com", number * 7919 % 1000)),
        ));
    };
    let strategy = (proptest::collection::vec(between(), 12), 1..9usize, 0..4usize);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(12));
    let here = std::cell::RefCell::new(&mut here);
    let add = std::cell::RefCell::new(&mut add);
    let run = runner.run(&strategy, |(steps, count, kind)| {
        let here = &mut *here.borrow_mut();
        while here.len() < 30 {
            add.borrow_mut()(here);
        }
        let more = [
            "",
            "&sortBy=userName",
            "&filter=active+eq+true",
            "&sortBy=userName&sortOrder=descending&filter=name.familyName+eq+%22doe%22",
        ][kind];
        let (throughout, mut removed) = (here.clone(), Vec::new());
        // Two imports of the same list, each on a connection of its own.
        let other = ScimClient::new(&app.base, "okta", &okta.token);
        let mut seen = [BTreeMap::<String, usize>::new(), BTreeMap::new()];
        let (mut next, mut ended) = ([1, 1], [false, false]);
        let mut steps = steps.into_iter();
        while !(ended[0] && ended[1]) {
            for (at, client) in [&okta, &other].into_iter().enumerate() {
                if ended[at] {
                    continue;
                }
                let (found, on, total) = page(client, next[at], count + at, more);
                ended[at] = found.is_empty() || i64::try_from(on).expect("a number") > total;
                next[at] = on;
                for id in found {
                    *seen[at].entry(id).or_default() += 1;
                }
                match steps.next() {
                    Some(Between::Add) => add.borrow_mut()(here),
                    Some(Between::Remove(which)) if here.len() > 5 => {
                        let gone = here.remove(which % here.len());
                        assert_eq!(okta.delete(&format!("/Users/{gone}")).status, 204);
                        removed.push(gone);
                    }
                    _ => {}
                }
            }
        }
        for id in throughout.iter().filter(|id| !removed.contains(id)) {
            for seen in &seen {
                prop_assert_eq!(seen.get(id).copied().unwrap_or(0), 1, "{}", id);
            }
        }
        Ok(())
    });
    run.unwrap_or_else(|problem| panic!("{problem}"));
}

#[test]
fn cursors_walk_the_list_and_cannot_be_made_up() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let mut all: Vec<String> = (0..7)
        .map(|n| made(&okta, "/Users", &user(&format!("u{n}@example.com"))))
        .collect();
    let first = okta.get("/Users?cursor=&count=3").json();
    assert!(
        first.get("startIndex").is_none() && first["totalResults"] == 8,
        "{first}"
    );
    let cursor = first["nextCursor"].as_str().expect("a cursor").to_owned();
    okta.delete(&format!("/Users/{}", all.remove(0)));
    let mut found = ids(&first);
    let second = okta.get(&format!("/Users?cursor={cursor}&count=2")).json();
    found.extend(ids(&second));
    let rest = okta
        .get(&format!(
            "/Users?cursor={}&count=50",
            second["nextCursor"].as_str().expect("more")
        ))
        .json();
    assert!(rest.get("nextCursor").is_none());
    found.extend(ids(&rest));
    assert!(
        all.iter()
            .all(|id| found.iter().filter(|one| *one == id).count() == 1)
    );
    for wrong in [format!("{cursor}A"), "x".to_owned(), cursor.replacen('e', "f", 1)] {
        refused(
            &okta.get(&format!("/Users?cursor={wrong}")),
            400,
            Some("invalidCursor"),
        );
    }
    refused(
        &okta.get(&format!("/Groups?cursor={cursor}")),
        400,
        Some("invalidCursor"),
    );
    refused(
        &okta.get(&format!("/Users?cursor={cursor}&filter=active+eq+true")),
        400,
        Some("invalidCursor"),
    );
    refused(
        &app.scim("entra").get(&format!("/Users?cursor={cursor}")),
        400,
        Some("invalidCursor"),
    );
    app.forward(61 * doorward::model::time::MINUTE);
    refused(
        &okta.get(&format!("/Users?cursor={cursor}")),
        400,
        Some("expiredCursor"),
    );
}

#[test]
fn users_and_groups_together_are_walked_whole_while_others_go() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "guard_people = 0");
    let users: Vec<String> = (0..5)
        .map(|n| made(&okta, "/Users", &user(&format!("u{n}@example.com"))))
        .collect();
    let groups: Vec<String> = (0..5)
        .map(|n| made(&okta, "/Groups", &super::group(&format!("G{n}"), &[])))
        .collect();
    let leaving = [&users[0], &users[3], &groups[0], &groups[2]];
    let search = |start: usize| {
        let body = serde_json::json!({ "startIndex": start, "count": 2 });
        okta.post("/.search", &body).json()
    };
    let (mut start, mut seen, mut goes) = (1, Vec::new(), leaving.into_iter().peekable());
    loop {
        let page = search(start);
        let found = ids(&page);
        if found.is_empty() {
            break;
        }
        let there = page["totalResults"].as_u64().expect("a number");
        assert!(there + 1 >= (start + found.len()) as u64, "{page}");
        start += found.len();
        seen.extend(found);
        // Somebody who was given out already, so that everybody behind moves up.
        if let Some(gone) = goes.next_if(|one| seen.contains(*one)) {
            let kind = if users.contains(gone) { "Users" } else { "Groups" };
            assert_eq!(okta.delete(&format!("/{kind}/{gone}")).status, 204);
        }
    }
    let staying = users.iter().chain(&groups).filter(|id| !leaving.contains(id));
    for id in staying {
        assert_eq!(
            seen.iter().filter(|one| *one == id).count(),
            1,
            "{id} in {seen:?}"
        );
    }
    assert!(search(100)["Resources"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn totals_alone_and_everything_together() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    made(&okta, "/Users", &user("dora@example.com"));
    made(&okta, "/Groups", &super::group("Team", &[]));
    let none = okta.get("/Users?count=0").json();
    assert_eq!(
        (&none["totalResults"], &none["Resources"]),
        (&2.into(), &Value::Array(Vec::new()))
    );
    let all = okta
        .post("/.search", &serde_json::json!({ "attributes": ["externalId"] }))
        .json();
    assert_eq!(all["totalResults"], 3);
    let last = okta
        .post("/.search", &serde_json::json!({ "startIndex": 3, "count": 5 }))
        .json();
    assert_eq!(last["Resources"][0]["displayName"], "Team");
    let users = okta
        .post(
            "/Users/.search",
            &serde_json::json!({ "filter": "userName sw \"dora\"" }),
        )
        .json();
    assert_eq!(users["totalResults"], 1);
}
