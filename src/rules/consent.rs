//! What the consents and oppositions that a practice recorded mean for one person at one instant.
//!
//! The practice, not the DMP, keeps these facts (PDSm for DMP, TD0.2). Sources: CSP R.1111-46 (équipe de
//! soins: presumed once the patient is informed; outside: explicit, at each consultation; a professional
//! with access may collect for a colleague), R.1111-47 (after access was authorised, opposing feeding
//! takes a legitimate reason), L.1111-19 (modifiable at any time).

use serde::{Deserialize, Serialize};

use super::decide::{Consent, Feeding};
use super::decision::Rule;
use crate::clock::Instant;
use crate::document::Oid;
use crate::identity::PsIdNat;

/// What a patient agreed or objected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// One oral consent (or information) that covers the whole care pathway of the équipe de soins.
    CareTeam,
    /// Explicit consent for one professional, until it expires or is withdrawn.
    Explicit,
    /// Explicit consent for one professional and one consultation.
    SingleConsultation,
    /// Opposition to consultation.
    ConsultationOpposition,
    /// Opposition to feeding: in general, or for one document.
    FeedingOpposition,
}

impl ConsentKind {
    /// Whether it agrees to something, rather than objecting.
    pub const fn agrees(self) -> bool {
        matches!(
            self,
            ConsentKind::CareTeam | ConsentKind::Explicit | ConsentKind::SingleConsultation
        )
    }
}

/// How it was collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// In words.
    Oral,
    /// On paper.
    Written,
    /// By a dematerialised means.
    Electronic,
    /// The patient was informed and did not object.
    Information,
}

/// A recorded consent or opposition, with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentRecord {
    /// Number in the register.
    pub id: i64,
    /// What.
    pub kind: ConsentKind,
    /// For whom, when it names one professional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grantee: Option<PsIdNat>,
    /// The document opposed (its uniqueId), for an opposition to feed one document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<Oid>,
    /// How.
    pub means: Means,
    /// Version of the wording or notice that was given to the patient.
    pub wording: String,
    /// Legitimate reason, or note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who collected it.
    pub collected_by: PsIdNat,
    /// When.
    pub collected_at: Instant,
    /// End of its duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
    /// When it was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Instant>,
    /// Who recorded the withdrawal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_by: Option<PsIdNat>,
    /// When the single consultation it allowed began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Instant>,
}

impl ConsentRecord {
    fn in_force(&self, now: Instant) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The answer for one person, and the record that gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// What the rules retain.
    pub consent: Consent,
    /// The deciding record, if any.
    pub record: Option<i64>,
}

/// What the records mean for a professional, who may belong to the patient's équipe de soins.
///
/// `entered` is the single-consultation consent this very access was opened with, which is used but
/// still holds until the access closes.
pub fn basis(
    records: &[ConsentRecord],
    professional: &PsIdNat,
    in_care_team: bool,
    entered: Option<i64>,
    now: Instant,
) -> Basis {
    let found = |consent, record: &ConsentRecord| Basis {
        consent,
        record: Some(record.id),
    };
    if let Some(opposition) = records
        .iter()
        .find(|r| r.kind == ConsentKind::ConsultationOpposition && r.in_force(now))
    {
        return found(Consent::Opposed, opposition);
    }
    let concerns = |r: &&ConsentRecord| match r.kind {
        ConsentKind::CareTeam => in_care_team,
        ConsentKind::Explicit | ConsentKind::SingleConsultation => {
            r.grantee.as_ref() == Some(professional)
        }
        _ => false,
    };
    let unused = |r: &ConsentRecord| {
        r.kind != ConsentKind::SingleConsultation || r.used_at.is_none() || entered == Some(r.id)
    };
    let mut held: Option<&ConsentRecord> = None;
    for record in records.iter().filter(concerns) {
        if record.in_force(now) && unused(record) {
            // Standing explicit consent first, so that a single one is not spent for nothing.
            let rank = |r: &ConsentRecord| match r.kind {
                ConsentKind::Explicit => 2,
                ConsentKind::CareTeam => 1,
                _ => 0,
            };
            if held.is_none_or(|best| rank(record) > rank(best)) {
                held = Some(record);
            }
        }
    }
    if let Some(record) = held {
        let consent = match record.kind {
            ConsentKind::CareTeam => Consent::CareTeam,
            _ => Consent::Explicit,
        };
        return found(consent, record);
    }
    // Nothing holds: the latest record says why.
    match records.iter().filter(concerns).max_by_key(|r| r.id) {
        None => Basis {
            consent: Consent::Missing,
            record: None,
        },
        Some(last) if last.revoked_at.is_some() => found(Consent::Revoked, last),
        Some(last) if !unused(last) => found(Consent::Used, last),
        Some(last) => found(Consent::Expired, last),
    }
}

/// Whether the patient objects to feeding this document (`None`: to feeding as such).
pub fn feeding(records: &[ConsentRecord], document: Option<&Oid>, now: Instant) -> Feeding {
    let mut answer = Feeding::Unopposed;
    for record in records
        .iter()
        .filter(|r| r.kind == ConsentKind::FeedingOpposition && r.in_force(now))
    {
        match &record.document {
            None => return Feeding::Opposed,
            Some(opposed) if Some(opposed) == document => answer = Feeding::DocumentOpposed,
            Some(_) => {}
        }
    }
    answer
}

/// What a person asks to record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewConsent {
    /// What.
    pub kind: ConsentKind,
    /// For whom; the collecting professional when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantee: Option<PsIdNat>,
    /// For an opposition to one document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Oid>,
    /// How.
    pub means: Means,
    /// Version of the wording given to the patient.
    pub wording: String,
    /// Legitimate reason, or note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// End of its duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Instant>,
}

/// Opposing feeding after access was authorised takes a legitimate reason.
pub static LEGITIMATE_REASON: Rule = Rule {
    id: "R1111-47-MOTIF",
    source: "CSP R.1111-47",
    sentence: "Le patient a déjà autorisé l'accès à son DMP : son opposition à l'alimentation demande un motif légitime.",
};

/// Only a professional who has access may collect consent for a colleague.
pub static COLLEAGUE: Rule = Rule {
    id: "R1111-46-CONFRERE",
    source: "CSP R.1111-46 al. 4",
    sentence: "Seul un professionnel qui a lui-même accès au DMP du patient peut recueillir le consentement pour un confrère.",
};

/// Why a record cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordFault {
    /// A rule refuses it.
    Rule(&'static Rule),
    /// The request contradicts itself; the text names the field.
    Field(&'static str),
}

/// Whether `collector` may record this, given what is already recorded.
///
/// `collector_basis` is the collector's own consent basis for the patient.
pub fn may_record(
    new: &NewConsent,
    collector: &PsIdNat,
    collector_basis: Consent,
    records: &[ConsentRecord],
    now: Instant,
) -> Result<(), RecordFault> {
    if new.wording.trim().is_empty() {
        return Err(RecordFault::Field(
            "wording is required: which notice or wording the patient was given",
        ));
    }
    if new.expires_at.is_some_and(|end| end <= now) {
        return Err(RecordFault::Field("expiresAt must be in the future"));
    }
    let names_one = matches!(
        new.kind,
        ConsentKind::Explicit | ConsentKind::SingleConsultation
    );
    if new.grantee.is_some() && !names_one {
        return Err(RecordFault::Field(
            "grantee only goes with explicit or single_consultation",
        ));
    }
    if new.document.is_some() && new.kind != ConsentKind::FeedingOpposition {
        return Err(RecordFault::Field(
            "document only goes with feeding_opposition",
        ));
    }
    if new.means == Means::Information && new.kind != ConsentKind::CareTeam {
        return Err(RecordFault::Field(
            "means information only goes with care_team: elsewhere consent is expressed",
        ));
    }
    if new.grantee.as_ref().is_some_and(|g| g != collector)
        && !matches!(collector_basis, Consent::CareTeam | Consent::Explicit)
    {
        return Err(RecordFault::Rule(&COLLEAGUE));
    }
    if new.kind == ConsentKind::FeedingOpposition {
        let access_authorised = records.iter().any(|r| r.kind.agrees() && r.in_force(now));
        let reason_given = new.reason.as_ref().is_some_and(|r| !r.trim().is_empty());
        if access_authorised && !reason_given {
            return Err(RecordFault::Rule(&LEGITIMATE_REASON));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ps(n: u64) -> PsIdNat {
        PsIdNat::new(&format!("8{n:011}")).unwrap()
    }

    fn at(day: i64) -> Instant {
        Instant::parse("2026-01-01T08:00:00Z")
            .unwrap()
            .plus_days(day)
    }

    fn record(id: i64, kind: ConsentKind, grantee: Option<u64>) -> ConsentRecord {
        ConsentRecord {
            id,
            kind,
            grantee: grantee.map(ps),
            document: None,
            means: Means::Oral,
            wording: "notice 2026-1".into(),
            reason: None,
            collected_by: ps(1),
            collected_at: at(0),
            expires_at: None,
            revoked_at: None,
            revoked_by: None,
            used_at: None,
        }
    }

    fn for_one(records: &[ConsentRecord], who: u64, team: bool) -> Consent {
        basis(records, &ps(who), team, None, at(10)).consent
    }

    #[test]
    fn one_oral_consent_covers_the_whole_team_and_nobody_else() {
        let records = [record(1, ConsentKind::CareTeam, None)];
        for colleague in 1..5 {
            assert_eq!(for_one(&records, colleague, true), Consent::CareTeam);
            assert_eq!(for_one(&records, colleague, false), Consent::Missing);
        }
    }

    #[test]
    fn explicit_consent_names_one_professional() {
        let records = [record(1, ConsentKind::Explicit, Some(2))];
        assert_eq!(for_one(&records, 2, false), Consent::Explicit);
        assert_eq!(for_one(&records, 3, false), Consent::Missing);
    }

    #[test]
    fn a_single_consultation_is_spent_once_and_holds_while_it_lasts() {
        let mut used = record(1, ConsentKind::SingleConsultation, Some(2));
        assert_eq!(
            for_one(std::slice::from_ref(&used), 2, false),
            Consent::Explicit
        );
        used.used_at = Some(at(1));
        assert_eq!(
            for_one(std::slice::from_ref(&used), 2, false),
            Consent::Used
        );
        assert_eq!(
            basis(&[used], &ps(2), false, Some(1), at(10)).consent,
            Consent::Explicit
        );
    }

    #[test]
    fn expiry_and_revocation_end_it_and_opposition_wins_until_withdrawn() {
        let mut expired = record(1, ConsentKind::CareTeam, None);
        expired.expires_at = Some(at(5));
        assert_eq!(for_one(&[expired.clone()], 1, true), Consent::Expired);
        let mut revoked = record(2, ConsentKind::CareTeam, None);
        revoked.revoked_at = Some(at(6));
        assert_eq!(for_one(&[expired, revoked], 1, true), Consent::Revoked);

        let mut opposition = record(2, ConsentKind::ConsultationOpposition, None);
        let consent = record(3, ConsentKind::CareTeam, None);
        assert_eq!(
            for_one(&[opposition.clone(), consent.clone()], 1, true),
            Consent::Opposed
        );
        opposition.revoked_at = Some(at(7));
        assert_eq!(for_one(&[opposition, consent], 1, true), Consent::CareTeam);
    }

    #[test]
    fn feeding_is_opposed_in_general_or_for_one_document() {
        let oid = Oid::new("1.2.3").unwrap();
        let other = Oid::new("1.2.4").unwrap();
        let mut one = record(1, ConsentKind::FeedingOpposition, None);
        one.document = Some(oid.clone());
        let records = [one.clone()];
        assert_eq!(
            feeding(&records, Some(&oid), at(1)),
            Feeding::DocumentOpposed
        );
        assert_eq!(feeding(&records, Some(&other), at(1)), Feeding::Unopposed);
        assert_eq!(feeding(&records, None, at(1)), Feeding::Unopposed);
        one.document = None;
        assert_eq!(feeding(&[one], Some(&other), at(1)), Feeding::Opposed);
    }

    #[test]
    fn what_may_be_recorded() {
        let new = |kind| NewConsent {
            kind,
            grantee: None,
            document: None,
            means: Means::Oral,
            wording: "notice 2026-1".into(),
            reason: None,
            expires_at: None,
        };
        let check = |n: &NewConsent, basis, records: &[ConsentRecord]| {
            may_record(n, &ps(1), basis, records, at(10))
        };
        let team = [record(1, ConsentKind::CareTeam, None)];
        // For a colleague: only by someone who has access himself.
        let colleague = NewConsent {
            grantee: Some(ps(2)),
            ..new(ConsentKind::Explicit)
        };
        assert_eq!(check(&colleague, Consent::CareTeam, &team), Ok(()));
        assert_eq!(
            check(&colleague, Consent::Missing, &[]),
            Err(RecordFault::Rule(&COLLEAGUE))
        );
        // Opposition to feeding: free before any access, with a legitimate reason after.
        let opposition = new(ConsentKind::FeedingOpposition);
        assert_eq!(check(&opposition, Consent::Missing, &[]), Ok(()));
        assert_eq!(
            check(&opposition, Consent::CareTeam, &team),
            Err(RecordFault::Rule(&LEGITIMATE_REASON))
        );
        let reasoned = NewConsent {
            reason: Some("contentieux familial".into()),
            ..opposition
        };
        assert_eq!(check(&reasoned, Consent::CareTeam, &team), Ok(()));
        // Requests that contradict themselves.
        for bad in [
            NewConsent {
                wording: " ".into(),
                ..new(ConsentKind::CareTeam)
            },
            NewConsent {
                expires_at: Some(at(10)),
                ..new(ConsentKind::CareTeam)
            },
            NewConsent {
                grantee: Some(ps(2)),
                ..new(ConsentKind::CareTeam)
            },
            NewConsent {
                document: Some(Oid::new("1.2").unwrap()),
                ..new(ConsentKind::CareTeam)
            },
            NewConsent {
                means: Means::Information,
                ..new(ConsentKind::Explicit)
            },
        ] {
            assert!(matches!(
                check(&bad, Consent::CareTeam, &[]),
                Err(RecordFault::Field(_))
            ));
        }
    }
}
