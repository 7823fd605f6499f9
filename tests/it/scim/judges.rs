//! Two SCIM checkers of other people against the real server: no failure, no warning, nothing left out.

use serde_json::{Value, json};

use super::world::World;
use crate::peers::Peer;

/// What a judge leaves out because it is about resources that only a draft knows.
const DRAFT_ONLY: &[&str] = &[
    "Agent CRUD Lifecycle",
    "AgenticApplication CRUD Lifecycle",
    "Agent Rapid Lifecycle",
];

/// Asks a judge and holds the server to every verdict of it.
fn all_is_good(peer: &mut Peer, world: &World, mut command: Value) {
    command["base"] = json!(world.base());
    command["token"] = json!(world.token);
    let answer = peer.call(&command);
    let results = answer["results"].as_array().expect("a list");
    let text = |result: &Value, field: &str| result[field].as_str().unwrap_or_default().to_owned();
    let bad: Vec<String> = results
        .iter()
        .filter(|r| {
            !matches!(
                text(r, "verdict").as_str(),
                "success" | "compliant" | "acceptable" | "pass"
            )
        })
        .filter(|r| !DRAFT_ONLY.contains(&text(r, "title").as_str()))
        .map(|r| {
            let [verdict, title, about, reason] = ["verdict", "title", "about", "reason"].map(|f| text(r, f));
            format!("{verdict}: {title} ({about}): {reason}")
        })
        .collect();
    assert!(bad.is_empty(), "{command}:\n{}", bad.join("\n"));
    assert!(results.len() >= 28, "only {} checks were made", results.len());
    println!("{}: {} checks", command["cmd"], results.len());
}

#[test]
fn scim2_tester_finds_nothing_wrong() {
    let Some(mut peer) = Peer::start("scim-judges") else {
        return;
    };
    // The guard is on: what it holds must look done to the other side.
    let world = World::open_with(&[], "");
    for seed in 1..=3 {
        all_is_good(&mut peer, &world, json!({"cmd": "tester", "seed": seed}));
    }
}

#[test]
fn scim_sanity_finds_nothing_wrong() {
    let Some(mut peer) = Peer::start("scim-judges") else {
        return;
    };
    let world = World::open_with(&[], "");
    for profile in [json!(null), json!("entra"), json!("fortiauthenticator")] {
        all_is_good(&mut peer, &world, json!({"cmd": "sanity", "profile": profile}));
    }
}

#[test]
fn switches_that_are_off_look_no_different_to_a_checker() {
    let Some(mut peer) = Peer::start("scim-judges") else {
        return;
    };
    let world = World::open_with(&[], "create = false\nupdate = false\ndeactivate = false");
    all_is_good(&mut peer, &world, json!({"cmd": "tester", "seed": 1}));
    all_is_good(&mut peer, &world, json!({"cmd": "sanity"}));
    assert_eq!(
        world.app.count("SELECT count(*) FROM people"),
        1,
        "alice is still alone"
    );
}
