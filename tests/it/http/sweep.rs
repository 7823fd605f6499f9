//! What has expired goes, and what strangers can cause is bounded.

use doorward::flows::maintain::{TRACE_LIFE, sweep};
use doorward::store::sign_ins;
use doorward::web::server::block_on;

use crate::app::{BOB, TestApp};

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
