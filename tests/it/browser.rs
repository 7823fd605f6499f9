//! Journeys in a real browser: each is `tests/browser/journeys/NAME.mjs`, run by node with playwright and Chromium.
//!
//! `journey("first-sign-in", &json!({"base": …}))` panics with the journey's own words when it failed, and prints a skip
//! when the browser is missing; under `CI=true` that is a failure instead.
#![expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the browser is"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::peers::{PROJECT, installed, node, skip};

/// Runs a journey with these facts; its summary, or `None` when there is no browser.
pub fn journey(name: &str, facts: &Value) -> Option<Value> {
    let Some(node) = node().filter(|_| browser_is_there()) else {
        skip("the browser");
        return None;
    };
    let output = Command::new(node)
        .current_dir(PROJECT)
        .args(["tests/browser/run.mjs", name, &facts.to_string()])
        .env("DOORWARD_TEST_HOME", installed())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|e| panic!("the journey {name} did not start: {e}"));
    let text = String::from_utf8_lossy(&output.stdout);
    let summary: Value = text
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok())
        .unwrap_or_default();
    assert!(
        output.status.success(),
        "the journey {name} failed\n{}",
        story(&summary, &text)
    );
    Some(summary)
}

fn browser_is_there() -> bool {
    let chosen = std::env::var_os("DOORWARD_TEST_CHROMIUM").unwrap_or_else(|| "/usr/bin/chromium".into());
    Path::new(&chosen).exists()
}

/// What happened, for a person to read: the steps taken, what went wrong, and what the pages showed then.
fn story(summary: &Value, output: &str) -> String {
    let Some(problem) = summary["problem"].as_str() else {
        return output.to_owned();
    };
    let steps: Vec<_> = summary["steps"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut story = format!("steps: {}\n{problem}\n", steps.join(" → "));
    for page in summary["pages"].as_array().into_iter().flatten() {
        story += &format!(
            "\nat {}:\n{}\n",
            page["url"].as_str().unwrap_or("?"),
            page["text"].as_str().unwrap_or("")
        );
    }
    story
}

#[test]
fn the_audit_finds_each_kind_of_fault() {
    if let Some(summary) = journey("audit-finds-faults", &json!({})) {
        assert_eq!(summary["ok"], true);
    }
}
