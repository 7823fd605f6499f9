//! Pages, totals and orders: nobody is lost or repeated while others come and go, and the blocks stay right.

use doorward::model::filter::{Condition, Kind, Literal, Operator, Order};
use doorward::model::{DirectoryUser, ResourceKind, Timestamp};
use doorward::store::directory::{Asked, From, Key, groups, place, shown, users};
use doorward::store::{Reader, connections};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Mirror, another_connection, field, group, insert, numbers, update, user, user_of};

/// All rows by pages of three, from key to key; checks count and offsets on the way.
fn walk(r: &Reader, asked: &Asked) -> Vec<i64> {
    let mut seen: Vec<i64> = Vec::new();
    let mut from = From::Offset(0);
    let total = users::count(r, asked, None).expect("a total");
    loop {
        let page = users::list(r, asked, &from, 3).expect("a page");
        let offset = From::Offset(i64::try_from(seen.len()).expect("few"));
        let same = users::list(r, asked, &offset, 3).expect("a page");
        assert_eq!(numbers(&page), numbers(&same), "by key and by offset");
        seen.extend(numbers(&page));
        let Some((key, _)) = page.last() else {
            assert_eq!(i64::try_from(seen.len()).expect("few"), total);
            return seen;
        };
        let behind = users::count(r, asked, Some(key)).expect("a count");
        assert_eq!(
            behind,
            total - i64::try_from(seen.len()).expect("few"),
            "behind {key:?}"
        );
        from = From::After(key.clone());
    }
}

fn names(rows: &[(Key, DirectoryUser)]) -> Vec<&str> {
    rows.iter().map(|(_, user)| user.user_name.as_str()).collect()
}

#[test]
fn a_list_is_in_the_order_of_arrival_and_of_one_connection() {
    let mirror = Mirror::new();
    let other = another_connection(&mirror.store, "two");
    for name in ["c", "a", "b", "e", "d"] {
        mirror.user(name);
        mirror.add(user(other, name));
    }
    let page = mirror.read(|r| users::list(r, &mirror.asked(), &From::Offset(1), 3));
    assert_eq!(names(&page), ["a", "b", "e"]);
    for offset in [5, 6, 1_000_000, i64::MAX] {
        let none = mirror.read(|r| users::list(r, &mirror.asked(), &From::Offset(offset), 3));
        assert!(none.is_empty(), "{offset}");
    }
    assert!(
        mirror
            .read(|r| users::list(r, &mirror.asked(), &From::Offset(0), 0))
            .is_empty()
    );
    mirror.read(|r| {
        walk(r, &mirror.asked());
        Ok(())
    });
}

#[test]
fn pages_by_key_lose_and_repeat_nobody_while_others_come_and_go() {
    let mirror = Mirror::new();
    let rows: Vec<_> = (0..12).map(|n| mirror.user(&format!("u{n:02}")).seq).collect();
    for order in [
        None,
        Some(order("username", Kind::Text, false)),
        Some(order("username", Kind::Text, true)),
    ] {
        let asked = Asked {
            order: order.as_ref(),
            ..mirror.asked()
        };
        let mut seen = Vec::new();
        let mut from = From::Offset(0);
        let mut gone = Vec::new();
        loop {
            let page = mirror.read(|r| users::list(r, &asked, &from, 4));
            let Some((last, _)) = page.last() else { break };
            from = From::After(last.clone());
            seen.extend(numbers(&page));
            // The very row that the next page begins behind goes, and so does one before it.
            let (first, last) = (page[0].0.seq, last.seq);
            mirror.write(move |w| {
                users::remove(w, first, Timestamp(9))?;
                users::remove(w, last, Timestamp(9))
            });
            gone.extend([first, last]);
        }
        seen.sort_unstable();
        assert_eq!(seen, rows, "{order:?}");
        for seq in gone {
            mirror.write(move |w| users::restore(w, seq, Timestamp(10)));
        }
    }
}

fn order(path: &str, kind: Kind, descending: bool) -> Order {
    Order {
        field: field(path, kind),
        descending,
    }
}

#[test]
fn every_order_has_its_reverse_and_continues_by_key() {
    let mirror = Mirror::new();
    let documents = [
        json!({ "userName": "e", "externalId": "2", "title": "Boss", "age": 3 }),
        json!({ "userName": "b", "externalId": "1", "title": "assistant", "age": 3 }),
        json!({ "userName": "a", "name": { "familyName": "Zorn" }, "age": 2.5 }),
        json!({ "userName": "C", "externalId": "1", "title": "", "age": 10, "active": true }),
        json!({ "userName": "d", "name": { "familyName": "acker" }, "title": "boss" }),
        json!({ "userName": "f", "emails": [{ "value": "z@x" }, { "value": "a@x", "primary": true }] }),
        json!({ "userName": "g", "emails": [{ "value": "m@x" }, { "value": "b@x", "primary": false }] }),
        json!({ "userName": "h", "emails": [], "title": ["no", "scalar"] }),
        json!({ "userName": "i", "emails": ["text"], "title": { "no": "scalar" } }),
    ];
    for document in documents {
        let mut row = user_of(mirror.connection, document);
        row.updated_at = Timestamp(row.user_name.len() as i64);
        mirror.add(row);
    }
    let expected = [
        ("username", Kind::Text, "abCdefghi"),
        ("externalid", Kind::CaseExact, "bCeadfghi"),
        ("title", Kind::Text, "Cbedafghi"),
        ("age", Kind::Unknown, "aebCdfghi"),
        ("name.familyname", Kind::Text, "daebCfghi"),
        ("*emails.value", Kind::Text, "fgebaCdhi"),
        ("active", Kind::Boolean, "ebadfghiC"),
        ("meta.created", Kind::Moment, "ebaCdfghi"),
        ("meta.lastmodified", Kind::Moment, "ebaCdfghi"),
        ("meta.version", Kind::CaseExact, "ebaCdfghi"),
        ("*groups.value", Kind::Text, "ebaCdfghi"),
        ("nothing", Kind::Unknown, "ebaCdfghi"),
    ];
    for (path, kind, wanted) in expected {
        for descending in [false, true] {
            let order = order(path, kind, descending);
            let asked = Asked {
                order: Some(&order),
                ..mirror.asked()
            };
            let page = mirror.read(|r| users::list(r, &asked, &From::Offset(0), 100));
            let found = names(&page).concat();
            let wanted: String = if descending {
                wanted.chars().rev().collect()
            } else {
                wanted.to_owned()
            };
            assert_eq!(found, wanted, "{path}, descending: {descending}");
            mirror.read(|r| {
                assert_eq!(
                    walk(r, &asked),
                    numbers(&page),
                    "{path}, descending: {descending}"
                );
                Ok(())
            });
        }
    }
}

#[test]
fn a_filtered_list_pages_and_counts_too() {
    let mirror = Mirror::new();
    for n in 0..20 {
        let mut row = user(mirror.connection, &format!("u{n:02}"));
        row.active = n % 2 == 0;
        row.updated_at = Timestamp(n);
        mirror.add(row);
    }
    let filters = [
        (
            Condition::Compare(
                field("active", Kind::Boolean),
                Operator::Equal,
                Literal::Boolean(true),
            ),
            10,
        ),
        (
            Condition::Compare(
                field("meta.lastmodified", Kind::Moment),
                Operator::GreaterOrEqual,
                Literal::Moment(5),
            ),
            15,
        ),
        (
            Condition::Compare(
                field("username", Kind::Text),
                Operator::Equal,
                Literal::Text("u07".to_owned()),
            ),
            1,
        ),
        (
            Condition::Compare(
                field("*emails.value", Kind::Text),
                Operator::Contains,
                Literal::Text("1@a".to_owned()),
            ),
            2,
        ),
        (Condition::Any(Vec::new()), 0),
        (Condition::All(Vec::new()), 20),
    ];
    for (filter, wanted) in &filters {
        for order in [
            None,
            Some(order("username", Kind::Text, true)),
            Some(order("*emails.value", Kind::Text, false)),
        ] {
            let asked = Asked {
                filter: Some(filter),
                order: order.as_ref(),
                ..mirror.asked()
            };
            let seen = mirror.read(|r| Ok(walk(r, &asked)));
            assert_eq!(seen.len(), *wanted, "{filter:?} {order:?}");
            assert!(order.is_some() || seen.is_sorted(), "{filter:?}");
        }
    }
}

#[test]
fn groups_are_listed_in_the_same_way() {
    let mirror = Mirror::new();
    for name in ["b", "C", "a"] {
        mirror.group(name);
    }
    let by_name = order("displayname", Kind::Text, false);
    let asked = Asked {
        order: Some(&by_name),
        ..mirror.asked()
    };
    mirror.read(|r| {
        let page = groups::list(r, &asked, &From::Offset(1), 5)?;
        let names: Vec<_> = page
            .iter()
            .map(|(_, group)| group.display_name.as_str())
            .collect();
        assert_eq!(names, ["b", "C"]);
        assert_eq!(groups::count(r, &mirror.asked(), None)?, 3);
        assert_eq!(groups::count(r, &asked, Some(&page[0].0))?, 1);
        assert_eq!(users::count(r, &mirror.asked(), None)?, 0);
        Ok(())
    });
}

/// What may happen to rows of two connections.
#[derive(Clone, Debug)]
enum Step {
    Add(bool),
    Remove(usize),
    Restore(usize),
    Update(usize),
    Sweep,
    Unshow,
    /// Numbers are used up, so that rows lie in several blocks.
    Skip(i64),
    EndSecond,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => any::<bool>().prop_map(Step::Add),
        3 => any::<usize>().prop_map(Step::Remove),
        2 => any::<usize>().prop_map(Step::Restore),
        1 => any::<usize>().prop_map(Step::Update),
        1 => Just(Step::Sweep),
        1 => Just(Step::Unshow),
        2 => (1..700_i64).prop_map(Step::Skip),
        1 => Just(Step::EndSecond),
    ];
    prop::collection::vec(step, 1..40)
}

fn skip(r: &Reader, table: &str, by: i64) {
    let sql = "UPDATE sqlite_sequence SET seq = seq + ?1 WHERE name = ?2";
    r.execute(sql, (by, table)).expect("skipped");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_stay_right_whatever_happens(steps in steps()) {
        let mirror = Mirror::new();
        let second = another_connection(&mirror.store, "two");
        let mut ended = false;
        let mut rows: Vec<i64> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            let pick = |n: usize| (!rows.is_empty()).then(|| rows[n % rows.len()]);
            match step {
                Step::Add(first) => {
                    let connection = if first || ended { mirror.connection } else { second };
                    let mut row = user(connection, &format!("u{n}"));
                    row.claimed = n % 3 > 0;
                    let also = group(connection, &format!("g{n}"));
                    rows.push(mirror.add(row).seq);
                    mirror.write(move |w| groups::insert(w, &also, &json!({})));
                }
                Step::Remove(n) => if let Some(seq) = pick(n) {
                    let _ = mirror.store.write_blocking(move |w| users::remove(w, seq, Timestamp(seq)));
                },
                Step::Restore(n) => if let Some(seq) = pick(n) {
                    let _ = mirror.store.write_blocking(move |w| users::restore(w, seq, Timestamp(1)));
                },
                Step::Update(n) => {
                    let row = pick(n).and_then(|seq| mirror.read(|r| users::find_by_seq(r, seq)));
                    if let Some(mut row) = row {
                        row.claimed = !row.claimed;
                        mirror.write(move |w| update(w, &row));
                    }
                }
                Step::Sweep => {
                    mirror.write(|w| shown::sweep(w, Timestamp(500)));
                }
                Step::Unshow => {
                    let connection = mirror.connection;
                    mirror.write(move |w| shown::delete_projections(w, connection));
                }
                Step::Skip(by) => mirror.write(move |w| {
                    skip(w, "directory_users", by);
                    skip(w, "directory_groups", by);
                    Ok(())
                }),
                Step::EndSecond => if !ended {
                    ended = true;
                    mirror.write(move |w| connections::delete(w, second));
                },
            }
        }
        mirror.read(|r| {
            for connection in [mirror.connection, second] {
                let asked = Asked { connection, filter: None, order: None };
                let count = |sql: &str| {
                    r.query_row(sql, [connection.to_string()], |row| row.get::<_, i64>(0)).expect("a count")
                };
                let live = "FROM directory_users WHERE connection_id = ?1 AND deleted_at IS NULL";
                assert_eq!(users::count(r, &asked, None)?, count(&format!("SELECT count(*) {live}")));
                let claimed = count(&format!("SELECT count(*) {live} AND claimed = 1"));
                assert_eq!(users::count_claimed(r, connection)?, claimed);
                let live = "FROM directory_groups WHERE connection_id = ?1 AND deleted_at IS NULL";
                assert_eq!(groups::count(r, &asked, None)?, count(&format!("SELECT count(*) {live}")));
                assert!(walk(r, &asked).is_sorted());
            }
            Ok(())
        });
    }
}

#[test]
fn a_place_is_found_by_its_block() {
    let mirror = Mirror::new();
    mirror.user("first");
    mirror.write(|w| {
        skip(w, "directory_users", 5_000);
        Ok(())
    });
    let connection = mirror.connection;
    let last = mirror.write(move |w| {
        let mut last = 0;
        for n in 0..600 {
            last = insert(w, &user(connection, &format!("u{n}")))?;
        }
        Ok(last)
    });
    mirror.read(|r| {
        let place = |offset| place::find(r, connection, ResourceKind::User, offset);
        assert_eq!(place(0)?, Some((0, 0)));
        let (block, skip) = place(600)?.expect("the last row");
        assert!(block > 5_000 && skip < 512, "{block} {skip}");
        assert_eq!(place(601)?, None);
        let page = users::list(r, &mirror.asked(), &From::Offset(600), 100)?;
        assert_eq!(numbers(&page), [last]);
        Ok(())
    });
}

#[test]
fn the_place_of_a_row_survives_being_written_down() {
    let mirror = Mirror::new();
    for age in [json!(0.1), json!(7), json!("seven"), json!(true), Value::Null] {
        mirror.add(user_of(
            mirror.connection,
            json!({ "userName": age.to_string(), "age": age }),
        ));
    }
    let order = order("age", Kind::Unknown, false);
    let asked = Asked {
        order: Some(&order),
        ..mirror.asked()
    };
    mirror.read(|r| {
        let all = users::list(r, &asked, &From::Offset(0), 9)?;
        for (n, (key, _)) in all.iter().enumerate() {
            let text = serde_json::to_string(key).expect("text");
            let key: Key = serde_json::from_str(&text).expect("a key");
            let rest = users::list(r, &asked, &From::After(key), 9)?;
            assert_eq!(numbers(&rest), numbers(&all[n + 1..]), "{text}");
        }
        Ok(())
    });
}
