//! How often somebody may be wrong: by account, by known device, and by address; and how often they may begin.
//!
//! An attempt is counted before it is judged and taken back when it was right, so that a hundred at once are
//! a hundred and not one.

use crate::error::{Error, Kind, Result};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{PersonId, Timestamp};
use crate::store::{Writer, throttles};

use super::{Act, Context, Visitor, Who, hash};

/// Failures for one account within [`WINDOW`], and for one address within [`ADDRESS_WINDOW`].
pub const FAILURES_PER_ACCOUNT: i64 = 10;
pub const WINDOW: i64 = 15 * MINUTE;
pub const FAILURES_PER_ADDRESS: i64 = 30;
pub const ADDRESS_WINDOW: i64 = MINUTE;
/// Sign-ins that one address may start through identity providers within [`ADDRESS_WINDOW`]. Nothing is guessed there;
/// but each start is remembered for a while, and nobody may fill that memory. A whole office shares an address.
pub const STARTS_PER_ADDRESS: i64 = 120;
/// After so many failures in a row the account waits a day, whatever the window says (NIST 800-63B).
pub const FAILURES_IN_A_ROW: i64 = 100;

/// What an attempt is counted by.
#[derive(Clone)]
pub struct Keys {
    /// The account that was typed, or the known device in front of it; `None` where there is none to be protected.
    account: Option<String>,
    address: String,
}

impl Keys {
    /// `device` is the cookie that an earlier good sign-in of `person` left behind.
    pub fn of(
        ctx: &Context,
        email_key: &str,
        person: Option<PersonId>,
        device: Option<&str>,
        visitor: &Visitor,
    ) -> Self {
        let known = person
            .zip(device)
            .filter(|(person, device)| is_known_device(ctx, *person, device));
        // Whoever guesses from elsewhere cannot lock the owner out of a browser that was let in before.
        let account = match known {
            Some((_, device)) => format!("device:{}", hex(&hash(device))),
            None => format!("account:{}", hex(&hash(email_key))),
        };
        Self {
            account: Some(account),
            address: format!("address:{}", visitor.throttle_key),
        }
    }

    /// Codes of a second factor, by person: apart from the passphrase's count, which a right passphrase clears.
    pub fn of_factor(ctx: &Context, person: PersonId, device: Option<&str>, visitor: &Visitor) -> Self {
        let known = device.filter(|device| is_known_device(ctx, person, device));
        let account = match known {
            Some(device) => format!("factor-device:{}", hex(&hash(device))),
            None => format!("factor:{person}"),
        };
        Self {
            account: Some(account),
            address: format!("address:{}", visitor.throttle_key),
        }
    }

    /// By address alone, at the door of this name: where secrets are too long to be guessed, only the noise is
    /// bounded, and nobody can lock anybody else out.
    pub fn of_address(door: &str, visitor: &Visitor) -> Self {
        Self {
            account: None,
            address: format!("{door}:{}", visitor.throttle_key),
        }
    }

    /// Lets an account start anew, whatever was got wrong for it.
    pub fn forget_account(act: &Act, email_key: &str) -> Result<()> {
        throttles::delete(act.w, &format!("account:{}", hex(&hash(email_key))))
    }

    /// Each key with its limit and window.
    fn limits(&self) -> impl Iterator<Item = (&str, i64, i64)> {
        let account = self.account.as_deref();
        let account = account.map(|key| (key, FAILURES_PER_ACCOUNT, WINDOW));
        let address = (self.address.as_str(), FAILURES_PER_ADDRESS, ADDRESS_WINDOW);
        account.into_iter().chain([address])
    }

    /// The attempt was good: the account starts anew. The address keeps what else it got wrong, because
    /// a guesser may have an account of their own here.
    pub fn was_right(&self, act: &Act) -> Result<()> {
        if let Some(account) = &self.account {
            throttles::delete(act.w, account)?;
        }
        throttles::forgive(act.w, &self.address)
    }
}

/// Counts the attempt. `RateLimited` when one of the keys has failed too often lately.
pub async fn reserve(ctx: &Context, keys: &Keys) -> Result<()> {
    let keys = keys.clone();
    ctx.act(Who::Doorward, move |act| {
        let mut longest = 0;
        for (key, limit, window) in keys.limits() {
            if let Some(count) = throttles::find(act.w, key)? {
                longest = longest.max(wait(count, limit, window, act.now));
            }
        }
        if longest > 0 {
            let seconds = u64::try_from(longest).unwrap_or(0).div_ceil(1000);
            let message = "There were too many wrong attempts. Wait a while, then try again.";
            return Err(Error::new(Kind::RateLimited(seconds), message));
        }
        for (key, _, window) in keys.limits() {
            throttles::count(act.w, key, window, act.now)?;
        }
        Ok(())
    })
    .await
}

/// Counts the start of a sign-in at an identity provider. `RateLimited` when too many came from this address lately.
pub fn count_start(act: &Act, visitor: &Visitor) -> Result<()> {
    let key = format!("start:{}", visitor.throttle_key);
    let before = throttles::find(act.w, &key)?;
    let longest = before.map_or(0, |count| {
        wait(count, STARTS_PER_ADDRESS, ADDRESS_WINDOW, act.now)
    });
    if longest > 0 {
        let seconds = u64::try_from(longest).unwrap_or(0).div_ceil(1000);
        let message = "Too many sign-ins were started from your network within a minute. Wait a minute, then try again.";
        return Err(Error::new(Kind::RateLimited(seconds), message));
    }
    throttles::count(act.w, &key, ADDRESS_WINDOW, act.now)
}

/// Counts something that may happen `limit` times within `window` for `key`. `RateLimited`, with these words, beyond it.
pub fn bound(act: &Act, key: &str, limit: i64, window: i64, message: &str) -> Result<()> {
    if let Some(count) = throttles::find(act.w, key)? {
        let wait = window - act.now.0.saturating_sub(count.window_began_at);
        if count.failures >= limit && wait > 0 {
            let seconds = u64::try_from(wait).unwrap_or(0).div_ceil(1000);
            return Err(Error::new(Kind::RateLimited(seconds), message));
        }
    }
    throttles::count(act.w, key, window, act.now)
}

/// Takes an attempt back that could not be judged.
pub async fn give_back(ctx: &Context, keys: &Keys) -> Result<()> {
    let keys = keys.clone();
    ctx.act(Who::Doorward, move |act| {
        keys.limits()
            .try_for_each(|(key, ..)| throttles::forgive(act.w, key))
    })
    .await
}

fn wait(count: throttles::Count, limit: i64, window: i64, now: Timestamp) -> i64 {
    let began = Timestamp(count.window_began_at);
    if window == WINDOW && count.in_a_row >= FAILURES_IN_A_ROW {
        return began.plus(DAY).since(now).max(0);
    }
    if count.failures >= limit {
        began.plus(window).since(now).max(0)
    } else {
        0
    }
}

/// A cookie that says: this person signed in here before. Good for throttling only, never for signing in.
pub fn device_cookie(ctx: &Context, person: PersonId) -> String {
    let nonce = ctx.random.token();
    let mark = ctx.vault.mark(&format!("device {person} {nonce}"));
    format!("{nonce}.{}", hex(&mark))
}

fn is_known_device(ctx: &Context, person: PersonId, cookie: &str) -> bool {
    let Some((nonce, mark)) = cookie.split_once('.') else {
        return false;
    };
    unhex(mark).is_some_and(|mark| ctx.vault.is_marked(&format!("device {person} {nonce}"), &mark))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() > 128 {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

/// Forgets failures that no window reaches any more.
pub fn sweep(w: &Writer, now: Timestamp) -> Result<usize> {
    throttles::delete_before(w, now.minus(DAY + HOUR))
}
