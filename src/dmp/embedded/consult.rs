//! Searching and reading: TD3.1 and TD3.2.

use super::store::{self, AssociationRow, DocumentRow};
use super::viewer::Viewer;
use crate::clock::Instant;
use crate::dmp::{Code, Content, Criteria, Cursor, DocumentsAndAssociations, Page, Reference};
use crate::document::{Association, DocumentEntry, EntryUuid, Oid, Status, SubmissionSet};
use crate::error::{Error, Result, StorageError};
use crate::rules::visibility::rights_to_read;
use crate::rules::{Right, decide};

pub(super) fn find(viewer: &Viewer<'_>, criteria: &Criteria) -> Result<Page> {
    let dossier = viewer.require(Right::SearchMetadata)?.id;
    if criteria.visibility.masked() && !viewer.situation.actor.medecin_traitant {
        return Err(crate::dmp::refused_by_dmp(
            Code::DMPAccessDeniedByRightsService,
            &decide::masked_criterion(),
        ));
    }
    let limit = criteria.page_limit()?;
    let obsolete = viewer.obsolete()?;
    // Rows after the cursor begin at its instant; those at the instant itself are told by uniqueId.
    let before = criteria.service_start_to.map(|to| to.plus_seconds(0));
    let to = match (&criteria.after, before) {
        (Some(after), Some(to)) => Some(after.service_start.min(to)),
        (Some(after), None) => Some(after.service_start),
        (None, to) => to,
    };
    let mut page = Page::default();
    let mut last: Option<Cursor> = None;
    store::scan(
        viewer.connection,
        dossier,
        criteria.service_start_from,
        to,
        |mut row| {
            if criteria.after.as_ref().is_some_and(|after| {
                row.service_start == after.service_start && row.entry.unique_id <= after.unique_id
            }) {
                return Ok(true);
            }
            if row.entry.availability_status != Status::Deleted
                && obsolete.contains(&row.entry.unique_id)
            {
                row.entry.availability_status = Status::Deprecated;
            }
            if !matches(criteria, &row)? || !viewer.sees(&row) {
                return Ok(true);
            }
            if page.documents.len() == limit {
                page.next = last.take();
                return Ok(false);
            }
            if page.documents.len() + 1 == limit {
                last = Some(Cursor {
                    service_start: row.service_start,
                    unique_id: row.entry.unique_id.clone(),
                });
            }
            page.documents.push(row.entry);
            Ok(true)
        },
    )?;
    Ok(page)
}

/// Whether a document meets the criteria, its status being that of the viewer.
fn matches(criteria: &Criteria, row: &DocumentRow) -> Result<bool> {
    let status = row.entry.availability_status;
    let status_fits = criteria.fits_status(status);
    let one_of =
        |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|w| w == value);
    let columns = status_fits
        && criteria
            .service_start_to
            .is_none_or(|to| row.service_start < to)
        && criteria
            .creation_from
            .is_none_or(|from| row.created >= from)
        && criteria.creation_to.is_none_or(|to| row.created < to)
        && one_of(&criteria.class_code, &row.class_code)
        && one_of(&criteria.type_code, &row.type_code)
        && one_of(&criteria.format_code, &row.format_code)
        && one_of(&criteria.healthcare_facility_type_code, &row.facility)
        && one_of(&criteria.practice_setting_code, &row.setting)
        && (criteria.visibility.bits() == 0 || row.entry.visibility.has(criteria.visibility));
    if !columns || (criteria.event_code.is_empty() && criteria.author.is_none()) {
        return Ok(columns);
    }
    let metadata = row
        .entry
        .metadata
        .parse()
        .map_err(|_| Error::from(StorageError::Corrupt))?;
    Ok(criteria.fits_acts_and_authors(&metadata))
}

pub(super) fn references(viewer: &Viewer<'_>, unique_ids: &[Oid]) -> Result<Vec<Reference>> {
    viewer.require(Right::SearchReference)?;
    let mut found = Vec::new();
    for id in unique_ids {
        if let Some(row) = viewer.document(id, Viewer::knows)? {
            found.push(Reference {
                unique_id: row.entry.unique_id,
                entry_uuid: row.entry.entry_uuid,
            });
        }
    }
    Ok(found)
}

pub(super) fn submission_sets(viewer: &Viewer<'_>, since: Instant) -> Result<Vec<SubmissionSet>> {
    let dossier = viewer.require(Right::SearchMetadata)?.id;
    let mut visible = Vec::new();
    for (set, documents) in store::submissions(viewer.connection, dossier, since)? {
        for document in &documents {
            if viewer.document(document, Viewer::sees)?.is_some() {
                visible.push(set);
                break;
            }
        }
    }
    Ok(visible)
}

/// The associations whose every document this viewer sees, between the objects as they are named now.
fn visible_associations(
    viewer: &Viewer<'_>,
    rows: Vec<AssociationRow>,
    into: &mut Vec<Association>,
) -> Result<()> {
    for row in rows {
        let Some(document) = viewer.document(&row.document, Viewer::sees)? else {
            continue;
        };
        let replaced = match &row.replaced {
            None => None,
            Some(old) => match viewer.document(old, Viewer::sees)? {
                None => continue,
                found => found,
            },
        };
        let association = row.between(
            &document.entry.entry_uuid,
            replaced.as_ref().map(|r| &r.entry.entry_uuid),
        );
        if !into.contains(&association) {
            into.push(association);
        }
    }
    Ok(())
}

pub(super) fn associations(viewer: &Viewer<'_>, objects: &[EntryUuid]) -> Result<Vec<Association>> {
    viewer.require(Right::SearchMetadata)?;
    let mut found = Vec::new();
    for object in objects {
        let rows = store::associations_of_submission(viewer.connection, object)?;
        visible_associations(viewer, rows, &mut found)?;
        if let Some(row) = viewer.document_by_entry(object)? {
            let rows = store::associations_of_document(viewer.connection, &row.entry.unique_id)?;
            visible_associations(viewer, rows, &mut found)?;
        }
    }
    Ok(found)
}

pub(super) fn documents(viewer: &Viewer<'_>, unique_ids: &[Oid]) -> Result<Vec<DocumentEntry>> {
    viewer.require(Right::SearchMetadata)?;
    let mut found = Vec::new();
    for id in unique_ids {
        if let Some(row) = viewer.document(id, Viewer::sees)? {
            found.push(row.entry);
        }
    }
    Ok(found)
}

pub(super) fn documents_and_associations(
    viewer: &Viewer<'_>,
    entries: &[EntryUuid],
) -> Result<DocumentsAndAssociations> {
    viewer.require(Right::SearchMetadata)?;
    let mut found = DocumentsAndAssociations::default();
    for entry in entries {
        if let Some(row) = viewer.document_by_entry(entry)? {
            let rows = store::associations_of_document(viewer.connection, &row.entry.unique_id)?;
            visible_associations(viewer, rows, &mut found.associations)?;
            found.documents.push(row.entry);
        }
    }
    Ok(found)
}

pub(super) fn read(viewer: &Viewer<'_>, unique_id: &Oid) -> Result<Content> {
    // First what depends on the reader alone, so that a refusal says nothing of the document.
    viewer.require(Right::ReadUnmasked)?;
    let row = viewer
        .document(unique_id, Viewer::sees)?
        .ok_or_else(|| Code::XDSDocumentUniqueIdError.error("uniqueId"))?;
    let facts = viewer.facts(&row);
    for right in rights_to_read(&facts) {
        viewer.require_on(right, &facts)?;
    }
    Ok(Content {
        bytes: store::content(viewer.connection, unique_id)?,
        entry: row.entry,
    })
}
