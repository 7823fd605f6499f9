//! Who is in which group: added once, ended and kept, seen only while both ends live.

use doorward::model::filter::{Condition, Kind, Literal, Operator};
use doorward::model::{ResourceKind, ScimId, Timestamp};
use doorward::store::Reader;
use doorward::store::directory::members::{self, Member, Tie};
use doorward::store::directory::{groups, users};

use super::{Mirror, another_connection, bytes, field, group, insert, user};

/// Names for people; `?` for a member that has none.
fn shown(ties: &[Tie]) -> Vec<&str> {
    ties.iter()
        .map(|tie| tie.display.as_deref().unwrap_or("?"))
        .collect()
}

fn count(r: &Reader, sql: &str) -> i64 {
    r.query_row(sql, [], |row| row.get(0)).expect("a count")
}

#[test]
fn adding_and_removing_say_whether_they_did_something() {
    let mirror = Mirror::new();
    let (ada, sales) = (Member::User(mirror.user("ada").seq), mirror.group("Sales").seq);
    let sub = Member::Group(mirror.group("Sub").seq);
    for member in [ada, sub] {
        mirror.write(move |w| {
            assert!(!members::remove(w, sales, member, false, Timestamp(1))?);
            assert!(members::add(w, sales, member, Timestamp(2))?);
            assert!(!members::add(w, sales, member, Timestamp(3))?, "twice is once");
            assert!(members::remove(w, sales, member, false, Timestamp(4))?);
            assert!(!members::remove(w, sales, member, false, Timestamp(5))?);
            assert!(members::add(w, sales, member, Timestamp(6))?, "back again");
            Ok(())
        });
    }
    mirror.read(|r| {
        assert_eq!(members::count_of_group(r, sales)?, 2);
        assert_eq!(count(r, "SELECT count(*) FROM directory_members"), 2);
        assert_eq!(shown(&members::list_of_group(r, sales, 10)?), ["?", "Sub"]);
        Ok(())
    });
}

#[test]
fn members_come_in_the_order_in_which_they_were_added_and_with_their_names() {
    let mirror = Mirror::new();
    let sales = mirror.group("Sales").seq;
    let mut named = user(mirror.connection, "zoe");
    named.document.insert("displayName".to_owned(), "Zoe Z".into());
    let rows = [mirror.add(named), mirror.user("b"), mirror.user("a")];
    let inner = mirror.group("Inner");
    mirror.write(move |w| {
        members::add(w, sales, Member::User(rows[2].seq), Timestamp(1))?;
        members::add(w, sales, Member::Group(inner.seq), Timestamp(1))?;
        members::add(w, sales, Member::User(rows[0].seq), Timestamp(1))?;
        members::add(w, sales, Member::User(rows[1].seq), Timestamp(1))
    });
    mirror.read(|r| {
        let all = members::list_of_group(r, sales, 10)?;
        assert_eq!(shown(&all), ["?", "Inner", "Zoe Z", "?"]);
        assert_eq!(
            (all[1].kind, all[1].member, all[1].id),
            (ResourceKind::Group, Member::Group(inner.seq), inner.id)
        );
        assert_eq!(all[2].kind, ResourceKind::User);
        assert_eq!(shown(&members::list_of_group(r, sales, 2)?), ["?", "Inner"]);
        assert_eq!(shown(&members::groups_of_group(r, inner.seq)?), ["Sales"]);
        assert_eq!(members::groups_of_group(r, sales)?, []);
        Ok(())
    });
}

#[test]
fn members_are_found_by_what_they_are_called() {
    let mirror = Mirror::new();
    let (sales, other) = (mirror.group("Sales").seq, mirror.group("Other").seq);
    let (ada, bob, inner) = (mirror.user("Ada"), mirror.user("bob"), mirror.group("Ada's"));
    mirror.write(move |w| {
        members::add(w, other, Member::User(ada.seq), Timestamp(1))?;
        for member in [
            Member::Group(inner.seq),
            Member::User(bob.seq),
            Member::User(ada.seq),
        ] {
            members::add(w, sales, member, Timestamp(1))?;
        }
        Ok(())
    });
    let ask = |name: &str, operator, text: &str| {
        let condition = Condition::Compare(field(name, Kind::Text), operator, Literal::Text(text.to_owned()));
        mirror.read(|r| members::list_matching(r, sales, &condition))
    };
    assert_eq!(
        shown(&ask("display", Operator::StartsWith, "ada")),
        ["Ada's", "?"]
    );
    assert_eq!(shown(&ask("value", Operator::Equal, &bob.id.to_string())), ["?"]);
    assert_eq!(shown(&ask("type", Operator::Equal, "group")), ["Ada's"]);
    assert_eq!(
        shown(&ask("value", Operator::NotEqual, &bob.id.to_string())),
        ["Ada's", "?"]
    );
    assert_eq!(shown(&ask("nothing", Operator::Equal, "x")), [] as [&str; 0]);
}

#[test]
fn only_live_rows_of_the_connection_are_resolved_however_many() {
    let mirror = Mirror::new();
    let other = another_connection(&mirror.store, "two");
    let connection = mirror.connection;
    let (rows, foreign, gone, inner) = (
        1_500,
        mirror.add(user(other, "x")),
        mirror.user("gone"),
        mirror.group("Inner"),
    );
    let mut ids: Vec<ScimId> = mirror.write(move |w| {
        users::remove(w, gone.seq, Timestamp(1))?;
        (0..rows)
            .map(|n| {
                let row = user(connection, &format!("u{n}"));
                insert(w, &row)?;
                Ok(row.id)
            })
            .collect()
    });
    ids.extend([foreign.id, gone.id, inner.id, ScimId::new(Timestamp(1), bytes())]);
    let found = mirror.read(|r| members::resolve(r, connection, &ids));
    assert_eq!(found.len(), rows + 1);
    assert_eq!(found.get(&inner.id), Some(&Member::Group(inner.seq)));
    assert!(!found.contains_key(&gone.id) && !found.contains_key(&foreign.id));
    assert_eq!(mirror.read(|r| members::resolve(r, connection, &[])).len(), 0);
}

#[test]
fn a_membership_is_seen_while_both_ends_live_and_comes_back_with_them() {
    let mirror = Mirror::new();
    let (ada, bob, sales) = (
        mirror.user("ada").seq,
        mirror.user("bob").seq,
        mirror.group("Sales").seq,
    );
    let inner = mirror.group("Inner").seq;
    mirror.write(move |w| {
        for member in [Member::User(ada), Member::User(bob), Member::Group(inner)] {
            members::add(w, sales, member, Timestamp(1))?;
        }
        users::remove(w, ada, Timestamp(2))?;
        groups::remove(w, inner, Timestamp(2))
    });
    mirror.read(|r| {
        assert_eq!(shown(&members::list_of_group(r, sales, 10)?), ["?"]);
        assert_eq!(members::count_of_group(r, sales)?, 1);
        Ok(())
    });
    mirror.write(move |w| {
        users::restore(w, ada, Timestamp(3))?;
        groups::restore(w, inner, Timestamp(3))
    });
    mirror.read(|r| {
        assert_eq!(shown(&members::list_of_group(r, sales, 10)?), ["?", "?", "Inner"]);
        let of = members::groups_of_users(r, &[ada, bob, 999])?;
        assert_eq!(
            (shown(&of[&ada]), shown(&of[&bob]), of.len()),
            (vec!["Sales"], vec!["Sales"], 2)
        );
        Ok(())
    });
    mirror.write(move |w| groups::remove(w, sales, Timestamp(4)));
    mirror.read(|r| {
        assert!(members::groups_of_users(r, &[ada, bob])?.is_empty());
        assert!(members::groups_of_group(r, inner)?.is_empty());
        Ok(())
    });
}

#[test]
fn what_ended_can_be_put_back_until_it_is_forgotten() {
    let mirror = Mirror::new();
    let ada = mirror.user("ada").seq;
    let [a, b, c] = ["A", "B", "C"].map(|name| mirror.group(name).seq);
    mirror.write(move |w| {
        for (group, at, held) in [(a, 100, false), (b, 200, true), (c, 300, false)] {
            members::add(w, group, Member::User(ada), Timestamp(1))?;
            members::remove(w, group, Member::User(ada), held, Timestamp(at))?;
        }
        Ok(())
    });
    let ended = |since| mirror.read(|r| members::list_ended(r, ada, Timestamp(since)));
    assert_eq!(shown(&ended(200)), ["B", "C"]);
    mirror.write(move |w| groups::remove(w, c, Timestamp(400)));
    assert_eq!(
        shown(&ended(200)),
        ["B"],
        "a group that is gone takes nobody back"
    );
    let held = || mirror.read(|r| Ok(count(r, "SELECT count(*) FROM directory_members WHERE held = 1")));
    assert_eq!(held(), 1);
    mirror.write(move |w| members::settle(w, b, ada));
    assert_eq!(held(), 0);
    assert_eq!(mirror.write(|w| members::sweep(w, Timestamp(200))), 1);
    assert_eq!(shown(&ended(0)), ["B"]);
}

#[test]
fn a_connection_takes_its_groups_and_memberships_with_it() {
    let mirror = Mirror::new();
    let other = another_connection(&mirror.store, "two");
    let row = mirror.add(user(other, "ada")).seq;
    let theirs = group(other, "Theirs");
    mirror.write(move |w| {
        let group = groups::insert(w, &theirs, &serde_json::json!({}))?;
        members::add(w, group, Member::User(row), Timestamp(1))?;
        doorward::store::connections::delete(w, other)
    });
    mirror.read(|r| {
        for table in [
            "directory_users",
            "directory_emails",
            "directory_groups",
            "directory_members",
            "directory_blocks",
        ] {
            assert_eq!(count(r, &format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        Ok(())
    });
}
