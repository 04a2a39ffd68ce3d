//! Reading without network: what was read or fetched ahead is kept, under the consent that allowed it, and a dossier
//! opens offline from what the DMP last said of it.
//!
//! | file | what |
//! |---|---|
//! | `answer` | finding and reading among what is kept |
//! | `learn` | what every answer of the DMP teaches of what is kept, and what is forgotten at once |
//! | `preload` | fetching documents ahead of a visit |
//!
//! It is off unless the configuration has a member `offline`. The patient may mask, delete or block at any moment and
//! nothing tells so without network: what bounds the difference is [`OfflineConfig`].

mod answer;
mod learn;
mod preload;

pub(super) use learn::Lesson;
pub use preload::{PreloadAnswer, PreloadRequest};

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::access::{Access, AccessRequest};
use super::session::{Note, Session};
use super::{Connector, Inner, State};
use crate::clock::Instant;
use crate::error::{Error, ErrorKind, NetworkKind, Result};
use crate::rules::decide::Situation;
use crate::rules::offline::{
    ASKED_LONG_AGO, NEVER_ASKED, NORMAL_MODE_ALONE, SWITCHED_OFF, decide_offline,
};
use crate::rules::{Decision, Mode, Remedy, Right, decide};
use crate::store::journal::Outcome;
use crate::store::kept::{Reader, Term};

/// What an entry of the journal says of what was done without network.
pub(super) const OFFLINE: &str = "offline";

/// What is kept for reading without network, and for how long (Ségur SC.DMP/UX.34: documents fetched ahead are kept
/// for a maximum duration that can be set; it fixes none).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OfflineConfig {
    /// Days that a document stays after it was read from the DMP, 1 to 180; 7 when absent: what is fetched on a Friday
    /// serves the week after, and no copy outlives the care it was made for by more. An authorisation lasts six months:
    /// beyond, nothing could be kept anyway.
    pub max_age_days: i64,
    /// Whether what a person reads is kept; true when absent. If not, only what is fetched ahead is.
    pub keep_read: bool,
    /// Hours during which a dossier opens offline after the DMP last answered of it (TD0.2), 1 to 720; 72 when absent:
    /// a long week-end. It bounds how long a block decided in Mon espace santé can go unheard.
    pub standing_hours: i64,
}

impl Default for OfflineConfig {
    fn default() -> OfflineConfig {
        OfflineConfig {
            max_age_days: 7,
            keep_read: true,
            standing_hours: 72,
        }
    }
}

impl OfflineConfig {
    /// Refuses a value outside its range.
    pub(super) fn check(&self) -> Result<()> {
        for (fits, field) in [
            ((1..=180).contains(&self.max_age_days), "maxAgeDays"),
            ((1..=720).contains(&self.standing_hours), "standingHours"),
        ] {
            if !fits {
                return Err(Error::caller(
                    format!("offline.{field}"),
                    "is outside its range",
                ));
            }
        }
        Ok(())
    }

    /// Whether what the DMP said at an instant still opens a dossier.
    fn is_young(&self, seen_at: Instant, now: Instant) -> bool {
        now < seen_at.plus_seconds(self.standing_hours * 3600)
    }
}

/// How old an answer is that was given without network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OfflineAge {
    /// When the bytes were read from the DMP; absent where it is not about one document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept_at: Option<Instant>,
    /// When the DMP last said what is shown; of a list, of what in it is the oldest.
    pub seen_at: Instant,
    /// Seconds since then.
    pub age_seconds: i64,
}

impl OfflineAge {
    pub(super) fn new(kept_at: Option<Instant>, seen_at: Instant, now: Instant) -> OfflineAge {
        OfflineAge {
            kept_at,
            seen_at,
            age_seconds: (now.millis() - seen_at.millis()).max(0) / 1000,
        }
    }
}

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Documents removed, each counted once for each person who could read it.
    pub documents: usize,
}

impl Inner {
    /// When what is kept is in its term.
    pub(super) fn term(&self) -> Term {
        let now = self.now();
        Term {
            now,
            oldest: self
                .config
                .offline
                .map(|offline| now.plus_days(-offline.max_age_days)),
        }
    }

    /// Removes what is beyond its term. Nothing is written when there is nothing to remove.
    pub(super) fn sweep(&self, state: &mut State) -> Result<usize> {
        let term = self.term();
        if !state.register.read(|tx| tx.kept_is_over(&term))? {
            return Ok(0);
        }
        state.register.durable(|tx| tx.sweep_kept(&term))
    }
}

impl Connector {
    /// Removes the documents kept for reading without network whose term is over: too old, their consent withdrawn or
    /// expired, their authorisation at its end. Opening a connector does the same, and no answer ever holds them; a
    /// connector that stays open calls this once a day. When the configuration has no member `offline`, all that
    /// was kept is removed.
    pub fn sweep_kept(&self) -> Result<Swept> {
        let result = self.sweep_held();
        self.inner.logged("offline.sweep", result)
    }

    fn sweep_held(&self) -> Result<Swept> {
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        let documents = match self.inner.config.offline {
            Some(_) => self.inner.sweep(state)?,
            None => state.register.durable(|tx| tx.forget_all_kept())?,
        };
        Ok(Swept { documents })
    }
}

impl Session {
    /// Enters a dossier from what the DMP last said of it, without asking it.
    pub(super) fn enter_offline(&self, request: &AccessRequest) -> Result<Access> {
        let action = "access.open";
        let cx = request.patient.cx().to_string();
        let note = Note {
            patient: Some(&cx),
            mode: Some(request.mode),
            detail: Some(OFFLINE),
            ..Note::default()
        };
        let mut held = self.inner.hold()?;
        let state = held.state()?;
        self.inner.sweep(state)?;
        let access = match self.offline_access(state, request)? {
            Ok(access) => access,
            Err(decision) => {
                return self.refuse(state, action, Error::refused(&decision), note);
            }
        };
        access.refuse_secret_for_an_adult(state, note)?;
        let now = self.inner.now();
        state
            .register
            .durable(|tx| self.note(tx, now, action, Outcome::Done, note))?;
        Ok(access)
    }

    /// An access without network, or why there is none.
    fn offline_access(
        &self,
        state: &mut State,
        request: &AccessRequest,
    ) -> Result<std::result::Result<Access, Decision>> {
        let Some(offline) = &self.inner.config.offline else {
            return Ok(Err(SWITCHED_OFF.refusal()));
        };
        if request.mode != Mode::Normal {
            return Ok(Err(NORMAL_MODE_ALONE.refusal()));
        }
        let bare = decide(Right::TestExistence, &self.situation(request.mode));
        if !bare.permits() {
            return Ok(Err(bare));
        }
        let cx = request.patient.cx().to_string();
        let standing = state
            .register
            .read(|tx| tx.standing(&cx, self.requester.id()))?;
        let Some(standing) = standing else {
            return Ok(Err(NEVER_ASKED.refusal()));
        };
        if !offline.is_young(standing.seen_at, self.inner.now()) {
            return Ok(Err(ASKED_LONG_AGO.refusal()));
        }
        Ok(Ok(Access::new(
            self,
            request,
            standing.existence,
            standing.divergences,
            Some(standing.seen_at),
        )))
    }

    /// Says beside a failure of the network that the dossier can be read offline, when something is kept in it that
    /// this person may read. It is for him to choose: a copy is not the DMP.
    pub(super) fn offering_offline(
        &self,
        state: &mut State,
        request: &AccessRequest,
        error: Error,
    ) -> Result<Error> {
        let on_the_way = matches!(error.kind(), ErrorKind::Network(failure)
            if failure.kind != NetworkKind::Cancelled);
        if !on_the_way || self.inner.config.offline.is_none() || request.mode != Mode::Normal {
            return Ok(error);
        }
        let Ok(access) = self.offline_access(state, request)? else {
            return Ok(error);
        };
        let (situation, _) = access.look(state, None)?;
        let something = access.judge(Right::SearchMetadata, &situation).permits()
            && !access.readable(state, &situation)?.is_empty();
        Ok(if something {
            error.with_remedy(Remedy::OpenOffline)
        } else {
            error
        })
    }
}

impl Access {
    /// The decision on a right for this access, with network or without.
    pub(super) fn judge(&self, right: Right, situation: &Situation) -> Decision {
        let Some(seen_at) = self.offline else {
            return decide(right, situation);
        };
        let now = self.inner().now();
        let young = self
            .inner()
            .config
            .offline
            .is_some_and(|offline| offline.is_young(seen_at, now));
        if young {
            decide_offline(right, situation)
        } else {
            ASKED_LONG_AGO.refusal()
        }
    }

    /// A detail of the journal, marked when there is no network.
    pub(super) fn said_offline<'a>(&self, detail: &'a str) -> Cow<'a, str> {
        match self.offline {
            None => Cow::Borrowed(detail),
            Some(_) => Cow::Owned(format!("{OFFLINE}, {detail}")),
        }
    }

    /// Who reads here, as kept documents know him.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            patient: &self.cx,
            actor: self.session.requester.id(),
            face: &self.face,
        }
    }

    /// The request that would open this dossier again, in its mode.
    fn request_again(&self) -> AccessRequest {
        AccessRequest {
            patient: self.patient,
            mode: self.mode,
            relation: self.relation,
            reason: None,
            minutes: None,
            offline: false,
        }
    }
}
