//! Everything that someone can learn by asking, as one text: two worlds that give the same text are the
//! same world to that observer.

#![allow(dead_code, reason = "each test file uses its part")]

use std::fmt::{Debug, Write};

use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::{HolderAction, Side};
use dmpkit::dmp::{
    Criteria, Cursor, DossierDate, DossierQuery, PatientSearch, ProfessionalsMode, StatusChange,
    VisibilityChange,
};
use dmpkit::document::{EntryUuid, Oid, Status, Visibility};
use dmpkit::identity::{Ins, PsIdNat};

use crate::dmp::{ADULT, Bench, Caller, MINOR, REPORT, SYNTHESIS, document, start, submission};

/// What observers are given to ask about: every name there ever was, known to them or not.
pub struct Names {
    /// Those that matter first: the hidden ones.
    pub documents: Vec<Oid>,
    pub lots: Vec<EntryUuid>,
    /// The instants at which acts took place, for cursors that name any document.
    pub acts: Vec<Instant>,
}

impl Names {
    /// The entryUUIDs of the first versions of each document, and those of the lots.
    fn objects(&self) -> Vec<EntryUuid> {
        let versions = self.documents.iter().flat_map(|id| {
            (1..4).map(move |version| EntryUuid::derived("entryUUID", &format!("{id}#{version}")))
        });
        versions.chain(self.lots.iter().cloned()).collect()
    }
}

/// A growing text of questions and answers.
#[derive(Default)]
pub struct Transcript(pub String);

impl Transcript {
    pub fn note(&mut self, question: &str, answer: impl Debug) {
        writeln!(self.0, "{question}: {answer:?}").unwrap();
    }
}

const ALL: [Status; 4] = [
    Status::Approved,
    Status::Deprecated,
    Status::Archived,
    Status::Deleted,
];

/// Searches of every kind, with pages of every small size.
fn criteria(names: &Names) -> Vec<Criteria> {
    let base = || Criteria::default();
    let all = || Criteria {
        status: ALL.to_vec(),
        ..base()
    };
    let mut list = vec![base(), all()];
    for status in ALL {
        list.push(Criteria {
            status: vec![status],
            ..base()
        });
    }
    for limit in 1..4 {
        list.push(Criteria {
            limit: Some(limit),
            ..all()
        });
    }
    for code in [REPORT, SYNTHESIS, "DOCPAT01"] {
        list.push(Criteria {
            type_code: vec![code.into()],
            ..all()
        });
    }
    for visibility in Visibility::all() {
        list.push(Criteria {
            visibility,
            ..all()
        });
    }
    list.push(Criteria {
        class_code: vec!["11".into()],
        author: Some("nom1".into()),
        creation_to: Some(start()),
        ..all()
    });
    for (act, id) in names.acts.iter().zip(&names.documents) {
        list.push(Criteria {
            service_start_from: Some(*act),
            ..all()
        });
        list.push(Criteria {
            service_start_to: Some(*act),
            limit: Some(1),
            ..all()
        });
        list.push(Criteria {
            after: Some(Cursor {
                service_start: *act,
                unique_id: id.clone(),
            }),
            limit: Some(2),
            ..all()
        });
    }
    list
}

impl Bench {
    /// All that a professional or structure reads of a dossier.
    pub fn watch(&mut self, by: &Caller, patient: &Ins, names: &Names, t: &mut Transcript) {
        let context = by.on(patient);
        let now = self.now();
        let dmp = &mut self.dmp;
        t.note("authenticate", dmp.authenticate(&context));
        t.note("existence", dmp.test_existence(&context));
        t.note("administrative", dmp.administrative_data(&context));
        t.note(
            "professionals",
            dmp.list_professionals(&context, ProfessionalsMode::Toute),
        );
        t.note("web", dmp.web_access(&context));
        for date in [DossierDate::LastAuthorisation, DossierDate::LastDocument] {
            for since in [None, Some(start()), Some(now.plus_days(-3)), Some(now)] {
                let query = DossierQuery { since, date };
                t.note("dossiers", dmp.list_dossiers(&by.alone(), &query));
            }
        }
        for birth_date in [ADULT, MINOR] {
            let search = PatientSearch {
                name: "GARRIGUE".into(),
                given: None,
                birth_date: birth_date.into(),
                sex: None,
            };
            t.note("patients", dmp.find_patients(&by.alone(), &search));
        }
        for mut one in criteria(names) {
            // Page after page, to the last.
            for _ in 0..200 {
                let page = dmp.find(&context, &one);
                t.note("find", &page);
                match page.ok().and_then(|page| page.next) {
                    Some(next) if one.limit.is_some() => one.after = Some(next),
                    _ => break,
                }
            }
        }
        t.note("references", dmp.references(&context, &names.documents));
        t.note("documents", dmp.documents(&context, &names.documents));
        for since in [start(), now.plus_days(-3), now] {
            t.note("lots", dmp.find_submission_sets(&context, since));
        }
        let objects = names.objects();
        t.note("associations", dmp.associations(&context, &objects));
        t.note("both", dmp.documents_and_associations(&context, &objects));
        for object in objects.iter().take(6).chain(&names.lots[..2]) {
            let one = std::slice::from_ref(object);
            t.note("associations", dmp.associations(&context, one));
            t.note("both", dmp.documents_and_associations(&context, one));
        }
        for id in &names.documents {
            t.note("read", dmp.read(&context, id));
        }
    }

    /// All that a professional or structure may try on one document, told by the answers alone.
    pub fn meddle(&mut self, by: &Caller, patient: &Ins, id: &Oid, n: u32, t: &mut Transcript) {
        let now = self.now();
        let context = by.on(patient);
        for (k, change) in [
            VisibilityChange::Mask,
            VisibilityChange::Unmask,
            VisibilityChange::ShowToPatient,
            VisibilityChange::ShowToRepresentatives,
        ]
        .into_iter()
        .enumerate()
        {
            let set = submission(n + k as u32, patient, by, now);
            t.note(
                "visibility",
                self.dmp.change_visibility(&context, id, change, &set),
            );
        }
        // A replacement before any change of status, and another after.
        for k in [4, 8] {
            let doc = document(n + k, patient, by).replacing(id);
            let set = submission(n + k, patient, by, now);
            t.note("replace", self.submit_as(by, patient, &set, &[doc]));
            for (k, change) in [
                StatusChange::Archive,
                StatusChange::Unarchive,
                StatusChange::Delete,
            ]
            .into_iter()
            .enumerate()
            .take(if k == 4 { 2 } else { 3 })
            {
                let set = submission(n + 12 + k as u32, patient, by, now);
                t.note("status", self.dmp.change_status(&context, id, change, &set));
            }
        }
    }

    /// All that a side of the patient reads.
    pub fn watch_side(&mut self, patient: &Ins, side: Side, t: &mut Transcript) {
        let patient = *patient;
        t.note(
            "documents",
            self.act(HolderAction::Documents { patient, side }),
        );
        t.note("history", self.act(HolderAction::History { patient, side }));
        let action = HolderAction::Notifications {
            patient,
            side,
            medecin_traitant: None,
        };
        t.note("notifications", self.act(action));
    }

    /// What a médecin traitant is told.
    pub fn watch_notices(&mut self, patient: &Ins, medecin: &PsIdNat, t: &mut Transcript) {
        let action = HolderAction::Notifications {
            patient: *patient,
            side: Side::Holder,
            medecin_traitant: Some(medecin.clone()),
        };
        t.note("notices", self.act(action));
    }
}
