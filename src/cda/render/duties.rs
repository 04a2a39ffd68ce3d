//! What a person must be told when a document opens.

use serde::{Deserialize, Serialize};

use crate::document::{Status, Visibility};

/// The states of a document in the DMP that a person must see before reading it.
///
/// They are in the metadata, never in the document: the header of a masked document says « normal ». Sources:
/// EX_3.1-1080 (states to show) and EX_3.2-1025 (warnings on opening); the words are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Duties {
    /// Masked to professionals.
    pub masked: bool,
    /// Not visible to the patient.
    pub invisible_patient: bool,
    /// Not visible to the legal representatives.
    pub invisible_representatives: bool,
    /// Archived.
    pub archived: bool,
    /// Replaced by another version.
    pub obsolete: bool,
    /// What has replaced it, in words a reader knows it by (title and date, or identifier).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// Deleted from the DMP.
    pub deleted: bool,
}

/// How heavily a warning weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Weight {
    /// To know.
    Notice,
    /// To know before reading or speaking.
    Alert,
}

/// One warning, as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Warning {
    /// How heavily it weighs.
    pub weight: Weight,
    /// In two or three words.
    pub title: &'static str,
    /// What it means and what to do.
    pub sentence: String,
}

impl Duties {
    /// From what the DMP says of a document.
    #[must_use]
    pub fn new(visibility: Visibility, status: Status) -> Self {
        Self {
            masked: visibility.masked(),
            invisible_patient: visibility.invisible_patient(),
            invisible_representatives: visibility.invisible_representatives(),
            archived: status == Status::Archived,
            obsolete: status == Status::Deprecated,
            replaced_by: None,
            deleted: status == Status::Deleted,
        }
    }

    /// The same, for an obsolete document of which the replacement is known.
    #[must_use]
    pub fn replaced_by(mut self, what: impl Into<String>) -> Self {
        self.obsolete = true;
        self.replaced_by = Some(what.into());
        self
    }

    /// The warnings to show, the heaviest first.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |applies: bool, weight, title, sentence: &str| {
            if applies {
                let sentence = sentence.to_owned();
                warnings.push(Warning {
                    weight,
                    title,
                    sentence,
                });
            }
        };
        warn(
            self.deleted,
            Weight::Alert,
            "Document supprimé",
            "Ce document a été supprimé du DMP. Il ne doit plus servir aux soins.",
        );
        let replaced = match &self.replaced_by {
            Some(what) => &format!(
                "Une version plus récente l’a remplacé\u{a0}: {what}. Lisez-la plutôt que celle-ci."
            ),
            None => "Une version plus récente existe\u{a0}: lisez-la plutôt que celle-ci.",
        };
        warn(self.obsolete, Weight::Alert, "Document obsolète", replaced);
        warn(
            self.masked,
            Weight::Alert,
            "Document masqué",
            "Ce document est masqué aux professionnels de santé. Seuls le patient, l’auteur du document et le \
             médecin traitant le voient\u{a0}: n’en faites pas état sans l’accord du patient.",
        );
        warn(
            self.invisible_patient,
            Weight::Alert,
            "Non visible par le patient",
            "Le patient ne voit pas encore ce document\u{a0}: son contenu doit lui être annoncé par un \
             professionnel de santé.",
        );
        warn(
            self.invisible_representatives,
            Weight::Alert,
            "Non visible par les représentants légaux",
            "Les représentants légaux du patient ne voient pas ce document\u{a0}: ne leur en parlez pas sans \
             l’accord du patient.",
        );
        warn(
            self.archived,
            Weight::Notice,
            "Document archivé",
            "Ce document a été archivé\u{a0}: il n’est plus proposé par défaut dans le DMP.",
        );
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_warning_and_no_other() {
        let cases = [
            (Visibility::NORMAL, Status::Approved, None),
            (
                Visibility::MASKED,
                Status::Approved,
                Some("Document masqué"),
            ),
            (
                Visibility::INVISIBLE_PATIENT,
                Status::Approved,
                Some("Non visible par le patient"),
            ),
            (
                Visibility::INVISIBLE_REPRESENTATIVES,
                Status::Approved,
                Some("Non visible par les représentants légaux"),
            ),
            (
                Visibility::NORMAL,
                Status::Archived,
                Some("Document archivé"),
            ),
            (
                Visibility::NORMAL,
                Status::Deprecated,
                Some("Document obsolète"),
            ),
            (
                Visibility::NORMAL,
                Status::Deleted,
                Some("Document supprimé"),
            ),
        ];
        for (visibility, status, title) in cases {
            let warnings = Duties::new(visibility, status).warnings();
            let titles: Vec<_> = warnings.iter().map(|w| w.title).collect();
            assert_eq!(titles, Vec::from_iter(title));
        }
    }

    #[test]
    fn duties_cross_as_json() {
        let duties = Duties::new(Visibility::MASKED, Status::Approved).replaced_by("la version 2");
        let json = serde_json::to_string(&duties).unwrap();
        assert!(json.contains(r#""replacedBy":"la version 2""#), "{json}");
        assert_eq!(serde_json::from_str::<Duties>(&json).unwrap(), duties);
        assert_eq!(
            serde_json::from_str::<Duties>("{}").unwrap(),
            Duties::default()
        );
        assert!(serde_json::from_str::<Duties>(r#"{"mask":true}"#).is_err());
    }
}
