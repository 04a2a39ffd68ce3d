//! What seals show that a chain alone cannot.

use super::*;

/// Ten entries; a seal after four, one after eight.
fn twice_sealed() -> (Connection, Vec<Seal>) {
    let c = journal(4);
    let first = seal(&c, &key(1), moment(10)).unwrap().unwrap();
    for i in 0..3 {
        more(&c, 11 + i, "between");
    }
    let second = seal(&c, &key(1), moment(20)).unwrap().unwrap();
    more(&c, 21, "after");
    (c, vec![first, second])
}

#[test]
fn a_seal_binds_number_and_head_and_the_journal_mentions_it() {
    let (c, seals) = twice_sealed();
    assert_eq!((seals[0].number, seals[0].entries), (4, 4));
    assert_eq!((seals[1].serial, seals[1].number), (2, 8));
    let mentions = entries(
        &c,
        &Selection {
            action: Some("journal.seal"),
            ..Selection::default()
        },
    )
    .unwrap();
    let numbers: Vec<_> = mentions.iter().filter_map(|e| e.number).collect();
    assert_eq!(numbers, [5, 9]);
    assert_eq!(mentions[0].actor, mentions[0].structure);
    let all = check(&c, &seals, &[key(1)]).unwrap();
    assert!(all.intact, "{all:?}");
    assert_eq!(all.entries, 10);
    let counted = SealsChecked {
        register: 2,
        given: 2,
        authenticated: 4,
        compared: 2,
        below_boundary: 0,
        unsealed: 2,
    };
    assert_eq!(all.seals, counted);
    let codes: Vec<_> = all.notes.iter().map(|n| n.code).collect();
    assert_eq!(codes, ["unsealed"]);
}

#[test]
fn an_empty_journal_has_nothing_to_seal_and_a_journal_without_seals_says_so() {
    assert!(seal(&journal(0), &key(1), moment(1)).unwrap().is_none());
    let all = check(&journal(3), &[], &[key(1)]).unwrap();
    assert!(all.intact);
    assert_eq!(all.notes[0].code, "no_seal");
}

#[test]
fn without_a_key_the_seals_hold_and_the_answer_says_that_they_were_not_authenticated() {
    let (c, seals) = twice_sealed();
    let all = check(&c, &seals, &[]).unwrap();
    assert!(all.intact);
    assert_eq!((all.seals.authenticated, all.seals.compared), (0, 2));
    assert_eq!(all.notes[0].code, "not_authenticated");
}

#[test]
fn seals_can_be_read_back_from_the_json_they_were_given_in() {
    let (c, seals) = twice_sealed();
    let text = serde_json::to_string(&seals).unwrap();
    let back: Vec<Seal> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, seals);
    assert!(check(&c, &back, &[key(1)]).unwrap().intact);
}

#[test]
fn the_end_cut_off_shows_at_the_first_entry_that_is_gone() {
    // Below each seal, and between them.
    for last in 1..9 {
        let (c, seals) = twice_sealed();
        tamper(&c, &format!("DELETE FROM journal WHERE number > {last}"));
        assert!(verify(&c).unwrap().intact, "a chain alone does not show it");
        for given in [&[][..], &seals] {
            let all = check(&c, given, &[]).unwrap();
            assert!(
                found(&all).contains(&("truncated", last + 1)),
                "{last} {all:?}"
            );
            assert!(all.faults.iter().all(|f| f.code == "truncated"));
        }
    }
}

#[test]
fn the_end_cut_off_with_its_seals_shows_against_those_kept_elsewhere() {
    let (c, seals) = twice_sealed();
    tamper(
        &c,
        "DELETE FROM journal WHERE number > 6; DELETE FROM journal_seal WHERE serial = 2",
    );
    let alone = check(&c, &[], &[key(1)]).unwrap();
    assert!(alone.intact, "the file alone cannot tell");
    assert!(alone.notes.iter().any(|n| n.code == "none_given"));
    let all = check(&c, &seals, &[key(1)]).unwrap();
    assert_eq!(found(&all), [("truncated", 7)]);
    assert_eq!(all.faults[0].seal, Some(2));
}

/// Someone who writes the chain again from an entry on, with right hashes.
fn rewrite(c: &Connection, from: i64, seals_too: Option<&SealKey>) {
    tamper(c, &format!("DELETE FROM journal WHERE number >= {from}"));
    if seals_too.is_some() {
        tamper(
            c,
            &format!("DELETE FROM journal_seal WHERE number >= {from}"),
        );
    }
    while last(c).unwrap() < 8 {
        more(c, 50, "made again");
    }
    match seals_too {
        Some(key) => drop(seal(c, key, moment(20)).unwrap()),
        None => more(c, 60, "made again"),
    }
    more(c, 61, "made again");
}

#[test]
fn a_chain_made_again_shows_between_the_last_seal_that_agrees_and_the_first_that_does_not() {
    for from in 6..=8 {
        let (c, _) = twice_sealed();
        rewrite(&c, from, None);
        assert!(verify(&c).unwrap().intact);
        let all = check(&c, &[], &[key(1)]).unwrap();
        assert_eq!(found(&all), [("rewritten", 8)]);
        assert_eq!(
            (all.faults[0].since, all.faults[0].seal),
            (Some(5), Some(2))
        );
        assert!(all.faults[0].sentence.contains("n° 5"), "{all:?}");
    }
}

#[test]
fn a_chain_made_again_with_seals_of_another_key_shows_with_the_key_or_with_the_seal_kept() {
    let (c, seals) = twice_sealed();
    rewrite(&c, 6, Some(&key(9)));
    assert!(check(&c, &[], &[]).unwrap().intact, "nothing to tell by");
    let by_key = check(&c, &[], &[key(1)]).unwrap();
    assert_eq!(found(&by_key), [("seal_forged", 8)]);
    let by_copy = check(&c, &seals, &[]).unwrap();
    assert_eq!(found(&by_copy), [("seal_differs", 8)]);
    // Keys of other years are all accepted.
    assert!(check(&c, &[], &[key(9), key(1)]).unwrap().intact);
}

#[test]
fn a_seal_removed_or_added_or_made_up_is_named() {
    let (c, _) = twice_sealed();
    tamper(&c, "DELETE FROM journal_seal WHERE serial = 1");
    assert_eq!(found(&check(&c, &[], &[]).unwrap()), [("seal_removed", 4)]);

    let (c, _) = twice_sealed();
    tamper(
        &c,
        "INSERT INTO journal_seal SELECT 3, 9, hash, 9, at, structure, hash, hash
         FROM journal WHERE number = 9",
    );
    let all = check(&c, &[], &[]).unwrap();
    assert_eq!(found(&all), [("seal_changed", 9)], "its digest is none");

    // Given by the host, and never made.
    let (c, mut seals) = twice_sealed();
    seals[1].at = moment(99);
    let all = check(&c, &seals, &[key(1)]).unwrap();
    assert_eq!(found(&all), [("seal_forged", 8)]);
    assert_eq!(
        found(&check(&c, &seals, &[]).unwrap()),
        [("seal_differs", 8)]
    );
}

#[test]
fn a_seal_mentioned_a_second_time_is_the_one_mentioned_first() {
    let (c, seals) = twice_sealed();
    // The seal is changed with its digest, and mentioned again at the end of the journal.
    let mut other = seals[1].clone();
    other.at = moment(99);
    tamper(&c, "DELETE FROM journal_seal WHERE serial = 2");
    seal(&c, &key(1), other.at).unwrap();
    tamper(
        &c,
        "UPDATE journal_seal SET number = 8, head = (SELECT hash FROM journal WHERE number = 8)
         WHERE serial = 2",
    );
    let all = check(&c, &[], &[]).unwrap();
    assert_eq!(found(&all), [("seal_changed", 8)]);
}

#[test]
fn seals_cannot_be_changed_through_their_own_file() {
    let (c, _) = twice_sealed();
    for sql in [
        "UPDATE journal_seal SET structure = 'x'",
        "DELETE FROM journal_seal",
        "UPDATE journal_boundary SET number = 1",
        "INSERT INTO journal_boundary SELECT 4, zeroblob(32), 4, 0, 0, '', '', '', 0, '', ''",
    ] {
        let result = c.execute(sql, []);
        let empty = sql.contains("UPDATE journal_boundary");
        assert!(
            result.is_err() || empty && result.is_ok_and(|n| n == 0),
            "{sql}"
        );
    }
}

#[test]
fn a_key_is_thirty_two_bytes_that_are_not_zeros_and_shows_nothing() {
    assert!(SealKey::new(&[1; 31]).is_err());
    assert!(SealKey::new(&[1; 33]).is_err());
    assert!(SealKey::new(&[0; 32]).is_err());
    assert_eq!(format!("{:?}", key(7)), "SealKey");
}

#[test]
fn a_seal_is_the_hmac_of_its_fields() {
    // Computed apart, with Python's hmac and struct.
    let (_, seals) = twice_sealed();
    let mut fixed = seals[0].clone();
    fixed.head = Hash([0xab; 32]);
    fixed.structure = "1120456789".to_owned();
    let by_python = include_str!("seal.hex").trim();
    let made = Seal {
        mac: serde_json::from_value(serde_json::json!(by_python)).unwrap(),
        ..fixed
    };
    assert!(key(1).made(&made));
    assert!(!key(2).made(&made));
}
