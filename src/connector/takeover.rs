//! Taking over the past ("reprise d'historique"): the documents of a folder judged one by one, and those that may go
//! handed over to the outbox, which asks the DMP for each before it sends it, slowly, at night.
//!
//! A run can stop anywhere and be called again: what is settled is known by its content (`store/takeover.rs`),
//! never by its path. One document is in memory at a time, and the connector is held for one document at a time.
//! Bytes are never changed: what is to be corrected is told.
//!
//! Sources: Ségur SC.DMP/HISTO.01 to HISTO.07; the rules are in [`crate::rules::takeover`].

mod files;
mod judge;
mod records;

use std::path::PathBuf;

use sha2::{Digest, Sha256};

use self::files::{Held, Met, Source};
use self::judge::{Judged, Later, Seen};
pub use self::records::{
    FileOutcome, TakeOverCounts, TakeOverEnded, TakeOverLine, TakeOverProgress, TakeOverReport,
    TakeOverRequest, TakeOverState,
};
use super::outbox::Stop;
use super::session::{Note, Session};
use crate::cda::Limits;
use crate::dossier::Authorisation;
use crate::error::{Error, Result};
use crate::identity::IdentityStatus;
use crate::rules::decide::{Consent, DossierIs};
use crate::rules::takeover::{
    FILE_FAILED, NOT_FOLLOWED, TOO_LARGE, TakeOverRemedy, UNREADABLE, remedy_of,
};
use crate::rules::{Authentication, Mode, Right, decide};

/// Told after each file; `false` ends the call. Runs on the calling thread and must not call back in.
pub type Progress<'a> = &'a mut dyn FnMut(&TakeOverProgress) -> bool;

/// Documents that wait for the one they replace, at most: paths alone.
const LATER: usize = 10_000;

/// One call.
struct Run<'a> {
    session: &'a Session,
    request: &'a TakeOverRequest,
    seen: Seen,
    counts: TakeOverCounts,
    lines: Vec<TakeOverLine>,
    more_lines: u64,
    progress: Progress<'a>,
}

impl Session {
    /// Takes past documents over: see the module. The report is the same whether or not it is a dry run.
    ///
    /// Errors: [`crate::error::ErrorKind::Caller`] for a request that contradicts itself or a folder that cannot be
    /// listed; [`crate::error::ErrorKind::Refused`] when this session may not feed at all; those of the register. What
    /// is wrong with a file is the file's, and is in the report.
    pub fn take_over(
        &self,
        request: &TakeOverRequest,
        progress: Progress<'_>,
    ) -> Result<TakeOverReport> {
        let result = self.take_files_over(request, progress);
        self.inner.logged("takeover.run", result)
    }

    /// Where this person's take-over stands.
    pub fn take_over_state(&self) -> Result<TakeOverState> {
        let me = self.requester.id();
        self.inner.hold()?.state()?.register.read(|tx| {
            let counts = tx.take_over_counts(me)?;
            let stopped = match tx.stopped(Stop::All)? {
                None => tx.stopped(Stop::TakeOver)?,
                since => since,
            };
            Ok(TakeOverState {
                left: counts.left(),
                counts,
                stopped,
            })
        })
    }

    fn take_files_over(
        &self,
        request: &TakeOverRequest,
        progress: Progress<'_>,
    ) -> Result<TakeOverReport> {
        self.inner.outside_callback()?;
        let source = request.source()?;
        self.may_feed(request.dry_run)?;
        let mut run = Run {
            session: self,
            request,
            seen: Seen::default(),
            counts: TakeOverCounts::default(),
            lines: Vec::new(),
            more_lines: 0,
            progress,
        };
        let ended = run.all(source)?;
        let Run {
            counts,
            lines,
            more_lines,
            ..
        } = run;
        if !request.dry_run {
            let (files, over) = (counts.files, counts.handed_over);
            let refused = files - over - counts.others;
            let detail = format!("{files} files, {over} handed over, {refused} not");
            self.sum_up("takeover.run", &detail)?;
        }
        Ok(TakeOverReport {
            dry_run: request.dry_run,
            ended,
            counts,
            lines,
            more_lines,
        })
    }

    /// Whether this session feeds at all: asked once, for a patient of whom everything allows it.
    fn may_feed(&self, dry_run: bool) -> Result<()> {
        let mut situation = self.situation(Mode::Normal);
        situation.dossier = DossierIs::Active;
        situation.identity = IdentityStatus::Qualifiee;
        situation.consent = Consent::CareTeam;
        situation.authorisation = Authorisation::Valide;
        let right = match self.requester.authentication {
            Authentication::Cpe => Right::FeedWithCpe,
            _ => Right::Feed,
        };
        let decision = decide(right, &situation);
        if decision.permits() {
            return Ok(());
        }
        if dry_run {
            return Err(Error::refused(&decision));
        }
        let mut held = self.inner.hold()?;
        self.permit(held.state()?, "takeover.run", &decision, Note::default())
    }
}

impl TakeOverRequest {
    fn source(&self) -> Result<Source<'_>> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(Error::caller("to", "must be after from"));
        }
        match (&self.folder, self.files.is_empty()) {
            (Some(folder), true) => Source::folder(folder)
                .map_err(|_| Error::caller("folder", "must be a folder that can be listed")),
            (None, false) => Ok(Source::list(&self.files)),
            (None, true) => Err(Error::caller("folder", "or files must be given")),
            (Some(_), false) => Err(Error::caller("files", "cannot be given beside a folder")),
        }
    }
}

impl Run<'_> {
    /// Every file, then those that wait for the document they replace.
    fn all(&mut self, source: Source<'_>) -> Result<TakeOverEnded> {
        let mut later: Vec<(u64, PathBuf)> = Vec::new();
        for met in source {
            if self.is_full() {
                return Ok(self.end(TakeOverEnded::Limit, later.len()));
            }
            self.counts.files += 1;
            let index = self.counts.files;
            let mut lines = Vec::new();
            match met {
                Met::File(path) => match self.file(index, &path, Later::May, &mut lines)? {
                    Some(()) => {}
                    // Without room for its path it waits for another call.
                    None if later.len() >= LATER => self.counts.later += 1,
                    None => {
                        later.push((index, path));
                        continue;
                    }
                },
                Met::Aside(_) if self.request.folder.is_some() => self.counts.others += 1,
                Met::Aside(path) => {
                    self.counts.others += 1;
                    lines.push(line(index, &path, FileOutcome::Unreadable, &NOT_FOLLOWED));
                }
                Met::Failed(path) => {
                    self.counts.unreadable += 1;
                    lines.push(line(index, &path, FileOutcome::Unreadable, &FILE_FAILED));
                }
            }
            if !self.tell(lines) {
                return Ok(self.end(TakeOverEnded::Told, later.len()));
            }
        }
        // Chains of replacements: each pass takes those whose predecessor the one before took.
        let mut wait = Later::May;
        while !later.is_empty() {
            let mut still = Vec::new();
            let mut waiting = std::mem::take(&mut later).into_iter();
            let before = waiting.len();
            while let Some((index, path)) = waiting.next() {
                if self.is_full() {
                    return Ok(self.end(TakeOverEnded::Limit, still.len() + waiting.len() + 1));
                }
                let mut lines = Vec::new();
                if self.file(index, &path, wait, &mut lines)?.is_none() {
                    still.push((index, path));
                    continue;
                }
                if !self.tell(lines) {
                    return Ok(self.end(TakeOverEnded::Told, still.len() + waiting.len()));
                }
            }
            // Nobody here knows what the others replace: the DMP may.
            if still.len() == before {
                wait = Later::No;
            }
            later = still;
        }
        Ok(TakeOverEnded::Complete)
    }

    fn is_full(&self) -> bool {
        let handed_over = self.counts.handed_over;
        self.request.limit.is_some_and(|most| handed_over >= most)
    }

    fn end(&mut self, ended: TakeOverEnded, waiting: usize) -> TakeOverEnded {
        self.counts.later += waiting as u64;
        ended
    }

    /// One file to its end; `None` when it waits for the document it replaces.
    fn file(
        &mut self,
        index: u64,
        path: &std::path::Path,
        wait: Later,
        lines: &mut Vec<TakeOverLine>,
    ) -> Result<Option<()>> {
        let limits = Limits::default();
        let (content, claims) = match files::read(path, limits.size) {
            Ok(Held::Xml { content, claims }) => (content, claims),
            Ok(Held::Other) => {
                self.counts.others += 1;
                return Ok(Some(()));
            }
            Ok(Held::TooLarge) => {
                self.counts.unreadable += 1;
                lines.push(line(index, path, FileOutcome::Unreadable, &TOO_LARGE));
                return Ok(Some(()));
            }
            Err(_) => {
                self.counts.unreadable += 1;
                lines.push(line(index, path, FileOutcome::Unreadable, &FILE_FAILED));
                return Ok(Some(()));
            }
        };
        let sha256: [u8; 32] = Sha256::digest(&content).into();
        if self.seen.content(&sha256) {
            self.counts.duplicates += 1;
            return Ok(Some(()));
        }
        let judged = judge::judge(
            self.session,
            self.request,
            &self.seen,
            &content,
            &sha256,
            wait,
        )?;
        let c = &mut self.counts;
        match judged {
            Judged::Waits => return Ok(None),
            Judged::HandedOver { unique_id, remarks } => {
                c.handed_over += 1;
                self.seen.add_document(&unique_id);
                for rule in remarks {
                    c.late += u64::from(rule.id == crate::rules::takeover::LATE_DATE.id);
                    lines.push(line(index, path, FileOutcome::HandedOver, rule));
                }
            }
            Judged::Known => c.known += 1,
            Judged::InOutbox => c.in_outbox += 1,
            Judged::AlreadyFed => c.already_fed += 1,
            Judged::Filtered => c.filtered += 1,
            Judged::Excluded => c.excluded += 1,
            Judged::Opposed => c.opposed += 1,
            Judged::NotCda if claims => {
                c.unreadable += 1;
                lines.push(line(index, path, FileOutcome::Unreadable, &UNREADABLE));
            }
            Judged::NotCda => c.others += 1,
            Judged::Person {
                outcome,
                rule,
                source,
                sentence,
            } => {
                match outcome {
                    FileOutcome::UnknownPatient => c.unknown_patient += 1,
                    FileOutcome::NotQualified => c.not_qualified += 1,
                    FileOutcome::Unreadable => c.unreadable += 1,
                    FileOutcome::ToCorrect | FileOutcome::HandedOver => c.to_correct += 1,
                }
                let remedy = remedy_of(&rule).unwrap_or(TakeOverRemedy::CorrectDocument);
                lines.push(TakeOverLine {
                    index,
                    path: path.display().to_string(),
                    outcome,
                    rule,
                    source,
                    sentence,
                    remedy: remedy.into(),
                });
            }
        }
        self.seen.add_content(&sha256);
        Ok(Some(()))
    }

    /// Tells what was done; whether to go on.
    fn tell(&mut self, lines: Vec<TakeOverLine>) -> bool {
        let told = TakeOverProgress {
            counts: self.counts,
            lines,
        };
        let go_on = {
            let _speaking = self.session.inner.speakers.mark();
            (self.progress)(&told)
        };
        for line in told.lines {
            if self.lines.len() < self.request.lines {
                self.lines.push(line);
            } else {
                self.more_lines += 1;
            }
        }
        go_on
    }
}

fn line(
    index: u64,
    path: &std::path::Path,
    outcome: FileOutcome,
    rule: &crate::rules::decision::Rule,
) -> TakeOverLine {
    TakeOverLine {
        index,
        path: path.display().to_string(),
        outcome,
        rule: rule.id.to_owned(),
        source: rule.source.to_owned(),
        sentence: rule.sentence.to_owned(),
        remedy: remedy_of(rule.id)
            .unwrap_or(TakeOverRemedy::CorrectDocument)
            .into(),
    }
}

/// How many files a take-over of a folder will meet: for a progress bar.
pub fn count_files(folder: &std::path::Path) -> std::io::Result<u64> {
    Ok(Source::folder(folder)?.count() as u64)
}
