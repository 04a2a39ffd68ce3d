//! Clients that were written by others: OpenSSL, curl, zeep on the official WSDL; and the official messages. Each is
//! skipped, with a word, where it is not installed or not at hand.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use dmpkit::dmp::protocol::services;
use dmpkit::dmp::protocol::soap::Transaction;
use dmpkit::dossier::AuthorisationChange;
use dmpkit::simulator::SERVICES;

use crate::bench::{Bench, assertion, bench, envelope, existence, now, patient, physician};
use crate::transactions::{deposit, doc};

fn there_is(tool: &str, argument: &str) -> bool {
    let found = Command::new(tool)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        println!("skipped: {tool} is not installed");
    }
    found
}

fn openssl(bench: &Bench, arguments: &[&str]) -> Output {
    let ours = bench.folder.path().join("ours");
    let connect = bench.simulator.address().to_string();
    Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &connect,
            "-servername",
            "localhost",
            "-CAfile",
        ])
        .arg(ours.join("ca.pem"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn card(bench: &Bench) -> PathBuf {
    bench.folder.path().join("ours/cards/899900987654.auth.pem")
}

#[test]
fn openssl_agrees_on_the_suites_and_needs_a_certificate() {
    if !there_is("openssl", "version") {
        return;
    }
    let bench = bench();
    let card = card(&bench);
    let card = card.to_str().unwrap();
    for (version, suite, expected) in [
        ("-tls1_2", "ECDHE-RSA-AES256-GCM-SHA384", true),
        ("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256", true),
        ("-tls1_2", "ECDHE-RSA-CHACHA20-POLY1305", true),
        // No forward secrecy, and a suite of the list that rustls does not have.
        ("-tls1_2", "AES128-SHA", false),
        ("-tls1_2", "ECDHE-RSA-AES256-SHA384", false),
    ] {
        let seen = openssl(
            &bench,
            &[version, "-cipher", suite, "-cert", card, "-key", card],
        );
        let text = String::from_utf8_lossy(&seen.stdout).into_owned();
        let agreed = text.contains("Verify return code: 0 (ok)") && text.contains(suite);
        assert_eq!(agreed, expected, "{suite}\n{text}");
    }
    let new = openssl(&bench, &["-tls1_3", "-cert", card, "-key", card]);
    assert!(String::from_utf8_lossy(&new.stdout).contains("TLSv1.3"));
    let nobody = openssl(&bench, &["-tls1_2"]);
    assert!(!nobody.status.success());
}

#[test]
fn curl_posts_an_envelope() {
    if !there_is("curl", "--version") {
        return;
    }
    let bench = bench();
    bench.open();
    let text = assertion(
        &physician(),
        Some(&patient()),
        &bench.keys(&physician()),
        now(),
    );
    let message = envelope(Transaction::Td02, &text, &existence(&patient()));
    let file = bench.folder.path().join("message.xml");
    std::fs::write(&file, message).unwrap();
    let url = format!("{}/patients", bench.simulator.url());
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--noproxy",
            "*",
            "--cacert",
        ])
        .arg(bench.folder.path().join("ours/ca.pem"))
        .arg("--cert")
        .arg(card(&bench))
        .args([
            "--header",
            "Content-Type: application/soap+xml; charset=UTF-8",
        ])
        .args(["--data-binary", &format!("@{}", file.display()), &url])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(text.contains("PRPA_IN201308UV02"), "{text}");
}

#[test]
fn zeep_drives_the_services_from_their_wsdl() {
    let Some(schemas) = std::env::var_os("DMPKIT_SCHEMAS") else {
        println!("skipped: DMPKIT_SCHEMAS is not set");
        return;
    };
    let python = |code: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", code]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !python("import zeep") {
        println!("skipped: zeep is not installed");
        return;
    }
    let bench = bench();
    bench.open();
    let answer = deposit(&bench, &physician(), 1, &[doc(1)], false);
    assert_eq!(answer.status, 200);
    let folder = bench.folder.path();
    let text = assertion(
        &physician(),
        Some(&patient()),
        &bench.keys(&physician()),
        now(),
    );
    std::fs::write(folder.join("assertion.xml"), text).unwrap();
    let (document, _) = doc(1);
    std::fs::write(folder.join("document.xml"), &document.content).unwrap();
    let output = Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulator/wsdl.py"))
        .arg(Path::new(&schemas).join("xds"))
        .arg(bench.simulator.url())
        .arg(folder.join("ours/ca.pem"))
        .arg(card(&bench))
        .arg(folder.join("assertion.xml"))
        .arg(document.id().as_str())
        .arg(folder.join("document.xml"))
        .env("NO_PROXY", "*")
        .output()
        .unwrap();
    let (out, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{out}\n{error}");
    assert!(out.contains("TD3.2 bytes: ok"), "{out}");
}

/// The official requests are read to their end: what is refused is who signed them.
#[test]
fn every_official_request_is_understood() {
    let Some(corpus) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let bench = bench();
    let mut requests = 0;
    for entry in std::fs::read_dir(Path::new(&corpus).join("dmp")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with("_requete.xml") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let transaction = name.split('_').next().unwrap();
        let service = match transaction {
            "TD0.3" | "TD1.6" => "habilitations",
            "TD2.1" | "TD3.2" => "repository",
            "TD3.1" | "TD3.3c" | "TD3.3d" => "registry",
            _ => "patients",
        };
        // The official TD2.1 is a package, whose delimiters are its own.
        let media = if bytes.starts_with(b"--") {
            let line = bytes
                .split(|byte| matches!(byte, b'\r' | b'\n'))
                .next()
                .unwrap();
            let boundary = String::from_utf8_lossy(&line[2..]).into_owned();
            format!("multipart/related; type=\"application/xop+xml\"; boundary=\"{boundary}\"")
        } else {
            "application/soap+xml; charset=UTF-8".to_owned()
        };
        let path = format!("{SERVICES}{service}");
        let answer = bench
            .client(&physician())
            .ask("POST", &path, &media, &bytes);
        assert_eq!(answer.status, 500, "{name}");
        let exchanges = bench.simulator.exchanges();
        let last = exchanges.last().unwrap();
        assert_eq!(
            last.outcome, "DMPInvalidCertificate",
            "{name}: {}",
            last.context
        );
        requests += 1;
    }
    assert!(requests >= 10, "{requests}");
}

/// A message that a connector sends to the wrong service.
#[test]
fn a_transaction_is_answered_by_its_own_service_alone() {
    let bench = bench();
    let payload = services::set_authorisation(AuthorisationChange::Declare);
    let text = assertion(
        &physician(),
        Some(&patient()),
        &bench.keys(&physician()),
        now(),
    );
    let message = envelope(Transaction::Td03, &text, &payload);
    let client = bench.client(&physician());
    let media = "application/soap+xml";
    let answer = client.ask(
        "POST",
        &format!("{SERVICES}registry"),
        media,
        message.as_bytes(),
    );
    assert_eq!(answer.status, 500);
    assert!(answer.text().contains("ActionNotSupported"));
    let answer = client.ask(
        "POST",
        &format!("{SERVICES}patientCertif"),
        media,
        message.as_bytes(),
    );
    assert_eq!(answer.status, 404);
    let answer = client.ask("GET", &format!("{SERVICES}registry"), media, b"");
    assert_eq!(answer.status, 405);
}
