//! The authors of the document against the professional and the structure of the session.

use super::{Against, Notes};
use crate::cda::finding::context as rules;
use crate::cda::{Author, Header, Id};
use crate::identity::Authority;
use crate::terminology::system::TRE_R02;

/// Author, structure, sector. None of them forbids: one may deposit what a colleague wrote.
pub(super) fn all(header: &Header, against: &Against<'_>, notes: &mut Notes) {
    if header.authors.is_empty() {
        // Said when metadata are derived.
        return;
    }
    let professionals = || header.authors.iter().filter(|a| !is_patient(a));
    if let Some(professional) = against.professional {
        let id = professional.id.as_str();
        let is_by = |author: &Author| author.ids.iter().any(|i| is(i, id));
        if !professionals().any(is_by) {
            notes.add(
                &rules::SESSION_AUTHOR,
                "/ClinicalDocument/author[1]/assignedAuthor/id",
            );
        }
    }
    let Some(structure) = against.structure else {
        return;
    };
    let id = structure.id.as_str();
    let organizations = || professionals().filter_map(|a| a.organization.as_ref());
    // An author without structure, the patient for one, says nothing of it.
    let silent = organizations().all(|o| o.ids.iter().all(|i| i.extension.is_none()));
    if !silent && !organizations().any(|o| o.ids.iter().any(|i| is(i, id))) {
        let path = "/ClinicalDocument/author[1]/assignedAuthor/representedOrganization/id";
        notes.add(&rules::SESSION_STRUCTURE, path);
    }
    if let Some(facility) = &header.facility
        && (facility.code != structure.sector || facility.system != TRE_R02)
    {
        let path =
            "/ClinicalDocument/componentOf/encompassingEncounter/location/healthCareFacility/code";
        notes.fix(&rules::SESSION_SECTOR, path, structure.sector.clone());
    }
}

fn is(id: &Id, value: &str) -> bool {
    id.extension.as_deref() == Some(value)
}

fn is_patient(author: &Author) -> bool {
    author
        .ids
        .iter()
        .any(|id| Authority::from_oid(&id.root).is_some())
}
