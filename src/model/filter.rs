//! A question about directory resources, resolved against the schema: what the store turns into SQL, and what
//! can be asked of one document in memory. The text form (RFC 7644 §3.4.2.2) is read and written in `scim`.
//!
//! Both ask the *search document* of a resource: its attributes with every name in lower case, text that is not
//! case-exact folded ([`fold`]), moments as milliseconds, `null` left out, and every multi-valued or unknown
//! attribute as an array. `id`, `meta`, `groups` and `members` are no part of the stored document; the store
//! answers them from its columns, and a caller that asks in memory puts them in.

use serde_json::Value;

/// One attribute as a filter names it. All parts are in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// The extension's URN; `None` for the core schema of the resource.
    pub urn: Option<String>,
    pub name: String,
    /// The sub-attribute. `emails eq "x"` is resolved to `emails.value eq "x"`.
    pub sub: Option<String>,
    /// The search document holds an array under `name`.
    pub multi: bool,
    pub kind: Kind,
}

/// How values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Without regard to case: both sides are folded.
    Text,
    CaseExact,
    Boolean,
    Number,
    /// Milliseconds since the epoch.
    Moment,
    /// Only `pr` and a filter in brackets can be asked of it.
    Complex,
    /// Not in any schema: compares as what the literal is.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// The value to compare with, in the form that the search document has.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Text(String),
    Number(f64),
    Boolean(bool),
    /// Milliseconds since the epoch.
    Moment(i64),
    Null,
}

/// A filter, ready to be asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// The field has a value that is neither null nor empty.
    Present(Field),
    Compare(Field, Operator, Literal),
    /// `emails[type eq "work" and value co "@acme"]`: one element of the list meets all of it. The fields inside
    /// have the sub-attribute as their `name`, no `sub`, and `multi: false`.
    Element(Field, Box<Condition>),
}

/// What a list is sorted by; resources without a value come last, or first when descending (RFC 7644 §3.4.2.3).
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub field: Field,
    pub descending: bool,
}

/// The form in which text compares without regard to case.
pub fn fold(text: &str) -> String {
    text.to_lowercase()
}

impl Condition {
    /// Asks one search document.
    pub fn matches(&self, _document: &Value) -> bool {
        todo!("protocol")
    }
}
