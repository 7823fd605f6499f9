//! What the database answers to a filter is what asking each document in memory answers, whatever the filter, and
//! whatever stands in the documents.

use doorward::model::filter::{Condition, Field, Kind, Literal, Operator};
use doorward::model::{ResourceKind, Timestamp};
use doorward::store::directory::members::{self, Member};
use doorward::store::directory::{Asked, From, groups, users};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::{Mirror, another_connection, field, group, numbers, user_of};

const URN: &str = "urn:x:1.0";

fn text() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "",
        "a",
        "ab",
        "b",
        "a%",
        "%",
        "_",
        "a_b",
        "\u{df}",
        "\u{e9}a",
        "\"",
        "'",
        "\\",
        "[]",
        "{}",
        "[\"a\"]",
        "1",
        "true",
        "null",
        "work",
        "user",
        "sales",
        "\u{1F600}",
        "u1",
        "group",
        "direct",
        "w/\"1\"",
        "W/\"1\"",
        "User",
    ]);
    prop_oneof![4 => fixed.prop_map(str::to_owned), 1 => "[ab%_]{0,3}"]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => text().prop_map(Value::from),
        2 => (-2..3_i64).prop_map(Value::from),
        1 => prop::sample::select(vec![0.5, -0.0, 1.0, 1e300, 0.1]).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    let complex = prop::collection::vec(
        (
            prop::sample::select(vec!["value", "type", "primary", "deep"]),
            scalar(),
        ),
        0..4,
    )
    .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()));
    prop_oneof![
        6 => scalar(),
        1 => Just(Value::Null),
        2 => complex,
        1 => prop::collection::vec(scalar(), 0..3).prop_map(Value::from),
    ]
}

/// A search document, in parts of which anything may stand.
fn document() -> impl Strategy<Value = Map<String, Value>> {
    let single = prop::sample::select(vec!["title", "name", "displayname", "nickname"]);
    let list = prop::sample::select(vec!["emails", "tags", "phonenumbers"]);
    let singles = prop::collection::vec((single, anything()), 0..4);
    let lists = prop::collection::vec((list, prop::collection::vec(anything(), 0..4)), 0..3);
    let extension = (anything(), prop::collection::vec(anything(), 0..3));
    (singles, lists, prop::option::of(extension)).prop_map(|(singles, lists, extension)| {
        let mut document = Map::new();
        document.extend(singles.into_iter().map(|(key, value)| (key.to_owned(), value)));
        document.extend(lists.into_iter().map(|(key, list)| (key.to_owned(), list.into())));
        if let Some((one, list)) = extension {
            document.insert(URN.to_owned(), json!({ "department": one, "codes": list }));
        }
        document
    })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        6 => text().prop_map(Literal::Text),
        2 => prop::sample::select(vec![0.0, 1.0, 0.5, 0.1, -1.0, 1e300]).prop_map(Literal::Number),
        1 => any::<bool>().prop_map(Literal::Boolean),
        2 => (0..4_i64).prop_map(Literal::Moment),
        1 => Just(Literal::Null),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    use Operator::*;
    prop_oneof![
        4 => Just(Equal),
        3 => Just(NotEqual),
        3 => prop::sample::select(vec![Contains, StartsWith, EndsWith, Greater, GreaterOrEqual, Less, LessOrEqual]),
    ]
}

fn fields(kind: ResourceKind) -> Vec<Field> {
    let mut fields = vec![
        field("id", Kind::CaseExact),
        field("externalid", Kind::CaseExact),
        field("displayname", Kind::Text),
        field("title", Kind::Text),
        field("name", Kind::Complex),
        field("name.value", Kind::Text),
        field("*tags", Kind::Unknown),
        field("*tags.value", Kind::Unknown),
        field("*nowhere", Kind::Unknown),
        field("*od\"d", Kind::Unknown),
        field("meta", Kind::Complex),
        field("meta.created", Kind::Moment),
        field("meta.lastmodified", Kind::Moment),
        field("meta.version", Kind::CaseExact),
        field("meta.resourcetype", Kind::CaseExact),
        field("meta.nothing", Kind::Text),
    ];
    let own: &[&str] = match kind {
        ResourceKind::User => &[
            "username",
            "active",
            "nickname",
            "*emails",
            "*emails.value",
            "*emails.type",
            "*emails.primary",
            "*phonenumbers.deep",
            "*groups",
            "*groups.value",
            "*groups.display",
            "*groups.type",
            "*groups.nothing",
        ],
        ResourceKind::Group => &[
            "*members",
            "*members.value",
            "*members.display",
            "*members.type",
            "*members.no",
        ],
    };
    fields.extend(own.iter().map(|path| field(path, Kind::Text)));
    for path in ["department", "department.value", "*codes", "*codes.type"] {
        let urn = Some(URN.to_owned());
        fields.push(Field {
            urn,
            ..field(path, Kind::Unknown)
        });
    }
    fields
}

fn condition(kind: ResourceKind, ids: Vec<String>) -> impl Strategy<Value = Condition> {
    let literal =
        || prop_oneof![9 => literal(), 1 => prop::sample::select(ids.clone()).prop_map(Literal::Text)];
    let compare = |fields: Vec<Field>| {
        (prop::sample::select(fields), operator(), literal())
            .prop_map(|(f, o, l)| Condition::Compare(f, o, l))
    };
    let leaf = |fields: Vec<Field>| {
        prop_oneof![
            6 => compare(fields.clone()),
            1 => prop::sample::select(fields).prop_map(Condition::Present),
        ]
    };
    let inner = [
        "value", "type", "display", "primary", "deep", "created", "nothing",
    ]
    .map(|name| field(name, Kind::Text));
    let lists: Vec<_> = fields(kind)
        .into_iter()
        .filter(|field| field.sub.is_none())
        .collect();
    let element = (
        prop::sample::select(lists),
        nested(leaf(inner.to_vec()).boxed(), 2),
    )
        .prop_map(|(list, inner)| Condition::Element(list, Box::new(inner)));
    nested(prop_oneof![4 => leaf(fields(kind)), 1 => element].boxed(), 3)
}

fn nested(leaf: BoxedStrategy<Condition>, depth: u32) -> BoxedStrategy<Condition> {
    leaf.prop_recursive(depth, 12, 4, |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..4).prop_map(Condition::All),
            prop::collection::vec(part.clone(), 0..4).prop_map(Condition::Any),
            part.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
    .boxed()
}

/// What is in the database, and the documents as they look in memory.
struct World {
    mirror: Mirror,
    users: Vec<(i64, Value)>,
    groups: Vec<(i64, Value)>,
    ids: Vec<String>,
}

fn sample<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).expect("a value").current()
}

fn world(runner: &mut TestRunner) -> World {
    let mirror = Mirror::new();
    let decoy = another_connection(&mirror.store, "decoy");
    let mut world = World {
        mirror,
        users: Vec::new(),
        groups: Vec::new(),
        ids: Vec::new(),
    };
    let mut user_ends = Vec::new();
    for n in 0..48_i64 {
        let mut search = sample(runner, &document());
        let mut row = user_of(world.mirror.connection, json!({ "userName": format!("U{n}") }));
        row.active = n % 3 > 0;
        row.external_id = sample(runner, &prop::option::of(text()));
        (row.created_at, row.updated_at) = (Timestamp(n % 4), Timestamp(n % 3));
        if let Some(Value::String(display)) = search.get("displayname") {
            row.document.insert("displayName".to_owned(), json!(display));
        }
        search.insert("username".to_owned(), json!(format!("u{n}")));
        search.insert("active".to_owned(), json!(row.active));
        if let Some(external) = &row.external_id {
            search.insert("externalid".to_owned(), json!(external));
        }
        let mut alike = row.clone();
        (alike.connection_id, alike.id) = (decoy, doorward::model::ScimId::new(Timestamp(2), super::bytes()));
        let stored = Value::Object(search.clone());
        let kept = row.clone();
        let seq = world.mirror.write(move |w| {
            let seq = users::insert(w, &kept, &users::Kept::of(&kept.document, &stored, &[])?)?;
            users::insert(w, &alike, &users::Kept::of(&alike.document, &stored, &[])?)?;
            Ok(seq)
        });
        let shown = row
            .document
            .get("displayName")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let display = shown.map_or(format!("u{n}"), str::to_owned);
        user_ends.push((
            Member::User(seq),
            json!({ "value": row.id.to_string(), "display": display, "type": "user" }),
        ));
        search.insert("id".to_owned(), json!(row.id.to_string()));
        search.insert("meta".to_owned(), meta("User", n % 4, n % 3, 1));
        world.ids.push(row.id.to_string());
        world.users.push((seq, Value::Object(search)));
    }
    groups_of(runner, &mut world, &user_ends);
    world
}

fn meta(kind: &str, created: i64, updated: i64, version: i64) -> Value {
    let version = format!("W/\"{version}\"");
    json!({ "resourcetype": kind, "created": created, "lastmodified": updated, "version": version })
}

/// Groups, some inside others; some memberships have ended, some members and one group are gone.
fn groups_of(runner: &mut TestRunner, world: &mut World, user_ends: &[(Member, Value)]) {
    let mut groups_of_users: Vec<Vec<Value>> = vec![Vec::new(); user_ends.len()];
    let mut group_ends: Vec<(Member, Value)> = Vec::new();
    let gone = world.mirror.user("gone");
    for (n, name) in ["Sales", "a", "a%", "[]", "", "Group"].into_iter().enumerate() {
        let row = group(world.mirror.connection, name);
        let mut search = sample(runner, &document());
        search.insert("displayname".to_owned(), json!(name.to_lowercase()));
        let (kept, stored) = (row.clone(), Value::Object(search.clone()));
        let seq = world.mirror.write(move |w| groups::insert(w, &kept, &stored));
        let end = json!({ "value": row.id.to_string(), "display": name.to_lowercase(), "type": "direct" });
        let mut list = Vec::new();
        for (m, (member, shown)) in user_ends.iter().enumerate().filter(|(m, _)| m % (n + 2) == 0) {
            let member = *member;
            let ended = (m + n) % 5 == 0;
            world.mirror.write(move |w| {
                members::add(w, seq, member, Timestamp(1))?;
                if ended {
                    members::remove(w, seq, member, false, Timestamp(2))
                } else {
                    Ok(true)
                }
            });
            if !ended {
                list.push(shown.clone());
                groups_of_users[m].push(end.clone());
            }
        }
        for (member, shown) in group_ends.iter().skip(n / 2) {
            let member = *member;
            world
                .mirror
                .write(move |w| members::add(w, seq, member, Timestamp(1)));
            list.push(shown.clone());
        }
        world
            .mirror
            .write(move |w| members::add(w, seq, Member::User(gone.seq), Timestamp(1)));
        let mut shown = end;
        shown["type"] = json!("group");
        group_ends.push((Member::Group(seq), shown));
        search.insert("id".to_owned(), json!(row.id.to_string()));
        search.insert("meta".to_owned(), meta("Group", 1_000, 2_000, 1));
        if !list.is_empty() {
            search.insert("members".to_owned(), list.into());
        }
        world.ids.push(row.id.to_string());
        world.groups.push((seq, Value::Object(search)));
    }
    world
        .mirror
        .write(move |w| users::remove(w, gone.seq, Timestamp(9)));
    let closed = world.mirror.group("closed");
    for (member, _) in user_ends.iter().step_by(7) {
        let member = *member;
        world
            .mirror
            .write(move |w| members::add(w, closed.seq, member, Timestamp(1)));
    }
    world
        .mirror
        .write(move |w| groups::remove(w, closed.seq, Timestamp(9)));
    for ((_, document), groups) in world.users.iter_mut().zip(groups_of_users) {
        if !groups.is_empty() {
            document["groups"] = groups.into();
        }
    }
}

fn agrees(world: &World, kind: ResourceKind, condition: &Condition) -> Result<(), TestCaseError> {
    let asked = Asked {
        filter: Some(condition),
        ..world.mirror.asked()
    };
    let all = From::Offset(0);
    let (documents, found, count) = world.mirror.read(|r| {
        Ok(match kind {
            ResourceKind::User => (
                &world.users,
                numbers(&users::list(r, &asked, &all, 500)?),
                users::count(r, &asked, None)?,
            ),
            ResourceKind::Group => (
                &world.groups,
                numbers(&groups::list(r, &asked, &all, 500)?),
                groups::count(r, &asked, None)?,
            ),
        })
    });
    let wanted: Vec<i64> = documents
        .iter()
        .filter(|(_, document)| condition.matches(document))
        .map(|(seq, _)| *seq)
        .collect();
    let differing = documents
        .iter()
        .find(|(seq, _)| found.contains(seq) != wanted.contains(seq));
    prop_assert_eq!(&found, &wanted, "{:#?}\n{:#?}", condition, differing);
    prop_assert_eq!(count, i64::try_from(found.len()).expect("few"));
    Ok(())
}

fn check(kind: ResourceKind, cases: u32) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    let world = world(&mut runner);
    let conditions = condition(kind, world.ids.clone());
    runner
        .run(&conditions, |condition| agrees(&world, kind, &condition))
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn users_found_are_the_users_that_match() {
    check(ResourceKind::User, 768);
}

#[test]
fn groups_found_are_the_groups_that_match() {
    check(ResourceKind::Group, 384);
}
