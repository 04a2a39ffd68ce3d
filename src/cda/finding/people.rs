//! The patient, the professionals, the organisations and the devices of a header.

use super::{HEADER, Rule, SETS, SHARING, Severity};

/// Identity of the patient.
const IDENTITY: &str = "ANS, référentiel INS, et CI-SIS, Structuration minimale, 3.5.5.12";
/// Data types of persons and addresses.
const PERSON: &str = "ANS, CI-SIS, Structuration minimale, 3.5.4 et 3.5.5.13";

rules! {
    PATIENT_NAME = "CDA-PATIENT-NAME", Nonconforming, IDENTITY,
        "Le patient a exactement un élément name : mettez-y ses noms et prénoms, distingués par leur qualifier.";
    PATIENT_FAMILY_QUALIFIER = "CDA-PATIENT-FAMILY-QUALIFIER", Nonconforming, IDENTITY,
        "Un nom du patient n'a pas son qualifier : BR pour le nom de naissance, CL pour le nom utilisé.";
    PATIENT_GIVEN_QUALIFIER = "CDA-PATIENT-GIVEN-QUALIFIER", Nonconforming, IDENTITY,
        "Le qualifier d'un prénom du patient n'est pas permis : BR pour le premier prénom de naissance, CL pour le prénom utilisé, rien pour la liste des prénoms.";
    PATIENT_FIRST_GIVEN = "CDA-PATIENT-FIRST-GIVEN", Nonconforming, IDENTITY,
        "Le premier prénom de naissance du patient (given, qualifier BR) manque : il est obligatoire avec l'INS.";
    PATIENT_GIVEN_LIST = "CDA-PATIENT-GIVEN-LIST", Nonconforming, IDENTITY,
        "La liste des prénoms de naissance du patient (given sans qualifier) manque : elle est obligatoire avec l'INS.";
    PATIENT_GENDER_SYSTEM = "CDA-PATIENT-GENDER-SYSTEM", Nonconforming, SETS,
        "Le sexe du patient n'est pas codé dans la nomenclature HL7 AdministrativeGender : mettez son OID.";
    PATIENT_BIRTH_TIME = "CDA-PATIENT-BIRTHTIME", Nonconforming, IDENTITY,
        "La date de naissance du patient (birthTime) manque : donnez-la, ou dites pourquoi elle manque (nullFlavor).";
    PATIENT_BIRTH_PLACE = "CDA-PATIENT-BIRTHPLACE", Nonconforming, IDENTITY,
        "Le lieu de naissance du patient (code officiel géographique, birthplace/place/addr/county) manque : il est obligatoire avec l'INS.";
    PATIENT_BIRTH_PLACE_FORM = "CDA-PATIENT-BIRTHPLACE-FORM", Nonconforming, IDENTITY,
        "Le lieu de naissance du patient n'est pas un code officiel géographique de 5 caractères : corrigez-le.";
    PATIENT_BIRTH_LATE = "CDA-PATIENT-BIRTH-LATE", Nonconforming, IDENTITY,
        "Le patient serait né après l'acte ou après le document : vérifiez la date de naissance et celle de l'acte.";
    PATIENT_FORBIDDEN = "CDA-PATIENT-FORBIDDEN", Nonconforming, HEADER,
        "La race, la religion et le groupe ethnique d'un patient ne s'écrivent pas en France : retirez cet élément.";
    PATIENT_INS_OBSOLETE = "CDA-PATIENT-INS-OBSOLETE", Advice, IDENTITY,
        "Cet identifiant (INS-A ou INS-C) est obsolète : retirez-le.";
    GUARDIAN_NAME = "CDA-GUARDIAN-NAME", Nonconforming, HEADER,
        "Le représentant du patient a plusieurs éléments name : gardez-en un.";
    AUTHOR_TIME = "CDA-AUTHOR-TIME", Nonconforming, HEADER,
        "La date de la contribution de l'auteur (author/time) manque : donnez-la, ou dites pourquoi elle manque (nullFlavor).";
    AUTHOR_WHO = "CDA-AUTHOR-WHO", Nonconforming, HEADER,
        "L'auteur n'est ni une personne (assignedPerson) ni un système (assignedAuthoringDevice) : indiquez lequel.";
    AUTHOR_ADDRESS = "CDA-AUTHOR-ADDRESS", Advice, PERSON,
        "L'adresse de l'auteur (addr) manque : donnez-la, ou dites pourquoi elle manque (nullFlavor).";
    AUTHOR_TELECOM = "CDA-AUTHOR-TELECOM", Advice, PERSON,
        "Les coordonnées de l'auteur (telecom) manquent : donnez-les, ou dites pourquoi elles manquent (nullFlavor).";
    DEVICE_NAME = "CDA-AUTHOR-DEVICE-NAME", Nonconforming, PERSON,
        "Le système auteur n'a pas son modèle (manufacturerModelName) et son logiciel (softwareName) : complétez-les.";
    FUNCTION_SET = "CDA-FUNCTION-SET", Nonconforming, SETS,
        "Ce rôle fonctionnel (functionCode) n'est pas de ceux du CI-SIS (JDV_J47) : choisissez-en un autre, ou retirez-le.";
    RELATION_SET = "CDA-RELATION-SET", Nonconforming, SETS,
        "Ce lien avec le patient n'est pas de ceux du CI-SIS (JDV_J11) : choisissez-en un autre.";
    SPECIALTY_SET = "CDA-SPECIALTY-SET", Nonconforming, SETS,
        "Cette profession ou spécialité n'est pas de celles du CI-SIS (JDV_J01) : choisissez-en une autre.";
    PERSON_NAME = "CDA-PERSON-NAME", Nonconforming, PERSON,
        "Cette personne a exactement un élément name, avec un nom de famille (family) : complétez-le.";
    PERSON_NAME_PARTS = "CDA-PERSON-NAME-PARTS", Nonconforming, PERSON,
        "Le prénom, la civilité et le titre d'un professionnel ne figurent qu'une fois chacun : retirez la répétition.";
    PERSON_PREFIX = "CDA-PERSON-PREFIX", Nonconforming, SETS,
        "Cette civilité (prefix) n'est pas permise : M, MME, MLLE, DR, MC, MG, PC, PG ou PR.";
    PERSON_SUFFIX = "CDA-PERSON-SUFFIX", Nonconforming, SETS,
        "Ce titre (suffix) n'est pas permis : DR, MC, MG, PC, PG ou PR.";
    ENTITY_ID = "CDA-ENTITY-ID", Nonconforming, HEADER,
        "Cette personne a exactement un identifiant, avec sa racine et son extension : corrigez-le, ou dites pourquoi il manque (nullFlavor).";
    ORGANIZATION_ID = "CDA-ORGANIZATION-ID", Nonconforming, HEADER,
        "L'identifiant de cette structure n'est pas un identifiant national (Struct_IdNat) : sa racine est 1.2.250.1.71.4.2.2.";
    ORGANIZATION_ID_FORM = "CDA-ORGANIZATION-ID-FORM", Advice, SHARING,
        "L'identifiant national de cette structure (Struct_IdNat) n'a pas la forme attendue : un numéro FINESS y est précédé de 1, un SIRET de 3.";
    ORGANIZATION_NAME = "CDA-ORGANIZATION-NAME", Advice, PERSON,
        "Le nom de cette structure manque ou figure plusieurs fois : donnez-en un.";
    CUSTODIAN_MISSING = "CDA-CUSTODIAN-MISSING", Nonconforming, HEADER,
        "La structure qui conserve le document (custodian) n'est pas indiquée : ajoutez-la.";
    CUSTODIAN_ID = "CDA-CUSTODIAN-ID", Nonconforming, HEADER,
        "La structure qui conserve le document a exactement un identifiant, national (racine 1.2.250.1.71.4.2.2) ou celui du DMP (1.2.250.1.213.4.1) : corrigez-le.";
    AUTHENTICATOR_TIME = "CDA-LEGALAUTHENTICATOR-TIME", Nonconforming, HEADER,
        "La date de la signature du responsable (time) manque : donnez-la avec le décalage par rapport au temps universel.";
    SIGNATURE_CODE = "CDA-SIGNATURECODE", Nonconforming, HEADER,
        "Le code de signature (signatureCode) n'est pas S : mettez S.";
    AUTHENTICATOR_PERSON = "CDA-LEGALAUTHENTICATOR-PERSON", Nonconforming, HEADER,
        "Le responsable du document n'est pas nommé (assignedEntity/assignedPerson) : nommez-le.";
    AUTHENTICATOR_SPECIALTY = "CDA-LEGALAUTHENTICATOR-SPECIALTY", Nonconforming, HEADER,
        "La profession et la spécialité du responsable du document (assignedEntity/code) manquent : elles sont obligatoires pour un professionnel.";
    AUTHENTICATOR_ORGANIZATION = "CDA-LEGALAUTHENTICATOR-ORGANIZATION", Advice, HEADER,
        "La structure du responsable du document (representedOrganization) manque : ajoutez-la.";
    TELECOM = "CDA-TELECOM", Nonconforming, PERSON,
        "Ces coordonnées (telecom) sont vides ou mal formées : elles s'écrivent tel:, fax:, mailto:, http:, ftp: ou mllp: suivi de l'adresse.";
    TELECOM_USE = "CDA-TELECOM-USE", Nonconforming, PERSON,
        "L'usage de ces coordonnées (use) n'est pas permis : H, HP, HV, WP, DIR, PUB, EC, MC ou PG.";
    ADDRESS_EMPTY = "CDA-ADDR-EMPTY", Nonconforming, PERSON,
        "Cette adresse (addr) est vide ou porte un attribut non permis : remplissez-la, ou dites seulement pourquoi elle manque (nullFlavor).";
    ADDRESS_MIXED = "CDA-ADDR-MIXED", Nonconforming, PERSON,
        "Cette adresse mêle des lignes (streetAddressLine) et des éléments séparés : choisissez l'une des deux formes.";
    RELATED_ENTITY_CLASS = "CDA-INFORMANT-CLASS", Nonconforming, HEADER,
        "Le lien de l'informateur avec le patient (classCode) n'est pas permis : ECON, NOK, CON, CAREGIVER ou PAT.";
    RECIPIENT_ID = "CDA-RECIPIENT-ID", Nonconforming, HEADER,
        "L'identifiant du destinataire n'est pas un identifiant national (PS_IdNat) : sa racine est 1.2.250.1.71.4.2.1.";
    PARTICIPANT_CLASS = "CDA-PARTICIPANT-CLASS", Nonconforming, HEADER,
        "La qualité du participant (associatedEntity/classCode) n'est pas permise : PROV, AGNT, ECON, GUARD, QUAL, POLHOLD, CON, CAREGIVER ou PAT.";
    PARTICIPANT_TIME = "CDA-PARTICIPANT-TIME", Nonconforming, HEADER,
        "Le début ou la fin de la participation n'a pas de valeur : donnez-la ou retirez l'élément.";
}
