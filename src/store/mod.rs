//! All SQL. One file per table family; each has free functions `get / find / list / count / insert / update / delete`.
//!
//! How to add a table: a new file under `migrations/` (never edit an old one), one file here, functions
//! that take `&Reader` to read and `&Writer` to write. Only a flow opens a transaction, with
//! [`Store::write`]; a page may call [`Store::read`]. A look-up that may be empty is called `find` and
//! returns `Option`; `get` fails with `NotFound`; an `update` that did not hit exactly one row is an error.
//!
//! One thread owns the only write connection and commits everything that waits at once (`writer`);
//! readers are a small pool of `query_only` connections (`pool`). Nothing here is async.

pub mod access_groups;
pub mod access_requests;
pub mod apps;
pub mod break_glass;
pub mod claimed_groups;
pub mod connection_secrets;
pub mod connections;
pub mod directory;
pub mod domains;
pub mod enforcements;
pub mod events;
pub mod factors;
pub mod feeds;
pub mod held_forms;
pub mod identities;
pub mod idp_sessions;
pub mod invitations;
pub mod mails;
mod migrate;
pub mod oauth;
pub mod one_time_links;
pub mod organization;
pub mod organization_secrets;
pub mod own_keys;
pub mod passkeys;
pub mod passphrases;
pub mod people;
mod pool;
pub mod profiles;
pub mod provider_keys;
pub mod removals;
pub mod reviews;
pub mod roles;
mod rows;
pub mod scim_credentials;
pub mod scim_requests;
pub mod seen_assertions;
pub mod sessions;
pub mod sign_ins;
pub mod sign_outs;
pub mod teams;
pub mod throttles;
pub mod waiting;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
pub use pool::Reader;
pub use writer::Writer;

/// The database: clone it freely, all clones share one writer and one pool.
#[derive(Clone)]
pub struct Store {
    pool: Arc<pool::Pool>,
    queue: writer::Queue,
}

impl Store {
    /// Opens (or makes) the database file, brings it to the newest shape, starts the writer.
    /// Refuses a file of another program, of a newer Doorward, and an SQLite that loses writes.
    pub fn open(path: &Path) -> Result<Self> {
        let writer = migrate::open(path)?;
        let queue = writer::start(writer)?;
        let pool = Arc::new(pool::Pool::new(path)?);
        Ok(Self { pool, queue })
    }

    /// Reads on the calling thread, in one snapshot. Blocks: on an async thread use [`Store::reading`].
    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        self.pool.read(work)
    }

    /// Reads on a thread where blocking is allowed.
    pub async fn reading<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        let done = tokio::task::spawn_blocking(move || pool.read(work));
        done.await.map_err(crate::error::Error::internal)?
    }

    /// As [`Store::reading`], stopped when it takes longer than `limit`: [`crate::error::Error::is_too_slow`] tells.
    pub async fn reading_within<T, F>(&self, limit: Duration, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Reader) -> Result<T> + Send + 'static,
    {
        let pool = self.pool.clone();
        let done = tokio::task::spawn_blocking(move || pool.read_within(limit, work));
        done.await.map_err(crate::error::Error::internal)?
    }

    /// Runs `work` in a savepoint of the next commit and answers only when that commit is on the disk.
    /// When `work` fails, what it wrote is undone and nothing else is.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        self.queue.write(work).await
    }

    /// As [`Store::write`], quicker where many do it at once. `work` may run twice, the second time after everything
    /// that it wrote was undone: it must do nothing outside the database.
    pub async fn write_again<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Writer) -> Result<T> + Send + 'static,
    {
        self.queue.write_again(work).await
    }

    /// As [`Store::write`], in a commit of its own: for thousands of rows, in parts that may each fail.
    pub async fn write_alone<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        self.queue.write_alone(work).await
    }

    /// As [`Store::write`], for callers that are not async.
    pub fn write_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Writer) -> Result<T> + Send + 'static,
    {
        self.queue.write_blocking(work)
    }

    /// Writes what still waits, folds the write-ahead log into the file and closes the writer.
    pub fn close(&self) {
        self.queue.close();
    }
}
