//! What people are told about changes to their own account, by whoever made them.

use super::server::{Manner, Smtp, Taken};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp, Visitor};

const NEW: &str = "eleven loud otters reading soup";

/// Set up with a mail server, and with a name, so that passkeys can be.
fn named() -> (TestApp, Smtp) {
    let smtp = Smtp::start(Manner::default());
    let app = TestApp::start_named();
    super::set(&app, &smtp);
    (app, smtp)
}

/// So many mails say both of this, all of them to this address.
fn told(mails: &[Taken], to: &str, subject: &str, words: &str) -> usize {
    let says = |mail: &&Taken| mail.header("Subject") == subject && mail.part("text/plain").contains(words);
    let found: Vec<&Taken> = mails.iter().filter(says).collect();
    assert!(found.iter().all(|mail| mail.to == to), "{found:?}");
    assert!(
        found.iter().all(|mail| mail.link("/").is_none()),
        "a notice holds no link"
    );
    found.len()
}

fn queued(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM mails")
}

const ADDED: &str = "A new way to sign in was added";
const REMOVED: &str = "A way to sign in was removed";

fn remove_passkey(visitor: &Visitor) {
    let list = visitor.get("/account/factors");
    let removal = list
        .attributes("a[aria-label='Remove Test key']", "href")
        .remove(0);
    assert_eq!(visitor.post(&removal, &[]).to(), "/account/factors");
}

#[test]
fn every_change_to_ones_own_factors_and_passphrase_is_told() {
    let (app, smtp) = named();
    let alice = app.alice();
    alice.set_up_phone(app.ctx.now());
    assert_eq!(queued(&app), 1, "queued with the change itself");
    alice.register_key();
    let made = alice.post("/account/factors/recovery-codes", &[]);
    assert_eq!(made.status, 200);
    remove_passkey(&alice);
    let removal = "/account/factors/authenticator/removal";
    assert_eq!(alice.post(removal, &[]).to(), "/account/factors");
    let change = |current: &str| {
        let fields = [
            ("current", current),
            ("passphrase", NEW),
            ("passphrase_again", NEW),
        ];
        alice.post("/account/passphrase", &fields)
    };
    assert_eq!(queued(&app), 5);
    assert_eq!(change("seven tired herons folding caps").status, 422);
    assert_eq!(alice.post(removal, &[]).status, 404);
    assert_eq!(queued(&app), 5, "what did not happen is not told");
    assert_eq!(change(PASSPHRASE).to(), "/account");

    let mails = smtp.wait_for(6);
    for (subject, words) in [
        (ADDED, "the codes of an authenticator app"),
        (ADDED, "the passkey “Test key”"),
        ("You have new recovery codes", "The old ones do not work any more"),
        (REMOVED, "the passkey “Test key”."),
        (REMOVED, "the codes of an authenticator app."),
        (
            "Your passphrase was changed",
            "Your passphrase was changed on your account page",
        ),
    ] {
        assert_eq!(told(&mails, ALICE, subject, words), 1, "{subject}: {words}");
    }
    assert_eq!(queued(&app), 6);
    let text = mails[2].part("text/plain");
    for code in made.all(".codes li") {
        assert!(!text.contains(&code), "no secret goes by mail");
    }
}

#[test]
fn what_an_owner_removes_is_told_to_whom_it_belonged() {
    let (app, smtp) = named();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let (alice, bob) = (app.alice(), app.signed_in(BOB, PASSPHRASE));
    bob.set_up_phone(app.ctx.now());
    bob.register_key();
    let person = alice
        .get("/admin/people?q=bob")
        .attributes("a.row", "href")
        .remove(0);
    for name in ["Authenticator app", "Test key"] {
        let link = format!("a[aria-label='Remove {name}']");
        let removal = alice.get(&person).attributes(&link, "href").remove(0);
        assert_eq!(alice.post(&removal, &[]).to(), person);
    }
    let mails = smtp.wait_for(4);
    for what in ["the codes of an authenticator app", "the passkey “Test key”"] {
        let words = format!("{what}, removed by Alice Ng");
        assert_eq!(told(&mails, BOB, REMOVED, &words), 1, "{words}");
    }
    assert_eq!(queued(&app), 4, "nobody else is told");
}
