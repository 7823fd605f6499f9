//! How long a large plan takes: 10,000 people and 500 groups, opened, applied and taken back. Prints, and asserts
//! nothing about time:
//!
//! `cargo test --release --test it review::figures -- --ignored --nocapture`

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{GROUP, Held, user};
use crate::app::Visitor;

const PEOPLE: usize = 10_000;
/// Of them so many are here before.
const HERE: usize = 2_000;
const GROUPS: usize = 500;
const ACCESS_GROUPS: usize = 20;
const PAGE: &str = "/admin/integrations/okta/provisioning/review";

fn name(n: usize) -> String {
    format!("person{n:05}")
}

/// The people who are here before anything is held.
fn here(toml: &mut String) {
    for n in 0..HERE {
        let _ = write!(
            toml,
            "[[person]]\nemail = \"{}@example.com\"\ngiven_name = \"Old\"\n",
            name(n)
        );
    }
    for n in 0..ACCESS_GROUPS {
        let _ = write!(
            toml,
            "[[access_group]]\nname = \"Access {n}\"\nrole = \"member\"\n"
        );
    }
}

fn bulk(held: &Held, operations: &[Value]) -> Vec<String> {
    let mut ids = Vec::new();
    for chunk in operations.chunks(100) {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": chunk,
        });
        let answer = held.scim.post("/Bulk", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        for one in answer.json()["Operations"].as_array().expect("answers") {
            let location = one["location"].as_str().unwrap_or_else(|| panic!("{one}"));
            ids.push(location.rsplit('/').next().expect("an id").to_owned());
        }
    }
    ids
}

fn post(path: &str, n: usize, data: &Value) -> Value {
    json!({ "method": "POST", "path": path, "bulkId": format!("b{n}"), "data": data })
}

fn push(held: &Held) -> Vec<String> {
    let mut users = Vec::new();
    for n in 0..HERE {
        users.push(json!({
            "method": "PUT", "path": format!("/Users/{}", held.id_of(&name(n))), "data": user(&name(n)),
        }));
    }
    users.extend((HERE..PEOPLE).map(|n| post("/Users", n, &user(&name(n)))));
    let ids = bulk(held, &users);
    let groups: Vec<Value> = (0..GROUPS)
        .map(|n| {
            let members: Vec<Value> = ids
                .iter()
                .skip(n)
                .step_by(GROUPS)
                .map(|id| json!({ "value": id }))
                .collect();
            post(
                "/Groups",
                n,
                &json!({ "schemas": [GROUP], "displayName": format!("Group {n}"), "members": members }),
            )
        })
        .collect();
    for chunk in groups.chunks(20) {
        bulk(held, chunk);
    }
    ids
}

fn opened(alice: &Visitor, path: &str) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|_| {
            let began = Instant::now();
            let page = alice.get(path);
            assert_eq!(page.status, 200);
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Asks for the page as a browser does, until it shows no progress any more; how many pages did.
fn waited_for(alice: &Visitor, path: &str) -> usize {
    let mut seen = 0;
    while !alice.get(path).all("progress").is_empty() {
        seen += 1;
        std::thread::sleep(Duration::from_millis(200));
    }
    seen
}

#[test]
#[ignore = "takes a minute, and its figures mean something in a release build only"]
fn ten_thousand_people_and_five_hundred_groups() {
    let mut toml = String::new();
    here(&mut toml);
    let held = Held::begin_with(&toml);
    let began = Instant::now();
    push(&held);
    println!(
        "{PEOPLE} users and {GROUPS} groups taken in {:?}",
        began.elapsed()
    );
    let mut feeds = String::new();
    for access in 0..ACCESS_GROUPS {
        let of: Vec<String> = (access..GROUPS)
            .step_by(ACCESS_GROUPS)
            .map(|n| format!("{{ connection = \"okta\", group = \"Group {n}\" }}"))
            .collect();
        let _ = write!(
            feeds,
            "[[access_group]]\nname = \"Access {access}\"\nrole = \"member\"\nmembers_of = [{}]\n",
            of.join(", ")
        );
    }
    held.app.apply(&feeds);
    let alice = held.app.alice();
    for path in [
        "",
        "?page=150",
        "?kind=link",
        "?q=person09",
        "?page=200&kind=create",
    ] {
        println!(
            "the plan opens in {:?} (median of 15): {path}",
            opened(&alice, &format!("{PAGE}{path}"))
        );
    }
    let many = PEOPLE.to_string();
    let began = Instant::now();
    let begun = alice.post(
        &format!("{PAGE}/application"),
        &[("decision", "apply-all"), ("many", &many)],
    );
    assert_eq!(begun.status, 303, "{}", begun.text());
    println!("the application is begun in {:?}", began.elapsed());
    let seen = waited_for(&alice, PAGE);
    println!(
        "applied in {:?}; {seen} pages showed the progress meanwhile",
        began.elapsed()
    );
    assert_eq!(held.app.count("SELECT count(*) FROM waiting_users"), 0);
    let groups = "SELECT count(*) FROM people WHERE access_group_id IS NOT NULL";
    assert_eq!(usize::try_from(held.app.count(groups)).expect("a number"), PEOPLE);
    let review = alice
        .get(&format!("{PAGE}/history"))
        .attributes("tbody th a", "href")
        .remove(0);
    println!("what was applied opens in {:?}", opened(&alice, &review));
    let began = Instant::now();
    assert_eq!(alice.post(&format!("{review}/undo"), &[]).status, 303);
    let seen = waited_for(&alice, &review);
    println!(
        "taken back in {:?}; {seen} pages showed the progress meanwhile",
        began.elapsed()
    );
}
