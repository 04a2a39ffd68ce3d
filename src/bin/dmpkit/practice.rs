//! A practice, opened as its software opens it: the configuration and the requester of the C interface, from files.

use std::io;
use std::path::Path;

use dmpkit::connector::StoreKey;
use dmpkit::dmp::Requester;
use dmpkit::error::{Error, ErrorKind, StorageError};
use dmpkit::{Config, Connector, Session};
use zeroize::Zeroizing;

use crate::{Outcome, args, files, output};

/// Opens the practice of a configuration (record config); or how the command ends without it. `key_file` holds the key
/// of encrypted files.
pub fn open(config: &Path, key_file: Option<&Path>) -> Result<Connector, Outcome> {
    let read = self::config(config)?;
    if !stands(&read) {
        output::complain(ABSENT);
        return Err(Outcome::File);
    }
    let opened = match key_file {
        None => Connector::open(read),
        Some(path) => Connector::open_keyed(read, &key(path)?),
    };
    opened.map_err(|error| refused(&error))
}

/// What is told where there is no register.
pub const ABSENT: &str = "Aucun registre n'est à la place que dit la configuration : ses chemins partent du dossier courant.";

/// Whether the register is there. The practice's software makes it; a command run from another folder must not make
/// an empty one, and find all well with it.
pub fn stands(config: &Config) -> bool {
    Path::new(&config.register).exists()
}

/// The same, as the command line names it.
pub fn of(files: &args::Practice) -> Result<Connector, Outcome> {
    open(&files.config, files.key_file.as_deref())
}

/// The configuration that a file holds (record config).
pub fn config(path: &Path) -> Result<Config, Outcome> {
    Config::from_json(&text(path)?).map_err(|fault| not_a(path, "une configuration", &fault))
}

/// The key of encrypted files: 32 bytes in hexadecimal, or a passphrase on one line.
pub fn key(path: &Path) -> Result<StoreKey, Outcome> {
    let text = secret(path)?;
    let line = text.trim_end_matches(['\r', '\n']);
    match hexadecimal(line) {
        Some(bytes) => Ok(StoreKey::raw(*bytes)),
        None => StoreKey::passphrase(line).map_err(|_| {
            output::complain(&format!(
                "{} ne contient pas de clé : 64 chiffres hexadécimaux, ou une phrase secrète, sur une ligne.",
                output::name(path)
            ));
            Outcome::ToCorrect
        }),
    }
}

/// The key of a file that may have one.
pub fn maybe_key(path: Option<&Path>) -> Result<Option<StoreKey>, Outcome> {
    path.map(key).transpose()
}

/// What a file holds that is wiped after use.
pub fn secret(path: &Path) -> Result<Zeroizing<String>, Outcome> {
    text(path).map(Zeroizing::new)
}

/// 32 bytes written as 64 hexadecimal digits.
pub fn hexadecimal(line: &str) -> Option<Zeroizing<[u8; 32]>> {
    if line.len() != 64 || !line.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (index, byte) in bytes.iter_mut().enumerate() {
        let pair = line.get(2 * index..2 * index + 2)?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

/// Opens a session of the professional or the structure that a file describes (record requester).
pub fn session(connector: &Connector, path: &Path) -> Result<Session, Outcome> {
    let read = Requester::from_json(&text(path)?);
    let requester = read.map_err(|fault| not_a(path, "un professionnel", &fault))?;
    connector
        .session(requester)
        .map_err(|error| refused(&error))
}

/// What a file of text holds.
pub fn text(path: &Path) -> Result<String, Outcome> {
    let bytes = files::read(path).map_err(|error| output::unread(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        output::unread(
            path,
            &io::Error::new(io::ErrorKind::InvalidData, "il n'est pas en UTF-8"),
        )
    })?;
    Ok(text.trim_start_matches('\u{FEFF}').to_owned())
}

/// The fault names the field and the rule, never the value: a configuration may hold a password.
fn not_a(path: &Path, what: &str, fault: &str) -> Outcome {
    output::complain(&format!(
        "{} n'est pas {what} : {fault}.",
        output::name(path)
    ));
    Outcome::ToCorrect
}

/// Says why a call was refused or failed, and what would change it; how the command ends.
pub fn refused(error: &Error) -> Outcome {
    if let Some(refusal) = error.refusal() {
        output::complain(&refusal.explanation.sentence);
        for remedy in &refusal.explanation.remedies {
            output::complain(&format!("  → {}", remedy.text));
        }
        return Outcome::ToCorrect;
    }
    match error.kind() {
        ErrorKind::Storage(storage) => {
            output::complain(of_storage(storage));
            Outcome::File
        }
        ErrorKind::Caller { field, rule } => {
            output::complain(&format!("{field} ne convient pas : {rule}."));
            Outcome::ToCorrect
        }
        _ => {
            output::complain(&format!("L'opération a échoué : {error}."));
            Outcome::ToCorrect
        }
    }
}

/// What is wrong with a file, for a person.
pub fn of_storage(error: &StorageError) -> &'static str {
    match error {
        StorageError::Path => "Le chemin d'un fichier de la configuration ne convient pas.",
        StorageError::CannotOpen => {
            "Un fichier de la configuration ne peut pas être ouvert : vérifiez les chemins et les droits."
        }
        StorageError::NotOurs => {
            "Un fichier de la configuration n'est pas de dmpkit, ou la clé n'est pas la sienne."
        }
        StorageError::Exists => "Un fichier de ce nom existe déjà : il n'est pas remplacé.",
        StorageError::Newer => {
            "Un fichier a été écrit par une version plus récente de dmpkit : il est resté intact."
        }
        StorageError::ReadOnly => "Un fichier ou son dossier est en lecture seule.",
        StorageError::Full => "Le disque est plein.",
        StorageError::Busy => "Un autre programme occupe le fichier : recommencez dans un instant.",
        StorageError::Corrupt => "Un fichier est endommagé.",
        StorageError::Io => "Un fichier ne peut pas être lu ou écrit.",
    }
}
