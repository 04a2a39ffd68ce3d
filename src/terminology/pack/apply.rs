//! Taking up a pack: a newer set replaces the one in use, and what it dropped stays known.

use super::{CorrespondenceReport, Outcome, Pack, Renamed, Report, SetReport};
use crate::terminology::{Concept, Correspondence, Terminology, ValueSet};

impl Terminology {
    /// These sets with those of a pack over them, and what that changes.
    ///
    /// A set replaces the one in use only when its version is newer. A code that it no longer lists stays known, as
    /// retired on the day of its version: documents carry it.
    #[must_use]
    pub fn with_pack(&self, pack: Pack) -> (Terminology, Report) {
        let mut report = Report {
            sets: Vec::with_capacity(pack.sets.len()),
            correspondences: Vec::with_capacity(pack.correspondences.len()),
        };
        let (mut sets, mut tables) = (Vec::new(), Vec::new());
        for set in pack.sets {
            let before = self.sets().find(|s| s.oid == set.oid);
            let mut told = SetReport {
                name: before.map_or(&set.name, |b| &b.name).to_string(),
                oid: set.oid.to_string(),
                outcome: outcome(before.map(|b| set.version.cmp(&b.version))),
                from: before.map(|b| b.version),
                to: set.version,
                added: Vec::new(),
                retired: Vec::new(),
                renamed: Vec::new(),
            };
            match (told.outcome, before) {
                (Outcome::New, _) => {
                    told.added = set.concepts().map(Concept::coded).collect();
                    sets.push(set);
                }
                (Outcome::Replaced, Some(before)) => sets.push(merge(before, set, &mut told)),
                _ => {}
            }
            report.sets.push(told);
        }
        for table in pack.correspondences {
            let before = self.correspondences().find(|t| t.name == table.name);
            let told = CorrespondenceReport {
                name: table.name.to_string(),
                outcome: outcome(before.map(|b| compare(&table, b))),
                from: before.map(|b| b.version.to_string()),
                to: table.version.to_string(),
                rows: table.mappings().len(),
            };
            if matches!(told.outcome, Outcome::New | Outcome::Replaced) {
                tables.push(table);
            }
            report.correspondences.push(told);
        }
        (self.over(sets, tables), report)
    }
}

fn outcome(order: Option<std::cmp::Ordering>) -> Outcome {
    use std::cmp::Ordering::{Equal, Greater, Less};
    match order {
        None => Outcome::New,
        Some(Greater) => Outcome::Replaced,
        Some(Equal) => Outcome::Same,
        Some(Less) => Outcome::Older,
    }
}

/// A correspondence whose version is no day is older than any that has one.
fn compare(new: &Correspondence, old: &Correspondence) -> std::cmp::Ordering {
    new.day().cmp(&old.day())
}

/// A newer set, with what the one before knew and it does not say.
fn merge(before: &ValueSet, new: ValueSet, told: &mut SetReport) -> ValueSet {
    let version = new.version;
    let mut concepts: Vec<Concept> = Vec::with_capacity(new.all().len() + before.all().len());
    for concept in new.all() {
        let mut concept = concept.clone();
        let known = before.find_any(&concept.system, &concept.code);
        let was_in_force = known.is_some_and(|old| !old.is_retired());
        if was_in_force || concept.is_retired() {
            concept.since = concept.since.or(known.and_then(|old| old.since));
        } else {
            // New, or back in force.
            concept.since = concept.since.or(Some(version));
            told.added.push(concept.coded());
        }
        if let Some(old) = known.filter(|_| was_in_force) {
            if concept.is_retired() {
                told.retired.push(concept.coded());
            } else if concept.label != old.label {
                told.renamed.push(Renamed {
                    system: concept.system.to_string(),
                    code: concept.code.to_string(),
                    from: old.label.to_string(),
                    to: concept.label.to_string(),
                });
            }
        }
        concepts.push(concept);
    }
    for old in before.all() {
        if new.find_any(&old.system, &old.code).is_none() {
            let mut old = old.clone();
            if !old.is_retired() {
                told.retired.push(old.coded());
                old.until = Some(version);
            }
            concepts.push(old);
        }
    }
    concepts.sort_by(|a, b| a.key().cmp(&b.key()));
    // Software asks for a set by its name: that stays, however the pack writes it.
    new.known_as(&before.name, concepts)
}
