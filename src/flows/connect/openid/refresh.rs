//! Once a day a provider's discovery document is read again: it may have moved an endpoint. What cannot be read
//! changes nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::flows::connect::{facts, subject};
use crate::flows::{Act, Context, Who, administer::difference};
use crate::model::time::{DAY, HOUR};
use crate::model::{Action, Connection, ConnectionId, OpenIdProvider};
use crate::oidc;
use crate::store;

/// A document that was read so long ago is read again.
const EVERY: i64 = DAY;
/// After a vain attempt.
const AGAIN: i64 = HOUR;
const LOOK: Duration = Duration::from_secs(60);

/// Looks after all providers for as long as the process runs.
pub async fn keep_discovering(ctx: Arc<Context>) {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Err(error) = refresh_providers(&ctx).await {
            tracing::warn!(%error, "identity providers could not be read again; the next minute tries again");
        }
    }
}

/// Reads those again whose turn it is, one after the other.
pub async fn refresh_providers(ctx: &Context) -> Result<()> {
    let now = ctx.now();
    let due = ctx.store.reading(move |r| {
        let mut due = Vec::new();
        for connection in store::connections::list(r)?
            .into_iter()
            .filter(Connection::is_door)
        {
            let Some(provider) = connection.oidc.provider.clone() else {
                continue;
            };
            let kept = store::provider_keys::find(r, connection.id)?;
            if kept.is_none_or(|kept| now.since(kept.discovered_at) >= EVERY) {
                due.push((connection, provider));
            }
        }
        Ok(due)
    });
    for (connection, provider) in due.await? {
        let read = read(ctx, &provider).await;
        let id = connection.id;
        if let Err(problem) = &read {
            tracing::warn!(connection = %connection.slug, %problem, "its discovery document could not be read again");
        }
        ctx.act(Who::Doorward, move |act| match read {
            Ok(found) => {
                store::provider_keys::touch_discovery(act.w, id, act.now)?;
                replace(act, id, &provider, found)
            }
            Err(_) => store::provider_keys::touch_discovery(act.w, id, act.now.minus(EVERY - AGAIN)),
        })
        .await?;
    }
    Ok(())
}

async fn read(ctx: &Context, provider: &OpenIdProvider) -> std::result::Result<OpenIdProvider, String> {
    let url = oidc::discovery_url(&provider.issuer).map_err(|problem| problem.to_string())?;
    let fetched = ctx.outbound.get(&url, oidc::DISCOVERY_LIMIT).await;
    let fetched = fetched.map_err(|problem| problem.to_string())?;
    let found =
        oidc::read_discovery(&fetched.body, &provider.issuer).map_err(|problem| problem.to_string())?;
    Ok(found.provider(&provider.client_id))
}

/// Takes over what changed, unless an admin changed the provider meanwhile.
fn replace(act: &Act, id: ConnectionId, asked: &OpenIdProvider, found: OpenIdProvider) -> Result<()> {
    let Some(was) = store::connections::find(act.w, id)? else {
        return Ok(());
    };
    if was.oidc.provider.as_ref() != Some(asked) || *asked == found {
        return Ok(());
    }
    let mut is = was.clone();
    is.oidc.provider = Some(found);
    is.updated_at = act.now;
    store::connections::update(act.w, &is)?;
    let (before, after) = difference(&facts(act.w, &was)?, &facts(act.w, &is)?);
    act.event(Action::ConnectionChanged, subject(&is), before, after)
}
