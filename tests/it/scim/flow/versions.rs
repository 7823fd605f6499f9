//! Versions follow what is shown: a user shows groups, a group shows its members' names.

use serde_json::json;

use super::{group, made, ops, user};
use crate::app::{ScimClient, TestApp};

fn tag(client: &ScimClient, path: &str) -> String {
    client.get(path).header("etag").to_owned()
}

#[test]
fn a_user_has_another_version_when_its_groups_change() {
    let app = TestApp::start();
    let okta = app.scim_with("okta", "guard_people = 0");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    let team = made(&okta, "/Groups", &group("Team", &[]));
    let team = format!("/Groups/{team}");
    let member = json!([{ "value": id }]);
    let mut known = vec![tag(&okta, &path)];
    for change in [
        ops(json!([{ "op": "add", "path": "members", "value": member }])),
        ops(json!([{ "op": "replace", "path": "displayName", "value": "Crew" }])),
        ops(json!([{ "op": "remove", "path": "members", "value": member }])),
        ops(json!([{ "op": "replace", "path": "members", "value": member }])),
    ] {
        okta.patch(&team, &change);
        let new = tag(&okta, &path);
        assert!(!known.contains(&new), "{change}: {new}");
        assert_eq!(okta.get(&path).json()["meta"]["version"], new.as_str());
        // Once more, and nothing changes.
        okta.patch(&team, &change);
        if change["Operations"][0]["op"] != "remove" {
            assert_eq!(tag(&okta, &path), new, "{change}");
        }
        known.push(new);
    }
    okta.delete(&team);
    let new = tag(&okta, &path);
    assert!(!known.contains(&new), "{new}");
    let stale = okta.send(okta.request("GET", &path).header("If-None-Match", &known[0]));
    assert_eq!((stale.status, &stale.json()["groups"]), (200, &json!([])));
}

#[test]
fn a_group_has_another_version_when_a_member_has_another_name() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let team = made(&okta, "/Groups", &group("Team", &[&id]));
    let path = format!("/Groups/{team}");
    let before = tag(&okta, &path);
    let title = ops(json!([{ "op": "replace", "path": "title", "value": "Dr" }]));
    okta.patch(&format!("/Users/{id}"), &title);
    assert_eq!(tag(&okta, &path), before);
    let name = ops(json!([{ "op": "replace", "path": "displayName", "value": "Dora D" }]));
    okta.patch(&format!("/Users/{id}"), &name);
    assert_ne!(tag(&okta, &path), before);
    assert_eq!(okta.get(&path).json()["members"][0]["display"], "Dora D");
}

#[test]
fn what_a_user_says_of_its_groups_is_told_once_for_each_group() {
    let app = TestApp::start();
    let one = app.scim_with("one", "groups_in_users = true\nguard_people = 0");
    let mut body = user("dora@example.com");
    let id = made(&one, "/Users", &body);
    let path = format!("/Users/{id}");
    for name in ["A", "B"] {
        made(&one, "/Groups", &group(name, &[]));
    }
    let told = || {
        app.count(
            "SELECT count(*) FROM events WHERE action = 'directory_group.changed' AND actor_kind = 'connection'",
        )
    };
    for (groups, events) in [(["A", "B"].as_slice(), 2), (&["A", "B"], 2), (&["B"], 3)] {
        body["groups"] = groups.iter().map(|name| json!({ "value": name })).collect();
        let page = one.put(&path, &body);
        assert_eq!(page.status, 200, "{}", page.text());
        assert_eq!(page.header("etag"), tag(&one, &path));
        assert_eq!(told(), events, "{}", body["groups"]);
    }
}
