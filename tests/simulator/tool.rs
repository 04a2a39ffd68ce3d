//! `dmpkit simulator`, as an integrator starts it.

use std::io::{BufRead, BufReader};
use std::net::ToSocketAddrs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use dmpkit::dmp::protocol::soap::{self, Transaction};
use dmpkit::simulator::SERVICES;
use dmpkit::simulator::cards;
use dmpkit::simulator::pki::Pki;
use serde_json::Value;

use crate::bench::{assertion, at, envelope, existence, file_of, folder, patient, physician};
use crate::client::Client;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dmpkit"));
    command
        .args(["simulator", "--listen", "127.0.0.1:0", "--certificates"])
        .arg(folder.join("ours"))
        .arg("--dmp")
        .arg(folder.join("dmp.db"));
    command
}

const SCRIPT: &str = r#"{"steps": [
  {"at": "2026-03-02T08:00:00Z",
   "holder": {"action": "open_dossier",
              "patient": {"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"},
              "traits": {"birthName": "GARRIGUE", "givenNames": ["CLAIRE"], "sex": "F", "birthDate": "19790315"}}},
  {"holder": {"action": "deposit", "patient": {"matricule": "153078987658513", "oid": "1.2.250.1.213.1.4.10"}},
   "document": "texte.xml"}
]}"#;

#[test]
fn the_tool_plays_a_script_and_says_where_to_point_a_connector() {
    let folder = folder();
    let script = folder.path().join("scenario.json");
    let (one_step, _) = SCRIPT
        .split_once(",\n  {\"holder\": {\"action\": \"deposit\"")
        .unwrap();
    std::fs::write(&script, format!("{one_step}]}}")).unwrap();
    let mut child = command(folder.path())
        .arg("--script")
        .arg(&script)
        .args(["--clock", "follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .map(Running)
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.0.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["scriptPlayed"], true);
    let configuration = &ready["configuration"]["national"];
    assert_eq!(configuration["url"], ready["url"]);
    let pki = Pki::open(&folder.path().join("ours"), at("2025-01-01T00:00:00Z")).unwrap();
    let cards_folder = configuration["keys"][0]["cards"].as_str().unwrap();
    let card = Path::new(cards_folder).join(format!("{}.auth.pem", file_of(&physician())));
    assert!(card.exists());
    let client = Client {
        address: ready["address"]
            .as_str()
            .unwrap()
            .to_socket_addrs()
            .unwrap()
            .next()
            .unwrap(),
        authority: pki.ca_der().to_vec(),
        card: Some(card),
    };
    let keys = cards::issue(&pki, &physician()).unwrap();
    let text = assertion(
        &physician(),
        Some(&patient()),
        &keys,
        at("2026-03-02T09:00:00Z"),
    );
    let message = envelope(Transaction::Td02, &text, &existence(&patient()));
    let path = format!("{SERVICES}patients");
    let answer = client.ask("POST", &path, soap::MEDIA_TYPE, message.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("GARRIGUE"));
}

#[test]
fn the_tool_says_in_french_what_is_wrong_and_starts_nothing() {
    let folder = folder();
    let said = |arguments: &[&str]| {
        let output = command(folder.path()).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = said(&["--misbehave", "explode"]);
    assert_eq!(code, 1);
    assert!(text.starts_with("--misbehave attend"), "{text}");
    let (code, text) = said(&["--clock", "demain"]);
    assert_eq!(code, 1);
    assert!(text.starts_with("--clock attend"), "{text}");
    let (code, _) = said(&["--script", "absent.json"]);
    assert_eq!(code, 3);
    let script = folder.path().join("scenario.json");
    let path = script.to_str().unwrap();
    std::fs::write(&script, r#"{"etapes": []}"#).unwrap();
    let (code, text) = said(&["--script", path]);
    assert_eq!(code, 1);
    assert!(
        text.contains("n'est pas un scénario : script: unknown field"),
        "{text}"
    );
    std::fs::write(folder.path().join("texte.xml"), "<x/>").unwrap();
    std::fs::write(&script, SCRIPT).unwrap();
    let (code, text) = said(&["--script", path]);
    assert_eq!(code, 1);
    assert!(text.starts_with("Scénario, étape 2 :"), "{text}");
}

#[test]
fn the_help_lists_the_failures() {
    let output = Command::new(env!("CARGO_BIN_EXE_dmpkit"))
        .args(["simulator", "--help"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for kind in dmpkit::simulator::Kind::ALL {
        assert!(text.contains(kind.name()), "{}", kind.name());
    }
    assert!(text.contains("Exemple :"));
}
