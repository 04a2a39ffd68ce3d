//! What a host lends: what it says is what the call answers, its secrets stay its own, its callbacks do not call back.

#![allow(unsafe_code)] // gives the C face a callback, as C does

use std::ffi::{c_char, c_void};
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use dmpkit::ffi::connector::dmp_connector_set_log;
use dmpkit::ffi::status::{
    DMP_CANCELLED, DMP_KEY, DMP_NETWORK, DMP_NOT_TRUSTED, DMP_OK, DMP_TIMED_OUT,
    DMP_UNEXPECTED_ANSWER,
};
use serde_json::{Value, json};

use crate::lent::{self, Asked, Way};
use crate::practice::{self, ask, bare, doctor, ins, traits};
use crate::{PASSPHRASE, World, failed, refused};

#[test]
fn what_the_hosts_transport_says_is_what_the_call_answers() {
    let world = World::new();
    let host = world.host();
    let connector = world.connector();
    assert_eq!(host.lend_transport(connector), DMP_OK);
    practice::open_dossier(connector, &ins(), &traits());
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let request = json!({"patient": ins()});
    let try_way = |way: Way| {
        *host.way.lock().expect("the way") = way;
        ask("dmp_access_open", session, &request)
    };
    let unreachable = "NET-UNREACHABLE";
    for (code, status, rule, sent) in [
        (DMP_NETWORK, DMP_NETWORK, unreachable, false),
        (DMP_TIMED_OUT, DMP_TIMED_OUT, "NET-TIMED-OUT", true),
        (DMP_CANCELLED, DMP_CANCELLED, "NET-CANCELLED", true),
        (DMP_NOT_TRUSTED, DMP_NOT_TRUSTED, "NET-NOT-TRUSTED", false),
        (DMP_KEY, DMP_NETWORK, "NET-CLIENT-REFUSED", false),
        (
            DMP_UNEXPECTED_ANSWER,
            DMP_UNEXPECTED_ANSWER,
            "NET-UNEXPECTED-ANSWER",
            true,
        ),
        (-1, DMP_NETWORK, unreachable, true),
        (4711, DMP_NETWORK, unreachable, true),
    ] {
        let reply = try_way(Way::Fail(code));
        assert_eq!(failed(&reply, status, rule), sent, "{code}");
    }
    host.take_written();
    let head = |head: Value| head.to_string().into_bytes();
    let soap = json!({"status": 200, "headers": {"Content-Type": "application/soap+xml"}});
    for (parts, codes) in [
        (vec![], vec![]),
        (vec![Vec::new()], vec![DMP_UNEXPECTED_ANSWER]),
        (
            vec![b"HTTP/1.1 200 OK".to_vec()],
            vec![DMP_UNEXPECTED_ANSWER],
        ),
        (vec![b"\xff".to_vec()], vec![DMP_UNEXPECTED_ANSWER]),
        (
            vec![head(json!({"status": 99}))],
            vec![DMP_UNEXPECTED_ANSWER],
        ),
        (
            vec![head(json!({"status": 200, "body": ""}))],
            vec![DMP_UNEXPECTED_ANSWER],
        ),
        // After a head that is none, nothing is taken.
        (
            vec![head(json!({"state": 200})), b"body".to_vec()],
            vec![DMP_UNEXPECTED_ANSWER; 2],
        ),
        (vec![head(json!({"status": 302}))], vec![DMP_OK]),
        (
            vec![head(soap.clone()), b"<html/>".to_vec()],
            vec![DMP_OK; 2],
        ),
        (vec![head(soap)], vec![DMP_OK]),
    ] {
        let reply = try_way(Way::Tell(parts.clone()));
        assert!(failed(
            &reply,
            DMP_UNEXPECTED_ANSWER,
            "NET-UNEXPECTED-ANSWER"
        ));
        assert_eq!(host.take_written(), codes, "{parts:?}");
    }
    let reply = try_way(Way::Tell(vec![head(json!({"status": 503}))]));
    assert!(failed(&reply, DMP_UNEXPECTED_ANSWER, "NET-STATUS"));
    // None of this is in the way of the next.
    let access = try_way(Way::Forward).ok().handle;
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}

#[test]
fn a_passphrase_is_asked_of_the_host_and_told_to_nobody() {
    let world = World::new();
    let host = world.host();
    let files = ["auth", "sign"].map(|pair| {
        let file = world.folder.path().join(format!("{pair}.p12"));
        lent::pkcs12(&world.card(pair), &file, PASSPHRASE)
    });
    let keys = json!([{"pkcs12": {"authentication": files[0], "signature": files[1]}}]);
    let connector = world.connector_of(&world.with_keys(keys));
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let open = || ask("dmp_access_open", session, &json!({"patient": ins()}));
    // Nobody to ask.
    let refusal = refused(&open(), DMP_KEY, "KEY-NO-PASSPHRASE");
    assert_eq!(refusal["by"], "key");
    assert_eq!(host.lend_secrets(connector), DMP_OK);
    let answering = |secret: &[u8], status: i32| {
        *host.secret.lock().expect("the secret") = (secret.to_vec(), status);
        open()
    };
    let none = "KEY-NO-PASSPHRASE";
    for (secret, status, rule) in [
        (PASSPHRASE.as_bytes(), DMP_CANCELLED, none),
        (PASSPHRASE.as_bytes(), -1, none),
        (b"", DMP_OK, none),
        (b"\xff\xfe", DMP_OK, none),
        // No room for the NUL.
        (&[b'x'; 5000], DMP_OK, none),
        (b"autre chose", DMP_OK, "KEY-WRONG-PASSPHRASE"),
        (&[b'x'; 1023], DMP_OK, "KEY-WRONG-PASSPHRASE"),
    ] {
        refused(&answering(secret, status), DMP_KEY, rule);
        let asked = host.take(Asked::Secret);
        assert_eq!(asked, [json!({"kind": "passphrase", "of": files[0]})]);
    }
    let access = answering(PASSPHRASE.as_bytes(), DMP_OK).ok().handle;
    assert_eq!(host.take(Asked::Secret).len(), 2, "once for each file");
    bare("dmp_access_close", access).ok();
    // What was opened stays open.
    let access = answering(b"", -1).ok().handle;
    assert_eq!(host.take(Asked::Secret), Vec::<Value>::new());
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}

/// Calls that a callback must not make, and what they are answered.
fn calls_back(connector: usize, session: usize) -> Vec<(&'static str, &'static str)> {
    [
        ("dmp_journal_audit", connector),
        ("dmp_connector_network", connector),
        ("dmp_connector_card", connector),
        ("dmp_connector_set_secrets", connector),
        ("dmp_connector_set_signer", connector),
        ("dmp_connector_set_transport", connector),
        ("dmp_connector_set_log", connector),
        ("dmp_dossier_list", session),
        ("dmp_session_close", session),
        ("dmp_connector_close", connector),
    ]
    .map(|(name, handle)| (name, bare(name, handle).name()))
    .to_vec()
}

#[test]
fn a_callback_that_calls_back_in_is_refused_and_does_not_wait_for_itself() {
    let world = World::new();
    let host = world.host();
    // Whoever plays the patient comes with a file, whose passphrase is asked for.
    let file = world.folder.path().join("both.p12");
    let file = lent::pkcs12(&world.card("auth"), &file, PASSPHRASE);
    let keys = json!([
        {"host": {"authentication": world.card("auth"), "signature": world.card("sign")}},
        {"holder": "1SIMULATEUR", "pkcs12": {"authentication": file, "signature": file}},
    ]);
    let connector = world.connector_of(&world.with_keys(keys));
    *host.secret.lock().expect("the secret") = (PASSPHRASE.into(), DMP_OK);
    assert_eq!(host.lend_secrets(connector), DMP_OK);
    assert_eq!(host.lend_signer(connector), DMP_OK);
    assert_eq!(host.lend_transport(connector), DMP_OK);
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let answers = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&answers);
    *host.within.lock().expect("what to do") = Some(Box::new(move |asked| {
        let called = calls_back(connector, session);
        told.lock().expect("answers").push((asked, called));
    }));
    let (done, waiting) = mpsc::channel();
    std::thread::spawn(move || {
        // The file has no key to sign with: its passphrase is asked for all the same.
        let action = json!({"action": "documents", "patient": ins()});
        let holder = ask("dmp_holder_act", connector, &action).name();
        let access = ask("dmp_access_open", session, &json!({"patient": ins()}));
        done.send((holder, access.name(), access.handle))
    });
    let ended = waiting.recv_timeout(Duration::from_secs(60));
    let (holder, opened, access) = ended.expect("a callback waits for itself");
    *host.within.lock().expect("what to do") = None;
    assert_eq!(holder, "DMP_KEY");
    assert_eq!(opened, "DMP_OK");
    let answers = std::mem::take(&mut *answers.lock().expect("answers"));
    for kind in [Asked::Secret, Asked::Signature, Asked::Request] {
        assert!(answers.iter().any(|(asked, _)| *asked == kind), "{kind:?}");
    }
    for (asked, called) in answers {
        for (name, status) in called {
            assert_eq!(status, "DMP_INVALID_VALUE", "{name} within {asked:?}");
        }
    }
    // Afterwards they work.
    bare("dmp_journal_audit", connector).ok();
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}

/// Where a log line says that it came, and waits.
static GATE: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>> = Mutex::new(None);

unsafe extern "C" fn wait_in_log(_: *mut c_void, _: i32, _: *const c_char) {
    let gate = GATE.lock().expect("the gate").take();
    if let Some((came, go)) = gate {
        came.send(()).ok();
        go.recv().ok();
    }
}

#[test]
fn the_end_of_a_log_line_does_not_let_a_callback_on_another_thread_call_back() {
    let long = Duration::from_secs(60);
    let world = World::new();
    let host = world.host();
    let connector = world.connector();
    assert_eq!(host.lend_transport(connector), DMP_OK);
    practice::open_dossier(connector, &ins(), &traits());
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    // SAFETY: the callback is a function of this program.
    let status = unsafe {
        let connector = without_provenance_mut(connector);
        dmp_connector_set_log(connector, Some(wait_in_log), null_mut(), null_mut())
    };
    assert_eq!(status, DMP_OK);
    let (came, logging) = mpsc::channel();
    let (end_log, go) = mpsc::channel();
    *GATE.lock().expect("the gate") = Some((came, go));
    let other = std::thread::spawn(move || ask("dmp_session_open", connector, &doctor()));
    logging.recv_timeout(long).expect("a line is logged");
    // While that line is told, another call is in its transport.
    let (inside, came) = mpsc::channel();
    let (end_wait, wait) = mpsc::channel::<()>();
    let (said, heard) = mpsc::channel();
    *host.within.lock().expect("what to do") = Some(Box::new(move |_| {
        inside.send(()).ok();
        wait.recv().ok();
        said.send(bare("dmp_journal_audit", connector).name()).ok();
    }));
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || {
        let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
        done.send((reply.name(), reply.handle))
    });
    came.recv_timeout(long).expect("the transport is asked");
    end_log.send(()).expect("it waits");
    let second = other.join().expect("the other call").ok().handle;
    end_wait.send(()).expect("it waits");
    let answer = heard.recv_timeout(long);
    assert_eq!(
        answer,
        Ok("DMP_INVALID_VALUE"),
        "a callback waits for itself"
    );
    let (opened, access) = ended.recv_timeout(long).expect("the call ends");
    assert_eq!(opened, "DMP_OK");
    *host.within.lock().expect("what to do") = None;
    bare("dmp_access_close", access).ok();
    for session in [session, second] {
        bare("dmp_session_close", session).ok();
    }
    world.close(&[connector]);
}
