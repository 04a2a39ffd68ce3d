//! The DMP's two functional rights matrices, every cell, as data.
//!
//! Sources: GIE SESAM-Vitale, PDT-INF-526 v1.8 of 2024-09-25 (direct and indirect authentication) and
//! PDT-INF-606 v1.3 of 2025-07-08 (reinforced indirect authentication, AIR). They are the server's
//! rules, published for information: the embedded DMP enforces them, the connector only foresees them.

use serde::{Deserialize, Serialize};

/// A function of the DMP, as the matrices name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Right {
    /// TD0.1
    Authenticate,
    /// TD0.2
    TestExistence,
    /// TD0.3, declare oneself authorised
    DeclareAuthorisation,
    /// TD0.3, remove one's own authorisation
    RemoveAuthorisation,
    /// TD0.3, remove oneself as médecin traitant
    StopMedecinTraitant,
    /// TD0.4
    ListDossiers,
    /// TD0.5
    FindPatient,
    /// TD0.9
    WebAccess,
    /// TD0.10 (AIR)
    WebAccessAir,
    /// TD1.3a
    ReadAdministrative,
    /// TD1.6
    ListProfessionals,
    /// TD2.1
    Feed,
    /// TD2.2
    FeedWithCpe,
    /// TD3.1, metadata
    SearchMetadata,
    /// TD3.1, reference of a document
    SearchReference,
    /// TD3.2, a document that is not masked
    ReadUnmasked,
    /// TD3.2, a document masked to professionals
    ReadMasked,
    /// TD3.2, a document hidden from the patient or the representatives
    ReadHiddenFromPatient,
    /// TD3.2, an archived document
    ReadArchived,
    /// TD3.2, an obsolete document
    ReadObsolete,
    /// TD3.2, a deleted document
    ReadDeleted,
    /// TD3.3a, mask
    Mask,
    /// TD3.3a, unmask
    Unmask,
    /// TD3.3b, show to the patient or the representatives
    ShowToPatient,
    /// TD3.3d, archive
    Archive,
    /// TD3.3d, unarchive
    Unarchive,
    /// TD3.3c
    Delete,
}

/// What a person calls each right, and its code in the matrices.
const NAMES: [(Right, &str, &str); 27] = [
    (Right::Authenticate, "TD0.1", "s'authentifier auprès du DMP"),
    (
        Right::TestExistence,
        "TD0.2",
        "vérifier l'existence du DMP et l'autorisation",
    ),
    (
        Right::DeclareAuthorisation,
        "TD0.3.declare",
        "se déclarer autorisé sur le DMP",
    ),
    (
        Right::RemoveAuthorisation,
        "TD0.3.remove",
        "retirer son autorisation",
    ),
    (
        Right::StopMedecinTraitant,
        "TD0.3.remove_mt",
        "cesser d'être médecin traitant DMP",
    ),
    (Right::ListDossiers, "TD0.4", "lister les DMP autorisés"),
    (
        Right::FindPatient,
        "TD0.5",
        "rechercher un patient sans INS",
    ),
    (
        Right::WebAccess,
        "TD0.9",
        "ouvrir le DMP dans le navigateur",
    ),
    (
        Right::WebAccessAir,
        "TD0.10",
        "ouvrir le DMP dans le navigateur (AIR)",
    ),
    (
        Right::ReadAdministrative,
        "TD1.3a",
        "consulter les données administratives",
    ),
    (
        Right::ListProfessionals,
        "TD1.6",
        "lister les professionnels autorisés et bloqués",
    ),
    (Right::Feed, "TD2.1", "alimenter le DMP"),
    (
        Right::FeedWithCpe,
        "TD2.2",
        "alimenter le DMP avec une carte CPE",
    ),
    (
        Right::SearchMetadata,
        "TD3.1.metadata",
        "rechercher des documents",
    ),
    (
        Right::SearchReference,
        "TD3.1.reference",
        "rechercher la référence d'un document",
    ),
    (Right::ReadUnmasked, "TD3.2.unmasked", "lire un document"),
    (
        Right::ReadMasked,
        "TD3.2.masked",
        "lire un document masqué aux professionnels",
    ),
    (
        Right::ReadHiddenFromPatient,
        "TD3.2.hidden_from_patient",
        "lire un document non visible par le patient",
    ),
    (
        Right::ReadArchived,
        "TD3.2.archived",
        "lire un document archivé",
    ),
    (
        Right::ReadObsolete,
        "TD3.2.obsolete",
        "lire une version obsolète",
    ),
    (
        Right::ReadDeleted,
        "TD3.2.deleted",
        "lire un document supprimé",
    ),
    (
        Right::Mask,
        "TD3.3a.mask",
        "masquer un document aux professionnels",
    ),
    (Right::Unmask, "TD3.3a.unmask", "démasquer un document"),
    (
        Right::ShowToPatient,
        "TD3.3b.show_patient",
        "rendre un document visible au patient",
    ),
    (Right::Archive, "TD3.3d.archive", "archiver un document"),
    (
        Right::Unarchive,
        "TD3.3d.unarchive",
        "désarchiver un document",
    ),
    (Right::Delete, "TD3.3c.delete", "supprimer un document"),
];

impl Right {
    /// Every right, in the order of the matrices.
    pub fn all() -> impl Iterator<Item = Right> {
        NAMES.iter().map(|(right, _, _)| *right)
    }

    /// The code in the matrices: `TD3.1.metadata`…
    pub const fn code(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// What it lets a person do, in French, as an infinitive.
    pub const fn label(self) -> &'static str {
        NAMES[self as usize].2
    }

    /// The right of a code.
    pub fn from_code(code: &str) -> Option<Right> {
        NAMES
            .iter()
            .find(|(_, c, _)| *c == code)
            .map(|(r, _, _)| *r)
    }
}

/// What a cell of a matrix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Allowed.
    Yes,
    /// Refused.
    No,
    /// Allowed; the authorisation is given to the structure.
    StructureGrant,
    /// Allowed; limited to professionals of the same structure.
    SameStructure,
    /// Allowed; limited, by date, to new authorisations.
    NewGrantsByDate,
    /// Allowed; the structure is accountable.
    StructureAccountable,
    /// Allowed, only to obtain a document's reference; no clinical metadata.
    ReferenceOnly,
    /// Allowed on documents whose author is the acting professional.
    OwnDocuments,
    /// As [`Cell::OwnDocuments`]; on a document deposited by the patient, only for the médecin traitant.
    OwnDocumentsOrPatients,
    /// Allowed on documents whose author is the structure; patients' documents as above.
    StructureDocumentsOrPatients,
    /// Allowed; on a document deposited by the patient, only for the médecin traitant.
    YesButPatients,
    /// Allowed if the patient has authorised masked documents in emergency.
    PatientAllowsOverride,
}

/// A column of a matrix: authentication, actor, mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the columns' own
pub enum Column {
    #[serde(rename = "DIR.PS.N")]
    DirPsN,
    #[serde(rename = "DIR.PS.CR")]
    DirPsCr,
    #[serde(rename = "DIR.PS.BG")]
    DirPsBg,
    #[serde(rename = "DIR.MED.N")]
    DirMedN,
    #[serde(rename = "DIR.MED.CR")]
    DirMedCr,
    #[serde(rename = "DIR.MED.BG")]
    DirMedBg,
    #[serde(rename = "DIR.TRAV.-")]
    DirTrav,
    #[serde(rename = "DIR.MT.N")]
    DirMtN,
    #[serde(rename = "DIR.MT.BG")]
    DirMtBg,
    #[serde(rename = "CPE.NONPS.N")]
    CpeN,
    #[serde(rename = "IND.ALL.N")]
    IndN,
    #[serde(rename = "IND.ALL.CR")]
    IndCr,
    #[serde(rename = "AIR.PS.N")]
    AirPsN,
    #[serde(rename = "AIR.PS.CR")]
    AirPsCr,
    #[serde(rename = "AIR.PS.BG")]
    AirPsBg,
    #[serde(rename = "AIR.MED.N")]
    AirMedN,
    #[serde(rename = "AIR.MED.CR")]
    AirMedCr,
    #[serde(rename = "AIR.MED.BG")]
    AirMedBg,
    #[serde(rename = "AIR.MT.N")]
    AirMtN,
    #[serde(rename = "AIR.MT.BG")]
    AirMtBg,
    #[serde(rename = "AIR.PE.N")]
    AirPeN,
}

/// Names of the columns, and who stands in them, in French.
const COLUMNS: [(Column, &str, &str); 21] = [
    (
        Column::DirPsN,
        "DIR.PS.N",
        "un professionnel de santé non médecin",
    ),
    (
        Column::DirPsCr,
        "DIR.PS.CR",
        "un professionnel de santé non médecin en centre de régulation",
    ),
    (
        Column::DirPsBg,
        "DIR.PS.BG",
        "un professionnel de santé non médecin en bris de glace",
    ),
    (
        Column::DirMedN,
        "DIR.MED.N",
        "un médecin qui n'est pas médecin traitant DMP",
    ),
    (
        Column::DirMedCr,
        "DIR.MED.CR",
        "un médecin en centre de régulation",
    ),
    (
        Column::DirMedBg,
        "DIR.MED.BG",
        "un médecin en bris de glace",
    ),
    (Column::DirTrav, "DIR.TRAV.-", "un médecin du travail"),
    (Column::DirMtN, "DIR.MT.N", "le médecin traitant DMP"),
    (
        Column::DirMtBg,
        "DIR.MT.BG",
        "le médecin traitant DMP en bris de glace",
    ),
    (Column::CpeN, "CPE.NONPS.N", "un porteur de carte CPE"),
    (
        Column::IndN,
        "IND.ALL.N",
        "une structure authentifiée par certificat",
    ),
    (
        Column::IndCr,
        "IND.ALL.CR",
        "une structure authentifiée par certificat en centre de régulation",
    ),
    (
        Column::AirPsN,
        "AIR.PS.N",
        "un professionnel de santé non médecin (AIR)",
    ),
    (
        Column::AirPsCr,
        "AIR.PS.CR",
        "un professionnel de santé non médecin en centre de régulation (AIR)",
    ),
    (
        Column::AirPsBg,
        "AIR.PS.BG",
        "un professionnel de santé non médecin en bris de glace (AIR)",
    ),
    (
        Column::AirMedN,
        "AIR.MED.N",
        "un médecin qui n'est pas médecin traitant DMP (AIR)",
    ),
    (
        Column::AirMedCr,
        "AIR.MED.CR",
        "un médecin en centre de régulation (AIR)",
    ),
    (
        Column::AirMedBg,
        "AIR.MED.BG",
        "un médecin en bris de glace (AIR)",
    ),
    (Column::AirMtN, "AIR.MT.N", "le médecin traitant DMP (AIR)"),
    (
        Column::AirMtBg,
        "AIR.MT.BG",
        "le médecin traitant DMP en bris de glace (AIR)",
    ),
    (
        Column::AirPeN,
        "AIR.PE.N",
        "un professionnel non professionnel de santé (AIR)",
    ),
];

impl Column {
    /// Every column, the twelve of PDT-INF-526 then the nine of PDT-INF-606.
    pub fn all() -> impl Iterator<Item = Column> {
        COLUMNS.iter().map(|(column, _, _)| *column)
    }

    /// The name in the matrix.
    pub const fn code(self) -> &'static str {
        COLUMNS[self as usize].1
    }

    /// Who stands in it, in French.
    pub const fn label(self) -> &'static str {
        COLUMNS[self as usize].2
    }

    /// The column of a name.
    pub fn from_code(code: &str) -> Option<Column> {
        COLUMNS
            .iter()
            .find(|(_, c, _)| *c == code)
            .map(|(c, _, _)| *c)
    }

    /// The matrix it belongs to.
    pub const fn matrix(self) -> &'static str {
        if (self as u8) < AIR_FIRST {
            "PDT-INF-526 v1.8"
        } else {
            "PDT-INF-606 v1.3"
        }
    }

    /// Whether the column is that of a médecin traitant DMP.
    pub const fn is_medecin_traitant(self) -> bool {
        matches!(
            self,
            Column::DirMtN | Column::DirMtBg | Column::AirMtN | Column::AirMtBg
        )
    }
}

const AIR_FIRST: u8 = Column::AirPsN as u8;

use Cell::{
    NewGrantsByDate as D, No as N, OwnDocuments as O, OwnDocumentsOrPatients as OP,
    PatientAllowsOverride as U, ReferenceOnly as F, SameStructure as S, StructureAccountable as A,
    StructureDocumentsOrPatients as TP, StructureGrant as G, Yes as Y, YesButPatients as YP,
};

/// PDT-INF-526 v1.8, 26 rights × 12 columns, from `DIR.PS.N` to `IND.ALL.CR`.
#[rustfmt::skip]
pub static DIRECT: [(Right, [Cell; 12]); 26] = [
    (Right::Authenticate, [Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::TestExistence, [Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::DeclareAuthorisation, [Y, N, N, Y, N, N, N, Y, N, G, N, N]),
    (Right::RemoveAuthorisation, [Y, N, N, Y, N, N, N, Y, N, N, N, N]),
    (Right::StopMedecinTraitant, [N, N, N, N, N, N, N, Y, N, N, N, N]),
    (Right::ListDossiers, [Y, Y, Y, Y, Y, Y, Y, Y, Y, S, D, N]),
    (Right::FindPatient, [N, Y, N, N, Y, N, N, N, N, N, N, Y]),
    (Right::WebAccess, [Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, N, N]),
    (Right::ReadAdministrative, [Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::ListProfessionals, [Y, N, N, Y, N, N, Y, Y, N, N, N, N]),
    (Right::Feed, [Y, Y, Y, Y, Y, Y, Y, Y, Y, N, A, A]),
    (Right::FeedWithCpe, [N, N, N, N, N, N, N, N, N, A, N, N]),
    (Right::SearchMetadata, [Y, Y, Y, Y, Y, Y, Y, Y, Y, N, N, N]),
    (Right::SearchReference, [Y, Y, Y, Y, Y, Y, Y, Y, Y, F, F, F]),
    (Right::ReadUnmasked, [Y, Y, Y, Y, Y, Y, N, Y, Y, N, N, N]),
    (Right::ReadMasked, [O, U, U, O, U, U, N, Y, U, N, N, N]),
    (Right::ReadHiddenFromPatient, [Y, Y, Y, Y, Y, Y, N, Y, Y, N, N, N]),
    (Right::ReadArchived, [Y, Y, Y, Y, Y, Y, N, Y, Y, N, N, N]),
    (Right::ReadObsolete, [Y, Y, Y, Y, Y, Y, N, Y, Y, N, N, N]),
    (Right::ReadDeleted, [Y, Y, Y, Y, Y, Y, N, Y, Y, N, N, N]),
    (Right::Mask, [Y, N, N, Y, N, N, Y, Y, N, N, N, N]),
    (Right::Unmask, [O, N, N, O, N, N, O, Y, N, N, N, N]),
    (Right::ShowToPatient, [Y, N, N, Y, N, N, Y, Y, N, N, N, N]),
    (Right::Archive, [OP, N, N, OP, YP, YP, OP, YP, YP, N, N, N]),
    (Right::Unarchive, [OP, N, N, OP, YP, YP, OP, YP, YP, N, N, N]),
    (Right::Delete, [OP, OP, OP, OP, OP, OP, OP, OP, OP, TP, TP, TP]),
];

/// PDT-INF-606 v1.3, 25 rights × 9 columns, from `AIR.PS.N` to `AIR.PE.N`.
#[rustfmt::skip]
pub static AIR: [(Right, [Cell; 9]); 25] = [
    (Right::Authenticate, [Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::TestExistence, [Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::DeclareAuthorisation, [Y, N, N, Y, N, N, Y, N, G]),
    (Right::RemoveAuthorisation, [Y, N, N, Y, N, N, Y, N, N]),
    (Right::ListDossiers, [Y, Y, Y, Y, Y, Y, Y, Y, S]),
    (Right::FindPatient, [N, Y, N, N, Y, N, N, N, N]),
    (Right::WebAccessAir, [Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::ReadAdministrative, [Y, Y, Y, Y, Y, Y, Y, Y, Y]),
    (Right::ListProfessionals, [Y, N, N, Y, N, N, Y, N, N]),
    (Right::Feed, [N, N, N, N, N, N, N, N, N]),
    (Right::FeedWithCpe, [N, N, N, N, N, N, N, N, N]),
    (Right::SearchMetadata, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::SearchReference, [Y, Y, Y, Y, Y, Y, Y, Y, F]),
    (Right::ReadUnmasked, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::ReadMasked, [O, U, U, O, U, U, Y, U, N]),
    (Right::ReadHiddenFromPatient, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::ReadArchived, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::ReadObsolete, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::ReadDeleted, [Y, Y, Y, Y, Y, Y, Y, Y, N]),
    (Right::Mask, [Y, N, N, Y, N, N, Y, N, N]),
    (Right::Unmask, [O, N, N, O, N, N, Y, N, N]),
    (Right::ShowToPatient, [Y, N, N, Y, N, N, Y, N, N]),
    (Right::Archive, [OP, N, N, YP, YP, YP, YP, YP, N]),
    (Right::Unarchive, [OP, N, N, YP, YP, YP, YP, YP, N]),
    (Right::Delete, [OP, OP, OP, OP, OP, OP, OP, OP, TP]),
];

/// The two matrices in one table indexed by right and column, so that a decision is one read.
/// A right that a matrix does not name is refused there.
static CELLS: [[Cell; 21]; 27] = {
    let mut cells = [[N; 21]; 27];
    let mut row = 0;
    while row < DIRECT.len() {
        let mut column = 0;
        while column < 12 {
            cells[DIRECT[row].0 as usize][column] = DIRECT[row].1[column];
            column += 1;
        }
        row += 1;
    }
    row = 0;
    while row < AIR.len() {
        let mut column = 0;
        while column < 9 {
            cells[AIR[row].0 as usize][12 + column] = AIR[row].1[column];
            column += 1;
        }
        row += 1;
    }
    cells
};

/// The cell of a right in a column.
pub fn cell(right: Right, column: Column) -> Cell {
    CELLS[right as usize][column as usize]
}

/// Whether the matrix of this column names the right at all.
pub fn names(right: Right, column: Column) -> bool {
    if (column as u8) < AIR_FIRST {
        DIRECT.iter().any(|(r, _)| *r == right)
    } else {
        AIR.iter().any(|(r, _)| *r == right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_own_index() {
        for (index, right) in Right::all().enumerate() {
            assert_eq!(right as usize, index);
            assert_eq!(Right::from_code(right.code()), Some(right));
        }
        for (index, column) in Column::all().enumerate() {
            assert_eq!(column as usize, index);
            assert_eq!(Column::from_code(column.code()), Some(column));
        }
    }

    #[test]
    fn only_td0_10_is_missing_from_one_matrix_and_td0_9_and_remove_mt_from_the_other() {
        let missing =
            |column| -> Vec<Right> { Right::all().filter(|r| !names(*r, column)).collect() };
        assert_eq!(missing(Column::DirPsN), [Right::WebAccessAir]);
        assert_eq!(
            missing(Column::AirPsN),
            [Right::StopMedecinTraitant, Right::WebAccess]
        );
    }

    #[test]
    fn nothing_is_fed_under_air_and_nothing_is_read_with_a_certificate_or_a_cpe() {
        for column in Column::all().filter(|c| c.code().starts_with("AIR")) {
            assert_eq!(cell(Right::Feed, column), Cell::No);
            assert_eq!(cell(Right::FeedWithCpe, column), Cell::No);
        }
        for column in [Column::CpeN, Column::IndN, Column::IndCr] {
            for right in [
                Right::SearchMetadata,
                Right::ReadUnmasked,
                Right::ReadMasked,
            ] {
                assert_eq!(cell(right, column), Cell::No);
            }
        }
    }
}
