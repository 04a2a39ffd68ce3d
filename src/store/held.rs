//! A file of ours held open, for as long as its connection is good.

use rusqlite::Connection;

use super::key::{self, StoreKey};
use super::sqlite::{self, Schema};
use crate::error::Result;

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
    /// file is opened again then. If the file itself is damaged, the work that meets the damage is told so again.
    pub fn connection(&mut self) -> Result<&mut Connection> {
        let key = self.place.key.as_ref();
        if key.is_some() && sqlite::lost(&self.connection) {
            self.connection = sqlite::open(&self.place.path, self.schema, key)?;
        }
        Ok(&mut self.connection)
    }
}

#[cfg(all(test, feature = "encryption"))]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::error::{Error, StorageError};

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

    #[test]
    fn a_page_that_could_not_be_read_for_a_moment_is_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("held.db").to_str().unwrap().to_owned();
        let key = StoreKey::raw([7; 32]);
        let mut file = HeldFile::open(&path, &OURS, Some(&key)).unwrap();
        let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
            INSERT INTO t SELECT randomblob(900) FROM n";
        file.connection().unwrap().execute_batch(fill).unwrap();
        drop(file);

        let mut file = HeldFile::open(&path, &OURS, Some(&key)).unwrap();
        let disk = std::fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let (at, mut byte) = (4096 * 5 + 100, [0]);
        disk.read_exact_at(&mut byte, at).unwrap();
        disk.write_all_at(&[byte[0] ^ 1], at).unwrap();
        for _ in 0..2 {
            let kind = rows(&mut file).unwrap_err().to_string();
            assert_eq!(kind, Error::from(StorageError::Corrupt).to_string());
        }
        disk.write_all_at(&byte, at).unwrap();
        assert_eq!(rows(&mut file).unwrap(), 40 * 1800);
        let write = "INSERT INTO t VALUES (x'00')";
        file.connection().unwrap().execute_batch(write).unwrap();
        assert_eq!(rows(&mut file).unwrap(), 40 * 1800 + 2);
    }
}
