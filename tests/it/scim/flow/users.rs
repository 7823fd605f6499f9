//! Users over their life: create, find, change, deactivate, delete, come back.

use serde_json::json;

use super::{active, made, named, ops, refused, user};
use crate::app::{ALICE, BOB, TestApp};

#[test]
fn a_created_user_is_a_person_and_a_resource() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let mut body = user("dora@example.com");
    body["password"] = json!("never kept 123");
    body["roles"] = json!([{ "value": "owner", "primary": true }]);
    body["urn:example:x"] = json!({ "favourite": "blue" });
    let page = okta.post("/Users", &body);
    assert_eq!(page.status, 201, "{}", page.text());
    let shown = page.json();
    assert_eq!(shown["meta"]["location"].as_str(), Some(page.header("location")));
    assert_eq!(shown["meta"]["version"].as_str(), Some(page.header("etag")));
    assert_eq!(shown["urn:example:x"]["favourite"], "blue");
    assert!(!page.text().contains("never kept"));
    let person = app.person("dora@example.com").expect("a person");
    assert_eq!(
        (person.given_name.as_str(), person.family_name.as_str()),
        ("dora", "Doe")
    );
    assert_eq!(person.role.key, "member");
    assert_ne!(shown["id"], person.id.to_string());
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'person.added' AND actor_kind = 'connection'"),
        1
    );
    for table in ["scim_requests", "events", "directory_users"] {
        let all = format!(
            "SELECT count(*) FROM {table} WHERE {} LIKE '%never kept%'",
            match table {
                "scim_requests" => "coalesce(body, '') || coalesce(answer, '') || understood",
                "events" => "before || after",
                _ => "document",
            }
        );
        assert_eq!(app.count(&all), 0, "{table}");
    }
}

#[test]
fn the_same_user_twice_is_a_conflict_that_names_the_first() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let mut other = user("DORA@example.com");
    other["externalId"] = json!("another");
    let detail = refused(&okta.post("/Users", &other), 409, Some("uniqueness"));
    assert!(detail.contains(&id), "{detail}");
    let mut other = user("else@example.com");
    other["externalId"] = json!("ext-dora@example.com");
    assert!(refused(&okta.post("/Users", &other), 409, Some("uniqueness")).contains(&id));
    let mut other = user("third");
    other["emails"] = json!([{ "value": "Dora@Example.com" }]);
    assert!(refused(&okta.post("/Users", &other), 409, Some("uniqueness")).contains(&id));
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
}

#[test]
fn people_who_are_here_are_found_and_linked_by_the_first_write() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.scim("okta");
    app.add("late@example.com", "member");
    assert_eq!(okta.get("/Users").json()["totalResults"], 3);
    let bob = named(&okta, "BOB%40example.com");
    let id = bob["id"].as_str().expect("an id");
    assert_eq!(bob["emails"][0]["value"], BOB);
    let mut same = user(BOB);
    same["externalId"] = json!("x");
    assert!(refused(&okta.post("/Users", &same), 409, Some("uniqueness")).contains(id));
    let page = okta.put(&format!("/Users/{id}"), &user(BOB));
    assert_eq!(page.status, 200, "{}", page.text());
    let linked = "SELECT count(*) FROM scim_requests WHERE method = 'PUT' AND effects LIKE '%linked%'";
    assert_eq!(app.count(linked), 1);
    let person = app.person(BOB).expect("bob");
    assert_eq!(person.given_name, "bob");
    assert_eq!(app.count("SELECT count(*) FROM people"), 3);
    assert_eq!(
        app.count("SELECT count(*) FROM directory_users WHERE claimed = 1"),
        1
    );
}

#[test]
fn who_is_shown_follows_the_person_until_claimed() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    app.apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Bob\"\n");
    app.apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Robert\"\nactive = false\n");
    let bob = named(&okta, "bob@example.com");
    assert_eq!(
        (&bob["name"]["givenName"], &bob["active"]),
        (&json!("Robert"), &json!(false))
    );
    let id = bob["id"].as_str().expect("an id");
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = false\n");
    app.apply(
        "[[person]]\nemail = \"bob@example.com\"\nactive = true\n[[person]]\nemail = \"new@example.com\"\n",
    );
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\n");
    let again = named(&okta, "bob@example.com");
    assert_eq!((&again["id"], &again["active"]), (&json!(id), &json!(true)));
    named(&okta, "new@example.com");
    let mut mine = user(BOB);
    mine["name"]["givenName"] = json!("Bobby");
    okta.put(&format!("/Users/{id}"), &mine);
    app.apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Roberta\"\n");
    assert_eq!(named(&okta, "bob@example.com")["name"]["givenName"], "Bobby");
}

#[test]
fn deactivation_ends_sessions_at_once_and_reactivation_needs_a_change() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    app.give_passphrase("dora@example.com", "tall quiet ferries count moons");
    app.signed_in("dora@example.com", "tall quiet ferries count moons");
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
    let path = format!("/Users/{id}");
    let disable = ops(json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    let page = okta.patch(&path, &disable);
    assert_eq!(
        (page.status, &page.json()["active"]),
        (200, &json!(false)),
        "{}",
        page.text()
    );
    assert!(!app.is_active("dora@example.com"));
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 0);
    assert_eq!(okta.get(&path).json()["active"], false);
    okta.patch(&path, &active(true));
    assert!(app.is_active("dora@example.com"));
    // By hand, then a repetition: the hand wins.
    app.apply("[[person]]\nemail = \"dora@example.com\"\nactive = false\n");
    let mut same = user("dora@example.com");
    same["title"] = json!("Dr");
    assert_eq!(okta.put(&path, &same).status, 200);
    assert!(!app.is_active("dora@example.com"));
    assert!(app.last_notes().contains("stays so"));
}

#[test]
fn a_post_brings_back_who_was_inactive() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    okta.patch(&format!("/Users/{id}"), &active(false));
    let mut off = user("dora@example.com");
    off["active"] = json!(false);
    refused(&okta.post("/Users", &off), 409, Some("uniqueness"));
    let again = made(&okta, "/Users", &user("dora@example.com"));
    assert_eq!(again, id);
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn deleted_users_come_back_as_the_same_person() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let person = app.person("dora@example.com").expect("a person").id;
    let path = format!("/Users/{id}");
    assert_eq!(okta.delete(&path).status, 204);
    assert!(!app.is_active("dora@example.com"));
    refused(&okta.get(&path), 404, None);
    refused(&okta.delete(&path), 404, None);
    assert_eq!(okta.get("/Users").json()["totalResults"], 1);
    // A change by hand does not show them again.
    app.apply("[[person]]\nemail = \"dora@example.com\"\ngiven_name = \"D\"\n");
    assert_eq!(okta.get("/Users").json()["totalResults"], 1);
    let mut renamed = user("dora.new@example.com");
    renamed["externalId"] = json!("ext-dora@example.com");
    let again = made(&okta, "/Users", &renamed);
    assert_ne!(again, id);
    let back = app.person("dora.new@example.com").expect("a person");
    assert_eq!(back.id, person);
    assert!(back.is_active());
}

#[test]
fn after_thirty_days_a_removed_person_is_shown_again_as_deactivated() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    okta.delete(&format!("/Users/{id}"));
    app.forward(31 * doorward::model::time::DAY);
    doorward::web::server::block_on(doorward::flows::maintain::sweep(&app.ctx)).expect("a sweep");
    let shown = named(&okta, "dora@example.com");
    assert_eq!(shown["active"], false);
    assert_ne!(shown["id"], id);
}

#[test]
fn a_repetition_changes_nothing() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let (before, events) = (
        okta.get(&format!("/Users/{id}")).json(),
        app.count("SELECT count(*) FROM events"),
    );
    let page = okta.put(&format!("/Users/{id}"), &before);
    assert_eq!((page.status, page.json()), (200, before));
    assert_eq!(app.count("SELECT count(*) FROM events"), events);
    assert!(app.count("SELECT count(*) FROM scim_requests WHERE method = 'PUT'") == 1);
}

#[test]
fn versions_guard_changes() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    let tag = okta.get(&path).header("etag").to_owned();
    let fresh = okta.send(okta.request("GET", &path).header("If-None-Match", &tag));
    assert_eq!((fresh.status, fresh.body.len()), (304, 0));
    let put = |tag: &str, title: &str| {
        let mut body = user("dora@example.com");
        body["title"] = json!(title);
        let request = okta.request("PUT", &path).header("If-Match", tag);
        okta.send(
            request
                .header("Content-Type", "application/json")
                .body(body.to_string()),
        )
    };
    assert_eq!(put(&tag, "one").status, 200);
    refused(&put(&tag, "two"), 412, None);
    assert_eq!(put("*", "three").status, 200);
    refused(
        &okta.send(okta.request("DELETE", &path).header("If-Match", &tag)),
        412,
        None,
    );
    assert!(app.is_active("dora@example.com"));
    // RFC 9110 §13.1.2: a change that is wanted only if the version is another.
    let tag = okta.get(&path).header("etag").to_owned();
    for method in ["PUT", "PATCH", "DELETE"] {
        for tags in [tag.as_str(), "*", &format!("W/\"0\", {tag}")] {
            let request = okta.request(method, &path).header("If-None-Match", tags);
            let body = match method {
                "PATCH" => active(false),
                _ => user("dora@example.com"),
            };
            let request = request.header("Content-Type", "application/json");
            refused(&okta.send(request.body(body.to_string())), 412, None);
        }
    }
    assert_eq!(okta.get(&path).header("etag"), tag);
    let other = okta.request("DELETE", &path).header("If-None-Match", "W/\"0\"");
    assert_eq!(okta.send(other).status, 204);
}

#[test]
fn parameters_that_are_empty_ask_for_nothing() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    let whole = okta.get(&path).json();
    for empty in [
        "attributes=",
        "excludedAttributes=",
        "attributes=+&excludedAttributes=",
    ] {
        assert_eq!(okta.get(&format!("{path}?{empty}")).json(), whole, "{empty}");
        let list = okta
            .get(&format!("/Users?filter=id+eq+%22{id}%22&{empty}"))
            .json();
        assert_eq!(list["Resources"][0], whole, "{empty}");
    }
}

#[test]
fn what_is_required_is_named() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "required = [\"family_name\", \"email\"]");
    let body = json!({ "userName": "dora", "name": { "givenName": "Dora" } });
    let detail = refused(&okta.post("/Users", &body), 400, Some("invalidValue"));
    assert!(
        detail.contains("name.familyName") && detail.contains("emails"),
        "{detail}"
    );
    let long =
        json!({ "userName": "d@example.com", "name": { "givenName": "x".repeat(201), "familyName": "D" } });
    let detail = refused(&okta.post("/Users", &long), 400, Some("invalidValue"));
    assert!(detail.contains("name.givenName"), "{detail}");
    assert_eq!(app.count("SELECT count(*) FROM people"), 1);
}

#[test]
fn a_user_without_an_address_becomes_a_person_later() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(
        &okta,
        "/Users",
        &json!({ "userName": "dora", "name": { "givenName": "Dora" } }),
    );
    assert!(app.last_notes().contains("no e-mail address"));
    assert_eq!(app.count("SELECT count(*) FROM people"), 1);
    let add = ops(json!([{ "op": "add", "path": "emails", "value": [{ "value": "dora@example.com" }] }]));
    assert_eq!(okta.patch(&format!("/Users/{id}"), &add).status, 200);
    assert!(app.is_active("dora@example.com"));
    let taken = ops(json!([{ "op": "replace", "path": "emails", "value": [{ "value": ALICE }] }]));
    refused(
        &okta.patch(&format!("/Users/{id}"), &taken),
        409,
        Some("uniqueness"),
    );
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn discovery_and_wrong_addresses_are_answered_in_scim() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    for path in [
        "/ServiceProviderConfig",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas",
    ] {
        assert_eq!(okta.get(path).status, 200, "{path}");
        refused(&okta.post(path, &json!({})), 405, None);
    }
    refused(&okta.get("/Schemas?filter=id+pr"), 403, None);
    refused(&okta.get("/Schemas/none"), 404, None);
    refused(&okta.get("/Me"), 501, None);
    refused(&okta.get("/Nothing"), 404, None);
    refused(&okta.get("/Users/nonexistent-id"), 404, None);
    refused(&okta.put("/Users", &json!({})), 405, None);
    refused(
        &okta.post("/Users", &json!({ "not": "a user" })),
        400,
        Some("invalidValue"),
    );
}
