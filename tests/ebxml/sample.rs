//! A document and a lot of our own.

use dmpkit::dmp::protocol::ebxml::Entry;
use dmpkit::document::{
    Author, Coded, Confidentiality, Dtm, EntryUuid, Metadata, Oid, Status, SubmissionSet,
    Visibility,
};

pub fn oid(text: &str) -> Oid {
    Oid::new(text).unwrap()
}

pub fn dtm(text: &str) -> Dtm {
    Dtm::parse(text).unwrap()
}

pub fn uuid(n: u32) -> EntryUuid {
    EntryUuid::new(&format!("urn:uuid:11111111-2222-4333-8444-{n:012}")).unwrap()
}

pub fn author() -> Author {
    Author {
        author_person: "810101234567^RIVIÈRE^Camille^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
            .parse()
            .unwrap(),
        author_institution: Some(
            "MAISON DE SANTÉ DU PONT^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^410101234567001"
                .parse()
                .unwrap(),
        ),
        author_specialty: Some(Coded::new(
            "G15_10/SM26",
            "1.2.250.1.213.1.1.4.5",
            "Médecin - Qualifié en Médecine Générale (SM)",
        )),
        author_role: Some("Médecin traitant".into()),
    }
}

pub fn metadata(n: u32) -> Metadata {
    Metadata {
        unique_id: oid(&format!("1.2.250.1.999.7.{n}")),
        mime_type: "text/xml".into(),
        language_code: "fr-FR".into(),
        creation_time: dtm("20260301103000"),
        service_start_time: dtm("20260301090000"),
        service_stop_time: Some(dtm("20260301093000")),
        title: format!("Compte rendu n° {n} : « bilan » & suivi <1>"),
        comments: Some("À relire".into()),
        author: vec![author()],
        legal_authenticator: Some(author().author_person),
        patient_id: "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
            .parse()
            .unwrap(),
        source_patient_id: "4477^^^&1.2.250.1.999.2&ISO^PI".parse().unwrap(),
        source_patient_info: vec![
            "PID-5|LEFÈVRE^Zoé^^^^^L".into(),
            "PID-7|19790312".into(),
            "PID-8|F".into(),
        ],
        class_code: Coded::new("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
        type_code: Coded::new(
            "11488-4",
            "2.16.840.1.113883.6.1",
            "CR ou fiche de consultation ou de visite",
        ),
        format_code: Coded::new(
            "urn:ihe:iti:xds-sd:pdf:2008",
            "1.3.6.1.4.1.19376.1.2.3",
            "Document à corps non structuré en Pdf/A-1",
        ),
        confidentiality: Confidentiality::N,
        healthcare_facility_type_code: Coded::new(
            "SA07",
            "1.2.250.1.71.4.2.4",
            "Cabinet individuel",
        ),
        practice_setting_code: Coded::new("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        event_code_list: vec![
            Coded::new(
                "H33",
                "2.16.840.1.113883.6.3",
                "Décollement et déchirement de la rétine",
            ),
            Coded::new("DEQP003", "1.2.250.1.213.2.5", "Électrocardiographie"),
        ],
        reference_id_list: vec![
            "1.2.250.1.999.5^^^^urn:ihe:iti:xds:2016:studyInstanceUID"
                .parse()
                .unwrap(),
        ],
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    }
}

pub fn entry(n: u32) -> Entry {
    Entry {
        logical_id: Some(uuid(n)),
        version: Some(1),
        status: Some(Status::Approved),
        hash: Some("2c0b4b39aa55aa55aa55aa55aa55aa55aa55aa55".into()),
        size: Some(2768),
        repository_unique_id: Some("1.2.250.1.213.4.1.1.1.2".into()),
        ..Entry::new(uuid(n).as_str(), metadata(n), Visibility::NORMAL)
    }
}

pub fn submission() -> SubmissionSet {
    SubmissionSet {
        entry_uuid: EntryUuid::derived("submission", "1.2.250.1.999.8.1"),
        unique_id: oid("1.2.250.1.999.8.1"),
        source_id: oid("1.2.250.1.999"),
        submission_time: dtm("20260301104500"),
        patient_id: "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
            .parse()
            .unwrap(),
        author: author(),
        content_type_code: Coded::new("07", "1.2.250.1.213.2.2", "Consultation"),
        title: Some("Lot du 1er mars".into()),
        comments: None,
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    }
}
