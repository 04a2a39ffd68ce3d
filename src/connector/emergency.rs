//! Bris de glace: a reason, a time box, a banner for the host, an end by itself, a review.

use serde::{Deserialize, Serialize};

use super::access::Access;
use super::session::{Note, Session};
use super::{Connector, State};
use crate::clock::Instant;
use crate::error::{Error, Result};
use crate::rules::Mode;
use crate::store::journal::Outcome;
pub use crate::store::register::{Consulted, Emergency};

/// What the host displays throughout a bris de glace (EX_0.2-1050, EX_0.3-1050).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Banner {
    /// Number of the emergency in the register, for its review.
    pub id: i64,
    /// The reason written.
    pub reason: String,
    /// When it began.
    pub opened_at: Instant,
    /// When it ends by itself.
    pub closes_at: Instant,
    /// Seconds left; 0 once over.
    pub remaining_seconds: i64,
    /// What to display, in French.
    pub text: String,
}

impl Banner {
    pub(crate) fn new(
        id: i64,
        reason: &Option<String>,
        opened_at: Instant,
        closes_at: Instant,
    ) -> Banner {
        Banner {
            id,
            reason: reason.clone().unwrap_or_default(),
            opened_at,
            closes_at,
            remaining_seconds: 0,
            text: String::new(),
        }
        .at(opened_at)
    }

    /// The banner as it stands at an instant.
    pub(crate) fn at(&self, now: Instant) -> Banner {
        let left = (self.closes_at.millis() - now.millis()).max(0);
        let remaining_seconds = left.div_euclid(1000) + i64::from(left % 1000 != 0);
        let text = if left == 0 {
            "Accès en bris de glace terminé.".to_owned()
        } else {
            let minutes = remaining_seconds.div_euclid(60) + i64::from(remaining_seconds % 60 != 0);
            format!(
                "ACCÈS EN BRIS DE GLACE : tracé, notifié au patient et à son médecin traitant. Fin dans {minutes} min."
            )
        };
        Banner {
            remaining_seconds,
            text,
            ..self.clone()
        }
    }
}

impl Access {
    /// Closes the access. A bris de glace is closed in the register; its review remains to be done.
    /// Closing twice is an error of the caller.
    pub fn close(&self) -> Result<()> {
        let mut held = self.inner().hold()?;
        let state = held.state()?;
        self.check_open(state, "access.close")?;
        let now = self.inner().now();
        self.end(state, now, "closed")
    }

    /// Ends a bris de glace whose time has passed.
    pub(crate) fn end_if_due(&self, state: &mut State) -> Result<()> {
        let now = self.inner().now();
        let due = {
            let data = self.data();
            data.emergency
                .as_ref()
                .filter(|b| !data.over && now >= b.closes_at)
                .map(|b| b.closes_at)
        };
        match due {
            Some(at) => self.end(state, at, "time"),
            None => Ok(()),
        }
    }

    fn end(&self, state: &mut State, at: Instant, cause: &str) -> Result<()> {
        let emergency = self.data().emergency.as_ref().map(|b| b.id);
        let now = self.inner().now();
        state.register.durable(|tx| {
            if let Some(id) = emergency {
                tx.close_emergency(id, at)?;
            }
            let cause = self.said_offline(cause);
            let note = Note {
                detail: Some(&cause),
                ..self.note(None)
            };
            self.session
                .note(tx, now, "access.close", Outcome::Done, note)
        })?;
        self.data().over = true;
        Ok(())
    }

    /// The banner to display now; `None` outside a bris de glace.
    pub fn banner(&self) -> Option<Banner> {
        let now = self.inner().now();
        self.data().emergency.as_ref().map(|b| b.at(now))
    }
}

/// What a review concluded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// Number of the emergency.
    pub id: i64,
    /// What was concluded.
    pub note: String,
}

/// A bris de glace with what an overseer needs to review it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EmergencyCase {
    /// Who, on whom, why, when; its review.
    #[serde(flatten)]
    pub emergency: Emergency,
    /// Whether it is still open.
    pub open: bool,
    /// By when it is to be reviewed (`emergency_review_days` of the parameters after its end).
    pub review_due_at: Instant,
    /// Whether that time has passed without a review.
    pub overdue: bool,
    /// What was consulted; absent once its entries of the journal were removed after their time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consulted: Option<Consulted>,
}

impl EmergencyCase {
    fn new(
        emergency: Emergency,
        consulted: Option<Consulted>,
        now: Instant,
        review_days: i64,
    ) -> EmergencyCase {
        let end = emergency.closed_at.unwrap_or(emergency.closes_at);
        let review_due_at = end.plus_days(review_days);
        EmergencyCase {
            open: emergency.closed_at.is_none() && now < emergency.closes_at,
            overdue: emergency.reviewed_at.is_none() && now > review_due_at,
            review_due_at,
            consulted,
            emergency,
        }
    }
}

impl Connector {
    /// The bris de glace of the practice, oldest first; only those nobody reviewed, if asked.
    pub fn emergencies(&self, unreviewed: bool) -> Result<Vec<EmergencyCase>> {
        let now = self.inner.now();
        let days = self.inner.config.parameters.emergency_review_days;
        self.inner.hold()?.state()?.register.read(|tx| {
            let found = tx.emergencies(unreviewed)?;
            found
                .into_iter()
                .map(|emergency| {
                    let consulted = tx.consulted(&emergency)?;
                    Ok(EmergencyCase::new(emergency, consulted, now, days))
                })
                .collect()
        })
    }
}

impl Session {
    /// Signs the review of a bris de glace.
    pub fn review_emergency(&self, review: &Review) -> Result<()> {
        if review.note.trim().is_empty() {
            return Err(Error::caller(
                "note",
                "is required: what the review concluded",
            ));
        }
        let now = self.inner.now();
        let result = self.inner.hold()?.state()?.register.durable(|tx| {
            if !tx.review_emergency(review.id, self.requester.id(), &review.note, now)? {
                return Err(Error::caller(
                    "id",
                    "there is no such emergency left to review",
                ));
            }
            let detail = review.id.to_string();
            let note = Note {
                mode: Some(Mode::BrisDeGlace),
                detail: Some(&detail),
                ..Note::default()
            };
            self.note(tx, now, "emergency.review", Outcome::Done, note)
        });
        self.inner.logged("emergency.review", result)
    }
}
