//! One value against one literal, as SQL that is 0 or 1.

use rusqlite::types::Value;

use super::condition::Bound;
use super::source::Class;
use crate::model::ResourceKind;
use crate::model::filter::{Literal, Operator};

/// A column that is not NULL.
pub fn column(
    bound: &mut Bound,
    column: &str,
    class: Class,
    operator: Operator,
    literal: &Literal,
) -> String {
    match (class, literal) {
        (Class::Text, Literal::Text(literal)) => text(bound, column, operator, literal),
        (Class::Boolean, Literal::Boolean(literal)) if operator == Operator::Equal => {
            let literal = bound.bind(i64::from(*literal));
            format!("({column} = {literal})")
        }
        (Class::Integer, Literal::Moment(literal)) => order(bound, column, operator, *literal),
        (Class::Integer, Literal::Number(literal)) => number(bound, column, operator, *literal),
        _ => "0".to_owned(),
    }
}

/// A value in JSON, given as expressions for its type and itself; either may be NULL.
pub fn json(bound: &mut Bound, kind: &str, value: &str, operator: Operator, literal: &Literal) -> String {
    match literal {
        Literal::Text(literal) => {
            let test = text(bound, value, operator, literal);
            format!("({kind} IS 'text' AND {test})")
        }
        Literal::Number(literal) => {
            let test = number(bound, value, operator, *literal);
            format!("(({kind} IS 'integer' OR {kind} IS 'real') AND {test})")
        }
        Literal::Moment(literal) => {
            let test = order(bound, value, operator, *literal);
            format!("({kind} IS 'integer' AND {test})")
        }
        Literal::Boolean(true) if operator == Operator::Equal => format!("({kind} IS 'true')"),
        Literal::Boolean(false) if operator == Operator::Equal => format!("({kind} IS 'false')"),
        Literal::Boolean(_) | Literal::Null => "0".to_owned(),
    }
}

/// Text, number or boolean: what can be compared.
pub fn is_scalar(kind: &str) -> String {
    format!("(coalesce({kind}, '') IN ('text', 'integer', 'real', 'true', 'false'))")
}

/// Neither null nor empty.
pub fn is_something(kind: &str, value: &str) -> String {
    format!(
        "(CASE {kind} WHEN 'null' THEN 0 WHEN 'text' THEN {value} <> '' WHEN 'array' THEN json({value}) <> '[]'
               WHEN 'object' THEN json({value}) <> '{{}}' ELSE {kind} IS NOT NULL END)"
    )
}

/// Addresses of resources end with endpoint and id; what stands before is not known here, and the same for all.
pub fn location(
    bound: &mut Bound,
    kind: ResourceKind,
    id: &str,
    operator: Operator,
    literal: &Literal,
) -> String {
    let Literal::Text(literal) = literal else {
        return "0".to_owned();
    };
    let literal = literal.to_lowercase();
    let marker = format!("/{}/", kind.endpoint().to_lowercase());
    match (literal.rsplit_once(&marker), operator) {
        (Some((_, tail)), Operator::Equal | Operator::EndsWith) => text(bound, id, Operator::Equal, tail),
        (Some((_, tail)), Operator::Contains) => text(bound, id, Operator::StartsWith, tail),
        (Some((_, tail)), operator) => text(bound, id, operator, tail),
        (None, Operator::StartsWith) => {
            let begins = ["https://", "http://"]
                .iter()
                .any(|scheme| literal.starts_with(scheme) || scheme.starts_with(&literal));
            i64::from(begins).to_string()
        }
        (None, Operator::Contains | Operator::EndsWith) => {
            let known = format!("({} || {id})", bound.bind(marker));
            text(bound, &known, operator, &literal)
        }
        (None, _) => "0".to_owned(),
    }
}

fn text(bound: &mut Bound, value: &str, operator: Operator, literal: &str) -> String {
    let length = i64::try_from(literal.chars().count()).unwrap_or(i64::MAX);
    match operator {
        Operator::Contains | Operator::StartsWith | Operator::EndsWith if literal.is_empty() => {
            "1".to_owned()
        }
        // No LIKE: `%` and `_` are letters like any other.
        Operator::Contains => format!("(instr({value}, {}) > 0)", bound.bind(literal.to_owned())),
        Operator::StartsWith => {
            let (length, literal) = (bound.bind(length), bound.bind(literal.to_owned()));
            format!("(substr({value}, 1, {length}) = {literal})")
        }
        Operator::EndsWith => {
            let (length, literal) = (bound.bind(-length), bound.bind(literal.to_owned()));
            format!("(substr({value}, {length}) = {literal})")
        }
        _ => order(bound, value, operator, literal.to_owned()),
    }
}

fn number(bound: &mut Bound, value: &str, operator: Operator, literal: f64) -> String {
    order(bound, &format!("CAST({value} AS REAL)"), operator, literal)
}

fn order(bound: &mut Bound, value: &str, operator: Operator, literal: impl Into<Value>) -> String {
    let sign = match operator {
        Operator::Equal => "=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::NotEqual | Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
            return "0".to_owned();
        }
    };
    format!("({value} {sign} {})", bound.bind(literal))
}
