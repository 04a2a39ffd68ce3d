//! Whether the DMP holds the content of a past document already: asked before a take-over sends it, when the session may
//! search.
//!
//! The entries that the DMP lists for the patient and the instant of the act tell the hash and the size of each
//! document. Masked and absent stay one answer: only what the session may see is compared.

use sha1::{Digest, Sha1};

use crate::connector::State as Places;
use crate::connector::access::Access;
use crate::connector::session::Note;
use crate::dmp::Criteria;
use crate::document::ids::hex;
use crate::document::{DocumentEntry, Oid, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::rules::{Right, decide};
use crate::store::journal::Outcome;
use crate::store::outbox::{DocumentRow, ItemRow};

/// What the DMP holds of a document.
pub(super) enum Elsewhere {
    /// Nothing that this session may see, or it may not search.
    Unknown,
    /// These very bytes, under this identifier.
    Same(Oid),
    /// Other bytes under the document's own identifier.
    Other,
}

/// Pages looked through at most: an act has a few documents.
const PAGES: usize = 20;

/// Looks for the one document of a take-over among those of its act. The outer error is the register's; the inner one
/// says that the DMP could not be asked.
pub(super) fn look_for(
    places: &mut Places,
    access: &Access,
    row: &ItemRow,
    document: &DocumentRow,
) -> Result<std::result::Result<Elsewhere, Error>> {
    let (situation, _) = access.look(places, None)?;
    if !decide(Right::SearchMetadata, &situation).permits() {
        return Ok(Ok(Elsewhere::Unknown));
    }
    let content = places
        .register
        .read(|tx| tx.item_content(row.id, document.place))?;
    let (hash, size) = (hex(&Sha1::digest(&content)), content.len() as i64);
    drop(content);
    let same = |entry: &DocumentEntry| entry.size == size && entry.hash.eq_ignore_ascii_case(&hash);
    let began = document.metadata.service_start_time.start();
    let mut criteria = Criteria {
        status: vec![Status::Approved, Status::Deprecated, Status::Archived],
        service_start_from: Some(began),
        service_start_to: Some(began.plus_seconds(1)),
        ..Criteria::default()
    };
    let mut found = Elsewhere::Unknown;
    let mut listed = Vec::new();
    for _ in 0..PAGES {
        let page = match places.dmp.find(&access.context(), &criteria) {
            Ok(page) => page,
            // The DMP does not let this session search after all.
            Err(error) if matches!(error.kind(), ErrorKind::Dmp(_)) => break,
            Err(error) => return Ok(Err(error)),
        };
        let own = |entry: &&DocumentEntry| entry.unique_id == document.unique_id;
        if let Some(entry) = page.documents.iter().find(own)
            && !same(entry)
        {
            found = Elsewhere::Other;
        } else if let Some(entry) = page.documents.iter().find(|entry| same(entry)) {
            found = Elsewhere::Same(entry.unique_id.clone());
        }
        listed.extend(page.documents);
        match (&found, page.next) {
            (Elsewhere::Unknown, Some(next)) => criteria.after = Some(next),
            _ => break,
        }
    }
    let lesson = access.compare_some(places, listed)?;
    let session = &access.session;
    let now = session.inner.now();
    let detail = format!("outbox {}", row.id);
    let document = match &found {
        Elsewhere::Same(unique_id) => Some(unique_id),
        Elsewhere::Other => Some(&document.unique_id),
        Elsewhere::Unknown => None,
    };
    let note = Note {
        detail: Some(&detail),
        ..access.note(document)
    };
    places.register.durable(|tx| {
        access.learn(tx, &lesson, &situation, now)?;
        session.note(tx, now, "document.find", Outcome::Done, note)
    })?;
    Ok(Ok(found))
}
