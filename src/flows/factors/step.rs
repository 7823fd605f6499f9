//! The second step: the passphrase was right, the session waits for a code, a passkey or a recovery code.
//!
//! The attempt itself is what waits: its row in `sign_ins` belongs to one browser, is good for ten minutes and ends with
//! the first right answer. Until then there is no session at all.

use subtle::ConstantTimeEq;

use crate::error::{Error, Kind, Result};
use crate::flows::passphrase::Answered;
use crate::flows::sign_on::session::{self, Door};
use crate::flows::throttle::{self, Keys};
use crate::flows::{Act, Context, Visitor, Who, gate, hash};
use crate::model::time::MINUTE;
use crate::model::{Actor, Check, Method, Outcome, Person, SignIn, Timestamp, Verdict};
use crate::store::{self, Reader};

use super::challenges::Purpose;
use super::passkeys::{self, Presented, Refused, Right};
use super::{Claim, claim, has_second_factor, proved, spend};

/// How long the second step waits.
pub const LIFE: i64 = 10 * MINUTE;

const WAITING: &str = "second_factor.waiting";
const WRONG: &str = "second_factor.wrong";

/// Lets somebody in whose passphrase was right (or whom a one-time link named), or asks for their second factor first.
/// `sign_in` is written either way; what `door` says of strength counts only without a second factor.
pub fn enter_or_ask(act: &Act, person: &Person, mut sign_in: SignIn, door: Door) -> Result<Answered> {
    if !has_second_factor(act.w, person.id)? {
        sign_in.outcome = Outcome::Succeeded;
        sign_in.problem = None;
        store::sign_ins::insert(act.w, &sign_in, None)?;
        let entered = session::begin(act, person, &sign_in, door)?;
        return Ok(Answered::Entered(entered, person.id));
    }
    let token = act.random.token();
    sign_in.outcome = Outcome::Waiting;
    sign_in.problem = Some(WAITING.to_owned());
    sign_in.finished_at = None;
    sign_in.trace.checks = vec![
        check(
            "passphrase.right",
            "The passphrase is right",
            Verdict::Passed,
            None,
        ),
        check(WRONG, "The second factor is right", Verdict::NotReached, None),
    ];
    store::sign_ins::insert(act.w, &sign_in, Some(&hash(&token)))?;
    Ok(Answered::Asked {
        cookie: format!("{}.{token}", sign_in.reference),
    })
}

fn check(code: &str, title: &str, verdict: Verdict, received: Option<&str>) -> Check {
    let failed = verdict == Verdict::Failed;
    Check {
        code: code.to_owned(),
        title: title.to_owned(),
        verdict,
        expected: None,
        received: received.map(str::to_owned),
        remedy: failed.then(|| {
            "The passphrase was right, the second factor was not. If the person has lost it, they use a recovery code, or an owner removes it on their page.".to_owned()
        }),
    }
}

/// A sign-in that waits for its second step.
#[derive(Clone, Debug)]
pub struct Pending {
    pub person: Person,
    pub sign_in: SignIn,
    pub has_totp: bool,
    pub has_passkeys: bool,
}

/// The sign-in of this browser that waits; `NotFound` for any other browser, when it is done, or too old.
pub fn pending(r: &Reader, cookie: Option<&str>, now: Timestamp) -> Result<Pending> {
    let gone = || Error::not_found("sign-in that waits in this browser");
    let (reference, token) = cookie
        .filter(|cookie| cookie.len() < 100)
        .and_then(|cookie| cookie.split_once('.'))
        .ok_or_else(gone)?;
    let (sign_in, browser) = store::sign_ins::find_with_browser(r, reference)?.ok_or_else(gone)?;
    let same = bool::from(hash(token).ct_eq(&browser));
    let waits = sign_in.outcome == Outcome::Waiting && sign_in.kind.is_local();
    if !same || !waits || !(0..LIFE).contains(&now.since(sign_in.started_at)) {
        return Err(gone());
    }
    let id = sign_in.person_id.ok_or_else(gone)?;
    let person = store::people::find(r, id)?
        .filter(gate::may_enter)
        .ok_or_else(gone)?;
    // A passphrase that was replaced meanwhile proves nothing any more.
    if store::passphrases::changed_at(r, id)?.is_some_and(|changed| changed > sign_in.started_at) {
        return Err(gone());
    }
    let factors = super::find(r, id)?;
    Ok(Pending {
        has_totp: factors.totp.is_some(),
        has_passkeys: !factors.passkeys.is_empty(),
        person,
        sign_in,
    })
}

/// What comes along with an answer.
pub struct Answer {
    pub cookie: Option<String>,
    pub visitor: Visitor,
    pub device: Option<String>,
    /// The session that this browser holds now; it ends when the sign-in is good.
    pub old_token: Option<String>,
}

async fn look(ctx: &Context, cookie: Option<String>) -> Result<Pending> {
    let now = ctx.now();
    ctx.store
        .reading(move |r| pending(r, cookie.as_deref(), now))
        .await
}

/// Ends the second step with a code of the app, or a recovery code. `RateLimited` when too many were wrong lately.
pub async fn with_code(ctx: &Context, answer: Answer, typed: &str) -> Result<Answered> {
    let found = look(ctx, answer.cookie.clone()).await?;
    let id = found.person.id;
    let keys = Keys::of_factor(ctx, id, answer.device.as_deref(), &answer.visitor);
    throttle::reserve(ctx, &keys).await?;
    let claim = claim(ctx, id, typed, true).await?;
    ctx.act(Who::Doorward, move |act| {
        // Somebody may have been faster with the same browser: read again what decides.
        let found = pending(act.w, answer.cookie.as_deref(), act.now)?;
        let act = as_person(act, &found.person);
        if !spend(&act, &found.person, &claim)? {
            let words = match claim {
                Claim::Step { .. } => "A code that was used before.",
                Claim::Recovery(_) => "No recovery code of theirs, or one that was used.",
                Claim::Nothing => "Not the code of their authenticator app at this time.",
            };
            return refuse(&act, found.sign_in, words);
        }
        keys.was_right(&act)?;
        if claim.is_of_the_factor() {
            proved(&act, found.person.id)?;
        }
        enter(&act, found, answer.old_token)
    })
    .await
}

/// Ends the second step with a passkey of the person.
pub async fn with_passkey(ctx: &Context, answer: Answer, presented: Presented) -> Result<Answered> {
    let found = look(ctx, answer.cookie.clone()).await?;
    // A signature is not guessed; what is bounded is the work.
    let keys = Keys::of_address("passkey", &answer.visitor);
    throttle::reserve(ctx, &keys).await?;
    let judged = passkeys::judge(ctx, Purpose::SecondStep(found.person.id), &presented).await?;
    ctx.act(Who::Doorward, move |act| {
        let found = pending(act.w, answer.cookie.as_deref(), act.now)?;
        let act = as_person(act, &found.person);
        let refused = match judged {
            Ok(right) if is_current(&act, &right)? => {
                keys.was_right(&act)?;
                proved(&act, found.person.id)?;
                return enter(&act, found, answer.old_token);
            }
            Ok(right) => removed(right),
            Err(refused) => refused,
        };
        passkeys::suspect(&act, &refused, Some(found.sign_in.reference.clone()))?;
        refuse(&act, found.sign_in, &refused.words)
    })
    .await
}

pub(super) fn is_current(act: &Act, right: &Right) -> Result<bool> {
    passkeys::used(act, right)
}

pub(super) fn removed(right: Right) -> Refused {
    Refused {
        code: "passkey.known",
        words: "The passkey was removed, or used twice at once.".to_owned(),
        row: Some(right.row),
    }
}

fn as_person<'a>(act: &'a Act<'a>, person: &Person) -> Act<'a> {
    let actor = Actor::Person {
        id: person.id,
        label: person.display_name(),
    };
    Act { actor, ..*act }
}

/// The attempt goes on waiting; its trace says what was wrong last.
fn refuse(act: &Act, mut sign_in: SignIn, words: &str) -> Result<Answered> {
    sign_in.problem = Some(WRONG.to_owned());
    sign_in.trace.checks.truncate(1);
    sign_in.trace.checks.push(check(
        WRONG,
        "The second factor is right",
        Verdict::Failed,
        Some(words),
    ));
    store::sign_ins::finish(act.w, &sign_in)?;
    Ok(Answered::Refused {
        reference: sign_in.reference,
    })
}

fn enter(act: &Act, found: Pending, old_token: Option<String>) -> Result<Answered> {
    let mut sign_in = found.sign_in;
    sign_in.outcome = Outcome::Succeeded;
    sign_in.problem = None;
    sign_in.finished_at = Some(act.now);
    sign_in.trace.checks.truncate(1);
    sign_in
        .trace
        .checks
        .push(check(WRONG, "The second factor is right", Verdict::Passed, None));
    store::sign_ins::finish(act.w, &sign_in)?;
    let door = Door {
        method: Method::Passphrase,
        connection: None,
        ends_at: None,
        idp: None,
        proved_at: Some(act.now),
        strong: true,
        old_token,
    };
    let entered = session::begin(act, &found.person, &sign_in, door)?;
    Ok(Answered::Entered(entered, found.person.id))
}

/// Was it too late, or another browser? Then the page sends its reader back to the beginning.
pub fn is_gone(error: &Error) -> bool {
    error.kind == Kind::NotFound
}
