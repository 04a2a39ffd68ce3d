//! What is said of a document before it is deposited: one break at a time, contexts, properties.

mod common;

use common::{declaring, encoded, fixture, fixture_text, marked_crlf, utf16_le};
use dmpkit::cda::{Against, Checked, Deposit, Id, Previous, Severity, check, finding};
use dmpkit::clock::Instant;
use dmpkit::document::{Metadata, Oid, Visibility};
use dmpkit::identity::{IdentityTraits, Ins, Professional, Sex, Structure};
use dmpkit::rules::Parameters;
use dmpkit::rules::feeding::{Age, RepresentativesChoice};
use serde_json::json;

const N1: &str = "cr_consultation_pdf.xml";
const N3: &str = "cr_biologie_structure.xml";
const RPLC: &str = "cr_consultation_remplacement.xml";
const PATIENT: &str = "expression_patient_texte.xml";

/// Rules and places, in the order they come in.
fn said(checked: &Checked) -> Vec<(&'static str, String)> {
    let findings = checked.findings.iter();
    findings.map(|f| (f.rule.id, f.path.to_string())).collect()
}

fn rules(bytes: &[u8], against: &Against<'_>) -> Vec<&'static str> {
    let checked = check(bytes, against);
    checked.findings.iter().map(|f| f.rule.id).collect()
}

/// A fixture with one change.
fn changed(name: &str, from: &str, to: &str) -> String {
    let text = fixture_text(name);
    let changed = text.replacen(from, to, 1);
    assert_ne!(changed, text, "{name} has no {from}");
    changed
}

#[test]
fn the_fixtures_have_nothing_but_what_is_known_of_them() {
    let pdf = ["CDA-PDF-A"].as_slice();
    let table: &[(&str, &[&str])] = &[
        (N1, pdf),
        (RPLC, pdf),
        (N3, &[]),
        ("cr_biologie_prefixe.xml", &[]),
        ("cr_biologie_autopresentable.xml", &[]),
        (PATIENT, &[]),
        (
            "fuseau_trois_chiffres.xml",
            &[
                "CDA-TIME-OFFSET-DIGITS",
                "CDA-TIME-OFFSET-DIGITS",
                "CDA-TIME-OFFSET-DIGITS",
                "CDA-PDF-A",
            ],
        ),
        (
            "valeurs_nulles.xml",
            &[
                "CDA-PATIENT-TRAITS",
                "CDA-PATIENT-BIRTHPLACE",
                "CDA-PERSON-NAME",
                "CDA-AUTHOR-ORGANIZATION",
                "CDA-ORGANIZATION-ID",
                "CDA-PDF-A",
            ],
        ),
    ];
    for (name, expected) in table {
        let checked = check(&fixture(name), &Against::default());
        let found: Vec<_> = checked.findings.iter().map(|f| f.rule.id).collect();
        assert_eq!(found, *expected, "{name}");
        assert!(
            checked.header.is_some() && checked.metadata.is_some(),
            "{name}"
        );
        assert!(!checked.is_blocked(), "{name}");
        assert_eq!(checked.conforms(), *name != "valeurs_nulles.xml", "{name}");
    }
}

/// One break, and the rule it breaks.
type Break = (&'static str, &'static str, &'static str, &'static str);

const ADDRESS: &str = "<houseNumber>8</houseNumber>";

#[rustfmt::skip]
const BREAKS: &[Break] = &[
    // The first elements.
    (N3, "<templateId root=\"1.3.6.1.4.1.19376.1.3.3\"/>\n  <templateId root=\"1.2.250.1.213.1.1.1.55\" extension=\"2024.01\"/>", "", "CDA-FORMAT-UNKNOWN CDA-TEMPLATE-DOCUMENT"),
    (N1, "<realmCode code=\"FR\"/>", "<realmCode code=\"CH\"/>", "CDA-REALMCODE"),
    (N1, "<realmCode code=\"FR\"/>", "", "CDA-REALMCODE"),
    (N1, "<realmCode code=\"FR\"/>", "<realmCode code=\"FR\"/><realmCode code=\"FR\"/>", "CDA-ELEMENT-TWICE"),
    (N1, "extension=\"POCD_HD000040\"", "extension=\"POCD_HD000041\"", "CDA-TYPEID"),
    (N1, "<typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/>", "", "CDA-TYPEID"),
    (N1, "<templateId root=\"2.16.840.1.113883.2.8.2.1\"/>", "", "CDA-TEMPLATE-HL7FRANCE"),
    (N1, "<templateId root=\"1.2.250.1.213.1.1.1.1\"/>", "", "CDA-TEMPLATE-CISIS"),
    (N1, "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>", "", "CDA-TEMPLATE-UNSTRUCTURED"),
    (N1, "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>", "<templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/><templateId root=\"1.2.250.1.213.1.1.1.30\"/>", "CDA-TEMPLATE-ALONE"),
    (N3, "<templateId root=\"1.2.250.1.213.1.1.1.1\"/>", "<templateId root=\"1.2.250.1.213.1.1.1.1\"/><templateId root=\"1.3.6.1.4.1.19376.1.2.20\"/>", "CDA-TEMPLATE-NOTUNSTRUCTURED"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "", "CDA-ID-MISSING"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "<id root=\"1.2.250.1.999.1.1.2026.0101\"/>", "CDA-ID-OID"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "<id root=\"1.2.250.1.999.1.1.2026.101\" extension=\"7\"/>", "CDA-ID-EXTENSION"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "<id root=\"1.2.250.1.9999999999999999999999999999999999999999.1.1.2026.101.1\"/>", "CDA-ID-OID"),
    (N1, "<code code=\"11488-4\" displayName=\"CR ou fiche de consultation ou de visite\"", "<code code=\"11488-4\"", "CDA-CODE-LABEL-MISSING"),
    (N1, "displayName=\"CR ou fiche de consultation ou de visite\"", "displayName=\"Consultation\"", "CDA-CODE-LABEL"),
    (N1, "<code code=\"11488-4\"", "<code code=\"11488-9\"", "CDA-CLASS-UNKNOWN CDA-CODE-SET"),
    (N1, "<title>Consultation du 12 janvier 2026 : suivi d'une hypertension artérielle</title>", "<title/>", "CDA-TITLE-MISSING"),
    (N1, "suivi d'une hypertension", "suivi d'une très longue hypertension qui dure et qui dure encore, de mois en mois, d'année en année, au point que le titre", "CDA-TITLE-LENGTH"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"20260112100530\"/>", "CDA-EFFECTIVETIME-OFFSET"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"20260112100530+100\"/>", "CDA-TIME-OFFSET-DIGITS"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"20260230100530+0100\"/>", "CDA-EFFECTIVETIME-MISSING"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"20260112\"/>", "CDA-EFFECTIVETIME-DAY"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"202601121005+0100\"/>", "CDA-EFFECTIVETIME-PRECISION"),
    (N1, "<effectiveTime value=\"20260112100530+0100\"/>", "<effectiveTime value=\"20260112080530+0100\"/>", "CDA-SERVICE-START-AFTER"),
    (N1, "<confidentialityCode code=\"N\" displayName=\"Normal\"", "<confidentialityCode code=\"X\" displayName=\"Normal\"", "CDA-CONFIDENTIALITY"),
    (N1, "<confidentialityCode code=\"N\" displayName=\"Normal\"", "<confidentialityCode code=\"R\" displayName=\"Restreint\"", "CDA-CONFIDENTIALITY-LEVEL"),
    (N1, "<confidentialityCode code=\"N\" displayName=\"Normal\" codeSystem=\"2.16.840.1.113883.5.25\"/>", "<confidentialityCode code=\"N\" displayName=\"Normal\"/>", "CDA-CODE-INCOMPLETE"),
    (N1, "<languageCode code=\"fr-FR\"/>", "<languageCode code=\"FR-fr\"/>", "CDA-LANGUAGE-VALUE"),
    (N1, "<languageCode code=\"fr-FR\"/>", "", "CDA-LANGUAGE-MISSING"),
    (N1, "<setId root=\"1.2.250.1.999.1.1.2026.100\"/>", "", "CDA-SETID-MISSING"),
    (N1, "<setId root=\"1.2.250.1.999.1.1.2026.100\"/>", "<setId root=\"1.2.250..1\"/>", "CDA-IDENTIFIER-ROOT"),
    (N1, "<versionNumber value=\"1\"/>", "", "CDA-VERSIONNUMBER-MISSING"),
    (N1, "<versionNumber value=\"1\"/>", "<versionNumber value=\"0\"/>", "CDA-VERSIONNUMBER-ZERO"),
    (N1, "<versionNumber value=\"1\"/>", "<versionNumber value=\"2\"/>", "CDA-VERSION-ALONE"),
    (N1, "<versionNumber value=\"1\"/>", "<versionNumber value=\"1\"/><copyTime value=\"20260112\"/>", "CDA-COPYTIME"),
    (N1, "<recordTarget>", "<telecom value=\"tel:0326000000\"/><recordTarget>", "CDA-ELEMENT-UNKNOWN"),
    (N1, "<languageCode code=\"fr-FR\"/>\n  <setId root=\"1.2.250.1.999.1.1.2026.100\"/>", "<setId root=\"1.2.250.1.999.1.1.2026.100\"/>\n  <languageCode code=\"fr-FR\"/>", "CDA-ELEMENT-ORDER"),
    // The patient.
    (N1, "<recordTarget>", "<recordTarget nullFlavor=\"UNK\">", "CDA-NULLFLAVOR-FORBIDDEN"),
    (N1, "<id root=\"1.2.250.1.213.1.4.10\" extension=\"279035121518989\"/>", "", "CDA-PATIENT-INS-MISSING"),
    (N1, "extension=\"279035121518989\"", "extension=\"279035121518988\"", "CDA-PATIENT-INS-INVALID"),
    (N1, "<id root=\"1.2.250.1.213.1.4.10\" extension=\"279035121518989\"/>\n      <id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>", "<id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>\n      <id root=\"1.2.250.1.213.1.4.10\" extension=\"279035121518989\"/>", "CDA-PATIENT-INS-FIRST"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>", "<id root=\"IPP\" extension=\"IPP-2031\"/>", "CDA-IDENTIFIER-ROOT"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>", "<id extension=\"IPP-2031\"/>", "CDA-IDENTIFIER-EMPTY"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>", "<id root=\"1.2.250.1.213.1.4.2\" extension=\"0588220817510701234567\"/>", "CDA-PATIENT-INS-OBSOLETE"),
    (N1, "<id root=\"1.2.250.1.999.1.1.2026.9\" extension=\"IPP-2031\"/>", "<id nullFlavor=\"UNK\"/>", "CDA-NULLFLAVOR-FORBIDDEN"),
    (N1, "<family qualifier=\"CL\">MOREL</family>", "<family qualifier=\"SP\">MOREL</family>", "CDA-PATIENT-FAMILY-QUALIFIER"),
    (N1, "<family qualifier=\"BR\">TESSIER</family>", "<family>TESSIER</family>", "CDA-PATIENT-FAMILY-QUALIFIER"),
    (N1, "<family qualifier=\"BR\">TESSIER</family>", "", "CDA-PATIENT-TRAITS"),
    (N1, "<given qualifier=\"CL\">CAMILLE</given>", "<given qualifier=\"IN\">C</given>", "CDA-PATIENT-GIVEN-QUALIFIER"),
    (N1, "<given qualifier=\"BR\">CAMILLE</given>", "", "CDA-PATIENT-FIRST-GIVEN"),
    (N1, "<given>CAMILLE ANNE LOUISE</given>", "", "CDA-PATIENT-GIVEN-LIST"),
    (N1, "<name>\n          <family qualifier=\"BR\">", "<name><family qualifier=\"CL\">MOREL</family></name><name>\n          <family qualifier=\"BR\">", "CDA-PATIENT-NAME"),
    (N1, "<administrativeGenderCode code=\"F\"", "<administrativeGenderCode nullFlavor=\"UNK\"", "CDA-PATIENT-TRAITS"),
    (N1, "codeSystem=\"2.16.840.1.113883.5.1\"/>", "codeSystem=\"2.16.840.1.113883.5.2\"/>", "CDA-PATIENT-GENDER-SYSTEM"),
    (N1, "<birthTime value=\"19790315\"/>", "<birthTime nullFlavor=\"UNK\"/>", "CDA-PATIENT-TRAITS"),
    (N1, "<birthTime value=\"19790315\"/>", "<birthTime value=\"20260315\"/>", "CDA-PATIENT-BIRTH-LATE"),
    (N1, "<birthTime value=\"19790315\"/>", "<birthTime value=\"19790315083000\"/>", "CDA-TIME-OFFSET"),
    (N1, "<county>51215</county>", "<county/>", "CDA-PATIENT-BIRTHPLACE"),
    (N1, "<county>51215</county>", "<county>Vertus</county>", "CDA-PATIENT-BIRTHPLACE-FORM"),
    (N1, "<birthplace>", "<raceCode code=\"x\" codeSystem=\"1.2\"/><birthplace>", "CDA-PATIENT-FORBIDDEN"),
    (N1, "<birthplace>", "<guardian><guardianPerson><name>A</name><name>B</name></guardianPerson></guardian><birthplace>", "CDA-GUARDIAN-NAME"),
    (N1, "<addr nullFlavor=\"NASK\"/>", "<addr nullFlavor=\"NON\"/>", "CDA-NULLFLAVOR-UNKNOWN"),
    (N1, "<addr nullFlavor=\"NASK\"/>", "<addr nullFlavor=\"NI\"/>", "CDA-NULLFLAVOR-UNUSUAL"),
    (N1, "<addr nullFlavor=\"NASK\"/>", "<addr/>", "CDA-ADDR-EMPTY"),
    (N1, "<addr nullFlavor=\"NASK\"/>", "<addr use=\"H\" nullFlavor=\"NASK\"/>", "CDA-ADDR-EMPTY"),
    (N1, "<telecom nullFlavor=\"NASK\"/>", "<telecom/>", "CDA-TELECOM"),
    (N1, "<telecom nullFlavor=\"NASK\"/>", "<telecom value=\"0326000000\"/>", "CDA-TELECOM"),
    (N1, "<telecom nullFlavor=\"NASK\"/>", "<telecom use=\"XX\" value=\"tel:0326000000\"/>", "CDA-TELECOM-USE"),
    (N1, "<telecom nullFlavor=\"NASK\"/>", "<telecom use=\"H\" nullFlavor=\"NASK\"/>", "CDA-TELECOM"),
    (N1, "<custodian>", "<informant><relatedEntity classCode=\"NOK\"/></informant><custodian>", "CDA-PERSON-NAME"),
    (N1, "<documentationOf>", "<participant typeCode=\"REF\"><associatedEntity classCode=\"PROV\"><id root=\"1.2\" extension=\"3\"/><id root=\"1.2\" extension=\"4\"/></associatedEntity></participant><documentationOf>", "CDA-ENTITY-ID"),
    (N1, "<telecom nullFlavor=\"NASK\"/>", "<telecom nullFlavor=\"NASK\" value=\"tel:0326000000\"/>", "CDA-NULLFLAVOR-VALUED"),
    // Authors.
    (N1, "<functionCode code=\"PCP\" displayName=\"Médecin traitant\"", "<functionCode code=\"PCPX\" displayName=\"Médecin traitant\"", "CDA-FUNCTION-SET"),
    (N1, "<functionCode code=\"PCP\" displayName=\"Médecin traitant\" codeSystem=\"2.16.840.1.113883.5.88\"/>", "<functionCode code=\"PCP\" displayName=\"Médecin traitant\"/>", "CDA-CODE-INCOMPLETE"),
    (N1, "displayName=\"Médecin traitant\" codeSystem=\"2.16.840.1.113883.5.88\"", "displayName=\"Médecin traitant\" codeSystem=\"HL7\"", "CDA-CODE-SYSTEM"),
    (N1, "<time value=\"20260112100530+0100\"/>\n    <assignedAuthor>", "<assignedAuthor>", "CDA-AUTHOR-TIME"),
    (N1, "<time value=\"20260112100530+0100\"/>", "<time value=\"20260112100530\"/>", "CDA-TIME-OFFSET"),
    (N1, "<time value=\"20260112100530+0100\"/>", "<time value=\"20260112100530+100\"/>", "CDA-TIME-OFFSET-DIGITS"),
    (N1, "<time value=\"20260112100530+0100\"/>", "<time value=\"20261312100530+0100\"/>", "CDA-TIME-NONEXISTENT"),
    (N1, "<time value=\"20260112100530+0100\"/>", "<time value=\"12/01/2026\"/>", "CDA-TIME-UNREADABLE"),
    (N1, "<id root=\"1.2.250.1.71.4.2.1\" extension=\"899900987654\"/>", "", "CDA-AUTHOR-ID"),
    (N1, "extension=\"899900987654\"", "extension=\"99900987654\"", "CDA-AUTHOR-ID-FORM"),
    (N1, "<code code=\"G15_10/SM26\"", "<code code=\"G15_10/ZZ99\"", "CDA-AUTHOR-SPECIALTY-SET"),
    (N1, "<code code=\"G15_10/SM26\" displayName=\"Médecin - Qualifié en Médecine Générale (SM)\" codeSystem=\"1.2.250.1.213.1.1.4.5\"/>", "", "CDA-AUTHOR-SPECIALTY-MISSING"),
    (N1, "<prefix>MME</prefix>", "<prefix>Madame</prefix>", "CDA-PERSON-PREFIX"),
    (N1, "<suffix>DR</suffix>", "<suffix>Docteure</suffix>", "CDA-PERSON-SUFFIX"),
    (N1, "<given>Hélène</given>", "<given>Hélène</given><given>Marie</given>", "CDA-PERSON-NAME-PARTS"),
    (N1, "<family>BASTIDE</family>", "", "CDA-PERSON-NAME"),
    (N1, ADDRESS, "<streetAddressLine>8</streetAddressLine>", "CDA-ADDR-MIXED"),
    (N1, "<id root=\"1.2.250.1.71.4.2.2\" extension=\"499900987654001\"/>", "<id root=\"1.2.250.1.71.4.2.3\" extension=\"499900987654001\"/>", "CDA-ORGANIZATION-ID"),
    (N1, "extension=\"499900987654001\"", "extension=\"4999 00987\"", "CDA-ORGANIZATION-ID-FORM"),
    (N1, "<name>Cabinet médical des Noisetiers</name>", "", "CDA-ORGANIZATION-NAME"),
    (PATIENT, "<assignedPerson>\n        <name>\n          <given>ÉTIENNE</given>\n          <family>GARRIGUE</family>\n        </name>\n      </assignedPerson>", "", "CDA-AUTHOR-WHO"),
    (PATIENT, "<addr nullFlavor=\"MSK\"/>", "", "CDA-AUTHOR-ADDRESS"),
    (PATIENT, "<telecom nullFlavor=\"NASK\"/>\n      <assignedPerson>", "<assignedPerson>", "CDA-AUTHOR-TELECOM"),
    (N1, "<assignedPerson>", "<assignedAuthoringDevice/><assignedPerson>", "CDA-AUTHOR-DEVICE-NAME"),
    // Custodian, authenticators.
    (PATIENT, "<representedCustodianOrganization>\n        <id root=\"1.2.250.1.213.4.1\"/>\n        <name>DMP</name>\n      </representedCustodianOrganization>", "", "CDA-CUSTODIAN-MISSING"),
    (N1, "<signatureCode code=\"S\"/>\n    <assignedEntity>\n      <id root=\"1.2.250.1.71.4.2.1\" extension=\"899900987654\"/>\n      <code code=\"G15_10/SM26\"", "<signatureCode code=\"S\"/>\n    <assignedEntity>\n      <id root=\"1.2.250.1.71.4.2.1\" extension=\"899900987654\"/>\n      <code code=\"G15_10/ZZ99\"", "CDA-SPECIALTY-SET"),
    (N1, "<signatureCode code=\"S\"/>\n    <assignedEntity>\n      <id root=\"1.2.250.1.71.4.2.1\" extension=\"899900987654\"/>\n      <code code=\"G15_10/SM26\" displayName=\"Médecin - Qualifié en Médecine Générale (SM)\" codeSystem=\"1.2.250.1.213.1.1.4.5\"/>", "<signatureCode code=\"S\"/>\n    <assignedEntity>\n      <id root=\"1.2.250.1.71.4.2.1\" extension=\"899900987654\"/>", "CDA-LEGALAUTHENTICATOR-SPECIALTY"),
    (PATIENT, "<id root=\"1.2.250.1.213.4.1\"/>", "<id root=\"1.2.250.1.213.4.2\"/>", "CDA-CUSTODIAN-ID"),
    (PATIENT, "<id root=\"1.2.250.1.213.4.1\"/>", "", "CDA-CUSTODIAN-ID"),
    (PATIENT, "<name>DMP</name>", "", "CDA-ORGANIZATION-NAME"),
    (N1, "<custodian>", "<custodian nullFlavor=\"UNK\">", "CDA-NULLFLAVOR-FORBIDDEN"),
    (N1, "<signatureCode code=\"S\"/>", "<signatureCode code=\"I\"/>", "CDA-SIGNATURECODE"),
    (N1, "<signatureCode code=\"S\"/>", "", "CDA-SIGNATURECODE"),
    (N1, "<time value=\"20260112100530+0100\"/>\n    <signatureCode", "<signatureCode", "CDA-LEGALAUTHENTICATOR-TIME"),
    (PATIENT, "<assignedEntity>\n      <id root=\"1.2.250.1.213.1.4.10\" extension=\"153078987658513\"/>", "<assignedEntity>", "CDA-LEGALAUTHENTICATOR-MISSING"),
    (PATIENT, "<assignedEntity>\n      <id root=\"1.2.250.1.213.1.4.10\" extension=\"153078987658513\"/>", "<assignedEntity>\n      <id root=\"1.2.250.1.213.1.4.10\" extension=\"153078987658513\"/><id root=\"1.2.3\" extension=\"4\"/>", "CDA-ENTITY-ID"),
    (N1, "</legalAuthenticator>", "</legalAuthenticator><authenticator><time value=\"20260112\"/><signatureCode code=\"X\"/><assignedEntity><id nullFlavor=\"UNK\"/></assignedEntity></authenticator>", "CDA-SIGNATURECODE"),
    // Other parts.
    (N1, "<custodian>", "<informant><relatedEntity classCode=\"XX\"><relatedPerson><name><family>A</family></name></relatedPerson></relatedEntity></informant><custodian>", "CDA-INFORMANT-CLASS"),
    (N1, "<custodian>", "<informant><relatedEntity classCode=\"NOK\"><code code=\"ZZZ\" codeSystem=\"1.2.3\"/><relatedPerson><name><family>A</family></name></relatedPerson></relatedEntity></informant><custodian>", "CDA-RELATION-SET"),
    (N1, "<legalAuthenticator>", "<informationRecipient><intendedRecipient><id root=\"1.2.3\" extension=\"4\"/></intendedRecipient></informationRecipient><legalAuthenticator>", "CDA-RECIPIENT-ID"),
    (N1, "<documentationOf>", "<participant typeCode=\"REF\"><time><low value=\"20260101\"/></time><associatedEntity classCode=\"XX\"/></participant><documentationOf>", "CDA-PARTICIPANT-CLASS"),
    (N1, "<documentationOf>", "<participant typeCode=\"REF\"><time><low/></time><associatedEntity classCode=\"PROV\"/></participant><documentationOf>", "CDA-PARTICIPANT-TIME"),
    (N1, "<documentationOf>", "<participant typeCode=\"REF\"><time><low value=\"20260103\"/><high value=\"20260101\"/></time><associatedEntity classCode=\"PROV\"/></participant><documentationOf>", "CDA-TIME-ORDER"),
    (N1, "<documentationOf>", "<inFulfillmentOf><order><id extension=\"1\"/></order></inFulfillmentOf><documentationOf>", "CDA-IDENTIFIER-EMPTY CDA-ORDER-ID"),
    (N1, "<documentationOf>", "<inFulfillmentOf><order/></inFulfillmentOf><documentationOf>", "CDA-ORDER-ID"),
    (N1, "<componentOf>", "<authorization><consent><code code=\"64292-6\" codeSystem=\"2.16.840.1.113883.6.1\"/><statusCode code=\"active\"/></consent></authorization><componentOf>", "CDA-AUTHORIZATION"),
    // Acts.
    (N1, "<documentationOf>", "<documentationOf><serviceEvent/></documentationOf><documentationOf>", "CDA-PERFORMER-MISSING"),
    (N1, "<componentOf>", "<documentationOf><serviceEvent><effectiveTime><high value=\"20260112\"/></effectiveTime></serviceEvent></documentationOf><componentOf>", "CDA-SERVICE-LOW"),
    (N1, "<componentOf>", "<documentationOf><serviceEvent><performer typeCode=\"PRF\"><assignedEntity><id nullFlavor=\"UNK\"/></assignedEntity></performer></serviceEvent></documentationOf><componentOf>", "CDA-PERFORMER-SETTING"),
    (N1, "</performer>", "</performer><performer typeCode=\"PRF\"><assignedEntity><id nullFlavor=\"UNK\"/><representedOrganization><standardIndustryClassCode code=\"AMBULATOIRE\" displayName=\"Ambulatoire\" codeSystem=\"1.2.250.1.213.1.1.4.9\"/></representedOrganization></assignedEntity></performer>", "CDA-PERFORMER-TWICE"),
    (N1, "<code code=\"11488-4\" displayName=\"CR ou fiche de consultation ou de visite\"", "<code code=\"18748-4\" displayName=\"CR d'imagerie médicale\"", "CDA-SERVICE-STUDY"),
    (N1, "<documentationOf>", "<documentationOf/><documentationOf>", "CDA-SERVICE-MISSING"),
    (N1, "<low value=\"20260112093000+0100\"/>", "", "CDA-SERVICE-START-MISSING"),
    (N1, "<low value=\"20260112093000+0100\"/>", "<low value=\"20260112093000\"/>", "CDA-SERVICE-START-OFFSET"),
    (N1, "<high value=\"20260112095500+0100\"/>", "<high value=\"20260112095500\"/>", "CDA-SERVICE-STOP-OFFSET"),
    (N1, "<high value=\"20260112095500+0100\"/>", "<high value=\"20260112083000+0100\"/>", "CDA-SERVICE-STOP-BEFORE-START"),
    (N1, "<high value=\"20260112095500+0100\"/>", "<high value=\"20260112256000+0100\"/>", "CDA-TIME-NONEXISTENT"),
    (N1, "<code code=\"C\" displayName=\"Consultation au cabinet\"", "<code code=\"C\"", "CDA-CODE-LABEL-MISSING"),
    (N1, "<performer typeCode=\"PRF\">", "<performer typeCode=\"SPRF\">", "CDA-PERFORMER-TYPE"),
    (N1, "<performer typeCode=\"PRF\">", "<performer typeCode=\"PRF\" nullFlavor=\"UNK\">", "CDA-NULLFLAVOR-FORBIDDEN"),
    (N1, "<standardIndustryClassCode code=\"AMBULATOIRE\" displayName=\"Ambulatoire\" codeSystem=\"1.2.250.1.213.1.1.4.9\"/>", "", "CDA-PRACTICESETTING-MISSING"),
    (N1, "code=\"AMBULATOIRE\"", "code=\"AMBULANCE\"", "CDA-PRACTICESETTING-SET"),
    (PATIENT, "<code code=\"DOCPAT01\" displayName=\"Synthèse déposée par le patient\" codeSystem=\"1.2.250.1.213.1.1.4.12\"/>\n      <effectiveTime>", "<effectiveTime>", "CDA-SERVICE-CODE"),
    (N1, "<location>", "<location/><location>", "CDA-FACILITY-MISSING CDA-ENCOUNTER-LOCATION"),
    (N1, "<effectiveTime>\n        <low value=\"20260112093000+0100\"/>\n      </effectiveTime>\n      <location>", "<location>", "CDA-ENCOUNTER-TIME"),
    (N1, "<location>", "<dischargeDispositionCode code=\"1\" codeSystem=\"1.2.250.1.213.2.14\"/><location>", "CDA-ENCOUNTER-DISCHARGE"),
    (N1, "code=\"SA07\"", "code=\"SA99\"", "CDA-FACILITY-SET"),
    (N1, "displayName=\"Cabinet individuel\"", "displayName=\"Cabinet\"", "CDA-CODE-LABEL"),
    // Type and format.
    (N3, "<code code=\"11502-2\" displayName=\"CR d'examens biologiques\"", "<code code=\"11488-4\" displayName=\"CR ou fiche de consultation ou de visite\"", "CDA-FORMAT-TYPE"),
    (N3, "<templateId root=\"1.3.6.1.4.1.19376.1.3.3\"/>\n  <templateId root=\"1.2.250.1.213.1.1.1.55\" extension=\"2024.01\"/>", "<templateId root=\"1.2.3.4\"/>", "CDA-FORMAT-UNKNOWN"),
    // Replacement.
    (RPLC, "typeCode=\"RPLC\"", "typeCode=\"APND\"", "CDA-RELATED-TYPE CDA-VERSION-ALONE"),
    (RPLC, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "<id root=\"1.2.250.1.999.1.1.2026.102\"/>", "CDA-REPLACED-ID"),
    (RPLC, "<id root=\"1.2.250.1.999.1.1.2026.101\"/>", "<id root=\"1.2.250.1.999.1.1.2026.101\" extension=\"1\"/>", "CDA-RELATED-ID"),
    (RPLC, "<versionNumber value=\"2\"/>", "<versionNumber value=\"1\"/>", "CDA-VERSION-FIRST"),
    (RPLC, "      <versionNumber value=\"1\"/>", "      <versionNumber value=\"2\"/>", "CDA-REPLACED-VERSION"),
    (RPLC, "      <setId root=\"1.2.250.1.999.1.1.2026.100\"/>", "      <setId root=\"1.2.250.1.999.1.1.2026.99\"/>", "CDA-REPLACED-SETID"),
    (RPLC, "<setId root=\"1.2.250.1.999.1.1.2026.100\"/>", "<setId root=\"1.2.250.1.999.1.1.2026.102\"/>", "CDA-SETID-SAME CDA-REPLACED-SETID"),
    (RPLC, "<relatedDocument typeCode=\"RPLC\">", "<relatedDocument typeCode=\"XFRM\"><parentDocument><id root=\"1.2.3\"/></parentDocument></relatedDocument><relatedDocument typeCode=\"RPLC\">", "CDA-ELEMENT-TWICE"),
    // The body.
    (N1, "representation=\"B64\"", "", "CDA-BODY-REPRESENTATION"),
    (N1, "mediaType=\"application/pdf\"", "mediaType=\"Application/PDF\"", "CDA-BODY-MEDIA-CASE"),
    (PATIENT, "SmUgc3VpcyB", "SmUgc3!pcyB", "CDA-BODY-BASE64"),
    (PATIENT, "mediaType=\"text/plain\"", "mediaType=\"application/pdf\"", "CDA-BODY-MEDIA"),
    (PATIENT, "mediaType=\"text/plain\"", "mediaType=\"text/html\"", "CDA-MEDIATYPE"),
    (PATIENT, "mediaType=\"text/plain\"", "", "CDA-MEDIATYPE"),
];

#[test]
fn each_break_gives_its_rule_and_nothing_else() {
    assert!(BREAKS.len() >= 80, "{}", BREAKS.len());
    let mut failures = Vec::new();
    for (name, from, to, expected) in BREAKS {
        let before = said(&check(&fixture(name), &Against::default()));
        let broken = changed(name, from, to);
        let after = said(&check(broken.as_bytes(), &Against::default()));
        let new: Vec<_> = after.iter().filter(|f| !before.contains(f)).collect();
        let gone: Vec<_> = before.iter().filter(|f| !after.contains(f)).collect();
        let rules: Vec<_> = new.iter().map(|f| f.0).collect();
        if rules.join(" ") != *expected || !gone.is_empty() {
            failures.push(format!(
                "{expected}: {from} -> {to}\n  new {new:?}\n  gone {gone:?}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A text without what stands from one mark to another, the first time after a place.
fn without(text: &str, place: &str, from: &str, to: &str) -> String {
    let after = text.find(place).expect(place);
    let start = after + text[after..].find(from).expect(from);
    let end = start + text[start..].find(to).expect(to) + to.len();
    format!("{}{}", &text[..start], &text[end..])
}

#[test]
fn what_is_missing_with_all_that_it_holds_is_said_once() {
    let text = fixture_text(N1);
    let found = |text: String| rules(text.as_bytes(), &Against::default());
    let (signed, person) = (
        "<legalAuthenticator>",
        ("<assignedPerson>", "</assignedPerson>"),
    );
    assert_eq!(
        found(without(&text, signed, person.0, person.1)),
        ["CDA-LEGALAUTHENTICATOR-PERSON", "CDA-PDF-A"]
    );
    let structure = ("<representedOrganization>", "</representedOrganization>");
    assert_eq!(
        found(without(&text, signed, structure.0, structure.1)),
        ["CDA-LEGALAUTHENTICATOR-ORGANIZATION", "CDA-PDF-A"]
    );
    let unknown = without(&text, "<recordTarget>", "<id ", "/>");
    assert_eq!(
        found(without(&unknown, "<recordTarget>", "<birthTime", "/>")),
        [
            "CDA-PATIENT-INS-MISSING",
            "CDA-PATIENT-BIRTHTIME",
            "CDA-PDF-A"
        ]
    );
    let empty = without(
        &fixture_text(N3),
        "<structuredBody>",
        "<component>",
        "</structuredBody>",
    );
    let (before, after) = empty.split_once("<structuredBody>").expect("a body");
    let empty = format!("{before}<structuredBody/>{after}");
    assert_eq!(found(empty), ["CDA-BODY-NOSECTION"]);
}

#[test]
fn a_code_younger_than_the_document_is_told() {
    let text = fixture_text(N3).replace("20260203", "20240203");
    let earlier = text.replacen(
        "<templateId root=\"1.3.6.1.4.1.19376.1.3.3\"/>\n  <templateId root=\"1.2.250.1.213.1.1.1.55\" extension=\"2024.01\"/>",
        "<templateId root=\"1.2.3.4\"/>",
        1,
    );
    assert_ne!(earlier, text);
    let mut against = Against::default();
    against.format = Some("urn:ans:ci-sis:trod:2024");
    let found = |text: &str| rules(text.as_bytes(), &against);
    assert_eq!(found(&earlier), ["CDA-CODE-DATE"]);
    let later = earlier.replace("20240203", "20250203");
    assert_eq!(found(&later), [""; 0]);
}

#[test]
fn what_has_one_right_value_says_it() {
    let fixes = [
        ("<realmCode code=\"FR\"/>", "", "CDA-REALMCODE", "FR"),
        (
            "extension=\"POCD_HD000040\"",
            "extension=\"X\"",
            "CDA-TYPEID",
            "POCD_HD000040",
        ),
        (
            "displayName=\"Cabinet individuel\"",
            "displayName=\"Cabinet\"",
            "CDA-CODE-LABEL",
            "Cabinet individuel",
        ),
        (
            "displayName=\"CR ou fiche de consultation ou de visite\"",
            "",
            "CDA-CODE-LABEL-MISSING",
            "CR ou fiche de consultation ou de visite",
        ),
        ("<signatureCode code=\"S\"/>", "", "CDA-SIGNATURECODE", "S"),
        (
            "qualifier=\"CL\">MOREL",
            "qualifier=\"SP\">MOREL",
            "CDA-PATIENT-FAMILY-QUALIFIER",
            "CL",
        ),
    ];
    for (from, to, rule, fix) in fixes {
        let broken = changed(N1, from, to);
        let checked = check(broken.as_bytes(), &Against::default());
        let finding = checked.findings.iter().find(|f| f.rule.id == rule);
        assert_eq!(finding.and_then(|f| f.fix.as_deref()), Some(fix), "{rule}");
    }
}

#[test]
fn every_way_not_to_be_read_has_its_rule() {
    let deep = format!("<a xmlns=\"urn:hl7-org:v3\">{}", "<b>".repeat(300));
    let document = |inside: &str| {
        format!("<ClinicalDocument xmlns=\"urn:hl7-org:v3\">{inside}</ClinicalDocument>")
            .into_bytes()
    };
    let many = |count: usize, one: &str| document(&one.repeat(count));
    let attributes: String = (0..300).map(|i| format!(" a{i}=\"\"")).collect();
    let long = "x".repeat(2 * 1024 * 1024);
    let table: Vec<(Vec<u8>, &str)> = vec![
        (vec![b' '; 33 * 1024 * 1024], "CDA-READ-SIZE"),
        (b"<a>\xE9</a>".to_vec(), "CDA-READ-ENCODING"),
        (
            b"<?xml version='1.0' encoding='EBCDIC-FR'?><a/>".to_vec(),
            "CDA-READ-ENCODING-NAME",
        ),
        (b"<!DOCTYPE a><a/>".to_vec(), "CDA-READ-DOCTYPE"),
        (document("&eacute;"), "CDA-READ-ENTITY"),
        (document(&deep), "CDA-READ-DEPTH"),
        (many(30_000, "<id/>"), "CDA-READ-ELEMENTS"),
        (
            document(&format!("<id{attributes}/>")),
            "CDA-READ-ATTRIBUTES",
        ),
        (
            document(&format!("<id root=\"{long}\"/>")),
            "CDA-READ-ATTRIBUTE-LENGTH",
        ),
        (document("<id></code>"), "CDA-READ-MALFORMED"),
        (document("<p:id/>"), "CDA-READ-PREFIX"),
        (
            b"<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><id".to_vec(),
            "CDA-READ-TRUNCATED",
        ),
        (b"<html/>".to_vec(), "CDA-READ-NOTCDA"),
    ];
    for (bytes, expected) in table {
        let checked = check(&bytes, &Against::default());
        assert_eq!(said(&checked), [(expected, "/".to_owned())]);
        assert!(checked.is_blocked() && checked.header.is_none());
    }
}

fn ins() -> Ins {
    Ins::new("279035121518989", "1.2.250.1.213.1.4.10").expect("a test identity")
}

fn traits() -> IdentityTraits {
    IdentityTraits {
        birth_name: "Tessier".into(),
        given_names: vec!["Camille".into(), "Anne".into(), "Louise".into()],
        birth_date: "19790315".into(),
        sex: Sex::F,
        birth_place: Some("51215".into()),
        used_name: None,
    }
}

fn professional() -> Professional {
    serde_json::from_value(json!({
        "id": "899900987654", "family": "BASTIDE", "given": "Hélène",
        "profession": "10", "specialty": "SM26"
    }))
    .expect("a professional")
}

fn structure() -> Structure {
    serde_json::from_value(json!({
        "id": "499900987654001", "name": "Cabinet", "sector": "SA07"
    }))
    .expect("a structure")
}

#[test]
fn the_patient_of_the_dossier_is_that_of_the_document() {
    let (same, other) = (
        ins(),
        Ins::new("153078987658513", "1.2.250.1.213.1.4.10").expect("a test identity"),
    );
    let bytes = fixture(N1);
    let mut against = Against::default();
    against.ins = Some(&same);
    let mut known = traits();
    against.traits = Some(&known);
    assert_eq!(rules(&bytes, &against), ["CDA-PDF-A"]);
    against.ins = Some(&other);
    assert_eq!(rules(&bytes, &against), ["CDA-DOSSIER-INS", "CDA-PDF-A"]);
    against.identity_confirmed = true;
    assert!(
        check(&bytes, &against).is_blocked(),
        "another's document never leaves"
    );

    type Change = fn(&mut IdentityTraits);
    let table: [(Change, &str, bool); 5] = [
        (
            |t| t.birth_name = "Morel".into(),
            "CDA-DOSSIER-BIRTHNAME",
            true,
        ),
        (
            |t| t.given_names = vec!["Zoé".into()],
            "CDA-DOSSIER-GIVENNAMES",
            true,
        ),
        (
            |t| t.birth_date = "19790316".into(),
            "CDA-DOSSIER-BIRTHDATE",
            true,
        ),
        (|t| t.sex = Sex::M, "CDA-DOSSIER-SEX", true),
        (
            |t| t.birth_place = Some("51216".into()),
            "CDA-DOSSIER-BIRTHPLACE",
            false,
        ),
    ];
    for (change, rule, stops) in table {
        known = traits();
        change(&mut known);
        let mut against = Against::default();
        against.ins = Some(&same);
        against.traits = Some(&known);
        assert_eq!(rules(&bytes, &against), [rule, "CDA-PDF-A"]);
        assert_eq!(check(&bytes, &against).is_blocked(), stops, "{rule}");
        against.identity_confirmed = true;
        assert!(!check(&bytes, &against).is_blocked(), "{rule}: confirmed");
        assert_eq!(rules(&bytes, &against).contains(&rule), !stops, "{rule}");
    }
}

#[test]
fn the_session_is_that_of_an_author() {
    let bytes = fixture(N1);
    let (mut who, mut place) = (professional(), structure());
    let found = |who: &Professional, place: &Structure| {
        let mut against = Against::default();
        against.professional = Some(who);
        against.structure = Some(place);
        rules(&bytes, &against)
    };
    assert_eq!(found(&who, &place), ["CDA-PDF-A"]);
    who.id = "899900876543".to_owned().try_into().expect("a PS_IdNat");
    assert_eq!(found(&who, &place), ["CDA-SESSION-AUTHOR", "CDA-PDF-A"]);
    who = professional();
    place.id = "1510000123".to_owned().try_into().expect("a Struct_IdNat");
    assert_eq!(found(&who, &place), ["CDA-SESSION-STRUCTURE", "CDA-PDF-A"]);
    place = structure();
    place.sector = "SA01".into();
    assert_eq!(found(&who, &place), ["CDA-SESSION-SECTOR", "CDA-PDF-A"]);
    // What a patient writes is by no professional.
    let mut against = Against::default();
    let (who, place) = (professional(), structure());
    against.professional = Some(&who);
    against.structure = Some(&place);
    let by_patient = rules(&fixture(PATIENT), &against);
    assert_eq!(by_patient, ["CDA-SESSION-AUTHOR", "CDA-SESSION-SECTOR"]);
}

#[test]
fn the_visibility_follows_the_rules_of_feeding() {
    use RepresentativesChoice::{Invisible, Unsaid, Visible};
    let both = Visibility::MASKED.with(Visibility::INVISIBLE_PATIENT);
    let none = Visibility::NORMAL;
    let table = [
        (none, Unsaid, Age::Adult, false, None),
        (
            both,
            Unsaid,
            Age::Adult,
            false,
            Some("CDA-VISIBILITY-CUMUL"),
        ),
        (
            none,
            Invisible,
            Age::Adult,
            false,
            Some("CDA-VISIBILITY-ADULT"),
        ),
        (
            none,
            Unsaid,
            Age::Minor,
            false,
            Some("CDA-VISIBILITY-UNSAID"),
        ),
        (
            none,
            Visible,
            Age::Minor,
            true,
            Some("CDA-VISIBILITY-SECRET"),
        ),
        (
            none,
            Unsaid,
            Age::Adult,
            true,
            Some("CDA-VISIBILITY-SECRET-ADULT"),
        ),
        (none, Invisible, Age::Minor, true, None),
    ];
    for (visibility, representatives, age, secret, expected) in table {
        let mut against = Against::default();
        against.deposit = Some(Deposit {
            visibility,
            representatives,
            age,
            secret,
            parameters: Parameters::default(),
        });
        let found = rules(&fixture(N3), &against);
        assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_version_replaced_is_the_one_that_is_known() {
    let oid = |text: &str| Oid::new(text).expect("an OID");
    let known = || Previous {
        unique_id: oid("1.2.250.1.999.1.1.2026.101"),
        set_id: Some(Id {
            root: "1.2.250.1.999.1.1.2026.100".into(),
            extension: None,
        }),
        version: Some(1),
    };
    let found = |name: &str, previous: &Previous| {
        let mut against = Against::default();
        against.replaces = Some(previous);
        rules(&fixture(name), &against)
    };
    let with = |change: fn(&mut Previous)| {
        let mut previous = known();
        change(&mut previous);
        previous
    };
    assert_eq!(found(RPLC, &known()), ["CDA-PDF-A"]);
    let other = with(|p| p.unique_id = Oid::new("1.2.3").expect("an OID"));
    assert_eq!(found(RPLC, &other), ["CDA-REPLACES-OTHER", "CDA-PDF-A"]);
    let other = with(|p| {
        p.set_id = Some(Id {
            root: "1.2.3".into(),
            extension: None,
        })
    });
    assert_eq!(found(RPLC, &other), ["CDA-REPLACES-SETID", "CDA-PDF-A"]);
    let later = with(|p| p.version = Some(2));
    assert_eq!(found(RPLC, &later), ["CDA-REPLACES-VERSION", "CDA-PDF-A"]);
    let unknown = with(|p| (p.set_id, p.version) = (None, None));
    assert_eq!(found(RPLC, &unknown), ["CDA-PDF-A"]);
    // The first version does not say that it replaces, and is the one to be replaced.
    assert_eq!(
        found(N1, &with(|p| p.version = Some(0))),
        ["CDA-REPLACES-ITSELF", "CDA-REPLACES-UNSAID", "CDA-PDF-A"]
    );
}

#[test]
fn the_present_tells_the_future() {
    let found = |name: &str, now: &str| {
        let mut against = Against::default();
        against.now = Instant::parse(now).ok();
        assert!(against.now.is_some());
        rules(&fixture(name), &against)
    };
    assert_eq!(found(N3, "2026-02-03T15:40:00Z"), [""; 0]);
    assert_eq!(
        found(N3, "2026-02-03T15:30:00Z"),
        ["CDA-EFFECTIVETIME-FUTURE"]
    );
    assert_eq!(
        found(N3, "2026-02-03T05:00:00Z"),
        ["CDA-EFFECTIVETIME-FUTURE", "CDA-SERVICE-START-FUTURE"]
    );
}

#[test]
fn a_stated_format_stands_for_what_the_templates_do_not_tell() {
    let unknown = changed(
        N3,
        "<templateId root=\"1.3.6.1.4.1.19376.1.3.3\"/>\n  <templateId root=\"1.2.250.1.213.1.1.1.55\" extension=\"2024.01\"/>",
        "<templateId root=\"1.2.3.4\"/>",
    );
    let with = |format: Option<&'static str>, text: &str| {
        let mut against = Against::default();
        against.format = format;
        let checked = check(text.as_bytes(), &against);
        let code = checked
            .metadata
            .as_ref()
            .map(|m| m.format_code.code.clone());
        (said(&checked).iter().map(|f| f.0).collect::<Vec<_>>(), code)
    };
    assert_eq!(with(None, &unknown), (vec!["CDA-FORMAT-UNKNOWN"], None));
    let lab = "urn:ihe:lab:xd-lab:2008";
    assert_eq!(with(Some(lab), &unknown), (vec![], Some(lab.to_owned())));
    assert_eq!(
        with(Some("urn:x"), &unknown),
        (vec!["CDA-FORMAT-STATED-SET", "CDA-FORMAT-UNKNOWN"], None)
    );
    let text = fixture_text(N3);
    let (found, code) = with(Some("urn:ihe:pharm:pre:2010"), &text);
    assert_eq!(
        (found, code.as_deref()),
        (vec!["CDA-FORMAT-STATED"], Some(lab))
    );
}

#[test]
fn metadata_made_elsewhere_are_compared_attribute_by_attribute() {
    let bytes = fixture(N1);
    let ours = check(&bytes, &Against::default())
        .metadata
        .expect("metadata");
    let compared = |theirs: &Metadata| {
        let mut against = Against::default();
        against.metadata = Some(theirs);
        let mut found = rules(&bytes, &against);
        found.retain(|rule| *rule != "CDA-PDF-A");
        found
    };
    let mut same = ours.clone();
    same.comments = Some("Un commentaire".into());
    same.patient_id.effective = Some("20100907".into());
    assert_eq!(compared(&same), [""; 0]);
    type Change = fn(&mut serde_json::Value);
    let changes: &[(Change, &str)] = &[
        (|m| m["uniqueId"] = json!("1.2.3"), "XDS-UNIQUEID"),
        (|m| m["mimeType"] = json!("text/html"), "XDS-MIMETYPE"),
        (|m| m["languageCode"] = json!("fr"), "XDS-LANGUAGECODE"),
        (
            |m| m["creationTime"] = json!("20260112100530"),
            "XDS-CREATIONTIME",
        ),
        (
            |m| m["serviceStartTime"] = json!("20260112093000"),
            "XDS-SERVICESTARTTIME",
        ),
        (
            |m| m["serviceStopTime"] = json!("20260112095500"),
            "XDS-SERVICESTOPTIME",
        ),
        (|m| m["title"] = json!("Autre titre"), "XDS-TITLE"),
        (
            |m| m["author"][0]["authorRole"] = json!("Autre"),
            "XDS-AUTHOR",
        ),
        (
            |m| {
                m["legalAuthenticator"] =
                    json!("899900000001^X^Y^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS")
            },
            "XDS-LEGALAUTHENTICATOR",
        ),
        (
            |m| m["patientId"] = json!("153078987658513^^^&1.2.250.1.213.1.4.10&ISO^NH"),
            "XDS-PATIENTID",
        ),
        (
            |m| m["sourcePatientId"] = json!("1^^^&1.2.3&ISO^PI"),
            "XDS-SOURCEPATIENTID",
        ),
        (
            |m| m["sourcePatientInfo"] = json!(["PID-8|M"]),
            "XDS-SOURCEPATIENTINFO",
        ),
        (|m| m["classCode"]["code"] = json!("11"), "XDS-CLASSCODE"),
        (|m| m["typeCode"]["code"] = json!("11502-2"), "XDS-TYPECODE"),
        (
            |m| m["formatCode"]["code"] = json!("urn:x"),
            "XDS-FORMATCODE",
        ),
        (|m| m["confidentiality"] = json!("R"), "XDS-CONFIDENTIALITY"),
        (
            |m| m["healthcareFacilityTypeCode"]["code"] = json!("SA01"),
            "XDS-FACILITY",
        ),
        (
            |m| m["practiceSettingCode"]["code"] = json!("HAD"),
            "XDS-PRACTICESETTING",
        ),
        (|m| m["eventCodeList"] = json!([]), "XDS-EVENTCODELIST"),
        (
            |m| m["referenceIdList"] = json!(["1^^^&1.2.3&ISO^urn:ihe:iti:xds:2013:order"]),
            "XDS-REFERENCEIDLIST",
        ),
        (
            |m| m["typeCode"]["label"] = json!("Consultation"),
            "XDS-LABEL",
        ),
    ];
    for (change, rule) in changes {
        let mut json = serde_json::to_value(&ours).expect("serialises");
        change(&mut json);
        let theirs: Metadata = serde_json::from_value(json).expect(rule);
        assert_eq!(compared(&theirs), [*rule]);
    }
    let metadata_rules = finding::xds::RULES.iter();
    assert!(
        metadata_rules
            .clone()
            .all(|rule| changes.iter().any(|(_, r)| *r == rule.id))
    );
}

/// The bytes of a text in base64, without a library: tests are to disagree with the code they test.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |n: u32| LETTERS[(n & 63) as usize] as char;
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |i: usize| u32::from(group.get(i).copied().unwrap_or_default());
        let n = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(letter(n >> 18));
        text.push(letter(n >> 12));
        text.push(if group.len() > 1 { letter(n >> 6) } else { '=' });
        text.push(if group.len() > 2 { letter(n) } else { '=' });
    }
    text
}

#[test]
fn a_file_is_what_its_bytes_say() {
    let whole = fixture_text(PATIENT);
    let (before, rest) = whole.split_once("<text mediaType").expect("a text");
    let (_, after) = rest.split_once("</text>").expect("its end");
    let holding = |media: &str, content: &[u8]| {
        let file = base64(content);
        format!("{before}<text mediaType=\"{media}\" representation=\"B64\">{file}</text>{after}")
    };
    let archive = b"%PDF-1.4\n1 0 obj\n<</Type/Metadata>>\nstream\n<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\nendstream\nendobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
    let plain = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
    let later = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
    let locked =
        b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer <</Root 1 0 R /Encrypt 2 0 R>>\n%%EOF\n";
    let cut = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrail";
    let table: &[(&str, &[u8], &[&str])] = &[
        ("application/pdf", archive, &[]),
        ("application/pdf", plain, &["CDA-PDF-A"]),
        ("application/pdf", later, &["CDA-PDF-VERSION", "CDA-PDF-A"]),
        (
            "application/pdf",
            locked,
            &["CDA-PDF-ENCRYPTED", "CDA-PDF-A"],
        ),
        ("application/pdf", cut, &["CDA-PDF-TRUNCATED"]),
        ("application/pdf", b"", &["CDA-BODY-EMPTY"]),
        ("application/pdf", b"bonjour", &["CDA-BODY-MEDIA"]),
        ("text/plain", archive, &["CDA-BODY-MEDIA"]),
        ("text/plain", "caf\u{e9}".as_bytes(), &[]),
        ("text/plain", b"caf\xE9", &[]),
        ("text/rtf", b"{\\rtf1 a}", &[]),
        ("text/plain", b"{\\rtf1 a}", &[]),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", &["CDA-BODY-MEDIA"]),
        ("image/tiff", b"II*\0\x08\0\0\0", &[]),
    ];
    for (media, content, expected) in table {
        let checked = check(holding(media, content).as_bytes(), &Against::default());
        let found: Vec<_> = checked.findings.iter().map(|f| f.rule.id).collect();
        assert_eq!(found, *expected, "{media}");
        let file = &checked.media[0];
        assert!(file.whole_body && file.base64);
        assert_eq!(file.declared.as_deref(), Some(*media));
        let facts = file.facts.as_ref().expect("base64");
        assert_eq!(facts.length, content.len() as u64);
    }
    // A text may stand as it is; another file may not.
    let clear = |media: &str| format!("{before}<text mediaType=\"{media}\">bonjour</text>{after}");
    let found = |text: String| rules(text.as_bytes(), &Against::default());
    assert_eq!(found(clear("text/plain")), ["CDA-BODY-REPRESENTATION"]);
    assert_eq!(found(clear("application/pdf")), ["CDA-BODY-BASE64"]);
    let absent = format!("{before}{after}");
    assert_eq!(found(absent), ["CDA-MEDIATYPE", "CDA-BODY-EMPTY"]);
}

#[test]
fn a_file_in_a_structured_body_is_looked_at_too() {
    let with = |value: &str| {
        let text = fixture_text(N3);
        let at = text.rfind("</section>").expect("a section");
        let (before, after) = text.split_at(at);
        format!("{before}<entry><observationMedia>{value}</observationMedia></entry>{after}")
    };
    let found = |value: &str| rules(with(value).as_bytes(), &Against::default());
    let png = "<value mediaType=\"image/png\" representation=\"B64\">iVBORw0KGgo=</value>";
    assert_eq!(
        found(png),
        [""; 0],
        "a type that no set holds is not compared"
    );
    let jpeg = png.replace("png", "jpeg");
    assert_eq!(found(&jpeg), ["CDA-ATTACHED-MEDIA"]);
    let broken = png.replace("iVBOR", "iV!OR");
    assert_eq!(found(&broken), ["CDA-ATTACHED-BROKEN"]);
    let checked = check(with(png).as_bytes(), &Against::default());
    assert!(!checked.media[0].whole_body && checked.conforms());
}

#[test]
fn findings_do_not_depend_on_the_encoding() {
    for (name, from, to, _) in BREAKS.iter().step_by(7) {
        let text = changed(name, from, to);
        let expected = said(&check(text.as_bytes(), &Against::default()));
        for bytes in [
            encoded(&text, "ISO-8859-1"),
            encoded(&text, "ISO-8859-15"),
            encoded(&text, "windows-1252"),
            utf16_le(&text),
            marked_crlf(&text),
        ] {
            assert_eq!(
                said(&check(&bytes, &Against::default())),
                expected,
                "{from}"
            );
        }
        let contradicted = declaring(&text, "UTF-16");
        let mut found = said(&check(contradicted.as_bytes(), &Against::default()));
        assert_eq!(found.remove(0), ("CDA-ENCODING", "/".to_owned()));
        assert_eq!(found, expected, "{from}");
    }
}

#[test]
fn findings_never_hold_what_the_document_says_of_the_patient() {
    let secrets = [
        "TESSIER",
        "CAMILLE",
        "MOREL",
        "279035121518989",
        "19790315",
        "51215",
        "IPP-2031",
    ];
    for (name, from, to, _) in BREAKS.iter().filter(|b| b.0 == N1) {
        let checked = check(changed(name, from, to).as_bytes(), &Against::default());
        let json = serde_json::to_string(&checked.findings).expect("serialises");
        for secret in secrets {
            assert!(!json.contains(secret), "{from}: {secret}");
        }
        assert!(!format!("{checked:?}").contains("TESSIER"));
    }
}

#[test]
fn every_rule_says_what_to_do_in_a_whole_sentence() {
    for rule in finding::all() {
        assert!(rule.sentence.ends_with('.'), "{}", rule.id);
        assert!(
            rule.sentence.chars().next().is_some_and(char::is_uppercase),
            "{}",
            rule.id
        );
        assert!(!rule.source.is_empty(), "{}", rule.id);
    }
    // What blocks and what does not is told by the severity alone.
    assert!(Severity::Blocking > Severity::Nonconforming);
    assert!(Severity::Nonconforming > Severity::Advice);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]

    /// Whatever happens to a byte, an answer comes, the same twice.
    #[test]
    fn a_document_with_changed_bytes_has_an_answer(
        which in 0..4usize,
        changes in proptest::collection::vec((0.0..1.0f64, proptest::num::u8::ANY), 1..6),
        keep in 0.2..1.0f64,
    ) {
        let mut bytes = fixture([N1, N3, RPLC, PATIENT][which]);
        for (at, byte) in changes {
            let at = (at * bytes.len() as f64) as usize;
            bytes[at] = byte;
        }
        if keep < 0.3 {
            bytes.truncate((keep * bytes.len() as f64) as usize);
        }
        let mut against = Against::default();
        let (ins, traits) = (ins(), traits());
        against.ins = Some(&ins);
        against.traits = Some(&traits);
        against.now = Instant::from_millis(0);
        let checked = check(&bytes, &against);
        proptest::prop_assert_eq!(&checked, &check(&bytes, &against));
        proptest::prop_assert_eq!(checked.header.is_none(), checked.findings[0].rule.id.starts_with("CDA-READ-"));
    }
}
