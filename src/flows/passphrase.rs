//! Passphrases: the rule for new ones, argon2id at most two at a time, and signing in with one.
//!
//! Known, unknown and deactivated people get the same answer in the same time: a hash is computed either
//! way, and the throttle counts what was typed, not who it was.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::model::sign_in::Trace;
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{
    Check, Email, Method, Outcome, Person, PersonId, SignIn, SignInId, SignInKind, Timestamp, Verdict,
};
use crate::store::{self, Writer, throttles};

use super::sign_on::session::{self, Entered};
use super::{Act, Context, Visitor, Who, gate, hash};

/// Shortest passphrase, in characters, as long as it is the only factor (ASVS V6.2.9).
pub const SHORTEST: usize = 15;
/// Longest, in bytes: enough for any sentence, too little to keep us busy.
pub const LONGEST: usize = 256;
/// Failures for one account within [`WINDOW`], and for one address within [`ADDRESS_WINDOW`].
pub const FAILURES_PER_ACCOUNT: i64 = 10;
pub const WINDOW: i64 = 15 * MINUTE;
pub const FAILURES_PER_ADDRESS: i64 = 30;
pub const ADDRESS_WINDOW: i64 = MINUTE;
/// After so many failures in a row the account waits a day, whatever the window says (NIST 800-63B).
pub const FAILURES_IN_A_ROW: i64 = 100;

/// Refuses a passphrase that is too short, too long or known. `words` are what an attacker would try first.
pub fn check_strength(passphrase: &str, words: &[&str]) -> Result<(), String> {
    if passphrase.chars().count() < SHORTEST {
        return Err(format!(
            "Use at least {SHORTEST} characters. Four or five words that only you would put together are good."
        ));
    }
    if passphrase.len() > LONGEST {
        return Err(format!("Use at most {LONGEST} bytes."));
    }
    let mut words: Vec<&str> = words.to_vec();
    words.push("doorward");
    // zxcvbn knows 30,000 common passwords, names, keyboard walks and repetitions; its time grows with the square.
    let head: String = passphrase.chars().take(100).collect();
    if zxcvbn::zxcvbn(&head, &words).score() < zxcvbn::Score::Three {
        return Err("This passphrase is among the first that an attacker tries. Put together words that do not belong together.".to_owned());
    }
    Ok(())
}

/// argon2id, 19 MiB, two passes: at most two at a time and fifty in the queue.
pub struct Hasher {
    running: Semaphore,
    waiting: Semaphore,
    dummy: String,
}

impl Default for Hasher {
    fn default() -> Self {
        // A valid hash of nothing anybody can type, made once, so that an unknown person costs the same.
        let dummy =
            "$argon2id$v=19$m=19456,t=2,p=1$ZG9vcndhcmRkdW1teQ$7mPq1UM9Jw3wSgBSg5uo3CVy5OqYkTNJm2wzYcOTUy8";
        Self {
            running: Semaphore::new(2),
            waiting: Semaphore::new(50),
            dummy: dummy.to_owned(),
        }
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

impl Hasher {
    /// The PHC string of a passphrase.
    pub async fn hash(&self, passphrase: Zeroizing<String>, salt: [u8; 16]) -> Result<String> {
        self.run(move || {
            let hashed = argon2().hash_password_with_salt(passphrase.as_bytes(), &salt);
            hashed
                .map(|phc| phc.to_string())
                .map_err(|e| Error::internal(e.to_string()))
        })
        .await
    }

    /// Does the passphrase belong to the hash? Without a hash: no, in the same time.
    pub async fn verify(&self, passphrase: Zeroizing<String>, phc: Option<String>) -> Result<bool> {
        let known = phc.is_some();
        let phc = phc.unwrap_or_else(|| self.dummy.clone());
        self.run(move || {
            let parsed = PasswordHash::new(&phc).map_err(|e| Error::internal(e.to_string()))?;
            Ok(argon2().verify_password(passphrase.as_bytes(), &parsed).is_ok() && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let busy = || {
            Error::new(
                Kind::RateLimited(5),
                "Too many people sign in at once. Try again in a few seconds.",
            )
        };
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let _turn = self.running.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// What somebody typed at `/login`.
pub struct Attempt {
    pub email: String,
    pub passphrase: Zeroizing<String>,
    pub return_to: String,
    pub visitor: Visitor,
    /// The device cookie that an earlier good sign-in left behind.
    pub device: Option<String>,
    /// The session that this browser holds now; it ends when the sign-in is good.
    pub old_token: Option<String>,
}

/// How a sign-in with a passphrase ended.
pub enum Answered {
    Entered(Entered, PersonId),
    /// Wrong, unknown or deactivated: one answer for all. The reference leads an admin to the trace.
    Refused {
        reference: String,
    },
}

/// Signs in with e-mail and passphrase. `RateLimited` when too much was wrong lately.
pub async fn sign_in(ctx: &Context, attempt: Attempt) -> Result<Answered> {
    let key = Email::parse(&attempt.email).map_or_else(|_| attempt.email.trim().to_lowercase(), |e| e.key());
    let lookup = key.clone();
    let found = ctx
        .store
        .reading(move |r| {
            let Some(person) = store::people::find_by_email(r, &lookup)? else {
                return Ok(None);
            };
            let phc = store::passphrases::find(r, person.id)?;
            Ok(Some((person, phc)))
        })
        .await?;
    let person = found.as_ref().map(|(person, _)| person.id);
    let keys = throttle_keys(ctx, &key, person, attempt.device.as_deref(), &attempt.visitor);
    refuse_if_throttled(ctx, &keys).await?;
    let phc = found.as_ref().and_then(|(_, phc)| phc.clone());
    let right = ctx.hasher.verify(attempt.passphrase, phc).await?;
    let person = found.map(|(person, _)| person);
    let (return_to, visitor, old) = (attempt.return_to, attempt.visitor, attempt.old_token);
    let entering = person.clone().filter(|person| right && gate::may_enter(person));
    ctx.act(Who::Doorward, move |act| {
        let mut sign_in = SignIn {
            return_to,
            ..blank_row(act, person.as_ref(), visitor)
        };
        // Two people changed the answer since it was read: read again what decides.
        let entering = entering
            .map(|p| store::people::get(act.w, p.id))
            .transpose()?
            .filter(gate::may_enter);
        let Some(person) = entering else {
            for (key, window) in &keys {
                throttles::count(act.w, key, *window, act.now)?;
            }
            sign_in.trace = trace(person.as_ref(), right);
            store::sign_ins::insert(act.w, &sign_in, None)?;
            return Ok(Answered::Refused {
                reference: sign_in.reference,
            });
        };
        for (key, _) in &keys {
            throttles::delete(act.w, key)?;
        }
        sign_in.outcome = Outcome::Succeeded;
        sign_in.problem = None;
        store::sign_ins::insert(act.w, &sign_in, None)?;
        let entered = session::begin(
            act,
            &person,
            &sign_in,
            session::Door {
                method: Method::Passphrase,
                connection: None,
                ends_at: None,
                old_token: old,
            },
        )?;
        Ok(Answered::Entered(entered, person.id))
    })
    .await
}

/// An attempt that is refused until something says otherwise.
pub(super) fn blank_row(act: &Act, person: Option<&Person>, visitor: Visitor) -> SignIn {
    SignIn {
        id: SignInId::new(act.now, act.random_id()),
        reference: act.random.reference(),
        connection_id: None,
        kind: SignInKind::Passphrase,
        outcome: Outcome::Refused,
        request_id: None,
        return_to: "/".to_owned(),
        person_id: person.map(|p| p.id),
        issuer: None,
        subject: None,
        // What a stranger typed is not kept: it may be a passphrase in the wrong field.
        email: person.map(|p| p.email.to_string()),
        given_name: None,
        family_name: None,
        problem: Some("passphrase.wrong".to_owned()),
        trace: Trace::default(),
        address: visitor.address,
        user_agent: visitor.user_agent,
        started_by: None,
        started_at: act.now,
        finished_at: Some(act.now),
    }
}

/// The admin sees which of the three it was; the person never does.
fn trace(person: Option<&Person>, right: bool) -> Trace {
    let check = |code: &str, title: &str, ok: bool, remedy: &str| Check {
        code: code.to_owned(),
        title: title.to_owned(),
        verdict: if ok { Verdict::Passed } else { Verdict::Failed },
        expected: None,
        received: None,
        remedy: (!ok).then(|| remedy.to_owned()),
    };
    let mut checks = vec![check(
        "passphrase.known",
        "The e-mail address belongs to a person here",
        person.is_some(),
        "Nobody here has the address that was typed. Add the person, or tell them which address is theirs here.",
    )];
    if let Some(person) = person {
        checks.push(check(
            "passphrase.active",
            "The person is active",
            person.is_active(),
            "The person is deactivated. Reactivate them on their page if they should come in.",
        ));
        checks.push(check(
            "passphrase.right",
            "The passphrase is right",
            right,
            "The passphrase was wrong, or the person has none and signs in through an integration.",
        ));
    }
    Trace {
        checks,
        ..Trace::default()
    }
}

/// What failures are counted by: the account (or a browser known to it) and the address.
pub(super) fn throttle_keys(
    ctx: &Context,
    email_key: &str,
    person: Option<PersonId>,
    device: Option<&str>,
    visitor: &Visitor,
) -> Vec<(String, i64)> {
    let known = person
        .zip(device)
        .filter(|(person, device)| is_known_device(ctx, *person, device));
    // Whoever guesses from elsewhere cannot lock the owner out of a browser that was let in before.
    let account = match known {
        Some((_, device)) => format!("device:{}", hex(&hash(device))),
        None => format!("account:{}", hex(&hash(email_key))),
    };
    vec![
        (account, WINDOW),
        (format!("address:{}", visitor.throttle_key), ADDRESS_WINDOW),
    ]
}

/// `RateLimited` when one of the keys has failed too often lately.
pub(super) async fn refuse_if_throttled(ctx: &Context, keys: &[(String, i64)]) -> Result<()> {
    let now = ctx.now();
    let keys = keys.to_vec();
    let wait = ctx
        .store
        .reading(move |r| {
            let mut longest = 0;
            for (key, window) in &keys {
                let limit = if *window == WINDOW {
                    FAILURES_PER_ACCOUNT
                } else {
                    FAILURES_PER_ADDRESS
                };
                if let Some(count) = throttles::find(r, key)? {
                    longest = longest.max(wait(count, limit, *window, now));
                }
            }
            Ok(longest)
        })
        .await?;
    match u64::try_from(wait).unwrap_or(0) {
        0 => Ok(()),
        millis => Err(Error::new(
            Kind::RateLimited(millis.div_ceil(1000)),
            "There were too many wrong attempts. Wait a while, then try again.",
        )),
    }
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
    if !text.is_ascii() || text.len() % 2 != 0 || text.len() > 128 {
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
