//! What is said of a document before it is deposited: single breaks, contexts, properties.

mod common;

use common::{fixture, fixture_text};
use dmpkit::cda::{Against, check};

#[test]
fn dump() {
    for name in [
        "cr_biologie_autopresentable.xml",
        "cr_biologie_prefixe.xml",
        "cr_biologie_structure.xml",
        "cr_consultation_pdf.xml",
        "cr_consultation_remplacement.xml",
        "expression_patient_texte.xml",
        "fuseau_trois_chiffres.xml",
        "valeurs_nulles.xml",
    ] {
        let checked = check(&fixture(name), &Against::default());
        println!("== {name}");
        for f in &checked.findings {
            println!("{:?} {} {} {:?}", f.rule.severity, f.rule.id, f.path, f.fix);
        }
    }
    if let Some(folder) = std::env::var_os("DMPKIT_CORPUS") {
        let folder = std::path::PathBuf::from(folder).join("cda");
        let index = std::fs::read_to_string(folder.join("INDEX.tsv")).unwrap();
        let mut table = std::collections::BTreeMap::<_, (usize, usize)>::new();
        for line in index.lines().skip(1) {
            let cells: Vec<_> = line.split('\t').collect();
            let ok = cells[18] == "0";
            let checked = check(
                &std::fs::read(folder.join(cells[0])).unwrap(),
                &Against::default(),
            );
            for f in &checked.findings {
                let e = table
                    .entry((
                        f.rule.severity,
                        f.rule.id,
                        f.path.replace(|c: char| c.is_ascii_digit(), "n"),
                    ))
                    .or_default();
                if ok { e.0 += 1 } else { e.1 += 1 }
            }
            if !ok && checked.conforms() {
                println!("FAILING BUT CONFORMS {} {:?}", cells[0], cells[18]);
            }
        }
        for (k, v) in table {
            println!("{v:?} {k:?}");
        }
    }
    let _ = fixture_text;
}
