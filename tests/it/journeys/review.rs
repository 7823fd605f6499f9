//! A held integration, reviewed and applied in a browser.

use serde_json::{Value, json};

use super::fresh;
use crate::app::{ScimClient, TestApp};
use crate::browser::journey;

const PEOPLE: &str = r#"
[[access_group]]
name = "Interviewers"
role = "member"
[[person]]
email = "bob@example.com"
given_name = "Bob"
family_name = "Baker"
[[person]]
email = "dana@example.com"
given_name = "Dana"
family_name = "Dee"
[[person]]
email = "mary@example.com"
given_name = "Mary"
family_name = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
"#;

fn user(name: &str, family: &str) -> Value {
    let address = format!("{name}@example.com");
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": address, "active": true,
        "name": { "givenName": name, "familyName": family }, "emails": [{ "value": address, "primary": true }],
    })
}

fn shown(scim: &ScimClient, name: &str) -> String {
    let query = format!("/Users?filter=userName%20eq%20%22{name}@example.com%22");
    let id = scim.get(&query).json()["Resources"][0]["id"].clone();
    id.as_str().expect("an id").to_owned()
}

/// Some of everything: people to add, to link, to deactivate, an owner, and an address that somebody has by now.
fn send(app: &TestApp, scim: &ScimClient) {
    let long = "y".repeat(180);
    let mut members = Vec::new();
    for (name, family) in [("robert", "Baker"), ("carla", "Cruz"), ("zoe", long.as_str())] {
        let made = scim.post("/Users", &user(name, family));
        assert_eq!(made.status, 201, "{}", made.text());
        members.push(json!({ "value": made.json()["id"] }));
    }
    for (name, active) in [("mary", true), ("dana", false), ("alice", false)] {
        let mut body = user(name, "Other");
        body["active"] = json!(active);
        let put = scim.put(&format!("/Users/{}", shown(scim, name)), &body);
        assert_eq!(put.status, 200, "{}", put.text());
    }
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sales", "members": members,
    });
    assert_eq!(scim.post("/Groups", &group).status, 201);
    app.apply(
        "[[access_group]]\nname = \"Interviewers\"\nrole = \"member\"\nmembers_of = [{ connection = \"okta\", group = \"Sales\" }]\n\
         [[person]]\nemail = \"carla@example.com\"\n",
    );
}

fn pages(scripts: bool) {
    let app = fresh().set_up();
    app.apply(PEOPLE);
    app.apply("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\nprovider = \"okta\"\n[connection.scim]\nenabled = true\n");
    let token = app.bearer("okta", None).secret;
    let scim = ScimClient::new(&app.base, "okta", &token);
    send(&app, &scim);
    journey("review-pages", &json!({"base": app.base, "scripts": scripts}));
}

#[test]
fn a_held_plan_is_reviewed() {
    pages(true);
}

#[test]
fn a_held_plan_is_reviewed_without_scripts() {
    pages(false);
}
