//! Figures of the register for those who help a practice: how many, how old, by which rule; never who or what.

use rusqlite::params;
use serde::Serialize;

use super::Tx;
use super::check::TableRows;
use crate::clock::Instant;
use crate::error::Result;

/// The register's file, without its path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileFigures {
    /// Version of its tables.
    pub schema: i64,
    /// Bytes of its pages.
    pub bytes: i64,
    /// Bytes of pages that nothing uses.
    pub free_bytes: i64,
    /// Rows of each table.
    pub tables: Vec<TableRows>,
}

/// How often something ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// The rule or code behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How often.
    pub count: i64,
    /// When last.
    pub last: Instant,
}

/// How many items of the outbox stand in a state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The state.
    pub state: String,
    /// The rule of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How many.
    pub count: i64,
    /// When the oldest was handed over.
    pub oldest: Instant,
    /// The most attempts that one of them had.
    pub most_attempts: i64,
}

impl Tx<'_> {
    /// The file.
    pub fn file_figures(&self) -> Result<FileFigures> {
        let pragma = |name: &str| -> Result<i64> {
            Ok(self.0.pragma_query_value(None, name, |row| row.get(0))?)
        };
        let page = pragma("page_size")?;
        let names: Vec<String> = self
            .0
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name")?
            .query_map([], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        let mut tables = Vec::new();
        for table in names {
            // Ours, unless someone else wrote in the file.
            let sql = format!("SELECT count(*) FROM \"{}\"", table.replace('"', "\"\""));
            let rows = self.0.query_row(&sql, [], |row| row.get(0))?;
            tables.push(TableRows {
                table,
                rows: Some(rows),
            });
        }
        Ok(FileFigures {
            schema: pragma("user_version")?,
            bytes: pragma("page_count")? * page,
            free_bytes: pragma("freelist_count")? * page,
            tables,
        })
    }

    /// How what was done since an instant ended, by rule.
    pub fn endings(&self, since: Instant) -> Result<Vec<Ending>> {
        let mut statement = self.0.prepare_cached(
            "SELECT action, outcome, rule, count(*), max(at) FROM journal WHERE at >= ?1
             GROUP BY action, outcome, rule ORDER BY action, outcome, rule",
        )?;
        let rows = statement.query_map(params![since.millis()], |row| {
            Ok(Ending {
                action: row.get(0)?,
                outcome: row.get(1)?,
                rule: row.get(2)?,
                count: row.get(3)?,
                last: super::register::instant(row.get(4)?)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Why what is in the outbox stands where it stands.
    pub fn outbox_standings(&self) -> Result<Vec<Standing>> {
        let mut statement = self.0.prepare_cached(
            "SELECT state, reason ->> '$.rule', count(*), min(queued_at), max(attempts) FROM outbox
             WHERE state NOT IN ('done') GROUP BY 1, 2 ORDER BY 1, 2",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(Standing {
                state: row.get(0)?,
                rule: row.get(1)?,
                count: row.get(2)?,
                oldest: super::register::instant(row.get(3)?)?,
                most_attempts: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}
