//! A lost passphrase: a recovery code works once, sets a new one, and is no second set of guesses.

use crate::app::{ALICE, PASSPHRASE, Page, TestApp, Visitor};

const NEW: &str = "eleven loud otters reading soup";

fn recover(visitor: &Visitor, email: &str, code: &str, passphrase: &str) -> Page {
    let fields = [
        ("email", email),
        ("code", code),
        ("passphrase", passphrase),
        ("passphrase_again", passphrase),
    ];
    visitor.post("/login/recovery", &fields)
}

#[test]
fn a_code_replaces_the_passphrase_once() {
    let app = TestApp::start();
    let elsewhere = app.alice();
    let alice = app.visitor();
    let code = app.recovery_codes[0].to_lowercase().replace('-', " ");
    assert_eq!(recover(&alice, ALICE, &code, NEW).to(), "/admin");
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    assert_eq!(elsewhere.me(), None, "whoever held a session is out");
    assert_eq!(
        recover(&app.visitor(), ALICE, &code, PASSPHRASE).status,
        401,
        "each code works once"
    );
    let old = app
        .visitor()
        .post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    assert_eq!(old.status, 401, "the lost passphrase is worth nothing");
    app.signed_in(ALICE, NEW);
}

#[test]
fn a_weak_new_passphrase_costs_no_code() {
    let app = TestApp::start();
    let alice = app.visitor();
    let code = &app.recovery_codes[0];
    assert_eq!(
        recover(&alice, ALICE, code, "passwordpassword")
            .all("#passphrase-error")
            .len(),
        1
    );
    assert_eq!(recover(&alice, ALICE, code, NEW).to(), "/admin");
}

#[test]
fn guessing_codes_is_throttled_and_says_the_same_to_everybody() {
    let app = TestApp::start();
    let mallory = app.visitor();
    let known = recover(&mallory, ALICE, "00000-00000-00000-00000", NEW);
    let unknown = recover(&mallory, "nobody@example.com", "00000-00000-00000-00000", NEW);
    let plain = |page: &Page, email: &str| page.text().replace(&page.reference(), "R").replace(email, "E");
    assert_eq!((known.status, unknown.status), (401, 401));
    assert_eq!(plain(&known, ALICE), plain(&unknown, "nobody@example.com"));
    for _ in 1..10 {
        recover(&mallory, ALICE, "wrong", NEW);
    }
    let shut = recover(&app.visitor(), ALICE, &app.recovery_codes[0], NEW);
    assert_eq!(shut.status, 429);
    assert!(!shut.header("retry-after").is_empty());
}

#[test]
fn a_deactivated_owner_stays_out_and_keeps_the_code() {
    let app = TestApp::start();
    app.apply("[[person]]\nemail = \"dora@example.com\"\nrole = \"owner\"\n");
    app.apply("[[person]]\nemail = \"alice@example.com\"\nactive = false\n");
    assert_eq!(
        recover(&app.visitor(), ALICE, &app.recovery_codes[0], NEW).status,
        401
    );
    assert_eq!(
        app.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NULL"),
        10
    );
}
