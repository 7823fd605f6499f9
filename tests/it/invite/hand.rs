//! By hand: who may, whom, how often, and what ends it.

use doorward::flows::invite::PER_PERSON;
use doorward::model::time::DAY;
use doorward::web::server::block_on;

use super::{
    NEW, PLACE, choose, events, handed_over, id, invite, invited, is_gone, is_good, later, place, state,
};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};
use crate::mail::mailing;
use crate::mail::server::Manner;

#[test]
fn a_mail_leads_to_a_passphrase_and_the_sign_in_accepts() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    let asked = alice.get(&place(&app, BOB));
    assert!(
        asked.text().contains(BOB) && asked.text().contains("good for a week"),
        "{}",
        asked.text()
    );
    assert_eq!(events(&app, "sent"), 0, "a page that explains sends nothing");
    let link = invited(&app, &smtp, &alice, BOB);
    let mail = smtp.taken().remove(0);
    assert_eq!(mail.header("Subject"), "Your invitation to Acme");
    for part in [mail.part("text/plain"), mail.part("text/html")] {
        assert!(
            part.contains(&link) && part.contains("Alice Ng invites you to Acme"),
            "{part}"
        );
    }
    assert!(mail.part("text/html").contains("color-scheme"));
    assert_eq!(state(&app, &alice, BOB), "Invited");

    let bob = app.visitor();
    // Mail scanners open links, some of them twice.
    for _ in 0..3 {
        let page = bob.get(&link);
        assert!(is_good(&page), "{}", page.text());
        assert!(page.text().contains(BOB) && page.text().contains("Alice Ng"));
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_eq!(app.count("SELECT count(*) FROM one_time_links"), 0);
    assert_eq!(
        app.count("SELECT count(*) FROM invitations WHERE opened_at IS NOT NULL"),
        0
    );

    let next = bob.post(&link, &[]).to().to_owned();
    let page = bob.get(&next);
    assert_eq!(
        (page.status, page.heading().as_str()),
        (200, "Choose a passphrase")
    );
    let weak = bob.post(
        &next,
        &[
            ("passphrase", "passwordpassword"),
            ("passphrase_again", "passwordpassword"),
        ],
    );
    assert_eq!((weak.status, weak.all("#passphrase-error").len()), (422, 1));
    let done = bob.post(&next, &[("passphrase", NEW), ("passphrase_again", NEW)]);
    assert!(done.to().starts_with("/login/passphrase?"), "{}", done.to());
    assert!(bob.me().is_none(), "the link signs nobody in");
    assert!(
        bob.get(done.to()).text().contains(BOB),
        "the address is not typed twice"
    );
    assert_eq!(events(&app, "accepted"), 0, "they have not come yet");

    // A mail that somebody finds now sets no other passphrase.
    let stranger = app.visitor();
    assert!(is_good(&stranger.get(&link)));
    assert_eq!(stranger.post(&link, &[]).to(), link.replace(&app.base, ""));
    assert_eq!(
        app.count("SELECT count(*) FROM one_time_links WHERE used_at IS NULL"),
        0
    );

    let bob = app.signed_in(BOB, NEW);
    assert_eq!(bob.email().as_deref(), Some(BOB));
    assert_eq!((events(&app, "sent"), events(&app, "accepted")), (1, 1));
    assert!(state(&app, &alice, BOB).starts_with("Accepted"));
    assert!(is_gone(&stranger.get(&link)) && is_gone(&stranger.post(&link, &[])));
    app.signed_in(BOB, NEW);
    assert_eq!(events(&app, "accepted"), 1, "once");
    assert_eq!(smtp.taken().len(), 1, "a first passphrase was changed by nobody");
}

#[test]
fn nothing_of_the_link_is_kept_and_no_page_or_event_shows_it_again() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    let link = invited(&app, &smtp, &alice, BOB);
    let token = link.rsplit('/').next().expect("a token").to_owned();
    let of = |table: &str, column: &str| {
        app.count(&format!(
            "SELECT count(*) FROM {table} WHERE instr(CAST({column} AS TEXT), '{token}') > 0"
        ))
    };
    assert_eq!(
        of("invitations", "token_hash") + of("events", "after") + of("mails", "coalesce(sealed, '')"),
        0
    );
    for page in [
        format!("/admin/people/{}", id(&app, BOB)),
        "/admin/people/invitations".into(),
        "/admin/settings/mail".into(),
    ] {
        assert!(!alice.get(&page).text().contains(&token), "{page}");
    }
}

#[test]
fn without_a_mail_server_the_link_is_shown_once_and_works() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let alice = app.alice();
    let link = handed_over(&app, &alice, BOB);
    assert!(link.starts_with(&format!("{}{PLACE}", app.base)), "{link}");
    assert_eq!(state(&app, &alice, BOB), "Link handed over");
    assert_eq!(app.count("SELECT count(*) FROM mails"), 0);
    choose(&app.visitor(), &link);
    app.signed_in(BOB, NEW);
}

#[test]
fn the_link_is_good_for_a_week_and_another_one_voids_it() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let first = invited(&app, &smtp, &app.alice(), BOB);
    let bob = app.visitor();
    app.forward(7 * DAY - 1);
    assert!(is_good(&bob.get(&first)));
    app.forward(1);
    assert!(is_gone(&bob.get(&first)) && is_gone(&bob.post(&first, &[])));
    let alice = later(&app);
    assert_eq!(state(&app, &alice, BOB), "Expired");
    let second = invited(&app, &smtp, &alice, BOB);
    let third = invited(&app, &smtp, &alice, BOB);
    assert!(
        is_gone(&bob.get(&second)) && is_gone(&bob.post(&second, &[])),
        "sent again since"
    );
    assert!(is_good(&bob.get(&third)));
}

#[test]
fn it_is_taken_back_with_its_mail_and_the_passphrase_that_was_begun() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    let link = invited(&app, &smtp, &alice, BOB);
    let bob = app.visitor();
    let begun = bob.post(&link, &[]).to().to_owned();
    let revocation = format!("{}/revocation", place(&app, BOB));
    assert_eq!(alice.get(&revocation).heading(), "Take an invitation back");
    assert!(is_good(&bob.get(&link)));
    let person = format!("/admin/people/{}", id(&app, BOB));
    assert_eq!(alice.post(&revocation, &[]).to(), person);
    assert!(is_gone(&bob.get(&link)));
    assert_eq!(bob.get(&begun).status, 404);
    assert_eq!(
        bob.post(&begun, &[("passphrase", NEW), ("passphrase_again", NEW)])
            .status,
        404
    );
    assert_eq!(
        (
            events(&app, "revoked"),
            app.count("SELECT count(*) FROM passphrases")
        ),
        (1, 1)
    );
    assert!(state(&app, &alice, BOB).starts_with("Ended"));
    assert_eq!(alice.post(&revocation, &[]).status, 409, "there is nothing left");

    // A mail that still waits is not sent.
    smtp.change(Manner {
        says: vec![("greeting", "421 later")],
        ..Manner::default()
    });
    assert_eq!(invite(&app, &alice, BOB).to(), person);
    assert_eq!(app.count("SELECT count(*) FROM mails WHERE state = 'waiting'"), 1);
    assert_eq!(alice.post(&revocation, &[]).to(), person);
    assert_eq!(app.count("SELECT count(*) FROM mails WHERE state = 'waiting'"), 0);
}

#[test]
fn who_has_come_or_is_deactivated_is_not_invited() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app.signed_in(BOB, PASSPHRASE);
    app.add("dora@example.com", "member");
    app.apply("[[person]]\nemail = \"dora@example.com\"\nactive = false\n");
    let alice = app.alice();
    for (email, why) in [
        (BOB, "has signed in already"),
        ("dora@example.com", "is deactivated"),
    ] {
        for page in [alice.get(&place(&app, email)), invite(&app, &alice, email)] {
            assert_eq!(page.status, 409, "{email}");
            assert!(page.text().contains(why), "{}", page.text());
        }
        let person = alice.get(&format!("/admin/people/{}", id(&app, email)));
        assert_eq!(person.all("#invitation").len(), 0, "no button leads there");
    }
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 0);
}

#[test]
fn nobody_invites_whom_they_may_not_manage() {
    let app = TestApp::start();
    for (email, role) in [
        (BOB, "member"),
        ("mallory@example.com", "admin"),
        ("olga@example.com", "owner"),
        ("ada@example.com", "admin"),
    ] {
        app.add(email, role);
    }
    for email in [BOB, "mallory@example.com"] {
        app.give_passphrase(email, PASSPHRASE);
    }
    app.add("nina@example.com", "member");
    let (bob, mallory) = (
        app.signed_in(BOB, PASSPHRASE),
        app.signed_in("mallory@example.com", PASSPHRASE),
    );
    for email in ["olga@example.com", "ada@example.com", ALICE] {
        assert_eq!(invite(&app, &mallory, email).status, 403, "{email}");
        assert_eq!(
            mallory
                .post(&format!("{}/revocation", place(&app, email)), &[])
                .status,
            403,
            "{email}"
        );
    }
    assert_eq!(invite(&app, &bob, "nina@example.com").status, 403);
    for page in ["/admin/people/invitations", "/admin/people/invitations/new"] {
        assert_eq!(bob.get(page).status, 403, "{page}");
    }
    let rows = [(
        "rows",
        "eve@example.com,,,owner\nolga@example.com\nnina@example.com",
    )];
    let page = mallory.post("/admin/people/invitations/new", &rows);
    assert!(
        page.text().contains("1 person is invited, 2 lines are left out"),
        "{}",
        page.text()
    );
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 0);
    handed_over(&app, &mallory, "nina@example.com");
}

#[test]
fn what_somebody_else_may_hold_ends_when_it_would_open_more() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.add("carl@example.com", "manager");
    let alice = app.alice();
    let link = handed_over(&app, &alice, BOB);
    app.add(BOB, "admin");
    assert!(
        is_gone(&app.visitor().get(&link)),
        "whoever handed it over made it for a member"
    );
    assert_eq!(events(&app, "ended"), 1);
    let link = handed_over(&app, &alice, "carl@example.com");
    // A role that may do more is another role.
    app.apply(
        "[[role]]\nkey = \"manager\"\npermissions = [\"use_apps\", \"portal\", \"manage_integrations\"]\n",
    );
    assert!(is_gone(&app.visitor().get(&link)));
}

#[test]
fn a_mail_that_went_to_the_old_address_is_worth_nothing() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    let link = invited(&app, &smtp, &alice, BOB);
    app.add(BOB, "admin");
    assert!(is_good(&app.visitor().get(&link)), "only bob reads his mail");
    let edit = format!("/admin/people/{}/edit", id(&app, BOB));
    let version = alice
        .get(&edit)
        .attributes("input[name=version]", "value")
        .remove(0);
    let group = alice
        .get(&edit)
        .attributes("select[name=access_group] option[selected]", "value")
        .remove(0);
    let fields = [
        ("email", "robert@example.com"),
        ("role", "admin"),
        ("team", ""),
        ("access_group", &group),
        ("version", &version),
    ];
    assert_eq!(alice.post(&edit, &fields).status, 303);
    assert!(is_gone(&app.visitor().get(&link)));
    assert!(state(&app, &alice, "robert@example.com").starts_with("Ended"));
}

#[test]
fn deactivation_ends_it_for_good() {
    let (app, smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    let link = invited(&app, &smtp, &alice, BOB);
    let begun = app.visitor().post(&link, &[]).to().to_owned();
    let turn = |on: bool| app.apply(&format!("[[person]]\nemail = \"{BOB}\"\nactive = {on}\n"));
    turn(false);
    assert!(is_gone(&app.visitor().get(&link)));
    turn(true);
    assert!(is_gone(&app.visitor().get(&link)), "back, but not invited");
    assert_eq!(app.visitor().get(&begun).status, 404);
    assert_eq!(events(&app, "ended"), 1);
}

#[test]
fn nobody_is_flooded() {
    let (app, _smtp) = mailing();
    app.add(BOB, "member");
    let alice = app.alice();
    for _ in 0..PER_PERSON {
        assert_eq!(invite(&app, &alice, BOB).status, 303);
    }
    let page = invite(&app, &alice, BOB);
    assert_eq!(page.status, 429);
    assert!(!page.header("retry-after").is_empty());
    assert_eq!(events(&app, "sent"), PER_PERSON);
}

#[test]
fn somebody_is_added_and_invited_with_one_form() {
    let (app, smtp) = mailing();
    let alice = app.alice();
    let fields = [
        ("email", "erin@example.com"),
        ("given_name", "Erin"),
        ("role", "member"),
        ("invite", "on"),
    ];
    let done = alice.post("/admin/people/new", &fields);
    assert_eq!(
        done.to(),
        format!("/admin/people/{}", id(&app, "erin@example.com"))
    );
    assert_eq!(smtp.wait_for(1)[0].to, "erin@example.com");
    let quiet = [("email", "finn@example.com"), ("role", "member")];
    assert_eq!(alice.post("/admin/people/new", &quiet).status, 303);
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 1);
    let wrong = [("email", "no address"), ("role", "member"), ("invite", "on")];
    let page = alice.post("/admin/people/new", &wrong);
    assert_eq!(
        (
            page.status,
            page.attributes("input[name=invite]", "checked").len()
        ),
        (422, 1)
    );

    // Without mail the answer is the link.
    app.apply("[mail]\nenabled = false\n");
    let fields = [("email", "gil@example.com"), ("role", "member"), ("invite", "on")];
    let page = alice.post("/admin/people/new", &fields);
    assert_eq!(
        (page.status, page.heading().as_str()),
        (200, "Hand over the invitation")
    );
}

#[test]
fn the_list_says_where_each_stands() {
    let (app, smtp) = mailing();
    let alice = app.alice();
    assert!(
        alice
            .get("/admin/people/invitations")
            .text()
            .contains("Nobody was invited yet")
    );
    for email in [BOB, "carl@example.com", "dora@example.com"] {
        app.add(email, "member");
        invited(&app, &smtp, &alice, email);
    }
    choose(&app.visitor(), &smtp.taken()[0].link(PLACE).expect("a link"));
    app.signed_in(BOB, NEW);
    alice.post(&format!("{}/revocation", place(&app, "carl@example.com")), &[]);
    let names = |query: &str| {
        alice
            .get(&format!("/admin/people/invitations?{query}"))
            .all("tbody th")
    };
    assert_eq!(names("").len(), 3);
    assert_eq!(names("state=accepted"), [BOB]);
    assert_eq!(names("state=ended"), ["carl@example.com"]);
    assert_eq!(names("state=sent"), ["dora@example.com"]);
    assert_eq!(names("q=dora"), ["dora@example.com"]);
    assert!(names("state=waiting&q=dora").is_empty());
    app.forward(8 * DAY);
    let alice = later(&app);
    assert_eq!(
        alice
            .get("/admin/people/invitations?state=expired")
            .all("tbody th"),
        ["dora@example.com"]
    );
    block_on(doorward::flows::maintain::sweep(&app.ctx)).expect("a sweep");
    assert_eq!(
        alice.get("/admin/people/invitations").all("tbody th").len(),
        3,
        "what became of them stays"
    );
}
