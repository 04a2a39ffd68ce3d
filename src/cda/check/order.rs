//! Which elements stand in a header and in which order; and findings in that same order.

use std::collections::HashSet;

use super::Notes;
use crate::cda::element::Tree;
use crate::cda::finding::Finding;
use crate::cda::finding::structure as rules;

/// The elements of a header, in the order of the schema, and whether several may stand.
const ELEMENTS: &[(&str, bool)] = &[
    ("realmCode", false),
    ("typeId", false),
    ("templateId", true),
    ("id", false),
    ("code", false),
    ("title", false),
    ("effectiveTime", false),
    ("confidentialityCode", false),
    ("languageCode", false),
    ("setId", false),
    ("versionNumber", false),
    ("copyTime", false),
    ("recordTarget", false),
    ("author", true),
    ("dataEnterer", false),
    ("informant", true),
    ("custodian", false),
    ("informationRecipient", true),
    ("legalAuthenticator", false),
    ("authenticator", true),
    ("participant", true),
    ("inFulfillmentOf", true),
    ("documentationOf", true),
    ("relatedDocument", false),
    ("authorization", true),
    ("componentOf", false),
    ("component", false),
];

fn rank(name: &str) -> Option<usize> {
    ELEMENTS.iter().position(|(known, _)| *known == name)
}

/// Elements that do not exist, are misplaced, or stand twice.
pub(super) fn elements(tree: &Tree<'_>, notes: &mut Notes) {
    let mut reached = 0;
    let mut seen = [false; ELEMENTS.len()];
    for element in tree.all() {
        let Some(rank) = rank(element.name()) else {
            notes.at(&rules::ELEMENT_UNKNOWN, element);
            continue;
        };
        if rank < reached {
            notes.at(&rules::ELEMENT_ORDER, element);
        }
        reached = reached.max(rank);
        let several = ELEMENTS.get(rank).is_some_and(|(_, several)| *several);
        if let Some(seen) = seen.get_mut(rank) {
            if *seen && !several {
                notes.at(&rules::ELEMENT_TWICE, element);
            }
            *seen = true;
        }
    }
}

/// Findings in the order of the document, each once per place. What is missing stands where it should be.
pub(super) fn sorted(tree: &Tree<'_>, mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_cached_key(|f| (place(tree, &f.path), f.rule.id, f.path.clone()));
    unique(findings)
}

/// Each finding once per place, in the order they come in.
pub(super) fn unique(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen = HashSet::new();
    findings.retain(|f| seen.insert((f.rule.id, f.path.clone())));
    findings
}

/// The place of a path: that of its first step in the schema, then that of the deepest element that exists on it.
fn place(tree: &Tree<'_>, path: &str) -> (usize, usize) {
    let mut steps = path.split('/').filter(|s| !s.is_empty()).skip(1);
    let Some(first) = steps.next() else {
        return (0, 0);
    };
    let (name, number) = step(first);
    let rank = rank(name).map_or(ELEMENTS.len(), |rank| rank + 1);
    let Some(mut element) = tree.children(name).nth(number) else {
        return (rank, usize::MAX);
    };
    for next in steps {
        let (name, number) = step(next);
        match element.children(name).nth(number) {
            Some(inside) => element = inside,
            None => break,
        }
    }
    (rank, element.position())
}

/// A step of a path: its name, and its place among brothers from 0.
fn step(text: &str) -> (&str, usize) {
    match text.split_once('[') {
        Some((name, number)) => {
            let number: usize = number.trim_end_matches(']').parse().unwrap_or(1);
            (name, number.saturating_sub(1))
        }
        None => (text, 0),
    }
}
