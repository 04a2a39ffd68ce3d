//! A build without encryption says so, and refuses every key before it touches a file.

#![cfg(not(feature = "encryption"))]

use std::ffi::CStr;

use dmpkit::connector::{Config, StoreKey, rekey, restore, salvage};
use dmpkit::ffi::library::dmp_version;
use dmpkit::{Connector, ErrorKind, Result};
use serde_json::json;

fn refused<T>(what: &str, result: Result<T>) {
    match result.map(|_| ()).expect_err(what).kind() {
        ErrorKind::Caller { field, .. } => assert_eq!(field, "key", "{what}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn it_says_so() {
    // SAFETY: a constant of the library, ended by a NUL.
    let version = unsafe { CStr::from_ptr(dmp_version()) };
    let expected = format!("{} without encryption", env!("CARGO_PKG_VERSION"));
    assert_eq!(version.to_str(), Ok(expected.as_str()));
}

#[test]
fn it_refuses_every_key_and_leaves_the_folder_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let config = || -> Config {
        serde_json::from_value(json!({
            "register": place("register.db"),
            "dmp": {"embedded": {"path": place("dmp.db")}},
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        }))
        .expect("a configuration")
    };
    let key = StoreKey::raw([5; 32]);
    refused("open", Connector::open_keyed(config(), &key));
    refused("rekey", rekey(&config(), None, &key));
    refused(
        "restore",
        restore(&config(), &place("backup.db"), Some(&key), true),
    );
    refused(
        "salvage",
        salvage(&config(), Some(&key), &place("saved.jsonl")),
    );
    assert_eq!(folder.path().read_dir().expect("read").count(), 0);
}
