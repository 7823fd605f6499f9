//! Sweeping: what has expired goes, a minute at a time, in one small transaction.

use crate::error::Result;
use crate::model::time::{DAY, MINUTE};
use crate::store;

use super::{Context, Who, enforce, feeds, provision, reconcile, throttle};

/// How often the sweep runs.
pub const EVERY: i64 = MINUTE;
/// How long a sign-in and its trace are kept.
pub const TRACE_LIFE: i64 = 30 * DAY;

/// How long the mail page shows what was sent and what could not be.
const MAIL_LIFE: i64 = 7 * DAY;

/// How long what has expired is remembered, so that a code or refresh token that comes again is recognised.
const CREDENTIAL_LIFE: i64 = 30 * DAY;
/// So many requests of each connection go in one sweep, so that no write waits long behind it.
const REQUESTS_AT_ONCE: usize = 20_000;

/// Of attempts that anybody can cause without an account, so many that wait are kept and so many that ended: a flood
/// must not fill the disk. What waits is bounded by address as well ([`throttle::STARTS_PER_ADDRESS`]).
pub const LOOSE_TRACES: i64 = 50_000;

/// How long what an identity provider removed can be restored.
pub const REMOVED_LIFE: i64 = 30 * DAY;

/// Removes expired sessions, used assertions, old traces, forgotten throttles, expired credentials and links, old
/// mails, old requests,
/// and what identity providers removed long ago.
pub async fn sweep(ctx: &Context) -> Result<()> {
    enforce::keep_time(ctx).await?;
    ctx.act(Who::Doorward, |act| {
        store::sessions::delete_expired(act.w, act.now)?;
        store::held_forms::delete_expired(act.w, act.now)?;
        store::seen_assertions::delete_expired(act.w, act.now)?;
        store::sign_outs::delete_expired(act.w, act.now)?;
        store::sign_ins::delete_before(act.w, act.now.minus(TRACE_LIFE))?;
        store::sign_ins::delete_loose_beyond(act.w, LOOSE_TRACES)?;
        throttle::sweep(act.w, act.now)?;
        store::one_time_links::delete_expired(act.w, act.now)?;
        store::mails::delete_done_before(act.w, act.now.minus(MAIL_LIFE))?;
        store::oauth::delete_old_codes(act.w, act.now.minus(DAY))?;
        store::scim_credentials::delete_expired(act.w, act.now.minus(CREDENTIAL_LIFE), act.now)?;
        for connection in store::connections::list(act.w)? {
            let before = act.now.minus(i64::from(connection.scim.log_days) * DAY);
            store::scim_requests::sweep(act.w, connection.id, before, REQUESTS_AT_ONCE)?;
        }
        let before = act.now.minus(REMOVED_LIFE);
        feeds::forget(act, before)?;
        store::directory::members::sweep(act.w, before)?;
        store::directory::groups::sweep(act.w, before)?;
        provision::project::forget(act, before)?;
        store::removals::sweep(act.w, before)?;
        store::reviews::forget_kept(act.w, act.now.minus(reconcile::undo::LIFE))?;
        Ok(())
    })
    .await
}

/// Does the database read, and does its disk take a transaction?
pub async fn can_work(ctx: &Context) -> Result<()> {
    ctx.store.reading(store::organization::find).await?;
    // Empty, but it has to reach the write lock all the same.
    ctx.store.write(|_| Ok(())).await
}
