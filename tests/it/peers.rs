//! Foreign SAML identity providers and SCIM checkers, driven over lines of JSON; the protocol is in `tests/peers/README.md`.
//!
//! `Peer::start("pysaml2")`, `Peer::start("samlify")` and `Peer::serve()` return `None`, and print why, when what
//! `tests/setup` installs is missing; under `CI=true` that is a failure instead.
#![expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where things were installed"
)]

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The project's own folder.
pub const PROJECT: &str = env!("CARGO_MANIFEST_DIR");

/// Where `tests/setup` installs what belongs to others.
pub fn installed() -> PathBuf {
    if let Some(home) = env::var_os("DOORWARD_TEST_HOME") {
        return home.into();
    }
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    Path::new(PROJECT).join(target).join("peers")
}

/// Says that something is not installed: printed for a person at work, a failure in CI.
pub fn skip(what: &str) {
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "{what} is missing, and CI skips nothing"
    );
    println!("skipped: {what} is missing; tests/setup installs it");
}

/// A running identity provider that is not ours; it ends when this is dropped.
pub struct Peer {
    name: &'static str,
    child: Child,
    // Closing this is what tells the peer to end.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `pysaml2`, `samlify` or `scim-judges`.
    pub fn start(name: &'static str) -> Option<Self> {
        match name {
            "pysaml2" => Self::spawn(name, python(), &["pysaml2_idp.py"]),
            "samlify" => Self::spawn(name, node(), &["samlify_idp.mjs"]),
            "scim-judges" => Self::spawn(name, scim_python(), &["scim_judges.py"]),
            _ => panic!("there is no peer {name:?}: pysaml2, samlify and scim-judges are all"),
        }
    }

    /// Starts the identity provider that a browser can visit; returns its address too.
    pub fn serve() -> Option<(Self, String)> {
        let mut peer = Self::spawn("the identity provider's server", node(), &["idp_server.mjs"])?;
        let port: u16 = peer
            .line()
            .trim()
            .parse()
            .expect("the server's first line is its port");
        Some((peer, format!("http://localhost:{port}")))
    }

    /// Starts the OpenID Provider that a browser can visit; returns its address too, which is its issuer.
    pub fn serve_openid() -> Option<(Self, String)> {
        let mut peer = Self::spawn("the OpenID Provider", node(), &["openid_server.mjs"])?;
        let port: u16 = peer
            .line()
            .trim()
            .parse()
            .expect("the server's first line is its port");
        Some((peer, format!("http://localhost:{port}")))
    }

    fn spawn(name: &'static str, program: Option<PathBuf>, arguments: &[&str]) -> Option<Self> {
        let Some(program) = program else {
            skip(name);
            return None;
        };
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(Path::new(PROJECT).join("tests/peers"))
            .env("DOORWARD_TEST_HOME", installed())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{name} did not start: {e}"));
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Some(Self {
            name,
            child,
            commands,
            answers,
        })
    }

    /// Sends a command and returns the answer whatever it says: also `unsupported`, `refused` or `error`.
    pub fn ask(&mut self, command: &Value) -> Value {
        let input = self.commands.as_mut().expect("it is open until drop");
        writeln!(input, "{command}").unwrap_or_else(|e| panic!("{} takes no more commands: {e}", self.name));
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{} answered {line:?}: {e}", self.name))
    }

    /// Sends a command that must work; `None`, and a printed line, when the peer's library cannot do it.
    pub fn find(&mut self, command: &Value) -> Option<Value> {
        let answer = self.ask(command);
        if let Some(why) = answer["unsupported"].as_str() {
            println!("skipped: {}: {why}", self.name);
            return None;
        }
        for problem in ["refused", "error"] {
            assert!(
                answer[problem].is_null(),
                "{} on {command:#}: {:#}",
                self.name,
                answer
            );
        }
        Some(answer)
    }

    /// Sends a command that must work.
    pub fn call(&mut self, command: &Value) -> Value {
        let name = self.name;
        self.find(command)
            .unwrap_or_else(|| panic!("{name} cannot do {command:#}"))
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).expect("it answers in UTF-8");
        assert!(
            read > 0,
            "{} ended early; what it said is on standard error",
            self.name
        );
        line
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.commands.take());
        // It ends by itself now; one that does not is not worth waiting for.
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn python() -> Option<PathBuf> {
    Some(installed().join("venv/bin/python")).filter(|path| path.exists())
}

/// Python, when the SCIM checkers are there too.
fn scim_python() -> Option<PathBuf> {
    python().filter(|_| installed().join("venv/bin/scim-sanity").exists())
}

/// Node, when the modules that our scripts need are there too.
pub fn node() -> Option<PathBuf> {
    let there = installed().join("node_modules/samlify").exists();
    let works = || {
        Command::new("node")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    (there && works()).then(|| "node".into())
}

/// Each peer, for a test that asks the same of both.
pub fn each_peer(mut test: impl FnMut(&mut Peer)) {
    for mut peer in ["pysaml2", "samlify"].into_iter().filter_map(Peer::start) {
        test(&mut peer);
    }
}

#[test]
fn a_peer_publishes_the_certificates_it_was_asked_for() {
    each_peer(|peer| {
        let one = json!({"cmd": "metadata", "entity_id": "https://idp.example", "certificates": ["a"]});
        let two = json!({"cmd": "metadata", "entity_id": "https://idp.example", "certificates": ["a", "b"]});
        let certificates = |answer: &Value| {
            let xml = answer["xml"].as_str().expect("metadata is text").to_owned();
            assert!(xml.contains(r#"entityID="https://idp.example""#), "{xml}");
            xml.matches("X509Certificate>").count() / 2
        };
        assert_eq!(certificates(&peer.call(&one)), 1);
        assert_eq!(certificates(&peer.call(&two)), 2);
    });
}

#[test]
fn a_peer_says_what_it_cannot_do_and_what_it_does_not_accept() {
    each_peer(|peer| {
        let answer = peer.ask(&json!({"cmd": "metadata", "certificates": ["c"]}));
        assert_eq!(
            answer["refused"]
                .as_str()
                .map(|why| why.contains("no certificate")),
            Some(true),
            "{answer}"
        );
        let answer = peer.ask(&json!({"cmd": "respond", "algorithm": "rsa-md5"}));
        assert!(answer["unsupported"].is_string(), "{answer}");
        assert!(peer.ask(&json!({"cmd": "dance"}))["error"].is_string());
    });
}

#[test]
fn the_identity_provider_for_browsers_answers_on_its_port() {
    let Some((mut peer, base)) = Peer::serve() else {
        return;
    };
    let metadata = peer.call(&json!({"cmd": "metadata"}));
    let xml = metadata["xml"].as_str().expect("metadata is text");
    assert!(xml.contains(&format!(r#"entityID="{base}/metadata""#)), "{xml}");
    let settings = peer.call(&json!({"cmd": "settings", "response": {"sign": "both"}}));
    assert_eq!(settings["response"]["sign"], "both");
}
