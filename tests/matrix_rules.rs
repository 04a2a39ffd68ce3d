//! Both functional rights matrices, every cell, against the pure rules.

#[path = "common/matrices.rs"]
mod matrices;

use dmpkit::document::{Status, Visibility};
use dmpkit::dossier::Authorisation;
use dmpkit::identity::IdentityStatus;
use dmpkit::rules::decide::{DossierIs, Feeding, Role, column};
use dmpkit::rules::visibility::{DocumentFacts, decide_on, knows, sees};
use dmpkit::rules::{
    Actor, Authentication, Capacity, Column, Consent, Mode, Right, Situation, Verdict, decide,
};
use matrices::{AIR, Cell, DIRECT, Owner, cells, permits};

fn mode(column: &str) -> Mode {
    match column.rsplit('.').next().unwrap() {
        "CR" => Mode::Centre15,
        "BG" => Mode::BrisDeGlace,
        _ => Mode::Normal,
    }
}

/// Everything in favour of an actor of a column.
fn favourable(column: &str, masked_in_emergency: bool) -> Situation {
    let mut parts = column.split('.');
    let authentication = match parts.next().unwrap() {
        "DIR" => Authentication::Cps,
        "CPE" => Authentication::Cpe,
        "IND" => Authentication::Structure,
        _ => Authentication::Air,
    };
    let person = parts.next().unwrap();
    let role = match person {
        "PS" => Role::OtherPs,
        "MED" | "MT" => Role::Physician,
        "TRAV" => Role::Occupational,
        _ => Role::NonPs,
    };
    Situation {
        actor: Actor {
            authentication,
            role,
            capacity: Capacity::Care,
            medecin_traitant: person == "MT",
        },
        mode: mode(column),
        dossier: DossierIs::Active,
        authorisation: Authorisation::Valide,
        consent: Consent::HeldByPractice,
        feeding: Feeding::Unopposed,
        opposition_bris_de_glace: false,
        opposition_centre_15: false,
        masked_in_emergency: Some(masked_in_emergency),
        identity: IdentityStatus::Qualifiee,
        traits_diverge: false,
        reason_given: true,
        over: false,
    }
}

fn facts(owner: Owner, right: &str) -> DocumentFacts {
    let visibility = match right {
        "TD3.2.masked" | "TD3.3a.unmask" => Visibility::MASKED,
        "TD3.2.hidden_from_patient" | "TD3.3b.show_patient" => Visibility::INVISIBLE_PATIENT,
        _ => Visibility::NORMAL,
    };
    let status = match right {
        "TD3.2.archived" | "TD3.3d.unarchive" => Status::Archived,
        "TD3.2.obsolete" => Status::Deprecated,
        "TD3.2.deleted" => Status::Deleted,
        _ => Status::Approved,
    };
    DocumentFacts {
        visibility,
        status,
        own: owner == Owner::Actor,
        of_structure: matches!(owner, Owner::Structure | Owner::Secretary),
        by_patient: owner == Owner::Patient,
        profession_may_read: true,
    }
}

fn every_cell() -> Vec<Cell> {
    let mut all = cells(DIRECT);
    all.extend(cells(AIR));
    all
}

const OWNERS: [Owner; 5] = [
    Owner::Actor,
    Owner::Other,
    Owner::Structure,
    Owner::Secretary,
    Owner::Patient,
];

#[test]
fn the_tables_are_whole() {
    assert_eq!(cells(DIRECT).len(), 26 * 12);
    assert_eq!(cells(AIR).len(), 25 * 9);
    for (right, name, _) in every_cell() {
        assert!(Right::from_code(right).is_some(), "{right}");
        let s = favourable(name, true);
        assert_eq!(column(&s.actor, s.mode), Column::from_code(name), "{name}");
    }
}

#[test]
fn every_cell_decides_as_published() {
    for (right, column, word) in every_cell() {
        for masked_in_emergency in [true, false] {
            let s = favourable(column, masked_in_emergency);
            let decision = decide(Right::from_code(right).unwrap(), &s);
            let expected = match word {
                "no" => Verdict::Refused,
                "mask?" if !masked_in_emergency => Verdict::Refused,
                "own" | "own*" | "str*" | "yes*" => Verdict::Depends,
                _ => Verdict::Allowed,
            };
            assert_eq!(decision.verdict, expected, "{right} {column} {word}");
            // The reason given is the cell itself.
            assert_eq!(decision.rule_id(), format!("{right}/{column}"));
        }
    }
}

#[test]
fn every_cell_on_both_sides_of_its_condition() {
    for (right, column, word) in every_cell() {
        for masked_in_emergency in [true, false] {
            for owner in OWNERS {
                let s = favourable(column, masked_in_emergency);
                let right_ = Right::from_code(right).unwrap();
                let facts = facts(owner, right);
                let mt = s.actor.medecin_traitant;
                // A patient's document is the patient's, whoever else the facts would name.
                let expected = permits(word, owner, masked_in_emergency, mt);
                assert_eq!(
                    decide_on(right_, &s, &facts).permits(),
                    expected,
                    "{right} {column} {word} {owner:?} masked_in_emergency={masked_in_emergency}"
                );
            }
        }
    }
}

/// A médecin traitant who regulates stands in the column of physicians, yet remains the one whom the
/// asterisk lets act on the patient's documents.
#[test]
fn a_medecin_traitant_in_a_regulation_centre_keeps_the_asterisk() {
    for column in ["DIR.MED.CR", "AIR.MED.CR"] {
        for right in [Right::Archive, Right::Unarchive, Right::Delete] {
            let mut s = favourable(column, false);
            let patients = facts(Owner::Patient, "");
            assert!(!decide_on(right, &s, &patients).permits());
            s.actor.medecin_traitant = true;
            assert!(decide_on(right, &s, &patients).permits());
        }
    }
}

#[test]
fn a_right_that_a_matrix_does_not_name_is_refused_there() {
    for (right, columns) in [
        (Right::WebAccessAir, DIRECT),
        (Right::WebAccess, AIR),
        (Right::StopMedecinTraitant, AIR),
    ] {
        for (_, column, _) in cells(columns).iter().filter(|(r, _, _)| *r == "TD0.1") {
            assert!(!decide(right, &favourable(column, true)).permits());
        }
    }
}

/// Neither matrix has a column for them: nothing is granted by analogy.
#[test]
fn an_actor_without_a_column_has_no_right_and_sees_nothing() {
    for (like, mode) in [
        ("CPE.NONPS.N", Mode::Centre15),
        ("CPE.NONPS.N", Mode::BrisDeGlace),
        ("IND.ALL.N", Mode::BrisDeGlace),
        ("DIR.TRAV.-", Mode::Centre15),
        ("DIR.TRAV.-", Mode::BrisDeGlace),
        ("AIR.PE.N", Mode::Centre15),
        ("AIR.PE.N", Mode::BrisDeGlace),
    ] {
        let mut s = favourable(like, true);
        s.mode = mode;
        for right in Right::all() {
            assert!(!decide(right, &s).permits(), "{} {like}", right.code());
        }
        for owner in OWNERS {
            assert!(!sees(&s, &facts(owner, "")), "{like} {owner:?}");
            assert!(!knows(&s, &facts(owner, "")), "{like} {owner:?}");
        }
    }
    let mut air = favourable("DIR.TRAV.-", true);
    air.actor.authentication = Authentication::Air;
    assert!(Right::all().all(|right| !decide(right, &air).permits()));
}
