//! Making, using and ending tokens and passkeys.

use doorward::error::Kind;
use doorward::flows::credentials::{self, Made};
use doorward::flows::{Act, Who};
use doorward::model::time::{DAY, MINUTE, SECOND};
use doorward::model::{CredentialId, PersonId};
use doorward::store;
use doorward::web::server::block_on;

use super::is_on_disk;
use crate::app::{BOB, TestApp};

fn act<T: Send + 'static>(
    app: &TestApp,
    who: Who,
    work: impl FnOnce(&Act) -> doorward::error::Result<T> + Send + 'static,
) -> doorward::error::Result<T> {
    block_on(app.ctx.act(who, work))
}

fn make(app: &TestApp, label: &'static str, basic: bool) -> doorward::error::Result<Made> {
    act(app, Who::Command("test"), move |act| match basic {
        true => credentials::make_basic(act, "okta", label, None),
        false => credentials::make_bearer(act, "okta", label, None),
    })
}

#[test]
fn two_of_a_kind_are_live_and_a_third_is_told_which_to_revoke() {
    let app = TestApp::start();
    app.apply("[[connection]]\nslug = \"okta\"\n");
    for basic in [false, true] {
        let first = make(&app, "old", basic).expect("the first");
        app.forward(DAY);
        let second = make(&app, "new", basic).expect("the second");
        assert_ne!(first.secret, second.secret);
        assert_eq!(first.secret.len(), 47, "{}", first.secret);
        assert!(first.secret.starts_with(if basic { "dwp_" } else { "dws_" }));
        let names = [first.user_name.as_deref(), second.user_name.as_deref()];
        assert_eq!(
            names,
            if basic {
                [Some("okta"), Some("okta-2")]
            } else {
                [None, None]
            }
        );
        let error = make(&app, "third", basic).expect_err("three are too many");
        assert_eq!(error.kind, Kind::Conflict);
        for word in ["\"old\"", "\"new\"", "Revoke", "probably \"old\""] {
            assert!(error.message.contains(word), "{word}: {error}");
        }
        app.revoke("okta", &first);
        let third = make(&app, "third", basic).expect("room again");
        assert_eq!(third.user_name.as_deref(), basic.then_some("okta"));
        for made in [&first, &second, &third] {
            assert!(!is_on_disk(&app, &made.secret), "a secret is kept");
        }
    }
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'credential.made'"),
        6
    );
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'credential.revoked'"),
        2
    );
}

#[test]
fn only_an_admin_makes_and_ends_credentials() {
    let app = TestApp::start();
    app.scim("okta");
    app.add(BOB, "member");
    let bob = app
        .ctx
        .store
        .read(|r| store::people::find_by_email(r, BOB))
        .expect("read")
        .expect("bob")
        .id;
    let made = app.bearer("okta", None);
    let id = made.id;
    for error in [
        act(&app, Who::Person(bob), |act| {
            credentials::make_bearer(act, "okta", "x", None).map(drop)
        }),
        act(&app, Who::Person(bob), |act| {
            credentials::make_basic(act, "okta", "x", None).map(drop)
        }),
        act(&app, Who::Person(bob), move |act| {
            credentials::revoke(act, "okta", id)
        }),
        act(&app, Who::Doorward, move |act| {
            credentials::revoke(act, "okta", id)
        }),
        act(&app, Who::Person(PersonId::new(app.ctx.now(), [0; 10])), |act| {
            credentials::make_bearer(act, "okta", "x", None).map(drop)
        }),
    ] {
        assert_eq!(error.expect_err("refused").kind, Kind::Denied);
    }
    app.apply("[[connection]]\nslug = \"other\"\n");
    let elsewhere = act(&app, Who::Command("test"), move |act| {
        credentials::revoke(act, "other", id)
    });
    assert_eq!(elsewhere.expect_err("not there").kind, Kind::NotFound);
    let unknown = CredentialId::new(app.ctx.now(), [1; 10]);
    let unknown = act(&app, Who::Command("test"), move |act| {
        credentials::revoke(act, "okta", unknown)
    });
    assert_eq!(unknown.expect_err("not there").kind, Kind::NotFound);
}

#[test]
fn the_last_use_is_written_once_a_minute_and_not_waited_for() {
    let app = TestApp::start();
    let okta = app.scim("okta");
    let seen = |at: i64| {
        let until = std::time::Instant::now();
        let sql = format!(
            "SELECT count(*) FROM scim_credentials WHERE last_used_at = {at} AND last_address = '127.0.0.1'"
        );
        while app.count(&sql) == 0 {
            assert!(until.elapsed().as_secs() < 5, "the use at {at} was not written");
            std::thread::yield_now();
        }
    };
    let first = app.ctx.now().0;
    okta.get("/Users?count=0");
    seen(first);
    app.forward(59 * SECOND);
    okta.get("/Users?count=0");
    app.flush_scim_log();
    seen(first);
    app.forward(SECOND);
    okta.get("/Users?count=0");
    seen(first + MINUTE);
}

#[test]
fn a_label_or_lifetime_that_makes_no_sense_is_refused() {
    let app = TestApp::start();
    app.apply("[[connection]]\nslug = \"okta\"\n");
    for (label, lifetime, field) in [
        ("a\u{7}b", None, "label"),
        ("x", Some(0), "expires"),
        ("x", Some(-1), "expires"),
        ("x", Some(i64::MAX), "expires"),
    ] {
        let made = act(&app, Who::Command("test"), move |act| {
            credentials::make_bearer(act, "okta", label, lifetime)
        });
        assert_eq!(made.expect_err("refused").fields()[0].field, field);
    }
    let none = act(&app, Who::Command("test"), |act| {
        credentials::make_bearer(act, "none", "x", None)
    });
    assert_eq!(none.expect_err("no such connection").kind, Kind::NotFound);
    assert_eq!(app.count("SELECT count(*) FROM scim_credentials"), 0);
}
