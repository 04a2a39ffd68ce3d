//! A file of ours held open, for as long as its connection is good.

use rusqlite::{Connection, Transaction};

use super::files;
use super::key::{self, StoreKey};
use super::sqlite::{self, Schema};
use crate::error::{Result, StorageError};

/// Where a file is, and under which key: what it takes to open it once more.
#[derive(Clone)]
pub(crate) struct Place {
    pub path: String,
    pub key: Option<StoreKey>,
}

/// A file of ours, held open.
pub(crate) struct HeldFile {
    /// None between a connection that is no longer good and the next.
    connection: Option<Connection>,
    /// The connection does not write: the last one that tried was told that the file is read-only.
    denied: bool,
    place: Place,
    schema: &'static Schema,
}

impl HeldFile {
    /// Opens or creates a file, under a key if one is given. Errors: those of [`sqlite::open`].
    pub fn open(path: &str, schema: &'static Schema, key: Option<&StoreKey>) -> Result<HeldFile> {
        key::usable(key)?;
        Ok(HeldFile {
            connection: Some(sqlite::open(path, schema, key)?),
            denied: false,
            place: Place {
                path: path.to_owned(),
                key: key.cloned(),
            },
            schema,
        })
    }

    /// Where this file is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The connection, for one piece of work.
    ///
    /// A disk that failed for a moment may leave a connection that is good for nothing any more: SQLCipher gives one up
    /// once a page could not be read or written, SQLite one whose shared companion could not be opened for writing. The
    /// file is opened again then. If the file itself is damaged or read-only, the work that meets it is told so again;
    /// one that is no longer there is not made anew.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        let key = self.place.key.as_ref();
        let lost = |connection: &Connection| key.is_some() && sqlite::lost(connection);
        if self.denied || self.connection.as_ref().is_some_and(lost) {
            // Closed first: connections of one process share what is wrong with a companion.
            self.connection = None;
            self.denied = false;
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None if files::stands(&self.place.path) => {
                sqlite::open(&self.place.path, self.schema, key)?
            }
            None => return Err(StorageError::CannotOpen.into()),
        };
        Ok(self.connection.insert(connection))
    }

    /// A writing transaction, which takes its place at once.
    pub fn immediate(&mut self) -> Result<Transaction<'_>> {
        self.connection()?;
        let Some(connection) = &mut self.connection else {
            return Err(StorageError::CannotOpen.into());
        };
        sqlite::immediate(connection).map_err(|error| {
            self.denied = error == StorageError::ReadOnly;
            error.into()
        })
    }
}

#[cfg(all(test, unix, feature = "encryption"))]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::error::Error;

    const OURS: Schema = Schema {
        application_id: 0x646d_7054,
        page_size: 4096,
        migrations: &[&["CREATE TABLE t (x BLOB NOT NULL) STRICT;"]],
    };

    fn rows(file: &mut HeldFile) -> Result<i64> {
        let sum = "SELECT sum(length(hex(x))) FROM t";
        Ok(file
            .connection()?
            .query_row(sum, [], |row| row.get::<_, i64>(0))?)
    }

    const AT: u64 = 4096 * 5 + 100;

    fn path(folder: &tempfile::TempDir) -> String {
        folder.path().join("held.db").to_str().unwrap().to_owned()
    }

    /// One bit of the disk.
    fn flip(folder: &tempfile::TempDir) {
        let mut options = std::fs::OpenOptions::new();
        let disk = options.read(true).write(true).open(path(folder)).unwrap();
        let mut byte = [0];
        disk.read_exact_at(&mut byte, AT).unwrap();
        disk.write_all_at(&[byte[0] ^ 1], AT).unwrap();
    }

    /// A file under a key, open, one page of which cannot be read.
    fn spoiled() -> (tempfile::TempDir, HeldFile) {
        let folder = tempfile::tempdir().unwrap();
        let key = StoreKey::raw([7; 32]);
        let open = || HeldFile::open(&path(&folder), &OURS, Some(&key)).unwrap();
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
            INSERT INTO t SELECT randomblob(900) FROM n";
        let mut file = open();
        file.connection().unwrap().execute_batch(fill).unwrap();
        drop(file);
        let file = open();
        flip(&folder);
        (folder, file)
    }

    #[test]
    fn a_page_that_could_not_be_read_for_a_moment_is_read_afterwards() {
        let (folder, mut file) = spoiled();
        for _ in 0..2 {
            let kind = rows(&mut file).unwrap_err().to_string();
            assert_eq!(kind, Error::from(StorageError::Corrupt).to_string());
        }
        flip(&folder);
        assert_eq!(rows(&mut file).unwrap(), 40 * 1800);
        let write = "INSERT INTO t VALUES (x'00')";
        file.connection().unwrap().execute_batch(write).unwrap();
        assert_eq!(rows(&mut file).unwrap(), 40 * 1800 + 2);
    }

    #[test]
    fn a_file_that_is_gone_is_not_made_anew() {
        let (folder, mut file) = spoiled();
        std::fs::remove_file(folder.path().join("held.db")).unwrap();
        assert!(rows(&mut file).is_err(), "what could not be read");
        let told = rows(&mut file).unwrap_err().to_string();
        assert_eq!(told, Error::from(StorageError::CannotOpen).to_string());
        assert!(!folder.path().join("held.db").exists());
    }
}
