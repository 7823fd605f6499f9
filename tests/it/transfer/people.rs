//! People in and out: what a look shows, what an import does, and whom it lets do what.

use super::{CAROL, PEOPLE, download, import, look, of, refused, rows, with_carol};
use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

const FILE: &str = "E-Mail;First name;Surname;Role;Team;State;Title\r\n\
                    bob@example.com;Bob;Builder;;;;Cook\r\n\
                    ana@example.com;Ana;;manager;North;active;\r\n\
                    nobody;;;;;;\r\n\
                    ben@example.com;Ben;;pope;South;asleep;\r\n\
                    alice@example.com;;;member;;;\r\n\
                    ana@example.com;Anna;;;;;\r\n";

fn start() -> TestApp {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.apply("[[team]]\nname = \"North\"\n");
    app
}

#[test]
fn whoever_is_added_is_invited_where_that_is_wanted_and_nobody_else() {
    let app = TestApp::start();
    app.add("bob@example.com", "member");
    let alice = app.alice();
    let file = "email,given_name\ndan@example.com,Dan\nbob@example.com,Robert\n";
    let report = look(&alice, PEOPLE, file);
    assert!(alice.get(&report).text().contains("Send an invitation"));
    assert_eq!(alice.post(&report, &[("invite", "yes")]).status, 303);
    let invited = "SELECT count(*) FROM invitations";
    assert_eq!(app.count(invited), 1, "dan, and not bob, who was here");
    assert_eq!(
        alice.post(&report, &[("invite", "yes")]).status,
        303,
        "pressed twice"
    );
    assert_eq!(app.count(invited), 1);
    // Without the tick nobody is written to, and where nobody is added there is none.
    let report = look(&alice, PEOPLE, "email\neve@example.com\n");
    assert_eq!(alice.post(&report, &[]).status, 303);
    assert_eq!(app.count(invited), 1);
    let report = look(&alice, PEOPLE, "email,given_name\nbob@example.com,Bo\n");
    assert!(!alice.get(&report).text().contains("Send an invitation"));
}

#[test]
fn a_look_shows_each_row_and_writes_nothing() {
    let app = start();
    let alice = app.alice();
    let before = app.count("SELECT count(*) FROM events");
    let report = alice.get(&look(&alice, PEOPLE, FILE));
    assert_eq!(
        app.count("SELECT count(*) FROM events"),
        before,
        "nothing was written"
    );
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
    let rows = rows(&report);
    let row = |number: &str| rows.iter().find(|row| row[0] == number).expect("the row");
    assert_eq!(row("2")[2], "Would be changed");
    assert_eq!(row("2")[3], "Given name: Bob Family name: Builder Title: Cook");
    assert_eq!(row("3")[2], "Would be added");
    assert!(row("3")[3].contains("Team: North"), "{rows:?}");
    assert!(
        row("4")[3].contains("E-mail “nobody”: An e-mail address has the form"),
        "{rows:?}"
    );
    for said in [
        "Role “pope”: There is no such role.",
        "Team “South”: There is no team",
        "State “asleep”: Write active",
    ] {
        assert!(row("5")[3].contains(said), "{said}: {rows:?}");
    }
    assert!(
        row("6")[3].contains("takes ownership away") || row("6")[3].contains("last active owner"),
        "{rows:?}"
    );
    assert!(row("7")[3].contains("Row 3 is about the same one"), "{rows:?}");
    assert!(report.text().contains("Import 2 rows"));
    let only = alice.get(&format!("{}?only=refused", look(&alice, PEOPLE, FILE)));
    assert_eq!(super::rows(&only).len(), 4);
}

#[test]
fn an_import_does_what_was_shown_once_and_for_its_sender_alone() {
    let app = start();
    let alice = app.alice();
    let report = look(&alice, PEOPLE, FILE);
    let another = app.alice();
    app.add(CAROL, "owner");
    app.give_passphrase(CAROL, PASSPHRASE);
    let carol = app.signed_in(CAROL, PASSPHRASE);
    assert_eq!(carol.get(&report).status, 404, "it holds names");
    assert_eq!(carol.post(&report, &[]).status, 404);
    assert_eq!(alice.post(&report, &[]).to(), report);
    assert_eq!(
        another.post(&report, &[]).status,
        303,
        "done once, however often it is asked"
    );
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'table.imported'"),
        1
    );
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'person.added'"),
        3 + 1
    );
    assert_eq!(of(&app, "ana@example.com", "role").as_deref(), Some("manager"));
    assert_eq!(of(&app, BOB, "profile ->> 'title'").as_deref(), Some("Cook"));
    assert_eq!(of(&app, ALICE, "role").as_deref(), Some("owner"));
    assert!(alice.get(&report).text().contains("2 rows imported"));
    let again = alice.get(&look(&alice, PEOPLE, FILE));
    assert!(
        !again.text().contains("Import 2 rows"),
        "a second time changes nothing"
    );
}

#[test]
fn what_somebody_changed_meanwhile_is_shown_before_anything_is_done() {
    let app = start();
    let alice = app.alice();
    let report = look(
        &alice,
        PEOPLE,
        "email,given_name\nbob@example.com,Robert\nnew@example.com,New\n",
    );
    app.apply("[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Bobby\"\n");
    let refused = alice.post(&report, &[]);
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .text()
            .contains("Somebody changed something in the meantime")
    );
    assert_eq!(of(&app, "new@example.com", "id"), None, "all or nothing");
    assert!(
        rows(&refused)[0][3].contains("Given name: Bobby Robert"),
        "{:?}",
        rows(&refused)
    );
    assert_eq!(alice.post(&report, &[]).status, 303);
    assert_eq!(of(&app, BOB, "given_name").as_deref(), Some("Robert"));
}

#[test]
fn nobody_imports_what_is_not_less_than_their_own() {
    let (app, carol) = with_carol("manager");
    app.apply(
        "[[person]]\nemail = \"dora@example.com\"\nrole = \"admin\"\n[[access_group]]\nname = \"Admins\"\nrole = \"admin\"\n",
    );
    app.add(BOB, "member");
    let file = "email,role,access_group,given_name\nbob@example.com,owner,,\nnew@example.com,admin,,\n\
                dora@example.com,,,Mine\nbob2@example.com,,Admins,\nbob3@example.com,member,,Fine\n";
    let report = carol.get(&look(&carol, PEOPLE, file));
    let outcomes: Vec<String> = rows(&report).into_iter().map(|row| row[2].clone()).collect();
    assert_eq!(
        outcomes,
        ["Refused", "Refused", "Refused", "Refused", "Would be added"]
    );
    assert!(report.text().contains("may do what yours may not"));
    let whats: Vec<String> = rows(&report).into_iter().map(|row| row[3].clone()).collect();
    assert!(whats[0].starts_with("Role “owner”: "), "{whats:?}");
    assert!(
        whats[3].starts_with("Access group by hand “Admins”: "),
        "{whats:?}"
    );
    import(&carol, PEOPLE, file);
    assert_eq!(
        app.count("SELECT count(*) FROM people WHERE role IN ('owner', 'admin')"),
        2
    );
    assert_eq!(
        of(&app, "bob3@example.com", "given_name").as_deref(),
        Some("Fine")
    );
}

#[test]
fn only_whoever_may_manage_people_sees_or_brings_them() {
    let (app, carol) = with_carol("member");
    let alice = app.alice();
    for at in [
        PEOPLE.to_owned(),
        format!("{PEOPLE}/files/people.csv"),
        look(&alice, PEOPLE, "email\nx@example.com\n"),
    ] {
        assert_eq!(carol.get(&at).status, 403, "{at}");
    }
    assert_eq!(
        carol.post(PEOPLE, &[("text", "email\nx@example.com\n")]).status,
        403
    );
    // The right that was there at the look is asked for again at the import.
    let (app, carol) = with_carol("manager");
    let report = look(&carol, PEOPLE, "email\nx@example.com\n");
    app.add(CAROL, "member");
    assert_ne!(carol.post(&report, &[]).status, 303);
    assert_eq!(of(&app, "x@example.com", "id"), None);
}

#[test]
fn what_an_identity_provider_locks_is_refused_with_its_name() {
    let app = TestApp::start();
    let scim = app.scim("okta");
    app.apply("[[connection]]\nslug = \"okta\"\nname = \"Okta\"\n[connection.mapping]\nlock = true\n");
    crate::access::push(&scim, "lena");
    let alice = app.alice();
    let report = alice.get(&look(
        &alice,
        PEOPLE,
        "email,given_name,title\nlena@example.com,Other,\n",
    ));
    assert!(
        rows(&report)[0][3].contains("Given name “Other”: Okta overwrites this field"),
        "{}",
        report.text()
    );
}

#[test]
fn an_empty_value_takes_something_away_only_where_that_was_asked_for() {
    let app = start();
    let alice = app.alice();
    app.apply(
        "[[person]]\nemail = \"bob@example.com\"\ngiven_name = \"Bob\"\nteam = \"North\"\nfields = { title = \"Cook\" }\n",
    );
    let file = "email,given_name,team,title,role,state\nbob@example.com,,,,,\n";
    let page = alice.get(&look(&alice, PEOPLE, file));
    assert_eq!(rows(&page)[0][2], "Unchanged");
    let page = alice.post(PEOPLE, &[("text", file), ("empties", "on")]);
    let report = page.to().to_owned();
    assert_eq!(
        rows(&alice.get(&report))[0][3],
        "Given name: Bob nothing Team: North nothing Title: Cook nothing"
    );
    assert_eq!(alice.post(&report, &[]).status, 303);
    assert_eq!(
        (of(&app, BOB, "given_name").as_deref(), of(&app, BOB, "team_id")),
        (Some(""), None)
    );
    assert_eq!(
        (
            of(&app, BOB, "role").as_deref(),
            of(&app, BOB, "state").as_deref()
        ),
        (Some("member"), Some("active"))
    );
}

#[test]
fn a_state_deactivates_and_ends_sessions_but_never_an_owner() {
    let app = start();
    app.give_passphrase(BOB, PASSPHRASE);
    let (alice, bob) = (app.alice(), app.signed_in(BOB, PASSPHRASE));
    app.add("owen@example.com", "owner");
    let file = "email,state\nbob@example.com,inactive\nowen@example.com,deactivated\n";
    let page = import(&alice, PEOPLE, file);
    assert!(
        rows(&page)[1][3].contains("neither deactivates an owner"),
        "{}",
        page.text()
    );
    assert_eq!(of(&app, BOB, "state").as_deref(), Some("deactivated"));
    assert_eq!(of(&app, "owen@example.com", "state").as_deref(), Some("active"));
    assert_eq!(bob.me(), None);
    import(&alice, PEOPLE, "email,state\nbob@example.com,active\n");
    assert_eq!(of(&app, BOB, "state").as_deref(), Some("active"));
}

#[test]
fn a_file_that_cannot_be_read_is_refused_in_words() {
    let app = start();
    let alice = app.alice();
    assert!(refused(&alice, PEOPLE, "name,age\nAna,7\n").contains("one of them must be “email”"));
    assert!(refused(&alice, PEOPLE, "{\"persons\": []}").contains("no list “people”"));
    assert!(refused(&alice, PEOPLE, "").contains("Choose a file"));
    let send = |bytes: Vec<u8>| {
        let part = reqwest::blocking::multipart::Part::bytes(bytes).file_name("people.csv");
        let form = reqwest::blocking::multipart::Form::new().part("file", part);
        let request = alice
            .client
            .post(alice.url(PEOPLE))
            .header("Sec-Fetch-Site", "same-origin");
        alice.send(request.multipart(form))
    };
    let page = send(b"email\nzo\xEB@example.com\n".to_vec());
    assert!(page.text().contains("Line 2 is not UTF-8"), "{}", page.text());
    assert_eq!(page.status, 422);
    let page = send(vec![b'x'; 8 * 1024 * 1024 + 1]);
    assert!(page.text().contains("larger than 8 MiB"), "{}", page.status);
    let page = send("\u{FEFF}email\nzoe@example.com\n".into());
    assert_eq!(page.status, 303);
    assert!(rows(&alice.get(page.to()))[0][2].contains("Would be added"));
}

#[test]
fn a_download_holds_the_people_in_view_and_is_an_event() {
    let app = start();
    let alice = app.alice();
    app.apply("[[profile_field]]\nkey = \"desk\"\nlabel = \"Desk\"\n[[person]]\nemail = \"bob@example.com\"\nfields = { phone = \"+41 44\", desk = \"4, left\" }\n");
    let all = download(&alice, PEOPLE, "people.csv");
    assert!(all.starts_with("\u{FEFF}email,given_name,"), "{all}");
    assert!(all.contains(",'+41 44,") && all.contains("\"4, left\""), "{all}");
    let narrowed = alice.get(&format!("{PEOPLE}/files/people.json?q=bob")).json();
    assert_eq!(narrowed["people"].as_array().map(Vec::len), Some(1));
    assert_eq!(narrowed["people"][0]["fields"]["phone"], "+41 44");
    assert_eq!(
        app.count("SELECT count(*) FROM events WHERE action = 'table.exported'"),
        2
    );
    assert_eq!(alice.get(&format!("{PEOPLE}/files/people.exe")).status, 404);
    assert_eq!(alice.get(&format!("{PEOPLE}/files/teams.csv")).status, 404);
    let page = alice.get("/admin/people?q=bob");
    let link = page.attributes("main a[href*=transfer]", "href").remove(0);
    assert!(
        alice.get(&link).text().contains("The 1 person of your search"),
        "{link}"
    );
}
