//! Through the C face, a masked document and a document that was never deposited are the same bytes.
//!
//! A random story is told twice on fresh files and the same clock: once with a document that its author
//! deposits masked (and then archives, reads, replaces, unmasks for a moment…), once without. Then everyone
//! who has no right to it asks for everything there is to ask, by every function, and every status, answer
//! and error text is compared.
//!
//! `PROPTEST_CASES` asks for more stories than the everyday few.

mod common;
#[path = "common/drawn.rs"]
mod drawn;
#[path = "common/face.rs"]
mod face;

use common::fixture_text;
use face::{Reply, call};
use proptest::prelude::*;
use serde_json::{Value, json};

const AUTHOR: usize = 0;
const PEOPLE: usize = 8;
const FIRST_AT: &str = "2026-03-02T08:00:00Z";

fn patient() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

fn traits() -> Value {
    json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"})
}

/// The cast: the author, a colleague and a nurse of the same practice; a certificate, a CPE, a médecin du
/// travail, a physician under AIR and one at the emergency department elsewhere.
fn requester(who: usize) -> Value {
    let person = |profession: Option<&str>, specialty: Option<&str>| {
        let mut p = json!({"id": id_of(who), "family": format!("NOM{who}"), "given": "Prénom"});
        if let Some(profession) = profession {
            p["profession"] = json!(profession);
        }
        if let Some(specialty) = specialty {
            p["specialty"] = json!(specialty);
        }
        p
    };
    let (professional, authentication) = match who {
        0 | 1 | 7 => (Some(person(Some("10"), Some("SM26"))), "cps"),
        2 => (Some(person(Some("60"), None)), "cps"),
        3 => (None, "structure"),
        4 => (Some(person(None, None)), "cpe"),
        5 => (Some(person(Some("10"), Some("SM25"))), "cps"),
        _ => (Some(person(Some("10"), Some("SM26"))), "air"),
    };
    let structure = if who < 3 {
        json!({"id": "499900987654001", "name": "Cabinet", "sector": "SA07"})
    } else {
        json!({"id": "1510000029", "name": "Hôpital", "sector": "SA01"})
    };
    let mut requester = json!({"structure": structure, "authentication": authentication});
    if let Some(professional) = professional {
        requester["professional"] = professional;
    }
    requester
}

fn id_of(who: usize) -> String {
    if who == AUTHOR {
        "899900987654".into()
    } else {
        format!("89990000000{who}")
    }
}

/// uniqueId of the n-th document of a series.
fn document_id(series: u32, n: usize) -> String {
    format!("1.2.250.1.999.1.7.{series}.{n}")
}

/// A report under an identifier, by an author, replacing another or not.
fn document(id: &str, author: usize, replaces: Option<&str>) -> Vec<u8> {
    let text = fixture_text("cr_consultation_remplacement.xml");
    let start = text.find("<relatedDocument").expect("a replacement");
    let end = text.find("</relatedDocument>").expect("its end") + "</relatedDocument>".len();
    let related = match replaces {
        None => String::new(),
        Some(old) => text[start..end].replace("1.2.250.1.999.1.1.2026.101", old),
    };
    let own = between(&text, "<id root=\"", "\"/>").to_owned();
    let text = format!("{}{related}{}", &text[..start], &text[end..]);
    text.replacen(
        &format!("<id root=\"{own}\"/>"),
        &format!("<id root=\"{id}\"/>"),
        1,
    )
    .replace("899900987654\"", &format!("{}\"", id_of(author)))
    .into_bytes()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).expect("the start") + start.len();
    let to = text[from..].find(end).expect("the end") + from;
    &text[from..to]
}

#[derive(Debug, Clone)]
enum Step {
    Feed {
        by: usize,
        hidden: bool,
    },
    Change {
        by: usize,
        what: usize,
        document: usize,
    },
    Read {
        by: usize,
        document: usize,
    },
    Find {
        by: usize,
    },
    Later {
        hours: u32,
    },
}

const CHANGES: [&str; 7] = [
    "dmp_document_mask",
    "dmp_document_unmask",
    "dmp_document_archive",
    "dmp_document_unarchive",
    "dmp_document_delete",
    "dmp_document_show_patient",
    "dmp_document_show_representatives",
];

/// What the author does to his masked document once it is there.
#[derive(Debug, Clone, Copy)]
enum Secretly {
    Read,
    Archive,
    ReplaceMasked,
    UnmaskAndMask,
    Delete,
}

#[derive(Debug, Clone)]
struct Story {
    steps: Vec<Step>,
    at: usize,
    replaces: Option<usize>,
    then: Vec<Secretly>,
    masked_in_emergency: bool,
}

fn stories() -> impl Strategy<Value = Story> {
    let step = prop_oneof![
        4 => (0..3_usize, any::<bool>()).prop_map(|(by, hidden)| Step::Feed { by, hidden }),
        3 => (0..3_usize, 0..7_usize, 0..6_usize)
            .prop_map(|(by, what, document)| Step::Change { by, what, document }),
        1 => (0..3_usize, 0..6_usize).prop_map(|(by, document)| Step::Read { by, document }),
        1 => (0..3_usize).prop_map(|by| Step::Find { by }),
        1 => (1..400_u32).prop_map(|hours| Step::Later { hours }),
    ];
    let secretly = prop_oneof![
        Just(Secretly::Read),
        Just(Secretly::Archive),
        Just(Secretly::ReplaceMasked),
        Just(Secretly::UnmaskAndMask),
        Just(Secretly::Delete),
    ];
    (
        prop::collection::vec(step, 4..14),
        0..14_usize,
        prop::option::of(0..4_usize),
        prop::collection::vec(secretly, 0..4),
        Just(false),
    )
        .prop_map(|(steps, at, replaces, then, masked_in_emergency)| Story {
            at: at.min(steps.len()),
            steps,
            replaces,
            then,
            masked_in_emergency,
        })
}

/// One telling of a story.
struct Telling {
    folder: tempfile::TempDir,
    cabinet: usize,
    now: dmpkit::clock::Instant,
    access: Vec<usize>,
    sessions: Vec<usize>,
    fed: Vec<(String, usize)>,
    secrets: Vec<String>,
    replaced: Option<usize>,
}

fn record(name: &str, handle: usize, value: &Value) -> Reply {
    if name == "dmp_session_open" {
        common::simulated::equip_record(&value.to_string());
    }
    call(name, handle, Some(&value.to_string()), None)
}

fn connector(folder: &std::path::Path, register: &str) -> usize {
    let path = |name: &str| folder.join(name).display().to_string();
    let config = json!({
        "register": path(register),
        "software": {"name": "Test", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        "dmp": common::simulated::dmp_of(&folder.join("dmp.db")),
        "clock": FIRST_AT,
        // The pace of a structure is common to all who work there.
        "parameters": {"feedsPerSecond": 0}
    });
    record("dmp_connector_open", 0, &config).ok().handle
}

/// A session of someone who knows the patient and has the équipe de soins' consent.
fn session(connector: usize, who: usize, first: bool) -> usize {
    let session = record("dmp_session_open", connector, &requester(who))
        .ok()
        .handle;
    if first {
        let known = json!({"patient": patient(), "status": "qualifiee", "traits": traits()});
        record("dmp_patient_register", session, &known).ok();
    }
    if who != 3 {
        let kind = if who == 5 { "explicit" } else { "care_team" };
        let consent = json!({"patient": patient(),
            "consent": {"kind": kind, "means": "oral", "wording": "affiche"}});
        record("dmp_consent_record", session, &consent).ok();
    }
    session
}

impl Telling {
    fn begin(story: &Story) -> Telling {
        // In memory where there is such a place: these stories are about rights, not about disks.
        let folder = tempfile::tempdir_in("/dev/shm")
            .or_else(|_| tempfile::tempdir())
            .expect("a folder");
        let cabinet = connector(folder.path(), "cabinet.db");
        let open = json!({"action": "open_dossier", "patient": patient(), "traits": traits(),
            "settings": {"maskedInEmergency": story.masked_in_emergency}});
        record("dmp_holder_act", cabinet, &open).ok();
        let sessions: Vec<usize> = (0..3).map(|who| session(cabinet, who, who == 0)).collect();
        let access = sessions
            .iter()
            .map(|session| {
                let access = record("dmp_access_open", *session, &json!({"patient": patient()}))
                    .ok()
                    .handle;
                record(
                    "dmp_access_authorise",
                    access,
                    &json!({"change": "declare"}),
                )
                .ok();
                access
            })
            .collect();
        Telling {
            folder,
            cabinet,
            now: dmpkit::clock::Instant::parse(FIRST_AT).expect("an instant"),
            access,
            sessions,
            fed: Vec::new(),
            secrets: Vec::new(),
            replaced: None,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Feed { by, hidden } => {
                let id = document_id(1, self.fed.len());
                let options = if *hidden {
                    json!({"visibility": ["INVISIBLE_PATIENT"]})
                } else {
                    json!({})
                };
                let cda = document(&id, *by, None);
                let text = options.to_string();
                call(
                    "dmp_document_feed",
                    self.access[*by],
                    Some(&text),
                    Some(&cda),
                )
                .ok();
                self.fed.push((id, *by));
            }
            Step::Change { by, what, document } => {
                if let Some((id, _)) = self.named(*by, *document) {
                    call(CHANGES[*what], self.access[*by], Some(&id), None);
                }
            }
            Step::Read { by, document } => {
                if let Some((id, _)) = self.named(*by, *document) {
                    call("dmp_document_read", self.access[*by], Some(&id), None);
                }
            }
            Step::Find { by } => {
                call("dmp_document_find", self.access[*by], None, None);
            }
            Step::Later { hours } => {
                self.now = self.now.plus_seconds(i64::from(*hours) * 3600);
                self.set_time(self.cabinet);
            }
        }
    }

    fn set_time(&self, connector: usize) {
        call(
            "dmp_connector_set_time",
            connector,
            Some(&self.now.to_string()),
            None,
        )
        .ok();
    }

    /// A document of the story. What the author does to the one he replaced in secret depends on the
    /// secret: he leaves it alone, in both tellings.
    fn named(&self, by: usize, document: usize) -> Option<(String, usize)> {
        if by == AUTHOR && self.replaced == Some(document) {
            return None;
        }
        self.fed.get(document).cloned()
    }

    /// The author's masked document. Without it, only its name is known, to be asked for.
    fn secret(&mut self, story: &Story, with: bool) {
        let target = story
            .replaces
            .filter(|k| self.fed.get(*k).is_some_and(|(_, by)| *by == AUTHOR));
        self.replaced = target;
        let old = target.map(|k| self.fed[k].0.clone());
        let id = document_id(2, 0);
        self.secrets.push(id.clone());
        let author = self.access[AUTHOR];
        let masked = json!({"visibility": ["MASQUE_PS"]}).to_string();
        let mut there = with
            && call(
                "dmp_document_feed",
                author,
                Some(&masked),
                Some(&document(&id, AUTHOR, old.as_deref())),
            )
            .status
                == 0;
        for (n, what) in story.then.iter().enumerate() {
            let current = self.secrets.last().expect("one at least").clone();
            if let Secretly::ReplaceMasked = what {
                let next = document_id(2, n + 1);
                let cda = document(&next, AUTHOR, Some(&current));
                self.secrets.push(next);
                there = there
                    && call("dmp_document_feed", author, Some(&masked), Some(&cda)).status == 0;
                continue;
            }
            if !there {
                continue;
            }
            let on = |function| call(function, author, Some(&current), None);
            match what {
                Secretly::Read => drop(on("dmp_document_read")),
                Secretly::Archive => drop(on("dmp_document_archive")),
                Secretly::Delete => drop(on("dmp_document_delete")),
                Secretly::UnmaskAndMask => {
                    on("dmp_document_unmask");
                    on("dmp_document_mask");
                }
                Secretly::ReplaceMasked => {}
            }
        }
    }

    /// What the author has in his outbox beside: a document of this visibility, one that he gave up, a change of the
    /// masked one. Without it, only their names are known.
    fn outbox(&mut self, visibility: &Value, with: bool) {
        let ids = [document_id(4, 0), document_id(4, 1)];
        let changed = self.secrets.last().cloned();
        self.secrets.extend(ids.clone());
        if !with {
            return;
        }
        let session = self.sessions[AUTHOR];
        let request =
            json!({"patient": patient(), "options": {"visibility": visibility}}).to_string();
        for id in &ids {
            let cda = document(id, AUTHOR, None);
            call("dmp_outbox_add", session, Some(&request), Some(&cda)).ok();
        }
        record("dmp_outbox_give_up", session, &json!({"id": 2})).ok();
        if let Some(id) = changed {
            let change = json!({"patient": patient(), "uniqueId": id, "change": "unarchive"});
            record("dmp_outbox_add_change", session, &change);
        }
    }

    /// Everything that a colleague obtains of the outbox.
    fn observe_outbox(&self, watch: &mut Watch<'_>, session: usize, who: usize) {
        for id in 1..5 {
            for function in ["dmp_outbox_get", "dmp_outbox_give_up", "dmp_outbox_resend"] {
                watch.note(record(function, session, &json!({ "id": id })));
            }
            let correction = json!({ "id": id }).to_string();
            let cda = document(&document_id(5, who), who, None);
            watch.note(call(
                "dmp_outbox_correct",
                session,
                Some(&correction),
                Some(&cda),
            ));
        }
        for (n, id) in self.secrets.iter().enumerate() {
            let change = json!({"patient": patient(), "uniqueId": id, "change": "archive"});
            watch.note(record("dmp_outbox_add_change", session, &change));
            let cda = document(&document_id(6, who * 100 + n), who, Some(id));
            let request = json!({"patient": patient()}).to_string();
            watch.note(call("dmp_outbox_add", session, Some(&request), Some(&cda)));
        }
        self.list_outbox(watch, session);
    }

    fn list_outbox(&self, watch: &mut Watch<'_>, session: usize) {
        let mut filter = json!({"limit": 2});
        while let Some(last) = {
            let page = watch
                .note(record("dmp_outbox_list", session, &filter))
                .json();
            page["items"]
                .as_array()
                .and_then(|items| items.last())
                .map(|item| item["id"].clone())
        } {
            watch.note(record("dmp_outbox_get", session, &json!({ "id": last })));
            filter["after"] = last;
        }
    }

    /// Everything that everyone without the right obtains.
    fn observe(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for who in 1..PEOPLE {
            let elsewhere = who >= 3;
            let connector = if elsewhere {
                let connector = connector(self.folder.path(), &format!("register{who}.db"));
                self.set_time(connector);
                connector
            } else {
                self.cabinet
            };
            let session = if elsewhere {
                session_elsewhere(connector, who)
            } else {
                self.sessions[who]
            };
            for mode in ["normal", "centre_15", "bris_de_glace"] {
                let mut watch = Watch {
                    seen: &mut seen,
                    who: format!("{who} {mode}"),
                };
                self.observe_as(&mut watch, session, who, mode);
            }
            if elsewhere {
                call("dmp_session_close", session, None, None).ok();
                call("dmp_connector_close", connector, None, None).ok();
            }
        }
        seen
    }

    fn observe_as(&self, watch: &mut Watch<'_>, session: usize, who: usize, mode: &str) {
        let request = json!({"patient": patient(), "mode": mode, "reason": "urgence vitale"});
        let opened = watch.note(record("dmp_access_open", session, &request));
        if opened.status != 0 {
            return;
        }
        let access = opened.handle;
        let declare = json!({"change": "declare"});
        watch.note(record("dmp_access_authorise", access, &declare));
        for function in [
            "dmp_access_state",
            "dmp_access_administrative_data",
            "dmp_access_web",
        ] {
            watch.note(call(function, access, None, None));
        }
        watch.note(call("dmp_access_professionals", access, None, None));
        self.search(watch, access);
        let ids: Vec<&str> = self
            .fed
            .iter()
            .map(|(id, _)| id.as_str())
            .chain(self.secrets.iter().map(String::as_str))
            .collect();
        watch.note(record(
            "dmp_document_reference",
            access,
            &json!({"uniqueIds": ids}),
        ));
        for since in [FIRST_AT, "2026-03-05T00:00:00Z"] {
            watch.note(record(
                "dmp_document_news",
                access,
                &json!({"since": since}),
            ));
        }
        for id in &ids {
            watch.note(call("dmp_document_read", access, Some(id), None));
            let shown = json!({"uniqueId": id, "form": "text"});
            watch.note(record("dmp_document_render", access, &shown));
        }
        for secret in &self.secrets {
            for change in CHANGES {
                watch.note(call(change, access, Some(secret), None));
            }
            let id = document_id(3, who * 10 + mode.len());
            let replacing = document(&id, who, Some(secret));
            watch.note(call("dmp_document_check", access, None, Some(&replacing)));
            watch.note(call("dmp_document_feed", access, None, Some(&replacing)));
            let about = json!({"document": secret});
            watch.note(record("dmp_journal_read", access, &about));
        }
        if who < 3 && mode == "normal" {
            self.observe_outbox(watch, session, who);
            // Whoever calls it sends for all: what it counts is not for a professional.
            call("dmp_outbox_dispatch", self.cabinet, None, None).ok();
            self.list_outbox(watch, session);
        }
        watch.note(call("dmp_journal_read", access, None, None));
        for date in ["last_authorisation", "last_document"] {
            let query = json!({"since": FIRST_AT, "date": date});
            watch.note(record("dmp_dossier_list", session, &query));
        }
        watch.note(call("dmp_access_close", access, None, None));
    }

    fn search(&self, watch: &mut Watch<'_>, access: usize) {
        let all = json!(["Approved", "Deprecated", "Archived", "Deleted"]);
        for criteria in [
            json!({}),
            json!({"status": all}),
            json!({"status": ["Deprecated"]}),
            json!({"status": ["Archived", "Deleted"]}),
            json!({"classCode": ["10"]}),
            json!({"typeCode": ["11488-4"], "status": all}),
            json!({"author": "BASTIDE", "status": all}),
            json!({"author": id_of(AUTHOR), "status": all}),
            json!({"visibility": ["MASQUE_PS"], "status": all}),
            json!({"visibility": ["INVISIBLE_PATIENT"], "status": all}),
            json!({"creationFrom": "2026-01-01T00:00:00Z", "status": all}),
            json!({"serviceStartTo": "2027-01-01T00:00:00Z", "status": all}),
            json!({"practiceSettingCode": ["AMBULATOIRE"], "status": all}),
        ] {
            watch.note(record("dmp_document_find", access, &criteria));
        }
        for limit in [1, 2] {
            let mut criteria = json!({"status": all, "limit": limit});
            while let Some(next) = {
                let page = watch.note(record("dmp_document_find", access, &criteria));
                (page.status == 0)
                    .then(|| page.json()["next"].clone())
                    .filter(|next| !next.is_null())
            } {
                criteria["after"] = next;
            }
        }
    }

    fn end(self) {
        for access in &self.access {
            call("dmp_access_close", *access, None, None).ok();
        }
        for session in &self.sessions {
            call("dmp_session_close", *session, None, None).ok();
        }
        call("dmp_connector_close", self.cabinet, None, None).ok();
    }
}

fn session_elsewhere(connector: usize, who: usize) -> usize {
    // A certificate registers nobody and collects nothing: a colleague of the structure did.
    if who == 3 {
        let colleague = session(connector, 7, true);
        call("dmp_session_close", colleague, None, None).ok();
        return record("dmp_session_open", connector, &requester(3))
            .ok()
            .handle;
    }
    session(connector, who, true)
}

/// Keeps what someone saw.
struct Watch<'a> {
    seen: &'a mut Vec<String>,
    who: String,
}

impl Watch<'_> {
    fn note(&mut self, reply: Reply) -> Reply {
        self.seen.push(format!(
            "{}: {} {:?} {:?} {:?}",
            self.who,
            reply.name(),
            reply.out,
            reply.error,
            reply.bytes.as_ref().map(Vec::len)
        ));
        reply
    }
}

fn tell(story: &Story, with: bool) -> Vec<String> {
    let mut telling = Telling::begin(story);
    for (n, step) in story.steps.iter().enumerate() {
        if n == story.at {
            telling.secret(story, with);
            telling.outbox(&json!(["MASQUE_PS"]), with);
        }
        telling.step(step);
    }
    if story.at == story.steps.len() {
        telling.secret(story, with);
        telling.outbox(&json!(["MASQUE_PS"]), with);
    }
    let seen = telling.observe();
    telling.end();
    seen
}

#[test]
fn everyone_without_the_right_sees_the_same_bytes_with_and_without_a_masked_document() {
    let check = |story: Story| {
        let (with, without) = (tell(&story, true), tell(&story, false));
        prop_assert_eq!(with.len(), without.len());
        for (one, other) in with.iter().zip(&without) {
            prop_assert_eq!(one, other);
        }
        Ok(())
    };
    drawn::until(8, &stories(), check, |_| Ok(()));
}

/// What waits in an outbox is nobody's business but its author's, whatever its visibility.
#[test]
fn a_colleague_is_told_nothing_of_what_waits_in_another_s_outbox() {
    let story = Story {
        steps: Vec::new(),
        at: 0,
        replaces: None,
        then: Vec::new(),
        masked_in_emergency: false,
    };
    for visibility in [
        json!([]),
        json!(["INVISIBLE_PATIENT"]),
        json!(["MASQUE_PS"]),
    ] {
        let [with, without] = [true, false].map(|with| {
            let mut telling = Telling::begin(&story);
            telling.outbox(&visibility, with);
            let mut seen = Vec::new();
            for who in [1, 2] {
                let mut watch = Watch {
                    seen: &mut seen,
                    who: format!("{who}"),
                };
                telling.observe_outbox(&mut watch, telling.sessions[who], who);
                telling.list_outbox(&mut watch, telling.sessions[who]);
            }
            let mut own = Vec::new();
            let mut watch = Watch {
                seen: &mut own,
                who: "the author".to_owned(),
            };
            telling.list_outbox(&mut watch, telling.sessions[AUTHOR]);
            telling.end();
            (seen, own)
        });
        assert_eq!(with.0, without.0, "{visibility}");
        // The author's own list would show it.
        assert_ne!(with.1, without.1);
    }
}

/// The comparison would see a document that is not masked: the same story, told with the secret unmasked
/// at the end, differs.
#[test]
fn the_comparison_sees_an_unmasked_document() {
    let story = Story {
        steps: vec![Step::Feed {
            by: 0,
            hidden: false,
        }],
        at: 1,
        replaces: None,
        then: Vec::new(),
        masked_in_emergency: false,
    };
    let without = tell(&story, false);
    let mut telling = Telling::begin(&story);
    telling.step(&story.steps[0]);
    telling.secret(&story, true);
    let author = telling.access[AUTHOR];
    let secret = telling.secrets[0].clone();
    call("dmp_document_unmask", author, Some(&secret), None).ok();
    let seen = telling.observe();
    telling.end();
    assert_ne!(seen, without);
}
