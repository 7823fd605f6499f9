//! People and who may touch whom, with the flows themselves: the rules hold whatever the page does.

use std::sync::Arc;

use doorward::error::{Error, Kind, Result};
use doorward::flows::administer::{self, PersonFields};
use doorward::flows::{Act, Context, Who};
use doorward::model::{Person, PersonId};
use doorward::store;
use doorward::web::server::block_on;

use crate::app::{ALICE, BOB, PASSPHRASE, TestApp};

const CAROL: &str = "carol@example.com";
/// A refused escalation leaves an event, but no change.
const CHANGES: &str = "SELECT count(*) FROM events WHERE action <> 'escalation.refused'";

fn id_of(app: &TestApp, email: &str) -> PersonId {
    person(app, email).id
}

fn person(app: &TestApp, email: &str) -> Person {
    let key = email.to_owned();
    let found = app.ctx.store.read(|r| store::people::find_by_email(r, &key));
    found.expect("a read").expect("the person")
}

fn as_person<T: Send + 'static>(
    app: &TestApp,
    who: PersonId,
    work: impl FnOnce(&Act) -> Result<T> + Send + 'static,
) -> Result<T> {
    block_on(app.ctx.act(Who::Person(who), work))
}

fn fields(email: &str, role: &str) -> PersonFields {
    PersonFields {
        email: email.into(),
        given_name: "Given".into(),
        family_name: "Family".into(),
        role: role.into(),
        ..PersonFields::default()
    }
}

fn owners(app: &TestApp) -> i64 {
    app.count("SELECT count(*) FROM people WHERE role = 'owner' AND state = 'active'")
}

fn kind<T: std::fmt::Debug>(done: Result<T>) -> Kind {
    done.expect_err("it was to be refused").kind
}

#[test]
fn the_last_owner_can_be_neither_demoted_nor_deactivated() {
    let app = TestApp::start();
    let alice = id_of(&app, ALICE);
    for role in ["member", "admin"] {
        let demote = move |act: &Act| administer::change_person(act, alice, &fields(ALICE, role), None);
        let error = as_person(&app, alice, demote).expect_err("refused");
        assert!(error.message.contains("last active owner"), "{error}");
        assert_eq!(error.kind, Kind::Conflict);
    }
    assert_eq!(
        kind(as_person(&app, alice, move |act| administer::deactivate(
            act, alice
        ))),
        Kind::Conflict
    );
    // A deactivated owner is nobody to fall back on.
    app.add(CAROL, "owner");
    app.apply("[[person]]\nemail = \"carol@example.com\"\nactive = false\n");
    assert_eq!(
        kind(as_person(&app, alice, move |act| administer::deactivate(
            act, alice
        ))),
        Kind::Conflict
    );
    for toml in [
        "[[person]]\nemail = \"alice@example.com\"\nrole = \"member\"\n",
        "[[person]]\nemail = \"alice@example.com\"\nactive = false\n",
    ] {
        let error = app.try_apply(toml, Default::default()).expect_err("refused");
        assert!(error.message.contains("last active owner"), "{error}");
    }
    app.apply("[[person]]\nemail = \"carol@example.com\"\nactive = true\n");
    assert!(as_person(&app, alice, move |act| administer::deactivate(act, alice)).is_ok());
    assert_eq!(owners(&app), 1);
}

#[test]
fn two_owners_who_demote_each_other_at_once_leave_one() {
    let app = TestApp::start();
    app.add(CAROL, "owner");
    let (alice, carol) = (id_of(&app, ALICE), id_of(&app, CAROL));
    let demote = |ctx: Arc<Context>, who: PersonId, whom: PersonId, email: &'static str| {
        std::thread::spawn(move || {
            let work = move |act: &Act| administer::change_person(act, whom, &fields(email, "member"), None);
            block_on(ctx.act(Who::Person(who), work)).is_ok()
        })
    };
    for round in 0..60 {
        // Each the other, or each themselves.
        let (first, second) = if round % 2 == 0 {
            (carol, alice)
        } else {
            (alice, carol)
        };
        let name = |id| if id == alice { ALICE } else { CAROL };
        let threads = [
            demote(app.ctx.clone(), alice, first, name(first)),
            demote(app.ctx.clone(), carol, second, name(second)),
        ];
        let good = threads
            .into_iter()
            .map(|t| t.join().expect("no panic"))
            .filter(|good| *good)
            .count();
        assert_eq!((good, owners(&app)), (1, 1), "round {round}");
        app.apply("[[person]]\nemail = \"alice@example.com\"\nrole = \"owner\"\n[[person]]\nemail = \"carol@example.com\"\nrole = \"owner\"\n");
    }
}

#[test]
fn nobody_gives_takes_or_touches_what_they_do_not_have() {
    let app = TestApp::start();
    for (email, role) in [(CAROL, "admin"), ("dan@example.com", "admin"), (BOB, "member")] {
        app.add(email, role);
    }
    let [alice, carol, dan, bob] = [ALICE, CAROL, "dan@example.com", BOB].map(|email| id_of(&app, email));
    let before = app.count(CHANGES);
    for role in ["admin", "owner"] {
        let add = move |act: &Act| administer::add_person(act, &fields("new@example.com", role));
        assert_eq!(
            kind(as_person(&app, carol, add)),
            Kind::Denied,
            "an admin adds an {role}"
        );
        let promote = move |act: &Act| administer::change_person(act, bob, &fields(BOB, role), None);
        assert_eq!(
            kind(as_person(&app, carol, promote)),
            Kind::Denied,
            "an admin promotes to {role}"
        );
        let myself = move |act: &Act| administer::change_person(act, carol, &fields(CAROL, role), None);
        assert_eq!(
            kind(as_person(&app, carol, myself)),
            Kind::Denied,
            "an admin promotes themselves to {role}"
        );
    }
    for target in [alice, dan] {
        let demote =
            move |act: &Act| administer::change_person(act, target, &fields("x@example.com", "member"), None);
        assert_eq!(kind(as_person(&app, carol, demote)), Kind::Denied);
        assert_eq!(
            kind(as_person(&app, carol, move |act| administer::deactivate(
                act, target
            ))),
            Kind::Denied
        );
        assert_eq!(
            kind(as_person(&app, carol, move |act| administer::reactivate(
                act, target
            ))),
            Kind::Denied
        );
    }
    for target in [alice, carol, bob] {
        assert_eq!(
            kind(as_person(&app, bob, move |act| administer::deactivate(
                act, target
            ))),
            Kind::Denied
        );
        let add = move |act: &Act| administer::add_person(act, &fields("new@example.com", "member"));
        assert_eq!(kind(as_person(&app, bob, add)), Kind::Denied);
    }
    assert_eq!(
        app.count(CHANGES),
        before,
        "what was refused left no trace of a change"
    );
    assert!(
        as_person(&app, carol, move |act| administer::deactivate(act, bob)).is_ok(),
        "members are theirs"
    );
    // Rights end with the account, in the middle of whatever they were doing.
    as_person(&app, alice, move |act| administer::deactivate(act, carol)).expect("an owner may");
    assert_eq!(
        kind(as_person(&app, carol, move |act| administer::reactivate(
            act, bob
        ))),
        Kind::Denied
    );
    assert!(person(&app, ALICE).role.owns());
}

#[test]
fn an_address_belongs_to_one_person_whatever_its_case() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let alice = id_of(&app, ALICE);
    for taken in [BOB, "BOB@example.com", "  Bob@EXAMPLE.com "] {
        let add = move |act: &Act| administer::add_person(act, &fields(taken, "member"));
        let error = as_person(&app, alice, add).expect_err("refused");
        assert_eq!(
            error
                .fields()
                .iter()
                .map(|f| f.field.as_str())
                .collect::<Vec<_>>(),
            ["email"],
            "{error}"
        );
        let rename = move |act: &Act| administer::change_person(act, alice, &fields(taken, "owner"), None);
        assert!(
            as_person(&app, alice, rename)
                .expect_err("refused")
                .message
                .contains("exists already")
        );
    }
    let own =
        move |act: &Act| administer::change_person(act, alice, &fields("ALICE@example.com", "owner"), None);
    assert!(
        as_person(&app, alice, own).is_ok(),
        "another spelling of one's own"
    );
    assert_eq!(app.count("SELECT count(*) FROM people"), 2);
}

#[test]
fn a_form_made_from_an_old_version_changes_nothing() {
    let app = TestApp::start();
    app.add(BOB, "member");
    let (alice, bob) = (id_of(&app, ALICE), person(&app, BOB));
    let (id, version) = (bob.id, Some(bob.version));
    let change = move |given: &'static str, version| {
        move |act: &Act| {
            let fields = PersonFields {
                given_name: given.into(),
                ..fields(BOB, "member")
            };
            administer::change_person(act, id, &fields, version)
        }
    };
    assert!(as_person(&app, alice, change("First", version)).is_ok());
    let late = as_person(&app, alice, change("Second", version)).expect_err("refused");
    assert_eq!(late.kind, Kind::Conflict);
    assert!(
        late.message.contains("Somebody else changed this person"),
        "{late}"
    );
    assert_eq!(person(&app, BOB).given_name, "First");
}

#[test]
fn deactivation_ends_the_sessions_in_the_same_transaction_or_not_at_all() {
    let app = TestApp::start();
    app.add(BOB, "member");
    app.give_passphrase(BOB, PASSPHRASE);
    let bobs = [app.signed_in(BOB, PASSPHRASE), app.signed_in(BOB, PASSPHRASE)];
    let (alice, bob) = (id_of(&app, ALICE), id_of(&app, BOB));
    let halfway = as_person(&app, alice, move |act| {
        administer::deactivate(act, bob)?;
        let left = act.w.query_row(
            "SELECT count(*) FROM sessions WHERE person_id = ?1",
            [bob.to_string()],
            |row| row.get::<_, i64>(0),
        )?;
        assert_eq!(left, 0, "gone before anything is committed");
        Err::<(), Error>(Error::conflict("something else went wrong"))
    });
    assert_eq!(kind(halfway), Kind::Conflict);
    assert!(bobs.iter().all(|b| b.me().is_some()), "undone together");
    let ended = as_person(&app, alice, move |act| administer::deactivate(act, bob)).expect("deactivated");
    assert_eq!(ended, 2);
    assert!(bobs.iter().all(|b| b.me().is_none()));
    as_person(&app, alice, move |act| administer::reactivate(act, bob)).expect("reactivated");
    assert!(
        bobs.iter().all(|b| b.me().is_none()),
        "old sessions do not come back"
    );
    let change = move |act: &Act| administer::change_person(act, bob, &fields(BOB, "admin"), None);
    let again = app.signed_in(BOB, PASSPHRASE);
    as_person(&app, alice, change).expect("promoted");
    assert_eq!(again.me(), None, "a new role begins with a new sign-in");
}

#[test]
fn the_event_log_shows_every_tampering() {
    let app = TestApp::start();
    for email in [BOB, CAROL, "dan@example.com"] {
        app.add(email, "member");
    }
    let verify = || app.ctx.store.read(store::events::verify);
    let count = app.count("SELECT count(*) FROM events");
    assert_eq!(verify().expect("whole"), count);
    assert!(count >= 5, "{count}");
    let changes = [
        "UPDATE events SET after = '{}' WHERE sequence = 3",
        "UPDATE events SET actor_label = 'Mallory' WHERE sequence = 3",
        "UPDATE events SET at = at + 1 WHERE sequence = 3",
        "UPDATE events SET reference = 'X' WHERE sequence = 3",
        "UPDATE events SET subject_label = subject_label || ' ' WHERE sequence = 3",
        "UPDATE events SET hash = lower(hex(randomblob(32))) WHERE sequence = 3",
        "DELETE FROM events WHERE sequence = 3",
        "DELETE FROM events WHERE sequence = 1",
        "UPDATE events SET sequence = CASE sequence WHEN 2 THEN 3 ELSE 2 END WHERE FALSE;
         UPDATE events SET sequence = -2 WHERE sequence = 2; UPDATE events SET sequence = 2 WHERE sequence = 3;
         UPDATE events SET sequence = 3 WHERE sequence = -2",
        "DELETE FROM events WHERE sequence = 3; UPDATE events SET sequence = sequence - 1 WHERE sequence > 3",
    ];
    for change in changes {
        app.ctx
            .store
            .write_blocking(move |w| {
                Ok(w.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM events")
                    .and_then(|()| w.execute_batch(change))?)
            })
            .expect("tampered");
        assert!(
            verify()
                .expect_err(change)
                .message
                .contains("was changed at entry"),
            "{change}"
        );
        app.ctx
            .store
            .write_blocking(|w| {
                Ok(w.execute_batch(
                    "DELETE FROM events; INSERT INTO events SELECT * FROM temp.kept; DROP TABLE temp.kept",
                )?)
            })
            .expect("restored");
        assert_eq!(verify().expect("whole again"), count, "{change}");
    }
}

#[test]
fn an_owner_defines_further_fields_and_nobody_else() {
    let app = TestApp::start();
    let alice = app.alice();
    let at = "/admin/settings/fields";
    assert!(alice.get(at).text().contains("No fields of your own"));
    let add = |key: &str, label: &str| alice.post(&format!("{at}/new"), &[("key", key), ("label", label)]);
    assert_eq!(add("desk", "Desk").to(), at);
    for (key, label) in [("desk", "Again"), ("Desk", "x"), ("email", "x"), ("fine", "")] {
        assert_eq!(add(key, label).status, 422, "{key}");
    }
    assert_eq!(alice.post(&format!("{at}/desk"), &[("label", "Seat")]).to(), at);
    assert!(alice.get("/admin/people/new").text().contains("Seat"));
    assert_eq!(
        alice.post(&format!("{at}/nothing"), &[("label", "x")]).status,
        404
    );
    app.add("bob@example.com", "admin");
    app.give_passphrase("bob@example.com", crate::app::PASSPHRASE);
    let bob = app.signed_in("bob@example.com", crate::app::PASSPHRASE);
    assert_eq!(
        (
            bob.get(at).status,
            bob.post(&format!("{at}/new"), &[("key", "x"), ("label", "x")])
                .status
        ),
        (403, 403)
    );
}
