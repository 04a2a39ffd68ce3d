//! The outbox over the national protocols: a simulator that fails about one call in three, in every way it can, and
//! each document arrives once, within the pace, whatever their number in bounded memory.

#[path = "common/simulated.rs"]
mod simulated;

use dmpkit::clock::Instant;
use dmpkit::connector::dispatch::DispatchRequest;
use dmpkit::connector::outbox::{ItemRequest, OutboxFilter, OutboxRequest};
use dmpkit::connector::{Connector, Session};
use dmpkit::dmp::Requester;
use dmpkit::dmp::embedded::holder::HolderAction;
use dmpkit::rules::outbox::State;
use dmpkit::simulator::Simulator;
use dmpkit::simulator::misbehave::{Kind, Misbehaviour};
use serde_json::{Value, json};

/// How many documents: ten thousand take twenty minutes.
fn documents() -> u32 {
    std::env::var("DMPKIT_OUTBOX_DOCUMENTS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(60)
}

fn ins() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

fn report_id(n: u32) -> String {
    format!("1.2.250.1.999.1.1.2026.9.{n}")
}

fn report(n: u32) -> Vec<u8> {
    include_str!("fixtures/cr_consultation_pdf.xml")
        .replace("1.2.250.1.999.1.1.2026.101", &report_id(n))
        .into_bytes()
}

struct Practice {
    _folder: tempfile::TempDir,
    simulator: Simulator,
    connector: Connector,
    doctor: Session,
}

impl Practice {
    fn open() -> Practice {
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder");
        let simulator = simulated::simulator(
            &folder.path().join("dmp.db"),
            Default::default(),
            Default::default(),
        );
        let config = json!({
            "register": folder.path().join("register.db"),
            "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
            "dmp": simulated::address(&simulator),
            "clock": "2026-03-02T08:00:00Z",
        });
        let connector = Connector::open(serde_json::from_value(config).expect("a configuration"))
            .expect("a connector");
        let requester: Requester = serde_json::from_value(json!({
            "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                "profession": "10", "specialty": "SM26"},
            "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
            "authentication": "cps"
        }))
        .expect("a requester");
        dmpkit::simulator::cards::issue(simulated::pki(), &requester).expect("a card");
        let doctor = connector.session(requester).expect("a session");
        let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"],
            "birthDate": "19790315", "sex": "F"});
        let open = json!({"action": "open_dossier", "patient": ins(), "traits": traits});
        let open: HolderAction = serde_json::from_value(open).expect("an action");
        simulator.act(&open, b"").expect("a dossier");
        let known = json!({"patient": ins(), "status": "qualifiee", "traits": traits});
        doctor
            .register_patient(&serde_json::from_value(known).expect("a patient"))
            .expect("registered");
        Practice {
            _folder: folder,
            simulator,
            connector,
            doctor,
        }
    }

    fn add(&self, n: u32) {
        let request: OutboxRequest =
            serde_json::from_value(json!({"patient": ins()})).expect("a request");
        self.doctor
            .enqueue(&request, &report(n))
            .expect("handed over");
    }

    fn at(&self, at: Instant) {
        let at = at.max(self.connector.now());
        self.connector.set_time(at).expect("moved");
    }

    fn in_the_dmp(&self) -> Vec<String> {
        let action = json!({"action": "documents", "patient": ins()});
        let action: HolderAction = serde_json::from_value(action).expect("an action");
        let answer = self.simulator.act(&action, b"").expect("a list");
        let answer = serde_json::to_value(answer).expect("JSON");
        answer["documents"]
            .as_array()
            .expect("documents")
            .iter()
            .map(|d| d["uniqueId"].as_str().expect("uniqueId").to_owned())
            .collect()
    }
}

/// A number that looks drawn, the same in every run.
fn drawn(seed: u64) -> u64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Everything that befalls one exchange and takes no time.
const KINDS: [Kind; 9] = [
    Kind::FaultBeforeCommit,
    Kind::FaultAfterCommit,
    Kind::UnknownFault,
    Kind::CutBeforeCommit,
    Kind::CutAfterCommit,
    Kind::CutInAnswer,
    Kind::WrongType,
    Kind::WrongRelatesTo,
    Kind::Http503,
];

/// Megabytes of memory that this process ever held at once; none where the system does not tell.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024)
}

#[test]
fn one_call_in_three_fails_and_every_document_arrives_once_within_the_pace() {
    let count = documents();
    let practice = Practice::open();
    for n in 0..count {
        practice.add(n);
    }
    let before = peak();
    let mut seed = 0_u64;
    let mut troubles = 0_u64;
    let mut arrivals: Vec<Instant> = Vec::new();
    let request = DispatchRequest::default();
    let connector = practice.connector.clone();
    let mut turns = 0_u64;
    loop {
        let mut sent = 0;
        let answer = connector
            .dispatch(&request, &mut |progress| {
                turns += 1;
                if progress.sent > sent {
                    sent = progress.sent;
                    arrivals.push(connector.now());
                }
                // A turn is one exchange, sometimes two: every second turn befallen is one call in three, or more.
                seed += 1;
                let number = drawn(seed);
                if number.is_multiple_of(2) {
                    troubles += 1;
                    let kind = KINDS[(number / 2 % KINDS.len() as u64) as usize];
                    practice.simulator.behave();
                    practice.simulator.misbehave(Misbehaviour::once(kind));
                }
                true
            })
            .expect("dispatched");
        match answer.next {
            Some(next) => practice.at(next),
            None => break,
        }
    }
    practice.simulator.behave();
    for (index, first) in arrivals.iter().enumerate() {
        let within = arrivals[index..]
            .iter()
            .take_while(|t| t.millis() - first.millis() < 1000);
        assert!(within.count() <= 5, "more than five in a second");
    }
    // What sending took; what the test then lists is its own.
    let grown = before.zip(peak()).map(|(b, a)| a.saturating_sub(b));
    println!("{count} documents, {turns} turns, {troubles} befallen, {grown:?} MB more");
    assert!(grown.is_none_or(|grown| grown < 100), "{grown:?} MB more");
    // A turn is an exchange and a third: the dossier is asked for again after each failure on the way.
    assert!(
        troubles * 9 >= turns * 4,
        "fewer than one call in three failed"
    );
    // What failed ten times of its own is with a person, who sends it again.
    let filter = OutboxFilter {
        states: vec![State::Held],
        limit: Some(10_000),
        ..OutboxFilter::default()
    };
    let held = practice.doctor.outbox(&filter).expect("a list").items;
    assert!(
        held.len() <= 1 + count as usize / 200,
        "{} held",
        held.len()
    );
    for item in held {
        practice
            .doctor
            .resend(&ItemRequest { id: item.id })
            .expect("sent again");
    }
    while let Some(next) = connector
        .dispatch(&request, &mut |_| true)
        .expect("dispatched")
        .next
    {
        practice.at(next);
    }
    let counts = connector.audit_outbox(&filter).expect("a list").counts;
    assert_eq!(counts.done, u64::from(count), "{counts:?}");
    let mut there = practice.in_the_dmp();
    there.sort();
    let mut expected: Vec<String> = (0..count).map(report_id).collect();
    expected.sort();
    assert!(there == expected, "not each document once");
    assert!(connector.verify_journal().expect("read").intact);
}
