//! Operations on the members of a group.

use serde_json::Value;

use super::{MemberChange, Op};
use crate::model::ResourceKind;
use crate::model::filter::Operator;
use crate::scim::change::Verb;
use crate::scim::dialect::{Notes, shown};
use crate::scim::document::MemberRef;
use crate::scim::document::members::members;
use crate::scim::filter::{self, Asked, Syntax};
use crate::scim::path::Path;
use crate::scim::{ScimProblem, ScimType, schema};

/// What an operation on `members` comes to; `None`: nothing.
pub fn change(
    op: &Op,
    path: &Path,
    value: Option<&Value>,
    notes: &mut Notes,
) -> Result<Option<MemberChange>, ScimProblem> {
    if path.sub.is_some() {
        notes.add(format!(
            "{} was ignored: of a member only its id is kept.",
            shown(&path.to_string())
        ));
        return Ok(None);
    }
    let value = value.filter(|value| !value.is_null());
    match &path.filter {
        Some(tree) => chosen(op, tree, value, notes),
        None => listed(op, value, notes),
    }
}

/// `members` without a filter.
fn listed(op: &Op, value: Option<&Value>, notes: &mut Notes) -> Result<Option<MemberChange>, ScimProblem> {
    let Some(value) = value else {
        if op.verb == Verb::Remove {
            return Ok(Some(MemberChange::Clear));
        }
        notes.add("members was sent as null and ignored; an empty list takes all members out.");
        return Ok(None);
    };
    let list = members(value)?;
    Ok(match op.verb {
        Verb::Replace => Some(MemberChange::Replace(list)),
        _ if list.is_empty() => None,
        Verb::Add => Some(MemberChange::Add(list)),
        Verb::Remove => Some(MemberChange::Remove(
            list.into_iter().map(|member| member.value).collect(),
        )),
    })
}

/// `members[…]`.
fn chosen(
    op: &Op,
    tree: &Syntax,
    value: Option<&Value>,
    notes: &mut Notes,
) -> Result<Option<MemberChange>, ScimProblem> {
    let ids = ids(tree);
    match (op.verb, ids) {
        (Verb::Remove, Some(ids)) => Ok(Some(MemberChange::Remove(ids))),
        (Verb::Remove, None) => {
            let known = schema::attribute(ResourceKind::Group, None, "members");
            Ok(Some(MemberChange::RemoveWhere(filter::element(tree, known)?)))
        }
        (_, None) => {
            let detail = "Members can be added by id only, such as members[value eq \"…\"].";
            Err(ScimProblem::bad(ScimType::NoTarget, detail))
        }
        (verb, Some(ids)) => {
            let named = |id: String| MemberRef {
                value: id,
                ..MemberRef::default()
            };
            let others = match value {
                Some(value) => members(value).unwrap_or_default(),
                None => Vec::new(),
            };
            let is_another = others.iter().any(|member| !ids.contains(&member.value));
            if verb == Verb::Replace && is_another {
                let detail = "The id of a member cannot be changed. Remove the one and add the other.";
                return Err(ScimProblem::bad(ScimType::Mutability, detail));
            }
            if verb == Verb::Replace {
                notes.add("A member was replaced by itself; of a member only its id is kept.");
                return Ok(None);
            }
            Ok(Some(MemberChange::Add(ids.into_iter().map(named).collect())))
        }
    }
}

/// The ids of `value eq "a"`, also joined by `or`.
pub fn ids(tree: &Syntax) -> Option<Vec<String>> {
    match tree {
        Syntax::Ask(name, Asked::Compare(Operator::Equal, value))
            if name.name.eq_ignore_ascii_case("value") =>
        {
            match value {
                Value::String(id) => Some(vec![id.clone()]),
                Value::Number(id) => Some(vec![id.to_string()]),
                _ => None,
            }
        }
        Syntax::Any(parts) => {
            let each: Option<Vec<Vec<String>>> = parts.iter().map(ids).collect();
            Some(each?.into_iter().flatten().collect())
        }
        _ => None,
    }
}
