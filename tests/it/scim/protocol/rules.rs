//! Sentences of the standard that are easily passed over.

use doorward::model::ResourceKind::{Group, User};
use doorward::scim::{GROUP, USER, document, patch};
use serde_json::{Value, json};

use super::{ENTERPRISE, ID, patched, refused, user};

fn ann() -> Value {
    json!({
        "userName": "ann",
        "addresses": [{ "type": "work", "country": "US", "region": "CA", "primary": true }, { "type": "home", "country": "DE" }],
        "emails": [{ "value": "w@x.y", "type": "work", "primary": true }],
        (ENTERPRISE): { "department": "S" }, "urn:x:y:User": { "level": 1 },
    })
}

fn after(operations: Value) -> Value {
    patched(&ann(), operations).expect("a patch")
}

#[test]
fn replacing_what_a_filter_selects_leaves_nothing_of_it() {
    let path = "addresses[type eq \"work\"]";
    let replaced = after(json!([{ "op": "replace", "path": path, "value": { "country": "FR" } }]));
    assert_eq!(
        replaced["addresses"][0],
        json!({ "type": "work", "country": "FR" })
    );
    let added = after(json!([{ "op": "add", "path": path, "value": { "country": "FR" } }]));
    assert_eq!(
        added["addresses"][0],
        json!({ "type": "work", "country": "FR", "region": "CA", "primary": true })
    );
}

#[test]
fn an_extension_that_is_gone_is_no_schema_of_the_resource() {
    assert_eq!(
        after(json!([]))["schemas"],
        json!([USER, ENTERPRISE, "urn:x:y:User"])
    );
    for path in [ENTERPRISE.to_owned(), format!("{ENTERPRISE}:department")] {
        let left = after(json!([{ "op": "remove", "path": path }]));
        assert_eq!(left["schemas"], json!([USER, "urn:x:y:User"]), "{path}");
        assert!(left.get(ENTERPRISE).is_none());
    }
    // Said without data it is kept as it was said.
    let said = user(&json!({ "userName": "a", "schemas": [USER, ENTERPRISE] }));
    assert_eq!(said["schemas"], json!([USER, ENTERPRISE]));
}

#[test]
fn another_kind_of_resource_leaves_no_trace() {
    let read = document::user(&json!({
        "userName": "a", "schemas": [GROUP], (GROUP): { "displayName": "G" }, (format!("{GROUP}:displayName")): "G",
    }))
    .expect("a user");
    assert_eq!(
        Value::Object(read.document),
        json!({ "schemas": [USER], "active": true, "userName": "a" })
    );
    assert!(!read.notes.is_empty());
    for path in [GROUP.to_owned(), format!("{GROUP}:displayName")] {
        let operation = json!([{ "op": "replace", "path": path, "value": "G" }]);
        assert_eq!(refused(&ann(), operation), (400, "invalidPath"), "{path}");
    }
}

#[test]
fn an_address_without_a_value_is_none_when_all_is_done() {
    let gone = after(json!([{ "op": "remove", "path": "emails[type eq \"work\"].value" }]));
    assert_eq!(gone.get("emails"), None);
    let built = after(json!([
        { "op": "add", "path": "emails[type eq \"home\"].primary", "value": "True" },
        { "op": "add", "path": "emails[type eq \"home\"].value", "value": "h@x.y" },
    ]));
    assert_eq!(
        built["emails"],
        json!([{ "value": "w@x.y", "type": "work", "primary": false }, { "value": "h@x.y", "type": "home", "primary": true }])
    );
    let named = user(&json!({ "userName": "a", "roles": [{ "display": "Boss" }] }));
    assert_eq!(named["roles"], json!([{ "display": "Boss" }]));
}

#[test]
fn an_attribute_without_a_name_harms_nobody() {
    let read = user(&json!({ "userName": "a", "": 1, (ENTERPRISE): { "": 5, "department": "S" } }));
    assert_eq!(read[ENTERPRISE], json!({ "department": "S" }));
    assert!(!read.contains_key(""));
    let kept = after(json!([{ "op": "replace", "value": { (ENTERPRISE): { " ": 5 } } }]));
    assert_eq!(kept[ENTERPRISE], json!({ "department": "S" }));
}

#[test]
fn a_value_that_is_already_there_by_another_path_is_the_same_attribute() {
    let read = user(&json!({ "userName": "a", "Color": "red", (format!("{USER}:COLOR")): "blue" }));
    let keys: Vec<&String> = read
        .keys()
        .filter(|key| key.eq_ignore_ascii_case("color"))
        .collect();
    assert_eq!(keys.len(), 1, "{read:?}");
}

#[test]
fn the_order_of_operations_is_the_order_they_take_effect() {
    let left = after(json!([
        { "op": "remove", "path": "emails" },
        { "op": "add", "path": "emails", "value": [{ "value": "n@x.y" }] },
        { "op": "replace", "path": "emails[value eq \"n@x.y\"].type", "value": "other" },
    ]));
    assert_eq!(left["emails"], json!([{ "value": "n@x.y", "type": "other" }]));
}

#[test]
fn a_group_reads_its_own_schema_only() {
    let group = document::group(&json!({ "displayName": "G" }))
        .expect("a group")
        .document;
    let body = json!({ "Operations": [{ "op": "add", "path": format!("{USER}:userName"), "value": "x" }] });
    assert_eq!(patch::group(ID, &group, &body).expect_err("refused").status, 400);
    assert_eq!(
        document::search_document(Group, &group)["displayname"],
        document::search_document(User, &group)["displayname"]
    );
}
