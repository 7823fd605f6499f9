//! Sessions after their beginning: proving once more who one is, ending them, and how long they may live.

use doorward::flows::maintain::sweep;
use doorward::model::time::{DAY, HOUR, MINUTE};
use doorward::web::routes::{Access, ROUTES, needs_fresh_proof};
use doorward::web::server::block_on;

use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

const NEW_PERSON: [(&str, &str); 4] = [
    ("email", "erica@example.com"),
    ("given_name", "Erica"),
    ("family_name", "Ng & Söhne"),
    ("role", "member"),
];

/// Sends a form when the proof is too old; the address to which it leads.
fn held(visitor: &Visitor, path: &str, fields: &[(&str, &str)]) -> String {
    let page = visitor.post(path, fields);
    assert_eq!(page.status, 303, "{}", page.text());
    assert!(page.to().starts_with("/reauth?form="), "{}", page.to());
    page.to().to_owned()
}

fn prove(visitor: &Visitor, address: &str) -> Page {
    visitor.post(address, &[("passphrase", PASSPHRASE)])
}

fn erica(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM people WHERE email = 'erica@example.com'")
}

#[test]
fn what_was_sent_too_late_waits_for_the_proof_and_is_done_once() {
    let app = TestApp::start();
    let alice = app.alice();
    app.forward(15 * MINUTE);
    assert_eq!(
        alice.post("/admin/people/new", &[("email", "")]).status,
        422,
        "at the border the proof counts"
    );
    app.forward(1);
    let before = alice.cookie("doorward");
    let address = held(&alice, "/admin/people/new", &NEW_PERSON);
    assert_eq!(erica(&app), 0);
    let page = alice.get(&address);
    assert_eq!(page.heading(), "Prove that it is you");
    assert!(page.text().contains("nothing of what you entered is lost"));
    assert!(!page.text().contains("erica"), "what waits is not shown");

    let wrong = alice.post(&address, &[("passphrase", "seven tired herons folding caps")]);
    assert_eq!(wrong.status, 401);
    assert_eq!(
        alice.get("/reauth/resume?form=x").to(),
        "/reauth?form=x",
        "no proof, no button"
    );

    let proved = prove(&alice, &address);
    let ready = proved.to().to_owned();
    assert!(ready.starts_with("/reauth/resume?form="), "{ready}");
    assert_ne!(
        alice.cookie("doorward"),
        before,
        "a step up has a token of its own"
    );
    let old = app.visitor();
    old.plant("doorward", &before.expect("a cookie"));
    assert_eq!(old.email(), None, "the old token is dead");

    let page = alice.get(&ready);
    assert_eq!((page.status, page.heading().as_str()), (200, "It is you"));
    let form = page.attributes("input[name=form]", "value").remove(0);
    let done = alice.post("/reauth/resume", &[("form", &form)]);
    assert_eq!(done.status, 303);
    assert!(done.to().starts_with("/admin/people"), "{}", done.to());
    assert_eq!(erica(&app), 1);
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE family_name = 'Ng & Söhne'"),
        1,
        "to the letter"
    );
    let again = alice.post("/reauth/resume", &[("form", &form)]);
    assert_eq!((again.status, erica(&app)), (410, 1), "not twice");
}

#[test]
fn a_file_waits_as_well() {
    let app = TestApp::start();
    let idp = app.connect("okta", "");
    drop(idp);
    let alice = app.alice();
    app.forward(20 * MINUTE);
    let pem = rcgen_pem();
    let part = reqwest::blocking::multipart::Part::text(pem).file_name("next.pem");
    let form = reqwest::blocking::multipart::Form::new().part("certificate_file", part);
    let request = alice
        .client
        .post(alice.url("/admin/integrations/okta/certificates"))
        .header("Sec-Fetch-Site", "same-origin");
    let page = alice.send(request.multipart(form));
    let address = page.to().to_owned();
    let certificates = |app: &TestApp| {
        app.count("SELECT json_array_length(saml, '$.idp.certificates') FROM connections WHERE slug = 'okta'")
    };
    let before = certificates(&app);
    let ready = prove(&alice, &address).to().to_owned();
    let form = alice
        .get(&ready)
        .attributes("input[name=form]", "value")
        .remove(0);
    let done = alice.post("/reauth/resume", &[("form", &form)]);
    assert_eq!(done.status, 303, "{}", done.text());
    assert_eq!(certificates(&app), before + 1);
}

fn rcgen_pem() -> String {
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["idp.example".to_owned()]).expect("parameters");
    params.self_signed(&key).expect("a certificate").pem()
}

#[test]
fn what_waits_belongs_to_its_sender_and_ends() {
    let app = TestApp::start();
    let alice = app.alice();
    app.add("mallory@example.com", "admin");
    app.give_passphrase("mallory@example.com", PASSPHRASE);
    app.forward(16 * MINUTE);
    let address = held(&alice, "/admin/people/new", &NEW_PERSON);
    let form = address.trim_start_matches("/reauth?form=").to_owned();
    let mallory = app.signed_in("mallory@example.com", PASSPHRASE);
    assert_eq!(mallory.get(&format!("/reauth/resume?form={form}")).status, 410);
    assert_eq!(mallory.post("/reauth/resume", &[("form", &form)]).status, 410);
    assert_eq!(erica(&app), 0);
    assert_eq!(
        alice.post("/reauth/resume", &[("form", &form)]).status,
        410,
        "without a proof it stays where it is"
    );
    prove(&alice, &address);
    let elsewhere = alice.post_from_elsewhere("/reauth/resume", &[("form", &form)]);
    assert_eq!(
        (elsewhere.status, erica(&app)),
        (403, 0),
        "no other site presses the button"
    );

    app.forward(16 * MINUTE);
    let address = held(&alice, "/admin/people/new", &NEW_PERSON);
    app.forward(31 * MINUTE);
    let ready = prove(&alice, &address).to().to_owned();
    assert_eq!(alice.get(&ready).status, 410, "half an hour is over");
    block_on(sweep(&app.ctx)).expect("swept");
    assert_eq!(app.count("SELECT count(*) FROM held_forms"), 0);
}

#[test]
fn nothing_readable_waits_in_the_database_and_not_without_bound() {
    let app = TestApp::start();
    let alice = app.alice();
    app.forward(16 * MINUTE);
    for _ in 0..12 {
        held(&alice, "/admin/people/new", &NEW_PERSON);
        app.forward(1);
    }
    assert_eq!(app.count("SELECT count(*) FROM held_forms"), 10);
    assert_eq!(
        app.count("SELECT count(*) FROM held_forms WHERE instr(sealed, 'erica') > 0"),
        0
    );
}

#[test]
fn guessing_at_the_proof_is_counted_like_guessing_at_the_door() {
    let app = TestApp::start();
    let alice = app.alice();
    app.forward(16 * MINUTE);
    for _ in 0..10 {
        let wrong = alice.post("/reauth", &[("passphrase", "seven tired herons folding caps")]);
        assert_eq!(wrong.status, 401);
    }
    let shut = alice.post("/reauth", &[("passphrase", PASSPHRASE)]);
    assert_eq!(shut.status, 429);
    let door = alice.post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    assert_eq!(door.status, 429, "one count for both");
}

/// Which addresses are changed with a session alone stands in one list; this one says it once more, so that a new
/// one is a decision.
#[test]
fn every_change_asks_for_a_fresh_proof_but_these() {
    let mut everyday: Vec<&str> = ROUTES
        .iter()
        .filter(|route| !route.method.is_safe())
        .filter(|route| {
            matches!(
                route.access,
                Access::Member | Access::Admin | Access::May(_) | Access::Owner
            )
        })
        .filter(|route| !needs_fresh_proof(route))
        .map(|route| route.path)
        .collect();
    everyday.sort_unstable();
    let words = [
        "/reauth",
        "/account/sessions/",
        "sign-out",
        "deactivation",
        "access-requests",
        "/rollback",
    ];
    let looking = [
        "/review",
        "/held",
        "/removed",
        "/restoration",
        "/tests",
        "/opening",
        "/preview",
        "/dry-run",
        "/transfer",
    ];
    for path in &everyday {
        let known = words.iter().chain(&looking).any(|word| path.contains(word));
        assert!(known, "{path} changes something without a fresh proof");
    }
    assert_eq!(everyday.len(), 28, "{everyday:#?}");
}

#[test]
fn stale_sessions_still_read_and_do_everyday_things() {
    let app = TestApp::start();
    let alice = app.alice();
    app.add(BOB, "member");
    app.forward(16 * MINUTE);
    assert_eq!(alice.get("/admin/people").status, 200);
    let bob = app.count("SELECT count(*) FROM people WHERE state = 'deactivated'");
    let href = alice
        .get("/admin/people?q=bob")
        .attributes("a.row", "href")
        .remove(0);
    let done = alice.post(&format!("{href}/deactivation"), &[]);
    assert_eq!(done.status, 303);
    assert!(!done.to().starts_with("/reauth"), "{}", done.to());
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE state = 'deactivated'"),
        bob + 1
    );
}

#[test]
fn a_person_sees_and_ends_their_own_sessions_and_nobody_elses() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let (desk, phone) = (app.signed_in(BOB, PASSPHRASE), app.signed_in(BOB, PASSPHRASE));
    let alice = app.alice();
    let page = desk.get("/account");
    assert_eq!(page.heading(), "Your account");
    assert_eq!(page.all(".sessions li").len(), 2);
    assert_eq!(page.text().matches("· this browser").count(), 1);
    let ids = page.attributes("input[name=id]", "value");
    let hers = alice
        .get("/account")
        .attributes("input[name=id]", "value")
        .remove(0);
    assert_eq!(desk.post("/account/sessions/end", &[("id", &hers)]).status, 404);
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    for junk in ["", "x", "0190a1b2-0000-7000-8000-000000000000"] {
        assert_eq!(
            desk.post("/account/sessions/end", &[("id", junk)]).status,
            404,
            "{junk}"
        );
    }
    let here = ids.iter().position(|id| {
        page.attributes("li button", "aria-label")[ids.iter().position(|i| i == id).unwrap_or(0)]
            .starts_with("Sign out of this")
    });
    let other = &ids[1 - here.expect("this browser")];
    assert_eq!(
        desk.post("/account/sessions/end", &[("id", other)]).to(),
        "/account"
    );
    assert_eq!((phone.email(), desk.email().as_deref()), (None, Some(BOB)));
    let third = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(desk.post("/account/sessions/end-others", &[]).to(), "/account");
    assert_eq!((third.email(), desk.email().as_deref()), (None, Some(BOB)));
    let events = app.count("SELECT count(*) FROM events WHERE action = 'session.ended'");
    assert_eq!(events, 2, "each ending is told");
    let own = desk
        .get("/account")
        .attributes("input[name=id]", "value")
        .remove(0);
    assert_eq!(desk.post("/account/sessions/end", &[("id", &own)]).to(), "/login");
    assert_eq!(desk.email(), None);
}

#[test]
fn an_owner_sets_how_long_sessions_live() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let (alice, bob) = (app.alice(), app.signed_in(BOB, PASSPHRASE));
    let set = |fields: [&str; 4]| {
        let names = ["admin_idle", "admin_absolute", "member_idle", "member_absolute"];
        let fields: Vec<(&str, &str)> = names.into_iter().zip(fields).collect();
        alice.post("/admin/settings/sessions", &fields)
    };
    for (wrong, field) in [
        (["4", "12", "480", "24"], "admin_idle"),
        (["61", "12", "480", "24"], "admin_idle"),
        (["60", "13", "480", "24"], "admin_absolute"),
        (["60", "12", "43201", "24"], "member_idle"),
        (["60", "12", "480", "2161"], "member_absolute"),
        (["60", "12", "-1", "24"], "member_idle"),
        (["60", "12", "4.5", "24"], "member_idle"),
        (["60", "12", "480", "99999999999999999999"], "member_absolute"),
    ] {
        let page = set(wrong);
        assert_eq!(page.status, 422, "{wrong:?}");
        assert_eq!(page.all(&format!("#{field}-error")).len(), 1, "{wrong:?}");
    }
    assert_eq!(set(["30", "6", "10", "2"]).to(), "/admin/settings/sessions");
    app.forward(10 * MINUTE - 1);
    assert_eq!(
        bob.email().as_deref(),
        Some(BOB),
        "the shorter limit counts for open sessions"
    );
    app.forward(10 * MINUTE);
    assert_eq!(bob.email(), None);
    assert_eq!(
        set(["30", "6", "480", "2"]).to().split('?').next(),
        Some("/reauth")
    );
    prove(&alice, "/reauth");
    assert_eq!(set(["30", "6", "480", "2"]).to(), "/admin/settings/sessions");
    let bob = app.signed_in(BOB, PASSPHRASE);
    app.forward(119 * MINUTE);
    assert_eq!(bob.email().as_deref(), Some(BOB));
    app.forward(MINUTE);
    assert_eq!(bob.email(), None, "two hours in all");
    assert!(app.count("SELECT count(*) FROM events WHERE action = 'organization.changed'") >= 1);
    app.forward(DAY + HOUR);
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/admin/settings/sessions").status, 403);
}
