//! Everything that can be said of a document before it is deposited, in one call.
//!
//! [`check`] never fails: a document that cannot be read is a finding. What metadata depend on is found while they
//! are derived ([`derive`](super::derive())); the other rules stand here, one file per theme, over the elements of the
//! header themselves, for a null, a repeated or a misplaced element leaves no trace in a
//! [`Header`].
//!
//! Sources: ANS, CI-SIS « Structuration minimale des documents de santé » and its schematron; « Partage de documents
//! de santé »; the DMP's value sets. Each rule names its own ([`Rule::source`](super::finding::Rule::source)).

mod acts;
mod body;
mod codes;
mod coherence;
mod dossier;
mod entities;
mod feeding;
mod identifiers;
mod level;
mod nulls;
mod order;
mod patient;
mod persons;
mod replacement;
mod session;
mod times;
mod xds;

use std::borrow::Cow;
use std::fmt;

use super::element::{Element, Tree};
use super::finding::{Finding, Rule, Severity, reading};
use super::{Header, Id, Limits, ReadError};
use crate::clock::Instant;
use crate::document::{Metadata, Oid, Visibility};
use crate::identity::{IdentityTraits, Ins, Professional, Structure};
use crate::rules::Parameters;
use crate::rules::feeding::{Age, RepresentativesChoice};
use crate::terminology::Terminology;

pub use self::body::EmbeddedFile;

/// What a document is checked against. By default, nothing but itself and the value sets.
///
/// ```
/// use dmpkit::cda::{Against, check};
///
/// let mut against = Against::default();
/// against.now = dmpkit::clock::Instant::parse("2026-11-21T22:00:00Z").ok();
/// let checked = check(b"<html/>", &against);
/// assert!(checked.is_blocked());
/// assert_eq!(checked.findings[0].rule.id, "CDA-READ-NOTCDA");
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Against<'a> {
    /// What reading the document may cost.
    pub limits: Limits,
    /// The value sets in use.
    pub terminology: Terminology,
    /// The present: what lies in the future is found with it.
    pub now: Option<Instant>,
    /// The INS of the dossier that is open.
    pub ins: Option<&'a Ins>,
    /// The traits of the dossier that is open.
    pub traits: Option<&'a IdentityTraits>,
    /// Whether a person has confirmed that the traits of the document and those of the dossier, though they differ,
    /// are the same person's (Ségur SC.DMP/CONF.01). Never lifts a difference of INS.
    pub identity_confirmed: bool,
    /// The professional of the session.
    pub professional: Option<&'a Professional>,
    /// The structure of the session.
    pub structure: Option<&'a Structure>,
    /// How the document is to be deposited.
    pub deposit: Option<Deposit>,
    /// The version that the document is to replace.
    pub replaces: Option<&'a Previous>,
    /// The format the caller states (a code of JDV_J60), for a structured document whose templates have none in
    /// ASS_A11.
    pub format: Option<&'a str>,
    /// Metadata made elsewhere, to compare with those the document gives.
    pub metadata: Option<&'a Metadata>,
}

/// How a document is to be deposited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deposit {
    /// The visibility asked for.
    pub visibility: Visibility,
    /// What was decided about the legal representatives of a minor.
    pub representatives: RepresentativesChoice,
    /// Whether the patient is a minor.
    pub age: Age,
    /// Whether the session is in secret connection.
    pub secret: bool,
    /// The switches of the DMP.
    pub parameters: Parameters,
}

/// The version that a document replaces, as the practice or the DMP knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Its uniqueId.
    pub unique_id: Oid,
    /// Its setId, when known.
    pub set_id: Option<Id>,
    /// Its versionNumber, when known.
    pub version: Option<u32>,
}

/// What is to be said of a document.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// What its header says; none when it cannot be read.
    pub header: Option<Header>,
    /// The metadata it gives; none when a part they cannot do without is missing.
    pub metadata: Option<Metadata>,
    /// The rules it breaks, in the order of the document, each once per place.
    pub findings: Vec<Finding>,
    /// The files it holds, in the order of the document.
    pub media: Vec<EmbeddedFile>,
}

impl Checked {
    /// Whether a finding forbids the deposit.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.worst() == Some(Severity::Blocking)
    }

    /// Whether it conforms to the CI-SIS, as far as its header and its files tell: advice may remain.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.worst()
            .is_none_or(|worst| worst < Severity::Nonconforming)
    }

    /// What a deposit needs, with the findings that do not forbid it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Findings`](crate::ErrorKind::Findings) when a finding forbids it.
    pub fn depositable(self) -> crate::Result<(Header, Metadata, Vec<Finding>)> {
        let blocked = self.is_blocked();
        match (self.header, self.metadata) {
            (Some(header), Some(metadata)) if !blocked => Ok((header, metadata, self.findings)),
            _ => Err(super::derive::not_depositable(self.findings)),
        }
    }

    /// The gravest of the findings.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.rule.severity).max()
    }
}

/// What a document says is a patient's: only what is found in it is printed.
impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules = self.findings.iter().map(|finding| finding.rule.id);
        f.debug_list().entries(rules).finish()
    }
}

/// As [`Checked`].
impl fmt::Debug for Against<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Against(…)")
    }
}

/// Checks a document.
///
/// `bytes` is the whole document as it was received; it is borrowed and never changed. Its body is walked and the
/// files in it are decoded in pieces: nothing of it is kept.
#[must_use]
pub fn check(bytes: &[u8], against: &Against<'_>) -> Checked {
    match examine(bytes, against) {
        Ok(checked) => checked,
        Err(error) => Checked {
            header: None,
            metadata: None,
            findings: vec![Finding::new(unreadable(error), "/")],
            media: Vec::new(),
        },
    }
}

/// Checks a document as [`check`] does, when one that cannot be read is to be an error.
///
/// # Errors
///
/// Those of [`read`](super::read).
pub fn examine(bytes: &[u8], against: &Against<'_>) -> Result<Checked, ReadError> {
    let mut files = body::Files::default();
    let checked = super::walk(bytes, &against.limits, &mut files, |tree, header| {
        let terminology = &against.terminology;
        let stated = against.format.and_then(|code| {
            let mut formats = terminology.format_code().concepts();
            formats.find(|c| c.code == code)
        });
        let derived = super::derive::derive_as(&header, terminology, stated);
        let mut notes = Notes(derived.findings);
        order::elements(tree, &mut notes);
        level::header(tree, &header, &mut notes);
        identifiers::all(tree, &header, &mut notes);
        codes::all(tree, &header, terminology, &mut notes);
        nulls::all(tree, &mut notes);
        times::all(tree, &header, against.now, &mut notes);
        patient::patient(tree, &header, &mut notes);
        entities::all(tree, &mut notes);
        persons::all(tree, &mut notes);
        acts::all(tree, &header, terminology, &mut notes);
        replacement::all(tree, &header, against.replaces, &mut notes);
        coherence::all(&header, against, stated, &mut notes);
        dossier::all(&header, against, &mut notes);
        session::all(&header, against, &mut notes);
        feeding::all(against.deposit.as_ref(), &mut notes);
        if let (Some(theirs), Some(ours)) = (against.metadata, &derived.metadata) {
            xds::compare(theirs, ours, &mut notes);
        }
        Checked {
            findings: order::sorted(tree, notes.0),
            header: Some(header),
            metadata: derived.metadata,
            media: Vec::new(),
        }
    });
    let mut checked = checked?;
    let (media, sections) = files.found();
    checked.media = media;
    let mut notes = Notes(Vec::new());
    let header = checked.header.as_ref();
    body::all(
        header,
        &checked.media,
        sections,
        &against.terminology,
        &mut notes,
    );
    // The body is the last part of a document.
    checked.findings.extend(order::unique(notes.0));
    Ok(checked)
}

/// The rule that an unreadable document breaks.
fn unreadable(error: ReadError) -> &'static Rule {
    match error {
        ReadError::TooLarge { .. } => &reading::TOO_LARGE,
        ReadError::Encoding => &reading::ENCODING,
        ReadError::UnsupportedEncoding => &reading::ENCODING_NAME,
        ReadError::Doctype => &reading::DOCTYPE,
        ReadError::Entity { .. } => &reading::ENTITY,
        ReadError::TooDeep { .. } => &reading::TOO_DEEP,
        ReadError::TooManyElements { .. } => &reading::TOO_MANY_ELEMENTS,
        ReadError::BodyTooLarge { .. } => &reading::BODY_TOO_LARGE,
        ReadError::TooManyAttributes { .. } => &reading::TOO_MANY_ATTRIBUTES,
        ReadError::AttributeTooLong { .. } => &reading::ATTRIBUTE_TOO_LONG,
        ReadError::Malformed { .. } => &reading::MALFORMED,
        ReadError::UndeclaredPrefix { .. } => &reading::PREFIX,
        ReadError::Truncated => &reading::TRUNCATED,
        ReadError::NotCda => &reading::NOT_CDA,
    }
}

/// The findings so far.
struct Notes(Vec<Finding>);

impl Notes {
    /// A rule broken at a place that may not exist.
    fn add(&mut self, rule: &'static Rule, path: impl Into<Cow<'static, str>>) {
        self.0.push(Finding::new(rule, path));
    }

    /// The same, with the one value that is right.
    fn fix(
        &mut self,
        rule: &'static Rule,
        path: impl Into<Cow<'static, str>>,
        fix: impl Into<Cow<'static, str>>,
    ) {
        self.0.push(Finding::new(rule, path).with_fix(fix));
    }

    /// A rule broken by an element.
    fn at(&mut self, rule: &'static Rule, element: Element<'_>) {
        self.add(rule, element.path());
    }

    /// A rule broken inside an element, at a place that may not exist.
    fn inside(&mut self, rule: &'static Rule, element: Element<'_>, rest: &str) {
        self.add(rule, format!("{}/{rest}", element.path()));
    }

    /// Whether a rule is broken somewhere.
    fn has(&self, rule: &'static Rule) -> bool {
        self.0.iter().any(|f| f.rule == rule)
    }
}

/// The elements at the end of a path, taking every one of each name.
fn every<'a>(tree: &'a Tree<'a>, path: &[&'a str]) -> Vec<Element<'a>> {
    let Some((first, rest)) = path.split_first() else {
        return Vec::new();
    };
    let mut found: Vec<_> = tree.children(first).collect();
    for name in rest {
        found = found.into_iter().flat_map(|e| e.children(name)).collect();
    }
    found
}
