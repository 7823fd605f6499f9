//! Signing in through SAML: the good way, and every way in which an answer must not be believed.

use doorward::flows::sign_on::FLOW_LIFE;
use doorward::model::time::MINUTE;

use crate::app::{BOB, TestApp};

#[test]
fn a_member_signs_in_and_out() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    assert_eq!(okta.sign_in(&bob, BOB).to(), "/");
    let me = bob.me().expect("bob is in");
    assert_eq!(me["email"], BOB);
    assert_eq!(me["connection"], "okta");
    assert_eq!(bob.post("/logout", &[]).to(), "/login");
    assert_eq!(bob.me(), None);
}

#[test]
fn the_person_lands_where_they_wanted_to_go_and_never_elsewhere() {
    let app = TestApp::start();
    app.add(BOB, "admin");
    let okta = app.connect("okta", "");
    app.speaks_for_us("okta");
    for (wish, lands) in [
        ("/admin/people?q=x", "/admin/people?q=x"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/%2fevil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nSet-Cookie: x=y", "/"),
    ] {
        let bob = app.visitor();
        let query = doorward::web::urls::query("", &[("return_to", wish)]);
        let asked = bob.ask("okta", &query);
        let answer = bob.answer("okta", &okta.response(BOB, Some(&asked.id), |_| {}), Some(wish));
        assert_eq!(answer.to(), lands, "{wish}");
    }
}

#[test]
fn an_answer_counts_once() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let asked = bob.ask("okta", "");
    let response = okta.response(BOB, Some(&asked.id), |_| {});
    assert_eq!(bob.answer("okta", &response, None).to(), "/");
    bob.post("/logout", &[]);
    let again = bob.answer("okta", &response, None);
    assert_eq!(again.status, 403);
    assert_eq!(bob.me(), None);
    // Another assertion for the request that was answered already.
    let other = okta.response(BOB, Some(&asked.id), |r| r.assertion_id = "_other".into());
    assert_eq!(bob.answer("okta", &other, None).status, 403);
    assert_eq!(bob.me(), None);
}

#[test]
fn twenty_answers_at_once_make_one_session() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let asked = bob.ask("okta", "");
    let response = okta.response(BOB, Some(&asked.id), |_| {});
    let good = std::thread::scope(|scope| {
        let post = || scope.spawn(|| bob.answer("okta", &response, None).status == 303);
        let all: Vec<_> = (0..20).map(|_| post()).collect();
        all.into_iter()
            .filter_map(|t| t.join().ok())
            .filter(|good| *good)
            .count()
    });
    assert_eq!(good, 1);
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
}

#[test]
fn an_answer_belongs_to_the_browser_that_asked() {
    let app = TestApp::start();
    app.add("mallory@example.com", "member");
    let okta = app.connect("okta", "");
    let (mallory, bob) = (app.visitor(), app.visitor());
    // Mallory starts and lets bob's browser post her answer: bob would work in her account.
    let asked = mallory.ask("okta", "");
    let response = okta.response("mallory@example.com", Some(&asked.id), |_| {});
    assert_eq!(bob.answer("okta", &response, None).status, 403);
    assert_eq!(bob.me(), None);
    // Even when bob's browser has a sign-in of its own under way.
    bob.ask("okta", "");
    assert_eq!(bob.answer("okta", &response, None).status, 403);
    assert_eq!(bob.me(), None);
    assert_eq!(
        mallory.answer("okta", &response, None).to(),
        "/",
        "the request is still hers to answer"
    );
}

#[test]
fn an_answer_that_comes_too_late_is_refused() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let asked = bob.ask("okta", "");
    app.forward(FLOW_LIFE + 1);
    let now = doorward::model::Timestamp(crate::idp::NOW.0 + FLOW_LIFE + 1);
    let response = okta.response(BOB, Some(&asked.id), |r| r.at(now));
    let page = bob.answer("okta", &response, None);
    assert_eq!(page.status, 403);
    assert!(page.text().contains("took too long"), "{}", page.text());
}

#[test]
fn a_tile_in_the_portal_restarts_by_default_and_just_works() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let tile = okta.response(BOB, None, |_| {});
    let answer = bob.answer("okta", &tile, Some("/admin"));
    assert_eq!(answer.to(), "/sso/okta?return_to=%2Fadmin");
    assert_eq!(bob.me(), None, "the response itself is not trusted");
    let asked = bob.ask("okta", "?return_to=%2Fadmin");
    let response = okta.response(BOB, Some(&asked.id), |_| {});
    assert_eq!(bob.answer("okta", &response, None).to(), "/admin");
    assert_eq!(bob.email().as_deref(), Some(BOB));
}

#[test]
fn an_unsolicited_answer_is_accepted_or_refused_as_the_connection_says() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let open = app.connect("okta", "unsolicited = \"accept\"");
    let shut = app.connect("onelogin", "unsolicited = \"refuse\"");
    let bob = app.visitor();
    let tile = open.response(BOB, None, |_| {});
    assert_eq!(bob.answer("okta", &tile, Some("/admin")).to(), "/admin");
    assert_eq!(bob.email().as_deref(), Some(BOB));
    let again = app.visitor();
    assert_eq!(
        again.answer("okta", &tile, None).status,
        403,
        "each assertion signs in once"
    );
    let other = app.visitor();
    let page = other.answer("onelogin", &shut.response(BOB, None, |_| {}), None);
    assert_eq!(page.status, 403);
    assert_eq!(other.me(), None);
}

#[test]
fn what_is_switched_off_lets_nobody_in_by_any_door() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "unsolicited = \"accept\"");
    let (bob, late) = (app.visitor(), app.visitor());
    okta.sign_in(&bob, BOB);
    let asked = late.ask("okta", "");
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n");
    assert_eq!(bob.me(), None, "sessions that came through it have ended");
    assert_eq!(late.get("/sso/okta").status, 403);
    assert_eq!(
        late.answer("okta", &okta.response(BOB, Some(&asked.id), |_| {}), None)
            .status,
        403
    );
    assert_eq!(
        late.answer("okta", &okta.response(BOB, None, |_| {}), None)
            .status,
        403
    );
    assert_eq!(late.me(), None);
}

#[test]
fn deactivation_ends_the_session_and_shuts_the_door() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    okta.sign_in(&bob, BOB);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nactive = false\n");
    assert_eq!(bob.me(), None);
    let answer = okta.sign_in(&bob, BOB);
    let notice = bob.get(answer.to());
    assert_eq!(notice.status, 403);
    assert!(notice.text().contains("deactivated"), "{}", notice.text());
    assert_eq!(bob.me(), None);
    app.apply("[[person]]\nemail = \"bob@example.com\"\nactive = true\n");
    assert_eq!(
        okta.sign_in_with(&bob, BOB, |r| r.assertion_id = "_back".into())
            .to(),
        "/"
    );
}

#[test]
fn the_session_ends_no_later_than_the_identity_provider_says() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let end = crate::idp::NOW.plus(30 * MINUTE);
    okta.sign_in_with(&bob, BOB, |r| r.session_not_on_or_after = Some(end));
    assert!(bob.me().is_some());
    app.forward(30 * MINUTE);
    assert_eq!(bob.me(), None);
}

#[test]
fn one_connections_answer_is_worth_nothing_at_another() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "unsolicited = \"accept\"");
    app.connect("onelogin", "unsolicited = \"accept\"");
    let bob = app.visitor();
    assert_eq!(
        bob.answer("onelogin", &okta.response(BOB, None, |_| {}), None)
            .status,
        403
    );
    let asked = bob.ask("onelogin", "");
    let crossed = bob.answer("okta", &okta.response(BOB, Some(&asked.id), |_| {}), None);
    assert_eq!(crossed.status, 403, "a request of another connection");
    assert_eq!(bob.me(), None);
}

#[test]
fn a_planted_session_is_replaced_at_sign_in() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let mallory = app.alice();
    let planted = mallory.cookie("doorward").expect("a session");
    let bob = app.visitor();
    bob.plant("doorward", &planted);
    okta.sign_in(&bob, BOB);
    assert_ne!(bob.cookie("doorward"), Some(planted));
    assert_eq!(bob.email().as_deref(), Some(BOB));
    assert_eq!(mallory.me(), None, "the old session of the browser ended");
}

#[test]
fn an_identity_provider_that_never_names_the_request_ends_in_a_page_not_in_a_circle() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    bob.ask("okta", "");
    let tile = okta.response(BOB, None, |_| {});
    for _ in 0..3 {
        assert!(bob.answer("okta", &tile, None).to().starts_with("/sso/okta"));
        bob.ask("okta", "");
    }
    assert_eq!(bob.answer("okta", &tile, None).status, 403);
    assert_eq!(bob.me(), None);
    app.forward(2 * MINUTE);
    assert!(
        bob.answer("okta", &tile, None).to().starts_with("/sso/okta"),
        "a minute later the tile works"
    );
}

#[test]
fn an_answer_that_was_used_stays_used_after_a_restart() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "unsolicited = \"accept\"");
    let tile = okta.response(BOB, None, |_| {});
    assert_eq!(app.visitor().answer("okta", &tile, None).to(), "/");
    let again = TestApp::fresh_with(app.stop(), |_| {});
    let mallory = again.visitor();
    assert_eq!(mallory.answer("okta", &tile, None).status, 403);
    assert_eq!(mallory.me(), None);
    let other = okta.response(BOB, None, |r| r.assertion_id = "_another".into());
    assert_eq!(
        mallory.answer("okta", &other, None).to(),
        "/",
        "only the used one is spent"
    );
}

#[test]
fn the_old_session_ends_though_the_answer_comes_without_its_cookie() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let alice = app.alice();
    let asked = alice.ask("okta", "");
    // A browser sends the flow cookie alone with another site's POST; the session's is SameSite=Lax.
    let posting = app.visitor();
    posting.plant("doorward_flow", &alice.cookie("doorward_flow").expect("a flow"));
    let answer = posting.answer("okta", &okta.response(BOB, Some(&asked.id), |_| {}), None);
    assert_eq!(answer.to(), "/");
    assert_eq!(posting.email().as_deref(), Some(BOB));
    assert_eq!(alice.me(), None, "the session that this browser held before");
}
