//! The sign-in page asks for the e-mail and leads where its domain belongs, and tells nobody who is known here.

use std::collections::BTreeMap;

use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp};
use crate::lockout::apply_anyway;

const WRONG: &str = "seven tired herons folding caps";

/// Acme: okta speaks for okta.example, okta and second for both.example, off (which is off) for off.example.
fn acme() -> TestApp {
    let app = TestApp::start();
    for (slug, domains) in [
        ("okta", "\"okta.example\", \"both.example\""),
        ("second", "\"both.example\""),
        ("off", "\"off.example\""),
    ] {
        app.connect(slug, "");
        app.apply(&format!(
            "[[connection]]\nslug = {slug:?}\ndomains = [{domains}]\n"
        ));
    }
    app.apply("[[connection]]\nslug = \"off\"\nenabled = false\n");
    app
}

fn step(app: &TestApp, email: &str) -> Page {
    app.visitor().post("/login", &[("email", email)])
}

/// The page or address without what is different at every call by design.
fn masked(text: &str, email: &str) -> String {
    let mut text = text.replace(email, "EMAIL");
    while let Some(at) = text.find("for=") {
        let end = text[at..].find(['"', '&']).map_or(text.len(), |end| at + end);
        text.replace_range(at..end, "SEALED");
    }
    text
}

fn headers(page: &Page, email: &str) -> BTreeMap<String, String> {
    let all = page.headers.iter().filter(|(name, _)| *name != "date");
    all.map(|(name, value)| (name.to_string(), masked(value.to_str().expect("text"), email)))
        .collect()
}

#[test]
fn an_address_is_led_where_its_domain_belongs() {
    let app = acme();
    for (email, leads) in [
        ("x@okta.example", "/sso/okta?return_to=%2Fadmin&for="),
        (" X@OKTA.example ", "/sso/okta?return_to=%2Fadmin&for="),
        ("x@both.example", "/login/choice?next=%2Fadmin&for="),
        ("x@off.example", "/login/passphrase?next=%2Fadmin&for="),
        ("x@nobody.example", "/login/passphrase?next=%2Fadmin&for="),
        ("x@sub.okta.example", "/login/passphrase?next=%2Fadmin&for="),
        (
            "x@okta.example.evil.example",
            "/login/passphrase?next=%2Fadmin&for=",
        ),
    ] {
        let page = app.visitor().post("/login?next=/admin", &[("email", email)]);
        assert!(page.to().starts_with(leads), "{email}: {}", page.to());
        // Addresses of pages end up in logs; the person's does not.
        assert!(
            !page.to().contains("x%40") && !page.to().contains('@'),
            "{}",
            page.to()
        );
    }
    let choice = app.visitor().get(step(&app, "x@both.example").to());
    assert_eq!(choice.heading(), "Choose how to sign in");
    assert_eq!(
        choice.all("main .ways a"),
        [
            "Continue with okta",
            "Continue with second",
            "Sign in with a passphrase"
        ]
    );
    assert!(choice.text().contains("x@both.example") && choice.text().contains("Not you?"));
}

#[test]
fn what_is_no_address_is_said_where_it_was_typed() {
    let app = acme();
    for (typed, words) in [
        ("", "Fill in “E-mail”."),
        ("nonsense", "has the form name@example.com"),
        ("a@b@c.example", "has the form name@example.com"),
        ("<script>@x.example", "has the form name@example.com"),
    ] {
        let page = step(&app, typed);
        assert_eq!(
            (page.status, page.heading().as_str()),
            (422, "Sign in"),
            "{typed}"
        );
        assert_eq!(page.all(".error").len(), 1, "{typed}");
        assert!(page.all(".error")[0].contains(words), "{typed}: {}", page.text());
    }
}

/// Five kinds of people at every domain; `nobdy` is nobody, and `break` keeps a way in whatever is enforced.
const NAMES: [&str; 5] = ["known", "gone_", "bound", "break", "nobdy"];

fn settle(app: &TestApp, domain: &str) {
    let of = |name: &str| format!("{name}@{domain}");
    for name in ["known", "gone_", "bound"] {
        app.add(&of(name), "member");
    }
    app.add(&of("break"), "owner");
    app.give_passphrase(&of("known"), PASSPHRASE);
    app.give_passphrase(&of("break"), PASSPHRASE);
    let gone = of("gone_");
    app.apply(&format!("[[person]]\nemail = {gone:?}\nactive = false\n"));
    let key = of("break");
    let put = move |w: &doorward::store::Writer| {
        let owner = doorward::store::people::find_by_email(w, &key)?.expect("the owner");
        let sql = "INSERT INTO break_glass (person_id, made_by, made_at) VALUES (?1, 'test', 0)";
        w.execute(sql, [owner.id.to_string()])?;
        Ok(())
    };
    app.ctx.store.write_blocking(put).expect("a break-glass owner");
}

/// What somebody who types this address meets, page after page, without what is different at every call by design.
fn met(app: &TestApp, email: &str) -> Vec<(u16, BTreeMap<String, String>, String)> {
    let visitor = app.visitor();
    let sent = visitor.post("/login", &[("email", email)]);
    let told = |page: &Page| (page.status, headers(page, email), masked(&page.text(), email));
    let mut answers = vec![told(&sent)];
    if !sent.to().starts_with("/sso/") {
        answers.push(told(&visitor.get(sent.to())));
    }
    answers
}

#[test]
fn the_e_mail_step_is_one_answer_whoever_it_is() {
    let app = acme();
    let okta = app.connect("okta", "");
    let domains = ["okta.example", "both.example", "plain.example"];
    for domain in domains {
        settle(&app, domain);
        okta.sign_in(&app.visitor(), &format!("bound@{domain}"));
    }
    let compare = |when: &str| {
        for domain in domains {
            let seen = NAMES.map(|name| met(&app, &format!("{name}@{domain}")));
            for (name, answers) in NAMES.iter().zip(&seen) {
                assert_eq!(answers, &seen[0], "{when}: {name}@{domain}");
            }
        }
    };
    compare("nothing is enforced");
    // For one of the two that speak for the domain; those who are known through the other are sent elsewhere.
    let enforce = |slug: &str| {
        apply_anyway(
            &app,
            &format!("[[connection]]\nslug = {slug:?}\nenforced = true\n"),
        )
    };
    enforce("second");
    compare("for both.example");
    app.connect("third", "");
    enforce("third");
    assert_eq!(
        app.count("SELECT count(*) FROM enforcements WHERE domain IS NULL AND started_at IS NOT NULL"),
        1
    );
    compare("for everybody");
}

#[test]
fn the_passphrase_is_typed_under_the_address_that_came_along() {
    let app = acme();
    app.add("bob@plain.example", "member");
    app.give_passphrase("bob@plain.example", PASSPHRASE);
    let bob = app.visitor();
    let sent = bob.post("/login?next=/%3Fa=b", &[("email", "bob@plain.example")]);
    let page = bob.get(sent.to());
    assert_eq!(page.heading(), "Sign in with your passphrase");
    assert_eq!(
        page.attributes("#email[readonly]", "value"),
        ["bob@plain.example"]
    );
    assert_eq!(page.attributes("#email", "autocomplete"), ["username"]);
    assert_eq!(
        page.attributes("#passphrase[autofocus]", "autocomplete"),
        ["current-password"]
    );
    let again = page.attributes("main form a", "href");
    assert_eq!(again, ["/login?next=%2F%3Fa%3Db"], "not you");
    let action = page.attributes("form", "action").remove(0);
    let wrong = bob.post(&action, &[("email", "bob@plain.example"), ("passphrase", WRONG)]);
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.attributes("#email[readonly]", "value"),
        ["bob@plain.example"]
    );
    assert!(!wrong.reference().is_empty());
    assert_eq!(
        wrong.attributes("form", "action"),
        [action.as_str()],
        "nothing is lost on the way"
    );
    let empty = bob.post(&action, &[("email", "bob@plain.example"), ("passphrase", "")]);
    assert_eq!(empty.status, 422);
    let right = bob.post(
        &action,
        &[("email", "bob@plain.example"), ("passphrase", PASSPHRASE)],
    );
    assert_eq!(right.to(), "/?a=b");
    assert_eq!(
        bob.get(sent.to()).to(),
        "/?a=b",
        "the page before, for somebody who is in"
    );
    assert_eq!(bob.get("/login?next=/admin").to(), "/admin");
    // In a second tab, or without the step before, the address is typed here.
    let page = app.visitor().get("/login/passphrase");
    assert!(page.attributes("#email[readonly]", "value").is_empty());
    assert_eq!(page.attributes("#email[autofocus]", "value"), [""]);
}

#[test]
fn programs_that_send_both_at_once_are_let_in() {
    let app = acme();
    let alice = app.visitor();
    let both = [("email", ALICE), ("passphrase", PASSPHRASE)];
    assert_eq!(alice.post("/login?next=/admin", &both).to(), "/admin");
    // An integration speaks for the domain now: whoever has a passphrase keeps it until it is enforced.
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"example.com\"]\n");
    assert_eq!(app.visitor().post("/login", &both).to(), "/");
}

#[test]
fn through_an_integration_the_page_goes_on_by_itself() {
    let app = acme();
    let okta = app.connect("okta", "");
    app.add("bob@okta.example", "member");
    let bob = app.visitor();
    let sent = bob.post("/login?next=/%3Fa=b", &[("email", "bob@okta.example")]);
    let page = bob.get(sent.to());
    assert_eq!((page.status, page.heading().as_str()), (200, "On to okta"));
    let target = page.attributes("main a.button", "href").remove(0);
    let refresh = page.attributes("meta[http-equiv=refresh]", "content");
    assert_eq!(refresh, [format!("0; url={target}")]);
    assert!(
        !target.contains("bob") && !page.text().contains("bob@"),
        "SAML is told nothing of it"
    );
    let asked = crate::app::Asked::read(&target);
    let response = okta.response("bob@okta.example", Some(&asked.id), |_| {});
    assert_eq!(bob.answer("okta", &response, None).to(), "/?a=b");
    assert_eq!(bob.email().as_deref(), Some("bob@okta.example"));
    // Links and tiles are no forms: they are sent on at once.
    for query in ["", "?for=nonsense", "?return_to=/"] {
        assert_eq!(
            app.visitor().get(&format!("/sso/okta{query}")).status,
            303,
            "{query}"
        );
    }
}

#[test]
fn the_last_way_of_this_browser_comes_first() {
    let app = acme();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let bob = app.visitor();
    let first = |visitor: &crate::app::Visitor| visitor.get("/login").all("main a.button.primary");
    assert_eq!(first(&bob), Vec::<String>::new());
    okta.sign_in(&bob, BOB);
    assert_eq!(bob.cookie("doorward_way").as_deref(), Some("okta"));
    bob.post("/logout", &[]);
    assert_eq!(first(&bob), ["Continue with okta"]);
    let all = bob.get("/login").all("main a.button");
    assert_eq!(
        all,
        [
            "Continue with okta",
            "Continue with second",
            "Sign in with a passphrase"
        ],
        "once each"
    );
    let choice = bob.get(bob.post("/login", &[("email", "x@both.example")]).to());
    assert_eq!(choice.all("main a.button.primary"), ["Continue with okta"]);
    app.give_passphrase(BOB, PASSPHRASE);
    bob.plant("doorward_way", "second");
    assert_eq!(first(&bob), ["Continue with second"]);
    bob.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
    assert_eq!(bob.cookie("doorward_way").as_deref(), Some("passphrase"));
    bob.post("/logout", &[]);
    assert_eq!(first(&bob), ["Continue with your passphrase"]);
    // What does not exist, or is off, is not offered, and what is planted is not drawn.
    for planted in ["off", "unknown", "<b>x</b>", "OKTA", "%6Fkta", ""] {
        bob.plant("doorward_way", planted);
        assert_eq!(first(&bob), Vec::<String>::new(), "{planted}");
        assert!(!bob.get("/login").text().contains("<b>x"), "{planted}");
    }
}

#[test]
fn an_owner_may_hide_the_list() {
    let app = acme();
    app.add(BOB, "member");
    let okta = app.connect("okta", "");
    let stranger = app.visitor();
    assert!(
        stranger.get("/login").text().contains("/sso/okta"),
        "listed unless it is hidden"
    );
    let alice = app.alice();
    let settings = [("name", "Acme"), ("contact", "")];
    assert_eq!(alice.post("/admin/settings", &settings).to(), "/admin/settings");
    let page = stranger.get("/login");
    assert_eq!(
        page.all("main .ways a"),
        ["Sign in with a passphrase"],
        "{}",
        page.text()
    );
    assert!(
        step(&app, "x@okta.example").to().starts_with("/sso/okta?"),
        "the e-mail leads there"
    );
    let bob = app.visitor();
    assert_eq!(bob.get("/sso/okta").status, 303, "and so does a link");
    okta.sign_in(&bob, BOB);
    bob.post("/logout", &[]);
    assert_eq!(
        bob.get("/login").all("a.button.primary"),
        ["Continue with okta"],
        "and who was there"
    );
    app.apply("[organization]\nlist_integrations = true\n");
    assert!(stranger.get("/login").text().contains("/sso/okta"));
    let told = "SELECT count(*) FROM events WHERE action = 'organization.changed'
                AND json_extract(after, '$.list_integrations') = 0";
    assert_eq!(app.count(told), 1);
}

#[test]
fn a_sealed_address_that_is_not_ours_is_as_good_as_none() {
    let app = acme();
    let good = step(&app, "x@both.example")
        .to()
        .split_once("for=")
        .expect("sealed")
        .1
        .to_owned();
    let mut bent = good.clone().into_bytes();
    bent[20] = if bent[20] == b'A' { b'B' } else { b'A' };
    let bent = String::from_utf8(bent).expect("text");
    for sealed in [
        "",
        "x",
        "%00",
        "....",
        &bent,
        &good[1..],
        &format!("{good}A"),
        &"A".repeat(3_000),
    ] {
        let visitor = app.visitor();
        let choice = visitor.get(&format!("/login/choice?for={sealed}"));
        assert_eq!(choice.to(), "/login", "{sealed}");
        let page = visitor.get(&format!("/login/passphrase?for={sealed}"));
        assert_eq!(page.status, 200, "{sealed}");
        assert_eq!(page.attributes("#email", "value"), [""], "{sealed}");
        assert_eq!(
            visitor.get(&format!("/sso/okta?for={sealed}")).status,
            303,
            "{sealed}"
        );
    }
    assert_eq!(
        app.visitor().get(&format!("/login/choice?for={good}")).status,
        200
    );
}
