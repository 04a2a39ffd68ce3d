//! Documents fetched ahead.

use dmpkit::connector::offline::PreloadRequest;
use dmpkit::connector::oversight::JournalFilter;
use serde_json::json;

use crate::ward::{Ward, id, online, record, report, rule};

fn request(value: serde_json::Value) -> PreloadRequest {
    record(value)
}

#[test]
fn documents_are_fetched_on_criteria_up_to_a_limit_and_not_twice() {
    let ward = Ward::keeping(Some(json!({"keepRead": false})));
    for n in 1..=5 {
        ward.feed(n);
    }
    let access = online(&ward.reader);
    access.read(&id(5)).expect("read, not kept");
    assert_eq!(ward.rows("kept"), 0);
    let first = access
        .preload(&request(json!({"limit": 2})))
        .expect("fetched");
    assert_eq!((first.found, first.kept, first.more), (2, 2, true));
    assert_eq!(ward.kept(), Ok(vec![id(5), id(4)]));
    // Pages of one document, to go through the list.
    let rest = json!({"limit": 10, "criteria": {"limit": 1}});
    let rest = access.preload(&request(rest)).expect("fetched");
    assert_eq!(
        (rest.found, rest.already_kept, rest.kept, rest.more),
        (5, 2, 3, false)
    );
    let none = json!({"criteria": {"typeCode": ["34133-9"]}});
    assert_eq!(access.preload(&request(none)).expect("fetched").found, 0);
    let off = crate::ward::offline(&ward.reader);
    for n in 1..=5 {
        assert!(off.read(&id(n)).expect("read").0 == report(n));
    }
    // Each was read, as the DMP and the practice see it.
    let filter = JournalFilter {
        action: Some("document.read".to_owned()),
        ..JournalFilter::default()
    };
    let entries = ward.connector.journal(&filter).expect("entries").entries;
    let details: Vec<_> = entries.iter().map(|e| e.detail.as_deref()).collect();
    assert_eq!(details[0], None);
    assert_eq!(details[1..6], [Some("preload"); 5]);
    assert_eq!(details[6..], [Some("offline"); 5]);
}

#[test]
fn a_limit_out_of_range_is_a_fault_of_the_caller() {
    let ward = Ward::new();
    let access = online(&ward.reader);
    for limit in [0, 1001] {
        let error = access
            .preload(&request(json!({"limit": limit})))
            .unwrap_err();
        assert_eq!(error.to_string(), "limit: must be 1 to 1000");
    }
}

#[test]
fn fetching_ahead_asks_for_the_same_rights_as_reading() {
    let ward = Ward::new();
    ward.revoke(ward.consent);
    let access = online(&ward.reader);
    let error = access.preload(&Default::default()).unwrap_err();
    assert_eq!(rule(&error), "R1111-46-REVOKED");
    let ward = Ward::keeping(None);
    let error = online(&ward.reader)
        .preload(&Default::default())
        .unwrap_err();
    assert_eq!(rule(&error), "OFFLINE-OFF");
}

#[test]
fn the_same_bytes_stand_once_for_all_their_readers_and_go_with_the_last() {
    let ward = Ward::having_read(&[1, 2]);
    online(&ward.author).read(&id(1)).expect("read");
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (3, 2));
    let remove = dmpkit::dossier::AuthorisationChange::Remove;
    online(&ward.reader).authorise(remove).expect("removed");
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (1, 1));
    online(&ward.author).authorise(remove).expect("removed");
    assert_eq!((ward.rows("kept"), ward.rows("kept_content")), (0, 0));
}
