//! Plays a file of requests: fills names in, asks, compares, and looks at the people afterwards.
//!
//! Names that every file can use, different for each client: `{tag}`; for `anna`, `ben` and `cleo` their `{anna.mail}`,
//! `{anna.given}`, `{anna.family}` and `{anna.ext}`; `{team}` and `{crew}`, names of groups; `{nobody}`, an id that no
//! resource has. What a file captures is kept beside them.

use std::collections::HashMap;

use serde_json::Value;

use super::script::{Ask, Auth, Script, Step, read};
use crate::scim::client::{Answer, Client};
use crate::scim::vendors::expect;
use crate::scim::world::World;

/// What is there before the file is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nobody.
    Fresh,
    /// anna and ben are people here, whom the identity provider does not know yet.
    Existing,
    /// Nobody, and the sections marked `last` are left out, because the same file follows again.
    First,
    /// What the first round left behind.
    Again,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Fresh | Mode::First => "fresh",
            Mode::Existing => "existing",
            Mode::Again => "again",
        }
    }
}

/// A file and the server it is played against.
pub struct Stage {
    file: &'static str,
    script: Script,
    world: World,
    client: Client,
}

type Names = HashMap<String, String>;

impl Stage {
    /// With these of the people in the directory before provisioning is turned on.
    pub fn open((file, text): (&'static str, &str), existing: &[&str]) -> Self {
        let people: Vec<String> = existing
            .iter()
            .map(|name| format!("{name}.t0@example.com"))
            .collect();
        let world = World::open_with(&people, "guard_people = 0");
        let script = read(file, text);
        let client = match script.auth {
            Auth::Bearer => world.client(),
            Auth::Bare => world.client().with("Authorization", &world.token),
            Auth::Basic => world.basic_client(),
        };
        let set = |client: Client, (name, value): &(String, String)| client.with(name, value);
        let client = script.headers.iter().fold(client, set);
        Self {
            file,
            script,
            world,
            client,
        }
    }

    pub fn play(&self, mode: Mode) {
        self.play_as(&self.client, mode, "t0");
    }

    /// So many clients at once, each with people of its own.
    pub fn play_by_many(&self, clients: usize) {
        std::thread::scope(|scope| {
            for number in 0..clients {
                let client = self.client.clone();
                scope.spawn(move || self.play_as(&client, Mode::Fresh, &format!("c{number}")));
            }
        });
    }

    fn play_as(&self, client: &Client, mode: Mode, tag: &str) {
        let mut names = names(tag);
        for section in self.script.sections.iter().filter(|s| s.is_for(mode)) {
            for step in &section.steps {
                let (line, done) = match step {
                    Step::Ask(ask) => (ask.line, self.ask(client, ask, &mut names)),
                    Step::State(line, text) => (*line, self.state(&fill(text, &names))),
                };
                if let Err(what) = done {
                    panic!(
                        "{}:{line}: {} ({mode:?}, {tag}): {what}",
                        self.file, section.title
                    );
                }
            }
        }
    }

    fn ask(&self, client: &Client, ask: &Ask, names: &mut Names) -> Result<(), String> {
        let set = |client: Client, (name, value): &(String, String)| client.with(name, &fill(value, names));
        let client = ask.headers.iter().fold(client.clone(), set);
        let body = Some(fill(&ask.body, names)).filter(|body| !body.is_empty());
        let path = fill(&ask.path, names);
        let answer = client.send(&ask.method, &path, body.clone().map(String::into_bytes));
        let told = || {
            let body = body.as_deref().unwrap_or_default();
            format!(
                "\n{} {path} {body}\n{} {}",
                ask.method, answer.status, answer.text
            )
        };
        if !ask.statuses.contains(&answer.status) {
            return Err(format!("not {:?}:{}", ask.statuses, told()));
        }
        for (line, expected) in &ask.expected {
            let met = self.expect(&answer, expected, names);
            met.map_err(|why| format!("line {line}: {expected}: {why}:{}", told()))?;
        }
        Ok(())
    }

    fn expect(&self, answer: &Answer, expected: &str, names: &mut Names) -> Result<(), String> {
        if let Some((path, name)) = expected.split_once(" -> ") {
            let found = expect::find(&answer.body, &fill(path, names)).and_then(Value::as_str);
            let found = found.ok_or("there is no such text")?;
            names.insert(name.to_owned(), found.to_owned());
            return Ok(());
        }
        let expected = fill(expected, names);
        match expected.strip_prefix("header ") {
            Some(header) => expect::header(answer, header),
            None => expect::holds(&answer.body, &expected),
        }
    }

    /// `person …` or `group …`, filled in.
    fn state(&self, text: &str) -> Result<(), String> {
        let group = text
            .strip_prefix("group \"")
            .and_then(|rest| rest.split_once("\" "));
        if let Some((group, rest)) = group {
            let members = self.world.members(group);
            let mut wanted: Vec<String> = rest.split(' ').skip(1).map(str::to_owned).collect();
            wanted.sort();
            let good = match rest {
                "missing" => members.is_none(),
                _ => rest.starts_with("holds") && members.as_ref() == Some(&wanted),
            };
            return good.then_some(()).ok_or(format!("{text}: {members:?}"));
        }
        let mut words = text.splitn(3, ' ').skip(1);
        let (email, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let person = self.world.person(email);
        let good = match (&person, what) {
            (None, "missing") => true,
            (Some(p), "active" | "deactivated") => p.state == what && p.role == "member",
            (Some(p), what) => {
                what.strip_prefix("named ") == Some(&format!("{} {}", p.given_name, p.family_name))
            }
            _ => false,
        };
        good.then_some(()).ok_or(format!("{text}: {person:?}"))
    }
}

fn names(tag: &str) -> Names {
    let mut names = Names::from([
        ("tag".to_owned(), tag.to_owned()),
        ("team".to_owned(), format!("Team {tag}")),
        ("crew".to_owned(), format!("Crew {tag}")),
        (
            "nobody".to_owned(),
            "7d4c1c08-9d1c-4f6c-8a57-0f6f2f0b1c11".to_owned(),
        ),
    ]);
    for (name, given, family) in [
        ("anna", "Anna", "Ng"),
        ("ben", "Ben", "Okoye"),
        ("cleo", "Cléo", "D'Arc"),
    ] {
        names.insert(format!("{name}.mail"), format!("{name}.{tag}@example.com"));
        names.insert(format!("{name}.given"), given.to_owned());
        names.insert(format!("{name}.family"), family.to_owned());
        names.insert(format!("{name}.ext"), format!("00u{name}{tag}"));
    }
    names
}

/// Puts what is known for `{names}`; braces around anything else, such as JSON, stay.
fn fill(text: &str, names: &Names) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest[1..].split('}').next().unwrap_or_default();
        match names.get(name) {
            Some(value) => {
                filled.push_str(value);
                rest = &rest[name.len() + 2..];
            }
            None => {
                let is_name = name.chars().all(|c| c.is_ascii_lowercase() || c == '.');
                assert!(
                    !is_name || name.is_empty(),
                    "{{{name}}} is known to nobody in {text}"
                );
                filled.push('{');
                rest = &rest[1..];
            }
        }
    }
    filled + rest
}

/// A text with something in place of every name.
pub fn with_anything(text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let name = rest[at + 1..].split('}').next().unwrap_or_default();
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '.');
        let end = if is_name { at + name.len() + 2 } else { at + 1 };
        filled.push_str(if is_name { &rest[..at] } else { &rest[..end] });
        rest = &rest[end..];
    }
    filled + rest
}
