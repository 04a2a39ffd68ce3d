//! The legal matrix d'habilitation: which profession may read which type of document.
//!
//! Its values are in the annex of the arrêté of 26 October 2023 (JORFTEXT000048368244) and change with
//! it: they are loaded from a data file with its version and source, never shipped. Without a file,
//! this rule stops nothing and says so in [`Habilitation::source`].
//!
//! ```json
//! {"version": "…", "source": "…", "unlisted": "allowed",
//!  "rows": [{"profession": "60", "typeCode": "34133-9", "read": true}]}
//! ```

use std::collections::HashMap;

use serde::Deserialize;

/// The matrix, keyed by profession (TRE_G15 code, or TRE_R85 role) and typeCode.
#[derive(Debug, Clone, Default)]
pub struct Habilitation {
    version: String,
    source: String,
    unlisted_refused: bool,
    cells: HashMap<(String, String), bool>,
}

/// The file is not a matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HabilitationError {
    /// Not the JSON expected.
    #[error("the habilitation matrix is not valid at line {line}, column {column}")]
    Json {
        /// Line of the fault.
        line: usize,
        /// Column of the fault.
        column: usize,
    },
    /// The same profession and type twice with different answers.
    #[error("the habilitation matrix answers twice for one profession and type of document")]
    Contradiction,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    version: String,
    source: String,
    unlisted: Unlisted,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unlisted {
    Allowed,
    Refused,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    profession: String,
    type_code: String,
    read: bool,
}

impl Habilitation {
    /// Reads the JSON of a matrix.
    pub fn from_json(text: &str) -> Result<Habilitation, HabilitationError> {
        let file: File = serde_json::from_str(text).map_err(|e| HabilitationError::Json {
            line: e.line(),
            column: e.column(),
        })?;
        let mut cells = HashMap::with_capacity(file.rows.len());
        for row in file.rows {
            if let Some(before) = cells.insert((row.profession, row.type_code), row.read)
                && before != row.read
            {
                return Err(HabilitationError::Contradiction);
            }
        }
        Ok(Habilitation {
            version: file.version,
            source: file.source,
            unlisted_refused: matches!(file.unlisted, Unlisted::Refused),
            cells,
        })
    }

    /// Version of the data; empty when none is loaded.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Source of the data; empty when none is loaded.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether a profession (or role) may read a type of document.
    pub fn may_read(&self, profession: &str, type_code: &str) -> bool {
        if self.cells.is_empty() && !self.unlisted_refused {
            return true;
        }
        self.cells
            .get(&(profession.to_owned(), type_code.to_owned()))
            .copied()
            .unwrap_or(!self.unlisted_refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_nothing_is_stopped() {
        let none = Habilitation::default();
        assert!(none.may_read("60", "34133-9"));
        assert_eq!(none.source(), "");
    }

    #[test]
    fn rows_decide_and_the_file_says_what_is_unlisted() {
        let json = |unlisted: &str| {
            format!(
                r#"{{"version":"v","source":"s","unlisted":"{unlisted}","rows":[
                {{"profession":"60","typeCode":"A","read":false}},
                {{"profession":"10","typeCode":"A","read":true}}]}}"#
            )
        };
        let open = Habilitation::from_json(&json("allowed")).unwrap();
        assert!(!open.may_read("60", "A"));
        assert!(open.may_read("10", "A"));
        assert!(open.may_read("60", "B"));
        let closed = Habilitation::from_json(&json("refused")).unwrap();
        assert!(!closed.may_read("60", "B"));
    }

    #[test]
    fn a_contradiction_or_an_unknown_field_is_refused() {
        let twice = r#"{"version":"v","source":"s","unlisted":"allowed","rows":[
            {"profession":"60","typeCode":"A","read":false},
            {"profession":"60","typeCode":"A","read":true}]}"#;
        assert_eq!(
            Habilitation::from_json(twice).unwrap_err(),
            HabilitationError::Contradiction
        );
        assert!(Habilitation::from_json(r#"{"version":"v","extra":1}"#).is_err());
    }
}
