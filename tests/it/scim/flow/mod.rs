//! What provisioning does: to the mirror, to people, and what it answers.

mod bulk;
mod corners;
mod everything;
mod groups;
mod paging;
mod people;
mod together;
mod users;
mod versions;

use doorward::model::{Person, PersonState, Role};
use serde_json::{Value, json};

use crate::app::{Page, ScimClient, TestApp};

/// A user as an identity provider sends it.
pub fn user(name: &str) -> Value {
    let (given, _) = name.split_once('@').unwrap_or((name, ""));
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "externalId": format!("ext-{name}"),
        "name": { "givenName": given, "familyName": "Doe" },
        "emails": [{ "value": name, "type": "work", "primary": true }],
        "active": true,
    })
}

pub fn group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
        "displayName": name,
        "members": members,
    })
}

/// A PATCH of these operations.
pub fn ops(operations: Value) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

pub fn active(active: bool) -> Value {
    ops(json!([{ "op": "replace", "value": { "active": active } }]))
}

/// Checks status and `scimType` of a refusal, and that it says what to do.
pub fn refused(page: &Page, status: u16, kind: Option<&str>) -> String {
    assert_eq!(page.status, status, "{}", page.text());
    let body = page.json();
    assert_eq!(body["status"], status.to_string());
    assert_eq!(body["scimType"].as_str(), kind, "{body}");
    let detail = body["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.len() > 20, "{detail}");
    detail
}

/// POSTs a user or group that must be taken; its id.
pub fn made(client: &ScimClient, path: &str, body: &Value) -> String {
    let page = client.post(path, body);
    assert_eq!(page.status, 201, "{}", page.text());
    page.json()["id"].as_str().expect("an id").to_owned()
}

/// The only user with this name.
pub fn named(client: &ScimClient, name: &str) -> Value {
    let list = client
        .get(&format!("/Users?filter=userName+eq+%22{name}%22"))
        .json();
    assert_eq!(list["totalResults"], 1, "{list}");
    list["Resources"][0].clone()
}

impl TestApp {
    pub fn person(&self, email: &str) -> Option<Person> {
        let find = |r: &doorward::store::Reader| doorward::store::people::find_by_email(r, email);
        self.ctx.store.read(find).expect("a read")
    }

    pub fn is_active(&self, email: &str) -> bool {
        self.person(email)
            .is_some_and(|person| person.state == PersonState::Active)
    }

    pub fn role_of(&self, email: &str) -> Option<Role> {
        self.person(email).map(|person| person.role)
    }

    /// What the newest write in the log noted.
    pub fn last_notes(&self) -> String {
        self.flush_scim_log();
        let read = |r: &doorward::store::Reader| {
            let sql = "SELECT notes || effects FROM scim_requests WHERE method <> 'GET' ORDER BY rowid DESC LIMIT 1";
            Ok(r.query_row(sql, [], |row| row.get::<_, String>(0))?)
        };
        self.ctx.store.read(read).expect("a note")
    }
}
