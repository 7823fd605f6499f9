//! Passphrases: the rule for new ones, argon2id at most two at a time, and signing in with one.
//!
//! Known, unknown and deactivated people get the same answer in the same time: a hash is computed either
//! way, and the throttle counts what was typed, not who it was. An attempt is counted before it is judged and
//! taken back when it was right.

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
    let find = move |r: &store::Reader| {
        let Some(person) = store::people::find_by_email(r, &lookup)? else {
            return Ok(None);
        };
        let phc = store::passphrases::find(r, person.id)?;
        Ok(Some((person, phc)))
    };
    let found = ctx.store.reading(find).await?;
    let person = found.as_ref().map(|(person, _)| person.clone());
    let keys = throttle_keys(ctx, &key, person.as_ref().map(|p| p.id), &attempt);
    reserve(ctx, keys.clone()).await?;
    let phc = found.and_then(|(_, phc)| phc);
    let right = match ctx.hasher.verify(attempt.passphrase, phc).await {
        Ok(right) => right,
        Err(busy) => {
            let unjudged = move |act: &Act| {
                keys.all()
                    .iter()
                    .try_for_each(|key| throttles::forgive(act.w, key))
            };
            ctx.act(Who::Doorward, unjudged).await?;
            return Err(busy);
        }
    };
    let judged = Judged {
        person,
        right,
        return_to: attempt.return_to,
        visitor: attempt.visitor,
        old_token: attempt.old_token,
    };
    ctx.act(Who::Doorward, move |act| settle(act, judged, &keys))
        .await
}

/// An attempt whose hash was compared.
struct Judged {
    person: Option<Person>,
    right: bool,
    return_to: String,
    visitor: Visitor,
    old_token: Option<String>,
}

fn settle(act: &Act, judged: Judged, keys: &Keys) -> Result<Answered> {
    let person = judged.person.as_ref();
    let mut sign_in = row(act.now, act.random, person, judged.return_to, judged.visitor);
    // An admin may have changed the answer since it was read: read again what decides.
    let entering = person
        .filter(|_| judged.right)
        .map(|p| store::people::get(act.w, p.id));
    let Some(entering) = entering.transpose()?.filter(gate::may_enter) else {
        sign_in.trace = trace(person, judged.right);
        store::sign_ins::insert(act.w, &sign_in, None)?;
        return Ok(Answered::Refused {
            reference: sign_in.reference,
        });
    };
    throttles::delete(act.w, &keys.account)?;
    // The address keeps what else it got wrong: a guesser may have an account of their own here.
    throttles::forgive(act.w, &keys.address)?;
    sign_in.outcome = Outcome::Succeeded;
    sign_in.problem = None;
    store::sign_ins::insert(act.w, &sign_in, None)?;
    let door = session::Door {
        method: Method::Passphrase,
        connection: None,
        ends_at: None,
        old_token: judged.old_token,
    };
    let entered = session::begin(act, &entering, &sign_in, door)?;
    Ok(Answered::Entered(entered, entering.id))
}

fn row(
    now: Timestamp,
    random: &crate::random::Random,
    person: Option<&Person>,
    return_to: String,
    visitor: Visitor,
) -> SignIn {
    SignIn {
        id: SignInId::new(now, random.bytes()),
        reference: random.reference(),
        connection_id: None,
        kind: SignInKind::Passphrase,
        outcome: Outcome::Refused,
        request_id: None,
        return_to,
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
        started_at: now,
        finished_at: Some(now),
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

/// What an attempt is counted by.
#[derive(Clone)]
struct Keys {
    /// The account that was typed, or the known device in front of it.
    account: String,
    address: String,
}

impl Keys {
    fn all(&self) -> [&str; 2] {
        [&self.account, &self.address]
    }
}

fn throttle_keys(ctx: &Context, email_key: &str, person: Option<PersonId>, attempt: &Attempt) -> Keys {
    let known = person
        .zip(attempt.device.as_deref())
        .filter(|(person, device)| is_known_device(ctx, *person, device));
    // Whoever guesses from elsewhere cannot lock the owner out of a browser that was let in before.
    let account = match known {
        Some((_, device)) => format!("device:{}", hex(&hash(device))),
        None => format!("account:{}", hex(&hash(email_key))),
    };
    Keys {
        account,
        address: format!("address:{}", attempt.visitor.throttle_key),
    }
}

/// Counts the attempt before it is judged, so that a hundred at once are a hundred and not one.
async fn reserve(ctx: &Context, keys: Keys) -> Result<()> {
    ctx.act(Who::Doorward, move |act| {
        let limits = [
            (&keys.account, FAILURES_PER_ACCOUNT, WINDOW),
            (&keys.address, FAILURES_PER_ADDRESS, ADDRESS_WINDOW),
        ];
        let mut longest = 0;
        for (key, limit, window) in limits {
            if let Some(count) = throttles::find(act.w, key)? {
                longest = longest.max(wait(count, limit, window, act.now));
            }
        }
        if longest > 0 {
            let seconds = u64::try_from(longest).unwrap_or(0).div_ceil(1000);
            let message = "There were too many wrong attempts. Wait a while, then try again.";
            return Err(Error::new(Kind::RateLimited(seconds), message));
        }
        for (key, _, window) in limits {
            throttles::count(act.w, key, window, act.now)?;
        }
        Ok(())
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
