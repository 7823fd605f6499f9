//! Who a subject is here: never by e-mail alone, except where somebody vouched for it.

use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

#[test]
fn somebody_unknown_sees_the_notice_asks_and_is_added_with_one_decision() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    let carol = app.visitor();
    let sent = okta.sign_in_with(&carol, "carol@example.com", |r| {
        r.attributes
            .push(("user.first_name".into(), vec!["Carol".into()]));
        r.attributes.push(("user.last_name".into(), vec!["Diaz".into()]));
    });
    let path = sent.to().to_owned();
    let notice = carol.get(&path);
    assert_eq!(notice.status, 403);
    assert!(
        notice.text().contains("carol@example.com") && notice.text().contains(ALICE),
        "{}",
        notice.text()
    );
    assert_eq!(
        app.visitor().get(&path).status,
        404,
        "the notice belongs to the browser that brought the response"
    );
    let ask = path.replace("notice", "access-request");
    assert_eq!(app.visitor().post(&ask, &[]).status, 404);
    assert_eq!(carol.post(&ask, &[]).to(), path);
    assert_eq!(carol.post(&ask, &[]).to(), path, "asking twice is asking once");
    assert_eq!(
        app.count("SELECT count(*) FROM access_requests WHERE state = 'waiting'"),
        1
    );
    let id: String = app
        .ctx
        .store
        .read(|r| Ok(r.query_row("SELECT id FROM access_requests", [], |row| row.get(0))?))
        .expect("the request");
    let alice = app.alice();
    let granted = alice.post(&format!("/admin/access-requests/{id}/grant"), &[]);
    assert_eq!(granted.status, 303, "{}", granted.text());
    let answer = okta.sign_in_with(&carol, "carol@example.com", |r| r.assertion_id = "_second".into());
    assert_eq!(answer.to(), "/");
    let me = carol.me().expect("carol is in");
    assert_eq!(
        (me["given_name"].as_str(), me["family_name"].as_str()),
        (Some("Carol"), Some("Diaz"))
    );
}

#[test]
fn an_owner_is_never_linked_by_e_mail_not_even_by_a_confirmed_domain() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    let mallory = app.visitor();
    let sent = okta.sign_in(&mallory, ALICE);
    assert!(sent.to().ends_with("/link"), "{}", sent.to());
    assert_eq!(mallory.me(), None);
    let page = mallory.get(sent.to());
    assert_eq!(page.status, 200);
    assert_eq!(mallory.post(sent.to(), &[]).status, 401, "nothing was proved");
    assert_eq!(app.count("SELECT count(*) FROM identities"), 0);
}

#[test]
fn an_account_is_proved_once_and_linked_from_then_on() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    let alice = app.visitor();
    let link = okta.sign_in(&alice, ALICE).to().to_owned();
    let login = format!("/login?next={link}");
    let signed = alice.post(&login, &[("email", ALICE), ("passphrase", PASSPHRASE)]);
    assert_eq!(signed.to(), link);
    assert_eq!(alice.post(&link, &[]).to(), "/");
    assert_eq!(alice.me().expect("in")["connection"], "okta");
    let elsewhere = app.visitor();
    assert_eq!(okta.sign_in(&elsewhere, ALICE).to(), "/");
    assert_eq!(elsewhere.email().as_deref(), Some(ALICE));
}

#[test]
fn proving_somebody_elses_account_links_nothing() {
    let app = TestApp::start();
    app.add("mallory@example.com", "member");
    app.give_passphrase("mallory@example.com", PASSPHRASE);
    let okta = app.connect("okta", "");
    let mallory = app.signed_in("mallory@example.com", PASSPHRASE);
    let link = okta.sign_in(&mallory, ALICE).to().to_owned();
    assert_eq!(mallory.post(&link, &[]).status, 403);
    assert_eq!(app.count("SELECT count(*) FROM identities"), 0);
}

#[test]
fn a_stale_session_proves_nothing() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    let alice = app.alice();
    app.forward(16 * doorward::model::time::MINUTE);
    let now = doorward::model::Timestamp(crate::idp::NOW.0 + 16 * doorward::model::time::MINUTE);
    let link = okta.sign_in_with(&alice, ALICE, |r| r.at(now)).to().to_owned();
    let asked = alice.post(&link, &[]).to().to_owned();
    assert!(asked.starts_with("/reauth?form="), "{asked}");
    assert_eq!(app.count("SELECT count(*) FROM identities"), 0);
    let ready = alice.post(&asked, &[("passphrase", PASSPHRASE)]).to().to_owned();
    let form = alice
        .get(&ready)
        .attributes("input[name=form]", "value")
        .remove(0);
    alice.post("/reauth/resume", &[("form", &form)]);
    assert_eq!(
        app.count("SELECT count(*) FROM identities"),
        1,
        "a fresh proof does"
    );
}

#[test]
fn the_same_e_mail_from_another_identity_provider_is_another_subject() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let onelogin = app.connect("onelogin", "");
    let bob = app.visitor();
    assert_eq!(
        okta.sign_in(&bob, BOB).to(),
        "/",
        "added by an admin, with no other way in"
    );
    let mallory = app.visitor();
    assert!(onelogin.sign_in(&mallory, BOB).to().ends_with("/link"));
    assert_eq!(mallory.me(), None);
}

#[test]
fn a_confirmed_domain_links_members_who_have_another_way_in() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    assert!(okta.sign_in(&bob, BOB).to().ends_with("/link"));
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    assert_eq!(
        okta.sign_in_with(&bob, BOB, |r| r.assertion_id = "_2".into())
            .to(),
        "/"
    );
}

#[test]
fn a_transient_name_id_is_no_identity() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    let bob = app.visitor();
    let page = okta.sign_in_with(&bob, BOB, |r| r.name_id_format = Some(transient.into()));
    assert_eq!(page.status, 403);
    let sso = app.connect("onelogin", "subject_attribute = \"employee\"");
    let with_number = |r: &mut crate::idp::Response| {
        r.name_id = "_random1".into();
        r.name_id_format = Some(transient.into());
        r.attributes.push(("employee".into(), vec!["4711".into()]));
    };
    assert_eq!(sso.sign_in_with(&bob, BOB, with_number).to(), "/");
    assert_eq!(
        app.count("SELECT count(*) FROM identities WHERE subject = '4711'"),
        1
    );
    let two = |r: &mut crate::idp::Response| {
        with_number(r);
        r.assertion_id = "_two".into();
        r.attributes.last_mut().expect("employee").1.push("4712".into());
    };
    assert_eq!(
        sso.sign_in_with(&bob, BOB, two).status,
        403,
        "two values name nobody"
    );
}
