//! Proving once more who one is: with all that the person has, with a passkey, or where they came from.

use doorward::model::time::{MINUTE, SECOND};
use doorward::web::urls::query;
use serde_json::json;

use crate::app::{Asked, BOB, PASSPHRASE, Page, TestApp, Visitor};

const CAROL: &str = "carol@example.com";
const STRONG: &str = "SELECT count(*) FROM sessions WHERE strong = 1";

/// Adds this person when the proof is too old; the address of the page that asks for one.
fn held(visitor: &Visitor, email: &str) -> String {
    let fields = [("email", email), ("family_name", "New"), ("role", "member")];
    let page = visitor.post("/admin/people/new", &fields);
    assert!(page.to().starts_with("/reauth?form="), "{}", page.to());
    page.to().to_owned()
}

/// Where what waits behind such an address is done.
fn resume(address: &str) -> String {
    address.replacen("/reauth", "/reauth/resume", 1)
}

fn press(visitor: &Visitor, resume: &str) -> Page {
    let (_, form) = resume.split_once("form=").expect("a form");
    visitor.post("/reauth/resume", &[("form", form)])
}

fn added(app: &TestApp, email: &str) -> bool {
    app.count(&format!("SELECT count(*) FROM people WHERE email = '{email}'")) == 1
}

fn problem(app: &TestApp, code: &str) -> i64 {
    app.count(&format!("SELECT count(*) FROM sign_ins WHERE problem = '{code}'"))
}

#[test]
fn whoever_has_a_second_factor_is_asked_for_both() {
    let app = TestApp::start();
    let (weak, other) = (app.alice(), app.alice());
    let phone = other.set_up_phone(app.ctx.now());
    assert_eq!(app.count(STRONG), 1);
    app.forward(16 * MINUTE);
    let address = held(&weak, "erica@example.com");
    assert_eq!(weak.get(&address).all("input[name=code]").len(), 1);
    let prove = |visitor: &Visitor, passphrase: &str, code: &str| {
        visitor.post(&address, &[("passphrase", passphrase), ("code", code)])
    };
    let code = phone.code(app.ctx.now(), 0);
    let wrong = if code == "000000" { "111111" } else { "000000" };
    assert_eq!(weak.post(&address, &[("passphrase", PASSPHRASE)]).status, 422);
    for (passphrase, code) in [
        (PASSPHRASE, wrong),
        (PASSPHRASE, &phone.code(app.ctx.now(), -5)),
        ("seven tired herons folding caps", &code),
    ] {
        let refused = prove(&weak, passphrase, code);
        assert_eq!(refused.status, 401);
        assert!(refused.text().contains("The passphrase or the code is not right"));
        assert_eq!(refused.attributes("input[name=code]", "value").join(""), "");
    }
    assert_eq!(weak.get(&resume(&address)).to(), address, "no proof, no button");
    let before = weak.cookie("doorward");
    assert_eq!(prove(&weak, PASSPHRASE, &code).to(), resume(&address));
    assert_ne!(weak.cookie("doorward"), before);
    assert_eq!(app.count(STRONG), 2, "the session is a strong one now");
    assert_eq!(
        other
            .post("/reauth", &[("passphrase", PASSPHRASE), ("code", &code)])
            .status,
        401,
        "the code is used"
    );
    assert_eq!(press(&weak, &resume(&address)).status, 303);
    assert!(added(&app, "erica@example.com"));
    assert_eq!(
        weak.post("/account/factors/authenticator/removal", &[]).to(),
        "/account/factors",
        "strong enough to change a factor"
    );
}

#[test]
fn a_passkey_is_proof_enough_and_only_ones_own_for_this_browser() {
    let app = TestApp::start_named();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let (weak, other, bob) = (app.alice(), app.alice(), app.signed_in(BOB, PASSPHRASE));
    let (mut key, mut bobs) = (other.register_key(), bob.register_key());
    let before = app.count(STRONG);
    app.forward(16 * MINUTE);
    let address = held(&weak, "erica@example.com");
    let way = weak
        .get(&address)
        .attributes("form[data-passkey=proof]", "action")
        .remove(0);
    let asked = weak.challenge("proof");
    let allowed = asked["publicKey"]["allowCredentials"].as_array().expect("a list");
    assert_eq!(allowed.len(), 1, "those of the person, and no others");
    let refused = |challenge: &serde_json::Value, credential: &str, why: &str| {
        let page = weak.present(&way, challenge, credential);
        assert_eq!(page.status, 401, "{why}");
        assert!(page.text().contains("This passkey was not accepted"), "{why}");
    };
    refused(&asked, &bobs.answer(&asked), "bob's passkey");
    let sign_in = weak.challenge("sign-in");
    refused(&sign_in, &key.answer(&sign_in), "a challenge for signing in");
    let elsewhere = other.challenge("proof");
    refused(&elsewhere, &key.answer(&elsewhere), "another browser's challenge");
    key.flags = 0x01;
    let asked = weak.challenge("proof");
    refused(&asked, &key.answer(&asked), "nobody verified");
    key.flags = 0x05;
    let late = weak.challenge("proof");
    app.forward(5 * MINUTE);
    refused(&late, &key.answer(&late), "too late");
    assert_eq!(app.count(STRONG), before);

    let asked = weak.challenge("proof");
    let credential = key.answer(&asked);
    assert_eq!(weak.present(&way, &asked, &credential).to(), resume(&address));
    assert_eq!(app.count(STRONG), before + 1);
    refused(&asked, &credential, "used before");
    assert_eq!(press(&weak, &resume(&address)).status, 303);
    assert!(added(&app, "erica@example.com"));
}

/// The link on the page that asks, to where the person came from.
fn through(visitor: &Visitor, address: &str) -> String {
    let way = visitor
        .get(address)
        .attributes(".actions a.button", "href")
        .remove(0);
    assert!(way.starts_with("/sso/okta?") && way.contains("again=1"), "{way}");
    way
}

/// The proof was good: what waited is there for this person, once, in a session that is new.
fn goes_on(app: &TestApp, visitor: &Visitor, before: Option<String>, resume: &str, email: &str) {
    let old = app.visitor();
    old.plant("doorward", &before.expect("a cookie"));
    assert_eq!(old.me(), None, "the old session has ended");
    assert_eq!(visitor.get(resume).heading(), "It is you");
    assert_eq!(press(visitor, resume).status, 303);
    assert!(added(app, email));
    assert_eq!(press(visitor, resume).status, 410, "once");
}

#[test]
fn whoever_came_through_saml_proves_it_there_and_goes_on() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let okta = app.connect("okta", "");
    app.speaks_for_us("okta");
    let bob = app.visitor();
    assert!(!bob.ask("okta", "").xml.contains("ForceAuthn=\"true\""));
    okta.sign_in(&bob, BOB);
    app.forward(16 * MINUTE);
    let address = held(&bob, "erica@example.com");
    let way = through(&bob, &address);
    let asked = Asked::read(bob.get(&way).to());
    assert!(asked.xml.contains("ForceAuthn=\"true\""), "{}", asked.xml);
    let now = app.ctx.now();
    let stale = okta.response(BOB, Some(&asked.id), |r| {
        r.at(now);
        r.authn_instant = now.minus(10 * MINUTE);
    });
    assert_eq!(bob.answer("okta", &stale, None).status, 403);
    assert_eq!(problem(&app, "saml.not_fresh"), 1);
    assert_eq!(bob.get(&resume(&address)).to(), address, "no proof, no button");

    let before = bob.cookie("doorward");
    let asked = Asked::read(bob.get(&way).to());
    let good = okta.response(BOB, Some(&asked.id), |r| r.at(now));
    assert_eq!(bob.answer("okta", &good, None).to(), resume(&address));
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
    goes_on(&app, &bob, before, &resume(&address), "erica@example.com");
}

#[test]
fn whoever_came_through_openid_connect_proves_it_there_and_goes_on() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let op = app.connect_openid("okta", "");
    app.speaks_for_us("okta");
    let bob = app.visitor();
    assert_eq!(bob.sign_in_openid("okta", &op).to(), "/");
    app.forward(16 * MINUTE);
    let now = app.ctx.now().0 / SECOND;
    op.set_now(now);
    let address = held(&bob, "erica@example.com");
    let way = through(&bob, &address);
    let asked = bob.get(&way).to().to_owned();
    assert!(
        asked.contains("prompt=login") && asked.contains("max_age=0"),
        "{asked}"
    );
    op.signs_in(json!({ "sub": "00u1", "auth_time": now - 600 }));
    assert_eq!(bob.get(&op.answer(&asked)).status, 403);
    // Whoever takes the wish out of the address gets an answer that does not say it was met.
    op.signs_in(json!({ "sub": "00u1" }));
    let asked = bob.get(&way).to().replace("max_age=0", "x=0");
    assert_eq!(bob.get(&op.answer(&asked)).status, 403);
    assert_eq!(problem(&app, "oidc.auth_time"), 2);
    assert_eq!(bob.get(&resume(&address)).to(), address, "no proof, no button");

    let before = bob.cookie("doorward");
    let asked = bob.get(&way).to().to_owned();
    assert_eq!(bob.get(&op.answer(&asked)).to(), resume(&address));
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
    goes_on(&app, &bob, before, &resume(&address), "erica@example.com");
}

/// bob, an admin, comes in without being asked at the identity provider; is what he sends held?
fn must_prove(visitor: &Visitor) -> bool {
    let fields = [
        ("email", "erica@example.com"),
        ("family_name", "New"),
        ("role", "member"),
    ];
    let page = visitor.post("/admin/people/new", &fields);
    page.to().starts_with("/reauth?form=")
}

#[test]
fn a_sign_in_for_which_nobody_was_asked_is_no_proof() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let okta = app.connect("okta", "");
    app.speaks_for_us("okta");
    for (minutes, held) in [(16, true), (1, false)] {
        let bob = app.visitor();
        let asked = bob.ask("okta", "");
        let now = app.ctx.now();
        let response = okta.response(BOB, Some(&asked.id), |r| {
            r.at(now);
            r.authn_instant = now.minus(minutes * MINUTE);
        });
        assert_eq!(bob.answer("okta", &response, None).to(), "/");
        assert_eq!(must_prove(&bob), held, "asked {minutes} minutes ago");
    }
    // A clock that is ahead gains nothing.
    assert_eq!(
        app.count("SELECT count(*) FROM sessions WHERE proved_at > signed_in_at"),
        0
    );
}

#[test]
fn a_provider_that_does_not_say_when_it_asked_has_proved_nothing() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let op = app.connect_openid("okta", "");
    app.speaks_for_us("okta");
    let now = app.ctx.now().0 / SECOND;
    let bob = app.visitor();
    assert_eq!(bob.sign_in_openid("okta", &op).to(), "/");
    assert!(must_prove(&bob), "no auth_time");
    for (ago, held) in [(960, true), (60, false)] {
        let bob = app.visitor();
        op.signs_in(json!({ "sub": "00u1", "auth_time": now - ago }));
        assert_eq!(bob.sign_in_openid("okta", &op).to(), "/");
        assert_eq!(must_prove(&bob), held, "asked {ago} seconds ago");
    }
}

#[test]
fn somebody_else_who_answers_there_gets_nothing_of_what_waits() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    app.add(CAROL, "admin");
    let okta = app.connect("okta", "");
    app.speaks_for_us("okta");
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    app.forward(16 * MINUTE);
    let address = held(&bob, "erica@example.com");
    let before = bob.cookie("doorward");
    let asked = Asked::read(bob.get(&through(&bob, &address)).to());
    let now = app.ctx.now();
    let theirs = okta.response(CAROL, Some(&asked.id), |r| r.at(now));
    assert_eq!(bob.answer("okta", &theirs, None).to(), resume(&address));
    assert_eq!(bob.email().as_deref(), Some(CAROL));
    let old = app.visitor();
    old.plant("doorward", &before.expect("a cookie"));
    assert_eq!(old.me(), None, "the browser is carol's now");
    assert_eq!(bob.get(&resume(&address)).status, 410);
    assert_eq!(press(&bob, &resume(&address)).status, 410);
    assert!(!added(&app, "erica@example.com"));
    // It still waits for whose it is.
    let asked = bob.ask("okta", &query("", &[("return_to", &resume(&address))]));
    let good = okta.response(BOB, Some(&asked.id), |r| r.at(now));
    assert_eq!(bob.answer("okta", &good, None).to(), resume(&address));
    assert_eq!(press(&bob, &resume(&address)).status, 303);
    assert!(added(&app, "erica@example.com"));
}
