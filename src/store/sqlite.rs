//! Opening a SQLite file that is ours, or refusing it untouched.
//!
//! Every file carries an application id and a schema version. Commits are durable when they return (WAL,
//! synchronous FULL), all of them: one that waits unsynced for the next makes a hole under it when the disk then
//! fails to sync, and what is acknowledged later is lost with it at a power cut.
//! SQLite's own error texts may quote SQL and so data, or a key: they never leave this module.
//!
//! With a key (`encryption`) the file is SQLCipher's: pages, write-ahead log and rollback journals are
//! encrypted and authenticated page by page; the `-shm` companion holds page numbers only, and SQLite's own
//! temporary tables stay in memory. What is deleted is overwritten in every file, keyed or not.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags, Transaction, TransactionBehavior, ffi};

use super::key::StoreKey;
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

/// How long a call waits for others who are writing.
pub(super) const BUSY: Duration = Duration::from_secs(30);

/// Whether a path can only be a file's: neither empty, nor a URI, nor one of SQLite's names in memory.
pub(crate) fn is_plain(path: &str) -> bool {
    !(path.is_empty() || path.starts_with("file:") || path.starts_with(':') || path.contains('\0'))
}

/// Opens or creates a file, under a key if one is given.
///
/// A file that is not ours, that this key (or none) does not open, or from a newer version, is refused
/// without being written to; nothing tells the first two apart.
pub(crate) fn open(
    path: &str,
    schema: &Schema,
    key: Option<&StoreKey>,
) -> Result<Connection, StorageError> {
    if !is_plain(path) {
        return Err(StorageError::Path);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let (mut connection, what) = meet(path, flags, schema, key)?;
    match what {
        Recognised::New => found(&mut connection, schema, key.is_some())?,
        Recognised::Ours { version } => {
            // A change of key that was interrupted leaves the file out of WAL.
            if journal_mode(&connection)? != "wal" {
                write_ahead(&connection)?;
            }
            prepare(&connection, key.is_some())?;
            if version < schema.migrations.len() as i64 {
                migrate(&mut connection, schema)?;
            }
        }
    }
    Ok(connection)
}

/// Makes a new file what it is to be.
pub(super) fn found(
    connection: &mut Connection,
    schema: &Schema,
    keyed: bool,
) -> Result<(), StorageError> {
    if !keyed {
        // Under a key it is the key's page size, set by `unlock`.
        connection
            .pragma_update(None, "page_size", schema.page_size)
            .map_err(|e| storage(&e))?;
    }
    write_ahead(connection)?;
    prepare(connection, keyed)?;
    migrate(connection, schema)
}

/// Connects to a file, with its key; nothing has been read yet, and closing will write nothing.
pub(super) fn connect(
    path: &str,
    flags: OpenFlags,
    schema: &Schema,
    key: Option<&StoreKey>,
) -> Result<Connection, StorageError> {
    let mut connection =
        Connection::open_with_flags(Path::new(path), flags).map_err(|e| storage(&e))?;
    // SQLite falls back to reading alone; said at once, for it would say something else later.
    if connection.is_readonly(MAIN_DB).map_err(|e| storage(&e))? {
        return Err(StorageError::ReadOnly);
    }
    wait_for_others(&mut connection, BUSY).map_err(|e| storage(&e))?;
    // Closing a file that is then refused must not move its write-ahead log into it.
    checkpoint_on_close(&connection, false)?;
    if let Some(key) = key {
        unlock(&connection, key, schema.page_size)?;
    }
    Ok(connection)
}

/// Makes a connection wait for others who are writing, no longer than `length`.
///
/// It looks again every millisecond. SQLite's own wait soon looks ten times a second only: a file whose other
/// writer begins anew as soon as it has ended, on a slow disk, is then hardly ever met free.
pub(super) fn wait_for_others(
    connection: &mut Connection,
    length: Duration,
) -> rusqlite::Result<()> {
    const PAUSE: Duration = Duration::from_millis(1);
    let mut began = Instant::now();
    connection.busy_handler(Some(move |looked: i32| {
        if looked == 0 {
            began = Instant::now();
        }
        let goes_on = began.elapsed() < length;
        if goes_on {
            std::thread::sleep(PAUSE);
        }
        goes_on
    }))
}

/// Whether closing the last connection moves the write-ahead log into the file.
pub(super) fn checkpoint_on_close(connection: &Connection, yes: bool) -> Result<(), StorageError> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !yes)
        .map(|_| ())
        .map_err(|e| storage(&e))
}

/// Gives a connection its key, before anything is read.
#[cfg(feature = "encryption")]
fn unlock(connection: &Connection, key: &StoreKey, page_size: u32) -> Result<(), StorageError> {
    unlock_with(connection, &key.literal(), page_size)
}

/// As [`unlock`], by the literal of a key.
///
/// The text is wiped after use. What is left: SQLite copies the text of a statement and frees the copy
/// without wiping it. SQLCipher wipes its own copies.
#[cfg(feature = "encryption")]
pub(super) fn unlock_with(
    connection: &Connection,
    literal: &str,
    page_size: u32,
) -> Result<(), StorageError> {
    let mut sql = zeroize::Zeroizing::new(String::with_capacity(literal.len() + 64));
    // SQLCipher writes on the host's standard error by default.
    sql.push_str("PRAGMA cipher_log_level = NONE; PRAGMA key = ");
    sql.push_str(literal);
    sql.push(';');
    connection.execute_batch(&sql).map_err(|e| storage(&e))?;
    connection
        .pragma_update(None, "cipher_page_size", page_size)
        .map_err(|e| storage(&e))
}

#[cfg(not(feature = "encryption"))]
fn unlock(_: &Connection, _: &StoreKey, _: u32) -> Result<(), StorageError> {
    // `key::usable` has refused it before, with its reason.
    Err(StorageError::NotOurs)
}

/// What a file is.
pub(super) enum Recognised {
    New,
    Ours { version: i64 },
}

/// Connects to a file, with its key, and refuses what is not ours or newer; nothing is written.
///
/// SQLCipher salts a key with the beginning of the file, and with a salt of its own when that could not be read: a disk
/// that failed for a moment then looks like a wrong key. Two connections that took the same salt took the file's; the
/// key is derived once more only when they did not.
pub(super) fn meet(
    path: &str,
    flags: OpenFlags,
    schema: &Schema,
    key: Option<&StoreKey>,
) -> Result<(Connection, Recognised), StorageError> {
    let mut connection = connect(path, flags, schema, key)?;
    for _ in 0..3 {
        match recognise(&mut connection, schema) {
            Err(StorageError::NotOurs) if key.is_some() => {
                let again = connect(path, flags, schema, key)?;
                if salt(&again)? == salt(&connection)? {
                    return Err(StorageError::NotOurs);
                }
                connection = again;
            }
            what => return what.map(|what| (connection, what)),
        }
    }
    // A file that is too short has no salt.
    match std::fs::metadata(path).is_ok_and(|file| file.len() >= SALT) {
        true => Err(StorageError::Io),
        false => Err(StorageError::NotOurs),
    }
}

/// Bytes of a salt.
const SALT: u64 = 16;

/// The salt that a connection took, in hexadecimal; it takes it now if it had not.
fn salt(connection: &Connection) -> Result<String, StorageError> {
    connection
        .pragma_query_value(None, "cipher_salt", |row| row.get(0))
        .map_err(|e| storage(&e))
}

/// Looks at a file and refuses what is not ours or newer.
fn recognise(connection: &mut Connection, schema: &Schema) -> Result<Recognised, StorageError> {
    let Found { id, version, empty } = look(connection)?;
    if id == schema.application_id {
        if version > schema.migrations.len() as i64 {
            return Err(StorageError::Newer);
        }
        return Ok(Recognised::Ours { version });
    }
    if id != 0 || version != 0 || !empty {
        return Err(StorageError::NotOurs);
    }
    Ok(Recognised::New)
}

fn journal_mode(connection: &Connection) -> Result<String, StorageError> {
    connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|e| storage(&e))
}

/// Turns a file to a mode of journal; answers the mode it is in then.
///
/// SQLite answers the new mode first and commits after: whoever reads that answer alone never hears that the disk
/// failed, and works on in a mode that is not the file's.
pub(super) fn turn(connection: &Connection, mode: &str) -> rusqlite::Result<String> {
    let mut statement = connection.prepare(&format!("PRAGMA journal_mode = {mode}"))?;
    let mut rows = statement.query([])?;
    let mut answered = String::new();
    while let Some(row) = rows.next()? {
        answered = row.get(0)?;
    }
    Ok(answered)
}

/// Turns a file to WAL. SQLite does not wait for others here, as it does everywhere else.
fn write_ahead(connection: &Connection) -> Result<(), StorageError> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        match turn(connection, "wal").map_err(|e| storage(&e)) {
            Err(StorageError::Busy) if waited < BUSY => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            Err(other) => return Err(other),
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => return Err(StorageError::Io),
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

fn prepare(connection: &Connection, keyed: bool) -> Result<(), StorageError> {
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
             PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;",
        )
        .map_err(|e| storage(&e))?;
    if keyed {
        // A page that leaves the cache must be decrypted when it comes back: reads then cost four to seven
        // times as much. In KiB; taken as it is needed.
        connection
            .pragma_update(None, "cache_size", -65_536)
            .map_err(|e| storage(&e))?;
    }
    checkpoint_on_close(connection, true)?;
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
    // The connection is this caller's alone: only shared here to be asked why it refuses.
    let connection = &*connection;
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(|e| {
        if lost(connection) {
            StorageError::Corrupt
        } else {
            storage(&e)
        }
    })
}

/// How many rows a statement gives.
pub(super) fn counted(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while rows.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// Whether a connection under a key met a page that is not as this key wrote it: from then on SQLCipher reads
/// zeros and refuses to write, which SQLite would tell as a file that is read-only.
#[cfg(feature = "encryption")]
pub(super) fn lost(connection: &Connection) -> bool {
    // Prepared each time: SQLCipher's answers are part of the statement.
    let ask = |name: &str| -> rusqlite::Result<Option<String>> {
        let mut statement = connection.prepare(name)?;
        let mut rows = statement.query([])?;
        rows.next()?.map(|row| row.get(0)).transpose()
    };
    // Without a key both have another answer: no row, and 0.
    matches!(ask("PRAGMA cipher_salt"), Ok(Some(_)))
        && matches!(ask("PRAGMA cipher_status"), Ok(Some(status)) if status != "1")
}

#[cfg(not(feature = "encryption"))]
pub(super) fn lost(_: &Connection) -> bool {
    false
}

/// `EIO`, on every Unix.
const EIO: i32 = 5;

/// The kind of a SQLite error, without its text.
pub(crate) fn storage(error: &rusqlite::Error) -> StorageError {
    // The file that SQLite shares between processes could not grow: a full disk by another name, unless the system's
    // own word, which SQLite leaves as it was, is that the disk cannot.
    if error.sqlite_error().map(|e| e.extended_code) == Some(ffi::SQLITE_IOERR_SHMSIZE) {
        let cannot = cfg!(unix) && std::io::Error::last_os_error().raw_os_error() == Some(EIO);
        return if cannot {
            StorageError::Io
        } else {
            StorageError::Full
        };
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
            | rusqlite::Error::Utf8Error(..)
            // Our statements fit our tables: a file that does not take one has its schema damaged.
            | rusqlite::Error::SqlInputError { .. } => StorageError::Corrupt.into(),
            rusqlite::Error::SqliteFailure(..) => match storage(&error) {
                // It was ours when it was opened, and could be written to when its transaction began: under a
                // key, that is how SQLite tells a page which SQLCipher could not decrypt.
                StorageError::NotOurs => StorageError::Corrupt.into(),
                StorageError::ReadOnly if keyed_fault(&error) => StorageError::Corrupt.into(),
                kind => kind.into(),
            },
            _ => Error::bug("a statement does not fit its table"),
        }
    }
}

/// Whether a statement met a connection that SQLCipher has closed to writing. SQLite's own cases of a file that
/// became read-only have extended codes, or are told when the transaction begins.
fn keyed_fault(error: &rusqlite::Error) -> bool {
    cfg!(feature = "encryption")
        && error.sqlite_error().map(|e| e.extended_code) == Some(ffi::SQLITE_READONLY)
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
        let c = open(&file, &OURS, None).unwrap();
        let mode: String = c
            .pragma_query_value(None, "journal_mode", |r| r.get(0))
            .unwrap();
        let sync: i64 = c
            .pragma_query_value(None, "synchronous", |r| r.get(0))
            .unwrap();
        assert_eq!((mode.as_str(), sync), ("wal", 2));
        drop(c);
        assert_eq!(
            marks(&open(&file, &OURS, None).unwrap()).unwrap(),
            (OURS.application_id, 1)
        );
    }

    #[test]
    fn an_older_file_is_migrated_and_a_failed_migration_leaves_it_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = path(&folder, "a.db");
        drop(open(&file, &OURS, None).unwrap());
        assert!(open(&file, &BROKEN, None).is_err());
        let c = open(&file, &OURS, None).unwrap();
        assert_eq!(marks(&c).unwrap().1, 1);
        assert!(c.prepare("SELECT y FROM two").is_err(), "nothing half done");
        drop(c);
        assert_eq!(marks(&open(&file, &NEXT, None).unwrap()).unwrap().1, 2);
    }

    #[test]
    fn newer_and_foreign_files_are_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        let newer = path(&folder, "newer.db");
        drop(open(&newer, &NEXT, None).unwrap());
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
            assert_eq!(open(file, &OURS, None).err(), Some(expected));
            assert_eq!(std::fs::read(file).unwrap(), before);
        }
    }

    #[test]
    fn paths_that_are_not_plain_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        for bad in ["", ":memory:", "file:x?mode=memory", "a\0b"] {
            assert_eq!(
                open(bad, &OURS, None).err(),
                Some(StorageError::Path),
                "{bad:?}"
            );
        }
        let missing = path(&folder, "no/such/folder/a.db");
        assert_eq!(
            open(&missing, &OURS, None).err(),
            Some(StorageError::CannotOpen)
        );
        let directory = folder.path().to_str().unwrap();
        assert_eq!(
            open(directory, &OURS, None).err(),
            Some(StorageError::CannotOpen)
        );
    }
}
