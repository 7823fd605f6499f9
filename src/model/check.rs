//! One line of a trace: a rule that a sign-in had to pass, what it expected and what it met.
//!
//! Protocols produce checks, flows keep them, pages show them. A check is data, not a log line:
//! an admin can act on it without reading our code.

use serde::{Deserialize, Serialize};

/// How a rule ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    /// Passed, but an admin should know about it (a certificate that ends next week).
    Warned,
    Failed,
    /// An earlier rule failed, so that this one was never asked.
    NotReached,
}

/// A rule, its verdict and the two values it compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable code, for tests and for searching: `saml.audience`.
    pub code: String,
    /// The rule in a few words, for people: `Audience is this service provider`.
    pub title: String,
    pub verdict: Verdict,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<String>,
    /// Whose move it is and what to do; only with `Failed` and `Warned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// An attribute or claim as received: its name and all of its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    pub values: Vec<String>,
}
