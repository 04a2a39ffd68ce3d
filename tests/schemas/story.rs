//! A story that asks every function, and gets every answer it can give, refusals among them.

use std::collections::BTreeSet;

use dmpkit::ffi::access::*;
use dmpkit::ffi::cda::*;
use dmpkit::ffi::connector::*;
use dmpkit::ffi::document::*;
use dmpkit::ffi::outbox::dmp_outbox_recover;
use dmpkit::ffi::oversight::*;
use dmpkit::ffi::safekeeping::*;
use dmpkit::ffi::session::*;
use dmpkit::ffi::status::*;
use dmpkit::ffi::support::*;
use dmpkit::ffi::terminology::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::call;
use crate::library::{
    self, Access, Connector, Reply, Session, close_access, close_connector, close_session,
    open_access, open_connector, open_session, set_time,
};

/// The first document of the fixtures, fed by the doctor.
pub const DOCUMENT: &str = "1.2.250.1.999.1.1.2026.101";
/// A file whole enough to be wrapped, with advice on it.
pub const PDF: &[u8] =
    b"%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n";
/// What replaces it.
const REPLACEMENT: &str = "1.2.250.1.999.1.1.2026.102";
/// A document with advice on it.
pub const WITH_ADVICE: &str = "1.2.250.1.999.1.1.2026.121";

pub fn patient() -> Value {
    json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"})
}

fn child() -> Value {
    json!({"matricule": "207058575627097", "oid": "1.2.250.1.213.1.4.10"})
}

pub fn traits(birth_name: &str, birth_date: &str) -> Value {
    json!({
        "birthName": birth_name, "givenNames": ["CAMILLE", "ANNE", "LOUISE"], "birthDate": birth_date,
        "sex": "F", "birthPlace": "51215", "usedName": "MOREL",
    })
}

pub fn doctor() -> Value {
    json!({
        "professional": {
            "id": "899900987654", "family": "BASTIDE", "given": "Hélène", "profession": "10",
            "specialty": "SM26",
        },
        "structure": {
            "id": "499900987654001", "name": "Cabinet de la Dre Bastide", "sector": "SA07",
        },
        "authentication": "cps",
    })
}

fn nurse() -> Value {
    json!({
        "professional": {
            "id": "899900112233", "family": "LEROUX", "given": "Yann", "profession": "60",
        },
        "structure": doctor()["structure"],
        "authentication": "cps",
    })
}

pub fn fixture(name: &str) -> String {
    let path = crate::contract::root().join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The doctor's document under another identifier, for another patient.
pub fn document(unique_id: &str, patient: &Value) -> String {
    let document = fixture("cr_consultation_pdf.xml")
        .replace(DOCUMENT, unique_id)
        .replace(
            "279035121518989",
            patient["matricule"].as_str().expect("a text"),
        );
    if *patient == child() {
        document
            .replace("TESSIER", "GARNIER")
            .replace("19790315", "20140702")
    } else {
        document
    }
}

/// The doctor's document: what the inputs feed.
pub fn content() -> Vec<u8> {
    fixture("cr_consultation_pdf.xml").into_bytes()
}

/// A document that the patient wrote.
pub fn written_by_patient() -> Vec<u8> {
    fixture("expression_patient_texte.xml")
        .replace("153078987658513", "279035121518989")
        .into_bytes()
}

/// A folder in memory where the system has one: these files need not outlive a power cut.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a folder")
}

pub fn config(folder: &TempDir) -> Value {
    json!({
        "register": folder.path().join("cabinet.db"),
        "software": {
            "name": "Logiciel de cabinet", "version": "4.2", "homologation": "DMP-2026-0001",
            "oid": "1.2.250.1.999.1",
        },
        "dmp": {"embedded": {"path": folder.path().join("dmp.db")}},
        "clock": "2026-01-12T09:00:00Z",
        "domain": "test",
        "offline": {},
    })
}

/// Everything that was asked and answered.
#[derive(Default)]
pub struct Told(Vec<Reply>);

impl Told {
    /// Keeps a reply, which must have this status; returns its record.
    pub fn expect(&mut self, status: i32, reply: Reply) -> Value {
        assert_eq!(reply.status, status, "{reply:?}");
        let answer = reply.answer.clone().unwrap_or_default();
        self.0.push(reply);
        answer
    }

    pub fn ok(&mut self, reply: Reply) -> Value {
        self.expect(DMP_OK, reply)
    }

    fn connector(&mut self, config: &Value) -> Connector {
        let (connector, reply) = open_connector(&config.to_string());
        self.ok(reply);
        connector
    }

    fn session(&mut self, connector: Connector, requester: &Value) -> Session {
        let (session, reply) = open_session(connector, &requester.to_string());
        self.ok(reply);
        session
    }

    fn access(&mut self, session: Session, request: Value) -> Access {
        let (access, reply) = open_access(session, &request.to_string());
        self.ok(reply);
        access
    }

    fn holder(&mut self, connector: Connector, action: Value) -> Value {
        self.ok(library::act(connector, &action.to_string(), b""))
    }

    fn consent(&mut self, session: Session, consent: Value) -> i64 {
        let request = json!({"patient": patient(), "consent": consent}).to_string();
        let answer = self.ok(call!(dmp_consent_record(session, &*request)));
        answer["id"].as_i64().expect("a number")
    }

    fn fed(&mut self, access: Access, content: &str, options: Value) -> Value {
        let options = options.to_string();
        self.ok(call!(dmp_document_feed(
            access,
            content.as_bytes(),
            &*options
        )))
    }
}

/// Tells the story; returns what was asked and answered, and what the progress callback was given.
pub fn story() -> (Vec<Reply>, Vec<Value>) {
    let folder = folder();
    let mut told = Told::default();
    let connector = told.connector(&config(&folder));
    dossiers(&mut told, connector);
    let session = told.session(connector, &doctor());
    let access = entrance(&mut told, connector, session);
    consents(&mut told, session);
    feeding(&mut told, access);
    consultation(&mut told, access);
    without_network(&mut told, connector, session, access);
    changes(&mut told, connector, session, access);
    documents(&mut told, connector, access);
    let progress = crate::outbox::outbox(&mut told, connector, session, access);
    around(&mut told, connector, session, access);
    emergency(&mut told, connector, session);
    oversight(&mut told, connector, session, access);
    holder_side(&mut told, connector);
    terminology(&mut told, connector);
    closed_dossier(&mut told, connector, session);
    retention(&mut told, connector, session);
    close_access(access);
    close_session(session);
    let backup = folder.path().join("sauvegarde.db");
    let request = json!({"path": backup}).to_string();
    told.ok(library::backup(connector, &request));
    told.expect(DMP_EXISTS, library::backup(connector, &request));
    let check = told.ok(call!(dmp_register_check(connector)));
    assert_eq!(check["verdict"], "intact");
    close_connector(connector);
    tampered(&mut told, &folder);
    kept_safe(&mut told, &folder, &backup);
    (told.0, progress)
}

/// The sets, asked and brought up to date.
fn terminology(told: &mut Told, connector: Connector) {
    let ask = |told: &mut Told, code: Value| {
        told.ok(call!(dmp_terminology_check(connector, &*code.to_string())))
    };
    told.ok(call!(dmp_terminology_sets(connector)));
    let request = json!({"set": "JDV_J66-TypeCode-DMP", "at": "20260112"}).to_string();
    let list = told.ok(call!(dmp_terminology_list(connector, &*request)));
    assert_eq!(list["concepts"].as_array().map(Vec::len), Some(108));
    let format = "urn:ans:ci-sis:trod:2024";
    let added = ask(
        told,
        json!({"set": "JDV_J60-FormatCode-DMP", "system": "1.2.250.1.213.1.1.4.2.282", "code": format}),
    );
    assert_eq!(added["inForce"], true);
    let profession = json!({"system": "1.2.250.1.71.1.2.7", "code": "35"});
    let mut retired = profession.clone();
    retired["set"] = json!("TRE_G15-ProfessionSante");
    assert_eq!(ask(told, retired)["inForce"], false);
    let label = told.ok(call!(dmp_terminology_label(
        connector,
        &*profession.to_string()
    )));
    assert_eq!(label["label"], "Aide-soignant");
    let unknown = json!({"system": "1.2.250.1.71.1.2.7", "code": "0"}).to_string();
    let nothing = told.ok(call!(dmp_terminology_label(connector, &*unknown)));
    assert_eq!(nothing, json!({}));
    let request = json!({"set": "JDV_J999"}).to_string();
    told.expect(
        DMP_INVALID_VALUE,
        call!(dmp_terminology_list(connector, &*request)),
    );
    for (version, concepts) in [
        ("20260101", [("a", "Un"), ("b", "Deux")]),
        ("20260102", [("a", "Premier"), ("c", "Trois")]),
    ] {
        let concepts: Vec<Value> = concepts
            .iter()
            .map(|(code, label)| json!({"system": "1.2.250.1.999.3", "code": code, "label": label}))
            .collect();
        let pack = json!({
            "sets": [{"name": "JDV_EXEMPLE", "oid": "1.2.250.1.999.3.1", "version": version,
                      "concepts": concepts}],
            "correspondences": [{"name": "ASS_EXEMPLE", "version": version, "mappings": [
                {"code": "a", "target": concepts[0]},
            ]}],
        });
        told.ok(call!(dmp_terminology_load(connector, &*pack.to_string())));
    }
    let sets = told.ok(call!(dmp_terminology_sets(connector)));
    assert_eq!(sets["report"]["sets"][0]["outcome"], "replaced");
}

fn dossiers(told: &mut Told, connector: Connector) {
    told.holder(
        connector,
        json!({
            "action": "open_dossier", "patient": patient(), "traits": traits("TESSIER", "19790315"),
            "representatives": [{"family": "TESSIER", "given": "Jeanne", "relation": "MTH", "contact": "0326000000"}],
            "toNotify": [
                {"family": "MOREL", "given": "Paul", "contact": "paul.morel@exemple.fr"},
                {"family": "MOREL", "given": "Luc"},
            ],
        }),
    );
    told.holder(
        connector,
        json!({"action": "open_dossier", "patient": child(), "traits": traits("GARNIER", "20140702")}),
    );
}

/// Refused sessions, registered patients, an identity that differs and is confirmed.
fn entrance(told: &mut Told, connector: Connector, session: Session) -> Access {
    let mut insurer = doctor();
    insurer["capacity"] = json!("insurer");
    let (_, reply) = open_session(connector, &insurer.to_string());
    told.expect(DMP_REFUSED, reply);

    let record = |birth_name: &str| json!({"patient": patient(), "status": "qualifiee", "traits": traits(birth_name, "19790315")});
    told.ok(call!(dmp_patient_register(
        session,
        &*record("TEISSIER").to_string()
    )));
    let request = json!({
        "patient": child(), "status": "qualifiee", "traits": traits("GARNIER", "20140702"),
    });
    told.ok(call!(dmp_patient_register(session, &*request.to_string())));
    let known = told.ok(call!(dmp_patient_get(session, &*patient().to_string())));
    assert_eq!(known["registered"], true);
    let stranger = json!({"matricule": "153078987658513", "oid": "1.2.250.1.213.1.4.10"});
    let unknown = told.ok(call!(dmp_patient_get(session, &*stranger.to_string())));
    assert_eq!(unknown["registered"], false);

    let access = told.access(session, json!({"patient": patient()}));
    let refusal = told.expect(
        DMP_REFUSED,
        call!(dmp_document_feed(access, &content(), None)),
    );
    assert_eq!(refusal["facts"][0]["code"], "traits_diverge");
    let note = json!({"note": "Carte nationale d'identité présentée"}).to_string();
    told.ok(call!(dmp_access_confirm_identity(access, &*note)));
    let state = told.ok(call!(dmp_access_state(access)));
    assert_eq!(state["identityConfirmed"], true);
    told.expect(DMP_REFUSED, call!(dmp_document_find(access, None)));
    access
}

fn consents(told: &mut Told, session: Session) {
    told.consent(
        session,
        json!({"kind": "care_team", "means": "information", "wording": "affiche 2026-1"}),
    );
    told.consent(
        session,
        json!({
            "kind": "explicit", "grantee": "899900445566", "means": "written", "wording": "formulaire 2026-2",
            "reason": "avis spécialisé", "expiresAt": "2027-01-12T00:00:00+01:00",
        }),
    );
    told.consent(
        session,
        json!({"kind": "single_consultation", "means": "oral", "wording": "entretien"}),
    );
    let opposition = told.consent(
        session,
        json!({
            "kind": "feeding_opposition", "document": DOCUMENT, "means": "oral", "wording": "entretien",
            "reason": "contentieux familial",
        }),
    );
    let unreasoned = json!({"patient": patient(), "consent": {
        "kind": "feeding_opposition", "means": "oral", "wording": "entretien",
    }});
    told.expect(
        DMP_REFUSED,
        call!(dmp_consent_record(session, &*unreasoned.to_string())),
    );
    let revocation = json!({"patient": patient(), "id": opposition}).to_string();
    told.ok(call!(dmp_consent_revoke(session, &*revocation)));
    // Outside the équipe de soins only the single consultation holds, and is spent.
    let outside = told.access(
        session,
        json!({"patient": patient(), "relation": "outside"}),
    );
    close_access(outside);
    let list = told.ok(call!(dmp_consent_list(session, &*patient().to_string())));
    assert_eq!(list["consents"].as_array().map(Vec::len), Some(4));
}

fn feeding(told: &mut Told, access: Access) {
    let first = String::from_utf8(content()).expect("UTF-8");
    let lot = json!({"comments": "Consultation de suivi", "contentType": "07"});
    told.fed(access, &first, lot);
    let again = told.ok(call!(dmp_document_feed(access, first.as_bytes(), None)));
    assert_eq!(again["documents"][0]["alreadyThere"], true);
    let advised = told.fed(access, &fixture("fuseau_trois_chiffres.xml"), json!({}));
    assert!(advised["documents"][0]["findings"].is_array());

    let other = told.expect(
        DMP_REFUSED,
        call!(dmp_document_feed(
            access,
            document("1.2.250.1.999.7.1", &child()).as_bytes(),
            None
        )),
    );
    assert_eq!(other["rule"], "PATIENT-MISMATCH");
    let wordless = document("1.2.250.1.999.7.1", &patient())
        .replace("<languageCode code=\"fr-FR\"/>", "")
        .replace("<realmCode code=\"FR\"/>", "<realmCode code=\"US\"/>");
    let refusal = told.expect(
        DMP_FINDINGS,
        call!(dmp_document_feed(access, wordless.as_bytes(), None)),
    );
    assert!(refusal["findings"].is_array());

    // A lot: what was staged and forgotten, then an imaging report with the identifier of its study.
    let imaging = document("1.2.250.1.999.7.2", &patient())
        .replace("11488-4", "18748-4")
        .replace(
            "<serviceEvent>",
            "<serviceEvent><id root=\"1.2.250.1.999.5.1\"/>",
        );
    let advised = fixture("fuseau_trois_chiffres.xml").replace(WITH_ADVICE, "1.2.250.1.999.7.3");
    let findings = told.ok(call!(dmp_document_stage(access, advised.as_bytes(), None)));
    assert_ne!(findings["findings"], json!([]));
    told.ok(call!(dmp_document_unstage(access)));
    let options =
        json!({"visibility": ["INVISIBLE_PATIENT"], "comments": "À annoncer"}).to_string();
    told.ok(call!(dmp_document_stage(
        access,
        imaging.as_bytes(),
        &*options
    )));
    told.ok(call!(dmp_document_feed_staged(access)));
}

fn consultation(told: &mut Told, access: Access) {
    let declare = json!({"change": "declare"}).to_string();
    let first = told.ok(call!(dmp_access_authorise(access, &*declare)));
    assert_eq!(first["changed"], true);
    told.ok(call!(dmp_document_find(access, None)));
    let replacement = fixture("cr_consultation_remplacement.xml");
    told.fed(access, &replacement, json!({"replaces": DOCUMENT}));
    let criteria = json!({"status": ["Approved", "Deprecated"], "limit": 2});
    let page = told.ok(call!(dmp_document_find(access, &*criteria.to_string())));
    let rest = json!({"status": ["Approved", "Deprecated"], "after": page["next"]});
    told.ok(call!(dmp_document_find(access, &*rest.to_string())));
    let ids = json!({"uniqueIds": [REPLACEMENT, "1.2.3"]}).to_string();
    let references = told.ok(call!(dmp_document_reference(access, &*ids)));
    assert_eq!(references["references"].as_array().map(Vec::len), Some(1));

    told.ok(library::read(access, "1.2.250.1.999.7.2").1);
    let (bytes, reply) = library::read(access, REPLACEMENT);
    told.ok(reply);
    assert_eq!(bytes, replacement.as_bytes());
    told.expect(DMP_UNKNOWN_DOCUMENT, library::read(access, "1.2.3").1);
}

/// Documents fetched ahead, and the same dossier without network.
fn without_network(told: &mut Told, connector: Connector, session: Session, access: Access) {
    let request = json!({"criteria": {"status": ["Approved", "Deprecated"]}, "limit": 10});
    let fetched = told.ok(call!(dmp_document_preload(access, &*request.to_string())));
    assert_eq!(fetched["unread"], 0);
    set_time(connector, "2026-01-12T09:10:00Z");
    let offline = told.access(session, json!({"patient": patient(), "offline": true}));
    let page = json!({"status": ["Approved", "Deprecated"], "limit": 2}).to_string();
    let list = told.ok(call!(dmp_document_find(offline, &*page)));
    assert_eq!(list["offline"]["ageSeconds"], 600);
    let (bytes, reply) = library::read(offline, REPLACEMENT);
    told.ok(reply);
    assert_eq!(
        bytes,
        fixture("cr_consultation_remplacement.xml").as_bytes()
    );
    let text = json!({"uniqueId": REPLACEMENT, "form": "text"}).to_string();
    told.ok(library::render(offline, &text).1);
    told.expect(DMP_UNKNOWN_DOCUMENT, library::read(offline, "1.2.3").1);
    let refusal = told.expect(
        DMP_REFUSED,
        call!(dmp_document_feed(offline, &content(), None)),
    );
    assert_eq!(refusal["remedies"][0]["code"], "hold_for_sending");
    told.expect(DMP_REFUSED, call!(dmp_document_preload(offline, None)));
    close_access(offline);
    told.ok(call!(dmp_connector_sweep(connector)));
}

fn changes(told: &mut Told, connector: Connector, session: Session, access: Access) {
    set_time(connector, "2026-01-12T09:20:00Z");
    told.ok(call!(dmp_document_mask(access, WITH_ADVICE)));
    let again = told.ok(call!(dmp_document_mask(access, WITH_ADVICE)));
    assert_eq!(again["changed"], false);
    told.ok(call!(dmp_document_unmask(access, WITH_ADVICE)));
    told.ok(call!(dmp_document_archive(access, WITH_ADVICE)));
    told.ok(call!(dmp_document_unarchive(access, WITH_ADVICE)));
    let mut changes = BTreeSet::new();
    for since in ["2026-01-12T09:00:00Z", "2026-01-12T09:20:00Z"] {
        let request = json!({"since": since}).to_string();
        let news = told.ok(call!(dmp_document_news(access, &*request)));
        changes.extend(values(&news["documents"], "change"));
    }
    assert_eq!(
        changes,
        BTreeSet::from(["new", "replacement", "updated"].map(str::to_owned))
    );
    told.ok(call!(dmp_document_delete(access, WITH_ADVICE)));
    told.expect(
        DMP_UNKNOWN_DOCUMENT,
        call!(dmp_document_mask(access, "1.2.3")),
    );
    let hidden = document("1.2.250.1.999.7.4", &patient());
    told.fed(
        access,
        &hidden,
        json!({"visibility": ["INVISIBLE_PATIENT"]}),
    );
    told.ok(call!(dmp_document_show_patient(
        access,
        "1.2.250.1.999.7.4"
    )));

    // A minor: the representatives are spoken of.
    let childs = told.access(session, json!({"patient": child()}));
    let secret = document("1.2.250.1.999.7.5", &child());
    told.expect(
        DMP_REFUSED,
        call!(dmp_document_feed(childs, secret.as_bytes(), None)),
    );
    told.fed(childs, &secret, json!({"representatives": "invisible"}));
    told.ok(call!(dmp_document_show_representatives(
        childs,
        "1.2.250.1.999.7.5"
    )));
    told.holder(
        connector,
        json!({"action": "documents", "patient": child(), "as": "representative"}),
    );
    close_access(childs);
}

/// A file that becomes a document, is checked, fed, and shown.
fn documents(told: &mut Told, connector: Connector, access: Access) {
    let context = json!({
        "type": {"code": "18748-4"}, "title": "Radiographie", "effectiveTime": "2026-01-12T10:05:30+01:00",
        "service": {
            "start": "2026-01-12T09:30:00+01:00", "stop": "2026-01-12T09:40:00+01:00",
            "ids": [{"root": "1.2.250.1.999.5.2"}],
            "codes": [{"code": "ZBQK002", "system": "1.2.250.1.213.2.5", "label": "Radiographie du thorax"}],
        },
        "practiceSetting": {"code": "AMBULATOIRE"},
        "authors": [{"who": {"professional": {"person": doctor()["professional"]}}, "function": {"code": "PCP"}}],
        "setId": {"root": "1.2.250.1.999.1.8", "extension": "7"},
    });
    let (name, f) = ("dmp_document_wrap", dmp_document_wrap);
    let (document, reply) = library::make(name, f, access, PDF, &*context.to_string());
    let wrapped = told.ok(reply);
    assert_eq!(wrapped["versionNumber"], 1);
    assert_ne!(wrapped["findings"], json!([]), "the file is not PDF/A");
    let (_, reply) = library::make(name, f, access, b"\x89PNG\r\n\x1a\n", &*context.to_string());
    let refusal = told.expect(DMP_FINDINGS, reply);
    assert_eq!(refusal["findings"][0]["rule"], "CTX-FILE-IMAGE");
    let mut whole = context.clone();
    whole["patient"] = json!({"ins": patient(), "traits": traits("TESSIER", "19790315")});
    whole["structure"] = doctor()["structure"].clone();
    let (name, f) = ("dmp_cda_wrap", dmp_cda_wrap);
    told.ok(library::make(name, f, connector, PDF, &*whole.to_string()).1);

    told.ok(library::metadata(connector, &document));
    let compared = json!({"metadata": wrapped["metadata"]}).to_string();
    let checked = told.ok(call!(dmp_cda_check(connector, &document, &*compared)));
    assert_eq!(checked["accepted"], true);
    let english = String::from_utf8(document.clone()).expect("UTF-8");
    let english = english.replace(
        "<languageCode code=\"fr-FR\"",
        "<languageCode code=\"en-GB\"",
    );
    told.ok(library::metadata(connector, english.as_bytes()));
    let checked = told.ok(call!(dmp_cda_check(connector, english.as_bytes(), None)));
    let fixes = checked["findings"].as_array().expect("findings");
    assert!(
        fixes.iter().any(|finding| finding["fix"] == "fr-FR"),
        "{checked}"
    );
    let options = json!({"comments": "À lire"}).to_string();
    let checked = told.ok(call!(dmp_document_check(access, &document, &*options)));
    assert_eq!(checked["files"][0]["mediaType"], "application/pdf");

    told.fed(
        access,
        std::str::from_utf8(&document).expect("UTF-8"),
        json!({"comments": "À lire"}),
    );
    let id = wrapped["uniqueId"].as_str().expect("an identifier");
    told.ok(call!(dmp_document_mask(access, id)));
    let (page, reply) =
        library::render(access, &json!({"uniqueId": id, "form": "html"}).to_string());
    let shown = told.ok(reply);
    assert_eq!(shown["opening"][0]["weight"], "alert");
    assert!(page.starts_with(b"<!DOCTYPE html>"));
    let unknown = json!({"uniqueId": "1.2.3"}).to_string();
    told.expect(DMP_UNKNOWN_DOCUMENT, library::render(access, &unknown).1);
    let request = json!({"form": "file", "duties": {"obsolete": true}}).to_string();
    let (name, f) = ("dmp_cda_render", dmp_cda_render);
    let (file, reply) = library::make(name, f, connector, &document, &*request);
    told.ok(reply);
    assert_eq!(file, PDF);
}

/// The texts of a member in a list of records.
fn values(list: &Value, member: &str) -> Vec<String> {
    let records = list.as_array().expect("a list");
    let texts = records.iter().filter_map(|r| r[member].as_str());
    texts.map(str::to_owned).collect()
}

/// What is asked around documents: professionals, dossiers, traits, the médecin traitant.
fn around(told: &mut Told, connector: Connector, session: Session, access: Access) {
    told.holder(
        connector,
        json!({"action": "block", "patient": patient(), "professional": "899900112233", "name": "Yann LEROUX"}),
    );
    for change in ["become_medecin_traitant", "declare"] {
        let request = json!({"change": change}).to_string();
        told.ok(call!(dmp_access_authorise(access, &*request)));
    }
    told.ok(call!(dmp_access_administrative_data(access)));
    told.ok(call!(dmp_access_professionals(access, None)));
    let blocked = json!({"mode": "INTERDITE"}).to_string();
    told.ok(call!(dmp_access_professionals(access, &*blocked)));
    told.ok(call!(dmp_access_web(access)));
    let query = json!({"since": "2026-01-01T00:00:00Z", "date": "last_document"}).to_string();
    told.ok(call!(dmp_dossier_list(session, &*query)));
    let search = json!({"name": "TESSIER", "birthDate": "19790315"}).to_string();
    told.ok(call!(dmp_patient_find(session, &*search)));

    let nurses = told.session(connector, &nurse());
    let visit = told.access(nurses, json!({"patient": patient()}));
    let refusal = told.expect(DMP_REFUSED, call!(dmp_document_find(visit, None)));
    assert_eq!(refusal["facts"][0]["code"], "professional_blocked");
    close_access(visit);
    close_session(nurses);
}

/// A bris de glace without a reason, one that ends by itself, its review.
fn emergency(told: &mut Told, connector: Connector, session: Session) {
    let request = json!({"patient": patient(), "mode": "bris_de_glace"});
    let (_, reply) = open_access(session, &request.to_string());
    told.expect(DMP_REFUSED, reply);
    let request = json!({
        "patient": patient(), "mode": "bris_de_glace", "reason": "Patiente inconsciente", "minutes": 30,
    });
    let access = told.access(session, request);
    told.ok(call!(dmp_document_find(access, None)));
    told.ok(call!(dmp_emergency_list(connector, None)));
    set_time(connector, "2026-01-12T10:00:00Z");
    told.expect(DMP_ACCESS_OVER, call!(dmp_document_find(access, None)));
    let state = told.ok(call!(dmp_access_state(access)));
    assert_eq!(state["over"], true);
    let unreviewed = json!({"unreviewed": true}).to_string();
    let list = told.ok(call!(dmp_emergency_list(connector, &*unreviewed)));
    let review = json!({"id": list["emergencies"][0]["id"], "note": "Accès justifié"});
    told.ok(call!(dmp_emergency_review(session, &*review.to_string())));
    told.ok(call!(dmp_emergency_list(connector, None)));
    close_access(access);
}

fn oversight(told: &mut Told, connector: Connector, session: Session, access: Access) {
    for change in ["stop_medecin_traitant", "remove"] {
        let request = json!({"change": change}).to_string();
        told.ok(call!(dmp_access_authorise(access, &*request)));
    }
    told.ok(call!(dmp_journal_read(access, None)));
    let filter = json!({"action": "document.read", "limit": 10}).to_string();
    told.ok(call!(dmp_journal_read(access, &*filter)));
    told.ok(call!(dmp_journal_audit(connector, None)));
    let whole = told.ok(call!(dmp_journal_verify(connector)));
    assert_eq!(whole["intact"], true);
    let seal = told.ok(library::seal(connector, &SEALING));
    let check = json!({"seals": [seal]}).to_string();
    let whole = told.ok(library::verify_sealed(connector, Some(&check), &SEALING));
    assert_eq!(
        (&whole["intact"], &whole["seals"]["authenticated"]),
        (&json!(true), &json!(2))
    );
    let unkeyed = told.ok(library::verify_sealed(connector, None, b""));
    assert_eq!(unkeyed["notes"][0]["code"], "not_authenticated");
    for format in ["json", "fhir"] {
        let request = json!({"format": format, "filter": {"limit": 5}}).to_string();
        let (lines, reply) = library::export(session, &request);
        assert_eq!(lines.iter().filter(|b| **b == b'\n').count(), 5);
        told.ok(reply);
    }
    told.ok(call!(dmp_journal_audit(connector, None)));
}

/// The key of the seals.
const SEALING: [u8; 32] = [7; 32];

/// Eleven years later, what is older than ten goes.
fn retention(told: &mut Told, connector: Connector, session: Session) {
    let ask = |before: &str| json!({"before": before, "reason": "Dix ans"}).to_string();
    told.expect(
        DMP_REFUSED,
        call!(dmp_journal_prune(session, &*ask("2026-02-01T00:00:00Z"))),
    );
    set_time(connector, "2037-03-01T09:00:00Z");
    let pruned = told.ok(call!(dmp_journal_prune(
        session,
        &*ask("2026-02-01T00:00:00Z")
    )));
    assert_eq!(pruned["sealsBelowBoundary"], 1);
    told.ok(library::seal(connector, &SEALING));
    told.ok(call!(dmp_journal_audit(connector, None)));
    let chain = told.ok(call!(dmp_journal_verify(connector)));
    assert_eq!(chain["boundary"], pruned["boundary"]);
    let bundle = told.ok(call!(dmp_connector_support(connector)));
    assert_eq!(bundle["journal"]["shortened"]["removed"], pruned["removed"]);
    let whole = told.ok(library::verify_sealed(connector, None, &SEALING));
    assert_eq!(whole["intact"], true, "{whole}");
    let gone = told.ok(call!(dmp_emergency_list(connector, None)));
    assert!(gone["emergencies"][0]["consulted"].is_null());
}

fn holder_side(told: &mut Told, connector: Connector) {
    let deposit = json!({"action": "deposit", "patient": patient(), "visibility": []});
    told.ok(library::act(
        connector,
        &deposit.to_string(),
        &written_by_patient(),
    ));
    told.holder(
        connector,
        json!({"action": "documents", "patient": patient()}),
    );
    told.holder(
        connector,
        json!({"action": "history", "patient": patient()}),
    );
    // The imaging report was invisible: announced after two weeks, visible after a month.
    set_time(connector, "2026-03-01T09:00:00Z");
    let notices = told.holder(
        connector,
        json!({"action": "notifications", "patient": patient()}),
    );
    let kinds = BTreeSet::from_iter(values(&notices["notifications"], "kind"));
    let all = [
        "document_notice",
        "document_visible",
        "emergency_access",
        "first_access",
    ];
    assert_eq!(kinds, BTreeSet::from(all.map(str::to_owned)));
    told.holder(
        connector,
        json!({"action": "documents", "patient": patient()}),
    );
    let stranger = json!({"matricule": "153078987658513", "oid": "1.2.250.1.213.1.4.10"});
    let unknown = json!({"action": "documents", "patient": stranger});
    told.expect(
        DMP_REFUSED_BY_DMP,
        library::act(connector, &unknown.to_string(), b""),
    );
}

fn closed_dossier(told: &mut Told, connector: Connector, session: Session) {
    told.holder(
        connector,
        json!({"action": "close_dossier", "patient": patient(), "reason": "Demande par courrier"}),
    );
    let access = told.access(session, json!({"patient": patient()}));
    told.ok(call!(dmp_access_administrative_data(access)));
    told.expect(
        DMP_REFUSED,
        call!(dmp_document_feed(access, &content(), None)),
    );
    close_access(access);
}

/// Someone with the file and a SQLite shell changes an entry of the journal.
fn tampered(told: &mut Told, folder: &TempDir) {
    let file = rusqlite::Connection::open(folder.path().join("cabinet.db")).expect("the register");
    // The last seal is of the entry two before the last.
    let sealed: i64 = file
        .query_row("SELECT max(number) FROM journal_seal", [], |row| row.get(0))
        .expect("a seal");
    file.execute_batch(&format!(
        "DROP TRIGGER journal_is_not_updated;
         UPDATE journal SET hash = zeroblob(32) WHERE number = {sealed};"
    ))
    .expect("changed");
    drop(file);
    let connector = told.connector(&config(folder));
    let found = told.ok(call!(dmp_journal_verify(connector)));
    assert_eq!(found["firstBad"], sealed);
    let bundle = told.ok(call!(dmp_connector_support(connector)));
    assert_eq!(bundle["journal"]["fault"], "entry_changed");
    let found = told.ok(library::verify_sealed(connector, None, &SEALING));
    let codes: BTreeSet<String> = values(&found["faults"], "code").into_iter().collect();
    let all = ["entry_changed", "rewritten"].map(str::to_owned);
    assert_eq!(codes, BTreeSet::from(all));
    let check = told.ok(call!(dmp_register_check(connector)));
    assert_eq!(check["verdict"], "journal_broken");
    let copy = json!({"path": folder.path().join("rompue.db")}).to_string();
    let copied = told.ok(library::backup(connector, &copy));
    assert_eq!(copied["journal"]["firstBad"], sealed);
    close_connector(connector);
}

/// What is left is saved, the backup put back, and the files put under a key.
fn kept_safe(told: &mut Told, folder: &TempDir, backup: &std::path::Path) {
    let register = folder.path().join("cabinet.db");
    let save = json!({"register": register, "destination": folder.path().join("recupere.jsonl")});
    let saved = told.ok(library::without_key(
        "dmp_register_salvage",
        dmp_register_salvage,
        &save.to_string(),
    ));
    assert_eq!(saved["complete"], true);
    let request = json!({"register": register, "backup": backup, "replace": true}).to_string();
    let restore = || library::without_key("dmp_register_restore", dmp_register_restore, &request);
    let restored = told.ok(restore());
    assert!(restored["setAside"].is_string());
    let config = config(folder).to_string();
    let changed = told.ok(library::rekey(&config, 7));
    assert_eq!(changed, json!({"register": "changed", "dmp": "changed"}));
    told.expect(DMP_NOT_OURS, open_connector(&config).1);
    let (connector, reply) = library::open_keyed(&config, 7);
    told.ok(reply);
    let check = told.ok(call!(dmp_register_check(connector)));
    assert_eq!(check["pagesNotAuthentic"], 0);
    taken_back(told, connector, folder);
    let again = told.ok(library::rekey(&config, 7));
    assert_eq!(again, json!({"register": "already", "dmp": "already"}));
    close_connector(connector);
}

/// As if all that was ever handed over had waited, elsewhere: the changes go, the deposits are without their bytes.
fn taken_back(told: &mut Told, connector: Connector, folder: &TempDir) {
    let session = told.session(connector, &doctor());
    let file = folder.path().join("recupere.jsonl");
    let saved = std::fs::read_to_string(&file).expect("a salvage");
    let waiting = saved.lines().map(|line| {
        let mut row: Value = serde_json::from_str(line).expect("JSON");
        if row["table"] == "outbox" {
            let submission = row["row"]["submission"].as_str().expect("a submission");
            let mut submission: Value = serde_json::from_str(submission).expect("JSON");
            submission["uniqueId"] = json!(format!("1.2.250.1.999.5.{}", row["row"]["id"]));
            row["row"]["submission"] = json!(submission.to_string());
            row["row"]["state"] = json!("waiting");
        }
        format!("{row}\n")
    });
    std::fs::write(&file, waiting.collect::<String>()).expect("written");
    let request = |dry_run: bool| json!({"file": file, "dryRun": dry_run}).to_string();
    let dry = told.ok(call!(dmp_outbox_recover(session, &*request(true))));
    let report = told.ok(call!(dmp_outbox_recover(session, &*request(false))));
    assert_eq!(report["counts"], dry["counts"]);
    assert_eq!(
        (
            &report["counts"]["handedOver"],
            &report["counts"]["unreadable"]
        ),
        (&json!(2), &json!(4)),
        "{report}"
    );
    told.ok(call!(dmp_journal_audit(connector, None)));
    close_session(session);
}
