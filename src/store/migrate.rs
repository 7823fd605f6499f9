//! Opening the file: pragmas, the checks that must hold before anything is read, and the migrations.
//!
//! Two rules: never change or remove a migration that was released; never make a change that a reader of
//! the version before would misread. A file that a newer program wrote is refused, not guessed at.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use rusqlite_migration::{M, Migrations};

use crate::error::{Error, Kind, Result};

/// `DOOR` in ASCII: marks the file as ours (`PRAGMA application_id`).
const APPLICATION_ID: i64 = 0x444F_4F52;
/// Older ones can lose a committed write when a checkpoint races (fixed in 3.51.3).
const OLDEST_SQLITE: i32 = 3_051_003;

const STEPS: &[M<'static>] = &[
    M::up(include_str!("../../migrations/0001_first.sql")),
    M::up(include_str!("../../migrations/0002_provisioning.sql")),
    M::up(include_str!("../../migrations/0003_sign_on.sql")),
    M::up(include_str!("../../migrations/0004_roles.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/0005_mapping.sql")),
    M::up(include_str!("../../migrations/0006_access.sql")),
    M::up(include_str!("../../migrations/0007_quicker.sql")),
    M::up(include_str!("../../migrations/0008_invitations.sql")).foreign_key_check(),
    M::up(include_str!("../../migrations/0009_review.sql")),
];

/// The write connection, migrated and ready.
pub fn open(path: &Path) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(refuse(
            "The SQLite built into this program is too old to be safe; use 3.51.3 or newer.",
        ));
    }
    let mut connection = Connection::open(path).map_err(|e| unreadable(path, e))?;
    let application: i64 = pragma(&connection, "application_id").map_err(|e| unreadable(path, e))?;
    let version: i64 = pragma(&connection, "user_version").map_err(|e| unreadable(path, e))?;
    let is_empty: bool = connection
        .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|e| unreadable(path, e))?;
    // Most programs mark their files in no way; their tables give them away.
    if application != APPLICATION_ID && (application != 0 || version != 0 || !is_empty) {
        return Err(refuse(format!(
            "{} is not a database of Doorward; name another data directory.",
            path.display()
        )));
    }
    if version > STEPS.len() as i64 {
        return Err(refuse(format!(
            "{} was written by a newer Doorward (version {version} of its tables, this program knows {}). \
             Start the newer program.",
            path.display(),
            STEPS.len()
        )));
    }
    let mode: String = connection
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(|e| unreadable(path, e))?;
    if mode != "wal" {
        return Err(refuse(format!(
            "The disk under {} cannot keep a write-ahead log; use a local disk, not a network share.",
            path.display()
        )));
    }
    settle(&connection)?;
    connection
        // The one writer works all over the file, and folds the log in less often: what many commits wrote to the same
        // page goes into the file once.
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA cache_size = -16000;",
        )
        .map_err(Error::from)?;
    // Before the tables: a first start that is killed in between must find the file to be its own.
    if application != APPLICATION_ID {
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(Error::from)?;
    }
    // A step that makes a table anew would take with it what refers to the old one; and what renames a table must not
    // read the triggers that still speak of it. Both can be set only outside of a transaction.
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;")
        .map_err(Error::from)?;
    Migrations::from_slice(STEPS)
        .to_latest(&mut connection)
        .map_err(Error::internal)?;
    connection
        .execute_batch("PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON;")
        .map_err(Error::from)?;
    Ok(connection)
}

/// What every connection sets, reader or writer.
pub fn settle(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON; PRAGMA busy_timeout = 5000;
         PRAGMA cache_size = -2000;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

fn refuse(message: impl Into<String>) -> Error {
    Error::new(Kind::Unavailable, message)
}

fn unreadable(path: &Path, cause: rusqlite::Error) -> Error {
    let message = format!(
        "{} cannot be read as a database ({cause}). Restore it from a backup, or name another data directory.",
        path.display()
    );
    Error::unavailable(message, cause)
}
