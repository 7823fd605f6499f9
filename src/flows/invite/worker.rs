//! The worker: makes links and mails of invitations that wait, a few at a time.
//!
//! Nothing happens while no mail server is set up: they wait for it, or for an admin who hands a link over. The queue of
//! mails is kept short, so that a list of thousands stands neither in the way of other mails nor of other writes.

use std::sync::Arc;
use std::time::Duration;

use super::{PathOf, link, why_not};
use crate::error::Result;
use crate::flows::{Act, Context, Who, mail};
use crate::model::MailState;
use crate::store;

/// How often the worker looks. It asks an index that is nearly always empty.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// So many in one transaction.
const AT_ONCE: i64 = 50;
/// With so many mails waiting, further invitations wait as well.
pub const QUEUE: i64 = 200;

/// Looks for invitations that wait, for as long as the process lives.
pub async fn keep_sending(ctx: Arc<Context>, path: PathOf) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if let Err(error) = send_waiting(&ctx, path).await {
            tracing::warn!(%error, "invitations could not be looked after; the worker goes on");
        }
    }
}

/// Sends what there is room for in the queue of mails; returns how many invitations were looked at.
pub async fn send_waiting(ctx: &Context, path: PathOf) -> Result<usize> {
    let is_due = |r: &store::Reader| Ok(store::invitations::is_any_waiting(r)? && mail::is_set_up(r)?);
    let mut all = 0;
    if !ctx.store.reading(is_due).await? {
        return Ok(all);
    }
    loop {
        match ctx.act(Who::Doorward, move |act| some(act, path)).await? {
            0 => return Ok(all),
            done => all += done,
        }
    }
}

fn some(act: &Act, path: PathOf) -> Result<usize> {
    let room = QUEUE - store::mails::count(act.w, MailState::Waiting)?;
    if room <= 0 || !mail::is_set_up(act.w)? {
        return Ok(0);
    }
    let waiting = store::invitations::list_waiting(act.w, room.min(AT_ONCE))?;
    let count = waiting.len();
    for invitation in waiting {
        let person = store::people::get(act.w, invitation.person_id)?;
        match why_not(&person) {
            // They were faster, or are gone: whoever ended or accepted it meant this one, too.
            Some(_) if person.is_active() => {
                store::invitations::accept(act.w, person.id, act.now)?;
            }
            Some(_) => {
                super::end(act, &person, crate::model::InvitationEnd::Deactivated)?;
            }
            None => {
                link(act, &person, invitation, path)?;
            }
        }
    }
    Ok(count)
}
