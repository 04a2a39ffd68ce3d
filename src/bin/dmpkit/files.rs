//! Files in and out.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::{Outcome, output};

/// The largest file read, in bytes. A document of the DMP is far smaller; an endless pipe must not fill the memory.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Reads a whole file, or the standard input for `-`.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)?;
    } else {
        File::open(path)?
            .take(LARGEST + 1)
            .read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Writes a whole file that must not exist, unless `force`; or the standard output when no path is given.
fn write(path: Option<&Path>, force: bool, bytes: &[u8]) -> io::Result<()> {
    let Some(path) = path else {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        return out.flush();
    };
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(path)?.write_all(bytes)
}

/// Writes what a command made, and says it when that fails.
pub fn deliver(path: Option<&Path>, force: bool, bytes: &[u8]) -> io::Result<Outcome> {
    match (write(path, force, bytes), path) {
        (Ok(()), _) => Ok(Outcome::Good),
        (Err(error), None) => Err(error),
        (Err(error), Some(path)) if error.kind() == io::ErrorKind::AlreadyExists => {
            output::complain(&format!(
                "{} ne peut pas être écrit : il existe déjà (--force pour le remplacer).",
                output::name(path)
            ));
            Ok(Outcome::File)
        }
        (Err(error), Some(path)) => Ok(unwritten(path, &error)),
    }
}

/// Says that a file could not be written.
pub fn unwritten(path: &Path, error: &io::Error) -> Outcome {
    output::complain(&format!(
        "{} ne peut pas être écrit : {}.",
        output::name(path),
        reason(error)
    ));
    Outcome::File
}

/// Creates a file that must not exist, for its owner alone where the system has such rights: it names patients.
pub fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A length as a person reads it.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} ko", bytes.div_ceil(1000)),
        _ => format!("{} Mo", bytes.div_ceil(1_000_000)),
    }
}

/// Why a file could not be read or written, in French.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "il n'existe pas".to_owned(),
        io::ErrorKind::PermissionDenied => "l'accès est refusé".to_owned(),
        io::ErrorKind::IsADirectory => "c'est un dossier".to_owned(),
        io::ErrorKind::AlreadyExists => "il existe déjà".to_owned(),
        io::ErrorKind::FileTooLarge => "il dépasse 256 Mo".to_owned(),
        io::ErrorKind::StorageFull => "le disque est plein".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "le disque est en lecture seule".to_owned(),
        _ => error.to_string(),
    }
}
