//! What the product does. Flows own every transaction and write the event of a change inside it.
//!
//! A page calls one flow; a flow asks protocols, reads and writes the store, and answers with values.
//! Whatever changes something goes through [`Context::act`]: it re-reads who is acting inside the
//! transaction, so that nobody acts on rights that were taken away a moment ago.

pub mod access_groups;
pub mod administer;
pub mod apply;
mod apply_mail;
pub mod apps;
pub mod assign;
pub mod connect;
pub mod credentials;
pub mod enforce;
pub mod enroll;
pub mod escalation;
pub mod factors;
pub mod features;
pub mod feeds;
pub mod gate;
pub mod invite;
pub mod links;
pub mod lost;
pub mod mail;
pub mod maintain;
pub mod mapping;
pub mod notices;
pub mod oauth;
pub mod passphrase;
pub mod provision;
pub mod reauth;
pub mod reconcile;
pub mod recover;
pub mod recovery;
pub mod roles;
pub mod sessions;
pub mod sign_off;
pub mod sign_on;
pub mod teams;
pub mod throttle;
pub mod transfer;

use std::sync::{Arc, Mutex, OnceLock, RwLock};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::model::sign_in::Trace;
use crate::model::{
    Action, Actor, NewEvent, Organization, Outcome, Permission, PersonId, Role, SignIn, SignInId, SignInKind,
    Subject, Timestamp,
};
use crate::outbound::mail::Mailer;
use crate::outbound::{Dns, GuardedClient};
use crate::random::Random;
use crate::store::{self, Store, Writer};
use crate::vault::Vault;

/// Everything a flow needs from outside: the store, the clock, the dice, the key file, the guarded client.
pub struct Context {
    pub store: Store,
    pub clock: Clock,
    pub random: Random,
    pub vault: Vault,
    pub outbound: GuardedClient,
    pub mailer: Mailer,
    /// The try of the mail settings that an owner started last.
    pub mail_trial: mail::trial::Trials,
    pub dns: Dns,
    pub hasher: passphrase::Hasher,
    pub trust: connect::Trust,
    /// The way to OpenID Providers.
    pub providers: connect::Providers,
    /// The first run that is under way in a browser.
    pub pending: Mutex<Option<enroll::Pending>>,
    /// Challenges for passkeys that wait for their answer.
    pub challenges: factors::Challenges,
    /// Which page of a list comes after which.
    pub pages: provision::paging::Pages,
    /// Requests of SCIM clients that changed nothing, on their way to the log.
    pub scim_log: provision::log::Buffer,
    /// The settings of connections, as SCIM requests found them last.
    pub scim_connections: credentials::Known,
    /// Plans that admins apply at this moment.
    pub reviews: reconcile::jobs::Jobs,
    /// How many reads of SCIM clients may run at once, so that slow ones leave the processors to sign-ins.
    pub scim_reads: Arc<tokio::sync::Semaphore>,
    /// Files that were checked and wait for the word to import them.
    pub desk: transfer::Desk,
    /// Where this process answers on its own machine; never set where it does not.
    pub local_url: OnceLock<String>,
    organization: RwLock<Option<Arc<Organization>>>,
}

/// Who acts, as the caller knows them. Rights are read again in the transaction.
#[derive(Clone, Debug)]
pub enum Who {
    Person(PersonId),
    /// A command on the server, run by whoever may read the key file: as an owner.
    Command(&'static str),
    /// The identity provider of a connection, through SCIM: may change what `provision` lets it.
    Connection(crate::model::ConnectionId),
    /// Somebody not signed in, or Doorward itself; may change only what a flow does on its own account.
    Doorward,
}

/// A write in progress: the transaction, the moment, the dice and who acts.
pub struct Act<'a> {
    pub w: &'a Writer<'a>,
    pub now: Timestamp,
    pub random: &'a Random,
    /// For what a write seals: a mail on its way.
    pub vault: &'a Vault,
    pub actor: Actor,
    /// The actor's role as it stands inside the transaction.
    pub role: &'a Role,
}

impl Context {
    pub fn new(
        store: Store,
        clock: Clock,
        random: Random,
        vault: Vault,
        outbound: GuardedClient,
    ) -> Result<Self> {
        let organization = store.read(store::organization::find)?.map(Arc::new);
        Ok(Self {
            store,
            clock,
            random,
            vault,
            outbound,
            mailer: Mailer::default(),
            mail_trial: mail::trial::Trials::default(),
            dns: Dns::default(),
            hasher: passphrase::Hasher::default(),
            trust: connect::Trust::default(),
            providers: connect::Providers::default(),
            pending: Mutex::new(None),
            challenges: factors::Challenges::default(),
            pages: provision::paging::Pages::default(),
            scim_log: provision::log::Buffer::default(),
            scim_connections: credentials::Known::default(),
            reviews: reconcile::jobs::Jobs::default(),
            scim_reads: Arc::new(tokio::sync::Semaphore::new(provision::READS_AT_ONCE)),
            desk: transfer::Desk::default(),
            local_url: OnceLock::new(),
            organization: RwLock::new(organization),
        })
    }

    /// With a mailer that may go where the operator said.
    #[must_use]
    pub fn with_mailer(mut self, mailer: Mailer) -> Self {
        self.mailer = mailer;
        self
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The organization; `None` until the first run is done.
    pub fn organization(&self) -> Option<Arc<Organization>> {
        self.organization
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Reads the organization again, after something changed it.
    pub fn refresh_organization(&self) -> Result<()> {
        let fresh = self.store.read(store::organization::find)?.map(Arc::new);
        *self
            .organization
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Runs `work` in the next commit, as `who`. Nothing stays of it when it fails, but for the event of a refused
    /// escalation.
    pub async fn act<T, F>(&self, who: Who, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Act) -> Result<T> + Send + 'static,
    {
        let done = self.attempt(who.clone(), work).await;
        self.audited(who, done).await
    }

    /// As [`Context::act`], in a commit of its own: for thousands of rows, in parts that may each fail.
    pub async fn act_alone<T, F>(&self, who: Who, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Act) -> Result<T> + Send + 'static,
    {
        let (now, random, vault) = (self.now(), self.random.clone(), self.vault.clone());
        let actor = who.clone();
        let written = self
            .store
            .write_alone(move |w| within(w, &actor, now, &random, &vault, work));
        let done = written.await;
        self.audited(who, done).await
    }

    /// What came of it; an escalation that was refused leaves its event.
    async fn audited<T>(&self, who: Who, done: Result<T>) -> Result<T> {
        if let Err(error) = &done
            && let Some(escalation) = error.as_escalation()
        {
            escalation::leave_event(self, who, escalation.clone()).await;
        }
        done
    }

    async fn attempt<T, F>(&self, who: Who, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Act) -> Result<T> + Send + 'static,
    {
        let (now, random, vault) = (self.now(), self.random.clone(), self.vault.clone());
        self.store
            .write(move |w| within(w, &who, now, &random, &vault, work))
            .await
    }

    /// As [`Context::act`], quicker where many do it at once: `work` may run a second time, after everything that it
    /// wrote was undone. It must do nothing outside the database.
    pub async fn act_again<T, F>(&self, who: Who, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Act) -> Result<T> + Send + 'static,
    {
        let (now, random, vault) = (self.now(), self.random.clone(), self.vault.clone());
        self.store
            .write_again(move |w| within(w, &who, now, &random, &vault, &work))
            .await
    }
}

/// Runs `work` as `who`, whose rights are read first.
fn within<T>(
    w: &Writer,
    who: &Who,
    now: Timestamp,
    random: &Random,
    vault: &Vault,
    work: impl FnOnce(&Act) -> Result<T>,
) -> Result<T> {
    let (actor, role) = resolve(w, who)?;
    work(&Act {
        w,
        now,
        random,
        vault,
        actor,
        role: &role,
    })
}

fn resolve(w: &Writer, who: &Who) -> Result<(Actor, Role)> {
    match who {
        Who::Command(name) => Ok((Actor::Command(name), Role::of_the_server())),
        Who::Doorward => Ok((Actor::Doorward, Role::of_nobody())),
        Who::Connection(id) => {
            let label = store::connections::get_name(w, *id)?;
            Ok((Actor::Connection { id: *id, label }, Role::of_nobody()))
        }
        Who::Person(id) => {
            let person = store::people::find(w, *id)?.filter(crate::model::Person::is_active);
            let person = person.ok_or_else(|| Error::denied("Your account is no longer active."))?;
            Ok((
                Actor::Person {
                    id: person.id,
                    label: person.display_name(),
                },
                person.role,
            ))
        }
    }
}

impl Act<'_> {
    /// Appends the event of this change.
    pub fn event(&self, action: Action, subject: Subject, before: Value, after: Value) -> Result<()> {
        self.event_with(action, subject, before, after, None)
    }

    /// As [`Act::event`], with the reference of the sign-in that caused it.
    pub fn event_with(
        &self,
        action: Action,
        subject: Subject,
        before: Value,
        after: Value,
        reference: Option<String>,
    ) -> Result<()> {
        let event = NewEvent {
            at: self.now,
            actor: self.actor.clone(),
            action,
            subject,
            before,
            after,
            reference,
        };
        store::events::insert(self.w, event)
    }

    /// A new attempt of this visitor: refused, and going nowhere, until something says otherwise.
    pub fn attempt(&self, kind: SignInKind, visitor: Visitor) -> SignIn {
        SignIn {
            id: SignInId::new(self.now, self.random_id()),
            reference: self.random.reference(),
            connection_id: None,
            kind,
            outcome: Outcome::Refused,
            request_id: None,
            return_to: "/".to_owned(),
            person_id: None,
            issuer: None,
            subject: None,
            email: None,
            given_name: None,
            family_name: None,
            problem: None,
            trace: Trace::default(),
            address: visitor.address,
            user_agent: visitor.user_agent,
            started_by: None,
            started_at: self.now,
            finished_at: Some(self.now),
        }
    }

    /// Fails unless the actor's role has this permission.
    pub fn need(&self, permission: Permission) -> Result<()> {
        if self.role.may(permission) {
            return Ok(());
        }
        Err(Error::denied(format!(
            "Your role may not {}. Ask an owner to do it, or for a role that may.",
            permission.words()
        )))
    }

    /// Fails unless the actor is an owner.
    pub fn need_owner(&self) -> Result<()> {
        if self.role.owns() {
            Ok(())
        } else {
            Err(Error::escalation(
                "Only an owner may do this.",
                "what only an owner may do",
            ))
        }
    }

    pub fn random_id(&self) -> [u8; 10] {
        self.random.bytes()
    }
}

/// How tokens are stored: their SHA-256 only.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// The visitor behind a request, for traces and sessions.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    pub address: String,
    /// Cut to 300 characters.
    pub user_agent: String,
    /// Addresses that count as one for throttling: an IPv4 address, an IPv6 /64.
    pub throttle_key: String,
}
