//! The process is killed while 32 clients write: what was acknowledged is there afterwards, whole, and nothing is back
//! that was deleted.
//!
//! Three rounds with every run of the tests; more, with the figures printed, by
//! `DOORWARD_KILL_ROUNDS=50 cargo test --test it killed_under_32_writers -- --nocapture`.
#![expect(clippy::disallowed_methods, reason = "the environment says how many rounds")]

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Answer, Client, USER};
use crate::binary::{Place, Running, err, out};
use doorward::random::Random;

const WRITERS: usize = 32;
/// So many writes are acknowledged in every round.
const LEAST: usize = 50;
const SETTINGS: &str = "[[connection]]\nslug = \"idp\"\n[connection.scim]\nenabled = true\nsync = \"automatic\"\nguard_people = 0\n";

/// A user as one of the writers knows it. `None`: not there.
#[derive(Clone, Debug, Default)]
struct Entry {
    /// Which change was acknowledged last.
    acknowledged: Option<u64>,
    /// What was asked and not answered: it may have happened, or not.
    asked: Option<Option<u64>>,
    id: Option<String>,
}

type Ledger = HashMap<String, Entry>;

#[test]
fn what_was_acknowledged_survives_being_killed_under_32_writers() {
    let rounds: usize = std::env::var("DOORWARD_KILL_ROUNDS").map_or(3, |n| n.parse().expect("a number"));
    let place = Place::set_up();
    let token = provision(&place);
    let random = Random::seeded(23);
    let ledger = Mutex::new(Ledger::new());
    let (mut acknowledged, mut slowest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let mut running = place.serve();
        let span = 200 + u64::from(u16::from_le_bytes(random.bytes())) % 1_300;
        acknowledged += write_until_killed(&mut running, &token, &ledger, round, span);
        drop(running);
        let began = Instant::now();
        let running = place.serve();
        slowest = slowest.max(began.elapsed());
        compare(&place, &running, &token, &mut ledger.lock().expect("the ledger"));
        drop(running);
    }
    let users = ledger.lock().expect("the ledger").len();
    println!(
        "killed {rounds} times under {WRITERS} writers: {acknowledged} acknowledged writes to {users} users, all there; \
         slowest start {slowest:?}"
    );
    assert!(
        acknowledged >= rounds * LEAST,
        "only {acknowledged} writes in {rounds} rounds"
    );
}

fn provision(place: &Place) -> String {
    let idp = crate::idp::TestIdp::new("idp").metadata("https://idp.example");
    let toml = SETTINGS.replace(
        "[connection.scim]",
        "[connection.saml]\nmetadata = '''XML'''\n[connection.scim]",
    );
    let done = place.apply(&toml.replace("XML", &idp), &[]);
    assert!(done.status.success(), "{}", err(&done));
    let made = place.run(&["token", "create", "--connection", "idp"]);
    assert!(made.status.success(), "{}", err(&made));
    out(&made).trim().to_owned()
}

fn client(running: &Running, token: &str) -> Client {
    Client::new(
        &format!("{}/scim/idp/v2", running.url),
        &format!("Bearer {token}"),
    )
}

/// How many writes were acknowledged before the process was gone.
fn write_until_killed(
    running: &mut Running,
    token: &str,
    ledger: &Mutex<Ledger>,
    round: usize,
    span: u64,
) -> usize {
    let clients: Vec<Client> = (0..WRITERS).map(|_| client(running, token)).collect();
    let acknowledged = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let mut writers = Vec::new();
        for (writer, client) in clients.into_iter().enumerate() {
            let acknowledged = &acknowledged;
            writers.push(scope.spawn(move || {
                let mut done = 0;
                for number in 0.. {
                    let name = format!("k{round}-{writer}-{number}@example.com");
                    let (more, gone) = live_a_life(&client, ledger, &name, number);
                    done += more;
                    acknowledged.fetch_add(more, Ordering::Relaxed);
                    if gone {
                        return done;
                    }
                }
                done
            }));
        }
        std::thread::sleep(Duration::from_millis(span));
        // On a busy machine little may have been acknowledged by now.
        let began = Instant::now();
        while acknowledged.load(Ordering::Relaxed) < LEAST && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        running.child.kill().expect("killed");
        running.child.wait().expect("gone");
        writers
            .into_iter()
            .map(|writer| writer.join().expect("a writer"))
            .sum()
    })
}

/// Creates a user, changes it twice, and deletes every second one. How many writes were acknowledged, and whether the
/// server has gone away.
fn live_a_life(client: &Client, ledger: &Mutex<Ledger>, name: &str, number: usize) -> (usize, bool) {
    let created = json!({"schemas": [USER], "userName": name, "emails": [{"value": name, "primary": true}],
        "title": "v0", "nickName": "v0", "active": true});
    let mut id = String::new();
    let mut done = 0;
    for step in 0..4 {
        let (path, version) = (format!("/Users/{id}"), format!("v{step}"));
        let (wanted, answer) = match step {
            0 => {
                begin(ledger, name, Some(0));
                (
                    201,
                    client.try_send("POST", "/Users", Some(created.to_string().into_bytes())),
                )
            }
            3 if number % 2 == 1 => break,
            3 => {
                begin(ledger, name, None);
                (204, client.try_send("DELETE", &path, None))
            }
            _ => {
                begin(ledger, name, Some(step));
                let operations = json!({"Operations": [
                    {"op": "replace", "path": "title", "value": version},
                    {"op": "replace", "path": "nickName", "value": version}]});
                (
                    200,
                    client.try_send("PATCH", &path, Some(operations.to_string().into_bytes())),
                )
            }
        };
        let Ok(answer) = answer else {
            return (done, true);
        };
        assert_eq!(answer.status, wanted, "{name}: {}", answer.text);
        if step == 0 {
            id = answer.id();
        }
        acknowledge(ledger, name, &id);
        done += 1;
    }
    (done, false)
}

fn begin(ledger: &Mutex<Ledger>, name: &str, what: Option<u64>) {
    let mut ledger = ledger.lock().expect("the ledger");
    ledger.entry(name.to_owned()).or_default().asked = Some(what);
}

fn acknowledge(ledger: &Mutex<Ledger>, name: &str, id: &str) {
    let mut ledger = ledger.lock().expect("the ledger");
    let entry = ledger.get_mut(name).expect("it was asked");
    entry.acknowledged = entry.asked.take().expect("it was asked");
    entry.id = Some(id.to_owned());
}

/// Holds the server, and the people behind it, to the ledger. What was asked and not answered is settled by what is found.
fn compare(place: &Place, running: &Running, token: &str, ledger: &mut Ledger) {
    let database = place.database();
    let check: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("a check");
    assert_eq!(check, "ok");
    let loose: Option<String> = database
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .ok();
    assert_eq!(loose, None, "a row that belongs to nothing");
    let found = everybody(&client(running, token));
    let states = people(&database);
    for (name, entry) in ledger.iter_mut() {
        let user = found.get(name);
        let version = user.map(|user| version(name, user));
        let mut may = vec![entry.acknowledged];
        may.extend(entry.asked);
        assert!(
            may.contains(&version),
            "{name} was acknowledged as {entry:?}, and is {version:?}"
        );
        if let (Some(user), Some(id)) = (user, &entry.id) {
            assert_eq!(user["id"], json!(id), "{name}");
        }
        // A person lives exactly as long as the user: both changed in one transaction.
        let wanted = match (version, entry.id.is_some() || entry.acknowledged.is_some()) {
            (Some(_), _) => Some("active"),
            (None, true) => Some("deactivated"),
            (None, false) => None,
        };
        let state = states.get(name).map(String::as_str);
        assert_eq!(state, wanted, "the person of {name}");
        entry.acknowledged = version;
        entry.asked = None;
    }
    for name in found.keys().filter(|name| name.starts_with('k')) {
        assert!(ledger.contains_key(name), "{name} was never asked for");
    }
}

/// Which change the user shows; the two attributes were written together.
fn version(name: &str, user: &Value) -> u64 {
    assert_eq!(user["title"], user["nickName"], "{name} is half written");
    let text = user["title"].as_str().expect("a title");
    text.trim_start_matches('v').parse().expect("a version")
}

fn everybody(client: &Client) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    loop {
        let page: Answer = client
            .get(&format!("/Users?startIndex={}&count=200", found.len() + 1))
            .expect(200);
        let users = page.body["Resources"].as_array().cloned().unwrap_or_default();
        let before = found.len();
        for user in users {
            let name = user["userName"].as_str().expect("a name").to_owned();
            assert!(
                found.insert(name.clone(), user).is_none(),
                "{name} is listed twice"
            );
        }
        let total = page.body["totalResults"].as_u64().expect("a total");
        if found.len() as u64 >= total || found.len() == before {
            assert_eq!(found.len() as u64, total, "the list and its total agree");
            return found;
        }
    }
}

fn people(database: &rusqlite::Connection) -> HashMap<String, String> {
    let mut statement = database
        .prepare("SELECT email_key, state FROM people")
        .expect("people");
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.expect("rows").map(|row| row.expect("a row")).collect()
}
