//! Bodies of users and groups as identity providers send them.

use doorward::model::ResourceKind;
use doorward::scim::{document, json as scim_json};
use serde_json::{Value, json};

use super::{ENTERPRISE, user};

#[test]
fn a_password_is_dropped_without_a_trace() {
    let body = json!({
        "userName": "ann", "PassWord": "s3cr3t-1",
        "urn:ietf:params:scim:schemas:core:2.0:User": { "password": "s3cr3t-2" },
        "urn:ietf:params:scim:schemas:core:2.0:User:password": "s3cr3t-3",
        "urn:example:custom:2.0:User": { "password": "s3cr3t-4", "level": 1 },
    });
    let read = document::user(&body).expect("a user");
    assert!(!format!("{read:?}").contains("s3cr3t"), "{read:?}");
    assert!(read.notes.iter().any(|note| note.contains("password")));
    assert_eq!(
        read.document["urn:example:custom:2.0:User"],
        json!({ "level": 1 })
    );
}

#[test]
fn old_urns_and_any_case_come_out_canonical() {
    let read = user(&json!({
        "schemas": ["urn:scim:schemas:core:2.0", "urn:scim:schemas:extension:enterprise:2.0", "http://schemas.example/Other"],
        "USERNAME": "one", "Name": { "GIVENNAME": "Ann", "familyname": "Lee" },
        "urn:scim:schemas:extension:enterprise:2.0": { "EmployeeNumber": 701, "manager": "42" },
    }));
    assert_eq!(read["userName"], "one");
    assert_eq!(read["name"], json!({ "givenName": "Ann", "familyName": "Lee" }));
    assert_eq!(
        read[ENTERPRISE],
        json!({ "employeeNumber": "701", "manager": { "value": "42" } })
    );
    let schemas = json!([doorward::scim::USER, ENTERPRISE, "http://schemas.example/Other"]);
    assert_eq!(read["schemas"], schemas);
}

#[test]
fn what_is_unset_stays_out_and_booleans_are_booleans() {
    for (written, active) in [
        (json!("True"), true),
        (json!("false"), false),
        (json!(1), true),
        (json!(0), false),
        (json!([true]), true),
        (json!(["False"]), false),
        (json!(null), true),
    ] {
        let read = document::user(&json!({ "userName": "a", "active": written })).expect("a user");
        assert_eq!(read.document["active"], json!(active), "{written}");
        assert_eq!(read.says_active, !written.is_null());
    }
    let read = user(&json!({
        "userName": "a", "title": "", "nickName": null, "name": { "givenName": "", "familyName": null },
        "emails": [{ "type": "work", "primary": "true", "value": "" }, { "value": "b@c.test", "primary": "True" }],
        "phoneNumbers": [], "color": null, "deep": { "x": null, "y": 1 },
    }));
    assert_eq!(read["emails"], json!([{ "value": "b@c.test", "primary": true }]));
    assert_eq!(read["deep"], json!({ "y": 1 }));
    for gone in ["title", "nickName", "name", "phoneNumbers", "color"] {
        assert!(!read.contains_key(gone), "{gone}");
    }
}

#[test]
fn dotted_and_urn_keys_mean_what_they_name() {
    let read = user(&json!({
        "userName": "a", "name.givenName": "Ann", "emails": "ann@acme.test", "my.own": 1,
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "7",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName": "Bo",
        "urn:ietf:params:scim:schemas:extension:Own:2.0:User:level": "gold",
    }));
    assert_eq!(read["name"], json!({ "givenName": "Ann" }));
    assert_eq!(read["emails"], json!([{ "value": "ann@acme.test" }]));
    assert_eq!(read["my.own"], 1);
    assert_eq!(
        read[ENTERPRISE],
        json!({ "employeeNumber": "7", "manager": { "displayName": "Bo" } })
    );
    assert_eq!(
        read["urn:ietf:params:scim:schemas:extension:Own:2.0:User"],
        json!({ "level": "gold" })
    );
}

#[test]
fn what_a_client_cannot_say_is_left_out() {
    let read = document::user(&json!({
        "userName": "a", "id": "1", "meta": { "resourceType": "User" }, "isAdmin": true,
        "groups": [{ "value": "g1" }, "Sales", { "display": "HR" }, 7.5, {}],
    }))
    .expect("a user");
    for gone in ["id", "meta", "groups"] {
        assert!(!read.document.contains_key(gone), "{gone}");
    }
    assert_eq!(read.document["isAdmin"], true);
    let groups = read.groups.expect("groups");
    assert_eq!(
        groups.iter().map(|g| g.value.as_str()).collect::<Vec<_>>(),
        ["g1", "Sales", "", "7.5"]
    );
    assert_eq!(
        document::user(&json!({ "userName": "a", "groups": [] }))
            .expect("a user")
            .groups,
        Some(vec![])
    );
}

#[test]
fn what_is_wrong_is_named() {
    let wrong = [
        (json!({}), "userName"),
        (json!({ "userName": " " }), "userName"),
        (json!({ "userName": 12 }), "userName"),
        (json!({ "userName": "a".repeat(1001) }), "userName"),
        (json!({ "userName": "a", "active": "maybe" }), "active"),
        (json!({ "userName": "a", "name": "Ann" }), "name"),
        (
            json!({ "userName": "a", "emails": [7.5, { "value": { "x": 1 } }] }),
            "emails[1].value",
        ),
        (json!({ "userName": "a", "title": ["x", "y"] }), "title"),
        (
            json!({ "userName": "a", "roles": [{ "value": "x", "primary": true }, { "value": "y", "primary": true }] }),
            "roles",
        ),
        (
            json!({ "userName": "a", (ENTERPRISE): { "department": {} } }),
            "department",
        ),
        (json!({ "userName": "a", (ENTERPRISE): 1 }), "enterprise"),
    ];
    for (body, named) in wrong {
        let problem = document::user(&body).expect_err("refused");
        assert_eq!(
            (problem.status, problem.kind.map(|k| k.key())),
            (400, Some("invalidValue")),
            "{body}"
        );
        assert!(problem.detail.contains(named), "{named}: {}", problem.detail);
    }
    assert!(document::user(&json!(["x"])).is_err());
    let group = document::group(&json!({ "members": [] })).expect_err("refused");
    assert!(group.detail.contains("displayName"));
}

#[test]
fn a_groups_members_are_told_apart_from_silence() {
    let read = |members: Value| {
        document::group(&json!({ "displayName": "G", "members": members }))
            .expect("a group")
            .members
    };
    assert_eq!(
        document::group(&json!({ "displayName": "G" }))
            .expect("a group")
            .members,
        None
    );
    assert_eq!(read(json!(null)), None);
    assert_eq!(read(json!([])), Some(vec![]));
    let named = read(
        json!([{ "Value": "a", "display": "A", "type": "User", "$ref": null }, "b", { "$ref": "https://x/Users/c" }]),
    );
    let ids: Vec<String> = named.expect("members").into_iter().map(|m| m.value).collect();
    assert_eq!(ids, ["a", "b", "c"]);
    let nobody = document::group(&json!({ "displayName": "G", "members": [{ "value": "a" }, {}] }))
        .expect_err("refused");
    assert!(nobody.detail.contains("members[1]"), "{}", nobody.detail);
    let foreign = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.example/2006/11/Group"],
        "displayName": "G", "externalId": "e",
    });
    assert_eq!(
        document::group(&foreign).expect("a group").document["schemas"],
        foreign["schemas"]
    );
}

#[test]
fn doorward_reads_the_preferred_address() {
    let email =
        |emails: Value| document::user_facts(&user(&json!({ "userName": "ann", "emails": emails }))).email;
    assert_eq!(
        email(json!([{ "value": "a@x.y" }, { "value": "b@x.y", "primary": true }])).as_deref(),
        Some("b@x.y")
    );
    assert_eq!(
        email(json!([{ "value": "a@x.y" }, { "value": "b@x.y", "type": "Work" }])).as_deref(),
        Some("b@x.y")
    );
    assert_eq!(
        email(json!([{ "value": "a@x.y" }, { "value": "b@x.y" }])).as_deref(),
        Some("a@x.y")
    );
    assert_eq!(email(json!([])), None);
    let facts = document::user_facts(&user(&json!({ "userName": "ann@acme.test", "active": "False" })));
    assert_eq!(
        (facts.email.as_deref(), facts.active),
        (Some("ann@acme.test"), false)
    );
}

#[test]
fn a_search_document_is_folded() {
    let document = user(&json!({
        "userName": "ANN", "externalId": "Ab", "emails": [{ "value": "A@X.y", "primary": false }],
        "Color": { "Part": "RED", "none": "" }, (ENTERPRISE): { "department": "Sales", "manager": { "value": "Xy" } },
    }));
    let search = document::search_document(ResourceKind::User, &document);
    assert_eq!(search["username"], "ann");
    assert_eq!(search["externalid"], "Ab");
    assert_eq!(search["emails"], json!([{ "value": "a@x.y", "primary": false }]));
    assert_eq!(search["color"], json!([{ "part": "red" }]));
    assert_eq!(
        search[ENTERPRISE.to_lowercase()],
        json!({ "department": "sales", "manager": { "value": "Xy" } })
    );
}

#[test]
fn json_says_one_thing_only() {
    let refused: &[&[u8]] = &[
        b"",
        b"   ",
        b"[]",
        b"\"x\"",
        b"{\"a\":1,\"A\":2}",
        b"{\"a\":{\"b\":1,\"b\":1}}",
        b"{\"a\":\"\\u0000\"}",
        b"{\"\\u0000\":1}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":\"\\udc00x\"}",
        b"{\"a\":1e400}",
        b"{\"a\":NaN}",
        b"{\"a\":1}{}",
        b"{\"a\":1} x",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":1,}",
        b"{'a':1}",
    ];
    for body in refused {
        let problem = scim_json::read(body).expect_err("refused");
        let text = String::from_utf8_lossy(body);
        assert_eq!(
            (problem.status, problem.kind.map(|k| k.key())),
            (400, Some("invalidSyntax")),
            "{text}"
        );
        assert!(problem.detail.len() > 20);
    }
    assert_eq!(
        scim_json::read(b"\xef\xbb\xbf {\"a\":\"\\ud83d\\ude00\"} \n").expect("JSON"),
        json!({ "a": "😀" })
    );
    let place = scim_json::read(b"{\n \"a\": tru }").expect_err("refused").detail;
    assert!(place.contains("line 2"), "{place}");
}
