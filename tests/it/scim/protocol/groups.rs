//! Operations on groups and their members.

use doorward::scim::patch::{self, MemberChange};
use serde_json::{Map, Value, json};

use super::ID;

fn group() -> Map<String, Value> {
    doorward::scim::document::group(&json!({ "displayName": "Sales" }))
        .expect("a group")
        .document
}

/// What operations do to members: `+a`, `-a`, `=a`, `clear`, `-?` by a condition.
fn steps(operations: Value) -> Vec<String> {
    let patched = patch::group(ID, &group(), &json!({ "operations": operations })).expect("a patch");
    let ids = |members: &[doorward::scim::document::MemberRef]| {
        members
            .iter()
            .map(|m| m.value.clone())
            .collect::<Vec<_>>()
            .join(",")
    };
    let told = patched.members.iter().map(|step| match step {
        MemberChange::Add(members) => format!("+{}", ids(members)),
        MemberChange::Remove(ids) => format!("-{}", ids.join(",")),
        MemberChange::RemoveWhere(_) => "-?".to_owned(),
        MemberChange::Replace(members) => format!("={}", ids(members)),
        MemberChange::Clear => "clear".to_owned(),
    });
    told.collect()
}

#[test]
fn every_way_to_name_members() {
    let told = [
        (
            json!({ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": "a" }] }),
            "+a",
        ),
        (
            json!({ "op": "add", "path": "Members", "value": { "value": "a" } }),
            "+a",
        ),
        (
            json!({ "op": "add", "path": "urn:ietf:params:scim:schemas:core:2.0:Group:members", "value": "a" }),
            "+a",
        ),
        (
            json!({ "op": "add", "value": { "members": [{ "value": "a" }] } }),
            "+a",
        ),
        (json!({ "op": "add", "path": "members[value eq \"a\"]" }), "+a"),
        (
            json!({ "op": "Remove", "path": "members", "value": [{ "value": "a" }, { "value": "b" }] }),
            "-a,b",
        ),
        (json!({ "op": "remove", "path": "members[value eq \"a\"]" }), "-a"),
        (
            json!({ "op": "remove", "path": "members[value eq \"a\" or VALUE EQ \"b\"]" }),
            "-a,b",
        ),
        (
            json!({ "op": "remove", "path": "members[value eq \"a\"]", "value": [{ "value": "z" }] }),
            "-a",
        ),
        (
            json!({ "op": "remove", "path": "members[type eq \"User\"]" }),
            "-?",
        ),
        (json!({ "op": "remove", "path": "members" }), "clear"),
        (
            json!({ "op": "remove", "value": { "members": [{ "value": "a" }] } }),
            "-a",
        ),
        (
            json!({ "op": "replace", "path": "members", "value": [{ "value": "a" }] }),
            "=a",
        ),
        (json!({ "op": "replace", "path": "members", "value": [] }), "="),
        (
            json!({ "op": "replace", "value": { "members": [], "id": ID, "displayName": "Sales" } }),
            "=",
        ),
    ];
    for (operation, expected) in told {
        assert_eq!(steps(json!([operation])), [expected], "{operation}");
    }
}

#[test]
fn what_names_no_member_changes_none() {
    for operation in [
        json!({ "op": "replace", "value": { "id": ID, "displayName": "New" } }),
        json!({ "op": "replace", "value": { "displayName": "New", "members": null } }),
        json!({ "op": "replace", "path": "members", "value": null }),
        json!({ "op": "remove", "path": "members", "value": [] }),
        json!({ "op": "add", "path": "members", "value": [] }),
        json!({ "op": "replace", "path": "members[value eq \"a\"].display", "value": "A" }),
    ] {
        assert!(steps(json!([operation])).is_empty(), "{operation}");
    }
}

#[test]
fn steps_keep_their_order_and_stand_beside_the_rest() {
    let operations = json!([
        { "op": "remove", "path": "members[value eq \"a\"]" },
        { "op": "replace", "value": { "id": ID, "displayName": "Renamed" } },
        { "op": "add", "path": "members", "value": [{ "value": "b" }] },
        { "op": "replace", "path": "externalId", "value": "e9" },
    ]);
    assert_eq!(steps(operations.clone()), ["-a", "+b"]);
    let patched = patch::group(ID, &group(), &json!({ "Operations": operations })).expect("a patch");
    assert_eq!(
        (&patched.document["displayName"], &patched.document["externalId"]),
        (&json!("Renamed"), &json!("e9"))
    );
}

#[test]
fn what_cannot_be_is_refused() {
    for (operation, kind) in [
        (
            json!({ "op": "add", "path": "members", "value": [{}] }),
            "invalidValue",
        ),
        (
            json!({ "op": "add", "path": "members[display eq \"a\"]" }),
            "noTarget",
        ),
        (
            json!({ "op": "replace", "value": { "id": "another" } }),
            "mutability",
        ),
        (json!({ "op": "remove", "path": "displayName" }), "mutability"),
        (
            json!({ "op": "replace", "path": "displayName", "value": " " }),
            "invalidValue",
        ),
        (json!({ "op": "remove" }), "noTarget"),
        (json!({ "op": "add", "path": "members" }), "invalidValue"),
        (
            json!({ "op": "remove", "path": "members[value eq" }),
            "invalidPath",
        ),
        (
            json!({ "op": "remove", "path": "members[value zz 1]" }),
            "invalidFilter",
        ),
        (
            json!({ "op": "replace", "path": "meta.created", "value": "x" }),
            "mutability",
        ),
        (json!({ "op": "move" }), "invalidSyntax"),
    ] {
        let body = json!({ "Operations": [operation] });
        let problem = patch::group(ID, &group(), &body).expect_err("refused");
        assert_eq!(
            (problem.status, problem.kind.map(|k| k.key())),
            (400, Some(kind)),
            "{operation}"
        );
        assert!(problem.detail.starts_with("Operation") || kind != "invalidSyntax");
    }
}
