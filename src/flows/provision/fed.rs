//! From groups to access groups: who came into a fed group or out of one is settled at the end of the request.
//!
//! A group that feeds nothing costs one look into an index, however many members it gains.

use serde_json::json;

use super::hold;
use super::work::{Unsettled, Work};
use crate::error::Result;
use crate::flows::assign::Done;
use crate::flows::{Act, feeds};
use crate::model::{DirectoryGroup, Person, PersonId};
use crate::store;
use crate::store::directory::members::Member;
use crate::store::feeds::Source;

/// These joined or left the group.
pub fn moved(work: &mut Work, group: &DirectoryGroup, members: &[Member]) -> Result<()> {
    if members.is_empty() || hold::is_on(work) || !store::feeds::is_fed(work.act.w, group.seq)? {
        return Ok(());
    }
    let users = members.iter().filter_map(|member| match member {
        Member::User(seq) => Some(*seq),
        Member::Group(_) => None,
    });
    work.unsettled.users.extend(users);
    Ok(())
}

/// Settles everybody whom the request moved.
pub fn settle(work: &mut Work) -> Result<()> {
    let Unsettled { users, mut people } = std::mem::take(&mut work.unsettled);
    if hold::is_on(work) {
        return Ok(());
    }
    if !users.is_empty() {
        people.extend(store::feeds::people_of_users(work.act.w, &users)?);
    }
    people.sort();
    people.dedup();
    for id in people {
        let was = store::people::get(work.act.w, id)?;
        match feeds::settle(work.act, id, Some(work.reference))? {
            Done::Unchanged => {}
            Done::Kept(why) => work.nothing(&was, why),
            Done::Changed => {
                let is = store::people::get(work.act.w, id)?;
                let (before, after) = (said(work.act, &was)?, said(work.act, &is)?);
                work.effect(&is, "changed", json!({ "before": before, "after": after }));
            }
        }
    }
    Ok(())
}

fn said(act: &Act, person: &Person) -> Result<serde_json::Value> {
    let group = match person.access_group_id {
        Some(id) => store::access_groups::find(act.w, id)?.map(|group| group.name),
        None => None,
    };
    Ok(json!({ "access_group": group, "role": person.role }))
}

/// Everybody whom this pushed group may put somewhere; nobody when it feeds nothing.
pub fn people_of(act: &Act, group: i64) -> Result<Vec<PersonId>> {
    if store::feeds::is_fed(act.w, group)? {
        store::feeds::people_of_source(act.w, Source::Pushed(group))
    } else {
        Ok(Vec::new())
    }
}
