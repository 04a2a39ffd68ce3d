//! Connections kept between calls: one for each identity, and never a request lost or doubled by them.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dmpkit::dmp::national::transport::{Cancel, NetworkError, Request, Stage, Transport};

use crate::pki::{self, Card, ServerTls};
use crate::server::{OK, Server, head, read_request, within};
use crate::{ACCEPT, ask, client, client_of, config, post};

#[test]
fn calls_of_one_identity_share_a_connection() {
    let server = Server::good();
    let url = server.url();
    within(30, move || {
        let client = client();
        for _ in 0..5 {
            // The same card, read again each time.
            assert_eq!(ask(&client, &url, &pki::card()).unwrap(), b"ok");
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn without_reuse_each_call_has_its_own() {
    let server = Server::good();
    let url = server.url();
    within(30, move || {
        let mut config = config();
        config.idle_seconds = 0;
        let client = client_of(config);
        for _ in 0..5 {
            assert_eq!(ask(&client, &url, &pki::card()).unwrap(), b"ok");
        }
    });
    assert_eq!(server.connections(), 5);
}

#[test]
fn two_identities_never_share_one_and_can_be_forgotten() {
    // Answers with a number that stands for the certificate it saw.
    let server = Server::tls(ServerTls::default().config(), |_, peer| {
        while read_request(peer).is_some() {
            let seen = peer.conn.peer_certificates().unwrap()[0].to_vec();
            let _ = peer.write_all(head(seen.len()).as_bytes());
            let _ = peer.write_all(&seen);
        }
    });
    let url = server.url();
    within(30, move || {
        let client = client();
        let cards = [
            Card::new("carte A", "racine").key(),
            Card::new("carte B", "racine").key(),
        ];
        for _ in 0..3 {
            for card in &cards {
                assert_eq!(ask(&client, &url, card).unwrap(), card.certificates()[0]);
            }
        }
        assert_eq!(server.connections(), 2);
        client.forget(cards[0].as_ref());
        for card in &cards {
            ask(&client, &url, card).unwrap();
        }
        assert_eq!(server.connections(), 3);
    });
}

#[test]
fn a_body_not_read_to_its_end_costs_the_connection_not_the_next_answer() {
    let server = Server::tls(ServerTls::default().config(), |_, peer| {
        let mut n = 0;
        while read_request(peer).is_some() {
            n += 1;
            let _ = peer.write_all(format!("{}answer {n}", head(8)).as_bytes());
        }
    });
    let url = server.url();
    within(30, move || {
        let client = client();
        for _ in 0..3 {
            let mut answer = post(&client, &url, &pki::card(), &Cancel::new()).unwrap();
            let mut start = [0; 3];
            answer.body.read_exact(&mut start).unwrap();
            drop(answer);
            assert_eq!(ask(&client, &url, &pki::card()).unwrap(), b"answer 1");
            client.forget(pki::card().as_ref());
        }
    });
}

#[test]
fn bytes_after_an_answer_are_never_the_next_answer() {
    let server = Server::tls(ServerTls::default().config(), |number, peer| {
        let poison = format!("{}poison", head(6));
        while read_request(peer).is_some() {
            let answer = format!("{}answer{number}{poison}", head(7));
            let _ = peer.write_all(answer.as_bytes());
        }
    });
    let url = server.url();
    within(30, move || {
        let client = client();
        for _ in 0..5 {
            let body = ask(&client, &url, &pki::card()).unwrap();
            assert!(body.starts_with(b"answer"));
        }
        assert_eq!(server.connections(), 5);
    });
}

/// One request, which may be made twice or not.
fn query(client: &dyn Transport, url: &str, repeatable: bool) -> Result<Vec<u8>, NetworkError> {
    let mut answer = client.send(&Request {
        url,
        content_type: "application/soap+xml",
        soap_action: None,
        headers: &[],
        body: &[b"<query/>"],
        accept: ACCEPT,
        identity: &pki::card(),
        repeatable,
        cancel: &Cancel::new(),
    })?;
    let mut body = Vec::new();
    answer.body.read_to_end(&mut body).unwrap();
    Ok(body)
}

#[test]
fn a_connection_closed_while_it_was_kept_is_replaced() {
    // One answer per connection, without announcing the end.
    let server = Server::tls(ServerTls::default().config(), |_, peer| {
        read_request(peer);
        let _ = peer.write_all(OK);
        let _ = peer.sock.shutdown(std::net::Shutdown::Both);
    });
    let url = server.url();
    within(30, move || {
        let client = client();
        for _ in 0..3 {
            assert_eq!(query(&client, &url, false).unwrap(), b"ok");
            // The end has arrived by then, on this machine.
            std::thread::sleep(Duration::from_millis(300));
        }
        assert_eq!(server.connections(), 3);
    });
}

#[test]
fn a_kept_connection_cut_by_the_request_is_replaced_only_when_twice_does_no_harm() {
    // The first connection reads a second request, then cuts: it may have acted on it.
    let requests = Arc::new(AtomicUsize::new(0));
    let server = || {
        let requests = requests.clone();
        Server::tls(ServerTls::default().config(), move |number, peer| {
            while read_request(peer).is_some() {
                let n = requests.fetch_add(1, Ordering::SeqCst);
                if number == 0 && n % 10 == 1 {
                    let _ = peer.sock.shutdown(std::net::Shutdown::Both);
                    return;
                }
                let _ = peer.write_all(OK);
            }
        })
    };
    let deposit = server();
    let url = deposit.url();
    let error = within(30, move || {
        let client = client();
        query(&client, &url, false).unwrap();
        query(&client, &url, false).unwrap_err()
    });
    let stage = Stage::After;
    assert_eq!(error, NetworkError::Cut { stage });
    assert!(error.sent());
    assert_eq!(
        (requests.load(Ordering::SeqCst), deposit.connections()),
        (2, 1)
    );

    requests.store(10, Ordering::SeqCst);
    let consult = server();
    let url = consult.url();
    within(30, move || {
        let client = client();
        assert_eq!(query(&client, &url, true).unwrap(), b"ok");
        assert_eq!(query(&client, &url, true).unwrap(), b"ok");
    });
    assert_eq!(
        (requests.load(Ordering::SeqCst), consult.connections()),
        (13, 2)
    );
}

#[test]
fn many_threads_share_a_client() {
    let server = Server::good();
    let url = server.url();
    within(30, move || {
        let client = Arc::new(client());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (client, url) = (client.clone(), url.clone());
                std::thread::spawn(move || {
                    for _ in 0..5 {
                        assert_eq!(ask(client.as_ref(), &url, &pki::card()).unwrap(), b"ok");
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(server.connections() <= 4);
    });
}
