//! What a pack changed.

use serde::Serialize;

use crate::document::Coded;
use crate::terminology::Day;

/// What a pack changed, table by table, in the order of the pack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its sets.
    pub sets: Vec<SetReport>,
    /// Its correspondences.
    pub correspondences: Vec<CorrespondenceReport>,
}

/// What became of a table of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There was none of that name: it is in use now.
    New,
    /// It is newer than the one in use: it took its place.
    Replaced,
    /// It is as old as the one in use, which stays.
    Same,
    /// It is older than the one in use, which stays.
    Older,
}

/// What became of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetReport {
    /// Its name.
    pub name: String,
    /// Its OID.
    pub oid: String,
    /// Whether it is in use.
    pub outcome: Outcome,
    /// Version in use before, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// Version of the pack.
    pub to: Day,
    /// Codes that were not in force before and are now.
    pub added: Vec<Coded>,
    /// Codes that were in force before and are no longer.
    pub retired: Vec<Coded>,
    /// Codes in force whose label changed.
    pub renamed: Vec<Renamed>,
}

/// A code whose label changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// Its system.
    pub system: String,
    /// The code.
    pub code: String,
    /// Its label before.
    pub from: String,
    /// Its label now.
    pub to: String,
}

/// What became of a correspondence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CorrespondenceReport {
    /// Its name.
    pub name: String,
    /// Whether it is in use.
    pub outcome: Outcome,
    /// Version in use before, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Version of the pack.
    pub to: String,
    /// Rows of the pack.
    pub rows: usize,
}
