//! The national DMP through the C face, on a simulator in this process: a first story, with the connector's own keys
//! and transport and with the host's; passphrases; callbacks that call back; cancelling; servers that are not there
//! or not the DMP; and nothing of a patient, of a person or of a secret in any line.

#![allow(unsafe_code)] // gives the C face a callback, as C does

#[path = "common/face.rs"]
mod face;
#[path = "common/lent.rs"]
mod lent;
#[path = "common/practice.rs"]
mod practice;

use std::ffi::{c_char, c_void};
use std::io::Read;
use std::net::TcpListener;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use dmpkit::ffi::connector::dmp_connector_set_log;
use dmpkit::ffi::library::dmp_open_handles;
use dmpkit::ffi::status::{
    DMP_CANCELLED, DMP_KEY, DMP_NETWORK, DMP_NOT_TRUSTED, DMP_OK, DMP_TIMED_OUT,
    DMP_UNEXPECTED_ANSWER,
};
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::pki::Hostile;
use dmpkit::simulator::{Kind, Misbehaviour, Simulator, cards};
use face::{Reply, call, function, logged};
use lent::{Asked, Host, Way};
use practice::simulated;
use practice::{ask, bare, doctor, ins, open_access, report, report_id, traits, welcome};
use serde_json::{Value, json};

/// When the tests take place.
const TODAY: &str = "2026-01-12T09:00:00Z";
/// The passphrase of the files.
const PASSPHRASE: &str = "Tilleul-4711";
/// No line may hold any of these: the patient, who works, the passphrases.
const PRIVATE: [&str; 9] = [
    "279035121518989",
    "TESSIER",
    "CAMILLE",
    "899900987654",
    "499900987654001",
    "BASTIDE",
    "Bastide",
    PASSPHRASE,
    "PRIVATE KEY",
];

/// One test at a time: the log is the process's, and so are the test certificates.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A simulator, and what to write under `dmp` to reach it.
struct World {
    folder: tempfile::TempDir,
    simulator: Simulator,
    handles: i64,
    _alone: MutexGuard<'static, ()>,
}

impl World {
    fn new() -> World {
        let alone = alone();
        logged();
        let folder = practice::folder();
        let requester = serde_json::from_value(doctor()).expect("a requester");
        cards::issue(simulated::pki(), &requester).expect("a card");
        let simulator = simulated::simulator(
            &folder.path().join("simulated.db"),
            Parameters::default(),
            Habilitation::default(),
        );
        World {
            folder,
            simulator,
            handles: dmp_open_handles(),
            _alone: alone,
        }
    }

    fn config(&self) -> Value {
        json!({
            "register": self.folder.path().join("register.db"),
            "dmp": simulated::address(&self.simulator),
            "clock": TODAY,
            "software": {"name": "Cabinet", "version": "1.0", "homologation": "DEMO",
                "oid": "1.2.250.1.999.1"}
        })
    }

    /// A connector on the simulator, its log read.
    fn connector(&self) -> usize {
        self.connector_of(&self.config())
    }

    fn connector_of(&self, config: &Value) -> usize {
        let connector = practice::open_connector(config);
        function("dmp_connector_set_log")
            .call(connector, None, None)
            .ok();
        connector
    }

    /// The configuration with this instead of the cards' folder.
    fn with_keys(&self, keys: Value) -> Value {
        let mut config = self.config();
        config["dmp"]["national"]["keys"] = keys;
        config
    }

    /// The doctor's test card: `auth` or `sign`.
    fn card(&self, pair: &str) -> String {
        let cards = simulated::pki().cards().expect("a folder");
        let file = cards.join(format!("899900987654.{pair}.pem"));
        file.to_str().expect("UTF-8").to_owned()
    }

    fn host(&self) -> &'static Host {
        let pki = simulated::pki();
        let cards = pki.cards().expect("a folder");
        let folder = cards.parent().expect("its folder");
        Host::new(folder, &pki.ca_pem(), pki.ca_der(), TODAY)
    }

    /// The last line of defence: what was logged says nothing of anyone.
    fn close(self, connectors: &[usize]) {
        for connector in connectors {
            bare("dmp_connector_close", *connector).ok();
        }
        for line in logged() {
            discreet(&line);
        }
        assert!(dmp_open_handles() <= self.handles, "handles are left");
    }
}

/// An English line, without anything that is someone's.
fn discreet(line: &str) {
    assert!(line.is_ascii() && !line.contains('\n'), "{line:?}");
    for private in PRIVATE {
        assert!(!line.contains(private), "a line tells {private}: {line}");
    }
}

/// Demands this failure, by this rule; its refusal.
fn refused(reply: &Reply, status: i32, rule: &str) -> Value {
    let expected = face::status_name(status);
    assert_eq!(reply.name(), expected, "{:?} {:?}", reply.error, reply.out);
    let line = reply.error.as_deref().expect("a line");
    discreet(line);
    let refusal = reply.json();
    assert_eq!(refusal["rule"], rule, "{refusal}");
    let sentence = refusal["sentence"].as_str().expect("a sentence");
    // French, and nobody's.
    assert!(
        sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
        "{sentence}"
    );
    for private in PRIVATE {
        assert!(!reply.out.as_deref().unwrap_or_default().contains(private));
    }
    refusal
}

/// As [`refused`], on the way to the DMP; whether the request may have arrived.
fn failed(reply: &Reply, status: i32, rule: &str) -> bool {
    let refusal = refused(reply, status, rule);
    assert_eq!(refusal["by"], "network");
    assert!(refusal["network"]["retry"].is_boolean(), "{refusal}");
    refusal["network"]["sent"].as_bool().expect("sent")
}

/// A dossier opened, entered, fed, read and masked; everything that a practice does first.
fn story(connector: usize) {
    practice::open_dossier(connector, &ins(), &traits());
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let access = welcome(session, &ins(), &traits());
    let found = bare("dmp_document_find", access).ok().json();
    assert_eq!(found["documents"], json!([]), "{found}");
    let fed = call(
        "dmp_document_feed",
        access,
        Some(r#"{"comments":"Suivi"}"#),
        Some(&report(1)),
    );
    let fed = fed.ok().json();
    assert_eq!(fed["documents"][0]["uniqueId"], report_id(1), "{fed}");
    assert_eq!(fed["documents"][0]["alreadyThere"], false);
    // The same bytes again are the same document.
    let again = call("dmp_document_feed", access, None, Some(&report(1))).ok();
    assert_eq!(again.json()["documents"][0]["alreadyThere"], true);
    let found = bare("dmp_document_find", access).ok().json();
    assert_eq!(found["documents"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["documents"][0]["uniqueId"], report_id(1));
    let read = call("dmp_document_read", access, Some(&report_id(1)), None).ok();
    assert_eq!(read.bytes, Some(report(1)), "the bytes are those deposited");
    call("dmp_document_mask", access, Some(&report_id(1)), None).ok();
    let found = bare("dmp_document_find", access).ok().json();
    let visibility = &found["documents"][0]["visibility"];
    assert_eq!(*visibility, json!(["MASQUE_PS"]), "{found}");
    let held = practice::documents_of(connector, &ins());
    assert_eq!(held, [report_id(1)]);
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    practice::verified(connector);
}

#[test]
fn a_first_story_with_the_connectors_own_keys_and_transport() {
    let world = World::new();
    let connector = world.connector();
    // Nothing was sent yet.
    let before = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(before, json!({"clockCorrected": false}));
    story(connector);
    let after = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(
        after,
        json!({"clockSkewSeconds": 0, "clockCorrected": true, "lastAnswer": TODAY})
    );
    // The DMP's clock is ahead: it is told, and corrected.
    let skewed = Misbehaviour {
        seconds: Some(90),
        ..Misbehaviour::once(Kind::SkewedClock)
    };
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    world.simulator.misbehave(skewed);
    bare("dmp_access_close", open_access(session, &ins())).ok();
    let ahead = bare("dmp_connector_network", connector).ok().json();
    assert_eq!(ahead["clockSkewSeconds"], 90, "{ahead}");
    assert_eq!(ahead["clockCorrected"], true);
    let lines = logged();
    assert!(lines.iter().any(|l| l.contains("clock:")), "{lines:?}");
    lines.iter().for_each(|line| discreet(line));
    bare("dmp_session_close", session).ok();
    // No card can be read where none is configured.
    let card = bare("dmp_connector_card", connector);
    assert_eq!(refused(&card, DMP_KEY, "KEY-NONE-CONFIGURED")["by"], "key");
    world.close(&[connector]);
}

#[test]
fn the_same_story_with_the_hosts_keys_and_transport() {
    let world = World::new();
    let host = world.host();
    let keys =
        json!([{"host": {"authentication": world.card("auth"), "signature": world.card("sign")}}]);
    let connector = world.connector_of(&world.with_keys(keys));
    // Nothing signs yet.
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
    refused(&reply, DMP_KEY, "KEY-HOST");
    bare("dmp_session_close", session).ok();
    assert_eq!(host.lend_signer(connector), DMP_OK);
    // The host's keys on the connector's own transport: they open the TLS connection too.
    story(connector);
    let signed = host.take(Asked::Signature);
    let kinds: Vec<&str> = signed.iter().filter_map(|r| r["key"].as_str()).collect();
    assert!(kinds.contains(&"authentication") && kinds.contains(&"signature"));
    assert!(signed.iter().all(|r| r["algorithm"] == "rsa_sha256"));
    // Then on its own.
    std::fs::remove_file(world.folder.path().join("register.db")).ok();
    let other = world.connector_of(&{
        let mut config = world.with_keys(
            json!([{"host": {"authentication": world.card("auth"), "signature": world.card("sign")}}]),
        );
        config["register"] = json!(world.folder.path().join("other.db"));
        config
    });
    assert_eq!(host.lend_signer(other), DMP_OK);
    assert_eq!(host.lend_transport(other), DMP_OK);
    let session = ask("dmp_session_open", other, &doctor()).ok().handle;
    let access = welcome(session, &ins(), &traits());
    let read = call("dmp_document_read", access, Some(&report_id(1)), None).ok();
    assert_eq!(read.bytes, Some(report(1)));
    let fed = call("dmp_document_feed", access, None, Some(&report(2))).ok();
    assert_eq!(fed.json()["documents"][0]["uniqueId"], report_id(2));
    let requests = host.take(Asked::Request);
    assert!(requests.len() >= 4, "{}", requests.len());
    for request in &requests {
        let url = request["url"].as_str().expect("an address");
        assert!(url.starts_with(&world.simulator.url()), "{url}");
        assert!(request["headers"]["Content-Type"].is_string());
    }
    // TLS is the host's: the connector's own signatures are those of the VIHF and the lot.
    let signed = host.take(Asked::Signature);
    assert!(!signed.is_empty() && signed.iter().all(|r| r["key"] == "signature"));
    let written = host.take_written();
    assert!(written.iter().all(|code| *code == DMP_OK), "{written:?}");
    // A wrong signature goes nowhere.
    *host.signs.lock().expect("whether it signs") = false;
    refused(&bare("dmp_document_find", access), DMP_KEY, "KEY-HOST");
    assert_eq!(host.take(Asked::Request), Vec::<Value>::new());
    *host.signs.lock().expect("whether it signs") = true;
    // The built-in client again.
    function("dmp_connector_set_transport")
        .call(other, None, None)
        .ok();
    bare("dmp_document_find", access).ok();
    assert_eq!(host.take(Asked::Request), Vec::<Value>::new());
    function("dmp_connector_set_signer")
        .call(other, None, None)
        .ok();
    refused(&bare("dmp_document_find", access), DMP_KEY, "KEY-HOST");
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    world.close(&[connector, other]);
}

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

#[test]
fn a_call_is_cancelled_from_another_thread_and_the_next_one_is_not() {
    let world = World::new();
    let connector = world.connector();
    practice::open_dossier(connector, &ins(), &traits());
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let request = json!({"patient": ins()});
    // Without a call: nothing, for this one and for the next.
    bare("dmp_connector_cancel", connector).ok();
    let access = ask("dmp_access_open", session, &request).ok().handle;
    bare("dmp_access_close", access).ok();
    world.simulator.misbehave(Misbehaviour {
        seconds: Some(120),
        ..Misbehaviour::once(Kind::Slow)
    });
    let over = AtomicBool::new(false);
    let started = Instant::now();
    let reply = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) && started.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(500));
                bare("dmp_connector_cancel", connector).ok();
            }
        });
        let reply = ask("dmp_access_open", session, &request);
        over.store(true, Ordering::SeqCst);
        reply
    });
    assert!(started.elapsed() < Duration::from_secs(60));
    failed(&reply, DMP_CANCELLED, "NET-CANCELLED");
    let access = ask("dmp_access_open", session, &request).ok().handle;
    bare("dmp_access_close", access).ok();
    // The host's transport hears of it from the writer, even when it cancelled by itself.
    let host = world.host();
    assert_eq!(host.lend_transport(connector), DMP_OK);
    *host.within.lock().expect("what to do") = Some(Box::new(move |_| {
        bare("dmp_connector_cancel", connector).ok();
    }));
    let reply = ask("dmp_access_open", session, &request);
    assert!(failed(&reply, DMP_CANCELLED, "NET-CANCELLED"));
    assert_eq!(host.take_written(), [DMP_CANCELLED]);
    *host.within.lock().expect("what to do") = None;
    let access = ask("dmp_access_open", session, &request).ok().handle;
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    // A handle that is not a connector's cancels nothing.
    let reply = bare("dmp_connector_cancel", session);
    assert_eq!(reply.name(), "DMP_BAD_HANDLE");
    world.close(&[connector]);
}

/// A TLS server with this certificate, that answers nothing; its port.
fn impostor(kind: Hostile) -> u16 {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
    let identity = simulated::pki()
        .hostile_server(kind)
        .expect("a certificate");
    let chain: Vec<CertificateDer<'static>> = identity
        .certificates
        .iter()
        .map(|der| CertificateDer::from(der.clone()))
        .collect();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(identity.key.to_vec()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = rustls::ServerConnection::new(config.clone()).expect("TLS");
            let mut stream = rustls::StreamOwned::new(connection, stream);
            stream.read_to_end(&mut Vec::new()).ok();
        }
    });
    port
}

#[test]
fn a_server_that_is_not_there_or_not_the_dmp_is_told_apart() {
    let world = World::new();
    let mut connectors = Vec::new();
    let mut outcome = |change: &dyn Fn(&mut Value)| {
        let mut config = world.config();
        let register = format!("register-{}.db", connectors.len());
        config["register"] = json!(world.folder.path().join(register));
        change(&mut config);
        let connector = world.connector_of(&config);
        connectors.push(connector);
        let session = ask("dmp_session_open", connector, &doctor());
        if session.status != DMP_OK {
            return session;
        }
        let reply = ask(
            "dmp_access_open",
            session.handle,
            &json!({"patient": ins()}),
        );
        let state = bare("dmp_connector_network", connector).ok().json();
        assert_eq!(state["lastAnswer"], Value::Null, "nobody answered");
        bare("dmp_session_close", session.handle).ok();
        reply
    };
    let at = |port: u16| format!("https://localhost:{port}/si-dmp-server/v2/services");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let reply = outcome(&|config| config["dmp"]["national"]["url"] = json!(at(port)));
    assert!(!failed(&reply, DMP_NETWORK, "NET-UNREACHABLE"));
    assert_eq!(reply.json()["network"]["retry"], true);
    // Another authority than the server's.
    let other = rcgen::generate_simple_self_signed(vec!["autre.example".to_owned()])
        .expect("a certificate")
        .cert
        .pem();
    let reply = outcome(&|config| {
        config["dmp"]["national"]["network"]["trust"] = json!({"pem": other});
    });
    assert!(!failed(&reply, DMP_NOT_TRUSTED, "NET-NOT-TRUSTED"));
    assert_eq!(reply.json()["network"]["retry"], false);
    for kind in [
        Hostile::Expired,
        Hostile::WrongHost,
        Hostile::OtherAuthority,
    ] {
        let port = impostor(kind);
        let reply = outcome(&|config| {
            config["dmp"]["national"]["url"] = json!(at(port));
            // The authority's certificates are of 2025.
            config["clock"] = json!("2025-06-01T09:00:00Z");
        });
        assert!(!failed(&reply, DMP_NOT_TRUSTED, "NET-NOT-TRUSTED"));
    }
    // A card that has expired goes nowhere.
    let reply = outcome(&|config| config["clock"] = json!("2099-01-12T09:00:00Z"));
    refused(&reply, DMP_KEY, "KEY-CERTIFICATE");
    // Something else answers under this address.
    world
        .simulator
        .misbehave(Misbehaviour::once(Kind::Http503).on("TD0.2"));
    let connector = world.connector();
    let session = ask("dmp_session_open", connector, &doctor()).ok().handle;
    let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
    assert!(failed(&reply, DMP_UNEXPECTED_ANSWER, "NET-STATUS"));
    assert_eq!(reply.json()["network"]["retry"], true);
    world
        .simulator
        .misbehave(Misbehaviour::once(Kind::CutBeforeCommit).on("TD0.2"));
    let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
    assert!(failed(&reply, DMP_NETWORK, "NET-UNREACHABLE"));
    bare("dmp_session_close", session).ok();
    connectors.push(connector);
    world.close(&connectors);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_before_anything_is_made() {
    let world = World::new();
    let folder = practice::folder();
    for (place, value) in [
        ("url", json!("http://localhost")),
        ("url", json!("https://TESSIER@localhost")),
        ("services", json!({"registry": "ftp://TESSIER"})),
        ("web", json!("TESSIER")),
        ("keys", json!([])),
        ("clockSkewSeconds", json!(3601)),
        ("network", json!({"trust": {"pem": "TESSIER"}})),
        ("network", json!({"trust": {"path": "/nowhere/TESSIER"}})),
    ] {
        let mut config = world.config();
        config["register"] = json!(folder.path().join("register.db"));
        config["dmp"]["national"][place] = value;
        let reply = ask("dmp_connector_open", 0, &config);
        assert_eq!(reply.name(), "DMP_INVALID_VALUE", "{place}");
        let line = reply.error.expect("a line");
        discreet(&line);
        assert!(line.contains(place), "{line}");
    }
    let left = std::fs::read_dir(folder.path()).expect("the folder");
    assert_eq!(left.count(), 0, "a file was left");
    world.close(&[]);
}
