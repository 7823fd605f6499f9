//! Memberships: who joins and leaves a group. A person who leaves passes the guard; the mirror changes at once.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::guard::{self, Tally, Verdict, What};
use super::work::Work;
use super::{fed, hold, mirror};
use crate::error::Result;
use crate::model::{Action, DirectoryGroup, Person, ScimId};
use crate::scim::document::MemberRef;
use crate::scim::patch::MemberChange;
use crate::scim::{ScimProblem, ScimType};
use crate::store;
use crate::store::directory::members::{self, Member};
use crate::store::directory::{groups, users};

/// So many ids are looked up at once.
const CHUNK: usize = 500;
/// Most groups that may contain one into which another is put: each is looked at, while all writes wait.
const MOST_ABOVE: usize = 1_000;

/// How many joined and left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub added: usize,
    pub removed: usize,
}

/// Does the steps of a patch, in order.
pub fn apply(work: &mut Work, group: &DirectoryGroup, changes: &[MemberChange]) -> Result<Moved> {
    let mut moved = Moved::default();
    for change in changes {
        match change {
            MemberChange::Add(refs) => moved.added += add(work, group, refs)?,
            MemberChange::Remove(ids) => {
                let refs: Vec<MemberRef> = ids.iter().map(|id| by_id(id)).collect();
                let gone = known(work, &refs)?;
                let removed = leave(work, group, gone.into_values())?;
                note_idle(work, refs.len(), removed, "to be removed were no members");
                moved.removed += removed;
            }
            MemberChange::RemoveWhere(condition) => {
                let ties = members::list_matching(work.act.w, group.seq, condition)?;
                moved.removed += leave(work, group, ties.into_iter().map(|tie| tie.member))?;
            }
            MemberChange::Replace(refs) => {
                let kept: HashSet<Member> = resolved(work, refs)?.into_iter().collect();
                let ties = members::list_of_group(work.act.w, group.seq, members::ALL)?;
                let gone = ties
                    .into_iter()
                    .map(|tie| tie.member)
                    .filter(|member| !kept.contains(member));
                moved.removed += leave(work, group, gone.collect::<Vec<_>>())?;
                moved.added += join(work, group, kept)?;
            }
            MemberChange::Clear => {
                let ties = members::list_of_group(work.act.w, group.seq, members::ALL)?;
                moved.removed += leave(work, group, ties.into_iter().map(|tie| tie.member))?;
            }
        }
    }
    Ok(moved)
}

/// Adds those who are not in the group yet; returns how many.
pub fn add(work: &mut Work, group: &DirectoryGroup, refs: &[MemberRef]) -> Result<usize> {
    let members = resolved(work, refs)?;
    let many = members.len();
    let added = join(work, group, members)?;
    note_idle(work, many, added, "to be added were members already");
    Ok(added)
}

fn note_idle(work: &mut Work, asked: usize, done: usize, what: &str) {
    if done < asked {
        work.note(format!(
            "{} of those {what}; for them nothing changed.",
            asked - done
        ));
    }
}

/// The group has another name: everybody who shows it shows something else now.
pub fn renamed(work: &Work, group: &DirectoryGroup) -> Result<()> {
    let (w, now) = (work.act.w, work.act.now);
    users::touch_members(w, group.seq)?;
    for above in members::groups_of_group(w, group.seq)? {
        groups::touch(w, above.member.seq(), now)?;
    }
    Ok(())
}

/// Tells of a change of a group, with how many joined and left.
pub fn tell(work: &Work, group: &DirectoryGroup, was: Value, mut is: Value, moved: Moved) -> Result<()> {
    is["members_added"] = json!(moved.added);
    is["members_removed"] = json!(moved.removed);
    let action = Action::DirectoryGroupChanged;
    mirror::group_event(work.act, action, group, was, is, work.reference)
}

fn by_id(id: &str) -> MemberRef {
    MemberRef {
        value: id.to_owned(),
        ..MemberRef::default()
    }
}

/// Those of the references that are users or groups here.
fn known(work: &Work, refs: &[MemberRef]) -> Result<HashMap<ScimId, Member>> {
    let ids: Vec<ScimId> = refs.iter().filter_map(|one| ScimId::parse(&one.value)).collect();
    let mut found = HashMap::new();
    for chunk in ids.chunks(CHUNK) {
        found.extend(members::resolve(work.act.w, work.connection().id, chunk)?);
    }
    Ok(found)
}

/// As [`known`], in the order of the references; unknown ones are noted, or refused where the connection says so.
fn resolved(work: &mut Work, refs: &[MemberRef]) -> Result<Vec<Member>> {
    let found = known(work, refs)?;
    let of = |one: &MemberRef| ScimId::parse(&one.value).and_then(|id| found.get(&id).copied());
    let unknown: Vec<&str> = refs
        .iter()
        .filter(|one| of(one).is_none())
        .map(|one| one.value.as_str())
        .collect();
    if !unknown.is_empty() {
        let names: Vec<String> = unknown
            .iter()
            .take(5)
            .map(|id| id.chars().take(100).collect())
            .collect();
        let (many, names) = (unknown.len(), names.join(", "));
        if work.settings().refuse_unknown_members {
            let detail = format!("{many} of the members are not known here: {names}. Send the users first.");
            return Err(ScimProblem::bad(ScimType::InvalidValue, detail).into());
        }
        work.note(format!(
            "{many} of the members are not known here and were skipped: {names}."
        ));
    }
    Ok(refs.iter().filter_map(of).collect())
}

pub fn join(work: &mut Work, group: &DirectoryGroup, all: impl IntoIterator<Item = Member>) -> Result<usize> {
    let (w, now) = (work.act.w, work.act.now);
    let mut added = 0;
    let mut moved = Vec::new();
    let mut above = None;
    for member in all {
        if let Member::Group(child) = member {
            let above = match above.take() {
                Some(known) => above.insert(known),
                None => above.insert(containing(work, group)?),
            };
            need_no_circle(group, above, child)?;
        }
        let held = matches!(member, Member::User(user) if members::is_held(w, group.seq, user)?);
        if members::add(w, group.seq, member, now)? {
            added += 1;
            moved.push(member);
            touch(work, member)?;
            note_move(work, group, member, held, true)?;
        }
        if held && let Some(person) = person_of(work, member)? {
            guard::withdraw(work.act, work.connection(), &person, What::Leave(group.seq))?;
        }
    }
    fed::moved(work, group, &moved)?;
    Ok(added)
}

pub fn leave(
    work: &mut Work,
    group: &DirectoryGroup,
    all: impl IntoIterator<Item = Member>,
) -> Result<usize> {
    let (w, now) = (work.act.w, work.act.now);
    let (mut removed, mut held) = (0, 0);
    let mut tally = Tally::default();
    let mut moved = Vec::new();
    for member in all {
        if !members::remove(w, group.seq, member, false, now)? {
            continue;
        }
        removed += 1;
        moved.push(member);
        touch(work, member)?;
        note_move(work, group, member, true, false)?;
        if is_held(work, group, member, &mut tally)? {
            members::hold(w, group.seq, member.seq())?;
            held += 1;
        }
    }
    note_held(work, group, held);
    fed::moved(work, group, &moved)?;
    Ok(removed)
}

/// While the connection is held, a membership counts as it did until an admin applies what waits of its user.
fn note_move(work: &mut Work, group: &DirectoryGroup, member: Member, was: bool, is: bool) -> Result<()> {
    match member {
        Member::User(seq) if hold::is_on(work) => hold::moved(work, group.seq, seq, was, is),
        Member::User(seq) => store::waiting::settle_member(work.act.w, group.seq, seq),
        Member::Group(_) => Ok(()),
    }
}

/// A user shows the groups that it is in.
fn touch(work: &Work, member: Member) -> Result<()> {
    match member {
        Member::User(user) => users::touch(work.act.w, user),
        Member::Group(_) => Ok(()),
    }
}

/// The group is deleted: everybody leaves it, and every group that contains it. The memberships stay with the row,
/// so that a restore brings them back. Returns how many there were.
pub fn lose(work: &mut Work, group: &DirectoryGroup) -> Result<usize> {
    let (w, now) = (work.act.w, work.act.now);
    let ties = members::list_of_group(w, group.seq, members::ALL)?;
    let (mut held, mut tally) = (0, Tally::default());
    for tie in &ties {
        touch(work, tie.member)?;
        note_move(work, group, tie.member, true, false)?;
        held += usize::from(is_held(work, group, tie.member, &mut tally)?);
    }
    for above in members::groups_of_group(w, group.seq)? {
        groups::touch(w, above.member.seq(), now)?;
    }
    note_held(work, group, held);
    let moved: Vec<Member> = ties.iter().map(|tie| tie.member).collect();
    fed::moved(work, group, &moved)?;
    Ok(ties.len())
}

/// Asks the guard about one who leaves. True when an admin decides.
fn is_held(work: &mut Work, group: &DirectoryGroup, member: Member, tally: &mut Tally) -> Result<bool> {
    if hold::is_on(work) {
        return Ok(false);
    }
    let (Member::User(seq), Some(person)) = (member, person_of(work, member)?) else {
        return Ok(false);
    };
    let what = What::Leave(group.seq);
    let verdict = guard::ask(
        work.act,
        work.connection(),
        &person,
        seq,
        what,
        work.reference,
        tally,
    )?;
    if verdict == Verdict::Held {
        work.effect(&person, "held", json!({ "group": group.display_name }));
    }
    Ok(verdict == Verdict::Held)
}

fn note_held(work: &mut Work, group: &DirectoryGroup, held: usize) {
    if held > 0 {
        work.note(format!(
            "{held} people left \"{}\" beyond what this integration may take within ten minutes; an admin decides.",
            group.display_name
        ));
    }
}

fn person_of(work: &Work, member: Member) -> Result<Option<Person>> {
    let Member::User(seq) = member else {
        return Ok(None);
    };
    match users::find_person(work.act.w, seq)? {
        Some(id) => store::people::find(work.act.w, id),
        None => Ok(None),
    }
}

/// The group itself, and every group that contains it at any depth.
fn containing(work: &Work, group: &DirectoryGroup) -> Result<HashSet<i64>> {
    let mut seen = HashSet::from([group.seq]);
    let mut waiting = vec![group.seq];
    while let Some(seq) = waiting.pop() {
        for above in members::groups_of_group(work.act.w, seq)? {
            if seen.insert(above.member.seq()) {
                waiting.push(above.member.seq());
            }
        }
        if seen.len() > MOST_ABOVE {
            let detail = format!(
                "\"{}\" lies inside of more than {MOST_ABOVE} groups already; no further group is taken into it. \
                 Nothing was changed.",
                group.display_name
            );
            return Err(ScimProblem::bad(ScimType::InvalidValue, detail).into());
        }
    }
    Ok(seen)
}

/// 400 when `child` is one of those that contain `group`.
fn need_no_circle(group: &DirectoryGroup, above: &HashSet<i64>, child: i64) -> Result<(), ScimProblem> {
    if !above.contains(&child) {
        return Ok(());
    }
    let detail = format!(
        "\"{}\" cannot contain this group, which is the same group or contains it. Nothing was changed.",
        group.display_name
    );
    Err(ScimProblem::bad(ScimType::InvalidValue, detail))
}
