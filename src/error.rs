//! The one error of stores and flows, with a closed set of kinds.
//!
//! Which error where: protocols (`saml`) have problems of their own, made of facts; `store` and `flows`
//! return [`Error`]; `web/fail.rs` alone turns an `Error` into a status and a page. The `message` is
//! for the person who can act on it; the `source` is for the log and never leaves the machine.

use std::fmt;

use crate::model::Subject;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A field of a form or file that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    pub field: String,
    pub message: String,
}

/// Marks an [`Error`] whose question to the database was stopped.
#[derive(Debug)]
struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the query was stopped at its time limit")
    }
}

impl std::error::Error for TooSlow {}

/// Marks a [`Kind::Denied`]: somebody would have given, taken or touched what is not less than their own. Whoever ends
/// the transaction leaves an event of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// What it was about: "the role Owner".
    pub what: String,
    /// By which way: `person`, `access_group`, `mapping` …; empty while nobody said.
    pub way: &'static str,
    /// On whom or what.
    pub on: Option<Subject>,
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.what, self.way)
    }
}

impl std::error::Error for Escalation {}

/// What kind of failure it is; decides the status and the tone of the page.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    NotFound,
    /// Somebody else was faster, or it exists already.
    Conflict,
    Invalid(Vec<FieldProblem>),
    Denied,
    /// Try again after so many seconds.
    RateLimited(u64),
    /// Another machine failed us.
    Upstream,
    /// We cannot do it now: the disk is full, the queue is full.
    Unavailable,
    Internal,
}

#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    pub source: Option<Source>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("There is no such {what}."))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Kind::Denied, message)
    }

    /// Denied, and to be audited: `what` is more than the actor may give.
    pub fn escalation(message: impl Into<String>, what: impl Into<String>) -> Self {
        let mark = Escalation {
            what: what.into(),
            way: "",
            on: None,
        };
        Self {
            source: Some(Box::new(mark)),
            ..Self::denied(message)
        }
    }

    /// Says of an escalation by which way and on whom, where nobody said so before.
    #[must_use]
    pub fn by(mut self, way: &'static str, on: impl FnOnce() -> Subject) -> Self {
        let mark = self
            .source
            .as_mut()
            .and_then(|source| source.downcast_mut::<Escalation>());
        if let Some(mark) = mark {
            if mark.way.is_empty() {
                mark.way = way;
            }
            mark.on.get_or_insert_with(on);
        }
        self
    }

    /// The escalation that was refused, if this is one.
    pub fn as_escalation(&self) -> Option<&Escalation> {
        self.source.as_ref()?.downcast_ref()
    }

    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let problem = FieldProblem {
            field: field.to_owned(),
            message: message.clone(),
        };
        Self::new(Kind::Invalid(vec![problem]), message)
    }

    /// Several fields at once; the message is theirs, joined.
    pub fn invalid_fields(problems: Vec<FieldProblem>) -> Self {
        let message = problems
            .iter()
            .map(|p| p.message.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        Self::new(Kind::Invalid(problems), message)
    }

    pub fn internal(source: impl Into<Source>) -> Self {
        let message = "Doorward could not do this because of a fault of its own.".to_owned();
        Self {
            kind: Kind::Internal,
            message,
            source: Some(source.into()),
        }
    }

    pub fn unavailable(message: impl Into<String>, source: impl Into<Source>) -> Self {
        Self {
            kind: Kind::Unavailable,
            message: message.into(),
            source: Some(source.into()),
        }
    }

    /// A question to the database was stopped, because it took too long.
    pub fn too_slow() -> Self {
        let message = "This question takes Doorward too long to answer. Narrow it down.";
        Self::unavailable(message, TooSlow)
    }

    /// Was it stopped because it took too long? Then asking the same again does not help.
    pub fn is_too_slow(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.is::<TooSlow>())
    }

    /// The problems of single fields, if this is about fields.
    pub fn fields(&self) -> &[FieldProblem] {
        match &self.kind {
            Kind::Invalid(problems) => problems,
            _ => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
