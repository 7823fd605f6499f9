//! Refused escalations leave an event, although the transaction that they were tried in leaves nothing.
//!
//! A refusal carries its mark ([`Error::escalation`]) up to [`Context::act`], which hands it over here once everything is
//! rolled back. What an identity provider is not given is no error, only a remark: there [`note`] writes in the same
//! transaction. Either way nobody fills the log by trying: the same try counts once in a while, and all tries of one
//! actor together have a limit.
//!
//! [`Error::escalation`]: crate::error::Error::escalation

use serde_json::{Value, json};

use super::{Act, Context, Who};
use crate::error::{Escalation, Result};
use crate::model::time::{DAY, MINUTE};
use crate::model::{Action, Actor, PersonId, Subject};
use crate::store::throttles;

/// Events of refused tries that one actor leaves in a minute, whatever they try.
const MOST_IN_A_MINUTE: i64 = 20;

/// After the rollback: leaves the event in a transaction of its own. That it cannot is said in the log alone; the
/// refusal stands whatever becomes of it.
pub(super) async fn leave_event(ctx: &Context, who: Who, escalation: Escalation) {
    let done = ctx.attempt(who, move |act| note(act, &escalation)).await;
    if let Err(error) = done {
        tracing::error!(%error, "a refused escalation left no event");
    }
}

/// Somebody sent what their role may not, and the gate refused it before any flow ran. `act`: in the words of its button.
pub async fn at_the_gate(ctx: &Context, person: PersonId, act: String) {
    let escalation = Escalation {
        what: act,
        way: "page",
        on: None,
    };
    leave_event(ctx, Who::Person(person), escalation).await;
}

/// Leaves the event of a refusal in this transaction, unless the like was left a moment ago.
pub(super) fn note(act: &Act, escalation: &Escalation) -> Result<()> {
    let on = escalation.on.clone().unwrap_or_else(|| nobody(&escalation.what));
    let way = match escalation.way {
        "" => "other",
        way => way,
    };
    // An identity provider says the same at every run.
    let window = match act.actor {
        Actor::Person { .. } | Actor::Command(_) => MINUTE,
        Actor::Connection { .. } | Actor::IdentityProvider { .. } | Actor::Doorward => DAY,
    };
    let actor = format!(
        "escalation:{}:{}",
        act.actor.kind(),
        act.actor.id().unwrap_or_default()
    );
    let same = format!("{actor}:{way}:{}:{}", on.kind, on.id);
    if !(has_room(act, &same, 1, window)? && has_room(act, &actor, MOST_IN_A_MINUTE, MINUTE)?) {
        return Ok(());
    }
    throttles::count(act.w, &same, window, act.now)?;
    throttles::count(act.w, &actor, MINUTE, act.now)?;
    let after = json!({ "refused": escalation.what, "way": way });
    act.event(Action::EscalationRefused, on, Value::Null, after)
}

fn has_room(act: &Act, key: &str, most: i64, window: i64) -> Result<bool> {
    let found = throttles::find(act.w, key)?;
    let is_over = |count: throttles::Count| count.window_began_at.saturating_add(window) <= act.now.0;
    Ok(found.is_none_or(|count| is_over(count) || count.failures < most))
}

fn nobody(what: &str) -> Subject {
    Subject {
        kind: "permission",
        id: what.to_owned(),
        label: what.to_owned(),
    }
}
