//! Correspondences: published associations of the codes of one system with those of another.

use std::borrow::Cow;

use super::{Concept, Day};

/// One row of a correspondence: the source code and the concept it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// System of the source code, empty when the source is not a code (a template's OID, a media type).
    pub system: Cow<'static, str>,
    /// The source code.
    pub code: Cow<'static, str>,
    /// What it corresponds to.
    pub target: Concept,
}

impl Mapping {
    /// A row of a table.
    pub(super) const fn literal(
        system: &'static str,
        code: &'static str,
        target: Concept,
    ) -> Mapping {
        Mapping {
            system: Cow::Borrowed(system),
            code: Cow::Borrowed(code),
            target,
        }
    }

    /// What tables are sorted by.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.system, &self.code)
    }
}

/// A published correspondence between two code systems (table d'association).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correspondence {
    /// Name given by the ANS.
    pub name: Cow<'static, str>,
    /// OID of the table, empty when it has none.
    pub oid: Cow<'static, str>,
    /// Version: a day, `YYYYMMDD`, or the number that its only publication bears.
    pub version: Cow<'static, str>,
    /// Canonical address of the table.
    pub source: Cow<'static, str>,
    /// Sorted by (system, code) of the source; each source code has one row.
    mappings: Cow<'static, [Mapping]>,
}

impl Correspondence {
    /// A table of the library.
    pub(super) const fn literal(
        name: &'static str,
        oid: &'static str,
        version: &'static str,
        source: &'static str,
        mappings: &'static [Mapping],
    ) -> Correspondence {
        Correspondence {
            name: Cow::Borrowed(name),
            oid: Cow::Borrowed(oid),
            version: Cow::Borrowed(version),
            source: Cow::Borrowed(source),
            mappings: Cow::Borrowed(mappings),
        }
    }

    /// A table from a pack; its rows are sorted and distinct.
    pub(super) fn loaded(
        name: String,
        oid: String,
        version: Day,
        source: String,
        mappings: Vec<Mapping>,
    ) -> Correspondence {
        Correspondence {
            name: name.into(),
            oid: oid.into(),
            version: version.to_string().into(),
            source: source.into(),
            mappings: mappings.into(),
        }
    }

    /// The day of its version, if that is a day.
    pub(super) fn day(&self) -> Option<Day> {
        Day::parse(&self.version)
    }

    /// What this source code corresponds to.
    #[must_use]
    pub fn target(&self, system: &str, code: &str) -> Option<&Concept> {
        let position = self
            .mappings
            .binary_search_by(|m| m.key().cmp(&(system, code)));
        position
            .ok()
            .and_then(|i| self.mappings.get(i))
            .map(|m| &m.target)
    }

    /// Its rows, sorted by (system, code) of the source.
    #[must_use]
    pub fn mappings(&self) -> &[Mapping] {
        &self.mappings
    }
}
