//! Passphrases: the rule for new ones, argon2id at most two at a time, and signing in with one.
//!
//! Known, unknown and deactivated people get the same answer in the same time: a hash is computed either
//! way, and the throttle counts what was typed, not who it was. An attempt is counted before it is judged.

mod change;

pub use change::{Change, change};

use std::time::{Duration, Instant};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};
use crate::model::sign_in::Trace;
use crate::model::{Check, Connection, Email, Method, Person, PersonId, SignIn, SignInKind, Verdict};
use crate::store;

use super::enforce::{self, DoorKind};
use super::sign_on::session::{self, Entered};
use super::throttle::{self, Keys};
use super::{Act, Context, Visitor, Who, factors, gate};

/// Shortest passphrase, in characters, as long as it is the only factor (ASVS V6.2.9).
pub const SHORTEST: usize = 15;
/// Longest, in bytes: enough for any sentence, too little to keep us busy.
pub const LONGEST: usize = 256;
/// What a refusal takes beside the hash, whoever was refused and however much there was to read and write.
const AROUND_A_REFUSAL: Duration = Duration::from_millis(5);

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
    /// The passphrase was right and a second factor is asked for: the cookie of the second step.
    Asked {
        cookie: String,
    },
    /// Wrong, unknown or deactivated: one answer for all. The reference leads an admin to the trace.
    Refused {
        reference: String,
    },
    /// Proved, and to be proved elsewhere: an enforcement shuts this door, and these are the open ones.
    Elsewhere {
        reference: String,
        through: Vec<Connection>,
    },
}

/// Signs in with e-mail and passphrase. `RateLimited` when too much was wrong lately.
pub async fn sign_in(ctx: &Context, attempt: Attempt) -> Result<Answered> {
    let key = Email::parse(&attempt.email).map_or_else(|_| attempt.email.trim().to_lowercase(), |e| e.key());
    let began = Instant::now();
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
    let id = person.as_ref().map(|p| p.id);
    let keys = Keys::of(ctx, &key, id, attempt.device.as_deref(), &attempt.visitor);
    throttle::reserve(ctx, &keys).await?;
    let phc = found.and_then(|(_, phc)| phc);
    let prepared = began.elapsed();
    let right = match ctx.hasher.verify(attempt.passphrase, phc).await {
        Ok(right) => right,
        Err(busy) => {
            throttle::give_back(ctx, &keys).await?;
            return Err(busy);
        }
    };
    let compared = Instant::now();
    let judged = Judged {
        person,
        right,
        return_to: attempt.return_to,
        visitor: attempt.visitor,
        old_token: attempt.old_token,
    };
    let answered = ctx
        .act(Who::Doorward, move |act| settle(act, judged, &keys))
        .await?;
    if matches!(answered, Answered::Refused { .. }) {
        // A right passphrase whose door is shut has more to read than a wrong one, and an unknown person less.
        let taken = prepared + compared.elapsed();
        tokio::time::sleep(AROUND_A_REFUSAL.saturating_sub(taken)).await;
    }
    Ok(answered)
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
    let mut sign_in = SignIn {
        return_to: judged.return_to,
        ..blank_row(act, person, judged.visitor)
    };
    // An admin may have changed the answer since it was read: read again what decides.
    let entering = person
        .filter(|_| judged.right)
        .map(|p| store::people::get(act.w, p.id));
    let entering = entering.transpose()?.filter(gate::may_enter);
    let door = DoorKind::own(Method::Passphrase);
    let elsewhere = match &entering {
        Some(person) => enforce::elsewhere(act.w, person, door, act.now)?,
        None => None,
    };
    // Who is sent elsewhere gets the answer of a wrong passphrase, so that nobody learns here that it was right.
    let Some(entering) = entering.filter(|_| elsewhere.is_none()) else {
        sign_in.trace = trace(person, judged.right);
        if let Some(check) = elsewhere {
            sign_in.problem = Some(check.code.clone());
            sign_in.trace.checks.push(check);
        }
        store::sign_ins::insert(act.w, &sign_in, None)?;
        return Ok(Answered::Refused {
            reference: sign_in.reference,
        });
    };
    keys.was_right(act)?;
    let door = session::Door {
        method: Method::Passphrase,
        connection: None,
        ends_at: None,
        idp: None,
        proved_at: Some(act.now),
        strong: false,
        old_token: judged.old_token,
    };
    factors::step::enter_or_ask(act, &entering, sign_in, door)
}

/// An attempt that is refused until something says otherwise.
pub(super) fn blank_row(act: &Act, person: Option<&Person>, visitor: Visitor) -> SignIn {
    SignIn {
        person_id: person.map(|p| p.id),
        // What a stranger typed is not kept: it may be a passphrase in the wrong field.
        email: person.map(|p| p.email.to_string()),
        problem: Some("passphrase.wrong".to_owned()),
        ..act.attempt(SignInKind::Passphrase, visitor)
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
