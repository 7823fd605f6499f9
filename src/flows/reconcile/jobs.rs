//! What is being applied, and how far it has come. In memory only: what the process does not finish was never done.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};
use crate::model::{ConnectionId, ReviewId};

/// One plan on its way to people.
#[derive(Debug, Default)]
pub struct Job {
    total: AtomicUsize,
    done: AtomicUsize,
    end: Mutex<Option<std::result::Result<ReviewId, String>>>,
}

impl Job {
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

    pub(super) fn finish(&self, end: Result<ReviewId>) {
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
    pub(super) fn begin(&self, connection: ConnectionId) -> Result<Arc<Job>> {
        let mut jobs = self.state();
        if jobs.get(&connection).is_some_and(|job| job.end().is_none()) {
            return Err(Error::conflict(
                "Changes of this integration are being applied at this moment. Wait for the result.",
            ));
        }
        let job = Arc::new(Job::default());
        jobs.insert(connection, job.clone());
        Ok(job)
    }

    fn state(&self) -> MutexGuard<'_, HashMap<ConnectionId, Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
