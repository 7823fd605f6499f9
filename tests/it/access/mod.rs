//! Teams, access groups, what feeds them, and what people see: over HTTP, SCIM, SAML and OpenID Connect.

mod audited;
mod escalation;
mod feeds;
mod groups;
mod seen;
mod sign_ins;
mod teams;
mod word;

use serde_json::{Value, json};

use crate::app::{Page, ScimClient, TestApp, Visitor};

pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Pushes a user; the SCIM id.
pub fn push(scim: &ScimClient, name: &str) -> String {
    let address = format!("{name}@example.com");
    let body = json!({
        "schemas": [USER], "userName": address, "name": { "givenName": name, "familyName": "Test" },
        "emails": [{ "value": address, "type": "work", "primary": true }], "active": true,
    });
    id_of(&scim.post("/Users", &body))
}

/// Pushes a group with these members; the SCIM id.
pub fn push_group(scim: &ScimClient, name: &str, members: &[&str]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let body = json!({ "schemas": [GROUP], "displayName": name, "members": members });
    id_of(&scim.post("/Groups", &body))
}

pub fn id_of(page: &Page) -> String {
    assert_eq!(page.status, 201, "{}", page.text());
    page.json()["id"].as_str().expect("an id").to_owned()
}

/// One operation on a group.
pub fn patch(scim: &ScimClient, group: &str, operation: Value) {
    let body = json!({ "schemas": [PATCH], "Operations": [operation] });
    let page = scim.patch(&format!("/Groups/{group}"), &body);
    assert!([200, 204].contains(&page.status), "{}", page.text());
}

pub fn join(scim: &ScimClient, group: &str, users: &[&str]) {
    let values: Vec<Value> = users.iter().map(|id| json!({ "value": id })).collect();
    patch(
        scim,
        group,
        json!({ "op": "add", "path": "members", "value": values }),
    );
}

pub fn leave(scim: &ScimClient, group: &str, user: &str) {
    let path = format!("members[value eq \"{user}\"]");
    patch(scim, group, json!({ "op": "remove", "path": path }));
}

/// One text from the database.
pub fn text(app: &TestApp, sql: &str) -> Option<String> {
    use rusqlite::OptionalExtension;
    let sql = sql.to_owned();
    let read = app.ctx.store.read(|r| {
        let found = r.query_row(&sql, [], |row| row.get::<_, Option<String>>(0));
        Ok(found.optional()?.flatten())
    });
    read.expect("a read")
}

/// The access group of the person with this name before `@example.com`.
pub fn group_of(app: &TestApp, name: &str) -> Option<String> {
    let sql = "SELECT g.name FROM people p JOIN access_groups g ON g.id = p.access_group_id WHERE p.email = ";
    text(app, &format!("{sql}'{name}@example.com'"))
}

pub fn role_of(app: &TestApp, name: &str) -> String {
    let sql = format!("SELECT role FROM people WHERE email = '{name}@example.com'");
    text(app, &sql).expect("the person")
}

pub fn person_page(app: &TestApp, name: &str) -> String {
    let sql = format!("SELECT id FROM people WHERE email = '{name}@example.com'");
    format!("/admin/people/{}", text(app, &sql).expect("the person"))
}

/// The page of an access group.
pub fn page_of(app: &TestApp, group: &str) -> String {
    let sql = format!("SELECT id FROM access_groups WHERE name = '{group}'");
    format!("/admin/access/groups/{}", text(app, &sql).expect("the group"))
}

/// Selects a pushed group by hand on the page of an access group.
pub fn select(app: &TestApp, admin: &Visitor, slug: &str, pushed: &str, group: &str) -> Page {
    let sql = format!(
        "SELECT 'pushed-' || seq FROM directory_groups WHERE display_name = '{pushed}' AND deleted_at IS NULL"
    );
    let source = text(app, &sql).expect("a pushed group");
    let at = format!("{}/feeds", page_of(app, group));
    admin.post(&at, &[("connection", slug), ("source", &source)])
}

/// Saves somebody's form with these answers in place of those that it shows.
pub fn save_person(app: &TestApp, admin: &Visitor, name: &str, answers: &[(&str, &str)]) -> Page {
    let at = format!("{}/edit", person_page(app, name));
    let page = admin.get(&at);
    assert_eq!(page.status, 200, "{}", page.text());
    let version = first(&page, "input[name=version]", "value").expect("a version");
    let email = format!("{name}@example.com");
    let role = first(&page, "input[name=role][checked]", "value").unwrap_or_default();
    let shown = |field: &str| {
        first(&page, &format!("select[name={field}] option[selected]"), "value").unwrap_or_default()
    };
    let (team, group) = (shown("team"), shown("access_group"));
    let given = first(&page, "input[name=given_name]", "value").unwrap_or_default();
    let family = first(&page, "input[name=family_name]", "value").unwrap_or_default();
    let mut fields = vec![
        ("email", email.as_str()),
        ("given_name", &given),
        ("family_name", &family),
        ("role", &role),
        ("team", &team),
        ("access_group", &group),
        ("version", &version),
    ];
    for (name, value) in answers {
        fields.retain(|(known, _)| known != name);
        fields.push((name, value));
    }
    admin.post(&at, &fields)
}

fn first(page: &Page, selector: &str, name: &str) -> Option<String> {
    page.attributes(selector, name).into_iter().next()
}

/// How many events of this kind there are.
pub fn events(app: &TestApp, action: &str) -> i64 {
    app.count(&format!("SELECT count(*) FROM events WHERE action = '{action}'"))
}
