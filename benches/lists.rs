//! The answer of a search, 21 to 10,000 documents, read to metadata: beside lxml and Java's parser doing the same mapping.
//!
//! `DMPKIT_CORPUS` adds the official TD3.1 answer. Needs, for the peers, `python3` with `lxml`, and a JDK.

use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dmpkit::document::{Author, Coded, Confidentiality, Dtm, EntryUuid, Metadata, Oid, Status, Visibility};
use dmpkit::dmp::protocol::ebxml::{AnswerWriter, Entry, Object, ResponseStatus, read_answer};
use dmpkit::dmp::protocol::xml::{Event, Limits, Reader, Writer};
use dmpkit_benches::{Lane, race, rounds};

fn main() {
    let mut lists: Vec<(String, Vec<u8>)> = [21, 1_000, 10_000]
        .into_iter()
        .map(|n| (format!("{n} entries of ours"), answer(n).into_bytes()))
        .collect();
    if let Some(corpus) = std::env::var_os("DMPKIT_CORPUS").map(PathBuf::from) {
        let official = corpus.join("dmp/TD3.1_Recherche_de_document_reponse.xml");
        lists.push(("official answer, 21 entries".into(), std::fs::read(official).expect("the official answer")));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = Vec::new();
    for (at, (_, bytes)) in lists.iter().enumerate() {
        let path = folder.path().join(format!("{at}.xml"));
        std::fs::write(&path, bytes).expect("a file");
        paths.push(path);
    }
    let here = env!("CARGO_MANIFEST_DIR");
    let mut peers: Vec<(&str, Peer)> = [
        ("lxml: parse and map", "python3", format!("{here}/lxml_lists.py")),
        ("Java StAX: parse and map", "java", format!("{here}/JavaLists.java")),
    ]
    .into_iter()
    .filter_map(|(name, program, script)| Some((name, Peer::start(program, &script, &paths)?)))
    .collect();
    for (at, (title, bytes)) in lists.iter().enumerate() {
        let count = u32::try_from(read(bytes)).expect("a number of entries");
        let mut lanes = vec![Lane::timing("read_answer: every entry to Metadata", count, || {
            let start = Instant::now();
            black_box(read(bytes));
            start.elapsed()
        })];
        for (name, peer) in &mut peers {
            lanes.push(Lane::timing(name, count, || peer.round(at)));
        }
        let title = format!("{title}, {} kB, time per entry", bytes.len() / 1000);
        race(&title, rounds(15), &mut lanes);
    }
}

/// Reads an answer, in an envelope or not, to metadata; how many.
fn read(bytes: &[u8]) -> usize {
    let mut reader = Reader::new(bytes, Limits::default());
    let root = loop {
        match reader.next().expect("XML") {
            Event::Start(element) if element.name == "AdhocQueryResponse" => break element,
            Event::Eof => panic!("no answer"),
            _ => {}
        }
    };
    let mut all = Vec::new();
    read_answer(&mut reader, &root, |object| match object {
        Object::Document(entry) => all.push(entry),
        _ => panic!("a document"),
    })
    .expect("an answer");
    all.len()
}

fn answer(n: u32) -> String {
    let mut out = Writer::new();
    let mut answer = AnswerWriter::begin(&mut out, ResponseStatus::Success, &[], Some(n.into()));
    for n in 0..n {
        answer.document(&entry(n));
    }
    answer.end();
    out.finish()
}

fn entry(n: u32) -> Entry {
    let dtm = |text: &str| Dtm::parse(text).expect("a time");
    let id = EntryUuid::derived("bench", &n.to_string());
    let author = Author {
        author_person: "810101234567^RIVIÈRE^Camille^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS".parse().expect("an XCN"),
        author_institution: Some(
            "MAISON DE SANTÉ DU PONT^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^410101234567001".parse().expect("an XON"),
        ),
        author_specialty: Some(Coded::new(
            "G15_10/SM26",
            "1.2.250.1.213.1.1.4.5",
            "Médecin - Qualifié en Médecine Générale (SM)",
        )),
        author_role: None,
    };
    let metadata = Metadata {
        unique_id: Oid::new(&format!("1.2.250.1.999.7.{n}")).expect("an OID"),
        mime_type: "text/xml".into(),
        language_code: "fr-FR".into(),
        creation_time: dtm("20260301103000"),
        service_start_time: dtm("20260301090000"),
        service_stop_time: Some(dtm("20260301093000")),
        title: format!("Compte rendu n° {n}"),
        comments: Some("À relire".into()),
        legal_authenticator: Some(author.author_person.clone()),
        author: vec![author],
        patient_id: "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH".parse().expect("a CX"),
        source_patient_id: "4477^^^&1.2.250.1.999.2&ISO^PI".parse().expect("a CX"),
        source_patient_info: vec!["PID-5|LEFÈVRE^Zoé^^^^^L".into(), "PID-7|19790312".into(), "PID-8|F".into()],
        class_code: Coded::new("10", "1.2.250.1.213.1.1.4.1", "Compte rendu"),
        type_code: Coded::new("11488-4", "2.16.840.1.113883.6.1", "CR ou fiche de consultation ou de visite"),
        format_code: Coded::new("urn:ihe:iti:xds-sd:pdf:2008", "1.3.6.1.4.1.19376.1.2.3", "Pdf/A-1"),
        confidentiality: Confidentiality::N,
        healthcare_facility_type_code: Coded::new("SA07", "1.2.250.1.71.4.2.4", "Cabinet individuel"),
        practice_setting_code: Coded::new("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire"),
        event_code_list: vec![Coded::new("H33", "2.16.840.1.113883.6.3", "Décollement de la rétine")],
        reference_id_list: Vec::new(),
        other_slots: Vec::new(),
        other_classifications: Vec::new(),
        other_identifiers: Vec::new(),
    };
    Entry {
        logical_id: Some(id.clone()),
        version: Some(1),
        status: Some(Status::Approved),
        hash: Some("2c0b4b39aa55aa55aa55aa55aa55aa55aa55aa55".into()),
        size: Some(2768),
        repository_unique_id: Some("1.2.250.1.213.4.1.1.1.2".into()),
        ..Entry::new(id.as_str(), metadata, Visibility::NORMAL)
    }
}

/// A program that does the same.
struct Peer {
    input: std::process::ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start(program: &str, script: &str, paths: &[PathBuf]) -> Option<Peer> {
        let mut child = Command::new(program)
            .arg(script)
            .args(paths)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut peer = Peer {
            input: child.stdin.take()?,
            output: BufReader::new(child.stdout.take()?),
        };
        let mut version = String::new();
        peer.output.read_line(&mut version).ok()?;
        if version.is_empty() {
            println!("{program} cannot run {script}: this peer is missing");
            return None;
        }
        print!("{version}");
        Some(peer)
    }

    /// One list read; its time.
    fn round(&mut self, at: usize) -> Duration {
        writeln!(self.input, "{at}").expect("the peer listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer answers");
        Duration::from_secs_f64(line.trim().parse().expect("seconds"))
    }
}
