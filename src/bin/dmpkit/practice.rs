//! A practice, opened as its software opens it: the configuration and the requester of the C interface, from files.

use std::io;
use std::path::Path;

use dmpkit::connector::StoreKey;
use dmpkit::dmp::Requester;
use dmpkit::error::{Error, ErrorKind, StorageError};
use dmpkit::{Config, Connector, Session};

use crate::{Outcome, files, output};

/// Opens the practice of a configuration (record config); or how the command ends without it. `key_file` holds the key
/// of encrypted files.
pub fn open(config: &Path, key_file: Option<&Path>) -> Result<Connector, Outcome> {
    let read = Config::from_json(&text(config)?);
    let read = read.map_err(|fault| not_a(config, "une configuration", &fault))?;
    let opened = match key_file {
        None => Connector::open(read),
        Some(path) => Connector::open_keyed(read, &key(path)?),
    };
    opened.map_err(|error| refused(&error))
}

/// The key that a file holds: thirty-two bytes as they are, or a passphrase on its first line.
fn key(path: &Path) -> Result<StoreKey, Outcome> {
    let mut bytes = files::read(path).map_err(|error| output::unread(path, &error))?;
    let key = match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(raw) => Ok(StoreKey::raw(raw)),
        Err(_) => {
            let text = std::str::from_utf8(&bytes).unwrap_or_default();
            StoreKey::passphrase(text.lines().next().unwrap_or_default())
        }
    };
    // As far as this copy goes: the system may have kept others.
    bytes.fill(0);
    key.map_err(|_| {
        output::complain(&format!(
            "{} ne contient pas de clé : trente-deux octets, ou une phrase secrète.",
            output::name(path)
        ));
        Outcome::ToCorrect
    })
}

/// Opens a session of the professional or the structure that a file describes (record requester).
pub fn session(connector: &Connector, path: &Path) -> Result<Session, Outcome> {
    let read = Requester::from_json(&text(path)?);
    let requester = read.map_err(|fault| not_a(path, "un professionnel", &fault))?;
    connector
        .session(requester)
        .map_err(|error| refused(&error))
}

fn text(path: &Path) -> Result<String, Outcome> {
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

fn of_storage(error: &StorageError) -> &'static str {
    match error {
        StorageError::Path => "Le chemin d'un fichier de la configuration ne convient pas.",
        StorageError::CannotOpen => {
            "Un fichier de la configuration ne peut pas être ouvert : vérifiez les chemins et les droits."
        }
        StorageError::NotOurs => {
            "Un fichier de la configuration n'est pas de dmpkit, ou la clé n'est pas la sienne."
        }
        StorageError::Exists => "Un fichier de ce nom existe déjà.",
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
