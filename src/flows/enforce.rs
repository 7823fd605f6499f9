//! Enforcement: who must sign in through which connection, asked in one place by every door.
//!
//! *Enabled* and *enforced* are two states of a connection. An enforcement that could let nobody in does not count:
//! its connection or the kind of it is off or gone, does not know its provider, trusts no certificate that is still good, or no longer
//! speaks for the domain. Break-glass owners are exempt always, so that an owner can come in whatever happens.

mod affected;
mod break_glass;
mod start;
mod switch;
mod tell;

pub use affected::{Group, Listed, list as list_affected};
pub(super) use break_glass::{forget as forget_break_glass, keep as keep_owner};
pub use break_glass::{is_owner_kept, make as make_break_glass, need_another, unmake as unmake_break_glass};
pub use start::keep_time;
pub use switch::{Missing, Proofs, Wish, agree, end, proofs, start_waiting, switch_on};
pub(super) use tell::owners_of_break_glass;

use crate::error::Result;
use crate::model::connection::ConnectionState;
use crate::model::enforcement::Standing;
use crate::model::{
    Check, Connection, ConnectionId, Email, Enforcement, Method, Person, Session, Timestamp,
    Verdict as Judged,
};
use crate::store::{self, Reader};

/// By which door somebody comes. What decides is the connection: without one, the door is one of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorKind {
    pub method: Method,
    pub connection: Option<ConnectionId>,
}

impl DoorKind {
    /// A door of our own: passphrase, passkey, recovery code, one-time link.
    pub fn own(method: Method) -> Self {
        Self {
            method,
            connection: None,
        }
    }

    /// The door by which a session was opened.
    pub fn of(session: &Session) -> Self {
        Self {
            method: session.method,
            connection: session.connection_id,
        }
    }
}

/// May this person come in by this door?
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Open,
    /// They may, because nothing is enforced for them: others would be sent elsewhere.
    BreakGlass,
    /// No: only through one of these connections.
    Only(Vec<Connection>),
}

/// The one rule. Every door asks it: when somebody signs in, and again with every request of a session.
pub fn decide(r: &Reader, person: &Person, door: DoorKind, now: Timestamp) -> Result<Verdict> {
    let only = only_through(r, &person.email.domain(), now)?;
    if only.is_empty() || only.iter().any(|c| door.connection == Some(c.id)) {
        return Ok(Verdict::Open);
    }
    if store::break_glass::find(r, person.id)?.is_some() {
        return Ok(Verdict::BreakGlass);
    }
    Ok(Verdict::Only(only))
}

/// The line of the trace that tells an admin why somebody was sent elsewhere; `None` when they were not.
pub fn elsewhere(r: &Reader, person: &Person, door: DoorKind, now: Timestamp) -> Result<Option<Check>> {
    let Verdict::Only(connections) = decide(r, person, door, now)? else {
        return Ok(None);
    };
    let names: Vec<&str> = connections.iter().map(|c| c.name.as_str()).collect();
    let used = door.connection.map(|id| store::connections::find(r, id));
    let used = used.transpose()?.flatten();
    Ok(Some(Check {
        code: ELSEWHERE.to_owned(),
        title: "The way in is the one that is enforced".to_owned(),
        verdict: Judged::Failed,
        expected: Some(names.join(" or ")),
        received: Some(used.map_or_else(|| door.method.words().to_owned(), |c| c.name)),
        remedy: Some(format!(
            "An enforcement has {} sign in through {} only. They start there. An owner can end the enforcement on the \
             page of the integration, or make an owner a break-glass owner under Settings, Break-glass owners.",
            person.email,
            names.join(" or ")
        )),
    }))
}

/// The code of that line.
pub const ELSEWHERE: &str = "enforce.elsewhere";

/// Where whoever has this address signs in, known here or not: the words on the sign-in page are the same for all.
pub fn doors_of_address(r: &Reader, typed: &str, now: Timestamp) -> Result<Vec<Connection>> {
    match Email::parse(typed) {
        Ok(email) => only_through(r, &email.domain(), now),
        Err(_) => Ok(Vec::new()),
    }
}

/// The connections through which people with an address at this domain must come; empty: by any door. What is
/// enforced for the domain itself goes before what is enforced for everybody.
pub fn only_through(r: &Reader, domain: &str, now: Timestamp) -> Result<Vec<Connection>> {
    let (mut own, mut general) = (Vec::new(), Vec::new());
    for enforcement in store::enforcements::list(r)? {
        if !enforcement.is_for(domain) || enforcement.standing() != Standing::InForce {
            continue;
        }
        let connection = store::connections::get(r, enforcement.connection_id)?;
        if why_void(r, &enforcement, &connection, now)?.is_none() {
            let list = if enforcement.domain.is_some() {
                &mut own
            } else {
                &mut general
            };
            list.push(connection);
        }
    }
    Ok(if own.is_empty() { general } else { own })
}

/// Why an enforcement does not count now, in words for its page; `None`: it does.
pub fn why_void(
    r: &Reader,
    enforcement: &Enforcement,
    connection: &Connection,
    now: Timestamp,
) -> Result<Option<String>> {
    if let Some(why) = why_shut(connection, now) {
        return Ok(Some(why));
    }
    if let Some(domain) = &enforcement.domain
        && !store::connections::speaks_for(r, connection.id, domain)?
    {
        let name = &connection.name;
        return Ok(Some(format!("{name} no longer speaks for {domain}.")));
    }
    Ok(None)
}

/// Why nobody could come in through the connection; `None`: they could, as far as can be told from here.
fn why_shut(connection: &Connection, now: Timestamp) -> Option<String> {
    let name = &connection.name;
    if connection.protocol().is_none() {
        return Some(format!("{name} does not know its identity provider."));
    }
    if !connection.enabled {
        return Some(format!("{name} is off."));
    }
    if let Some(kind) = connection.switched_off() {
        let kind = kind.name();
        return Some(format!(
            "{kind}, by which {name} signs in, is switched off for the organization."
        ));
    }
    (connection.state(now) == ConnectionState::Broken)
        .then(|| format!("Every certificate of {name} has ended."))
}
