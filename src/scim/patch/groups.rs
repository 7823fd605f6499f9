//! Operations on the `groups` of a user, where a connection takes them as the truth.

use super::members::ids;
use super::{MemberChange, Op};
use crate::scim::change::Verb;
use crate::scim::dialect::{Notes, shown};
use crate::scim::document::members::groups;
use crate::scim::{ScimProblem, ScimType};

/// What an operation on `groups` comes to; `None`: nothing.
pub fn change(op: &Op, notes: &mut Notes) -> Result<Option<MemberChange>, ScimProblem> {
    if op.path.sub.is_some() {
        notes.add(format!(
            "{} was ignored: of the groups of a user only which they are is kept.",
            shown(&op.path.to_string())
        ));
        return Ok(None);
    }
    if let Some(tree) = &op.path.filter {
        return match (op.verb, ids(tree)) {
            (Verb::Remove, Some(ids)) => Ok(Some(MemberChange::Remove(ids))),
            _ => {
                let detail = "Groups of a user can be chosen by id only, and only to remove them, such as remove at \
                              groups[value eq \"…\"]. Send a list as the value to add or replace them.";
                Err(ScimProblem::bad(ScimType::NoTarget, detail))
            }
        };
    }
    let Some(value) = op.value.as_ref().filter(|value| !value.is_null()) else {
        if op.verb == Verb::Remove {
            return Ok(Some(MemberChange::Clear));
        }
        notes.add("groups was sent as null and ignored; an empty list takes the user out of all groups.");
        return Ok(None);
    };
    let list = groups(value, notes).unwrap_or_default();
    Ok(match op.verb {
        Verb::Replace => Some(MemberChange::Replace(list)),
        Verb::Add => Some(MemberChange::Add(list)),
        Verb::Remove => Some(MemberChange::Remove(
            list.into_iter().map(|group| group.value).collect(),
        )),
    })
}
