//! What only the national DMP gives, and what it asks of a host that lends it keys and a transport: told on a simulator.

#[path = "../common/lent.rs"]
mod lent;
#[path = "../common/simulated.rs"]
mod simulated;

use std::sync::{LazyLock, Mutex};

use dmpkit::dmp::national::keys::card;
use dmpkit::ffi::access::*;
use dmpkit::ffi::document::*;
use dmpkit::ffi::host::*;
use dmpkit::ffi::outbox::*;
use dmpkit::ffi::session::*;
use dmpkit::ffi::status::*;
use dmpkit::ffi::support::*;
use dmpkit::rules::Parameters;
use dmpkit::rules::habilitation::Habilitation;
use dmpkit::simulator::{Kind, Misbehaviour, Simulator, cards};
use lent::{Asked, Host, Way};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::call;
use crate::library::{
    self, Access, Connector, Reply, Session, close_access, close_connector, close_session,
    open_access, open_connector, open_session,
};
use crate::story::{DOCUMENT, config, content, doctor, folder, patient};

const PASSPHRASE: &str = "exemple";

/// A practice on a simulator, its keys and transport lent by the host.
struct Office {
    connector: Connector,
    session: Session,
    host: &'static Host,
    simulator: Simulator,
    told: Vec<Reply>,
    _folder: TempDir,
}

/// A session and its host: handles are tickets that any thread may use.
struct Shared(usize, &'static Host);

impl Office {
    fn open() -> Office {
        let folder = folder();
        let pki = simulated::pki();
        cards::issue(pki, &serde_json::from_value(doctor()).expect("a doctor")).expect("a card");
        let simulator = simulated::simulator(
            &folder.path().join("dmp.db"),
            Parameters::default(),
            Habilitation::default(),
        );
        let cards = pki.cards().expect("a folder");
        let pem = |pair: &str| {
            let file = cards.join(format!("899900987654.{pair}.pem"));
            file.to_str().expect("UTF-8").to_owned()
        };
        let p12 = |pair: &str| {
            let file = folder.path().join(format!("{pair}.p12"));
            lent::pkcs12(&pem(pair), &file, PASSPHRASE)
        };
        let mut config = config(&folder);
        config["dmp"] = simulated::address(&simulator);
        config["dmp"]["national"]["keys"] = json!([
            {"host": {"authentication": pem("auth"), "signature": pem("sign")}},
            // Whoever plays the patient.
            {"holder": "1SIMULATEUR", "pkcs12": {"authentication": p12("auth"), "signature": p12("sign")}},
        ]);
        let (connector, opened) = open_connector(&config.to_string());
        assert_eq!(opened.status, DMP_OK, "{opened:?}");
        let authority = cards.parent().expect("its folder");
        let today = "2026-01-12T09:00:00Z";
        let host = Host::new(authority, &pki.ca_pem(), pki.ca_der(), today);
        *host.secret.lock().expect("the secret") = (PASSPHRASE.into(), DMP_OK);
        assert_eq!(host.lend_secrets(connector.addr()), DMP_OK);
        assert_eq!(host.lend_signer(connector.addr()), DMP_OK);
        assert_eq!(host.lend_transport(connector.addr()), DMP_OK);
        let (session, entered) = open_session(connector, &doctor().to_string());
        assert_eq!(entered.status, DMP_OK, "{entered:?}");
        Office {
            connector,
            session,
            host,
            simulator,
            told: vec![opened, entered],
            _folder: folder,
        }
    }

    /// Keeps a reply, which must have this status.
    fn expect(&mut self, status: i32, reply: Reply) {
        assert_eq!(reply.status, status, "{reply:?}");
        self.told.push(reply);
    }
}

/// Everything that was asked, of the library and of the host: replies, and records by their names.
pub fn story() -> (Vec<Reply>, Vec<(&'static str, Value)>) {
    let mut office = Office::open();
    let (connector, session, host) = (office.connector, office.session, office.host);
    let ok = |office: &mut Office, reply| office.expect(DMP_OK, reply);
    ok(&mut office, call!(dmp_connector_network(connector)));
    let traits = json!({
        "birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F",
    });
    let dossier = json!({"action": "open_dossier", "patient": patient(), "traits": traits});
    ok(
        &mut office,
        library::act(connector, &dossier.to_string(), b""),
    );
    let registered = json!({"patient": patient(), "status": "qualifiee", "traits": traits});
    let registered = registered.to_string();
    ok(
        &mut office,
        call!(dmp_patient_register(session, &*registered)),
    );
    let consent = json!({"patient": patient(),
        "consent": {"kind": "care_team", "means": "oral", "wording": "affiche 2026-1"}});
    let consent = consent.to_string();
    ok(&mut office, call!(dmp_consent_record(session, &*consent)));
    let request = json!({"patient": patient()}).to_string();
    let (access, opened) = open_access(session, &request);
    ok(&mut office, opened);
    let declare = json!({"change": "declare"}).to_string();
    ok(&mut office, call!(dmp_access_authorise(access, &*declare)));
    ok(&mut office, call!(dmp_connector_network(connector)));
    documents(&mut office, access);
    people(&mut office, access);
    // The DMP refuses and says how severe it is; then it cannot be reached.
    let simulator = &office.simulator;
    simulator.misbehave(Misbehaviour::once(Kind::TooManyResults));
    let refused = call!(dmp_document_find(access, None));
    office.expect(DMP_REFUSED_BY_DMP, refused);
    *host.way.lock().expect("the way") = Way::Fail(DMP_NETWORK);
    let (_, unreachable) = open_access(session, &request);
    office.expect(DMP_NETWORK, unreachable);
    // What is handed over meanwhile waits, and says when the DMP is tried again.
    ok(
        &mut office,
        library::add(
            session,
            &request,
            crate::story::document("1.2.250.1.999.7.41", &patient()).as_bytes(),
        ),
    );
    let (_, dispatched) = library::dispatch(connector, None);
    let ended = dispatched.answer.as_ref().map(|a| a["ended"].clone());
    assert_eq!(ended, Some(json!("dmp_unavailable")));
    ok(&mut office, dispatched);
    ok(&mut office, call!(dmp_outbox_list(session, None)));
    ok(&mut office, call!(dmp_connector_support(connector)));
    // No card is configured.
    let card = call!(dmp_connector_card(connector));
    office.expect(DMP_KEY, card);
    close_access(access);
    close_session(session);
    close_connector(connector);
    let mut given = cards_content();
    for (asked, record) in [
        (Asked::Secret, "secret-request"),
        (Asked::Signature, "sign-request"),
        (Asked::Request, "http-request"),
    ] {
        let these = host.take(asked);
        assert!(!these.is_empty(), "{record}");
        given.extend(these.into_iter().map(|value| (record, value)));
    }
    (office.told, given)
}

/// A document fed, found, read and masked. What the protocols do not tell is absent.
fn documents(office: &mut Office, access: Access) {
    let mut ok = |reply| office.expect(DMP_OK, reply);
    ok(call!(dmp_document_feed(access, &content(), None)));
    ok(call!(dmp_document_feed(access, &content(), None)));
    ok(call!(dmp_document_find(access, None)));
    let ids = json!({"uniqueIds": [DOCUMENT]}).to_string();
    ok(call!(dmp_document_reference(access, &*ids)));
    let (bytes, read) = library::read(access, DOCUMENT);
    assert_eq!(bytes, content());
    ok(read);
    let since = json!({"since": "2026-01-01T00:00:00Z"}).to_string();
    ok(call!(dmp_document_news(access, &*since)));
    ok(call!(dmp_document_mask(access, DOCUMENT)));
    ok(call!(dmp_document_unmask(access, DOCUMENT)));
    ok(call!(dmp_document_archive(access, DOCUMENT)));
}

/// The dossier and who may enter it.
fn people(office: &mut Office, access: Access) {
    let (connector, session) = (office.connector, office.session);
    let mut ok = |reply| office.expect(DMP_OK, reply);
    ok(call!(dmp_access_state(access)));
    ok(call!(dmp_access_administrative_data(access)));
    ok(call!(dmp_access_professionals(access, None)));
    ok(call!(dmp_access_web(access)));
    ok(call!(dmp_dossier_list(session, None)));
    let search = json!({"name": "TESSIER", "birthDate": "19790315"}).to_string();
    ok(call!(dmp_patient_find(session, &*search)));
    let history = json!({"action": "history", "patient": patient()}).to_string();
    ok(library::act(connector, &history, b""));
}

/// What dmp_connector_card writes of a card; no card is in a reader here. A real one is read in the tests of keys.
fn cards_content() -> Vec<(&'static str, Value)> {
    let whole = card::Content {
        holder: Some("899900987654".to_owned()),
        family: Some("BASTIDE".to_owned()),
        given: Some("Hélène".to_owned()),
        card_type: Some(0),
        profession: Some("10".to_owned()),
        specialties: vec!["SM26".to_owned()],
        info: card::values(b"\x80\x0210"),
        exercises: vec![
            card::exercise(1, b"\x84\x03Pr\xe9\x85\x0f499900987654001\x86\x04SA07"),
            card::exercise(2, b""),
        ],
    };
    assert_eq!(whole.info.len(), 1);
    assert!(whole.exercises[0].structure_id.is_some());
    let bare = card::Content {
        holder: None,
        family: None,
        given: None,
        card_type: None,
        profession: None,
        specialties: Vec::new(),
        info: Vec::new(),
        exercises: Vec::new(),
    };
    [whole, bare]
        .map(|content| ("card", serde_json::to_value(content).expect("JSON")))
        .to_vec()
}

/// Gives this text to the writer as the head of an answer: done, or refused as a record.
pub fn write_head(text: &str) -> Reply {
    static SHARED: LazyLock<Mutex<Shared>> = LazyLock::new(|| {
        // It lives as long as the tests.
        let office = Box::leak(Box::new(Office::open()));
        Mutex::new(Shared(office.session.addr(), office.host))
    });
    let shared = SHARED.lock().expect("the office");
    let (session, host) = (std::ptr::without_provenance_mut(shared.0), shared.1);
    host.take_written();
    *host.way.lock().expect("the way") = Way::Tell(vec![text.as_bytes().to_vec()]);
    let (_, mut reply) = open_access(session, &json!({"patient": patient()}).to_string());
    // A head alone is never a whole answer of the DMP.
    assert_eq!(reply.status, DMP_UNEXPECTED_ANSWER, "{reply:?}");
    reply.status = match host.take_written()[..] {
        [DMP_OK] => DMP_OK,
        [DMP_UNEXPECTED_ANSWER] => DMP_INVALID_RECORD,
        ref other => panic!("the writer answered {other:?}"),
    };
    reply
}
