//! A provider's signing keys: kept, refreshed, and good for a day when the provider is away.

use super::call;
use crate::error::Result;
use crate::flows::{Context, Who};
use crate::model::time::{DAY, HOUR, MINUTE};
use crate::model::{Connection, OpenIdProvider, Timestamp};
use crate::oidc::{self, Keys, OidcProblem};
use crate::store::{self, provider_keys::ProviderKeys};

/// Keys that are older are fetched again before they are used.
const FRESH: i64 = HOUR;
/// Older ones count no longer, even when the provider is away.
const LIFE: i64 = DAY;
/// Whatever happens, a provider is asked for its keys at most so often.
const EVERY: i64 = MINUTE;

/// Which keys are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Good,
    /// A token names a key that is not among those that were used.
    Newer,
}

type Asked<T> = std::result::Result<T, OidcProblem>;

/// The provider's keys. With [`Need::Newer`] `None`: there are no other ones, or it was asked a moment ago.
pub async fn provider_keys(
    ctx: &Context,
    connection: &Connection,
    provider: &OpenIdProvider,
    need: Need,
) -> Result<Asked<Option<Keys>>> {
    let id = connection.id;
    let find = move |r: &store::Reader| store::provider_keys::find(r, id);
    let kept = ctx.store.reading(find).await?;
    let (now, is_good) = (ctx.now(), need == Need::Good);
    if let Some(kept) = kept.as_ref().filter(|kept| is_good && age(kept, now) < FRESH) {
        return Ok(read(kept).map(Some));
    }
    let lane = ctx.providers.lane(id);
    let _turn = lane.keys.lock().await;
    // Somebody may have fetched them while we waited for our turn.
    let again = ctx.store.reading(find).await?;
    if let Some(now_kept) = again.as_ref().filter(|_| again != kept) {
        return Ok(read(now_kept).map(Some));
    }
    let before = now.minus(EVERY);
    let may_ask = ctx
        .act(Who::Doorward, move |act| {
            store::provider_keys::claim(act.w, id, before, act.now)
        })
        .await?;
    let usable = kept.filter(|kept| is_good && age(kept, now) < LIFE);
    if !may_ask {
        return Ok(match usable {
            Some(kept) => read(&kept).map(Some),
            None if is_good => Err(OidcProblem::Keys {
                detail: "they could not be fetched less than a minute ago, and none are left".to_owned(),
            }),
            None => Ok(None),
        });
    }
    let fetched = fetch(ctx, connection, provider).await;
    match (fetched, usable) {
        (Ok(keys), _) => {
            let jwks = keys.to_json();
            ctx.act(Who::Doorward, move |act| {
                store::provider_keys::put(act.w, id, &jwks, act.now)
            })
            .await?;
            Ok(Ok(Some(keys)))
        }
        (Err(problem), Some(kept)) => {
            tracing::warn!(connection = %connection.slug, %problem, "the kept keys are used");
            Ok(read(&kept).map(Some))
        }
        (Err(problem), None) => Ok(Err(problem)),
    }
}

async fn fetch(ctx: &Context, connection: &Connection, provider: &OpenIdProvider) -> Asked<Keys> {
    let asking = ctx.outbound.get(&provider.jwks_uri, oidc::KEYS_LIMIT);
    let fetched = call(ctx, connection.id, "the address of its keys", asking).await?;
    oidc::read_keys(&fetched.body)
}

fn read(kept: &ProviderKeys) -> Asked<Keys> {
    oidc::read_keys(kept.jwks.as_bytes())
}

fn age(kept: &ProviderKeys, now: Timestamp) -> i64 {
    now.since(kept.fetched_at)
}
