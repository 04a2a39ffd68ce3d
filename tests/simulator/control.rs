//! Who is let in, and the simulator's own endpoint.

use std::io::{Read, Write};
use std::net::TcpStream;

use dmpkit::simulator::Misbehaviour;

use crate::bench::{bench, physician};
use crate::client::Client;

#[test]
fn only_a_certificate_of_the_authority_is_let_in() {
    let bench = bench();
    let answer = bench.client(&physician()).json("GET", "/simulator", "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("date"), "Mon, 02 Mar 2026 09:00:00 GMT");
    let stranger = bench.client_of("other/cards/899900987654.auth.pem");
    assert_eq!(stranger.json("GET", "/simulator", "").status, 0);
    let nobody = Client {
        card: None,
        ..stranger
    };
    assert_eq!(nobody.json("GET", "/simulator", "").status, 0);
}

#[test]
fn a_connection_is_kept_for_several_requests() {
    let bench = bench();
    let mut stream = bench.client(&physician()).connect();
    for _ in 0..3 {
        let request = "GET /simulator/clock HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"}") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.push(byte[0]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    }
}

#[test]
fn the_control_endpoint_answers_json_and_names_what_is_wrong() {
    let bench = bench();
    let client = bench.client(&physician());
    let answer = client.json("POST", "/simulator/clock", r#"{"mode":"follow"}"#);
    assert!(answer.text().contains(r#"{"mode":"follow","now":""#));
    let answer = client.json("POST", "/simulator/clock", r#"{"mode":"backwards"}"#);
    assert_eq!(answer.status, 400);
    let slow = r#"{"kind":"slow","always":true}"#;
    let answer = client.json("POST", "/simulator/misbehave", slow);
    let all = r#"{"misbehaviours":[{"kind":"slow","times":1,"always":true}]}"#;
    assert_eq!(answer.text(), all);
    let answer = client.json("DELETE", "/simulator/misbehave", "");
    assert_eq!(answer.text(), r#"{"misbehaviours":[]}"#);
    let answer = client.json("GET", "/simulator/log", "");
    assert_eq!(answer.text(), r#"{"exchanges":[]}"#);
    assert_eq!(client.json("PUT", "/simulator/log", "").status, 405);
    assert_eq!(client.json("GET", "/elsewhere", "").status, 404);

    let patient = r#"{"matricule":"279035121518989","oid":"1.2.250.1.213.1.4.10"}"#;
    let traits =
        r#"{"birthName":"GARRIGUE","givenNames":["CLAIRE"],"sex":"F","birthDate":"19790315"}"#;
    let open = format!(
        r#"{{"action":{{"action":"open_dossier","patient":{patient},"traits":{traits}}},"at":"2026-05-01T00:00:00Z"}}"#
    );
    let answer = client.json("POST", "/simulator/holder", &open);
    assert_eq!(answer.text(), r#"{"outcome":"done"}"#);
    assert_eq!(answer.header("date"), "Fri, 01 May 2026 00:00:00 GMT");
    let answer = client.json("POST", "/simulator/holder", &open);
    assert_eq!(answer.status, 422);
    let start = r#"{"error":{"kind":"caller","field":"patient","rule":""#;
    assert!(answer.text().starts_with(start), "{}", answer.text());
}

#[test]
fn a_request_larger_than_the_limit_is_refused_before_it_is_read() {
    let bench = bench();
    let mut stream = bench.client(&physician()).connect();
    let head =
        "POST /simulator/holder HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000000\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[test]
fn a_simulator_that_is_dropped_lets_its_port_go() {
    let bench = bench();
    let address = bench.simulator.address();
    bench
        .simulator
        .misbehave(Misbehaviour::parse("slow").unwrap());
    drop(bench);
    assert!(TcpStream::connect(address).is_err());
}
