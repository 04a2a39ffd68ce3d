//! The published messages: every request of TD0.x and TD1.x as a server reads it, every answer as a client does.

use dmpkit::dmp::protocol::hl7::{self, Asked, Id};
use dmpkit::dmp::protocol::soap::{self, Body, SoapError, Transaction, Version};
use dmpkit::dmp::protocol::xml::Limits;
use dmpkit::dmp::protocol::{mtom, services};
use dmpkit::dmp::{DossierDate, ProfessionalsMode};
use dmpkit::dossier::{Authorisation, AuthorisationChange, DossierState};
use dmpkit::identity::{Ins, Sex};

use crate::{at, corpus, enveloped};

fn official(name: &str) -> Option<Vec<u8>> {
    corpus(&format!("dmp/{name}.xml"))
}

/// The patient of the published messages, a fictitious one.
fn patient() -> Ins {
    Ins::new("207058575627097", "1.2.250.1.213.1.4.10").unwrap()
}

fn published(root: &str, extension: &str) -> Id {
    Id {
        root: root.to_owned(),
        extension: extension.to_owned(),
    }
}

#[test]
fn every_envelope_is_read_with_its_addressing_and_its_assertion() {
    for (name, transaction) in [
        ("TD0.2_Test_d_existence", Transaction::Td02),
        ("TD0.3_Mise_a_jour_de_l_autorisation", Transaction::Td03),
        ("TD0.4_Liste_des_DMP_autorises", Transaction::Td04),
        ("TD0.5_Recherche_d_un_patient_sans_INS", Transaction::Td05),
        ("TD1.3a_Consultation", Transaction::Td13a),
        ("TD1.6_Liste_des_PS_autorises_ou_bloques", Transaction::Td16),
        ("TD3.1_Recherche_de_document", Transaction::Td31),
        ("TD3.2_Consultation_d_un_document", Transaction::Td32),
        ("TD3.3c_Supprimer_un_document", Transaction::Td33),
        ("TD3.3d_Archiver_un_document", Transaction::Td33),
    ] {
        let Some(bytes) = official(&format!("{name}_requete")) else {
            return;
        };
        let envelope = soap::read(&bytes[..], Limits::default()).unwrap();
        assert_eq!(envelope.version, Version::V12, "{name}");
        let (found, addressed) = envelope.header.request().unwrap();
        assert_eq!(found.request_action(), transaction.request_action());
        assert!(addressed.message_id.starts_with("urn:uuid:"), "{name}");
        assert_eq!(addressed.to, "", "{name}");
        assert!(matches!(envelope.body, Body::Payload(_)), "{name}");
        let assertion = envelope.assertion.unwrap().of(&bytes).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let from = text.find("<saml2:Assertion").unwrap();
        let to = text.find("</saml2:Assertion>").unwrap() + "</saml2:Assertion>".len();
        assert_eq!(assertion.xml, &text[from..to], "{name}");
        let prefixes: Vec<&str> = assertion.namespaces.iter().map(|n| n.0.as_str()).collect();
        assert!(prefixes.contains(&"soap") && prefixes.contains(&"wsse"));
        assert!(!prefixes.contains(&"saml2"), "{name}: declared by itself");

        let bytes = official(&format!("{name}_reponse")).unwrap();
        let envelope = soap::read(&bytes[..], Limits::default()).unwrap();
        let relates_to = envelope.header.relates_to.clone().unwrap();
        envelope.check_answer(transaction, &relates_to).unwrap();
        assert_eq!(
            envelope.check_answer(transaction, "urn:uuid:another"),
            Err(SoapError::Unrelated)
        );
        let other = match transaction {
            Transaction::Td04 => Transaction::Td03,
            _ => Transaction::Td04,
        };
        assert_eq!(
            envelope.check_answer(other, &relates_to),
            Err(SoapError::Action)
        );
    }
}

#[test]
fn the_requests_about_one_patient_are_read() {
    for (name, asked) in [
        ("TD0.2_Test_d_existence_requete", Asked::Existence),
        ("TD1.3a_Consultation_requete", Asked::Administrative),
    ] {
        let Some(bytes) = official(name) else { return };
        let (_, query) = enveloped(&bytes, |r, s| hl7::read_patient_query(r, s).unwrap());
        assert_eq!(query.asked, asked);
        assert_eq!(query.patient, patient());
        let id = "1633a409-3d61-4869-aed8-74d92ae20272";
        assert_eq!(query.message.id, published("1.3.6.1.4.1.48364.1.1", id));
        let id = "87d5fd8f-72b2-43bf-938c-0402bf850d25";
        assert_eq!(query.message.query, published("1.3.6.1.4.1.48364.2", id));
        assert_eq!(query.message.device, "1.3.6.1.4.1.48364");
        assert_eq!(query.message.software, "LPS GIE-SV");
    }
}

fn request_id() -> Id {
    published(
        "1.3.6.1.4.1.48364.1.1",
        "1633a409-3d61-4869-aed8-74d92ae20272",
    )
}

#[test]
fn the_answer_to_td02_is_read() {
    let Some(bytes) = official("TD0.2_Test_d_existence_reponse") else {
        return;
    };
    let (_, existence) = enveloped(&bytes, |r, s| {
        hl7::read_existence(r, s, &patient(), &request_id()).unwrap()
    });
    assert_eq!(existence.state, DossierState::Active);
    assert_eq!(existence.authorisation, Authorisation::Valide);
    assert!(existence.medecin_traitant);
    assert!(!existence.attached_to_mes);
    assert_eq!(existence.authorised_until, None);
    assert!(!existence.opposition_bris_de_glace && !existence.opposition_centre_15);
    let traits = existence.traits.unwrap();
    // Its only family name is the birth name: the lot of TD2.1 has it so.
    assert_eq!(traits.birth_name, "patb-quatre");
    assert_eq!(traits.used_name, None);
    assert_eq!(traits.given_names, ["LAURENCE"]);
    assert_eq!(traits.birth_date, "19070525");
    assert_eq!(traits.sex, Sex::M);
    assert_eq!(traits.birth_place, None);
    // It is the answer to one message, about one patient.
    let other = Ins::new("279035121518989", "1.2.250.1.213.1.4.10").unwrap();
    let mut envelope = soap::read(&bytes[..], Limits::default()).unwrap();
    let Body::Payload(start) = envelope.body else {
        panic!("no payload")
    };
    assert!(hl7::read_existence(&mut envelope.reader, &start, &other, &request_id()).is_err());
    let mut envelope = soap::read(&bytes[..], Limits::default()).unwrap();
    let id = published("1.3.6.1.4.1.48364.1.1", "another");
    assert!(hl7::read_existence(&mut envelope.reader, &start, &patient(), &id).is_err());
}

#[test]
fn the_answer_to_td13a_is_read() {
    let Some(bytes) = official("TD1.3a_Consultation_reponse") else {
        return;
    };
    let (_, data) = enveloped(&bytes, |r, s| {
        hl7::read_administrative(r, s, &patient(), &request_id()).unwrap()
    });
    assert_eq!(data.state, DossierState::Active);
    assert!(!data.opposition_bris_de_glace && !data.opposition_centre_15);
    assert!(!data.attached_to_mes && data.to_notify.is_empty());
    assert!(data.medecins_traitants.is_empty());
    let [father] = &data.representatives[..] else {
        panic!("one representative")
    };
    assert_eq!(father.relation, "FTH");
    assert_eq!(
        (father.given.as_str(), father.family.as_str()),
        ("Jean", "REPLEG")
    );
    assert_eq!(father.contact.as_deref(), Some("0923456789"));
}

#[test]
fn the_search_by_traits_is_read_both_ways() {
    let Some(bytes) = official("TD0.5_Recherche_d_un_patient_sans_INS_requete") else {
        return;
    };
    let (_, query) = enveloped(&bytes, |r, s| hl7::read_search_query(r, s).unwrap());
    assert_eq!(query.search.name, "DECHAINE");
    assert_eq!(query.search.given, None);
    assert_eq!(query.search.birth_date, "");
    assert_eq!(query.search.sex, None);
    assert_eq!(query.message.id, request_id());

    let bytes = official("TD0.5_Recherche_d_un_patient_sans_INS_reponse").unwrap();
    let (_, candidates) = enveloped(&bytes, |r, s| {
        hl7::read_candidates(r, s, &request_id()).unwrap()
    });
    let [candidate] = &candidates[..] else {
        panic!("one candidate")
    };
    assert_eq!(candidate.ins.matricule(), "157069329642881");
    assert_eq!(candidate.score, 100);
    assert!(!candidate.opposition_centre_15);
}

#[test]
fn the_services_are_read_both_ways() {
    let Some(bytes) = official("TD0.3_Mise_a_jour_de_l_autorisation_requete") else {
        return;
    };
    let (_, change) = enveloped(&bytes, |r, s| {
        services::read_set_authorisation_request(r, s).unwrap()
    });
    assert_eq!(change, AuthorisationChange::Declare);
    let bytes = official("TD0.3_Mise_a_jour_de_l_autorisation_reponse").unwrap();
    let (_, done) = enveloped(&bytes, |r, s| {
        services::read_set_authorisation(r, s).unwrap()
    });
    assert!(!done, "it says that nothing was done");

    let bytes = official("TD1.6_Liste_des_PS_autorises_ou_bloques_requete").unwrap();
    let (_, mode) = enveloped(&bytes, |r, s| {
        services::read_list_professionals_request(r, s).unwrap()
    });
    assert_eq!(mode, ProfessionalsMode::Toute);
    let bytes = official("TD1.6_Liste_des_PS_autorises_ou_bloques_reponse").unwrap();
    let (_, rows) = enveloped(&bytes, |r, s| services::read_professionals(r, s).unwrap());
    let [row] = &rows[..] else { panic!("one row") };
    assert_eq!(
        (row.id.as_str(), row.name.as_str()),
        ("899900063480", "MAX LIBRE")
    );
    assert_eq!(row.authorisation, Authorisation::Valide);
    assert!(!row.medecin_traitant);
    assert_eq!(row.since, Some(at("2021-06-01T13:58:04Z")));

    let bytes = official("TD0.4_Liste_des_DMP_autorises_requete").unwrap();
    let (_, query) = enveloped(&bytes, |r, s| {
        services::read_list_dossiers_request(r, s).unwrap()
    });
    assert_eq!(query.since, Some(at("2010-10-10T20:20:10Z")));
    assert_eq!(query.date, DossierDate::LastDocument);
    let bytes = official("TD0.4_Liste_des_DMP_autorises_reponse").unwrap();
    let (_, rows) = enveloped(&bytes, |r, s| services::read_dossiers(r, s).unwrap());
    let [first, second] = &rows[..] else {
        panic!("two rows")
    };
    assert_eq!(first.ins.matricule(), "153078987658513");
    assert!(!first.medecin_traitant && second.medecin_traitant);
    assert_eq!(second.ins, patient());
    assert_eq!(first.last_added, Some(at("2021-05-25T13:47:35Z")));
    assert_eq!(first.authorised_at, None);
}

/// The boundary of a package whose HTTP headers were not kept: its first line says it.
fn boundary_of(bytes: &[u8]) -> String {
    let line = bytes.split(|b| *b == b'\n').next().unwrap();
    let line = std::str::from_utf8(line).unwrap().trim_end();
    line.strip_prefix("--").unwrap().to_owned()
}

#[test]
fn the_package_of_td21_is_read_and_its_documents_are_the_published_ones() {
    let Some(bytes) = official("TD2.1_Alimentation_requete") else {
        return;
    };
    let media = format!(
        "multipart/related; type=\"application/xop+xml\"; start=\"<rootpart@soapui.org>\"; start-info=\"application/soap+xml\"; boundary=\"{}\"",
        boundary_of(&bytes)
    );
    let received = mtom::receive(&media, &bytes[..], &mtom::Limits::default()).unwrap();
    assert!(received.multipart);
    let envelope = soap::read(&received.root[..], Limits::default()).unwrap();
    assert_eq!(envelope.version, Version::V11, "the published sample's own");
    let (transaction, _) = envelope.header.request().unwrap();
    assert_eq!(transaction, Transaction::Td21);
    assert!(envelope.assertion.unwrap().of(&received.root).is_some());
    let [document, signature] = &received.attachments[..] else {
        panic!("two documents")
    };
    assert_eq!(document.content_id, "WS_DMP_TD2.1-DocumentME2.xml");
    assert!(document.bytes.starts_with(b"<ClinicalDocument"));
    assert!(signature.bytes.starts_with(b"<Signature"));
    assert!(signature.bytes.ends_with(b"</Signature>"));
    let found = received.attachment("cid:WS_DMP_TD2.1-DocumentME2.xml");
    assert_eq!(found, Some(document));
    assert_eq!(received.attachment("cid:another"), None);
    // The answer is a message alone.
    let bytes = official("TD2.1_Alimentation_reponse").unwrap();
    let media = "application/soap+xml; charset=UTF-8";
    let received = mtom::receive(media, &bytes[..], &mtom::Limits::default()).unwrap();
    assert!(!received.multipart);
    let envelope = soap::read(&received.root[..], Limits::default()).unwrap();
    let id = "urn:uuid:b3745a7c-4d1a-4cfd-a752-536197e4ac7a";
    envelope.check_answer(Transaction::Td21, id).unwrap();
}

#[test]
fn the_packages_of_another_vendor_are_read() {
    let Some(bytes) = corpus("xds/nist__sample_mtom_message.txt") else {
        return;
    };
    let media = format!(
        "multipart/related; boundary={}; type=\"application/xop+xml\"; start-info=\"application/soap+xml\"",
        boundary_of(&bytes)
    );
    let received = mtom::receive(&media, &bytes[..], &mtom::Limits::default()).unwrap();
    let envelope = soap::read(&received.root[..], Limits::default()).unwrap();
    assert_eq!(
        envelope.header.action.as_deref(),
        Some("urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b")
    );
    let text = String::from_utf8(received.root.clone()).unwrap();
    let from = text.find("href=\"cid:").unwrap() + "href=\"".len();
    let href = &text[from..from + text[from..].find('"').unwrap()];
    // The sample was shortened by hand: it includes a document by another name than its part has.
    assert_eq!(received.attachment(href), None);
    let document = received.attachment("cid:2.694859fac46e21a68c012f8f4fe208a370fc32b6e07ae79f");
    assert!(
        document
            .unwrap()
            .bytes
            .starts_with(b"This is my document.\n")
    );

    let bytes = corpus("xds/nist__http-simple.txt").unwrap();
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let media = head
        .lines()
        .find_map(|l| l.strip_prefix("Content-Type:"))
        .unwrap();
    let received = mtom::receive(media, body.as_bytes(), &mtom::Limits::default()).unwrap();
    assert!(!received.multipart && received.attachments.is_empty());
    let envelope = soap::read(&received.root[..], Limits::default()).unwrap();
    assert!(matches!(envelope.body, Body::Payload(_)));
}

#[test]
fn damaged_envelopes_of_another_vendor_are_refused_each_for_its_reason() {
    let Some(bytes) = corpus("xds/nist__soap-noaction-pnr.xml") else {
        return;
    };
    let envelope = soap::read(&bytes[..], Limits::default()).unwrap();
    assert_eq!(
        envelope.header.request().unwrap_err(),
        SoapError::Missing("MessageID")
    );
    let bytes = corpus("xds/nist__empty-soap-wrapper.xml").unwrap();
    let envelope = soap::read(&bytes[..], Limits::default()).unwrap();
    assert_eq!(envelope.body, Body::Empty);
    let bytes = corpus("xds/nist__xml-parse-error.xml").unwrap();
    let read = soap::read(&bytes[..], Limits::default());
    assert!(read.is_err() || soap::end(&mut read.unwrap().reader).is_err());
}
