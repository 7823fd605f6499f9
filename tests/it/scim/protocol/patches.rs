//! Operations on users, in the shapes that identity providers send.

use doorward::scim::patch;
use serde_json::{Value, json};

use super::{ENTERPRISE, ID, patched, refused, user};

fn ann() -> Value {
    json!({
        "userName": "ann", "active": true, "name": { "givenName": "Ann", "familyName": "Lee" },
        "emails": [{ "value": "ann@acme.test", "type": "work", "primary": true }, { "value": "a@home.test", "type": "home" }],
        "color": "red",
    })
}

fn after(operation: Value) -> Value {
    patched(&ann(), json!([operation])).expect("a patch")
}

#[test]
fn deactivation_in_every_dialect() {
    for operation in [
        json!({ "op": "replace", "value": { "active": false } }),
        json!({ "op": "Replace", "path": "active", "value": "False" }),
        json!({ "op": "replace", "path": "active", "value": "false" }),
        json!({ "op": "replace", "path": "ACTIVE", "value": [false] }),
        json!({ "OP": "add", "Path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "Value": 0 }),
        json!({ "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User", "value": { "active": false } }),
        json!({ "op": "replace", "path": "", "value": { "Active": "FALSE" } }),
        json!({ "op": "replace", "path": null, "value": { "urn:scim:schemas:core:2.0": { "active": false } } }),
    ] {
        assert_eq!(after(operation.clone())["active"], json!(false), "{operation}");
    }
}

#[test]
fn paths_of_every_form() {
    let told = [
        (
            json!({ "op": "Add", "path": "nickName", "value": "Babs" }),
            "/nickName",
            json!("Babs"),
        ),
        (
            json!({ "op": "replace", "path": "NAME.givenname", "value": "Eve" }),
            "/name",
            json!({ "givenName": "Eve", "familyName": "Lee" }),
        ),
        (
            json!({ "op": "replace", "path": "name", "value": { "givenName": "Eve" } }),
            "/name",
            json!({ "givenName": "Eve", "familyName": "Lee" }),
        ),
        (
            json!({ "op": "replace", "value": { "name": { "givenName": null } } }),
            "/name",
            json!({ "familyName": "Lee" }),
        ),
        (
            json!({ "op": "replace", "value": { "name.givenName": "Eve", "displayName": "E" } }),
            "/name/givenName",
            json!("Eve"),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@x.y" }),
            "/emails/0",
            json!({ "value": "n@x.y", "type": "work", "primary": true }),
        ),
        (
            json!({ "op": "replace", "path": "emails[type eq \"WORK\"]", "value": { "value": "n@x.y" } }),
            "/emails/0/value",
            json!("n@x.y"),
        ),
        (
            json!({ "op": "add", "path": "emails[type eq \"other\"].value", "value": "n@x.y" }),
            "/emails/2",
            json!({ "value": "n@x.y", "type": "other" }),
        ),
        (
            json!({ "op": "replace", "path": "emails[primary eq true].value", "value": "n@x.y" }),
            "/emails/0/value",
            json!("n@x.y"),
        ),
        (
            json!({ "op": "replace", "path": "roles[primary eq \"True\"].value", "value": "boss" }),
            "/roles",
            json!([{ "primary": true, "value": "boss" }]),
        ),
        (
            json!({ "op": "replace", "value": { "emails[type eq \"work\"].value": "n@x.y" } }),
            "/emails/0/value",
            json!("n@x.y"),
        ),
        (
            json!({ "op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "42" }),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            json!({ "manager": { "value": "42" } }),
        ),
        (
            json!({ "op": "add", "path": format!("{ENTERPRISE}:manager.value"), "value": "42" }),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/value",
            json!("42"),
        ),
        (
            json!({ "op": "replace", "value": { (format!("{ENTERPRISE}:employeeNumber")): "7" } }),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/employeeNumber",
            json!("7"),
        ),
        (
            json!({ "op": "add", "path": ENTERPRISE, "value": { "schemas": [ENTERPRISE], "department": "S" } }),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            json!({ "department": "S" }),
        ),
        (
            json!({ "op": "add", "path": "urn:example:x:2.0:User:level", "value": "gold" }),
            "/urn:example:x:2.0:User/level",
            json!("gold"),
        ),
        (
            json!({ "op": "replace", "path": "COLOR", "value": { "a": 1 } }),
            "/color",
            json!({ "a": 1 }),
        ),
        (
            json!({ "op": "add", "path": "entitlements", "value": "one" }),
            "/entitlements",
            json!([{ "value": "one" }]),
        ),
    ];
    for (operation, place, expected) in told {
        let document = after(operation.clone());
        assert_eq!(
            document.pointer(place),
            Some(&expected),
            "{operation} made {document}"
        );
    }
}

#[test]
fn what_is_taken_away_is_gone() {
    for (operation, place) in [
        (json!({ "op": "remove", "path": "color" }), "/color"),
        (json!({ "op": "remove", "path": "active" }), "/active"),
        (
            json!({ "op": "replace", "path": "color", "value": null }),
            "/color",
        ),
        (
            json!({ "op": "replace", "path": "name.givenName", "value": "" }),
            "/name/givenName",
        ),
        (json!({ "op": "remove", "path": "name" }), "/name"),
        (
            json!({ "op": "remove", "path": "emails[type eq \"home\"]" }),
            "/emails/1",
        ),
        (
            json!({ "op": "remove", "path": "emails", "value": [{ "value": "A@home.test", "type": "home" }] }),
            "/emails/1",
        ),
        // What was not sent may be whatever it is.
        (
            json!({ "op": "remove", "path": "emails", "value": [{ "value": "A@home.test" }] }),
            "/emails/1",
        ),
        (
            json!({ "op": "remove", "path": "emails", "value": [{ "value": "a@home.test", "primary": false }] }),
            "/emails/1",
        ),
        (json!({ "op": "remove", "path": "emails" }), "/emails"),
        (
            json!({ "op": "replace", "path": "emails", "value": [] }),
            "/emails",
        ),
        (
            json!({ "op": "remove", "path": "emails[type eq \"work\"].primary" }),
            "/emails/0/primary",
        ),
        (
            json!({ "op": "remove", "path": ENTERPRISE }),
            "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ),
        (json!({ "op": "remove", "path": "nothing" }), "/nothing"),
    ] {
        assert_eq!(after(operation.clone()).pointer(place), None, "{operation}");
    }
    let unchanged = after(json!({ "op": "remove", "path": "emails[type eq \"other\"]" }));
    assert_eq!(unchanged["emails"], ann()["emails"]);
    assert_eq!(
        after(json!({ "op": "add", "path": "emails", "value": [] }))["emails"],
        ann()["emails"]
    );
    assert_eq!(
        after(json!({ "op": "add", "path": "emails", "value": null }))["emails"],
        ann()["emails"]
    );
}

#[test]
fn a_removal_that_meets_nothing_is_noted() {
    for value in [
        json!([{ "value": "a@home.test", "type": "work" }]),
        json!([{ "value": "no@where.test" }]),
        json!([{}]),
    ] {
        let body = json!({ "Operations": [{ "op": "remove", "path": "emails", "value": value }] });
        let patched = patch::user(ID, &user(&ann()), &body).expect("a patch");
        assert_eq!(patched.document["emails"], ann()["emails"], "{value}");
        assert!(
            patched
                .notes
                .iter()
                .any(|note| note.contains("nothing was removed")),
            "{:?}",
            patched.notes
        );
    }
}

#[test]
fn what_is_added_twice_is_there_once() {
    let again = json!({ "op": "add", "path": "emails", "value": [{ "value": "ANN@acme.test", "type": "work" }, { "value": "new@x.y" }] });
    let emails = patched(&ann(), json!([again, again])).expect("a patch")["emails"].clone();
    assert_eq!(emails.as_array().map(Vec::len), Some(3), "{emails}");
    let list = patched(
        &ann(),
        json!([{ "op": "add", "path": "tags", "value": ["a", "b"] }, { "op": "add", "path": "tags", "value": ["b", "c"] }]),
    );
    assert_eq!(list.expect("a patch")["tags"], json!(["a", "b", "c"]));
}

#[test]
fn there_is_one_primary() {
    let moved =
        after(json!({ "op": "add", "path": "emails", "value": [{ "value": "n@x.y", "primary": true }] }));
    let primary: Vec<bool> = moved["emails"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| e["primary"] == json!(true))
        .collect();
    assert_eq!(primary, [false, false, true]);
    let moved =
        after(json!({ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": "true" }));
    assert_eq!(
        (&moved["emails"][0]["primary"], &moved["emails"][1]["primary"]),
        (&json!(false), &json!(true))
    );
    let both = json!([{ "op": "replace", "path": "emails", "value": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }]);
    assert_eq!(refused(&ann(), both), (400, "invalidValue"));
}

#[test]
fn all_or_nothing_and_every_refusal_is_named() {
    for (operation, kind) in [
        (json!({ "op": "remove", "path": "userName" }), "mutability"),
        (
            json!({ "op": "replace", "path": "userName", "value": "" }),
            "invalidValue",
        ),
        (
            json!({ "op": "replace", "path": "id", "value": "other" }),
            "mutability",
        ),
        (
            json!({ "op": "replace", "path": "groups", "value": [] }),
            "mutability",
        ),
        (
            json!({ "op": "replace", "path": "meta", "value": {} }),
            "mutability",
        ),
        (
            json!({ "op": "replace", "path": "emails[type gt \"zz\"].value", "value": "x" }),
            "noTarget",
        ),
        (
            json!({ "op": "replace", "path": "emails[type", "value": "x" }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "emails[primary gt true].value", "value": "x" }),
            "invalidFilter",
        ),
        (
            json!({ "op": "replace", "path": "a b", "value": "x" }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "title.x", "value": "x" }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "name[givenName eq \"Ann\"].familyName", "value": "x" }),
            "invalidPath",
        ),
        (
            json!({ "op": "replace", "path": "active", "value": "perhaps" }),
            "invalidValue",
        ),
        (json!({ "op": "replace", "path": "title" }), "invalidValue"),
        (json!({ "op": "replace", "value": "x" }), "invalidValue"),
        (json!({ "op": "remove", "value": { "title": 1 } }), "noTarget"),
        (json!({ "op": "copy", "path": "title" }), "invalidSyntax"),
        (json!(7), "invalidSyntax"),
    ] {
        let operations = json!([{ "op": "replace", "path": "title", "value": "changed" }, operation]);
        assert_eq!(refused(&ann(), operations), (400, kind), "{operation}");
    }
    for body in [
        json!({}),
        json!({ "Operations": null }),
        json!({ "Operations": "x" }),
    ] {
        let problem = patch::user(ID, &user(&ann()), &body).expect_err("refused");
        assert_eq!(problem.kind.map(|kind| kind.key()), Some("invalidSyntax"));
    }
}

#[test]
fn what_is_ours_may_be_repeated_and_is_not_changed() {
    let value = json!({ "id": ID, "meta": { "x": 1 }, "groups": [{ "value": "g" }], "title": "T" });
    let document = after(json!({ "op": "replace", "value": value }));
    assert_eq!(document["title"], "T");
    for gone in ["id", "meta", "groups"] {
        assert!(document.get(gone).is_none(), "{gone}");
    }
    assert_eq!(document["schemas"], json!([doorward::scim::USER]));
}

#[test]
fn a_password_leaves_no_trace() {
    let body = json!({ "Operations": [
        { "op": "replace", "path": "password", "value": "s3cr3t" },
        { "op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:Password", "value": "s3cr3t" },
        { "op": "replace", "value": { "password": "s3cr3t", "title": "T" } },
    ] });
    let patched = patch::user(ID, &user(&ann()), &body).expect("a patch");
    assert!(!format!("{patched:?}").contains("s3cr3t"), "{patched:?}");
    let only = json!([{ "op": "replace", "path": "title", "value": "T" }]);
    assert_eq!(patched.understood["Operations"], only);
}
