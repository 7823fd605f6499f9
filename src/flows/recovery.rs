//! A lost passphrase: one of the recovery codes replaces it once, and a new passphrase is set.
//!
//! Unknown people and wrong codes get one answer; the throttle is the passphrase's own, so that a second
//! door gives no second set of guesses. Every session that was open ends.
//!
//! Whoever has an authenticator app gives its code as well: a sheet of recovery codes that was found must not be both the
//! passphrase and the second factor. Who has lost both asks another owner, or runs `doorward recover` on the server.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::model::{Action, Actor, Email, Method, Outcome, Person, SignIn};
use crate::store;

use super::enforce::{self, DoorKind};
use super::enroll::plain_recovery_code;
use super::factors::{self, Claim};
use super::passphrase::{Answered, blank_row, check_strength};
use super::sign_on::session::{self, Door};
use super::throttle::{self, Keys};
use super::{Act, Context, Visitor, Who, administer, gate, hash, notices};

/// What somebody typed at `/login/recovery`.
pub struct Recovery {
    pub email: String,
    pub code: String,
    /// A code of the authenticator app, where the account has one.
    pub second: String,
    pub passphrase: Zeroizing<String>,
    pub visitor: Visitor,
    pub old_token: Option<String>,
}

/// Signs in with a recovery code and sets a new passphrase. `Invalid` for a weak one, before anything else.
pub async fn recover(ctx: &Context, typed: Recovery) -> Result<Answered> {
    let words = [typed.email.as_str()];
    check_strength(&typed.passphrase, &words).map_err(|message| Error::invalid("passphrase", message))?;
    let key = Email::parse(&typed.email).map_or_else(|_| typed.email.trim().to_lowercase(), |e| e.key());
    // No device counts here: whoever has lost the passphrase has no claim to a browser either.
    let keys = Keys::of(ctx, &key, None, None, &typed.visitor);
    throttle::reserve(ctx, &keys).await?;
    let phc = match ctx.hasher.hash(typed.passphrase, ctx.random.bytes()).await {
        Ok(phc) => phc,
        Err(busy) => {
            throttle::give_back(ctx, &keys).await?;
            return Err(busy);
        }
    };
    let code = hash(&plain_recovery_code(&typed.code));
    let second = second_claim(ctx, &key, &typed.second).await?;
    let (visitor, old_token) = (typed.visitor, typed.old_token);
    ctx.act(Who::Doorward, move |act| {
        let person = store::people::find_by_email(act.w, &key)?;
        let mut row = SignIn {
            return_to: "/admin".to_owned(),
            ..blank_row(act, person.as_ref(), visitor)
        };
        row.problem = Some("recovery.wrong".to_owned());
        let mut entering = person.filter(gate::may_enter);
        // Before the code is used up: it stays good for the day on which this door is theirs again.
        if let Some(person) = &entering {
            let door = DoorKind::own(Method::Passphrase);
            if let Some(check) = enforce::elsewhere(act.w, person, door, act.now)? {
                row.problem = Some(check.code.clone());
                row.trace.checks.push(check);
                entering = None;
            }
        }
        let right = match &entering {
            Some(person) => use_both(act, person, &code, &second)?,
            None => None,
        };
        let (Some(person), Some(strong)) = (entering, right) else {
            store::sign_ins::insert(act.w, &row, None)?;
            return Ok(Answered::Refused {
                reference: row.reference,
            });
        };
        keys.was_right(act)?;
        store::passphrases::put(act.w, person.id, &phc, act.now)?;
        let ended = store::sessions::delete_of_person(act.w, person.id)?;
        let left = store::passphrases::count_recovery_codes(act.w, person.id)?;
        let actor = Actor::Person {
            id: person.id,
            label: person.display_name(),
        };
        let act = Act { actor, ..*act };
        let after = json!({ "how": "recovery code", "codes_left": left, "sessions_ended": ended });
        let reference = Some(row.reference.clone());
        act.event_with(
            Action::PassphraseChanged,
            administer::subject(&person),
            Value::Null,
            after,
            reference,
        )?;
        notices::passphrase_changed(&act, &person, "with a recovery code")?;
        row.outcome = Outcome::Succeeded;
        row.problem = None;
        store::sign_ins::insert(act.w, &row, None)?;
        let door = Door {
            method: Method::Passphrase,
            connection: None,
            ends_at: None,
            idp: None,
            proved_at: Some(act.now),
            strong,
            old_token,
        };
        let entered = session::begin(&act, &person, &row, door)?;
        Ok(Answered::Entered(entered, person.id))
    })
    .await
}

/// What the code of the authenticator app is worth for whoever has this address.
async fn second_claim(ctx: &Context, key: &str, typed: &str) -> Result<Claim> {
    let key = key.to_owned();
    let found = ctx
        .store
        .reading(move |r| store::people::find_by_email(r, &key))
        .await?;
    match found {
        // A recovery code is no second factor here: it is what stands for the passphrase already.
        Some(person) => factors::claim(ctx, person.id, typed, false).await,
        None => Ok(Claim::Nothing),
    }
}

/// Uses up the recovery code and, where the person has a second factor, the app's code with it: neither goes when the
/// other is wrong. `Some(strong)` when all of it was right.
fn use_both(act: &Act, person: &Person, code: &[u8], second: &Claim) -> Result<Option<bool>> {
    if !store::passphrases::has_recovery_code(act.w, person.id, code)? {
        return Ok(None);
    }
    let strong = factors::has_second_factor(act.w, person.id)?;
    if strong && !factors::spend(act, person, second)? {
        return Ok(None);
    }
    let used = store::passphrases::use_recovery_code(act.w, person.id, code, act.now)?;
    Ok(used.then_some(strong))
}
