//! Threads and processes at once, on the same files and on the same handle: no effect is lost, torn or
//! done twice, and nothing but the statuses that say so.

#[path = "common/face.rs"]
mod face;
#[path = "common/practice.rs"]
mod practice;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use face::call;
use practice::{
    Practice, ask, bare, config, consent, doctor, documents_of, folder, ins, open_access,
    open_connector, open_session, report, report_id, verified, welcome,
};
use serde_json::{Value, json};

const THREADS: u32 = 8;
/// Rounds of work of each thread of each process.
const ROUNDS: u32 = 4;

/// The doctor of a worker: a colleague of the same structure.
fn colleague(worker: u32) -> Value {
    let mut doctor = doctor();
    doctor["professional"]["id"] = json!(format!("8999009{worker:05}"));
    doctor
}

/// A worker's work, on a connector of its own: documents fed, read and hidden, consents recorded. Answers
/// the uniqueIds acknowledged and the numbers of the consents.
fn work(folder: &Path, worker: u32) -> (Vec<String>, Vec<i64>) {
    let connector = open_connector(&config(folder));
    let session = open_session(connector, &colleague(worker));
    let access = welcome(session, &ins(), &practice::traits());
    let (mut fed, mut consents) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let n = worker * 1000 + round;
        call("dmp_document_feed", access, None, Some(&report(n))).ok();
        fed.push(report_id(n));
        let read = call("dmp_document_read", access, Some(&report_id(n)), None).ok();
        assert!(
            read.bytes == Some(report(n)),
            "worker {worker} reads another document"
        );
        consents.push(consent(session, &ins()));
        call("dmp_document_mask", access, Some(&report_id(n)), None).ok();
        bare("dmp_document_find", access).ok();
    }
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
    (fed, consents)
}

/// Environment variables that tell a process of this program to work, where, and as whom.
const WORK_IN: &str = "DMPKIT_TEST_WORK_IN";
const FIRST: &str = "DMPKIT_TEST_FIRST_WORKER";

fn process(folder: &Path, first: u32) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["works_as_told", "--exact", "--ignored", "--nocapture"])
        .env(WORK_IN, folder)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a second process")
}

#[test]
#[ignore = "run by other tests, in processes of their own"]
fn works_as_told() {
    let folder = std::env::var(WORK_IN).expect("where to work");
    let first: u32 = std::env::var(FIRST)
        .expect("as whom")
        .parse()
        .expect("a number");
    let (fed, consents) = by_threads(Path::new(&folder), first);
    println!("DONE {}", json!({"fed": fed, "consents": consents}));
}

fn by_threads(folder: &Path, first: u32) -> (Vec<String>, Vec<i64>) {
    let together = Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (first..first + THREADS)
            .map(|worker| {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    work(folder, worker)
                })
            })
            .collect();
        let mut all = (Vec::new(), Vec::new());
        for thread in threads {
            let (fed, consents) = thread.join().expect("a worker");
            all.0.extend(fed);
            all.1.extend(consents);
        }
        all
    })
}

fn done(child: Child) -> Value {
    let output = child.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    let at = said
        .find("DONE ")
        .unwrap_or_else(|| panic!("{said}\n{errors}"));
    let line = said[at + 5..].lines().next().expect("a line");
    serde_json::from_str(line).expect("JSON")
}

#[test]
fn two_processes_of_eight_threads_lose_nothing_and_do_nothing_twice() {
    let folder = folder();
    let keeper = open_connector(&config(folder.path()));
    practice::open_dossier(keeper, &ins(), &practice::traits());
    let before = verified(keeper);
    let answers = [process(folder.path(), 100), process(folder.path(), 200)].map(done);

    let told = |field: &str| -> Vec<&Value> {
        answers
            .iter()
            .flat_map(|a| a[field].as_array().expect("a list"))
            .collect()
    };
    let workers = 2 * THREADS;
    let fed: BTreeSet<&str> = told("fed")
        .iter()
        .map(|id| id.as_str().expect("an id"))
        .collect();
    let found = documents_of(keeper, &ins());
    assert_eq!(found.len() as u32, workers * ROUNDS);
    assert_eq!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        fed
    );

    // One more consent of each worker, when it welcomed the patient.
    let session = open_session(keeper, &doctor());
    let listed = ask("dmp_consent_list", session, &ins()).ok().json();
    let listed: BTreeSet<i64> = listed["consents"]
        .as_array()
        .expect("consents")
        .iter()
        .map(|c| c["id"].as_i64().expect("a number"))
        .collect();
    let numbers: BTreeSet<i64> = told("consents").iter().filter_map(|n| n.as_i64()).collect();
    assert_eq!(
        numbers.len() as u32,
        workers * ROUNDS,
        "two consents have one number"
    );
    assert_eq!(listed.len() as u32, workers * (ROUNDS + 1));
    assert!(numbers.is_subset(&listed));

    // By worker: session, patient, consent, access, authorisation (2) and the end of the access; by
    // round: feeding (2), reading, consent, masking (2), search. And the session just opened.
    let entries = verified(keeper) - before;
    assert_eq!(entries, i64::from(workers * (7 + ROUNDS * 7)) + 1);
    let journal = practice::journal(keeper);
    for id in &fed {
        let acts = |action: &str, outcome: &str| {
            journal
                .iter()
                .filter(|e| {
                    e["document"] == *id && e["action"] == action && e["outcome"] == outcome
                })
                .count()
        };
        for (action, outcome) in [
            ("document.feed", "intent"),
            ("document.feed", "done"),
            ("document.read", "done"),
            ("document.mask", "intent"),
            ("document.mask", "done"),
        ] {
            assert_eq!(acts(action, outcome), 1, "{action} {outcome} of {id}");
        }
    }
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", keeper).ok();
}

#[test]
fn files_that_many_create_at_once_are_created_once() {
    for _ in 0..40 {
        let folder = folder();
        let together = Barrier::new(THREADS as usize);
        let statuses: Vec<&str> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        let reply = ask("dmp_connector_open", 0, &config(folder.path()));
                        if reply.status == 0 {
                            bare("dmp_connector_close", reply.handle).ok();
                        }
                        reply.name()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|t| t.join().expect("a thread"))
                .collect()
        });
        assert!(
            statuses.iter().all(|status| *status == "DMP_OK"),
            "{statuses:?}"
        );
    }
}

#[test]
fn a_writer_who_hardly_ever_lets_go_of_the_register_starves_nobody() {
    let practice = Practice::open();
    let path = practice.folder.path().join("register.db");
    let register = rusqlite::Connection::open(path).expect("opened");
    register.busy_timeout(Duration::ZERO).expect("set");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // As on a slow disk, where a transaction is long and the next one begins at once.
        let done = &done;
        scope.spawn(move || {
            let (held, free) = (Duration::from_millis(30), Duration::from_micros(100));
            while !done.load(Ordering::Relaxed) {
                if register.execute_batch("BEGIN IMMEDIATE").is_ok() {
                    std::thread::sleep(held);
                    register.execute_batch("COMMIT").expect("committed");
                }
                std::thread::sleep(free);
            }
        });
        let record = json!({"patient": ins(),
            "consent": {"kind": "care_team", "means": "oral", "wording": "affiche 2026-1"}});
        let statuses: Vec<&str> = (0..6)
            .map(|_| {
                // Time for the other to come first.
                std::thread::sleep(Duration::from_millis(5));
                ask("dmp_consent_record", practice.session, &record).name()
            })
            .collect();
        done.store(true, Ordering::Relaxed);
        assert_eq!(statuses, ["DMP_OK"; 6]);
    });
}

#[test]
fn one_document_fed_by_many_at_once_is_there_once() {
    let practice = Practice::open();
    let content = report(1);
    let together = Barrier::new(THREADS as usize);
    let accesses: Vec<usize> = (0..THREADS)
        .map(|_| {
            let connector = open_connector(&config(practice.folder.path()));
            open_access(open_session(connector, &doctor()), &ins())
        })
        .collect();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = accesses
            .iter()
            .map(|access| {
                let (together, content) = (&together, &content);
                scope.spawn(move || {
                    together.wait();
                    call("dmp_document_feed", *access, None, Some(content))
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|t| t.join().expect("a thread"))
            .collect()
    });
    let mut sent = 0;
    for answer in &answers {
        // Told that it is there, or that another attempt has just put it there.
        match answer.name() {
            "DMP_OK" => sent += usize::from(answer.json()["documents"][0]["alreadyThere"] == false),
            "DMP_REFUSED_BY_DMP" => {}
            other => panic!("{other}: {:?}", answer.error),
        }
    }
    assert_eq!(sent, 1, "one attempt put it there");
    assert_eq!(practice.in_the_dmp(), [report_id(1)]);
    let again = practice.feed(&content, &json!({})).ok().json();
    assert_eq!(again["documents"][0]["alreadyThere"], true);
    practice.verified();
}

#[test]
fn a_connector_closed_while_eight_threads_use_it_answers_closed() {
    for moment in 0..12 {
        let practice = Practice::open();
        let (connector, session, access) = (practice.connector, practice.session, practice.access);
        let together = Barrier::new(THREADS as usize + 1);
        let answers: BTreeSet<&str> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|worker| {
                    let together = &together;
                    scope.spawn(move || {
                        together.wait();
                        let mut answers = BTreeSet::new();
                        for round in 0.. {
                            let n = worker * 1000 + round;
                            let replies = [
                                call("dmp_document_feed", access, None, Some(&report(n))),
                                bare("dmp_document_find", access),
                                bare("dmp_dossier_list", session),
                                bare("dmp_journal_verify", connector),
                                bare("dmp_document_unstage", access),
                                ask("dmp_access_open", session, &json!({"patient": ins()})),
                            ];
                            answers.extend(replies.iter().map(face::Reply::name));
                            if replies.iter().all(|reply| reply.status != 0) {
                                break;
                            }
                        }
                        answers
                    })
                })
                .collect();
            together.wait();
            std::thread::sleep(std::time::Duration::from_millis(moment * 3));
            bare("dmp_connector_close", connector).ok();
            threads
                .into_iter()
                .flat_map(|t| t.join().expect("a thread"))
                .collect()
        });
        let expected = BTreeSet::from(["DMP_OK", "DMP_CLOSED", "DMP_BAD_HANDLE"]);
        assert!(answers.is_subset(&expected), "{answers:?}");
        assert!(
            answers.contains("DMP_CLOSED") && answers.contains("DMP_BAD_HANDLE"),
            "{answers:?}"
        );
        // What was written before it closed is whole.
        let again = open_connector(&config(practice.folder.path()));
        verified(again);
        bare("dmp_connector_close", again).ok();
    }
}
