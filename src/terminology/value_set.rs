//! Value sets: published lists of concepts.

use std::borrow::Cow;

use super::{Concept, Day};

/// A published list of concepts (jeu de valeurs, or a whole code system).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueSet {
    /// Name given by the ANS, `JDV_J66-TypeCode-DMP` for instance.
    pub name: Cow<'static, str>,
    /// OID of the set.
    pub oid: Cow<'static, str>,
    /// Version: the day of its publication.
    pub version: Day,
    /// Canonical address of the set.
    pub source: Cow<'static, str>,
    /// Sorted by (system, code), without duplicates, retired ones among them.
    concepts: Cow<'static, [Concept]>,
}

impl ValueSet {
    /// A table of the library.
    pub(super) const fn literal(
        name: &'static str,
        oid: &'static str,
        version: u32,
        source: &'static str,
        concepts: &'static [Concept],
    ) -> ValueSet {
        ValueSet {
            name: Cow::Borrowed(name),
            oid: Cow::Borrowed(oid),
            version: Day::literal(version),
            source: Cow::Borrowed(source),
            concepts: Cow::Borrowed(concepts),
        }
    }

    /// A set from a pack; its concepts are sorted and distinct.
    pub(super) fn loaded(
        name: String,
        oid: String,
        version: Day,
        source: String,
        concepts: Vec<Concept>,
    ) -> ValueSet {
        ValueSet {
            name: name.into(),
            oid: oid.into(),
            version,
            source: source.into(),
            concepts: concepts.into(),
        }
    }

    /// The same set under the name it is known by, with other concepts, sorted and distinct.
    pub(super) fn known_as(self, name: &str, concepts: Vec<Concept>) -> ValueSet {
        ValueSet {
            name: name.to_owned().into(),
            concepts: concepts.into(),
            ..self
        }
    }

    /// The concept with this system and this code, if it is in the set and not retired: what a document may be
    /// written with.
    #[must_use]
    pub fn find(&self, system: &str, code: &str) -> Option<&Concept> {
        self.find_any(system, code).filter(|c| !c.is_retired())
    }

    /// The concept with this system and this code, even retired: what a document may carry.
    #[must_use]
    pub fn find_any(&self, system: &str, code: &str) -> Option<&Concept> {
        let position = self
            .concepts
            .binary_search_by(|c| c.key().cmp(&(system, code)));
        position.ok().and_then(|i| self.concepts.get(i))
    }

    /// The concept with this system and this code, if it was in force on this day as far as the set knows.
    #[must_use]
    pub fn at(&self, system: &str, code: &str, day: Day) -> Option<&Concept> {
        self.find_any(system, code).filter(|c| c.is_in_force(day))
    }

    /// Its concepts that are not retired, sorted by (system, code).
    pub fn concepts(&self) -> impl Iterator<Item = &Concept> {
        self.all().iter().filter(|c| !c.is_retired())
    }

    /// Its concepts, retired ones among them, sorted by (system, code).
    #[must_use]
    pub fn all(&self) -> &[Concept] {
        &self.concepts
    }
}
