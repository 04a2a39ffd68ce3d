//! A DocumentEntry as an ExtrinsicObject, both ways (ITI TF-3 4.2.3.2; official messages TD2.1 and TD3.1).

use super::forms::{Access, List, give, take};
use super::names::{
    AUTHOR, CLASS, CONFIDENTIALITY, DMP_REPOSITORY, EVENT, FACILITY, FORMAT, PATIENT_ID, PRACTICE,
    REFERENCE_ID_LIST, SIGNATURE_CLASS, SIGNATURE_FORMAT, STABLE_DOCUMENT, TYPE, UNIQUE_ID,
};
use super::object::{Kind, Raw};
use crate::document::{
    Coded, DocumentEntry, EntryUuid, Metadata, OtherClassification, OtherSlot, RawMetadata, Status,
    SubmissionSet, Visibility,
};
use crate::identity::Cx;
use crate::terminology::system::{ASTM, URN};

/// A DocumentEntry on the wire: what was submitted, and what a registry adds.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// `id`: the entryUUID in an answer, a symbolic name (`Document01`) in a request.
    pub id: String,
    /// `lid`: the logicalId; none at creation.
    pub logical_id: Option<EntryUuid>,
    /// `VersionInfo`: the version of the metadata, from 1. What is not a whole number is none.
    pub version: Option<u32>,
    /// `status`; none at creation.
    pub status: Option<Status>,
    /// SHA-1 of the content, hexadecimal.
    pub hash: Option<String>,
    /// Size of the content in bytes.
    pub size: Option<i64>,
    /// The repository that holds the content: what TD3.2 asks with.
    pub repository_unique_id: Option<String>,
    /// `home`: the community, which the DMP does not use.
    pub home: Option<String>,
    /// Visibility codes beside the HL7 level.
    pub visibility: Visibility,
    /// What was submitted.
    pub metadata: Metadata,
}

/// As [`Metadata`].
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Entry({}, …)", self.id)
    }
}

/// An object of an answer that cannot be read as what it is. It is reported apart: never dropped, and the rest of the
/// list stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Its `id` as it came: an entryUUID, as a rule.
    pub entry_uuid: String,
    /// Which field is missing or unreadable; never a value.
    pub why: &'static str,
}

impl Entry {
    /// An entry to submit: no registry has added anything.
    pub fn new(id: &str, metadata: Metadata, visibility: Visibility) -> Entry {
        Entry {
            id: id.to_owned(),
            logical_id: None,
            version: None,
            status: None,
            hash: None,
            size: None,
            repository_unique_id: None,
            home: None,
            visibility,
            metadata,
        }
    }

    /// The entry of a document that a DMP holds, as its registry shows it.
    ///
    /// # Errors
    /// The stored metadata cannot be parsed.
    pub fn of(document: &DocumentEntry) -> Result<Entry, serde_json::Error> {
        Ok(Entry {
            id: document.entry_uuid.as_str().to_owned(),
            logical_id: Some(document.logical_id.clone()),
            version: Some(document.version),
            status: Some(document.availability_status),
            hash: Some(document.hash.clone()),
            size: Some(document.size),
            repository_unique_id: Some(DMP_REPOSITORY.to_owned()),
            home: None,
            visibility: document.visibility,
            metadata: document.metadata.parse()?,
        })
    }

    /// The document that an answer describes. A missing logicalId is the entryUUID, a missing version is 1 (facts of
    /// a first version), a missing hash or size is empty or 0.
    ///
    /// # Errors
    /// `id` is not an entryUUID, or there is no known status.
    pub fn document(&self) -> Result<DocumentEntry, Unreadable> {
        let unreadable = |why| Unreadable {
            entry_uuid: self.id.clone(),
            why,
        };
        let entry_uuid =
            EntryUuid::new(&self.id).map_err(|_| unreadable("id: must be an entryUUID"))?;
        Ok(DocumentEntry {
            logical_id: self
                .logical_id
                .clone()
                .unwrap_or_else(|| entry_uuid.clone()),
            entry_uuid,
            version: self.version.unwrap_or(1),
            unique_id: self.metadata.unique_id.clone(),
            availability_status: self
                .status
                .ok_or_else(|| unreadable("status: must be one of JDV_J52"))?,
            visibility: self.visibility,
            hash: self.hash.clone().unwrap_or_default(),
            size: self.size.unwrap_or(0),
            metadata: RawMetadata::of(&self.metadata)
                .map_err(|_| unreadable("metadata: cannot be written as JSON"))?,
        })
    }

    /// Whether it is the signature of a lot, which no one is shown (official message TD2.1, `Signature01`).
    pub fn is_signature(&self) -> bool {
        is_signature(&self.metadata)
    }

    /// Reads an ExtrinsicObject, tolerantly.
    pub(super) fn read(raw: Raw) -> Result<Entry, Unreadable> {
        let Raw {
            id,
            lid,
            home,
            status,
            object_type,
            mime_type,
            mut slots,
            name,
            description,
            version,
            mut classifications,
            mut identifiers,
            ..
        } = raw;
        let or = |why| Unreadable {
            entry_uuid: id.clone(),
            why,
        };
        if object_type.is_some_and(|t| t != STABLE_DOCUMENT) {
            return Err(or("objectType: must be that of a stable document"));
        }
        let status = match status {
            None => None,
            Some(urn) => {
                Some(Status::from_urn(&urn).ok_or_else(|| or("status: must be one of JDV_J52"))?)
            }
        };
        let logical_id = match lid {
            None => None,
            Some(lid) => Some(EntryUuid::new(&lid).map_err(|_| or("lid: must be a urn:uuid"))?),
        };
        let (mut other_slots, mut other_classes, mut other_identifiers) =
            (Vec::new(), Vec::new(), Vec::new());
        let (s, ks) = (&mut slots, &mut other_slots);
        let (c, kc) = (&mut classifications, &mut other_classes);
        let (i, ki) = (&mut identifiers, &mut other_identifiers);

        let patient_id: Cx =
            take(i, ki, PATIENT_ID).ok_or_else(|| or("patientId: is required, as a CX"))?;
        let access: Access =
            take(c, kc, CONFIDENTIALITY).ok_or_else(|| or("confidentialityCode: is required"))?;
        let coded = |c: &mut Vec<OtherClassification>, kc: &mut Vec<_>, scheme, why| {
            take::<_, Coded>(c, kc, scheme).ok_or_else(|| or(why))
        };
        let author: List<_> = take(c, kc, AUTHOR)
            .ok_or_else(|| or("author: is required, with a person that can be read"))?;
        let events: Option<List<Coded>> = take(c, kc, EVENT);
        let info: Option<List<String>> = take(s, ks, "sourcePatientInfo");
        let references: Option<List<Cx>> = take(s, ks, REFERENCE_ID_LIST);
        let hash = take(s, ks, "hash");
        let size = take(s, ks, "size");
        let repository_unique_id = take(s, ks, "repositoryUniqueId");
        let mut metadata = Metadata {
            unique_id: take(i, ki, UNIQUE_ID)
                .ok_or_else(|| or("uniqueId: is required, as an OID without extension"))?,
            mime_type: mime_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
            language_code: take(s, ks, "languageCode")
                .ok_or_else(|| or("languageCode: is required"))?,
            creation_time: take(s, ks, "creationTime")
                .ok_or_else(|| or("creationTime: is required, in UTC"))?,
            service_start_time: take(s, ks, "serviceStartTime")
                .ok_or_else(|| or("serviceStartTime: is required, in UTC"))?,
            service_stop_time: take(s, ks, "serviceStopTime"),
            title: name.unwrap_or_default(),
            comments: description,
            author: author.0,
            legal_authenticator: take(s, ks, "legalAuthenticator"),
            source_patient_id: take(s, ks, "sourcePatientId").unwrap_or_else(|| patient_id.clone()),
            patient_id,
            source_patient_info: info.map_or_else(Vec::new, |l| l.0),
            class_code: coded(c, kc, CLASS, "classCode: is required")?,
            type_code: coded(c, kc, TYPE, "typeCode: is required")?,
            format_code: coded(c, kc, FORMAT, "formatCode: is required")?,
            confidentiality: access.level,
            healthcare_facility_type_code: coded(
                c,
                kc,
                FACILITY,
                "healthcareFacilityTypeCode: is required",
            )?,
            practice_setting_code: coded(c, kc, PRACTICE, "practiceSettingCode: is required")?,
            event_code_list: events.map_or_else(Vec::new, |l| l.0),
            reference_id_list: references.map_or_else(Vec::new, |l| l.0),
            other_slots: Vec::new(),
            other_classifications: Vec::new(),
            other_identifiers: Vec::new(),
        };
        other_slots.append(&mut slots);
        other_slots.sort_by(|a: &OtherSlot, b| a.name.cmp(&b.name));
        other_classes.append(&mut classifications);
        other_classes.sort_by(|a: &OtherClassification, b| a.scheme.cmp(&b.scheme));
        other_identifiers.append(&mut identifiers);
        other_identifiers.sort_by(|a, b| a.scheme.cmp(&b.scheme));
        metadata.other_slots = other_slots;
        metadata.other_classifications = other_classes;
        metadata.other_identifiers = other_identifiers;
        Ok(Entry {
            logical_id,
            version: version.and_then(|v| v.parse().ok()),
            status,
            hash,
            size,
            repository_unique_id,
            home,
            visibility: access.visibility,
            metadata,
            id,
        })
    }

    /// The ExtrinsicObject. In an answer its classifications stand in the order of the official answers.
    pub(super) fn raw(&self, answer: bool) -> Raw {
        let m = &self.metadata;
        let access = Access {
            level: m.confidentiality,
            visibility: self.visibility,
        };

        let kept = &m.other_slots;
        let mut slots = Vec::with_capacity(12 + kept.len());
        let s = &mut slots;
        give(s, kept, "creationTime", Some(&m.creation_time));
        give(s, kept, "hash", self.hash.as_ref());
        give(s, kept, "languageCode", Some(&m.language_code));
        give(
            s,
            kept,
            "legalAuthenticator",
            m.legal_authenticator.as_ref(),
        );
        give(
            s,
            kept,
            "repositoryUniqueId",
            self.repository_unique_id.as_ref(),
        );
        give(s, kept, "serviceStartTime", Some(&m.service_start_time));
        give(s, kept, "serviceStopTime", m.service_stop_time.as_ref());
        give(s, kept, "size", self.size.as_ref());
        // A local identifier that could not be read was read as the INS: what came is given back.
        let unread =
            m.source_patient_id == m.patient_id && kept.iter().any(|k| k.name == "sourcePatientId");
        let source = Some(&m.source_patient_id);
        give(
            s,
            kept,
            "sourcePatientId",
            if unread { None } else { source },
        );
        if unread && !s.iter().any(|one| one.name == "sourcePatientId") {
            give(s, kept, "sourcePatientId", source);
        }
        give(
            s,
            kept,
            "sourcePatientInfo",
            filled(&m.source_patient_info).as_ref(),
        );
        give(
            s,
            kept,
            REFERENCE_ID_LIST,
            filled(&m.reference_id_list).as_ref(),
        );
        s.extend(
            kept.iter()
                .filter(|k| !SLOTS.contains(&k.name.as_str()))
                .cloned(),
        );

        let kept = &m.other_classifications;
        let mut classifications = Vec::with_capacity(9 + kept.len());
        let c = &mut classifications;
        for scheme in if answer { ANSWER_ORDER } else { REQUEST_ORDER } {
            match scheme {
                AUTHOR => give(c, kept, AUTHOR, filled(&m.author).as_ref()),
                CLASS => give(c, kept, CLASS, Some(&m.class_code)),
                TYPE => give(c, kept, TYPE, Some(&m.type_code)),
                CONFIDENTIALITY => give(c, kept, CONFIDENTIALITY, Some(&access)),
                FORMAT => give(c, kept, FORMAT, Some(&m.format_code)),
                FACILITY => give(c, kept, FACILITY, Some(&m.healthcare_facility_type_code)),
                PRACTICE => give(c, kept, PRACTICE, Some(&m.practice_setting_code)),
                _ => give(c, kept, EVENT, filled(&m.event_code_list).as_ref()),
            }
        }
        let known = |one: &&OtherClassification| {
            let scheme = one.scheme.as_deref().unwrap_or("");
            !REQUEST_ORDER.contains(&scheme)
        };
        c.extend(kept.iter().filter(known).cloned());

        let kept = &m.other_identifiers;
        let mut identifiers = Vec::with_capacity(2 + kept.len());
        give(&mut identifiers, kept, PATIENT_ID, Some(&m.patient_id));
        give(&mut identifiers, kept, UNIQUE_ID, Some(&m.unique_id));
        let other = |scheme: &str| scheme != PATIENT_ID && scheme != UNIQUE_ID;
        identifiers.extend(kept.iter().filter(|k| other(&k.scheme)).cloned());

        Raw {
            kind: Kind::Document,
            id: self.id.clone(),
            lid: self.logical_id.as_ref().map(|l| l.as_str().to_owned()),
            home: self.home.clone(),
            status: self.status.map(|s| s.urn().to_owned()),
            object_type: Some(STABLE_DOCUMENT.to_owned()),
            mime_type: Some(m.mime_type.clone()),
            slots,
            name: Some(m.title.clone()).filter(|t| !t.is_empty()),
            description: m.comments.clone(),
            version: self.version.map(|v| v.to_string()),
            classifications,
            identifiers,
            ..Raw::default()
        }
    }
}

/// The slots that are fields.
const SLOTS: [&str; 11] = [
    "creationTime",
    "hash",
    "languageCode",
    "legalAuthenticator",
    "repositoryUniqueId",
    "serviceStartTime",
    "serviceStopTime",
    "size",
    "sourcePatientId",
    "sourcePatientInfo",
    REFERENCE_ID_LIST,
];

/// As in official message TD2.1.
const REQUEST_ORDER: [&str; 8] = [
    AUTHOR,
    CLASS,
    TYPE,
    CONFIDENTIALITY,
    FORMAT,
    FACILITY,
    PRACTICE,
    EVENT,
];

/// As in official message TD3.1.
const ANSWER_ORDER: [&str; 8] = [
    AUTHOR,
    CLASS,
    CONFIDENTIALITY,
    EVENT,
    FORMAT,
    FACILITY,
    PRACTICE,
    TYPE,
];

fn filled<T: Clone>(list: &[T]) -> Option<List<T>> {
    (!list.is_empty()).then(|| List(list.to_vec()))
}

/// Whether metadata are those of the signature of a lot.
pub fn is_signature(metadata: &Metadata) -> bool {
    metadata.class_code.code == SIGNATURE_CLASS && metadata.format_code.code == SIGNATURE_FORMAT
}

/// The metadata of the document that signs a lot: fixed codes, the lot's own author and time, the first document's
/// sector and setting (official message TD2.1, `Signature01`). It goes with [`SIGNATURE_VISIBILITY`].
pub fn signature_metadata(
    submission: &SubmissionSet,
    first: &Metadata,
    unique_id: &crate::document::Oid,
) -> Metadata {
    let at = &submission.submission_time;
    Metadata {
        unique_id: unique_id.clone(),
        mime_type: "text/xml".to_owned(),
        language_code: "art".to_owned(),
        creation_time: at.clone(),
        service_start_time: at.clone(),
        service_stop_time: Some(at.clone()),
        title: "Source".to_owned(),
        comments: None,
        author: vec![submission.author.clone()],
        legal_authenticator: Some(submission.author.author_person.clone()),
        patient_id: submission.patient_id.clone(),
        source_patient_id: submission.patient_id.clone(),
        source_patient_info: Vec::new(),
        class_code: Coded::new(SIGNATURE_CLASS, URN, "Digital Signature"),
        type_code: Coded::new("E1762", ASTM, "Full Document"),
        format_code: Coded::new(SIGNATURE_FORMAT, URN, "Default Signature Style"),
        confidentiality: crate::document::Confidentiality::N,
        healthcare_facility_type_code: first.healthcare_facility_type_code.clone(),
        practice_setting_code: first.practice_setting_code.clone(),
        event_code_list: vec![Coded::new(
            "1.2.840.10065.1.12.1.14",
            "1.2.840.10065.1.12",
            "Source",
        )],
        reference_id_list: Vec::new(),
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    }
}

/// The visibility of the document that signs a lot: no one sees it (official message TD2.1). The rule EX_2.1-1050,
/// which forbids the pair, does not bear on it.
pub const SIGNATURE_VISIBILITY: Visibility = Visibility::MASKED.with(Visibility::INVISIBLE_PATIENT);
