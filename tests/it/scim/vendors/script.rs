//! The format of the files of requests. Line by line:
//!
//! ```text
//! # a comment
//! header User-Agent: x       at the top: sent with every request; an empty value takes a usual header away
//! auth bearer | bare | basic at the top: how the client proves itself; `bare`: the token without the word Bearer
//!
//! == title                   a section; `== title | fresh` is played in these modes only: fresh, existing, again;
//!                            `| last` is left out of a first round that a second one follows
//! POST /Users?x={anna.mail}  a request; {names} are filled in, captured ones and those of the people (see `play`)
//! > If-Match: {tag}          a header of this request alone
//! {"userName": …}            its body, over as many lines as it takes
//! 200|204                    the status it must have, or one of these; indented below it, what the answer must be:
//!   emails[0].value = "x"    JSON; also `[type="work"]` for the first element that has it, `"urn:…".manager` for a key
//!   Resources has {"a": 1}   an element that has at least this (an object), or is this
//!   id -> anna               kept under a name
//!   x exists | absent | is integer | length 2
//!   header ETag exists
//! person {anna.mail} active | deactivated | missing     between requests: what the database says
//! person {anna.mail} named Anna Ng
//! group "Everybody" holds {anna} {ben}                 exactly these; `group "…" missing`
//! ```

use super::play::Mode;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    Bearer,
    Bare,
    Basic,
}

pub struct Script {
    pub auth: Auth,
    pub headers: Vec<(String, String)>,
    pub sections: Vec<Section>,
}

pub struct Section {
    pub title: String,
    /// Empty: in every mode.
    pub modes: Vec<String>,
    pub last: bool,
    pub steps: Vec<Step>,
}

pub enum Step {
    Ask(Ask),
    /// `person …` or `group …`, as it stands.
    State(usize, String),
}

/// A request and what its answer must be.
pub struct Ask {
    pub line: usize,
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub statuses: Vec<u16>,
    pub expected: Vec<(usize, String)>,
}

impl Section {
    pub fn is_for(&self, mode: Mode) -> bool {
        let left_out = self.last && mode == Mode::First;
        !left_out && (self.modes.is_empty() || self.modes.iter().any(|name| name == mode.name()))
    }
}

const METHODS: &[&str] = &["GET ", "POST ", "PUT ", "PATCH ", "DELETE "];

/// Reads a file; a line that makes no sense is named.
pub fn read(name: &str, text: &str) -> Script {
    let mut script = Script {
        auth: Auth::Bearer,
        headers: Vec::new(),
        sections: Vec::new(),
    };
    for (number, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line)) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if script.sections.is_empty() && !line.starts_with("== ") {
            top(&mut script, line).unwrap_or_else(|| panic!("{name}:{number}: {line}"));
        } else if let Some(title) = line.strip_prefix("== ") {
            script.sections.push(section(title));
        } else {
            let section = script.sections.last_mut().expect("a section was begun");
            add(section, number, line).unwrap_or_else(|| panic!("{name}:{number}: {line}"));
        }
    }
    script
}

fn top(script: &mut Script, line: &str) -> Option<()> {
    if let Some(header) = line.strip_prefix("header ") {
        script.headers.push(pair(header)?);
        return Some(());
    }
    script.auth = match line.strip_prefix("auth ")? {
        "bearer" => Auth::Bearer,
        "bare" => Auth::Bare,
        "basic" => Auth::Basic,
        _ => return None,
    };
    Some(())
}

fn pair(header: &str) -> Option<(String, String)> {
    let (name, value) = header.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

fn section(title: &str) -> Section {
    let (title, modes) = title.split_once('|').unwrap_or((title, ""));
    let mut modes: Vec<String> = modes
        .split([',', ' '])
        .filter(|m| !m.is_empty())
        .map(str::to_owned)
        .collect();
    let last = modes.iter().any(|mode| mode == "last");
    modes.retain(|mode| mode != "last");
    let known = |mode: &String| ["fresh", "existing", "again"].contains(&mode.as_str());
    assert!(modes.iter().all(known), "{title}: {modes:?}");
    Section {
        title: title.trim().to_owned(),
        modes,
        last,
        steps: Vec::new(),
    }
}

fn add(section: &mut Section, number: usize, line: &str) -> Option<()> {
    if let Some(method) = METHODS.iter().find(|method| line.starts_with(**method)) {
        section.steps.push(Step::Ask(Ask {
            line: number,
            method: method.trim().to_owned(),
            path: line[method.len()..].trim().to_owned(),
            headers: Vec::new(),
            body: String::new(),
            statuses: Vec::new(),
            expected: Vec::new(),
        }));
        return Some(());
    }
    if line.starts_with("person ") || line.starts_with("group ") {
        section.steps.push(Step::State(number, line.to_owned()));
        return Some(());
    }
    let Some(Step::Ask(ask)) = section.steps.last_mut() else {
        return None;
    };
    if !ask.statuses.is_empty() {
        let expected = line.strip_prefix("  ")?.trim();
        ask.expected.push((number, expected.to_owned()));
    } else if let Some(header) = line.strip_prefix("> ") {
        ask.headers.push(pair(header)?);
    } else if line.chars().all(|c| c.is_ascii_digit() || c == '|') {
        ask.statuses = line.split('|').map(str::parse).collect::<Result<_, _>>().ok()?;
    } else {
        ask.body.push_str(line.trim());
    }
    Some(())
}
