//! Taking over past documents: which may go, and what a person is told of those that may not. Pure.
//!
//! Source: Ségur vague 2, draft requirements SC.DMP/HISTO.01 to HISTO.07 (their published state is "in progress").

use super::decide::{DOCUMENT_OPPOSED, FEEDING_OPPOSED, INS_NOT_QUALIFIED, TRAITS_DIVERGE};
use super::decision::{Rule, Sentence};
use crate::document::Metadata;
use crate::identity::structure::StructIdKind;
use crate::identity::{Ins, StructIdNat};

macro_rules! remedies {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $french:literal;)*) => {
        /// What a person does so that a file can be taken over.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum TakeOverRemedy { $($(#[$doc])* $name,)* }

        impl TakeOverRemedy {
            /// Every remedy.
            pub const ALL: &'static [TakeOverRemedy] = &[$(TakeOverRemedy::$name,)*];

            /// The stable code.
            pub const fn code(self) -> &'static str {
                match self { $(TakeOverRemedy::$name => $code,)* }
            }

            /// The sentence a person reads.
            pub const fn french(self) -> &'static str {
                match self { $(TakeOverRemedy::$name => $french,)* }
            }
        }
    };
}

remedies! {
    /// The document is to be made again.
    CorrectDocument = "correct_document",
        "Corrigez le document dans le logiciel qui l'a produit, puis relancez la reprise.";
    /// The structure is to be written among the authors.
    NameStructure = "name_structure",
        "Produisez le document à nouveau avec la structure parmi ses auteurs ; s'il vient d'ailleurs, laissez son auteur l'envoyer.";
    /// The document needs an identifier of its own.
    NewIdentifier = "new_identifier",
        "Donnez au document un nouvel identifiant, puis relancez la reprise.";
    /// The patient is to be registered.
    RegisterPatient = "register_patient",
        "Enregistrez le patient avec son INS, puis relancez la reprise.";
    /// The identity is to be qualified.
    QualifyIns = "qualify_ins",
        "Qualifiez l'identité du patient : contrôlez une pièce d'identité et appelez le téléservice INSi.";
    /// The identity is to be confirmed or corrected.
    ConfirmIdentity = "confirm_identity",
        "Vérifiez l'identité du patient et confirmez-la, ou corrigez le dossier local.";
    /// What a minor's representatives may see is to be said.
    SayRepresentatives = "say_representatives",
        "Relancez la reprise pour ce patient en indiquant si ses représentants légaux peuvent voir ces documents.";
    /// The date is to be looked at.
    CheckDate = "check_date",
        "Vérifiez que le document porte la date de l'acte, et non celle de sa conversion.";
    /// What it replaces is to be looked for.
    FindReplaced = "find_replaced",
        "Vérifiez que le document remplacé est dans le DMP, ou ajoutez-le à la reprise.";
    /// The file is to be made readable.
    CheckFile = "check_file",
        "Vérifiez le fichier et ses droits de lecture, puis relancez la reprise.";
}

impl From<TakeOverRemedy> for Sentence {
    fn from(remedy: TakeOverRemedy) -> Sentence {
        Sentence {
            code: remedy.code().to_owned(),
            text: remedy.french().to_owned(),
        }
    }
}

macro_rules! rules {
    ($($name:ident = $id:literal, $source:literal, $sentence:literal;)*) => { $(
        #[doc = $sentence]
        pub static $name: Rule = Rule { id: $id, source: $source, sentence: $sentence };
    )* };
}

rules! {
    NOT_OF_STRUCTURE = "TAKEOVER-STRUCTURE", "Ségur SC.DMP/HISTO.04; CI-SIS, authorInstitution",
        "La structure qui reprend ses documents n'est pas parmi les auteurs de celui-ci : elle ne dépose que ce qu'elle a produit.";
    STRUCTURE_NOT_AUTHOR = "TAKEOVER-LEGAL-PERSON", "Ségur SC.DMP/HISTO.04; CI-SIS, auteur « système de structure »",
        "La structure est une personne morale : elle doit être elle-même un des auteurs du document (système de la structure), sans quoi un document masqué ne lui serait plus accessible.";
    OTHER_DOMAIN = "TAKEOVER-DOMAIN", "ANS, référentiel INS",
        "L'INS du document n'est pas du domaine pour lequel ce poste est configuré (production, test ou démonstration).";
    PATIENT_UNKNOWN = "TAKEOVER-PATIENT", "Ségur SC.DMP/HISTO.06",
        "Le patient du document n'est pas enregistré dans ce cabinet.";
    IDENTIFIER_USED = "TAKEOVER-IDENTIFIER", "ITI TF-3 4.2.4, XDSDuplicateUniqueIdInRegistry",
        "Un autre contenu porte déjà cet identifiant, dans le DMP, parmi les envois ou parmi les fichiers de cette reprise.";
    LATE_DATE = "TAKEOVER-DATE", "Ségur SC.DMP/HISTO.03",
        "Le document est daté bien après l'acte qu'il rapporte : un document historique porte la date de sa production ou de sa validation.";
    REPLACES_UNKNOWN = "TAKEOVER-REPLACED", "TD2.1, RPLC",
        "Le document en remplace un autre que ni le cabinet ni cette reprise ne connaissent : s'il n'est pas dans le DMP, le dépôt sera refusé.";
    TOO_LARGE = "TAKEOVER-SIZE", "dmpkit",
        "Le document dépasse la taille que cette bibliothèque traite.";
    UNREADABLE = "TAKEOVER-READ", "HL7 CDA R2, XML 1.0",
        "Le fichier se présente comme un document CDA mais ne peut pas être lu comme tel.";
    FILE_FAILED = "TAKEOVER-FILE", "dmpkit",
        "Le fichier ou le dossier n'a pas pu être ouvert.";
    NOT_FOLLOWED = "TAKEOVER-LINK", "dmpkit",
        "Ce chemin ne désigne pas un fichier : les liens et les dossiers d'une liste ne sont pas suivis.";
    SAME_CONTENT = "TAKEOVER-SAME-CONTENT", "Ségur SC.DMP/HISTO.06",
        "Le DMP a déjà ce contenu sous un autre identifiant : il n'a pas été déposé une seconde fois.";
}

/// What a file that cannot go is counted as, and what a person does about it; none when nothing is to be done: the
/// patient decided.
pub fn remedy_of(rule: &str) -> Option<TakeOverRemedy> {
    use TakeOverRemedy::*;
    let known = [
        (INS_NOT_QUALIFIED.id, QualifyIns),
        (TRAITS_DIVERGE.id, ConfirmIdentity),
        (NOT_OF_STRUCTURE.id, NameStructure),
        (STRUCTURE_NOT_AUTHOR.id, NameStructure),
        (PATIENT_UNKNOWN.id, RegisterPatient),
        (IDENTIFIER_USED.id, NewIdentifier),
        (LATE_DATE.id, CheckDate),
        (REPLACES_UNKNOWN.id, FindReplaced),
        (UNREADABLE.id, CheckFile),
        (FILE_FAILED.id, CheckFile),
        (NOT_FOLLOWED.id, CheckFile),
        ("EX_2.1-1050", SayRepresentatives),
    ];
    if is_opposition(rule) {
        return None;
    }
    if rule.starts_with("CDA-DOSSIER-") {
        return Some(ConfirmIdentity);
    }
    let found = known.iter().find(|(id, _)| *id == rule);
    Some(found.map_or(CorrectDocument, |(_, remedy)| *remedy))
}

/// Whether a rule is the patient's opposition to feeding.
pub fn is_opposition(rule: &str) -> bool {
    rule == FEEDING_OPPOSED.id || rule == DOCUMENT_OPPOSED.id
}

/// Which documents are asked for, beside those that may go. Absent criteria keep everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted<'a> {
    /// Start of the act from, included, and to, excluded, in milliseconds.
    pub act: (Option<i64>, Option<i64>),
    /// typeCode.
    pub types: &'a [String],
    /// Patients.
    pub patients: &'a [Ins],
    /// PS_IdNat or Struct_IdNat of an author.
    pub authors: &'a [String],
}

impl Wanted<'_> {
    /// Whether a document is one of them.
    pub fn admits(&self, metadata: &Metadata, patient: Option<&Ins>) -> bool {
        let began = metadata.service_start_time.start().millis();
        let (from, to) = self.act;
        from.is_none_or(|from| began >= from)
            && to.is_none_or(|to| began < to)
            && (self.types.is_empty() || self.types.contains(&metadata.type_code.code))
            && (self.patients.is_empty()
                || patient.is_some_and(|patient| self.patients.contains(patient)))
            && (self.authors.is_empty()
                || self
                    .authors
                    .iter()
                    .any(|id| metadata.is_by(id) || metadata.is_of_structure(id)))
    }
}

/// What a structure that takes over its documents lacks among their authors; none when nothing.
///
/// HISTO.04: "si le Système a comme utilisateur une structure avec la personnalité morale", it is an author, so that a
/// masked document stays within its reach. authorPerson is always there (CI-SIS, author: required), authorInstitution
/// tells where the person works: so the structure must be the institution of an author at least, and one that is a legal
/// person must be an author itself: its Struct_IdNat as authorPerson, or a system of it, whose identifier begins with
/// the structure's (CI-SIS, "système de structure", XCN type RI).
///
/// `legal_person`: what the host knows of it. Unsaid, a structure with a FINESS, SIREN or SIRET number is taken for one,
/// and one that is numbered after a professional (RPPS-rang, ADELI) is not.
pub fn structure_fault(
    metadata: &Metadata,
    structure: &StructIdNat,
    legal_person: Option<bool>,
) -> Option<&'static Rule> {
    let kind = structure.kind();
    let numbered = matches!(
        kind,
        StructIdKind::Finess | StructIdKind::Siren | StructIdKind::Siret
    );
    if !metadata.is_of_structure(structure.as_str()) {
        return Some(&NOT_OF_STRUCTURE);
    }
    if !legal_person.unwrap_or(numbered) {
        return None;
    }
    let system = system_prefix(structure);
    let itself = metadata.author.iter().any(|author| {
        let person = &author.author_person;
        let is_system = person.kind == "RI"
            && system
                .as_deref()
                .is_some_and(|prefix| person.id.starts_with(prefix));
        person.id == structure.as_str() || is_system
    });
    (!itself).then_some(&STRUCTURE_NOT_AUTHOR)
}

/// How the identifiers of a structure's systems begin: PS_IdNat numbers structures otherwise than Struct_IdNat does.
fn system_prefix(structure: &StructIdNat) -> Option<String> {
    let digit = match structure.kind() {
        StructIdKind::CabinetAdeli => '1',
        StructIdKind::Finess => '3',
        StructIdKind::Siren => '4',
        StructIdKind::Siret => '5',
        StructIdKind::RppsRang => '6',
        StructIdKind::Technique => return None,
    };
    structure
        .as_str()
        .get(1..)
        .map(|number| format!("{digit}{number}/"))
}

/// Whether a document is dated more than so many days after its act (HISTO.03).
pub fn is_late(metadata: &Metadata, days: u32) -> bool {
    let act = metadata
        .service_stop_time
        .as_ref()
        .unwrap_or(&metadata.service_start_time);
    // A partial date means any instant of its day.
    let apart = metadata.creation_time.start().millis() - act.start().millis();
    apart > (i64::from(days) + 1) * 86_400_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Dtm;
    use crate::identity::{Xcn, Xon};

    fn written(person: &str, institution: &str) -> Metadata {
        let text = include_str!("../../tests/fixtures/cr_consultation_pdf.xml");
        let header =
            crate::cda::read_header(text.as_bytes(), &Default::default()).expect("a header");
        let derived = crate::cda::derive(&header, &Default::default());
        let mut metadata = derived.metadata.expect("metadata");
        metadata.author[0].author_person = person.parse::<Xcn>().expect("an XCN");
        metadata.author[0].author_institution = Some(institution.parse::<Xon>().expect("an XON"));
        metadata
    }

    const FINESS: &str = "CLINIQUE^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1750100125";
    const CABINET: &str = "CABINET^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^499900987654001";
    const DOCTOR: &str = "899900987654^BASTIDE^H^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS";

    #[test]
    fn a_legal_person_is_an_author_itself_and_a_cabinet_the_institution_of_one() {
        let system = "3750100125/9762^Dossier^D1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI";
        let employee = "3750100125/1453^MARTIN^P^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^EI";
        let itself = "1750100125^CLINIQUE^^^^^^^&1.2.250.1.71.4.2.2&ISO^U^^^RI";
        let near = "37501001251/2^Dossier^D1^^^^^^&1.2.250.1.71.4.2.1&ISO^U^^^RI";
        for (person, institution, structure, legal, fault) in [
            (DOCTOR, CABINET, "499900987654001", None, None),
            (
                DOCTOR,
                CABINET,
                "499900987654002",
                None,
                Some("TAKEOVER-STRUCTURE"),
            ),
            (
                DOCTOR,
                CABINET,
                "499900987654001",
                Some(true),
                Some("TAKEOVER-LEGAL-PERSON"),
            ),
            (
                DOCTOR,
                FINESS,
                "1750100125",
                None,
                Some("TAKEOVER-LEGAL-PERSON"),
            ),
            (DOCTOR, FINESS, "1750100125", Some(false), None),
            (
                employee,
                FINESS,
                "1750100125",
                None,
                Some("TAKEOVER-LEGAL-PERSON"),
            ),
            (
                near,
                FINESS,
                "1750100125",
                None,
                Some("TAKEOVER-LEGAL-PERSON"),
            ),
            (system, FINESS, "1750100125", None, None),
            (itself, FINESS, "1750100125", None, None),
        ] {
            let structure = StructIdNat::new(structure).expect("an identifier");
            let found = structure_fault(&written(person, institution), &structure, legal);
            assert_eq!(
                found.map(|rule| rule.id),
                fault,
                "{person} {structure} {legal:?}"
            );
        }
    }

    #[test]
    fn a_document_is_late_when_its_date_is_days_after_the_act() {
        let mut metadata = written(DOCTOR, CABINET);
        for (stop, creation, late) in [
            ("20200105", "20200105120000", false),
            ("20200105", "20200205235959", false),
            ("20200105", "20200206000001", true),
            ("20200105120000", "20260101", true),
            ("20200105120000", "20191231", false),
        ] {
            metadata.service_stop_time = Dtm::parse(stop);
            metadata.creation_time = Dtm::parse(creation).expect("a time");
            assert_eq!(is_late(&metadata, 31), late, "{stop} {creation}");
        }
    }

    #[test]
    fn every_file_that_needs_a_person_has_a_remedy_and_an_opposition_has_none() {
        for rule in [&FEEDING_OPPOSED, &DOCUMENT_OPPOSED] {
            assert_eq!(remedy_of(rule.id), None);
        }
        assert_eq!(
            remedy_of("CDA-TITLE-MISSING"),
            Some(TakeOverRemedy::CorrectDocument)
        );
        assert_eq!(
            remedy_of("CDA-DOSSIER-SEX"),
            Some(TakeOverRemedy::ConfirmIdentity)
        );
        for remedy in TakeOverRemedy::ALL {
            let mut all = vec!["CDA-TITLE-MISSING"];
            all.extend([
                INS_NOT_QUALIFIED.id,
                TRAITS_DIVERGE.id,
                NOT_OF_STRUCTURE.id,
                PATIENT_UNKNOWN.id,
                IDENTIFIER_USED.id,
                LATE_DATE.id,
                REPLACES_UNKNOWN.id,
                FILE_FAILED.id,
                "EX_2.1-1050",
            ]);
            assert!(
                all.iter().any(|rule| remedy_of(rule) == Some(*remedy)),
                "{remedy:?}"
            );
        }
    }
}
