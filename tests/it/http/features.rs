//! Kinds of integrations: an owner switches them, everybody else sees why something is missing, and nothing is lost.

use serde_json::json;

use crate::app::{ALICE, BOB, PASSPHRASE, TestApp, Visitor};

const PLACE: &str = "/admin/settings/features";

fn switch(owner: &Visitor, kind: &str, on: bool) {
    let act = if on { "on" } else { "off" };
    assert_eq!(owner.post(&format!("{PLACE}/{kind}/{act}"), &[]).to(), PLACE);
}

/// Who may manage integrations, and is no owner.
fn admin(app: &TestApp) -> Visitor {
    app.add("ada@example.com", "admin");
    app.give_passphrase("ada@example.com", PASSPHRASE);
    app.signed_in("ada@example.com", PASSPHRASE)
}

#[test]
fn a_sign_in_that_is_switched_off_says_so_and_comes_back_as_it_was() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    let op = app.connect_openid("op", "");
    app.add(BOB, "member");
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    assert_eq!(bob.email().as_deref(), Some(BOB));
    let begun = app.visitor();
    let asked = begun.ask("okta", "");
    let alice = app.alice();
    let before = "SELECT count(*) FROM connections WHERE enabled = 1";
    assert_eq!(app.count(before), 2);
    let page = alice.get(&format!("{PLACE}/saml/off"));
    for words in [
        "Nobody signs in through okta any more",
        "1 person is linked",
        "1 open session ends",
    ] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    assert_eq!(
        bob.email().as_deref(),
        Some(BOB),
        "a page that asks switches nothing"
    );
    switch(&alice, "saml", false);
    assert_eq!(bob.email(), None);
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    assert_eq!(
        app.count("SELECT count(*) FROM sessions WHERE connection_id IS NOT NULL"),
        0
    );

    let stranger = app.visitor();
    let page = stranger.get("/login");
    assert!(
        page.text().contains("Signing in through okta is switched off"),
        "{}",
        page.text()
    );
    assert!(page.text().contains(ALICE), "whom to ask");
    assert!(
        page.all(".ways a")
            .iter()
            .all(|door| door != "Continue with okta")
    );
    assert!(page.all(".ways a").iter().any(|door| door == "Continue with op"));
    let page = stranger.get("/sso/okta");
    assert_eq!(page.status, 403);
    assert!(
        page.text().contains("switched off for the time being"),
        "{}",
        page.text()
    );
    assert_eq!(
        alice.post("/admin/integrations/okta/tests", &[]).status,
        403,
        "nor as a test"
    );
    let response = okta.response(BOB, Some(&asked.id), |_| {});
    assert_eq!(
        begun.answer("okta", &response, None).status,
        403,
        "nor by an answer that was on its way"
    );
    assert_eq!(begun.email(), None);
    assert_eq!(
        stranger.get("/sso/okta/metadata").status,
        200,
        "what the provider holds of us stays"
    );
    let through = app.visitor();
    let out = through.get("/sso/op");
    assert!(out.to().starts_with(&op.issuer), "the other kind goes on");

    switch(&alice, "saml", true);
    assert_eq!(app.count(before), 2);
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    assert_eq!(bob.email().as_deref(), Some(BOB));
    assert!(!app.visitor().get("/login").text().contains("switched off"));
    for action in ["feature.switched_off", "feature.switched_on"] {
        assert_eq!(
            app.count(&format!(
                "SELECT count(*) FROM events WHERE action = '{action}' AND actor_label = 'Alice Ng'"
            )),
            1
        );
    }
    switch(&alice, "saml", true);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action LIKE 'feature.%'"),
        2,
        "no change, no event"
    );
}

#[test]
fn the_address_that_was_typed_leads_to_word_of_what_is_missing() {
    let app = TestApp::start();
    let _okta = app.connect("okta", "");
    app.apply("[organization]\nlist_integrations = false\n[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    switch(&app.alice(), "saml", false);
    let visitor = app.visitor();
    assert!(
        !visitor.get("/login").text().contains("okta"),
        "what is not listed is not named"
    );
    for (email, names_it) in [(BOB, true), ("bob@elsewhere.example", false)] {
        let page = visitor.post("/login", &[("email", email)]);
        let page = visitor.get(page.to());
        assert_eq!(
            page.text().contains("Signing in through okta is switched off"),
            names_it,
            "{email}"
        );
    }
}

#[test]
fn provisioning_that_is_switched_off_answers_403_and_loses_nothing() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada@example.com",
        "emails": [{ "value": "ada@example.com", "primary": true }],
    });
    let made = scim.post("/Users", &user).json();
    let address = format!("/Users/{}", made["id"].as_str().expect("an id"));
    assert_eq!(scim.get(&address).status, 200);
    let alice = app.alice();
    switch(&alice, "scim", false);
    let other = json!({ "schemas": user["schemas"], "userName": "eve@example.com" });
    for page in [
        scim.get(&address),
        scim.get("/Users"),
        scim.post("/Users", &other),
        scim.delete(&address),
        scim.get("/ServiceProviderConfig"),
    ] {
        assert_eq!(page.status, 403, "{}", page.text());
        let detail = page.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(
            detail.contains("switched off in Doorward for the whole organization"),
            "{detail}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM people WHERE state = 'active'"), 2);
    let page = alice.get("/admin/integrations/okta/provisioning");
    assert!(
        page.text()
            .contains("Provisioning (SCIM) is switched off for Acme"),
        "{}",
        page.text()
    );
    // Somebody who comes meanwhile is there when it is on again.
    app.add(BOB, "member");
    switch(&alice, "scim", true);
    assert_eq!(scim.get(&address).json()["userName"], "ada@example.com");
    let all = scim
        .get("/Users?filter=userName%20eq%20%22bob@example.com%22")
        .json();
    assert_eq!(all["totalResults"], 1);
}

#[test]
fn nothing_of_a_kind_that_is_off_can_be_added() {
    let app = TestApp::start();
    let _before = app.connect("okta", "");
    app.apply("[organization.features]\nsaml = false\noidc = false\nscim = false\n");
    assert!(
        app.apply("[organization.features]\nsaml = false\n").is_empty(),
        "it agrees already"
    );
    let idp = crate::idp::TestIdp::new("entra");
    let files = || [("idp.xml".to_owned(), idp.metadata("https://idp.entra.example"))].into();
    let entra = "[[connection]]\nslug = \"entra\"\n[connection.saml]\nmetadata_file = \"idp.xml\"\n";
    let error = app.try_apply(entra, files()).expect_err("it is off");
    assert!(
        error.message.contains("SAML 2.0 is switched off for Acme") && error.message.contains("Alice Ng"),
        "{error}"
    );
    // Nor as one that stays off itself: what is not there cannot be turned on later.
    let off = |toml: &str| toml.replacen("\n", "\nenabled = false\n", 1);
    assert!(app.try_apply(&off(entra), files()).is_err());
    let scim = "[[connection]]\nslug = \"entra\"\n[connection.scim]\nenabled = true\n";
    assert!(app.try_apply(&off(scim), Default::default()).is_err());
    let op = crate::oidc::op::TestOp::start();
    op.set_now(crate::idp::NOW.0 / 1000);
    let openid = crate::app::openid_toml("op", &op, "");
    let error = app.try_apply(&off(&openid), Default::default());
    let error = error.expect_err("it is off");
    assert!(
        error.message.contains("OpenID Connect is switched off for Acme"),
        "{error}"
    );
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n");
    let on = "[[connection]]\nslug = \"okta\"\nenabled = true\n";
    assert!(app.try_apply(on, Default::default()).is_err(), "nor turned on");
    let together = format!("[organization.features]\nsaml = true\n{on}{entra}");
    app.try_apply(&together, files())
        .expect("what a file switches on it may use");
}

#[test]
fn who_may_not_switch_sees_why_and_whom_to_ask() {
    let app = TestApp::start();
    let _okta = app.connect("okta", "");
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let (ada, bob, alice) = (admin(&app), app.signed_in(BOB, PASSPHRASE), app.alice());
    for (visitor, act) in [(&ada, "off"), (&ada, "on"), (&bob, "off")] {
        let page = visitor.post(&format!("{PLACE}/saml/{act}"), &[]);
        assert_eq!(page.status, 403, "{act}");
    }
    assert_eq!(bob.get(PLACE).status, 403);
    assert_eq!(ada.get(&format!("{PLACE}/saml/off")).status, 403);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action LIKE 'feature.%'"),
        0
    );
    switch(&alice, "saml", false);
    switch(&alice, "scim", false);
    let page = ada.get(PLACE);
    assert!(
        page.text()
            .contains("Only an owner switches a kind on or off. Ask Alice Ng"),
        "{}",
        page.text()
    );
    assert_eq!(
        (page.all("main form").len(), page.all("main tbody a").len()),
        (0, 0)
    );
    for place in ["/admin/integrations/new", "/admin/integrations/okta"] {
        let text = ada.get(place).text();
        assert!(
            text.contains("SAML 2.0 is switched off for Acme") && text.contains("Ask Alice Ng"),
            "{place}: {text}"
        );
        assert!(
            !text.contains(PLACE),
            "{place}: no way that ends at a closed door"
        );
        assert!(alice.get(place).text().contains(PLACE), "{place}");
    }
    let tiles = ada.get("/admin/integrations/new").all(".tiles .hint");
    assert!(
        !tiles.is_empty()
            && tiles
                .iter()
                .all(|tile| !tile.contains("SAML") && !tile.contains("SCIM")),
        "{tiles:?}"
    );
    let list = ada.get("/admin/integrations").all("tbody td");
    assert!(
        list.iter()
            .any(|cell| cell.contains("Switched off for everybody")),
        "{list:?}"
    );
    for kind in ["ldap", "SAML", ".."] {
        assert_eq!(
            alice.post(&format!("{PLACE}/{kind}/off"), &[]).status,
            404,
            "{kind}"
        );
    }
}
