//! What a DMP can do wrong, on demand: so that a connector's behaviour before a failing DMP can be tried.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A SOAP fault, and nothing was done.
    FaultBeforeCommit,
    /// A SOAP fault, although the transaction was done.
    FaultAfterCommit,
    /// A SOAP fault whose code no one knows, and nothing was done.
    UnknownFault,
    /// The connection is cut before the answer; nothing was done.
    CutBeforeCommit,
    /// The connection is cut before the answer, although the transaction was done.
    CutAfterCommit,
    /// The answer is cut in the middle: inside the part of a document when it has one.
    CutInAnswer,
    /// The answer comes in drips: sixteen pieces over `seconds` (10 when absent).
    Slow,
    /// The present is taken `seconds` later (earlier when negative; two hours later when absent), for the Date header and
    /// for the checks of the VIHF.
    SkewedClock,
    /// The answer is announced as `text/html`.
    WrongType,
    /// The answer relates to another message.
    WrongRelatesTo,
    /// XDSTooManyResults (TD3.1 only).
    TooManyResults,
    /// HTTP 503 with a page in HTML, and nothing was done.
    #[serde(rename = "http_503")]
    Http503,
    /// Every connection is dropped, nothing was done, and the simulator comes back after `seconds` (1 when absent).
    Restart,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 13] = [
        Kind::FaultBeforeCommit,
        Kind::FaultAfterCommit,
        Kind::UnknownFault,
        Kind::CutBeforeCommit,
        Kind::CutAfterCommit,
        Kind::CutInAnswer,
        Kind::Slow,
        Kind::SkewedClock,
        Kind::WrongType,
        Kind::WrongRelatesTo,
        Kind::TooManyResults,
        Kind::Http503,
        Kind::Restart,
    ];

    /// Its name in JSON and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::FaultBeforeCommit => "fault_before_commit",
            Kind::FaultAfterCommit => "fault_after_commit",
            Kind::UnknownFault => "unknown_fault",
            Kind::CutBeforeCommit => "cut_before_commit",
            Kind::CutAfterCommit => "cut_after_commit",
            Kind::CutInAnswer => "cut_in_answer",
            Kind::Slow => "slow",
            Kind::SkewedClock => "skewed_clock",
            Kind::WrongType => "wrong_type",
            Kind::WrongRelatesTo => "wrong_relates_to",
            Kind::TooManyResults => "too_many_results",
            Kind::Http503 => "http_503",
            Kind::Restart => "restart",
        }
    }

    /// What it does, in French, for the tool's help.
    pub const fn french(self) -> &'static str {
        match self {
            Kind::FaultBeforeCommit => "erreur SOAP, rien n'est fait",
            Kind::FaultAfterCommit => "erreur SOAP, alors que tout est fait",
            Kind::UnknownFault => "erreur SOAP d'un code inconnu, rien n'est fait",
            Kind::CutBeforeCommit => "connexion coupée, rien n'est fait",
            Kind::CutAfterCommit => "connexion coupée, alors que tout est fait",
            Kind::CutInAnswer => "réponse coupée en son milieu",
            Kind::Slow => "réponse au compte-gouttes (secondes)",
            Kind::SkewedClock => "horloge décalée (secondes)",
            Kind::WrongType => "réponse annoncée en text/html",
            Kind::WrongRelatesTo => "réponse à un autre message",
            Kind::TooManyResults => "XDSTooManyResults (TD3.1)",
            Kind::Http503 => "HTTP 503",
            Kind::Restart => "redémarrage (secondes d'absence)",
        }
    }
}

/// A failure to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Misbehaviour {
    /// Which.
    pub kind: Kind,
    /// For this transaction alone (`TD2.1`); a family by its beginning (`TD3`). For all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// How many times; once when absent. Not read when `always`.
    #[serde(default = "once")]
    pub times: u32,
    /// Until it is taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
    /// Of `slow`, `skewed_clock` and `restart`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<i64>,
}

const fn once() -> u32 {
    1
}

/// The text is not a failure this simulator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a misbehaviour: KIND[:TRANSACTION][:TIMES|always][:SECONDSs], such as cut_after_commit:TD2.1:2"
)]
pub struct MisbehaviourError;

impl Misbehaviour {
    /// This failure, once, whatever the transaction.
    pub fn once(kind: Kind) -> Misbehaviour {
        Misbehaviour {
            kind,
            transaction: None,
            times: 1,
            always: false,
            seconds: None,
        }
    }

    /// For this transaction alone.
    #[must_use]
    pub fn on(mut self, transaction: &str) -> Misbehaviour {
        self.transaction = Some(transaction.to_owned());
        self
    }

    /// Reads `KIND[:TRANSACTION][:TIMES|always][:SECONDSs]`: `http_503`, `slow:TD3.2:always:30s`,
    /// `cut_after_commit:TD2.1:2`.
    pub fn parse(text: &str) -> Result<Misbehaviour, MisbehaviourError> {
        let mut parts = text.split(':');
        let name = parts.next().unwrap_or_default();
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(MisbehaviourError)?;
        let mut made = Misbehaviour::once(kind);
        for part in parts {
            if part == "always" {
                made.always = true;
            } else if part.starts_with("TD") {
                made.transaction = Some(part.to_owned());
            } else if let Some(seconds) = part.strip_suffix('s') {
                made.seconds = Some(seconds.parse().map_err(|_| MisbehaviourError)?);
            } else {
                made.times = part.parse().map_err(|_| MisbehaviourError)?;
            }
        }
        Ok(made)
    }

    fn concerns(&self, transaction: &str) -> bool {
        self.transaction
            .as_deref()
            .is_none_or(|wanted| transaction.starts_with(wanted))
    }
}

/// The failures to come, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Misbehaviours(Mutex<Vec<Misbehaviour>>);

impl Misbehaviours {
    pub fn add(&self, misbehaviour: Misbehaviour) {
        if misbehaviour.always || misbehaviour.times > 0 {
            self.lock().push(misbehaviour);
        }
    }

    pub fn all(&self) -> Vec<Misbehaviour> {
        self.lock().clone()
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The failures that befall an exchange: one of each kind at most, each counted down.
    pub fn take(&self, transaction: &str) -> Vec<Misbehaviour> {
        let mut waiting = self.lock();
        let mut taken: Vec<Misbehaviour> = Vec::new();
        for one in waiting.iter_mut() {
            // What does not apply waits for what it applies to.
            let fits = one.kind != Kind::TooManyResults || transaction == "TD3.1";
            if fits && one.concerns(transaction) && taken.iter().all(|t| t.kind != one.kind) {
                taken.push(one.clone());
                if !one.always {
                    one.times -= 1;
                }
            }
        }
        waiting.retain(|one| one.always || one.times > 0);
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Misbehaviour>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_written_on_a_command_line_as_in_json() {
        for (text, json) in [
            ("http_503", r#"{"kind":"http_503","times":1}"#),
            (
                "cut_after_commit:TD2.1:2",
                r#"{"kind":"cut_after_commit","transaction":"TD2.1","times":2}"#,
            ),
            (
                "slow:TD3.2:always:30s",
                r#"{"kind":"slow","transaction":"TD3.2","times":1,"always":true,"seconds":30}"#,
            ),
            (
                "skewed_clock:-90s",
                r#"{"kind":"skewed_clock","times":1,"seconds":-90}"#,
            ),
        ] {
            let made = Misbehaviour::parse(text).unwrap();
            assert_eq!(serde_json::to_string(&made).unwrap(), json);
            assert_eq!(serde_json::from_str::<Misbehaviour>(json).unwrap(), made);
        }
        for wrong in ["", "explode", "slow:often", "slow:s"] {
            assert!(Misbehaviour::parse(wrong).is_err(), "{wrong}");
        }
        for kind in Kind::ALL {
            assert_eq!(Misbehaviour::parse(kind.name()).unwrap().kind, kind);
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json.trim_matches('"'), kind.name());
        }
    }

    #[test]
    fn failures_befall_their_transaction_as_often_as_asked() {
        let waiting = Misbehaviours::default();
        waiting.add(Misbehaviour::parse("http_503:TD2.1:2").unwrap());
        waiting.add(Misbehaviour::parse("slow:TD3:always").unwrap());
        waiting.add(Misbehaviour::parse("too_many_results").unwrap());
        let kinds = |transaction| -> Vec<Kind> {
            let taken = waiting.take(transaction);
            taken.into_iter().map(|one| one.kind).collect()
        };
        assert_eq!(kinds("TD0.2"), []);
        assert_eq!(kinds("TD2.1"), [Kind::Http503]);
        assert_eq!(kinds("TD2.1"), [Kind::Http503]);
        assert_eq!(kinds("TD2.1"), []);
        assert_eq!(kinds("TD3.2"), [Kind::Slow]);
        assert_eq!(kinds("TD3.1"), [Kind::Slow, Kind::TooManyResults]);
        assert_eq!(kinds("TD3.1"), [Kind::Slow]);
        waiting.clear();
        assert_eq!(waiting.all(), []);
    }
}
