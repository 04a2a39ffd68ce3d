//! Each cause that makes a copy go: the reader has read documents 1 and 2, something happens, and what is left is
//! what he may still read. Bytes go with the last right to read them.

use dmpkit::connector::{Connector, restore};
use dmpkit::dmp::{StatusChange, VisibilityChange};
use dmpkit::document::Oid;
use dmpkit::dossier::AuthorisationChange;
use serde_json::{Value, json};

use crate::ward::{READER, Ward, everything, id, ins, kept_for, online, record, report};

type Left = Result<Vec<Oid>, String>;

fn both() -> Left {
    Ok(vec![id(2), id(1)])
}

fn second() -> Left {
    Ok(vec![id(2)])
}

fn none() -> Left {
    Ok(Vec::new())
}

/// Something happens to document 1 that the reader's next question shows.
struct Loss {
    name: &'static str,
    happens: fn(&Ward),
}

const LOSSES: [Loss; 3] = [
    Loss {
        name: "masked by its author",
        happens: |ward| {
            online(&ward.author)
                .change_visibility(&id(1), VisibilityChange::Mask)
                .map(|_| ())
                .expect("masked");
        },
    },
    Loss {
        name: "masked by the patient",
        happens: |ward| ward.patient(json!({"action": "mask", "uniqueId": id(1)})),
    },
    Loss {
        name: "deleted by its author",
        happens: |ward| {
            online(&ward.author)
                .change_status(&id(1), StatusChange::Delete)
                .map(|_| ())
                .expect("deleted");
        },
    },
];

/// A question of the reader's.
type Question = (&'static str, fn(&Ward));

const QUESTIONS: [Question; 6] = [
    ("a search", |ward| {
        online(&ward.reader).find(&everything()).expect("found");
    }),
    ("a search for something else", |ward| {
        let criteria = record(json!({"typeCode": ["34133-9"]}));
        online(&ward.reader).find(&criteria).expect("found");
    }),
    ("a page without it", |ward| {
        let criteria = record(json!({"limit": 1}));
        online(&ward.reader).find(&criteria).expect("found");
    }),
    ("what is new", |ward| {
        let request = record(json!({"since": ward.connector.now()}));
        online(&ward.reader).news(&request).expect("news");
    }),
    ("what is new since long", |ward| {
        let request = record(json!({"since": "2026-01-01T00:00:00Z"}));
        online(&ward.reader).news(&request).expect("news");
    }),
    ("fetching ahead", |ward| {
        online(&ward.reader)
            .preload(&Default::default())
            .expect("fetched");
    }),
];

#[test]
fn a_document_masked_or_deleted_goes_at_the_next_search_or_news_whatever_it_asks() {
    for loss in LOSSES {
        for (name, asks) in QUESTIONS {
            let ward = Ward::having_read(&[1, 2]);
            (loss.happens)(&ward);
            asks(&ward);
            assert_eq!(ward.kept(), second(), "{}, {name}", loss.name);
            assert_eq!(ward.rows("kept_content"), 1, "{}, {name}", loss.name);
        }
    }
}

#[test]
fn until_then_the_patients_masking_cannot_be_known_and_the_copy_is_what_he_last_might_read() {
    let ward = Ward::having_read(&[1, 2]);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    assert_eq!(ward.kept(), both());
}

#[test]
fn what_a_person_of_the_practice_masks_or_deletes_goes_at_once_for_all() {
    for loss in [&LOSSES[0], &LOSSES[2]] {
        let ward = Ward::having_read(&[1, 2]);
        online(&ward.author).read(&id(1)).expect("read");
        (loss.happens)(&ward);
        assert_eq!(ward.kept(), second(), "{}", loss.name);
        assert_eq!(ward.rows("kept"), 1, "{}", loss.name);
    }
}

#[test]
fn what_one_who_still_sees_it_learns_to_be_masked_goes_for_all() {
    let ward = Ward::having_read(&[1, 2]);
    online(&ward.author).read(&id(1)).expect("read");
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    // Its author finds his own document, masked.
    online(&ward.author).find(&everything()).expect("found");
    assert_eq!((ward.rows("kept"), ward.kept()), (1, second()));
    // So does whoever sees it in an emergency.
    let ward = Ward::having_read(&[1, 2]);
    let settings = json!({"maskedInEmergency": true});
    ward.patient(json!({"action": "settings", "settings": settings}));
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    let emergency =
        json!({"patient": crate::ward::ins(), "mode": "bris_de_glace", "reason": "inconsciente"});
    let emergency = ward.reader.access(&record(emergency)).expect("an access");
    assert_eq!(
        emergency
            .find(&everything())
            .expect("found")
            .documents
            .len(),
        2
    );
    assert_eq!((ward.rows("kept"), ward.kept()), (1, second()));
}

#[test]
fn reading_a_document_that_is_no_more_there_makes_its_copy_go() {
    let ward = Ward::having_read(&[1, 2]);
    let access = online(&ward.reader);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    access.read(&id(1)).unwrap_err();
    assert_eq!(ward.kept(), second());
}

#[test]
fn a_reference_that_is_no_more_there_makes_its_copy_go() {
    let ward = Ward::having_read(&[1, 2]);
    let access = online(&ward.reader);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    let found = access.references(&[id(1), id(2)]).expect("references");
    assert_eq!(found.len(), 1);
    assert_eq!(ward.kept(), second());
}

#[test]
fn trying_to_change_a_document_that_is_no_more_there_makes_its_copy_go() {
    let ward = Ward::having_read(&[1, 2]);
    let access = online(&ward.reader);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    access
        .change_visibility(&id(1), VisibilityChange::Mask)
        .unwrap_err();
    assert_eq!(ward.kept(), second());
}

#[test]
fn an_attempt_that_the_dmp_refuses_takes_nothing_from_others() {
    let ward = Ward::having_read(&[1, 2]);
    let nurse = crate::common::office::requester("899900445566", "60", None);
    let nurse = ward.connector.session(nurse).expect("a session");
    let access = online(&nurse);
    ward.patient(json!({"action": "block", "professional": "899900445566"}));
    access
        .change_visibility(&id(1), VisibilityChange::Mask)
        .unwrap_err();
    access
        .change_status(&id(1), StatusChange::Delete)
        .unwrap_err();
    assert_eq!(ward.kept(), both());
}

#[test]
fn a_change_that_leaves_it_readable_shows_in_the_copy() {
    let ward = Ward::new();
    ward.feed(1);
    let author = online(&ward.author);
    author.read(&id(1)).expect("read");
    author
        .change_status(&id(1), StatusChange::Archive)
        .expect("archived");
    let off = crate::ward::offline(&ward.author);
    let (_, read) = off.read(&id(1)).expect("read");
    let status = read.found.entry.availability_status;
    assert_eq!(status, dmpkit::document::Status::Archived);
    assert!(
        off.find(&Default::default())
            .expect("found")
            .documents
            .is_empty()
    );
}

#[test]
fn what_is_masked_and_shown_again_is_read_again_to_be_kept() {
    let ward = Ward::having_read(&[1, 2]);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    online(&ward.reader).find(&everything()).expect("found");
    ward.patient(json!({"action": "unmask", "uniqueId": id(1)}));
    let access = online(&ward.reader);
    access.find(&everything()).expect("found");
    assert_eq!(ward.kept(), second());
    access.read(&id(1)).expect("read");
    assert_eq!(ward.kept(), both());
}

/// Something ends the reader's right to all; what gives it back, and what he then reads offline.
struct End {
    name: &'static str,
    happens: fn(&Ward),
    again: fn(&Ward),
}

fn declare(ward: &Ward) {
    online(&ward.reader)
        .authorise(AuthorisationChange::Declare)
        .expect("declared");
}

fn agree(ward: &Ward) {
    ward.agree(json!({"kind": "care_team"}));
}

const ENDS: [End; 9] = [
    End {
        name: "the consent is withdrawn",
        happens: |ward| ward.revoke(ward.consent),
        again: agree,
    },
    End {
        name: "the patient opposes consultation",
        happens: |ward| {
            let opposition = ward.agree(json!({"kind": "consultation_opposition"}));
            ward.revoke(opposition);
        },
        again: |_| {},
    },
    End {
        name: "he removes his authorisation",
        happens: |ward| {
            online(&ward.reader)
                .authorise(AuthorisationChange::Remove)
                .expect("removed");
        },
        again: declare,
    },
    End {
        name: "he is blocked, and opens the dossier",
        happens: |ward| {
            ward.patient(json!({"action": "block", "professional": READER}));
            online(&ward.reader);
        },
        again: |ward| {
            ward.patient(json!({"action": "unblock", "professional": READER}));
            declare(ward);
        },
    },
    End {
        name: "he is blocked, and what he handed over is dispatched",
        happens: |ward| {
            let request = record(json!({"patient": ins()}));
            ward.reader
                .enqueue(&request, &report(50))
                .expect("handed over");
            ward.patient(json!({"action": "block", "professional": READER}));
            let done = ward.connector.dispatch(&Default::default(), &mut |_| true);
            assert_eq!(done.expect("dispatched").progress.sent, 1);
        },
        again: |ward| {
            ward.patient(json!({"action": "unblock", "professional": READER}));
            declare(ward);
        },
    },
    End {
        name: "he is blocked in the middle of an access, and searches",
        happens: |ward| {
            let access = online(&ward.reader);
            ward.patient(json!({"action": "block", "professional": READER}));
            access.find(&everything()).unwrap_err();
        },
        again: |ward| {
            ward.patient(json!({"action": "unblock", "professional": READER}));
            declare(ward);
        },
    },
    End {
        name: "the dossier is closed, and another opens it",
        happens: |ward| {
            ward.patient(json!({"action": "close_dossier"}));
            online(&ward.author);
        },
        again: |ward| {
            ward.patient(json!({"action": "reopen_dossier"}));
            declare(ward);
        },
    },
    End {
        name: "the maximum age is reached",
        happens: |ward| ward.later(7 * 24),
        again: |ward| {
            online(&ward.reader);
        },
    },
    End {
        name: "the maximum age is reached, with sweeping",
        happens: |ward| {
            ward.later(7 * 24 - 1);
            assert_eq!(ward.connector.sweep_kept().expect("swept").documents, 0);
            ward.later(1);
            assert_eq!(ward.connector.sweep_kept().expect("swept").documents, 2);
            assert_eq!(ward.rows("kept_content"), 0);
        },
        again: |ward| {
            online(&ward.reader);
        },
    },
];

#[test]
fn whatever_ends_the_right_makes_the_copies_go_for_good() {
    for end in ENDS {
        let ward = Ward::having_read(&[1, 2]);
        assert_eq!(ward.kept(), both(), "{}", end.name);
        (end.happens)(&ward);
        (end.again)(&ward);
        assert_eq!(ward.kept(), none(), "{}", end.name);
        let left = (ward.rows("kept"), ward.rows("kept_content"));
        assert_eq!(left, (0, 0), "{}", end.name);
    }
}

#[test]
fn what_is_withdrawn_or_opposed_takes_the_bytes_with_it_in_the_same_call() {
    let ward = Ward::having_read(&[1, 2]);
    ward.revoke(ward.consent);
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
    let ward = Ward::having_read(&[1, 2]);
    ward.agree(json!({"kind": "consultation_opposition"}));
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
}

#[test]
fn what_another_consent_allowed_stays() {
    let ward = Ward::having_read(&[1]);
    let explicit = ward.agree(json!({"kind": "explicit"}));
    ward.read_all(&[2]);
    ward.revoke(explicit);
    assert_eq!(ward.kept(), Ok(vec![id(1)]));
}

#[test]
fn a_consent_that_expires_takes_its_copies_with_it() {
    let ward = Ward::new();
    ward.revoke(ward.consent);
    let until = ward.connector.now().plus_days(1);
    ward.agree(json!({"kind": "care_team", "expiresAt": until}));
    ward.read_all(&[1, 2]);
    assert_eq!(ward.kept(), both());
    ward.later(24);
    agree(&ward);
    assert_eq!(ward.kept(), none());
    assert_eq!(ward.rows("kept"), 0);
}

#[test]
fn an_authorisation_at_its_end_takes_its_copies_with_it() {
    let ward = Ward::keeping(Some(json!({"maxAgeDays": 180, "standingHours": 720})));
    let start = ward.connector.now();
    ward.connector
        .set_time(start.plus_months(6).plus_days(-1))
        .expect("a clock");
    ward.read_all(&[1, 2]);
    assert_eq!(ward.kept(), both());
    ward.later(25);
    // The national DMP does not tell until when: it says so at the next opening.
    online(&ward.reader);
    declare(&ward);
    assert_eq!(ward.kept(), none());
    assert_eq!(ward.rows("kept"), 0);
}

#[test]
fn a_sweep_removes_what_an_authorisation_told_with_its_end_allowed() {
    if crate::common::simulated::national() {
        // It is not told there: the next opening says it.
        return;
    }
    let ward = Ward::keeping(Some(json!({"maxAgeDays": 180, "standingHours": 720})));
    let end = ward.connector.now().plus_months(6);
    ward.connector.set_time(end.plus_days(-1)).expect("a clock");
    ward.read_all(&[1]);
    ward.connector.set_time(end).expect("a clock");
    assert_eq!(ward.connector.sweep_kept().expect("swept").documents, 1);
}

#[test]
fn an_authorisation_renewed_keeps_what_it_allowed() {
    let ward = Ward::keeping(Some(json!({"maxAgeDays": 180, "standingHours": 720})));
    let start = ward.connector.now();
    ward.connector
        .set_time(start.plus_months(6).plus_days(-1))
        .expect("a clock");
    ward.read_all(&[1, 2]);
    ward.patient(json!({"action": "allow", "professional": READER}));
    online(&ward.reader);
    ward.later(25);
    assert_eq!(ward.kept(), both());
}

fn reopened(ward: &Ward, offline: Option<Value>) -> Connector {
    let dmp = crate::common::simulated::dmp_of(&ward.folder.path().join("dmp.db"));
    let mut config = crate::ward::config(ward.folder.path(), offline, dmp);
    config["clock"] = json!(ward.connector.now());
    Connector::open(record(config)).expect("a connector")
}

#[test]
fn opening_a_connector_sweeps_by_the_shorter_of_the_terms_then_and_now() {
    let ward = Ward::having_read(&[1, 2]);
    ward.later(25);
    reopened(&ward, Some(json!({"maxAgeDays": 2})));
    assert_eq!(ward.rows("kept"), 2);
    reopened(&ward, Some(json!({"maxAgeDays": 1})));
    assert_eq!(ward.rows("kept"), 0);
    ward.read_all(&[3]);
    ward.later(7 * 24 + 1);
    reopened(&ward, Some(json!({"maxAgeDays": 30})));
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
}

#[test]
fn switched_off_nothing_is_swept_before_its_term_unless_asked() {
    let ward = Ward::having_read(&[1, 2]);
    let off = reopened(&ward, None);
    assert_eq!(ward.rows("kept"), 2);
    assert_eq!(off.sweep_kept().expect("swept").documents, 2);
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
}

#[test]
fn no_entry_of_the_journal_tells_that_a_copy_went() {
    let ward = Ward::having_read(&[1, 2]);
    ward.patient(json!({"action": "mask", "uniqueId": id(1)}));
    let before = ward.rows("journal");
    online(&ward.reader).find(&everything()).expect("found");
    // The opening, and the search.
    assert_eq!(ward.rows("journal"), before + 2);
}

/// What was learnt since a backup is not in it, and the DMP has not said it again.
#[test]
fn a_restore_brings_no_copy_back() {
    let ward = Ward::having_read(&[1, 2]);
    let backup = ward.folder.path().join("backup.db").display().to_string();
    ward.connector
        .backup(&backup, &mut |_| {})
        .expect("a backup");
    (LOSSES[0].happens)(&ward);
    assert_eq!(ward.kept(), second());
    ward.connector.close().expect("closed");
    let dmp = crate::common::simulated::dmp_of(&ward.folder.path().join("dmp.db"));
    let config = || {
        record(crate::ward::config(
            ward.folder.path(),
            Some(json!({})),
            dmp.clone(),
        ))
    };
    restore(&config(), &backup, None, true).expect("restored");
    let connector = Connector::open(config()).expect("a connector");
    for table in ["kept", "kept_content", "standing"] {
        assert_eq!(ward.rows(table), 0, "{table}");
    }
    let reader = connector
        .session(ward.reader.requester().clone())
        .expect("a session");
    assert_ne!(kept_for(&reader), both());
    // Asked again, read again, kept again.
    online(&reader).read(&id(2)).expect("read");
    assert_eq!(kept_for(&reader), second());
}
