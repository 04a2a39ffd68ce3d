//! What a scenario does through the Rust interface, on a connector of its own.

use dmpkit::connector::StoreKey;
use dmpkit::connector::config::Backend;
use dmpkit::dmp::embedded::Embedded;
use dmpkit::error::{ErrorKind, StorageError};
use dmpkit::ffi::status;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::{Config, Connector, Error, Session};
use serde::Serialize;
use serde_json::Value;

use crate::face::Reply;
use crate::flaky::Flaky;
use crate::practice::doctor;
use crate::scenario::Desk;

pub fn of<T: serde::de::DeserializeOwned>(record: Value) -> T {
    serde_json::from_value(record).expect("a record")
}

pub fn with<T>(
    desk: &Desk,
    work: impl FnOnce(&Connector, &Session) -> Result<T, Error>,
) -> Result<T, Error> {
    if desk.own.get().is_none() {
        let config: Config = of(desk.config());
        let key = desk.key.map(StoreKey::raw);
        let Backend::Embedded(embedded) = &config.dmp else {
            unreachable!("what is done through the Rust interface is on the embedded DMP")
        };
        let (path, parameters, told) = (embedded.path.clone(), config.parameters, &desk.told);
        let connector = Connector::open_on(config, key.as_ref(), |clock| {
            let all = Habilitation::default();
            let inner = Embedded::open_keyed(&path, key.as_ref(), clock.clone(), parameters, all)?;
            Ok(Box::new(Flaky {
                inner: Box::new(inner),
                told: told.clone(),
            }))
        })?;
        let session = connector.session(of(doctor()))?;
        assert!(desk.own.set((connector, session)).is_ok());
    }
    let (connector, session) = desk.own.get().expect("just opened");
    work(connector, session)
}

/// As the C face would answer.
pub fn reply<T: Serialize>(result: Result<T, Error>) -> Reply {
    match result {
        Ok(answer) => Reply {
            out: Some(serde_json::to_string(&answer).expect("JSON")),
            ..Reply::default()
        },
        Err(error) => Reply {
            status: match error.kind() {
                ErrorKind::Storage(StorageError::Full) => status::DMP_DISK_FULL,
                ErrorKind::Storage(StorageError::Io) => status::DMP_IO,
                ErrorKind::Storage(StorageError::CannotOpen) => status::DMP_CANNOT_OPEN,
                ErrorKind::Storage(StorageError::ReadOnly) => status::DMP_READ_ONLY,
                ErrorKind::Storage(StorageError::Corrupt) => status::DMP_CORRUPT,
                ErrorKind::Storage(StorageError::Busy) => status::DMP_BUSY,
                ErrorKind::Storage(StorageError::NotOurs) => status::DMP_NOT_OURS,
                ErrorKind::Storage(StorageError::Exists) => status::DMP_EXISTS,
                _ => status::DMP_BUG,
            },
            error: Some(error.to_string()),
            ..Reply::default()
        },
    }
}
