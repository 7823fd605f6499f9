//! What has expired goes, and what strangers can cause is bounded.

use doorward::config::Config;
use doorward::flows::maintain::{LOOSE_TRACES, TRACE_LIFE, sweep};
use doorward::flows::sign_on::FLOW_LIFE;
use doorward::flows::throttle::{ADDRESS_WINDOW, STARTS_PER_ADDRESS};
use doorward::store::sign_ins;
use doorward::web::server::block_on;

use crate::app::{Asked, BOB, Page, TestApp, Visitor};

#[test]
fn attempts_of_strangers_are_bounded_and_good_ones_stay() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    for _ in 0..6 {
        app.forward(1);
        app.visitor().ask("okta", "");
    }
    let gone = block_on(app.ctx.store.write(|w| sign_ins::delete_loose_beyond(w, 4)));
    assert_eq!(gone.expect("swept"), 2);
    assert_eq!(
        app.count("SELECT count(*) FROM sign_ins WHERE outcome = 'waiting'"),
        4
    );
    assert_eq!(
        app.count("SELECT count(*) FROM sign_ins WHERE outcome = 'succeeded'"),
        1
    );
}

#[test]
fn after_a_month_nothing_of_a_sign_in_is_left() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    okta.sign_in(&app.visitor(), BOB);
    app.visitor().ask("okta", "");
    block_on(sweep(&app.ctx)).expect("swept");
    assert_eq!(app.count("SELECT count(*) FROM sign_ins"), 2);
    app.forward(TRACE_LIFE + 1);
    block_on(sweep(&app.ctx)).expect("swept");
    for table in ["sign_ins", "sessions", "seen_assertions"] {
        assert_eq!(app.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
}

#[test]
fn what_was_refused_pushes_nobody_out_who_is_on_their_way() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let asked = bob.ask("okta", "");
    for number in 0..8 {
        app.forward(1);
        let junk = okta.response("mallory@example.com", Some(&format!("_none{number}")), |_| {});
        assert_eq!(app.visitor().answer("okta", &junk, None).status, 403);
    }
    let gone = block_on(app.ctx.store.write(|w| sign_ins::delete_loose_beyond(w, 4)));
    assert_eq!(gone.expect("swept"), 4);
    let answer = okta.response(BOB, Some(&asked.id), |_| {});
    assert_eq!(bob.answer("okta", &answer, None).to(), "/");
}

fn start_from(visitor: &Visitor, address: &str) -> Page {
    let request = visitor.client.get(visitor.url("/sso/okta"));
    visitor.send(request.header("X-Forwarded-For", address))
}

#[test]
fn one_address_starts_so_many_sign_ins_a_minute_and_holds_up_nobody_else() {
    // Whoever goes on like this from one address stays far from what is kept.
    const { assert!(STARTS_PER_ADDRESS * (FLOW_LIFE / ADDRESS_WINDOW) * 20 < LOOSE_TRACES) };
    let app = TestApp::start_with(|config: &mut Config| {
        config.behind_proxy = vec!["127.0.0.1/32".parse().expect("a network")];
    });
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let (alice, bob, mallory) = (app.alice(), app.visitor(), app.visitor());
    let asked = Asked::read(start_from(&bob, "203.0.113.7").to());
    for _ in 1..STARTS_PER_ADDRESS {
        assert_eq!(start_from(&mallory, "203.0.113.7").status, 303);
    }
    let waiting = "SELECT count(*) FROM sign_ins WHERE outcome = 'waiting'";
    for _ in 0..3 {
        let shut = start_from(&mallory, "203.0.113.7");
        assert_eq!((shut.status, shut.header("retry-after")), (429, "60"));
        assert_eq!(shut.heading(), "Too many attempts");
        assert!(shut.text().contains("Wait a minute, then try again."));
    }
    assert_eq!(app.count(waiting), STARTS_PER_ADDRESS);
    assert_eq!(start_from(&app.visitor(), "203.0.113.8").status, 303);
    let testing = alice.client.post(alice.url("/admin/integrations/okta/tests"));
    let testing = testing
        .header("Sec-Fetch-Site", "same-origin")
        .header("X-Forwarded-For", "203.0.113.7");
    assert_eq!(alice.send(testing).status, 303, "an admin's test is not counted");
    let answer = okta.response(BOB, Some(&asked.id), |_| {});
    assert_eq!(
        bob.answer("okta", &answer, None).to(),
        "/",
        "whoever began goes on"
    );
    app.forward(ADDRESS_WINDOW);
    assert_eq!(start_from(&mallory, "203.0.113.7").status, 303);
}
