//! A filter as a tree, as it is written; `Display` writes it in the standard's form.

use std::fmt;

use serde_json::Value;

use crate::model::filter::Operator;
use crate::scim::path::Name;

#[derive(Clone, Debug, PartialEq)]
pub enum Syntax {
    /// Two or more, joined by `and`.
    All(Vec<Syntax>),
    /// Two or more, joined by `or`.
    Any(Vec<Syntax>),
    Not(Box<Syntax>),
    Ask(Name, Asked),
    /// `emails[type eq "work"]`, and what may follow: `.value eq "x"`.
    Element(Name, Box<Syntax>, Option<(String, Asked)>),
}

/// What is asked of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    Present,
    /// With a text, a number, a boolean or null.
    Compare(Operator, Value),
}

/// The operators by their names.
pub const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Equal),
    ("ne", Operator::NotEqual),
    ("co", Operator::Contains),
    ("sw", Operator::StartsWith),
    ("ew", Operator::EndsWith),
    ("gt", Operator::Greater),
    ("ge", Operator::GreaterOrEqual),
    ("lt", Operator::Less),
    ("le", Operator::LessOrEqual),
];

pub fn operator_name(operator: Operator) -> &'static str {
    OPERATORS
        .iter()
        .find(|(_, known)| *known == operator)
        .map_or("eq", |(name, _)| name)
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Asked::Present => f.write_str("pr"),
            Asked::Compare(operator, value) => write!(f, "{} {value}", operator_name(*operator)),
        }
    }
}

impl Syntax {
    fn joined(&self, f: &mut fmt::Formatter<'_>, parts: &[Syntax], word: &str) -> fmt::Result {
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                write!(f, " {word} ")?;
            }
            // `and` binds closer than `or`: everything else keeps its parentheses.
            let grouped = matches!(
                (self, part),
                (_, Syntax::Any(_)) | (Syntax::All(_), Syntax::All(_))
            );
            if grouped {
                write!(f, "({part})")?;
            } else {
                write!(f, "{part}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Syntax::All(parts) => self.joined(f, parts, "and"),
            Syntax::Any(parts) => self.joined(f, parts, "or"),
            Syntax::Not(part) => write!(f, "not ({part})"),
            Syntax::Ask(name, asked) => write!(f, "{name} {asked}"),
            Syntax::Element(name, part, None) => write!(f, "{name}[{part}]"),
            Syntax::Element(name, part, Some((sub, asked))) => write!(f, "{name}[{part}].{sub} {asked}"),
        }
    }
}
