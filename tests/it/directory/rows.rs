//! Users and groups come back as they were written; names are unique; what was removed can come back.

use doorward::error::{Error, Kind};
use doorward::model::{PersonState, ScimId, Timestamp};
use doorward::store::directory::{groups, shown, users};
use doorward::store::{Store, people};
use serde_json::json;

use super::{
    Mirror, another_connection, bytes, group, insert, numbers, person, search, update, user, user_of,
};

fn is_conflict(error: &Error) -> bool {
    error.kind == Kind::Conflict
}

#[test]
fn a_user_comes_back_as_it_was_written() {
    let mirror = Mirror::new();
    let ada = person(&mirror.store, "ada");
    let mut wanted = user_of(
        mirror.connection,
        json!({
            "userName": "Ada@Acme.example", "externalId": "00uX", "active": true, "displayName": "Ada",
            "urn:x:1.0": { "Shoe Size": 38.5, "emoji \u{1F600}": [null, 1, "\"quoted\""] },
        }),
    );
    wanted.person_id = Some(ada.id);
    wanted.created_here = false;
    let kept = mirror.add(wanted.clone());
    wanted.seq = kept.seq;
    assert_eq!(kept, wanted);
    let (one, two) = (mirror.connection, another_connection(&mirror.store, "two"));
    mirror.read(|r| {
        assert_eq!(users::find(r, one, wanted.id)?.as_ref(), Some(&wanted));
        assert_eq!(
            users::find_by_name(r, one, "ada@acme.example")?.as_ref(),
            Some(&wanted)
        );
        assert_eq!(
            users::find_by_name(r, one, "Ada@Acme.example")?,
            None,
            "the key is folded"
        );
        assert_eq!(
            users::find_by_external_id(r, one, "00uX")?.as_ref(),
            Some(&wanted)
        );
        assert_eq!(users::find_by_external_id(r, one, "00ux")?, None, "exact in case");
        assert_eq!(users::find_of_person(r, one, ada.id)?.as_ref(), Some(&wanted));
        assert_eq!(users::list_of_person(r, ada.id)?, vec![wanted.clone()]);
        // Another connection sees none of it.
        assert_eq!(users::find(r, two, wanted.id)?, None);
        assert_eq!(users::find_by_name(r, two, "ada@acme.example")?, None);
        assert_eq!(users::find_by_external_id(r, two, "00uX")?, None);
        assert_eq!(users::find_of_person(r, two, ada.id)?, None);
        Ok(())
    });
}

#[test]
fn an_update_writes_all_and_only_what_was_read() {
    let mirror = Mirror::new();
    let mut ada = mirror.user("ada");
    let stale = ada.clone();
    ada.user_name = "Countess".to_owned();
    ada.external_id = Some("7".to_owned());
    ada.active = false;
    ada.claimed = false;
    ada.created_here = false;
    ada.updated_at = Timestamp(9_000);
    ada.document.insert("title".to_owned(), json!("Countess"));
    let change = ada.clone();
    mirror.write(move |w| update(w, &change));
    ada.version = 2;
    assert_eq!(mirror.read(|r| users::find_by_seq(r, ada.seq)), Some(ada));
    let error = mirror
        .store
        .write_blocking(move |w| update(w, &stale))
        .expect_err("somebody was faster");
    assert!(is_conflict(&error), "{error:?}");
}

#[test]
fn names_are_unique_among_the_live_rows_of_a_connection() {
    let mirror = Mirror::new();
    let ada = mirror.user("ada");
    let bob = mirror.user("bob");
    let add = |connection, name: &'static str| {
        mirror
            .store
            .write_blocking(move |w| insert(w, &user(connection, name)))
    };
    let error = add(mirror.connection, "ADA").expect_err("taken");
    assert!(
        is_conflict(&error) && error.message.contains("\"ADA\""),
        "{error:?}"
    );
    add(another_connection(&mirror.store, "two"), "ADA").expect("another connection's names are its own");
    let mut renamed = bob.clone();
    renamed.user_name = "Ada".to_owned();
    let error = mirror
        .store
        .write_blocking(move |w| update(w, &renamed))
        .expect_err("taken");
    assert!(is_conflict(&error), "{error:?}");
    mirror.write(move |w| users::remove(w, ada.seq, Timestamp(5)));
    add(mirror.connection, "ada").expect("a removed row does not hold its name");
    let error = mirror
        .store
        .write_blocking(move |w| users::restore(w, ada.seq, Timestamp(6)));
    let error = error.expect_err("the name has gone to another");
    assert!(
        is_conflict(&error) && error.message.contains("userName"),
        "{error:?}"
    );
}

#[test]
fn a_person_is_one_live_user_of_a_connection() {
    let mirror = Mirror::new();
    let ada = person(&mirror.store, "ada");
    let tied = |name| {
        let mut user = user(mirror.connection, name);
        user.person_id = Some(ada.id);
        user
    };
    let first = mirror.add(tied("ada"));
    let second = tied("other");
    let error = mirror
        .store
        .write_blocking(move |w| insert(w, &second))
        .expect_err("taken");
    assert!(
        is_conflict(&error) && error.message.contains("person"),
        "{error:?}"
    );
    mirror.write(move |w| users::remove(w, first.seq, Timestamp(5)));
    mirror.add(tied("other"));
}

#[test]
fn what_was_removed_is_gone_from_everywhere_and_can_come_back() {
    let mirror = Mirror::new();
    let mut wanted = user(mirror.connection, "ada");
    wanted.external_id = Some("x".to_owned());
    let ada = mirror.add(wanted);
    let (one, seq, id) = (mirror.connection, ada.seq, ada.id);
    mirror.write(move |w| users::remove(w, seq, Timestamp(5_000)));
    mirror.read(|r| {
        assert_eq!(users::find(r, one, id)?, None);
        assert_eq!(users::find_by_name(r, one, "ada")?, None);
        assert_eq!(users::find_by_external_id(r, one, "x")?, None);
        let removed = users::find_by_seq(r, seq)?.expect("kept");
        assert_eq!((removed.deleted_at, removed.version), (Some(Timestamp(5_000)), 2));
        for (name, external) in [("ada", None), ("-", Some("x")), ("ada", Some("y"))] {
            let found = users::find_removed(r, one, name, external)?;
            assert_eq!(found.map(|user| user.seq), Some(seq), "{name} {external:?}");
        }
        assert_eq!(users::find_removed(r, one, "-", Some("y"))?, None);
        Ok(())
    });
    let again = mirror
        .store
        .write_blocking(move |w| users::remove(w, seq, Timestamp(6_000)));
    assert!(again.is_err(), "what is removed cannot be removed again");
    mirror.write(move |w| users::restore(w, seq, Timestamp(7_000)));
    mirror.read(|r| {
        let ada = users::find(r, one, id)?.expect("back");
        assert_eq!(
            (ada.deleted_at, ada.updated_at, ada.version),
            (None, Timestamp(7_000), 3)
        );
        assert_eq!(
            users::find_removed(r, one, "ada", None)?,
            None,
            "live rows are none"
        );
        Ok(())
    });
}

#[test]
fn the_newest_removal_is_found_first_but_an_external_id_counts_more() {
    let mirror = Mirror::new();
    let seqs: Vec<i64> = (1..=3)
        .map(|at| {
            let seq = mirror.user("ada").seq;
            mirror.write(move |w| users::remove(w, seq, Timestamp(10 - at)));
            seq
        })
        .collect();
    let found = mirror.read(|r| users::find_removed(r, mirror.connection, "ada", None));
    assert_eq!(found.map(|user| user.seq), Some(seqs[0]));
    let mut wanted = user(mirror.connection, "bob");
    wanted.external_id = Some("x".to_owned());
    let bob = mirror.add(wanted).seq;
    mirror.write(move |w| users::remove(w, bob, Timestamp(1)));
    let found = mirror.read(|r| users::find_removed(r, mirror.connection, "ada", Some("x")));
    assert_eq!(found.map(|user| user.seq), Some(bob));
}

#[test]
fn old_removals_are_forgotten_and_nothing_else() {
    let mirror = Mirror::new();
    let seqs: Vec<i64> = ["a", "b", "c"].map(|name| mirror.user(name).seq).to_vec();
    let (a, b) = (seqs[0], seqs[1]);
    let gone = mirror.write(move |w| {
        users::remove(w, a, Timestamp(100))?;
        users::remove(w, b, Timestamp(200))?;
        shown::sweep(w, Timestamp(200))
    });
    assert_eq!(gone, 1);
    mirror.read(|r| {
        assert_eq!(users::find_by_seq(r, seqs[0])?, None);
        assert!(users::find_by_seq(r, seqs[1])?.is_some() && users::find_by_seq(r, seqs[2])?.is_some());
        let emails: i64 = r.query_row("SELECT count(*) FROM directory_emails", [], |row| row.get(0))?;
        assert_eq!(emails, 2, "its addresses went with it");
        Ok(())
    });
}

#[test]
fn projections_go_and_people_without_a_row_are_found_in_batches() {
    let mirror = Mirror::new();
    let people: Vec<_> = (0..5).map(|n| person(&mirror.store, &format!("p{n}"))).collect();
    let tied = |n: usize, claimed: bool| {
        let mut user = user(mirror.connection, &format!("p{n}"));
        user.person_id = Some(people[n].id);
        user.claimed = claimed;
        mirror.add(user)
    };
    let (shown, claimed) = (tied(0, false), tied(1, true));
    mirror.write(move |w| users::remove(w, claimed.seq, Timestamp(5)));
    let one = mirror.connection;
    let first = mirror.read(|r| shown::list_people_without(r, one, None, 2));
    assert_eq!(first, [people[2].id, people[3].id]);
    let rest = mirror.read(|r| shown::list_people_without(r, one, Some(first[1]), 2));
    assert_eq!(rest, [people[4].id]);
    assert_eq!(mirror.write(move |w| shown::delete_projections(w, one)), 1);
    assert_eq!(mirror.read(|r| users::find_by_seq(r, shown.seq)), None);
    let all = mirror.read(|r| shown::list_people_without(r, one, None, 9));
    assert_eq!(all.len(), 4, "a removed row still ties its person");
}

#[test]
fn the_guard_counts_active_people_behind_claimed_rows() {
    let mirror = Mirror::new();
    let connection = mirror.connection;
    let counts = || {
        mirror.read(|r| {
            Ok((
                users::count_claimed(r, connection)?,
                users::count_active_people(r, connection)?,
            ))
        })
    };
    assert_eq!(counts(), (0, 0));
    let people: Vec<_> = (0..3).map(|n| person(&mirror.store, &format!("p{n}"))).collect();
    let rows: Vec<_> = people
        .iter()
        .map(|person| {
            let mut user = user(connection, &person.given_name);
            user.person_id = Some(person.id);
            user.claimed = false;
            mirror.add(user)
        })
        .collect();
    mirror.user("nobody's");
    assert_eq!(counts(), (1, 0), "shown is not claimed");
    for row in &rows {
        let mut claimed = row.clone();
        claimed.claimed = true;
        mirror.write(move |w| update(w, &claimed));
    }
    assert_eq!(counts(), (4, 3));
    let set = |n: usize, version: i64, state: PersonState| {
        let mut person = people[n].clone();
        (person.state, person.version) = (state, version);
        mirror.write(move |w| people::update(w, &person));
    };
    set(0, 1, PersonState::Deactivated);
    assert_eq!(counts(), (4, 2));
    let (first, second) = (rows[0].seq, rows[1].seq);
    mirror.write(move |w| users::remove(w, first, Timestamp(5)));
    mirror.write(move |w| users::remove(w, second, Timestamp(5)));
    assert_eq!(counts(), (2, 1));
    set(0, 2, PersonState::Active);
    assert_eq!(counts(), (2, 1), "a removed row counts for nothing");
    mirror.write(move |w| users::restore(w, first, Timestamp(6)));
    assert_eq!(counts(), (3, 2));
    mirror.write(|w| Ok(w.execute_batch("DELETE FROM people")?));
    assert_eq!(counts(), (3, 0), "the rows stay when the people go");
    mirror.write(|w| Ok(w.execute_batch("DELETE FROM connections")?));
    assert_eq!(counts(), (0, 0));
}

#[test]
fn groups_come_back_and_count_their_changes() {
    let mirror = Mirror::new();
    let mut wanted = group(mirror.connection, "Sales");
    wanted.external_id = Some("g1".to_owned());
    let one = mirror.connection;
    let insert = |group: doorward::model::DirectoryGroup| {
        mirror
            .store
            .write_blocking(move |w| groups::insert(w, &group, &json!({})))
    };
    wanted.seq = insert(wanted.clone()).expect("a group");
    let (seq, id) = (wanted.seq, wanted.id);
    mirror.read(|r| {
        assert_eq!(groups::find(r, one, id)?.as_ref(), Some(&wanted));
        assert_eq!(groups::find_by_name(r, one, "sales")?.as_ref(), Some(&wanted));
        assert_eq!(groups::find_by_external_id(r, one, "g1")?.as_ref(), Some(&wanted));
        assert_eq!(groups::find(r, one, ScimId::new(Timestamp(1), bytes()))?, None);
        Ok(())
    });
    assert!(is_conflict(&insert(group(one, "SALES")).expect_err("taken")));
    mirror.write(move |w| groups::touch(w, seq, Timestamp(3_000)));
    let stale = wanted.clone();
    let error = mirror
        .store
        .write_blocking(move |w| groups::update(w, &stale, &json!({})));
    assert!(is_conflict(&error.expect_err("touched meanwhile")));
    let mut renamed = wanted;
    (renamed.version, renamed.display_name) = (2, "Selling".to_owned());
    renamed.updated_at = Timestamp(4_000);
    let change = renamed.clone();
    mirror.write(move |w| groups::update(w, &change, &json!({})));
    renamed.version = 3;
    assert_eq!(
        mirror.read(|r| groups::find_by_name(r, one, "selling")),
        Some(renamed)
    );
    mirror.write(move |w| groups::remove(w, seq, Timestamp(5_000)));
    assert_eq!(mirror.read(|r| groups::find(r, one, id)), None);
    let other = insert(group(one, "Selling")).expect("the name is free");
    let error = mirror
        .store
        .write_blocking(move |w| groups::restore(w, seq, Timestamp(6_000)));
    assert!(is_conflict(&error.expect_err("the name has gone to another")));
    mirror.write(move |w| groups::remove(w, other, Timestamp(7_000)));
    mirror.write(move |w| groups::restore(w, seq, Timestamp(8_000)));
    assert_eq!(mirror.write(|w| groups::sweep(w, Timestamp(7_001))), 1);
    assert!(mirror.read(|r| groups::find(r, one, id)).is_some());
}

#[test]
fn e_mails_follow_the_document() {
    let mirror = Mirror::new();
    let mut ada = user_of(
        mirror.connection,
        json!({ "userName": "ada", "emails": [{ "value": "A@x" }, { "value": "B@x" }] }),
    );
    let document = search(&json!(ada.document));
    let added = ada.clone();
    ada.seq = mirror.write(move |w| {
        let kept = users::Kept::of(&added.document, &document, &["Ada@x".to_owned()])?;
        users::insert(w, &added, &kept)
    });
    let kept = || {
        mirror.read(|r| {
            let mut statement = r.prepare("SELECT value_key FROM directory_emails ORDER BY value_key")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<String>>>()?)
        })
    };
    assert_eq!(kept(), ["a@x", "ada@x", "b@x"]);
    ada.document.insert(
        "emails".to_owned(),
        json!([{ "value": "B@x" }, { "value": "c@x" }, { "type": "work" }]),
    );
    mirror.write(move |w| update(w, &ada));
    assert_eq!(kept(), ["b@x", "c@x"]);
}

#[test]
fn a_database_keeps_the_mirror_over_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("doorward.db");
    let store = Store::open(&path).expect("a store");
    let connection = another_connection(&store, "one");
    store
        .write_blocking(move |w| insert(w, &user(connection, "ada")))
        .expect("a user");
    store.close();
    let store = Store::open(&path).expect("a store");
    let asked = doorward::store::directory::Asked {
        connection,
        filter: None,
        order: None,
    };
    let page = store
        .read(|r| users::list(r, &asked, &doorward::store::directory::From::Offset(0), 10))
        .expect("a page");
    assert_eq!(numbers(&page).len(), 1);
}
