//! Groups and their members, in every form in which they are sent.

use serde_json::{Value, json};

use super::{group, made, ops, refused, user};
use crate::app::{ScimClient, TestApp};

fn members(client: &ScimClient, id: &str) -> Vec<String> {
    let group = client.get(&format!("/Groups/{id}")).json();
    let list = group["members"].as_array().cloned().unwrap_or_default();
    list.iter()
        .map(|one| one["value"].as_str().expect("a value").to_owned())
        .collect()
}

fn users(client: &ScimClient, many: usize) -> Vec<String> {
    (0..many)
        .map(|n| made(client, "/Users", &user(&format!("u{n}@example.com"))))
        .collect()
}

#[test]
fn members_come_and_go_in_every_form() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "guard_people = 0");
    let ids = users(&okta, 3);
    let team = made(&okta, "/Groups", &group("Team", &[&ids[0]]));
    let path = format!("/Groups/{team}");
    let patch = |operations: Value| {
        let page = okta.patch(&path, &ops(operations));
        assert!(page.status == 200 || page.status == 204, "{}", page.text());
    };
    patch(
        json!([{ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": ids[1] }] },
        { "op": "add", "path": "members", "value": [{ "value": ids[1] }, { "value": "fake-member-id" }] }]),
    );
    assert!(app.last_notes().contains("fake-member-id"));
    assert_eq!(members(&okta, &team), [ids[0].clone(), ids[1].clone()]);
    let of_user = okta.get(&format!("/Users/{}", ids[1])).json();
    assert_eq!(of_user["groups"][0]["value"], team);
    patch(json!([{ "op": "Remove", "path": "members", "value": [{ "value": ids[0] }] }]));
    assert_eq!(members(&okta, &team), [ids[1].clone()]);
    patch(
        json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", ids[1]) },
        { "op": "add", "path": "members", "value": [{ "value": ids[2] }] }]),
    );
    assert_eq!(members(&okta, &team), [ids[2].clone()]);
    patch(
        json!([{ "op": "replace", "path": "members", "value": [{ "value": ids[0] }, { "value": ids[2] }] }]),
    );
    assert_eq!(members(&okta, &team).len(), 2);
    patch(json!([{ "op": "replace", "value": { "id": team, "displayName": "Crew" } }]));
    assert_eq!(members(&okta, &team).len(), 2);
    let version = okta.get(&path).header("etag").to_owned();
    patch(json!([{ "op": "replace", "value": { "id": team, "displayName": "Crew" } }]));
    assert_eq!(okta.get(&path).header("etag"), version);
    let put = okta.put(&path, &json!({ "displayName": "Crew two" }));
    assert_eq!((put.status, members(&okta, &team).len()), (200, 2));
    assert_eq!(okta.put(&path, &group("Crew two", &[])).status, 200);
    assert!(members(&okta, &team).is_empty());
    patch(json!([{ "op": "replace", "path": "members", "value": [] }]));
    assert_eq!(okta.delete(&path).status, 204);
    refused(&okta.get(&path), 404, None);
    assert_eq!(app.count("SELECT count(*) FROM people WHERE state = 'active'"), 4);
}

#[test]
fn a_name_belongs_to_one_group() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let first = made(&okta, "/Groups", &group("Team", &[]));
    assert!(
        refused(
            &okta.post("/Groups", &group("TEAM", &[])),
            409,
            Some("uniqueness")
        )
        .contains(&first)
    );
    let other = made(&okta, "/Groups", &group("Other", &[]));
    refused(
        &okta.put(&format!("/Groups/{other}"), &group("team", &[])),
        409,
        Some("uniqueness"),
    );
    okta.delete(&format!("/Groups/{first}"));
    made(&okta, "/Groups", &group("Team", &[]));
}

#[test]
fn groups_contain_groups_without_circles() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let a = made(&okta, "/Groups", &group("A", &[]));
    let b = made(&okta, "/Groups", &group("B", &[&a]));
    let c = made(&okta, "/Groups", &group("C", &[&b]));
    for (outer, inner) in [(&a, &a), (&a, &b), (&a, &c)] {
        let add = ops(json!([{ "op": "add", "path": "members", "value": [{ "value": inner }] }]));
        refused(
            &okta.patch(&format!("/Groups/{outer}"), &add),
            400,
            Some("invalidValue"),
        );
    }
    assert_eq!(
        okta.get(&format!("/Groups/{b}")).json()["members"][0]["type"],
        "Group"
    );
}

#[test]
fn groups_in_a_user_count_only_where_the_connection_says_so() {
    let app = TestApp::start();
    let (okta, one) = (app.scim("okta"), app.scim_with("one", "groups_in_users = true"));
    for (client, listens) in [(&okta, false), (&one, true)] {
        let id = made(client, "/Users", &user(&format!("{}@example.com", client.slug)));
        let (a, b) = (
            made(client, "/Groups", &group("A", &[&id])),
            made(client, "/Groups", &group("B", &[])),
        );
        let mut body = user(&format!("{}@example.com", client.slug));
        body["groups"] = json!([{ "value": "b" }, { "value": "nowhere" }]);
        assert_eq!(client.put(&format!("/Users/{id}"), &body).status, 200);
        let wanted = if listens { (0, 1) } else { (1, 0) };
        assert_eq!(
            (members(client, &a).len(), members(client, &b).len()),
            wanted,
            "{}",
            client.slug
        );
        body["groups"] = json!([]);
        client.put(&format!("/Users/{id}"), &body);
        assert_eq!(members(client, &a).len(), usize::from(!listens));
    }
}

#[test]
fn a_patch_of_a_users_groups_counts_where_the_connection_says_so() {
    let app = TestApp::start();
    let (okta, one) = (app.scim("okta"), app.scim_with("one", "groups_in_users = true"));
    let groups_of = |client: &ScimClient, id: &str| {
        let shown = client.get(&format!("/Users/{id}")).json();
        let list = shown["groups"].as_array().cloned().unwrap_or_default();
        let names = list
            .iter()
            .map(|group| group["display"].as_str().unwrap_or_default().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names.concat()
    };
    let id = made(&one, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    let a = made(&one, "/Groups", &group("A", &[&id]));
    let b = made(&one, "/Groups", &group("B", &[]));
    made(&one, "/Groups", &group("C", &[]));
    for (operation, wanted) in [
        (json!({ "op": "replace", "value": { "groups": [] } }), ""),
        (
            json!({ "op": "add", "path": "groups", "value": [{ "value": a }, { "display": "b" }] }),
            "AB",
        ),
        (
            json!({ "op": "add", "value": { "groups": [{ "value": "C" }], "title": "Dr" } }),
            "ABC",
        ),
        (
            json!({ "op": "remove", "path": "groups", "value": [{ "value": "c" }] }),
            "AB",
        ),
        (
            json!({ "op": "remove", "path": format!("groups[value eq \"{a}\"]") }),
            "B",
        ),
        (
            json!({ "op": "replace", "path": "groups", "value": [{ "value": a }] }),
            "A",
        ),
        (json!({ "op": "replace", "path": "title", "value": "Prof" }), "A"),
        (json!({ "op": "remove", "path": "groups" }), ""),
    ] {
        let page = one.patch(&path, &ops(json!([operation])));
        assert_eq!(page.status, 200, "{operation}: {}", page.text());
        assert_eq!(groups_of(&one, &id), wanted, "{operation}");
        assert_eq!(one.get(&path).header("etag"), page.header("etag"), "{operation}");
    }
    assert_eq!(members(&one, &b).len(), 0);
    // Elsewhere a group alone says who is in it.
    let listened = path;
    let id = made(&okta, "/Users", &user("dan@example.com"));
    made(&okta, "/Groups", &group("A", &[&id]));
    let path = format!("/Users/{id}");
    let bare = ops(json!([{ "op": "replace", "value": { "groups": [] } }]));
    assert_eq!(okta.patch(&path, &bare).status, 200);
    assert!(app.last_notes().contains("changed at the group"));
    let placed = ops(json!([{ "op": "replace", "path": "groups", "value": [] }]));
    refused(&okta.patch(&path, &placed), 400, Some("mutability"));
    assert_eq!(groups_of(&okta, &id), "A");
    let by_name = ops(json!([{ "op": "remove", "path": "groups[display eq \"A\"]" }]));
    refused(&one.patch(&listened, &by_name), 400, Some("noTarget"));
}

#[test]
fn a_large_group_is_answered_without_its_members() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let ids = users(&okta, 101);
    let all: Vec<&str> = ids.iter().map(String::as_str).collect();
    let team = made(&okta, "/Groups", &group("Team", &all[..100]));
    let add = ops(json!([{ "op": "add", "path": "members", "value": [{ "value": ids[100] }] }]));
    let page = okta.patch(&format!("/Groups/{team}"), &add);
    assert_eq!((page.status, page.body.len()), (204, 0));
    let page = okta.patch(&format!("/Groups/{team}?attributes=displayName"), &add);
    assert_eq!((page.status, page.json().get("members")), (200, None));
    let page = okta.get(&format!("/Groups/{team}?excludedAttributes=members"));
    assert!(page.json().get("members").is_none());
    assert_eq!(members(&okta, &team).len(), 101);
}
