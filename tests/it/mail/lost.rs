//! A lost passphrase: who asks learns nothing, and a link lets its holder choose a new passphrase, once.

use std::time::{Duration, Instant};

use doorward::flows::lost::{LINK_LIFE, PER_ADDRESS, PER_VISITOR, WINDOW};
use doorward::flows::{Who, links, mail};
use doorward::model::Purpose;
use doorward::web::server::block_on;

use super::mailing;
use super::server::{Manner, Smtp};
use crate::app::{ALICE, BOB, PASSPHRASE, Page, TestApp, Visitor};

const NEW: &str = "eleven loud otters reading soup";
const ERIN: &str = "erin@example.com";

fn ask(visitor: &Visitor, email: &str) -> Page {
    visitor.post("/login/lost", &[("email", email)])
}

fn choose(visitor: &Visitor, link: &str, passphrase: &str) -> Page {
    visitor.post(
        link,
        &[("passphrase", passphrase), ("passphrase_again", passphrase)],
    )
}

/// bob with a passphrase, erin without.
fn with_people() -> (TestApp, Smtp) {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app.add(ERIN, "member");
    (app, smtp)
}

/// Asks for a link and takes it out of the mail.
fn link_for(app: &TestApp, smtp: &Smtp, email: &str) -> String {
    let before = smtp.taken().len();
    assert_eq!(ask(&app.visitor(), email).to(), "/login/lost/sent");
    let mails = smtp.wait_for(before + 1);
    let mail = mails.last().expect("a mail");
    assert_eq!(mail.to, email);
    mail.link("/login/reset/").expect("a link")
}

fn is_gone(page: &Page) -> bool {
    page.status == 404 && page.heading() == "This link does not work"
}

#[test]
fn a_link_by_mail_replaces_the_passphrase_ends_every_session_and_is_told() {
    let (app, smtp) = with_people();
    let elsewhere = app.signed_in(BOB, PASSPHRASE);
    let link = link_for(&app, &smtp, BOB);
    let bob = app.visitor();
    // Mail scanners open links, some of them twice.
    for _ in 0..3 {
        let page = bob.get(&link);
        assert_eq!(
            (page.status, page.heading().as_str()),
            (200, "Choose a new passphrase")
        );
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.text().contains(BOB));
    }
    assert_eq!(
        choose(&bob, &link, "passwordpassword")
            .all("#passphrase-error")
            .len(),
        1
    );
    let differs = bob.post(&link, &[("passphrase", NEW), ("passphrase_again", PASSPHRASE)]);
    assert_eq!(differs.status, 422);
    assert!(elsewhere.me().is_some(), "nothing happened yet");

    assert_eq!(choose(&bob, &link, NEW).to(), "/login");
    assert!(
        bob.me().is_none(),
        "the link signs nobody in: a second factor would be left out"
    );
    assert!(elsewhere.me().is_none(), "whoever held a session is out");
    app.signed_in(BOB, NEW);
    let old = bob.post("/login", &[("email", BOB), ("passphrase", PASSPHRASE)]);
    assert_eq!(old.status, 401);
    assert!(
        is_gone(&choose(&bob, &link, NEW)) && is_gone(&bob.get(&link)),
        "each link works once"
    );

    let told = smtp.wait_for(2);
    assert_eq!(told[1].header("Subject"), "Your passphrase was changed");
    assert!(told[1].link("/").is_none(), "a notice holds no link");
    let events =
        "SELECT count(*) FROM events WHERE action = 'passphrase.changed' AND actor_label LIKE 'bob%'";
    assert_eq!(app.count(events), 1);
}

#[test]
fn who_asks_learns_nothing() {
    let (app, smtp) = with_people();
    app.add("dora@example.com", "member");
    app.give_passphrase("dora@example.com", PASSPHRASE);
    app.apply("[[person]]\nemail = \"dora@example.com\"\nactive = false\n");
    let all = [BOB, ERIN, "dora@example.com", "nobody@example.com"];
    let answers: Vec<Page> = all.iter().map(|email| ask(&app.visitor(), email)).collect();
    for (email, answer) in all.iter().zip(&answers) {
        assert_eq!(answer.to(), "/login/lost/sent", "{email}");
        assert_eq!(answer.body, answers[0].body, "{email}");
        let names = |page: &Page| {
            let mut names: Vec<String> = page.headers.keys().map(ToString::to_string).collect();
            names.sort();
            names
        };
        assert_eq!(names(answer), names(&answers[0]), "{email}");
    }
    // bob gets a link; erin, who has no passphrase, is told so; nobody else is written to.
    let mut mails = smtp.wait_for(2);
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(app.count("SELECT count(*) FROM mails"), 2);
    assert_eq!((mails[0].to.as_str(), mails[1].to.as_str()), (BOB, ERIN));
    assert!(
        mails[1].link("/login/reset/").is_none(),
        "a mail makes no first passphrase"
    );
    assert_eq!(app.count("SELECT count(*) FROM one_time_links"), 1);
    for wrong in ["", "no address", "a@b@c"] {
        assert_eq!(ask(&app.visitor(), wrong).status, 422, "{wrong}");
    }
}

#[test]
fn known_and_unknown_people_wait_equally_long() {
    let (app, smtp) = with_people();
    smtp.change(Manner {
        says: vec![("greeting", "421 4.3.2 later")],
        ..Manner::default()
    });
    let visitor = app.visitor();
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..120 {
        for (kind, email) in [BOB, "nobody@example.com"].iter().enumerate() {
            app.forward(WINDOW);
            let began = Instant::now();
            assert_eq!(ask(&visitor, email).status, 303);
            took[kind].push(began.elapsed());
        }
    }
    let [known, unknown] = took.map(|mut times| {
        times.sort();
        times[times.len() / 2]
    });
    let apart = known.abs_diff(unknown);
    assert!(apart < Duration::from_millis(5), "{known:?} and {unknown:?}");
}

#[test]
fn asking_is_bounded_by_address_and_by_visitor_whoever_is_asked_about() {
    let (app, _smtp) = with_people();
    for email in [BOB, "nobody@example.com"] {
        for _ in 0..PER_ADDRESS {
            assert_eq!(ask(&app.visitor(), email).status, 303);
        }
        let shut = ask(&app.visitor(), &email.to_uppercase());
        assert_eq!(shut.status, 429, "{email}");
        assert!(!shut.header("retry-after").is_empty());
    }
    for number in 0..PER_VISITOR - 2 * PER_ADDRESS {
        assert_eq!(ask(&app.visitor(), &format!("x{number}@example.com")).status, 303);
    }
    assert_eq!(
        ask(&app.visitor(), "fresh@example.com").status,
        429,
        "one visitor"
    );
    app.forward(WINDOW);
    assert_eq!(ask(&app.visitor(), BOB).status, 303);
}

#[test]
fn a_link_is_good_for_an_hour_for_one_purpose_and_until_a_newer_one() {
    let (app, smtp) = with_people();
    let (first, second) = (link_for(&app, &smtp, BOB), link_for(&app, &smtp, BOB));
    let bob = app.visitor();
    assert!(is_gone(&bob.get(&first)), "the newer one voids it");
    assert_eq!(bob.get(&second).status, 200);
    let (short, long) = (&second[..second.len() - 1], format!("{second}A"));
    for wrong in [
        short,
        long.as_str(),
        &second.replace("/reset/", "/reset/x"),
        "/login/reset/%00",
    ] {
        assert!(is_gone(&bob.get(wrong)), "{wrong}");
    }
    app.forward(LINK_LIFE);
    assert!(
        is_gone(&bob.get(&second)) && is_gone(&choose(&bob, &second, NEW)),
        "an hour has passed"
    );

    let recover = block_on(app.ctx.act(Who::Command("recover"), |act| {
        let alice = doorward::store::people::find_by_email(act.w, ALICE)?.expect("alice");
        links::make(act, alice.id, Purpose::Recover, LINK_LIFE)
    }));
    let recover = format!("/login/reset/{}", recover.expect("a token"));
    assert!(
        is_gone(&bob.get(&recover)) && is_gone(&choose(&bob, &recover, NEW)),
        "another purpose"
    );
}

#[test]
fn of_twenty_at_once_one_chooses() {
    let (app, smtp) = with_people();
    let link = link_for(&app, &smtp, BOB);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let one = |number: usize| {
            let (app, link) = (&app, &link);
            scope.spawn(move || choose(&app.visitor(), link, &format!("{NEW} {number}")).status)
        };
        let threads: Vec<_> = (0..20).map(one).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a status"))
            .collect()
    });
    let right = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(right, 1, "{statuses:?}");
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'passphrase.changed'"),
        1
    );
}

#[test]
fn the_link_begins_with_the_base_url_whatever_the_headers_say() {
    let (app, smtp) = with_people();
    let port = app.address.port();
    let hosts = [
        ("Host", format!("localhost:{port}")),
        ("Host", format!("[::1]:{port}")),
        ("X-Forwarded-Host", "evil.example".to_owned()),
        ("Forwarded", "host=evil.example;proto=https".to_owned()),
        ("X-Forwarded-Proto", "gopher".to_owned()),
        ("X-Original-Host", "evil.example".to_owned()),
    ];
    for (number, (name, value)) in hosts.into_iter().enumerate() {
        let visitor = app.visitor();
        let request = visitor.client.post(visitor.url("/login/lost"));
        let request = request
            .header("Sec-Fetch-Site", "same-origin")
            .header(name, &value)
            .form(&[("email", BOB)]);
        assert_eq!(visitor.send(request).status, 303, "{name}: {value}");
        app.forward(WINDOW);
        let mails = smtp.wait_for(number + 1);
        let mail = &mails[number];
        let link = mail.link("/login/reset/").expect("a link");
        assert!(
            link.starts_with(&format!("{}/login/reset/", app.base)),
            "{name}: {link}"
        );
        for part in ["evil.example", "localhost", "gopher", "[::1]"] {
            assert!(!mail.data.contains(part), "{name}: {part} in {}", mail.data);
        }
    }
}

#[test]
fn second_factors_and_recovery_codes_stay() {
    let (app, smtp) = mailing();
    block_on(app.ctx.store.write(|w| {
        let alice = doorward::store::people::find_by_email(w, ALICE)?
            .expect("alice")
            .id
            .to_string();
        w.execute(
            "INSERT INTO totp (person_id, sealed, created_at, confirmed_at) VALUES (?1, x'00', 1, 1)",
            [&alice],
        )?;
        w.execute(
            "INSERT INTO passkeys (id, person_id, credential_id, name, credential, created_at)
             VALUES ('p', ?1, x'01', 'phone', '{}', 1)",
            [&alice],
        )?;
        Ok(())
    }))
    .expect("factors");
    let link = link_for(&app, &smtp, ALICE);
    assert_eq!(choose(&app.visitor(), &link, NEW).to(), "/login");
    for (table, count) in [("totp", 1), ("passkeys", 1), ("recovery_codes", 10)] {
        assert_eq!(
            app.count(&format!("SELECT count(*) FROM {table}")),
            count,
            "{table}"
        );
    }
}

#[test]
fn without_a_mail_server_the_page_says_whom_to_ask() {
    let app = TestApp::start();
    let page = app.visitor().get("/login/lost");
    assert!(page.text().contains("Ask an admin of Acme") && page.text().contains(ALICE));
    assert_eq!(page.all("form").len(), 0);
    assert_eq!(ask(&app.visitor(), ALICE).to(), "/login/lost/sent");
    assert_eq!(app.count("SELECT count(*) FROM one_time_links"), 0);
    assert_eq!(app.count("SELECT count(*) FROM mails"), 0);
    assert!(!block_on(app.ctx.store.reading(mail::is_set_up)).expect("an answer"));
}
