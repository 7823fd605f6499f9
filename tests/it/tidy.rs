//! House rules as tests: who may call whom, files that explain themselves, files that fit into a head.

use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A room of `src/`, what it may use of ours, and which outside crate belongs to it alone.
const ROOMS: &[(&str, &[&str], &[&str])] = &[
    ("model", &[], &[]),
    ("saml", &["model"], &["samael", "bergshamra"]),
    ("oidc", &["model"], &["openidconnect", "jsonwebtoken"]),
    ("scim", &["model"], &[]),
    ("store", &["model", "error"], &["rusqlite"]),
    ("outbound", &["model"], &["reqwest", "lettre", "hickory_resolver"]),
    (
        "flows",
        &[
            "model", "saml", "oidc", "scim", "store", "outbound", "error", "clock", "random", "vault",
        ],
        &["webauthn_rs", "totp_rs", "csv"],
    ),
    (
        "web",
        &[
            "model", "saml", "oidc", "scim", "store", "flows", "outbound", "error", "clock", "random",
            "config",
        ],
        &["actix_web", "actix_multipart", "askama", "qrcode"],
    ),
];

const ALL_ROOMS: &[&str] = &[
    "model", "saml", "oidc", "scim", "store", "outbound", "flows", "web", "control", "start", "cli", "config",
];

/// Over 400 lines, each with its reason.
const LONG: &[(&str, &str)] = &[];
const LONGEST: usize = 400;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "nothing under {folder}");
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(ROOT)
        .expect("inside")
        .to_string_lossy()
        .into_owned()
}

/// The code of a file, without its comments and without what stands behind `#[cfg(test)]`.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("text");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn room_of(path: &Path) -> String {
    let name = name(path);
    let inside = name.trim_start_matches("src/");
    inside.split(['/', '.']).next().unwrap_or_default().to_owned()
}

#[test]
fn calls_go_down_only() {
    for path in files("src", "rs") {
        let (code, room) = (code(&path), room_of(&path));
        let Some((_, may, _)) = ROOMS.iter().find(|(name, ..)| *name == room) else {
            continue;
        };
        for other in ALL_ROOMS
            .iter()
            .filter(|other| **other != room && !may.contains(*other))
        {
            let call = format!("crate::{other}");
            assert!(!code.contains(&call), "{} calls up: {call}", name(&path));
        }
    }
}

#[test]
fn outside_crates_stay_in_their_room() {
    for path in files("src", "rs") {
        let (code, room) = (code(&path), room_of(&path));
        for (home, _, crates) in ROOMS {
            for outside in crates.iter().filter(|_| room != *home) {
                let uses = [format!("{outside}::"), format!("use {outside}")];
                let used = uses.iter().any(|word| code.contains(word.as_str()));
                assert!(!used, "{} names {outside}, which belongs to {home}", name(&path));
            }
        }
        assert!(
            !code.contains("openssl::"),
            "{} calls OpenSSL, which is there for samael only",
            name(&path)
        );
    }
}

#[test]
fn pages_only_read() {
    for path in files("src/web", "rs") {
        let code = code(&path);
        for write in ["store.write", "store::Writer", "write_blocking"] {
            assert!(
                !code.contains(write),
                "{} writes ({write}); only a flow opens a transaction",
                name(&path)
            );
        }
    }
}

#[test]
fn every_file_explains_itself() {
    for path in files("src", "rs").into_iter().chain(files("tests/it", "rs")) {
        let text = fs::read_to_string(&path).expect("text");
        assert!(
            text.starts_with("//! "),
            "{} does not say what it is for",
            name(&path)
        );
    }
}

#[test]
fn files_fit_into_a_head() {
    for path in files("src", "rs") {
        let lines = fs::read_to_string(&path).expect("text").lines().count();
        let name = name(&path);
        let known = LONG
            .iter()
            .any(|(known, reason)| *known == name && !reason.is_empty());
        assert!(
            known || lines <= LONGEST,
            "{name} has {lines} lines: split it by noun, then by verb"
        );
    }
}

#[test]
fn colours_stand_in_the_tokens_alone() {
    for path in files("static", "css")
        .into_iter()
        .filter(|p| !p.ends_with("tokens.css"))
    {
        let text = fs::read_to_string(&path).expect("text");
        for (number, line) in text.lines().enumerate() {
            let literal = ["oklch(", "rgb(", "hsl(", ": #", " #"]
                .iter()
                .any(|word| line.contains(word));
            assert!(
                !literal,
                "{}:{} has a colour of its own: {line}",
                name(&path),
                number + 1
            );
        }
    }
}

#[test]
fn pages_have_no_inline_script_or_style() {
    for path in files("templates", "html") {
        let text = fs::read_to_string(&path).expect("text");
        for word in [" style=", " onclick=", " onsubmit=", "javascript:", "<style"] {
            assert!(!text.contains(word), "{} has {word}", name(&path));
        }
        let scripts = text.matches("<script").count();
        assert_eq!(
            scripts,
            text.matches("<script type=\"module\" src=").count(),
            "{}",
            name(&path)
        );
    }
}
