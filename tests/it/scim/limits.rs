//! What is too much, too deep or no JSON at all: refused with a SCIM error, soon, and the server goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Answer, Client, PATCH_OP, USER};
use super::world::World;

/// Generous, because tests run unoptimized beside each other; the bench measures.
const SOON: Duration = Duration::from_secs(8);

fn soon(what: &str, ask: impl FnOnce() -> Answer) -> Answer {
    let began = Instant::now();
    let answer = ask();
    assert!(began.elapsed() < SOON, "{what} took {:?}", began.elapsed());
    answer
}

fn search(client: &Client, filter: &str) -> Answer {
    client.post("/Users/.search", &json!({"filter": filter}))
}

fn total(client: &Client, filter: &str) -> i64 {
    let answer = search(client, filter).expect(200);
    answer.body["totalResults"].as_i64().expect("a number")
}

#[test]
fn a_filter_that_is_too_deep_or_too_long_is_refused() {
    let world = World::open();
    let client = world.client();
    let term = "userName eq \"a\"";
    let nested = |open: &str, close: &str, depth: usize| {
        format!("{}{term}{}", open.repeat(depth), close.repeat(depth))
    };
    let bombs = [
        ("open brackets", "(".repeat(100_000)),
        ("brackets", nested("(", ")", 100_000)),
        ("nots", nested("not (", ")", 100_000)),
        ("open nots", "not (".repeat(100_000)),
        ("element brackets", "emails[".repeat(100_000)),
        ("terms", vec![term; 10_000].join(" and ")),
        ("terms, or", vec![term; 10_000].join(" or ")),
        ("a long value", format!("userName eq \"{}\"", "x".repeat(100_000))),
        ("a long name", format!("{} eq 1", "x".repeat(100_000))),
        ("dots", format!("{} eq 1", "a.".repeat(50_000))),
        ("33 deep", nested("(", ")", 33)),
        ("65 terms", vec!["a pr"; 65].join(" or ")),
        ("nothing to close", "userName eq \"".to_owned()),
        ("a NUL", "userName eq \"a\u{0}\"".to_owned()),
        ("half", "userName eq".to_owned()),
        ("an operator of nobody", "userName like \"a\"".to_owned()),
        ("SQL", "userName eq \"a\" or 1=1; --".to_owned()),
    ];
    for (what, filter) in &bombs {
        let answer = soon(what, || search(&client, filter));
        // A NUL is refused with the body already.
        let kind = if *what == "a NUL" {
            "invalidSyntax"
        } else {
            "invalidFilter"
        };
        assert_eq!(
            (answer.status, answer.scim_type()),
            (400, kind),
            "{what}: {}",
            answer.text
        );
        assert!(answer.text.len() < 2_000, "{what}: the error repeats the filter");
    }
    for (what, filter) in bombs.iter().filter(|(what, _)| *what != "a NUL") {
        let short: String = filter.chars().take(20_000).collect();
        let encoded: String = url::form_urlencoded::byte_serialize(short.as_bytes()).collect();
        let answer = soon(what, || client.get(&format!("/Users?filter={encoded}")));
        assert_eq!(
            (answer.status, answer.scim_type()),
            (400, "invalidFilter"),
            "{what}: {}",
            answer.text
        );
    }
    assert_eq!(
        total(&client, &vec!["userName pr"; 64].join(" and ")),
        1,
        "what is allowed works"
    );
}

#[test]
fn signs_that_mean_something_to_a_database_mean_nothing_in_a_filter() {
    let world = World::open();
    let client = world.client();
    let names = [
        "100%",
        "100 percent",
        "a_b",
        "aXb",
        "back\\slash",
        "quote\"d",
        "it's",
        "*",
        "naïve",
        "NAÏVE 2",
    ];
    for (number, name) in names.iter().enumerate() {
        let body = json!({"schemas": [USER], "userName": format!("u{number}"), "nickName": name});
        client.post("/Users", &body).expect(201);
    }
    let cases = [
        ("nickName co \"\"", 10),
        ("nickName sw \"\"", 10),
        ("nickName co \"%\"", 1),
        ("nickName eq \"%\"", 0),
        ("nickName co \"_\"", 1),
        ("nickName sw \"a_\"", 1),
        ("nickName co \"\\\\\"", 1),
        ("nickName co \"\\\"\"", 1),
        ("nickName co \"'\"", 1),
        ("nickName eq \"*\"", 1),
        ("nickName sw \"naïve\"", 2),
        ("nickName co \"[a-z]\"", 0),
        ("nickName co \"' OR '1'='1\"", 0),
        ("nickName pr", 10),
        ("nickName eq null", 1),
        ("not (nickName pr)", 1),
    ];
    for (filter, wanted) in cases {
        assert_eq!(total(&client, filter), wanted, "{filter}");
    }
}

#[test]
fn a_body_that_says_no_one_thing_is_refused() {
    let world = World::open();
    let client = world.client();
    let user =
        |inside: &str| format!("{{\"schemas\": [\"{USER}\"], \"userName\": \"u\"{inside}}}").into_bytes();
    let deep = |depth: usize| user(&format!(", \"x\": {}1{}", "[".repeat(depth), "]".repeat(depth)));
    let invalid_utf8 = [&user("")[..10], &[0xff, 0xfe], b"\"}"].concat();
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("a list", b"[]".to_vec()),
        ("text", b"\"user\"".to_vec()),
        ("half", b"{\"userName\": \"u\"".to_vec()),
        ("more behind it", [user(""), user("")].concat()),
        ("40 deep", deep(40)),
        ("100,000 deep", deep(100_000)),
        (
            "100,000 open objects",
            user(&format!(", \"x\": {}", "{\"a\":".repeat(100_000))),
        ),
        ("a key twice", user(", \"userName\": \"v\"")),
        ("a key twice in other case", user(", \"USERNAME\": \"v\"")),
        (
            "a key twice inside",
            user(", \"name\": {\"givenName\": \"a\", \"givenname\": \"b\"}"),
        ),
        ("1e400", user(", \"x\": 1e400")),
        ("-1e400", user(", \"x\": -1e400")),
        ("NaN", user(", \"x\": NaN")),
        ("NUL, escaped", user(", \"title\": \"a\\u0000b\"")),
        ("NUL, plain", user(", \"title\": \"a\u{0}b\"")),
        ("NUL in a key", user(", \"ti\\u0000tle\": \"x\"")),
        ("a lone high surrogate", user(", \"title\": \"\\ud800\"")),
        ("a lone low surrogate", user(", \"title\": \"\\udc00x\"")),
        ("no UTF-8", invalid_utf8),
        ("a comment", user(", /* */ \"x\": 1")),
        ("a comma too many", user(",")),
    ];
    for (what, body) in cases {
        let answer = soon(what, || client.send("POST", "/Users", Some(body)));
        assert_eq!(
            (answer.status, answer.scim_type()),
            (400, "invalidSyntax"),
            "{what}: {}",
            answer.text
        );
    }
    let keys: String = (0..20_000).map(|n| format!(", \"k{n}\": 1")).collect();
    let answer = soon("20,000 keys", || client.send("POST", "/Users", Some(user(&keys))));
    assert!(matches!(answer.status, 201 | 400), "{}", answer.text);
    let large = user(&format!(", \"title\": \"{}\"", "x".repeat(1024 * 1024)));
    let answer = soon("over 1 MB", || client.send("POST", "/Users", Some(large)));
    assert_eq!(answer.status, 413, "{}", answer.text);
    let many: Vec<Value> = (0..10_000)
        .map(|n| json!({"op": "replace", "path": "title", "value": n.to_string()}))
        .collect();
    let id = client
        .post("/Users", &json!({"schemas": [USER], "userName": "patched"}))
        .expect(201)
        .id();
    let answer = soon("10,000 operations", || {
        client.patch(&format!("/Users/{id}"), json!(many))
    });
    assert!(matches!(answer.status, 400 | 413), "{}", answer.text);
    assert_eq!(client.get(&format!("/Users/{id}")).body.get("title"), None);
    let bulk: Vec<Value> = (0..1_000)
        .map(|n| json!({"method": "DELETE", "path": format!("/Users/{n}")}))
        .collect();
    let answer = soon("1,000 bulk operations", || {
        client.post(
            "/Bulk",
            &json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": bulk}),
        )
    });
    assert_eq!(answer.status, 413, "{}", answer.text);
    let left = world
        .app
        .count("SELECT count(*) FROM directory_users WHERE claimed = 1 AND user_name_key = 'u'");
    assert!(left <= 1, "only the one with many keys may be there");
}

#[test]
fn a_patch_that_makes_no_sense_changes_nothing() {
    let world = World::open();
    let client = world.client();
    let id = client
        .post(
            "/Users",
            &json!({"schemas": [USER], "userName": "whole", "title": "as it was"}),
        )
        .expect(201)
        .id();
    let path = format!("/Users/{id}");
    let before = client.get(&path).expect(200);
    let first = json!({"op": "replace", "path": "title", "value": "half"});
    let seconds = [
        json!({"op": "dance", "path": "title", "value": "x"}),
        json!({"op": "replace", "path": "emails[type eq", "value": "x"}),
        json!({"op": "replace", "path": format!("{}a{}", "emails[".repeat(500), "]".repeat(500)), "value": "x"}),
        json!({"op": "replace", "path": "id", "value": "other"}),
        json!({"op": "remove"}),
        json!({"op": "replace", "path": "userName", "value": ""}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "replace", "path": "active", "value": {"a": 1}}),
        json!({"op": "replace", "path": "x".repeat(10_000), "value": 1}),
        json!("text"),
    ];
    for second in seconds {
        let answer = soon("a patch", || client.patch(&path, json!([first, second])));
        assert_eq!(answer.status, 400, "{second}: {}", answer.text);
        assert!(!answer.scim_type().is_empty(), "{second}: {}", answer.text);
    }
    for body in [
        json!({}),
        json!({"schemas": [PATCH_OP]}),
        json!({"schemas": [PATCH_OP], "Operations": {}}),
    ] {
        let answer = client.send("PATCH", &path, Some(body.to_string().into_bytes()));
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    assert_eq!(client.get(&path).expect(200).body, before.body);
}

#[test]
fn a_group_of_thousands_can_be_written_whole() {
    let world = World::open();
    let client = world.client();
    let id = client
        .post("/Groups", &json!({"displayName": "Large"}))
        .expect(201)
        .id();
    plant(&world, 3_000);
    let ids = world.app.ctx.store.read(|r| {
        let mut statement = r.prepare("SELECT id FROM directory_users WHERE claimed = 1")?;
        let ids = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(ids.collect::<Result<Vec<_>, _>>()?)
    });
    let all: Vec<Value> = ids
        .expect("ids")
        .into_iter()
        .map(|id| json!({"value": id}))
        .collect();
    assert_eq!(all.len(), 3_000);
    let answer = client.patch(
        &format!("/Groups/{id}"),
        json!([{"op": "replace", "path": "members", "value": all}]),
    );
    assert!(matches!(answer.status, 200 | 204), "{}", answer.text);
    assert_eq!(world.members("Large").expect("the group").len(), 3_000);
}

#[test]
fn a_query_that_takes_too_long_is_stopped() {
    let world = World::open();
    plant(&world, 60_000);
    let client = world.client();
    let term = |n: usize| {
        format!("emails[value co \"nobody{n}\" or display ew \"x{n}\"] or addresses.locality co \"y{n}\"")
    };
    let slow = (0..20).map(term).collect::<Vec<_>>().join(" or ");
    let began = Instant::now();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| search(&client, &slow));
        std::thread::sleep(Duration::from_millis(300));
        let other = world
            .client()
            .get("/Users?filter=userName%20eq%20%22planted77%22");
        assert_eq!(other.body["totalResults"], 1, "others are answered meanwhile");
        let answer = asked.join().expect("an answer");
        let took = began.elapsed();
        assert_eq!(
            (answer.status, answer.scim_type()),
            (400, "tooMany"),
            "after {took:?}: {}",
            answer.text
        );
        assert!(took > Duration::from_millis(1500), "{took:?}");
        assert!(took < Duration::from_secs(6), "{took:?}");
    });
    assert_eq!(total(&client, "userName eq \"planted78\""), 1);
}

/// Puts so many users into the mirror at once, beside the protocol.
fn plant(world: &World, count: i64) {
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO directory_users (id, connection_id, claimed, created_here, user_name, user_name_key, display, active,
               document, search, created_at, updated_at)
        SELECT lower(printf('%s-%s-4%s-a%s-%s', hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2),
               substr(hex(randomblob(2)), 2), hex(randomblob(6)))),
               (SELECT id FROM connections), 1, 1, 'planted' || i, 'planted' || i, '', 1,
               json_object('schemas', json_array(?2), 'userName', 'planted' || i, 'active', json('true')),
               jsonb_object('username', 'planted' || i, 'active', jsonb('true'),
                   'emails', jsonb_array(jsonb_object('value', 'planted' || i || '@example.com', 'type', 'work'))),
               0, 0 FROM n";
    let write = world.app.ctx.store.write(move |w| {
        let done = w.execute(sql, rusqlite::params![count, USER])?;
        assert_eq!(i64::try_from(done).ok(), Some(count));
        Ok(())
    });
    doorward::web::server::block_on(write).expect("planted");
}
