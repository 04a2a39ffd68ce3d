//! What holds in every dossier after every call of any story.

#[path = "common/chronicle.rs"]
mod chronicle;
#[path = "common/dmp/mod.rs"]
mod dmp;
#[path = "common/drawn.rs"]
mod drawn;
#[path = "common/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use chronicle::{Registry, every_story, everything, patients, stories_until, through, witness};
use dmp::{Bench, Doc, outcome, patient, physician, start};
use dmpkit::clock::Instant;
use dmpkit::dmp::embedded::holder::{HolderAction, Side};
use dmpkit::dmp::{Criteria, StatusChange, VisibilityChange};
use dmpkit::document::{AssociationKind, EntryUuid, Oid, Status};
use dmpkit::dossier::Authorisation;
use dmpkit::identity::Ins;
use dmpkit::rules::Mode;
use sha1::{Digest, Sha1};
use world::{Call, Story, cast};

// ---- identity and versions

#[test]
fn a_logical_id_has_one_current_entry_whose_version_only_grows_and_whose_uuid_is_new_each_time() {
    every_story(|story| {
        let mut named: BTreeMap<EntryUuid, (Oid, u32)> = BTreeMap::new();
        through(story, |_, m| {
            let logical: BTreeSet<&str> = m.after.values().map(|d| d.logical_id.as_str()).collect();
            assert_eq!(logical.len(), m.after.len());
            for (id, entry) in m.after {
                let version = (id.clone(), entry.version);
                let known = named
                    .entry(entry.entry_uuid.clone())
                    .or_insert(version.clone());
                assert_eq!(
                    *known, version,
                    "an entryUUID names one version of one document"
                );
                match m.before.get(id) {
                    None => {
                        assert_eq!((entry.version, &entry.entry_uuid), (1, &entry.logical_id));
                    }
                    Some(old) => {
                        assert_eq!(old.logical_id, entry.logical_id);
                        let changed = old.visibility != entry.visibility;
                        assert_eq!(entry.version > old.version, changed);
                        assert_eq!(entry.entry_uuid != old.entry_uuid, changed);
                    }
                }
            }
            let gone = m.before.keys().find(|id| !m.after.contains_key(*id));
            assert_eq!(gone, None, "nothing is ever removed");
        });
    });
}

#[test]
fn identifiers_have_the_form_the_dmp_accepts() {
    let is_oid = |text: &str| {
        text.len() <= 64
            && text.contains('.')
            && text.split('.').all(|arc| {
                !arc.is_empty()
                    && arc.bytes().all(|b| b.is_ascii_digit())
                    && (arc == "0" || !arc.starts_with('0'))
            })
    };
    every_story(|story| {
        through(story, |bench, m| {
            for entry in m.after.values() {
                assert!(is_oid(entry.unique_id.as_str()));
                assert!(EntryUuid::is_shaped(entry.entry_uuid.as_str()));
            }
            // Those of the DMP's own lots too.
            let (witness, who) = (witness(), patients()[0]);
            let lots = bench.dmp.find_submission_sets(&witness.on(&who), start());
            for lot in lots.unwrap() {
                assert!(is_oid(lot.unique_id.as_str()), "{}", lot.unique_id);
                assert!(EntryUuid::is_shaped(lot.entry_uuid.as_str()));
            }
        });
    });
}

// ---- statuses and replacements

/// Old and new status, as someone who sees everything sees them.
const TRANSITIONS: [(Status, Status); 5] = [
    (Status::Approved, Status::Archived),
    (Status::Approved, Status::Deprecated),
    (Status::Approved, Status::Deleted),
    (Status::Archived, Status::Approved),
    (Status::Archived, Status::Deleted),
];

#[test]
fn statuses_move_along_the_graph_and_deprecated_and_deleted_are_final() {
    every_story(|story| {
        through(story, |bench, m| {
            for (id, entry) in m.after {
                let Some(old) = m.before.get(id) else {
                    assert_eq!(entry.availability_status, Status::Approved);
                    continue;
                };
                let step = (old.availability_status, entry.availability_status);
                if step.0 == step.1 || TRANSITIONS.contains(&step) {
                    continue;
                }
                // One way out: a co-author to whom the successor is hidden, and the document current,
                // may delete it. To refuse would tell him of the successor.
                assert_eq!(step, (Status::Deprecated, Status::Deleted), "{id}");
                let blocked = m.standing.as_ref().unwrap().authorisation == Authorisation::Interdit;
                let hidden = successors(bench, m.after, id)
                    .iter()
                    .all(|new| m.after[new].visibility.masked());
                assert!(blocked || hidden, "{id}");
            }
        });
    });
}

/// The RPLC of a registry: (new, old).
fn replacements(bench: &mut Bench, registry: &Registry) -> Vec<(Oid, Oid)> {
    let objects: Vec<EntryUuid> = registry.values().map(|d| d.entry_uuid.clone()).collect();
    let name = |uuid: &EntryUuid| {
        let found = registry.values().find(|d| &d.entry_uuid == uuid);
        found.unwrap().unique_id.clone()
    };
    let mut pairs = Vec::new();
    for patient in patients() {
        let witness = witness();
        let all = bench
            .dmp
            .associations(&witness.on(&patient), &objects)
            .unwrap();
        let rplc = all.iter().filter(|a| a.kind == AssociationKind::Replaces);
        pairs.extend(rplc.map(|a| (name(&a.source), name(&a.target))));
    }
    pairs
}

fn successors(bench: &mut Bench, registry: &Registry, old: &Oid) -> Vec<Oid> {
    let pairs = replacements(bench, registry);
    pairs
        .into_iter()
        .filter(|(_, o)| o == old)
        .map(|(new, _)| new)
        .collect()
}

#[test]
fn a_replacement_is_one_association_from_a_new_identifier_to_an_older_document() {
    every_story(|story| {
        through(story, |bench, m| {
            let Call::Submit(_, _, docs) = m.call else {
                return;
            };
            let pairs = replacements(bench, m.after);
            let unique: BTreeSet<&(Oid, Oid)> = pairs.iter().collect();
            assert_eq!(unique.len(), pairs.len(), "once for each pair");
            for (new, old) in &pairs {
                assert_ne!(new, old);
                assert_eq!(pairs.iter().filter(|(n, _)| n == new).count(), 1);
            }
            for doc in docs.iter().filter(|_| m.done) {
                let of: Vec<&Oid> = pairs
                    .iter()
                    .filter(|(n, _)| n == doc.id())
                    .map(|(_, o)| o)
                    .collect();
                assert_eq!(of, doc.replaces.iter().collect::<Vec<_>>());
            }
        });
    });
}

/// For everyone in the cast who may search: obsolete exactly when he may name a successor.
#[test]
fn a_document_is_obsolete_for_those_alone_who_may_know_what_replaced_it() {
    every_story(|story| {
        through(story, |bench, m| {
            // Now and then is often enough.
            if !matches!(m.call, Call::Find(..) | Call::Later(_) | Call::Status(..)) {
                return;
            }
            let pairs = replacements(bench, m.after);
            for caller in cast() {
                for patient in patients() {
                    let context = caller.on(&patient);
                    let Ok(page) = bench.dmp.find(&context, &everything()) else {
                        continue;
                    };
                    for seen in page.documents {
                        let news: Vec<Oid> = pairs
                            .iter()
                            .filter(|(_, old)| *old == seen.unique_id)
                            .map(|(new, _)| new.clone())
                            .collect();
                        let known = bench.dmp.references(&context, &news).unwrap();
                        match seen.availability_status {
                            Status::Deprecated => assert_ne!(known, []),
                            Status::Deleted => {}
                            _ => assert_eq!(known, []),
                        }
                    }
                }
            }
        });
    });
}

// ---- visibility and its deadlines

#[test]
fn a_document_has_one_level_and_codes_that_may_stand_together() {
    every_story(|story| {
        through(story, |_, m| {
            for entry in m.after.values() {
                let json = serde_json::to_value(entry).unwrap();
                assert_eq!(json["metadata"]["confidentiality"], "N");
                let codes = json["visibility"].as_array().unwrap();
                let distinct: BTreeSet<&str> = codes.iter().map(|c| c.as_str().unwrap()).collect();
                assert!(codes.len() <= 3 && distinct.len() == codes.len());
                assert!(
                    !(distinct.contains("MASQUE_PS") && distinct.contains("INVISIBLE_PATIENT"))
                );
                assert!(story.minor || !distinct.contains("INVISIBLE_REPRESENTANTS_LEGAUX"));
            }
        });
    });
}

/// What happened to a document that its patient does not see yet.
#[derive(Debug, Default)]
struct Waiting {
    deposited: Option<Instant>,
    shown: Option<Instant>,
    deleted: Option<Instant>,
}

/// CSP R.1111-53: told after two weeks, shown after one month, unless a professional announced it or its
/// author withdrew it before.
#[test]
fn the_delays_of_an_invisible_document_are_kept_to_the_instant() {
    every_story(|story| {
        let mut waiting: BTreeMap<Oid, Waiting> = BTreeMap::new();
        let mut bench = through(story, |bench, m| {
            let now = bench.now();
            for (id, entry) in m.after {
                if !m.before.contains_key(id) && entry.visibility.invisible_patient() {
                    waiting.entry(id.clone()).or_default().deposited = Some(now);
                }
            }
            match m.call {
                Call::Visibility(_, _, id, VisibilityChange::ShowToPatient) if m.done => {
                    if let Some(w) = waiting.get_mut(id) {
                        w.shown.get_or_insert(now);
                    }
                }
                Call::Status(_, _, id, StatusChange::Delete) if m.done => {
                    if let Some(w) = waiting.get_mut(id) {
                        w.deleted.get_or_insert(now);
                    }
                }
                _ => {}
            }
            keep_the_delays(bench, &waiting);
        });
        // And at each instant that matters, when the story is over.
        let mut instants: Vec<Instant> = waiting
            .values()
            .flat_map(|w| {
                let at = w.deposited.unwrap();
                [at.plus_days(14), at.plus_months(1)]
            })
            .flat_map(|at| [Instant::from_millis(at.millis() - 1).unwrap(), at])
            .filter(|at| *at > bench.now())
            .collect();
        instants.sort();
        for at in instants {
            bench.set(at);
            keep_the_delays(&mut bench, &waiting);
        }
    });
}

fn keep_the_delays(bench: &mut Bench, waiting: &BTreeMap<Oid, Waiting>) {
    let (now, registry) = (bench.now(), bench.registry());
    let (mut notices, mut shown) = (0, 0);
    for (id, w) in waiting {
        let deposited = w.deposited.unwrap();
        let (notice, visible) = (deposited.plus_days(14), deposited.plus_months(1));
        let still =
            |at: Instant| w.shown.is_none_or(|s| s >= at) && w.deleted.is_none_or(|d| d >= at);
        notices += usize::from(now >= notice && still(notice));
        shown += usize::from(now >= visible && still(visible));
        let invisible = registry[id].visibility.invisible_patient();
        assert_eq!(invisible, now < visible && w.shown.is_none(), "{id} {w:?}");
    }
    let mut told = Vec::new();
    let mut seen = Vec::new();
    for patient in patients() {
        told.extend(bench.notifications(&patient, Side::Holder, None));
        seen.extend(bench.side_documents(&patient, Side::Holder));
    }
    let count = |kind: &str| told.iter().filter(|n| n.kind == kind).count();
    assert_eq!(count("document_notice"), notices);
    assert_eq!(count("document_visible"), shown);
    let hidden = seen.iter().find(|d| d.visibility.invisible_patient());
    assert_eq!(hidden, None);
}

// ---- who may

#[test]
fn nothing_is_consulted_without_an_authorisation_or_an_emergency_nor_by_the_blocked() {
    every_story(|story| {
        through(story, |_, m| {
            let (Call::Find(by, _) | Call::Read(by, ..)) = m.call else {
                return;
            };
            if m.done {
                let standing = m.standing.as_ref().unwrap();
                assert_ne!(standing.authorisation, Authorisation::Interdit);
                let valid = standing.authorisation == Authorisation::Valide;
                assert!(valid || by.mode.is_emergency());
            }
        });
    });
}

#[test]
fn no_emergency_against_the_patients_opposition() {
    every_story(|story| {
        through(story, |_, m| {
            let (Some(by), true) = (m.call.caller(), m.done) else {
                return;
            };
            let standing = m.standing.as_ref().unwrap();
            assert!(by.mode != Mode::BrisDeGlace || !standing.opposition_bris_de_glace);
            assert!(by.mode != Mode::Centre15 || !standing.opposition_centre_15);
        });
    });
}

#[test]
fn a_bris_de_glace_needs_a_written_reason() {
    let mut bench = Bench::new();
    let who = patient(1);
    bench.open(&who, dmp::ADULT, Default::default());
    for (reason, expected) in [
        (None, dmp::Outcome::Denied),
        (Some(""), dmp::Outcome::Denied),
        (Some(" \t\n"), dmp::Outcome::Denied),
        (Some("coma"), dmp::Outcome::Done),
    ] {
        let mut caller = physician(1, 1).mode(Mode::BrisDeGlace);
        caller.reason = reason;
        let found = bench.dmp.find(&caller.on(&who), &Criteria::default());
        assert_eq!(outcome(found), expected, "{reason:?}");
    }
}

// ---- lots, contents, lists

#[test]
fn a_refused_call_changes_nothing_and_a_lot_is_registered_whole() {
    every_story(|story| {
        through(story, |_, m| {
            let registered = |doc: &Doc| m.after.contains_key(doc.id());
            if let (Call::Submit(_, _, docs), true) = (m.call, m.done) {
                assert!(docs.iter().all(registered));
                assert_eq!(m.after.len(), m.before.len() + docs.len());
            }
            if !m.done {
                assert_eq!(m.after, m.before);
            }
        });
    });
}

#[test]
fn what_was_deposited_comes_back_to_the_byte() {
    every_story(|story| {
        let mut deposited: Vec<(Ins, Oid, Vec<u8>)> = Vec::new();
        through(story, |bench, m| {
            match m.call {
                Call::Submit(_, patient, docs) if m.done => {
                    for doc in docs {
                        deposited.push((*patient, doc.id().clone(), doc.content.clone()));
                        let stored = m.after[doc.id()].metadata.parse().unwrap();
                        assert_eq!(stored, doc.metadata);
                    }
                }
                Call::Holder(HolderAction::Deposit { patient, .. }, content) if m.done => {
                    let new = m.after.keys().find(|id| !m.before.contains_key(*id));
                    deposited.push((*patient, new.unwrap().clone(), content.clone()));
                }
                _ => {}
            }
            for (patient, id, bytes) in &deposited {
                let witness = witness();
                let read = bench.dmp.read(&witness.on(patient), id).unwrap();
                assert_eq!(&read.bytes, bytes);
                let sha1: String = Sha1::digest(bytes)
                    .iter()
                    .map(|b| format!("{b:02x}"))
                    .collect();
                assert_eq!(read.entry.hash, sha1);
                assert_eq!(read.entry.size, bytes.len() as i64);
            }
        });
    });
}

#[test]
fn pages_put_together_are_the_whole_list_most_recent_act_first() {
    every_story(|story| {
        let mut bench = story.begin();
        for (index, call) in story.calls().iter().enumerate() {
            bench.call(index as u32, call);
        }
        for caller in cast() {
            let context_patient = patients()[0];
            let context = caller.on(&context_patient);
            let Ok(whole) = bench.dmp.find(&context, &everything()) else {
                continue;
            };
            assert_eq!(whole.next, None);
            let keys: Vec<(std::cmp::Reverse<Instant>, Oid)> = whole
                .documents
                .iter()
                .map(|d| {
                    let act = d.metadata.parse().unwrap().service_start_time.start();
                    (std::cmp::Reverse(act), d.unique_id.clone())
                })
                .collect();
            assert!(keys.is_sorted());
            for limit in 1..=whole.documents.len() + 1 {
                let mut criteria = everything();
                criteria.limit = Some(limit);
                let mut together = Vec::new();
                loop {
                    let page = bench.dmp.find(&context, &criteria).unwrap();
                    assert!(page.documents.len() <= limit);
                    assert!(page.next.is_none() || page.documents.len() == limit);
                    together.extend(page.documents);
                    match page.next {
                        None => break,
                        next => criteria.after = next,
                    }
                }
                assert_eq!(together, whole.documents, "{limit}");
            }
        }
    });
}

/// Not a property of stories but of what they can say: each kind of call succeeds in some.
#[test]
fn the_stories_reach_what_they_are_for() {
    let reached = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    let check = |story: &Story| {
        through(story, |_, m| {
            let kind = match m.call {
                Call::Submit(_, _, docs) if docs.iter().any(|d| d.replaces.is_some()) => "replace",
                Call::Submit(..) => "submit",
                Call::Visibility(..) => "visibility",
                Call::Status(..) => "status",
                Call::Read(..) => "read",
                Call::Holder(HolderAction::Deposit { .. }, _) => "patient",
                Call::Holder(HolderAction::Mask { .. }, _) => "mask",
                _ => return,
            };
            *reached
                .borrow_mut()
                .entry(format!("{kind} {}", m.done))
                .or_default() += 1;
        });
    };
    stories_until(check, |_| {
        let reached = reached.borrow();
        for kind in ["replace", "submit", "visibility", "status", "read"] {
            for done in [true, false] {
                let count = reached.get(&format!("{kind} {done}")).copied();
                if count.unwrap_or(0) < 3 {
                    return Err(format!("{kind} {done}: {reached:?}"));
                }
            }
        }
        Ok(())
    });
}
