//! The journal for an audit, as a stream: each entry as it is, or told as FHIR AuditEvent.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit_event::AuditEvents;
use super::{Entry, JournalFilter};
use crate::connector::Session;
use crate::connector::session::{Note, ending};
use crate::document::ids::hex;
use crate::error::{Error, Result, StorageError};
use crate::store::journal::{Outcome, Selection};

const ACTION: &str = "journal.export";

/// What is handed over at once, at least, but for the end: whole lines.
const CHUNK: usize = 32 * 1024;

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// JSON Lines: each entry as it is, with its hash and the one it follows.
    Json,
    /// FHIR R4 AuditEvent, one resource a line (NDJSON).
    Fhir,
}

impl ExportFormat {
    /// As JSON has it.
    pub const fn code(self) -> &'static str {
        match self {
            ExportFormat::Json => "json",
            ExportFormat::Fhir => "fhir",
        }
    }
}

/// What to export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportRequest {
    /// In which form.
    pub format: ExportFormat,
    /// Which entries; all when absent.
    #[serde(default)]
    pub filter: Option<JournalFilter>,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportAnswer {
    /// In which form.
    pub format: ExportFormat,
    /// How many entries, one line each.
    pub entries: i64,
    /// Number of the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// Number of the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// How many bytes.
    pub bytes: i64,
    /// Their SHA-256, hexadecimal, which the journal keeps too.
    pub sha256: String,
}

/// A line of the export in JSON: with the hash before, a line can be checked by itself.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    previous: String,
}

/// Counts, hashes, and hands over whole lines in pieces.
struct Stream<'a> {
    to: &'a mut dyn Write,
    waiting: Vec<u8>,
    hasher: Sha256,
    bytes: i64,
}

impl Stream<'_> {
    fn end_line(&mut self) -> io::Result<()> {
        self.waiting.push(b'\n');
        if self.waiting.len() < CHUNK {
            return Ok(());
        }
        self.pass()
    }

    fn pass(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.to.write_all(&self.waiting)?;
        self.hasher.update(&self.waiting);
        self.bytes += self.waiting.len() as i64;
        self.waiting.clear();
        Ok(())
    }
}

/// What receives the export failed.
fn stopped(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::StorageFull => StorageError::Full.into(),
        _ => StorageError::Io.into(),
    }
}

impl Session {
    /// Exports the practice's journal to `to`, in pieces of whole lines; the entries up to this call, on one consistent
    /// state. Memory does not grow with their number. It names documents whatever their masking: for those who oversee.
    ///
    /// Who exports what is journalled before the first byte, and how it ended after the last. `to` must not call the
    /// connector back.
    ///
    /// Errors: [`crate::ErrorKind::Storage`] when `to` or the register fails.
    pub fn export_journal(
        &self,
        request: &ExportRequest,
        to: &mut dyn Write,
    ) -> Result<ExportAnswer> {
        let result = self.export_held(request, to);
        self.inner.logged(ACTION, result)
    }

    fn export_held(&self, request: &ExportRequest, to: &mut dyn Write) -> Result<ExportAnswer> {
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let now = self.inner.now();
        let asked = asked(request)?;
        let note = |detail| Note {
            detail,
            ..Note::default()
        };
        let through = state.register.durable(|tx| {
            let through = tx.last_entry()?;
            let asked = note(Some(asked.as_str()));
            self.note(tx, now, ACTION, Outcome::Intent, asked)?;
            Ok(through)
        })?;
        let filter = request.filter.clone().unwrap_or_default();
        let selection = Selection {
            through: Some(through),
            ..filter.selection()
        };
        let exported = {
            let _speaking = self.inner.speakers.mark();
            state
                .register
                .read(|tx| self.stream(tx, request.format, &selection, to))
        };
        let (outcome, rule, detail) = match &exported {
            Ok(answer) => (
                Outcome::Done,
                None,
                Some(format!(
                    "{}; {} entries; sha256 {}",
                    answer.format.code(),
                    answer.entries,
                    answer.sha256
                )),
            ),
            Err(error) => {
                let (outcome, rule) = ending(error);
                (outcome, Some(rule), None)
            }
        };
        let now = self.inner.now();
        state.register.durable(|tx| {
            let note = Note {
                rule: rule.as_deref(),
                ..note(detail.as_deref())
            };
            self.note(tx, now, ACTION, outcome, note)
        })?;
        exported
    }

    fn stream(
        &self,
        tx: &crate::store::Tx<'_>,
        format: ExportFormat,
        selection: &Selection<'_>,
        to: &mut dyn Write,
    ) -> Result<ExportAnswer> {
        let events = AuditEvents::new(&self.inner.config.software);
        let mut stream = Stream {
            to,
            waiting: Vec::with_capacity(CHUNK * 2),
            hasher: Sha256::new(),
            bytes: 0,
        };
        let mut answer = ExportAnswer {
            format,
            entries: 0,
            first: None,
            last: None,
            bytes: 0,
            sha256: String::new(),
        };
        tx.each_entry(selection, |entry, previous| {
            let written = match format {
                ExportFormat::Json => serde_json::to_writer(
                    &mut stream.waiting,
                    &Line {
                        entry: &entry,
                        previous: hex(previous),
                    },
                ),
                ExportFormat::Fhir => {
                    serde_json::to_writer(&mut stream.waiting, &events.of(&entry))
                }
            };
            written.map_err(|_| Error::bug("an entry cannot be written"))?;
            stream.end_line().map_err(|e| stopped(&e))?;
            answer.entries += 1;
            answer.first = answer.first.or(entry.number);
            answer.last = entry.number;
            Ok(())
        })?;
        stream.pass().map_err(|e| stopped(&e))?;
        stream.to.flush().map_err(|e| stopped(&e))?;
        answer.bytes = stream.bytes;
        answer.sha256 = hex(&stream.hasher.finalize());
        Ok(answer)
    }
}

/// What was asked for, as the journal keeps it: the criteria given, no others.
fn asked(request: &ExportRequest) -> Result<String> {
    let unwritten = |_| Error::bug("a filter cannot be written");
    let mut asked = serde_json::to_value(request).map_err(unwritten)?;
    if let Some(filter) = asked["filter"].as_object_mut() {
        filter.retain(|_, value| !value.is_null());
    }
    if let Some(members) = asked.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Ok(asked.to_string())
}
