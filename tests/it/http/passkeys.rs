//! Passkeys: an authenticator in software that lies in every way, and a server that takes the truth only.

use doorward::model::time::{MINUTE, SECOND};
use serde_json::Value;

use crate::app::{ALICE, Authenticator, BOB, PASSPHRASE, Page, TestApp, Visitor};

/// alice with a passkey, and the session that registered it.
fn with_key() -> (TestApp, Authenticator, Visitor) {
    let app = TestApp::start_named();
    let alice = app.alice();
    let key = alice.register_key();
    (app, key, alice)
}

fn sign_in(visitor: &Visitor, key: &mut Authenticator) -> Page {
    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    visitor.present("/login/passkey", &challenge, &credential)
}

#[test]
fn a_passkey_alone_signs_in() {
    let (app, mut key, alice) = with_key();
    assert!(alice.get("/account/factors").text().contains("Test key"));
    let options = alice.challenge("registration")["publicKey"].clone();
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
    assert_eq!(options["excludeCredentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(options["rp"]["id"], "localhost");
    let visitor = app.visitor();
    let asked = visitor.challenge("sign-in")["publicKey"].clone();
    assert_eq!(asked["userVerification"], "required");
    assert_eq!(
        asked["allowCredentials"],
        Value::Array(Vec::new()),
        "nobody is named"
    );
    assert_eq!(sign_in(&visitor, &mut key).to(), "/");
    assert_eq!(visitor.email().as_deref(), Some(ALICE));
    assert_eq!(
        app.count("SELECT count(*) FROM sessions WHERE method = 'passkey' AND strong = 1"),
        1
    );
}

#[test]
fn a_passkey_is_a_second_step_as_well() {
    let (app, mut key, _) = with_key();
    let visitor = app.visitor();
    let page = visitor.post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    assert_eq!(page.to(), "/login/second-factor");
    let challenge = visitor.challenge("second-step");
    assert_eq!(
        challenge["publicKey"]["allowCredentials"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let credential = key.answer(&challenge);
    let done = visitor.present("/login/second-factor/passkey", &challenge, &credential);
    assert_eq!(done.to(), "/", "{}", done.text());
    assert_eq!(visitor.email().as_deref(), Some(ALICE));
}

#[test]
fn a_challenge_is_for_one_browser_one_purpose_and_five_minutes_and_good_once() {
    let (app, mut key, alice) = with_key();
    let visitor = app.visitor();
    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    let other = app.visitor();
    other.challenge("sign-in");
    assert_eq!(
        other.present("/login/passkey", &challenge, &credential).status,
        401,
        "swapped browser"
    );
    assert_eq!(
        visitor.present("/login/passkey", &challenge, &credential).status,
        401,
        "it was taken"
    );

    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    assert_eq!(
        visitor.present("/login/passkey", &challenge, &credential).to(),
        "/"
    );
    let again = visitor.present("/login/passkey", &challenge, &credential);
    assert_eq!(again.status, 401, "replayed");

    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    app.forward(5 * MINUTE);
    assert_eq!(
        visitor.present("/login/passkey", &challenge, &credential).status,
        401,
        "too late"
    );

    let challenge = alice.challenge("proof");
    let credential = key.answer(&challenge);
    assert_eq!(
        alice.present("/login/passkey", &challenge, &credential).status,
        401,
        "another purpose"
    );
    let (first, second) = (visitor.challenge("sign-in"), visitor.challenge("sign-in"));
    let credential = key.answer(&second);
    assert_eq!(
        visitor.present("/login/passkey", &first, &credential).status,
        401,
        "another challenge"
    );
}

#[test]
fn what_is_not_the_truth_is_refused_and_the_trace_says_why() {
    type Lie = fn(&mut Authenticator);
    let lies: [(&str, Lie, &str); 7] = [
        (
            "another origin",
            |key| key.origin = "http://localhost.evil.example".into(),
            "origin",
        ),
        (
            "another port",
            |key| key.origin = "http://localhost:1".into(),
            "origin",
        ),
        (
            "another relying party",
            |key| key.rp_id = "evil.example".into(),
            "id hash",
        ),
        ("nobody verified", |key| key.flags = 0x01, "user verified"),
        ("nobody present", |key| key.flags = 0x04, "user present"),
        (
            "another person's handle",
            |key| key.handle = vec![7; 16],
            "somebody else",
        ),
        ("no handle", |key| key.handle = Vec::new(), "somebody else"),
    ];
    let (app, key, _) = with_key();
    let (origin, rp_id, handle) = (key.origin.clone(), key.rp_id.clone(), key.handle.clone());
    let mut key = key;
    for (name, lie, words) in lies {
        lie(&mut key);
        let visitor = app.visitor();
        let page = sign_in(&visitor, &mut key);
        assert_eq!(page.status, 401, "{name}: {}", page.text());
        assert!(page.text().contains("This passkey was not accepted."), "{name}");
        assert_eq!(visitor.me(), None, "{name}");
        let reference = page.reference();
        let told = format!(
            "SELECT count(*) FROM sign_ins WHERE reference = '{reference}' AND instr(lower(trace), '{words}') > 0"
        );
        assert_eq!(app.count(&told), 1, "{name}");
        (key.origin, key.rp_id, key.handle, key.flags) =
            (origin.clone(), rp_id.clone(), handle.clone(), 0x05);
    }
    let mut forged = Authenticator::new(&app.base);
    (forged.id, forged.handle) = (key.id.clone(), key.handle.clone());
    assert_eq!(
        sign_in(&app.visitor(), &mut forged).status,
        401,
        "signed by another key"
    );
    let mut stranger = Authenticator::new(&app.base);
    stranger.handle = key.handle.clone();
    assert_eq!(sign_in(&app.visitor(), &mut stranger).status, 401, "nobody's key");
    assert_eq!(
        sign_in(&app.visitor(), &mut key).to(),
        "/",
        "and the truth is taken"
    );
}

#[test]
fn registering_is_held_to_the_same_rules() {
    let app = TestApp::start_named();
    let alice = app.alice();
    let mut key = Authenticator::new("http://localhost:1");
    let challenge = alice.challenge("registration");
    let credential = key.register(&challenge);
    assert_eq!(
        alice
            .present("/account/factors/passkeys", &challenge, &credential)
            .status,
        422
    );
    let mut key = Authenticator::new(&app.base);
    key.flags = 0x01;
    let challenge = alice.challenge("registration");
    let credential = key.register(&challenge);
    assert_eq!(
        alice
            .present("/account/factors/passkeys", &challenge, &credential)
            .status,
        422
    );
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let bob = app.signed_in(BOB, PASSPHRASE);
    let mut key = Authenticator::new(&app.base);
    let challenge = alice.challenge("registration");
    let credential = key.register(&challenge);
    bob.challenge("registration");
    assert_eq!(
        bob.present("/account/factors/passkeys", &challenge, &credential)
            .status,
        422
    );
    assert_eq!(app.count("SELECT count(*) FROM passkeys"), 0);
    let mut key = alice.register_key();
    let challenge = bob.challenge("registration");
    let credential = key.register(&challenge);
    let twice = bob.present("/account/factors/passkeys", &challenge, &credential);
    assert_eq!(twice.status, 422, "one key is one person's");
    assert_eq!(app.count("SELECT count(*) FROM passkeys"), 1);
    assert_eq!(
        app.visitor()
            .post("/login/passkey/challenge", &[("for", "registration")])
            .status,
        403
    );
    assert_eq!(
        app.visitor()
            .post("/login/passkey/challenge", &[("for", "nonsense")])
            .status,
        404
    );
}

#[test]
fn a_counter_that_goes_back_is_refused_and_told() {
    let (app, mut key, _) = with_key();
    key.counter = 5;
    assert_eq!(sign_in(&app.visitor(), &mut key).to(), "/");
    assert_eq!(
        sign_in(&app.visitor(), &mut key).status,
        401,
        "the same count again"
    );
    key.counter = 4;
    assert_eq!(sign_in(&app.visitor(), &mut key).status, 401);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'passkey.suspected'"),
        2
    );
    key.counter = 6;
    assert_eq!(sign_in(&app.visitor(), &mut key).to(), "/");
}

#[test]
fn removed_keys_and_deactivated_people_stay_out() {
    let (app, mut key, alice) = with_key();
    app.add("dora@example.com", "owner");
    let list = alice.get("/account/factors");
    let removal = list
        .attributes("a[aria-label='Remove Test key']", "href")
        .remove(0);
    let naming = removal.replace("removal", "name");
    assert_eq!(alice.post(&naming, &[("name", "")]).status, 422);
    assert_eq!(alice.post(&naming, &[("name", &"x".repeat(61))]).status, 422);
    assert_eq!(
        alice.post(&naming, &[("name", "My phone")]).to(),
        "/account/factors"
    );
    assert!(alice.get("/account/factors").text().contains("My phone"));
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(
        (bob.get(&removal).status, bob.post(&removal, &[]).status),
        (404, 404)
    );
    let visitor = app.visitor();
    let challenge = visitor.challenge("sign-in");
    let credential = key.answer(&challenge);
    assert_eq!(alice.post(&removal, &[]).to(), "/account/factors");
    assert_eq!(
        visitor.present("/login/passkey", &challenge, &credential).status,
        401,
        "removed meanwhile"
    );
    let mut key = alice.register_key();
    app.apply("[[person]]\nemail = \"alice@example.com\"\nactive = false\n");
    assert_eq!(sign_in(&app.visitor(), &mut key).status, 401, "deactivated");
}

#[test]
fn an_address_of_numbers_says_that_passkeys_cannot_be() {
    let app = TestApp::start();
    let alice = app.alice();
    let page = alice.get("/account/factors");
    assert!(page.text().contains("Passkeys are not possible here"));
    assert!(page.all("form[data-passkey]").is_empty());
    assert!(app.visitor().get("/login").all("form[data-passkey]").is_empty());
    assert_eq!(
        alice
            .post("/login/passkey/challenge", &[("for", "registration")])
            .status,
        409
    );
}

#[test]
fn noise_is_bounded() {
    let app = TestApp::start_named();
    let mallory = app.visitor();
    let junk = |credential: &str| {
        let challenge = mallory.challenge("sign-in");
        mallory.present("/login/passkey", &challenge, credential).status
    };
    for credential in ["", "{}", "null", "[1]", &"[".repeat(10_000)] {
        assert_eq!(junk(credential), 401, "{:.20}", credential);
    }
    for _ in 5..30 {
        junk("{}");
    }
    assert_eq!(junk("{}"), 429);
    app.forward(60 * SECOND);
    assert_eq!(junk("{}"), 401);
}
