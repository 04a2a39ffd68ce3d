//! The two functional rights matrices as they are published, typed here once more and apart from the
//! library's own tables, so that a slip in either shows.
//!
//! Sources: GIE SESAM-Vitale, PDT-INF-526 v1.8 and PDT-INF-606 v1.3.
//!
//! | word | meaning |
//! |---|---|
//! | `grant` | allowed; the authorisation goes to the structure |
//! | `same` | allowed; professionals of the same structure |
//! | `since` | allowed; new authorisations, by date |
//! | `struct` | allowed; the structure is accountable |
//! | `ref` | allowed; the reference alone |
//! | `own` | on documents of which one is the author |
//! | `mask?` | if the patient lets masked documents be seen in emergency |
//! | `str` | on documents whose author is the structure |
//! | `*` | on a patient's own document, the médecin traitant alone |

#![allow(dead_code, reason = "each test file uses its part")]

pub const DIRECT: &str = "
right DIR.PS.N DIR.PS.CR DIR.PS.BG DIR.MED.N DIR.MED.CR DIR.MED.BG DIR.TRAV.- DIR.MT.N DIR.MT.BG CPE.NONPS.N IND.ALL.N IND.ALL.CR
TD0.1                      yes  yes   yes   yes  yes   yes   yes  yes  yes   yes    yes    yes
TD0.2                      yes  yes   yes   yes  yes   yes   yes  yes  yes   yes    yes    yes
TD0.3.declare              yes  no    no    yes  no    no    no   yes  no    grant  no     no
TD0.3.remove               yes  no    no    yes  no    no    no   yes  no    no     no     no
TD0.3.remove_mt            no   no    no    no   no    no    no   yes  no    no     no     no
TD0.4                      yes  yes   yes   yes  yes   yes   yes  yes  yes   same   since  no
TD0.5                      no   yes   no    no   yes   no    no   no   no    no     no     yes
TD0.9                      yes  yes   yes   yes  yes   yes   yes  yes  yes   yes    no     no
TD1.3a                     yes  yes   yes   yes  yes   yes   yes  yes  yes   yes    yes    yes
TD1.6                      yes  no    no    yes  no    no    yes  yes  no    no     no     no
TD2.1                      yes  yes   yes   yes  yes   yes   yes  yes  yes   no     struct struct
TD2.2                      no   no    no    no   no    no    no   no   no    struct no     no
TD3.1.metadata             yes  yes   yes   yes  yes   yes   yes  yes  yes   no     no     no
TD3.1.reference            yes  yes   yes   yes  yes   yes   yes  yes  yes   ref    ref    ref
TD3.2.unmasked             yes  yes   yes   yes  yes   yes   no   yes  yes   no     no     no
TD3.2.masked               own  mask? mask? own  mask? mask? no   yes  mask? no     no     no
TD3.2.hidden_from_patient  yes  yes   yes   yes  yes   yes   no   yes  yes   no     no     no
TD3.2.archived             yes  yes   yes   yes  yes   yes   no   yes  yes   no     no     no
TD3.2.obsolete             yes  yes   yes   yes  yes   yes   no   yes  yes   no     no     no
TD3.2.deleted              yes  yes   yes   yes  yes   yes   no   yes  yes   no     no     no
TD3.3a.mask                yes  no    no    yes  no    no    yes  yes  no    no     no     no
TD3.3a.unmask              own  no    no    own  no    no    own  yes  no    no     no     no
TD3.3b.show_patient        yes  no    no    yes  no    no    yes  yes  no    no     no     no
TD3.3d.archive             own* no    no    own* yes*  yes*  own* yes* yes*  no     no     no
TD3.3d.unarchive           own* no    no    own* yes*  yes*  own* yes* yes*  no     no     no
TD3.3c.delete              own* own*  own*  own* own*  own*  own* own* own*  str*   str*   str*
";

pub const AIR: &str = "
right AIR.PS.N AIR.PS.CR AIR.PS.BG AIR.MED.N AIR.MED.CR AIR.MED.BG AIR.MT.N AIR.MT.BG AIR.PE.N
TD0.1                      yes  yes   yes   yes  yes   yes   yes  yes   yes
TD0.2                      yes  yes   yes   yes  yes   yes   yes  yes   yes
TD0.3.declare              yes  no    no    yes  no    no    yes  no    grant
TD0.3.remove               yes  no    no    yes  no    no    yes  no    no
TD0.4                      yes  yes   yes   yes  yes   yes   yes  yes   same
TD0.5                      no   yes   no    no   yes   no    no   no    no
TD0.10                     yes  yes   yes   yes  yes   yes   yes  yes   yes
TD1.3a                     yes  yes   yes   yes  yes   yes   yes  yes   yes
TD1.6                      yes  no    no    yes  no    no    yes  no    no
TD2.1                      no   no    no    no   no    no    no   no    no
TD2.2                      no   no    no    no   no    no    no   no    no
TD3.1.metadata             yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.1.reference            yes  yes   yes   yes  yes   yes   yes  yes   ref
TD3.2.unmasked             yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.2.masked               own  mask? mask? own  mask? mask? yes  mask? no
TD3.2.hidden_from_patient  yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.2.archived             yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.2.obsolete             yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.2.deleted              yes  yes   yes   yes  yes   yes   yes  yes   no
TD3.3a.mask                yes  no    no    yes  no    no    yes  no    no
TD3.3a.unmask              own  no    no    own  no    no    yes  no    no
TD3.3b.show_patient        yes  no    no    yes  no    no    yes  no    no
TD3.3d.archive             own* no    no    yes* yes*  yes*  yes* yes*  no
TD3.3d.unarchive           own* no    no    yes* yes*  yes*  yes* yes*  no
TD3.3c.delete              own* own*  own*  own* own*  own*  own* own*  str*
";

/// One cell: right, column, word.
pub type Cell = (&'static str, &'static str, &'static str);

/// Every cell of a table.
pub fn cells(table: &'static str) -> Vec<Cell> {
    let mut lines = table.lines().filter(|line| !line.is_empty());
    let columns: Vec<&str> = lines.next().unwrap().split_whitespace().skip(1).collect();
    lines
        .flat_map(|line| {
            let mut words = line.split_whitespace();
            let right = words.next().unwrap();
            let words: Vec<&str> = words.collect();
            assert_eq!(words.len(), columns.len(), "{line}");
            columns
                .iter()
                .zip(words)
                .map(|(column, word)| (right, *column, word))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whose document an action bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The acting person's.
    Actor,
    /// A physician's of another structure.
    Other,
    /// The acting structure's, fed with its certificate.
    Structure,
    /// The acting structure's, fed by a secretary.
    Secretary,
    /// The patient's.
    Patient,
}

/// What a word says of an action on a document: whether it may be done.
pub fn permits(
    word: &str,
    owner: Owner,
    masked_in_emergency: bool,
    medecin_traitant: bool,
) -> bool {
    use Owner::{Actor, Patient, Secretary, Structure};
    match word {
        "no" => false,
        "own" => owner == Actor,
        "own*" if owner == Patient => medecin_traitant,
        "own*" => owner == Actor,
        "yes*" if owner == Patient => medecin_traitant,
        "str*" => matches!(owner, Structure | Secretary),
        "mask?" => masked_in_emergency,
        "yes" | "yes*" | "grant" | "same" | "since" | "struct" | "ref" => true,
        _ => panic!("{word}"),
    }
}
