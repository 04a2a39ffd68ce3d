//! The chain under what a person with the file and a SQLite shell can do.

use super::*;

mod damage;
mod retained;
mod sealed;

fn journal(entries: usize) -> Connection {
    let c = Connection::open_in_memory().unwrap();
    c.execute_batch(TABLE).unwrap();
    c.execute_batch(OVERSIGHT).unwrap();
    for i in 0..entries {
        let detail = format!("entry {i}");
        append(
            &c,
            &NewEntry {
                at: Instant::from_millis(i as i64).unwrap(),
                actor: "801234567890",
                structure: "1120456789",
                patient: Some("p"),
                mode: Some("normal"),
                action: "read",
                document: (i % 2 == 0).then_some("1.2.3"),
                outcome: Outcome::Done,
                rule: None,
                basis: Some("consent 1"),
                detail: Some(&detail),
            },
        )
        .unwrap();
    }
    c
}

/// What a person with the file and a SQLite shell can do.
fn tamper(c: &Connection, sql: &str) {
    unguard(c);
    c.execute_batch(sql).unwrap();
}

/// Drops every trigger.
fn unguard(c: &Connection) {
    let mut statement = c
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap();
    let names: Vec<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    for name in names {
        c.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
}

/// One more entry, at so many milliseconds.
fn more(c: &Connection, at: i64, detail: &str) {
    append(
        c,
        &NewEntry {
            at: moment(at),
            actor: "801234567890",
            structure: "1120456789",
            patient: Some("p"),
            mode: None,
            action: "document.find",
            document: None,
            outcome: Outcome::Refused,
            rule: Some("R"),
            basis: None,
            detail: Some(detail),
        },
    )
    .unwrap();
}

fn moment(at: i64) -> Instant {
    Instant::from_millis(at).unwrap()
}

fn key(byte: u8) -> SealKey {
    SealKey::new(&[byte; 32]).unwrap()
}

/// The codes found, each with its entry.
fn found(v: &SealedVerification) -> Vec<(&'static str, i64)> {
    v.faults.iter().map(|f| (f.code, f.entry)).collect()
}

#[test]
fn an_untouched_journal_is_intact_and_its_head_moves() {
    let c = journal(5);
    let five = verify(&c).unwrap();
    assert!(five.intact);
    assert_eq!(five.entries, 5);
    assert_ne!(verify(&journal(4)).unwrap().head, five.head);
    assert!(verify(&journal(0)).unwrap().intact);
}

#[test]
fn the_journal_cannot_be_changed_through_its_own_file() {
    let c = journal(3);
    assert!(
        c.execute("UPDATE journal SET actor = 'x' WHERE number = 2", [])
            .is_err()
    );
    assert!(
        c.execute("DELETE FROM journal WHERE number = 2", [])
            .is_err()
    );
}

#[test]
fn every_field_changed_is_found_at_its_entry() {
    for column in [
        "at = at + 1",
        "actor = actor || ' '",
        "structure = 'x'",
        "patient = NULL",
        "patient = ''",
        "mode = 'bris_de_glace'",
        "action = 'find'",
        "document = '1.2.4'",
        "outcome = 'refused'",
        "rule = ''",
        "basis = NULL",
        "detail = 'other'",
        "previous = zeroblob(32)",
        "hash = zeroblob(32)",
    ] {
        let c = journal(5);
        tamper(&c, &format!("UPDATE journal SET {column} WHERE number = 3"));
        let v = verify(&c).unwrap();
        assert_eq!((v.intact, v.first_bad), (false, Some(3)), "{column}");
    }
}

#[test]
fn removal_swap_and_renumbering_are_found() {
    for (sql, first_bad) in [
        ("DELETE FROM journal WHERE number = 3", 3),
        ("DELETE FROM journal WHERE number = 1", 1),
        (
            "UPDATE journal SET number = 99 WHERE number = 2;
             UPDATE journal SET number = 2 WHERE number = 3;
             UPDATE journal SET number = 3 WHERE number = 99;",
            2,
        ),
        (
            "DELETE FROM journal WHERE number = 3;
             UPDATE journal SET number = number - 1 WHERE number > 3;",
            3,
        ),
    ] {
        let c = journal(5);
        tamper(&c, sql);
        assert_eq!(verify(&c).unwrap().first_bad, Some(first_bad), "{sql}");
    }
}
