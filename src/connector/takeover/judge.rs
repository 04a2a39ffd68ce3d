//! One document of a take-over: what may be said of it by its header first, for most are settled there; the whole check
//! last; and into the outbox.

use std::collections::HashSet;

use super::{FileOutcome, TakeOverRequest};
use crate::cda::finding::context;
use crate::cda::{Finding, Header, Severity, derive, read_header};
use crate::connector::feed::{FeedOptions, Staged, Unfit};
use crate::connector::outbox::Origin;
use crate::connector::session::Session;
use crate::document::Oid;
use crate::error::{ErrorKind, Refusal, Result};
use crate::identity::Ins;
use crate::rules::decide;
use crate::rules::decide::INS_NOT_QUALIFIED;
use crate::rules::decision::Rule;
use crate::rules::feeding::Age;
use crate::rules::outbox::State;
use crate::rules::takeover::{
    IDENTIFIER_USED, LATE_DATE, OTHER_DOMAIN, PATIENT_UNKNOWN, REPLACES_UNKNOWN, UNREADABLE,
    Wanted, is_late, is_opposition, structure_fault,
};
use crate::store::Tx;
use crate::store::takeover::Settled;

/// Whether a document may wait for the one that it replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Later {
    May,
    No,
}

/// What becomes of a document.
pub(super) enum Judged {
    HandedOver {
        unique_id: Oid,
        remarks: Vec<&'static Rule>,
    },
    /// By an earlier run.
    Known,
    InOutbox,
    AlreadyFed,
    Filtered,
    Excluded,
    Opposed,
    /// It replaces a document that nobody here knows yet.
    Waits,
    NotCda,
    /// It needs a person.
    Person {
        outcome: FileOutcome,
        rule: String,
        source: String,
        sentence: String,
    },
}

impl Judged {
    fn by(outcome: FileOutcome, rule: &Rule) -> Judged {
        Judged::Person {
            outcome,
            rule: rule.id.to_owned(),
            source: rule.source.to_owned(),
            sentence: rule.sentence.to_owned(),
        }
    }

    /// By a rule on documents.
    fn found(rule: &crate::cda::finding::Rule) -> Judged {
        Judged::Person {
            outcome: FileOutcome::ToCorrect,
            rule: rule.id.to_owned(),
            source: rule.source.to_owned(),
            sentence: rule.sentence.to_owned(),
        }
    }

    /// By the first of the findings that forbids the deposit.
    fn of_findings(findings: &[Finding]) -> Judged {
        let first = findings
            .iter()
            .find(|finding| finding.rule.severity == Severity::Blocking);
        match first.or(findings.first()) {
            Some(finding) => Judged::found(finding.rule),
            None => Judged::by(FileOutcome::ToCorrect, &UNREADABLE),
        }
    }

    fn refused(refusal: &Refusal) -> Judged {
        let explanation = &refusal.explanation;
        if is_opposition(&explanation.rule) {
            return Judged::Opposed;
        }
        let outcome = match explanation.rule == INS_NOT_QUALIFIED.id {
            true => FileOutcome::NotQualified,
            false => FileOutcome::ToCorrect,
        };
        Judged::Person {
            outcome,
            rule: explanation.rule.clone(),
            source: explanation.source.clone(),
            sentence: explanation.sentence.clone(),
        }
    }
}

/// What this run met, by the beginnings of digests: sixteen bytes a document, and a bound beyond which duplicates are
/// told apart by the register alone.
#[derive(Default)]
pub(super) struct Seen {
    contents: HashSet<u64>,
    documents: HashSet<u64>,
}

const MOST: usize = 1_000_000;

fn beginning(digest: &[u8]) -> u64 {
    digest
        .iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

fn of_id(unique_id: &Oid) -> u64 {
    beginning(&crate::document::ids::digest(&[unique_id
        .as_str()
        .as_bytes()]))
}

impl Seen {
    /// Whether this content came before.
    pub fn content(&self, sha256: &[u8; 32]) -> bool {
        self.contents.contains(&beginning(sha256))
    }

    pub fn add_content(&mut self, sha256: &[u8; 32]) {
        if self.contents.len() < MOST {
            self.contents.insert(beginning(sha256));
        }
    }

    /// Whether a document of this identifier was handed over before.
    fn document(&self, unique_id: &Oid) -> bool {
        self.documents.contains(&of_id(unique_id))
    }

    pub fn add_document(&mut self, unique_id: &Oid) {
        if self.documents.len() < MOST {
            self.documents.insert(of_id(unique_id));
        }
    }
}

/// Judges a document, and hands it over unless the run is dry. The error is the register's.
pub(super) fn judge(
    session: &Session,
    request: &TakeOverRequest,
    seen: &Seen,
    content: &[u8],
    sha256: &[u8; 32],
    wait: Later,
) -> Result<Judged> {
    let mut held = session.inner.hold()?;
    let places = held.state()?;
    let settled = match request.again {
        true => None,
        false => places.register.read(|tx| tx.settled(sha256))?,
    };
    if settled == Some(Settled::HandedOver) {
        return Ok(Judged::Known);
    }
    let Ok(header) = read_header(content, &Default::default()) else {
        return Ok(Judged::NotCda);
    };
    let derived = derive(&header, &session.inner.terminology());
    let Some(metadata) = derived.metadata else {
        return Ok(Judged::of_findings(&derived.findings));
    };
    let patient = Ins::new(&metadata.patient_id.id, &metadata.patient_id.authority).ok();
    if patient.is_some_and(|patient| request.exclude.contains(&patient)) {
        return Ok(Judged::Excluded);
    }
    if !request.wanted().admits(&metadata, patient.as_ref()) {
        return Ok(Judged::Filtered);
    }
    let Some(patient) = patient else {
        return Ok(Judged::of_findings(&derived.findings));
    };
    if session.inner.config.check_domain(&patient).is_err() {
        return Ok(Judged::by(FileOutcome::ToCorrect, &OTHER_DOMAIN));
    }
    let id = &metadata.unique_id;
    if let Some(judged) = places.register.read(|tx| already(tx, id, sha256))? {
        return Ok(judged);
    }
    if seen.document(id) {
        return Ok(Judged::by(FileOutcome::ToCorrect, &IDENTIFIER_USED));
    }
    let access = session.presumed(places, &patient)?;
    let (situation, local) = access.look(places, Some(id))?;
    if local.patient.is_none() {
        return Ok(Judged::by(FileOutcome::UnknownPatient, &PATIENT_UNKNOWN));
    }
    let decision = decide(access.feeding_right(), &situation);
    if !decision.permits() {
        return Ok(Judged::refused(&Refusal::of(&decision)));
    }
    let structure = &session.requester.structure.id;
    if let Some(rule) = structure_fault(&metadata, structure, request.legal_person) {
        return Ok(Judged::by(FileOutcome::ToCorrect, rule));
    }
    if let Some(Settled::ToCorrect(rule)) = &settled
        && let Some(rule) = crate::cda::finding::all().find(|known| known.id == rule)
    {
        return Ok(Judged::found(rule));
    }
    let mut remarks = Vec::new();
    if is_late(&metadata, request.late_days) {
        remarks.push(&LATE_DATE);
    }
    if let Some(replaced) = replaced(&header) {
        let known =
            seen.document(&replaced) || places.register.read(|tx| tx.fed(&replaced))?.is_some();
        match (known, wait) {
            (true, _) => {}
            (false, Later::May) => return Ok(Judged::Waits),
            (false, Later::No) => remarks.push(&REPLACES_UNKNOWN),
        }
    }
    let options = FeedOptions {
        visibility: request.visibility,
        // Said of minors: an adult has no representatives.
        representatives: request
            .representatives
            .filter(|_| access.age(&local, session.inner.now()) == Age::Minor),
        ..FeedOptions::default()
    };
    let now = session.inner.now();
    let staged = match access.weigh(places, content, &options)? {
        Ok(staged) => staged,
        Err(unfit) => {
            let (judged, settled) = unfit_for(&unfit);
            if let Some(settled) = settled.filter(|_| !request.dry_run) {
                places
                    .register
                    .durable(|tx| tx.put_settled(sha256, &settled, now))?;
            }
            return Ok(judged);
        }
    };
    let unique_id = staged.metadata.unique_id.clone();
    if !request.dry_run
        && let Some(judged) = hand_over(session, &access, places, staged, sha256)?
    {
        return Ok(judged);
    }
    Ok(Judged::HandedOver { unique_id, remarks })
}

/// Into the outbox, and then among what is settled: cut between the two, the outbox tells the next run.
fn hand_over(
    session: &Session,
    access: &crate::connector::Access,
    places: &mut crate::connector::State,
    staged: Staged,
    sha256: &[u8; 32],
) -> Result<Option<Judged>> {
    match access.hand_over(places, &[staged], Origin::TakeOver, None) {
        Ok(_) => {}
        // Another process was first with the same identifier.
        Err(error) => match error.kind() {
            ErrorKind::Refused(refusal) => return Ok(Some(Judged::refused(refusal))),
            _ => return Err(error),
        },
    }
    let now = session.inner.now();
    places
        .register
        .durable(|tx| tx.put_settled(sha256, &Settled::HandedOver, now))?;
    Ok(None)
}

/// What the register knows of a document of this identifier.
fn already(tx: &Tx<'_>, unique_id: &Oid, sha256: &[u8; 32]) -> Result<Option<Judged>> {
    let fed = tx.fed(unique_id)?;
    let item = tx.item_of_document(unique_id)?;
    let other = || Some(Judged::by(FileOutcome::ToCorrect, &IDENTIFIER_USED));
    if let Some((row, hash)) = item {
        return Ok(match (hash == sha256, row.item.state) {
            (true, State::Done) => Some(Judged::AlreadyFed),
            (true, _) => Some(Judged::InOutbox),
            (false, _) => other(),
        });
    }
    Ok(match fed {
        Some(fed) if fed.accepted && fed.sha256 == sha256 => Some(Judged::AlreadyFed),
        Some(fed) if fed.accepted => other(),
        // An attempt that was refused, cut or given up: the DMP will be asked.
        _ => None,
    })
}

/// The document that a header says it replaces.
fn replaced(header: &Header) -> Option<Oid> {
    header
        .related_documents
        .iter()
        .filter(|related| related.type_code == "RPLC")
        .find_map(|related| Oid::new(&related.id.as_ref()?.root).ok())
}

/// What becomes of a document that the whole check stopped, and whether that holds for its content whoever asks.
fn unfit_for(unfit: &Unfit) -> (Judged, Option<Settled>) {
    match unfit.error.kind() {
        ErrorKind::Findings(refusal) => {
            let judged = Judged::of_findings(&refusal.findings);
            let lasting = refusal
                .findings
                .iter()
                .filter(|finding| finding.rule.severity == Severity::Blocking)
                .all(|finding| !context::RULES.iter().any(|rule| rule.id == finding.rule.id));
            let settled = match &judged {
                Judged::Person { rule, .. } if lasting => Some(Settled::ToCorrect(rule.clone())),
                _ => None,
            };
            (judged, settled)
        }
        ErrorKind::Unreadable(_) => (Judged::by(FileOutcome::Unreadable, &UNREADABLE), None),
        _ => match unfit.error.refusal() {
            Some(refusal) => (Judged::refused(refusal), None),
            None => (Judged::by(FileOutcome::ToCorrect, &UNREADABLE), None),
        },
    }
}

impl TakeOverRequest {
    fn wanted(&self) -> Wanted<'_> {
        Wanted {
            act: (
                self.from.map(|at| at.millis()),
                self.to.map(|at| at.millis()),
            ),
            types: &self.type_code,
            patients: &self.patients,
            authors: &self.authors,
        }
    }
}
