//! Many at once: nothing is lost, nothing is there twice, and of those who race exactly one wins.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use super::client::{Answer, Client, USER};
use super::world::World;

/// Runs the same `count` times, all starting at the same moment; the answers in order.
fn at_once(count: usize, work: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let barrier = Barrier::new(count);
    std::thread::scope(|scope| {
        let start = |number| {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let threads: Vec<_> = (0..count).map(start).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("an answer"))
            .collect()
    })
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

fn user(client: &Client, name: &str) -> Answer {
    client.post("/Users", &json!({"schemas": [USER], "userName": name}))
}

#[test]
fn a_thousand_members_added_in_parallel_are_a_thousand_members() {
    const MEMBERS: usize = 1000;
    let world = World::open();
    let group = world
        .client()
        .post("/Groups", &json!({"displayName": "Everybody"}))
        .expect(201)
        .id();
    let next = AtomicUsize::new(0);
    let added: Vec<BTreeSet<String>> = std::thread::scope(|scope| {
        let worker = || {
            let (client, mut mine) = (world.client(), BTreeSet::new());
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                if number >= MEMBERS {
                    return mine;
                }
                let id = user(&client, &format!("member{number}")).expect(201).id();
                let add = json!([{"op": "add", "path": "members", "value": [{"value": id}]}]);
                let answer = client.patch(&format!("/Groups/{group}"), add);
                assert!(matches!(answer.status, 200 | 204), "{}", answer.text);
                mine.insert(id);
            }
        };
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(worker)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("all were added"))
            .collect()
    });
    let added: BTreeSet<String> = added.into_iter().flatten().collect();
    assert_eq!(added.len(), MEMBERS);
    let members = world.members("Everybody").expect("the group");
    assert_eq!(members.len(), MEMBERS, "none is there twice");
    assert_eq!(members.into_iter().collect::<BTreeSet<_>>(), added);
    let shown = world.client().get(&format!("/Groups/{group}")).expect(200);
    let shown = shown.body["members"].as_array().expect("members").clone();
    let shown: BTreeSet<String> = shown
        .iter()
        .filter_map(|m| Some(m["value"].as_str()?.to_owned()))
        .collect();
    assert_eq!(shown, added);
}

#[test]
fn one_name_created_a_hundred_times_at_once_is_created_once() {
    let world = World::open();
    let clients: Vec<Client> = (0..100).map(|_| world.client()).collect();
    let answers = at_once(100, |number| {
        let name = cased("zoe.racer@example.com", number);
        let body = json!({"schemas": [USER], "userName": name, "emails": [{"value": name, "primary": true}]});
        clients[number].post("/Users", &body)
    });
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 99));
    let winner = answers
        .iter()
        .find(|answer| answer.status == 201)
        .expect("one")
        .id();
    for answer in answers.iter().filter(|answer| answer.status == 409) {
        assert_eq!(answer.scim_type(), "uniqueness", "{}", answer.text);
        assert!(
            answer.detail().contains(&winner),
            "it names who is there: {}",
            answer.text
        );
    }
    assert_eq!(
        world
            .app
            .count("SELECT count(*) FROM people WHERE email_key = 'zoe.racer@example.com'"),
        1
    );
    let found = world
        .client()
        .get("/Users?filter=userName%20eq%20%22ZOE.RACER@EXAMPLE.COM%22");
    assert_eq!(found.body["totalResults"], 1);
}

/// Another spelling in upper and lower case for each number.
fn cased(text: &str, number: usize) -> String {
    let spell = |(at, c): (usize, char)| match number >> (at % 7) & 1 {
        1 => c.to_ascii_uppercase(),
        _ => c,
    };
    text.chars().enumerate().map(spell).collect()
}

#[test]
fn of_fifty_who_saw_the_same_version_one_wins() {
    let world = World::open();
    let client = world.client();
    let made = user(&client, "contested").expect(201);
    let (path, tag) = (format!("/Users/{}", made.id()), made.header("etag").to_owned());
    assert!(!tag.is_empty(), "a version to hold on to");
    let clients: Vec<Client> = (0..50).map(|_| client.with("If-Match", &tag)).collect();
    let answers = at_once(50, |number| {
        let change = json!([{"op": "replace", "path": "title", "value": format!("winner {number}")}]);
        clients[number].patch(&path, change)
    });
    assert_eq!((count(&answers, 200), count(&answers, 412)), (1, 49));
    let winner = answers.iter().position(|a| a.status == 200).expect("one");
    let after = client.get(&path).expect(200);
    assert_eq!(after.body["title"], format!("winner {winner}"));
    assert_ne!(after.header("etag"), tag);
    // PUT and DELETE hold to it too, and so do groups.
    let late = client.with("If-Match", &tag);
    late.put(&path, &json!({"userName": "contested"})).expect(412);
    late.delete(&path).expect(412);
    client
        .with("If-None-Match", after.header("etag"))
        .get(&path)
        .expect(304);
    let group = client
        .post("/Groups", &json!({"displayName": "Contested"}))
        .expect(201);
    let (path, tag) = (format!("/Groups/{}", group.id()), group.header("etag").to_owned());
    let clients: Vec<Client> = (0..50).map(|_| client.with("If-Match", &tag)).collect();
    let answers = at_once(50, |number| {
        let change = json!([{"op": "replace", "path": "displayName", "value": format!("Winner {number}")}]);
        clients[number].patch(&path, change)
    });
    assert_eq!(count(&answers, 200) + count(&answers, 204), 1);
    assert_eq!(count(&answers, 412), 49);
}

#[test]
fn fifty_changes_without_a_version_are_all_there() {
    let world = World::open();
    let client = world.client();
    let path = format!("/Users/{}", user(&client, "busy").expect(201).id());
    let clients: Vec<Client> = (0..50).map(|_| world.client()).collect();
    let answers = at_once(50, |number| {
        let value = json!([{"value": format!("+49 {number}"), "type": "work"}]);
        clients[number].patch(
            &path,
            json!([{"op": "add", "path": "phoneNumbers", "value": value}]),
        )
    });
    assert_eq!(count(&answers, 200), 50);
    let after = client.get(&path).expect(200);
    assert_eq!(after.body["phoneNumbers"].as_array().map(Vec::len), Some(50));
}
