//! Signing in with a passphrase: nobody learns who is known here, nobody guesses for long, and sessions end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use doorward::config::Config;
use doorward::flows::passphrase::LONGEST;
use doorward::flows::throttle::{ADDRESS_WINDOW, FAILURES_IN_A_ROW, WINDOW};
use doorward::model::time::{DAY, HOUR, MINUTE, SECOND};

use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};
use crate::lockout::apply_anyway;

const WRONG: &str = "seven tired herons folding caps";

/// Behind a proxy, so that a test can come from many addresses.
fn proxied() -> TestApp {
    let trust = |config: &mut Config| config.behind_proxy = vec!["127.0.0.1/32".parse().expect("a network")];
    let app = TestApp::start_with(trust);
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app
}

fn attempt(visitor: &Visitor, address: &str, email: &str, passphrase: &str) -> Page {
    let request = visitor.client.post(visitor.url("/login"));
    let request = request
        .header("Sec-Fetch-Site", "same-origin")
        .header("X-Forwarded-For", address);
    visitor.send(request.form(&[("email", email), ("passphrase", passphrase)]))
}

/// Fails `times`, each time from another address.
fn fail(app: &TestApp, email: &str, times: i64) {
    let mallory = app.visitor();
    for time in 0..times {
        let page = attempt(&mallory, &format!("203.0.113.{}", time % 250), email, WRONG);
        assert_eq!(page.status, 401, "attempt {time}");
    }
}

fn headers(page: &Page) -> BTreeMap<String, String> {
    let all = page.headers.iter().filter(|(name, _)| *name != "date");
    all.map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect()
}

/// Signs in as all of them; fails unless everybody is refused with the same bytes, in about the same time. Returns the
/// headers and the page, without what is different at every call by design.
fn one_answer(app: &TestApp, cases: &[(&str, &str)]) -> (BTreeMap<String, String>, String) {
    let mut seen = Vec::new();
    for (email, passphrase) in cases.iter().copied() {
        let mut shortest = Duration::MAX;
        let mut page = None;
        for _ in 0..4 {
            let began = Instant::now();
            page = Some(
                app.visitor()
                    .post("/login", &[("email", email), ("passphrase", passphrase)]),
            );
            shortest = shortest.min(began.elapsed());
            app.forward(ADDRESS_WINDOW);
        }
        let page = page.expect("an answer");
        assert_eq!(page.status, 401, "{email}");
        let body = page
            .text()
            .replace(&page.reference(), "REFERENCE")
            .replace(&format!("value=\"{email}\""), "value");
        seen.push((email, headers(&page), body, shortest));
    }
    let (_, headers, body, time) = &seen[0];
    for (email, other_headers, other_body, other_time) in &seen[1..] {
        assert_eq!((headers, body), (other_headers, other_body), "{email}");
        let ratio = other_time.as_secs_f64() / time.as_secs_f64();
        // Without the work of a hash it would be a tenth; how equal the times are, `cargo bench --bench login` tells.
        assert!(
            (0.2..5.0).contains(&ratio),
            "{email} took {other_time:?}, a wrong passphrase {time:?}"
        );
    }
    assert!(!body.contains(WRONG) && !body.contains(PASSPHRASE));
    (headers.clone(), body.clone())
}

/// Somebody without a passphrase, and somebody who is deactivated.
fn with_people() -> TestApp {
    let app = TestApp::start();
    app.add("nopas@example.com", "member");
    app.add("david@example.com", "member");
    app.give_passphrase("david@example.com", PASSPHRASE);
    app.apply("[[person]]\nemail = \"david@example.com\"\nactive = false\n");
    app
}

#[test]
fn wrong_unknown_deactivated_and_without_passphrase_are_one_answer() {
    let cases = [
        (ALICE, WRONG),
        ("erica@example.com", PASSPHRASE),
        ("david@example.com", PASSPHRASE),
        ("david@example.com", WRONG),
        ("nopas@example.com", PASSPHRASE),
        ("not-an-address!!!", PASSPHRASE),
    ];
    let (headers, _) = one_answer(&with_people(), &cases);
    assert!(!headers.contains_key("set-cookie"), "{headers:?}");
}

#[test]
fn the_right_passphrase_of_somebody_who_is_sent_elsewhere_is_the_same_answer() {
    let app = with_people();
    // As long as the other addresses: the page repeats what was typed.
    app.add("robin@example.com", "member");
    app.give_passphrase("robin@example.com", PASSPHRASE);
    app.connect("okta", "");
    apply_anyway(&app, "[[connection]]\nslug = \"okta\"\nenforced = true\n");
    let cases = [
        ("robin@example.com", PASSPHRASE),
        ("robin@example.com", WRONG),
        (ALICE, PASSPHRASE),
        ("erica@example.com", PASSPHRASE),
        ("david@example.com", PASSPHRASE),
        ("nopas@example.com", PASSPHRASE),
    ];
    let (headers, body) = one_answer(&app, &cases);
    assert!(!headers.contains_key("set-cookie"), "{headers:?}");
    assert!(body.contains("okta"), "where everybody signs in: {body}");
    let told = "SELECT count(*) FROM sign_ins WHERE problem = 'enforce.elsewhere'";
    assert_eq!(app.count(told), 8, "that it was right is in the trace alone");
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 0);
}

#[test]
fn ten_wrong_attempts_close_an_account_for_a_while_whoever_it_is() {
    let app = proxied();
    for email in [BOB, "nobody@example.com"] {
        fail(&app, email, 10);
        let shut = attempt(&app.visitor(), "198.51.100.1", email, PASSPHRASE);
        assert_eq!(shut.status, 429, "{email}: the right one does not help either");
        assert_eq!(shut.header("retry-after"), (WINDOW / SECOND).to_string());
        assert!(shut.text().contains("too many wrong attempts"), "{}", shut.text());
        assert!(!shut.text().contains(PASSPHRASE));
    }
    let alice = attempt(&app.visitor(), "198.51.100.1", ALICE, PASSPHRASE);
    assert_eq!(alice.status, 303, "nobody else is touched");
    app.forward(WINDOW - SECOND);
    let still = attempt(&app.visitor(), "198.51.100.1", BOB, PASSPHRASE);
    assert_eq!((still.status, still.header("retry-after")), (429, "1"));
    app.forward(SECOND);
    assert_eq!(attempt(&app.visitor(), "198.51.100.1", BOB, PASSPHRASE).to(), "/");
    fail(&app, BOB, 9);
    assert_eq!(
        attempt(&app.visitor(), "198.51.100.1", BOB, PASSPHRASE).to(),
        "/",
        "a good one clears the count"
    );
    fail(&app, BOB, 10);
}

#[test]
fn spellings_of_one_address_are_one_account() {
    let app = proxied();
    let spellings = [
        BOB,
        "BOB@EXAMPLE.COM",
        " bob@example.com ",
        "Bob@Example.com",
        "bob@EXAMPLE.com",
    ];
    for round in 0..2 {
        for spelling in spellings {
            let page = attempt(&app.visitor(), &format!("203.0.113.{round}"), spelling, WRONG);
            assert_eq!(page.status, 401, "{spelling}");
        }
    }
    for spelling in spellings {
        assert_eq!(
            attempt(&app.visitor(), "203.0.113.9", spelling, WRONG).status,
            429,
            "{spelling}"
        );
    }
    app.forward(WINDOW);
    assert_eq!(
        attempt(&app.visitor(), "203.0.113.9", " BOB@example.COM", PASSPHRASE).to(),
        "/"
    );
}

#[test]
fn an_address_that_guesses_at_many_accounts_has_to_wait() {
    let app = proxied();
    let mallory = app.visitor();
    for time in 0..30 {
        let email = format!("person{time}@example.com");
        assert_eq!(
            attempt(&mallory, "203.0.113.7", &email, WRONG).status,
            401,
            "{time}"
        );
        // An account of their own must not wash the address clean.
        if time % 10 == 9 && time < 29 {
            assert_eq!(attempt(&mallory, "203.0.113.7", BOB, PASSPHRASE).status, 303);
        }
    }
    let shut = attempt(&mallory, "203.0.113.7", ALICE, PASSPHRASE);
    assert_eq!((shut.status, shut.header("retry-after")), (429, "60"));
    assert_eq!(
        attempt(&app.visitor(), "203.0.113.8", ALICE, PASSPHRASE).status,
        303,
        "a neighbour may"
    );
    app.forward(ADDRESS_WINDOW);
    assert_eq!(attempt(&mallory, "203.0.113.7", ALICE, PASSPHRASE).status, 303);
    // The 2^64 addresses of one IPv6 customer are one.
    for time in 0..30 {
        let page = attempt(
            &mallory,
            &format!("2001:db8:1:2::{time:x}"),
            &format!("p{time}@example.com"),
            WRONG,
        );
        assert_eq!(page.status, 401, "{time}");
    }
    assert_eq!(
        attempt(&mallory, "2001:db8:1:2:ffff::1", ALICE, PASSPHRASE).status,
        429
    );
    assert_eq!(
        attempt(&mallory, "2001:db8:1:3::1", ALICE, PASSPHRASE).status,
        303
    );
}

#[test]
fn a_hundred_in_a_row_close_an_account_for_a_day() {
    let app = proxied();
    for _ in 0..FAILURES_IN_A_ROW / 10 {
        fail(&app, BOB, 10);
        app.forward(WINDOW);
    }
    let try_bob = || attempt(&app.visitor(), "198.51.100.1", BOB, PASSPHRASE);
    let shut = try_bob();
    assert_eq!(shut.status, 429);
    assert_eq!(shut.header("retry-after"), ((DAY - WINDOW) / SECOND).to_string());
    app.forward(DAY - WINDOW - SECOND);
    assert_eq!(try_bob().status, 429);
    app.forward(SECOND);
    assert_eq!(try_bob().to(), "/");
}

#[test]
fn fifty_guesses_at_once_are_fifty_guesses() {
    let app = proxied();
    let judged = std::thread::scope(|scope| {
        let app = &app;
        let guess = |n: usize| move || attempt(&app.visitor(), &format!("203.0.113.{n}"), BOB, WRONG).status;
        let all: Vec<_> = (0..50).map(|n| scope.spawn(guess(n))).collect();
        let statuses = all.into_iter().map(|thread| thread.join().expect("an answer"));
        statuses.filter(|status| *status == 401).count()
    });
    assert_eq!(
        judged, 10,
        "no more than ten may be judged, however close together they come"
    );
}

#[test]
fn a_device_that_was_let_in_is_not_locked_out_by_a_stranger() {
    let app = proxied();
    let bob = app.visitor();
    assert_eq!(attempt(&bob, "198.51.100.1", BOB, PASSPHRASE).status, 303);
    bob.post("/logout", &[]);
    fail(&app, BOB, 10);
    assert_eq!(
        attempt(&app.visitor(), "198.51.100.2", BOB, PASSPHRASE).status,
        429
    );
    assert_eq!(attempt(&bob, "198.51.100.1", BOB, PASSPHRASE).status, 303);
    // Neither another person's device nor a made-up one opens that door.
    let alice = app.visitor();
    assert_eq!(attempt(&alice, "198.51.100.3", ALICE, PASSPHRASE).status, 303);
    assert_eq!(attempt(&alice, "198.51.100.3", BOB, PASSPHRASE).status, 429);
    let device = bob.cookie("doorward_device").expect("a device");
    let (nonce, mark) = device.split_once('.').expect("two parts");
    for forged in [
        format!("{nonce}.{}", "0".repeat(mark.len())),
        format!("x{nonce}.{mark}"),
        nonce.to_owned(),
    ] {
        let mallory = app.visitor();
        mallory.plant("doorward_device", &forged);
        assert_eq!(
            attempt(&mallory, "198.51.100.4", BOB, PASSPHRASE).status,
            429,
            "{forged}"
        );
    }
    // The known device has a limit of its own.
    for time in 0..10 {
        assert_eq!(
            attempt(&bob, &format!("192.0.2.{time}"), BOB, WRONG).status,
            401,
            "{time}"
        );
    }
    assert_eq!(attempt(&bob, "192.0.2.99", BOB, PASSPHRASE).status, 429);
}

#[test]
fn passphrases_of_every_language_and_length_are_compared_whole() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let long = "na\u{ef}ve caf\u{e9} \u{1f426} ".repeat(20);
    let long: String = {
        let mut end = LONGEST;
        while !long.is_char_boundary(end) {
            end -= 1;
        }
        long[..end].trim_end().to_owned() + &"x".repeat(LONGEST - long[..end].trim_end().len())
    };
    assert_eq!(long.len(), LONGEST);
    for good in [
        "žluťoučký kůň úpěl ďábelské ódy",
        "七つの疲れた鷺が地図を畳んでいる",
        " leading and trailing ",
        &long,
    ] {
        app.give_passphrase(BOB, good);
        let sign_in = |typed: &str| {
            app.visitor()
                .post("/login", &[("email", BOB), ("passphrase", typed)])
                .status
        };
        assert_eq!(sign_in(good), 303, "{good:?}");
        let mut cut = good.to_owned();
        cut.pop();
        assert_eq!(sign_in(&cut), 401, "without its end: {good:?}");
        assert_eq!(sign_in(&format!("{good}x")), 401, "with more behind it: {good:?}");
        if good.to_uppercase() != good {
            assert_eq!(sign_in(&good.to_uppercase()), 401, "{good:?}");
        }
        app.forward(WINDOW);
    }
    for (much, status) in [(900, 401), (2_000, 422), (60_000, 422), (70_000, 413)] {
        let page = app
            .visitor()
            .post("/login", &[("email", BOB), ("passphrase", &"x".repeat(much))]);
        assert_eq!(page.status, status, "{much}");
        assert!(!page.text().contains("xxxx"), "{much}");
    }
    let page = app
        .visitor()
        .post("/login", &[("email", BOB), ("passphrase", "nul\0nul nul nul")]);
    assert!(matches!(page.status, 401 | 422), "{}", page.status);
}

/// Waits until the server has written down that the session was used.
fn wait_until_seen(app: &TestApp, at: i64) {
    let until = Instant::now() + Duration::from_secs(10);
    while app.count("SELECT max(last_seen_at) FROM sessions") < at {
        assert!(Instant::now() < until, "the session's use was not written down");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_session_ends_when_it_idles_and_when_it_is_old() {
    for (email, idle, absolute) in [(ALICE, HOUR, 12 * HOUR), (BOB, 8 * HOUR, 24 * HOUR)] {
        let app = proxied();
        let visitor = app.signed_in(email, PASSPHRASE);
        app.forward(idle - 1);
        assert!(visitor.me().is_some(), "{email} within the limit");
        wait_until_seen(&app, app.ctx.now().0);
        app.forward(idle);
        assert_eq!(visitor.me(), None, "{email} idle");
        let visitor = app.signed_in(email, PASSPHRASE);
        for _ in 0..absolute / (idle / 2) - 1 {
            app.forward(idle / 2);
            assert!(visitor.me().is_some(), "{email} is busy");
            wait_until_seen(&app, app.ctx.now().0);
        }
        app.forward(idle / 2 - 1);
        assert!(visitor.me().is_some(), "{email} at the last moment");
        app.forward(1);
        assert_eq!(visitor.me(), None, "{email} has been in long enough");
    }
}

#[test]
fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let app = TestApp::start();
    let (alice, elsewhere) = (app.alice(), app.alice());
    let token = alice.cookie("doorward").expect("a session");
    let page = alice.post("/logout", &[]);
    assert_eq!(page.to(), "/login");
    assert_eq!(page.header("clear-site-data"), "\"cache\"");
    assert_eq!(alice.cookie("doorward"), None);
    alice.plant("doorward", &token);
    assert_eq!(alice.me(), None);
    assert!(elsewhere.me().is_some(), "the other browser stays");
    assert!(alice.get("/login").text().contains("You are signed out."));
    assert!(
        !alice.get("/login").text().contains("You are signed out."),
        "said once"
    );
    assert_eq!(
        app.visitor().post("/logout", &[]).to(),
        "/login",
        "a stranger may press the button"
    );
    assert_eq!(
        elsewhere.get("/logout").status,
        200,
        "a link alone signs nobody out"
    );
    assert!(elsewhere.me().is_some());
}

#[test]
fn a_session_that_somebody_planted_is_never_the_one_that_is_signed_in() {
    let app = proxied();
    let made_up = "A".repeat(43);
    let bob = app.visitor();
    bob.plant("doorward", &made_up);
    attempt(&bob, "198.51.100.1", BOB, PASSPHRASE);
    assert_ne!(bob.cookie("doorward"), Some(made_up.clone()));
    let mallory = app.visitor();
    mallory.plant("doorward", &made_up);
    assert_eq!(mallory.me(), None);
    let first = bob.cookie("doorward").expect("a session");
    attempt(&bob, "198.51.100.1", BOB, PASSPHRASE);
    mallory.plant("doorward", &first);
    assert_eq!(
        mallory.me(),
        None,
        "a new sign-in ends the session that the browser had"
    );
    assert!(bob.me().is_some());
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
    app.forward(MINUTE);
    assert_eq!(bob.email().as_deref(), Some(BOB));
}
