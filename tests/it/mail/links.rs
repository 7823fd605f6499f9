//! Links that an admin hands over, and what voids them; and what people are told about their account.

use super::mailing;
use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

const CAROL: &str = "carol@example.com";
const DAVE: &str = "dave@example.com";
const NEW: &str = "eleven loud otters reading soup";

fn id_of(app: &TestApp, email: &str) -> String {
    let key = email.to_owned();
    let find = move |r: &doorward::store::Reader| doorward::store::people::find_by_email(r, &key);
    let person = app.ctx.store.read(find).expect("a look").expect("a person");
    person.id.to_string()
}

fn path(app: &TestApp, email: &str) -> String {
    format!("/admin/people/{}/reset-link", id_of(app, email))
}

fn make(app: &TestApp, admin: &Visitor, email: &str) -> Page {
    admin.post(&path(app, email), &[])
}

fn link(page: &Page) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    page.all("[data-value]")[0].clone()
}

fn choose(app: &TestApp, link: &str) -> u16 {
    let fields = [("passphrase", NEW), ("passphrase_again", NEW)];
    app.visitor().post(link, &fields).status
}

/// carol is an admin, dave another one, bob a member without a passphrase.
fn office() -> TestApp {
    let app = TestApp::start();
    for (email, role) in [(CAROL, "admin"), (DAVE, "admin"), (BOB, "member")] {
        app.add(email, role);
    }
    app.give_passphrase(CAROL, PASSPHRASE);
    app
}

#[test]
fn an_admin_hands_a_link_over_and_never_sees_a_passphrase() {
    let app = office();
    let carol = app.signed_in(CAROL, PASSPHRASE);
    let before = carol.get(&path(&app, BOB));
    assert!(before.text().contains("gets a first one") || before.text().contains("get a first one"));
    let link = link(&make(&app, &carol, BOB));
    assert!(link.starts_with(&format!("{}/login/reset/", app.base)), "{link}");
    let token = link.rsplit('/').next().expect("a token");
    assert_eq!(token.len(), 43);
    assert!(!carol.get(&path(&app, BOB)).text().contains(token), "shown once");
    let kept = app.count(&format!(
        "SELECT count(*) FROM one_time_links WHERE CAST(token_hash AS TEXT) LIKE '%{token}%'"
    ));
    assert_eq!(kept, 0);
    let told =
        "SELECT count(*) FROM events WHERE action = 'passphrase.link_made' AND actor_label LIKE 'carol%'";
    assert_eq!(app.count(told), 1);
    assert_eq!(
        app.count(&format!(
            "SELECT count(*) FROM events WHERE after LIKE '%{token}%'"
        )),
        0
    );
    assert_eq!(choose(&app, &link), 303);
    app.signed_in(BOB, NEW);
}

#[test]
fn nobody_makes_a_link_for_somebody_they_may_not_manage() {
    let app = office();
    app.give_passphrase(BOB, PASSPHRASE);
    let (carol, bob) = (app.signed_in(CAROL, PASSPHRASE), app.signed_in(BOB, PASSPHRASE));
    for target in [ALICE, DAVE, CAROL] {
        assert_eq!(make(&app, &carol, target).status, 403, "carol for {target}");
    }
    for target in [ALICE, BOB] {
        assert_eq!(make(&app, &bob, target).status, 403, "bob for {target}");
        assert_eq!(
            make(&app, &app.visitor(), target).status,
            401,
            "a stranger for {target}"
        );
    }
    assert_eq!(app.count("SELECT count(*) FROM one_time_links"), 0);
    let elsewhere = carol.post_from_elsewhere(&path(&app, BOB), &[]);
    assert_eq!(elsewhere.status, 403);
    link(&make(&app, &app.alice(), DAVE));
}

#[test]
fn a_link_dies_with_what_it_rested_on() {
    let app = office();
    let alice = app.alice();
    let changes = ["role = \"owner\"", "active = false"];
    for change in changes {
        let link = link(&make(&app, &alice, BOB));
        app.apply(&format!("[[person]]\nemail = {BOB:?}\n{change}\n"));
        assert_eq!(choose(&app, &link), 404, "{change}");
        app.apply(&format!(
            "[[person]]\nemail = {BOB:?}\nrole = \"member\"\nactive = true\n"
        ));
        assert_eq!(choose(&app, &link), 404, "{change}, and back");
    }
    let bob = id_of(&app, BOB);
    let link = link(&make(&app, &alice, BOB));
    let fields = [
        ("email", "robert@example.com"),
        ("given_name", ""),
        ("family_name", ""),
        ("role", "member"),
    ];
    let version = alice
        .get(&format!("/admin/people/{bob}/edit"))
        .attributes("[name=version]", "value");
    let mut all = fields.to_vec();
    all.push(("version", version[0].as_str()));
    assert_eq!(alice.post(&format!("/admin/people/{bob}/edit"), &all).status, 303);
    assert_eq!(choose(&app, &link), 404, "another address");
    app.apply("[[person]]\nemail = \"robert@example.com\"\nactive = false\n");
    let refused = make(&app, &alice, "robert@example.com");
    assert_eq!(refused.status, 409);
}

#[test]
fn both_addresses_are_told_of_a_change_and_a_recovery_code_is_told_too() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let bob = id_of(&app, BOB);
    let alice = app.alice();
    let version = alice
        .get(&format!("/admin/people/{bob}/edit"))
        .attributes("[name=version]", "value");
    let name = "Ünï 東京 ".repeat(25);
    let fields = [
        ("email", "robert@example.com"),
        ("given_name", name.trim()),
        ("family_name", "O’Brien <script>"),
        ("role", "member"),
        ("version", version[0].as_str()),
    ];
    assert_eq!(
        alice.post(&format!("/admin/people/{bob}/edit"), &fields).status,
        303
    );
    let mut mails = smtp.wait_for(2);
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(
        (mails[0].to.as_str(), mails[1].to.as_str()),
        (BOB, "robert@example.com")
    );
    for mail in &mails {
        assert!(mail.data.is_ascii() && mail.data.lines().all(|line| line.len() <= 998));
        assert!(mail.part("text/plain").contains(name.trim()));
        assert!(mail.part("text/html").contains("O’Brien &lt;script&gt;"));
        assert_eq!(mail.header("Auto-Submitted"), "auto-generated");
        assert!(
            mail.header("Message-ID").ends_with("@127.0.0.1>"),
            "{}",
            mail.header("Message-ID")
        );
    }
    let code = app.recovery_codes[0].clone();
    let fields = [
        ("email", ALICE),
        ("code", code.as_str()),
        ("passphrase", NEW),
        ("passphrase_again", NEW),
    ];
    assert_eq!(app.visitor().post("/login/recovery", &fields).status, 303);
    let told = smtp.wait_for(3);
    assert_eq!(told[2].to, ALICE);
    assert!(told[2].part("text/plain").contains("with a recovery code"));
}
