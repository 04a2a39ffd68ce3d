//! One table read row by row, past pages that cannot be read.
//!
//! Forward as far as it goes. Then, by rowid: the next rowid beyond the fault that can be found, and forward
//! again. In a table clustered by its own key: backward from the end. Then the keys that the indexes know and
//! that were not met are looked up one by one; those that cannot be read are known to be lost.

use std::collections::HashSet;
use std::io::Write;

use base64::Engine;
use rusqlite::Connection;
use rusqlite::types::{Value, ValueRef};
use serde_json::{Map, json};

use super::SalvagedTable;
use super::copy::{Reader, healthy};
use crate::error::{Error, Result};
use crate::store::files;

/// A table as the table of contents describes it.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// WITHOUT ROWID.
    pub clustered: bool,
    /// Indexes that name every row.
    pub indexes: Vec<String>,
}

/// A column.
pub(super) struct Column {
    pub name: String,
    pub kind: String,
    pub required: bool,
    /// Its place in the primary key, from 1.
    pub key: i64,
}

/// A row read: its key and its values.
struct Row {
    key: Vec<Value>,
    values: Vec<Value>,
}

/// How far a stretch of rows was read.
struct Stretch {
    last: Option<Vec<Value>>,
    whole: bool,
}

/// Probes one rowid apart, beyond a fault; then they grow apart.
const NEAR: i64 = 128;
/// Probes at each distance.
const EACH: i64 = 16;
/// The largest distance.
const FAR: i64 = 1 << 32;

/// The walk through one table.
pub(super) struct Walk<'a, 'r> {
    reader: &'a mut Reader<'r>,
    table: &'a Table,
    /// Rows that do not fit their columns are none: the table of contents is not the file's own.
    strict: bool,
    out: &'a mut dyn Write,
    seen: HashSet<Vec<u8>>,
    report: SalvagedTable,
}

impl<'a, 'r> Walk<'a, 'r> {
    pub fn new(
        reader: &'a mut Reader<'r>,
        table: &'a Table,
        strict: bool,
        out: &'a mut dyn Write,
    ) -> Walk<'a, 'r> {
        Walk {
            reader,
            table,
            strict,
            out,
            seen: HashSet::new(),
            report: SalvagedTable {
                table: table.name.clone(),
                rows: 0,
                damaged: 0,
                gaps: 0,
                lost: Some(0),
            },
        }
    }

    /// Writes out every row that can be read.
    ///
    /// Errors: those of what is written; never those of what is read.
    pub fn run(mut self) -> Result<SalvagedTable> {
        if self.table.clustered {
            self.by_key()?;
        } else {
            self.by_rowid()?;
        }
        if self.report.gaps > 0 {
            self.by_indexes()?;
        }
        Ok(self.report)
    }

    fn by_rowid(&mut self) -> Result<()> {
        let mut from = i64::MIN;
        loop {
            let stretch = self.stretch("rowid >= ?1", "ASC", &[Value::Integer(from)])?;
            if stretch.whole {
                return Ok(());
            }
            let after = match stretch.last.as_deref() {
                Some([Value::Integer(last)]) => last.checked_add(1),
                // Ours begin at 1.
                _ if from == i64::MIN => Some(0),
                // Its rowid could be read, not the row: the same stretch goes on.
                _ => from.checked_add(1),
            };
            self.report.gaps += i64::from(stretch.last.is_some() || from == i64::MIN);
            let Some(next) = after.and_then(|after| self.next_rowid(after)) else {
                return Ok(());
            };
            from = next;
        }
    }

    /// The first rowid, from here on, that can be read, as far as probes find it.
    fn next_rowid(&mut self, from: i64) -> Option<i64> {
        let sql = format!(
            "SELECT rowid FROM {} NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid LIMIT 1",
            quoted(&self.table.name)
        );
        // `Some(None)`: there is nothing from here on.
        let mut probe = |at: i64| -> Option<Option<i64>> {
            self.reader.attempt(|c| {
                let mut statement = c.prepare(&sql)?;
                let mut rows = statement.query([at])?;
                rows.next()?.map(|row| row.get(0)).transpose()
            })
        };
        let (mut at, mut distance, mut probes) = (from, 1_i64, 0_i64);
        let mut bad = from.checked_sub(1)?;
        while distance <= FAR {
            if let Some(found) = probe(at) {
                // Between the last that failed and this one lies the first that does not.
                let (mut good, mut found) = (at, found);
                while good - bad > 1 {
                    let middle = bad + (good - bad) / 2;
                    match probe(middle) {
                        Some(nearer) => (good, found) = (middle, nearer),
                        None => bad = middle,
                    }
                }
                return found;
            }
            bad = at;
            probes += 1;
            if probes >= NEAR && (probes - NEAR) % EACH == 0 {
                distance *= 2;
            }
            at = at.checked_add(distance)?;
        }
        None
    }

    fn by_key(&mut self) -> Result<()> {
        if self.stretch("1", "ASC", &[])?.whole {
            return Ok(());
        }
        self.report.gaps += 1;
        self.stretch("1", "DESC", &[])?;
        Ok(())
    }

    /// Looks up what the indexes know of and was not met.
    fn by_indexes(&mut self) -> Result<()> {
        let mut known: HashSet<Vec<u8>> = HashSet::new();
        let mut keys = Vec::new();
        let mut all_known = false;
        for index in &self.table.indexes {
            let sql = format!(
                "SELECT {} FROM {} INDEXED BY {}",
                self.key_columns().join(", "),
                quoted(&self.table.name),
                quoted(index)
            );
            let width = self.key_columns().len();
            let keyed = self.reader.keyed();
            let read = self.reader.attempt(|c| {
                let mut statement = c.prepare(&sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    let key = (0..width)
                        .map(|i| row.get(i))
                        .collect::<rusqlite::Result<Vec<Value>>>()?;
                    if !healthy(c, keyed) {
                        break;
                    }
                    if known.insert(bytes(&key)) {
                        keys.push(key);
                    }
                }
                Ok(())
            });
            all_known |= read.is_some();
        }
        let mut lost = 0;
        for key in keys {
            if self.seen.contains(&bytes(&key)) {
                continue;
            }
            let found = self.stretch(&self.is_key("="), "ASC", &key)?;
            lost += i64::from(found.last.is_none());
        }
        self.report.lost = all_known.then_some(lost);
        Ok(())
    }

    /// Reads rows in order until there are no more or one cannot be read; writes those not written yet.
    fn stretch(&mut self, condition: &str, direction: &str, from: &[Value]) -> Result<Stretch> {
        let key = self.key_columns();
        let order: Vec<String> = key.iter().map(|k| format!("{k} {direction}")).collect();
        let columns = self.table.columns.iter().map(|c| quoted(&c.name));
        let selected: Vec<String> = key.iter().cloned().chain(columns).collect();
        let sql = format!(
            "SELECT {} FROM {} NOT INDEXED WHERE {condition} ORDER BY {}",
            selected.join(", "),
            quoted(&self.table.name),
            order.join(", ")
        );
        let (width, total) = (key.len(), selected.len());
        let keyed = self.reader.keyed();
        let mut last = None;
        let mut failure = None;
        // The walk's own parts, apart from the reader.
        let (out, seen, report) = (&mut *self.out, &mut self.seen, &mut self.report);
        let (table, strict) = (self.table, self.strict);
        let whole = self.reader.attempt(|c: &Connection| {
            let mut statement = c.prepare(&sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(from))?;
            while let Some(row) = rows.next()? {
                let mut all = (0..total)
                    .map(|i| row.get_ref(i).map(value))
                    .collect::<rusqlite::Result<Vec<Value>>>()?;
                if !healthy(c, keyed) {
                    return Err(rusqlite::Error::InvalidQuery);
                }
                let values = all.split_off(width);
                let row = Row { key: all, values };
                if seen.insert(bytes(&row.key))
                    && let Err(error) = put(table, strict, &row, out, report)
                {
                    failure = Some(error);
                    return Ok(());
                }
                last = Some(row.key);
            }
            Ok(())
        });
        match failure {
            Some(error) => Err(error),
            None => Ok(Stretch {
                last,
                whole: whole.is_some(),
            }),
        }
    }

    fn key_columns(&self) -> Vec<String> {
        if !self.table.clustered {
            return vec!["rowid".to_owned()];
        }
        let mut key: Vec<&Column> = self.table.columns.iter().filter(|c| c.key > 0).collect();
        key.sort_by_key(|c| c.key);
        key.iter().map(|c| quoted(&c.name)).collect()
    }

    fn is_key(&self, comparison: &str) -> String {
        let columns = self.key_columns();
        let one = |(n, column): (usize, &String)| format!("{column} {comparison} ?{}", n + 1);
        let all: Vec<String> = columns.iter().enumerate().map(one).collect();
        all.join(" AND ")
    }
}

/// Writes a row, unless it is none.
fn put(
    table: &Table,
    strict: bool,
    row: &Row,
    out: &mut dyn Write,
    report: &mut SalvagedTable,
) -> Result<()> {
    let fits = table
        .columns
        .iter()
        .zip(&row.values)
        .all(|(column, value)| column.fits(value));
    if strict && !fits {
        report.damaged += 1;
        return Ok(());
    }
    let members: Map<String, serde_json::Value> = table
        .columns
        .iter()
        .zip(&row.values)
        .map(|(column, value)| (column.name.clone(), shown(value)))
        .collect();
    let mut line = json!({"table": table.name, "row": members});
    if !fits {
        line["damaged"] = json!(true);
        report.damaged += 1;
    }
    report.rows += 1;
    writeln!(out, "{line}").map_err(|e| Error::from(files::kind(&e)))
}

impl Column {
    /// Whether a value is one that this column takes. No text of ours holds a NUL.
    fn fits(&self, value: &Value) -> bool {
        match value {
            Value::Null => !self.required && self.key == 0,
            Value::Integer(_) => matches!(self.kind.as_str(), "INTEGER" | "INT" | "ANY"),
            Value::Text(text) => {
                matches!(self.kind.as_str(), "TEXT" | "ANY") && !text.contains('\0')
            }
            // What is not UTF-8 is read as bytes.
            Value::Blob(_) => matches!(self.kind.as_str(), "BLOB" | "ANY"),
            Value::Real(_) => matches!(self.kind.as_str(), "REAL" | "ANY"),
        }
    }
}

/// A value as it stands in the file; a text that is not UTF-8 as its bytes.
fn value(stored: ValueRef<'_>) -> Value {
    match stored {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(i) => Value::Integer(i),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(text.to_vec()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// A value as JSON.
fn shown(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => json!(null),
        Value::Integer(i) => json!(i),
        Value::Real(r) => json!(r),
        Value::Text(text) => json!(text),
        Value::Blob(bytes) => {
            json!({"base64": base64::engine::general_purpose::STANDARD.encode(bytes)})
        }
    }
}

/// A key as bytes that tell it from every other.
fn bytes(key: &[Value]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in key {
        let (mark, part) = match part {
            Value::Integer(i) => (1, i.to_be_bytes().to_vec()),
            Value::Text(text) => (2, text.clone().into_bytes()),
            Value::Blob(blob) => (3, blob.clone()),
            Value::Real(r) => (4, r.to_be_bytes().to_vec()),
            Value::Null => (0, Vec::new()),
        };
        out.push(mark);
        out.extend((part.len() as u64).to_be_bytes());
        out.extend(part);
    }
    out
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
