//! Many operations in one request.

use serde_json::{Value, json};

use super::{group, user};
use crate::app::{ScimClient, TestApp};

fn bulk(client: &ScimClient, operations: Value, most: Option<usize>) -> Vec<Value> {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations,
    });
    if let Some(most) = most {
        body["failOnErrors"] = json!(most);
    }
    let page = client.post("/Bulk", &body);
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()["Operations"].as_array().cloned().unwrap_or_default()
}

fn statuses(done: &[Value]) -> Vec<&str> {
    done.iter()
        .map(|one| one["status"].as_str().unwrap_or_default())
        .collect()
}

#[test]
fn references_are_resolved_forwards_too_and_each_operation_fails_alone() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let done = bulk(
        &okta,
        json!([
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": group("Team", &["bulkId:u"]) },
            { "method": "POST", "path": "/Users", "bulkId": "u", "data": user("dora@example.com") },
            { "method": "POST", "path": "/Users", "bulkId": "v", "data": user("DORA@example.com") },
            { "method": "POST", "path": "/Groups", "bulkId": "h", "data": group("Lost", &["bulkId:v"]) },
            { "method": "POST", "path": "/Groups", "bulkId": "x", "data": group("X", &["bulkId:y"]) },
            { "method": "POST", "path": "/Groups", "bulkId": "y", "data": group("Y", &["bulkId:x"]) },
            { "method": "DELETE", "path": "/Users/none" },
        ]),
        None,
    );
    assert_eq!(statuses(&done)[..4], ["201", "201", "409", "409"], "{done:?}");
    assert_eq!(done[6]["status"], "404");
    assert!(
        done[4]["status"] == "409" && done[4]["response"]["detail"].is_string(),
        "{done:?}"
    );
    let team = okta.get("/Groups?filter=displayName+eq+%22Team%22").json();
    let made = done[1]["location"].as_str().expect("a place");
    assert_eq!(team["Resources"][0]["members"].as_array().map(Vec::len), Some(1));
    assert!(
        made.ends_with(
            team["Resources"][0]["members"][0]["value"]
                .as_str()
                .expect("an id")
        )
    );
    assert!(done[1]["version"].is_string() && done[1]["bulkId"] == "u");
    assert_eq!(
        app.count("SELECT count(*) FROM scim_requests WHERE method = 'POST'"),
        1
    );
    assert_eq!(
        app.count("SELECT count(*) FROM directory_groups WHERE display_name = 'Lost'"),
        0
    );
}

#[test]
fn it_stops_after_so_many_errors() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let wrong = json!({ "method": "DELETE", "path": "/Users/none" });
    let good = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": user("dora@example.com") });
    let done = bulk(&okta, json!([wrong, wrong, good]), Some(2));
    assert_eq!(statuses(&done), ["404", "404"]);
    assert!(app.person("dora@example.com").is_none());
}

#[test]
fn every_answer_but_that_of_a_failed_post_has_the_address() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let page = okta.post("/Users", &user("dora@example.com"));
    let place = page.header("location").to_owned();
    let (_, path) = place.split_once("/v2").expect("a path");
    let done = bulk(
        &okta,
        json!([
            { "method": "PUT", "path": path, "data": {} },
            { "method": "DELETE", "path": path },
            { "method": "DELETE", "path": path },
            { "method": "POST", "path": "/Users", "bulkId": "a", "data": {} },
        ]),
        None,
    );
    assert_eq!(statuses(&done), ["400", "204", "404", "400"]);
    for one in &done[..3] {
        assert_eq!(one["location"], place.as_str(), "{one}");
    }
    assert_eq!(done[3].get("location"), None);
}
