//! How a SCIM client proves itself: bearer tokens, Basic, and the access tokens of OAuth. One gate for all.

mod make;
mod presented;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::provision::Caller;
use super::{Context, Visitor, hash};
use crate::error::{Error, Result};
use crate::model::time::MINUTE;
use crate::model::{Connection, ConnectionId, CredentialId, Permission, PersonId, PersonState, Timestamp};
use crate::scim::ScimProblem;
use crate::store::scim_credentials::Credential;
use crate::store::{self, Reader};

pub use make::{make_basic, make_bearer, revoke, revoke_grants_of, revoke_grants_through};
use presented::Presented;

/// A secret that was just made: shown once.
#[derive(Clone, Debug)]
pub struct Made {
    pub id: CredentialId,
    /// The token, or the passkey of Basic.
    pub secret: String,
    /// The user name of Basic.
    pub user_name: Option<String>,
}

/// Why a client was not let in, and what is known of it all the same, for the log.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub problem: ScimProblem,
    /// The connection that the address names, when there is one.
    pub connection: Option<Arc<Connection>>,
    /// The good credential of a client that may not come in now, and how the log names it.
    pub credential: Option<(CredentialId, String)>,
}

impl Refusal {
    /// Of a request that was let in and could not be read.
    pub fn of(caller: &Caller, problem: ScimProblem) -> Self {
        Self {
            problem,
            connection: Some(caller.connection.clone()),
            credential: Some((caller.credential, caller.credential_label.clone())),
        }
    }
}

/// Lets a client in. 401 for anything that does not prove itself on *this* connection, the same for an unknown
/// connection; 403 for a good credential while the connection or its provisioning is off. `authorization` is
/// `None` when there is no such header, or more than one.
pub async fn admit(
    ctx: &Context,
    slug: &str,
    authorization: Option<&str>,
    visitor: &Visitor,
) -> Result<Caller, Box<Refusal>> {
    let presented = authorization.and_then(presented::read);
    let now = ctx.now();
    // On this thread: a few rows by index cost less than another thread to read them.
    let seen = ctx
        .store
        .read(|r| Seen::read(r, &ctx.scim_connections, slug, presented, now));
    let seen = seen.map_err(|error| unreadable(ctx, &error))?;
    let caller = seen.judge(ctx)?;
    if let Some(credential) = caller.1 {
        remember_use(ctx, &credential, visitor, now);
    }
    Ok(caller.0)
}

/// Is the caller still as good as when it was let in? Asked inside the transaction of a write, so that nothing is
/// written on a credential that was revoked a moment ago. Gives the connection as it stands now.
pub fn still_good(r: &Reader, caller: &Caller, now: Timestamp) -> Result<Arc<Connection>> {
    let live = store::scim_credentials::find_live(r, caller.connection.id, caller.credential, now)?;
    let granted = match live {
        Some(person) => is_granted_still(r, person)?,
        None => false,
    };
    let connection = store::connections::find_again(r, &caller.connection)?;
    let Some(connection) = connection.filter(|_| granted) else {
        return Err(stranger().into());
    };
    closed(&connection).map_or(Ok(connection), |problem| Err(problem.into()))
}

/// Connections as they were read last, so that settings and certificates are not read again for every request. What
/// is in the database counts: a version that is not there any more is of no use. `tested_at` may be older.
#[derive(Default)]
pub struct Known(RwLock<HashMap<ConnectionId, Arc<Connection>>>);

impl Known {
    fn find_by_slug(&self, r: &Reader, slug: &str) -> Result<Option<Arc<Connection>>> {
        let Some((id, version)) = store::connections::find_version_by_slug(r, slug)? else {
            return Ok(None);
        };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&id).filter(|known| known.version == version) {
            return Ok(Some(known.clone()));
        }
        drop(known);
        let found = store::connections::find(r, id)?.map(Arc::new);
        if let Some(found) = &found {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            known.insert(id, found.clone());
        }
        Ok(found)
    }
}

/// What the database knows of a slug and of what was presented.
struct Seen {
    connection: Option<Arc<Connection>>,
    credential: Option<Credential>,
}

impl Seen {
    /// Both look-ups are made whatever comes of the first, so that an unknown connection takes as long.
    fn read(
        r: &Reader,
        known: &Known,
        slug: &str,
        presented: Option<Presented>,
        now: Timestamp,
    ) -> Result<Self> {
        let connection = known.find_by_slug(r, slug)?;
        let mut credential = match &presented {
            Some(presented) => store::scim_credentials::find_by_hash(r, &hash(presented.secret()))?
                .filter(|found| presented.fits(found) && found.is_live(now)),
            None => None,
        };
        if let Some(found) = &credential
            && !is_granted_still(r, found.person_id)?
        {
            credential = None;
        }
        let here = connection.as_ref().map(|connection| connection.id);
        let credential = credential.filter(|found| Some(found.connection_id) == here);
        Ok(Self {
            connection,
            credential,
        })
    }

    /// The caller, and the credential when its use is to be written down.
    fn judge(self, ctx: &Context) -> Result<(Caller, Option<Credential>), Box<Refusal>> {
        let refuse = |seen: Seen, problem| {
            Err(Box::new(Refusal {
                problem,
                connection: seen.connection,
                credential: seen.credential.map(|found| (found.id, label(&found))),
            }))
        };
        let (Some(connection), Some(credential)) = (&self.connection, &self.credential) else {
            return refuse(self, stranger());
        };
        if let Some(problem) = closed(connection) {
            return refuse(self, problem);
        }
        let Some(organization) = ctx.organization() else {
            return refuse(self, stranger());
        };
        let caller = Caller {
            connection: connection.clone(),
            credential: credential.id,
            credential_label: label(credential),
            base: organization.base_url.scim(&connection.slug),
        };
        let stale = credential
            .last_used_at
            .is_none_or(|at| ctx.now().since(at) >= MINUTE);
        Ok((caller, self.credential.filter(|_| stale)))
    }
}

/// What OAuth made on an admin's word is good only as long as they are an admin who may sign in.
fn is_granted_still(r: &Reader, person: Option<PersonId>) -> Result<bool> {
    let Some(person) = person else {
        return Ok(true);
    };
    let person = store::people::find(r, person)?;
    Ok(person.is_some_and(|person| {
        person.state == PersonState::Active && person.role.may(Permission::ManageIntegrations)
    }))
}

/// `Bearer token "Okta 2026"`.
pub fn label(credential: &Credential) -> String {
    format!("{} \"{}\"", credential.kind.words(), credential.label)
}

/// The same words whatever was wrong, so that nothing is learned from them.
fn stranger() -> ScimProblem {
    ScimProblem::new(
        401,
        None,
        "The credential is missing, unknown, expired or revoked, or belongs to another integration. Make a new one \
         in Doorward, on the integration's page under Provisioning, and put it into the identity provider's settings.",
    )
}

/// Why a connection answers nobody at the moment.
fn closed(connection: &Connection) -> Option<ScimProblem> {
    let detail = if !connection.enabled {
        format!(
            "The integration \"{}\" is turned off in Doorward. An admin of Doorward must turn it on, on the \
             integration's page; nothing was changed.",
            connection.name
        )
    } else if !connection.scim.enabled {
        format!(
            "Provisioning of the integration \"{}\" is turned off in Doorward. An admin of Doorward must turn it on, \
             on the integration's page under Provisioning; nothing was changed.",
            connection.name
        )
    } else if !connection.provisions() {
        "Provisioning (SCIM) is switched off in Doorward for the whole organization. An owner of Doorward must switch it \
         on, under Settings, Kinds of integrations; nothing was changed."
            .to_owned()
    } else {
        return None;
    };
    Some(ScimProblem::forbidden(detail))
}

fn unreadable(ctx: &Context, error: &Error) -> Box<Refusal> {
    let reference = ctx.random.reference();
    tracing::error!(%reference, %error, "a SCIM client could not be looked up");
    Box::new(Refusal {
        problem: super::provision::problem_of(error, &reference),
        connection: None,
        credential: None,
    })
}

/// Nobody waits for this: a request must not wait for the disk only to be remembered.
fn remember_use(ctx: &Context, credential: &Credential, visitor: &Visitor, now: Timestamp) {
    let (store, id, address) = (ctx.store.clone(), credential.id, visitor.address.clone());
    tokio::spawn(async move {
        let written = store.write(move |w| store::scim_credentials::touch(w, id, now, &address));
        if let Err(error) = written.await {
            tracing::warn!(%error, "a credential's last use could not be written");
        }
    });
}
