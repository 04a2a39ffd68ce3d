//! Every byte of every column of every row, changed one at a time.

use rusqlite::types::Value;

use super::retained::pruning;
use super::*;

const TABLES_OF: [(&str, &str); 3] = [
    ("journal", "number"),
    ("journal_seal", "serial"),
    ("journal_boundary", "number"),
];

/// Every value that differs from this one in a byte; other values for one that is absent.
fn neighbours(value: &Value) -> Vec<Value> {
    let bytes = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        for at in 0..bytes.len() {
            for mask in [0x01, 0x80] {
                let mut other = bytes.to_vec();
                other[at] ^= mask;
                all.push(other);
            }
        }
        // And one byte less, one more.
        all.push(bytes[..bytes.len().saturating_sub(1)].to_vec());
        all.push([bytes, b"0"].concat());
        all.retain(|other| other != bytes);
        all
    };
    match value {
        Value::Null => vec![Value::Text(String::new()), Value::Text("x".to_owned())],
        Value::Integer(i) => {
            let mut all: Vec<Value> = (0..64).map(|bit| Value::Integer(i ^ (1 << bit))).collect();
            all.dedup();
            all
        }
        // Texts are put back through a cast, for they need not be UTF-8 any more.
        Value::Text(text) => bytes(text.as_bytes())
            .into_iter()
            .map(Value::Blob)
            .collect(),
        Value::Blob(blob) => bytes(blob).into_iter().map(Value::Blob).collect(),
        Value::Real(_) => unreachable!("no table has one"),
    }
}

/// Calls `look` after each change, with the column and the key of the row; each change is undone.
fn each_change(
    c: &Connection,
    table: &str,
    key: &str,
    mut look: impl FnMut(&Connection, &str, i64, &str),
) -> usize {
    let columns: Vec<String> = c
        .prepare(&format!("SELECT * FROM {table}"))
        .unwrap()
        .column_names()
        .map(str::to_owned)
        .collect();
    let keys: Vec<i64> = c
        .prepare(&format!("SELECT {key} FROM {table} ORDER BY {key}"))
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let mut changes = 0;
    for row in keys {
        for column in &columns {
            let sql = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
            let value: Value = c.query_row(&sql, [row], |r| r.get(0)).unwrap();
            let text = matches!(value, Value::Text(_));
            for other in neighbours(&value) {
                c.execute_batch("SAVEPOINT one").unwrap();
                let place = if text { "CAST(?1 AS TEXT)" } else { "?1" };
                let sql = format!("UPDATE {table} SET {column} = {place} WHERE {key} = ?2");
                let what = format!("{table} {row} {column} = {other:?}");
                let changed = c.execute(&sql, rusqlite::params![other, row]);
                if changed.is_err() && column == key {
                    // The number is taken: the two change places.
                    let Value::Integer(taken) = other else {
                        panic!("{what}")
                    };
                    for (from, to) in [(taken, i64::MAX), (row, taken), (i64::MAX, row)] {
                        let sql = format!("UPDATE {table} SET {key} = ?1 WHERE {key} = ?2");
                        c.execute(&sql, [to, from]).unwrap();
                    }
                    look(c, &what, row.min(taken), column);
                } else {
                    assert_eq!(changed.unwrap(), 1, "{what}");
                    look(c, &what, row, column);
                }
                c.execute_batch("ROLLBACK TO one; RELEASE one").unwrap();
                changes += 1;
            }
        }
    }
    changes
}

/// A journal with three seals, of which the last is of its end.
fn sealed() -> Connection {
    let c = journal(3);
    seal(&c, &key(1), moment(10)).unwrap();
    more(&c, 11, "a");
    seal(&c, &key(1), moment(12)).unwrap();
    more(&c, 13, "b");
    seal(&c, &key(1), moment(14)).unwrap();
    unguard(&c);
    c
}

#[test]
fn any_byte_of_an_entry_that_changes_is_found_at_that_entry() {
    let keys = [key(1)];
    let c = sealed();
    any_byte_of_an_entry(&c, &keys);
    // The same once the first entries are gone: what tells of it is an entry as others are.
    prune(&c, pruning(2, 100)).unwrap().unwrap();
    more(&c, 101, "after");
    assert_eq!(verify(&c).unwrap().entries, 8);
    any_byte_of_an_entry(&c, &keys);
}

fn any_byte_of_an_entry(c: &Connection, keys: &[SealKey]) {
    let changes = each_change(c, "journal", "number", |c, what, row, _| {
        let chain = verify(c).unwrap();
        assert_eq!(
            (chain.intact, chain.first_bad),
            (false, Some(row)),
            "{what}"
        );
        let all = check(c, &[], keys).unwrap();
        assert!(!all.intact, "{what}");
        assert!(all.faults.iter().any(|f| f.entry == row), "{what} {all:?}");
        let first = all.faults.first().unwrap();
        assert!(first.entry >= row, "{what}: blames {first:?}");
    });
    assert!(changes > 2_000, "{changes}");
    assert!(check(c, &[], keys).unwrap().intact, "all was undone");
}

#[test]
fn any_byte_of_a_seal_that_changes_is_found_at_that_seal_with_and_without_the_key() {
    let c = sealed();
    let (none, mine) = ([], [key(1)]);
    for keys in [&none[..], &mine[..]] {
        let changes = each_change(&c, "journal_seal", "serial", |c, what, row, _| {
            assert!(
                verify(c).unwrap().intact,
                "{what}: the chain is not touched"
            );
            let all = check(c, &[], keys).unwrap();
            assert!(
                all.faults.iter().any(|f| f.seal == Some(row)),
                "{what} {all:?}"
            );
        });
        assert!(changes > 1_000, "{changes}");
        assert!(check(&c, &[], keys).unwrap().intact, "all was undone");
    }
}

#[test]
fn any_byte_of_a_boundary_that_changes_is_found_also_when_a_later_purge_removed_what_told_of_it() {
    let c = journal(6);
    for (before, at) in [(2, 100), (150, 200)] {
        seal(&c, &key(1), moment(at - 1)).unwrap();
        let pruned = prune(&c, pruning(before, at)).unwrap().unwrap();
        assert!(pruned.boundary.removed > 0);
    }
    more(&c, 300, "after");
    unguard(&c);
    assert!(check(&c, &[], &[key(1)]).unwrap().intact);
    let changes = each_change(&c, "journal_boundary", "number", |c, what, _, _| {
        let chain = verify(c).unwrap();
        assert!(!chain.intact, "{what}");
        let all = check(c, &[], &[]).unwrap();
        assert_eq!(all.faults[0].code, "boundary_unvouched", "{what} {all:?}");
    });
    assert!(changes > 1_000, "{changes}");
}

#[test]
fn a_row_that_is_gone_is_found_in_each_table() {
    let c = journal(4);
    seal(&c, &key(1), moment(50)).unwrap();
    prune(&c, pruning(2, 100)).unwrap().unwrap();
    more(&c, 110, "x");
    seal(&c, &key(1), moment(120)).unwrap();
    unguard(&c);
    for (table, key) in TABLES_OF {
        let sql = format!("SELECT {key} FROM {table}");
        let rows: Vec<i64> = c
            .prepare(&sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        for row in rows {
            c.execute_batch("SAVEPOINT one").unwrap();
            c.execute(&format!("DELETE FROM {table} WHERE {key} = ?1"), [row])
                .unwrap();
            let all = check(&c, &[], &[]).unwrap();
            assert!(!all.intact, "{table} {row}");
            let fault = &all.faults[0];
            match table {
                "journal" => assert_eq!(fault.entry, row, "{all:?}"),
                "journal_seal" => assert_eq!((fault.code, fault.seal), ("seal_removed", Some(row))),
                _ => assert_eq!((fault.code, fault.entry), ("entry_missing", 1)),
            }
            c.execute_batch("ROLLBACK TO one; RELEASE one").unwrap();
        }
    }
}
