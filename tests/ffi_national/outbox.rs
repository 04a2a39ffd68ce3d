//! The outbox over the network: an outage, and a dispatch that is cancelled.

use serde_json::{Value, json};

use crate::face::dispatch;
use crate::lent::Way;
use crate::practice::{self, ask, bare, ins, report, report_id, traits};
use crate::{World, call};

/// A practice at work on a simulator, with documents in its outbox: connector and session.
fn handed_over(world: &World, documents: u32) -> (usize, usize) {
    let connector = world.connector();
    practice::open_dossier(connector, &ins(), &traits());
    let session = practice::open_session(connector, &practice::doctor());
    let record = json!({"patient": ins(), "status": "qualifiee", "traits": traits()});
    ask("dmp_patient_register", session, &record).ok();
    let request = json!({"patient": ins()}).to_string();
    for n in 0..documents {
        call("dmp_outbox_add", session, Some(&request), Some(&report(n))).ok();
    }
    (connector, session)
}

fn dispatched(connector: usize) -> Value {
    bare("dmp_outbox_dispatch", connector).ok().json()
}

#[test]
fn an_outage_is_waited_out_and_told_to_a_person() {
    let world = World::new();
    let (connector, session) = handed_over(&world, 2);
    let host = world.host();
    assert_eq!(host.lend_transport(connector), dmpkit::ffi::status::DMP_OK);
    *host.way.lock().expect("the way") = Way::Fail(dmpkit::ffi::status::DMP_NETWORK);
    let answer = dispatched(connector);
    assert_eq!(answer["ended"], "dmp_unavailable");
    assert_eq!(answer["reason"]["rule"], "NET-UNREACHABLE");
    let next = answer["next"].as_str().expect("an instant").to_owned();
    let listed = bare("dmp_outbox_list", session).ok().json();
    assert_eq!(listed["retryAt"], next.as_str());
    assert_eq!(listed["counts"]["waiting"], 2);
    // Until then nothing is tried.
    *host.way.lock().expect("the way") = Way::Forward;
    assert_eq!(dispatched(connector)["ended"], "dmp_unavailable");
    call("dmp_connector_set_time", connector, Some(&next), None).ok();
    let answer = dispatched(connector);
    assert_eq!((&answer["sent"], &answer["left"]), (&json!(2), &json!(0)));
    assert_eq!(
        bare("dmp_outbox_list", session).ok().json().get("retryAt"),
        None
    );
    let deposited = practice::documents_of(connector, &ins());
    assert_eq!(deposited.len(), 2);
    assert!(deposited.contains(&report_id(0)));
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}

#[test]
fn a_dispatch_is_cancelled_between_two_items_too() {
    let world = World::new();
    let (connector, session) = handed_over(&world, 3);
    let answer = dispatch(connector, |_| {
        bare("dmp_connector_cancel", connector).ok();
        0
    });
    assert_eq!(
        (&answer["ended"], &answer["sent"]),
        (&json!("told"), &json!(1))
    );
    assert!(answer["next"].is_string());
    // The next call is not the one that was cancelled.
    assert_eq!(dispatched(connector)["sent"], 2);
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}
