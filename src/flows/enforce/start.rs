//! The moment from which an enforcement holds: sessions by other doors end, and what was dated ahead is looked at again.

use serde_json::{Value, json};

use super::{DoorKind, Verdict, decide, tell, why_void};
use crate::error::Result;
use crate::flows::{Act, Context, Who, connect};
use crate::model::enforcement::Standing;
use crate::model::{Action, Connection, Enforcement};
use crate::store::{self, Reader};

/// Lets it hold from now on: whoever is in by another door is out, break-glass owners excepted.
pub(super) fn begin(act: &Act, enforcement: &Enforcement, connection: &Connection) -> Result<()> {
    store::enforcements::touch_started(act.w, enforcement.id, act.now)?;
    let ended = end_other_sessions(act)?;
    let after = json!({ "for": enforcement.whom(), "sessions_ended": ended });
    act.event(
        Action::EnforcementStarted,
        connect::subject(connection),
        Value::Null,
        after,
    )
}

/// Ends the sessions of everybody who could not begin them now. Returns how many there were.
fn end_other_sessions(act: &Act) -> Result<usize> {
    let mut ended = 0;
    for session in store::sessions::list_all(act.w, act.now)? {
        let person = store::people::get(act.w, session.person_id)?;
        let verdict = decide(act.w, &person, DoorKind::of(&session), act.now)?;
        if matches!(verdict, Verdict::Only(_)) {
            ended += usize::from(store::sessions::delete_one(act.w, session.id, person.id)?);
        }
    }
    Ok(ended)
}

/// Why one that was dated ahead may not start by itself; `None`: it may. The owner's test was within the hour when it
/// was made; what must hold now is that a test passed with the settings as they are.
fn why_not(
    r: &Reader,
    enforcement: &Enforcement,
    connection: &Connection,
    act: &Act,
) -> Result<Option<&'static str>> {
    if why_void(r, enforcement, connection, act.now)?.is_some() {
        return Ok(Some("nobody could come in through the integration"));
    }
    if connection.tested_at.is_none() {
        return Ok(Some("its settings have changed since the last good test"));
    }
    let all = store::break_glass::list(r)?;
    let proved = all.iter().any(|one| one.is_proved(act.now));
    Ok((!proved).then_some("no break-glass owner has proved passphrase and second factor within 30 days"))
}

/// Starts what is due; what may not start waits, with an event. Writes to the people affected by what is planned, once
/// mail is set up. Called by the sweep.
pub async fn keep_time(ctx: &Context) -> Result<()> {
    let now = ctx.now();
    let is_planned = |e: &Enforcement| e.standing() == Standing::Planned;
    let is_due = move |e: &Enforcement| is_planned(e) && e.starts_at <= now;
    let planned = ctx.store.reading(store::enforcements::list).await?;
    if !planned.iter().any(is_planned) {
        return Ok(());
    }
    ctx.act(Who::Doorward, move |act| {
        let all = store::enforcements::list(act.w)?;
        for enforcement in all.iter().filter(|e| is_planned(e)) {
            let connection = store::connections::get(act.w, enforcement.connection_id)?;
            if !is_due(enforcement) {
                tell::the_affected(act, enforcement, &connection)?;
                continue;
            }
            match why_not(act.w, enforcement, &connection, act)? {
                None => begin(act, enforcement, &connection)?,
                Some(why) => wait(act, enforcement, &connection, why)?,
            }
        }
        Ok(())
    })
    .await
}

fn wait(act: &Act, enforcement: &Enforcement, connection: &Connection, why: &str) -> Result<()> {
    store::enforcements::touch_waiting(act.w, enforcement.id, act.now)?;
    tell::owners_that_it_waits(act, enforcement, connection, why)?;
    let after = json!({ "for": enforcement.whom(), "waits_because": why });
    act.event(
        Action::EnforcementHeld,
        connect::subject(connection),
        Value::Null,
        after,
    )
}
