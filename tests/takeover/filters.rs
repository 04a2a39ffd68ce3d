//! Which documents go: what is asked for, what the practice knows of the patient, who wrote it and when.

use dmpkit::connector::takeover::{FileOutcome, TakeOverEnded};
use serde_json::{Value, json};

use crate::bench::{Desk, report, report_id, session};
use crate::shelf::{Shelf, dry_and_run, of, report_of, rules, run, said, welcome, with_system};

const OTHER: &str = "153078987658513";

fn other_traits() -> Value {
    json!({"birthName": "GARRIGUE", "givenNames": ["ÉTIENNE"], "birthDate": "19530720", "sex": "M"})
}

fn text(n: u32) -> String {
    String::from_utf8(report(n)).expect("UTF-8")
}

/// The same report, of the other patient.
fn of_other(n: u32) -> String {
    text(n)
        .replace("279035121518989", OTHER)
        .replace("TESSIER", "GARRIGUE")
        .replace("CAMILLE ANNE LOUISE", "ÉTIENNE")
        .replace("CAMILLE", "ÉTIENNE")
        .replace(
            "<birthTime value=\"19790315\"/>",
            "<birthTime value=\"19530720\"/>",
        )
        .replace(
            "<administrativeGenderCode code=\"F\" displayName=\"Féminin\"",
            "<administrativeGenderCode code=\"M\" displayName=\"Masculin\"",
        )
}

#[test]
fn each_criterion_keeps_what_it_names_and_counts_the_rest() {
    let shelf = Shelf::new();
    shelf.put("2019/a.xml", report_of(1, "20190301"));
    shelf.put("2020/b.xml", report_of(2, "20200301"));
    shelf.put("2021/c.xml", report_of(3, "20210301"));
    let letter = text(4)
        .replace(
            "code=\"11488-4\" displayName=\"CR ou fiche de consultation ou de visite\"",
            "code=\"34112-3\" displayName=\"CR hospitalier\"",
        )
        .replace("899900987654", "899900112233");
    assert!(letter.contains("34112-3"));
    shelf.put("2026/d.xml", letter);
    shelf.put("2026/e.xml", of_other(5));
    for (asked, kept) in [
        (json!({}), &[1, 2, 3, 4, 5][..]),
        (json!({"from": "2020-03-01T08:30:00Z"}), &[2, 3, 4, 5]),
        (json!({"from": "2020-03-01T08:30:01Z"}), &[3, 4, 5]),
        (json!({"to": "2021-03-01T08:30:00Z"}), &[1, 2]),
        (
            json!({"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}),
            &[2],
        ),
        (json!({"typeCode": ["34112-3"]}), &[4]),
        (
            json!({"typeCode": ["34112-3", "11488-4"]}),
            &[1, 2, 3, 4, 5],
        ),
        (json!({"authors": ["899900112233"]}), &[4]),
        (json!({"authors": ["499900987654001"]}), &[1, 2, 3, 4, 5]),
        (
            json!({"patients": [{"matricule": OTHER, "oid": "1.2.250.1.213.1.4.10"}]}),
            &[5],
        ),
    ] {
        let desk = Desk::new();
        welcome(&desk.connector, &desk.doctor, OTHER, &other_traits());
        let done = dry_and_run(&desk.doctor, &of(&shelf, asked.clone()));
        let mut ids: Vec<_> = desk
            .items()
            .iter()
            .map(|item| item.unique_ids[0].as_str().to_owned())
            .collect();
        ids.sort();
        let expected: Vec<_> = kept.iter().map(|n| report_id(*n)).collect();
        assert_eq!(ids, expected, "{asked}");
        assert_eq!(done.counts.filtered, 5 - kept.len() as u64, "{asked}");
        assert_eq!(done.ended, TakeOverEnded::Complete);
    }
}

#[test]
fn patients_left_out_unknown_unqualified_or_opposed_are_counted_apart() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    shelf.put("b.xml", of_other(2));

    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(
        (done.counts.handed_over, done.counts.unknown_patient),
        (1, 1)
    );
    assert_eq!(rules(&done), [said("b.xml", "TAKEOVER-PATIENT")]);
    assert_eq!(done.lines[0].remedy.code, "register_patient");
    // Once he is registered his documents go, and the others are not given again.
    welcome(&desk.connector, &desk.doctor, OTHER, &other_traits());
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.known), (1, 1));

    let desk = Desk::new();
    welcome(&desk.connector, &desk.doctor, OTHER, &other_traits());
    let dead = json!({"exclude": [{"matricule": OTHER, "oid": "1.2.250.1.213.1.4.10"}]});
    let done = dry_and_run(&desk.doctor, &of(&shelf, dead));
    assert_eq!((done.counts.handed_over, done.counts.excluded), (1, 1));
    assert!(done.lines.is_empty());

    let desk = Desk::new();
    desk.register(&crate::bench::traits(), "recuperee");
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.not_qualified), (0, 1));
    let line = &done
        .lines
        .iter()
        .find(|l| l.path.ends_with("a.xml"))
        .expect("a line");
    assert_eq!(line.rule, "INS-QUALIFIEE");
    assert_eq!(line.outcome, FileOutcome::NotQualified);
    assert_eq!(line.remedy.code, "qualify_ins");

    let desk = Desk::new();
    desk.oppose();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.opposed), (0, 1));
    // The patient decided: nobody has anything to do.
    assert_eq!(rules(&done), [said("b.xml", "TAKEOVER-PATIENT")]);
    assert!(desk.items().is_empty());
}

#[test]
fn a_document_the_patient_opposes_stays_and_his_others_go() {
    let shelf = Shelf::new();
    shelf.put("a.xml", report(1));
    shelf.put("b.xml", report(2));
    let desk = Desk::new();
    desk.consent(
        json!({"kind": "feeding_opposition", "means": "oral", "wording": "w",
        "reason": "motif", "document": report_id(1)}),
    );
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.opposed), (1, 1));
}

#[test]
fn the_structure_is_among_the_authors_and_a_legal_person_is_one_of_them() {
    let shelf = Shelf::new();
    let elsewhere = text(1).replace("499900987654001", "499900112233001");
    shelf.put("received.xml", elsewhere);
    shelf.put("own.xml", report(2));
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(rules(&done), [said("received.xml", "TAKEOVER-STRUCTURE")]);
    assert_eq!(done.counts.handed_over, 1);

    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({"legalPerson": true})));
    assert_eq!(
        rules(&done),
        [
            said("own.xml", "TAKEOVER-LEGAL-PERSON"),
            said("received.xml", "TAKEOVER-STRUCTURE")
        ]
    );

    // With a system of the structure beside the professional, the legal person is an author.
    let whole = Shelf::new();
    whole.put("whole.xml", with_system(&text(3)));
    let done = dry_and_run(&desk.doctor, &of(&whole, json!({"legalPerson": true})));
    assert_eq!((done.counts.handed_over, rules(&done)), (1, Vec::new()));
}

#[test]
fn a_document_dated_long_after_its_act_goes_with_a_word_about_it() {
    let shelf = Shelf::new();
    let converted = String::from_utf8(report_of(1, "20190301")).expect("UTF-8");
    let converted = converted.replace(
        "<effectiveTime value=\"20190301100530+0100\"/>",
        "<effectiveTime value=\"20260201100530+0100\"/>",
    );
    shelf.put("converted.xml", converted);
    shelf.put("dated.xml", report_of(2, "20190301"));
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.late), (2, 1));
    assert_eq!(rules(&done), [said("converted.xml", "TAKEOVER-DATE")]);
    assert_eq!(done.lines[0].outcome, FileOutcome::HandedOver);
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({"lateDays": 10_000})));
    assert_eq!((done.counts.handed_over, done.counts.late), (2, 0));
}

#[test]
fn the_documents_of_a_minor_wait_until_it_is_said_who_sees_them() {
    let minor = json!({"birthName": "TESSIER", "givenNames": ["CAMILLE"], "birthDate": "20150315", "sex": "F"});
    let shelf = Shelf::new();
    shelf.put("a.xml", text(1).replace("19790315", "20150315"));
    shelf.put("b.xml", of_other(2));
    let desk = Desk::new();
    desk.register(&minor, "qualifiee");
    welcome(&desk.connector, &desk.doctor, OTHER, &other_traits());
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!((done.counts.handed_over, done.counts.to_correct), (1, 1));
    assert_eq!(rules(&done), [said("a.xml", "EX_2.1-1050")]);
    assert_eq!(done.lines[0].remedy.code, "say_representatives");
    // It is said of minors alone: the adult's document does not mind.
    let desk = Desk::new();
    desk.register(&minor, "qualifiee");
    welcome(&desk.connector, &desk.doctor, OTHER, &other_traits());
    let done = dry_and_run(
        &desk.doctor,
        &of(&shelf, json!({"representatives": "invisible"})),
    );
    assert_eq!((done.counts.handed_over, done.lines.len()), (2, 0));
}

#[test]
fn a_document_of_other_traits_or_of_another_domain_is_for_a_person() {
    let shelf = Shelf::new();
    shelf.put("a.xml", text(1).replace("TESSIER", "DURAND"));
    shelf.put(
        "b.xml",
        text(2).replace("1.2.250.1.213.1.4.10", "1.2.250.1.213.1.4.8"),
    );
    let desk = Desk::new();
    let done = dry_and_run(&desk.doctor, &of(&shelf, json!({})));
    assert_eq!(
        rules(&done),
        [
            said("a.xml", "CDA-DOSSIER-BIRTHNAME"),
            said("b.xml", "TAKEOVER-PATIENT")
        ]
    );
    // What the practice knows may change: it is judged anew, without being asked to.
    let renamed = json!({"birthName": "DURAND", "givenNames": ["CAMILLE"], "birthDate": "19790315", "sex": "F"});
    desk.register(&renamed, "qualifiee");
    assert_eq!(
        run(&desk.doctor, &of(&shelf, json!({}))).counts.handed_over,
        1
    );
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = crate::bench::config(folder.path(), json!({}));
    config.domain = serde_json::from_value(json!("production")).expect("a domain");
    let connector = dmpkit::connector::Connector::open(config).expect("a connector");
    let done = dry_and_run(&session(&connector, "899900987654"), &of(&shelf, json!({})));
    assert_eq!(
        rules(&done),
        [
            said("a.xml", "TAKEOVER-DOMAIN"),
            said("b.xml", "TAKEOVER-PATIENT")
        ]
    );
}

#[test]
fn a_request_that_contradicts_itself_and_a_session_that_may_not_feed_are_refused() {
    let desk = Desk::new();
    let shelf = Shelf::new();
    let file = shelf.put("a.xml", report(1));
    for (field, asked) in [
        ("files", json!({"files": [file]})),
        ("folder", json!({"folder": null})),
        ("folder", json!({"folder": file})),
        ("folder", json!({"folder": shelf.path().join("absent")})),
        (
            "to",
            json!({"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:00:00Z"}),
        ),
    ] {
        let error = desk
            .doctor
            .take_over(&of(&shelf, asked.clone()), &mut |_| true)
            .expect_err("refused");
        let line = error.to_string();
        assert!(line.starts_with(field), "{asked}: {line}");
        assert!(
            !line.contains("a.xml") && !line.contains("absent"),
            "{line}"
        );
    }
    // With the structure's certificate and a professional behind it, one consults (PDT-INF-606).
    let air = json!({
        "professional": {"id": "899900987654", "family": "B", "given": "H", "profession": "10", "specialty": "SM26"},
        "structure": {"id": "499900987654001", "name": "Cabinet", "sector": "SA07"},
        "authentication": "air"
    });
    let air = serde_json::from_value(air).expect("a requester");
    let session = desk.connector.session(air).expect("a session");
    let mut met = 0;
    for asked in [json!({}), json!({"dryRun": true})] {
        let refused = session.take_over(&of(&shelf, asked), &mut |_| {
            met += 1;
            true
        });
        assert!(refused.expect_err("refused").refusal().is_some());
    }
    assert_eq!(met, 0);
}
