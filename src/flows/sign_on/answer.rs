//! The way back: what arrives from an identity provider, judged, and turned into a session, a page or a new start.
//!
//! `saml` and `openid` judge what their protocol brings; from "who is this subject" on there is one way for both.

use crate::error::Result;
use crate::flows::enforce::{self, DoorKind};
use crate::flows::mapping::{self, Word};
use crate::flows::{Act, Visitor, hash};
use crate::model::mapping::Received;
use crate::model::{
    Actor, Check, Connection, ConnectionId, IdpSession, Method, Outcome, Person, Protocol, SignIn,
    SignInKind, Timestamp,
};
use crate::store;

use super::session::{self, Door, Entered};
use super::{jit, link};

mod case;
mod checks;
mod groups;
mod judge;
mod openid;
mod saml;
mod subject;

pub use openid::{Returned, answer_openid};
pub use saml::{Posted, answer};

/// What becomes of it.
#[derive(Clone, Debug)]
pub enum Answer {
    SignedIn(Entered),
    /// Nobody asked for it: start a sign-in of our own, and come back to this path.
    Restart {
        return_to: String,
    },
    /// A test ended, well or not.
    Tested {
        reference: String,
    },
    /// Good, but the person cannot go on by themselves yet; `flow_token` ties the next page to the browser.
    Stuck {
        reference: String,
        outcome: Outcome,
        flow_token: String,
    },
    /// A rule was broken.
    Refused {
        reference: String,
        problem: &'static str,
    },
}

/// What arrived, as far as it no longer depends on the protocol.
struct Arrival {
    connection: Connection,
    protocol: Protocol,
    method: Method,
    /// The sign-in that it answers; `None`: it gets a row of its own.
    asked: Option<SignIn>,
    /// The kind of a row of its own.
    kind: SignInKind,
    /// Whom the answer says that it is from. Not believed, only written down.
    issuer: Option<String>,
    claimed_issuer: Option<String>,
    /// Where a sign-in that nobody asked for wants to go; never another host.
    return_to: String,
    /// The session that this browser holds now; it ends when the sign-in is good.
    old_token: Option<String>,
    visitor: Visitor,
    /// Ties a page on which the person is stuck to the browser.
    browser: String,
}

/// Who a verified answer speaks of.
struct Known {
    found: link::Subject,
    email: Option<link::Claimed>,
    /// Everything that arrived, for the mapping.
    received: Received,
    /// Name of the answer, where it could be brought a second time, and the moment from which it could not.
    once: Option<(String, Timestamp)>,
    session_ends_at: Option<Timestamp>,
    /// When the identity provider last had the person prove who they are; `None` where it does not say.
    proved_at: Option<Timestamp>,
    idp: Option<IdpSession>,
    /// The groups that it names; `None`: it says that there are too many to list.
    groups: Option<Vec<String>>,
}

/// Writes how it ended, in the transaction that also makes the session.
fn settle(
    act: &Act,
    arrival: Arrival,
    mut checks: Vec<Check>,
    read: impl FnOnce(&mut Vec<Check>, &mut SignIn) -> std::result::Result<Known, checks::Broken>,
) -> Result<Answer> {
    let asked = arrival.asked.clone();
    let mut row = asked.clone().unwrap_or_else(|| arrival.blank(act));
    row.finished_at = Some(act.now);
    row.issuer = arrival.issuer.clone().or_else(|| arrival.claimed_issuer.clone());
    let fresh = asked.is_none();
    if let Some(id) = asked.as_ref().and_then(|s| s.request_id.as_deref()) {
        // Answered a moment ago by another response to the same request?
        let still = store::sign_ins::find_by_request(act.w, id)?;
        if still.is_none_or(|(s, _)| s.outcome != Outcome::Waiting) {
            let check = checks::answered_before(arrival.protocol, &row);
            return refuse_again(act, &arrival, check);
        }
    }
    let verified = read(&mut checks, &mut row);
    row.trace.checks = checks;
    let known = match verified {
        Ok(known) => known,
        Err(broken) => {
            row.outcome = Outcome::Refused;
            row.problem = Some(broken.code.to_owned());
            write(act, &row, fresh, &arrival.browser)?;
            let reference = row.reference;
            return Ok(match row.kind {
                SignInKind::Test => Answer::Tested { reference },
                _ => Answer::Refused {
                    reference,
                    problem: broken.title,
                },
            });
        }
    };
    if let Some((name, useless_at)) = &known.once
        && !store::seen_assertions::insert(act.w, &known.found.issuer, name, *useless_at)?
    {
        return refuse_again(act, &arrival, checks::replayed(name));
    }
    let found = link::find(act.w, &known.found, known.email.as_ref())?;
    if row.kind == SignInKind::Test {
        return settle_test(act, &arrival, row, &found);
    }
    enter(act, arrival, row, fresh, known, found)
}

/// A test passes every rule but makes no session, no link and no person.
fn settle_test(act: &Act, arrival: &Arrival, mut row: SignIn, found: &link::Found) -> Result<Answer> {
    row.outcome = Outcome::Succeeded;
    row.trace.checks.push(checks::account(found));
    row.person_id = subject::person_of(found);
    write(act, &row, false, &arrival.browser)?;
    let connection = &arrival.connection;
    store::connections::touch_tested(act.w, connection.id, connection.version, act.now)?;
    Ok(Answer::Tested {
        reference: row.reference,
    })
}

fn enter(
    act: &Act,
    arrival: Arrival,
    mut row: SignIn,
    fresh: bool,
    known: Known,
    found: link::Found,
) -> Result<Answer> {
    if fresh {
        row.return_to.clone_from(&arrival.return_to);
    }
    let welcome = match found {
        link::Found::Nobody => welcome(act, &arrival, &known, &mut row)?,
        found => {
            row.trace.checks.push(checks::account(&found));
            Welcome::Found(found)
        }
    };
    let browser = arrival.browser;
    let (found, is_new) = match welcome {
        Welcome::Found(found) => (found, false),
        Welcome::Added(found) => (found, true),
        Welcome::Elsewhere => return stuck(act, row, fresh, Outcome::Refused, browser),
    };
    row.person_id = subject::person_of(&found);
    let door = DoorKind {
        method: arrival.method,
        connection: Some(arrival.connection.id),
    };
    // Before anything is linked or proved: through this connection they could not come in anyway.
    if let Some(person) = found
        .person()
        .filter(|person| crate::flows::gate::may_enter(person))
        && let Some(check) = enforce::elsewhere(act.w, person, door, act.now)?
    {
        row.problem = Some(check.code.clone());
        row.trace.checks.push(check);
        return stuck(act, row, fresh, Outcome::Refused, browser);
    }
    let (person, identity) = match found {
        link::Found::Linked(person, identity) => (person, Some(identity)),
        link::Found::MayLink(person, how) if crate::flows::gate::may_enter(&person) => {
            let identity = link::tie(act, &person, &known.found, how, Some(row.reference.clone()))?;
            (person, Some(identity))
        }
        link::Found::MayLink(person, _) => (person, None),
        link::Found::MustProve(_) => {
            let id = row.id;
            let answer = stuck(act, row, fresh, Outcome::Unproved, browser)?;
            // The session begins later, when the account is proved; what either side ends it by is known now only.
            if let Some(idp) = &known.idp {
                store::sign_ins::remember_idp(act.w, id, idp)?;
            }
            return Ok(answer);
        }
        link::Found::Nobody => return stuck(act, row, fresh, Outcome::Unknown, browser),
    };
    if !crate::flows::gate::may_enter(&person) {
        return stuck(act, row, fresh, Outcome::Deactivated, browser);
    }
    if let Some(identity) = identity {
        store::identities::touch(act.w, identity, act.now)?;
    }
    let person = if is_new {
        person
    } else {
        follow(act, arrival.connection.id, person, &known, &mut row)?
    };
    let person = groups::bring(
        act,
        arrival.connection.id,
        person,
        known.groups.as_deref(),
        &mut row,
    )?;
    row.outcome = Outcome::Succeeded;
    write(act, &row, fresh, &browser)?;
    // Only a row that we began knows the session of the browser that asked.
    if !fresh && let Some(old) = store::sign_ins::find_session(act.w, row.id)? {
        store::sessions::delete(act.w, &old)?;
    }
    let door = Door {
        method: arrival.method,
        connection: Some(arrival.connection.id),
        ends_at: known.session_ends_at,
        idp: known.idp,
        proved_at: known.proved_at,
        strong: false,
        old_token: arrival.old_token,
    };
    Ok(Answer::SignedIn(session::begin(act, &person, &row, door)?))
}

/// What became of somebody whom nobody here knew.
enum Welcome {
    Found(link::Found),
    Added(link::Found),
    Elsewhere,
}

/// Adds somebody new where the connection, as it is now, says so.
fn welcome(act: &Act, arrival: &Arrival, known: &Known, row: &mut SignIn) -> Result<Welcome> {
    let connection = store::connections::get(act.w, arrival.connection.id)?;
    let claimed = known.email.as_ref();
    let said = jit::admit(
        act,
        &connection,
        arrival.method,
        &known.found,
        claimed,
        &known.received,
        row,
    )?;
    Ok(match said {
        jit::Said::Added(person, identity, remarks) => {
            row.trace.checks.push(jit::added(&person));
            row.trace.checks.extend(jit::ignored(&remarks));
            Welcome::Added(link::Found::Linked(*person, identity))
        }
        jit::Said::Elsewhere(check) => {
            row.problem = Some(check.code.clone());
            row.trace.checks.push(check);
            Welcome::Elsewhere
        }
        jit::Said::No(check) => {
            row.trace.checks.push(checks::account(&link::Found::Nobody));
            row.trace.checks.extend(check);
            Welcome::Found(link::Found::Nobody)
        }
    })
}

/// Lets what the mapping writes at sign-in reach somebody who was here before.
fn follow(act: &Act, id: ConnectionId, person: Person, known: &Known, row: &mut SignIn) -> Result<Person> {
    let connection = store::connections::get(act.w, id)?;
    if !connection.mapping.acts_at_sign_in() || !connection.lets_in() {
        return Ok(person);
    }
    let actor = Actor::IdentityProvider {
        id,
        label: connection.name.clone(),
    };
    let word = Word {
        connection: &connection,
        reference: &row.reference,
    };
    let act = &Act { actor, ..*act };
    let (person, remarks) = mapping::at_sign_in(act, word, person, &known.received)?;
    row.trace.checks.extend(jit::ignored(&remarks));
    Ok(person)
}

fn stuck(act: &Act, mut row: SignIn, fresh: bool, outcome: Outcome, browser: String) -> Result<Answer> {
    row.outcome = outcome;
    write(act, &row, fresh, &browser)?;
    Ok(Answer::Stuck {
        reference: row.reference,
        outcome,
        flow_token: browser,
    })
}

/// A second answer gets a row of its own; the first one's trace stays as it is.
fn refuse_again(act: &Act, arrival: &Arrival, check: Check) -> Result<Answer> {
    let mut row = arrival.blank(act);
    row.kind = SignInKind::Requested;
    row.outcome = Outcome::Refused;
    row.problem = Some(check.code.clone());
    row.trace.checks.push(check);
    store::sign_ins::insert(act.w, &row, None)?;
    Ok(Answer::Refused {
        reference: row.reference,
        problem: "This sign-in was used before.",
    })
}

fn write(act: &Act, row: &SignIn, fresh: bool, browser: &str) -> Result<()> {
    if fresh {
        store::sign_ins::insert(act.w, row, Some(&hash(browser)))
    } else {
        store::sign_ins::finish(act.w, row)
    }
}

impl Arrival {
    /// A row of its own.
    fn blank(&self, act: &Act) -> SignIn {
        SignIn {
            connection_id: Some(self.connection.id),
            issuer: self.issuer.clone(),
            ..act.attempt(self.kind, self.visitor.clone())
        }
    }
}
