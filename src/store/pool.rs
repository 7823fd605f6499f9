//! Readers: a few connections that cannot write, lent out for one closure at a time.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::migrate::settle;
use crate::error::{Error, Result};

/// Proof that the holder may read. All readers of one closure see one snapshot.
pub struct Reader<'a>(pub(super) &'a Connection);

impl Deref for Reader<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.0
    }
}

pub struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// More are opened when all are busy, but only so many are kept. To open one means to read the whole schema.
const KEPT: usize = 8;
/// Steps of SQLite's machine between two looks at the time: some ten microseconds.
const STEPS: i32 = 1_000;

impl Pool {
    pub fn new(path: &Path) -> Result<Self> {
        let pool = Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
        };
        let first = pool.open()?;
        pool.give_back(first);
        Ok(pool)
    }

    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        self.lend(None, work)
    }

    /// As [`Pool::read`]; a statement that still runs past `limit` is stopped.
    pub fn read_within<T>(&self, limit: Duration, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        self.lend(Some(limit), work)
    }

    fn lend<T>(&self, limit: Option<Duration>, work: impl FnOnce(&Reader) -> Result<T>) -> Result<T> {
        let lent = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop();
        let connection = match lent {
            Some(connection) => connection,
            None => self.open()?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        if let Some(limit) = limit {
            let began = Instant::now();
            connection.progress_handler(STEPS, Some(move || began.elapsed() > limit))?;
        }
        let result = work(&Reader(&connection));
        if limit.is_some() {
            connection.progress_handler(0, None::<fn() -> bool>)?;
        }
        // A connection that cannot end its transaction is dropped, not lent again.
        let ended = connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]));
        if ended.is_ok() {
            self.give_back(connection);
        }
        result
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }

    fn open(&self) -> Result<Connection> {
        // Read-write at the file level, because a WAL reader may have to make the shared-memory file.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(Error::from)?;
        settle(&connection)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Ok(connection)
    }
}
