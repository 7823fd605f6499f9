//! A lost passphrase: one of the recovery codes replaces it once, and a new passphrase is set.
//!
//! Unknown people and wrong codes get one answer; the throttle is the passphrase's own, so that a second
//! door gives no second set of guesses. Every session that was open ends.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::model::{Action, Actor, Email, Method, Outcome, SignIn};
use crate::store;

use super::enroll::plain_recovery_code;
use super::passphrase::{Answered, blank_row, check_strength};
use super::sign_on::session::{self, Door};
use super::throttle::{self, Keys};
use super::{Act, Context, Visitor, Who, administer, gate, hash, notices};

/// What somebody typed at `/login/recovery`.
pub struct Recovery {
    pub email: String,
    pub code: String,
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
    let (visitor, old_token) = (typed.visitor, typed.old_token);
    ctx.act(Who::Doorward, move |act| {
        let person = store::people::find_by_email(act.w, &key)?;
        let mut row = SignIn {
            return_to: "/admin".to_owned(),
            ..blank_row(act, person.as_ref(), visitor)
        };
        row.problem = Some("recovery.wrong".to_owned());
        let entering = person.filter(gate::may_enter);
        let right = match &entering {
            Some(person) => store::passphrases::use_recovery_code(act.w, person.id, &code, act.now)?,
            None => false,
        };
        let Some(person) = entering.filter(|_| right) else {
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
            strong: false,
            old_token,
        };
        let entered = session::begin(&act, &person, &row, door)?;
        Ok(Answered::Entered(entered, person.id))
    })
    .await
}
