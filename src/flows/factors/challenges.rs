//! Challenges for passkeys that wait for their answer: in memory, bounded, for five minutes, each good once.
//!
//! A challenge belongs to the browser that asked for it, and to the person where there is one.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

use crate::flows::{Context, Visitor, hash};
use crate::model::time::MINUTE;
use crate::model::{PersonId, Timestamp};

/// How long an authenticator has to answer.
pub const LIFE: i64 = 5 * MINUTE;
/// How many wait at once: altogether, and for one address, so that noise from one pushes out its own only.
const MOST: usize = 10_000;
const MOST_OF_ADDRESS: usize = 100;

/// What the answer is for. An answer for one purpose is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A passkey alone, at the sign-in page: whoever it belongs to.
    SignIn,
    /// The second step of this person's sign-in.
    SecondStep(PersonId),
    /// This person is signed in and proves it once more.
    Proof(PersonId),
    /// This person adds a passkey.
    Registration(PersonId),
}

/// What the browser is told.
#[derive(Clone, Debug)]
pub struct Challenge {
    pub id: String,
    /// `publicKey` for `navigator.credentials`, binary parts in base64url.
    pub options: serde_json::Value,
}

pub(super) enum State {
    Assertion(DiscoverableAuthentication),
    Registration(PasskeyRegistration),
}

struct Waiting {
    purpose: Purpose,
    browser: Vec<u8>,
    address: String,
    made_at: Timestamp,
    state: State,
}

#[derive(Default)]
pub struct Challenges(Mutex<HashMap<String, Waiting>>);

impl Challenges {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a challenge for the browser that holds this token; returns the id by which its answer names it.
    pub(super) fn keep(
        &self,
        ctx: &Context,
        purpose: Purpose,
        browser: &str,
        visitor: &Visitor,
        state: State,
    ) -> String {
        let (id, now) = (ctx.random.token(), ctx.now());
        let mut waiting = self.lock();
        waiting.retain(|_, one| is_good(one, now));
        let address = &visitor.throttle_key;
        if waiting.values().filter(|one| one.address == *address).count() >= MOST_OF_ADDRESS {
            drop_oldest(&mut waiting, |one| one.address == *address);
        }
        if waiting.len() >= MOST {
            drop_oldest(&mut waiting, |_| true);
        }
        let one = Waiting {
            purpose,
            browser: hash(browser),
            address: address.clone(),
            made_at: now,
            state,
        };
        waiting.insert(id.clone(), one);
        id
    }

    /// Takes a challenge: whatever comes of it, it is gone. `None` for another browser, another purpose, or too late.
    pub(super) fn take(&self, id: &str, purpose: Purpose, browser: &str, now: Timestamp) -> Option<State> {
        let one = self.lock().remove(id)?;
        let same = one.purpose == purpose && one.browser == hash(browser);
        (same && is_good(&one, now)).then_some(one.state)
    }
}

fn is_good(one: &Waiting, now: Timestamp) -> bool {
    (0..LIFE).contains(&now.since(one.made_at))
}

fn drop_oldest(waiting: &mut HashMap<String, Waiting>, of: impl Fn(&Waiting) -> bool) {
    let oldest = waiting
        .iter()
        .filter(|(_, one)| of(one))
        .min_by_key(|(_, one)| one.made_at);
    if let Some(id) = oldest.map(|(id, _)| id.clone()) {
        waiting.remove(&id);
    }
}
