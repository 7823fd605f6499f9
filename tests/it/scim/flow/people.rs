//! Who is protected, what the switches stop, and what reaches other doors.

use serde_json::json;

use super::{active, group, made, named, ops, refused, user};
use crate::app::{ALICE, BOB, TestApp};

#[test]
fn owners_and_local_admins_are_out_of_reach() {
    let app = TestApp::start();
    app.add("ada@example.com", "admin");
    let okta = app.scim("okta");
    for email in [ALICE, "ada@example.com"] {
        let id = named(&okta, email)["id"].as_str().expect("an id").to_owned();
        let path = format!("/Users/{id}");
        let before = app.person(email);
        for change in [
            active(false),
            ops(json!([{ "op": "replace", "path": "userName", "value": "taken@evil.example" }])),
            ops(json!([{ "op": "replace", "path": "emails", "value": [{ "value": "taken@evil.example" }] }])),
        ] {
            let detail = refused(&okta.patch(&path, &change), 403, None);
            assert!(detail.contains("Nothing was changed"), "{detail}");
        }
        refused(&okta.delete(&path), 403, None);
        assert_eq!(app.person(email), before);
        let harmless = ops(json!([{ "op": "replace", "path": "title", "value": "Dr" },
            { "op": "replace", "path": "name.givenName", "value": "Changed" },
            { "op": "add", "path": "roles", "value": [{ "value": "member" }] }]));
        assert_eq!(okta.patch(&path, &harmless).status, 200);
        let after = app.person(email).expect("still there");
        assert_eq!(
            (after.given_name.as_str(), Some(after.role)),
            ("Changed", before.map(|p| p.role))
        );
    }
}

#[test]
fn an_address_that_an_owner_changed_here_does_not_stop_harmless_changes() {
    let app = TestApp::start();
    app.add("ada@example.com", "admin");
    let okta = app.scim("okta");
    let id = named(&okta, "ada@example.com")["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/Users/{id}");
    let mut body = user("ada@example.com");
    assert_eq!(okta.put(&path, &body).status, 200);
    let write = |sql: &'static str| {
        let done = app.ctx.store.write_blocking(move |w| Ok(w.execute(sql, [])?));
        assert_eq!(done.expect("a write"), 1);
    };
    write("UPDATE people SET email = 'a@example.com', email_key = 'a@example.com' WHERE role = 'admin'");
    body["title"] = json!("Dr");
    let page = okta.put(&path, &body);
    assert_eq!(
        (page.status, &page.json()["title"]),
        (200, &json!("Dr")),
        "{}",
        page.text()
    );
    assert!(app.last_notes().contains("keeps the e-mail address"));
    assert!(app.person("a@example.com").is_some() && app.person("ada@example.com").is_none());
    body["emails"] = json!([{ "value": "else@example.com" }]);
    refused(&okta.put(&path, &body), 403, None);
}

#[test]
fn nobody_is_promoted_or_adopted_by_what_is_sent() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let mut body = user(ALICE);
    body["externalId"] = json!("1");
    refused(&okta.post("/Users", &body), 409, Some("uniqueness"));
    let mut body = user("m@example.com");
    for key in ["roles", "entitlements"] {
        body[key] = json!([{ "value": "owner" }]);
    }
    body["isAdmin"] = json!(true);
    let id = made(&okta, "/Users", &body);
    assert_eq!(
        app.role_of("m@example.com").map(|role| role.key).as_deref(),
        Some("member")
    );
    // An admin by our word, created there and without a passphrase, is still theirs to deactivate.
    app.add("m@example.com", "admin");
    assert_eq!(okta.patch(&format!("/Users/{id}"), &active(false)).status, 200);
    assert!(!app.is_active("m@example.com"));
    okta.patch(&format!("/Users/{id}"), &active(true));
    app.give_passphrase("m@example.com", "tall quiet ferries count moons");
    refused(&okta.patch(&format!("/Users/{id}"), &active(false)), 403, None);
}

#[test]
fn switches_stop_the_effect_and_not_the_answer() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.scim_with("okta", "create = false\nupdate = false\ndeactivate = false");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    assert!(app.person("dora@example.com").is_none());
    assert!(app.last_notes().contains("adding people is turned off"));
    named(&okta, "dora@example.com");
    let bob = named(&okta, BOB)["id"].as_str().expect("an id").to_owned();
    let mut changed = user(BOB);
    changed["name"]["givenName"] = json!("Robert");
    assert_eq!(
        okta.put(&format!("/Users/{bob}"), &changed).json()["name"]["givenName"],
        "Robert"
    );
    assert_eq!(app.person(BOB).expect("bob").given_name, "");
    assert!(app.last_notes().contains("changing people is turned off"));
    assert_eq!(
        okta.patch(&format!("/Users/{bob}"), &active(false)).json()["active"],
        false
    );
    assert!(app.is_active(BOB));
    assert_eq!(okta.delete(&format!("/Users/{bob}")).status, 204);
    assert!(app.is_active(BOB));
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\ncreate = true\n");
    assert_eq!(
        okta.put(&format!("/Users/{id}"), &user("dora@example.com"))
            .status,
        200
    );
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn a_run_of_removals_is_held_and_answered_as_done() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let ids: Vec<String> = (0..10)
        .map(|n| made(&okta, "/Users", &user(&format!("u{n}@example.com"))))
        .collect();
    let team = made(
        &okta,
        "/Groups",
        &group("Team", &ids.iter().map(String::as_str).collect::<Vec<_>>()),
    );
    for id in &ids {
        assert_eq!(
            okta.patch(&format!("/Users/{id}"), &active(false)).json()["active"],
            false
        );
    }
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE state = 'deactivated'"),
        5
    );
    assert_eq!(app.count("SELECT count(*) FROM removals WHERE state = 'held'"), 5);
    // Given back: nothing waits for that one any more.
    okta.patch(&format!("/Users/{}", ids[9]), &active(true));
    assert_eq!(app.count("SELECT count(*) FROM removals WHERE state = 'held'"), 4);
    let clear = ops(json!([{ "op": "remove", "path": "members" }]));
    let page = okta.patch(&format!("/Groups/{team}"), &clear);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.json()
            .get("members")
            .is_none_or(|members| members == &json!([]))
    );
    assert!(app.count("SELECT count(*) FROM directory_members WHERE held = 1") > 0);
}

#[test]
fn two_connections_see_each_others_people_and_not_each_others_users() {
    let app = TestApp::start();
    let (okta, entra) = (app.scim("okta"), app.scim("entra"));
    let id = made(&okta, "/Users", &user("dora@example.com"));
    refused(&entra.get(&format!("/Users/{id}")), 404, None);
    let there = named(&entra, "dora@example.com");
    assert_ne!(there["id"], id);
    okta.patch(&format!("/Users/{id}"), &active(false));
    assert_eq!(named(&entra, "dora@example.com")["active"], false);
}

#[test]
fn a_fault_in_the_middle_leaves_nothing() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "refuse_unknown_members = true");
    let (events, users) = (
        app.count("SELECT count(*) FROM events"),
        app.count("SELECT count(*) FROM directory_users"),
    );
    refused(
        &okta.post("/Groups", &group("Team", &["fake-member-id"])),
        400,
        Some("invalidValue"),
    );
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let half = ops(json!([{ "op": "replace", "path": "title", "value": "Dr" },
        { "op": "replace", "path": "name.givenName", "value": "x".repeat(300) }]));
    refused(
        &okta.patch(&format!("/Users/{id}"), &half),
        400,
        Some("invalidValue"),
    );
    assert!(okta.get(&format!("/Users/{id}")).json().get("title").is_none());
    assert_eq!(app.count("SELECT count(*) FROM directory_groups"), 0);
    assert_eq!(app.count("SELECT count(*) FROM directory_users"), users + 1);
    assert_eq!(app.count("SELECT count(*) FROM events"), events + 2);
}
