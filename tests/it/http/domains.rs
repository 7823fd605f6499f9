//! Proof of e-mail domains: by a TXT record that any admin may ask for, or by an owner's word; never both ways around.

use doorward::flows::connect::proof::{LOOK_AGAIN, LOOK_EVERY, LOOKED_FOR, check_due};
use doorward::model::time::{HOUR, MINUTE};
use doorward::web::server::block_on;

use crate::app::{PASSPHRASE, Page, TestApp, Visitor};
use crate::names::{Mood, Names};

const CAROL: &str = "carol@example.com";
const DOMAINS: &str = "/admin/integrations/okta/domains";
const CLAIMS: &str = "/admin/integrations/okta/domain-claims";

/// Acme with okta and carol the admin, asking this name server.
fn acme(names: &Names) -> (TestApp, Visitor) {
    let address = names.address;
    let app = TestApp::start_with(|config| config.dns_server = Some(address));
    app.connect("okta", "");
    app.add(CAROL, "admin");
    app.give_passphrase(CAROL, PASSPHRASE);
    let carol = app.signed_in(CAROL, PASSPHRASE);
    (app, carol)
}

/// Begins to prove a domain: name and value of its record, as the page shows them to be copied.
fn claim(admin: &Visitor, slug: &str, domain: &str) -> (String, String) {
    let claims = format!("/admin/integrations/{slug}/domain-claims");
    let domains = format!("/admin/integrations/{slug}/domains");
    assert_eq!(admin.post(&claims, &[("domain", domain)]).to(), domains);
    let shown = admin.get(&domains).all("[data-copies] [data-value]");
    let at = shown
        .iter()
        .position(|text| text.contains(&format!("_doorward.{domain}")));
    let at = at.unwrap_or_else(|| panic!("no record for {domain} in {shown:?}"));
    (shown[at].clone(), shown[at + 1].clone())
}

fn check(admin: &Visitor, domain: &str) -> Page {
    assert_eq!(admin.post(&format!("{CLAIMS}/{domain}/check"), &[]).to(), DOMAINS);
    admin.get(DOMAINS)
}

fn confirmed(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM connection_domains")
}

#[test]
fn an_admin_proves_a_domain_by_a_record() {
    let names = Names::serve();
    let (app, carol) = acme(&names);
    let (name, value) = claim(&carol, "okta", "acme.example");
    assert_eq!(name, "_doorward.acme.example");
    let token = value
        .strip_prefix("doorward-verification=")
        .expect("the form of the value");
    assert!(token.len() >= 43, "256 bits: {token}");
    assert_eq!(
        claim(&carol, "okta", "acme.example").1,
        value,
        "asked twice, it stays"
    );

    let page = check(&carol, "acme.example").text();
    assert!(
        page.contains("There is no TXT record named _doorward.acme.example"),
        "{page}"
    );
    names.put(&name, &["v=spf1 -all \u{202e}<b>"]);
    let page = check(&carol, "acme.example").text();
    assert!(
        page.contains("it says “v=spf1 -all \u{fffd}&#60;b&#62;”"),
        "{page}"
    );
    for near in [
        value.to_uppercase(),
        format!("{value}x"),
        value[..value.len() - 1].to_owned(),
        token.to_owned(),
    ] {
        names.put(&name, &[&near]);
        check(&carol, "acme.example");
        assert_eq!(confirmed(&app), 0, "{near}");
    }
    names.be(Mood::Fails);
    let page = check(&carol, "acme.example").text();
    assert!(
        page.contains("The DNS did not answer for _doorward.acme.example"),
        "{page}"
    );
    names.be(Mood::Answers);
    names.put("acme.example", &[&value]);
    names.put(&name, &[]);
    check(&carol, "acme.example");
    assert_eq!(confirmed(&app), 0, "the record of another name proves nothing");

    names.put(&name, &["v=spf1 -all", &value]);
    let page = check(&carol, "acme.example");
    assert!(
        page.text().contains("acme.example is confirmed"),
        "{}",
        page.text()
    );
    assert_eq!(page.all("tbody th"), ["acme.example"]);
    let cells = page.all("tbody td");
    assert_eq!(
        cells[..2],
        ["Confirmed".to_owned(), "TXT record".to_owned()],
        "{cells:?}"
    );
    assert!(cells[2].starts_with("carol"), "{cells:?}");
    assert!(page.all("[data-value]").is_empty(), "nothing waits any more");
    let event = "SELECT count(*) FROM events WHERE action = 'domain.confirmed'
                 AND json_extract(after, '$.how') = 'dns' AND actor_label LIKE 'carol%'";
    assert_eq!(app.count(event), 1);
    let sent = app.visitor().post("/login", &[("email", "x@acme.example")]);
    assert!(sent.to().starts_with("/sso/okta?"), "{}", sent.to());
}

#[test]
fn a_name_server_that_says_nothing_is_not_waited_for_long() {
    let names = Names::serve();
    let (_app, carol) = acme(&names);
    claim(&carol, "okta", "acme.example");
    names.be(Mood::Silent);
    let began = std::time::Instant::now();
    let page = check(&carol, "acme.example").text();
    assert!(page.contains("The DNS did not answer"), "{page}");
    assert!(began.elapsed().as_secs() < 8, "{:?}", began.elapsed());
}

#[test]
fn doorward_looks_by_itself_for_three_days_and_then_daily() {
    let names = Names::serve();
    let (app, carol) = acme(&names);
    let (name, value) = claim(&carol, "okta", "acme.example");
    let look = || block_on(check_due(&app.ctx)).expect("checked");
    look();
    assert_eq!(names.asked(), Vec::<String>::new(), "not before it is time");
    app.forward(LOOK_EVERY + 1);
    look();
    look();
    assert_eq!(names.asked().len(), 1, "once every five minutes");
    app.forward(LOOKED_FOR);
    names.put(&name, &[&value]);
    look();
    assert_eq!((names.asked().len(), confirmed(&app)), (0, 0), "not for ever");
    let carol = app.signed_in(CAROL, PASSPHRASE);
    assert!(carol.get(DOMAINS).text().contains("Not found in three days"));
    check(&carol, "acme.example");
    assert_eq!(confirmed(&app), 1, "but whenever somebody asks");

    // Proved in the background, on behalf of whoever asked.
    let (name, value) = claim(&carol, "okta", "second.example");
    names.put(&name, &[&value]);
    app.forward(LOOK_EVERY + 1);
    look();
    assert_eq!(confirmed(&app), 2);
    let event = "SELECT count(*) FROM events WHERE action = 'domain.confirmed' AND actor_kind = 'doorward'
                 AND json_extract(after, '$.asked_by') LIKE 'carol%'";
    assert_eq!(app.count(event), 1);

    // Gone: a warning, and nothing else.
    names.put(&name, &[]);
    names.asked();
    app.forward(LOOK_AGAIN + MINUTE);
    look();
    look();
    assert_eq!(names.asked().len(), 2, "both, once a day");
    let carol = app.signed_in(CAROL, PASSPHRASE);
    let page = carol.get(DOMAINS);
    assert!(
        page.text().contains("The record of second.example was not found"),
        "{}",
        page.text()
    );
    assert_eq!(page.all("tbody .needs-you"), ["Record not found"]);
    assert!(
        carol
            .get("/admin/integrations/okta")
            .text()
            .contains("was not found")
    );
    assert_eq!(confirmed(&app), 2, "nothing is taken away");
    let sent = app.visitor().post("/login", &[("email", "x@second.example")]);
    assert!(sent.to().starts_with("/sso/okta?"), "{}", sent.to());
    names.put(&name, &[&value]);
    app.forward(LOOK_AGAIN + MINUTE);
    look();
    let carol = app.signed_in(CAROL, PASSPHRASE);
    assert!(
        !carol.get(DOMAINS).text().contains("was not found"),
        "and it goes by itself"
    );
    app.forward(HOUR);
}

#[test]
fn each_connection_proves_for_itself() {
    let names = Names::serve();
    let (app, carol) = acme(&names);
    app.connect("second", "");
    let (name, first) = claim(&carol, "okta", "acme.example");
    let (same, other) = claim(&carol, "second", "acme.example");
    assert_eq!(name, same);
    assert_ne!(first, other);
    names.put(&name, &[&other]);
    check(&carol, "acme.example");
    assert_eq!(confirmed(&app), 0, "the record of another connection");
    names.put(&name, &[&other, &first]);
    check(&carol, "acme.example");
    app.forward(LOOK_EVERY + 1);
    block_on(check_due(&app.ctx)).expect("checked");
    assert_eq!(confirmed(&app), 2, "both records, both connections");
    let sent = app.visitor().post("/login", &[("email", "x@acme.example")]);
    assert!(sent.to().starts_with("/login/choice?"), "{}", sent.to());
}

#[test]
fn a_claim_that_was_dropped_leaves_nothing_behind() {
    let names = Names::serve();
    let (app, carol) = acme(&names);
    let (name, value) = claim(&carol, "okta", "acme.example");
    names.put(&name, &[&value]);
    let dropped = carol.post(&format!("{CLAIMS}/acme.example/removal"), &[]);
    assert_eq!(dropped.to(), DOMAINS);
    let gone = carol.post(&format!("{CLAIMS}/acme.example/check"), &[]);
    assert_eq!(gone.status, 404);
    let (_, fresh) = claim(&carol, "okta", "acme.example");
    assert_ne!(value, fresh, "an old record proves nothing new");
    check(&carol, "acme.example");
    assert_eq!(confirmed(&app), 0);
    // An owner's word ends the waiting.
    app.apply("[[connection]]\nslug = \"okta\"\ndomains = [\"acme.example\"]\n");
    assert_eq!(app.count("SELECT count(*) FROM domain_claims"), 0);
    let again = carol.post(CLAIMS, &[("domain", "ACME.example")]);
    assert_eq!(again.status, 422);
    assert!(
        again.text().contains("speaks for acme.example already"),
        "{}",
        again.text()
    );
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let names = Names::serve();
    let (app, carol) = acme(&names);
    let alice = app.alice();
    let page = alice.post(DOMAINS, &[("domain", "gmail.com")]);
    assert_eq!(page.status, 422);
    let errors = page.all(".error");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("gives a mailbox to everybody"), "{errors:?}");
    assert_eq!(errors[1], "Tick this to go on.");
    assert!(page.text().contains("2 answers need another look"));
    assert_eq!(page.attributes("#domain", "value"), ["gmail.com"]);
    for (typed, words) in [
        ("co.uk", "belongs to nobody"),
        ("outlook.com", "gives a mailbox to everybody"),
        ("nonsense", "such as example.com"),
        ("127.0.0.1", "such as example.com"),
        ("", "Fill in “Domain”."),
    ] {
        for (visitor, path) in [(&alice, DOMAINS), (&carol, CLAIMS)] {
            let page = visitor.post(path, &[("domain", typed), ("sure", "on")]);
            assert_eq!(page.status, 422, "{typed} at {path}");
            assert!(page.text().contains(words), "{typed} at {path}: {}", page.text());
        }
    }
    assert_eq!((confirmed(&app), names.asked().len()), (0, 0));
    assert_eq!(
        carol
            .post(DOMAINS, &[("domain", "a.example"), ("sure", "on")])
            .status,
        403
    );
    assert_eq!(carol.get(CLAIMS).to(), DOMAINS);
}

#[test]
fn a_domain_of_another_alphabet_is_one_domain_however_it_is_written() {
    let names = Names::serve();
    let (app, _) = acme(&names);
    let alice = app.alice();
    let typed = [("domain", "Bücher.example"), ("sure", "on")];
    assert_eq!(alice.post(DOMAINS, &typed).to(), DOMAINS);
    let page = alice.get(DOMAINS);
    assert_eq!(page.all("tbody th"), ["bücher.example (xn--bcher-kva.example)"]);
    for email in ["x@bücher.example", "x@BÜCHER.example", "x@xn--bcher-kva.example"] {
        let sent = app.visitor().post("/login", &[("email", email)]);
        assert!(sent.to().starts_with("/sso/okta?"), "{email}: {}", sent.to());
    }
    let look_alike = app.visitor().post("/login", &[("email", "x@bücher.exаmple")]);
    assert!(
        look_alike.to().starts_with("/login/passphrase?"),
        "{}",
        look_alike.to()
    );
    let withdrawal = page.attributes("tbody a", "href");
    assert_eq!(alice.post(&withdrawal[0], &[]).to(), DOMAINS);
    assert_eq!(confirmed(&app), 0);
}
