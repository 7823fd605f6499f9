//! A provider's keys and documents: kept, refreshed, and a provider that is away costs its own people only.

use std::time::{Duration, Instant};

use doorward::flows::connect::openid::refresh_providers;
use doorward::model::time::{DAY, HOUR, MINUTE};
use doorward::web::server::block_on;

use crate::app::{BOB, TestApp};
use crate::idp::NOW;
use crate::oidc::key::Key;
use crate::oidc::misdeeds::Misdeed;
use crate::oidc::op::TestOp;

fn with_bob() -> (TestApp, TestOp) {
    let app = TestApp::start();
    app.add(BOB, "member");
    let op = app.connect_openid("okta", "");
    (app, op)
}

/// Moves both clocks.
fn forward(app: &TestApp, op: &TestOp, millis: i64, since: &mut i64) {
    app.forward(millis);
    *since += millis;
    op.set_now((NOW.0 + *since) / 1000);
}

fn comes_in(app: &TestApp, op: &TestOp) -> bool {
    app.visitor().sign_in_openid("okta", op).status == 303
}

#[test]
fn keys_are_kept_for_an_hour_and_do_for_a_day_when_the_provider_is_away() {
    let (app, op) = with_bob();
    let mut since = 0;
    assert_eq!(op.asked("/keys"), 1, "when it was saved");
    forward(&app, &op, HOUR - MINUTE, &mut since);
    assert!(comes_in(&app, &op));
    assert_eq!(op.asked("/keys"), 1);
    forward(&app, &op, 2 * MINUTE, &mut since);
    assert!(comes_in(&app, &op));
    assert_eq!(op.asked("/keys"), 2);
    op.misbehave(Misdeed::KeysNotJson);
    forward(&app, &op, DAY - MINUTE, &mut since);
    for _ in 0..3 {
        assert!(comes_in(&app, &op), "kept keys do for a day");
    }
    assert_eq!(op.asked("/keys"), 3, "asked once a minute at most");
    forward(&app, &op, 2 * MINUTE, &mut since);
    assert!(!comes_in(&app, &op), "after a day they do no longer");
    assert_eq!(
        app.count("SELECT count(*) FROM sign_ins WHERE problem = 'oidc.keys'"),
        1
    );
    op.behave();
    forward(&app, &op, MINUTE, &mut since);
    assert!(comes_in(&app, &op));
}

#[test]
fn an_unknown_key_is_looked_for_once_a_minute() {
    let (app, op) = with_bob();
    let mut since = 0;
    op.rotate(Key::rsa("k2"));
    forward(&app, &op, MINUTE, &mut since);
    assert!(comes_in(&app, &op), "a rotation needs nobody's hands");
    assert_eq!(op.asked("/keys"), 2);
    op.misbehave(Misdeed::UnknownKid);
    for _ in 0..5 {
        assert!(!comes_in(&app, &op));
    }
    assert_eq!(op.asked("/keys"), 2, "less than a minute ago");
    forward(&app, &op, MINUTE, &mut since);
    for _ in 0..5 {
        assert!(!comes_in(&app, &op));
    }
    assert_eq!(op.asked("/keys"), 3);
    op.behave();
    assert!(comes_in(&app, &op));
}

#[test]
fn a_slow_provider_costs_its_own_people_only() {
    let (app, slow) = with_bob();
    let quick = app.connect_openid("quick", "");
    quick.signs_in(serde_json::json!({ "sub": "q", "email": BOB, "email_verified": true }));
    app.apply("[[connection]]\nslug = \"quick\"\ndomains = [\"example.com\"]\n");
    slow.misbehave(Misdeed::TokenSlow);
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(app.visitor().sign_in_openid("okta", &slow).status, 403));
        }
        std::thread::sleep(Duration::from_millis(500));
        let before = Instant::now();
        assert_eq!(app.visitor().sign_in_openid("quick", &quick).to(), "/");
        assert!(
            before.elapsed() < Duration::from_secs(4),
            "{:?}",
            before.elapsed()
        );
    });
}

#[test]
fn discovery_is_read_again_after_a_day_and_what_fails_changes_nothing() {
    let (app, op) = with_bob();
    let asked = || op.asked("/.well-known/openid-configuration");
    let refresh = || block_on(refresh_providers(&app.ctx)).expect("a look");
    refresh();
    assert_eq!(asked(), 1, "read when it was saved");
    app.forward(DAY);
    op.misbehave(Misdeed::DiscoveryOfAnother);
    refresh();
    refresh();
    assert_eq!(asked(), 2, "not again within the hour");
    app.forward(HOUR);
    op.rotate(Key::p256("k9"));
    op.behave();
    let before = app.count("SELECT count(*) FROM events WHERE action = 'connection.changed'");
    refresh();
    assert_eq!(asked(), 3);
    let after = app.count("SELECT count(*) FROM events WHERE action = 'connection.changed'");
    assert_eq!(after, before + 1, "another algorithm is announced now");
    let issuer = format!(
        "SELECT count(*) FROM connections WHERE json_extract(oidc, '$.provider.issuer') = '{}'",
        op.issuer
    );
    assert_eq!(app.count(&issuer), 1);
}
