//! What was seen of documents in this process: what the last lists showed, and what was just deposited.
//!
//! A reading or a change names a document by its uniqueId and needs what the DMP says of it. Asking again would cost a
//! call, and tell the patient of one more access in an emergency. Nothing is decided on it: the DMP answers for itself,
//! and what turns out to be old is asked for again.

use std::collections::HashMap;

use crate::clock::Instant;
use crate::dmp::Context;
use crate::document::{DocumentEntry, Metadata, Oid, Visibility};

/// How long what a list showed is good for. What was deposited is one's own words: it stays.
const MINUTES: i64 = 15;
/// Documents kept at most: a few megabytes.
const MOST: usize = 2_000;

/// What is known of a document.
#[derive(Clone)]
pub(super) enum Seen {
    /// What the DMP said of it.
    Entry(Box<DocumentEntry>),
    /// What was deposited; the DMP has not said under which identifier.
    Deposit(Box<(Metadata, Visibility)>),
}

/// By whom, of whom, which document.
type Key = (String, String, Oid);

/// What was seen, by person and patient.
#[derive(Default)]
pub(super) struct Known(HashMap<Key, (Instant, Seen)>);

fn key(context: &Context<'_>, unique_id: &Oid) -> Key {
    let requester = context.requester;
    let who = format!(
        "{} {} {:?}",
        requester.id(),
        requester.structure.id.as_str(),
        requester.authentication
    );
    let of = context
        .patient
        .map_or_else(String::new, |ins| ins.cx().to_string());
    (who, of, unique_id.clone())
}

impl Known {
    /// Keeps what was seen of a document.
    pub fn keep(&mut self, context: &Context<'_>, unique_id: &Oid, seen: Seen, now: Instant) {
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(key(context, unique_id), (now, seen));
    }

    /// What this person lately saw of a document of this patient.
    pub fn of(&self, context: &Context<'_>, unique_id: &Oid, now: Instant) -> Option<Seen> {
        let (at, seen) = self.0.get(&key(context, unique_id))?;
        let age = now.millis().saturating_sub(at.millis());
        let good = match seen {
            Seen::Entry(_) => (0..=MINUTES * 60_000).contains(&age),
            Seen::Deposit(_) => true,
        };
        good.then(|| seen.clone())
    }

    /// Forgets a document: it is not what it was.
    pub fn forget(&mut self, unique_id: &Oid) {
        self.0.retain(|(_, _, id), _| id != unique_id);
    }
}
