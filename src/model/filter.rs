//! A question about directory resources, resolved against the schema: what the store turns into SQL, and what
//! can be asked of one document in memory. The text form (RFC 7644 §3.4.2.2) is read and written in `scim`.
//!
//! Both ask the *search document* of a resource: its attributes with every name in lower case, text that is not
//! case-exact folded ([`fold`]), moments as milliseconds, `null` left out, and every multi-valued or unknown
//! attribute as an array. `id`, `meta`, `groups` and `members` are no part of the stored document; the store
//! answers them from its columns, and a caller that asks in memory puts them in.

use std::cmp::Ordering;

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
    /// Asks one search document: the reference for every other way of asking.
    ///
    /// A comparison looks at every value of the field and holds when one of them meets it (RFC 7644 §3.4.2.2). `ne`
    /// holds when one value differs, and also when there is none: what is unassigned is not identical to anything.
    /// Values of another type than the literal are different from it, and neither greater nor less.
    pub fn matches(&self, document: &Value) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.matches(document)),
            Condition::Any(parts) => parts.iter().any(|part| part.matches(document)),
            Condition::Not(part) => !part.matches(document),
            Condition::Present(field) => field.present(document),
            Condition::Compare(field, Operator::Equal, Literal::Null) => !field.present(document),
            Condition::Compare(field, Operator::NotEqual, Literal::Null) => field.present(document),
            Condition::Compare(field, Operator::NotEqual, literal) => {
                let values: Vec<&Value> = field.values(document).filter(|v| is_scalar(v)).collect();
                values.is_empty() || values.iter().any(|value| !literal.equals(value))
            }
            Condition::Compare(field, operator, literal) => field
                .values(document)
                .filter(|v| is_scalar(v))
                .any(|value| literal.meets(*operator, value)),
            Condition::Element(field, part) => field
                .elements(document)
                .any(|element| element.is_object() && part.matches(element)),
        }
    }
}

impl Field {
    /// What stands under `name`: each element of a list, or the one value.
    fn elements<'a>(&self, document: &'a Value) -> impl Iterator<Item = &'a Value> + use<'a> {
        let holder = match &self.urn {
            Some(urn) => document.get(urn),
            None => Some(document),
        };
        let found = holder.and_then(|holder| holder.get(&self.name));
        let (list, one) = match found {
            Some(Value::Array(list)) if self.multi => (list.as_slice(), None),
            other => (&[][..], other),
        };
        list.iter().chain(one)
    }

    /// What a comparison looks at.
    fn values<'a>(&self, document: &'a Value) -> impl Iterator<Item = &'a Value> {
        self.elements(document).filter_map(|element| match &self.sub {
            Some(sub) => element.get(sub),
            None => Some(element),
        })
    }

    fn present(&self, document: &Value) -> bool {
        self.values(document).any(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        })
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_))
}

impl Literal {
    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Literal::Text(a), Value::String(b)) => a == b,
            (Literal::Boolean(a), Value::Bool(b)) => a == b,
            (Literal::Number(_) | Literal::Moment(_), Value::Number(_)) => {
                self.compare(value) == Some(Ordering::Equal)
            }
            _ => false,
        }
    }

    /// How `value` lies to this literal; `None` when they are of different types or have no order.
    fn compare(&self, value: &Value) -> Option<Ordering> {
        match (self, value) {
            (Literal::Text(a), Value::String(b)) => Some(b.as_str().cmp(a)),
            (Literal::Number(a), Value::Number(b)) => b.as_f64()?.partial_cmp(a),
            (Literal::Moment(a), Value::Number(b)) => Some(b.as_i64()?.cmp(a)),
            _ => None,
        }
    }

    fn meets(&self, operator: Operator, value: &Value) -> bool {
        let texts = match (self, value) {
            (Literal::Text(a), Value::String(b)) => Some((a.as_str(), b.as_str())),
            _ => None,
        };
        match operator {
            Operator::Equal => self.equals(value),
            Operator::NotEqual => !self.equals(value),
            Operator::Contains => texts.is_some_and(|(a, b)| b.contains(a)),
            Operator::StartsWith => texts.is_some_and(|(a, b)| b.starts_with(a)),
            Operator::EndsWith => texts.is_some_and(|(a, b)| b.ends_with(a)),
            Operator::Greater => self.compare(value).is_some_and(Ordering::is_gt),
            Operator::GreaterOrEqual => self.compare(value).is_some_and(Ordering::is_ge),
            Operator::Less => self.compare(value).is_some_and(Ordering::is_lt),
            Operator::LessOrEqual => self.compare(value).is_some_and(Ordering::is_le),
        }
    }
}
