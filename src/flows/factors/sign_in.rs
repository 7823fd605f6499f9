//! A passkey alone, at the sign-in page: possession and user verification in one, with nothing typed.

use crate::error::Result;
use crate::flows::enforce::{self, DoorKind};
use crate::flows::passphrase::{Answered, blank_row};
use crate::flows::sign_on::session::{self, Door};
use crate::flows::throttle::{self, Keys};
use crate::flows::{Act, Context, Visitor, Who, gate};
use crate::model::sign_in::Trace;
use crate::model::{Check, Method, Outcome, Person, SignIn, SignInKind, Verdict};
use crate::store;

use super::challenges::Purpose;
use super::passkeys::{self, Presented, Refused, Right};
use super::proved;
use super::step::{is_current, removed};

/// What the browser sent to the sign-in page.
pub struct Attempt {
    pub presented: Presented,
    pub return_to: String,
    pub visitor: Visitor,
    pub old_token: Option<String>,
}

/// Signs in with a passkey. Unknown, deactivated and wrong are one answer.
pub async fn with_passkey(ctx: &Context, attempt: Attempt) -> Result<Answered> {
    let keys = Keys::of_address("passkey", &attempt.visitor);
    throttle::reserve(ctx, &keys).await?;
    let judged = passkeys::judge(ctx, Purpose::SignIn, &attempt.presented).await?;
    ctx.act(Who::Doorward, move |act| {
        let row = judged
            .as_ref()
            .map_or_else(|refused| refused.row.as_ref(), |right| Some(&right.row));
        let person = match row {
            Some(row) => store::people::find(act.w, row.person_id)?,
            None => None,
        };
        let sign_in = SignIn {
            kind: SignInKind::Passkey,
            return_to: attempt.return_to,
            ..blank_row(act, person.as_ref(), attempt.visitor)
        };
        match judged {
            Ok(right) => settle(act, person, sign_in, right, &keys, attempt.old_token),
            Err(refused) => refuse(act, person.as_ref(), sign_in, &refused),
        }
    })
    .await
}

fn settle(
    act: &Act,
    person: Option<Person>,
    mut sign_in: SignIn,
    right: Right,
    keys: &Keys,
    old_token: Option<String>,
) -> Result<Answered> {
    let Some(entering) = person.clone().filter(gate::may_enter) else {
        let refused = Refused {
            code: "passkey.active",
            words: "The person is deactivated.".to_owned(),
            row: Some(right.row),
        };
        return refuse(act, person.as_ref(), sign_in, &refused);
    };
    if !is_current(act, &right)? {
        return refuse(act, person.as_ref(), sign_in, &removed(right));
    }
    let door = DoorKind::own(Method::Passkey);
    if let Some(check) = enforce::elsewhere(act.w, &entering, door, act.now)? {
        return send_elsewhere(act, &entering, sign_in, check);
    }
    keys.was_right(act)?;
    sign_in.outcome = Outcome::Succeeded;
    sign_in.problem = None;
    store::sign_ins::insert(act.w, &sign_in, None)?;
    let door = Door {
        method: Method::Passkey,
        connection: None,
        ends_at: None,
        idp: None,
        proved_at: Some(act.now),
        strong: true,
        old_token,
    };
    let entered = session::begin(act, &entering, &sign_in, door)?;
    proved(act, entering.id)?;
    Ok(Answered::Entered(entered, entering.id))
}

/// The passkey was right, so the person may know which way is theirs.
fn send_elsewhere(act: &Act, person: &Person, mut sign_in: SignIn, check: Check) -> Result<Answered> {
    sign_in.problem = Some(check.code.clone());
    sign_in.trace.checks.push(check);
    store::sign_ins::insert(act.w, &sign_in, None)?;
    Ok(Answered::Elsewhere {
        reference: sign_in.reference,
        through: enforce::only_through(act.w, &person.email.domain(), act.now)?,
    })
}

fn refuse(act: &Act, person: Option<&Person>, mut sign_in: SignIn, refused: &Refused) -> Result<Answered> {
    sign_in.problem = Some(refused.code.to_owned());
    sign_in.trace = trace(person.is_some(), refused);
    store::sign_ins::insert(act.w, &sign_in, None)?;
    passkeys::suspect(act, refused, Some(sign_in.reference.clone()))?;
    Ok(Answered::Refused {
        reference: sign_in.reference,
    })
}

/// The admin sees which rule it was; the person never does.
fn trace(known: bool, refused: &Refused) -> Trace {
    let rules = [
        (
            "passkey.challenge",
            "It answers a challenge of this browser",
            "Let the person try once more, without waiting.",
        ),
        (
            "passkey.known",
            "The passkey belongs to a person here",
            "The passkey was removed here. The person can remove it from their device too.",
        ),
        (
            "passkey.active",
            "The person is active",
            "The person is deactivated. Reactivate them on their page if they should come in.",
        ),
        (
            "passkey.right",
            "The signature is right, from our address, and the user was verified",
            "If it says origin, the person used another address than the base URL.",
        ),
        (
            "passkey.counter",
            "The counter moved on",
            "Ask the person where the passkey is stored. When in doubt, remove it on their page and let them register a new one.",
        ),
    ];
    let failed = rules.iter().position(|(code, ..)| *code == refused.code);
    let line = |(at, (code, title, remedy)): (usize, &(&str, &str, &str))| {
        let verdict = match failed {
            Some(failed) if at == failed => Verdict::Failed,
            Some(failed) if at < failed && (known || at == 0) => Verdict::Passed,
            _ => Verdict::NotReached,
        };
        let is_it = verdict == Verdict::Failed;
        Check {
            code: (*code).to_owned(),
            title: (*title).to_owned(),
            verdict,
            expected: None,
            received: is_it.then(|| refused.words.clone()),
            remedy: is_it.then(|| (*remedy).to_owned()),
        }
    };
    Trace {
        checks: rules.iter().enumerate().map(line).collect(),
        ..Trace::default()
    }
}
