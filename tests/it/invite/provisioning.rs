//! Whoever an integration adds is invited, where it says so; the request neither waits nor fails by it.

use serde_json::{Value, json};

use super::{NEW, PLACE, choose, events, id, is_good, state};
use crate::app::{BOB, TestApp};
use crate::mail::server::{Manner, Smtp};
use crate::mail::{mailing, set};

fn user(email: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": email, "active": true,
        "name": { "givenName": "Ada", "familyName": "Lo" }, "emails": [{ "value": email, "primary": true }],
    })
}

#[test]
fn who_is_added_gets_a_mail_and_who_is_changed_gets_none() {
    let (app, smtp) = mailing();
    let scim = app.scim_with("okta", "invite = true");
    app.add(BOB, "member");
    let made = scim.post("/Users", &user("ada@example.com"));
    assert_eq!(made.status, 201, "{}", made.text());
    let mail = smtp.wait_for(1).remove(0);
    assert_eq!(mail.to, "ada@example.com");
    assert!(
        mail.part("text/plain")
            .contains("You have an account at Acme now")
    );
    let link = mail.link(PLACE).expect("a link");

    let body = made.json();
    let address = format!("/Users/{}", body["id"].as_str().expect("an id"));
    let change = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "name.familyName", "value": "Love" }],
    });
    assert_eq!(scim.patch(&address, &change).status, 200);
    let mut off = user("off@example.com");
    off["active"] = false.into();
    assert_eq!(scim.post("/Users", &off).status, 201);
    assert_eq!(
        app.count("SELECT count(*) FROM invitations"),
        1,
        "not bob, not who is off"
    );
    assert_eq!(
        app.count("SELECT count(*) FROM invitations WHERE how = 'provisioning' AND made_by LIKE 'okta%'"),
        1
    );

    // Taken away before they came: nothing is left of it.
    let turn = |on: bool| {
        let change = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{ "op": "replace", "path": "active", "value": on }],
        });
        assert_eq!(scim.patch(&address, &change).status, 200);
    };
    let page = app.visitor().get(&link);
    assert!(
        is_good(&page) && page.text().contains("You have an account at Acme now"),
        "{}",
        page.text()
    );
    turn(false);
    assert_eq!(app.visitor().get(&link).status, 404);
    assert_eq!(events(&app, "ended"), 1);
    turn(true);
    assert_eq!(
        app.count("SELECT count(*) FROM invitations WHERE ended_at IS NULL"),
        0,
        "added once, invited once"
    );
}

#[test]
fn it_is_off_unless_somebody_turns_it_on() {
    let (app, _smtp) = mailing();
    let scim = app.scim("okta");
    assert_eq!(scim.post("/Users", &user("ada@example.com")).status, 201);
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 0);
    let alice = app.alice();
    let place = "/admin/integrations/okta/provisioning/settings";
    let page = alice.get(place);
    assert!(page.text().contains("Send an invitation when somebody is added"));
    let version = page.attributes("input[name=version]", "value").remove(0);
    let fields = [
        ("sync", "automatic"),
        ("create", "on"),
        ("update", "on"),
        ("deactivate", "on"),
        ("invite", "on"),
        ("guard_people", "5"),
        ("guard_percent", "20"),
        ("log_days", "30"),
        ("version", &version),
    ];
    assert_eq!(alice.post(place, &fields).to(), place);
    assert_eq!(
        alice.get(place).attributes("input[name=invite]", "checked").len(),
        1
    );
    assert_eq!(scim.post("/Users", &user("bea@example.com")).status, 201);
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 1);
    let said = "SELECT count(*) FROM events WHERE action = 'connection.changed' AND json_extract(after, '$.\"scim.invite\"') = 1";
    assert_eq!(app.count(said), 1);
    let apply = "[[connection]]\nslug = \"okta\"\n[connection.scim]\ninvite = true\n";
    assert!(app.apply(apply).is_empty(), "it agrees already");
    assert_eq!(app.apply(&apply.replace("true", "false")).len(), 1);
}

#[test]
fn no_mail_server_and_a_broken_one_keep_no_request_waiting() {
    let app = TestApp::start();
    let scim = app.scim_with("okta", "invite = true");
    assert_eq!(scim.post("/Users", &user("ada@example.com")).status, 201);
    let alice = app.alice();
    assert_eq!(state(&app, &alice, "ada@example.com"), "Link to hand over");
    let page = alice.get(&format!("/admin/people/{}", id(&app, "ada@example.com")));
    assert!(
        page.text().contains("No mail server is set up"),
        "{}",
        page.text()
    );
    assert!(
        page.all(".actions a")
            .iter()
            .any(|label| label == "Make the link…"),
        "{}",
        page.text()
    );
    let link = super::handed_over(&app, &alice, "ada@example.com");
    choose(&app.visitor(), &link);
    app.signed_in("ada@example.com", NEW);

    let smtp = Smtp::start(Manner {
        says: vec![("greeting", "554 go away")],
        ..Manner::default()
    });
    set(&app, &smtp);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": (0..20).map(|n| json!({
            "method": "POST", "path": "/Users", "bulkId": format!("b{n}"), "data": user(&format!("p{n}@example.com")),
        })).collect::<Vec<_>>(),
    });
    let done = scim.post("/Bulk", &bulk);
    assert_eq!(done.status, 200);
    let all = done.json()["Operations"].as_array().expect("operations").clone();
    assert!(all.iter().all(|one| one["status"] == "201"), "{all:?}");
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 21);
}
