//! What the component macros take: states, notices, steps, changes, pagers. Made by handlers, drawn by templates.
//!
//! ```ignore
//! State::working("Active")                       // {{ state::show(person.state) }}
//! Notice::needs_you("Okta's certificate ends in 3 days.", "Upload the next one").link("Certificates", url)
//! Change::new("Role", Some("member"), Some("admin"))
//! Pager::new("/admin/people?q=an", 2, 50, 1234)
//! ```
//!
//! A state or notice is a word and a shape before it is a colour; `Tone` picks shape and colour together.

use super::urls;
use crate::model::{Check, Verdict};

/// How much attention a thing needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// ● In order.
    Working,
    /// ◐ Somebody else's move, a draft, something held.
    Waiting,
    /// ▲ The reader's move, or broken, or refused.
    NeedsYou,
    /// ○ Off, never asked, not reached.
    Off,
}

impl Tone {
    /// The class that colours it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::NeedsYou => "needs-you",
            Self::Off => "off",
        }
    }
}

/// A word with its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub tone: Tone,
    pub word: String,
}

impl State {
    pub fn working(word: impl Into<String>) -> Self {
        Self {
            tone: Tone::Working,
            word: word.into(),
        }
    }

    pub fn waiting(word: impl Into<String>) -> Self {
        Self {
            tone: Tone::Waiting,
            word: word.into(),
        }
    }

    pub fn needs_you(word: impl Into<String>) -> Self {
        Self {
            tone: Tone::NeedsYou,
            word: word.into(),
        }
    }

    pub fn off(word: impl Into<String>) -> Self {
        Self {
            tone: Tone::Off,
            word: word.into(),
        }
    }
}

/// A remark above or inside a page. `Tone::Off` is plain information; `Tone::Working` says what was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub tone: Tone,
    /// What happened, one sentence.
    pub title: String,
    /// Whose move it is and what to do; may be empty.
    pub text: String,
    /// Label and address of the way on.
    pub link: Option<(String, String)>,
}

impl Notice {
    fn of(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            tone,
            title: title.into(),
            text: text.into(),
            link: None,
        }
    }

    /// What the reader's action did: "Ana Ruiz was added."
    pub fn done(title: impl Into<String>) -> Self {
        Self::of(Tone::Working, title, "")
    }

    pub fn info(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(Tone::Off, title, text)
    }

    pub fn waiting(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(Tone::Waiting, title, text)
    }

    pub fn needs_you(title: impl Into<String>, text: impl Into<String>) -> Self {
        Self::of(Tone::NeedsYou, title, text)
    }

    #[must_use]
    pub fn link(mut self, label: impl Into<String>, href: impl Into<String>) -> Self {
        self.link = Some((label.into(), href.into()));
        self
    }
}

/// One line of a diff: what a thing was and what it becomes. `None`: it was not there, or is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub name: String,
    pub was: Option<String>,
    pub becomes: Option<String>,
}

impl Change {
    pub fn new(name: impl Into<String>, was: Option<&str>, becomes: Option<&str>) -> Self {
        Self {
            name: name.into(),
            was: was.map(Into::into),
            becomes: becomes.map(Into::into),
        }
    }
}

/// A [`Check`] as a trace shows it: what failed stands open, what passed is one line that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLine {
    pub title: String,
    pub state: State,
    pub expected: Option<String>,
    pub received: Option<String>,
    pub remedy: Option<String>,
    pub is_open: bool,
}

impl CheckLine {
    pub fn has_values(&self) -> bool {
        self.expected.is_some() || self.received.is_some()
    }
}

/// The checks of one attempt, in their order.
pub fn check_lines(checks: &[Check]) -> Vec<CheckLine> {
    let line = |check: &Check| {
        let state = match check.verdict {
            Verdict::Passed => State::working("Passed"),
            Verdict::Warned => State::waiting("Passed, look at it"),
            Verdict::Failed => State::needs_you("Failed"),
            Verdict::NotReached => State::off("Not reached"),
        };
        CheckLine {
            title: check.title.clone(),
            is_open: matches!(check.verdict, Verdict::Warned | Verdict::Failed),
            state,
            expected: check.expected.clone(),
            received: check.received.clone(),
            remedy: check.remedy.clone(),
        }
    };
    checks.iter().map(line).collect()
}

/// Where in a long list the reader stands. Addresses are made with the filters that are already in the page's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    pub first: u64,
    pub last: u64,
    pub total: u64,
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Pager {
    /// Page `page` (from 1) of `total` rows, `size` to a page; `filters` stay in the address.
    pub fn new(path: &str, filters: &[(&str, &str)], page: u64, size: u64, total: u64) -> Self {
        let size = size.max(1);
        let pages = total.div_ceil(size).max(1);
        let page = page.clamp(1, pages);
        let address = |number: u64| {
            let number = if number > 1 {
                number.to_string()
            } else {
                String::new()
            };
            let mut pairs = filters.to_vec();
            pairs.push(("page", &number));
            urls::query(path, &pairs)
        };
        Self {
            first: if total == 0 { 0 } else { (page - 1) * size + 1 },
            last: (page * size).min(total),
            total,
            previous: (page > 1).then(|| address(page - 1)),
            next: (page < pages).then(|| address(page + 1)),
        }
    }

    /// How many rows to skip.
    pub fn offset(&self) -> u64 {
        self.first.saturating_sub(1)
    }

    pub fn is_needed(&self) -> bool {
        self.previous.is_some() || self.next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pager_keeps_filters_and_stays_inside_the_list() {
        let pager = Pager::new("/people", &[("q", "an"), ("state", "")], 2, 50, 120);
        assert_eq!((pager.first, pager.last, pager.offset()), (51, 100, 50));
        assert_eq!(pager.previous.as_deref(), Some("/people?q=an"));
        assert_eq!(pager.next.as_deref(), Some("/people?q=an&page=3"));
        let beyond = Pager::new("/people", &[], u64::MAX, 50, 120);
        assert_eq!((beyond.first, beyond.last, beyond.next), (101, 120, None));
        assert!(!Pager::new("/people", &[], 0, 0, 0).is_needed());
    }
}
