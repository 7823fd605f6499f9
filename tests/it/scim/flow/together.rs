//! Many clients at once.

use std::thread;

use serde_json::json;

use super::{group, made, ops, user};
use crate::app::{ScimClient, TestApp};

/// Does `work` for each number, on sixteen threads with a client each.
fn at_once<T: Send>(
    client: &ScimClient,
    app: &TestApp,
    many: usize,
    work: impl Fn(&ScimClient, usize) -> T + Sync,
) -> Vec<T> {
    let (base, work) = (&app.base, &work);
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..16)
            .map(|lane| {
                let client = ScimClient::new(base, &client.slug, &client.token);
                scope.spawn(move || {
                    (lane..many)
                        .step_by(16)
                        .map(|n| work(&client, n))
                        .collect::<Vec<T>>()
                })
            })
            .collect();
        lanes
            .into_iter()
            .flat_map(|lane| lane.join().expect("a lane"))
            .collect()
    })
}

#[test]
fn a_hundred_creates_of_one_name_make_one_user() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let statuses = at_once(&okta, &app, 100, |client, n| {
        let name: String = "dora@example.com"
            .chars()
            .enumerate()
            .map(|(at, c)| {
                if n >> (at % 7) & 1 == 1 {
                    c.to_ascii_uppercase()
                } else {
                    c
                }
            })
            .collect();
        let mut body = user(&name);
        body["externalId"] = json!(format!("x{n}"));
        client.post("/Users", &body).status
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 99);
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
}

#[test]
fn a_thousand_member_adds_make_a_thousand_members() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let ids = at_once(&okta, &app, 1000, |client, n| {
        made(client, "/Users", &user(&format!("u{n}@example.com")))
    });
    let team = made(&okta, "/Groups", &group("Team", &[]));
    let path = format!("/Groups/{team}");
    let done = at_once(&okta, &app, 1000, |client, n| {
        let add = ops(json!([{ "op": "add", "path": "members", "value": [{ "value": ids[n] }] }]));
        client.patch(&path, &add).status
    });
    assert!(done.iter().all(|status| *status == 200 || *status == 204));
    let members = okta.get(&path).json()["members"].as_array().map(Vec::len);
    assert_eq!(members, Some(1000));
}

#[test]
fn of_those_who_saw_the_same_version_one_wins() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    let tag = okta.get(&path).header("etag").to_owned();
    let statuses = at_once(&okta, &app, 32, |client, n| {
        let mut body = user("dora@example.com");
        body["title"] = json!(format!("t{n}"));
        let request = client.request("PUT", &path).header("If-Match", &tag);
        client
            .send(
                request
                    .header("Content-Type", "application/json")
                    .body(body.to_string()),
            )
            .status
    });
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 412).count(),
        31,
        "{statuses:?}"
    );
}
