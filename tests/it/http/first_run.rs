//! The first run in the browser: only with the code, nothing half, nothing twice.

use doorward::flows::enroll;
use doorward::web::server::block_on;

use crate::app::{ALICE, PASSPHRASE, TestApp, Visitor};

fn begin(app: &TestApp) -> Visitor {
    let code = block_on(enroll::make_setup_code(&app.ctx))
        .expect("a code")
        .expect("not set up yet");
    let alice = app.visitor();
    assert_eq!(alice.get(&format!("/setup?code={code}")).to(), "/setup/owner");
    alice
}

fn owner(alice: &Visitor, passphrase: &str) -> crate::app::Page {
    alice.post(
        "/setup/owner",
        &[
            ("owner_name", "Alice Ng"),
            ("owner_email", ALICE),
            ("passphrase", passphrase),
            ("passphrase_again", passphrase),
        ],
    )
}

#[test]
fn a_stranger_gets_no_further_than_the_code() {
    let app = TestApp::fresh();
    block_on(enroll::make_setup_code(&app.ctx)).expect("a code");
    let mallory = app.visitor();
    assert_eq!(mallory.get("/").to(), "/setup");
    assert_eq!(mallory.get("/setup?code=guess").status, 403);
    assert_eq!(mallory.post("/setup", &[("code", "")]).status, 422);
    for path in ["/setup/owner", "/setup/recovery-codes", "/setup/organization"] {
        assert_eq!(mallory.get(path).to(), "/setup", "{path}");
        assert_eq!(mallory.post(path, &[("stored", "on")]).to(), "/setup", "{path}");
    }
    assert_eq!(app.count("SELECT count(*) FROM people"), 0);
}

#[test]
fn the_owner_is_inside_at_the_end_and_the_code_is_spent() {
    let app = TestApp::fresh();
    let alice = begin(&app);
    assert_eq!(owner(&alice, PASSPHRASE).to(), "/setup/recovery-codes");
    let codes = alice.get("/setup/recovery-codes").all(".codes li");
    assert_eq!(codes.len(), 10);
    let unconfirmed = alice.post("/setup/recovery-codes", &[]);
    assert_eq!(unconfirmed.status, 422);
    assert_eq!(
        alice.get("/setup/organization").to(),
        "/setup",
        "the codes are not confirmed yet"
    );
    assert_eq!(
        alice.post("/setup/recovery-codes", &[("stored", "on")]).to(),
        "/setup/organization"
    );
    let form = alice.get("/setup/organization");
    assert_eq!(
        form.attributes("#base_url", "value"),
        std::slice::from_ref(&app.base)
    );
    let done = alice.post(
        "/setup/organization",
        &[("organization", "Acme"), ("base_url", &app.base)],
    );
    assert_eq!(done.to(), "/admin");
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    assert_eq!(
        app.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NULL"),
        10
    );
    assert_eq!(app.count("SELECT count(*) FROM setup_codes"), 0);
    // Neither this browser nor another can do it again.
    assert_eq!(alice.get("/setup").to(), "/login");
    assert_eq!(owner(&alice, PASSPHRASE).to(), "/setup");
    assert_eq!(app.count("SELECT count(*) FROM people"), 1);
}

#[test]
fn weak_and_different_passphrases_are_refused_at_the_field() {
    let app = TestApp::fresh();
    let alice = begin(&app);
    for weak in [
        "short",
        "passwordpassword",
        "aliceng aliceng ",
        "doorwarddoorward",
        "qwertyuiopasdfgh",
    ] {
        let page = owner(&alice, weak);
        assert_eq!(page.status, 422, "{weak}");
        assert_eq!(page.all("#passphrase-error").len(), 1, "{weak}: {}", page.text());
        assert_eq!(
            page.attributes("#owner_email", "value"),
            [ALICE],
            "what was typed is kept"
        );
        assert!(!page.text().contains(weak), "a passphrase is never drawn");
    }
    let fields = [
        ("owner_name", "Alice"),
        ("owner_email", ALICE),
        ("passphrase", PASSPHRASE),
        ("passphrase_again", "seven tired herons folding caps"),
    ];
    assert_eq!(
        alice
            .post("/setup/owner", &fields)
            .all("#passphrase_again-error")
            .len(),
        1
    );
}

#[test]
fn an_old_code_is_no_code() {
    let app = TestApp::fresh();
    let first = block_on(enroll::make_setup_code(&app.ctx))
        .expect("a code")
        .expect("a code");
    let second = block_on(enroll::make_setup_code(&app.ctx))
        .expect("a code")
        .expect("a code");
    let alice = app.visitor();
    assert_eq!(
        alice.get(&format!("/setup?code={first}")).status,
        403,
        "a new start makes a new code"
    );
    app.forward(enroll::SETUP_CODE_LIFE);
    assert_eq!(
        alice.get(&format!("/setup?code={second}")).status,
        403,
        "a day later"
    );
}
