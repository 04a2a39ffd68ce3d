//! What a simulator starts with: dossiers, patients' choices, documents of professionals. JSON, read strictly.
//!
//! ```json
//! {"cards": [{"professional": {}, "structure": {}, "authentication": "cps"}],
//!  "steps": [
//!   {"at": "2026-03-02T08:00:00Z",
//!    "holder": {"action": "open_dossier", "patient": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
//!               "traits": {"birthName": "MARTIN", "givenNames": ["Claire"], "sex": "F", "birthDate": "19790315"}}},
//!   {"deposit": {"requester": {"professional": {}, "structure": {}, "authentication": "cps"},
//!                "patient": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
//!                "documents": ["compte-rendu.xml"]}}
//! ]}
//! ```
//!
//! Professionals and structures are requester records, patients and actions those of holder-action. Paths are taken from the script's own folder.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::StartError;
use super::desk::Desk;
use crate::cda::{Limits, depositable};
use crate::clock::Instant;
use crate::dmp::embedded::Embedded;
use crate::dmp::embedded::holder::HolderAction;
use crate::dmp::{Context, Deposit, Dmp, Lot, Requester, Software};
use crate::document::{Coded, Dtm, EntryUuid, Metadata, Oid, SubmissionSet, Visibility};
use crate::error::{Error, Result, StorageError};
use crate::identity::Ins;
use crate::rules::Mode;
use crate::terminology::Terminology;
use crate::terminology::system::TRE_R209;

/// A script.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Who gets test certificates: a card with `cps`, `cpf` or `cpe`, the structure's with `structure` or `air`.
    #[serde(default)]
    pub cards: Vec<Requester>,
    /// What is done, in order.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// The folder from which paths are taken.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A step: one of `holder` and `deposit`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The present during this step and after it, for a clock that follows.
    #[serde(default)]
    pub at: Option<Instant>,
    /// What the patient, a representative or the CNAM does.
    #[serde(default)]
    pub holder: Option<HolderAction>,
    /// The CDA of a patient's deposit.
    #[serde(default)]
    pub document: Option<PathBuf>,
    /// What a professional deposits.
    #[serde(default)]
    pub deposit: Option<Feeding>,
}

/// A professional's lot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Feeding {
    /// Who deposits.
    pub requester: Requester,
    /// In whose dossier.
    pub patient: Ins,
    /// CDA files.
    pub documents: Vec<PathBuf>,
    /// Visibility of all of them.
    #[serde(default)]
    pub visibility: Visibility,
}

/// contentTypeCode of the lots: a consultation (JDV_J59).
const ACTIVITY: &str = "07";

/// Bytes of a document at most: those of [`Limits::size`].
fn read(path: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let limit = Limits::default().size as u64;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|_| Error::from(StorageError::CannotOpen))?;
    Ok(bytes)
}

impl Script {
    /// Reads a script; paths are taken from `folder`. The error names the field and the rule, never a value.
    pub fn from_json(json: &str, folder: &Path) -> std::result::Result<Script, String> {
        let mut script: Script = crate::json::read(json, "script")?;
        for (index, step) in script.steps.iter().enumerate() {
            if step.holder.is_some() == step.deposit.is_some() {
                return Err(format!(
                    "script.steps[{index}]: is either a holder's or a deposit"
                ));
            }
            if step.document.is_some() && step.holder.is_none() {
                return Err(format!(
                    "script.steps[{index}].document: goes with a holder's deposit"
                ));
            }
        }
        script.folder = folder.to_owned();
        Ok(script)
    }

    /// Does the steps, in order, up to the first that fails.
    pub(crate) fn play(&self, desk: &Desk) -> std::result::Result<(), StartError> {
        for (index, step) in self.steps.iter().enumerate() {
            if let Some(at) = step.at {
                desk.clock.heard(at);
            }
            desk.with_dmp(|dmp, now| self.step(dmp, now, step))
                .map_err(|error| StartError::Script {
                    step: index + 1,
                    error,
                })?;
        }
        Ok(())
    }

    fn step(&self, dmp: &mut Embedded, now: Instant, step: &Step) -> Result<()> {
        if let Some(action) = &step.holder {
            let content = match &step.document {
                None => Vec::new(),
                Some(path) => read(&self.folder.join(path))?,
            };
            dmp.act(action, &content)?;
        }
        if let Some(feeding) = &step.deposit {
            self.feed(dmp, now, feeding)?;
        }
        Ok(())
    }

    fn feed(&self, dmp: &mut Embedded, now: Instant, feeding: &Feeding) -> Result<()> {
        let terminology = Terminology::embedded();
        if let Some((field, rule)) = feeding.requester.fault(&terminology) {
            return Err(Error::caller(field, rule));
        }
        let mut documents: Vec<(Vec<u8>, Metadata)> = Vec::new();
        for path in &feeding.documents {
            let content = read(&self.folder.join(path))?;
            let (_, metadata, _) = depositable(&content, &Limits::default(), &terminology)?;
            documents.push((content, metadata));
        }
        let software = software()?;
        let ids: Vec<&[u8]> = documents
            .iter()
            .map(|(_, metadata)| metadata.unique_id.as_str().as_bytes())
            .collect();
        let activity = terminology
            .content_type()
            .find(TRE_R209, ACTIVITY)
            .ok_or_else(|| Error::bug("the activity of a script's deposits"))?;
        let unique_id = Oid::derived(&software.oid, &ids)
            .map_err(|_| Error::bug("a derived identifier is too long"))?;
        let submission = SubmissionSet {
            entry_uuid: EntryUuid::derived("submission", unique_id.as_str()),
            unique_id,
            source_id: software.oid.clone(),
            submission_time: Dtm::of(now),
            patient_id: feeding.patient.cx(),
            author: feeding.requester.author(&terminology),
            content_type_code: Coded::new(&activity.code, &activity.system, &activity.label),
            title: None,
            comments: None,
            other_slots: Vec::new(),
            other_classifications: Vec::new(),
            other_identifiers: Vec::new(),
        };
        let lot = Lot {
            submission: &submission,
            documents: documents
                .iter()
                .map(|(content, metadata)| Deposit {
                    metadata,
                    visibility: feeding.visibility,
                    content,
                    replaces: None,
                })
                .collect(),
        };
        let context = Context {
            software: &software,
            requester: &feeding.requester,
            mode: Mode::Normal,
            reason: None,
            patient: Some(&feeding.patient),
            login: now,
        };
        dmp.submit(&context, &lot).map(|_| ())
    }
}

/// The software of what a script deposits.
fn software() -> Result<Software> {
    Ok(Software {
        name: "dmpkit simulator".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homologation: "SIMULATEUR".to_owned(),
        oid: Oid::new("1.2.250.1.213.4.1.1.1").map_err(|_| Error::bug("the simulator's OID"))?,
    })
}
