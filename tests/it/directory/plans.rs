//! The look-ups that identity providers make go through an index, whatever else is in the filter.

use doorward::model::filter::{Condition, Field, Kind, Literal, Operator, Order};
use doorward::model::{ResourceKind, ScimId, Timestamp};
use doorward::store::directory::{Asked, From, Key, explain, members, users};

use super::{Mirror, bytes, field};

fn text(path: &str, value: &str) -> Condition {
    Condition::Compare(
        field(path, Kind::Text),
        Operator::Equal,
        Literal::Text(value.to_owned()),
    )
}

fn inner(name: &str, value: &str) -> Condition {
    text(name, value)
}

fn list(name: &str) -> Field {
    Field {
        multi: true,
        ..field(name, Kind::Complex)
    }
}

fn plan(mirror: &Mirror, kind: ResourceKind, asked: &Asked, from: &From) -> String {
    mirror.read(|r| explain(r, kind, asked, from, 100))
}

/// Does it go through all rows of a table, or through all of a connection?
fn reads_all(plan: &str) -> bool {
    plan.lines().any(|step| {
        let rows = step.contains(" r ") || step.contains(" t ");
        rows && (step.starts_with("SCAN") || step.ends_with("(connection_id=?)"))
    })
}

#[test]
fn look_ups_of_users_use_an_index() {
    let mirror = Mirror::new();
    let id = ScimId::new(Timestamp(1), bytes()).to_string();
    let look_ups = [
        (text("id", &id), "sqlite_autoindex_directory_users"),
        (text("username", "ada@acme.example"), "directory_users_name"),
        (text("externalid", "00u1"), "directory_users_external"),
        (text("*emails.value", "ada@acme.example"), "directory_emails"),
        (
            Condition::Element(
                list("emails"),
                Box::new(Condition::All(vec![
                    inner("type", "work"),
                    inner("value", "ada@acme.example"),
                ])),
            ),
            "directory_emails",
        ),
        (text("*groups.value", &id), "directory_members"),
        (
            Condition::Element(list("groups"), Box::new(inner("value", &id))),
            "directory_members",
        ),
        (
            Condition::Compare(
                field("meta.lastmodified", Kind::Moment),
                Operator::Greater,
                Literal::Moment(5),
            ),
            "directory_users_updated",
        ),
    ];
    let active = Condition::Compare(
        field("active", Kind::Boolean),
        Operator::Equal,
        Literal::Boolean(true),
    );
    let other = text("title", "boss");
    for (look_up, index) in look_ups {
        let among = Condition::All(vec![other.clone(), active.clone(), look_up.clone()]);
        let either = Condition::Any(vec![text("username", "ada"), look_up.clone()]);
        for filter in [&look_up, &among, &either] {
            let asked = Asked {
                filter: Some(filter),
                ..mirror.asked()
            };
            let plan = plan(&mirror, ResourceKind::User, &asked, &From::Offset(0));
            assert!(plan.contains(index), "{filter:?}\n{plan}");
            assert!(!reads_all(&plan), "{filter:?}\n{plan}");
        }
    }
}

#[test]
fn look_ups_of_groups_use_an_index() {
    let mirror = Mirror::new();
    let id = ScimId::new(Timestamp(1), bytes()).to_string();
    for (look_up, index) in [
        (text("displayname", "sales"), "directory_groups_name"),
        (text("externalid", "g1"), "directory_groups_external"),
        (text("id", &id), "sqlite_autoindex_directory_groups"),
        (text("*members.value", &id), "directory_members_of_user"),
        (
            Condition::Element(list("members"), Box::new(inner("value", &id))),
            "directory_members_of_child",
        ),
    ] {
        let asked = Asked {
            filter: Some(&look_up),
            ..mirror.asked()
        };
        let plan = plan(&mirror, ResourceKind::Group, &asked, &From::Offset(0));
        assert!(plan.contains(index), "{look_up:?}\n{plan}");
        assert!(!reads_all(&plan), "{look_up:?}\n{plan}");
    }
}

#[test]
fn pages_are_read_in_order_and_not_sorted() {
    let mirror = Mirror::new();
    let orders = [
        (None, "directory_users_order"),
        (Some(("username", Kind::Text)), "directory_users_name"),
        (
            Some(("meta.lastmodified", Kind::Moment)),
            "directory_users_updated",
        ),
    ];
    for (by, index) in orders {
        for descending in [false, true] {
            let order = by.map(|(path, kind)| Order {
                field: field(path, kind),
                descending,
            });
            let asked = Asked {
                order: order.as_ref(),
                ..mirror.asked()
            };
            let sort = by.map(|(_, kind)| if kind == Kind::Text { "m".into() } else { 5.into() });
            mirror.user("somebody, so that there is a place to find");
            for from in [From::Offset(0), From::After(Key { sort, seq: 5 })] {
                let plan = plan(&mirror, ResourceKind::User, &asked, &from);
                assert!(
                    plan.contains(index) && !plan.contains("TEMP B-TREE"),
                    "{order:?} {from:?}\n{plan}"
                );
            }
            mirror.write(|w| Ok(w.execute_batch("DELETE FROM directory_users")?));
        }
    }
}

#[test]
fn members_are_looked_up_each_by_its_number_or_id() {
    let mirror = Mirror::new();
    let plans = mirror.read(members::explain);
    assert_eq!(plans.len(), 3);
    for plan in plans {
        let mut steps = plan
            .lines()
            .filter(|step| step.contains(" directory_") || step.contains(" m "));
        assert!(steps.clone().count() > 0, "{plan}");
        let walks = |step: &str| {
            step.starts_with("SCAN") || step.ends_with("(connection_id=?)") || step.contains("rowid>")
        };
        assert!(!steps.any(walks), "{plan}");
    }
}

/// A table that lives for one statement costs more than the rest of the statement.
#[test]
fn a_new_user_builds_no_table_and_sorts_nothing() {
    let mirror = Mirror::new();
    let removed = |condition| format!("SELECT seq, document FROM directory_users WHERE {condition}");
    let statements = [
        removed(users::REMOVED_BY_EXTERNAL_ID),
        removed(users::REMOVED_BY_NAME),
        // With everything that triggers do.
        "INSERT INTO directory_users (id, connection_id, person_id, claimed, created_here, user_name, user_name_key,
                                      display, active, created_at, updated_at, document, search)
         VALUES (?1, ?2, '', 1, 1, '', '', '', 1, 1, 1, '{}', x'')"
            .to_owned(),
    ];
    for sql in statements {
        let operations = mirror.read(|r| {
            let mut statement = r.prepare(&format!("EXPLAIN {sql}"))?;
            let rows = statement.query_map(["", ""], |row| row.get(1))?;
            Ok(rows.collect::<rusqlite::Result<Vec<String>>>()?)
        });
        assert!(operations.len() > 10, "{sql}\n{operations:?}");
        let table = operations
            .iter()
            .find(|operation| operation.contains("Ephemeral") || operation.contains("Sorter"));
        assert_eq!(table, None, "{sql}");
    }
}
