//! Changing one's own passphrase: with the current one, whatever else the session proved.

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::check_strength;
use crate::error::{Error, Result};
use crate::flows::gate::Principal;
use crate::flows::throttle::{self, Keys};
use crate::flows::{Context, Visitor, Who, administer, notices};
use crate::model::Action;
use crate::store;

/// What somebody typed.
pub struct Change {
    pub current: Zeroizing<String>,
    pub new: Zeroizing<String>,
    pub device: Option<String>,
    pub visitor: Visitor,
}

/// Changes it and ends every other session. `Invalid` for a weak one, or a wrong current one, which is counted together
/// with signing in; `Conflict` for somebody who has none.
pub async fn change(ctx: &Context, principal: &Principal, wanted: Change) -> Result<()> {
    let person = principal.person();
    let name = person.display_name();
    let words = [person.email.as_str(), name.as_str()];
    check_strength(&wanted.new, &words).map_err(|message| Error::invalid("passphrase", message))?;
    let (id, kept) = (person.id, principal.session().id);
    let phc = ctx
        .store
        .reading(move |r| store::passphrases::find(r, id))
        .await?;
    if phc.is_none() {
        return Err(Error::conflict(
            "You have no passphrase here: you sign in another way, and nothing is to be changed.",
        ));
    }
    let keys = Keys::of(
        ctx,
        &person.email.key(),
        Some(id),
        wanted.device.as_deref(),
        &wanted.visitor,
    );
    throttle::reserve(ctx, &keys).await?;
    let judged = async {
        let right = ctx.hasher.verify(wanted.current, phc.clone()).await?;
        let fresh = ctx.hasher.hash(wanted.new, ctx.random.bytes()).await?;
        Ok((right, fresh))
    };
    let (right, fresh) = match judged.await {
        Ok(judged) => judged,
        Err(busy) => {
            throttle::give_back(ctx, &keys).await?;
            return Err(busy);
        }
    };
    if !right {
        return Err(Error::invalid("current", "This is not your current passphrase."));
    }
    ctx.act(Who::Person(id), move |act| {
        keys.was_right(act)?;
        // Somebody may have changed it in another window: what was proved must still be what counts.
        if store::passphrases::find(act.w, id)? != phc {
            return Err(Error::conflict("Your passphrase was changed meanwhile."));
        }
        store::passphrases::put(act.w, id, &fresh, act.now)?;
        let ended = store::sessions::delete_others(act.w, id, kept)?;
        let person = store::people::get(act.w, id)?;
        let after = json!({ "how": "account page", "sessions_ended": ended });
        act.event(
            Action::PassphraseChanged,
            administer::subject(&person),
            Value::Null,
            after,
        )?;
        notices::passphrase_changed(act, &person, "on your account page")
    })
    .await
}
