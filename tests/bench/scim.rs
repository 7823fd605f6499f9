//! Provisioning under load, as a real process: users created a second beside another server, look-ups, pages, members,
//! limits, memory.
//!
//! `cargo bench --bench scim` prints the figures in one run, beside this machine's own fsync time, because every create
//! is on disk before it is answered. `-- --users 2000` does the same with fewer people, to try it out. It talks to
//! 127.0.0.1 only, sends a fixed number of requests and stops by itself.

#[path = "../it/idp/mod.rs"]
mod idp;
mod measure;
#[path = "scim/peer.rs"]
mod peer;
#[path = "appliance/process.rs"]
mod process;
#[path = "scim/wire.rs"]
mod wire;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use measure::{fsync_time, micros, percentile};
use process::{Doorward, Running, folder};
use serde_json::{Value, json};
use wire::{Target, Wire};

const CONNECTIONS: usize = 16;
/// How many users are created when servers are compared.
const COMPARED: usize = 2_000;
/// In so many turns.
const ROUNDS: usize = 8;
const FIRST: usize = 10_000;
const ALL: usize = 100_000;
const GROUPS: usize = 5_000;
const LARGE_GROUP: usize = 5_000;

fn main() {
    let all = asked_for().unwrap_or(ALL);
    let scale = |usual: usize| (usual * all / ALL).max(20);
    println!(
        "this machine: fdatasync of an append {} (median of 200), {} cores",
        micros(fsync_time()),
        std::thread::available_parallelism().map_or(1, usize::from)
    );
    let compared = COMPARED.min(scale(20_000));
    compare(compared);
    let home = folder();
    let (running, target) = serve(home.path());
    people(&running, &target, scale(FIRST), all);
    groups(&running, &target, scale(GROUPS), scale(LARGE_GROUP));
    println!(
        "memory with {all} people and {} groups: {:.1} MB resident",
        scale(GROUPS),
        running.resident_mb()
    );
    limits(&target);
    println!("memory at the end: {:.1} MB resident", running.resident_mb());
}

/// `--users 2000`.
fn asked_for() -> Option<usize> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--users");
    arguments.nth(1)?.parse().ok()
}

/// A fresh server with one provisioned connection.
fn serve(home: &std::path::Path) -> (Running, Target) {
    let doorward = Doorward::set_up(home);
    let metadata = idp::TestIdp::new("bench").metadata("https://idp.bench.example");
    doorward.apply(&format!(
        "[[connection]]\nslug = \"idp\"\n[connection.saml]\nmetadata = '''{metadata}'''\n\
         [connection.scim]\nenabled = true\nsync = \"automatic\"\nguard_people = 0\n"
    ));
    let token = doorward.run(&["token", "create", "--connection", "idp"]);
    let running = doorward.serve();
    let target = Target {
        address: running.address,
        prefix: "/scim/idp/v2".to_owned(),
        token: token.trim().to_owned(),
        close: false,
    };
    (running, target)
}

/// What an identity provider sends for a new employee.
fn user(number: usize) -> String {
    let email = format!("person{number}@example.com");
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": email, "externalId": format!("00u{number}"), "active": true,
        "name": {"givenName": "Person", "familyName": format!("Number {number}")},
        "displayName": format!("Person Number {number}"),
        "emails": [{"value": email, "type": "work", "primary": true}],
    })
    .to_string()
}

/// Creates the users of this range; how long it took, and their ids.
fn create(target: &Target, from: usize, to: usize, connections: usize) -> (Duration, Vec<String>) {
    let next = AtomicUsize::new(from);
    let ids = Mutex::new(Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let (mut wire, mut mine) = (target.wire(), Vec::new());
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= to {
                        break;
                    }
                    let answer = wire.ask("POST", "/Users", &user(number)).expect(&[201]);
                    mine.push(answer.json()["id"].as_str().expect("an id").to_owned());
                }
                ids.lock().expect("ids").extend(mine);
            });
        }
    });
    (began.elapsed(), ids.into_inner().expect("ids"))
}

/// Creates the same users here and in another server that keeps everything in memory. They take turns, because a
/// machine that is shared with others is now quick and now slow.
fn compare(count: usize) {
    let home = folder();
    let (running, target) = serve(home.path());
    let closing = Target {
        close: true,
        ..target.clone()
    };
    let peer = peer::Peer::start();
    let part = count / ROUNDS;
    let (mut kept, mut closed, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let mut cpu = Duration::ZERO;
    for round in 0..ROUNDS {
        let rate = |target: &Target, from: usize| {
            let (took, _) = create(target, from, from + part, CONNECTIONS);
            part as f64 / took.as_secs_f64()
        };
        let before = running.cpu();
        kept.push(rate(&target, round * part));
        cpu += running.cpu() - before;
        closed.push(rate(&closing, count + round * part));
        theirs.extend(peer.as_ref().map(|peer| rate(&peer.target, round * part)));
    }
    println!(
        "POST /Users: {:.0} users a second at {CONNECTIONS} connections, on disk, {} of server CPU each ({count} users in {ROUNDS} turns)",
        mean(&kept),
        micros(cpu / count as u32)
    );
    println!(
        "POST /Users: {:.0} users a second with a new connection for each",
        mean(&closed)
    );
    if theirs.is_empty() {
        return;
    }
    println!(
        "POST /Users: {:.0} users a second by scim2-server {}, in memory, the same requests from the same client (it closes each connection)",
        mean(&theirs),
        peer::Peer::version()
    );
    println!(
        "POST /Users: {} times the peer, {} times with a new connection for each",
        ratios(&kept, &theirs),
        ratios(&closed, &theirs)
    );
}

/// Of rates over equal numbers: everything by the whole time.
fn mean(rates: &[f64]) -> f64 {
    rates.len() as f64 / rates.iter().map(|rate| 1.0 / rate).sum::<f64>()
}

/// Over all turns, and the lowest and highest of one.
fn ratios(ours: &[f64], theirs: &[f64]) -> String {
    let turns: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    let lowest = turns.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = turns.iter().copied().fold(0.0, f64::max);
    format!("{:.1} ({lowest:.1} to {highest:.1})", mean(ours) / mean(theirs))
}

/// Creates everybody, and looks people up on the way.
fn people(running: &Running, target: &Target, first: usize, all: usize) {
    let (took, _) = create(target, 0, first, CONNECTIONS);
    println!(
        "created {first} users, {:.0} a second",
        first as f64 / took.as_secs_f64()
    );
    look_up(target, first);
    lists(target, first);
    let late = all - (all - first) / 10;
    create(target, first, late, CONNECTIONS);
    let cpu = running.cpu();
    let (took, _) = create(target, late, all, CONNECTIONS);
    let count = all - late;
    println!(
        "created {all} users, the last {count} with {:.0} a second and {} of server CPU each",
        count as f64 / took.as_secs_f64(),
        micros((running.cpu() - cpu) / count as u32)
    );
    look_up(target, all);
    lists(target, all);
}

fn look_up(target: &Target, users: usize) {
    let mut wire = target.wire();
    let mut times = Vec::new();
    for n in 0..2_000 {
        // Steps that share no factor with a round number visit everybody.
        let number = n * 7_919 % users;
        let path = format!(
            "/Users?filter=userName%20eq%20%22person{number}%40example.com%22&startIndex=1&count=100"
        );
        let answer = wire.get(&path).expect(&[200]);
        assert_eq!(answer.json()["totalResults"], 1);
        times.push(answer.took);
    }
    println!(
        "userName eq at {users} users: p50 {}, p99 {}",
        micros(percentile(&mut times, 0.5)),
        micros(percentile(&mut times, 0.99))
    );
}

fn lists(target: &Target, users: usize) {
    let mut wire = target.wire();
    // alice is one of them.
    let last = users + 2 - 100.min(users);
    for (what, start) in [("first", 1), ("last", last)] {
        let mut times = Vec::new();
        for _ in 0..200 {
            let answer = wire
                .get(&format!("/Users?startIndex={start}&count=100"))
                .expect(&[200]);
            times.push(answer.took);
            if times.len() == 1 {
                let page = answer.json();
                assert_eq!(page["totalResults"], users + 1);
                let shown = page["Resources"].as_array().map(Vec::len);
                assert_eq!(shown, Some(100.min(users)));
            }
        }
        println!(
            "list of 100 at {users} users, {what} page: p50 {}, p99 {}",
            micros(percentile(&mut times, 0.5)),
            micros(percentile(&mut times, 0.99))
        );
    }
}

/// Adds one member to empty groups and to a large one, in turn; then makes the rest of the groups.
fn groups(running: &Running, target: &Target, count: usize, large: usize) {
    let mut wire = target.wire();
    let ids = some_ids(&mut wire, large + 300);
    let members = |ids: &[String]| ids.iter().map(|id| json!({"value": id})).collect::<Vec<Value>>();
    let make = |wire: &mut Wire, name: &str, ids: &[String]| {
        let body = json!({"displayName": name, "members": members(ids)});
        let made = wire.ask("POST", "/Groups", &body.to_string()).expect(&[201]);
        made.json()["id"].as_str().expect("an id").to_owned()
    };
    let add = |wire: &mut Wire, group: &str, id: &str| {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": id}]}]});
        let path = format!("/Groups/{group}");
        wire.ask("PATCH", &path, &body.to_string())
            .expect(&[200, 204])
            .took
    };
    let long = make(&mut wire, "Large", &ids[..large]);
    let rounds = (ids.len() - large).min(count / 2);
    let empty: Vec<String> = (0..rounds)
        .map(|n| make(&mut wire, &format!("Empty {n}"), &[]))
        .collect();
    // Only adds between two readings of the processor's time, which ticks 100 times a second.
    let (mut to_empty, mut to_large) = (Vec::new(), Vec::new());
    let before = running.cpu();
    for (n, group) in empty.iter().enumerate() {
        to_empty.push(add(&mut wire, group, &ids[large + n]));
    }
    let between = running.cpu();
    for n in 0..rounds {
        to_large.push(add(&mut wire, &long, &ids[large + n]));
    }
    let after = running.cpu();
    let (few, many) = (percentile(&mut to_empty, 0.5), percentile(&mut to_large, 0.5));
    println!(
        "adding a member: p50 {} to an empty group, {} to a group of {large}: {:.2} times ({rounds} each; CPU {} and {})",
        micros(few),
        micros(many),
        many.as_secs_f64() / few.as_secs_f64(),
        micros((between - before) / rounds as u32),
        micros((after - between) / rounds as u32)
    );
    for number in rounds + 1..count {
        let at = number * 13 % (ids.len() - 10);
        make(&mut wire, &format!("Group {number}"), &ids[at..at + 10]);
    }
    let mut times: Vec<Duration> = (0..500)
        .map(|n| {
            let path = format!(
                "/Groups?excludedAttributes=members&filter=displayName%20eq%20%22Empty%20{}%22",
                n % rounds
            );
            wire.get(&path).expect(&[200]).took
        })
        .collect();
    println!(
        "displayName eq at {count} groups: p50 {}",
        micros(percentile(&mut times, 0.5))
    );
}

/// The ids of so many users, from the list.
fn some_ids(wire: &mut Wire, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let path = format!(
            "/Users?attributes=id&startIndex={}&count=200&filter=externalId%20pr",
            ids.len() + 1
        );
        let page = wire.get(&path).expect(&[200]).json();
        let users = page["Resources"].as_array().cloned().unwrap_or_default();
        if users.is_empty() {
            break;
        }
        ids.extend(
            users
                .iter()
                .filter_map(|user| Some(user["id"].as_str()?.to_owned())),
        );
    }
    ids.truncate(count);
    ids
}

/// How long a refusal takes, and how long a query that would never end.
fn limits(target: &Target) {
    let term = "userName eq \"a\"";
    let filter = |filter: String| ("/Users/.search", json!({"filter": filter}).to_string());
    let body = |inside: String| ("/Users", format!("{{\"userName\": \"u\"{inside}}}"));
    let operations: Vec<Value> = (0..10_000)
        .map(|n| json!({"op": "add", "path": "title", "value": n.to_string()}))
        .collect();
    let cases = [
        (
            "filter 100,000 deep",
            filter(format!("{}{term}{}", "(".repeat(100_000), ")".repeat(100_000))),
        ),
        ("100,000 nots", filter("not (".repeat(100_000))),
        ("10,000 terms", filter(vec![term; 10_000].join(" and "))),
        (
            "a body over 1 MB",
            body(format!(", \"x\": \"{}\"", "x".repeat(1 << 20))),
        ),
        (
            "100,000 deep",
            body(format!(", \"x\": {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ),
        ("a key twice", body(", \"userName\": \"v\"".to_owned())),
        ("1e400", body(", \"x\": 1e400".to_owned())),
        ("NUL", body(", \"x\": \"\\u0000\"".to_owned())),
        ("a lone surrogate", body(", \"x\": \"\\ud800\"".to_owned())),
        (
            "10,000 operations",
            ("PATCH", json!({"Operations": operations}).to_string()),
        ),
    ];
    let somebody = format!("/Users/{}", some_ids(&mut target.wire(), 1)[0]);
    for (what, (path, body)) in cases {
        let mut times = Vec::new();
        let mut status = 0;
        for _ in 0..20 {
            let mut wire = target.wire();
            let answer = match path {
                "PATCH" => wire.ask("PATCH", &somebody, &body),
                _ => wire.ask("POST", path, &body),
            };
            status = answer.status;
            times.push(answer.took);
        }
        println!(
            "limit: {what}: {status}, slowest of 20 {}",
            micros(percentile(&mut times, 1.0))
        );
    }
    let term = |n: usize| {
        format!("emails[value co \"nobody{n}\" or display ew \"x{n}\"] or addresses.locality co \"y{n}\"")
    };
    let slow = (0..20).map(term).collect::<Vec<_>>().join(" or ");
    let mut wire = target.wire();
    let answer = wire.ask("POST", "/Users/.search", &json!({"filter": slow}).to_string());
    println!(
        "limit: 60 scans in one filter: {}, after {}",
        answer.status,
        micros(answer.took)
    );
    for filter in [
        "userName co \"\"",
        "nickName co \"%\"",
        "emails[type eq \"work\" and value ew \"99@example.com\"]",
    ] {
        let answer = wire.ask(
            "POST",
            "/Users/.search",
            &json!({"filter": filter, "count": 10}).to_string(),
        );
        println!(
            "limit: {filter}: {}, after {}",
            answer.status,
            micros(answer.took)
        );
    }
}
