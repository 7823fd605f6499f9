//! What people do with the whole product, in a real browser, through a foreign identity provider.

use doorward::flows::enroll;
use doorward::model::time::MINUTE;
use doorward::outbound::AllowedUpstream;
use doorward::web::server::block_on;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::app::TestApp;
use crate::browser::journey;
use crate::loopback::Loopback;
use crate::names::Names;
use crate::peers::Peer;

mod access;
mod guides;
mod own;
mod review;

/// A server that lives by the machine's clock, before its first run.
fn fresh() -> TestApp {
    TestApp::fresh_live(|config| config.allow_upstream.push(AllowedUpstream::host("localhost")))
}

fn with(mut facts: Value, more: &[(&str, Value)]) -> Value {
    for (name, value) in more {
        facts[*name] = value.clone();
    }
    facts
}

/// Runs a journey against a server before its first run, with the identity provider for browsers beside it.
fn from_nothing(name: &str, more: &[(&str, Value)]) {
    let Some((_peer, idp)) = Peer::serve() else {
        return;
    };
    let app = fresh();
    let code = block_on(enroll::make_setup_code(&app.ctx))
        .expect("a code")
        .expect("not set up yet");
    journey(
        name,
        &with(json!({"base": app.base, "code": code, "idp": idp}), more),
    );
}

/// The same after the first run, with nothing in it yet.
fn just_set_up(name: &str) {
    let Some((_peer, idp)) = Peer::serve() else {
        return;
    };
    let app = fresh().set_up();
    journey(name, &json!({"base": app.base, "idp": idp}));
}

/// The same with integrations and people.
fn set_up(name: &str, more: &[(&str, Value)]) {
    set_up_and(name, more, |_| {});
}

/// The same, with something done before the journey.
fn set_up_and(name: &str, more: &[(&str, Value)], before: impl FnOnce(&TestApp)) {
    let Some((_peer, idp, app)) = with_integrations() else {
        return;
    };
    before(&app);
    journey(name, &with(json!({"base": app.base, "idp": idp}), more));
}

/// An identity provider for browsers, its address, and a server with three integrations of it and two people.
fn with_integrations() -> Option<(Peer, String, TestApp)> {
    let (mut peer, idp) = Peer::serve()?;
    let app = fresh().set_up();
    let metadata = peer.call(&json!({"cmd": "metadata"}));
    let metadata = metadata["xml"].as_str().expect("metadata is text").to_owned();
    let integration = |slug: &str, name: &str, binding: &str, on: bool| {
        format!(
            "[[connection]]\nslug = \"{slug}\"\nname = \"{name}\"\nenabled = {on}\n[connection.saml]\n\
             metadata_file = \"idp.xml\"\nrequest_binding = \"{binding}\"\n"
        )
    };
    let toml = [
        integration("okta", "Okta", "redirect", true),
        integration("by-post", "Another", "post", true),
        integration("off", "Off", "auto", false),
        "[[person]]\nemail = \"mary@example.com\"\ngiven_name = \"Mary\"\nfamily_name = \"Member\"\n"
            .to_owned(),
        "[[person]]\nemail = \"dora@example.com\"\nactive = false\n".to_owned(),
    ];
    let files = BTreeMap::from([("idp.xml".to_owned(), metadata)]);
    app.try_apply(&toml.concat(), files).expect("it is applied");
    Some((peer, idp, app))
}

/// The address of something that a journey cannot do by itself: every request does it, and is answered with what it says.
fn lever(work: impl Fn() -> String + Send + Sync + 'static) -> String {
    let loopback = Loopback::http(move |stream| {
        let said = work();
        let head = "HTTP/1.1 200 OK\r\nconnection: close";
        let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{said}", said.len());
    });
    loopback.url("http", "127.0.0.1")
}

#[test]
fn pages_of_members() {
    set_up("member-pages", &[("scripts", json!(true))]);
}

#[test]
fn pages_of_members_without_scripts() {
    set_up("member-pages", &[("scripts", json!(false))]);
}

#[test]
fn from_nothing_to_a_member_signed_in() {
    let how = [
        ("scripts", json!(true)),
        ("giving", json!("paste")),
        ("binding", json!("redirect")),
    ];
    from_nothing("first-sign-in", &how);
}

#[test]
fn from_nothing_to_a_member_signed_in_without_scripts() {
    let how = [
        ("scripts", json!(false)),
        ("giving", json!("url")),
        ("binding", json!("redirect")),
    ];
    from_nothing("first-sign-in", &how);
}

#[test]
fn from_nothing_to_a_member_signed_in_by_post() {
    let how = [
        ("scripts", json!(true)),
        ("giving", json!("url")),
        ("binding", json!("post")),
    ];
    from_nothing("first-sign-in", &how);
}

#[test]
fn the_first_guide_that_customers_were_given() {
    just_set_up("guide-000");
}

/// okta.example belongs to Okta, both.example to both, and there is a name server that knows nothing.
fn email_first(scripts: bool) {
    let Some((mut peer, idp)) = Peer::serve() else {
        return;
    };
    let names = Names::serve();
    let app = TestApp::fresh_live(|config| config.dns_server = Some(names.address)).set_up();
    let metadata = peer.call(&json!({"cmd": "metadata"}));
    let metadata = metadata["xml"].as_str().expect("metadata is text").to_owned();
    let integration = |slug: &str, name: &str, domains: &str| {
        format!(
            "[[connection]]\nslug = \"{slug}\"\nname = \"{name}\"\ndomains = [{domains}]\n\
             [connection.saml]\nmetadata_file = \"idp.xml\"\n"
        )
    };
    let toml = [
        integration("okta", "Okta", "\"okta.example\", \"both.example\""),
        integration("another", "Another", "\"both.example\""),
        "[[person]]\nemail = \"mary@example.com\"\n".to_owned(),
    ];
    let files = BTreeMap::from([("idp.xml".to_owned(), metadata)]);
    app.try_apply(&toml.concat(), files).expect("it is applied");
    journey(
        "email-first",
        &json!({"base": app.base, "idp": idp, "scripts": scripts}),
    );
}

#[test]
fn the_right_door_for_every_e_mail() {
    email_first(true);
}

#[test]
fn the_right_door_for_every_e_mail_without_scripts() {
    email_first(false);
}

#[test]
fn the_guide_to_openid_connect() {
    let Some((_peer, idp)) = Peer::serve_openid() else {
        return;
    };
    let app = fresh().set_up();
    app.apply("[[person]]\nemail = \"mary@example.com\"\ngiven_name = \"Mary\"\nfamily_name = \"Member\"\n");
    journey("guide-oidc", &json!({"base": app.base, "idp": idp}));
}

#[test]
fn by_keyboard_alone() {
    set_up("keyboard", &[]);
}

/// A server whose integration okta was provisioned and holds removals, and empty has just been turned on.
fn provisioned(scripts: bool) {
    let app = fresh().set_up();
    let scim = app.scim("okta");
    app.scim("empty");
    let user = |n: usize| {
        let address = format!("person{n:03}@example.com");
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": address, "active": true,
            "name": { "givenName": format!("Person {n}"), "familyName": if n == 0 { "x".repeat(200) } else { "Test".into() } },
            "emails": [{ "value": address, "primary": true }],
        })
    };
    let id = |page: crate::app::Page| page.json()["id"].as_str().expect("an id").to_owned();
    let ids: Vec<String> = (0..12).map(|n| id(scim.post("/Users", &user(n)))).collect();
    for name in ["x".repeat(200), "Sales".to_owned()] {
        let members: Vec<Value> = ids.iter().map(|id| json!({ "value": id })).collect();
        let group = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "members": members,
        });
        assert_eq!(scim.post("/Groups", &group).status, 201);
    }
    let off = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "replace", "path": "active", "value": false }],
    });
    for id in &ids[..8] {
        assert_eq!(scim.patch(&format!("/Users/{id}"), &off).status, 200);
    }
    app.flush_scim_log();
    journey(
        "provisioning-pages",
        &json!({"base": app.base, "scripts": scripts}),
    );
}

#[test]
fn pages_of_provisioning() {
    provisioned(true);
}

#[test]
fn pages_of_provisioning_without_scripts() {
    provisioned(false);
}

/// The guides to provisioning that customers were given: our half with the pages, the identity provider's with
/// requests in its shapes.
#[test]
fn the_guides_to_provisioning() {
    let app = fresh().set_up();
    app.apply("[[person]]\nemail = \"mary@example.com\"\ngiven_name = \"Mary\"\nfamily_name = \"Member\"\n");
    journey("guide-scim", &json!({"base": app.base}));
}

/// alice keeps a way in, and has proved it as with passphrase and second factor.
#[test]
fn enforcement_and_the_way_back() {
    set_up_and("enforcement", &[], |app| {
        let now = app.ctx.now();
        let proved = move |w: &doorward::store::Writer| {
            let alice = doorward::store::people::find_by_email(w, crate::app::ALICE)?.expect("alice");
            doorward::store::break_glass::insert(w, alice.id, "test", now)?;
            doorward::store::break_glass::touch_proved(w, alice.id, now)
        };
        app.ctx.store.write_blocking(proved).expect("it is written");
    });
}

/// alice, at an address where passkeys are possible, and a clock that every request to `tick` moves by 16 minutes.
fn second_factors(scripts: bool) {
    let mut app = TestApp::fresh();
    app.base = app.base.replace("127.0.0.1", "localhost");
    let app = app.set_up();
    app.catch_up();
    let hand = app.clock_hand();
    let tick = lever(move || (hand.fetch_add(16 * MINUTE, Ordering::SeqCst) + 16 * MINUTE).to_string());
    journey(
        "factors",
        &json!({"base": app.base, "tick": tick, "scripts": scripts}),
    );
}

#[test]
fn second_factors_from_setting_up_to_removal() {
    second_factors(true);
}

#[test]
fn second_factors_without_scripts() {
    second_factors(false);
}
