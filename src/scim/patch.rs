//! PATCH (RFC 7644 §3.5.2): all operations or none, on a document.

mod groups;
mod members;
mod read;

use serde_json::{Map, Value, json};

use super::ScimProblem;
use super::change::{Applier, Change as Op, Verb};
use super::dialect::Notes;
use super::document::{MemberRef, check};
use crate::model::ResourceKind;
use crate::model::filter::Condition;

/// What a patch makes of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct UserPatch {
    pub document: Map<String, Value>,
    /// What happens to the groups that the user is in, in order; empty unless they are read.
    pub groups: Vec<MemberChange>,
    /// A `remove` took `active` away, so that it counts as unassigned (RFC 7644 §3.5.2.2).
    pub removes_active: bool,
    /// The operations as they were understood, in the standard's form, for the log.
    pub understood: Value,
    pub notes: Vec<String>,
}

/// What a patch makes of a group: its own attributes, and what happens to its members, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupPatch {
    pub document: Map<String, Value>,
    pub members: Vec<MemberChange>,
    pub understood: Value,
    pub notes: Vec<String>,
}

/// One step on the members of a group, or on the groups of a user.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberChange {
    Add(Vec<MemberRef>),
    /// These ids only; one that is no member is no error.
    Remove(Vec<String>),
    /// Those that meet the condition on `value`, `display`, `type`.
    RemoveWhere(Condition),
    Replace(Vec<MemberRef>),
    /// `remove` without filter and value.
    Clear,
}

/// Applies a PatchOp body to a user. `id` is the resource's own: a body may repeat it, not change it.
pub fn user(id: &str, current: &Map<String, Value>, body: &Value) -> Result<UserPatch, ScimProblem> {
    patch_user(id, false, current, body)
}

/// As [`user`], where the `groups` of a user are the truth about its memberships.
pub fn user_in_groups(
    id: &str,
    current: &Map<String, Value>,
    body: &Value,
) -> Result<UserPatch, ScimProblem> {
    patch_user(id, true, current, body)
}

fn patch_user(
    id: &str,
    writes_groups: bool,
    current: &Map<String, Value>,
    body: &Value,
) -> Result<UserPatch, ScimProblem> {
    let mut notes = Notes::default();
    let kind = ResourceKind::User;
    let of = read::Of {
        kind,
        id,
        writes_groups,
    };
    let ops = read::operations(of, body, &mut notes)?;
    let (on_groups, own): (Vec<Op>, Vec<Op>) = ops
        .iter()
        .cloned()
        .partition(|op| read::is_groups(kind, &op.path));
    let mut document = current.clone();
    apply(kind, &mut document, &own, &mut notes)?;
    check::finish(kind, &mut document, &mut notes)?;
    let mut steps = Vec::new();
    for op in &on_groups {
        steps.extend(groups::change(op, &mut notes)?);
    }
    let removes_active =
        |op: &Op| op.verb == Verb::Remove && op.path.urn.is_none() && op.path.name == "active";
    Ok(UserPatch {
        removes_active: !document.contains_key("active") && ops.iter().any(removes_active),
        document,
        groups: steps,
        understood: understood(&ops),
        notes: notes.into_list(),
    })
}

/// Applies a PatchOp body to a group.
pub fn group(id: &str, current: &Map<String, Value>, body: &Value) -> Result<GroupPatch, ScimProblem> {
    let mut notes = Notes::default();
    let kind = ResourceKind::Group;
    let of = read::Of {
        kind,
        id,
        writes_groups: false,
    };
    let ops = read::operations(of, body, &mut notes)?;
    let (on_members, own): (Vec<Op>, Vec<Op>) = ops.iter().cloned().partition(|op| op.is_members(kind));
    let mut document = current.clone();
    apply(kind, &mut document, &own, &mut notes)?;
    check::finish(kind, &mut document, &mut notes)?;
    let mut steps = Vec::new();
    for op in &on_members {
        steps.extend(members::change(op, &op.path, op.value.as_ref(), &mut notes)?);
    }
    Ok(GroupPatch {
        document,
        members: steps,
        understood: understood(&ops),
        notes: notes.into_list(),
    })
}

fn apply(
    kind: ResourceKind,
    document: &mut Map<String, Value>,
    ops: &[Op],
    notes: &mut Notes,
) -> Result<(), ScimProblem> {
    let mut applier = Applier::new(kind);
    ops.iter().try_for_each(|op| applier.apply(document, op, notes))
}

impl Op {
    /// Is it about the members of a group?
    fn is_members(&self, kind: ResourceKind) -> bool {
        read::is_members(kind, &self.path)
    }
}

/// The operations in the standard's form. A password is in none of them: it was dropped when they were read.
fn understood(ops: &[Op]) -> Value {
    let one = |op: &Op| {
        let mut written = json!({ "op": op.verb.key(), "path": op.path.to_string() });
        if let Some(value) = &op.value {
            written["value"] = value.clone();
        }
        written
    };
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": ops.iter().map(one).collect::<Vec<_>>(),
    })
}
