//! Element by element beside the published messages: what ours has and theirs has not, each with its reason.

use std::collections::BTreeSet;

use dmpkit::dmp::protocol::hl7::{self, Asked, Reply};
use dmpkit::dmp::protocol::services;
use dmpkit::dmp::protocol::soap::{self, Transaction};
use dmpkit::dmp::protocol::xml::{Event, Limits, Reader};
use dmpkit::dmp::{DossierDate, DossierQuery, ProfessionalsMode};
use dmpkit::dossier::AuthorisationChange;
use dmpkit::identity::Ins;

use crate::{at, corpus, enveloped, payload};

/// The paths of a message: elements and attributes, with the values that are codes. The assertion is not looked into.
fn paths(xml: &str, below: &str) -> BTreeSet<String> {
    let mut reader = Reader::new(xml.as_bytes(), Limits::default());
    let mut open: Vec<String> = Vec::new();
    let mut all = BTreeSet::new();
    loop {
        match reader.next().unwrap() {
            Event::Start(element) => {
                open.push(element.name.clone());
                let path = open.join("/");
                let Some((_, path)) = path.split_once(below) else {
                    continue;
                };
                if path.contains("Assertion") {
                    continue;
                }
                all.insert(path.to_owned());
                for (namespace, name, value) in &element.attributes {
                    let prefix = if namespace.is_empty() { "" } else { "xsi:" };
                    let coded = matches!(
                        name.as_str(),
                        "code"
                            | "codeSystem"
                            | "typeCode"
                            | "classCode"
                            | "moodCode"
                            | "type"
                            | "determinerCode"
                            | "mustUnderstand"
                            | "qualifier"
                            | "nil"
                            | "displayName"
                    );
                    let value = if coded {
                        format!("={value}")
                    } else {
                        String::new()
                    };
                    all.insert(format!("{path}@{prefix}{name}{value}"));
                }
            }
            Event::End => drop(open.pop()),
            Event::Text(_) => {}
            Event::Eof => return all,
        }
    }
}

/// Checks that two messages differ as said: what only ours has, what only theirs.
fn differ(name: &str, ours: &str, below: &str, more: &[&str], less: &[&str]) -> bool {
    let Some(theirs) = corpus(&format!("dmp/{name}.xml")) else {
        return false;
    };
    let theirs = paths(std::str::from_utf8(&theirs).unwrap(), below);
    let ours = paths(ours, below);
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).cloned().collect()
    };
    let mut expected: [Vec<String>; 2] =
        [more, less].map(|l| l.iter().map(|s| (*s).to_owned()).collect());
    expected.iter_mut().for_each(|l| l.sort());
    assert_eq!(
        [only(&ours, &theirs), only(&theirs, &ours)],
        expected,
        "{name}: ours only, theirs only"
    );
    true
}

fn patient() -> Ins {
    Ins::new("207058575627097", "1.2.250.1.213.1.4.10").unwrap()
}

fn envelope(transaction: Transaction, payload: &str) -> String {
    soap::Request {
        transaction,
        message_id: "urn:uuid:1",
        to: "",
        assertion: "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>",
        payload,
    }
    .write()
}

#[test]
fn the_requests_are_the_published_ones() {
    let now = at("2021-05-19T17:45:07Z");
    let Some(bytes) = corpus("dmp/TD0.2_Test_d_existence_requete.xml") else {
        return;
    };
    let (_, query) = enveloped(&bytes, |r, s| hl7::read_patient_query(r, s).unwrap());
    let ours = hl7::existence_request(Asked::Existence, &patient(), &query.message, now);
    let name = "TD0.2_Test_d_existence_requete";
    // P, production: D would ask the DMP for a trial run.
    let more = ["/Body/PRPA_IN201307UV02/processingCode@code=P"];
    let less = ["/Body/PRPA_IN201307UV02/processingCode@code=D"];
    differ(
        name,
        &envelope(Transaction::Td02, &ours),
        "Envelope",
        &more,
        &less,
    );

    let ours = hl7::existence_request(Asked::Administrative, &patient(), &query.message, now);
    let nil = |path: &str| format!("/Body/PRPA_IN201307UV02/{path}");
    // Elements that say nothing, and that the schema refuses here.
    let mut less: Vec<String> = Vec::new();
    for path in [
        "receiver/device/asLocatedEntity",
        "receiver/device/asAgent",
        "respondTo",
        "sender/device/asLocatedEntity",
        "sender/device/asAgent",
        "controlActProcess/reasonOf",
        "controlActProcess/overseer",
        "controlActProcess/authorOrPerformer",
        "controlActProcess/dataEnterer",
        "controlActProcess/informationRecipient",
    ] {
        less.push(nil(path));
        less.push(nil(path) + "@xsi:nil=true");
    }
    less.push(nil("processingCode@code=D"));
    let less: Vec<&str> = less.iter().map(String::as_str).collect();
    let name = "TD1.3a_Consultation_requete";
    differ(
        name,
        &envelope(Transaction::Td13a, &ours),
        "Envelope",
        &more,
        &less,
    );

    for (name, transaction, ours) in [
        (
            "TD0.3_Mise_a_jour_de_l_autorisation_requete",
            Transaction::Td03,
            services::set_authorisation(AuthorisationChange::Declare),
        ),
        (
            "TD1.6_Liste_des_PS_autorises_ou_bloques_requete",
            Transaction::Td16,
            services::list_professionals(ProfessionalsMode::Toute),
        ),
        (
            "TD0.4_Liste_des_DMP_autorises_requete",
            Transaction::Td04,
            services::list_dossiers(&DossierQuery {
                since: Some(at("2010-10-10T20:20:10Z")),
                date: DossierDate::LastDocument,
            }),
        ),
    ] {
        differ(name, &envelope(transaction, &ours), "Envelope", &[], &[]);
    }

    let bytes = corpus("dmp/TD0.5_Recherche_d_un_patient_sans_INS_requete.xml").unwrap();
    let (_, query) = enveloped(&bytes, |r, s| hl7::read_search_query(r, s).unwrap());
    let ours = hl7::search_request(&query.search, &query.message, now);
    let more = ["/Body/PRPA_IN201305UV02/processingCode@code=P"];
    let less = ["/Body/PRPA_IN201305UV02/processingCode@code=D"];
    let name = "TD0.5_Recherche_d_un_patient_sans_INS_requete";
    differ(
        name,
        &envelope(Transaction::Td05, &ours),
        "Envelope",
        &more,
        &less,
    );
}

fn answer(transaction: Transaction, payload: &str) -> String {
    soap::Answer {
        action: transaction.response_action(),
        message_id: "urn:uuid:2",
        relates_to: Some("urn:uuid:1"),
        payload,
    }
    .write()
}

/// The answers of the simulator hold what the library keeps of a dossier: what the official ones hold beside is not
/// known to it, what it adds is in the table of `protocol::hl7`.
#[test]
fn the_answers_are_the_published_ones_with_what_is_known() {
    let Some(bytes) = corpus("dmp/TD0.2_Test_d_existence_requete.xml") else {
        return;
    };
    let (_, query) = enveloped(&bytes, |r, s| hl7::read_patient_query(r, s).unwrap());
    let reply = Reply {
        to: &query.message,
        id: "0cc7f660-e7b5-4131-aee3-5ad75c0b32f2",
        at: at("2021-06-01T12:53:05Z"),
    };
    let bytes = corpus("dmp/TD0.2_Test_d_existence_reponse.xml").unwrap();
    let (_, existence) = enveloped(&bytes, |r, s| {
        hl7::read_existence(r, s, &patient(), &query.message.id).unwrap()
    });
    let ours = hl7::existence_answer(&reply, &patient(), &existence);
    let below = "/subject1/patient";
    differ(
        "TD0.2_Test_d_existence_reponse",
        &answer(Transaction::Td02, &ours),
        below,
        &[
            // The birth name stands under its own qualifier, beside NON RENSEIGNE.
            "/patientPerson/name/family@qualifier=BR",
            // What TD0.2 lacks.
            "/subjectOf/administrativeObservation/code@code=OPPOSITION_ACCES_URGENCE",
            "/subjectOf/administrativeObservation/code@displayName=opposition à l'accès au mode urgence",
            "/subjectOf/administrativeObservation/code@code=OPPOSITION_BRIS_DE_GLACE",
            "/subjectOf/administrativeObservation/code@displayName=opposition au mode bris de glace",
        ],
        &[
            // Not kept by the embedded DMP.
            "/patientPerson/name/prefix",
            "/patientPerson/telecom",
            "/patientPerson/telecom@use",
            "/patientPerson/telecom@value",
            // The patients' accounts ended on 11/06/2024.
            "/subjectOf/administrativeObservation/code@code=COMPTE_INTERNET_OUVERT",
            "/subjectOf/administrativeObservation/code@codeSystem=1.2.250.1.213.4.1.2.9",
        ],
    );
    // Around the patient, nothing differs.
    let strip = |xml: &str| -> BTreeSet<String> {
        paths(xml, "Envelope")
            .into_iter()
            .filter(|p| !p.contains("subject1/patient/"))
            .collect()
    };
    assert_eq!(
        strip(&answer(Transaction::Td02, &ours)),
        strip(std::str::from_utf8(&bytes).unwrap())
    );

    let bytes = corpus("dmp/TD1.3a_Consultation_reponse.xml").unwrap();
    let (_, data) = enveloped(&bytes, |r, s| {
        hl7::read_administrative(r, s, &patient(), &query.message.id).unwrap()
    });
    let ours = hl7::administrative_answer(&reply, &patient(), &data, existence.traits.as_ref());
    differ(
        "TD1.3a_Consultation_reponse",
        &answer(Transaction::Td13a, &ours),
        below,
        &[
            "/patientPerson/name/family@qualifier=BR",
            "/subjectOf/administrativeObservation/code@code=RATTACHEMENT_ENS",
            "/subjectOf/administrativeObservation/code@displayName=information de rattachement du DMP à un ENS",
        ],
        &[
            "/patientPerson/name/prefix",
            "/patientPerson/telecom",
            "/patientPerson/telecom@use",
            "/patientPerson/telecom@value",
            "/patientPerson/deceasedInd",
            "/patientPerson/deceasedInd@value",
            "/patientPerson/addr",
            "/patientPerson/addr/city",
            "/patientPerson/addr/postalCode",
            "/patientPerson/addr/streetAddressLine",
            // An address without content.
            "/patientPerson/birthPlace",
            "/patientPerson/birthPlace/addr",
            "/patientPerson/birthPlace@classCode=BIRTHPL",
            "/patientPerson/personalRelationship/addr",
            "/patientPerson/personalRelationship/addr/additionalLocator",
            "/patientPerson/personalRelationship/addr/city",
            "/patientPerson/personalRelationship/addr/postalCode",
            "/patientPerson/personalRelationship/addr/streetAddressLine",
            "/patientPerson/personalRelationship/relationshipHolder1/name/prefix",
            "/patientPerson/personalRelationship/telecom@use",
        ],
    );
    assert_eq!(
        strip(&answer(Transaction::Td13a, &ours)),
        strip(std::str::from_utf8(&bytes).unwrap())
    );

    let bytes = corpus("dmp/TD0.5_Recherche_d_un_patient_sans_INS_requete.xml").unwrap();
    let (_, search) = enveloped(&bytes, |r, s| hl7::read_search_query(r, s).unwrap());
    let bytes = corpus("dmp/TD0.5_Recherche_d_un_patient_sans_INS_reponse.xml").unwrap();
    let (_, candidates) = enveloped(&bytes, |r, s| {
        hl7::read_candidates(r, s, &search.message.id).unwrap()
    });
    let reply = Reply {
        to: &search.message,
        ..reply
    };
    let ours = hl7::candidates_answer(&reply, &search, &candidates);
    let patient =
        "/Body/PRPA_IN201306UV02/controlActProcess/subject/registrationEvent/subject1/patient";
    let p = |rest: &str| format!("{patient}{rest}");
    let more = [
        // Traits are for nobody to see: a name, required, that says nothing.
        p("/patientPerson/name@nullFlavor"),
        // Required by the schema, absent from the published message.
        p("/subjectOf2/administrativeObservation@classCode=OBS"),
        p("/subjectOf2/administrativeObservation@moodCode=EVN"),
        p("/subjectOf2@typeCode=SBJ"),
    ];
    let less = [
        p("/patientPerson/addr"),
        p("/patientPerson/addr/city"),
        p("/patientPerson/addr/postalCode"),
        p("/patientPerson/administrativeGenderCode"),
        p("/patientPerson/administrativeGenderCode@code=F"),
        p("/patientPerson/birthTime"),
        p("/patientPerson/birthTime@value"),
        p("/patientPerson/name/family"),
        p("/patientPerson/name/family@qualifier=BR"),
        p("/patientPerson/name/family@qualifier=SP"),
        p("/patientPerson/name/given"),
        p("/patientPerson/name/prefix"),
        // A CS may have no codeSystem: the schema refuses the published one.
        "/Body/PRPA_IN201306UV02/controlActProcess/code@xsi:type=CS".to_owned(),
        // An empty use.
        "/Body/PRPA_IN201306UV02/controlActProcess/queryByParameter/parameterList/livingSubjectName/value@use".to_owned(),
    ];
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let less: Vec<&str> = less.iter().map(String::as_str).collect();
    differ(
        "TD0.5_Recherche_d_un_patient_sans_INS_reponse",
        &answer(Transaction::Td05, &ours),
        "Envelope",
        &more,
        &less,
    );
}

#[test]
fn the_answers_of_the_services_are_the_published_ones() {
    let Some(bytes) = corpus("dmp/TD0.3_Mise_a_jour_de_l_autorisation_reponse.xml") else {
        return;
    };
    let (_, done) = enveloped(&bytes, |r, s| {
        services::read_set_authorisation(r, s).unwrap()
    });
    let ours = answer(Transaction::Td03, &services::set_authorisation_answer(done));
    let name = "TD0.3_Mise_a_jour_de_l_autorisation_reponse";
    differ(name, &ours, "Envelope", &[], &[]);

    let bytes = corpus("dmp/TD1.6_Liste_des_PS_autorises_ou_bloques_reponse.xml").unwrap();
    let (_, rows) = enveloped(&bytes, |r, s| services::read_professionals(r, s).unwrap());
    let ours = answer(Transaction::Td16, &services::professionals_answer(&rows));
    let row = "/Body/listAuthorizationByPatientResponse/output/listOfAuthorizationByPatient";
    // Not kept by the embedded DMP.
    let less = ["codeSpeciality", "libSpeciality", "lastActionDate"].map(|n| format!("{row}/{n}"));
    let less: Vec<&str> = less.iter().map(String::as_str).collect();
    let name = "TD1.6_Liste_des_PS_autorises_ou_bloques_reponse";
    differ(name, &ours, "Envelope", &[], &less);

    let bytes = corpus("dmp/TD0.4_Liste_des_DMP_autorises_reponse.xml").unwrap();
    let (_, rows) = enveloped(&bytes, |r, s| services::read_dossiers(r, s).unwrap());
    let ours = answer(Transaction::Td04, &services::dossiers_answer(&rows));
    let row = "/Body/patientListResponse/output/patientlistData";
    // Traits are for nobody to see (RG_0320); the other dates are not kept.
    let less = [
        "dateOfBirth",
        "firstName",
        "lastAccessDate",
        "lastName",
        "lastUpdateDate",
    ]
    .map(|n| format!("{row}/{n}"));
    let less: Vec<&str> = less.iter().map(String::as_str).collect();
    differ(
        "TD0.4_Liste_des_DMP_autorises_reponse",
        &ours,
        "Envelope",
        &[],
        &less,
    );
    assert!(
        payload(&services::dossiers_answer(&rows), |r, s| {
            services::read_dossiers(r, s)
        })
        .is_ok()
    );
}
