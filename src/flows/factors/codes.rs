//! What somebody types as a second factor: six digits of an authenticator app, or one of their recovery codes.
//!
//! Reading the secret and comparing happen before the transaction; using the code up happens inside it, so that of two
//! who send one code at once exactly one gets in.

use serde_json::{Value, json};

use crate::error::Result;
use crate::flows::administer::subject;
use crate::flows::enroll::{self, plain_recovery_code};
use crate::flows::{Act, Context, Who, hash, notices};
use crate::model::{Action, Person, PersonId};
use crate::store;

use super::{Own, confirmed, totp};

/// What a typed code may be worth.
pub enum Claim {
    /// It was right at this step of the app's secret.
    Step {
        sealed: Vec<u8>,
        step: i64,
    },
    /// It may be a recovery code with this hash.
    Recovery(Vec<u8>),
    Nothing,
}

impl Claim {
    /// Does it show that the second factor itself still works?
    pub fn is_of_the_factor(&self) -> bool {
        matches!(self, Claim::Step { .. })
    }
}

/// Reads what was typed. `recovery`: may it be a recovery code as well?
pub async fn claim(ctx: &Context, person: PersonId, typed: &str, recovery: bool) -> Result<Claim> {
    let digits = totp::plain(typed);
    if digits.len() > 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(if recovery && typed.len() <= 100 {
            Claim::Recovery(hash(&plain_recovery_code(typed)))
        } else {
            Claim::Nothing
        });
    }
    let Some(row) = ctx.store.reading(move |r| confirmed(r, person)).await? else {
        return Ok(Claim::Nothing);
    };
    Ok(match totp::step_of(ctx, person, &row.sealed, typed)? {
        Some(step) => Claim::Step {
            sealed: row.sealed,
            step,
        },
        None => Claim::Nothing,
    })
}

/// Uses the code up. False: it was wrong, or used before.
pub fn spend(act: &Act, person: &Person, claim: &Claim) -> Result<bool> {
    match claim {
        Claim::Nothing => Ok(false),
        Claim::Step { sealed, step } => store::factors::use_totp_step(act.w, person.id, sealed, *step),
        Claim::Recovery(code) => {
            if !store::passphrases::use_recovery_code(act.w, person.id, code, act.now)? {
                return Ok(false);
            }
            let left = store::passphrases::count_recovery_codes(act.w, person.id)?;
            let after = json!({ "codes_left": left });
            act.event(Action::RecoveryCodeUsed, subject(person), Value::Null, after)?;
            Ok(true)
        }
    }
}

/// Ten new recovery codes; the old ones are worth nothing from then on.
pub async fn make_recovery_codes(ctx: &Context, own: Own) -> Result<Vec<String>> {
    let codes = enroll::make_recovery_codes(ctx);
    let hashes: Vec<Vec<u8>> = codes
        .iter()
        .map(|code| hash(&plain_recovery_code(code)))
        .collect();
    ctx.act(Who::Person(own.session.person_id), move |act| {
        let person = own.may_change(act)?;
        store::passphrases::put_recovery_codes(act.w, person.id, &hashes, act.now)?;
        let after = json!({ "count": hashes.len() });
        act.event(Action::RecoveryCodesMade, subject(&person), Value::Null, after)?;
        notices::recovery_codes_made(act, &person)
    })
    .await?;
    Ok(codes)
}
