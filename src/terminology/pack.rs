//! Packs: newer value sets, loaded from a file over those of the library.
//!
//! A pack is a JSON record, described by `include/schema/terminology-pack.schema.json`:
//!
//! ```json
//! {"sets": [{
//!     "name": "JDV_J66-TypeCode-DMP", "oid": "1.2.250.1.213.1.1.5.7", "version": "20270115",
//!     "source": "https://mos.esante.gouv.fr/NOS/JDV_J66-TypeCode-DMP/FHIR/JDV-J66-TypeCode-DMP",
//!     "concepts": [{"system": "2.16.840.1.113883.6.1", "code": "11488-4", "label": "CR de consultation"}]
//!  }],
//!  "correspondences": [{
//!     "name": "ASS_X16-CorrespondanceType-Classe-DMP", "oid": "1.2.250.1.213.1.1.5.587", "version": "20270115",
//!     "mappings": [{"system": "2.16.840.1.113883.6.1", "code": "11488-4",
//!                   "target": {"system": "1.2.250.1.213.1.1.4.1", "code": "10", "label": "Compte rendu"}}]
//!  }]}
//! ```
//!
//! A set is given whole, as the ANS publishes it: what it no longer lists is retired on the day of its version. A
//! concept may also say since when it is in force (`since`) and until when (`until`). A type of document is of use
//! only with its class: give the correspondence with the set. A value set of the ANS in FHIR, or a Bundle of them, is
//! a pack too (see `fhir`).
//!
//! A set is known by its OID, a correspondence by its name.

mod apply;
mod fhir;
mod report;

use std::collections::HashSet;

use serde::Deserialize;

pub use self::report::{CorrespondenceReport, Outcome, Renamed, Report, SetReport};

use super::{Concept, Correspondence, Day, Mapping, ValueSet};
use crate::document::Oid;
use crate::json;

/// Longest pack, in bytes.
pub const SIZE: usize = 16 << 20;
/// Most sets and most correspondences of a pack.
pub const TABLES: usize = 200;
/// Most rows of one set or correspondence: the largest code systems of the ANS have some thousands.
pub const ROWS: usize = 20_000;
/// Longest label or address, in characters.
pub const LONG_TEXT: usize = 1000;
/// Longest name, system or code, in characters.
pub const SHORT_TEXT: usize = 200;

/// Newer sets and correspondences, checked and ready to be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    sets: Vec<ValueSet>,
    correspondences: Vec<Correspondence>,
}

/// Why a pack cannot be taken up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// It is longer than [`SIZE`].
    #[error("pack: is longer than {SIZE} bytes")]
    TooLarge,
    /// It is not the JSON expected: which member, and what was expected there.
    #[error("{0}")]
    Form(String),
    /// A value breaks a rule.
    #[error("{place}: {rule}")]
    Value {
        /// Where, `pack.sets[0].concepts[3].code` for instance.
        place: String,
        /// Which rule.
        rule: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackRecord {
    #[serde(default)]
    sets: Vec<SetRecord>,
    #[serde(default)]
    correspondences: Vec<CorrespondenceRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRecord {
    name: String,
    oid: String,
    version: Day,
    #[serde(default)]
    source: String,
    concepts: Vec<ConceptRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptRecord {
    system: String,
    code: String,
    label: String,
    #[serde(default)]
    since: Option<Day>,
    #[serde(default)]
    until: Option<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CorrespondenceRecord {
    name: String,
    #[serde(default)]
    oid: String,
    version: Day,
    #[serde(default)]
    source: String,
    mappings: Vec<MappingRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingRecord {
    #[serde(default)]
    system: String,
    code: String,
    target: TargetRecord,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetRecord {
    system: String,
    code: String,
    label: String,
}

impl Pack {
    /// Reads a pack.
    ///
    /// # Errors
    ///
    /// [`PackError`], which says where and which rule; nothing is taken of a pack that has a fault.
    pub fn read(bytes: &[u8]) -> Result<Pack, PackError> {
        if bytes.len() > SIZE {
            return Err(PackError::TooLarge);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| PackError::Form("pack: is not UTF-8".to_owned()))?;
        let record = match fhir::record(text)? {
            Some(record) => record,
            None => json::read(text, "pack").map_err(PackError::Form)?,
        };
        Pack::of(record)
    }

    fn of(record: PackRecord) -> Result<Pack, PackError> {
        check_count("pack.sets", record.sets.len(), 0, TABLES)?;
        let tables = record.correspondences.len();
        check_count("pack.correspondences", tables, 0, TABLES)?;
        let (mut oids, mut names) = (HashSet::new(), HashSet::new());
        let mut sets = Vec::with_capacity(record.sets.len());
        for (index, set) in record.sets.into_iter().enumerate() {
            let place = format!("pack.sets[{index}]");
            let set = set.checked(&place)?;
            if !oids.insert(set.oid.clone()) || !names.insert(set.name.clone()) {
                return Err(fault(&place, "stands twice in the pack"));
            }
            sets.push(set);
        }
        let mut correspondences = Vec::with_capacity(record.correspondences.len());
        for (index, table) in record.correspondences.into_iter().enumerate() {
            let place = format!("pack.correspondences[{index}]");
            let table = table.checked(&place)?;
            if !names.insert(table.name.clone()) {
                return Err(fault(&place, "stands twice in the pack"));
            }
            correspondences.push(table);
        }
        Ok(Pack {
            sets,
            correspondences,
        })
    }
}

impl SetRecord {
    fn checked(self, place: &str) -> Result<ValueSet, PackError> {
        check_text(place, "name", &self.name, 1, SHORT_TEXT)?;
        check_text(place, "source", &self.source, 0, LONG_TEXT)?;
        check_oid(place, &self.oid)?;
        let rows = format!("{place}.concepts");
        check_count(&rows, self.concepts.len(), 1, ROWS)?;
        let mut concepts = Vec::with_capacity(self.concepts.len());
        for (index, concept) in self.concepts.into_iter().enumerate() {
            let place = format!("{rows}[{index}]");
            check_text(&place, "system", &concept.system, 0, SHORT_TEXT)?;
            check_text(&place, "code", &concept.code, 1, SHORT_TEXT)?;
            check_text(&place, "label", &concept.label, 1, LONG_TEXT)?;
            if let (Some(since), Some(until)) = (concept.since, concept.until)
                && until < since
            {
                return Err(fault(&format!("{place}.until"), "comes before since"));
            }
            concepts.push(Concept {
                system: concept.system.into(),
                code: concept.code.into(),
                label: concept.label.into(),
                since: concept.since,
                until: concept.until,
            });
        }
        concepts.sort_by(|a, b| a.key().cmp(&b.key()));
        if concepts
            .windows(2)
            .any(|two| matches!(two, [a, b] if a.key() == b.key()))
        {
            return Err(fault(&rows, "one system and code stand twice"));
        }
        Ok(ValueSet::loaded(
            self.name,
            self.oid,
            self.version,
            self.source,
            concepts,
        ))
    }
}

impl CorrespondenceRecord {
    fn checked(self, place: &str) -> Result<Correspondence, PackError> {
        check_text(place, "name", &self.name, 1, SHORT_TEXT)?;
        check_text(place, "source", &self.source, 0, LONG_TEXT)?;
        if !self.oid.is_empty() {
            check_oid(place, &self.oid)?;
        }
        let rows = format!("{place}.mappings");
        check_count(&rows, self.mappings.len(), 1, ROWS)?;
        let mut mappings = Vec::with_capacity(self.mappings.len());
        for (index, mapping) in self.mappings.into_iter().enumerate() {
            let place = format!("{rows}[{index}]");
            let target = mapping.target;
            check_text(&place, "system", &mapping.system, 0, SHORT_TEXT)?;
            check_text(&place, "code", &mapping.code, 1, SHORT_TEXT)?;
            check_text(&place, "target.system", &target.system, 0, SHORT_TEXT)?;
            check_text(&place, "target.code", &target.code, 1, SHORT_TEXT)?;
            check_text(&place, "target.label", &target.label, 1, LONG_TEXT)?;
            mappings.push(Mapping {
                system: mapping.system.into(),
                code: mapping.code.into(),
                target: Concept {
                    system: target.system.into(),
                    code: target.code.into(),
                    label: target.label.into(),
                    since: None,
                    until: None,
                },
            });
        }
        mappings.sort_by(|a, b| a.key().cmp(&b.key()));
        if mappings
            .windows(2)
            .any(|two| matches!(two, [a, b] if a.key() == b.key()))
        {
            return Err(fault(&rows, "one system and code stand twice"));
        }
        Ok(Correspondence::loaded(
            self.name,
            self.oid,
            self.version,
            self.source,
            mappings,
        ))
    }
}

fn fault(place: &str, rule: &'static str) -> PackError {
    PackError::Value {
        place: place.to_owned(),
        rule,
    }
}

fn check_count(place: &str, count: usize, least: usize, most: usize) -> Result<(), PackError> {
    if count < least {
        return Err(fault(place, "is empty"));
    }
    if count > most {
        return Err(fault(place, "holds too much"));
    }
    Ok(())
}

/// A text of so many characters, none of them a control character: it is shown and sent as it is.
fn check_text(
    place: &str,
    member: &str,
    text: &str,
    least: usize,
    most: usize,
) -> Result<(), PackError> {
    let rule = if text.chars().count() < least {
        "is empty"
    } else if text.chars().count() > most {
        "is too long"
    } else if text.chars().any(char::is_control) {
        "holds a control character"
    } else {
        return Ok(());
    };
    Err(fault(&format!("{place}.{member}"), rule))
}

fn check_oid(place: &str, oid: &str) -> Result<(), PackError> {
    match Oid::new(oid) {
        Ok(_) => Ok(()),
        Err(_) => Err(fault(&format!("{place}.oid"), "is not an OID")),
    }
}
