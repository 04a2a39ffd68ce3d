//! A file of ours held open, for as long as its connection is good.

use rusqlite::Connection;

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

/// A file of ours, open.
pub(crate) struct HeldFile {
    connection: Connection,
    place: Place,
    schema: &'static Schema,
}

impl HeldFile {
    /// Opens or creates a file, under a key if one is given. Errors: those of [`sqlite::open`].
    pub fn open(path: &str, schema: &'static Schema, key: Option<&StoreKey>) -> Result<HeldFile> {
        key::usable(key)?;
        Ok(HeldFile {
            connection: sqlite::open(path, schema, key)?,
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
    /// SQLCipher gives a connection up for ever once a page could not be read or written, were it for a moment: the
    /// file is opened again then. If the file itself is damaged, the work that meets the damage is told so again; one
    /// that is no longer there is not made anew.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        let key = self.place.key.as_ref();
        if key.is_some() && sqlite::lost(&self.connection) {
            if !files::stands(&self.place.path) {
                return Err(StorageError::CannotOpen.into());
            }
            self.connection = sqlite::open(&self.place.path, self.schema, key)?;
        }
        Ok(&mut self.connection)
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
