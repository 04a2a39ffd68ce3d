//! Depositing and changing: TD2.1, TD2.2 and TD3.3.

use sha1::{Digest, Sha1};

use super::store::{self, Depositor, DocumentRow, NewDocument};
use super::viewer::Viewer;
use crate::clock::Instant;
use crate::dmp::{Changed, Code, Deposit, Lot, Receipt, StatusChange, VisibilityChange};
use crate::document::ids::hex;
use crate::document::{AssociationKind, Coded, Metadata, Oid, Status, SubmissionSet, Visibility};
use crate::error::Result;
use crate::identity::{Cx, Ins};
use crate::rules::feeding::{Age, RepresentativesChoice, visibility_to_deposit};
use crate::rules::{Authentication, Parameters, Right};
use crate::terminology::{Terminology, ValueSet};

pub(super) fn submit(
    viewer: &Viewer<'_>,
    parameters: &Parameters,
    lot: &Lot<'_>,
) -> Result<Vec<Receipt>> {
    let right = if viewer.context.requester.authentication == Authentication::Cpe {
        Right::FeedWithCpe
    } else {
        Right::Feed
    };
    let dossier = viewer.require(right)?;
    check_lot(viewer, lot.submission)?;
    let secret = viewer.context.requester.secret;
    let age = match viewer.now.age_of(&dossier.traits.birth_date) {
        Some(years) if years < parameters.majority_age => Age::Minor,
        _ => Age::Adult,
    };
    if lot.documents.is_empty() {
        return Err(Code::XDSRegistryMetadataError.error("the lot holds no document"));
    }
    if !store::insert_submission(viewer.connection, dossier.id, viewer.now, lot.submission)? {
        return Err(Code::XDSDuplicateUniqueIdInRegistry.error("SubmissionSet.uniqueId"));
    }
    let mut receipts = Vec::with_capacity(lot.documents.len());
    for deposit in &lot.documents {
        let choice = if deposit.visibility.invisible_representatives() {
            RepresentativesChoice::Invisible
        } else {
            RepresentativesChoice::Visible
        };
        visibility_to_deposit(deposit.visibility, choice, age, secret, parameters)
            .map_err(|_| Code::XDSRegistryMetadataError.error("confidentialityCode"))?;
        let mut visibility = deposit.visibility;
        if dossier.settings.masked_by_default && !visibility.invisible_patient() {
            visibility = visibility.with(Visibility::MASKED);
        }
        let receipt = register(viewer, dossier.id, deposit, visibility, lot.submission)?;
        viewer.trace(right.code(), Some(&receipt.unique_id), true)?;
        if visibility.invisible_patient() {
            let (notice_at, visible_at) = delays(viewer.now, parameters);
            store::put_invisible(viewer.connection, &receipt.unique_id, notice_at, visible_at)?;
        }
        receipts.push(receipt);
    }
    Ok(receipts)
}

/// When the patient is told of an invisible document, and when it becomes visible (CSP R.1111-53).
fn delays(deposited: Instant, parameters: &Parameters) -> (Instant, Instant) {
    (
        deposited.plus_days(parameters.invisible_notice_days),
        deposited.plus_months(parameters.invisible_months),
    )
}

fn register(
    viewer: &Viewer<'_>,
    dossier: i64,
    deposit: &Deposit<'_>,
    visibility: Visibility,
    submission: &SubmissionSet,
) -> Result<Receipt> {
    let metadata = deposit.metadata;
    if let Some(patient) = viewer.context.patient {
        check_patient(&metadata.patient_id, patient)?;
    }
    check_metadata(metadata, viewer.terminology)?;
    if store::is_taken(viewer.connection, &metadata.unique_id)? {
        return Err(Code::XDSDuplicateUniqueIdInRegistry.error("DocumentEntry.uniqueId"));
    }
    if let Some(old) = deposit.replaces {
        check_replaceable(viewer, old)?;
    }
    let requester = viewer.context.requester;
    let depositor = if requester.acts_for_structure() {
        Depositor::Structure(requester.structure.id.as_str())
    } else {
        Depositor::Person
    };
    insert_row(
        viewer.connection,
        dossier,
        metadata,
        visibility,
        depositor,
        deposit.content,
        viewer.now,
    )?;
    bind(viewer, dossier, deposit, submission)?;
    Ok(receipt(metadata, visibility))
}

/// Inserts a document that has been checked, with its hash and bytes.
pub(super) fn insert_row(
    c: &rusqlite::Connection,
    dossier: i64,
    metadata: &Metadata,
    visibility: Visibility,
    depositor: Depositor<'_>,
    content: &[u8],
    at: Instant,
) -> Result<()> {
    let new = NewDocument {
        metadata,
        visibility,
        depositor,
        at,
        hash: hex(&Sha1::digest(content)),
        content,
    };
    store::insert_document(c, dossier, &new)
}

fn bind(
    viewer: &Viewer<'_>,
    dossier: i64,
    deposit: &Deposit<'_>,
    submission: &SubmissionSet,
) -> Result<()> {
    let (c, new) = (viewer.connection, &deposit.metadata.unique_id);
    let lot = &submission.unique_id;
    store::insert_association(c, lot, new, AssociationKind::HasMember, None, None)?;
    if let Some(old) = deposit.replaces {
        store::insert_association(c, lot, new, AssociationKind::Replaces, Some(old), None)?;
        store::put_replacement(c, dossier, old, new)?;
    }
    Ok(())
}

/// The receipt of a document just registered.
pub(super) fn receipt(metadata: &Metadata, visibility: Visibility) -> Receipt {
    let entry_uuid = store::entry_uuid(&metadata.unique_id, 1);
    Receipt {
        unique_id: metadata.unique_id.clone(),
        logical_id: Some(entry_uuid.clone()),
        entry_uuid: Some(entry_uuid),
        visibility,
    }
}

/// A document or lot goes to the dossier of its own patient, or nowhere.
pub(super) fn check_patient(id: &Cx, patient: &Ins) -> Result<()> {
    if id.id == patient.matricule() && id.authority == patient.oid() {
        Ok(())
    } else {
        Err(Code::XDSPatientIdDoesNotMatch.error("patientId"))
    }
}

fn check_lot(viewer: &Viewer<'_>, lot: &SubmissionSet) -> Result<()> {
    viewer
        .context
        .patient
        .map_or(Ok(()), |patient| check_patient(&lot.patient_id, patient))
}

/// The codes a deposit must carry, strictly: they are compared with the DMP's own value sets.
pub(super) fn check_metadata(m: &Metadata, terminology: &Terminology) -> Result<()> {
    let known = |set: &ValueSet, coded: &Coded| set.find(&coded.system, &coded.code).is_some();
    let class = terminology.class_of(&m.type_code.system, &m.type_code.code);
    for (fits, attribute) in [
        (
            known(terminology.type_code(), &m.type_code),
            "typeCode is not in JDV_J66",
        ),
        (
            class.is_some_and(|c| m.class_code.is(&c.code, &c.system)),
            "classCode is not that of the typeCode",
        ),
        (
            known(terminology.format_code(), &m.format_code),
            "formatCode is not in JDV_J60",
        ),
        (
            known(terminology.facility(), &m.healthcare_facility_type_code),
            "healthcareFacilityTypeCode is not in JDV_J61",
        ),
        (
            known(terminology.practice_setting(), &m.practice_setting_code),
            "practiceSettingCode is not in JDV_J62",
        ),
        (!m.author.is_empty(), "author is missing"),
        (!m.title.trim().is_empty(), "title is missing"),
        (
            m.title.chars().count() <= 128,
            "title is longer than 128 characters",
        ),
        (
            m.creation_time.as_str().len() == 14,
            "creationTime is not to the second",
        ),
    ] {
        if !fits {
            return Err(Code::XDSRegistryMetadataError.error(attribute));
        }
    }
    Ok(())
}

/// Only the author (or his structure, acting as such) replaces a document, while it is up to date.
/// A document that the viewer does not know gives the same answer as none.
fn check_replaceable(viewer: &Viewer<'_>, old: &Oid) -> Result<()> {
    let failed = || Code::XDSReplaceFailed.error("RPLC target");
    let row = viewer.document(old, Viewer::knows)?.ok_or_else(failed)?;
    let facts = viewer.facts(&row);
    let is_author = if viewer.context.requester.acts_for_structure() {
        facts.of_structure
    } else {
        facts.own
    };
    if is_author && row.entry.availability_status.may_become(Status::Deprecated) {
        Ok(())
    } else {
        Err(failed())
    }
}

pub(super) fn change_visibility(
    viewer: &Viewer<'_>,
    parameters: &Parameters,
    unique_id: &Oid,
    change: VisibilityChange,
    submission: &SubmissionSet,
) -> Result<Changed> {
    let right = change.right();
    let dossier = viewer.require(right)?;
    check_lot(viewer, submission)?;
    let row = viewer
        .document(unique_id, Viewer::knows)?
        .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))?;
    viewer.require_on(right, &viewer.facts(&row))?;
    let before = row.entry.visibility;
    let shown = |code| {
        let after = before.without(code);
        // A document that leaves the patient's blind spot follows his choice for the others.
        let mask = code == Visibility::INVISIBLE_PATIENT && dossier.settings.masked_by_default;
        if mask && after != before {
            after.with(Visibility::MASKED)
        } else {
            after
        }
    };
    let after = match change {
        VisibilityChange::Mask => before.with(Visibility::MASKED),
        VisibilityChange::Unmask => before.without(Visibility::MASKED),
        VisibilityChange::ShowToPatient => shown(Visibility::INVISIBLE_PATIENT),
        VisibilityChange::ShowToRepresentatives => shown(Visibility::INVISIBLE_REPRESENTATIVES),
    };
    if after.check(parameters.masked_with_invisible).is_err() {
        return Err(Code::XDSMetadataUpdateError.error("confidentialityCode"));
    }
    let dossier = dossier.id;
    if after == before {
        return Ok(answer(&row, false));
    }
    apply_visibility(
        viewer.connection,
        dossier,
        viewer.now,
        &row,
        after,
        submission,
    )?;
    viewer.trace(right.code(), Some(unique_id), true)?;
    let row = store::document(viewer.connection, dossier, unique_id)?
        .ok_or_else(|| crate::error::Error::bug("a document vanished within its transaction"))?;
    Ok(answer(&viewer.with_status(row)?, true))
}

/// Gives a document a new visibility, as one submission of its dossier.
pub(super) fn apply_visibility(
    c: &rusqlite::Connection,
    dossier: i64,
    at: Instant,
    row: &DocumentRow,
    after: Visibility,
    submission: &SubmissionSet,
) -> Result<()> {
    let id = &row.entry.unique_id;
    if !store::insert_submission(c, dossier, at, submission)? {
        return Err(Code::XDSDuplicateUniqueIdInRegistry.error("SubmissionSet.uniqueId"));
    }
    store::insert_association(
        c,
        &submission.unique_id,
        id,
        AssociationKind::HasMember,
        None,
        Some(row.entry.version),
    )?;
    store::set_visibility(c, row, after)?;
    if row.entry.visibility.invisible_patient() && !after.invisible_patient() {
        store::drop_invisible(c, id)?;
    }
    Ok(())
}

pub(super) fn change_status(
    viewer: &Viewer<'_>,
    unique_id: &Oid,
    change: StatusChange,
    submission: &SubmissionSet,
) -> Result<Changed> {
    let right = change.right();
    let dossier = viewer.require(right)?.id;
    check_lot(viewer, submission)?;
    let mut row = viewer
        .document(unique_id, Viewer::knows)?
        .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))?;
    viewer.require_on(right, &viewer.facts(&row))?;
    let (before, after) = (row.entry.availability_status, change.target());
    if before == after {
        return Ok(answer(&row, false));
    }
    if !before.may_become(after) {
        return Err(Code::XDSMetadataUpdateError.error("availabilityStatus"));
    }
    if !store::insert_submission(viewer.connection, dossier, viewer.now, submission)? {
        return Err(Code::XDSDuplicateUniqueIdInRegistry.error("SubmissionSet.uniqueId"));
    }
    store::insert_association(
        viewer.connection,
        &submission.unique_id,
        unique_id,
        AssociationKind::UpdateAvailabilityStatus,
        None,
        None,
    )?;
    store::set_status(viewer.connection, unique_id, after)?;
    viewer.trace(right.code(), Some(unique_id), true)?;
    row.entry.availability_status = after;
    Ok(answer(&row, true))
}

fn answer(row: &DocumentRow, changed: bool) -> Changed {
    Changed {
        unique_id: row.entry.unique_id.clone(),
        entry_uuid: Some(row.entry.entry_uuid.clone()),
        version: row.entry.version,
        availability_status: row.entry.availability_status,
        visibility: row.entry.visibility,
        changed,
    }
}
