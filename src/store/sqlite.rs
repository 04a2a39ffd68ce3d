//! Opening a SQLite file that is ours, or refusing it untouched.
//!
//! Every file carries an application id and a schema version. Commits are durable when they return (WAL,
//! synchronous FULL) unless a transaction is one that can be rebuilt ([`relaxed`]).
//! SQLite's own error texts may quote SQL and so data: they never leave this module.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Transaction, TransactionBehavior, ffi};

use crate::error::{Error, StorageError};

/// What a kind of file is: its mark, and how it is made and brought up to date.
pub(crate) struct Schema {
    /// `PRAGMA application_id`.
    pub application_id: i32,
    /// `PRAGMA page_size` of a new file.
    pub page_size: u32,
    /// Each takes the schema from its index to the next version, in one transaction.
    pub migrations: &'static [&'static [&'static str]],
}

/// How long a call waits for another process that is writing.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// Whether a path can only be a file's: neither empty, nor a URI, nor one of SQLite's names in memory.
pub(crate) fn is_plain(path: &str) -> bool {
    !(path.is_empty() || path.starts_with("file:") || path.starts_with(':') || path.contains('\0'))
}

/// Opens or creates a file.
///
/// A file that is not ours, or from a newer version, is refused without being written to.
pub(crate) fn open(path: &str, schema: &Schema) -> Result<Connection, StorageError> {
    if !is_plain(path) {
        return Err(StorageError::Path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(Path::new(path), flags).map_err(|e| storage(&e))?;
    // SQLite falls back to reading alone; said at once, for it would say something else later.
    if connection.is_readonly(MAIN_DB).map_err(|e| storage(&e))? {
        return Err(StorageError::ReadOnly);
    }
    connection.busy_timeout(BUSY).map_err(|e| storage(&e))?;
    let Found { id, version, empty } = look(&mut connection)?;
    if id == schema.application_id {
        let known = schema.migrations.len() as i64;
        if version > known {
            return Err(StorageError::Newer);
        }
        prepare(&connection)?;
        if version < known {
            migrate(&mut connection, schema)?;
        }
        return Ok(connection);
    }
    if id != 0 || version != 0 || !empty {
        return Err(StorageError::NotOurs);
    }
    connection
        .pragma_update(None, "page_size", schema.page_size)
        .map_err(|e| storage(&e))?;
    write_ahead(&connection)?;
    prepare(&connection)?;
    migrate(&mut connection, schema)?;
    Ok(connection)
}

/// Turns a new file to WAL. SQLite does not wait for others here, as it does everywhere else.
fn write_ahead(connection: &Connection) -> Result<(), StorageError> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        let turned = connection
            .pragma_update(None, "journal_mode", "wal")
            .map_err(|e| storage(&e));
        match turned {
            Err(StorageError::Busy) if waited < BUSY => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            other => return other,
        }
    }
}

/// What a file is before anything is done with it.
struct Found {
    id: i32,
    version: i64,
    empty: bool,
}

/// Looks at one state of the file: another process may be creating it.
fn look(connection: &mut Connection) -> Result<Found, StorageError> {
    let transaction = connection.transaction().map_err(|e| storage(&e))?;
    let (id, version) = marks(&transaction)?;
    let empty = is_empty(&transaction)?;
    Ok(Found { id, version, empty })
}

fn marks(connection: &Connection) -> Result<(i32, i64), StorageError> {
    let id = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|e| storage(&e))?;
    let version = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|e| storage(&e))?;
    Ok((id, version))
}

fn is_empty(connection: &Connection) -> Result<bool, StorageError> {
    connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map(|count| count == 0)
        .map_err(|e| storage(&e))
}

fn prepare(connection: &Connection) -> Result<(), StorageError> {
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
        )
        .map_err(|e| storage(&e))?;
    // Plans that depend on the values bound would be made anew at nearly every call; ours never need it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|e| storage(&e))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Runs the migrations the file lacks, all or none. Another process may have been first: the version is
/// read again inside the transaction.
fn migrate(connection: &mut Connection, schema: &Schema) -> Result<(), StorageError> {
    let transaction = immediate(connection)?;
    let (id, version) = marks(&transaction)?;
    if id != 0 && id != schema.application_id {
        return Err(StorageError::NotOurs);
    }
    let done = usize::try_from(version).unwrap_or(0);
    if done > schema.migrations.len() {
        return Err(StorageError::Newer);
    }
    if id == 0 {
        transaction
            .pragma_update(None, "application_id", schema.application_id)
            .map_err(|e| storage(&e))?;
    }
    for batch in schema.migrations.iter().skip(done).copied().flatten() {
        transaction.execute_batch(batch).map_err(|e| storage(&e))?;
    }
    transaction
        .pragma_update(None, "user_version", schema.migrations.len() as i64)
        .map_err(|e| storage(&e))?;
    transaction.commit().map_err(|e| storage(&e))
}

/// A writing transaction, which takes its place at once rather than failing half way.
pub(crate) fn immediate(connection: &mut Connection) -> Result<Transaction<'_>, StorageError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|e| storage(&e))
}

/// Runs `work` with commits that survive a crash but, until the next durable commit, not a power cut.
/// Only for what can be rebuilt from what is already durable.
pub(crate) fn relaxed<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let set = |c: &Connection, level: &str| {
        c.pragma_update(None, "synchronous", level)
            .map_err(|e| Error::from(storage(&e)))
    };
    set(connection, "NORMAL")?;
    let result = work(connection);
    set(connection, "FULL")?;
    result
}

/// The kind of a SQLite error, without its text.
pub(crate) fn storage(error: &rusqlite::Error) -> StorageError {
    // The file that SQLite shares between processes could not grow: a full disk by another name.
    if error.sqlite_error().map(|e| e.extended_code) == Some(ffi::SQLITE_IOERR_SHMSIZE) {
        return StorageError::Full;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::CannotOpen) => StorageError::CannotOpen,
        Some(ErrorCode::NotADatabase) => StorageError::NotOurs,
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StorageError::ReadOnly,
        Some(ErrorCode::DiskFull) => StorageError::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Busy,
        Some(ErrorCode::DatabaseCorrupt) => StorageError::Corrupt,
        _ => StorageError::Io,
    }
}

/// `?` on rusqlite's results, in the two places that hold SQL.
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Error {
        match error {
            // A row that cannot be read as what we wrote is damage, not input.
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => StorageError::Corrupt.into(),
            rusqlite::Error::SqliteFailure(..) => storage(&error).into(),
            _ => Error::bug("a statement does not fit its table"),
        }
    }
}

/// Reads stored JSON: ours, so a failure is damage.
pub(crate) fn stored_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| StorageError::Corrupt.into())
}

/// Writes JSON to store.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|_| Error::bug("a record cannot be written as JSON"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: Schema = Schema {
        application_id: 0x0d3b_0001,
        page_size: 4096,
        migrations: &[&["CREATE TABLE one (x INTEGER) STRICT;"]],
    };
    const NEXT: Schema = Schema {
        application_id: 0x0d3b_0001,
        page_size: 4096,
        migrations: &[
            &["CREATE TABLE one (x INTEGER) STRICT;"],
            &["CREATE TABLE two (y INTEGER) STRICT;"],
        ],
    };
    const BROKEN: Schema = Schema {
        application_id: 0x0d3b_0001,
        page_size: 4096,
        migrations: &[
            &["CREATE TABLE one (x INTEGER) STRICT;"],
            &[
                "CREATE TABLE two (y INTEGER) STRICT;",
                "CREATE TABLE one (z INTEGER) STRICT;",
            ],
        ],
    };

    fn path(folder: &tempfile::TempDir, name: &str) -> String {
        folder.path().join(name).to_str().unwrap().to_owned()
    }

    #[test]
    fn created_durable_and_marked() {
        let folder = tempfile::tempdir().unwrap();
        let file = path(&folder, "a.db");
        let c = open(&file, &OURS).unwrap();
        let mode: String = c
            .pragma_query_value(None, "journal_mode", |r| r.get(0))
            .unwrap();
        let sync: i64 = c
            .pragma_query_value(None, "synchronous", |r| r.get(0))
            .unwrap();
        assert_eq!((mode.as_str(), sync), ("wal", 2));
        drop(c);
        assert_eq!(
            marks(&open(&file, &OURS).unwrap()).unwrap(),
            (OURS.application_id, 1)
        );
    }

    #[test]
    fn an_older_file_is_migrated_and_a_failed_migration_leaves_it_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = path(&folder, "a.db");
        drop(open(&file, &OURS).unwrap());
        assert!(open(&file, &BROKEN).is_err());
        let c = open(&file, &OURS).unwrap();
        assert_eq!(marks(&c).unwrap().1, 1);
        assert!(c.prepare("SELECT y FROM two").is_err(), "nothing half done");
        drop(c);
        assert_eq!(marks(&open(&file, &NEXT).unwrap()).unwrap().1, 2);
    }

    #[test]
    fn newer_and_foreign_files_are_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let newer = path(&folder, "newer.db");
        drop(open(&newer, &NEXT).unwrap());
        let text = path(&folder, "text.db");
        std::fs::write(
            &text,
            "ceci n'est pas une base de données, mais un texte assez long.",
        )
        .unwrap();
        let foreign = path(&folder, "foreign.db");
        Connection::open(&foreign)
            .unwrap()
            .execute_batch("CREATE TABLE t (x)")
            .unwrap();
        for (file, expected) in [
            (&newer, StorageError::Newer),
            (&text, StorageError::NotOurs),
            (&foreign, StorageError::NotOurs),
        ] {
            let before = std::fs::read(file).unwrap();
            assert_eq!(open(file, &OURS).err(), Some(expected));
            assert_eq!(std::fs::read(file).unwrap(), before);
        }
    }

    #[test]
    fn paths_that_are_not_plain_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", ":memory:", "file:x?mode=memory", "a\0b"] {
            assert_eq!(open(bad, &OURS).err(), Some(StorageError::Path), "{bad:?}");
        }
        let missing = path(&folder, "no/such/folder/a.db");
        assert_eq!(open(&missing, &OURS).err(), Some(StorageError::CannotOpen));
        let directory = folder.path().to_str().unwrap();
        assert_eq!(open(directory, &OURS).err(), Some(StorageError::CannotOpen));
    }
}
