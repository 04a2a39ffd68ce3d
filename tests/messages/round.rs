//! What one side writes, the other reads: every value of every type.

use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::hl7::{self, Asked, Reply, SearchQuery};
use dmpkit::dmp::protocol::services;
use dmpkit::dmp::protocol::soap::{self, Body, Transaction};
use dmpkit::dmp::protocol::xml::Limits;
use dmpkit::dmp::{DossierDate, DossierQuery, PatientSearch, ProfessionalsMode};
use dmpkit::dossier::{
    AdministrativeData, Authorisation, AuthorisationChange, AuthorisedDossier,
    AuthorisedProfessional, Candidate, Closing, DossierState, Existence, LegalRepresentative,
    PersonToNotify,
};
use dmpkit::identity::{IdentityTraits, Ins, PsIdNat, Sex};
use proptest::option;
use proptest::prelude::*;

use crate::{at, ins, message, payload};

/// What people are called, with what XML, URLs and HL7 would take for their own.
fn name() -> impl Strategy<Value = String> {
    "[A-ZÉÇŒa-zé&<>\"'^~%@:;/+-]{1,12}( [A-Zà-ÿ&<\\]]{1,8}){0,2}"
}

fn instant() -> impl Strategy<Value = Instant> {
    (0_i64..4_000_000_000_000).prop_map(|ms| Instant::from_millis(ms).unwrap())
}

/// To the second: what 14 digits can say.
fn second() -> impl Strategy<Value = Instant> {
    (0_i64..4_000_000_000).prop_map(|s| Instant::from_millis(s * 1000).unwrap())
}

fn any_ins() -> impl Strategy<Value = Ins> {
    (1_u64..=2, 0_u64..1_000_000_000_000, 0_usize..4).prop_map(|(sex, rest, authority)| {
        let number = sex * 1_000_000_000_000 + rest;
        let authority = dmpkit::identity::ins::AUTHORITIES[authority];
        Ins::with_authority(&format!("{number}{:02}", 97 - number % 97), authority).unwrap()
    })
}

fn sex() -> impl Strategy<Value = Sex> {
    prop_oneof![Just(Sex::M), Just(Sex::F), Just(Sex::I)]
}

fn birth_date() -> impl Strategy<Value = String> {
    prop_oneof![
        "19[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])",
        "20[0-2][0-9](0[1-9]|1[0-2])",
        "19[0-9]{2}"
    ]
}

fn traits() -> impl Strategy<Value = IdentityTraits> {
    (
        name(),
        prop::collection::vec(name(), 1..4),
        birth_date(),
        sex(),
        option::of("[0-9][0-9AB][0-9]{3}"),
        option::of(name()),
    )
        .prop_map(
            |(birth_name, given_names, birth_date, sex, birth_place, used_name)| IdentityTraits {
                birth_name,
                given_names,
                birth_date,
                sex,
                birth_place,
                used_name,
            },
        )
}

fn state() -> impl Strategy<Value = DossierState> {
    prop_oneof![
        Just(DossierState::Active),
        (
            option::of(instant()),
            option::of("[A-Z_]{1,30}"),
            option::of(name())
        )
            .prop_map(|(date, motif, reason)| DossierState::Closed(Closing {
                date,
                motif,
                reason
            })),
    ]
}

fn authorisation() -> impl Strategy<Value = Authorisation> {
    prop_oneof![
        Just(Authorisation::Valide),
        Just(Authorisation::Expire),
        Just(Authorisation::Interdit),
        Just(Authorisation::NonExiste),
    ]
}

fn existence() -> impl Strategy<Value = Existence> {
    (
        state(),
        any::<[bool; 4]>(),
        authorisation(),
        option::of(instant()),
        option::of(traits()),
    )
        .prop_map(
            |(state, [a, b, c, d], authorisation, until, traits)| Existence {
                state,
                attached_to_mes: a,
                authorisation,
                authorised_until: until,
                medecin_traitant: b,
                opposition_bris_de_glace: c,
                opposition_centre_15: d,
                traits,
            },
        )
}

fn ps_id() -> impl Strategy<Value = String> {
    prop_oneof!["8[0-9]{11}", "0[0-9]{9}", "3[0-9]{9}/[A-Z0-9]{1,8}"]
}

fn administrative() -> impl Strategy<Value = AdministrativeData> {
    let contact = || {
        option::of(
            "[+0-9A-Za-z@. %:é-]{1,20}"
                .prop_map(|c: String| c.trim().to_owned())
                .prop_filter("not empty", |c| !c.is_empty()),
        )
    };
    let representative =
        (name(), name(), "[A-Z]{1,8}", contact()).prop_map(|(family, given, relation, contact)| {
            LegalRepresentative {
                family,
                given,
                relation,
                contact,
            }
        });
    let notified =
        (name(), name(), contact()).prop_map(|(family, given, contact)| PersonToNotify {
            family,
            given,
            contact,
        });
    (
        state(),
        any::<[bool; 3]>(),
        prop::collection::vec(representative, 0..3),
        prop::collection::vec(notified, 0..3),
        prop::collection::vec(ps_id().prop_map(|id| PsIdNat::new(&id).unwrap()), 0..3),
    )
        .prop_map(
            |(state, [a, b, c], representatives, to_notify, medecins_traitants)| {
                AdministrativeData {
                    state,
                    attached_to_mes: a,
                    opposition_bris_de_glace: b,
                    opposition_centre_15: c,
                    representatives,
                    to_notify,
                    medecins_traitants,
                }
            },
        )
}

fn professional() -> impl Strategy<Value = AuthorisedProfessional> {
    let authorisation = prop_oneof![
        Just(Authorisation::Valide),
        Just(Authorisation::Expire),
        Just(Authorisation::Interdit),
    ];
    (
        prop_oneof![ps_id(), "1[0-9]{9}", "4[0-9]{14}"],
        name(),
        authorisation,
        any::<bool>(),
        option::of(second()),
    )
        .prop_map(|(id, name, authorisation, medecin_traitant, since)| {
            AuthorisedProfessional {
                id,
                name,
                authorisation,
                medecin_traitant,
                since,
            }
        })
}

fn dossier() -> impl Strategy<Value = AuthorisedDossier> {
    (any_ins(), any::<bool>(), option::of(second())).prop_map(
        |(ins, medecin_traitant, last_added)| AuthorisedDossier {
            ins,
            medecin_traitant,
            authorised_at: None,
            last_added,
        },
    )
}

/// A search is never printed: its parts are.
fn search() -> impl Strategy<Value = (String, Option<String>, String, Option<Sex>)> {
    (name(), option::of(name()), birth_date(), option::of(sex()))
}

fn reply_at() -> Instant {
    at("2026-03-01T08:00:00Z")
}

macro_rules! reply {
    ($name:ident) => {
        let to = message();
        let $name = Reply {
            to: &to,
            id: "2c4e7a10-9b3d-4f58-a1c2-7d8e9f0a1b2c",
            at: reply_at(),
        };
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_existence_crosses(existence in existence(), ins in any_ins()) {
        reply!(reply);
        let xml = hl7::existence_answer(&reply, &ins, &existence);
        let read = payload(&xml, |r, s| hl7::read_existence(r, s, &ins, &reply.to.id));
        prop_assert_eq!(read.unwrap(), existence);
    }

    #[test]
    fn administrative_data_cross(data in administrative(), traits in option::of(traits()), ins in any_ins()) {
        reply!(reply);
        let xml = hl7::administrative_answer(&reply, &ins, &data, traits.as_ref());
        let read = payload(&xml, |r, s| hl7::read_administrative(r, s, &ins, &reply.to.id));
        prop_assert_eq!(read.unwrap(), data);
    }

    #[test]
    fn candidates_cross(
        candidates in prop::collection::vec((any_ins(), 0_u8..=100, any::<bool>()), 0..10),
        (name, given, birth_date, sex) in search(),
    ) {
        reply!(reply);
        let candidates: Vec<Candidate> = candidates
            .into_iter()
            .map(|(ins, score, opposition_centre_15)| Candidate { ins, score, opposition_centre_15 })
            .collect();
        let search = PatientSearch { name, given, birth_date, sex };
        let query = SearchQuery { search: search.clone(), message: message() };
        let xml = hl7::candidates_answer(&reply, &query, &candidates);
        let read = payload(&xml, |r, s| hl7::read_candidates(r, s, &reply.to.id));
        prop_assert_eq!(read.unwrap(), candidates);

        let xml = hl7::search_request(&search, &message(), reply_at());
        let read = payload(&xml, hl7::read_search_query).unwrap();
        prop_assert!(read.search == search);
        prop_assert_eq!(read.message, message());
    }

    #[test]
    fn lists_cross(
        professionals in prop::collection::vec(professional(), 0..6),
        dossiers in prop::collection::vec(dossier(), 0..6),
    ) {
        let xml = services::professionals_answer(&professionals);
        let read = payload(&xml, services::read_professionals);
        prop_assert_eq!(read.unwrap(), professionals);
        let xml = services::dossiers_answer(&dossiers);
        let read = payload(&xml, services::read_dossiers);
        prop_assert_eq!(read.unwrap(), dossiers);
    }

    #[test]
    fn requests_cross(ins in any_ins(), since in option::of(second()), last in any::<bool>()) {
        for asked in [Asked::Existence, Asked::Administrative] {
            let xml = hl7::existence_request(asked, &ins, &message(), reply_at());
            let read = payload(&xml, hl7::read_patient_query).unwrap();
            prop_assert_eq!(read.asked, asked);
            prop_assert_eq!(read.patient, ins);
            prop_assert_eq!(read.message, message());
        }
        let date = if last { DossierDate::LastDocument } else { DossierDate::LastAuthorisation };
        let query = DossierQuery { since, date };
        let xml = services::list_dossiers(&query);
        prop_assert_eq!(payload(&xml, services::read_list_dossiers_request).unwrap(), query);
    }
}

#[test]
fn the_small_requests_cross() {
    for change in [
        AuthorisationChange::Declare,
        AuthorisationChange::Remove,
        AuthorisationChange::BecomeMedecinTraitant,
        AuthorisationChange::StopMedecinTraitant,
    ] {
        let xml = services::set_authorisation(change);
        let read = payload(&xml, services::read_set_authorisation_request);
        assert_eq!(read, Ok(change));
    }
    for mode in [
        ProfessionalsMode::Active,
        ProfessionalsMode::Interdite,
        ProfessionalsMode::Toute,
    ] {
        let xml = services::list_professionals(mode);
        let read = payload(&xml, services::read_list_professionals_request);
        assert_eq!(read, Ok(mode));
    }
    for done in [true, false] {
        let xml = services::set_authorisation_answer(done);
        let read = payload(&xml, services::read_set_authorisation);
        assert_eq!(read, Ok(done));
    }
}

#[test]
fn a_dossier_that_does_not_exist_says_so() {
    reply!(reply);
    let nothing = Existence {
        state: DossierState::Nonexistent,
        attached_to_mes: false,
        authorisation: Authorisation::NonExiste,
        authorised_until: None,
        medecin_traitant: false,
        opposition_bris_de_glace: false,
        opposition_centre_15: false,
        traits: None,
    };
    let xml = hl7::existence_answer(&reply, &ins(), &nothing);
    let read = payload(&xml, |r, s| hl7::read_existence(r, s, &ins(), &reply.to.id));
    assert_eq!(read, Ok(nothing));
}

#[test]
fn envelopes_cross_with_their_assertion_byte_for_byte() {
    let assertion = "<saml2:Assertion xmlns:saml2=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_1\">\r\n é&#x41;<saml2:Issuer/><!-- kept --></saml2:Assertion>";
    let request = soap::Request {
        transaction: Transaction::Td16,
        message_id: "urn:uuid:1",
        to: "https://dmp.example/habilitations?a&b",
        assertion,
        payload: &services::list_professionals(ProfessionalsMode::Toute),
    }
    .write();
    for bytes in [
        request.clone(),
        format!("\u{FEFF}<?xml version='1.0'?>{request}"),
    ] {
        let bytes = bytes.as_bytes();
        let mut envelope = soap::read(bytes, Limits::default()).unwrap();
        let (transaction, addressed) = envelope.header.request().unwrap();
        assert_eq!(transaction, Transaction::Td16);
        assert_eq!(addressed.message_id, "urn:uuid:1");
        assert_eq!(addressed.to, "https://dmp.example/habilitations?a&b");
        let found = envelope.assertion.as_ref().unwrap().of(bytes).unwrap();
        assert_eq!(found.xml, assertion);
        let Body::Payload(start) = &envelope.body else {
            panic!("no payload")
        };
        let mode = services::read_list_professionals_request(&mut envelope.reader, start);
        assert_eq!(mode, Ok(ProfessionalsMode::Toute));
        soap::end(&mut envelope.reader).unwrap();
    }
    let answer = soap::Answer {
        action: Transaction::Td16.response_action(),
        message_id: "urn:uuid:2",
        relates_to: Some("urn:uuid:1"),
        payload: &services::professionals_answer(&[]),
    }
    .write();
    let envelope = soap::read(answer.as_bytes(), Limits::default()).unwrap();
    envelope
        .check_answer(Transaction::Td16, "urn:uuid:1")
        .unwrap();
}
