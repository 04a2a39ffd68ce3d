//! What a document costs: its header beside lxml, its whole check, its page; a code looked up beside a HashMap.
//!
//! Needs `DMPKIT_CORPUS` (real documents) and, for the header's peer, `python3` with `lxml`.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dmpkit::cda::render::{Duties, html};
use dmpkit::cda::{Against, Limits, check, read, read_header};
use dmpkit::terminology::Terminology;
use dmpkit_benches::{Lane, race, rounds};

/// A large document, in bytes: mostly an embedded file.
const LARGE: usize = 200_000;

fn main() {
    let Some(corpus) = std::env::var_os("DMPKIT_CORPUS").map(PathBuf::from) else {
        println!("DMPKIT_CORPUS is not set: no document is measured");
        codes();
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(corpus.join("cda"))
        .expect("the corpus has a folder cda")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")))
        .collect();
    paths.sort();
    let documents: Vec<Vec<u8>> = paths.iter().map(|p| std::fs::read(p).expect("a document")).collect();
    let large: Vec<usize> = (0..documents.len()).filter(|i| documents[*i].len() >= LARGE).collect();
    let all: Vec<usize> = (0..documents.len()).collect();
    let limits = Limits::default();

    let mut peer = Peer::start(&paths);
    for (title, chosen) in [("all documents", &all), ("large documents", &large)] {
        let count = chosen.len() as u32;
        let each = |work: &dyn Fn(&[u8])| {
            let start = Instant::now();
            chosen.iter().for_each(|i| work(&documents[*i]));
            start.elapsed()
        };
        let mut lanes = vec![Lane::timing("read_header: the header, no further", count, || {
            each(&|bytes| {
                let _ = black_box(read_header(bytes, &limits));
            })
        })];
        if let Some(peer) = &mut peer {
            lanes.push(Lane::timing("lxml: parse and find the same fields", count, || peer.round(chosen)));
        }
        lanes.push(Lane::timing("read: the header, form checked to the end", count, || {
            each(&|bytes| {
                let _ = black_box(read(bytes, &limits));
            })
        }));
        race(&format!("header, {} {title}", chosen.len()), rounds(25), &mut lanes);
        drop(lanes);
    }

    let against = Against::default();
    let count = documents.len() as u32;
    race(
        "a whole check, and a page, beside reading to the end",
        rounds(25),
        &mut [
            Lane::new("check", count, || {
                for bytes in &documents {
                    black_box(check(bytes, &against));
                }
            }),
            Lane::new("read", count, || {
                for bytes in &documents {
                    let _ = black_box(read(bytes, &limits));
                }
            }),
            Lane::new("html", count, || {
                for bytes in &documents {
                    let _ = black_box(html(bytes, &limits, &Duties::default()));
                }
            }),
        ],
    );
    codes();
}

/// One code looked up: a table compiled in, beside a HashMap of the same rows.
fn codes() {
    let terminology = Terminology::embedded();
    let set = terminology.type_code();
    let map: HashMap<(&str, &str), &str> =
        set.concepts().map(|c| ((c.system.as_ref(), c.code.as_ref()), c.label.as_ref())).collect();
    let keys: Vec<(String, String)> =
        set.concepts().map(|c| (c.system.to_string(), c.code.to_string())).collect();
    const TURNS: usize = 200;
    let count = (keys.len() * TURNS) as u32;
    race(
        "a type of document looked up",
        rounds(25),
        &mut [
            Lane::new("ValueSet::find", count, || {
                for (system, code) in keys.iter().cycle().take(keys.len() * TURNS) {
                    black_box(set.find(black_box(system), black_box(code)));
                }
            }),
            Lane::new("HashMap::get", count, || {
                for (system, code) in keys.iter().cycle().take(keys.len() * TURNS) {
                    black_box(map.get(&(black_box(system.as_str()), black_box(code.as_str()))));
                }
            }),
        ],
    );
}

/// The Python program that does the same.
struct Peer {
    input: std::process::ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start(paths: &[PathBuf]) -> Option<Peer> {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/lxml_header.py");
        let mut child = Command::new("python3")
            .arg(program)
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
            println!("python3 with lxml is not here (pip install lxml): the header has no peer");
            return None;
        }
        print!("{version}");
        Some(peer)
    }

    /// One round over every file; the time of those chosen.
    fn round(&mut self, chosen: &[usize]) -> Duration {
        writeln!(self.input, "round").expect("the peer listens");
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the peer answers");
        let times: Vec<f64> = line.split_whitespace().map(|t| t.parse().expect("seconds")).collect();
        Duration::from_secs_f64(chosen.iter().map(|i| times[*i]).sum())
    }
}
