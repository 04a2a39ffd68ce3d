//! What is written is valid against the published schemas, run by xmllint: HL7's of 2009 (TD0.2, TD1.3a) and 2008
//! (TD0.5), those inside the WSDL for the services.

use std::path::{Path, PathBuf};
use std::process::Command;

use dmpkit::dmp::protocol::fault::{Fault, Origin};
use dmpkit::dmp::protocol::hl7::{self, Asked, Reply, SearchQuery};
use dmpkit::dmp::protocol::services::{self, ServiceCall};
use dmpkit::dmp::protocol::soap::Transaction;
use dmpkit::dmp::{DossierDate, DossierQuery, PatientSearch, ProfessionalsMode};
use dmpkit::dossier::{
    AdministrativeData, Authorisation, AuthorisationChange, AuthorisedDossier,
    AuthorisedProfessional, Candidate, Closing, DossierState, Existence, LegalRepresentative,
    PersonToNotify,
};
use dmpkit::identity::{IdentityTraits, PsIdNat, Sex};

use crate::{at, folder, ins, message};

/// The schemas, and a folder to write in.
struct Judge {
    schemas: PathBuf,
    work: tempfile::TempDir,
}

impl Judge {
    fn new() -> Option<Judge> {
        let schemas = folder("DMPKIT_SCHEMAS")?.join("xds");
        let ran = Command::new("xmllint").arg("--version").output();
        assert!(ran.is_ok(), "xmllint is needed beside DMPKIT_SCHEMAS");
        Some(Judge {
            schemas,
            work: tempfile::tempdir().unwrap(),
        })
    }

    fn hl7(&self, edition: &str, name: &str) -> PathBuf {
        let file = format!("HL7V3/{edition}/multicacheschemas/{name}.xsd");
        self.schemas.join(file)
    }

    /// The schema inside a WSDL.
    fn wsdl(&self, name: &str) -> PathBuf {
        let path = self.schemas.join("wsdl").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let from = text.find("<xs:schema").unwrap();
        let to = text.find("</xs:schema>").unwrap() + "</xs:schema>".len();
        let schema = self.work.path().join(format!("{name}.xsd"));
        std::fs::write(&schema, &text[from..to]).unwrap();
        schema
    }

    /// What a schema finds wrong, nothing when valid.
    fn faults(&self, schema: &Path, xml: &str) -> String {
        let file = self.work.path().join("message.xml");
        std::fs::write(&file, xml).unwrap();
        let run = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(schema)
            .arg(&file)
            .output()
            .unwrap();
        if run.status.success() {
            String::new()
        } else {
            String::from_utf8_lossy(&run.stderr).into_owned()
        }
    }

    fn valid(&self, schema: &Path, xml: &str) {
        let faults = self.faults(schema, xml);
        assert!(faults.is_empty(), "{faults}\n{xml}");
    }
}

fn traits(used: Option<&str>, place: Option<&str>, sex: Sex) -> IdentityTraits {
    IdentityTraits {
        birth_name: "D'ŒILLY & <fils>".into(),
        given_names: vec!["Zoé".into(), "Marie-Louise".into()],
        birth_date: "197903".into(),
        sex,
        birth_place: place.map(Into::into),
        used_name: used.map(Into::into),
    }
}

fn states() -> Vec<DossierState> {
    let closing = |date: Option<&str>, motif: Option<&str>, reason: Option<&str>| {
        DossierState::Closed(Closing {
            date: date.map(at),
            motif: motif.map(Into::into),
            reason: reason.map(Into::into),
        })
    };
    vec![
        DossierState::Active,
        DossierState::Nonexistent,
        closing(
            Some("2026-01-02T03:04:05.678Z"),
            Some("FERMETURE_DEMANDE_PATIENT"),
            Some("à sa demande"),
        ),
        closing(None, None, Some("sans motif")),
        closing(None, Some("AUTRE"), None),
        closing(None, None, None),
    ]
}

#[test]
fn what_is_written_in_hl7_is_valid() {
    let Some(judge) = Judge::new() else { return };
    let to = message();
    let now = at("2026-03-01T08:00:00.5Z");
    let reply = Reply {
        to: &to,
        id: "2c4e7a10-9b3d-4f58-a1c2-7d8e9f0a1b2c",
        at: now,
    };
    let schema = judge.hl7("NE2009", "PRPA_IN201307UV02");
    for asked in [Asked::Existence, Asked::Administrative] {
        judge.valid(&schema, &hl7::existence_request(asked, &ins(), &to, now));
    }
    let schema = judge.hl7("NE2009", "PRPA_IN201308UV02");
    let people = [
        None,
        Some(traits(None, None, Sex::I)),
        Some(traits(Some("TESSIER"), Some("2A004"), Sex::F)),
    ];
    for state in states() {
        for (traits, yes) in people.iter().zip([true, false, true]) {
            let existence = Existence {
                state: state.clone(),
                attached_to_mes: yes,
                authorisation: Authorisation::Expire,
                authorised_until: yes.then_some(now),
                medecin_traitant: yes,
                opposition_bris_de_glace: !yes,
                opposition_centre_15: yes,
                traits: traits.clone(),
            };
            judge.valid(&schema, &hl7::existence_answer(&reply, &ins(), &existence));
            let person = |contact: Option<&str>| PersonToNotify {
                family: "Morel".into(),
                given: "Paul".into(),
                contact: contact.map(Into::into),
            };
            let data = AdministrativeData {
                state: state.clone(),
                attached_to_mes: yes,
                opposition_bris_de_glace: yes,
                opposition_centre_15: !yes,
                representatives: vec![LegalRepresentative {
                    family: "Tessier".into(),
                    given: "Jeanne".into(),
                    relation: "MTH".into(),
                    contact: Some("03 26 00 00 00 (le soir)".into()),
                }],
                to_notify: vec![person(None), person(Some("paul.morel@exemple.fr"))],
                medecins_traitants: vec![PsIdNat::new("801234567890").unwrap()],
            };
            let xml = hl7::administrative_answer(&reply, &ins(), &data, traits.as_ref());
            judge.valid(&schema, &xml);
        }
    }
    let fault = Fault::new(Origin::Hl7, "DMPClosed", "R.1111-46 & co");
    for transaction in [Transaction::Td02, Transaction::Td13a] {
        judge.valid(&schema, &hl7::refusal_answer(transaction, &reply, &fault));
    }

    let search = |given: Option<&str>, sex| PatientSearch {
        name: "D'Œilly".into(),
        given: given.map(Into::into),
        birth_date: "19790328".into(),
        sex,
    };
    let request = judge.hl7("NE2008", "PRPA_IN201305UV02");
    let answer = judge.hl7("NE2008", "PRPA_IN201306UV02");
    for search in [search(None, None), search(Some("Zoé"), Some(Sex::I))] {
        judge.valid(&request, &hl7::search_request(&search, &to, now));
        let query = SearchQuery {
            search,
            message: message(),
        };
        for n in [0, 1, 3] {
            let candidates = vec![
                Candidate {
                    ins: ins(),
                    score: 100,
                    opposition_centre_15: true,
                };
                n
            ];
            judge.valid(
                &answer,
                &hl7::candidates_answer(&reply, &query, &candidates),
            );
        }
    }
    judge.valid(
        &answer,
        &hl7::refusal_answer(Transaction::Td05, &reply, &fault),
    );
}

#[test]
fn what_the_services_write_is_valid() {
    let Some(judge) = Judge::new() else { return };
    let fault = Fault::new(
        Origin::Service,
        "DMPAccessDeniedByRightsService",
        "TD0.3/PS",
    );
    let schema = judge.wsdl("Habilitations.wsdl");
    for change in [
        AuthorisationChange::Declare,
        AuthorisationChange::Remove,
        AuthorisationChange::BecomeMedecinTraitant,
        AuthorisationChange::StopMedecinTraitant,
    ] {
        judge.valid(&schema, &services::set_authorisation(change));
    }
    for mode in [
        ProfessionalsMode::Active,
        ProfessionalsMode::Interdite,
        ProfessionalsMode::Toute,
    ] {
        judge.valid(&schema, &services::list_professionals(mode));
    }
    let row = |id: &str, name: &str, authorisation, yes: bool| AuthorisedProfessional {
        id: id.into(),
        name: name.into(),
        authorisation,
        medecin_traitant: yes,
        since: yes.then(|| at("2026-01-02T03:04:05Z")),
    };
    let rows = [
        row(
            "801234567890",
            "Camille MARTIN",
            Authorisation::Valide,
            true,
        ),
        row("801234567891", "Inconnu", Authorisation::Interdit, false),
        row("801234567892", "Paul MOREL", Authorisation::Expire, true),
        row("10B0127189", "CABINET & CIE", Authorisation::Valide, false),
    ];
    for rows in [&rows[..], &[]] {
        judge.valid(&schema, &services::professionals_answer(rows));
    }
    for done in [true, false] {
        judge.valid(&schema, &services::set_authorisation_answer(done));
    }
    for call in [
        ServiceCall::SetAuthorisation,
        ServiceCall::ListProfessionals,
    ] {
        judge.valid(&schema, &services::refusal_answer(call, &fault));
    }

    let schema = judge.wsdl("PatientsSpecific.wsdl");
    for (since, date) in [
        (None, DossierDate::LastAuthorisation),
        (Some(at("2026-01-02T03:04:05Z")), DossierDate::LastDocument),
    ] {
        let query = DossierQuery { since, date };
        judge.valid(&schema, &services::list_dossiers(&query));
    }
    let rows: Vec<AuthorisedDossier> = [true, false]
        .into_iter()
        .map(|yes| AuthorisedDossier {
            ins: ins(),
            medecin_traitant: yes,
            authorised_at: Some(at("2026-01-02T03:04:05Z")),
            last_added: yes.then(|| at("2026-01-02T03:04:05Z")),
        })
        .collect();
    for rows in [&rows[..], &[]] {
        judge.valid(&schema, &services::dossiers_answer(rows));
    }
    let xml = services::refusal_answer(ServiceCall::ListDossiers, &fault);
    judge.valid(&schema, &xml);
}

/// Two of the published messages are not valid, which is why ours are not their copies.
#[test]
fn the_published_messages_are_valid_but_two() {
    let (Some(judge), Some(corpus)) = (Judge::new(), folder("DMPKIT_CORPUS")) else {
        return;
    };
    let habilitations = judge.wsdl("Habilitations.wsdl");
    let patients = judge.wsdl("PatientsSpecific.wsdl");
    for (name, schema, wrong) in [
        (
            "TD0.2_Test_d_existence_requete",
            judge.hl7("NE2009", "PRPA_IN201307UV02"),
            "",
        ),
        (
            "TD0.2_Test_d_existence_reponse",
            judge.hl7("NE2009", "PRPA_IN201308UV02"),
            "",
        ),
        // Elements that are nil without the attributes they require, or where they cannot stand.
        (
            "TD1.3a_Consultation_requete",
            judge.hl7("NE2009", "PRPA_IN201307UV02"),
            "asLocatedEntity",
        ),
        (
            "TD1.3a_Consultation_reponse",
            judge.hl7("NE2009", "PRPA_IN201308UV02"),
            "",
        ),
        (
            "TD0.5_Recherche_d_un_patient_sans_INS_requete",
            judge.hl7("NE2008", "PRPA_IN201305UV02"),
            "",
        ),
        // A CS with a codeSystem, and an observation without its classes.
        (
            "TD0.5_Recherche_d_un_patient_sans_INS_reponse",
            judge.hl7("NE2008", "PRPA_IN201306UV02"),
            "administrativeObservation",
        ),
        (
            "TD0.3_Mise_a_jour_de_l_autorisation_requete",
            habilitations.clone(),
            "",
        ),
        (
            "TD0.3_Mise_a_jour_de_l_autorisation_reponse",
            habilitations.clone(),
            "",
        ),
        (
            "TD1.6_Liste_des_PS_autorises_ou_bloques_requete",
            habilitations.clone(),
            "",
        ),
        (
            "TD1.6_Liste_des_PS_autorises_ou_bloques_reponse",
            habilitations,
            "",
        ),
        (
            "TD0.4_Liste_des_DMP_autorises_requete",
            patients.clone(),
            "",
        ),
        ("TD0.4_Liste_des_DMP_autorises_reponse", patients, ""),
    ] {
        let path = corpus.join("dmp").join(format!("{name}.xml"));
        let text = std::fs::read_to_string(path).unwrap();
        let from = text.find("<soap:Body>").unwrap() + "<soap:Body>".len();
        let to = text.find("</soap:Body>").unwrap();
        // The prefixes that the envelope declares.
        let root = text[from..to].trim();
        let end = root.find(['>', ' ']).unwrap();
        let declared: String = [
            ("urn", "urn:hl7-org:v3"),
            (
                "ns1",
                if name.starts_with("TD0.4") {
                    services::PATIENTS
                } else {
                    services::HABILITATIONS
                },
            ),
        ]
        .iter()
        .map(|(prefix, uri)| format!(" xmlns:{prefix}='{uri}'"))
        .collect();
        let xml = format!("{}{declared}{}", &root[..end], &root[end..]);
        let faults = judge.faults(&schema, &xml);
        if wrong.is_empty() {
            assert!(faults.is_empty(), "{name}: {faults}");
        } else {
            assert!(faults.contains(wrong), "{name}: {faults}");
        }
    }
}
