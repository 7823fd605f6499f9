//! The pages of Access and what they come to, each looked at in a browser.

use serde_json::json;

use super::fresh;
use crate::browser::journey;

const ORGANIZATION: &str = r#"
[[team]]
name = "North"
[[app]]
name = "Wiki"
address = "https://wiki.example.com"
[[access_group]]
name = "Interviewers"
role = "member"
sees_people = "team"
sees_apps = ["Wiki"]
members_of = [{ connection = "okta", group = "Sales" }]
[[person]]
email = "mary@example.com"
given_name = "Mary"
family_name = "Member"
team = "North"
fields = { title = "Cook" }
"#;

fn pages(scripts: bool) {
    let app = fresh().set_up();
    let scim = app.scim("okta");
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com",
        "name": { "givenName": "Ada", "familyName": "x".repeat(200) }, "emails": [{ "value": "ada@example.com", "primary": true }],
    });
    let id = scim.post("/Users", &user).json()["id"].clone();
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Sales", "members": [{ "value": id }],
    });
    assert_eq!(scim.post("/Groups", &group).status, 201);
    app.apply(ORGANIZATION);
    let facts = json!({"base": app.base, "scripts": scripts});
    journey("access-pages", &facts);
}

#[test]
fn pages_of_access() {
    pages(true);
}

#[test]
fn pages_of_access_without_scripts() {
    pages(false);
}
