//! The copy on which a damaged register is read, and readers that survive its damage.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StorageError};
use crate::store::files;
use crate::store::key::StoreKey;
use crate::store::register::SCHEMA;
use crate::store::sqlite::{self, storage};

#[cfg(feature = "encryption")]
type Literal = zeroize::Zeroizing<String>;
#[cfg(not(feature = "encryption"))]
type Literal = std::convert::Infallible;

/// What the disk is asked for at a time: a page of the register, and of most file systems.
const BLOCK: usize = 4096;
/// The most that one value holds when a file is stretched.
const STRETCH: u64 = 16 << 20;

/// A copy in a folder of its own, removed when this is dropped.
pub(super) struct Copy {
    folder: String,
    path: String,
    literal: Option<Literal>,
    /// Blocks that the disk did not give: zeros stand for them.
    pub blocks_unreadable: i64,
}

impl Copy {
    /// Copies a register and its log into a folder that is not there yet.
    pub fn of(register: &str, key: Option<&StoreKey>, folder: &str) -> Result<Copy> {
        if !files::stands(register) {
            return Err(StorageError::CannotOpen.into());
        }
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // What a crash left, and nothing else that may be there.
        discard(folder);
        builder.create(folder).map_err(|e| files::kind(&e))?;
        let mut copy = Copy {
            folder: folder.to_owned(),
            path: format!("{folder}/register.db"),
            literal: None,
            blocks_unreadable: 0,
        };
        for companion in ["", "-wal", "-journal"] {
            let from = format!("{register}{companion}");
            if files::stands(&from) {
                copy.blocks_unreadable += tolerant(&from, &format!("{}{companion}", copy.path))?;
            }
        }
        #[cfg(feature = "encryption")]
        if let Some(key) = key {
            // Derived once: each unreadable page costs an opening.
            copy.literal = Some(key.literal_with_salt(&salt(&copy.path)?));
        }
        #[cfg(not(feature = "encryption"))]
        if key.is_some() {
            return Err(StorageError::NotOurs.into());
        }
        Ok(copy)
    }

    /// Whether it is under a key.
    pub fn keyed(&self) -> bool {
        self.literal.is_some()
    }

    /// Whether nothing here was written under the key: it authenticates no page of the file, and no log holds others.
    pub fn under_another_key(&self) -> bool {
        let size = |companion: &str| {
            let path = format!("{}{companion}", self.path);
            std::fs::metadata(path).map_or(0, |file| file.len())
        };
        let pages = size("") / u64::from(SCHEMA.page_size);
        if !self.keyed() || size("-wal") > 0 || size("-journal") > 0 {
            return false;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let Ok(connection) = self.connect(&self.path, flags) else {
            return false;
        };
        let failed = sqlite::counted(&connection, "PRAGMA cipher_integrity_check");
        failed.is_ok_and(|failed| u64::try_from(failed).is_ok_and(|failed| failed >= pages))
    }

    /// Readers of the copy.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            copy: self,
            connection: None,
        }
    }

    fn connect(
        &self,
        path: &str,
        flags: OpenFlags,
    ) -> std::result::Result<Connection, StorageError> {
        let connection = sqlite::connect(path, flags, &SCHEMA, None)?;
        #[cfg(feature = "encryption")]
        if let Some(literal) = &self.literal {
            sqlite::unlock_with(&connection, literal, SCHEMA.page_size)?;
        }
        Ok(connection)
    }

    /// Puts the table of contents of a new register, under the same key, in the place of the copy's: page 1
    /// and the pages that continue it have the same numbers in every register that was not made by encrypting
    /// one, for tables are created before anything is in them.
    pub fn lend_contents(&self) -> Result<()> {
        let path = format!("{}/new.db", self.folder);
        let size = |path: &str| std::fs::metadata(path).map(|m| m.len()).unwrap_or(0);
        // The log may hold more pages than the file.
        let length = size(&self.path) + size(&format!("{}-wal", self.path));
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut new = self.connect(&path, flags)?;
        sqlite::found(&mut new, &SCHEMA, self.keyed())?;
        let pages = {
            let mut statement =
                new.prepare("SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")?;
            let pages = statement.query_map([], |row| row.get::<_, i64>(0))?;
            pages.collect::<rusqlite::Result<Vec<_>>>()?
        };
        // Page 1 tells how many pages there are: as many as the copy has, freed again. What fills them is of
        // the register's first table.
        new.pragma_update(None, "secure_delete", false)?;
        let mut left = length;
        while left > 0 {
            let some = left.min(STRETCH);
            new.execute(
                "INSERT INTO patient (matricule, oid, status, traits, updated_at)
                 VALUES (?1, '', '', CAST(zeroblob(?2) AS TEXT), 0)",
                rusqlite::params![left.to_string(), i64::try_from(some).unwrap_or(i64::MAX)],
            )?;
            left -= some;
        }
        new.execute("DELETE FROM patient", [])?;
        new.close().map_err(|(_, e)| storage(&e))?;
        let io = |e: std::io::Error| files::kind(&e);
        let mut from = File::open(&path).map_err(io)?;
        let mut to = File::options().write(true).open(&self.path).map_err(io)?;
        let mut page = vec![0; SCHEMA.page_size as usize];
        for number in pages {
            let at = (u64::try_from(number).unwrap_or(1) - 1) * u64::from(SCHEMA.page_size);
            from.seek(SeekFrom::Start(at)).map_err(io)?;
            from.read_exact(&mut page).map_err(io)?;
            to.seek(SeekFrom::Start(at)).map_err(io)?;
            to.write_all(&page).map_err(io)?;
        }
        Ok(files::remove_whole(&path)?)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        discard(&self.folder);
    }
}

/// Removes the copy's own files, and their folder if it is then empty.
fn discard(folder: &str) {
    for name in ["register.db", "new.db"] {
        let _ = files::remove_whole(&format!("{folder}/{name}"));
    }
    let _ = std::fs::remove_dir(folder);
}

/// The salt of an encrypted file.
#[cfg(feature = "encryption")]
fn salt(path: &str) -> std::result::Result<[u8; 16], StorageError> {
    let mut salt = [0; 16];
    let mut file = File::open(path).map_err(|e| files::kind(&e))?;
    file.read_exact(&mut salt)
        .map_err(|_| StorageError::NotOurs)?;
    Ok(salt)
}

/// Copies a file block by block; zeros stand for those that the disk does not give. Answers how many.
fn tolerant(from: &str, to: &str) -> std::result::Result<i64, StorageError> {
    let io = |e: std::io::Error| files::kind(&e);
    let mut source = File::open(from).map_err(io)?;
    let length = source.metadata().map_err(io)?.len();
    let mut target = files::create(to)?;
    let (mut at, mut unreadable) = (0, 0);
    let mut block = [0; BLOCK];
    while at < length {
        let some = usize::try_from((length - at).min(BLOCK as u64)).unwrap_or(BLOCK);
        let read = source
            .seek(SeekFrom::Start(at))
            .and_then(|_| source.read_exact(&mut block[..some]));
        if read.is_err() {
            block.fill(0);
            unreadable += 1;
        }
        target.write_all(&block[..some]).map_err(io)?;
        at += some as u64;
    }
    Ok(unreadable)
}

/// Reads the copy; opened again after a fault, for under a key a connection that met a page it cannot decrypt
/// reads nothing more.
pub(super) struct Reader<'a> {
    copy: &'a Copy,
    connection: Option<Connection>,
}

impl Reader<'_> {
    /// What `look` reads; `None` when something is in the way.
    pub fn attempt<T>(
        &mut self,
        look: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Option<T> {
        if self.connection.is_none() {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = self.copy.connect(&self.copy.path, flags).ok()?;
            // Reads what it can of a damaged table of contents, and looks closely at pages.
            connection
                .execute_batch(
                    "PRAGMA writable_schema = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;",
                )
                .ok()?;
            if !self.copy.keyed() {
                // The first statement fails on a damaged table of contents; those after it do with the rest.
                let _ = connection.prepare("SELECT 1 FROM sqlite_schema");
            }
            self.connection = Some(connection);
        }
        let connection = self.connection.as_ref()?;
        match look(connection) {
            Ok(value) if healthy(connection, self.copy.keyed()) => Some(value),
            _ => {
                if self.copy.keyed() {
                    self.connection = None;
                }
                None
            }
        }
    }

    /// Whether the copy is under a key.
    pub fn keyed(&self) -> bool {
        self.copy.keyed()
    }
}

/// Whether a connection under a key met no page that it could not decrypt: SQLCipher gives zeros for one, and
/// SQLite may take them for the end of a long value.
pub(super) fn healthy(connection: &Connection, keyed: bool) -> bool {
    if !keyed {
        return true;
    }
    connection
        .query_row("PRAGMA cipher_status", [], |row| row.get::<_, String>(0))
        .is_ok_and(|status| status == "1")
}
