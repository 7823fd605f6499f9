//! What is left when something is taken away: an attribute, a user, a connection, the disk.

use doorward::flows::{Act, Who, connect, provision};
use doorward::store;
use doorward::web::server::block_on;
use serde_json::{Value, json};

use super::{active, group, made, named, ops, refused, user};
use crate::app::TestApp;

/// Does something as the command line does it.
fn by_hand(app: &TestApp, work: impl FnOnce(&Act) -> doorward::error::Result<()> + Send + 'static) {
    block_on(app.ctx.act(Who::Command("test"), work)).expect("it is done");
}

#[test]
fn nobody_comes_back_because_an_attribute_was_taken_away() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    okta.patch(&path, &active(false));
    let mut without = user("dora@example.com");
    without.as_object_mut().expect("an object").remove("active");
    let mut unset = without.clone();
    unset["active"] = Value::Null;
    for (method, body) in [
        ("PATCH", ops(json!([{ "op": "remove", "path": "active" }]))),
        (
            "PATCH",
            ops(json!([{ "op": "replace", "path": "active", "value": null }])),
        ),
        (
            "PATCH",
            ops(json!([{ "op": "replace", "value": { "active": null, "title": "Dr" } }])),
        ),
        ("PUT", without),
        ("PUT", unset),
    ] {
        let page = okta.raw(method, &path, Some(body.to_string().as_bytes()));
        assert_eq!(page.status, 200, "{}", page.text());
        assert!(!app.is_active("dora@example.com"), "{method} {body}");
        // RFC 7644 §3.5.2.2: what a `remove` takes away is unassigned. Everything else leaves what holds to be read.
        let is_removal = body.to_string().contains("\"remove\"");
        let shown = if is_removal { None } else { Some(json!(false)) };
        assert_eq!(page.json().get("active").cloned(), shown, "{method} {body}");
        assert_eq!(
            okta.get(&path).json().get("active").cloned(),
            shown,
            "{method} {body}"
        );
        let inactive = okta.get("/Users?filter=active+eq+false").json();
        assert_eq!(inactive["totalResults"], 1, "{method} {body}");
    }
    assert_eq!(okta.get(&path).json()["active"], false);
    okta.patch(&path, &active(true));
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn after_a_hand_an_explicit_change_of_the_provider_counts() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let path = format!("/Users/{id}");
    app.apply("[[person]]\nemail = \"dora@example.com\"\nactive = false\n");
    okta.patch(&path, &active(true));
    assert!(!app.is_active("dora@example.com"));
    okta.patch(&path, &active(false));
    okta.patch(&path, &active(true));
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn whom_a_hand_deactivated_before_the_provider_wrote_them_stays_so() {
    let app = TestApp::start();
    app.apply("[[person]]\nemail = \"dora@example.com\"\nactive = false\n");
    let okta = app.scim("okta");
    let shown = named(&okta, "dora@example.com");
    assert_eq!(shown["active"], false);
    let path = format!("/Users/{}", shown["id"].as_str().expect("an id"));
    let page = okta.put(&path, &user("dora@example.com"));
    assert_eq!((page.status, &page.json()["active"]), (200, &json!(true)));
    assert!(!app.is_active("dora@example.com"));
    assert!(app.last_notes().contains("stays so"), "{}", app.last_notes());
    okta.patch(&path, &active(true));
    assert!(!app.is_active("dora@example.com"));
    okta.patch(&path, &active(false));
    okta.patch(&path, &active(true));
    assert!(app.is_active("dora@example.com"));
}

#[test]
fn a_shared_address_or_a_name_that_was_given_on_is_another_person() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let mut dora = user("dora@example.com");
    dora["emails"] =
        json!([{ "value": "dora@example.com", "primary": true }, { "value": "team@example.com" }]);
    dora["userName"] = json!("d");
    let id = made(&okta, "/Users", &dora);
    let person = app.person("dora@example.com").expect("dora").id;
    okta.delete(&format!("/Users/{id}"));
    let mut other = user("dan@example.com");
    other["emails"] =
        json!([{ "value": "dan@example.com", "primary": true }, { "value": "team@example.com" }]);
    made(&okta, "/Users", &other);
    let mut third = user("dom@example.com");
    third["userName"] = json!("d");
    let third = made(&okta, "/Users", &third);
    for email in ["dan@example.com", "dom@example.com"] {
        assert_ne!(app.person(email).expect("somebody new").id, person, "{email}");
    }
    assert!(!app.is_active("dora@example.com"));
    okta.delete(&format!("/Users/{third}"));
    // The same address is the same person, whatever else is new.
    let mut back = user("dora@example.com");
    back["externalId"] = json!("new");
    made(&okta, "/Users", &back);
    assert!(app.is_active("dora@example.com"));
    assert_eq!(app.person("dora@example.com").expect("dora").id, person);
}

#[test]
fn a_group_that_is_replaced_while_a_member_is_gone_says_nothing_of_them() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let dora = made(&okta, "/Users", &user("dora@example.com"));
    let dan = made(&okta, "/Users", &user("dan@example.com"));
    let team = made(&okta, "/Groups", &group("Team", &[&dora, &dan]));
    let path = format!("/Groups/{team}");
    okta.delete(&format!("/Users/{dora}"));
    // It could not have named her.
    okta.put(&path, &group("Team", &[&dan]));
    let shown = okta.get(&path);
    assert_eq!(shown.json()["members"].as_array().map(Vec::len), Some(1));
    let person = app.person("dora@example.com").expect("dora").id;
    by_hand(&app, move |act| {
        let connection = store::connections::get_by_slug(act.w, "okta")?;
        let removals = store::removals::list_restorable_of(act.w, connection.id, person)?;
        let ids: Vec<_> = removals.iter().map(|removal| removal.id).collect();
        provision::restore::people(act, &connection, &ids).map(drop)
    });
    let restored = okta.get(&path);
    assert_eq!(restored.json()["members"].as_array().map(Vec::len), Some(2));
    assert_ne!(restored.header("etag"), shown.header("etag"));
    assert_eq!(named(&okta, "dora@example.com")["groups"][0]["value"], team);
}

#[test]
fn a_trial_of_the_provider_leaves_a_note() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let id = made(&okta, "/Users", &user("trial@example.com"));
    assert_eq!(okta.delete(&format!("/Users/{id}")).status, 204);
    assert!(app.last_notes().contains("this trial passed"));
    let id = made(&okta, "/Users", &user("dora@example.com"));
    app.forward(11 * doorward::model::time::MINUTE);
    okta.delete(&format!("/Users/{id}"));
    assert!(!app.last_notes().contains("this trial passed"));
}

#[test]
fn with_a_connection_goes_all_that_is_its_own_and_no_person() {
    let app = TestApp::start();
    let (okta, entra) = (app.scim("okta"), app.scim("entra"));
    let id = made(&okta, "/Users", &user("dora@example.com"));
    let gone = made(&okta, "/Users", &user("dan@example.com"));
    made(&okta, "/Groups", &group("Team", &[&id, &gone]));
    okta.delete(&format!("/Users/{gone}"));
    app.flush_scim_log();
    by_hand(&app, |act| connect::remove(act, "okta", "okta"));
    let left = "FROM connections WHERE slug = 'okta'";
    assert_eq!(app.count(&format!("SELECT count(*) {left}")), 0);
    for table in [
        "directory_users",
        "directory_groups",
        "directory_emails",
        "directory_blocks",
        "scim_credentials",
        "scim_requests",
        "scim_milestones",
        "removals",
    ] {
        let others =
            format!("SELECT count(*) FROM {table} WHERE connection_id NOT IN (SELECT id FROM connections)");
        assert_eq!(app.count(&others), 0, "{table}");
    }
    assert_eq!(app.count("SELECT count(*) FROM directory_members"), 0);
    assert!(app.is_active("dora@example.com"));
    assert_eq!(entra.get("/Users").json()["totalResults"], 3);
    assert!(matches!(okta.get("/Users").status, 401 | 404));
}

#[test]
fn a_fault_of_ours_has_a_reference_and_a_row_in_the_log() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    by_hand(&app, |act| {
        let sql =
            "CREATE TRIGGER fault BEFORE INSERT ON people BEGIN SELECT RAISE(ABORT, 'inner cause'); END";
        Ok(act.w.execute_batch(sql)?)
    });
    let detail = refused(&okta.post("/Users", &user("dora@example.com")), 500, None);
    assert!(!detail.contains("inner cause"), "{detail}");
    app.flush_scim_log();
    let kept = "SELECT count(*) FROM scim_requests WHERE status = 500";
    let told = format!("{kept} AND instr({}, reference) > 0", quoted(&detail));
    assert_eq!((app.count(kept), app.count(&told)), (1, 1));
    assert_eq!(
        app.count("SELECT count(*) FROM directory_users WHERE claimed = 1"),
        0
    );
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[test]
fn a_full_disk_is_said_as_such_and_loses_nothing() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let most = |pages: &'static str| {
        by_hand(&app, move |act| {
            let sql = format!("PRAGMA max_page_count = {pages}");
            act.w.query_row(&sql, [], |_| Ok(()))?;
            Ok(())
        });
    };
    most("1");
    let mut taken = 0;
    let full = loop {
        let mut body = user(&format!("u{taken}@example.com"));
        body["urn:example:large"] = json!({ "text": "x".repeat(50_000) });
        let page = okta.post("/Users", &body);
        if page.status != 201 {
            break page;
        }
        taken += 1;
        assert!(taken < 1_000, "the disk never was full");
    };
    refused(&full, 503, None);
    assert!(!full.header("retry-after").is_empty());
    most("1000000");
    assert_eq!(
        app.count("SELECT count(*) FROM directory_users WHERE claimed = 1"),
        taken
    );
    made(&okta, "/Users", &user("dora@example.com"));
}
