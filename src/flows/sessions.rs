//! Sessions after their beginning: a new token at each step up, ended one by one or all at once, and how long they
//! may live.

use serde_json::{Value, json};

use crate::error::{Error, FieldProblem, Result};
use crate::model::session::SessionLimits;
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Action, Organization, PersonId, SessionId};
use crate::store;

use super::administer::{difference, organization_subject, subject};
use super::{Act, hash};

/// Gives the session of `token` a new one, with the proof of this moment; the old token is dead from the commit on.
/// `strong`: the proof was a passkey, or passphrase and second factor.
pub fn renew(act: &Act, token: &str, strong: bool) -> Result<String> {
    let fresh = act.random.token();
    if store::sessions::renew(act.w, &hash(token), &hash(&fresh), act.now, strong)? {
        Ok(fresh)
    } else {
        Err(Error::denied("Your session has ended. Sign in again."))
    }
}

/// Ends one session of a person: their own, or of somebody whom the actor may manage.
pub fn end(act: &Act, person: PersonId, session: SessionId) -> Result<()> {
    may_end(act, person)?;
    if !store::sessions::delete_one(act.w, session, person)? {
        return Err(Error::not_found("session"));
    }
    ended(act, person, 1)
}

/// Ends every session of the person but `kept`; returns how many there were.
pub fn end_others(act: &Act, person: PersonId, kept: SessionId) -> Result<usize> {
    may_end(act, person)?;
    let count = store::sessions::delete_others(act.w, person, kept)?;
    if count > 0 {
        ended(act, person, count)?;
    }
    Ok(count)
}

fn may_end(act: &Act, person: PersonId) -> Result<()> {
    let is_own = act.actor.id().is_some_and(|id| id == person.to_string());
    let other = store::people::get(act.w, person)?;
    if is_own || act.role.may_manage(&other.role) {
        Ok(())
    } else {
        let message = "Only an owner ends the sessions of admins and owners.";
        let what = format!("sessions of the role {}", other.role.name);
        Err(Error::escalation(message, what).by("session", || subject(&other)))
    }
}

fn ended(act: &Act, person: PersonId, count: usize) -> Result<()> {
    let person = store::people::get(act.w, person)?;
    let after = json!({ "sessions_ended": count });
    act.event(Action::SessionEnded, subject(&person), Value::Null, after)
}

/// Shortest and longest that an owner may choose, in milliseconds. Admins' are short (ASVS V7.3.1, V7.3.2).
struct Span {
    field: &'static str,
    least: i64,
    most: i64,
    /// What the field asks for.
    words: &'static str,
}

const SPANS: [Span; 4] = [
    Span {
        field: "admin_idle",
        least: 5 * MINUTE,
        most: HOUR,
        words: "between 5 minutes and 1 hour",
    },
    Span {
        field: "admin_absolute",
        least: HOUR,
        most: 12 * HOUR,
        words: "between 1 and 12 hours",
    },
    Span {
        field: "member_idle",
        least: 5 * MINUTE,
        most: 30 * DAY,
        words: "between 5 minutes and 30 days",
    },
    Span {
        field: "member_absolute",
        least: HOUR,
        most: 90 * DAY,
        words: "between 1 hour and 90 days",
    },
];

/// Sets how long sessions may live. Counts for sessions that are open already, except that none grows older than was
/// said when it began.
pub fn set_limits(act: &Act, limits: SessionLimits) -> Result<Organization> {
    act.need_owner()?;
    let values = [
        limits.admin_idle,
        limits.admin_absolute,
        limits.member_idle,
        limits.member_absolute,
    ];
    let problems: Vec<FieldProblem> = SPANS
        .iter()
        .zip(values)
        .filter(|(span, value)| !(span.least..=span.most).contains(value))
        .map(|(span, _)| FieldProblem {
            field: span.field.to_owned(),
            message: format!("Choose {}.", span.words),
        })
        .collect();
    if !problems.is_empty() {
        return Err(Error::invalid_fields(problems));
    }
    let was = store::organization::get(act.w)?;
    let mut is = was.clone();
    is.settings.sessions = limits;
    if is == was {
        return Ok(was);
    }
    store::organization::update(act.w, &is)?;
    let facts = |o: &Organization| serde_json::to_value(o.settings.sessions).unwrap_or_default();
    let (before, after) = difference(&facts(&was), &facts(&is));
    act.event(
        Action::OrganizationChanged,
        organization_subject(&is),
        before,
        after,
    )?;
    Ok(is)
}
