//! What people and machines read.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use dmpkit::cda::{Finding, Severity};
use dmpkit::clock::Instant;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{Outcome, files};

/// Says something on the standard error.
pub fn complain(sentence: &str) {
    eprintln!("{}", printable(sentence));
}

/// Says that a file could not be read.
pub fn unread(path: &Path, error: &io::Error) -> Outcome {
    complain(&format!(
        "{} ne peut pas être lu : {}.",
        name(path),
        files::reason(error)
    ));
    Outcome::File
}

/// One JSON record on a line of its own.
pub fn record(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")
}

/// One line for a person.
pub fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{}", printable(text))
}

/// A text without what would drive a terminal: a document's title may hold anything.
pub fn printable(text: &str) -> String {
    let inert = |c: char| {
        if c.is_control() && c != '\n' {
            '\u{FFFD}'
        } else {
            c
        }
    };
    text.chars().map(inert).collect()
}

/// The name of a file as a person reads it.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "entrée standard".to_owned()
    } else {
        path.display().to_string()
    }
}

/// A count with its noun: "1 conseil", "2 conseils".
pub fn count(number: usize, noun: &str) -> String {
    if number < 2 {
        format!("{number} {noun}")
    } else {
        let plural: Vec<String> = noun
            .split(' ')
            .map(|word| match word {
                "à" | "de" | "le" | "au" | "corriger" | "du" | "DMP" | "CI-SIS" => word.to_owned(),
                word => format!("{word}s"),
            })
            .collect();
        format!("{number} {}", plural.join(" "))
    }
}

/// A finding: rule and severity, what to do, where, what to write instead.
pub fn lines(finding: &Finding) -> String {
    let (mark, severity) = match finding.rule.severity {
        Severity::Blocking => ("✗", "refusé par le DMP"),
        Severity::Nonconforming => ("✗", "contraire au CI-SIS"),
        Severity::Advice => ("·", "conseil"),
    };
    let mut text = format!(
        "  {mark} {} ({severity})\n    {}\n    où : {}",
        finding.rule.id, finding.rule.sentence, finding.path
    );
    if let Some(fix) = &finding.fix {
        text.push_str("\n    écrire : ");
        text.push_str(fix);
    }
    text
}

/// Prints a finding.
pub fn finding(finding: &Finding) -> io::Result<()> {
    line(&lines(finding))
}

/// An instant as a person reads it, in UTC: this machine's time zone is not the practice's business here.
pub fn moment(at: Instant) -> String {
    let text = at.to_string();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!(
        "{}/{}/{} {}",
        part(8..10),
        part(5..7),
        part(0..4),
        part(11..19)
    )
}

/// A bar on the standard error while items leave or pages are copied; hidden when nobody looks.
pub struct Counter(ProgressBar);

impl Counter {
    /// Nothing left yet.
    pub fn new() -> Counter {
        if !io::stderr().is_terminal() {
            return Counter(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Counter(bar)
    }

    /// How many are done of how many.
    pub fn at(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }

    /// How many ended, how many are left, how many of those that ended wait for a person.
    pub fn show(&self, ended: u64, left: u64, for_a_person: u64) {
        self.at(ended, ended + left);
        if for_a_person > 0 {
            let message = format!("{for_a_person} en attente d'une personne");
            self.0.set_message(message);
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar on the standard error while many files are worked on; hidden when nobody looks.
pub struct Progress(ProgressBar);

impl Progress {
    /// For this many files.
    pub fn new(files: usize) -> Progress {
        let watched = files > 1 && io::stderr().is_terminal();
        if !watched {
            return Progress(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(files as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Progress(bar)
    }

    /// Says which file is worked on.
    pub fn at(&self, path: &Path) {
        self.0.set_message(name(path));
    }

    /// One file is done; what it prints goes above the bar.
    pub fn done<T>(&self, print: impl FnOnce() -> T) -> T {
        let printed = self.0.suspend(print);
        self.0.inc(1);
        printed
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
