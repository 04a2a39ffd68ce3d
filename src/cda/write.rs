//! From a file to a document: PDF, text, RTF, JPEG or TIFF, and what surrounds it, to CDA R2 level 1 as the DMP takes it.
//!
//! [`wrap`] reads back what it has written before it returns it: a document that comes out of here can be deposited.
//!
//! Source: ANS, CI-SIS, « Structuration minimale des documents de santé », 3.5.5 and 3.7.2; IHE ITI TF-3 5.2 (XDS-SD).

mod context;
mod file;
mod header;
mod moment;
mod plan;
pub mod rules;
mod versions;
mod xml;

pub use self::context::{
    Address, Author, Coding, Contact, Context, Device, Encounter, Identifier, Informant,
    Organization, Participant, ParticipantType, Patient, Practitioner, Recipient, Relative,
    RelativeClass, Replaced, Service, Signer, Who,
};
use self::plan::Notes;
use super::finding::{Finding, Severity};
use super::{Against, Limits, base64, check};
use crate::document::{Metadata, Oid};
use crate::error::{Error, ErrorKind, Refusal, Result};
use crate::terminology::Terminology;

/// A document that was written.
#[derive(Clone, PartialEq)]
pub struct Written {
    /// The document, in UTF-8.
    pub bytes: Vec<u8>,
    /// The metadata under which the DMP will file it, derived from the bytes.
    pub metadata: Metadata,
    /// What would be better otherwise; nothing that forbids the deposit.
    pub findings: Vec<Finding>,
    /// The identifier of this version.
    pub unique_id: Oid,
    /// The identifier of all versions.
    pub set_id: Identifier,
    /// The number of this version, from 1.
    pub version_number: u32,
}

/// A document identifies a patient: it is never printed by accident.
impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Written({}, …)", self.unique_id)
    }
}

/// Writes the document that holds a file.
///
/// `file` is one of the five formats of the DMP, told from its bytes: PDF, text in UTF-8, RTF, JPEG, TIFF. The same
/// file and the same context always give the same bytes; the same file for the same act always gives the same
/// identifier. The labels written are those of the value sets, whatever the context says.
///
/// # Errors
///
/// [`ErrorKind::Findings`], with everything that is to be corrected: the path of a finding is that of the field in the
/// JSON of the context (`/patient/traits/birthPlace`), `/file` for the file, or an XPath from `/ClinicalDocument` for
/// what only the document itself shows. No finding holds a value.
pub fn wrap(file: &[u8], context: &Context, terminology: &Terminology) -> Result<Written> {
    let mut notes = Notes(Vec::new());
    let limits = Limits::default();
    // Base64 in lines: 77 characters for 57 bytes.
    let media_type = if file.len() / 57 * 77 > limits.size {
        notes.add(&rules::FILE_SIZE, "/file");
        None
    } else {
        file::media_type(file, context.media_type.as_deref(), &mut notes)
    };
    let plan = plan::plan(context, terminology, &mut notes);
    let (Some(media_type), Some(plan)) = (media_type, plan) else {
        return Err(refusal(notes.0));
    };
    if notes.are_blocking() {
        return Err(refusal(notes.0));
    }
    let unbuilt = || Error::bug("cda::write: an identifier");
    let versions = versions::versions(&plan, file).map_err(|_| unbuilt())?;
    let bytes = header::document(&plan, &versions, media_type, &base64::encode(file))
        .map_err(|_| Error::bug("cda::write: the document"))?;
    if bytes.len() > limits.size {
        notes.add(&rules::FILE_SIZE, "/file");
        return Err(refusal(notes.0));
    }

    let against = Against {
        terminology: terminology.clone(),
        ..Against::default()
    };
    let checked = check(&bytes, &against);
    // What is to be said of the file was said of it as it was given.
    let elsewhere = |finding: &Finding| !finding.path.starts_with("/ClinicalDocument/component/");
    notes
        .0
        .extend(checked.findings.into_iter().filter(elsewhere));
    if notes.0.iter().any(|f| f.rule.severity != Severity::Advice) {
        return Err(refusal(notes.0));
    }
    let metadata = checked
        .metadata
        .ok_or_else(|| Error::bug("cda::write: the metadata"))?;
    let number = checked.header.and_then(|header| header.version_number);
    if metadata.unique_id != versions.unique_id || number != Some(versions.number) {
        return Err(Error::bug("cda::write: the identifiers read back"));
    }
    Ok(Written {
        bytes,
        metadata,
        findings: notes.0,
        unique_id: versions.unique_id,
        set_id: versions.set_id,
        version_number: versions.number,
    })
}

/// What is to be corrected, each thing once.
fn refusal(findings: Vec<Finding>) -> Error {
    let mut refusal = Refusal::by_rule(
        "CTX-FINDINGS",
        "CI-SIS",
        "Le document ne peut pas être produit : corrigez les points signalés.",
    );
    for finding in findings {
        if !refusal.findings.contains(&finding) {
            refusal.findings.push(finding);
        }
    }
    ErrorKind::Findings(refusal).into()
}
