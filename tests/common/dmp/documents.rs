//! Documents and lots, well formed unless a test spoils them.

use dmpkit::clock::Instant;
use dmpkit::document::{Coded, Confidentiality, Dtm, EntryUuid, Metadata, Oid};
use dmpkit::document::{SubmissionSet, Visibility};
use dmpkit::identity::Ins;
use dmpkit::terminology::{Terminology, ValueSet, system};

use super::{Caller, oid};

static TERMS: Terminology = Terminology::embedded();

/// A document ready to be deposited.
#[derive(Debug, Clone)]
pub struct Doc {
    pub metadata: Metadata,
    pub visibility: Visibility,
    pub content: Vec<u8>,
    pub replaces: Option<Oid>,
}

/// The uniqueId of the n-th document.
pub fn doc_id(n: u32) -> Oid {
    oid(&format!("1.2.250.1.999.7.{n}"))
}

/// A concept of a value set.
pub fn coded(set: &ValueSet, system: &str, code: &str) -> Coded {
    let found = set.find(system, code).expect("a code of the set");
    Coded::new(&found.code, &found.system, &found.label)
}

pub const REPORT: &str = "11488-4";
pub const SYNTHESIS: &str = "34133-9";

/// The n-th document, of a patient, by one author: a consultation report, or every third a synthesis.
/// Acts are some hours apart, and some at the same instant.
pub fn document(n: u32, patient: &Ins, author: &Caller) -> Doc {
    let act = Instant::parse("2026-01-05T09:00:00Z")
        .unwrap()
        .plus_seconds(i64::from(n % 7) * 7200);
    let kind = if n.is_multiple_of(3) {
        SYNTHESIS
    } else {
        REPORT
    };
    let terms = &TERMS;
    let class = terms.class_of(system::LOINC, kind).unwrap();
    Doc {
        metadata: Metadata {
            unique_id: doc_id(n),
            mime_type: "text/xml".into(),
            language_code: "fr-FR".into(),
            creation_time: Dtm::of(act.plus_seconds(600)),
            service_start_time: Dtm::of(act),
            service_stop_time: None,
            title: format!("Compte rendu {n}"),
            comments: None,
            author: vec![author.requester.author(&TERMS)],
            legal_authenticator: None,
            patient_id: patient.cx(),
            source_patient_id: patient.cx(),
            source_patient_info: Vec::new(),
            class_code: Coded::new(&class.code, &class.system, &class.label),
            type_code: coded(terms.type_code(), system::LOINC, kind),
            format_code: {
                let any = terms.format_code().concepts().next().unwrap();
                Coded::new(&any.code, &any.system, &any.label)
            },
            confidentiality: Confidentiality::N,
            healthcare_facility_type_code: coded(terms.facility(), system::TRE_R02, "SA07"),
            practice_setting_code: coded(terms.practice_setting(), system::TRE_A01, "AMBULATOIRE"),
            event_code_list: Vec::new(),
            reference_id_list: Vec::new(),
            other_slots: Vec::new(),
            other_classifications: Vec::new(),
            other_identifiers: Vec::new(),
        },
        visibility: Visibility::NORMAL,
        content: format!("<ClinicalDocument n=\"{n}\"/>").into_bytes(),
        replaces: None,
    }
}

impl Doc {
    pub fn id(&self) -> &Oid {
        &self.metadata.unique_id
    }

    pub fn with(mut self, visibility: Visibility) -> Doc {
        self.visibility = visibility;
        self
    }

    pub fn replacing(mut self, old: &Oid) -> Doc {
        self.replaces = Some(old.clone());
        self
    }

    /// With one more author.
    pub fn and_by(mut self, author: &Caller) -> Doc {
        self.metadata.author.push(author.requester.author(&TERMS));
        self
    }
}

/// The CDA of a document that the patient wrote.
pub fn patients_cda(n: u32, patient: &Ins) -> Vec<u8> {
    include_str!("../../fixtures/expression_patient_texte.xml")
        .replace("1.2.250.1.999.1.1.2026.301", doc_id(n).as_str())
        .replace("153078987658513", patient.matricule())
        .replace("1.2.250.1.213.1.4.10", patient.oid())
        .into_bytes()
}

/// The SubmissionSet of the n-th lot.
pub fn submission(n: u32, patient: &Ins, by: &Caller, at: Instant) -> SubmissionSet {
    let unique_id = oid(&format!("1.2.250.1.999.8.{n}"));
    SubmissionSet {
        entry_uuid: EntryUuid::derived("lot", unique_id.as_str()),
        unique_id,
        source_id: oid("1.2.250.1.999"),
        submission_time: Dtm::of(at),
        patient_id: patient.cx(),
        author: by.requester.author(&TERMS),
        content_type_code: coded(TERMS.content_type(), system::TRE_R02, "SA07"),
        title: None,
        comments: None,
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    }
}
