//! The elements of the header: which ones, how many, in which order, and what they may leave unsaid.

use super::{HEADER, Rule, SETS, Severity};

/// The schema of CDA.
const CDA: &str = "HL7, CDA R2, schéma POCD_MT000040";
/// Data types of HL7 v3.
const TYPES: &str = "HL7 v3, types de données, et CI-SIS, Structuration minimale, 3.5.3";

rules! {
    ELEMENT_UNKNOWN = "CDA-ELEMENT-UNKNOWN", Nonconforming, CDA,
        "Cet élément n'existe pas dans l'en-tête d'un document CDA : retirez-le.";
    ELEMENT_ORDER = "CDA-ELEMENT-ORDER", Nonconforming, CDA,
        "Cet élément n'est pas à sa place : les éléments de l'en-tête suivent l'ordre du schéma CDA.";
    ELEMENT_TWICE = "CDA-ELEMENT-TWICE", Nonconforming, HEADER,
        "Cet élément ne peut figurer qu'une fois : gardez celui qui convient et retirez l'autre.";
    REALM_CODE = "CDA-REALMCODE", Nonconforming, HEADER,
        "Le pays du document (realmCode) n'est pas indiqué ou n'est pas FR : mettez FR.";
    TYPE_ID = "CDA-TYPEID", Nonconforming, HEADER,
        "L'élément typeId est absent ou inexact : il vaut toujours root 2.16.840.1.113883.1.3, extension POCD_HD000040.";
    TEMPLATE_HL7_FRANCE = "CDA-TEMPLATE-HL7FRANCE", Nonconforming, HEADER,
        "Le document ne déclare pas sa conformité à HL7 France : ajoutez le templateId 2.16.840.1.113883.2.8.2.1.";
    TEMPLATE_CISIS = "CDA-TEMPLATE-CISIS", Nonconforming, HEADER,
        "Le document ne déclare pas sa conformité au CI-SIS : ajoutez le templateId 1.2.250.1.213.1.1.1.1.";
    TEMPLATE_DOCUMENT = "CDA-TEMPLATE-DOCUMENT", Nonconforming, HEADER,
        "Le document structuré ne déclare pas de modèle (troisième templateId) : ajoutez celui du volet suivi.";
    TEMPLATE_UNSTRUCTURED = "CDA-TEMPLATE-UNSTRUCTURED", Nonconforming, HEADER,
        "Le document joint un fichier sans déclarer le modèle des documents non structurés : ajoutez le templateId 1.3.6.1.4.1.19376.1.2.20.";
    TEMPLATE_ALONE = "CDA-TEMPLATE-ALONE", Nonconforming, HEADER,
        "Un document non structuré ne déclare que trois modèles (HL7 France, CI-SIS et 1.3.6.1.4.1.19376.1.2.20) : retirez les autres.";
    TEMPLATE_NOT_UNSTRUCTURED = "CDA-TEMPLATE-NOTUNSTRUCTURED", Nonconforming, HEADER,
        "Le document est structuré mais déclare le modèle des documents non structurés (1.3.6.1.4.1.19376.1.2.20) : retirez ce templateId.";
    COPY_TIME = "CDA-COPYTIME", Advice, HEADER,
        "L'élément copyTime est obsolète : retirez-le.";
    CODE_INCOMPLETE = "CDA-CODE-INCOMPLETE", Nonconforming, HEADER,
        "Cette valeur codée n'a pas à la fois son code et l'OID de sa nomenclature : complétez-la, ou dites pourquoi elle manque (nullFlavor).";
    CODE_LABEL_MISSING = "CDA-CODE-LABEL-MISSING", Nonconforming, HEADER,
        "Cette valeur codée n'a pas de libellé (displayName) : ajoutez celui du jeu de valeurs.";
    CODE_LABEL = "CDA-CODE-LABEL", Advice, SETS,
        "Le libellé de ce code n'est pas celui du jeu de valeurs : mettez le libellé officiel.";
    CODE_DATE = "CDA-CODE-DATE", Advice, SETS,
        "Ce code n'était pas en vigueur à la date du document : vérifiez le code, ou la date.";
    CODE_SYSTEM = "CDA-CODE-SYSTEM", Nonconforming, HEADER,
        "La nomenclature de ce code n'est pas désignée par son OID (codeSystem) : corrigez l'OID.";
    IDENTIFIER_ROOT = "CDA-IDENTIFIER-ROOT", Nonconforming, HEADER,
        "La racine de cet identifiant (attribut root) n'est pas un OID bien formé : corrigez-la.";
    IDENTIFIER_EMPTY = "CDA-IDENTIFIER-EMPTY", Nonconforming, TYPES,
        "Cet identifiant n'a ni racine ni motif d'absence (nullFlavor) : complétez-le ou retirez-le.";
    NULL_FORBIDDEN = "CDA-NULLFLAVOR-FORBIDDEN", Nonconforming, HEADER,
        "Cet élément doit être renseigné : un motif d'absence (nullFlavor) n'y est pas permis.";
    NULL_UNKNOWN = "CDA-NULLFLAVOR-UNKNOWN", Nonconforming, TYPES,
        "Ce motif d'absence (nullFlavor) n'existe pas : mettez UNK, NASK, ASKU, NAV ou MSK.";
    NULL_UNUSUAL = "CDA-NULLFLAVOR-UNUSUAL", Advice, TYPES,
        "Ce motif d'absence (nullFlavor) n'est pas de ceux de l'en-tête d'un document français : mettez UNK, NASK, ASKU, NAV ou MSK.";
    NULL_VALUED = "CDA-NULLFLAVOR-VALUED", Advice, TYPES,
        "Cet élément a une valeur et un motif d'absence (nullFlavor) : gardez l'un ou l'autre.";
    TIME_UNREADABLE = "CDA-TIME-UNREADABLE", Nonconforming, TYPES,
        "Cette date est illisible : elle s'écrit AAAAMMJJ, ou AAAAMMJJHHMMSS suivi du décalage (+0100).";
    TIME_NONEXISTENT = "CDA-TIME-NONEXISTENT", Nonconforming, TYPES,
        "Cette date ou cette heure n'existe pas : corrigez-la.";
    TIME_OFFSET = "CDA-TIME-OFFSET", Nonconforming, HEADER,
        "Cette heure n'a pas de décalage par rapport au temps universel : ajoutez-le (+0100 en hiver et +0200 en été en métropole), ou ne donnez que la date.";
    TIME_ORDER = "CDA-TIME-ORDER", Nonconforming, TYPES,
        "Cette période finit avant de commencer : corrigez le début ou la fin.";
    SET_ID_SAME = "CDA-SETID-SAME", Advice, HEADER,
        "Une version suivante porte le même identifiant de lot (setId) que de document : le lot garde l'identifiant de la première version.";
    VERSION_ZERO = "CDA-VERSIONNUMBER-ZERO", Nonconforming, HEADER,
        "Le numéro de version (versionNumber) commence à 1.";
    CONFIDENTIALITY_LEVEL = "CDA-CONFIDENTIALITY-LEVEL", Advice, SETS,
        "Le DMP ne décrit aucun effet des niveaux R et V : mettez N et choisissez le masquage au moment du dépôt.";
    AUTHORIZATION = "CDA-AUTHORIZATION", Nonconforming, HEADER,
        "Une autorisation (authorization) porte un consentement codé et achevé : donnez consent/code, et completed à statusCode.";
    ENCOUNTER_TIME = "CDA-ENCOUNTER-TIME", Nonconforming, HEADER,
        "La période de la prise en charge (encompassingEncounter/effectiveTime) n'est pas indiquée : donnez-la, ou dites pourquoi elle manque (nullFlavor).";
}
