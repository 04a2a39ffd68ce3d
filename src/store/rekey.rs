//! Change of the key of a file, and encryption of a file that was not.
//!
//! At every moment the file opens with one of the two keys, and the same call finishes what a crash left
//! undone. Key to key is one transaction of SQLite outside WAL: all pages or none. Plain to keyed is a copy
//! beside the file, made durable, then renamed over it; the old bytes keep a second name until they are
//! overwritten, so that they are not forgotten either.

use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;

use super::files;
use super::key::StoreKey;
use super::sqlite::{self, Schema, storage};
use crate::error::StorageError;

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rekeyed {
    /// It is under the new key from now on.
    Changed,
    /// It was already.
    Already,
    /// There is no such file: it will be created under the key it is opened with.
    Absent,
}

/// How long one waits for others to close the file.
const OTHERS: Duration = Duration::from_millis(500);

/// Puts a file under another key.
///
/// Errors: [`StorageError::NotOurs`] when neither key opens it, [`StorageError::Busy`] when another
/// connection has it.
pub(crate) fn rekey(
    path: &str,
    schema: &Schema,
    old: Option<&StoreKey>,
    new: &StoreKey,
) -> Result<Rekeyed, StorageError> {
    if !sqlite::is_plain(path) {
        return Err(StorageError::Path);
    }
    if !files::stands(path) {
        return Ok(Rekeyed::Absent);
    }
    match opens(path, schema, Some(new)) {
        Ok(()) => {
            forget(path, true)?;
            return Ok(Rekeyed::Already);
        }
        Err(StorageError::NotOurs) => {}
        Err(other) => return Err(other),
    }
    let connection = sqlite::open(path, schema, old)?;
    match old {
        Some(_) => key_to_key(connection, new)?,
        None => plain_to_keyed(path, connection, schema, new)?,
    }
    // SQLCipher does not tell when its last step failed: the file does.
    match opens(path, schema, Some(new)) {
        Ok(()) => Ok(Rekeyed::Changed),
        Err(StorageError::NotOurs) => Err(StorageError::Io),
        Err(other) => Err(other),
    }
}

/// Whether a key opens a file as ours (or as an empty one); one that it does not open is left as it is.
pub(super) fn opens(
    path: &str,
    schema: &Schema,
    key: Option<&StoreKey>,
) -> Result<(), StorageError> {
    let (connection, _) = sqlite::meet(path, EXISTING, schema, key)?;
    // Ours: closing may tidy up.
    sqlite::checkpoint_on_close(&connection, true)
}

/// Read and write a file that is there.
pub(super) const EXISTING: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Takes a file for this connection alone, out of WAL, everything in the one file.
pub(super) fn alone(connection: &mut Connection) -> Result<(), StorageError> {
    let mut run = || -> rusqlite::Result<bool> {
        sqlite::wait_for_others(connection, OTHERS)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        let mode = sqlite::turn(connection, "delete")?;
        // EXTRA: the end of a transaction is durable before it is told.
        connection.execute_batch("PRAGMA synchronous = EXTRA; BEGIN EXCLUSIVE; COMMIT;")?;
        Ok(mode == "delete")
    };
    match run() {
        Ok(true) => Ok(()),
        // SQLite stays in WAL, without an error, when others are there.
        Ok(false) => Err(StorageError::Busy),
        Err(error) => Err(storage(&error)),
    }
}

#[cfg(feature = "encryption")]
fn key_to_key(mut connection: Connection, new: &StoreKey) -> Result<(), StorageError> {
    alone(&mut connection)?;
    let literal = new.literal();
    let mut sql = zeroize::Zeroizing::new(String::with_capacity(literal.len() + 64));
    // Each page is looked at once: there is no use for a large cache.
    sql.push_str("PRAGMA cache_size = -4096; PRAGMA rekey = ");
    sql.push_str(&literal);
    sql.push(';');
    connection.execute_batch(&sql).map_err(|e| storage(&e))
    // Closed here: the next opening takes the file back to WAL.
}

#[cfg(feature = "encryption")]
fn plain_to_keyed(
    path: &str,
    mut connection: Connection,
    schema: &Schema,
    new: &StoreKey,
) -> Result<(), StorageError> {
    let made = format!("{path}.rekey");
    files::remove_whole(&made)?;
    // A name that a crash left here is one of this very file, or of bytes that had to go.
    forget(path, false)?;
    // SQLite removes the log when it leaves WAL: its bytes keep a name until they are overwritten.
    let log = format!("{path}-wal");
    if files::stands(&log) {
        files::second_name(&log, &format!("{path}-wal{CLEAR}"));
    }
    let result = alone(&mut connection)
        .and_then(|()| export(&connection, schema, &made, new))
        // A journal that SQLite emptied, and left when a sync failed.
        .and_then(|()| files::remove_companions(&made))
        .and_then(|()| files::sync(&made));
    if let Err(error) = result {
        files::remove_whole(&made)?;
        files::remove(&format!("{path}-wal{CLEAR}"))?;
        return Err(error);
    }
    // Held until the old bytes are overwritten: who waits for the file finds that it is none. Windows does
    // not rename over a file that is open.
    let held = cfg!(unix).then_some(connection);
    let clear = format!("{path}{CLEAR}");
    files::second_name(path, &clear);
    std::fs::rename(&made, path).map_err(|e| files::kind(&e))?;
    files::sync_folder(path)?;
    forget(path, true)?;
    drop(held);
    Ok(())
}

/// Copies everything into a new file under the key.
#[cfg(feature = "encryption")]
fn export(
    connection: &Connection,
    schema: &Schema,
    made: &str,
    new: &StoreKey,
) -> Result<(), StorageError> {
    let literal = new.literal();
    let mut sql = zeroize::Zeroizing::new(String::with_capacity(literal.len() + 64));
    sql.push_str("ATTACH DATABASE ?1 AS vault KEY ");
    sql.push_str(&literal);
    let run = || -> rusqlite::Result<bool> {
        connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
        connection.execute(&sql, [made])?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        connection.pragma_update(Some("vault"), "cipher_page_size", schema.page_size)?;
        connection.query_row("SELECT sqlcipher_export('vault')", [], |_| Ok(()))?;
        connection.pragma_update(Some("vault"), "application_id", schema.application_id)?;
        connection.pragma_update(Some("vault"), "user_version", version)?;
        let verdict: String =
            connection.query_row("PRAGMA vault.integrity_check(1)", [], |row| row.get(0))?;
        connection.execute_batch("DETACH DATABASE vault;")?;
        Ok(verdict == "ok")
    };
    match run() {
        Ok(true) => Ok(()),
        Ok(false) => Err(StorageError::Io),
        Err(error) => Err(storage(&error)),
    }
}

/// Ending of the second name that plain bytes keep until they are overwritten.
const CLEAR: &str = ".clear";

/// Overwrites and removes the plain bytes that an earlier step, or an earlier call, left under their second
/// name. `replaced`: the file itself is under the new key by now. Before that, a second name may be one of
/// the file in use, and is then only removed.
fn forget(path: &str, replaced: bool) -> Result<(), StorageError> {
    for of in [path.to_owned(), format!("{path}-wal")] {
        let clear = format!("{of}{CLEAR}");
        if !files::stands(&clear) {
            continue;
        }
        let in_use = files::same(&of, &clear).unwrap_or(!replaced);
        if in_use {
            files::remove(&clear)?;
        } else {
            files::wipe(&clear)?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "encryption"))]
fn key_to_key(_: Connection, _: &StoreKey) -> Result<(), StorageError> {
    Err(StorageError::NotOurs)
}

#[cfg(not(feature = "encryption"))]
fn plain_to_keyed(_: &str, _: Connection, _: &Schema, _: &StoreKey) -> Result<(), StorageError> {
    Err(StorageError::NotOurs)
}

#[cfg(all(test, feature = "encryption"))]
mod tests {
    use super::*;

    const OURS: Schema = Schema {
        application_id: 0x0d3b_0001,
        page_size: 4096,
        migrations: &[&["CREATE TABLE one (x INTEGER PRIMARY KEY, y BLOB) STRICT;"]],
    };

    fn sum(path: &str, key: &StoreKey) -> (i64, i64, String) {
        let c = sqlite::open(path, &OURS, Some(key)).unwrap();
        c.query_row(
            "SELECT count(*), sum(length(y)), (SELECT integrity_check FROM pragma_integrity_check)
             FROM one",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap()
    }

    #[test]
    fn a_file_larger_than_the_cache_changes_its_key_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db").to_str().unwrap().to_owned();
        let c = sqlite::open(&path, &OURS, None).unwrap();
        c.execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
             INSERT INTO one SELECT i, randomblob(5001) FROM n;",
        )
        .unwrap();
        drop(c);
        let keys = [1, 2, 3].map(|byte| StoreKey::raw([byte; 32]));
        let mut old = None;
        for new in &keys {
            assert_eq!(rekey(&path, &OURS, old, new), Ok(Rekeyed::Changed));
            assert_eq!(sum(&path, new), (3000, 3000 * 5001, "ok".to_owned()));
            let wrong = sqlite::open(&path, &OURS, old).err();
            assert_eq!(wrong, Some(StorageError::NotOurs));
            old = Some(new);
        }
    }
}
