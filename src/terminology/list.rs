//! Sets as software shows them: lists for a combo box, and what is known of one code.

use std::cmp::Ordering;

use serde::Serialize;

use super::{Concept, Correspondence, Day, Terminology, ValueSet};
use crate::document::Coded;
use crate::identity::traits::fold;

/// A set, without its concepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetSummary {
    /// Its name.
    pub name: String,
    /// Its OID.
    pub oid: String,
    /// Its version.
    pub version: Day,
    /// Its canonical address, when it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How many of its concepts are in force.
    pub concepts: usize,
}

/// A correspondence, without its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorrespondenceSummary {
    /// Its name.
    pub name: String,
    /// Its OID, when it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub oid: String,
    /// Its version.
    pub version: String,
    /// Its canonical address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How many rows it has.
    pub rows: usize,
}

/// A set with its concepts in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetListing {
    /// Its name.
    pub name: String,
    /// Its OID.
    pub oid: String,
    /// Its version.
    pub version: Day,
    /// Its canonical address, when it is known.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Its concepts in force, in the alphabetical order of their labels.
    pub concepts: Vec<Coded>,
}

/// What a set knows of a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeCheck {
    /// Whether the set knows it, even retired.
    pub known: bool,
    /// Whether a document may be written with it.
    pub in_force: bool,
    /// Its label in the set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// First day in force, when it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Day>,
    /// Day from which it is no longer in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// Version of the set.
    pub version: Day,
}

/// Whether a concept is in force: on a day, or by the version of its set.
fn in_force(concept: &Concept, at: Option<Day>) -> bool {
    match at {
        Some(day) => concept.is_in_force(day),
        None => !concept.is_retired(),
    }
}

/// The order in which a French reader looks for a label: accents, case and punctuation count last.
fn by_label(a: &Coded, b: &Coded) -> Ordering {
    let rest = |l: &Coded| (l.label.clone(), l.system.clone(), l.code.clone());
    fold(&a.label)
        .cmp(&fold(&b.label))
        .then_with(|| rest(a).cmp(&rest(b)))
}

impl ValueSet {
    /// The set without its concepts.
    #[must_use]
    pub fn summary(&self) -> SetSummary {
        SetSummary {
            name: self.name.to_string(),
            oid: self.oid.to_string(),
            version: self.version,
            source: self.source.to_string(),
            concepts: self.concepts().count(),
        }
    }

    /// The concepts in force on a day, or those of its version, in the order of their labels.
    #[must_use]
    pub fn list(&self, at: Option<Day>) -> SetListing {
        let concepts = self.all().iter().filter(|c| in_force(c, at));
        let mut concepts: Vec<Coded> = concepts.map(Concept::coded).collect();
        concepts.sort_by(by_label);
        SetListing {
            name: self.name.to_string(),
            oid: self.oid.to_string(),
            version: self.version,
            source: self.source.to_string(),
            concepts,
        }
    }

    /// What it knows of a code, on a day or in its version.
    #[must_use]
    pub fn check(&self, system: &str, code: &str, at: Option<Day>) -> CodeCheck {
        let concept = self.find_any(system, code);
        CodeCheck {
            known: concept.is_some(),
            in_force: concept.is_some_and(|c| in_force(c, at)),
            label: concept.map(|c| c.label.to_string()),
            since: concept.and_then(|c| c.since),
            until: concept.and_then(|c| c.until),
            version: self.version,
        }
    }
}

impl Correspondence {
    /// The correspondence without its rows.
    #[must_use]
    pub fn summary(&self) -> CorrespondenceSummary {
        CorrespondenceSummary {
            name: self.name.to_string(),
            oid: self.oid.to_string(),
            version: self.version.to_string(),
            source: self.source.to_string(),
            rows: self.mappings().len(),
        }
    }
}

impl Terminology {
    /// The concepts of a set (its name or OID) that are in force on a day, or by its version; none when there is no
    /// such set.
    #[must_use]
    pub fn list(&self, set: &str, at: Option<Day>) -> Option<SetListing> {
        Some(self.set(set)?.list(at))
    }

    /// What a set (its name or OID) knows of a code, on a day or in its version; none when there is no such set.
    #[must_use]
    pub fn check(&self, set: &str, system: &str, code: &str, at: Option<Day>) -> Option<CodeCheck> {
        Some(self.set(set)?.check(system, code, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_in_the_order_of_a_french_index() {
        let expected = [
            "Audioprothésiste",
            "CR d'accouchement",
            "CR d'admission",
            "Ergothérapeute",
            "Évaluation",
            "œdème",
            "Oculariste",
        ];
        let mut labels: Vec<Coded> = expected
            .iter()
            .rev()
            .map(|l| Coded::new("c", "s", l))
            .collect();
        labels.sort_by(by_label);
        let labels: Vec<&str> = labels.iter().map(|l| l.label.as_str()).collect();
        // "Oculariste" stands before "œdème", which is read "oedème".
        let mut expected = expected.to_vec();
        expected.swap(5, 6);
        assert_eq!(labels, expected);
    }
}
