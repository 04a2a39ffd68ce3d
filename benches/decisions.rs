//! Explained decisions, beside Cedar answering the same questions on the same facts.

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision as CedarDecision, Entities, Entity, EntityId, EntityTypeName,
    EntityUid, PolicySet, Request, RestrictedExpression,
};
use dmpkit::dossier::Authorisation;
use dmpkit::identity::IdentityStatus;
use dmpkit::rules::decide::{Actor, DossierIs, Feeding, Role, column, decide};
use dmpkit::rules::rights::cell;
use dmpkit::rules::{Authentication, Capacity, Cell, Column, Consent, Mode, Right, Situation};
use dmpkit_benches::{Lane, race, rounds};

type Question = (Right, Situation);

fn main() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let questions: Vec<Question> = (0..512).map(|_| question(&mut random)).collect();

    let cedar = Cedar::new();
    // Far more questions than are timed: a peer that answers another question is no peer.
    for _ in 0..50_000 {
        let asked = question(&mut random);
        let ours = decide(asked.0, &asked.1).permits();
        assert_eq!(ours, cedar.permits(&cedar.request(&asked)), "{asked:?}");
    }
    let requests: Vec<Request> = questions.iter().map(|q| cedar.request(q)).collect();
    let mut verdicts = [0; 3];
    for (asked, request) in questions.iter().zip(&requests) {
        let decision = decide(asked.0, &asked.1);
        assert_eq!(decision.permits(), cedar.permits(request), "{asked:?}");
        verdicts[decision.verdict as usize] += 1;
    }
    let [allowed, depends, refused] = verdicts;
    println!(
        "512 questions: {allowed} allowed, {depends} depending on the document, {refused} refused; \
         Cedar agrees on these and on 50000 others\n"
    );

    // As many passes over the questions as make a round long enough to time.
    let (many, some, few) = (2_000, 20, 5);
    race(
        "a decision with its rule, facts and remedies",
        rounds(31),
        &mut [
            Lane::new("dmpkit decide", many * 512, || {
                for _ in 0..many {
                    for (right, situation) in &questions {
                        black_box(decide(*right, black_box(situation)));
                    }
                }
            }),
            Lane::new(
                "cedar-policy 4.14 is_authorized, 10 policies",
                few * 512,
                || {
                    for _ in 0..few {
                        for request in &requests {
                            black_box(cedar.answer(black_box(request)));
                        }
                    }
                },
            ),
        ],
    );
    race(
        "a decision with its explanation written out in French",
        rounds(31),
        &mut [
            Lane::new("dmpkit decide and explain", some * 512, || {
                for _ in 0..some {
                    for (right, situation) in &questions {
                        black_box(decide(*right, black_box(situation)).explain());
                    }
                }
            }),
            Lane::new(
                "cedar-policy 4.14 is_authorized, 10 policies",
                few * 512,
                || {
                    for _ in 0..few {
                        for request in &requests {
                            black_box(cedar.answer(black_box(request)));
                        }
                    }
                },
            ),
        ],
    );
}

// ---- questions

/// xorshift64*: the same questions every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }

    /// The first value, but once in `one_in` any of them.
    fn mostly<T: Copy>(&mut self, one_in: usize, values: &[T]) -> T {
        if self.below(one_in) == 0 {
            self.of(values)
        } else {
            values[0]
        }
    }
}

/// Any right, for any actor, in a dossier like most: open, authorised, with a consent, now and then not.
fn question(random: &mut Random) -> Question {
    use Authentication as A;
    let rights: Vec<Right> = Right::all().collect();
    let situation = Situation {
        actor: Actor {
            authentication: random.of(&[
                A::Cps,
                A::Cps,
                A::Cps,
                A::Cps,
                A::Air,
                A::Air,
                A::Cpf,
                A::Cpe,
                A::Structure,
            ]),
            role: random.of(&[
                Role::Physician,
                Role::Physician,
                Role::Physician,
                Role::OtherPs,
                Role::OtherPs,
                Role::Occupational,
                Role::NonPs,
            ]),
            capacity: random.mostly(
                50,
                &[
                    Capacity::Care,
                    Capacity::Insurer,
                    Capacity::ComplementaryHealth,
                    Capacity::Employer,
                ],
            ),
            medecin_traitant: random.below(3) == 0,
        },
        mode: random.of(&[
            Mode::Normal,
            Mode::Normal,
            Mode::Normal,
            Mode::BrisDeGlace,
            Mode::Centre15,
        ]),
        dossier: random.mostly(
            25,
            &[DossierIs::Active, DossierIs::Closed, DossierIs::Nonexistent],
        ),
        authorisation: random.mostly(
            6,
            &[
                Authorisation::Valide,
                Authorisation::Expire,
                Authorisation::Interdit,
                Authorisation::NonExiste,
            ],
        ),
        consent: random.of(&[
            Consent::CareTeam,
            Consent::CareTeam,
            Consent::CareTeam,
            Consent::CareTeam,
            Consent::Explicit,
            Consent::Explicit,
            Consent::Explicit,
            Consent::HeldByPractice,
            Consent::HeldByPractice,
            Consent::Missing,
            Consent::Expired,
            Consent::Revoked,
            Consent::Used,
            Consent::Opposed,
        ]),
        feeding: random.mostly(
            6,
            &[
                Feeding::Unopposed,
                Feeding::Opposed,
                Feeding::DocumentOpposed,
            ],
        ),
        opposition_bris_de_glace: random.below(12) == 0,
        opposition_centre_15: random.below(12) == 0,
        masked_in_emergency: random.of(&[Some(true), Some(false), None]),
        identity: random.mostly(
            6,
            &[
                IdentityStatus::Qualifiee,
                IdentityStatus::Validee,
                IdentityStatus::Recuperee,
                IdentityStatus::Provisoire,
            ],
        ),
        traits_diverge: random.below(12) == 0,
        reason_given: random.below(12) != 0,
        over: random.below(50) == 0,
    };
    (random.of(&rights), situation)
}

// ---- the peer

/// Cedar with the policies and the matrices loaded once, as an application would keep them.
struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
}

fn uid(kind: &str, id: &str) -> EntityUid {
    let kind = EntityTypeName::from_str(kind).expect("a type name");
    EntityUid::from_type_name_and_id(kind, EntityId::new(id))
}

fn action(right: Right) -> EntityUid {
    uid("Action", right.code())
}

/// The column as principal; actors that neither matrix knows are one principal that may do nothing.
fn principal(column: Option<Column>) -> EntityUid {
    uid("Column", column.map_or("none", Column::code))
}

/// What each right needs beside its cell, as groups of actions.
fn groups(right: Right) -> Vec<EntityUid> {
    use Right as R;
    let mut groups = Vec::new();
    let outside_dossiers = matches!(
        right,
        R::Authenticate | R::TestExistence | R::ListDossiers | R::FindPatient
    );
    let reads = matches!(
        right,
        R::SearchMetadata
            | R::ReadUnmasked
            | R::ReadMasked
            | R::ReadHiddenFromPatient
            | R::ReadArchived
            | R::ReadObsolete
            | R::ReadDeleted
    );
    let changes = matches!(
        right,
        R::ListProfessionals
            | R::Mask
            | R::Unmask
            | R::ShowToPatient
            | R::Archive
            | R::Unarchive
            | R::WebAccess
            | R::WebAccessAir
    );
    let declares = right == R::DeclareAuthorisation;
    for (within, group) in [
        (!outside_dossiers, "existing"),
        (
            !outside_dossiers && right != R::ReadAdministrative,
            "active",
        ),
        (reads || changes || declares, "notBlocked"),
        (reads || declares, "consent"),
        (reads, "authorisation"),
        (matches!(right, R::Feed | R::FeedWithCpe), "feeds"),
    ] {
        if within {
            groups.push(uid("Action", group));
        }
    }
    groups
}

impl Cedar {
    fn new() -> Cedar {
        let mut all = vec![Entity::new_no_attrs(uid("Dossier", "1"), HashSet::new())];
        for right in Right::all() {
            let parents = groups(right).into_iter().collect();
            all.push(Entity::new_no_attrs(action(right), parents));
        }
        for column in Column::all().map(Some).chain([None]) {
            let rights = |wanted: &dyn Fn(Cell) -> bool| {
                RestrictedExpression::new_set(
                    Right::all()
                        .filter(|right| column.is_some_and(|c| wanted(cell(*right, c))))
                        .map(|right| RestrictedExpression::new_entity_uid(action(right))),
                )
            };
            let may = rights(&|c| !matches!(c, Cell::No | Cell::PatientAllowsOverride));
            let if_allowed = rights(&|c| c == Cell::PatientAllowsOverride);
            let attributes = HashMap::from([
                ("may".to_owned(), may),
                ("mayIfPatientAllows".to_owned(), if_allowed),
            ]);
            let entity = Entity::new(principal(column), attributes, HashSet::new());
            all.push(entity.expect("a column"));
        }
        Cedar {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(include_str!("decisions.cedar")).expect("policies"),
            entities: Entities::from_entities(all, None).expect("entities"),
        }
    }

    fn request(&self, (right, s): &Question) -> Request {
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let flag = RestrictedExpression::new_bool;
        let context = Context::from_pairs([
            ("mode".to_owned(), text(s.mode.code())),
            (
                "role".to_owned(),
                text(match s.actor.role {
                    Role::Physician => "physician",
                    Role::Occupational => "occupational",
                    Role::OtherPs => "other_ps",
                    Role::NonPs => "non_ps",
                }),
            ),
            (
                "capacity".to_owned(),
                text(match s.actor.capacity {
                    Capacity::Care => "care",
                    Capacity::Insurer => "insurer",
                    Capacity::ComplementaryHealth => "complementary_health",
                    Capacity::Employer => "employer",
                }),
            ),
            (
                "dossier".to_owned(),
                text(match s.dossier {
                    DossierIs::Nonexistent => "nonexistent",
                    DossierIs::Active => "active",
                    DossierIs::Closed => "closed",
                }),
            ),
            (
                "authorisation".to_owned(),
                text(match s.authorisation {
                    Authorisation::Valide => "VALIDE",
                    Authorisation::Expire => "EXPIRE",
                    Authorisation::Interdit => "INTERDIT",
                    Authorisation::NonExiste => "NON_EXISTE",
                }),
            ),
            (
                "consent".to_owned(),
                text(match s.consent {
                    Consent::HeldByPractice => "held_by_practice",
                    Consent::CareTeam => "care_team",
                    Consent::Explicit => "explicit",
                    Consent::Missing => "missing",
                    Consent::Expired => "expired",
                    Consent::Revoked => "revoked",
                    Consent::Used => "used",
                    Consent::Opposed => "opposed",
                }),
            ),
            (
                "feeding".to_owned(),
                text(match s.feeding {
                    Feeding::Unopposed => "unopposed",
                    Feeding::Opposed => "opposed",
                    Feeding::DocumentOpposed => "document_opposed",
                }),
            ),
            (
                "identity".to_owned(),
                text(match s.identity {
                    IdentityStatus::Qualifiee => "qualifiee",
                    _ => "other",
                }),
            ),
            (
                "maskedInEmergency".to_owned(),
                text(match s.masked_in_emergency {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "unknown",
                }),
            ),
            (
                "oppositionBrisDeGlace".to_owned(),
                flag(s.opposition_bris_de_glace),
            ),
            (
                "oppositionCentre15".to_owned(),
                flag(s.opposition_centre_15),
            ),
            ("traitsDiverge".to_owned(), flag(s.traits_diverge)),
            ("reasonGiven".to_owned(), flag(s.reason_given)),
            ("over".to_owned(), flag(s.over)),
        ]);
        Request::new(
            principal(column(&s.actor, s.mode)),
            action(*right),
            uid("Dossier", "1"),
            context.expect("a context"),
            None,
        )
        .expect("a request")
    }

    fn answer(&self, request: &Request) -> cedar_policy::Response {
        self.authorizer
            .is_authorized(request, &self.policies, &self.entities)
    }

    fn permits(&self, request: &Request) -> bool {
        let response = self.answer(request);
        let errors: Vec<_> = response.diagnostics().errors().collect();
        assert!(errors.is_empty(), "{errors:?}");
        response.decision() == CedarDecision::Allow
    }
}
