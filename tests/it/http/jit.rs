//! People who are added at their first sign-in, and what later sign-ins may change.

use doorward::model::Permission;
use serde_json::json;

use super::mapping::{add_role, add_team, field, find, person};
use crate::app::{ALICE, BOB, Connected, PASSPHRASE, TestApp, Visitor};
use crate::idp::Response;

const SENDOSO: &str = r#"
[[connection.mapping.row]]
field = "given_name"
source = "givenName"
[[connection.mapping.row]]
field = "family_name"
source = "familyName"
[[connection.mapping.row]]
field = "email"
[[connection.mapping.row]]
field = "user_name"
source = "user_name"
[[connection.mapping.row]]
field = "role"
source = "userType"
[[connection.mapping.row]]
field = "team"
source = "division"
"#;

fn domain(app: &TestApp, slug: &str) {
    app.apply(&format!(
        "[[connection]]\nslug = {slug:?}\ndomains = [\"example.com\"]\n"
    ));
}

fn settings(app: &TestApp, slug: &str, toml: &str) {
    app.apply(&format!("[[connection]]\nslug = {slug:?}\n{toml}"));
}

/// What Sendoso's guide has Okta send.
fn attributes(response: &mut Response, pairs: &[(&str, &str)]) {
    response.attributes = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]))
        .collect();
}

fn sign_in(app: &TestApp, okta: &Connected, email: &str, id: &str, more: &[(&str, &str)]) -> Visitor {
    let visitor = app.visitor();
    let mut pairs = vec![("user_name", email), ("email", email)];
    pairs.extend(more);
    let page = okta.sign_in_with(&visitor, email, |r| {
        attributes(r, &pairs);
        r.assertion_id = format!("_{id}");
    });
    assert_eq!(page.to(), "/", "{}", page.text());
    visitor
}

fn sendoso(app: &TestApp) -> Connected {
    add_role(app, "sender", -10, &[Permission::UseApps, Permission::Portal]);
    add_role(
        app,
        "department_admin",
        20,
        &[Permission::Portal, Permission::ManageAccess],
    );
    let okta = app.connect("okta", "");
    domain(app, "okta");
    add_team(app, "Sales");
    add_team(app, "Everybody");
    settings(app, "okta", SENDOSO);
    settings(
        app,
        "okta",
        "[connection.jit]\nenabled = true\nteam = \"Everybody\"\n",
    );
    okta
}

fn team(app: &TestApp, email: &str) -> Option<String> {
    let id = person(app, email).team_id?;
    let found = app.ctx.store.read(|r| doorward::store::teams::get(r, id));
    Some(found.expect("a team").name)
}

#[test]
fn sendosos_attributes_add_somebody_once_and_never_change_or_remove() {
    let app = TestApp::start();
    let okta = sendoso(&app);
    let more = [
        ("givenName", "Dan"),
        ("familyName", "Ek"),
        ("userType", "department_admin"),
        ("division", "Sales"),
    ];
    let dan = sign_in(&app, &okta, "dan@example.com", "one", &more);
    assert_eq!(dan.email().as_deref(), Some("dan@example.com"));
    let made = person(&app, "dan@example.com");
    assert_eq!(
        (made.given_name.as_str(), made.family_name.as_str()),
        ("Dan", "Ek")
    );
    assert_eq!(
        (made.role.key.as_str(), team(&app, "dan@example.com").as_deref()),
        ("department_admin", Some("Sales"))
    );
    assert_eq!(field(&app, "dan@example.com", "user_name"), "dan@example.com");
    sign_in(
        &app,
        &okta,
        "dan@example.com",
        "two",
        &[
            ("givenName", "Other"),
            ("userType", "sender"),
            ("division", "Everybody"),
        ],
    );
    let later = person(&app, "dan@example.com");
    assert_eq!(
        (later.given_name.as_str(), later.role.key.as_str()),
        ("Dan", "department_admin")
    );
    assert_eq!(
        (later.version, later.team_id),
        (made.version, made.team_id),
        "no updates by this way"
    );
    let events = app.count("SELECT count(*) FROM events WHERE action = 'person.added' AND actor_kind = 'connection' AND reference IS NOT NULL");
    assert_eq!(events, 1);
}

#[test]
fn without_its_values_somebody_is_a_sender_in_the_chosen_team() {
    let app = TestApp::start();
    let okta = sendoso(&app);
    sign_in(&app, &okta, "dan@example.com", "one", &[]);
    assert_eq!(person(&app, "dan@example.com").role.key, "sender");
    assert_eq!(team(&app, "dan@example.com").as_deref(), Some("Everybody"));
    sign_in(
        &app,
        &okta,
        "eve@example.com",
        "two",
        &[("userType", "owner"), ("division", "sales")],
    );
    assert_eq!(
        person(&app, "eve@example.com").role.key,
        "sender",
        "never an owner"
    );
    assert_eq!(team(&app, "eve@example.com").as_deref(), Some("Everybody"));
    settings(
        &app,
        "okta",
        "[connection.jit]\nrole = \"manager\"\nteam = \"\"\n",
    );
    sign_in(&app, &okta, "fay@example.com", "three", &[]);
    assert_eq!(
        (
            person(&app, "fay@example.com").role.key.as_str(),
            team(&app, "fay@example.com")
        ),
        ("manager", None)
    );
}

#[test]
fn a_claim_adds_somebody_through_openid_connect() {
    let app = TestApp::start();
    let op = app.connect_openid("okta", "");
    op.signs_in(json!({
        "sub": "00u9", "email": "dan@example.com", "email_verified": true, "given_name": "Dan", "family_name": "Ek",
        "https://acme.example/type": "manager", "title": ["Cook", "Baker"], "picture": "http://example.com/a.png",
    }));
    let visitor = app.visitor();
    assert_ne!(
        visitor.sign_in_openid("okta", &op).to(),
        "/",
        "off: nobody is added"
    );
    assert!(find(&app, "dan@example.com").is_none());
    settings(
        &app,
        "okta",
        "[connection.jit]\nenabled = true\n[[connection.mapping.row]]\nfield = \"given_name\"\n[[connection.mapping.row]]\nfield = \"family_name\"\n[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"https://acme.example/type\"\n[[connection.mapping.row]]\nfield = \"title\"\nsource = \"title\"\n[[connection.mapping.row]]\nfield = \"picture\"\n",
    );
    assert_ne!(
        visitor.sign_in_openid("okta", &op).to(),
        "/",
        "no domain: nobody is added"
    );
    assert!(find(&app, "dan@example.com").is_none());
    domain(&app, "okta");
    assert_eq!(visitor.sign_in_openid("okta", &op).to(), "/");
    let dan = person(&app, "dan@example.com");
    assert_eq!(
        (dan.given_name.as_str(), dan.role.key.as_str()),
        ("Dan", "manager")
    );
    assert_eq!(
        (
            field(&app, "dan@example.com", "title"),
            field(&app, "dan@example.com", "picture")
        ),
        ("Cook".into(), String::new())
    );
    assert_eq!(
        app.count(
            "SELECT count(*) FROM sign_ins WHERE trace LIKE '%mapping.ignored%' AND outcome = 'succeeded'"
        ),
        1
    );
    op.signs_in(json!({ "sub": "00u8", "email": "mallory@evil.example", "email_verified": true }));
    assert_ne!(app.visitor().sign_in_openid("okta", &op).to(), "/");
    op.signs_in(json!({ "sub": "00u7" }));
    assert_ne!(app.visitor().sign_in_openid("okta", &op).to(), "/", "no address");
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
    assert_eq!(
        app.count("SELECT count(*) FROM sign_ins WHERE trace LIKE '%account.not_added%'"),
        3
    );
}

#[test]
fn nobody_who_is_here_is_taken_over_and_nobody_deactivated_comes_back() {
    let app = TestApp::start();
    let okta = sendoso(&app);
    let mallory = app.visitor();
    let sent = okta.sign_in(&mallory, ALICE);
    assert!(sent.to().ends_with("/link"), "an owner proves it: {}", sent.to());
    assert_eq!(mallory.me(), None);
    let dan = sign_in(&app, &okta, "dan@example.com", "one", &[]);
    app.apply("[[person]]\nemail = \"dan@example.com\"\nactive = false\n");
    assert_eq!(dan.me(), None);
    let back = app.visitor();
    okta.sign_in_with(&back, "dan@example.com", |r| r.assertion_id = "_two".into());
    assert_eq!(back.me(), None);
    // Nor under another subject with the same address.
    okta.sign_in_with(&back, "dan@example.com", |r| {
        r.name_id = "another".into();
        r.assertion_id = "_three".into();
    });
    assert_eq!(back.me(), None);
    assert_eq!(app.count("SELECT count(*) FROM people WHERE state = 'active'"), 1);
    // A test sign-in adds nobody.
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
}

#[test]
fn whoever_asked_for_access_before_waits_no_longer() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    domain(&app, "okta");
    let dan = app.visitor();
    let notice = okta.sign_in(&dan, "dan@example.com").to().to_owned();
    dan.post(&notice.replace("notice", "access-request"), &[]);
    let waiting = "SELECT count(*) FROM access_requests WHERE state = 'waiting'";
    assert_eq!(app.count(waiting), 1);
    settings(&app, "okta", "[connection.jit]\nenabled = true\n");
    sign_in(&app, &okta, "dan@example.com", "two", &[]);
    assert_eq!(
        app.count(waiting),
        0,
        "nobody is asked to add somebody who is here"
    );
}

#[test]
fn an_address_of_another_domain_adds_nobody() {
    let app = TestApp::start();
    let okta = app.connect("okta", "");
    settings(&app, "okta", "[connection.jit]\nenabled = true\n");
    let visitor = app.visitor();
    let sent = okta.sign_in(&visitor, "dan@elsewhere.example");
    assert_ne!(sent.to(), "/");
    assert!(find(&app, "dan@elsewhere.example").is_none());
    domain(&app, "okta");
    let sent = okta.sign_in_with(&visitor, "dan@elsewhere.example", |r| {
        r.assertion_id = "_two".into()
    });
    assert_ne!(sent.to(), "/", "a domain of the connection's own");
    let unseen = "al\u{200B}ice@example.com";
    let sent = okta.sign_in_with(&visitor, unseen, |r| r.assertion_id = "_three".into());
    assert_ne!(sent.to(), "/");
    assert_eq!(
        app.count("SELECT count(*) FROM people"),
        1,
        "it looks like alice and is not"
    );
    assert!(find(&app, "dan@elsewhere.example").is_none());
}

#[test]
fn twenty_first_sign_ins_at_once_make_one_person() {
    let app = TestApp::start();
    let okta = sendoso(&app);
    app.forget_starts();
    let ready: Vec<(Visitor, String)> = (0..20)
        .map(|number| {
            app.forget_starts();
            let visitor = app.visitor();
            let asked = visitor.ask("okta", "");
            let response = okta.response("dan@example.com", Some(&asked.id), |r| {
                r.assertion_id = format!("_at_once_{number}");
            });
            (visitor, response)
        })
        .collect();
    let went_in = std::thread::scope(|scope| {
        let threads: Vec<_> = ready
            .iter()
            .map(|(visitor, response)| {
                scope.spawn(move || visitor.answer("okta", response, None).to() == "/")
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a thread"))
            .filter(|in_| *in_)
            .count()
    });
    assert_eq!(went_in, 20);
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE email = 'dan@example.com'"),
        1
    );
    assert_eq!(app.count("SELECT count(*) FROM identities"), 1);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'person.added' AND subject_label LIKE 'dan%'"),
        1
    );
}

#[test]
fn sign_ins_change_what_rows_say_that_act_then_and_nothing_else() {
    let app = TestApp::start();
    app.add(BOB, "member");
    add_role(
        &app,
        "reader",
        10,
        &[Permission::Portal, Permission::SeeDirectory],
    );
    let okta = app.connect("okta", "");
    settings(
        &app,
        "okta",
        r#"
[[connection.mapping.row]]
field = "given_name"
source = "givenName"
at_sign_in = true
[[connection.mapping.row]]
field = "family_name"
source = "familyName"
[[connection.mapping.row]]
field = "email"
source = "email"
at_sign_in = true
[[connection.mapping.row]]
field = "title"
source = "title"
at_sign_in = true
[[connection.mapping.row]]
field = "department"
source = "department"
[[connection.mapping.row]]
field = "role"
source = "userType"
at_sign_in = true
"#,
    );
    let more = [
        ("givenName", "Robert"),
        ("familyName", "Other"),
        ("title", "Cook"),
        ("department", "Kitchen"),
        ("userType", "reader"),
    ];
    let bob = sign_in(&app, &okta, BOB, "one", &more);
    let now = person(&app, BOB);
    assert_eq!(
        (now.given_name.as_str(), now.family_name.as_str()),
        ("Robert", "")
    );
    assert_eq!(
        (field(&app, BOB, "title"), field(&app, BOB, "department")),
        ("Cook".into(), String::new())
    );
    assert_eq!(now.role.key, "reader");
    assert!(bob.me().is_some(), "the session began with the new role");
    // What is not sent stays; the role of nobody's word is the lowest.
    sign_in(&app, &okta, BOB, "two", &[]);
    let later = person(&app, BOB);
    assert_eq!(
        (later.given_name.as_str(), field(&app, BOB, "title").as_str()),
        ("Robert", "Cook")
    );
    assert_eq!(later.role.key, "member");
    // An address of no domain of the integration stays where it was, and so does one that somebody has.
    let visitor = app.visitor();
    okta.sign_in_with(&visitor, BOB, |r| {
        attributes(r, &[("email", "bob@evil.example")]);
        r.assertion_id = "_three".into();
    });
    assert_eq!(visitor.email().as_deref(), Some(BOB));
    domain(&app, "okta");
    let visitor = app.visitor();
    okta.sign_in_with(&visitor, BOB, |r| {
        attributes(r, &[("email", ALICE)]);
        r.assertion_id = "_four".into();
    });
    assert_eq!(visitor.email().as_deref(), Some(BOB));
    okta.sign_in_with(&app.visitor(), BOB, |r| {
        attributes(r, &[("email", "robert@example.com")]);
        r.assertion_id = "_five".into();
    });
    assert!(find(&app, "robert@example.com").is_some());
}

#[test]
fn a_role_that_a_mapping_gave_it_may_take_back_and_no_other() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.add("carol@example.com", "admin");
    let (okta, entra) = (app.connect("okta", ""), app.connect("entra", ""));
    let rows = "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\nat_sign_in = true\n";
    settings(&app, "okta", rows);
    settings(&app, "entra", rows);
    sign_in(&app, &okta, BOB, "one", &[("userType", "admin")]);
    assert_eq!(person(&app, BOB).role.key, "admin");
    // Another connection did not give it.
    entra.sign_in_with(&app.visitor(), BOB, |r| {
        attributes(r, &[("email", BOB), ("userType", "member")]);
    });
    assert_eq!(person(&app, BOB).role.key, "admin");
    sign_in(&app, &okta, BOB, "two", &[("userType", "member")]);
    assert_eq!(person(&app, BOB).role.key, "member");
    // What was given by hand stays.
    okta.sign_in_with(&app.visitor(), "carol@example.com", |r| {
        attributes(r, &[("email", "carol@example.com"), ("userType", "member")]);
        r.assertion_id = "_three".into();
    });
    assert_eq!(person(&app, "carol@example.com").role.key, "admin");
}

#[test]
fn no_sign_in_makes_an_owner_or_unmakes_one() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let rows = "[[connection.mapping.row]]\nfield = \"email\"\n[[connection.mapping.row]]\nfield = \"role\"\nsource = \"userType\"\nat_sign_in = true\n";
    settings(&app, "okta", rows);
    sign_in(&app, &okta, BOB, "one", &[("userType", "owner")]);
    assert_eq!(person(&app, BOB).role.key, "member");
    // alice proves her account once; her role is out of reach from then on too.
    let alice = app.visitor();
    let link = okta.sign_in(&alice, ALICE).to().to_owned();
    alice.post(
        &format!("/login?next={link}"),
        &[("email", ALICE), ("passphrase", PASSPHRASE)],
    );
    assert_eq!(alice.post(&link, &[]).to(), "/");
    sign_in(&app, &okta, ALICE, "two", &[("userType", "member")]);
    assert!(person(&app, ALICE).role.owns());
}
