//! Beginning a session: the last step of every door.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::flows::enforce::{self, DoorKind, Verdict};
use crate::flows::{Act, administer, gate, hash, invite};
use crate::model::{
    Action, Actor, Connection, ConnectionId, IdpSession, Method, Person, Session, SessionId, SignIn,
    Timestamp,
};
use crate::store;

use super::way;

/// A new session: what the cookie gets, and where the browser goes.
#[derive(Clone, Debug)]
pub struct Entered {
    /// 256 random bits, told once; the database has only its hash.
    pub token: String,
    pub expires_at: Timestamp,
    pub return_to: String,
    /// The door, as this browser may remember it: a slug, or [`way::PASSPHRASE`].
    pub way: Option<String>,
}

/// By which door, and how long at most.
pub struct Door {
    pub method: Method,
    pub connection: Option<ConnectionId>,
    /// The identity provider's own end of the session, if it named one.
    pub ends_at: Option<Timestamp>,
    /// What the identity provider calls this sign-in.
    pub idp: Option<IdpSession>,
    /// When the person proved who they are: now, or when the identity provider says that it asked them. `None`: it does
    /// not say, and what needs a fresh proof asks for one.
    pub proved_at: Option<Timestamp>,
    /// It was a passkey, or passphrase and second factor together, or a recovery code in the place of one of the two.
    pub strong: bool,
    /// The session that the browser held until now: a new sign-in always gets a new one.
    pub old_token: Option<String>,
}

/// Writes the session and its event. Fails for a person who may not enter, or not by this door, or by a door that was
/// shut meanwhile, whatever the caller thought.
pub fn begin(act: &Act, person: &Person, sign_in: &SignIn, door: Door) -> Result<Entered> {
    if !gate::may_enter(person) {
        return Err(Error::denied("This account is not active."));
    }
    let connection = door.connection.map(|id| store::connections::find(act.w, id));
    let connection = connection.transpose()?.flatten();
    if door.connection.is_some() && !connection.as_ref().is_some_and(Connection::lets_in) {
        return Err(Error::denied("Signing in this way is switched off."));
    }
    let kind = DoorKind {
        method: door.method,
        connection: door.connection,
    };
    let verdict = enforce::decide(act.w, person, kind, act.now)?;
    if let Verdict::Only(connections) = &verdict {
        let names: Vec<&str> = connections.iter().map(|c| c.name.as_str()).collect();
        let message = format!("You sign in through {} only. Start there.", names.join(" or "));
        return Err(Error::denied(message));
    }
    if let Some(old) = &door.old_token {
        store::sessions::delete(act.w, &hash(old))?;
    }
    let limits = store::organization::get(act.w)?
        .settings
        .sessions
        .of(&person.role);
    let longest = act.now.plus(limits.absolute);
    let expires_at = door.ends_at.map_or(longest, |end| end.min(longest));
    let token = act.random.token();
    let session = Session {
        id: SessionId::new(act.now, act.random_id()),
        person_id: person.id,
        connection_id: door.connection,
        method: door.method,
        signed_in_at: act.now,
        proved_at: door.proved_at.map_or(Timestamp(0), |at| at.min(act.now)),
        strong: door.strong,
        last_seen_at: act.now,
        expires_at,
        idp: door.idp,
        address: sign_in.address.clone(),
        user_agent: sign_in.user_agent.clone(),
    };
    store::sessions::insert(act.w, &hash(&token), &session)?;
    store::people::touch_sign_in(act.w, person.id, act.now)?;
    let actor = Actor::Person {
        id: person.id,
        label: person.display_name(),
    };
    let way = match connection {
        Some(connection) => Some(connection.slug.to_string()),
        None => (door.method == Method::Passphrase).then(|| way::PASSPHRASE.to_owned()),
    };
    let after = json!({ "method": door.method.key() });
    let act = Act { actor, ..*act };
    let reference = Some(sign_in.reference.clone());
    act.event_with(
        Action::SessionStarted,
        administer::subject(person),
        Value::Null,
        after.clone(),
        reference.clone(),
    )?;
    invite::accepted(&act, person, reference.clone())?;
    if verdict == Verdict::BreakGlass {
        let subject = administer::subject(person);
        act.event_with(Action::BreakGlassUsed, subject, Value::Null, after, reference)?;
        enforce::owners_of_break_glass(&act, person, sign_in)?;
    }
    Ok(Entered {
        token,
        expires_at,
        return_to: sign_in.return_to.clone(),
        way,
    })
}
