//! Rows that wait to be written together: those of requests that changed nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::{Kind, Result};
use crate::flows::Context;
use crate::model::time::SECOND;
use crate::model::{ConnectionId, Timestamp};
use crate::store::scim_requests::{self, ScimRequest};
use crate::store::{Writer, connections};

/// So many are written at once, and no row waits longer than this.
const TOGETHER: usize = 256;
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// When the disk does not follow, rows beyond this are dropped and counted: the memory has an end.
const MOST: usize = 20_000;

/// See the module.
#[derive(Default)]
pub struct Buffer {
    state: Mutex<State>,
    /// The first row since the last writing is there.
    some: Notify,
    /// Enough for a writing are there.
    many: Notify,
    /// Held while rows are being written: whoever lists the log behind it finds them.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    rows: Vec<ScimRequest>,
    dropped: u64,
    /// When a stranger's refusal was last kept, and how many were not since.
    strangers: HashMap<ConnectionId, (Timestamp, u64)>,
}

impl Buffer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the row for the next writing.
    pub fn push(&self, row: ScimRequest) {
        let waiting = {
            let mut state = self.state();
            if state.rows.len() >= MOST {
                state.dropped += 1;
                return;
            }
            state.rows.push(row);
            state.rows.len()
        };
        match waiting {
            1 => self.some.notify_one(),
            TOGETHER => self.many.notify_one(),
            _ => {}
        }
    }

    /// May a refusal without credential be kept now? With how many were not, since the last that was.
    pub fn may_note_stranger(&self, connection: ConnectionId, now: Timestamp) -> Option<u64> {
        let mut state = self.state();
        match state.strangers.get_mut(&connection) {
            Some((last, unsaid)) if now.since(*last) < SECOND && now >= *last => {
                *unsaid += 1;
                None
            }
            other => {
                let unsaid = other.map_or(0, |(_, unsaid)| *unsaid);
                state.strangers.insert(connection, (now, 0));
                Some(unsaid)
            }
        }
    }

    fn take(&self) -> (Vec<ScimRequest>, u64) {
        let mut state = self.state();
        (
            std::mem::take(&mut state.rows),
            std::mem::take(&mut state.dropped),
        )
    }

    /// Rows that could not be written go back to the front.
    fn put_back(&self, mut rows: Vec<ScimRequest>) {
        let mut state = self.state();
        rows.append(&mut state.rows);
        let over = rows.len().saturating_sub(MOST);
        rows.truncate(MOST);
        state.rows = rows;
        state.dropped += over as u64;
    }
}

/// Writes what waits. For whoever is about to list the log, and for a stop.
pub async fn flush(ctx: &Context) -> Result<()> {
    let _turn = ctx.scim_log.turn.lock().await;
    let (rows, dropped) = ctx.scim_log.take();
    if dropped > 0 {
        tracing::warn!(
            dropped,
            "the log of SCIM requests could not follow; these are not in it"
        );
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rows = Arc::new(rows);
    let copy = Arc::clone(&rows);
    let written = ctx.store.write(move |w| write(w, &copy));
    if let Err(error) = written.await {
        ctx.scim_log
            .put_back(Arc::try_unwrap(rows).unwrap_or_else(|shared| shared.to_vec()));
        return Err(error);
    }
    Ok(())
}

fn write(w: &Writer, rows: &[ScimRequest]) -> Result<()> {
    let mut known = HashMap::new();
    for row in rows {
        // A connection that was removed in the meantime took its log with it.
        let there = match known.get(&row.connection_id) {
            Some(there) => *there,
            None => connections::find(w, row.connection_id)?.is_some(),
        };
        known.insert(row.connection_id, there);
        if !there {
            continue;
        }
        match scim_requests::insert(w, row) {
            // One row that makes no sense must not keep the others back for ever.
            Err(error) if error.kind == Kind::Internal => {
                tracing::error!(%error, cause = ?error.source, "a row of the log of SCIM requests was not taken");
            }
            written => written?,
        }
    }
    Ok(())
}

/// Writes whenever rows have waited long enough. Ends only when it is dropped; sleeps while there is nothing.
pub async fn keep_flushing(ctx: Arc<Context>) {
    loop {
        ctx.scim_log.some.notified().await;
        tokio::select! {
            () = tokio::time::sleep(LONGEST_WAIT) => {}
            () = ctx.scim_log.many.notified() => {}
        }
        while let Err(error) = flush(&ctx).await {
            tracing::warn!(%error, "the log of SCIM requests could not be written; it is tried again");
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
    }
}
