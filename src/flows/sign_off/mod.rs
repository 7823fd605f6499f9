//! Signing out: here, at the identity provider, and here because an identity provider says so.
//!
//! The session here always ends first, in a transaction of its own; what an identity provider does then, or fails to
//! do, changes nothing about that. The other way round a message ends sessions only when it proves where it comes from.
//!
//! * [`leave`] is the button "Sign out", and where the browser goes afterwards.
//! * [`single_logout`] takes SAML's logout messages, [`back_channel`] the logout tokens of OpenID Providers,
//!   [`revocation`] the call that ends everything of one person.
//! * [`hint`] keeps, sealed, what a request of ours must repeat.
//!
//! Sessions are rows: one that was deleted is refused at the next request of its browser.

pub mod back_channel;
pub mod hint;
pub mod leave;
pub mod revocation;
pub mod single_logout;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

pub use leave::{Left, leave};

use super::{Act, Context, administer};
use crate::error::Result;
use crate::model::time::MINUTE;
use crate::model::{Action, Actor, Connection, Session, Timestamp};
use crate::store;

/// Why an identity provider ended sessions here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    SingleLogout,
    BackChannel,
    Revocation,
}

impl Reason {
    /// For the audit page.
    pub fn words(self) -> &'static str {
        match self {
            Reason::SingleLogout => "single logout at the identity provider",
            Reason::BackChannel => "logout token of the identity provider",
            Reason::Revocation => "sign-out everywhere, asked for by the identity provider",
        }
    }
}

/// Ends these sessions and writes one event for each person. Returns how many there were.
pub fn end(act: &Act, connection: &Connection, sessions: &[Session], reason: Reason) -> Result<usize> {
    let mut ended = BTreeMap::new();
    for session in sessions {
        if store::idp_sessions::delete(act.w, session.id)? {
            *ended.entry(session.person_id).or_insert(0_usize) += 1;
        }
    }
    let act = Act {
        actor: provider(connection),
        ..*act
    };
    for (person, count) in &ended {
        let person = store::people::get(act.w, *person)?;
        let after = json!({
            "reason": reason.words(),
            "connection": connection.name,
            "sessions_ended": count,
        });
        act.event(
            Action::SessionEnded,
            administer::subject(&person),
            Value::Null,
            after,
        )?;
    }
    Ok(ended.values().sum())
}

/// The sessions of a subject that came through a connection; when the message names sessions of the identity provider,
/// those alone, and those of which it never said a name (SAML core §3.7.3.2).
fn named(
    act: &Act,
    connection: &Connection,
    issuer: &str,
    subject: &str,
    only: &[String],
) -> Result<Vec<Session>> {
    let mut sessions = store::idp_sessions::list_by_subject(act.w, connection.id, issuer, subject)?;
    if !only.is_empty() {
        sessions.retain(|session| {
            let own = session.idp.as_ref().and_then(|idp| idp.session.as_ref());
            own.is_none_or(|own| only.contains(own))
        });
    }
    Ok(sessions)
}

/// A line in the log for a call that was refused, at most once a minute: anybody can make such calls.
fn say_seldom(ctx: &Context, connection: &Connection, rule: &str) {
    static LAST: AtomicI64 = AtomicI64::new(i64::MIN);
    let now = ctx.now();
    let last = LAST.load(Ordering::Relaxed);
    let is_due = now.since(Timestamp(last)) >= MINUTE;
    if is_due
        && LAST
            .compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    {
        tracing::warn!(connection = %connection.slug, rule, "a call to end sessions was refused");
    }
}

/// Who did it, for the log.
fn provider(connection: &Connection) -> Actor {
    Actor::IdentityProvider {
        id: connection.id,
        label: connection.name.clone(),
    }
}
