//! When a dossier opens without network, and when it does not.

use dmpkit::connector::Connector;
use serde_json::json;

use crate::ward::{Ward, config, id, ins, offline, online, record, remedies, rule, try_offline};

#[test]
fn nothing_is_kept_and_no_dossier_opens_offline_unless_the_practice_asks_for_it() {
    let ward = Ward::keeping(None);
    ward.read_all(&[1]);
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
    let error = try_offline(&ward.reader).map(|_| ()).unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-OFF");
}

#[test]
fn a_dossier_of_which_the_dmp_never_spoke_to_this_person_does_not_open_offline() {
    let ward = Ward::having_read(&[1]);
    let stranger = crate::common::office::requester("899900445566", "10", Some("SM26"));
    let stranger = ward.connector.session(stranger).expect("a session");
    let error = try_offline(&stranger).map(|_| ()).unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-UNKNOWN");
    assert_eq!(remedies(&error), ["reconnect"]);
}

#[test]
fn what_the_dmp_said_opens_a_dossier_for_the_hours_set_and_no_longer() {
    let ward = Ward::keeping(Some(json!({"standingHours": 10})));
    ward.read_all(&[1]);
    ward.later(9);
    let access = offline(&ward.reader);
    access.read(&id(1)).expect("read");
    ward.later(1);
    // Opened before, it ends as well.
    assert_eq!(rule(&access.read(&id(1)).unwrap_err()), "OFFLINE-OLD");
    let error = try_offline(&ward.reader).map(|_| ()).unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-OLD");
    // An offline opening is no word of the DMP's; an online one is.
    online(&ward.reader);
    offline(&ward.reader).read(&id(1)).expect("read");
}

#[test]
fn an_emergency_does_not_open_offline_and_keeps_nothing() {
    let ward = Ward::new();
    ward.feed(1);
    let emergency = json!({"patient": ins(), "mode": "bris_de_glace", "reason": "inconsciente"});
    let access = ward.reader.access(&record(emergency.clone()));
    let access = access.expect("an access");
    access.read(&id(1)).expect("read");
    let error = access.preload(&Default::default()).unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-MODE");
    assert_eq!(ward.rows("kept"), 0);
    let mut without_network = emergency;
    without_network["offline"] = json!(true);
    let error = ward.reader.access(&record(without_network)).map(|_| ());
    assert_eq!(rule(&error.unwrap_err()), "OFFLINE-MODE");
}

#[test]
fn a_masked_document_is_not_kept_for_those_who_see_it_by_a_special_right() {
    let ward = Ward::new();
    ward.feed(1);
    let author = online(&ward.author);
    author
        .change_visibility(&id(1), dmpkit::dmp::VisibilityChange::Mask)
        .expect("masked");
    author.read(&id(1)).expect("the author reads his own");
    ward.patient(json!({"action": "name_medecin_traitant", "professional": crate::ward::READER}));
    let traitant = online(&ward.reader);
    traitant
        .read(&id(1))
        .expect("the médecin traitant reads all");
    let report = traitant.preload(&Default::default()).expect("fetched");
    assert_eq!((report.found, report.set_aside, report.kept), (1, 1, 0));
    assert_eq!(ward.rows("kept"), 0);
}

#[test]
fn what_a_single_consultation_allowed_is_not_kept_and_is_not_spent_offline() {
    let ward = Ward::new();
    ward.feed(1);
    ward.revoke(ward.consent);
    let single = json!({"kind": "single_consultation"});
    ward.agree(single.clone());
    let access = online(&ward.reader);
    access.read(&id(1)).expect("read");
    assert_eq!(
        rule(&access.preload(&Default::default()).unwrap_err()),
        "OFFLINE-SINGLE"
    );
    assert_eq!(ward.rows("kept"), 0);
    ward.agree(single);
    assert_eq!(ward.kept(), Ok(vec![]));
    online(&ward.reader)
        .read(&id(1))
        .expect("still to be spent");
}

#[test]
fn the_local_consents_decide_offline_as_online() {
    let ward = Ward::having_read(&[1]);
    ward.agree(json!({"kind": "consultation_opposition"}));
    assert_eq!(ward.kept(), Err("R1111-46-OPPOSITION".to_owned()));
    let outside = json!({"patient": ins(), "offline": true, "relation": "outside"});
    let ward = Ward::having_read(&[1]);
    let access = ward.reader.access(&record(outside)).expect("an access");
    assert_eq!(rule(&access.read(&id(1)).unwrap_err()), "R1111-46");
}

#[test]
fn the_configuration_is_held_to_its_ranges() {
    let folder = tempfile::tempdir().expect("a folder");
    let dmp = json!({"embedded": {"path": folder.path().join("dmp.db")}});
    for (member, bad) in [("maxAgeDays", [0, 181]), ("standingHours", [0, 721])] {
        for value in bad {
            let config = config(folder.path(), Some(json!({member: value})), dmp.clone());
            let error = Connector::open(record(config)).map(|_| ()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("offline.{member}: is outside its range")
            );
        }
    }
}
