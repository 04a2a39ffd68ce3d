//! Over the network: with the simulator stopped, what is kept is read, and the failure says so.

use dmpkit::error::ErrorKind;
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use serde_json::json;

use crate::common::simulated;
use crate::ward::{
    Ward, id, ins, kept_for, offline, online, record, remedies, report, rule, try_offline,
};

#[test]
fn with_the_dmp_out_of_reach_kept_documents_open_and_the_failure_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let simulator = simulated::simulator(
        &folder.path().join("dmp.db"),
        Parameters::default(),
        Habilitation::default(),
    );
    for id in [crate::ward::AUTHOR, crate::ward::READER] {
        let requester = crate::common::office::requester(id, "10", Some("SM26"));
        dmpkit::simulator::cards::issue(simulated::pki(), &requester).expect("a card");
    }
    let ward = Ward::on(folder, Some(json!({})), simulated::address(&simulator));
    ward.read_all(&[1]);
    ward.feed(2);
    let access = online(&ward.reader);
    drop(simulator);

    for error in [
        access.find(&Default::default()).map(|_| ()).unwrap_err(),
        access.read(&id(1)).map(|_| ()).unwrap_err(),
        ward.reader
            .access(&record(json!({"patient": ins()})))
            .map(|_| ())
            .unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::Network(_)), "{error}");
        assert_eq!(remedies(&error), ["open_offline"]);
    }
    let off = offline(&ward.reader);
    assert!(off.read(&id(1)).expect("read").0 == report(1));
    assert_eq!(rule(&off.read(&id(2)).unwrap_err()), "OFFLINE-NOT-KEPT");
    assert_eq!(kept_for(&ward.reader), Ok(vec![id(1)]));
    off.journal(&Default::default()).expect("entries");

    // Nothing is kept for the author: nothing is offered to him.
    let error = ward
        .author
        .access(&record(json!({"patient": ins()})))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(remedies(&error), Vec::<String>::new());
    assert_eq!(kept_for(&ward.author), Ok(vec![]));
    // Nor when what the DMP said is too old, nor in an emergency.
    let emergency = json!({"patient": ins(), "mode": "bris_de_glace", "reason": "inconsciente"});
    let error = ward.reader.access(&record(emergency)).map(|_| ());
    assert_eq!(remedies(&error.unwrap_err()), Vec::<String>::new());
    ward.later(72);
    let error = ward
        .reader
        .access(&record(json!({"patient": ins()})))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(remedies(&error), Vec::<String>::new());
    assert_eq!(
        rule(&try_offline(&ward.reader).map(|_| ()).unwrap_err()),
        "OFFLINE-OLD"
    );
}
