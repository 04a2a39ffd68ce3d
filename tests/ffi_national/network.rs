//! Calls that are cancelled, and servers that are not there or not the DMP.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dmpkit::ffi::status::{
    DMP_CANCELLED, DMP_KEY, DMP_NETWORK, DMP_NOT_TRUSTED, DMP_OK, DMP_UNEXPECTED_ANSWER,
};
use dmpkit::simulator::pki::Hostile;
use dmpkit::simulator::{Kind, Misbehaviour};
use serde_json::{Value, json};

use crate::practice::{self, ask, bare, doctor, ins, simulated, traits};
use crate::{World, failed, refused};

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
