//! Memberships as a user's own `groups` tell them, where the connection takes those as the truth.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::members::{Moved, join, leave, tell};
use super::work::Work;
use crate::error::Result;
use crate::model::filter::fold;
use crate::model::{DirectoryGroup, DirectoryUser, ScimId};
use crate::scim::document::MemberRef;
use crate::scim::patch::MemberChange;
use crate::store::directory::groups;
use crate::store::directory::members::{self, Member};

/// The groups that a user is in after these steps; `None`: there are no steps.
pub fn after(work: &Work, user: &DirectoryUser, steps: &[MemberChange]) -> Result<Option<Vec<MemberRef>>> {
    if steps.is_empty() {
        return Ok(None);
    }
    let ties = members::groups_of_users(work.act.w, &[user.seq])?.remove(&user.seq);
    let by_id = |id: ScimId| MemberRef {
        value: id.to_string(),
        ..MemberRef::default()
    };
    let mut list: Vec<MemberRef> = ties.into_iter().flatten().map(|tie| by_id(tie.id)).collect();
    for step in steps {
        match step {
            MemberChange::Add(more) => list.extend(more.iter().cloned()),
            MemberChange::Replace(all) => list.clone_from(all),
            MemberChange::Clear => list.clear(),
            MemberChange::Remove(names) => {
                let mut gone = HashSet::new();
                for name in names {
                    let named = MemberRef {
                        value: name.clone(),
                        ..MemberRef::default()
                    };
                    gone.extend(group_of(work, &named)?.map(|group| group.seq));
                }
                let mut kept = Vec::with_capacity(list.len());
                for one in list {
                    let group = group_of(work, &one)?;
                    if group.is_none_or(|group| !gone.contains(&group.seq)) {
                        kept.push(one);
                    }
                }
                list = kept;
            }
            // A user's groups are chosen by id alone.
            MemberChange::RemoveWhere(_) => {}
        }
    }
    Ok(Some(list))
}

/// Makes a user a member of exactly these groups, named by id or by display name.
pub fn set(work: &mut Work, user: &DirectoryUser, wanted: &[MemberRef]) -> Result<()> {
    let (w, connection) = (work.act.w, work.connection().id);
    let mut kept = HashMap::new();
    for one in wanted {
        match group_of(work, one)? {
            Some(group) => drop(kept.insert(group.seq, group)),
            None => {
                let name: String = one.value.chars().take(100).collect();
                work.note(format!("There is no group \"{name}\" here; it was skipped."));
            }
        }
    }
    let now_in = members::groups_of_users(w, &[user.seq])?
        .remove(&user.seq)
        .unwrap_or_default();
    for tie in &now_in {
        let seq = tie.member.seq();
        if kept.remove(&seq).is_none()
            && let Some(group) = groups::find(w, connection, tie.id)?
        {
            let removed = leave(work, &group, [Member::User(user.seq)])?;
            moved(work, &group, Moved { added: 0, removed })?;
        }
    }
    let mut new: Vec<DirectoryGroup> = kept.into_values().collect();
    new.sort_by_key(|group| group.seq);
    for group in new {
        let added = join(work, &group, [Member::User(user.seq)])?;
        moved(work, &group, Moved { added, removed: 0 })?;
    }
    Ok(())
}

/// A group changed because of what a user's body said.
fn moved(work: &Work, group: &DirectoryGroup, moved: Moved) -> Result<()> {
    if moved == Moved::default() {
        return Ok(());
    }
    groups::touch(work.act.w, group.seq, work.act.now)?;
    tell(work, group, json!({}), json!({}), moved)
}

fn group_of(work: &Work, one: &MemberRef) -> Result<Option<DirectoryGroup>> {
    let (w, connection) = (work.act.w, work.connection().id);
    if let Some(id) = ScimId::parse(&one.value)
        && let Some(group) = groups::find(w, connection, id)?
    {
        return Ok(Some(group));
    }
    let names = [Some(one.value.as_str()), one.display.as_deref()];
    for name in names.into_iter().flatten().filter(|name| !name.is_empty()) {
        if let Some(group) = groups::find_by_name(w, connection, &fold(name))? {
            return Ok(Some(group));
        }
    }
    Ok(None)
}
