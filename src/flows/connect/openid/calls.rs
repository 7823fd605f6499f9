//! Calls to OpenID Providers: each connection has lanes of its own, so that one that is slow holds up its own
//! people only.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turn, Semaphore};

use crate::flows::Context;
use crate::model::ConnectionId;
use crate::oidc::OidcProblem;
use crate::outbound::UpstreamProblem;

/// So many calls of one connection are under way at once.
const AT_ONCE: usize = 16;
/// So long a call waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the process keeps of OpenID Providers beside the database.
#[derive(Default)]
pub struct Providers(Mutex<HashMap<ConnectionId, Arc<Lane>>>);

/// One connection's.
pub struct Lane {
    calls: Semaphore,
    /// Whoever holds it may fetch this provider's keys; the others wait for what comes of it.
    pub keys: Turn<()>,
}

impl Providers {
    pub fn lane(&self, id: ConnectionId) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            Arc::new(Lane {
                calls: Semaphore::new(AT_ONCE),
                keys: Turn::new(()),
            })
        };
        lanes.entry(id).or_insert_with(new).clone()
    }
}

/// Makes a call to the connection's provider when it is its turn; `what` names the other end in a trace.
pub async fn call<T>(
    ctx: &Context,
    id: ConnectionId,
    what: &'static str,
    work: impl Future<Output = Result<T, UpstreamProblem>>,
) -> Result<T, OidcProblem> {
    let lane = ctx.providers.lane(id);
    let Ok(Ok(_turn)) = tokio::time::timeout(PATIENCE, lane.calls.acquire()).await else {
        let reason =
            "Too many sign-ins wait for it already, because it answers slowly. Look at the provider.";
        return Err(OidcProblem::Unreachable {
            what,
            reason: reason.to_owned(),
        });
    };
    work.await.map_err(|problem| OidcProblem::Unreachable {
        what,
        reason: problem.to_string(),
    })
}
