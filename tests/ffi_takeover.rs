//! A take-over through the C face: its callback, its report, what a host is told while and after; nothing of a path in
//! errors and log lines.

#![allow(unsafe_code)] // gives the C face a callback, as C does

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::ffi::{CStr, CString, c_char, c_void};
use std::path::Path;
use std::ptr::{null_mut, with_exposed_provenance_mut};

use dmpkit::ffi::memory::dmp_free;
use dmpkit::ffi::takeover::dmp_takeover_run;
use face::{call, function, logged, status_name};
use practice::{Practice, ask, bare, report, report_id};
use serde_json::{Value, json};

/// What a host keeps of a take-over, and when it wants it to end.
struct Host {
    told: Vec<Value>,
    stop_after: usize,
    session: usize,
    called_back: Vec<&'static str>,
}

unsafe extern "C" fn tell(user: *mut c_void, progress: *const c_char) -> i32 {
    // SAFETY: the host below, which lives for the call, and a text of the library.
    let (host, text) = unsafe { (&mut *user.cast::<Host>(), CStr::from_ptr(progress)) };
    let text = text.to_str().expect("UTF-8");
    host.told.push(serde_json::from_str(text).expect("JSON"));
    host.called_back
        .push(bare("dmp_takeover_state", host.session).name());
    i32::from(host.told.len() >= host.stop_after)
}

/// Runs a take-over with the callback of a host.
fn run(session: usize, request: &Value, stop_after: usize) -> (&'static str, Value, Host) {
    let mut host = Host {
        told: Vec::new(),
        stop_after,
        session,
        called_back: Vec::new(),
    };
    let text = CString::new(request.to_string()).expect("no NUL");
    let (mut out, mut error) = (null_mut(), null_mut());
    // SAFETY: a handle is a ticket; the rest lives until the call returns.
    let status = unsafe {
        dmp_takeover_run(
            with_exposed_provenance_mut(session),
            text.as_ptr(),
            Some(tell),
            (&raw mut host).cast(),
            &mut out,
            &mut error,
        )
    };
    let report = if out.is_null() {
        Value::Null
    } else {
        // SAFETY: a text of the library, freed once.
        unsafe {
            let text = CStr::from_ptr(out).to_str().expect("UTF-8").to_owned();
            dmp_free(out.cast());
            serde_json::from_str(&text).expect("JSON")
        }
    };
    // SAFETY: NULL or a text of the library.
    unsafe { dmp_free(error.cast()) };
    (status_name(status), report, host)
}

fn shelf(folder: &Path) -> Value {
    let past = folder.join("ZZSECRET");
    std::fs::create_dir(&past).expect("made");
    for n in 0..5 {
        std::fs::write(past.join(format!("{n}.xml")), report(n)).expect("written");
    }
    std::fs::write(past.join("cut.xml"), &report(9)[..4000]).expect("written");
    std::fs::write(past.join("notes.txt"), b"rien").expect("written");
    json!(past)
}

#[test]
fn a_take_over_is_stopped_called_again_and_sent() {
    let p = Practice::open();
    function("dmp_connector_set_log")
        .call(p.connector, None, None)
        .ok();
    logged();
    let folder = shelf(p.folder.path());
    let request = json!({"folder": folder});
    let dry = json!({"folder": folder, "dryRun": true});

    let (status, said, host) = run(p.session, &dry, usize::MAX);
    assert_eq!((status, host.told.len()), ("DMP_OK", 7));
    assert_eq!(said["counts"]["handedOver"], 5);
    // Called back in, the connector does not wait for itself.
    assert!(
        host.called_back
            .iter()
            .all(|name| *name == "DMP_INVALID_VALUE"),
        "{:?}",
        host.called_back
    );
    let state = bare("dmp_takeover_state", p.session).ok().json();
    assert_eq!(
        (&state["left"], &state["counts"]["unsure"]),
        (&json!(0), &json!(0))
    );

    let (_, report, host) = run(p.session, &request, 3);
    assert_eq!((&report["ended"], host.told.len()), (&json!("told"), 3));
    assert_eq!(report["counts"], host.told[2]["counts"]);
    let before = report["counts"]["handedOver"].as_u64().expect("a count");
    // Without a callback too.
    let reply = call(
        "dmp_takeover_run",
        p.session,
        Some(&request.to_string()),
        None,
    )
    .ok()
    .json();
    assert_eq!(reply["ended"], "complete");
    assert_eq!(reply["counts"]["known"], before);
    assert_eq!(reply["counts"]["handedOver"], 5 - before);
    let line = &reply["lines"][0];
    assert!(
        line["path"]
            .as_str()
            .expect("a path")
            .ends_with("ZZSECRET/cut.xml")
    );
    assert_eq!(
        (&line["rule"], &line["remedy"]["code"]),
        (&json!("TAKEOVER-READ"), &json!("check_file"))
    );
    let state = bare("dmp_takeover_state", p.session).ok().json();
    assert_eq!(
        (&state["left"], &state["counts"]["unsure"]),
        (&json!(5), &json!(5))
    );
    assert!(p.in_the_dmp().is_empty(), "nothing left yet");
    assert_eq!(
        p.journal()
            .iter()
            .filter(|e| e["action"] == "takeover.run")
            .count(),
        2
    );

    // At night, by whatever process dispatches.
    let connector = dmpkit::Connector::open(
        serde_json::from_value(practice::config_on_files(p.folder.path()))
            .expect("a configuration"),
    )
    .expect("a connector");
    // On a DMP over the network another process has no card here.
    if std::env::var_os("DMPKIT_TEST_DMP").is_none() {
        connector
            .set_time(dmpkit::clock::Instant::parse("2026-01-12T22:00:00Z").expect("an instant"))
            .expect("moved");
        loop {
            let answer = connector
                .dispatch(&Default::default(), &mut |_| true)
                .expect("dispatched");
            match answer.next {
                Some(next) => connector
                    .set_time(next.max(connector.now()))
                    .expect("moved"),
                None => break,
            }
        }
        let mut there = p.in_the_dmp();
        there.sort();
        assert_eq!(there, (0..5).map(report_id).collect::<Vec<_>>());
        let state = bare("dmp_takeover_state", p.session).ok().json();
        assert_eq!(
            (&state["left"], &state["counts"]["done"]),
            (&json!(0), &json!(5))
        );
    }
    connector.close().expect("closed");

    // What cannot be listed is named by its field.
    let absent = json!({"folder": p.folder.path().join("ZZSECRET").join("absent")});
    let refused = ask("dmp_takeover_run", p.session, &absent);
    assert_eq!(refused.name(), "DMP_INVALID_VALUE");
    let error = refused.error.expect("a line");
    assert!(
        error.starts_with("folder") && !error.contains("ZZSECRET"),
        "{error}"
    );
    p.verified();
    p.close();
    assert!(logged().iter().all(|line| !line.contains("ZZSECRET")));
}
