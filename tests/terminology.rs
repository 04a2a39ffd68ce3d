//! Value sets and the packs that bring newer ones, through the public face.

mod common;

use std::path::Path;

use common::fixture;
use dmpkit::cda::{Limits, Severity, derive, read};
use dmpkit::terminology::pack::{Outcome, PackError, SIZE};
use dmpkit::terminology::system::{IHE_FORMAT, LOINC, TRE_A06, TRE_G15};
use dmpkit::terminology::{Day, Pack, Report, Terminology};
use dmpkit::{Access, Connector, ErrorKind};
use serde_json::{Value, json};

static EMBEDDED: Terminology = Terminology::embedded();

const FORMATS: &str = "1.2.250.1.213.1.1.5.8";
const PDF: &str = "urn:ihe:iti:xds-sd:pdf:2008";
const LAB: &str = "urn:ihe:lab:xd-lab:2008";
const TROD: &str = "urn:ans:ci-sis:trod:2024";
const NEW: &str = "urn:ans:ci-sis:essai:2027";

fn day(text: &str) -> Day {
    Day::parse(text).expect("a day")
}

fn pack(value: &Value) -> Pack {
    Pack::read(value.to_string().as_bytes()).expect("a pack")
}

fn concept(system: &str, code: &str, label: &str) -> Value {
    json!({"system": system, "code": code, "label": label})
}

fn set_of(version: &str, concepts: Vec<Value>) -> Value {
    json!({"sets": [{
        "name": "JDV_J60-FormatCode-DMP", "oid": FORMATS, "version": version,
        "source": "https://example.org/J60", "concepts": concepts,
    }]})
}

/// The formats in force, but for PDF, and another label for the laboratory's, and one more; in disorder.
fn formats(version: &str) -> Value {
    let mut concepts: Vec<Value> = EMBEDDED
        .format_code()
        .concepts()
        .filter(|c| c.code != PDF)
        .map(|c| {
            let label = if c.code == LAB { "Biologie" } else { &c.label };
            concept(&c.system, &c.code, label)
        })
        .collect();
    concepts.reverse();
    concepts.push(concept(TRE_A06, NEW, "Essai"));
    set_of(version, concepts)
}

fn codes(report: &[dmpkit::document::Coded]) -> Vec<&str> {
    report.iter().map(|c| c.code.as_str()).collect()
}

#[test]
fn a_newer_set_adds_retires_and_renames() {
    let (terms, report) = EMBEDDED.with_pack(pack(&formats("20270115")));
    let [told] = &report.sets[..] else {
        panic!("{report:?}")
    };
    assert_eq!(told.outcome, Outcome::Replaced);
    assert_eq!(
        (told.from, told.to),
        (Some(day("20240927")), day("20270115"))
    );
    assert_eq!(codes(&told.added), [NEW]);
    assert_eq!(codes(&told.retired), [PDF]);
    let [renamed] = &told.renamed[..] else {
        panic!("{told:?}")
    };
    assert_eq!(
        (&*renamed.code, &*renamed.from, &*renamed.to),
        (
            LAB,
            "Compte rendu structuré d'examens de biologie médicale",
            "Biologie"
        )
    );

    let set = terms.format_code();
    assert_eq!(
        (set.version, &*set.source),
        (day("20270115"), "https://example.org/J60")
    );
    assert!(set.find(IHE_FORMAT, PDF).is_none());
    let retired = set.find_any(IHE_FORMAT, PDF).expect("known");
    assert_eq!(retired.until, Some(day("20270115")));
    assert!(set.at(IHE_FORMAT, PDF, day("20270114")).is_some());
    assert!(set.at(IHE_FORMAT, PDF, day("20270115")).is_none());
    assert_eq!(
        set.find(TRE_A06, NEW).expect("added").since,
        Some(day("20270115"))
    );
    assert!(set.at(TRE_A06, NEW, day("20270114")).is_none());
    // What earlier versions said stays.
    assert_eq!(
        set.find(TRE_A06, TROD).expect("kept").since,
        Some(day("20240927"))
    );
    let gone = "urn:asip:ci-sis:dlu-dlu-dom:2022";
    assert_eq!(
        set.find_any(TRE_A06, gone).expect("kept").until,
        Some(day("20240927"))
    );
    assert_eq!(terms.label(IHE_FORMAT, LAB), Some("Biologie"));
    assert_eq!(terms.set(FORMATS), Some(set));
    // The others, and what this one came from, are as they were.
    assert_eq!(terms.type_code(), EMBEDDED.type_code());
    assert_eq!(terms.sets().count(), EMBEDDED.sets().count());
    assert!(EMBEDDED.format_code().find(IHE_FORMAT, PDF).is_some());
}

#[test]
fn a_pack_goes_over_another_and_a_code_may_come_back() {
    let (terms, _) = EMBEDDED.with_pack(pack(&formats("20270115")));
    let mut again = formats("20270601");
    again["sets"][0]["name"] = json!("JDV_J60_FormatCode_DMP");
    let concepts = again["sets"][0]["concepts"]
        .as_array_mut()
        .expect("concepts");
    concepts.retain(|c| c["code"] != NEW);
    concepts.push(concept(IHE_FORMAT, PDF, "PDF"));
    let (terms, report) = terms.with_pack(pack(&again));
    assert_eq!(report.sets[0].from, Some(day("20270115")));
    assert_eq!(codes(&report.sets[0].added), [PDF]);
    assert_eq!(codes(&report.sets[0].retired), [NEW]);
    assert_eq!(report.sets[0].renamed, []);
    let set = terms.format_code();
    assert_eq!(
        (&*report.sets[0].name, &*set.name),
        (&*EMBEDDED.format_code().name, &*report.sets[0].name)
    );
    assert!(set.find(IHE_FORMAT, PDF).is_some());
    let ended = set.find_any(TRE_A06, NEW).expect("known");
    assert_eq!(
        (ended.since, ended.until),
        (Some(day("20270115")), Some(day("20270601")))
    );
    assert_eq!(terms.sets().count(), EMBEDDED.sets().count());
}

#[test]
fn a_set_that_is_not_newer_is_told_and_left() {
    for (version, outcome) in [("20240927", Outcome::Same), ("20240926", Outcome::Older)] {
        let (terms, report) = EMBEDDED.with_pack(pack(&formats(version)));
        assert_eq!(report.sets[0].outcome, outcome);
        assert!(report.sets[0].added.is_empty() && report.sets[0].retired.is_empty());
        assert_eq!(terms.format_code(), EMBEDDED.format_code());
    }
}

#[test]
fn a_pack_may_bring_a_set_and_a_correspondence_that_the_library_lacks() {
    let brought = json!({
        "sets": [{
            "name": "JDV_J04-XdsPracticeSettingCode-CISIS", "oid": "1.2.250.1.213.1.1.5.467",
            "version": "20240927", "concepts": [
                {"system": "1.2.250.1.213.1.1.4.9", "code": "ESSMS", "label": "Social", "since": "20240101"},
                {"system": "1.2.250.1.213.1.1.4.9", "code": "VIEUX", "label": "Ancien", "until": "20250101"},
            ],
        }],
        "correspondences": [{
            "name": "ASS_X99-Essai", "version": "20240927",
            "mappings": [{"code": "a", "target": concept("s", "b", "B")}],
        }],
    });
    let (terms, report) = EMBEDDED.with_pack(pack(&brought));
    assert_eq!(
        (report.sets[0].outcome, report.sets[0].from),
        (Outcome::New, None)
    );
    assert_eq!(codes(&report.sets[0].added), ["ESSMS"]);
    assert_eq!(report.correspondences[0].outcome, Outcome::New);
    let set = terms
        .set("JDV_J04-XdsPracticeSettingCode-CISIS")
        .expect("there");
    assert!(set.find("1.2.250.1.213.1.1.4.9", "VIEUX").is_none());
    assert_eq!(
        terms.label("1.2.250.1.213.1.1.4.9", "VIEUX"),
        Some("Ancien")
    );
    assert_eq!(terms.sets().count(), EMBEDDED.sets().count() + 1);
    assert_eq!(
        terms.correspondences().count(),
        EMBEDDED.correspondences().count() + 1
    );
}

const NEW_TYPE: &str = "99999-9";

/// The types and classes of the library with one more type, under the first class.
fn one_more_type() -> Value {
    let types: Vec<Value> = EMBEDDED
        .type_code()
        .concepts()
        .map(|c| concept(&c.system, &c.code, &c.label))
        .chain([concept(LOINC, NEW_TYPE, "Essai")])
        .collect();
    let classes = EMBEDDED
        .correspondences()
        .find(|t| t.name == "ASS_X16-CorrespondanceType-Classe-DMP")
        .expect("the classes");
    let rows: Vec<Value> = classes
        .mappings()
        .iter()
        .map(|m| (&*m.system, &*m.code, &m.target))
        .chain([(LOINC, NEW_TYPE, &classes.mappings()[0].target)])
        .map(|(s, c, t)| {
            json!({"system": s, "code": c, "target": concept(&t.system, &t.code, &t.label)})
        })
        .collect();
    json!({
        "sets": [{"name": "JDV_J66-TypeCode-DMP", "oid": "1.2.250.1.213.1.1.5.7", "version": "20270115",
                  "concepts": types}],
        "correspondences": [{"name": classes.name, "oid": classes.oid, "version": "20270115", "mappings": rows}],
    })
}

fn document_of_the_new_type() -> Vec<u8> {
    let text = String::from_utf8(fixture("cr_consultation_pdf.xml")).expect("UTF-8");
    assert!(text.contains("11488-4"));
    text.replace("11488-4", NEW_TYPE).into_bytes()
}

#[test]
fn a_new_type_is_of_use_with_its_class() {
    let (terms, report) = EMBEDDED.with_pack(pack(&one_more_type()));
    assert_eq!(codes(&report.sets[0].added), [NEW_TYPE]);
    let table = &report.correspondences[0];
    assert_eq!((table.outcome, table.rows), (Outcome::Replaced, 110));
    let header = read(&document_of_the_new_type(), &Limits::default()).expect("reads");
    assert!(derive(&header, &EMBEDDED).is_blocked());
    let derived = derive(&header, &terms);
    assert_eq!(derived.findings, []);
    let metadata = derived.metadata.expect("metadata");
    assert_eq!(metadata.type_code.label, "Essai");
    assert_eq!(metadata.class_code.label, "Document de gestion");
}

#[test]
fn a_broken_pack_is_refused_with_its_place_and_rule() {
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut value = set_of(
            "20270115",
            vec![concept("1.2", "a", "A"), concept("1.2", "b", "B")],
        );
        value["correspondences"] = json!([{
            "name": "ASS", "version": "20270115",
            "mappings": [{"code": "a", "target": concept("s", "b", "B")}],
        }]);
        change(&mut value);
        match Pack::read(value.to_string().as_bytes()) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    };
    assert_eq!(broken(&|_| {}), "");
    let long = "x".repeat(1001);
    type Breaks<'a> = (&'a dyn Fn(&mut Value), &'a str);
    let cases: &[Breaks<'_>] = &[
        (&|v| v["more"] = json!(1), "pack: unknown field"),
        (
            &|v| v["sets"][0]["more"] = json!(1),
            "pack.sets[0]: unknown field",
        ),
        (
            &|v| v["sets"][0]["version"] = json!("20271301"),
            "pack.sets[0].version: must be a day",
        ),
        (
            &|v| v["sets"][0]["version"] = json!(20270101),
            "pack.sets[0].version: wrong type",
        ),
        (
            &|v| v["sets"][0]["oid"] = json!("J60"),
            "pack.sets[0].oid: is not an OID",
        ),
        (
            &|v| v["sets"][0]["name"] = json!(""),
            "pack.sets[0].name: is empty",
        ),
        (
            &|v| v["sets"][0]["concepts"] = json!([]),
            "pack.sets[0].concepts: is empty",
        ),
        (
            &|v| v["sets"][0]["concepts"][0]["label"] = json!(""),
            "pack.sets[0].concepts[0].label: is empty",
        ),
        (
            &|v| v["sets"][0]["concepts"][1]["code"] = json!("a"),
            "pack.sets[0].concepts: one system and code stand twice",
        ),
        (
            &|v| v["sets"][0]["concepts"][0]["label"] = json!(long),
            "pack.sets[0].concepts[0].label: is too long",
        ),
        (
            &|v| v["sets"][0]["concepts"][0]["code"] = json!("a\nb"),
            "pack.sets[0].concepts[0].code: holds a control character",
        ),
        (
            &|v| {
                v["sets"][0]["concepts"][0]["since"] = json!("20270102");
                v["sets"][0]["concepts"][0]["until"] = json!("20270101");
            },
            "pack.sets[0].concepts[0].until: comes before since",
        ),
        (
            &|v| {
                let set = v["sets"][0].clone();
                v["sets"].as_array_mut().expect("sets").push(set);
            },
            "pack.sets[1]: stands twice in the pack",
        ),
        (
            &|v| {
                let table = v["correspondences"][0].clone();
                v["correspondences"]
                    .as_array_mut()
                    .expect("tables")
                    .push(table);
            },
            "pack.correspondences[1]: stands twice in the pack",
        ),
        (
            &|v| {
                let row = v["correspondences"][0]["mappings"][0].clone();
                v["correspondences"][0]["mappings"]
                    .as_array_mut()
                    .expect("rows")
                    .push(row);
            },
            "pack.correspondences[0].mappings: one system and code stand twice",
        ),
        (
            &|v| v["correspondences"][0]["mappings"][0]["target"]["code"] = json!(""),
            "pack.correspondences[0].mappings[0].target.code: is empty",
        ),
        (
            &|v| {
                let set = v["sets"][0].clone();
                v["sets"] = json!(vec![set; 201]);
            },
            "pack.sets: holds too much",
        ),
        (
            &|v| {
                let concepts = (0..20_001).map(|n| concept("1.2", &n.to_string(), "L"));
                v["sets"][0]["concepts"] = concepts.collect();
            },
            "pack.sets[0].concepts: holds too much",
        ),
        (&|v| *v = json!([]), "pack: is not a JSON object"),
    ];
    for (change, expected) in cases {
        let said = broken(change);
        assert!(
            said.starts_with(expected),
            "{said:?} instead of {expected:?}"
        );
    }
    let text = set_of("20270115", vec![concept("1.2", "a", "A")]).to_string();
    let twice = text.replacen("{", "{\"sets\": [], ", 1);
    assert!(matches!(
        Pack::read(twice.as_bytes()),
        Err(PackError::Form(_))
    ));
    let cut = &text.as_bytes()[..text.len() - 1];
    assert!(matches!(Pack::read(cut), Err(PackError::Form(_))));
    assert!(matches!(Pack::read(b"\xff{}"), Err(PackError::Form(_))));
    let mut large = text.into_bytes();
    large.resize(SIZE + 1, b' ');
    assert_eq!(Pack::read(&large), Err(PackError::TooLarge));
    large.truncate(SIZE);
    assert!(Pack::read(&large).is_ok());
}

/// A value set as the ANS publishes it in FHIR.
fn published() -> Value {
    json!({
        "resourceType": "ValueSet", "id": "JDV-J60-FormatCode-DMP", "language": "fr-FR",
        "url": "https://mos.esante.gouv.fr/NOS/JDV_J60-FormatCode-DMP/FHIR/JDV-J60-FormatCode-DMP",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": format!("urn:oid:{FORMATS}")}],
        "version": "20270115120000", "name": "JDV_J60_FormatCode_DMP", "status": "active",
        "compose": {"include": [
            {"system": "https://mos.esante.gouv.fr/NOS/TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire",
             "concept": [{"code": NEW, "display": "Essai"}]},
            {"system": "https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode",
             "concept": [{"code": LAB, "display": "Biologie"}]},
        ]},
    })
}

#[test]
fn a_value_set_of_the_ans_in_fhir_is_a_pack() {
    let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": published()}]});
    for published in [published(), bundle] {
        let (terms, report) = EMBEDDED.with_pack(pack(&published));
        let told = &report.sets[0];
        assert_eq!(
            (told.outcome, &*told.name),
            (Outcome::Replaced, "JDV_J60-FormatCode-DMP")
        );
        assert_eq!(codes(&told.added), [NEW]);
        assert_eq!(
            told.retired.len(),
            EMBEDDED.format_code().concepts().count() - 1
        );
        assert_eq!(terms.format_code().concepts().count(), 2);
        assert_eq!(terms.label(IHE_FORMAT, LAB), Some("Biologie"));
    }
    type Change = fn(&mut Value);
    let refused: [(Change, &str); 7] = [
        (
            |v| v["resourceType"] = json!("CodeSystem"),
            "pack: is a FHIR resource, but no ValueSet",
        ),
        (
            |v| v["identifier"] = json!([]),
            "pack.identifier: holds no OID",
        ),
        (
            |v| v["version"] = json!("1.0.0"),
            "pack.version: does not begin with a day",
        ),
        (
            |v| v["compose"]["exclude"] = json!([{}]),
            "pack.compose.exclude: is not read",
        ),
        (
            |v| v["compose"]["include"][0]["concept"] = json!([]),
            "pack.compose.include: lists no codes",
        ),
        (
            |v| {
                v["compose"]["include"][0]["system"] =
                    json!("https://mos.esante.gouv.fr/NOS/TRE_A061-X/FHIR/X")
            },
            "pack.compose.include.system: is not known",
        ),
        (
            |v| v["compose"]["include"][0]["concept"][0]["display"] = json!(null),
            "pack.sets[0].concepts[0].label: is empty",
        ),
    ];
    for (change, expected) in refused {
        let mut value = published();
        change(&mut value);
        let said = Pack::read(value.to_string().as_bytes())
            .expect_err(expected)
            .to_string();
        assert!(
            said.starts_with(expected),
            "{said:?} instead of {expected:?}"
        );
    }
}

#[test]
fn a_list_holds_what_is_in_force_in_the_order_of_its_labels() {
    let list = |at: Option<&str>| {
        let list = EMBEDDED
            .list("TRE_G15-ProfessionSante", at.map(day))
            .expect("a set");
        list.concepts
            .into_iter()
            .map(|c| c.label)
            .collect::<Vec<_>>()
    };
    let now = list(None);
    assert_eq!(now.len(), 24);
    assert_eq!(
        now[..3],
        [
            "Assistant dentaire",
            "Audioprothésiste",
            "Chirurgien-Dentiste"
        ]
    );
    // "É" stands with "E".
    let place = |label: &str| now.iter().position(|l| l == label);
    assert!(place("Épithésiste").or(place("Epithésiste")) < place("Ergothérapeute"));
    assert!(!now.contains(&"Aide-soignant".to_owned()));
    let before = list(Some("20241212"));
    assert_eq!((before.len(), &*before[0]), (29, "Aide-soignant"));
    assert_eq!(list(Some("20241213")), now);
    assert_eq!(EMBEDDED.list("J66", None), None);
}

#[test]
fn a_check_tells_what_the_set_knows_of_a_code() {
    let check = |code: &str, at: Option<&str>| {
        let check = EMBEDDED.check("TRE_G15-ProfessionSante", TRE_G15, code, at.map(day));
        serde_json::to_value(check.expect("a set")).expect("JSON")
    };
    assert_eq!(
        check("10", None),
        json!({"known": true, "inForce": true, "label": "Médecin", "version": "20250328"})
    );
    let retired = |in_force: bool| {
        json!({"known": true, "inForce": in_force, "label": "Aide-soignant", "until": "20241213",
               "version": "20250328"})
    };
    assert_eq!(check("35", None), retired(false));
    assert_eq!(check("35", Some("20241212")), retired(true));
    assert_eq!(
        check("0", None),
        json!({"known": false, "inForce": false, "version": "20250328"})
    );
}

fn config(folder: &Path) -> Value {
    let path = |name: &str| folder.join(name).display().to_string();
    json!({
        "register": path("register.db"),
        "software": {"name": "T", "version": "1", "homologation": "H", "oid": "1.2.250.1.999.1"},
        "dmp": {"embedded": {"path": path("dmp.db")}},
        "clock": "2026-03-02T08:00:00Z",
    })
}

fn open(config: &Value) -> dmpkit::Result<Connector> {
    Connector::open(serde_json::from_value(config.clone()).expect("a configuration"))
}

/// A patient known to the practice, with a dossier; his record open.
fn access(connector: &Connector) -> Access {
    let of = |value: Value| value.to_string();
    let patient = json!({"matricule": "279035121518989", "oid": "1.2.250.1.213.1.4.10"});
    let traits = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"});
    let action = of(json!({"action": "open_dossier", "patient": patient, "traits": traits}));
    connector
        .holder_act(&serde_json::from_str(&action).expect("an action"), &[])
        .expect("opened");
    let requester = of(json!({
        "professional": {"id": "899900987654", "family": "BASTIDE", "given": "Hélène",
                         "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
        "authentication": "cps",
    }));
    let session = connector
        .session(serde_json::from_str(&requester).expect("a requester"))
        .expect("a session");
    let known = of(json!({"patient": patient, "status": "qualifiee", "traits": traits}));
    session
        .register_patient(&serde_json::from_str(&known).expect("a patient"))
        .expect("registered");
    let consent = of(json!({"patient": patient, "consent":
        {"kind": "care_team", "means": "information", "wording": "affiche"}}));
    session
        .record_consent(&serde_json::from_str(&consent).expect("a consent"))
        .expect("recorded");
    let request = of(json!({"patient": patient}));
    let access = session
        .access(&serde_json::from_str(&request).expect("a request"))
        .expect("open");
    access
        .authorise(serde_json::from_value(json!("declare")).expect("a change"))
        .expect("declared");
    access
}

#[test]
fn what_a_pack_retires_is_read_and_labelled_and_no_longer_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let connector = open(&config(folder.path())).expect("open");
    let access = access(&connector);
    let document = fixture("cr_consultation_pdf.xml");
    access.feed(&document, &Default::default()).expect("fed");

    assert_eq!(connector.terminology_report(), None);
    let report = connector
        .load_terminology(pack(&formats("20270115")))
        .expect("loaded");
    assert_eq!(codes(&report.sets[0].retired), [PDF]);
    assert_eq!(connector.terminology_report(), Some(report));

    let found = access.find(&Default::default()).expect("found");
    let metadata = found.documents[0].entry.metadata.parse().expect("metadata");
    let format = metadata.format_code;
    assert_eq!(format.code, PDF);
    let terms = connector.terminology();
    assert_eq!(Some(&*format.label), terms.label(IHE_FORMAT, PDF));
    let id = found.documents[0].entry.unique_id.clone();
    let (bytes, _) = access.read(&id).expect("read");
    assert_eq!(bytes, document);

    let other = String::from_utf8(document)
        .expect("UTF-8")
        .replace("1.2.250.1.999.1.1.2026.101", "1.2.250.1.999.7.1");
    let error = access
        .feed(other.as_bytes(), &Default::default())
        .expect_err("retired");
    let ErrorKind::Findings(refusal) = error.kind() else {
        panic!("{error}")
    };
    let blocking = refusal.findings.iter();
    let blocking = blocking.filter(|f| f.rule.severity == Severity::Blocking);
    let rules: Vec<&str> = blocking.map(|f| f.rule.id).collect();
    assert_eq!(rules, ["CDA-FORMAT-SET"]);

    connector.close().expect("closed");
    let error = connector
        .load_terminology(pack(&json!({})))
        .expect_err("closed");
    assert!(matches!(error.kind(), ErrorKind::Closed));
}

#[test]
fn the_configuration_names_a_pack() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pack.json");
    let mut config = config(folder.path());
    config["terminology"] = json!(file);
    let refused = |config: &Value| open(config).err().expect("refused").to_string();
    assert_eq!(
        refused(&config),
        "storage: the file cannot be opened: check that its folder exists and can be written"
    );
    std::fs::write(&file, "{\"sets\": 1}").expect("written");
    assert_eq!(
        refused(&config),
        "terminology: pack.sets: wrong type, expected a sequence at line 1 column 10"
    );
    assert!(
        !folder.path().join("register.db").exists(),
        "nothing is created"
    );
    std::fs::write(&file, one_more_type().to_string()).expect("written");
    let connector = open(&config).expect("open");
    let report: Report = connector.terminology_report().expect("a report");
    assert_eq!(codes(&report.sets[0].added), [NEW_TYPE]);
    // The embedded DMP compares with the same sets.
    let access = access(&connector);
    access
        .feed(&document_of_the_new_type(), &Default::default())
        .expect("fed");
}
