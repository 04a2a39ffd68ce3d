//! Metadata made elsewhere, against those the document gives.

use super::{Rule, SHARING, Severity};

rules! {
    PATIENT_ID = "XDS-PATIENTID", Blocking, SHARING,
        "L'identifiant du patient (patientId) n'est pas l'INS du document : reprenez celle du document.";
    UNIQUE_ID = "XDS-UNIQUEID", Blocking, SHARING,
        "L'identifiant (uniqueId) n'est pas celui du document (id) : reprenez-le.";
    SOURCE_PATIENT_ID = "XDS-SOURCEPATIENTID", Nonconforming, SHARING,
        "L'identifiant local du patient (sourcePatientId) n'est pas celui du document : reprenez ce que dit le document.";
    SOURCE_PATIENT_INFO = "XDS-SOURCEPATIENTINFO", Nonconforming, SHARING,
        "Les traits du patient (sourcePatientInfo) ne sont pas ceux du document : reprenez ce que dit le document.";
    MIME_TYPE = "XDS-MIMETYPE", Nonconforming, SHARING,
        "Le type de fichier (mimeType) n'est pas celui du document : reprenez ce que dit le document.";
    LANGUAGE_CODE = "XDS-LANGUAGECODE", Nonconforming, SHARING,
        "La langue (languageCode) n'est pas celle du document : reprenez ce que dit le document.";
    CREATION_TIME = "XDS-CREATIONTIME", Nonconforming, SHARING,
        "La date (creationTime) n'est pas celle du document (effectiveTime) en temps universel : reprenez ce que dit le document.";
    SERVICE_START_TIME = "XDS-SERVICESTARTTIME", Nonconforming, SHARING,
        "Le début de l'acte (serviceStartTime) n'est pas celui du document en temps universel : reprenez ce que dit le document.";
    SERVICE_STOP_TIME = "XDS-SERVICESTOPTIME", Nonconforming, SHARING,
        "La fin de l'acte (serviceStopTime) n'est pas celle du document en temps universel : reprenez ce que dit le document.";
    TITLE = "XDS-TITLE", Nonconforming, SHARING,
        "Le titre (title) n'est pas celui du document : reprenez ce que dit le document.";
    AUTHOR = "XDS-AUTHOR", Nonconforming, SHARING,
        "Les auteurs (author) ne sont pas ceux du document : reprenez ce que dit le document.";
    LEGAL_AUTHENTICATOR = "XDS-LEGALAUTHENTICATOR", Nonconforming, SHARING,
        "Le responsable (legalAuthenticator) n'est pas celui du document : reprenez ce que dit le document.";
    TYPE_CODE = "XDS-TYPECODE", Blocking, SHARING,
        "Le type (typeCode) n'est pas celui du document (code) : reprenez ce que dit le document.";
    CLASS_CODE = "XDS-CLASSCODE", Blocking, SHARING,
        "La classe (classCode) n'est pas celle du type du document : reprenez ce que dit le document.";
    FORMAT_CODE = "XDS-FORMATCODE", Blocking, SHARING,
        "Le format (formatCode) n'est pas celui du document : reprenez ce que dit le document.";
    CONFIDENTIALITY = "XDS-CONFIDENTIALITY", Nonconforming, SHARING,
        "Le niveau de confidentialité (confidentialityCode) n'est pas celui du document : reprenez ce que dit le document.";
    FACILITY = "XDS-FACILITY", Nonconforming, SHARING,
        "Le secteur d'activité (healthcareFacilityTypeCode) n'est pas celui du document : reprenez ce que dit le document.";
    PRACTICE_SETTING = "XDS-PRACTICESETTING", Nonconforming, SHARING,
        "Le cadre d'exercice (practiceSettingCode) n'est pas celui du document : reprenez ce que dit le document.";
    EVENT_CODES = "XDS-EVENTCODELIST", Nonconforming, SHARING,
        "Les actes (eventCodeList) ne sont pas ceux du document : reprenez ce que dit le document.";
    REFERENCE_IDS = "XDS-REFERENCEIDLIST", Nonconforming, SHARING,
        "Les références (referenceIdList) ne sont pas celles du document : reprenez ce que dit le document.";
    LABEL = "XDS-LABEL", Advice, SHARING,
        "Le libellé d'un code des métadonnées n'est pas celui du jeu de valeurs : mettez le libellé officiel.";
}
