//! Signing in through OpenID Connect: the good way, and every way in which an answer must not be believed.

use std::collections::BTreeMap;

use doorward::flows::sign_on::start::Wish;
use doorward::flows::sign_on::{FLOW_LIFE, Go, Purpose, start};
use doorward::flows::{Visitor as Comer, gate};
use doorward::model::SignIn;
use doorward::store;
use doorward::web::server::block_on;
use serde_json::json;

use crate::app::{BOB, PASSPHRASE, TestApp, Visitor, openid_toml};
use crate::idp::NOW;
use crate::oidc::misdeeds::{Misdeed, Stage};
use crate::oidc::op::TestOp;

fn with_bob(more: &str) -> (TestApp, TestOp) {
    let app = TestApp::start();
    app.add(BOB, "member");
    let op = app.connect_openid("okta", more);
    (app, op)
}

/// The attempt that was written down last: the clock stands still, so that the time does not tell.
fn last(app: &TestApp) -> SignIn {
    let newest = app.ctx.store.read(|r| {
        let sql = "SELECT reference FROM sign_ins ORDER BY rowid DESC LIMIT 1";
        let reference: String = r.query_row(sql, [], |row| row.get(0))?;
        store::sign_ins::get_by_reference(r, &reference)
    });
    newest.expect("an attempt")
}

#[test]
fn issuer_and_client_id_alone_let_a_member_in() {
    let (app, op) = with_bob("");
    let bob = app.visitor();
    assert_eq!(bob.sign_in_openid("okta", &op).to(), "/");
    let me = bob.me().expect("bob is in");
    assert_eq!((&me["email"], &me["connection"]), (&json!(BOB), &json!("okta")));
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE method = 'oidc' AND subject = '00u1' AND idp_session = 's1' AND logout_hint IS NOT NULL"), 1);
    let trace = last(&app);
    assert_eq!((trace.subject.as_deref(), trace.problem), (Some("00u1"), None));
    assert!(trace.trace.checks.iter().any(|c| c.code == "oidc.nonce"));
    assert_eq!(bob.post("/logout", &[]).status, 303);
    assert_eq!(bob.me(), None);
    // Linked by its subject: the address plays no part any more.
    op.signs_in(json!({ "sub": "00u1", "email": "other@example.com" }));
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
}

#[test]
fn a_session_that_began_with_a_proof_is_ended_by_the_provider_like_any_other() {
    let (app, op) = with_bob("");
    app.give_passphrase(BOB, PASSPHRASE);
    let bob = app.visitor();
    let link = bob.sign_in_openid("okta", &op).to().to_owned();
    assert!(link.ends_with("/link"), "{link}");
    let kept = "SELECT count(*) FROM sign_ins WHERE logout_hint IS NOT NULL OR idp_session IS NOT NULL";
    assert_eq!(app.count(kept), 1);
    bob.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
    assert_eq!(bob.post(&link, &[]).status, 303);
    assert_eq!(bob.me().expect("bob is in")["connection"], "okta");
    assert_eq!(app.count("SELECT count(*) FROM sessions WHERE method = 'oidc' AND subject = '00u1' AND idp_session = 's1' AND logout_hint IS NOT NULL"), 1);
    assert_eq!(app.count(kept), 0, "it is the session's now");
    // By the provider's own session alone.
    let token = op.logout_token("door", |claims| {
        claims["sid"] = "s1".into();
        claims.as_object_mut().expect("claims").remove("sub");
    });
    let program = app.visitor();
    let call = program.client.post(program.url("/sso/okta/backchannel-logout"));
    assert_eq!(program.send(call.form(&[("logout_token", &token)])).status, 200);
    assert_eq!(bob.me(), None);
}

#[test]
fn every_misdeed_is_refused_by_its_own_rule_and_told_in_the_trace() {
    let (app, op) = with_bob("userinfo = true");
    let stages = [Stage::Answer, Stage::Token, Stage::IdToken, Stage::UserInfo];
    for misdeed in Misdeed::ALL
        .iter()
        .copied()
        .filter(|m| stages.contains(&m.stage()))
    {
        op.set_thin(misdeed.stage() == Stage::UserInfo);
        op.misbehave(misdeed);
        let bob = app.visitor();
        let page = bob.sign_in_openid("okta", &op);
        assert_eq!(page.status, 403, "{misdeed:?}");
        assert_eq!(bob.me(), None, "{misdeed:?}");
        let row = last(&app);
        let code = match misdeed.code() {
            "upstream" => "oidc.unreachable",
            code => code,
        };
        assert_eq!(row.problem.as_deref(), Some(code), "{misdeed:?}");
        let check = row
            .trace
            .checks
            .iter()
            .find(|c| c.code == code)
            .expect("its line");
        assert!(check.remedy.is_some(), "{misdeed:?} tells nobody what to do");
        assert!(page.text().contains(&row.reference), "{misdeed:?}");
    }
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 0);
    assert_eq!(op.canary.connections(), 0, "somebody was sent inside");
    op.behave();
    op.set_thin(false);
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
}

#[test]
fn twenty_answers_at_once_make_one_session_and_one_call() {
    let (app, op) = with_bob("");
    let bob = app.visitor();
    let back = bob.ask_openid("okta", &op);
    let good = std::thread::scope(|scope| {
        let visit = || scope.spawn(|| bob.get(&back).status == 303);
        let all: Vec<_> = (0..20).map(|_| visit()).collect();
        all.into_iter()
            .filter_map(|t| t.join().ok())
            .filter(|good| *good)
            .count()
    });
    assert_eq!(good, 1);
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1);
    assert_eq!(op.asked("/token"), 1, "the code went out more than once");
    let again = bob.get(&back);
    assert_eq!(again.status, 403);
    assert_eq!(last(&app).problem.as_deref(), Some("oidc.state"));
}

#[test]
fn an_answer_belongs_to_the_browser_that_asked() {
    let (app, op) = with_bob("");
    op.signs_in(json!({ "sub": "m", "email": "mallory@example.com", "email_verified": true }));
    app.add("mallory@example.com", "member");
    let (mallory, bob) = (app.visitor(), app.visitor());
    let back = mallory.ask_openid("okta", &op);
    for _ in 0..2 {
        assert_eq!(bob.get(&back).status, 403);
        assert_eq!(last(&app).problem.as_deref(), Some("oidc.browser"));
        assert_eq!(bob.me(), None);
        // Once more, with a sign-in of his own under way.
        bob.ask_openid("okta", &op);
    }
    assert_eq!(op.asked("/token"), 0, "nothing was redeemed for another browser");
    assert_eq!(mallory.get(&back).to(), "/", "it is still hers to answer");
}

/// Whoever writes to the database makes a waiting sign-in theirs, and still holds neither verifier nor nonce.
#[test]
fn verifier_and_nonce_follow_from_the_browser_that_asked() {
    let (app, op) = with_bob("");
    let (bob, mallory) = (app.visitor(), app.visitor());
    mallory.ask_openid("okta", &op);
    for code in ["oidc.token_refused", "oidc.nonce"] {
        let back = bob.ask_openid("okta", &op);
        let take = "UPDATE sign_ins SET browser_hash =
            (SELECT browser_hash FROM sign_ins ORDER BY rowid LIMIT 1) WHERE outcome = 'waiting'";
        let taken = app.ctx.store.write_blocking(move |w| Ok(w.execute(take, [])?));
        assert!(taken.expect("a change") > 1);
        assert_eq!(mallory.get(&back).status, 403, "{code}");
        assert_eq!(last(&app).problem.as_deref(), Some(code));
        assert_eq!(mallory.me(), None);
        op.forget_pkce();
    }
}

/// Addresses that only this network knows, each where the provider's document names it.
#[test]
fn no_endpoint_leads_inside() {
    let app = TestApp::start();
    app.add(BOB, "member");
    for (number, name) in ["jwks_uri", "token_endpoint", "userinfo_endpoint"]
        .into_iter()
        .enumerate()
    {
        let op = TestOp::start();
        op.set_now(NOW.0 / 1000);
        op.set_thin(true);
        // 127.0.0.1 alone is permitted here.
        op.says(name, op.canary.url("http", "127.0.0.2"));
        let slug = format!("op{number}");
        let saved = app.try_apply(&openid_toml(&slug, &op, "userinfo = true"), BTreeMap::new());
        if name == "jwks_uri" {
            let message = saved.expect_err("keys from inside").message;
            assert!(message.contains("127.0.0.2"), "{message}");
        } else {
            saved.expect("the document is read, and nobody asked there yet");
            let bob = app.visitor();
            bob.sign_in_openid(&slug, &op);
            assert_eq!(bob.me(), None, "{name}");
            let trace = last(&app).trace;
            let told = trace.checks.iter().find(|c| c.code == "oidc.unreachable");
            assert!(told.is_some(), "{name} is told in the trace");
        }
        assert_eq!(op.canary.connections(), 0, "{name}");
    }
}

#[test]
fn an_answer_that_comes_too_late_is_refused() {
    let (app, op) = with_bob("");
    let bob = app.visitor();
    let back = bob.ask_openid("okta", &op);
    app.forward(FLOW_LIFE + 1);
    let page = bob.get(&back);
    assert_eq!(
        (page.status, last(&app).problem.as_deref()),
        (403, Some("oidc.too_late"))
    );
}

#[test]
fn two_providers_cannot_be_mixed_up() {
    let (app, honest) = with_bob("");
    let evil = app.connect_openid("evil", "");
    // The evil provider's callback gets the code of the honest one.
    let bob = app.visitor();
    let back = bob
        .ask_openid("okta", &honest)
        .replace("/sso/okta/", "/sso/evil/");
    assert_eq!(bob.get(&back).status, 403);
    assert_eq!(last(&app).problem.as_deref(), Some("oidc.state"));
    assert_eq!(
        evil.asked("/token"),
        0,
        "the honest provider's code was told to the evil one"
    );
    // The evil provider sends the browser on to the honest one, and its answer back to its own callback.
    let asked = bob.get("/sso/evil").to().to_owned();
    let answer = evil.answer(&asked).replace(
        &doorward::web::urls::query("", &[("iss", &evil.issuer)])[1..],
        &doorward::web::urls::query("", &[("iss", &honest.issuer)])[1..],
    );
    assert_eq!(bob.get(&answer).status, 403);
    assert_eq!(last(&app).problem.as_deref(), Some("oidc.iss_parameter"));
    assert_eq!(evil.asked("/token") + honest.asked("/token"), 0);
}

#[test]
fn an_address_that_nobody_vouches_for_opens_no_account() {
    let (app, op) = with_bob("");
    for verified in [json!(false), json!("true"), json!(1), json!(null)] {
        op.signs_in(json!({ "sub": "new", "email": BOB, "email_verified": verified }));
        let page = app.visitor().sign_in_openid("okta", &op);
        assert!(page.to().ends_with("/link"), "{verified}: {:?}", page.location);
        assert!(
            last(&app)
                .trace
                .checks
                .iter()
                .any(|c| c.code == "oidc.email_verified")
        );
    }
    op.signs_in(json!({ "sub": "new", "email": "nobody@example.com", "email_verified": true }));
    assert!(
        app.visitor()
            .sign_in_openid("okta", &op)
            .to()
            .ends_with("/notice")
    );
    // Not even one whom the same provider provisioned: its users may write their own address.
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    op.signs_in(json!({ "sub": "new", "email": BOB }));
    assert_eq!(
        app.visitor().sign_in_openid("okta", &op).to(),
        "/",
        "the domain was confirmed"
    );
}

#[test]
fn too_many_groups_are_explained() {
    let (app, op) = with_bob("");
    op.signs_in(json!({
        "sub": "00u1", "email": BOB, "email_verified": true, "_claim_names": { "groups": "src1" },
        "_claim_sources": { "src1": { "endpoint": "https://graph.example/groups" } },
    }));
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
    assert!(
        last(&app)
            .trace
            .checks
            .iter()
            .any(|c| c.code == "oidc.groups" && c.remedy.is_some())
    );
}

#[test]
fn userinfo_is_asked_only_where_that_is_wanted_and_needed() {
    let (app, op) = with_bob("");
    op.set_thin(true);
    assert!(
        app.visitor()
            .sign_in_openid("okta", &op)
            .to()
            .ends_with("/notice")
    );
    assert_eq!(op.asked("/userinfo"), 0);
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.oidc]\nuserinfo = true\n");
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
    assert_eq!(op.asked("/userinfo"), 1);
    op.set_thin(false);
    assert_eq!(app.visitor().sign_in_openid("okta", &op).to(), "/");
    assert_eq!(op.asked("/userinfo"), 1);
}

#[test]
fn a_tile_at_the_provider_starts_a_sign_in_and_leads_nowhere_else() {
    let (app, op) = with_bob("login_hint = true");
    let begin = |pairs: &[(&str, &str)]| doorward::web::urls::query("/sso/okta", pairs);
    let refused = app.visitor().get(&begin(&[("iss", "https://evil.example")]));
    assert_eq!(refused.status, 403, "{}", refused.text());
    let evil = "https://evil.example/x";
    let ours = format!("{}/admin/people?q=x", app.base);
    let beside = format!("{}.evil.example/", app.base);
    let cases = [
        (ours.as_str(), "/admin/people?q=x"),
        ("/account", "/account"),
        (evil, "/"),
        ("//evil.example", "/"),
        (&beside, "/"),
    ];
    for (target, lands) in cases {
        let bob = app.visitor();
        let pairs = [
            ("iss", op.issuer.as_str()),
            ("target_link_uri", target),
            ("login_hint", BOB),
        ];
        let asked = bob.get(&begin(&pairs));
        assert!(
            asked.to().contains("login_hint=bob%40example.com"),
            "{}",
            asked.to()
        );
        assert_eq!(bob.get(&op.answer(asked.to())).to(), lands, "{target}");
    }
    // By POST too, from wherever the provider lives.
    let bob = app.visitor();
    let asked = bob.post_from_elsewhere("/sso/okta", &[("iss", &op.issuer)]);
    assert_eq!(bob.get(&op.answer(asked.to())).to(), "/");
}

fn forced(app: &TestApp, bob: &Visitor) -> String {
    let wish = Wish {
        slug: "okta".into(),
        purpose: Purpose::SignIn,
        force: true,
        login_hint: None,
        return_to: "/".into(),
        flow_cookie: None,
        old_token: None,
        visitor: Comer::default(),
    };
    let started = block_on(start(&app.ctx, wish)).expect("a start");
    bob.plant("doorward_flow", &started.flow_token);
    match started.go {
        Go::Redirect(url) => url,
        Go::Post(_) => panic!("a redirect"),
    }
}

#[test]
fn who_must_prove_themselves_afresh_does_so_at_the_provider() {
    let (app, op) = with_bob("");
    let bob = app.visitor();
    let url = forced(&app, &bob);
    assert!(url.contains("prompt=login") && url.contains("max_age=0"), "{url}");
    assert_eq!(bob.get(&op.answer(&url)).to(), "/");
    // An older sign-in there does not do, nor one of which nothing is said.
    let old = NOW.0 / 1000 - 3600;
    for auth_time in [json!(old), json!(null)] {
        op.signs_in(json!({ "sub": "00u1", "auth_time": auth_time }));
        let again = app.visitor();
        let url = forced(&app, &again);
        assert_eq!(again.get(&op.answer(&url)).status, 403);
        assert_eq!(last(&app).problem.as_deref(), Some("oidc.auth_time"));
    }
}

#[test]
fn a_test_lets_nobody_in_and_a_switched_off_connection_neither() {
    let (app, op) = with_bob("");
    let alice = app.alice();
    let asked = alice.post("/admin/integrations/okta/tests", &[]);
    let trace = alice.get(&op.answer(asked.to()));
    assert!(
        trace.to().starts_with("/admin/activity/sign-ins/"),
        "{}",
        trace.to()
    );
    assert_eq!(app.count("SELECT count(*) FROM sessions"), 1, "alice's own");
    assert_eq!(
        app.count("SELECT count(*) FROM connections WHERE tested_at IS NOT NULL"),
        1
    );
    app.apply("[[connection]]\nslug = \"okta\"\n[connection.oidc]\nprompt = \"login\"\n");
    assert_eq!(
        app.count("SELECT count(*) FROM connections WHERE tested_at IS NOT NULL"),
        0,
        "the test is void"
    );
    let bob = app.visitor();
    let back = bob.ask_openid("okta", &op);
    app.apply("[[connection]]\nslug = \"okta\"\nenabled = false\n");
    assert_eq!(bob.get(&back).status, 403);
    assert_eq!(last(&app).problem.as_deref(), Some("oidc.connection_off"));
    assert_eq!(bob.get("/sso/okta").status, 403);
    assert!(gate::may_enter(
        &app.ctx
            .store
            .read(|r| store::people::find_by_email(r, BOB))
            .expect("a read")
            .expect("bob")
    ));
}
