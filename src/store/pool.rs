//! Readers: a few connections that cannot write, lent out for one closure at a time.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

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

/// More are opened when all are busy, but only so many are kept.
const KEPT: usize = 4;

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
        let lent = self
            .idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop();
        let connection = match lent {
            Some(connection) => connection,
            None => self.open()?,
        };
        connection.execute_batch("BEGIN")?;
        let result = work(&Reader(&connection));
        // A connection that cannot end its transaction is dropped, not lent again.
        if connection.execute_batch("COMMIT").is_ok() {
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
