//! A finding: something a document or its metadata lacks or says wrongly, with what would fix it.

use serde::{Deserialize, Serialize};

/// What a finding stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document can be fed; it could be better.
    Advice,
    /// The document cannot be fed.
    Blocking,
}

/// One finding. It names the place and the rule, never the value found there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable identifier of the rule.
    pub rule: String,
    /// Specification and section.
    pub source: String,
    /// What it stops.
    pub severity: Severity,
    /// Where: a CDA path, or a metadata attribute.
    pub path: String,
    /// What is wrong and how to fix it, in French.
    pub sentence: String,
}

impl Finding {
    /// A finding that stops the deposit.
    pub fn blocking(rule: &str, source: &str, path: &str, sentence: &str) -> Finding {
        Finding::new(rule, source, Severity::Blocking, path, sentence)
    }

    /// A finding that does not.
    pub fn advice(rule: &str, source: &str, path: &str, sentence: &str) -> Finding {
        Finding::new(rule, source, Severity::Advice, path, sentence)
    }

    fn new(rule: &str, source: &str, severity: Severity, path: &str, sentence: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            source: source.to_owned(),
            severity,
            path: path.to_owned(),
            sentence: sentence.to_owned(),
        }
    }
}
