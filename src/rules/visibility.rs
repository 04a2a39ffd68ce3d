//! Who sees which document, reads it, acts on it. For anyone without the right a document does not
//! exist: every list, count, error and association starts from [`sees`].
//!
//! Sources: PDT-INF-526 rows TD3.1 to TD3.3; CSP R.1111-49 (the author keeps access), L.1111-16 (the
//! médecin traitant sees everything), R.1111-53 and R.1111-50 (the patient's side).

use super::decide::{Situation, column};
use super::decision::{Decision, Fact, FactSet, Remedy, RemedySet, RuleRef, Verdict};
use super::rights::{Cell, Right, cell};
use crate::document::{Status, Visibility};
use crate::dossier::Authorisation;

/// What the rules need to know of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentFacts {
    /// Visibility codes.
    pub visibility: Visibility,
    /// Status for this viewer.
    pub status: Status,
    /// The acting professional is an author.
    pub own: bool,
    /// The acting structure brought the document in, or signed it.
    pub of_structure: bool,
    /// Deposited by the patient.
    pub by_patient: bool,
    /// The legal matrix lets the viewer's profession read this type of document.
    pub profession_may_read: bool,
}

/// Whether a cell lets the actor act on this document.
fn admits(cell: Cell, s: &Situation, document: &DocumentFacts) -> bool {
    let mt = s.actor.medecin_traitant;
    match cell {
        Cell::No => false,
        Cell::OwnDocuments => document.own,
        Cell::OwnDocumentsOrPatients if document.by_patient => mt,
        Cell::OwnDocumentsOrPatients => document.own,
        Cell::StructureDocumentsOrPatients if document.by_patient => mt,
        Cell::StructureDocumentsOrPatients => document.of_structure,
        Cell::YesButPatients => !document.by_patient || mt,
        Cell::PatientAllowsOverride => s.masked_in_emergency == Some(true),
        Cell::Yes
        | Cell::StructureGrant
        | Cell::SameStructure
        | Cell::NewGrantsByDate
        | Cell::StructureAccountable
        | Cell::ReferenceOnly => true,
    }
}

/// Whether the document exists for the viewer in a search of metadata (TD3.1).
///
/// The right to search itself is [`super::decide()`]'s affair; this is about one document. What is hidden
/// from the patient is not hidden from professionals: they may have to show it to him.
pub fn sees(s: &Situation, document: &DocumentFacts) -> bool {
    let Some(column) = column(&s.actor, s.mode) else {
        return false;
    };
    let admitted = |right| admits(cell(right, column), s, document);
    (document.own || document.profession_may_read)
        && (!document.visibility.masked() || admitted(Right::ReadMasked))
}

/// Whether the viewer may learn that the document exists: because he sees it, or because it is his.
///
/// An author or a structure must be able to name its own document, to delete it, in modes where the
/// matrix does not let it be read. A blocked professional knows his own documents alone.
pub fn knows(s: &Situation, document: &DocumentFacts) -> bool {
    let Some(column) = column(&s.actor, s.mode) else {
        return false;
    };
    if document.own || document.of_structure_alone(s) {
        return true;
    }
    if s.authorisation == Authorisation::Interdit {
        return false;
    }
    match cell(Right::SearchReference, column) {
        Cell::No => false,
        // Without the right to read anything, a masked document of others does not exist.
        Cell::ReferenceOnly => !document.visibility.masked(),
        _ => sees(s, document),
    }
}

impl DocumentFacts {
    /// A structure (or a CPE of it) owns what it fed; a professional of the structure does not.
    fn of_structure_alone(&self, s: &Situation) -> bool {
        use super::decide::{Authentication, Role};
        self.of_structure
            && (matches!(
                s.actor.authentication,
                Authentication::Structure | Authentication::Cpe
            ) || (s.actor.authentication == Authentication::Air && s.actor.role == Role::NonPs))
    }
}

/// The rights that reading this document takes: one for whether it is masked, and one for each of
/// hidden, archived, obsolete, deleted.
pub fn rights_to_read(document: &DocumentFacts) -> impl Iterator<Item = Right> {
    let masked = if document.visibility.masked() {
        Right::ReadMasked
    } else {
        Right::ReadUnmasked
    };
    let hidden = document
        .visibility
        .hidden_from_patient_side()
        .then_some(Right::ReadHiddenFromPatient);
    let status = match document.status {
        Status::Approved => None,
        Status::Archived => Some(Right::ReadArchived),
        Status::Deprecated => Some(Right::ReadObsolete),
        Status::Deleted => Some(Right::ReadDeleted),
    };
    [Some(masked), hidden, status].into_iter().flatten()
}

/// Decides whether a right may be used on a document the viewer knows. Reading rights: see
/// [`rights_to_read`].
pub fn decide_on(right: Right, s: &Situation, document: &DocumentFacts) -> Decision {
    let general = super::decide(right, s);
    if !general.permits() {
        return general;
    }
    let Some(column) = column(&s.actor, s.mode) else {
        return general;
    };
    let which = if document.by_patient {
        Fact::PatientDocument
    } else if document.own {
        Fact::OwnDocument
    } else {
        Fact::NotOwnDocument
    };
    let rule = RuleRef::Cell(right, column);
    if admits(cell(right, column), s, document) {
        Decision {
            verdict: Verdict::Allowed,
            rule,
            facts: general.facts.with(which),
            remedies: RemedySet::NONE,
        }
    } else {
        let remedy = if document.by_patient {
            Remedy::AskPatient
        } else {
            Remedy::AskAuthor
        };
        Decision::refused(
            rule,
            FactSet::of(&[which]),
            RemedySet::of(&[remedy, Remedy::AskMedecinTraitant]),
        )
    }
}

/// A reader on the patient's side, in Mon espace santé.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientSide {
    /// The holder.
    Holder,
    /// A legal representative.
    Representative,
}

/// Whether a document exists for the patient's side.
///
/// A representative acts through the patient's space: what is hidden from the patient is hidden from
/// him too, and so is what is hidden from representatives.
pub fn patient_sees(side: PatientSide, visibility: Visibility) -> bool {
    match side {
        PatientSide::Holder => !visibility.invisible_patient(),
        PatientSide::Representative => !visibility.hidden_from_patient_side(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::IdentityStatus;
    use crate::rules::decide::{
        Actor, Authentication, Capacity, Consent, DossierIs, Feeding, Mode, Role,
    };

    fn viewer(role: Role, mt: bool, mode: Mode, masked_ok: bool) -> Situation {
        Situation {
            actor: Actor {
                authentication: Authentication::Cps,
                role,
                capacity: Capacity::Care,
                medecin_traitant: mt,
            },
            mode,
            dossier: DossierIs::Active,
            authorisation: Authorisation::Valide,
            consent: Consent::HeldByPractice,
            feeding: Feeding::Unopposed,
            opposition_bris_de_glace: false,
            opposition_centre_15: false,
            masked_in_emergency: Some(masked_ok),
            identity: IdentityStatus::Qualifiee,
            traits_diverge: false,
            reason_given: true,
            over: false,
        }
    }

    fn document(visibility: Visibility, own: bool) -> DocumentFacts {
        DocumentFacts {
            visibility,
            status: Status::Approved,
            own,
            of_structure: false,
            by_patient: false,
            profession_may_read: true,
        }
    }

    /// The table "who sees what": viewer, then N, MASQUE_PS, INVISIBLE_PATIENT, INVISIBLE_RL.
    #[test]
    fn who_sees_what() {
        use Visibility as V;
        let columns = [
            V::NORMAL,
            V::MASKED,
            V::INVISIBLE_PATIENT,
            V::INVISIBLE_REPRESENTATIVES,
        ];
        let med = |mode, ok| viewer(Role::Physician, false, mode, ok);
        let table: [(&str, Situation, bool, [bool; 4]); 9] = [
            ("author", med(Mode::Normal, false), true, [true; 4]),
            (
                "other physician",
                med(Mode::Normal, false),
                false,
                [true, false, true, true],
            ),
            (
                "other professional",
                viewer(Role::OtherPs, false, Mode::Normal, false),
                false,
                [true, false, true, true],
            ),
            (
                "médecin traitant",
                viewer(Role::Physician, true, Mode::Normal, false),
                false,
                [true; 4],
            ),
            (
                "bris de glace, not allowed",
                med(Mode::BrisDeGlace, false),
                false,
                [true, false, true, true],
            ),
            (
                "bris de glace, allowed",
                med(Mode::BrisDeGlace, true),
                false,
                [true; 4],
            ),
            (
                "centre 15, not allowed",
                med(Mode::Centre15, false),
                false,
                [true, false, true, true],
            ),
            (
                "centre 15, allowed",
                med(Mode::Centre15, true),
                false,
                [true; 4],
            ),
            (
                "médecin du travail",
                viewer(Role::Occupational, false, Mode::Normal, false),
                false,
                [true, false, true, true],
            ),
        ];
        for (who, situation, own, expected) in table {
            for (visibility, expected) in columns.into_iter().zip(expected) {
                assert_eq!(
                    sees(&situation, &document(visibility, own)),
                    expected,
                    "{who} {visibility:?}"
                );
            }
        }
    }

    #[test]
    fn the_patient_sees_masked_documents_and_not_invisible_ones() {
        use PatientSide::{Holder, Representative};
        for (side, visibility, expected) in [
            (Holder, Visibility::NORMAL, true),
            (Holder, Visibility::MASKED, true),
            (Holder, Visibility::INVISIBLE_PATIENT, false),
            (Holder, Visibility::INVISIBLE_REPRESENTATIVES, true),
            (Representative, Visibility::NORMAL, true),
            (Representative, Visibility::MASKED, true),
            (Representative, Visibility::INVISIBLE_PATIENT, false),
            (Representative, Visibility::INVISIBLE_REPRESENTATIVES, false),
        ] {
            assert_eq!(patient_sees(side, visibility), expected);
        }
    }

    #[test]
    fn a_plain_physician_masks_anything_but_unmasks_only_his_own() {
        let s = viewer(Role::Physician, false, Mode::Normal, false);
        let other = document(Visibility::NORMAL, false);
        assert!(decide_on(Right::Mask, &s, &other).permits());
        assert!(!decide_on(Right::Unmask, &s, &other).permits());
        assert!(decide_on(Right::Unmask, &s, &document(Visibility::MASKED, true)).permits());
    }

    #[test]
    fn only_the_medecin_traitant_acts_on_a_patients_document() {
        let patients = DocumentFacts {
            by_patient: true,
            ..document(Visibility::NORMAL, false)
        };
        for right in [Right::Archive, Right::Unarchive, Right::Delete] {
            for mode in [Mode::Normal, Mode::BrisDeGlace] {
                let mt = viewer(Role::Physician, true, mode, false);
                assert!(decide_on(right, &mt, &patients).permits());
                let other = viewer(Role::Physician, false, mode, false);
                assert!(!decide_on(right, &other, &patients).permits());
            }
        }
    }

    #[test]
    fn a_masked_document_of_others_has_no_reference_for_those_who_cannot_read() {
        for authentication in [Authentication::Structure, Authentication::Cpe] {
            let mut s = viewer(Role::NonPs, false, Mode::Normal, false);
            s.actor.authentication = authentication;
            assert!(knows(&s, &document(Visibility::NORMAL, false)));
            assert!(!knows(&s, &document(Visibility::MASKED, false)));
            let ours = DocumentFacts {
                of_structure: true,
                ..document(Visibility::MASKED, false)
            };
            assert!(knows(&s, &ours));
        }
        let mut blocked = viewer(Role::Physician, false, Mode::Normal, false);
        blocked.authorisation = Authorisation::Interdit;
        assert!(!knows(&blocked, &document(Visibility::NORMAL, false)));
        assert!(knows(&blocked, &document(Visibility::MASKED, true)));
    }
}
