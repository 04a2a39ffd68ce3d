//! Files around the register: put in place whole or not at all, named where none is, overwritten before they
//! go.
//!
//! No file that a connection of this process may have open is ever opened here: closing it would take
//! SQLite's locks away (POSIX).

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::StorageError;

/// SQLite's companions of a file.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The kind of an input or output error.
pub(super) fn kind(error: &io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            StorageError::CannotOpen
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            StorageError::ReadOnly
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StorageError::Full
        }
        io::ErrorKind::AlreadyExists => StorageError::Exists,
        io::ErrorKind::ResourceBusy => StorageError::Busy,
        _ => StorageError::Io,
    }
}

/// Whether something stands there, even what cannot be read.
pub(super) fn stands(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A new file that only its owner reads.
pub(super) fn create(path: &str) -> Result<File, StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|e| kind(&e))
}

/// Makes the bytes of a file durable.
pub(super) fn sync(path: &str) -> Result<(), StorageError> {
    // Written to, or Windows refuses.
    let file = OpenOptions::new().write(true).open(path);
    file.and_then(|file| file.sync_all()).map_err(|e| kind(&e))
}

/// Makes the names in a file's folder durable. Windows has no such call: it journals names itself.
pub(super) fn sync_folder(path: &str) -> Result<(), StorageError> {
    #[cfg(unix)]
    {
        let folder = match Path::new(path).parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| kind(&e))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &str) -> Result<(), StorageError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(kind(&error)),
        _ => Ok(()),
    }
}

/// Removes a file of SQLite's and its companions.
pub(super) fn remove_whole(path: &str) -> Result<(), StorageError> {
    remove(path)?;
    remove_companions(path)
}

/// Removes the companions of a file that is closed.
pub(super) fn remove_companions(path: &str) -> Result<(), StorageError> {
    COMPANIONS
        .iter()
        .try_for_each(|companion| remove(&format!("{path}{companion}")))
}

/// Gives a finished file its name; never that of a file that is there.
pub(super) fn publish(finished: &str, path: &str) -> Result<(), StorageError> {
    sync(finished)?;
    match fs::hard_link(finished, path) {
        Ok(()) => remove(finished)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(StorageError::Exists);
        }
        // A file system without a second name for a file (FAT).
        Err(_) if stands(path) => return Err(StorageError::Exists),
        Err(_) => fs::rename(finished, path).map_err(|e| kind(&e))?,
    }
    sync_folder(path)
}

/// A second name for a file; the file moved where its file system has none.
pub(super) fn link_or_move(from: &str, to: &str) -> Result<(), StorageError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(StorageError::Exists),
        Err(_) => fs::rename(from, to).map_err(|e| kind(&e)),
    }
}

/// A second name for a file, where its file system has such a thing.
#[cfg(feature = "encryption")]
pub(super) fn second_name(from: &str, to: &str) {
    // Without one (FAT) the bytes are let go instead of overwritten: nothing else depends on it.
    let _ = fs::hard_link(from, to);
}

/// Whether two names are one file; `None` where it cannot be known.
pub(super) fn same(one: &str, other: &str) -> Option<bool> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let id = |path: &str| fs::metadata(path).map(|m| (m.dev(), m.ino())).ok();
        let other = id(other)?;
        Some(id(one) == Some(other))
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        None
    }
}

/// Overwrites a file with zeros, at its length, then removes it.
///
/// The length stays: whoever still has the file open must find what is not a database, rather than an empty
/// one. What overwriting promises: on a disk that writes in place, the bytes are gone. On an SSD, a file
/// system that copies on write, in snapshots and backups of the system, nothing.
pub(super) fn wipe(path: &str) -> Result<(), StorageError> {
    let wiped = || -> io::Result<()> {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let mut file = OpenOptions::new().write(true).open(path)?;
        let mut left = file.metadata()?.len();
        file.seek(SeekFrom::Start(0))?;
        while left > 0 {
            let some = left.min(ZEROS.len() as u64);
            file.write_all(&ZEROS[..usize::try_from(some).unwrap_or(ZEROS.len())])?;
            left -= some;
        }
        file.sync_all()
    };
    match wiped() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(kind(&error)),
        _ => {}
    }
    remove(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_published_whole_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let name = |n: &str| folder.path().join(n).to_str().unwrap().to_owned();
        fs::write(name("made"), "one").unwrap();
        publish(&name("made"), &name("kept")).unwrap();
        assert!(!stands(&name("made")));
        fs::write(name("made"), "two").unwrap();
        assert_eq!(
            publish(&name("made"), &name("kept")),
            Err(StorageError::Exists)
        );
        assert_eq!(fs::read_to_string(name("kept")).unwrap(), "one");
    }

    #[test]
    fn a_wiped_file_holds_nothing_under_its_other_name_either() {
        let folder = tempfile::tempdir().unwrap();
        let name = |n: &str| folder.path().join(n).to_str().unwrap().to_owned();
        fs::write(name("a"), vec![7; 100_000]).unwrap();
        fs::hard_link(name("a"), name("b")).unwrap();
        assert_ne!(same(&name("a"), &name("b")), Some(false));
        wipe(&name("a")).unwrap();
        assert_eq!(fs::read(name("b")).unwrap(), vec![0; 100_000]);
        assert!(!stands(&name("a")));
    }
}
