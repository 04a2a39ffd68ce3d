//! Whether a register is whole: its pages, their authenticity, its references, its journal. Counts, no data.

use rusqlite::Connection;
use serde::Serialize;

use super::backup::{Chain, problems};
use super::held::Place;
use super::register::SCHEMA;
use super::sqlite;
use crate::error::{Error, ErrorKind, Result, StorageError};

/// What checking a register found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What it comes to.
    pub verdict: Verdict,
    /// The verdict, for a person.
    pub sentence: &'static str,
    /// What to do about it, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
    /// Whether the file is under a key.
    pub encrypted: bool,
    /// Pages of the file; absent when it cannot be opened any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<i64>,
    /// What SQLite finds wrong with its structure, a thousand findings at most; absent when it cannot say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problems: Option<i64>,
    /// Under a key: pages that are not as this key wrote them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages_not_authentic: Option<i64>,
    /// Rows that refer to one that is not there; absent when they cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub orphans: Option<i64>,
    /// The journal's chain; absent when it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<Chain>,
    /// Rows by table.
    pub tables: Vec<TableRows>,
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// Its name.
    pub table: String,
    /// Its rows; absent when they cannot all be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
}

/// What a check comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Whole.
    Intact,
    /// The file is whole, and an entry of the journal was changed, removed or moved.
    JournalBroken,
    /// The file is damaged.
    Damaged,
}

impl Verdict {
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Verdict::Intact => (
                "Le registre est intact, et la chaîne de son journal aussi.",
                None,
            ),
            Verdict::JournalBroken => (
                "Le registre est lisible, mais une entrée de son journal a été modifiée, retirée ou déplacée.",
                Some(
                    "Conservez ce fichier tel quel et comparez son journal à celui d'une sauvegarde.",
                ),
            ),
            Verdict::Damaged => (
                "Le registre est endommagé.",
                Some(
                    "Fermez le logiciel et restaurez la dernière sauvegarde ; ce qui a été fait depuis peut être en partie récupéré du fichier endommagé.",
                ),
            ),
        }
    }
}

/// Checks a register that others may be using.
pub(crate) fn check(register: &Place) -> Result<Check> {
    let keyed = register.key.is_some();
    let pages = part(register, |c| pragma(c, "page_count"))?;
    let problems = part(register, problems)?;
    let pages_not_authentic = match keyed {
        true => part(register, not_authentic)?,
        false => None,
    };
    let orphans = part(register, |c| {
        Ok(sqlite::counted(c, "PRAGMA foreign_key_check")?)
    })?;
    let journal = part(register, Chain::of)?;
    let names = part(register, tables)?.unwrap_or_default();
    let mut tables = Vec::new();
    for table in names {
        let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
        let rows = part(register, |c| Ok(c.query_row(&sql, [], |row| row.get(0))?))?;
        tables.push(TableRows { table, rows });
    }
    let unread = pages.is_none()
        || journal.is_none()
        || (keyed && pages_not_authentic != Some(0))
        || tables.iter().any(|t| t.rows.is_none());
    let verdict = if unread || problems != Some(0) || orphans != Some(0) {
        Verdict::Damaged
    } else if journal.as_ref().is_some_and(|j| j.intact) {
        Verdict::Intact
    } else {
        Verdict::JournalBroken
    };
    let (sentence, remedy) = verdict.words();
    Ok(Check {
        verdict,
        sentence,
        remedy,
        encrypted: keyed,
        pages,
        problems,
        pages_not_authentic,
        orphans,
        journal,
        tables,
    })
}

/// One part of the check, on a connection of its own: under a key, a connection that met a damaged page reads
/// nothing more. `None` when the damage is in the way.
fn part<T>(register: &Place, look: impl FnOnce(&Connection) -> Result<T>) -> Result<Option<T>> {
    let looked = sqlite::open(&register.path, &SCHEMA, register.key.as_ref())
        .map_err(Error::from)
        .and_then(|connection| look(&connection));
    match looked {
        Ok(value) => Ok(Some(value)),
        Err(error) => match error.kind() {
            // This key has opened it before.
            ErrorKind::Storage(StorageError::Corrupt | StorageError::NotOurs) => Ok(None),
            _ => Err(error),
        },
    }
}

fn pragma(connection: &Connection, name: &str) -> Result<i64> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

/// Pages whose authentication fails. SQLCipher reads the file beneath SQLite's locks and beside its log: a page
/// that another connection is just moving out of the log is looked at again, and one that a crash left half moved is
/// moved anew.
fn not_authentic(connection: &Connection) -> Result<i64> {
    let mut least = i64::MAX;
    for _ in 0..3 {
        least = least.min(sqlite::counted(
            connection,
            "PRAGMA cipher_integrity_check",
        )?);
        if least == 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        // As far as it goes without waiting for anyone.
        sqlite::counted(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(least)
}

fn tables(connection: &Connection) -> Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
