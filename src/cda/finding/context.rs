//! A document against what the practice knows: the dossier, the session, the previous version, the visibility asked for.

use super::{HEADER, Rule, SETS, Severity};

/// The right patient.
const IDENTITY: &str = "Référentiel national d'identitovigilance, et Ségur SC.DMP/CONF.01";
/// What a person sees.
const VISIBILITY: &str = "DMP, EX_2.1-1050 et EX_GEN-1550, CSP R.1111-50";
/// Versions.
const REPLACEMENT: &str =
    "ANS, CI-SIS, Structuration minimale, 3.5.5.10 et 3.5.5.23, et DMP, TD2.1";

rules! {
    DOSSIER_INS = "CDA-DOSSIER-INS", Blocking, IDENTITY,
        "Le document n'est pas celui du patient du dossier : l'INS diffère. Il ne part pas ; vérifiez le dossier.";
    DOSSIER_BIRTH_NAME = "CDA-DOSSIER-BIRTHNAME", Blocking, IDENTITY,
        "Le nom de naissance du document n'est pas celui du dossier : l'envoi est arrêté jusqu'à ce que vous confirmiez l'identité.";
    DOSSIER_GIVEN_NAMES = "CDA-DOSSIER-GIVENNAMES", Blocking, IDENTITY,
        "Les prénoms de naissance du document ne sont pas ceux du dossier : l'envoi est arrêté jusqu'à ce que vous confirmiez l'identité.";
    DOSSIER_BIRTH_DATE = "CDA-DOSSIER-BIRTHDATE", Blocking, IDENTITY,
        "La date de naissance du document n'est pas celle du dossier : l'envoi est arrêté jusqu'à ce que vous confirmiez l'identité.";
    DOSSIER_SEX = "CDA-DOSSIER-SEX", Blocking, IDENTITY,
        "Le sexe du document n'est pas celui du dossier : l'envoi est arrêté jusqu'à ce que vous confirmiez l'identité.";
    DOSSIER_BIRTH_PLACE = "CDA-DOSSIER-BIRTHPLACE", Advice, IDENTITY,
        "Le lieu de naissance du document n'est pas celui du dossier : vérifiez-le.";
    SESSION_AUTHOR = "CDA-SESSION-AUTHOR", Advice, HEADER,
        "Le professionnel de la session n'est pas un auteur du document : vérifiez que vous déposez le bon document.";
    SESSION_STRUCTURE = "CDA-SESSION-STRUCTURE", Advice, HEADER,
        "La structure de la session n'est celle d'aucun auteur du document : vérifiez la structure d'exercice.";
    SESSION_SECTOR = "CDA-SESSION-SECTOR", Advice, SETS,
        "Le secteur d'activité du document n'est pas celui de la structure de la session : mettez celui de la structure.";
    MASKED_AND_INVISIBLE = "CDA-VISIBILITY-CUMUL", Blocking, VISIBILITY,
        "Un document ne peut pas être à la fois masqué aux professionnels et invisible au patient : choisissez l'un ou l'autre.";
    REPRESENTATIVES_OF_AN_ADULT = "CDA-VISIBILITY-ADULT", Blocking, VISIBILITY,
        "Seul le document d'un mineur peut être caché à ses représentants légaux : retirez ce choix.";
    REPRESENTATIVES_UNSAID = "CDA-VISIBILITY-UNSAID", Blocking, VISIBILITY,
        "Le patient est mineur : indiquez si ses représentants légaux peuvent voir ce document.";
    SECRET_BUT_VISIBLE = "CDA-VISIBILITY-SECRET", Blocking, VISIBILITY,
        "En connexion secrète, seul un document invisible aux représentants légaux peut être déposé : rendez-le invisible.";
    SECRET_FOR_AN_ADULT = "CDA-VISIBILITY-SECRET-ADULT", Blocking, VISIBILITY,
        "La connexion secrète n'existe que pour un patient mineur : quittez-la.";
    REPLACES_UNSAID = "CDA-REPLACES-UNSAID", Blocking, REPLACEMENT,
        "Le document doit en remplacer un autre et ne le dit pas : ajoutez relatedDocument (RPLC) avec l'identifiant de la version remplacée.";
    REPLACES_OTHER = "CDA-REPLACES-OTHER", Blocking, REPLACEMENT,
        "Le document annonce qu'il en remplace un autre que celui prévu : corrigez relatedDocument.";
    REPLACES_ITSELF = "CDA-REPLACES-ITSELF", Blocking, REPLACEMENT,
        "Le document porte l'identifiant de la version qu'il remplace : donnez-lui un nouvel identifiant.";
    REPLACES_SET = "CDA-REPLACES-SETID", Nonconforming, REPLACEMENT,
        "Le document n'est pas du lot (setId) de la version qu'il remplace : reprenez le setId de celle-ci.";
    REPLACES_VERSION = "CDA-REPLACES-VERSION", Nonconforming, REPLACEMENT,
        "Le numéro de version n'est pas celui de la version remplacée augmenté de 1 : corrigez versionNumber.";
    FORMAT_STATED_SET = "CDA-FORMAT-STATED-SET", Blocking, SETS,
        "Le format indiqué n'est pas de ceux que le DMP accepte (JDV_J60) : choisissez-en un autre.";
    FORMAT_STATED = "CDA-FORMAT-STATED", Nonconforming, SETS,
        "Le format indiqué n'est pas celui du modèle du document : retirez-le, le modèle suffit.";
    FORMAT_TYPE = "CDA-FORMAT-TYPE", Nonconforming, SETS,
        "Le modèle du document n'est pas de ceux de son type (code) : corrigez le type ou le templateId.";
}

/// Whether a person who confirms the patient's identity lifts a finding of this rule.
pub fn waits_for_identity(rule: &Rule) -> bool {
    let lifted = [
        &DOSSIER_BIRTH_NAME,
        &DOSSIER_GIVEN_NAMES,
        &DOSSIER_BIRTH_DATE,
        &DOSSIER_SEX,
    ];
    lifted.contains(&rule)
}
