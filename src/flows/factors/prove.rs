//! Proving who one is while signed in: for what needs a fresh proof. Makes no session.

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::flows::gate::Principal;
use crate::flows::throttle::{self, Keys};
use crate::flows::{Context, Visitor, Who};
use crate::store;

use super::challenges::Purpose;
use super::passkeys::{self, Presented};
use super::step::is_current;
use super::{Claim, claim, find, proved, spend};

/// What somebody shows.
pub enum Proof {
    /// The passphrase, with a code of the app or a recovery code where the person has a second factor.
    Passphrase {
        passphrase: Zeroizing<String>,
        code: Option<String>,
    },
    /// The answer to a challenge for [`Purpose::Proof`].
    Passkey(Presented),
}

/// How good the proof was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// The passphrase of somebody who has no second factor.
    Passphrase,
    /// A passkey, or passphrase and second factor.
    Strong,
}

/// Judges a proof of the person who is signed in. `Denied` when it is wrong or not enough; `RateLimited` when too much
/// was wrong lately, counted together with signing in.
pub async fn prove(
    ctx: &Context,
    principal: &Principal,
    proof: Proof,
    device: Option<&str>,
    visitor: &Visitor,
) -> Result<Strength> {
    match proof {
        Proof::Passphrase { passphrase, code } => {
            with_passphrase(ctx, principal, passphrase, code, device, visitor).await
        }
        Proof::Passkey(presented) => with_passkey(ctx, principal, presented, visitor).await,
    }
}

async fn with_passphrase(
    ctx: &Context,
    principal: &Principal,
    passphrase: Zeroizing<String>,
    code: Option<String>,
    device: Option<&str>,
    visitor: &Visitor,
) -> Result<Strength> {
    let person = principal.person().clone();
    let id = person.id;
    let (phc, factors) = ctx
        .store
        .reading(move |r| Ok((store::passphrases::find(r, id)?, find(r, id)?)))
        .await?;
    let keys = Keys::of(ctx, &person.email.key(), Some(id), device, visitor);
    throttle::reserve(ctx, &keys).await?;
    let right = match ctx.hasher.verify(passphrase, phc).await {
        Ok(right) => right,
        Err(busy) => {
            throttle::give_back(ctx, &keys).await?;
            return Err(busy);
        }
    };
    let wrong = || Error::denied("The passphrase or the code is not right.");
    if !right {
        return Err(wrong());
    }
    if !factors.has_second() {
        ctx.act(Who::Person(id), move |act| keys.was_right(act)).await?;
        return Ok(Strength::Passphrase);
    }
    let code_keys = Keys::of_factor(ctx, id, device, visitor);
    throttle::reserve(ctx, &code_keys).await?;
    let claim = match code {
        Some(typed) => claim(ctx, id, &typed, true).await?,
        None => Claim::Nothing,
    };
    let good = ctx
        .act(Who::Person(id), move |act| {
            keys.was_right(act)?;
            if !spend(act, &person, &claim)? {
                return Ok(false);
            }
            code_keys.was_right(act)?;
            if claim.is_of_the_factor() {
                proved(act, id)?;
            }
            Ok(true)
        })
        .await?;
    if good { Ok(Strength::Strong) } else { Err(wrong()) }
}

async fn with_passkey(
    ctx: &Context,
    principal: &Principal,
    presented: Presented,
    visitor: &Visitor,
) -> Result<Strength> {
    let id = principal.person().id;
    let keys = Keys::of_address("passkey", visitor);
    throttle::reserve(ctx, &keys).await?;
    let judged = passkeys::judge(ctx, Purpose::Proof(id), &presented).await?;
    let good = ctx
        .act(Who::Person(id), move |act| {
            match judged {
                Ok(right) if is_current(act, &right)? => {
                    keys.was_right(act)?;
                    proved(act, id)?;
                    return Ok(true);
                }
                Ok(_) => {}
                Err(refused) => passkeys::suspect(act, &refused, None)?,
            }
            Ok(false)
        })
        .await?;
    if good {
        Ok(Strength::Strong)
    } else {
        Err(Error::denied("This passkey was not accepted."))
    }
}
