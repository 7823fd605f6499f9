//! From a tree of names to a [`Condition`]: which attribute is meant, how its values compare, what may be asked.

use serde_json::Value;

use super::refuse;
use super::syntax::{Asked, Syntax, operator_name};
use crate::model::ResourceKind;
use crate::model::filter::{Condition, Field, Kind, Literal, Operator, fold};
use crate::scim::ScimProblem;
use crate::scim::path::Name;
use crate::scim::schema::{Attribute, Returned, Type};

/// What names are looked up in.
#[derive(Clone, Copy)]
enum Scope {
    Resource(ResourceKind),
    /// The sub-attributes of a list; `None`: of an attribute that no schema has.
    Element(Option<&'static Attribute>),
}

pub fn condition(tree: &Syntax, kind: ResourceKind) -> Result<Condition, ScimProblem> {
    resolve(tree, Scope::Resource(kind))
}

/// A filter in brackets, to be asked of one element of `attribute`.
pub fn element(tree: &Syntax, attribute: Option<&'static Attribute>) -> Result<Condition, ScimProblem> {
    resolve(tree, Scope::Element(attribute))
}

/// The field that a name means, as it is sorted by or compared: `emails` is `emails.value`.
pub fn field(name: &Name, kind: ResourceKind) -> Result<Field, ScimProblem> {
    Ok(named(name, Scope::Resource(kind), true)?.0)
}

// As deep as the reader let the tree become.
fn resolve(tree: &Syntax, scope: Scope) -> Result<Condition, ScimProblem> {
    match tree {
        Syntax::All(parts) => Ok(Condition::All(each(parts, scope)?)),
        Syntax::Any(parts) => Ok(Condition::Any(each(parts, scope)?)),
        Syntax::Not(part) => Ok(Condition::Not(Box::new(resolve(part, scope)?))),
        Syntax::Ask(name, asked) => ask(name, asked, scope),
        Syntax::Element(name, part, behind) => {
            let (field, attribute) = named(name, scope, false)?;
            if field.kind != Kind::Complex && field.kind != Kind::Unknown {
                return Err(refuse(format!("{name} has no parts to filter by in brackets")));
            }
            let inner = Scope::Element(attribute);
            let mut condition = resolve(part, inner)?;
            if let Some((sub, asked)) = behind {
                let sub = Name {
                    urn: None,
                    name: sub.clone(),
                    sub: None,
                };
                condition = Condition::All(vec![condition, ask(&sub, asked, inner)?]);
            }
            Ok(Condition::Element(field, Box::new(condition)))
        }
    }
}

fn each(parts: &[Syntax], scope: Scope) -> Result<Vec<Condition>, ScimProblem> {
    parts.iter().map(|part| resolve(part, scope)).collect()
}

/// `compared`: a list or a complex attribute stands for its `value`.
fn named(
    name: &Name,
    scope: Scope,
    compared: bool,
) -> Result<(Field, Option<&'static Attribute>), ScimProblem> {
    let attribute = match scope {
        Scope::Resource(kind) => name.attribute(kind),
        Scope::Element(of) => of.and_then(|of| of.sub(&name.name)),
    };
    if attribute.is_some_and(|a| a.returned == Returned::Never) || name.name.eq_ignore_ascii_case("password")
    {
        return Err(refuse(format!("{name} is never given out, nor can be asked for")));
    }
    let mut sub = name.sub.as_deref();
    let mut kind = attribute.map_or(Kind::Unknown, Attribute::compares);
    if let Some(attribute) = attribute {
        if sub.is_some() && attribute.kind != Type::Complex {
            return Err(refuse(format!("{} has no parts", attribute.name)));
        }
        if sub.is_none() && compared && attribute.sub("value").is_some() {
            sub = Some("value");
        }
        if let Some(sub) = sub {
            kind = attribute.sub(sub).map_or(Kind::Unknown, Attribute::compares);
        }
    }
    let field = Field {
        urn: name.urn.as_deref().map(str::to_lowercase),
        name: name.name.to_lowercase(),
        sub: sub.map(str::to_lowercase),
        multi: match scope {
            Scope::Resource(_) => attribute.is_none_or(|attribute| attribute.multi),
            Scope::Element(_) => false,
        },
        kind,
    };
    Ok((field, attribute))
}

fn ask(name: &Name, asked: &Asked, scope: Scope) -> Result<Condition, ScimProblem> {
    let (operator, value) = match asked {
        Asked::Present => return Ok(Condition::Present(named(name, scope, false)?.0)),
        Asked::Compare(operator, value) => (*operator, value),
    };
    // RFC 7643 §2.5: null and absent are the same.
    match (operator, value) {
        (Operator::Equal, Value::Null) => {
            let present = Condition::Present(named(name, scope, false)?.0);
            return Ok(Condition::Not(Box::new(present)));
        }
        (Operator::NotEqual, Value::Null) => return Ok(Condition::Present(named(name, scope, false)?.0)),
        _ => {}
    }
    let (field, attribute) = named(name, scope, true)?;
    let is_binary =
        attribute.is_some_and(|a| a.kind == Type::Binary || a.sub("value").is_some_and(is_binary));
    let allowed = match field.kind {
        Kind::Complex => return Err(refuse(format!("{name} has parts: compare one of them"))),
        Kind::Boolean => is_equality(operator),
        Kind::Number | Kind::Moment => !is_of_text(operator),
        Kind::Text | Kind::CaseExact => !is_binary || is_equality(operator) || is_of_text(operator),
        Kind::Unknown => !value.is_boolean() || is_equality(operator),
    };
    if !allowed || value.is_null() {
        return Err(refuse(format!(
            "{name} cannot be asked with {} {value}",
            operator_name(operator)
        )));
    }
    let literal = literal(field.kind, operator, value)
        .ok_or_else(|| refuse(format!("{name} cannot be compared with {value}")))?;
    Ok(Condition::Compare(field, operator, literal))
}

fn is_binary(attribute: &Attribute) -> bool {
    attribute.kind == Type::Binary
}

fn is_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

fn is_of_text(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Contains | Operator::StartsWith | Operator::EndsWith
    )
}

/// The value in the form of the search document; `None` when it cannot be one.
fn literal(kind: Kind, operator: Operator, value: &Value) -> Option<Literal> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(match kind {
        Kind::Text => Literal::Text(fold(&text)),
        Kind::CaseExact => Literal::Text(text),
        Kind::Boolean => Literal::Boolean(super::super::dialect::boolean(value)?),
        Kind::Number => Literal::Number(text.trim().parse().ok().filter(|n: &f64| n.is_finite())?),
        Kind::Moment => Literal::Moment(super::super::document::moment(&text)?),
        Kind::Unknown if is_of_text(operator) => Literal::Text(fold(&text)),
        Kind::Unknown => match value {
            Value::Bool(value) => Literal::Boolean(*value),
            Value::Number(number) => Literal::Number(number.as_f64()?),
            _ => Literal::Text(fold(&text)),
        },
        Kind::Complex => return None,
    })
}
