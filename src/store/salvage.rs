//! What can still be read of a damaged register, written out row by row.
//!
//! The damaged file is only read: the work is done on a copy. Tables and columns are those that the file's
//! own table of contents names; where that is damaged too, a new register's is put in its place in the copy,
//! and rows count only where they fit their columns.
//!
//! | file | what |
//! |---|---|
//! | `copy` | the copy, and readers that survive a page that cannot be read |
//! | `walk` | one table, past unreadable pages |

mod copy;
mod walk;

use std::collections::BTreeSet;
use std::io::{BufWriter, Write};

use serde::Serialize;

use self::copy::{Copy, Reader};
use self::walk::{Column, Table, Walk};
use super::files;
use super::key::StoreKey;
use super::register::SCHEMA;
use super::sqlite;
use crate::error::{Error, Result, StorageError};

/// What could be read of a damaged register, and what not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SalvageReport {
    /// Whether everything was read.
    pub complete: bool,
    /// The same, for a person.
    pub sentence: &'static str,
    /// Whether the file is under a key.
    pub encrypted: bool,
    /// Where the names of tables and columns come from.
    pub contents: Contents,
    /// Blocks of 4096 bytes that the disk itself did not give.
    pub blocks_unreadable: i64,
    /// Rows written out, all tables together.
    pub rows: i64,
    /// Table by table.
    pub tables: Vec<SalvagedTable>,
}

/// Where the names of tables and columns come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Contents {
    /// From the file.
    OfTheFile,
    /// In part or whole from a new register: the file's own could not be read.
    OfANewRegister,
}

/// What could be read of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SalvagedTable {
    /// Its name.
    pub table: String,
    /// Rows written out.
    pub rows: i64,
    /// Of these, rows with a value that does not fit its column: marked `damaged` in the file.
    pub damaged: i64,
    /// Stretches that could not be read.
    pub gaps: i64,
    /// Rows known to have been there that could not be read; absent when it cannot be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<i64>,
}

/// Writes out what can be read of a register, one JSON record a line: `{"table": …, "row": {…}}`, and
/// `"damaged": true` where a value does not fit its column. Bytes stand as `{"base64": …}`.
pub(crate) fn salvage(
    register: &str,
    key: Option<&StoreKey>,
    destination: &str,
) -> Result<SalvageReport> {
    if !sqlite::is_plain(register) || !sqlite::is_plain(destination) {
        return Err(Error::caller(
            "register, destination",
            "must be plain file paths, not empty, not URIs, not in memory",
        ));
    }
    if files::stands(destination) {
        return Err(StorageError::Exists.into());
    }
    let copy = Copy::of(register, key, &format!("{destination}.work"))?;
    let made = format!("{destination}.partial");
    files::remove(&made)?;
    let mut out = BufWriter::new(files::create(&made)?);
    let result = written(&copy, &mut out).and_then(|report| {
        out.flush().map_err(|e| files::kind(&e))?;
        drop(out);
        files::publish(&made, destination)?;
        Ok(report)
    });
    if result.is_err() {
        files::remove(&made)?;
    }
    result
}

fn written(copy: &Copy, out: &mut dyn Write) -> Result<SalvageReport> {
    let mut reader = copy.reader();
    let named = reader.attempt(|c| {
        let id: i32 = c.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i64 = c.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((id, version))
    });
    match named {
        Some((id, _)) if id != SCHEMA.application_id => return Err(StorageError::NotOurs.into()),
        Some((_, version)) if version > SCHEMA.migrations.len() as i64 => {
            return Err(StorageError::Newer.into());
        }
        // Told before every stretch of the file is tried in vain.
        None if copy.under_another_key() => return Err(StorageError::NotOurs.into()),
        _ => {}
    }
    let mut tables: Vec<SalvagedTable> = Vec::new();
    let own = described(&mut reader);
    for table in &own {
        tables.push(Walk::new(&mut reader, table, false, out).run()?);
    }
    let mut contents = Contents::OfTheFile;
    let known: BTreeSet<&str> = own.iter().map(|t| t.name.as_str()).collect();
    // Only what a whole file would have: one of an older version lacks tables without being damaged.
    let unread = reader.attempt(whole_contents).is_none();
    drop(reader);
    if unread {
        contents = Contents::OfANewRegister;
        copy.lend_contents()?;
        let mut reader = copy.reader();
        for table in described(&mut reader) {
            if !known.contains(table.name.as_str()) {
                tables.push(Walk::new(&mut reader, &table, true, out).run()?);
            }
        }
    }
    tables.sort_by(|a, b| a.table.cmp(&b.table));
    let rows = tables.iter().map(|t| t.rows).sum();
    // Nothing of it is a register under this key.
    if named.is_none() && rows == 0 {
        return Err(StorageError::NotOurs.into());
    }
    let complete = contents == Contents::OfTheFile
        && copy.blocks_unreadable == 0
        && tables.iter().all(|t| t.gaps == 0 && t.damaged == 0);
    Ok(SalvageReport {
        complete,
        sentence: if complete {
            "Tout le contenu du registre a pu être lu."
        } else {
            "Une partie du registre n'a pas pu être lue : voyez le détail par table."
        },
        encrypted: copy.keyed(),
        contents,
        blocks_unreadable: copy.blocks_unreadable,
        rows,
        tables,
    })
}

/// Reads the whole table of contents.
fn whole_contents(connection: &rusqlite::Connection) -> rusqlite::Result<()> {
    let mut statement =
        connection.prepare("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        row.get::<_, String>(1)?;
    }
    Ok(())
}

/// The tables that the table of contents names, as far as it can be read.
fn described(reader: &mut Reader<'_>) -> Vec<Table> {
    let mut names: Vec<String> = Vec::new();
    // Read again and again after a fault: each time from the beginning, up to it.
    reader.attempt(|c| {
        let mut statement = c.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            names.push(row.get(0)?);
        }
        Ok(())
    });
    names
        .into_iter()
        .filter_map(|name| reader.attempt(|c| table(c, &name)))
        .collect()
}

fn table(c: &rusqlite::Connection, name: &str) -> rusqlite::Result<Table> {
    let clustered: bool = c.query_row(
        "SELECT wr FROM pragma_table_list(?1) WHERE schema = 'main'",
        [name],
        |row| row.get(0),
    )?;
    let mut statement =
        c.prepare("SELECT name, type, \"notnull\", pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let columns = statement
        .query_map([name], |row| {
            Ok(Column {
                name: row.get(0)?,
                kind: row.get(1)?,
                required: row.get(2)?,
                key: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    if columns.is_empty() {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    let mut statement = c.prepare(
        "SELECT name FROM pragma_index_list(?1) WHERE partial = 0 AND NOT (?2 AND origin = 'pk')",
    )?;
    let indexes = statement
        .query_map(rusqlite::params![name, clustered], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Table {
        name: name.to_owned(),
        columns,
        clustered,
        indexes,
    })
}
