//! A filter as SQL: names and values are bound, never written into the text.
//!
//! Every piece of SQL made here is 0 or 1, never NULL, so that `NOT`, `AND` and `OR` mean what they mean in
//! [`Condition::matches`](crate::model::filter::Condition::matches). `?1` is always the connection.

use rusqlite::types::Value;
use rusqlite::{ParamsFromIter, Statement, params_from_iter};

use super::source::{self, Class, Ground, Source};
use super::test;
use crate::model::filter::{Condition, Field, Literal, Operator, fold};
use crate::model::{ConnectionId, ResourceKind};

/// The values that a statement is run with, and the names it has used up.
#[derive(Debug)]
pub struct Bound {
    values: Vec<Value>,
    aliases: usize,
}

impl Bound {
    pub fn new(connection: ConnectionId) -> Self {
        Self {
            values: vec![Value::Text(connection.to_string())],
            aliases: 0,
        }
    }

    /// For the members of a group, whose number stands for `?1`.
    pub fn of_group(group: i64) -> Self {
        Self {
            values: vec![Value::Integer(group)],
            aliases: 0,
        }
    }

    /// Binds a value; returns the parameter that stands for it.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// What a statement takes. A value that a constant piece left unused at the end is not among it.
    pub fn values(mut self, statement: &Statement) -> ParamsFromIter<Vec<Value>> {
        self.values.truncate(statement.parameter_count());
        params_from_iter(self.values)
    }

    pub fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("e{}", self.aliases)
    }
}

/// The condition, asked of each row `r`.
pub fn of_rows(bound: &mut Bound, kind: ResourceKind, condition: &Condition) -> String {
    ask(bound, &Ground::Row(kind), condition)
}

/// The condition, asked of each member of a group, called `t`.
pub fn of_members(bound: &mut Bound, kind: ResourceKind, condition: &Condition) -> String {
    ask(bound, &Ground::MemberOfGroup(kind), condition)
}

/// Can the condition be met by looking into an index, so that few rows are left? Either once, or once for each part
/// of an `or`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Narrow {
    Not,
    Once,
    ByParts,
}

pub fn narrow(kind: ResourceKind, condition: &Condition) -> Narrow {
    let narrows = |part| narrow(kind, part) != Narrow::Not;
    let yes = match condition {
        Condition::All(parts) => {
            let found = parts.iter().map(|part| narrow(kind, part));
            return found.fold(Narrow::Not, |best, part| match (best, part) {
                (Narrow::Once, _) | (_, Narrow::Once) => Narrow::Once,
                (Narrow::ByParts, _) | (_, Narrow::ByParts) => Narrow::ByParts,
                _ => Narrow::Not,
            });
        }
        Condition::Any(parts) if !parts.is_empty() && parts.iter().all(narrows) => return Narrow::ByParts,
        Condition::Any(_) | Condition::Not(_) | Condition::Present(_) => false,
        Condition::Compare(field, operator, literal) => {
            let name = (field.name.as_str(), field.sub.as_deref());
            let text = *operator == Operator::Equal && matches!(literal, Literal::Text(_));
            field.urn.is_none()
                && match (kind, name) {
                    (_, ("id" | "externalid", None)) => text,
                    (ResourceKind::User, ("username", None) | ("emails" | "groups", Some("value"))) => text,
                    (ResourceKind::Group, ("displayname", None) | ("members", Some("value"))) => text,
                    (_, ("meta", Some("lastmodified"))) => *operator != Operator::NotEqual,
                    _ => false,
                }
        }
        Condition::Element(field, inner) => {
            let listed = matches!(
                (kind, field.name.as_str()),
                (ResourceKind::User, "emails" | "groups") | (ResourceKind::Group, "members")
            );
            field.urn.is_none() && listed && wanted(inner).is_some()
        }
    };
    if yes { Narrow::Once } else { Narrow::Not }
}

/// The text that `value` has to equal in an element, if it has to.
fn wanted(condition: &Condition) -> Option<&str> {
    match condition {
        Condition::All(parts) => parts.iter().find_map(wanted),
        Condition::Compare(field, Operator::Equal, Literal::Text(text))
            if field.name == "value" && field.sub.is_none() && field.urn.is_none() =>
        {
            Some(text)
        }
        _ => None,
    }
}

fn ask(bound: &mut Bound, ground: &Ground, condition: &Condition) -> String {
    match condition {
        Condition::All(parts) => join(bound, ground, parts, " AND ", "1"),
        Condition::Any(parts) => match ground {
            Ground::Row(kind) if narrow(*kind, condition) == Narrow::ByParts => indexed(bound, ground, parts),
            _ => join(bound, ground, parts, " OR ", "0"),
        },
        Condition::Not(inner) => format!("(NOT {})", ask(bound, ground, inner)),
        Condition::Present(field) => present(bound, ground, source::of(ground, field)),
        Condition::Compare(field, operator, literal) => compare(bound, ground, field, *operator, literal),
        Condition::Element(field, inner) => element(bound, ground, field, inner),
    }
}

fn join(bound: &mut Bound, ground: &Ground, parts: &[Condition], word: &str, none: &str) -> String {
    let parts: Vec<_> = parts.iter().map(|part| ask(bound, ground, part)).collect();
    if parts.is_empty() {
        none.to_owned()
    } else {
        format!("({})", parts.join(word))
    }
}

/// As [`join`] with `OR`. SQLite looks at each part by itself when it chooses indexes, and ours begin with the
/// connection and hold live rows: each part says so again.
fn indexed(bound: &mut Bound, ground: &Ground, parts: &[Condition]) -> String {
    let parts = parts.iter().map(|part| {
        let part = ask(bound, ground, part);
        format!("(r.connection_id = ?1 AND r.deleted_at IS NULL AND {part})")
    });
    format!("({})", parts.collect::<Vec<_>>().join(" OR "))
}

fn compare(
    bound: &mut Bound,
    ground: &Ground,
    field: &Field,
    operator: Operator,
    literal: &Literal,
) -> String {
    let source = source::of(ground, field);
    match (operator, literal) {
        (Operator::Equal, Literal::Null) => format!("(NOT {})", present(bound, ground, source)),
        (Operator::NotEqual, Literal::Null) => present(bound, ground, source),
        (_, Literal::Null) => "0".to_owned(),
        (Operator::NotEqual, _) => differ(bound, ground, source, literal),
        (Operator::Equal, Literal::Text(text)) if is_email(ground, field) => {
            let exact = meet(bound, ground, source, operator, literal);
            with_index(bound, text, &exact)
        }
        _ => meet(bound, ground, source, operator, literal),
    }
}

/// One of the values meets the comparison.
fn meet(bound: &mut Bound, ground: &Ground, source: Source, operator: Operator, literal: &Literal) -> String {
    match source {
        Source::Column(column, class) => test::column(bound, &column, class, operator, literal),
        Source::Nullable(column, class) => {
            let test = test::column(bound, &column, class, operator, literal);
            format!("({column} IS NOT NULL AND {test})")
        }
        Source::Json(json, path) => {
            let path = bound.bind(path);
            let (kind, value) = look(&json, &path);
            test::json(bound, &kind, &value, operator, literal)
        }
        Source::List(json, path, sub) => some(bound, &json, path, sub, |bound, kind, value| {
            test::json(bound, kind, value, operator, literal)
        }),
        Source::Ties(Some(inner)) => ties(
            bound,
            ground,
            &Condition::Compare(inner, operator, literal.clone()),
        ),
        Source::Location(kind, id) => test::location(bound, kind, &id, operator, literal),
        Source::Ties(None) | Source::Meta | Source::Nothing => "0".to_owned(),
    }
}

/// One of the values is another, or there is none.
fn differ(bound: &mut Bound, ground: &Ground, source: Source, literal: &Literal) -> String {
    match source {
        Source::List(json, path, sub) => {
            let any = some(bound, &json, path.clone(), sub.clone(), |_, kind, _| {
                test::is_scalar(kind)
            });
            let other = some(bound, &json, path, sub, |bound, kind, value| {
                let same = test::json(bound, kind, value, Operator::Equal, literal);
                format!("({} AND NOT {same})", test::is_scalar(kind))
            });
            format!("(NOT {any} OR {other})")
        }
        Source::Ties(Some(inner)) => {
            let any = ties(bound, ground, &Condition::All(Vec::new()));
            let other = Condition::Compare(inner, Operator::NotEqual, literal.clone());
            format!("(NOT {any} OR {})", ties(bound, ground, &other))
        }
        single => format!("(NOT {})", meet(bound, ground, single, Operator::Equal, literal)),
    }
}

/// Type and value of what stands at a path.
fn look(json: &str, path: &str) -> (String, String) {
    (
        format!("json_type({json}, {path})"),
        format!("json_extract({json}, {path})"),
    )
}

fn is_emails(ground: &Ground, field: &Field) -> bool {
    matches!(ground, Ground::Row(ResourceKind::User)) && field.urn.is_none() && field.name == "emails"
}

fn is_email(ground: &Ground, field: &Field) -> bool {
    is_emails(ground, field) && field.sub.as_deref() == Some("value")
}

/// Narrows an exact test by the index of e-mails.
fn with_index(bound: &mut Bound, address: &str, exact: &str) -> String {
    let key = bound.bind(fold(address));
    format!(
        "(r.seq IN (SELECT user_seq FROM directory_emails WHERE connection_id = ?1 AND value_key = {key}) AND {exact})"
    )
}

fn element(bound: &mut Bound, ground: &Ground, field: &Field, inner: &Condition) -> String {
    match source::of(ground, field) {
        Source::List(json, path, None) => {
            let (path, e) = (bound.bind(path), bound.alias());
            let test = ask(bound, &Ground::Json(format!("{e}.value")), inner);
            let exact = format!(
                "EXISTS (SELECT 1 FROM jsonb_each({json}, {path}) AS {e}
                         WHERE CASE {e}.type WHEN 'object' THEN {test} ELSE 0 END)"
            );
            match wanted(inner) {
                Some(address) if is_emails(ground, field) => with_index(bound, address, &exact),
                _ => exact,
            }
        }
        Source::Json(json, path) => {
            let path = bound.bind(path);
            let test = ask(
                bound,
                &Ground::Json(format!("jsonb_extract({json}, {path})")),
                inner,
            );
            format!("CASE json_type({json}, {path}) WHEN 'object' THEN {test} ELSE 0 END")
        }
        Source::Ties(None) => ties(bound, ground, inner),
        Source::Meta => match ground {
            Ground::Row(kind) => ask(bound, &Ground::Meta(*kind), inner),
            _ => "0".to_owned(),
        },
        _ => "0".to_owned(),
    }
}

/// Does one value of a list pass? `test` is given its type and the value.
fn some(
    bound: &mut Bound,
    json: &str,
    path: String,
    sub: Option<String>,
    test: impl FnOnce(&mut Bound, &str, &str) -> String,
) -> String {
    let (path, e) = (bound.bind(path), bound.alias());
    let (kind, value) = (format!("{e}.type"), format!("{e}.value"));
    let test = match sub {
        None => test(bound, &kind, &value),
        Some(sub) => {
            let sub = bound.bind(sub);
            let (kind, value) = look(&value, &sub);
            let test = test(bound, &kind, &value);
            // Text is no JSON: it must not even be looked into.
            format!("CASE {e}.type WHEN 'object' THEN {test} ELSE 0 END")
        }
    };
    format!("EXISTS (SELECT 1 FROM jsonb_each({json}, {path}) AS {e} WHERE {test})")
}

/// Is there a live membership whose other end meets the condition?
fn ties(bound: &mut Bound, ground: &Ground, condition: &Condition) -> String {
    match ground {
        Ground::Row(ResourceKind::User) => {
            let test = ask(bound, &Ground::GroupOfUser, condition);
            format!(
                "(r.seq IN (SELECT m.user_seq FROM directory_groups g JOIN directory_members m ON m.group_seq = g.seq
                    WHERE g.connection_id = ?1 AND g.deleted_at IS NULL AND m.removed_at IS NULL
                      AND m.user_seq IS NOT NULL AND {test}))"
            )
        }
        Ground::Row(ResourceKind::Group) => {
            let users = ask(bound, &Ground::MemberOfGroup(ResourceKind::User), condition);
            let groups = ask(bound, &Ground::MemberOfGroup(ResourceKind::Group), condition);
            format!(
                "(r.seq IN (SELECT m.group_seq FROM directory_users t JOIN directory_members m ON m.user_seq = t.seq
                    WHERE t.connection_id = ?1 AND t.deleted_at IS NULL AND m.removed_at IS NULL AND {users}
                    UNION ALL
                    SELECT m.group_seq FROM directory_groups t JOIN directory_members m ON m.child_seq = t.seq
                    WHERE t.connection_id = ?1 AND t.deleted_at IS NULL AND m.removed_at IS NULL AND {groups}))"
            )
        }
        _ => "0".to_owned(),
    }
}

fn present(bound: &mut Bound, ground: &Ground, source: Source) -> String {
    match source {
        Source::Column(column, Class::Text) => format!("({column} <> '')"),
        Source::Nullable(column, Class::Text) => format!("({column} IS NOT NULL AND {column} <> '')"),
        Source::Nullable(column, _) => format!("({column} IS NOT NULL)"),
        Source::Json(json, path) => {
            let path = bound.bind(path);
            let (kind, value) = look(&json, &path);
            test::is_something(&kind, &value)
        }
        Source::List(json, path, sub) => some(bound, &json, path, sub, |_, kind, value| {
            test::is_something(kind, value)
        }),
        Source::Ties(inner) => {
            let condition = inner.map_or(Condition::All(Vec::new()), Condition::Present);
            ties(bound, ground, &condition)
        }
        Source::Column(..) | Source::Location(..) | Source::Meta => "1".to_owned(),
        Source::Nothing => "0".to_owned(),
    }
}
