//! Global token revocation, which Okta calls Universal Logout: one call ends everything of one person.

use serde_json::{Value, json};

use super::{CAROL, World};
use crate::app::{BOB, Page, Visitor};

fn call(visitor: &Visitor, slug: &str, token: Option<&str>, body: &Value) -> Page {
    send(visitor, slug, token, body.to_string())
}

fn send(visitor: &Visitor, slug: &str, token: Option<&str>, body: String) -> Page {
    let address = visitor.url(&format!("/sso/{slug}/global-token-revocation"));
    let mut request = visitor
        .client
        .post(address)
        .header("Content-Type", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    visitor.send(request.body(body))
}

fn email(address: &str) -> Value {
    json!({"sub_id": {"format": "email", "email": address}})
}

#[test]
fn one_call_ends_everything_of_one_person_on_this_connection() {
    let world = World::new("");
    let token = world.app.scim("okta").token;
    // bob also came in through entra.
    let other = world.app.visitor();
    assert_eq!(world.entra.sign_in(&other, BOB).to(), "/");
    let machine = world.app.visitor();
    let page = call(&machine, "okta", Some(&token), &email("BOB@example.com"));
    assert_eq!(page.status, 204, "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(world.who_is_in(), [false, false, true]);
    assert!(other.me().is_some(), "what came through another connection stays");
    assert_eq!(world.endings("sign-out everywhere"), 1);
    // The same again: nothing is left, and that is fine.
    assert_eq!(call(&machine, "okta", Some(&token), &email(BOB)).status, 204);
    // The credential that asked still works.
    assert_eq!(call(&machine, "okta", Some(&token), &email(CAROL)).status, 204);
    assert_eq!(world.who_is_in(), [false; 3]);
}

#[test]
fn a_person_can_be_named_by_subject_and_by_the_id_of_the_directory() {
    let world = World::new("");
    let token = world.app.scim("okta").token;
    let machine = world.app.visitor();
    let issuer = &world.okta.idp.entity_id;
    let by_subject = json!({"sub_id": {"format": "iss_sub", "iss": issuer, "sub": BOB}});
    assert_eq!(call(&machine, "okta", Some(&token), &by_subject).status, 204);
    assert_eq!(world.who_is_in(), [false, false, true]);
    let elsewhere = json!({"sub_id": {"format": "iss_sub", "iss": "https://mallory.example", "sub": CAROL}});
    assert_eq!(call(&machine, "okta", Some(&token), &elsewhere).status, 404);
    assert_eq!(world.who_is_in(), [false, false, true]);
}

#[test]
fn an_owner_who_came_in_without_the_connection_stays() {
    let world = World::new("");
    let token = world.app.scim("okta").token;
    let alice = world.app.alice();
    let there = world.app.visitor();
    let page = world.okta.sign_in(&there, crate::app::ALICE);
    let linked = page.status == 303 && page.location.as_deref() == Some("/");
    let page = call(
        &world.app.visitor(),
        "okta",
        Some(&token),
        &email(crate::app::ALICE),
    );
    assert_eq!(page.status, if linked { 204 } else { 404 }, "{}", page.text());
    assert!(alice.me().is_some());
    assert!(there.me().is_none());
}

#[test]
fn a_call_that_proves_nothing_ends_nothing() {
    let world = World::new("");
    let token = world.app.scim("okta").token;
    let other = world.app.scim("entra").token;
    let machine = world.app.visitor();
    let truncated = &token[..token.len() - 1];
    for wrong in [
        None,
        Some(""),
        Some("x"),
        Some("a.b.c"),
        Some(truncated),
        Some(other.as_str()),
    ] {
        let page = call(&machine, "okta", wrong, &email(BOB));
        assert_eq!(page.status, 401, "{wrong:?}");
        assert_eq!(page.json()["error"], "invalid_token");
    }
    // A person's session is no credential here.
    assert_eq!(call(&world.bob, "okta", None, &email(BOB)).status, 401);
    assert_eq!(call(&world.app.alice(), "okta", None, &email(BOB)).status, 401);
    assert_eq!(call(&machine, "nowhere", Some(&token), &email(BOB)).status, 401);
    // The right credential at another connection's address.
    assert_eq!(call(&machine, "entra", Some(&token), &email(BOB)).status, 401);
    world
        .app
        .apply("[[connection]]\nslug = \"okta\"\n[connection.scim]\nenabled = false\n");
    assert_eq!(call(&machine, "okta", Some(&token), &email(BOB)).status, 403);
    assert_eq!(world.who_is_in(), [true; 3]);
}

#[test]
fn a_call_that_names_nobody_ends_nothing() {
    let world = World::new("");
    let token = world.app.scim("okta").token;
    let machine = world.app.visitor();
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"sub_id": null}"#,
        r#"{"sub_id": {}}"#,
        r#"{"sub_id": {"format": "phone_number", "phone_number": "+1"}}"#,
        r#"{"sub_id": {"format": "email"}}"#,
        r#"{"sub_id": {"format": "email", "email": ""}}"#,
        r#"{"sub_id": {"format": "email", "email": "%"}}"#,
        r#"{"sub_id": {"format": "email", "email": ["bob@example.com"]}}"#,
        r#"{"sub_id": {"format": "iss_sub", "iss": "", "sub": ""}}"#,
        r#"{"sub_id": {"format": "opaque", "id": " "}}"#,
    ] {
        let page = send(&machine, "okta", Some(&token), body.to_owned());
        assert_eq!(page.status, 400, "{body}: {}", page.text());
        assert_eq!(page.json()["error"], "invalid_request", "{body}");
    }
    assert_eq!(
        call(&machine, "okta", Some(&token), &email("nobody@example.com")).status,
        404
    );
    assert_eq!(world.who_is_in(), [true; 3]);
    let page = machine.get("/sso/okta/global-token-revocation");
    assert_eq!((page.status, page.header("allow")), (405, "POST"));
    assert_eq!(page.json()["error"], "invalid_request");
}
