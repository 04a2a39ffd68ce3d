//! The identifiers of a document and its place among its versions.

use super::context::Identifier;
use super::plan::{Party, Plan};
use crate::cda::time::HlTime;
use crate::document::{Oid, OidError};
use crate::identity::professional::PS_ID_NAT_OID;

/// The identifiers of a document.
pub(super) struct Versions {
    pub unique_id: Oid,
    pub set_id: Identifier,
    pub number: u32,
}

/// Those the context gives, else those that follow from the content and the act.
///
/// The same file for the same act is the same document, whenever and by whatever machine it is wrapped: a deposit
/// that is tried again cannot make a second document, for the DMP refuses an identifier it already has. The act is
/// told by the patient, the type, the authors, the structure, the beginning, the codes and identifiers of the act, and
/// the version that is replaced; neither by the title nor by the date of the document, so that to correct these once
/// the document is deposited is to replace it.
pub(super) fn versions(plan: &Plan<'_>, file: &[u8]) -> Result<Versions, OidError> {
    let context = plan.context;
    let root = plan.root;
    let replaced = context.replaces.as_ref();
    let number = match (context.version_number, replaced) {
        (Some(number), _) => number,
        (None, Some(replaced)) => replaced.version_number.unwrap_or(1).saturating_add(1),
        (None, None) => 1,
    };
    let unique_id = match &context.unique_id {
        Some(given) => given.clone(),
        None => {
            let act = act(plan, number);
            let mut parts: Vec<&[u8]> = act.iter().map(|part| part.as_bytes()).collect();
            parts.push(file);
            Oid::derived(root, &parts)?
        }
    };
    let given = context.set_id.as_ref();
    let set_id = match given.or(replaced.and_then(|r| r.set_id.as_ref())) {
        Some(given) => given.clone(),
        None => {
            let first = replaced.map_or(&unique_id, |r| &r.unique_id);
            Identifier {
                root: Oid::derived(root, &[b"setId", first.as_str().as_bytes()])?,
                extension: None,
            }
        }
    };
    Ok(Versions {
        unique_id,
        set_id,
        number,
    })
}

/// What makes a document another one: lists are told apart by their length.
fn act(plan: &Plan<'_>, number: u32) -> Vec<String> {
    let context = plan.context;
    let mut parts = vec![
        "uniqueId".to_owned(),
        plan.patient.ins.oid().to_owned(),
        plan.patient.ins.matricule().to_owned(),
        plan.kind.system.clone(),
        plan.kind.code.clone(),
        number.to_string(),
        moment(plan.start),
        plan.stop.map(moment).unwrap_or_default(),
    ];
    let replaced = context.replaces.as_ref();
    parts.push(replaced.map_or(String::new(), |r| r.unique_id.to_string()));
    let structure = context.structure.as_ref();
    parts.push(structure.map_or(String::new(), |s| s.id.to_string()));
    parts.push(plan.authors.len().to_string());
    for author in &plan.authors {
        let (root, id) = match &author.party {
            Party::Professional(person) => (PS_ID_NAT_OID, person.id),
            Party::Device(device) => (device.root, device.id),
            Party::Patient => ("", ""),
        };
        parts.extend([root.to_owned(), id.to_owned()]);
    }
    parts.push(plan.codes.len().to_string());
    for code in &plan.codes {
        parts.extend([code.system.clone(), code.code.clone()]);
    }
    for id in &context.service.ids {
        parts.push(id.root.to_string());
        parts.push(id.extension.clone().unwrap_or_default());
    }
    parts
}

/// A moment, the same whatever the offset it is told with.
fn moment(time: HlTime) -> String {
    time.to_utc().unwrap_or(time).digits()
}
