//! The acts, the care they belong to, the requests they answer and the documents that are replaced.

use super::{HEADER, Rule, Severity};

rules! {
    SERVICE_EVENT = "CDA-SERVICE-MISSING", Nonconforming, HEADER,
        "L'élément documentationOf n'a pas d'acte (serviceEvent) : ajoutez-le, ou retirez documentationOf.";
    SERVICE_LOW = "CDA-SERVICE-LOW", Nonconforming, HEADER,
        "La période d'un acte n'a pas de début (effectiveTime/low) : ajoutez-le.";
    SERVICE_ORDER = "CDA-SERVICE-STOP-BEFORE-START", Nonconforming, HEADER,
        "L'acte finit avant de commencer : corrigez le début ou la fin.";
    SERVICE_AFTER_DOCUMENT = "CDA-SERVICE-START-AFTER", Advice, HEADER,
        "Le document est daté d'avant le début de l'acte : vérifiez les deux dates.";
    SERVICE_FUTURE = "CDA-SERVICE-START-FUTURE", Advice, HEADER,
        "L'acte commence dans l'avenir : vérifiez sa date.";
    EFFECTIVE_TIME_FUTURE = "CDA-EFFECTIVETIME-FUTURE", Nonconforming, HEADER,
        "Le document est daté de l'avenir : vérifiez sa date et l'horloge du poste.";
    PERFORMER_MISSING = "CDA-PERFORMER-MISSING", Nonconforming, HEADER,
        "L'acte principal n'a pas d'exécutant (performer) : ajoutez-le.";
    PERFORMER_TWICE = "CDA-PERFORMER-TWICE", Nonconforming, HEADER,
        "Un acte n'a qu'un exécutant (performer) : gardez le principal.";
    PERFORMER_TYPE = "CDA-PERFORMER-TYPE", Nonconforming, HEADER,
        "L'exécutant d'un acte (performer) porte le typeCode PRF : corrigez-le.";
    PERFORMER_SETTING = "CDA-PERFORMER-SETTING", Nonconforming, HEADER,
        "L'exécutant d'un acte n'a pas son cadre d'exercice (standardIndustryClassCode) : ajoutez-le.";
    SERVICE_CODE = "CDA-SERVICE-CODE", Nonconforming, HEADER,
        "L'acte n'est pas codé (serviceEvent/code) : il doit l'être pour ce type de document.";
    STUDY_ID = "CDA-SERVICE-STUDY", Nonconforming, HEADER,
        "Un compte rendu d'imagerie porte l'identifiant de l'examen DICOM (studyInstanceUID) : un serviceEvent/id d'au plus 64 caractères, sans extension.";
    ORDER_ID = "CDA-ORDER-ID", Nonconforming, HEADER,
        "La demande à laquelle le document répond (inFulfillmentOf/order) a exactement un identifiant : corrigez-le.";
    ENCOUNTER_LOCATION = "CDA-ENCOUNTER-LOCATION", Nonconforming, HEADER,
        "La prise en charge n'a qu'un lieu (location) : gardez celui de la structure.";
    ENCOUNTER_DISCHARGE = "CDA-ENCOUNTER-DISCHARGE", Nonconforming, HEADER,
        "Le mode de sortie (dischargeDispositionCode) est codé, avec son libellé, dans la nomenclature 1.2.250.1.213.2.14 : corrigez-le.";
    RELATED_TYPE = "CDA-RELATED-TYPE", Nonconforming, HEADER,
        "Le lien avec un autre document (relatedDocument/typeCode) est un remplacement (RPLC) ou une transformation (XFRM) : corrigez-le.";
    RELATED_ID = "CDA-RELATED-ID", Nonconforming, HEADER,
        "Le document lié a exactement un identifiant (parentDocument/id), un OID sans extension : corrigez-le.";
    REPLACED_SET = "CDA-REPLACED-SETID", Nonconforming, HEADER,
        "La version remplacée n'est pas du même lot (setId) : toutes les versions d'un document ont le même.";
    REPLACED_VERSION = "CDA-REPLACED-VERSION", Nonconforming, HEADER,
        "Le numéro de version n'est pas supérieur à celui de la version remplacée : augmentez-le de 1.";
    VERSION_WITHOUT_REPLACED = "CDA-VERSION-ALONE", Advice, HEADER,
        "Le document est une version suivante mais n'en remplace aucune (relatedDocument) : indiquez la version remplacée.";
    REPLACED_FIRST = "CDA-VERSION-FIRST", Nonconforming, HEADER,
        "Le document remplace une version précédente et porte le numéro de version 1 : augmentez-le.";
}
