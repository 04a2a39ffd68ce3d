//! Documents kept for reading without network.

use serde_json::json;

use super::documents::feeding;
use super::{access, leaving, session};
use crate::face::call;
use crate::practice::{ask, bare, ins, report, report_id};
use crate::scenario::{Desk, Happened, Step, lasting, passing};

/// A dossier opened without network: the document is read there.
fn is_kept(desk: &Desk, n: u32) {
    // What is kept is rebuilt by asking the DMP.
    if desk.happened == Happened::PowerCut {
        fetched(desk).ok();
    }
    let request = json!({"patient": ins(), "offline": true});
    let offline = ask("dmp_access_open", desk.session, &request).ok().handle;
    let read = call("dmp_document_read", offline, Some(&report_id(n)), None).ok();
    assert!(read.bytes == Some(report(n)), "{n} is not kept as it is");
    bare("dmp_access_close", offline).ok();
}

fn fetched(desk: &Desk) -> crate::face::Reply {
    call("dmp_document_preload", desk.access, None, None)
}

pub fn steps() -> Vec<Step> {
    let connector = passing("open a connector that keeps documents", |desk| {
        desk.more = json!({"offline": {"keepRead": true}});
        let reply = desk.open();
        desk.connector = reply.handle;
        reply
    });
    let fetch = lasting(
        "fetch ahead",
        |desk| fetched(desk),
        |desk, _| (0..2).for_each(|n| is_kept(desk, n)),
    );
    let sweep = passing("sweep", |desk| bare("dmp_connector_sweep", desk.connector));
    let arrival = [connector, session(), access(), feeding(2), fetch, sweep];
    arrival.into_iter().chain(leaving()).collect()
}
