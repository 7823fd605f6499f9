//! Sweeping: what has expired goes, a minute at a time, in one small transaction.

use crate::error::Result;
use crate::model::time::{DAY, MINUTE};
use crate::store;

use super::{Context, Who, throttle};

/// How often the sweep runs.
pub const EVERY: i64 = MINUTE;
/// How long a sign-in and its trace are kept.
pub const TRACE_LIFE: i64 = 30 * DAY;

/// Of attempts that anybody can cause without an account, so many are kept: a flood must not fill the disk.
pub const LOOSE_TRACES: i64 = 50_000;

/// Removes expired sessions, used assertions, old traces and forgotten throttles.
pub async fn sweep(ctx: &Context) -> Result<()> {
    ctx.act(Who::Doorward, |act| {
        store::sessions::delete_expired(act.w, act.now)?;
        store::seen_assertions::delete_expired(act.w, act.now)?;
        store::sign_ins::delete_before(act.w, act.now.minus(TRACE_LIFE))?;
        store::sign_ins::delete_loose_beyond(act.w, LOOSE_TRACES)?;
        throttle::sweep(act.w, act.now)?;
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
