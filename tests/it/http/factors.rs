//! The second step after a passphrase: codes are good once, for one browser, not for long, and not for guessing.

use std::thread;

use doorward::config::Config;
use doorward::flows::factors::{self, GRACE, Proof, Strength};
use doorward::flows::throttle::WINDOW;
use doorward::flows::{Visitor as Seen, enroll};
use doorward::model::time::{MINUTE, SECOND};
use doorward::web::server::block_on;
use zeroize::Zeroizing;

use crate::app::{ALICE, BOB, PASSPHRASE, Page, Phone, TestApp, Visitor};

const STEP: i64 = 30 * SECOND;
const NEW: &str = "eleven loud otters reading soup";

/// alice with an authenticator app, and the clock beyond the code that set it up.
fn with_phone() -> (TestApp, Phone) {
    let app = TestApp::start_with(|config: &mut Config| {
        config.behind_proxy = vec!["127.0.0.1/32".parse().expect("a network")];
    });
    let phone = app.alice().set_up_phone(app.ctx.now());
    app.forward(2 * STEP);
    (app, phone)
}

/// A browser in which the passphrase was right.
fn half(app: &TestApp) -> Visitor {
    let visitor = app.visitor();
    let page = visitor.post("/login", &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    assert_eq!(page.to(), "/login/second-factor", "{}", page.text());
    assert_eq!(visitor.me(), None, "no session yet");
    assert!(visitor.cookie("doorward").is_none(), "nor a cookie for one");
    visitor
}

fn send(visitor: &Visitor, code: &str) -> Page {
    visitor.post("/login/second-factor", &[("code", code)])
}

#[test]
fn an_app_is_set_up_with_a_first_code_and_asked_for_from_then_on() {
    let app = TestApp::start();
    let alice = app.alice();
    assert_eq!(
        alice.get("/account/factors/authenticator").to(),
        "/account/factors"
    );
    assert_eq!(alice.post("/account/factors/authenticator", &[]).status, 303);
    app.signed_in(ALICE, PASSPHRASE);
    let page = alice.get("/account/factors/authenticator");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.all("svg.qr").len(), 1);
    let phone = Phone::scan(&page);
    let confirm = |code: &str| alice.post("/account/factors/authenticator/confirmation", &[("code", code)]);
    let code = phone.code(app.ctx.now(), 0);
    assert_eq!(
        confirm("000000").status,
        422,
        "a wrong first code sets nothing up"
    );
    assert_eq!(confirm("").status, 422);
    app.signed_in(ALICE, PASSPHRASE);
    let before = alice.cookie("doorward");
    assert_eq!(confirm(&code).to(), "/account/factors");
    assert_ne!(
        alice.cookie("doorward"),
        before,
        "a step up has a token of its own"
    );
    assert_eq!(alice.email().as_deref(), Some(ALICE));
    assert_eq!(
        alice.get("/account/factors/authenticator").to(),
        "/account/factors",
        "shown once"
    );
    assert_eq!(
        alice.post("/account/factors/authenticator", &[]).status,
        409,
        "not replaced"
    );

    let visitor = half(&app);
    assert_eq!(send(&visitor, &code).status, 401, "the first code is used");
    app.forward(STEP);
    assert_eq!(send(&visitor, "").status, 422);
    assert_eq!(send(&visitor, &phone.code(app.ctx.now(), 0)).to(), "/");
    assert_eq!(visitor.email().as_deref(), Some(ALICE));
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE strong = 1"), 2);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'totp.added'"),
        1
    );
    assert_eq!(
        app.count("SELECT count(*) FROM totp WHERE length(sealed) = 20 + 12 + 16"),
        1
    );

    assert_eq!(
        visitor.post("/account/factors/authenticator/removal", &[]).status,
        303
    );
    app.signed_in(ALICE, PASSPHRASE);
}

#[test]
fn a_code_is_good_once_even_when_the_clock_goes_back() {
    let (app, phone) = with_phone();
    let code = phone.code(app.ctx.now(), 0);
    let earlier = phone.code(app.ctx.now(), -1);
    assert_eq!(send(&half(&app), &code).to(), "/");
    assert_eq!(send(&half(&app), &code).status, 401, "once");
    assert_eq!(send(&half(&app), &earlier).status, 401, "nor an earlier one");
    app.forward(-STEP);
    let visitor = half(&app);
    assert_eq!(
        send(&visitor, &code).status,
        401,
        "the clock went back, the step did not"
    );
    assert_eq!(send(&visitor, &earlier).status, 401);
    app.forward(3 * STEP);
    assert_eq!(
        send(&half(&app), &phone.code(app.ctx.now(), 2)).status,
        401,
        "too early"
    );
    assert_eq!(send(&half(&app), &phone.code(app.ctx.now(), 0)).to(), "/");
}

fn at_once(app: &TestApp, code: &str) -> usize {
    let visitors: Vec<Visitor> = (0..8).map(|_| half(app)).collect();
    let codes = visitors.into_iter().map(|visitor| {
        let code = code.to_owned();
        thread::spawn(move || send(&visitor, &code).status)
    });
    let threads: Vec<_> = codes.collect();
    let statuses = threads
        .into_iter()
        .map(|thread| thread.join().expect("an answer"));
    statuses.filter(|status| *status == 303).count()
}

#[test]
fn of_many_who_send_one_code_at_once_one_gets_in() {
    let (app, phone) = with_phone();
    assert_eq!(at_once(&app, &phone.code(app.ctx.now(), 0)), 1);
    app.forward(WINDOW);
    assert_eq!(
        at_once(&app, &app.recovery_codes[3]),
        1,
        "a recovery code neither"
    );
    assert_eq!(
        app.count("SELECT count(*) FROM recovery_codes WHERE used_at IS NOT NULL"),
        1
    );
}

#[test]
fn of_a_thousand_wrong_codes_ten_are_looked_at() {
    let (app, phone) = with_phone();
    let visitor = half(&app);
    let from = |time: i32, code: &str| {
        let address = format!("203.0.{}.{}", time / 250, time % 250);
        let request = visitor.client.post(visitor.url("/login/second-factor"));
        let request = request
            .header("Sec-Fetch-Site", "same-origin")
            .header("X-Forwarded-For", address);
        visitor.send(request.form(&[("code", code)]))
    };
    let right = phone.code(app.ctx.now(), 0);
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let looked_at = (0..1_000).filter(|time| from(*time, wrong).status == 401).count();
    assert_eq!(looked_at, 10);
    let shut = from(1_000, &right);
    assert_eq!(
        (shut.status, shut.header("retry-after")),
        (429, "900"),
        "the right one does not help"
    );
    assert_eq!(
        send(&half(&app), &right).status,
        429,
        "nor does the passphrase once more"
    );
    assert_eq!(
        send(&half(&app), &app.recovery_codes[0]).status,
        429,
        "recovery codes count too"
    );
    app.forward(WINDOW);
    assert_eq!(send(&half(&app), &phone.code(app.ctx.now(), 0)).to(), "/");
}

#[test]
fn the_second_step_belongs_to_one_browser_for_ten_minutes_and_once() {
    let (app, phone) = with_phone();
    let code = || phone.code(app.ctx.now(), 0);
    let visitor = half(&app);
    let cookie = visitor.cookie("doorward_step").expect("a cookie");
    let (reference, _) = cookie.split_once('.').expect("two parts");
    for planted in [
        "",
        ".",
        "x.y",
        &format!("{reference}."),
        &format!("{reference}.{}", "A".repeat(43)),
    ] {
        let other = app.visitor();
        other.plant("doorward_step", planted);
        assert_eq!(send(&other, &code()).to(), "/login", "{planted:?}");
        assert_eq!(other.get("/login/second-factor").to(), "/login");
    }
    assert_eq!(send(&app.visitor(), &code()).to(), "/login");
    app.forward(10 * MINUTE - 1);
    assert_eq!(visitor.get("/login/second-factor").heading(), "Second step");
    app.forward(1);
    assert_eq!(send(&visitor, &code()).to(), "/login", "too late");

    let visitor = half(&app);
    let cookie = visitor.cookie("doorward_step").expect("a cookie");
    assert_eq!(send(&visitor, &code()).to(), "/");
    app.forward(STEP);
    let again = app.visitor();
    again.plant("doorward_step", &cookie);
    assert_eq!(send(&again, &code()).to(), "/login", "it is done");

    let visitor = half(&app);
    app.forward(STEP);
    app.give_passphrase(ALICE, NEW);
    app.count("SELECT count(*) FROM people");
    block_on(app.ctx.store.write({
        let now = app.ctx.now();
        move |w| Ok(w.execute("UPDATE passphrases SET changed_at = ?1", [now.0])?)
    }))
    .expect("a change");
    assert_eq!(
        send(&visitor, &code()).to(),
        "/login",
        "an old passphrase proves nothing"
    );
}

#[test]
fn the_trace_says_which_step_failed_and_the_page_does_not() {
    let (app, _) = with_phone();
    let visitor = half(&app);
    let page = send(&visitor, "00000");
    assert_eq!(page.status, 401);
    assert!(
        page.text()
            .contains("This code is not right, or was used before.")
    );
    let row = "SELECT count(*) FROM sign_ins WHERE outcome = 'waiting' AND problem = 'second_factor.wrong'";
    assert_eq!(app.count(row), 1);
    let reference = page.reference();
    let passed = format!(
        "SELECT count(*) FROM sign_ins WHERE reference = '{reference}'
         AND json_extract(trace, '$.checks[0].verdict') LIKE 'passed'"
    );
    assert_eq!(app.count(&passed), 1);
}

#[test]
fn a_recovery_code_stands_for_the_factor_but_never_for_both() {
    let (app, phone) = with_phone();
    let visitor = half(&app);
    assert_eq!(send(&visitor, &app.recovery_codes[0].to_lowercase()).to(), "/");
    assert_eq!(send(&half(&app), &app.recovery_codes[0]).status, 401, "once");
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'recovery_code.used'"),
        1
    );
    let recover = |code: &str, second: &str| {
        let fields = [
            ("email", ALICE),
            ("code", code),
            ("second", second),
            ("passphrase", NEW),
            ("passphrase_again", NEW),
        ];
        app.visitor().post("/login/recovery", &fields)
    };
    let unused = "SELECT count(*) FROM recovery_codes WHERE used_at IS NULL";
    assert_eq!(
        recover(&app.recovery_codes[1], "").status,
        401,
        "the sheet alone is not enough"
    );
    let two = recover(&app.recovery_codes[1], &app.recovery_codes[2]);
    assert_eq!(two.status, 401, "nor two codes of it");
    assert_eq!(app.count(unused), 9, "and costs none");
    let code = phone.code(app.ctx.now(), 0);
    assert_eq!(recover("00000-00000-00000-00000", &code).status, 401);
    assert_eq!(
        recover(&app.recovery_codes[1], &code).to(),
        "/admin",
        "with the app it is"
    );
    assert_eq!(app.count(unused), 8);
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE strong = 1"), 1);
}

#[test]
fn an_owner_has_a_week_to_the_millisecond() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app.forward(GRACE - 1);
    let alice = app.alice();
    let page = alice.get("/admin");
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("Set up a second factor by"),
        "{}",
        page.text()
    );
    assert!(alice.get("/account").text().contains("Set up a second factor by"));
    app.forward(1);
    for path in ["/admin", "/", "/admin/people", "/account", "/account/passphrase"] {
        assert_eq!(alice.get(path).to(), "/account/factors", "{path}");
    }
    assert_eq!(
        alice
            .post("/admin/people/new", &[("email", "x@example.com")])
            .status,
        403
    );
    assert_eq!(alice.get("/api/v1/me").status, 403);
    let page = alice.get("/account/factors");
    assert!(page.text().contains("needs a second factor now"));
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/").status, 200, "members are not asked");
    assert_eq!(
        app.alice().get("/admin").to(),
        "/account/factors",
        "a new session neither"
    );
    let phone = alice.set_up_phone(app.ctx.now());
    assert_eq!(alice.get("/admin").status, 200);
    app.forward(STEP);
    let visitor = half(&app);
    assert_eq!(send(&visitor, &phone.code(app.ctx.now(), 0)).to(), "/");
    assert!(!visitor.get("/admin").text().contains("second factor by"));
}

#[test]
fn the_week_begins_with_the_role_or_the_passphrase_and_not_with_a_new_one() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app.forward(GRACE);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nrole = \"admin\"\n");
    app.forward(GRACE - 1);
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/admin").status, 200);
    let changed = [
        ("current", PASSPHRASE),
        ("passphrase", NEW),
        ("passphrase_again", NEW),
    ];
    assert_eq!(bob.post("/account/passphrase", &changed).to(), "/account");
    app.apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Robert\"\n");
    app.forward(1);
    assert_eq!(bob.get("/admin").to(), "/account/factors");
}

#[test]
fn whom_an_identity_provider_vouches_for_is_not_asked() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let okta = app.connect("okta", "");
    app.speaks_for_us("okta");
    okta.sign_in(&app.visitor(), BOB);
    app.give_passphrase(BOB, PASSPHRASE);
    let long_ago = |sql: &'static str| block_on(app.ctx.store.write(move |w| Ok(w.execute(sql, [])?)));
    long_ago("UPDATE people SET role_since = 0").expect("a role");
    long_ago("UPDATE passphrases SET made_at = 0").expect("a passphrase");
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    assert_eq!(bob.get("/admin").status, 200);
    assert_eq!(
        app.signed_in(BOB, PASSPHRASE).get("/admin").to(),
        "/account/factors"
    );
}

#[test]
fn changing_a_passphrase_takes_the_current_one_and_ends_other_sessions() {
    let app = TestApp::start();
    let (alice, other) = (app.alice(), app.alice());
    let change = |current: &str, new: &str, again: &str| {
        let fields = [
            ("current", current),
            ("passphrase", new),
            ("passphrase_again", again),
        ];
        alice.post("/account/passphrase", &fields)
    };
    assert_eq!(
        change("seven tired herons folding caps", NEW, NEW)
            .all("#current-error")
            .len(),
        1
    );
    assert_eq!(
        change(PASSPHRASE, "passwordpassword", "passwordpassword")
            .all("#passphrase-error")
            .len(),
        1
    );
    assert_eq!(
        change(PASSPHRASE, NEW, PASSPHRASE)
            .all("#passphrase_again-error")
            .len(),
        1
    );
    assert_eq!(change(PASSPHRASE, NEW, NEW).to(), "/account");
    assert_eq!((alice.email().as_deref(), other.email()), (Some(ALICE), None));
    app.signed_in(ALICE, NEW);
}

#[test]
fn an_owner_removes_what_somebody_lost_and_nobody_else_does() {
    let app = TestApp::start();
    for (email, role) in [(BOB, "member"), ("carol@example.com", "admin")] {
        app.add(email, role);
        app.give_passphrase(email, PASSPHRASE);
    }
    let bob = app.signed_in(BOB, PASSPHRASE);
    bob.set_up_phone(app.ctx.now());
    let (alice, carol) = (app.alice(), app.signed_in("carol@example.com", PASSPHRASE));
    let person = alice
        .get("/admin/people?q=bob")
        .attributes("a.row", "href")
        .remove(0);
    let path = format!("{person}/factors/authenticator/removal");
    assert!(alice.get(&person).text().contains("Authenticator app"));
    assert!(!carol.get(&person).text().contains(&path));
    assert_eq!(
        (carol.get(&path).status, carol.post(&path, &[]).status),
        (403, 403)
    );
    assert_eq!(alice.get(&path).heading(), "Remove a second factor");
    assert_eq!(alice.post(&path, &[]).to(), person);
    assert_eq!(bob.email(), None, "signed out everywhere");
    assert_eq!(alice.post(&path, &[]).status, 404);
    app.signed_in(BOB, PASSPHRASE);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'totp.removed'"),
        1
    );

    alice.set_up_phone(app.ctx.now());
    let own = alice
        .get("/admin/people?q=alice")
        .attributes("a.row", "href")
        .remove(0);
    assert_eq!(
        alice
            .post(&format!("{own}/factors/authenticator/removal"), &[])
            .status,
        409
    );
}

#[test]
fn a_session_without_the_factor_does_not_touch_it() {
    let app = TestApp::start();
    let (weak, alice) = (app.alice(), app.alice());
    alice.set_up_phone(app.ctx.now());
    for path in ["authenticator/removal", "recovery-codes"] {
        let page = weak.post(&format!("/account/factors/{path}"), &[]);
        assert_eq!(page.status, 403, "{path}");
    }
    assert_eq!(app.count("SELECT count(*) FROM totp"), 1);
    let made = alice.post("/account/factors/recovery-codes", &[]);
    assert_eq!(
        (made.status, made.all(".codes li").len()),
        (200, enroll::RECOVERY_CODES)
    );
    assert_eq!(made.header("cache-control"), "no-store");
    app.forward(STEP);
    assert_eq!(
        send(&half(&app), &app.recovery_codes[0]).status,
        401,
        "the old ones are gone"
    );
    assert_eq!(send(&half(&app), &made.all(".codes li")[0]).to(), "/");
}

#[test]
fn a_proof_of_somebody_signed_in_is_as_strong_as_what_they_have() {
    let app = TestApp::start();
    let alice = app.alice();
    let prove = |code: Option<String>| {
        let token = alice.cookie("doorward").expect("a cookie");
        block_on(async {
            let principal = app.ctx.admit(&token).await.expect("a look").expect("alice");
            let passphrase = Zeroizing::new(PASSPHRASE.to_owned());
            let proof = Proof::Passphrase { passphrase, code };
            factors::prove(&app.ctx, &principal, proof, None, &Seen::default()).await
        })
    };
    assert_eq!(prove(None).ok(), Some(Strength::Passphrase));
    let phone = alice.set_up_phone(app.ctx.now());
    assert!(prove(None).is_err(), "not enough any more");
    assert!(
        prove(Some(phone.code(app.ctx.now(), 0))).is_err(),
        "used when it was set up"
    );
    app.forward(STEP);
    let sessions = app.count("SELECT count(*) FROM sessions");
    assert_eq!(
        prove(Some(phone.code(app.ctx.now(), 0))).ok(),
        Some(Strength::Strong)
    );
    assert!(prove(Some(phone.code(app.ctx.now(), 0))).is_err(), "once");
    assert_eq!(app.count("SELECT count(*) FROM sessions"), sessions);
}

#[test]
fn a_strong_sign_in_is_the_proof_that_break_glass_owners_owe() {
    let (app, phone) = with_phone();
    let put = "INSERT INTO break_glass (person_id, made_by, made_at) SELECT id, 'test', 0 FROM people";
    block_on(app.ctx.store.write(move |w| Ok(w.execute(put, [])?))).expect("a row");
    let proved = || app.count("SELECT coalesce(max(proved_at), 0) FROM break_glass");
    let visitor = half(&app);
    assert_eq!(proved(), 0, "the passphrase alone is none");
    assert_eq!(send(&visitor, &phone.code(app.ctx.now(), 0)).to(), "/");
    assert_eq!(proved(), app.ctx.now().0);
}

#[test]
fn a_recovery_code_makes_a_strong_session_but_is_no_proof_that_the_factor_works() {
    let (app, phone) = with_phone();
    let put = "INSERT INTO break_glass (person_id, made_by, made_at) SELECT id, 'test', 0 FROM people";
    block_on(app.ctx.store.write(move |w| Ok(w.execute(put, [])?))).expect("a row");
    let proved = || app.count("SELECT coalesce(max(proved_at), 0) FROM break_glass");
    let strong = || app.count("SELECT count(*) FROM sessions WHERE strong = 1");
    let (alice, before) = (half(&app), strong());
    assert_eq!(send(&alice, &app.recovery_codes[0]).to(), "/");
    assert_eq!((strong(), proved()), (before + 1, 0), "at the second step");
    let prove = |code: &str| alice.post("/reauth", &[("passphrase", PASSPHRASE), ("code", code)]);
    assert_eq!(prove(&app.recovery_codes[1]).status, 303);
    assert_eq!(proved(), 0, "signed in");
    let code = phone.code(app.ctx.now(), 0);
    assert_eq!(prove(&code).status, 303);
    assert_eq!(proved(), app.ctx.now().0, "the app is a proof there");
    let last = proved();
    app.forward(2 * STEP);
    let code = phone.code(app.ctx.now(), 0);
    let fields = [
        ("email", ALICE),
        ("code", app.recovery_codes[2].as_str()),
        ("second", &code),
        ("passphrase", NEW),
        ("passphrase_again", NEW),
    ];
    assert_eq!(app.visitor().post("/login/recovery", &fields).to(), "/admin");
    assert_eq!(proved(), last, "in the place of the passphrase");
}
