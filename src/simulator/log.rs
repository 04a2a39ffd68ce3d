//! The log of exchanges: what a vendor shows for an homologation, and reads when something fails.
//!
//! One JSON record a line, without patient data: no INS, no name, no document, no assertion.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use crate::clock::Instant;

/// How one check of a VIHF ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// As it should be.
    Ok,
    /// Not as it should be: the exchange was refused.
    Failed,
    /// Does not apply to this exchange.
    NotApplicable,
}

/// A field of the VIHF that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which: `signature`, `issue_instant`…
    pub field: &'static str,
    /// How it ended.
    pub result: CheckResult,
}

/// One exchange. Sizes in bytes, the duration in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// The simulator's present when it began.
    pub at: Instant,
    /// `TD2.1`, `TD3.1`…; `-` when the message could not be read that far.
    pub transaction: String,
    /// `patients`, `habilitations`, `registry`, `repository`.
    pub service: String,
    /// HTTP status; absent when the connection was cut before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// MessageID of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// MessageID of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_id: Option<String>,
    /// Whose certificate opened the connection: PS_IdNat or Struct_IdNat.
    pub holder: String,
    /// `ok`, or the code of the refusal.
    pub outcome: String,
    /// The rule or place behind a refusal, without values.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context: String,
    /// What was checked in the VIHF.
    pub vihf: Vec<Check>,
    /// Failures on demand that befell it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub misbehaviours: Vec<&'static str>,
    /// Bytes received.
    pub request_size: usize,
    /// Bytes of the answer.
    pub answer_size: usize,
    /// Milliseconds from the last byte received to the first one sent.
    pub duration: i64,
}

/// The last exchanges, and the file in which all are kept.
#[derive(Debug)]
pub(crate) struct Log {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    recent: VecDeque<Exchange>,
    file: Option<File>,
}

/// Exchanges kept in memory.
const RECENT: usize = 1000;

impl Log {
    /// Appends to this file, when one is given.
    pub fn open(path: Option<&Path>) -> std::io::Result<Log> {
        let file = match path {
            None => None,
            Some(path) => Some(OpenOptions::new().append(true).create(true).open(path)?),
        };
        Ok(Log {
            inner: Mutex::new(Inner {
                recent: VecDeque::new(),
                file,
            }),
        })
    }

    /// Keeps an exchange. A file that cannot be written any more does not stop the simulator.
    pub fn keep(&self, exchange: Exchange) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = &mut inner.file
            && let Ok(mut line) = serde_json::to_vec(&exchange)
        {
            line.push(b'\n');
            let _ = file.write_all(&line);
        }
        if inner.recent.len() == RECENT {
            inner.recent.pop_front();
        }
        inner.recent.push_back(exchange);
    }

    /// The last exchanges, oldest first.
    pub fn recent(&self) -> Vec<Exchange> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.recent.iter().cloned().collect()
    }
}
