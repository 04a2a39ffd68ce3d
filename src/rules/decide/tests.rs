//! Every column, every obstacle.

use super::*;
use crate::rules::rights::names;

/// An actor of a column, and the mode of it.
pub(crate) fn actor_of(column: Column) -> (Actor, Mode) {
    let code = column.code();
    let mode = if code.ends_with(".CR") {
        Mode::Centre15
    } else if code.ends_with(".BG") {
        Mode::BrisDeGlace
    } else {
        Mode::Normal
    };
    let authentication = match &code[..3] {
        "DIR" => Authentication::Cps,
        "CPE" => Authentication::Cpe,
        "IND" => Authentication::Structure,
        _ => Authentication::Air,
    };
    let role = match code.split('.').nth(1).unwrap() {
        "PS" => Role::OtherPs,
        "MED" | "MT" => Role::Physician,
        "TRAV" => Role::Occupational,
        _ => Role::NonPs,
    };
    let actor = Actor {
        authentication,
        role,
        capacity: Capacity::Care,
        medecin_traitant: code.contains(".MT."),
    };
    (actor, mode)
}

fn favourable(column: Column) -> Situation {
    let (actor, mode) = actor_of(column);
    Situation {
        actor,
        mode,
        dossier: DossierIs::Active,
        authorisation: Authorisation::Valide,
        consent: Consent::Explicit,
        feeding: Feeding::Unopposed,
        opposition_bris_de_glace: false,
        opposition_centre_15: false,
        masked_in_emergency: Some(true),
        identity: IdentityStatus::Qualifiee,
        traits_diverge: false,
        reason_given: true,
        over: false,
    }
}

#[test]
fn every_column_is_reached_by_its_own_actor() {
    for c in Column::all() {
        let (actor, mode) = actor_of(c);
        assert_eq!(column(&actor, mode), Some(c));
    }
}

#[test]
fn with_nothing_against_it_a_decision_is_its_cell() {
    for column in Column::all() {
        for right in Right::all() {
            let decision = decide(right, &favourable(column));
            let expected = match cell(right, column) {
                Cell::No => Verdict::Refused,
                Cell::OwnDocuments
                | Cell::OwnDocumentsOrPatients
                | Cell::StructureDocumentsOrPatients
                | Cell::YesButPatients => Verdict::Depends,
                _ => Verdict::Allowed,
            };
            assert_eq!(
                decision.verdict,
                expected,
                "{} {}",
                right.code(),
                column.code()
            );
            assert!(decision.rule_id().ends_with(column.code()));
            assert!(names(right, column) || expected == Verdict::Refused);
        }
    }
}

#[test]
fn masked_documents_in_emergency_follow_the_patient() {
    for column in
        Column::all().filter(|c| cell(Right::ReadMasked, *c) == Cell::PatientAllowsOverride)
    {
        for (setting, verdict) in [
            (Some(true), Verdict::Allowed),
            (Some(false), Verdict::Refused),
            (None, Verdict::Depends),
        ] {
            let s = Situation {
                masked_in_emergency: setting,
                ..favourable(column)
            };
            assert_eq!(decide(Right::ReadMasked, &s).verdict, verdict);
        }
    }
}

/// One change to a favourable situation, the right it stops, and the rule that says so.
#[test]
fn each_obstacle_is_named() {
    let base = favourable(Column::DirMedN);
    let cases: Vec<(Situation, Right, &str)> = vec![
        (
            Situation {
                actor: Actor {
                    capacity: Capacity::Insurer,
                    ..base.actor
                },
                ..base
            },
            Right::TestExistence,
            "L1111-18",
        ),
        (
            Situation { over: true, ..base },
            Right::SearchMetadata,
            "ACCESS-OVER",
        ),
        (
            Situation {
                dossier: DossierIs::Nonexistent,
                ..base
            },
            Right::Feed,
            "TD0.2-NF",
        ),
        (
            Situation {
                dossier: DossierIs::Closed,
                ..base
            },
            Right::Feed,
            "TD0.2-TERMINATED",
        ),
        (
            Situation {
                authorisation: Authorisation::Interdit,
                ..base
            },
            Right::ReadUnmasked,
            "TD0.2-INTERDIT",
        ),
        (
            Situation {
                authorisation: Authorisation::Interdit,
                ..base
            },
            Right::Mask,
            "TD0.2-INTERDIT",
        ),
        (
            Situation {
                authorisation: Authorisation::NonExiste,
                ..base
            },
            Right::SearchMetadata,
            "TD0.3-NON_EXISTE",
        ),
        (
            Situation {
                authorisation: Authorisation::Expire,
                ..base
            },
            Right::SearchMetadata,
            "TD0.3-EXPIRE",
        ),
        (
            Situation {
                consent: Consent::Missing,
                ..base
            },
            Right::SearchMetadata,
            "R1111-46",
        ),
        (
            Situation {
                consent: Consent::Used,
                ..base
            },
            Right::SearchMetadata,
            "R1111-46-USED",
        ),
        (
            Situation {
                consent: Consent::Revoked,
                ..base
            },
            Right::SearchMetadata,
            "R1111-46-REVOKED",
        ),
        (
            Situation {
                consent: Consent::Expired,
                ..base
            },
            Right::DeclareAuthorisation,
            "R1111-46-EXPIRED",
        ),
        (
            Situation {
                consent: Consent::Opposed,
                ..base
            },
            Right::ReadUnmasked,
            "R1111-46-OPPOSITION",
        ),
        (
            Situation {
                feeding: Feeding::Opposed,
                ..base
            },
            Right::Feed,
            "R1111-47",
        ),
        (
            Situation {
                feeding: Feeding::DocumentOpposed,
                ..base
            },
            Right::Feed,
            "R1111-47-DOCUMENT",
        ),
        (
            Situation {
                identity: IdentityStatus::Validee,
                ..base
            },
            Right::Feed,
            "INS-QUALIFIEE",
        ),
        (
            Situation {
                traits_diverge: true,
                ..base
            },
            Right::Feed,
            "SC.DMP/CONF.01",
        ),
        (
            Situation {
                mode: Mode::BrisDeGlace,
                reason_given: false,
                ..base
            },
            Right::ReadUnmasked,
            "L1111-17-I-REASON",
        ),
        (
            Situation {
                mode: Mode::BrisDeGlace,
                opposition_bris_de_glace: true,
                ..base
            },
            Right::ReadUnmasked,
            "L1111-17-I",
        ),
        (
            Situation {
                mode: Mode::Centre15,
                opposition_centre_15: true,
                ..base
            },
            Right::ReadUnmasked,
            "L1111-17-I",
        ),
        (
            Situation {
                consent: Consent::CareTeam,
                ..favourable(Column::DirTrav)
            },
            Right::SearchMetadata,
            "L1111-17-IV",
        ),
        (
            Situation {
                consent: Consent::CareTeam,
                ..favourable(Column::DirTrav)
            },
            Right::Feed,
            "L1111-17-IV",
        ),
    ];
    for (situation, right, rule) in cases {
        let decision = decide(right, &situation);
        assert_eq!(decision.verdict, Verdict::Refused, "{rule}");
        assert_eq!(decision.rule_id(), rule);
        let explanation = decision.explain();
        assert!(!explanation.sentence.is_empty() && !explanation.facts.is_empty());
    }
}

#[test]
fn feeding_asks_neither_authorisation_nor_consent_and_a_blocked_professional_still_deposits() {
    for authorisation in [
        Authorisation::NonExiste,
        Authorisation::Expire,
        Authorisation::Interdit,
    ] {
        let s = Situation {
            authorisation,
            consent: Consent::Missing,
            ..favourable(Column::DirPsN)
        };
        assert_eq!(decide(Right::Feed, &s).verdict, Verdict::Allowed);
        assert!(decide(Right::Delete, &s).permits());
    }
}

#[test]
fn an_emergency_needs_no_consent_and_no_authorisation_but_a_block_holds() {
    for column in [Column::DirMedBg, Column::DirPsCr, Column::AirMedBg] {
        let s = Situation {
            authorisation: Authorisation::NonExiste,
            consent: Consent::Missing,
            ..favourable(column)
        };
        assert_eq!(decide(Right::ReadUnmasked, &s).verdict, Verdict::Allowed);
        let blocked = Situation {
            authorisation: Authorisation::Interdit,
            ..s
        };
        assert_eq!(
            decide(Right::ReadUnmasked, &blocked).verdict,
            Verdict::Refused
        );
    }
}

#[test]
fn refusals_speak_french_with_elision() {
    let decision = decide(Right::Feed, &favourable(Column::AirMedN));
    let explanation = decision.explain();
    assert_eq!(
        explanation.sentence,
        "Le DMP ne permet pas à un médecin qui n'est pas médecin traitant DMP (AIR) d'alimenter le DMP."
    );
    assert_eq!(explanation.remedies[0].code, "feed_with_structure");
}
