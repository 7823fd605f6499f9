//! Users and groups in one order: `/.search` at the root with `sortBy`.

use serde_json::{Value, json};

use super::paging::ids;
use super::{group, made, user};
use crate::app::{ScimClient, TestApp};

/// A page of the sorted search: its rows and the total.
fn page(client: &ScimClient, by: &str, order: &str, start: usize, count: usize) -> Value {
    let body = json!({ "sortBy": by, "sortOrder": order, "startIndex": start, "count": count });
    let page = client.post("/.search", &body);
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()
}

/// All rows, `count` at a time; between two pages `between` may change something.
fn walk(client: &ScimClient, by: &str, order: &str, count: usize, mut between: impl FnMut()) -> Vec<String> {
    let mut seen = Vec::new();
    loop {
        let page = page(client, by, order, seen.len() + 1, count);
        let found = ids(&page);
        assert_eq!(page["itemsPerPage"], found.len());
        if found.is_empty() {
            return seen;
        }
        seen.extend(found);
        let total = page["totalResults"].as_u64().expect("a number");
        assert!(total >= seen.len() as u64, "{page}");
        between();
    }
}

/// Adds a user with this display name.
fn called(client: &ScimClient, name: &str, number: usize) -> String {
    let mut body = user(&format!("u{number}@example.com"));
    body["displayName"] = json!(name);
    made(client, "/Users", &body)
}

/// Users and groups whose names take turns. Where both have one, the user comes first.
fn mixed(okta: &ScimClient) -> Vec<String> {
    vec![
        made(okta, "/Groups", &group("Ant", &[])),
        called(okta, "bear", 1),
        made(okta, "/Groups", &group("Cow", &[])),
        called(okta, "Dog", 2),
        // The same to whoever does not look at case, once for a user and once for a group.
        called(okta, "EEL", 3),
        made(okta, "/Groups", &group("eel", &[])),
        called(okta, "fox", 4),
        made(okta, "/Groups", &group("Gnu", &[])),
    ]
}

/// Without alice, who was there before.
fn without(mut seen: Vec<String>, alice: &str) -> Vec<String> {
    seen.retain(|id| id != alice);
    seen
}

#[test]
fn users_and_groups_are_sorted_into_one_another() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let alice = ids(&okta.get("/Users").json()).remove(0);
    let wanted = mixed(&okta);
    let backwards: Vec<String> = wanted.iter().rev().cloned().collect();
    for count in [1, 2, 3, 100] {
        let seen = walk(&okta, "displayName", "ascending", count, || {});
        assert_eq!(seen.len(), 9);
        assert_eq!(without(seen, &alice), wanted, "{count} at a time");
        let seen = walk(&okta, "displayName", "descending", count, || {});
        assert_eq!(without(seen, &alice), backwards, "{count} at a time, backwards");
    }
    // A place that nobody has asked for the page before is counted.
    let other = ScimClient::new(&app.base, "okta", &okta.token);
    let whole = walk(&okta, "displayName", "ascending", 100, || {});
    let last = page(&other, "displayName", "ascending", 6, 10);
    assert_eq!(
        (ids(&last), &last["totalResults"]),
        (whole[5..].to_vec(), &json!(9))
    );
    let none = page(&other, "displayName", "ascending", 1, 0);
    assert_eq!((ids(&none), &none["totalResults"]), (Vec::new(), &json!(9)));
    assert!(ids(&page(&other, "displayName", "ascending", 50, 5)).is_empty());
}

#[test]
fn what_only_one_kind_has_comes_first_and_the_rest_in_its_own_order() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    mixed(&okta);
    let kinds = |seen: &[String]| {
        let is_user = |id: &String| okta.get(&format!("/Users/{id}")).status == 200;
        seen.iter().map(is_user).collect::<Vec<_>>()
    };
    // Only users have a userName: groups have no value, and come last; first when descending.
    let up = walk(&okta, "userName", "ascending", 2, || {});
    assert_eq!(kinds(&up), [[true; 5].as_slice(), &[false; 4]].concat());
    let down = walk(&okta, "userName", "descending", 2, || {});
    assert_eq!(down, up.iter().rev().cloned().collect::<Vec<_>>());
    // Nobody has it: as if nothing were sorted.
    let neither = walk(&okta, "nickName", "ascending", 2, || {});
    let body = json!({ "count": 100 });
    assert_eq!(neither, ids(&okta.post("/.search", &body).json()));
    // Both have these.
    for by in [
        "id",
        "meta.created",
        "meta.lastModified",
        "meta.resourceType",
        "externalId",
    ] {
        let up = walk(&okta, by, "ascending", 2, || {});
        let down = walk(&okta, by, "descending", 3, || {});
        assert_eq!(up.len(), 9, "{by}");
        assert_eq!(down, up.iter().rev().cloned().collect::<Vec<_>>(), "{by}");
    }
}

#[test]
fn a_filter_narrows_both_kinds_in_their_one_order() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let wanted = mixed(&okta);
    let body =
        json!({ "filter": "displayName sw \"e\" or displayName eq \"bear\"", "sortBy": "displayName" });
    let found = [&wanted[1], &wanted[4], &wanted[5]].map(String::clone);
    assert_eq!(ids(&okta.post("/.search", &body).json()), found);
    let body = json!({ "filter": "displayName gt \"bear\"", "sortBy": "displayName", "sortOrder": "descending",
        "startIndex": 2, "count": 3, "attributes": ["displayName"] });
    let found = okta.post("/.search", &body).json();
    let names: Vec<&str> = found["Resources"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|r| r["displayName"].as_str())
        .collect();
    assert_eq!(
        (names, &found["totalResults"]),
        (vec!["fox", "eel", "EEL"], &json!(6))
    );
}

#[test]
fn whoever_stays_is_given_once_while_others_come_and_go() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "guard_people = 0");
    for order in ["ascending", "descending"] {
        let there = mixed(&okta);
        let (mut step, mut extra) = (0, Vec::new());
        let seen = walk(&okta, "displayName", order, 2, || {
            // One more in front, one more behind; then the first of all goes, a group or a user.
            match step {
                0 => {
                    extra.push(("Groups", made(&okta, "/Groups", &group("AAA", &[]))));
                    extra.push(("Users", called(&okta, "zebra", 90)));
                }
                1 => assert_eq!(okta.delete(&format!("/Groups/{}", extra[0].1)).status, 204),
                2 => assert_eq!(okta.delete(&format!("/Users/{}", extra[1].1)).status, 204),
                _ => {}
            }
            step += 1;
        });
        for id in &there {
            assert_eq!(
                seen.iter().filter(|one| *one == id).count(),
                1,
                "{id} in {seen:?}"
            );
        }
        for id in there {
            let status = okta.delete(&format!("/Users/{id}")).status;
            if status != 204 {
                assert_eq!(okta.delete(&format!("/Groups/{id}")).status, 204);
            }
        }
    }
}
