//! Each failure on demand, as a raw client sees it.

use std::time::{Duration, Instant};

use dmpkit::dmp::protocol::services;
use dmpkit::dmp::protocol::soap::Transaction;
use dmpkit::dossier::AuthorisationChange;
use dmpkit::simulator::{Kind, Misbehaviour};

use crate::bench::{Bench, MESSAGE, bench, existence, patient, physician};
use crate::client::Answer;

fn ready() -> Bench {
    let bench = bench();
    bench.open();
    bench
}

fn declare(bench: &Bench) -> Answer {
    let payload = services::set_authorisation(AuthorisationChange::Declare);
    bench.send(&physician(), Transaction::Td03, &payload)
}

fn ask(bench: &Bench) -> Answer {
    bench.send(&physician(), Transaction::Td02, &existence(&patient()))
}

/// Whether TD0.3 was done: it then has nothing more to do.
fn was_done(bench: &Bench) -> bool {
    let answer = declare(bench);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().contains("Aucune action")
}

#[test]
fn a_simulator_that_behaves_answers() {
    let bench = ready();
    let answer = ask(&bench);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.whole);
    assert_eq!(answer.element("RelatesTo"), MESSAGE);
    assert!(answer.text().contains("NON_EXISTE"));
    assert!(!was_done(&bench));
    assert!(was_done(&bench));
}

#[test]
fn failures_before_the_commit_do_nothing() {
    for kind in [
        Kind::FaultBeforeCommit,
        Kind::UnknownFault,
        Kind::CutBeforeCommit,
        Kind::Http503,
    ] {
        let bench = ready();
        bench.simulator.misbehave(Misbehaviour::once(kind));
        let answer = declare(&bench);
        match kind {
            Kind::CutBeforeCommit => assert_eq!(answer.status, 0),
            Kind::Http503 => {
                assert_eq!(answer.status, 503);
                assert!(answer.header("content-type").starts_with("text/html"));
            }
            _ => assert_eq!(answer.status, 500),
        }
        let unknown = answer.text().contains("DMPErreur4711");
        assert_eq!(unknown, kind == Kind::UnknownFault);
        assert!(!was_done(&bench), "{kind:?}");
    }
}

#[test]
fn failures_after_the_commit_have_done_it() {
    for kind in [
        Kind::FaultAfterCommit,
        Kind::CutAfterCommit,
        Kind::CutInAnswer,
    ] {
        let bench = ready();
        bench
            .simulator
            .misbehave(Misbehaviour::once(kind).on("TD0.3"));
        let answer = declare(&bench);
        match kind {
            Kind::FaultAfterCommit => assert_eq!(answer.status, 500),
            Kind::CutAfterCommit => assert_eq!(answer.status, 0),
            _ => {
                assert_eq!(answer.status, 200);
                assert!(!answer.whole && !answer.body.is_empty());
            }
        }
        assert!(was_done(&bench), "{kind:?}");
    }
}

#[test]
fn an_answer_can_be_slow_or_not_what_it_says() {
    let bench = ready();
    bench
        .simulator
        .misbehave(Misbehaviour::parse("slow:TD0.2:2s").unwrap());
    let began = Instant::now();
    let answer = ask(&bench);
    assert!(began.elapsed() >= Duration::from_secs(1), "it was fast");
    assert!(answer.whole && answer.status == 200);

    bench
        .simulator
        .misbehave(Misbehaviour::once(Kind::WrongType));
    assert_eq!(ask(&bench).header("content-type"), "text/html");

    bench
        .simulator
        .misbehave(Misbehaviour::once(Kind::WrongRelatesTo));
    let other = ask(&bench).element("RelatesTo");
    assert!(other.starts_with("urn:uuid:") && other != MESSAGE);
    assert_eq!(ask(&bench).element("RelatesTo"), MESSAGE);
}

#[test]
fn a_skewed_clock_shows_in_the_date_and_refuses_assertions() {
    let bench = ready();
    bench
        .simulator
        .misbehave(Misbehaviour::parse("skewed_clock:7200s").unwrap());
    let answer = ask(&bench);
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("date"), "Mon, 02 Mar 2026 11:00:00 GMT");
    assert!(answer.text().contains("IssueInstant"));
}

#[test]
fn a_restart_drops_every_connection_and_comes_back() {
    let bench = ready();
    let mut kept = bench.client(&physician()).connect();
    std::io::Write::write_all(&mut kept, b"GET /simulator HTTP/1.1\r\n").unwrap();
    bench
        .simulator
        .misbehave(Misbehaviour::parse("restart:3s").unwrap());
    assert_eq!(declare(&bench).status, 0);
    let mut rest = Vec::new();
    let _ = std::io::Read::read_to_end(&mut kept, &mut rest);
    assert!(rest.is_empty());
    let address = bench.simulator.address();
    // It goes, then it comes back.
    for there in [false, true] {
        let until = Instant::now() + Duration::from_secs(10);
        while std::net::TcpStream::connect(address).is_ok() != there {
            assert!(Instant::now() < until, "there: {there}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(!was_done(&bench));
}
