//! Entries removed after their time.

use super::*;

pub(super) fn pruning(before: i64, at: i64) -> Pruning<'static> {
    Pruning {
        before: moment(before),
        reason: "dix ans",
        actor: "801234567890",
        structure: "1120456789",
        at: moment(at),
    }
}

#[test]
fn the_chain_is_vouched_for_from_the_boundary_and_goes_on() {
    let c = journal(6);
    let whole = verify(&c).unwrap();
    let pruned = prune(&c, pruning(4, 100)).unwrap().unwrap();
    assert_eq!((pruned.boundary.number, pruned.boundary.removed), (4, 4));
    let left = entries(&c, &Selection::default()).unwrap();
    let numbers: Vec<_> = left.iter().filter_map(|e| e.number).collect();
    assert_eq!(numbers, [5, 6, 7]);
    let told = left.last().unwrap();
    assert_eq!(told.action, "journal.prune");
    let detail = told.detail.as_deref().unwrap();
    assert!(detail.starts_with(&format!("boundary 4; hash {}; ", pruned.boundary.hash)));
    assert!(detail.ends_with("dix ans"));
    let chain = verify(&c).unwrap();
    assert!(chain.intact && chain.entries == 3, "{chain:?}");
    assert_ne!(chain.head, whole.head);
    assert_eq!(chain.boundary, Some(pruned.boundary));
    more(&c, 101, "after");
    assert_eq!(verify(&c).unwrap().entries, 4);
}

#[test]
fn nothing_old_enough_removes_nothing_and_tells_nothing() {
    let c = journal(3);
    assert!(prune(&c, pruning(0, 100)).unwrap().is_none());
    assert_eq!(last(&c).unwrap(), 3);
}

#[test]
fn an_entry_that_is_not_older_holds_those_after_it() {
    let c = journal(2);
    // A clock that went back.
    more(&c, 500, "late");
    more(&c, 1, "early");
    let pruned = prune(&c, pruning(400, 1000)).unwrap().unwrap();
    assert_eq!(pruned.boundary.number, 2);
}

#[test]
fn everything_may_go_again_and_again() {
    let c = journal(3);
    for round in 1..5 {
        let at = round * 1000;
        prune(&c, pruning(at, at)).unwrap().unwrap();
        // What tells of the purge is all that is left.
        let chain = verify(&c).unwrap();
        assert_eq!((chain.intact, chain.entries), (true, 1), "{chain:?}");
    }
    assert_eq!(last(&c).unwrap(), 7);
}

#[test]
fn the_file_lets_nothing_go_beyond_the_boundary() {
    let c = journal(6);
    prune(&c, pruning(4, 100)).unwrap().unwrap();
    assert!(
        c.execute("DELETE FROM journal WHERE number = 5", [])
            .is_err()
    );
    assert!(c.execute("DELETE FROM journal_boundary", []).is_err());
    assert!(verify(&c).unwrap().intact);
}

#[test]
fn entries_taken_out_by_hand_are_not_vouched_for() {
    let c = journal(6);
    // As the purge does, but that the journal says nothing of it.
    c.execute_batch(
        "INSERT INTO journal_boundary
             SELECT 3, hash, 3, 3, 9, actor, structure, 'x', 0, zeroblob(32), zeroblob(32)
             FROM journal WHERE number = 3;
         DELETE FROM journal WHERE number <= 3;",
    )
    .unwrap();
    let chain = verify(&c).unwrap();
    assert_eq!((chain.intact, chain.first_bad), (false, Some(1)));
    assert_eq!(chain.fault.unwrap().code, "boundary_unvouched");
}

#[test]
fn seals_below_the_boundary_stay_checkable_as_far_as_they_can_be() {
    let c = journal(3);
    let first = seal(&c, &key(1), moment(10)).unwrap().unwrap();
    more(&c, 11, "x");
    let second = seal(&c, &key(1), moment(12)).unwrap().unwrap();
    let pruned = prune(&c, pruning(100, 1000)).unwrap().unwrap();
    assert_eq!((pruned.boundary.number, pruned.seals_below), (6, 2));
    let third = seal(&c, &key(1), moment(1001)).unwrap().unwrap();
    assert_eq!((third.number, third.entries), (7, 1));
    let given = [first, second, third];
    let all = check(&c, &given, &[key(1)]).unwrap();
    assert!(all.intact, "{all:?}");
    assert_eq!((all.seals.below_boundary, all.seals.compared), (2, 1));
    assert_eq!(all.seals.authenticated, 6);
    assert!(all.notes.iter().any(|n| n.code == "below_boundary"));
    // The journal vouches for them still, through what told of the purge.
    unguard(&c);
    for sql in [
        "DELETE FROM journal_seal WHERE serial = 1",
        "DELETE FROM journal_seal WHERE serial = 2",
        "UPDATE journal_seal SET entries = 9 WHERE serial = 1",
        "UPDATE journal_seal SET mac = zeroblob(32) WHERE serial = 2",
    ] {
        c.execute_batch("SAVEPOINT one").unwrap();
        c.execute_batch(sql).unwrap();
        let all = check(&c, &[], &[]).unwrap();
        let serial = if sql.ends_with('1') { 1 } else { 2 };
        assert_eq!(all.faults[0].seal, Some(serial), "{sql} {all:?}");
        c.execute_batch("ROLLBACK TO one; RELEASE one").unwrap();
    }
}

#[test]
fn a_seal_of_the_boundary_itself_is_compared_with_it() {
    let c = journal(3);
    let sealed = seal(&c, &key(1), moment(10)).unwrap().unwrap();
    let pruned = prune(&c, pruning(5, 1000)).unwrap().unwrap();
    assert_eq!((pruned.boundary.number, pruned.seals_below), (3, 0));
    let all = check(&c, &[sealed], &[key(1)]).unwrap();
    assert!(all.intact, "{all:?}");
    assert_eq!((all.seals.compared, all.seals.below_boundary), (1, 0));
}

#[test]
fn a_journal_of_the_first_version_goes_on_as_it_was() {
    let c = Connection::open_in_memory().unwrap();
    c.execute_batch(TABLE).unwrap();
    c.execute_batch(OVERSIGHT).unwrap();
    let entries = |c: &Connection| {
        for i in 0..4 {
            more(c, i, "before");
        }
    };
    entries(&c);
    // The same, written before the register was brought up to date.
    let old = Connection::open_in_memory().unwrap();
    old.execute_batch(TABLE).unwrap();
    let hash = |c: &Connection| -> Vec<u8> {
        let sql = "SELECT hash FROM journal WHERE number = 4";
        c.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    for i in 0..4 {
        let number = i + 1;
        c.query_row(
            "SELECT at, previous, hash FROM journal WHERE number = ?1",
            [number],
            |row| {
                let (at, previous, hash): (i64, Vec<u8>, Vec<u8>) =
                    (row.get(0)?, row.get(1)?, row.get(2)?);
                old.execute(
                    "INSERT INTO journal VALUES (?1, ?2, '801234567890', '1120456789', 'p', NULL,
                         'document.find', NULL, 'refused', 'R', NULL, 'before', ?3, ?4)",
                    params![number, at, previous, hash],
                )
            },
        )
        .unwrap();
    }
    old.execute_batch(OVERSIGHT).unwrap();
    assert_eq!(hash(&old), hash(&c));
    assert!(verify(&old).unwrap().intact);
    assert!(old.execute("DELETE FROM journal", []).is_err());
    seal(&old, &key(1), moment(9)).unwrap().unwrap();
    prune(&old, pruning(2, 100)).unwrap().unwrap();
    assert!(check(&old, &[], &[key(1)]).unwrap().intact);
}
