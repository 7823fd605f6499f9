//! The queue: what a bad server does to it, what is kept of a mail, and what an owner can do.

use std::time::Duration;

use doorward::flows::Context;
use doorward::flows::Who;
use doorward::flows::mail::deliver::deliver;
use doorward::flows::mail::{Content, Recipient, send};
use doorward::flows::maintain::sweep;
use doorward::model::Email;
use doorward::model::time::{DAY, MINUTE};
use doorward::web::server::block_on;

use super::server::{Manner, Smtp, Taken};
use super::{mailing, set};
use crate::app::{ALICE, TestApp};

fn queue(app: &TestApp, to: &str, link: Option<(&str, &str)>) -> doorward::error::Result<()> {
    let to = Recipient {
        person: None,
        address: Email::parse(to).expect("an address"),
    };
    let content = Content {
        subject: "A subject\r\nBcc: evil@example.com".into(),
        paragraphs: vec!["Something that nobody else may read: 7Q4MK".into()],
        link: link.map(|(label, address)| (label.to_owned(), address.to_owned())),
    };
    block_on(app.ctx.act(Who::Doorward, move |act| {
        send(act, act.vault, "test.mail", to, content)
    }))
}

fn states(app: &TestApp) -> Vec<(String, i64, bool, Option<String>)> {
    let read = |r: &doorward::store::Reader| {
        let mut statement =
            r.prepare_cached("SELECT state, tries, sealed IS NOT NULL, problem FROM mails ORDER BY id")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        Ok(rows.collect::<Result<Vec<_>, _>>()?)
    };
    app.ctx.store.read(read).expect("the mails")
}

/// Until the worker, or this, has tried what is due and written down how it went.
fn settle(app: &TestApp, expected: &str, tries: i64) -> Option<String> {
    for _ in 0..400 {
        block_on(deliver(&app.ctx)).expect("a try");
        if let [(state, tried, _, problem)] = &states(app)[..]
            && state == expected
            && *tried == tries
            && (state != "waiting" || problem.is_some())
        {
            return problem.clone();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not {expected} after {tries}: {:?}", states(app));
}

#[test]
fn what_a_mail_says_is_sealed_until_it_is_sent_and_gone_then() {
    let (app, smtp) = mailing();
    smtp.change(Manner {
        says: vec![("RCPT", "451 4.7.1 later")],
        ..Manner::default()
    });
    queue(&app, "ana@example.com", Some(("Go", "/login"))).expect("queued");
    settle(&app, "waiting", 1);
    let database = std::fs::read(app.folder.path().join("data/doorward.db")).expect("the file");
    let log = std::fs::read(app.folder.path().join("data/doorward.db-wal")).unwrap_or_default();
    for bytes in [&database, &log] {
        assert!(
            !bytes.windows(5).any(|part| part == b"7Q4MK"),
            "what a mail says lies open"
        );
    }
    smtp.change(Manner::default());
    app.forward(MINUTE);
    let mails = smtp.wait_for(1);
    settle(&app, "sent", 2);
    assert_eq!(app.count("SELECT count(*) FROM mails WHERE sealed IS NULL"), 1);
    assert!(mails[0].part("text/plain").contains("7Q4MK"));
    assert_eq!(mails[0].header("Subject"), "A subject Bcc: evil@example.com");
    assert!(
        !mails[0].data.lines().any(|line| line.starts_with("Bcc")),
        "{}",
        mails[0].data
    );
    app.forward(8 * DAY);
    block_on(sweep(&app.ctx)).expect("swept");
    assert_eq!(app.count("SELECT count(*) FROM mails"), 0);
}

#[test]
fn tries_grow_apart_and_end_after_two_days() {
    let (app, smtp) = mailing();
    smtp.change(Manner {
        says: vec![("RCPT", "451 4.7.1 greylisted")],
        ..Manner::default()
    });
    queue(&app, "ana@example.com", None).expect("queued");
    let problem = settle(&app, "waiting", 1).expect("a problem");
    assert!(problem.contains("451 4.7.1 greylisted"), "{problem}");
    app.forward(MINUTE - 1);
    assert_eq!(
        block_on(deliver(&app.ctx)).expect("nothing"),
        0,
        "a minute is a minute"
    );
    app.forward(1);
    settle(&app, "waiting", 2);
    app.forward(2 * DAY);
    settle(&app, "failed", 2);
    assert_eq!(smtp.taken().len(), 0);

    let alice = app.alice();
    let page = alice.get("/admin/settings/mail");
    assert!(
        page.text().contains("Given up") && page.text().contains("greylisted"),
        "{}",
        page.text()
    );
    smtp.change(Manner::default());
    let retry = page.attributes("form[action$=retry]", "action")[0].clone();
    assert_eq!(alice.post(&retry, &[]).to(), "/admin/settings/mail");
    smtp.wait_for(1);
    settle(&app, "sent", 1);
    assert_eq!(
        alice.post(&retry, &[]).status,
        409,
        "what was sent is not sent again"
    );
}

#[test]
fn a_refused_recipient_is_given_up_at_once_and_a_dead_server_is_not() {
    let (app, smtp) = mailing();
    smtp.change(Manner {
        says: vec![("RCPT", "550 5.1.1 no such user")],
        ..Manner::default()
    });
    queue(&app, "ana@example.com", None).expect("queued");
    let problem = settle(&app, "failed", 1).expect("a problem");
    assert!(
        problem.contains("550 5.1.1 no such user") && problem.contains("Check the person"),
        "{problem}"
    );
    let alice = app.alice();
    let removal = alice
        .get("/admin/settings/mail")
        .attributes("form[action$=removal]", "action")[0]
        .clone();
    assert_eq!(alice.post(&removal, &[]).to(), "/admin/settings/mail");
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'mail.removed'"),
        1
    );
    assert!(states(&app).is_empty());

    smtp.change(Manner {
        says: vec![("greeting", "421 4.3.2 going down")],
        ..Manner::default()
    });
    queue(&app, "ana@example.com", None).expect("queued");
    let problem = settle(&app, "waiting", 1).expect("a problem");
    assert!(problem.contains("421 4.3.2 going down"), "{problem}");
}

#[test]
fn a_stop_in_the_middle_of_a_try_loses_nothing_and_both_copies_are_one() {
    let (app, smtp) = mailing();
    smtp.change(Manner {
        thinks: Duration::from_secs(3),
        ..Manner::default()
    });
    queue(&app, "ana@example.com", None).expect("queued");
    for _ in 0..200 {
        if smtp.heard().iter().any(|line| line == ".") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    // The worker is cut off while the server thinks: whether it took the mail is unknown.
    let folder = app.stop();
    let app = TestApp::fresh_with(folder, |_| {});
    assert_eq!(states(&app)[0], ("waiting".to_owned(), 1, true, None));
    smtp.change(Manner::default());
    assert_eq!(
        block_on(deliver(&app.ctx)).expect("nothing"),
        0,
        "not in a circle: a minute later"
    );
    app.forward(MINUTE);
    let _ = block_on(deliver(&app.ctx));
    let copies = smtp.wait_for(2);
    let ids: Vec<String> = copies
        .iter()
        .map(|mail: &Taken| mail.header("Message-ID"))
        .collect();
    assert_eq!(ids[0], ids[1], "mail programs show one");
    assert_eq!(copies.len(), 2);
}

#[test]
fn a_mail_leads_here_and_nowhere_else_and_goes_with_its_transaction() {
    let (app, _smtp) = mailing();
    for away in [
        "https://evil.example/login",
        "//evil.example/login",
        "javascript:alert(1)",
        &format!("{}.evil.example/", app.base),
        &format!("{}@evil.example/", app.base),
    ] {
        let done = queue(&app, "ana@example.com", Some(("Go", away)));
        let path = away.starts_with('/');
        assert!(done.is_err() || path, "{away}");
    }
    let links = app.count("SELECT count(*) FROM mails");
    assert!(links <= 1);
    let to = Recipient {
        person: None,
        address: Email::parse(ALICE).expect("an address"),
    };
    let content = Content {
        subject: "Never".into(),
        ..Content::default()
    };
    let failed: doorward::error::Result<()> = block_on(app.ctx.act(Who::Doorward, move |act| {
        send(act, act.vault, "test.mail", to, content)?;
        Err(doorward::error::Error::conflict("rolled back"))
    }));
    assert!(failed.is_err());
    assert_eq!(app.count("SELECT count(*) FROM mails WHERE subject = 'Never'"), 0);
}

#[test]
fn without_a_server_nothing_is_queued() {
    let app = TestApp::start();
    queue(&app, ALICE, None).expect("noted");
    assert_eq!(app.count("SELECT count(*) FROM mails"), 0);
    let smtp = Smtp::start(Manner::default());
    set(&app, &smtp);
    queue(&app, ALICE, None).expect("queued");
    smtp.wait_for(1);
    let _: &Context = &app.ctx;
}
