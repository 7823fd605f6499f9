//! The one gate: is this principal live? Every door asks here, and nowhere else.
//!
//! A session opens when its token is known, neither idle nor too old, its person is active, the connection it came
//! through is still on, and no enforcement wants another door. Anything else is a stranger.

use crate::error::Result;
use crate::model::session::SEEN_STEP;
use crate::model::{Connection, Person, Role, Session, Timestamp};
use crate::store::{self, Reader};

use super::enforce::{self, DoorKind, Verdict};
use super::{Context, factors, hash};

/// Somebody signed in. Made here only, so that holding one is the proof.
#[derive(Clone, Debug)]
pub struct Principal {
    person: Person,
    session: Session,
    connection: Option<Connection>,
    factor_due: Option<Timestamp>,
}

impl Principal {
    pub fn person(&self) -> &Person {
        &self.person
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The connection through which the session came, if it came through one.
    pub fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    pub fn role(&self) -> &Role {
        &self.person.role
    }

    /// Until when this session may go on without a second factor; `None` when it need not have one.
    pub fn factor_due(&self) -> Option<Timestamp> {
        self.factor_due
    }

    /// Has the time to set up a second factor run out? Then nothing but setting one up is open.
    pub fn lacks_factor(&self, now: Timestamp) -> bool {
        self.factor_due.is_some_and(|due| now >= due)
    }

    /// Did they prove who they are within the last `millis`? For what must be proved afresh.
    pub fn is_fresh(&self, now: Timestamp, millis: i64) -> bool {
        now.since(self.session.proved_at) <= millis
    }
}

/// Who holds this session token, if anybody live does.
pub fn admit(r: &Reader, token: &str, now: Timestamp) -> Result<Option<Principal>> {
    let Some(session) = store::sessions::find(r, &hash(token))? else {
        return Ok(None);
    };
    let Some(person) = store::people::find(r, session.person_id)? else {
        return Ok(None);
    };
    let connection = match session.connection_id {
        Some(id) => store::connections::find(r, id)?,
        None => None,
    };
    let through_open_door =
        session.connection_id.is_none() || connection.as_ref().is_some_and(Connection::lets_in);
    let limits = match store::organization::find(r)? {
        Some(organization) => organization.settings.sessions.of(&person.role),
        None => return Ok(None),
    };
    if !(may_enter(&person) && through_open_door && session.is_current(limits, now)) {
        return Ok(None);
    }
    // Asked again with every request: what is enforced, or for whom, may have changed since the session began.
    let verdict = enforce::decide(r, &person, DoorKind::of(&session), now)?;
    if matches!(verdict, Verdict::Only(_)) {
        return Ok(None);
    }
    Ok(Some(Principal {
        factor_due: factors::due(r, &person, &session)?,
        person,
        session,
        connection,
    }))
}

/// May this person get a session at all? Asked at every sign-in, whatever the door.
pub fn may_enter(person: &Person) -> bool {
    person.is_active()
}

impl Context {
    /// As [`admit`], from the pool; remembers, now and then, that the session was seen.
    pub async fn admit(&self, token: &str) -> Result<Option<Principal>> {
        let now = self.now();
        let copy = token.to_owned();
        let principal = self.store.reading(move |r| admit(r, &copy, now)).await?;
        let Some(principal) = principal else {
            return Ok(None);
        };
        if now.since(principal.session.last_seen_at) >= SEEN_STEP {
            let hash = hash(token);
            // Nobody waits for this one: a page must not wait for the disk to be read.
            let store = self.store.clone();
            tokio::spawn(async move {
                if let Err(error) = store.write(move |w| store::sessions::touch(w, &hash, now)).await {
                    tracing::warn!(%error, "a session's last use could not be written");
                }
            });
        }
        Ok(Some(principal))
    }

    /// Ends the session of this token, if there is one.
    pub async fn sign_out(&self, token: &str) -> Result<()> {
        let hash = hash(token);
        let copy = hash.clone();
        let found = self
            .store
            .reading(move |r| store::sessions::find(r, &copy))
            .await?;
        let Some(session) = found else { return Ok(()) };
        self.act(super::Who::Doorward, move |act| {
            let person = store::people::get(act.w, session.person_id)?;
            if store::sessions::delete(act.w, &hash)? {
                let actor = crate::model::Actor::Person {
                    id: person.id,
                    label: person.display_name(),
                };
                let act = super::Act { actor, ..*act };
                let subject = super::administer::subject(&person);
                act.event(
                    crate::model::Action::SessionEnded,
                    subject,
                    serde_json::Value::Null,
                    serde_json::Value::Null,
                )?;
            }
            Ok(())
        })
        .await
    }
}
