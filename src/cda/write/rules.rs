//! What keeps a file from becoming a document, or would be better otherwise.

use crate::cda::finding::{Rule, Severity};

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

        /// Every rule on files and their context, for documentation and tables.
        pub static RULES: &[&Rule] = &[$(&$name,)*];
    };
}

/// The ANS rules of the CDA header.
const HEADER: &str = "ANS, CI-SIS, Structuration minimale des documents de santé, 3.5.5";
/// The ANS rules of the CDA body.
const BODY: &str = "ANS, CI-SIS, Structuration minimale des documents de santé, 3.7.2";
/// The value sets.
const SETS: &str = "ANS, nomenclatures des objets de santé";
/// Identity of patients.
const INS: &str = "ANS, référentiel INS, et CI-SIS, Structuration minimale, 3.5.5.12";
/// Identifiers.
const IDS: &str = "ITI TF-3 4.2.3.2.26 et CI-SIS, Structuration minimale, 3.5.5.4";

rules! {
    TEXT_CHARACTER = "CTX-TEXT-CHARACTER", Blocking, "W3C, XML 1.0, 2.2",
        "Ce texte contient un caractère de contrôle, qu'un document ne peut pas porter : retirez-le.";
    TEXT_BLANK = "CTX-TEXT-BLANK", Blocking, HEADER,
        "Ce champ est vide : remplissez-le ou retirez-le.";
    SOFTWARE_OID = "CTX-SOFTWARE-OID", Blocking, IDS,
        "L'OID de l'éditeur est trop long : au-delà de 34 caractères, les identifiants des documents dépasseraient les 64 permis.";
    SOFTWARE_OID_MISSING = "CTX-SOFTWARE-OID-MISSING", Blocking, IDS,
        "L'OID de l'éditeur n'est pas indiqué : les identifiants des documents se font sous lui.";
    PATIENT_MISSING = "CTX-PATIENT-MISSING", Blocking, INS,
        "Le patient n'est pas indiqué : donnez son INS qualifiée et ses traits d'identité.";
    TRAITS = "CTX-PATIENT-TRAITS", Blocking, INS,
        "Un trait d'identité du patient manque ou est mal formé : nom et prénoms de naissance, date de naissance (AAAAMMJJ), code officiel géographique de 5 caractères.";
    BIRTH_PLACE = "CTX-PATIENT-BIRTHPLACE", Blocking, INS,
        "Le lieu de naissance du patient (code officiel géographique) manque : il est obligatoire avec l'INS.";
    FIRST_GIVEN = "CTX-PATIENT-FIRSTGIVEN", Blocking, INS,
        "Le premier prénom de naissance n'est pas le début de la liste des prénoms : corrigez l'un ou l'autre.";
    LOCAL_ID = "CTX-PATIENT-LOCALID", Blocking, HEADER,
        "L'identifiant local du patient (IPP) n'a pas d'extension, ou se présente comme un INS : donnez l'OID du cabinet et le numéro du patient.";
    AUTHORS_MISSING = "CTX-AUTHORS-MISSING", Blocking, HEADER,
        "Le document n'a pas d'auteur.";
    SPECIALTY_MISSING = "CTX-SPECIALTY-MISSING", Blocking, HEADER,
        "La profession n'est pas indiquée : elle est obligatoire pour un professionnel.";
    SPECIALTY_SET = "CTX-SPECIALTY-SET", Blocking, SETS,
        "La profession ou la spécialité n'est pas de celles du DMP (JDV_J56) : choisissez-en une autre.";
    CIVILITY = "CTX-CIVILITY", Blocking, SETS,
        "La civilité n'est pas de celles du CI-SIS (JDV_J245) : M ou MME ; un titre comme DR se donne à part.";
    TITLE_OF_PERSON = "CTX-TITLE-OF-PERSON", Blocking, SETS,
        "Le titre n'est pas de ceux du CI-SIS (JDV_J246) : DR, PR, MC, MG, PC ou PG.";
    FUNCTION_SET = "CTX-FUNCTION-SET", Blocking, SETS,
        "Le rôle fonctionnel n'est pas de ceux du CI-SIS (JDV_J47).";
    DEVICE_ID = "CTX-DEVICE-ID", Blocking, HEADER,
        "L'identifiant du dispositif n'est pas celui d'une structure suivi d'une barre oblique et de son numéro interne.";
    STRUCTURE_MISSING = "CTX-STRUCTURE-MISSING", Blocking, HEADER,
        "La structure n'est pas indiquée : seul ce que le patient écrit seul s'en passe.";
    SECTOR_SET = "CTX-SECTOR-SET", Blocking, SETS,
        "Le secteur d'activité de la structure n'est pas de ceux que le DMP accepte (JDV_J61).";
    SETTING_MISSING = "CTX-PRACTICESETTING-MISSING", Blocking, HEADER,
        "Le cadre d'exercice n'est pas indiqué.";
    SETTING_SET = "CTX-PRACTICESETTING-SET", Blocking, SETS,
        "Le cadre d'exercice n'est pas de ceux que le DMP accepte (JDV_J62).";
    AUTHENTICATOR_MISSING = "CTX-LEGALAUTHENTICATOR-MISSING", Blocking, HEADER,
        "Le responsable du document n'est pas indiqué, et aucun auteur n'est une personne qui puisse l'être.";
    AUTHENTICATOR_DEVICE = "CTX-LEGALAUTHENTICATOR-DEVICE", Blocking, HEADER,
        "Un dispositif ne peut pas être responsable d'un document : désignez une personne.";
    TYPE_SET = "CTX-TYPE-SET", Blocking, SETS,
        "Le type du document n'est pas de ceux que le DMP accepte (JDV_J66) : choisissez-en un autre.";
    TYPE_CLASS = "CTX-TYPE-CLASS", Blocking, SETS,
        "Aucune classe du DMP (JDV_J57) ne correspond au type du document : choisissez un autre type.";
    TITLE_LENGTH = "CTX-TITLE-LENGTH", Blocking, HEADER,
        "Le titre du document dépasse 128 caractères : raccourcissez-le.";
    EFFECTIVE_TIME = "CTX-EFFECTIVETIME", Blocking, HEADER,
        "La date du document doit être donnée à la seconde, avec le décalage par rapport au temps universel.";
    TIME = "CTX-TIME", Blocking, HEADER,
        "Cette date est illisible, ou cette heure n'a pas de décalage par rapport au temps universel.";
    ORDER_OF_TIMES = "CTX-TIME-ORDER", Blocking, HEADER,
        "La fin précède le début : corrigez l'une ou l'autre.";
    LANGUAGE = "CTX-LANGUAGE", Blocking, HEADER,
        "La langue du document est toujours fr-FR ; celle du fichier, si elle est autre, se donne à part.";
    CONTENT_LANGUAGE = "CTX-CONTENT-LANGUAGE", Blocking, HEADER,
        "La langue du fichier n'a pas la forme attendue : un code de langue et un code de pays, comme en-GB.";
    ADDRESS = "CTX-ADDRESS", Blocking, HEADER,
        "Une adresse se donne soit en lignes, soit en éléments (voie, code postal, ville), et n'est pas vide.";
    TELECOM = "CTX-TELECOM", Blocking, HEADER,
        "Une coordonnée est une adresse en tel:, fax:, mailto:, http:, ftp: ou mllp:.";
    CODE_SYSTEM = "CTX-CODE-SYSTEM", Blocking, HEADER,
        "Ce code n'a pas l'OID de sa nomenclature, ou pas de libellé : donnez les deux.";
    RELATION_SET = "CTX-RELATION-SET", Blocking, SETS,
        "La relation avec le patient n'est pas de celles du CI-SIS (JDV_J11).";
    SERVICE_CODE = "CTX-SERVICE-CODE", Blocking, HEADER,
        "Un compte rendu ou une demande d'imagerie, et ce que le patient écrit, portent le code de l'acte : donnez-le.";
    STUDY_MISSING = "CTX-SERVICE-STUDY", Blocking, HEADER,
        "Un compte rendu d'imagerie porte l'identifiant de l'examen (studyInstanceUID, sans extension), qui le relie aux images : donnez-le.";
    ORDER_MISSING = "CTX-SERVICE-ORDER", Advice, HEADER,
        "Une demande d'imagerie porte son numéro (racine et extension) : sans lui, la réponse ne lui sera pas reliée.";
    REPLACED_ID = "CTX-REPLACED-ID", Blocking, HEADER,
        "Une nouvelle version ne peut pas avoir l'identifiant de celle qu'elle remplace.";
    SET_ID = "CTX-SETID", Blocking, HEADER,
        "Le lot de versions n'est pas celui de la version remplacée : il est le même pour toutes les versions.";
    VERSION_NUMBER = "CTX-VERSIONNUMBER", Blocking, HEADER,
        "Le numéro de version commence à 1 et dépasse celui de la version remplacée.";
    FILE_EMPTY = "CTX-FILE-EMPTY", Blocking, BODY,
        "Le fichier est vide.";
    FILE_FORMAT = "CTX-FILE-FORMAT", Blocking, BODY,
        "Le format du fichier n'est pas de ceux du DMP : PDF, texte, RTF, JPEG ou TIFF.";
    FILE_IMAGE = "CTX-FILE-IMAGE", Blocking, BODY,
        "Le DMP ne prend pas les images PNG ou GIF : convertissez celle-ci en JPEG.";
    FILE_DECLARED = "CTX-FILE-DECLARED", Blocking, BODY,
        "Le fichier n'est pas du type annoncé : vérifiez que c'est le bon fichier.";
    FILE_TRUNCATED = "CTX-FILE-TRUNCATED", Blocking, BODY,
        "Le fichier est coupé avant sa fin : il ne s'ouvrirait pas, produisez-le de nouveau.";
    FILE_ENCRYPTED = "CTX-FILE-ENCRYPTED", Blocking, "ISO 19005-1 6.1.3",
        "Le PDF est chiffré ou protégé par mot de passe : enlevez la protection.";
    FILE_CHARSET = "CTX-FILE-CHARSET", Blocking, "IHE ITI TF-3 5.2 (XDS-SD)",
        "Le texte n'est pas en UTF-8 : convertissez-le.";
    FILE_SIZE = "CTX-FILE-SIZE", Blocking, "dmpkit, limites de lecture",
        "Le fichier est trop gros pour un document : réduisez-le.";
    FILE_CONTROLS = "CTX-FILE-CONTROLS", Advice, BODY,
        "Le texte contient des caractères de contrôle : certains logiciels l'afficheront mal.";
    FILE_PDF_A = "CTX-FILE-PDF-A", Advice, "ANS, CI-SIS, Structuration minimale, 3.7.2 : PDF/A-1 (ISO 19005-1)",
        "Le PDF n'est pas déclaré PDF/A-1 : produisez-le dans ce format, lisible dans la durée.";
    FILE_ACTIVE = "CTX-FILE-ACTIVE", Advice, "ISO 19005-1 6.6.1",
        "Le PDF contient du JavaScript ou lance un programme : produisez-le sans ces actions, que les lecteurs bloquent.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_unique_and_sentences_are_whole() {
        let mut ids: Vec<_> = RULES.iter().map(|r| r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            assert!(rule.id.starts_with("CTX-"), "{}", rule.id);
            assert!(rule.sentence.ends_with('.'), "{}", rule.id);
        }
    }
}
