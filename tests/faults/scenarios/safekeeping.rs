//! The register kept safe: its key changed, a backup made while others work, a backup put back.

use std::collections::BTreeSet;
use std::path::Path;

use dmpkit::Config;
use dmpkit::connector::StoreKey;
use dmpkit::connector::outbox::OutboxRequest;
use dmpkit::connector::safekeeping;
use dmpkit::rules::outbox::State;
use serde_json::{Value, json};

use super::documents::{feeding, is_as_given, practice_with_documents};
use super::everyday::{consent, consent_of};
use super::outbox::{everything_sent, sending};
use super::own::{of, reply, with};
use super::{access, at_work, connector, leaving, session};
use crate::face::{KEY, Reply};
use crate::practice::{ask, bare, doctor, folder, ins, open_session, report, report_id, verified};
use crate::rehearsal::copy;
use crate::scenario::{Desk, Kept, Step, connected, lasting, passing};

/// The key before the change.
const OLD: [u8; 32] = [9; 32];

fn changed(desk: &Desk, old: Option<[u8; 32]>, new: [u8; 32]) -> Reply {
    let config: Config = of(desk.config());
    let (old, new) = (old.map(StoreKey::raw), StoreKey::raw(new));
    reply(safekeeping::rekey(&config, old.as_ref(), &new))
}

/// Whether a key, or none, opens a file: tried on copies, so that what a failure left stays as it is.
fn opens(folder_of_it: &Path, file: &str, key: Option<[u8; 32]>) -> bool {
    let place = folder();
    copy(folder_of_it, place.path());
    let connection = connected(&place.path().join(file), key).expect("a file");
    let read = |connection: &rusqlite::Connection| {
        connection.pragma_query_value(None, "integrity_check", |row| row.get::<_, String>(0))
    };
    read(&connection).is_ok_and(|found| found == "ok")
}

/// What a change of key starts from: files in clear, or under an older key.
pub fn to_be_rekeyed(folder: &Path, kept: Kept) {
    practice_with_documents(folder, kept);
    if kept == Kept::UnderKey {
        changed(&Desk::at(folder, kept, None), Some(KEY), OLD).ok();
    }
}

/// Files put under another key, and then used.
pub fn rekey() -> Vec<Step> {
    let old = |desk: &Desk| desk.key.map(|_| OLD);
    let change = lasting(
        "change the key",
        move |desk| changed(desk, old(desk), KEY),
        |desk, _| {
            for file in ["register.db", "dmp.db"] {
                assert!(opens(&desk.folder, file, Some(KEY)), "{file}");
                assert!(!opens(&desk.folder, file, Some(OLD)), "{file}");
                assert!(!opens(&desk.folder, file, None), "{file}");
            }
            for (name, content) in files(&desk.folder) {
                let is = |what: &[u8]| content.windows(what.len()).any(|part| part == what);
                assert!(!is(b"TESSIER"), "{name} tells the patient's name in clear");
                assert!(
                    !name.contains(".rekey") && !name.contains(".clear"),
                    "{name}"
                );
            }
        },
    )
    .leaving(move |desk| {
        for file in ["register.db", "dmp.db"] {
            let either =
                opens(&desk.folder, file, old(desk)) || opens(&desk.folder, file, Some(KEY));
            assert!(either, "no key opens {file}");
        }
    });
    let from_now_on = passing("the new key from now on", |desk| {
        desk.key = Some(KEY);
        Reply::default()
    });
    let steps = [
        change,
        from_now_on,
        connector(),
        session(),
        access(),
        feeding(2),
        consent(2),
    ];
    steps.into_iter().chain(leaving()).collect()
}

/// The files of a folder, but what the process wrote down for us.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let each = entries.map(|entry| entry.expect("an entry").path());
    let each = each.map(|path| {
        let name = path.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), std::fs::read(&path).expect("a file"))
    });
    each.filter(|(name, _)| name != "acknowledged").collect()
}

/// The wordings of the consents that a file holds, opened as a register elsewhere: it is whole.
fn wordings(desk: &Desk, name: &str) -> BTreeSet<String> {
    let place = folder();
    for companion in ["", "-wal", "-journal"] {
        let file = desk.folder.join(format!("{name}{companion}"));
        if file.exists() {
            let to = place.path().join(format!("register.db{companion}"));
            std::fs::copy(file, to).expect("copied");
        }
    }
    let mut elsewhere = Desk::at(place.path(), Kept::InClear, None);
    elsewhere.key = desk.key;
    let connector = elsewhere.open().ok().handle;
    let session = open_session(connector, &doctor());
    let answer = ask("dmp_consent_list", session, &ins()).ok().json();
    verified(connector);
    let checked = bare("dmp_register_check", connector).ok().json();
    assert_eq!(checked["verdict"], "intact", "{name}: {checked}");
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
    let consents = answer["consents"].as_array().expect("consents");
    let wording = |consent: &Value| consent["wording"].as_str().map(str::to_owned);
    consents.iter().filter_map(wording).collect()
}

fn holds(desk: &Desk, name: &str, wording: &str) -> bool {
    wordings(desk, name).contains(wording)
}

const BACKUP: &str = "backup.db";

fn is_a_backup(desk: &Desk) {
    let found = wordings(desk, BACKUP);
    assert!(found.contains("affiche 1"), "{found:?}");
}

/// A backup, with a consent recorded meanwhile on another connector.
pub fn backup() -> Vec<Step> {
    let made = lasting(
        "back up",
        |desk| {
            let path = desk.folder.join(BACKUP);
            // Made without anyone being told: looked at below.
            if path.exists() {
                return Reply {
                    out: Some("{}".to_owned()),
                    ..Reply::default()
                };
            }
            let record = json!({"patient": ins(),
                "consent": {"kind": "care_team", "means": "oral", "wording": "pendant"}});
            let session = desk.session;
            let mut meanwhile = None;
            let result = with(desk, |connector, _| {
                connector.backup(&path.to_string_lossy(), &mut |_| {
                    meanwhile.get_or_insert_with(|| ask("dmp_consent_record", session, &record));
                })
            });
            match meanwhile {
                Some(recorded) if recorded.status == 0 && result.is_ok() => recorded,
                Some(recorded) if recorded.status != 0 => recorded,
                _ => reply(result),
            }
        },
        |desk, answer| {
            is_a_backup(desk);
            if !answer["id"].is_null() {
                assert_eq!(consent_of(desk, &answer["id"])["wording"], "pendant");
            }
        },
    )
    // What stands under the name of a backup is one, whole, whenever it stands.
    .leaving(|desk| {
        if desk.folder.join(BACKUP).exists() {
            is_a_backup(desk);
        }
    });
    at_work([consent(1), made, feeding(2), consent(2)])
}

/// The backup as it was made, for comparison.
const AS_MADE: &str = "backup.as-made";

/// Documents that waited when the backup was made, and were sent since.
const WAITED: [u32; 2] = [11, 12];

/// A backup, and a practice that went on since, stopped in the middle of its work.
pub fn backed_up(to_fill: &Path, kept: Kept) {
    let place = folder();
    practice_with_documents(place.path(), kept);
    let desk = Desk::at(place.path(), kept, None);
    let connector = desk.open().ok().handle;
    let session = open_session(connector, &doctor());
    let recorded = |wording: &str| {
        let record = json!({"patient": ins(),
            "consent": {"kind": "care_team", "means": "oral", "wording": wording}});
        ask("dmp_consent_record", session, &record).ok();
    };
    recorded("avant");
    for n in WAITED {
        let request: OutboxRequest = of(json!({"patient": ins()}));
        with(&desk, |_, session| session.enqueue(&request, &report(n))).expect("handed over");
    }
    let backup = place.path().join(BACKUP);
    let request = json!({"path": backup});
    ask("dmp_register_backup", connector, &request).ok();
    recorded("depuis");
    let opposition = json!({"patient": ins(), "consent": {"kind": "feeding_opposition", "reason": "contentieux",
        "document": report_id(99), "means": "oral", "wording": "opposition"}});
    ask("dmp_consent_record", session, &opposition).ok();
    with(&desk, |connector, _| everything_sent(connector)).expect("sent");
    // As a stop leaves them; what SQLite shares between processes is gone.
    for name in [
        "register.db",
        "register.db-wal",
        "dmp.db",
        "dmp.db-wal",
        BACKUP,
    ] {
        std::fs::copy(place.path().join(name), to_fill.join(name)).expect("copied");
    }
    std::fs::copy(backup, to_fill.join(AS_MADE)).expect("copied");
    drop(desk.own);
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
}

/// What is never lost, whenever it stops: the backup as it was made, and what the practice did since.
fn nothing_is_deleted(desk: &Desk) {
    let content = |name: &str| std::fs::read(desk.folder.join(name)).expect("a file");
    assert!(
        content(BACKUP) == content(AS_MADE),
        "the backup was changed"
    );
    let is_one = |name: &String| {
        let ending = name.strip_prefix("register.db.set-aside-");
        ending.is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    };
    let kept = files(&desk.folder).into_iter().map(|(name, _)| name);
    let mut kept = kept.filter(|name| name == "register.db" || is_one(name));
    assert!(
        kept.any(|name| holds(desk, &name, "depuis")),
        "what was done since the backup is nowhere"
    );
}

/// What waited in the backup is found in the DMP, where it was sent since, and is not sent twice.
fn sent() -> Step {
    sending("send what waited", &["restore"], |desk| {
        let page = with(desk, |_, session| session.outbox(&of(json!({})))).expect("a list");
        assert_eq!(page.items.len(), WAITED.len());
        let undone = page.items.iter().find(|item| item.state != State::Done);
        assert!(undone.is_none(), "{undone:?}");
        for n in WAITED {
            is_as_given(desk, &report_id(n), &report(n));
        }
    })
}

/// A backup put in the register's place, and work that goes on from there.
pub fn restore() -> Vec<Step> {
    let restored = lasting(
        "restore",
        |desk| {
            let config: Config = of(desk.config());
            let backup = desk.folder.join(BACKUP);
            let key = desk.key.map(StoreKey::raw);
            let backup = backup.to_string_lossy();
            reply(safekeeping::restore(&config, &backup, key.as_ref(), true))
        },
        |desk, answer| {
            let found = wordings(desk, "register.db");
            assert!(
                found.contains("avant") && !found.contains("depuis"),
                "{found:?}"
            );
            // Or a person was told that it could not be read.
            let told = answer["carriedOver"].is_null();
            assert!(
                told || found.contains("opposition"),
                "it was unsaid: {found:?}"
            );
            nothing_is_deleted(desk);
            for (name, _) in files(&desk.folder) {
                assert!(!name.contains(".restoring"), "{name}");
            }
        },
    )
    .leaving(|desk| {
        // The old one, or the one that takes its place.
        assert!(holds(desk, "register.db", "avant"));
        nothing_is_deleted(desk);
    });
    let steps = [
        restored,
        connector(),
        session(),
        access(),
        feeding(2),
        consent(2),
        sent(),
    ];
    steps.into_iter().chain(leaving()).collect()
}
