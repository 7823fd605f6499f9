//! Lists: shown before anything happens, and sent a few at a time.

use doorward::flows::invite::{self, Many};
use doorward::flows::{Who, administer};
use doorward::model::{InvitedHow, PersonId};
use doorward::web::{server::block_on, urls};

use super::{BOB_ROWS, PLACE};
use crate::app::{BOB, PASSPHRASE, Page, TestApp, Visitor};
use crate::mail::server::{Manner, Smtp};
use crate::mail::{mailing, set};

const FORM: &str = "/admin/people/invitations/new";

fn bring(admin: &Visitor, rows: &str, seen: &str) -> Page {
    admin.post(FORM, &[("rows", rows), ("seen", seen)])
}

fn seen(page: &Page) -> String {
    page.attributes("input[name=seen]", "value").remove(0)
}

#[test]
fn lines_are_shown_first_and_done_when_they_were_seen() {
    let (app, smtp) = mailing();
    app.apply("[[team]]\nname = \"North\"\n[[person]]\nemail = \"here@example.com\"\n");
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    app.signed_in(BOB, PASSPHRASE);
    let alice = app.alice();
    let people = app.count("SELECT count(*) FROM people");
    let page = bring(&alice, BOB_ROWS, "");
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("3 people are invited, 5 lines are left out"),
        "{}",
        page.text()
    );
    let told = page.all("tbody tr");
    assert!(told[0].contains("Is added and invited"), "{told:?}");
    for (row, why) in [
        (3, "There is no team South"),
        (4, "There is no role boss"),
        (5, "has signed in already"),
        (6, "address"),
        (7, "is invited already"),
    ] {
        assert!(told[row].contains(why), "{why}: {}", told[row]);
    }
    assert_eq!(
        app.count("SELECT count(*) FROM people"),
        people,
        "nothing happened yet"
    );
    assert_eq!(app.count("SELECT count(*) FROM invitations"), 0);
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'person.added' AND subject_label LIKE 'Ana%'"),
        0
    );

    let other = bring(&alice, "mallory@example.com,,,owner", &seen(&page));
    assert_eq!(other.status, 200, "what was not seen is shown first");
    assert_eq!(app.count("SELECT count(*) FROM people"), people);
    let done = bring(&alice, BOB_ROWS, &seen(&page));
    assert_eq!(done.to(), "/admin/people/invitations");
    assert_eq!(app.count("SELECT count(*) FROM people"), people + 2);
    let mut to: Vec<String> = smtp.wait_for(3).into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["ana@example.com", "cy@example.com", "here@example.com"]);
    let place = app.count("SELECT count(*) FROM people JOIN teams ON teams.id = people.team_id WHERE teams.name = 'North' AND role = 'admin'");
    assert_eq!(place, 1);
    assert_eq!(
        app.count("SELECT count(*) FROM invitations WHERE how = 'csv' AND made_by = 'Alice Ng'"),
        3
    );
}

#[test]
fn what_cannot_be_read_stays_in_the_form() {
    let app = TestApp::start();
    let alice = app.alice();
    for (rows, words) in [
        ("", "Fill in"),
        (" \n ", "Fill in"),
        ("E-mail,Name", "at least one line"),
    ] {
        let page = bring(&alice, rows, "");
        assert_eq!(page.status, 422, "{rows:?}");
        assert!(page.all("#rows-error")[0].contains(words), "{}", page.text());
    }
    let many = "a@example.com\n".repeat(501);
    let page = bring(&alice, &many, "");
    assert!(
        page.all("#rows-error")[0].contains("501 lines"),
        "{}",
        page.text()
    );
    assert!(page.text().contains("a@example.com"));
    let page = bring(&alice, "<script>alert(1)</script>@x", "");
    assert!(!page.text().contains("<script>alert"));
}

/// People of whom nobody has come, as an import makes them.
fn crowd(app: &TestApp, many: usize) -> Vec<PersonId> {
    let adding = app.ctx.act(Who::Command("test"), move |act| {
        let add = |n: usize| {
            let fields = administer::PersonFields {
                email: format!("person{n:04}@example.com"),
                role: "member".into(),
                ..Default::default()
            };
            administer::add_person(act, &fields).map(|person| person.id)
        };
        (0..many).map(add).collect::<doorward::error::Result<Vec<_>>>()
    });
    block_on(adding).expect("people")
}

fn queue(app: &TestApp, ids: Vec<PersonId>) -> Many {
    let queuing = app.ctx.act(Who::Command("test"), move |act| {
        invite::many(act, &ids, InvitedHow::Csv)
    });
    block_on(queuing).expect("a queue")
}

#[test]
fn a_crowd_waits_in_a_queue_of_its_own_and_holds_no_other_mail_up() {
    let app = TestApp::start();
    let smtp = Smtp::start(Manner {
        says: vec![("greeting", "421 later")],
        ..Manner::default()
    });
    set(&app, &smtp);
    let ids = crowd(&app, 210);
    let all = Many {
        queued: 210,
        left_out: Vec::new(),
    };
    assert_eq!(queue(&app, ids.clone()), all);
    assert_eq!(queue(&app, ids).left_out.len(), 210, "nobody twice");
    block_on(invite::send_waiting(&app.ctx, urls::invitation)).expect("sent");
    let without_link = || app.count("SELECT count(*) FROM invitations WHERE sent_at IS NULL");
    let waiting = app.count("SELECT count(*) FROM mails WHERE state = 'waiting'");
    assert_eq!(
        (waiting, without_link()),
        (200, 10),
        "no more until there is room"
    );
    // Somebody who lost a passphrase comes before all of them.
    let asked = app.visitor().post("/login/lost", &[("email", crate::app::ALICE)]);
    assert_eq!(asked.status, 303);
    smtp.change(Manner::default());
    app.forward(2 * 60_000);
    let mails = smtp.wait_for(15);
    assert_eq!(mails[0].to, crate::app::ALICE);
    assert!(mails[1..].iter().all(|mail| mail.link(PLACE).is_some()));
    block_on(invite::send_waiting(&app.ctx, urls::invitation)).expect("sent");
    assert_eq!(without_link(), 0, "there is room again");
}

#[test]
fn without_a_mail_server_they_wait_for_one() {
    let app = TestApp::start();
    let ids = crowd(&app, 3);
    queue(&app, ids);
    assert_eq!(
        block_on(invite::send_waiting(&app.ctx, urls::invitation)).expect("none"),
        0
    );
    let alice = app.alice();
    let page = alice.get("/admin/people/invitations");
    assert!(
        page.text().contains("3 invitations wait for a mail server"),
        "{}",
        page.text()
    );
    assert_eq!(page.attributes(".notice a", "href"), ["/admin/settings/mail"]);
    assert!(
        page.all("tbody td")
            .iter()
            .any(|cell| cell == "Link to hand over")
    );
    // One is handed over; the others go once there is mail.
    super::handed_over(&app, &alice, "person0001@example.com");
    let smtp = Smtp::start(Manner::default());
    set(&app, &smtp);
    let mut to: Vec<String> = smtp.wait_for(2).into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["person0000@example.com", "person0002@example.com"]);
}

#[test]
fn only_who_manages_people_brings_a_list() {
    let app = TestApp::start();
    let ids = crowd(&app, 1);
    let refused = app
        .ctx
        .act(Who::Doorward, move |act| invite::many(act, &ids, InvitedHow::Csv));
    assert!(block_on(refused).is_err());
}
