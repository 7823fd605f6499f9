//! The mail page, its test, and the same settings from a file.

use std::collections::BTreeMap;
use std::time::Duration;

use super::server::{Manner, Smtp};
use super::{mailing, set};
use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

const PASSWORD: &str = "s3cret words of a server";

fn save(visitor: &Visitor, port: &str, user: &str, password: &str) -> Page {
    let fields = [
        ("host", "127.0.0.1"),
        ("security", "none"),
        ("port", port),
        ("user", user),
        ("password", password),
        ("from_address", "door@example.com"),
        ("from_name", "Acme “IT” ✓"),
    ];
    visitor.post("/admin/settings/mail", &fields)
}

/// Looks again, as the page does, until the test is over.
fn result(visitor: &Visitor) -> String {
    for _ in 0..400 {
        let page = visitor.get("/admin/settings/mail");
        assert_eq!(page.status, 200);
        let running = page.all("[data-live]");
        if running.is_empty() {
            return page.all("#trial").join(" ");
        }
        assert!(running[0].contains("Look again"), "works without a script");
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the test never ended");
}

#[test]
fn an_owner_sets_mail_up_and_sees_what_the_server_said() {
    let app = TestApp::start();
    let account = Some(("door", PASSWORD));
    let smtp = Smtp::start(Manner {
        account,
        ..Manner::default()
    });
    let (alice, port) = (app.alice(), smtp.port().to_string());
    assert!(alice.get("/admin/settings/mail").text().contains("None yet"));
    assert_eq!(
        alice.post("/admin/settings/mail/test", &[]).status,
        409,
        "nothing to test yet"
    );
    assert_eq!(save(&alice, &port, "door", "").all("#password-error").len(), 1);
    assert_eq!(save(&alice, &port, "door", "wrong").to(), "/admin/settings/mail");
    assert_eq!(
        alice.post("/admin/settings/mail/test", &[]).to(),
        "/admin/settings/mail#test"
    );
    let said = result(&alice);
    assert!(
        said.contains("refused the user name or the password") && said.contains("535 5.7.8 not you"),
        "{said}"
    );
    assert_eq!(save(&alice, &port, "door", PASSWORD).status, 303);
    alice.post("/admin/settings/mail/test", &[]);
    let said = result(&alice);
    assert!(
        said.contains("250 2.0.0 queued as 4Bz7") && said.contains(ALICE),
        "{said}"
    );
    assert_eq!(smtp.taken()[0].to, ALICE);

    let page = alice.get("/admin/settings/mail");
    assert!(!page.text().contains(PASSWORD), "the password is never shown");
    for (table, column) in [
        ("organization", "settings"),
        ("events", "after"),
        ("events", "before"),
    ] {
        let found = app.count(&format!(
            "SELECT count(*) FROM {table} WHERE {column} LIKE '%{PASSWORD}%'"
        ));
        assert_eq!(found, 0, "{table}.{column}");
    }
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'mail.changed'"),
        2
    );
    assert_eq!(
        save(&alice, &port, "door", "").status,
        303,
        "an empty field keeps it"
    );
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'mail.changed'"),
        2,
        "nothing changed"
    );
    let moved = save(&alice, "2525", "door", "");
    assert_eq!(
        moved.all("#password-error").len(),
        1,
        "the password does not go to another server"
    );
}

#[test]
fn a_slow_server_is_waited_for_beside_the_page() {
    let (app, smtp) = mailing();
    smtp.change(Manner {
        thinks: Duration::from_secs(2),
        ..Manner::default()
    });
    let alice = app.alice();
    assert_eq!(
        alice.post("/admin/settings/mail/test", &[]).to(),
        "/admin/settings/mail#test"
    );
    let page = alice.get("/admin/settings/mail");
    let running = page.all("[data-live]");
    assert_eq!(running.len(), 1, "{}", page.text());
    assert_eq!(
        alice.post("/admin/settings/mail/test", &[]).status,
        409,
        "one at a time"
    );
    assert!(result(&alice).contains("took the mail"));
}

#[test]
fn what_is_wrong_is_said_at_its_field_and_only_owners_come_here() {
    let app = TestApp::start();
    let alice = app.alice();
    for (field, value) in [
        ("host", "mail example"),
        ("host", "mail.example.com/path"),
        ("port", "0"),
        ("port", "70000"),
        ("security", "ssl"),
        ("from_address", "nobody"),
        ("from_name", "a\u{7}b"),
    ] {
        let mut fields = vec![
            ("host", "mail.example.com"),
            ("security", "tls"),
            ("port", ""),
            ("user", ""),
            ("password", ""),
            ("from_address", "door@example.com"),
            ("from_name", ""),
        ];
        fields
            .iter_mut()
            .filter(|(name, _)| *name == field)
            .for_each(|pair| pair.1 = value);
        let page = alice.post("/admin/settings/mail", &fields);
        assert_eq!(page.status, 422, "{field}: {value}");
        assert_eq!(page.all(&format!("#{field}-error")).len(), 1, "{field}: {value}");
    }
    app.add(BOB, "admin");
    app.give_passphrase(BOB, PASSPHRASE);
    let bob = app.signed_in(BOB, PASSPHRASE);
    assert_eq!(bob.get("/admin/settings/mail").status, 403);
    assert_eq!(save(&bob, "25", "", "").status, 403);
    assert!(!bob.get("/admin/settings").text().contains("/admin/settings/mail"));
}

#[test]
fn a_file_sets_it_too_and_says_nothing_twice() {
    let app = TestApp::start();
    let toml = "[mail]\nhost = \"mail.example.com\"\nsecurity = \"starttls\"\nuser = \"door\"\n\
                password_file = \"smtp.txt\"\nfrom_address = \"door@example.com\"\n";
    let files = BTreeMap::from([("smtp.txt".to_owned(), format!("{PASSWORD}\n"))]);
    assert_eq!(
        doorward::flows::apply::named_files(toml).expect("names"),
        ["smtp.txt"]
    );
    let lines = app.try_apply(toml, files.clone()).expect("applied");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("port: 587") && lines[0].contains("password: changed"),
        "{lines:?}"
    );
    assert!(!lines[0].contains(PASSWORD));
    assert_eq!(app.try_apply(toml, files).expect("applied"), Vec::<String>::new());
    assert!(
        app.try_apply(toml, BTreeMap::new()).is_err(),
        "the file was not read"
    );
    let twice = "[mail]\npassword = \"a\"\npassword_file = \"smtp.txt\"\n";
    assert!(app.try_apply(twice, BTreeMap::new()).is_err());
    let moved = app.try_apply("[mail]\nhost = \"evil.example\"\n", BTreeMap::new());
    assert!(
        moved
            .expect_err("moved")
            .message
            .contains("Enter the password again")
    );
    assert_eq!(app.apply("[mail]\nenabled = false\n").len(), 1);
    assert_eq!(
        app.count("SELECT count(*) FROM organization_secrets"),
        0,
        "the password is forgotten"
    );
}

#[test]
fn turning_it_off_is_asked_and_done() {
    let (app, smtp) = mailing();
    let alice = app.alice();
    assert!(
        alice
            .get("/admin/settings/mail/removal")
            .text()
            .contains("asks an admin")
    );
    assert_eq!(
        alice.post("/admin/settings/mail/removal", &[]).to(),
        "/admin/settings/mail"
    );
    assert!(alice.get("/admin/settings/mail").text().contains("None yet"));
    set(&app, &smtp);
    assert!(
        alice
            .get("/admin/settings")
            .text()
            .contains("Goes out through 127.0.0.1")
    );
}
