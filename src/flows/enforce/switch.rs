//! Switching an enforcement on and ending it: what must be proved first, and by whom.

use serde_json::{Value, json};

use super::{start, tell, why_shut, why_void};
use crate::error::{Error, FieldProblem, Result};
use crate::flows::{Act, connect};
use crate::model::enforcement::{LONGEST_AHEAD, TEST_LIFE};
use crate::model::{
    Action, Actor, BreakGlass, Connection, Enforcement, EnforcementId, PersonId, SignIn, Timestamp,
};
use crate::store::{self, Reader};

/// What stands in the way of an enforcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Nobody could come in through the connection, for this reason.
    Door(String),
    /// The owner has passed no test sign-in through it within the hour, with its settings as they are now.
    Test,
    /// Nobody is a break-glass owner.
    BreakGlass,
    /// No break-glass owner has proved passphrase and second factor within 30 days.
    Proof,
}

impl Missing {
    pub fn words(&self) -> String {
        match self {
            Missing::Door(why) => why.clone(),
            Missing::Test => {
                "Pass a test sign-in through it yourself, within the last hour and with its settings as \
                              they are now."
                    .to_owned()
            }
            Missing::BreakGlass => "Make at least one owner a break-glass owner.".to_owned(),
            Missing::Proof => {
                "Have a break-glass owner sign in with passphrase and second factor, or a passkey: none \
                               has within the last 30 days."
                    .to_owned()
            }
        }
    }
}

/// What has been proved for an enforcement of a connection.
#[derive(Clone, Debug)]
pub struct Proofs {
    /// The owner's own test that counts.
    pub test: Option<SignIn>,
    pub break_glass: Vec<BreakGlass>,
    pub missing: Vec<Missing>,
}

/// Looks at the proofs. `owner`: whose test must have passed; `None`: any owner's.
pub fn proofs(
    r: &Reader,
    connection: &Connection,
    owner: Option<PersonId>,
    now: Timestamp,
) -> Result<Proofs> {
    let test = good_test(r, connection, owner, now)?;
    let break_glass = store::break_glass::list(r)?;
    let mut missing: Vec<Missing> = why_shut(connection, now).map(Missing::Door).into_iter().collect();
    if test.is_none() {
        missing.push(Missing::Test);
    }
    if break_glass.is_empty() {
        missing.push(Missing::BreakGlass);
    } else if !break_glass.iter().any(|one| one.is_proved(now)) {
        missing.push(Missing::Proof);
    }
    Ok(Proofs {
        test,
        break_glass,
        missing,
    })
}

/// The newest good test within the hour, that an owner started after the last change of the settings.
fn good_test(
    r: &Reader,
    connection: &Connection,
    owner: Option<PersonId>,
    now: Timestamp,
) -> Result<Option<SignIn>> {
    // A change of the settings voids the last good test.
    if connection.tested_at.is_none() {
        return Ok(None);
    }
    let since = now.minus(TEST_LIFE).max(connection.updated_at);
    for test in store::sign_ins::list_good_tests(r, connection.id, since, now)? {
        let Some(starter) = test.started_by.filter(|id| owner.is_none_or(|own| own == *id)) else {
            continue;
        };
        let person = store::people::find(r, starter)?;
        if person.is_some_and(|p| p.is_active() && p.role.owns()) {
            return Ok(Some(test));
        }
    }
    Ok(None)
}

/// What an owner wants enforced.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Only for addresses at this domain, which must be the connection's; `None`: for everybody.
    pub domain: Option<String>,
    /// `None`: at once.
    pub starts_at: Option<Timestamp>,
    /// The organization's name, typed.
    pub typed: String,
    /// The proofs are not asked for: whoever runs the server has a way in that needs none of them.
    pub without_proof: bool,
}

/// Switches it on, at once or dated ahead. `Conflict` says what is missing.
pub fn switch_on(act: &Act, slug: &str, wish: Wish) -> Result<Enforcement> {
    act.need_owner()?;
    let connection = store::connections::get_by_slug(act.w, slug)?;
    check_words(act, &wish)?;
    if let Some(domain) = &wish.domain
        && !store::connections::speaks_for(act.w, connection.id, domain)?
    {
        let message = format!(
            "{} does not speak for {domain}. Confirm the domain first.",
            connection.name
        );
        return Err(Error::invalid("for", message));
    }
    need_proofs(act, &connection, wish.without_proof)?;
    let enforcement = Enforcement {
        id: EnforcementId::new(act.now, act.random_id()),
        connection_id: connection.id,
        domain: wish.domain,
        made_by: act.actor.label(),
        made_at: act.now,
        starts_at: wish.starts_at.unwrap_or(act.now),
        started_at: None,
        waits_since: None,
        told_at: None,
        ended_at: None,
    };
    store::enforcements::insert(act.w, &enforcement)?;
    if enforcement.starts_at <= act.now {
        start::begin(act, &enforcement, &connection)?;
    } else {
        let after = json!({ "for": enforcement.whom(), "starts_at": enforcement.starts_at.rfc3339() });
        act.event(
            Action::EnforcementPlanned,
            connect::subject(&connection),
            Value::Null,
            after,
        )?;
        tell::the_affected(act, &enforcement, &connection)?;
    }
    store::enforcements::get(act.w, enforcement.id)
}

fn check_words(act: &Act, wish: &Wish) -> Result<()> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| {
        problems.push(FieldProblem {
            field: field.to_owned(),
            message,
        })
    };
    let name = store::organization::get(act.w)?.name;
    if wish.typed.trim() != name {
        wrong("confirm", format!("Type {name} to enforce it."));
    }
    if let Some(at) = wish.starts_at {
        if at <= act.now {
            wrong(
                "starts",
                "This moment has passed. Choose a later one, or start at once.".to_owned(),
            );
        } else if at.since(act.now) > LONGEST_AHEAD {
            wrong(
                "starts",
                "An enforcement is dated at most a year ahead.".to_owned(),
            );
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(problems))
    }
}

fn need_proofs(act: &Act, connection: &Connection, without: bool) -> Result<()> {
    let owner = match &act.actor {
        Actor::Person { id, .. } => Some(*id),
        _ => None,
    };
    let mut missing = proofs(act.w, connection, owner, act.now)?.missing;
    if without {
        missing.retain(|one| matches!(one, Missing::Door(_)));
    }
    let words: Vec<String> = missing.iter().map(Missing::words).collect();
    if words.is_empty() {
        Ok(())
    } else {
        Err(Error::conflict(words.join(" ")))
    }
}

/// Starts one that waits, with the proofs that switching on needs.
pub fn start_waiting(act: &Act, id: EnforcementId) -> Result<Enforcement> {
    act.need_owner()?;
    let enforcement = store::enforcements::get(act.w, id)?;
    let connection = store::connections::get(act.w, enforcement.connection_id)?;
    if enforcement.waits_since.is_none() || enforcement.ended_at.is_some() {
        return Err(Error::conflict("This enforcement does not wait."));
    }
    if let Some(why) = why_void(act.w, &enforcement, &connection, act.now)? {
        return Err(Error::conflict(why));
    }
    need_proofs(act, &connection, false)?;
    start::begin(act, &enforcement, &connection)?;
    store::enforcements::get(act.w, id)
}

/// Ends it, planned or in force. After its first day the caller has asked the owner to confirm.
pub fn end(act: &Act, id: EnforcementId, confirmed: bool) -> Result<Enforcement> {
    act.need_owner()?;
    let enforcement = store::enforcements::get(act.w, id)?;
    let connection = store::connections::get(act.w, enforcement.connection_id)?;
    if enforcement.ended_at.is_some() {
        return Ok(enforcement);
    }
    let quickly = enforcement.may_roll_back(act.now);
    if !quickly && !confirmed {
        return Err(Error::conflict(
            "It began more than a day ago. Confirm that it is to end.",
        ));
    }
    store::enforcements::end(act.w, id, &act.actor.label(), act.now)?;
    let before = json!({ "for": enforcement.whom() });
    let after = json!({ "rolled_back": quickly && enforcement.started_at.is_some() });
    act.event(
        Action::EnforcementEnded,
        connect::subject(&connection),
        before,
        after,
    )?;
    store::enforcements::get(act.w, id)
}

/// Makes it so for all the connection's domains, and for everybody where it has none; or ends it for all. What agrees
/// already stays as it is.
pub fn agree(act: &Act, slug: &str, on: bool, without_proof: bool) -> Result<()> {
    let connection = store::connections::get_by_slug(act.w, slug.trim())?;
    let there = store::enforcements::list_of_connection(act.w, connection.id)?;
    if !on {
        return there
            .iter()
            .try_for_each(|enforcement| end(act, enforcement.id, true).map(drop));
    }
    let domains = store::connections::list_domains(act.w, connection.id)?;
    let scopes: Vec<Option<String>> = match domains.is_empty() {
        true => vec![None],
        false => domains.into_iter().map(Some).collect(),
    };
    let typed = store::organization::get(act.w)?.name;
    for domain in scopes {
        if there.iter().any(|enforcement| enforcement.domain == domain) {
            continue;
        }
        let wish = Wish {
            domain,
            starts_at: None,
            typed: typed.clone(),
            without_proof,
        };
        switch_on(act, connection.slug.as_str(), wish)?;
    }
    Ok(())
}
