//! Applying: the lines that an admin chose, in one transaction. What cannot be applied stays and says why.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::jobs::{self, Job, Work};
use super::kept::Kept;
use super::plan::{approved, refusal};
use super::{decided, event};
use crate::error::{Error, Result};
use crate::flows::provision::hold::{self, Applied};
use crate::flows::{Act, Context, Who, administer, escalation};
use crate::model::{Action, Connection, LineKind, PersonId, Review, ReviewId, ReviewLine, Waiting};
use crate::store;
use crate::store::directory::users;
use crate::store::waiting::{Listed, Narrow};

/// Which lines an admin approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// These, by the numbers of their users. A line that only an equal address speaks for is approved with it.
    These(Vec<i64>),
    /// Everything that fits and waits: but of those whom only an equal address speaks for, none, unless the list is
    /// narrowed to them. The number: how many lines that were when the admin agreed.
    Everything(Narrow, Option<i64>),
}

/// Starts it, and answers at once: the page shows how far it has come.
///
/// # Errors
/// `Conflict` while another one of this connection runs, or when nothing of it waits any more.
pub async fn begin(ctx: &Arc<Context>, who: Who, slug: &str, which: Which) -> Result<()> {
    let (of, asked) = (slug.to_owned(), which.clone());
    let looked = ctx.act(who.clone(), move |act| {
        let connection = decided(act, &of)?;
        let many = chosen(act, &connection, &asked)?.len();
        Ok((connection.id, many))
    });
    let (id, many) = looked.await?;
    if many == 0 {
        return Err(Error::conflict(
            "Nothing of it waits any more: it was applied, or the identity provider took it back.",
        ));
    }
    let job = ctx.reviews.begin(id, Work::Apply)?;
    job.set_total(many);
    let slug = slug.to_owned();
    jobs::spawn(ctx, who, job, move |act, job| run(act, &slug, &which, job));
    Ok(())
}

/// The lines that are meant, in the order in which their users came.
fn chosen(act: &Act, connection: &Connection, which: &Which) -> Result<Vec<Listed>> {
    match which {
        Which::These(users) => {
            let mut users = users.clone();
            users.sort_unstable();
            users.dedup();
            let mut lines = Vec::with_capacity(users.len());
            for user in users {
                lines.extend(store::waiting::find_line(act.w, connection.id, user)?);
            }
            lines.retain(|line| line.waiting.superseded_by.is_none());
            Ok(lines)
        }
        Which::Everything(narrow, agreed) => {
            let mut lines = store::waiting::list(act.w, connection.id, narrow, 0, i64::MAX)?;
            if narrow.kind != Some(LineKind::Email) {
                lines.retain(|line| line.kind != LineKind::Email);
            }
            let many = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            if agreed.is_some_and(|agreed| agreed != many) {
                return Err(Error::conflict(format!(
                    "Meanwhile there are {many} lines. Nothing was done: look at them, then decide again."
                )));
            }
            Ok(lines)
        }
    }
}

/// Applies the lines, within the transaction of `act`. One that has to wait for another is tried again behind it.
pub fn run(act: &Act, slug: &str, which: &Which, job: &Job) -> Result<ReviewId> {
    let connection = decided(act, slug)?;
    let mut lines = chosen(act, &connection, which)?;
    // Whoever goes or moves makes room for whoever comes.
    lines.sort_by_key(|line| matches!(line.kind, LineKind::Create | LineKind::Link | LineKind::Email));
    job.set_total(lines.len());
    let review = Review {
        id: ReviewId::new(act.now, act.random_id()),
        connection_id: connection.id,
        at: act.now,
        by: act.actor.label(),
        applied: 0,
        refused: 0,
        counts: BTreeMap::new(),
        undone_at: None,
        undone_by: None,
    };
    store::reviews::insert(act.w, &review)?;
    let (mut applied, mut counts) = (0, BTreeMap::new());
    let mut refused = Vec::new();
    while !lines.is_empty() {
        let many = lines.len();
        refused.clear();
        for listed in lines {
            match act.w.attempt(|| one(act, &connection, &review, applied, &listed)) {
                Ok(()) => {
                    applied += 1;
                    *counts.entry(listed.kind).or_insert(0) += 1;
                    job.count();
                }
                Err(error) => {
                    if let Some(tried) = error.as_escalation() {
                        escalation::note(act, tried)?;
                    }
                    refused.push((listed, refusal(error)?));
                }
            }
        }
        if refused.len() == many {
            break;
        }
        lines = refused.iter().map(|(listed, _)| listed.clone()).collect();
    }
    for (listed, why) in &refused {
        store::waiting::set_refusal(act.w, listed.waiting.user_seq, why)?;
        job.count();
    }
    let many_refused = i64::try_from(refused.len()).unwrap_or(i64::MAX);
    store::reviews::finish(act.w, review.id, applied, many_refused, &counts)?;
    let after = json!({ "review": review.id, "applied": counts, "refused": many_refused });
    event(act, Action::ReviewApplied, &connection, Value::Null, after)?;
    Ok(review.id)
}

/// Applies one line. Who it is about may be the admin's word, a choice or an equal address that they approve: then nobody
/// gets more by it than the admin could give them by hand.
pub(super) fn carry_out(act: &Act, connection: &Connection, waiting: &Waiting) -> Result<Applied> {
    let before = match waiting.chosen {
        Some(id) => store::people::find(act.w, id)?,
        None => None,
    };
    let applied = hold::apply(act, connection, waiting)?;
    let Some(before) = before.filter(|before| applied.person == Some(before.id)) else {
        return Ok(applied);
    };
    let after = store::people::get(act.w, before.id)?;
    if after.role.key != before.role.key {
        administer::need_to_manage(act, &after.role).map_err(|error| {
            let message = format!(
                "{} would get the role {} by this. {}",
                after.display_name(),
                after.role.name,
                error.message
            );
            Error { message, ..error }.by("review", || administer::subject(&after))
        })?;
    }
    Ok(applied)
}

fn one(act: &Act, connection: &Connection, review: &Review, place: i64, listed: &Listed) -> Result<()> {
    let waiting = approved(listed);
    let row =
        users::find_by_seq(act.w, waiting.user_seq)?.ok_or_else(|| Error::not_found("user any more"))?;
    let expected: Option<PersonId> = if waiting.is_new { None } else { listed.person };
    let kept = Kept::before(act, &listed.waiting, &row, expected)?;
    let applied = carry_out(act, connection, &waiting)?;
    let kept = kept.after(act, applied.person, applied.is_new)?;
    let json = |value: &Value| value.to_string();
    store::reviews::insert_line(
        act.w,
        &ReviewLine {
            review_id: review.id,
            place,
            user_seq: waiting.user_seq,
            person_id: applied.person,
            user_name: row.user_name,
            kind: listed.kind,
            effects: json(&json!(applied.effects)),
            notes: json(&json!(applied.notes)),
            reference: waiting.reference,
            kept: Some(serde_json::to_string(&kept).map_err(Error::internal)?),
            left_alone: Vec::new(),
        },
    )
}
