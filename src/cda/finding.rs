//! What is wrong with a document before it is deposited: the rules, and where a document breaks them.
//!
//! This file holds the rules that metadata depend on; the others stand in one file per theme.

use std::borrow::Cow;

use serde::Serialize;

/// What a finding forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing; the document would be better corrected.
    Advice,
    /// Conformity to the CI-SIS: the DMP takes the document, a conformity check or another reader may not.
    Nonconforming,
    /// The deposit: the DMP would refuse the document, or could not file it.
    Blocking,
}

/// A rule on the header of a document.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Stable identifier, `CDA-EFFECTIVETIME-OFFSET` for instance.
    #[serde(rename = "rule")]
    pub id: &'static str,
    /// Where the rule is written.
    pub source: &'static str,
    /// What a document that breaks it risks.
    pub severity: Severity,
    /// What is wrong and what to do, in French, for the person or the software publisher; never a value of the document.
    pub sentence: &'static str,
}

/// A rule that a document breaks, and where. As JSON: `rule`, `source`, `severity`, `sentence`, `path`, and `fix`
/// when there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule.
    #[serde(flatten)]
    pub rule: &'static Rule,
    /// The element at fault, as an XPath from the root of the CDA document without namespaces.
    pub path: Cow<'static, str>,
    /// What to write there instead, when only one value is right: a code, a label, an OID of a value set or of a
    /// template, never a value of the patient's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Cow<'static, str>>,
}

impl Finding {
    /// A finding without a fix of its own.
    pub(crate) fn new(rule: &'static Rule, path: impl Into<Cow<'static, str>>) -> Finding {
        Finding {
            rule,
            path: path.into(),
            fix: None,
        }
    }

    /// The same, with what to write instead.
    #[must_use]
    pub(crate) fn with_fix(mut self, fix: impl Into<Cow<'static, str>>) -> Finding {
        self.fix = Some(fix.into());
        self
    }
}

/// Writes a theme's rules: a static for each, and the table of all of them.
macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $source:expr, $sentence:literal;)*) => {
        $(
            #[doc = $sentence]
            pub static $name: Rule = Rule {
                id: $id,
                source: $source,
                severity: Severity::$severity,
                sentence: $sentence,
            };
        )*

        /// The rules of this theme, for documentation and tables.
        pub static RULES: &[&Rule] = &[$(&$name,)*];
    };
}

pub mod body;
pub mod context;
pub mod people;
pub mod reading;
pub mod service;
pub mod structure;
pub mod xds;

/// Every rule on documents, for documentation and tables.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    let themes = [
        reading::RULES,
        RULES,
        structure::RULES,
        people::RULES,
        service::RULES,
        body::RULES,
        context::RULES,
        xds::RULES,
    ];
    themes.into_iter().flatten().copied()
}

/// The ANS rules of the CDA header.
const HEADER: &str = "ANS, CI-SIS, Structuration minimale des documents de santé, 3.5.5";
/// The rules of XDS metadata.
const SHARING: &str = "ANS, CI-SIS, Partage de documents de santé, métadonnées XDS";
/// The DMP's value sets.
const SETS: &str = "ANS, nomenclatures des objets de santé, jeux de valeurs du DMP";
/// XML itself.
const XML: &str = "W3C, XML 1.0, 4.3.3";

rules! {
    ENCODING = "CDA-ENCODING", Advice, XML,
        "La déclaration XML annonce un autre codage que celui du fichier : corrigez l'attribut encoding.";
    ID_MISSING = "CDA-ID-MISSING", Blocking, HEADER,
        "Le document n'a pas d'identifiant : donnez-lui un OID unique (élément id, attribut root).";
    ID_OID = "CDA-ID-OID", Blocking, SHARING,
        "L'identifiant du document n'est pas un OID d'au plus 64 caractères, la seule forme que le DMP accepte ; un UUID s'écrit en OID sous la racine 2.25.";
    ID_EXTENSION = "CDA-ID-EXTENSION", Blocking, HEADER,
        "L'identifiant du document a une extension, que le DMP n'accepte pas : mettez l'identifiant entier dans l'OID (attribut root) et retirez l'attribut extension.";
    SET_ID_MISSING = "CDA-SETID-MISSING", Nonconforming, HEADER,
        "Le lot de versions (setId) n'est pas indiqué : sans lui, les versions de ce document ne seront pas rapprochées.";
    VERSION_MISSING = "CDA-VERSIONNUMBER-MISSING", Nonconforming, HEADER,
        "Le numéro de version (versionNumber) n'est pas indiqué : il commence à 1 et augmente à chaque version.";
    CODE_MISSING = "CDA-CODE-MISSING", Blocking, HEADER,
        "Le type du document n'est pas indiqué (élément code).";
    CODE_SET = "CDA-CODE-SET", Blocking, SETS,
        "Le type du document n'est pas de ceux que le DMP accepte (JDV_J66) : choisissez-en un autre.";
    CLASS_UNKNOWN = "CDA-CLASS-UNKNOWN", Blocking, SETS,
        "Aucune classe du DMP (JDV_J57) ne correspond au type du document : choisissez un autre type.";
    BODY_MISSING = "CDA-BODY-MISSING", Blocking, HEADER,
        "Le document n'a pas de corps : ajoutez-lui un contenu structuré ou un fichier joint.";
    MEDIA_TYPE = "CDA-MEDIATYPE", Blocking, SETS,
        "Le format du fichier joint n'est pas de ceux du DMP : PDF, texte, RTF, JPEG ou TIFF.";
    FORMAT_UNKNOWN = "CDA-FORMAT-UNKNOWN", Blocking, SETS,
        "Les modèles du document (templateId) ne désignent pas un format et un seul : vérifiez le templateId du modèle de document.";
    FORMAT_SET = "CDA-FORMAT-SET", Blocking, SETS,
        "Le format désigné par le modèle du document n'est pas de ceux que le DMP accepte (JDV_J60).";
    TITLE_MISSING = "CDA-TITLE-MISSING", Blocking, HEADER,
        "Le document n'a pas de titre.";
    TITLE_LENGTH = "CDA-TITLE-LENGTH", Blocking, HEADER,
        "Le titre du document dépasse 128 caractères : raccourcissez-le.";
    EFFECTIVE_TIME_MISSING = "CDA-EFFECTIVETIME-MISSING", Blocking, HEADER,
        "La date du document (effectiveTime) est absente ou illisible.";
    EFFECTIVE_TIME_OFFSET = "CDA-EFFECTIVETIME-OFFSET", Blocking, HEADER,
        "L'heure du document (effectiveTime) n'a pas de décalage par rapport au temps universel : ajoutez-le, +0100 en hiver et +0200 en été en métropole.";
    EFFECTIVE_TIME_DAY = "CDA-EFFECTIVETIME-DAY", Blocking, HEADER,
        "La date du document (effectiveTime) n'a pas d'heure : donnez-la à la seconde, avec le décalage par rapport au temps universel.";
    EFFECTIVE_TIME_PRECISION = "CDA-EFFECTIVETIME-PRECISION", Advice, HEADER,
        "L'heure du document (effectiveTime) n'est pas à la seconde : elle est complétée par des zéros.";
    OFFSET_DIGITS = "CDA-TIME-OFFSET-DIGITS", Advice, HEADER,
        "Le décalage par rapport au temps universel n'a pas quatre chiffres (+0100) : certains logiciels le liront mal.";
    CONFIDENTIALITY = "CDA-CONFIDENTIALITY", Blocking, HEADER,
        "Le niveau de confidentialité (confidentialityCode) n'est pas N, R ou V : mettez N, et choisissez le masquage au moment du dépôt.";
    LANGUAGE_MISSING = "CDA-LANGUAGE-MISSING", Blocking, HEADER,
        "La langue du document (languageCode) n'est pas indiquée : mettez fr-FR.";
    LANGUAGE_VALUE = "CDA-LANGUAGE-VALUE", Nonconforming, HEADER,
        "La langue du document (languageCode) n'est pas fr-FR, écrit exactement ainsi.";
    PATIENT_INS_MISSING = "CDA-PATIENT-INS-MISSING", Blocking, HEADER,
        "Le document ne porte pas l'INS du patient : le DMP ne peut pas le classer.";
    PATIENT_INS_INVALID = "CDA-PATIENT-INS-INVALID", Blocking, HEADER,
        "Le matricule INS du patient est mal formé ou sa clé est fausse : vérifiez l'identité du patient.";
    PATIENT_INS_FIRST = "CDA-PATIENT-INS-FIRST", Blocking, HEADER,
        "L'INS n'est pas le premier identifiant du patient : placez-le en tête.";
    PATIENT_TRAITS = "CDA-PATIENT-TRAITS", Nonconforming, HEADER,
        "Il manque au patient un trait d'identité : nom de naissance, prénoms de naissance, sexe ou date de naissance.";
    AUTHOR_MISSING = "CDA-AUTHOR-MISSING", Blocking, HEADER,
        "Le document n'a pas d'auteur.";
    AUTHOR_ID = "CDA-AUTHOR-ID", Blocking, HEADER,
        "L'auteur n'a pas d'identifiant : un professionnel porte son numéro RPPS précédé de 8.";
    AUTHOR_ID_FORM = "CDA-AUTHOR-ID-FORM", Advice, SHARING,
        "L'identifiant national de l'auteur n'a pas la forme attendue (PS_IdNat) : un numéro RPPS de 11 chiffres est précédé de 8.";
    AUTHOR_SPECIALTY_MISSING = "CDA-AUTHOR-SPECIALTY-MISSING", Nonconforming, HEADER,
        "La profession et la spécialité de l'auteur (assignedAuthor/code) ne sont pas indiquées.";
    AUTHOR_SPECIALTY_SET = "CDA-AUTHOR-SPECIALTY-SET", Nonconforming, SETS,
        "La profession ou la spécialité de l'auteur n'est pas de celles du DMP (JDV_J56).";
    AUTHOR_ORGANIZATION = "CDA-AUTHOR-ORGANIZATION", Nonconforming, HEADER,
        "La structure pour laquelle l'auteur exerce (representedOrganization) n'est pas indiquée.";
    AUTHENTICATOR_MISSING = "CDA-LEGALAUTHENTICATOR-MISSING", Blocking, HEADER,
        "Le responsable du document (legalAuthenticator) n'est pas indiqué, ou n'a pas d'identifiant.";
    SERVICE_START_MISSING = "CDA-SERVICE-START-MISSING", Blocking, HEADER,
        "Le début de l'acte (documentationOf/serviceEvent/effectiveTime/low) est absent ou illisible.";
    SERVICE_START_OFFSET = "CDA-SERVICE-START-OFFSET", Blocking, HEADER,
        "L'heure de début de l'acte n'a pas de décalage par rapport au temps universel : ajoutez-le, ou ne donnez que la date.";
    SERVICE_STOP_OFFSET = "CDA-SERVICE-STOP-OFFSET", Advice, HEADER,
        "L'heure de fin de l'acte n'a pas de décalage par rapport au temps universel : la fin de l'acte n'est pas transmise.";
    PRACTICE_SETTING_MISSING = "CDA-PRACTICESETTING-MISSING", Blocking, HEADER,
        "Le cadre d'exercice (standardIndustryClassCode de l'exécutant de l'acte) n'est pas indiqué.";
    PRACTICE_SETTING_SET = "CDA-PRACTICESETTING-SET", Blocking, SETS,
        "Le cadre d'exercice n'est pas de ceux que le DMP accepte (JDV_J62).";
    FACILITY_MISSING = "CDA-FACILITY-MISSING", Blocking, HEADER,
        "Le secteur d'activité de la structure (componentOf/encompassingEncounter/location/healthCareFacility/code) n'est pas indiqué.";
    FACILITY_SET = "CDA-FACILITY-SET", Blocking, SETS,
        "Le secteur d'activité de la structure n'est pas de ceux que le DMP accepte (JDV_J61).";
    REPLACED_ID = "CDA-REPLACED-ID", Blocking, HEADER,
        "Le document remplace une version précédente sans en donner l'identifiant, ou en donnant le sien : indiquez l'OID de la version remplacée.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_sentences_are_whole() {
        let mut ids: Vec<_> = all().map(|r| r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all().count());
        for rule in all() {
            let theme = rule.id.split('-').next();
            assert!(matches!(theme, Some("CDA" | "XDS")), "{}", rule.id);
            assert!(rule.sentence.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn a_finding_is_one_flat_record() {
        let finding = Finding::new(&TITLE_MISSING, "/ClinicalDocument/title");
        let json = serde_json::to_value(&finding).expect("serialises");
        assert_eq!(json["rule"], "CDA-TITLE-MISSING");
        assert_eq!(json["severity"], "blocking");
        assert_eq!(json["path"], "/ClinicalDocument/title");
        assert!(json["sentence"].is_string() && json["source"].is_string());
        assert!(json.get("fix").is_none());
        let fixed = serde_json::to_value(finding.with_fix("fr-FR")).expect("serialises");
        assert_eq!(fixed["fix"], "fr-FR");
    }
}
