//! What is being applied or taken back, and how far it has come. In memory only: what the process does not finish was
//! never done.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::flows::{Act, Context, Who};
use crate::model::{ConnectionId, ReviewId};

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Apply,
    TakeBack(ReviewId),
}

/// One plan on its way to people, or back.
#[derive(Debug)]
pub struct Job {
    pub work: Work,
    total: AtomicUsize,
    done: AtomicUsize,
    end: Mutex<Option<std::result::Result<ReviewId, String>>>,
}

impl Job {
    pub fn new(work: Work) -> Self {
        Self {
            work,
            total: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            end: Mutex::new(None),
        }
    }

    pub fn set_total(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
    }

    pub fn count(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many lines are done, and of how many.
    pub fn progress(&self) -> (usize, usize) {
        let total = self.total.load(Ordering::Relaxed);
        (self.done.load(Ordering::Relaxed).min(total), total)
    }

    /// What it came to: the review, or why nothing was done. `None` while it runs.
    pub fn end(&self) -> Option<std::result::Result<ReviewId, String>> {
        self.state().clone()
    }

    fn finish(&self, end: Result<ReviewId>) {
        *self.state() = Some(end.map_err(|error| error.message));
    }

    fn state(&self) -> MutexGuard<'_, Option<std::result::Result<ReviewId, String>>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last job of each connection since the start.
#[derive(Debug, Default)]
pub struct Jobs(Mutex<HashMap<ConnectionId, Arc<Job>>>);

impl Jobs {
    pub fn last(&self, connection: ConnectionId) -> Option<Arc<Job>> {
        self.state().get(&connection).cloned()
    }

    /// A new one, unless one is under way.
    pub(super) fn begin(&self, connection: ConnectionId, work: Work) -> Result<Arc<Job>> {
        let mut jobs = self.state();
        if jobs.get(&connection).is_some_and(|job| job.end().is_none()) {
            return Err(Error::conflict(
                "Changes of this integration are being applied or taken back at this moment. Wait for the result.",
            ));
        }
        let job = Arc::new(Job::new(work));
        jobs.insert(connection, job.clone());
        Ok(job)
    }

    fn state(&self) -> MutexGuard<'_, HashMap<ConnectionId, Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does the work beside the request that began it, in a commit of its own.
pub(super) fn spawn(
    ctx: &Arc<Context>,
    who: Who,
    job: Arc<Job>,
    work: impl FnOnce(&Act, &Job) -> Result<ReviewId> + Send + 'static,
) {
    let ctx = Arc::clone(ctx);
    tokio::spawn(async move {
        let seen = Arc::clone(&job);
        let done = ctx.act_alone(who, move |act| work(act, &seen)).await;
        if let Err(error) = &done {
            tracing::error!(%error, work = ?job.work, "a review was not finished");
        }
        job.finish(done);
    });
}
