//! `shim.c`: built once, and the environment through which it is told what to do.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The shared object; says why and answers `None` where it cannot be built.
pub fn built() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT
        .get_or_init(|| {
            let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
            // Two runs may build it at once: each under its own name.
            let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
            let target = folder.join("shim.so");
            let mine = folder.join(format!("shim-{}.so", std::process::id()));
            let output = Command::new("cc")
                .args([
                    "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o",
                ])
                .args([&mine, &source])
                .output();
            let output = match output {
                Ok(output) => output,
                Err(error) => {
                    println!("SKIPPED: no C compiler to build the shim: {error}");
                    return None;
                }
            };
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "the shim does not build: {said}");
            std::fs::rename(&mine, &target).expect("the shim in its place");
            Some(target)
        })
        .as_deref()
}

/// What becomes of the call at the chosen point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The process is killed before it.
    KillBefore,
    /// The process is killed when half of what it writes is written.
    KillHalf,
    /// The process is killed after it.
    KillAfter,
    /// The disk is full.
    Full,
    /// The disk cannot.
    Io,
    /// Half of what it writes is written, and it says so.
    Short,
    /// The connection is reset.
    Reset,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::KillBefore => "kill-before",
            Mode::KillHalf => "kill-half",
            Mode::KillAfter => "kill-after",
            Mode::Full => "full",
            Mode::Io => "io",
            Mode::Short => "short",
            Mode::Reset => "reset",
        }
    }
}

/// One effect, as the shim logged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A file opened, under a number of its own; created or not. 0: it could not be.
    Open {
        id: u32,
        created: bool,
        path: String,
    },
    Write {
        id: u32,
        at: u64,
        bytes: Vec<u8>,
    },
    /// A file, or a folder, made to last.
    Sync {
        id: u32,
    },
    /// A sync that failed.
    NotSynced {
        id: u32,
    },
    /// Cut or grown to a size; when it was opened, when `opening`.
    Truncate {
        id: u32,
        size: u64,
        opening: bool,
    },
    Unlink {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    /// A second name for a file.
    Link {
        from: String,
        to: String,
    },
    Read {
        id: u32,
    },
    Connect,
    Send,
    Receive,
    /// Something acknowledged: a line of the file of acknowledgements.
    Mark(String),
}

impl Effect {
    /// Whether it is numbered: whether a process may be stopped there.
    pub fn is_point(&self) -> bool {
        !matches!(
            self,
            Effect::Mark(_) | Effect::Truncate { opening: true, .. }
        )
    }

    /// Whether it takes bytes that may be taken half.
    pub fn has_halves(&self) -> bool {
        matches!(self, Effect::Write { bytes, .. } if bytes.len() > 1) || *self == Effect::Send
    }

    /// Whether what lasts may differ after it.
    pub fn changes(&self) -> bool {
        match self {
            Effect::Open { created, .. } => *created,
            Effect::Read { .. } | Effect::NotSynced { .. } => false,
            _ => true,
        }
    }
}

/// Reads a log.
pub fn effects(log: &Path) -> Vec<Effect> {
    let all = std::fs::read(log).expect("the log of effects");
    let mut rest = all.as_slice();
    let mut found = Vec::new();
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let line = std::str::from_utf8(&rest[..end]).expect("a line of the log");
        rest = &rest[end + 1..];
        let mut bytes = |length: &str| {
            let (taken, left) = rest.split_at(length.parse().expect("a length"));
            rest = left;
            taken.to_vec()
        };
        let (kind, words) = line.split_once(' ').unwrap_or((line, ""));
        let each: Vec<&str> = words.split(' ').collect();
        let id = || each[0].parse().expect("a number");
        let size = |n: usize| each[n].parse().expect("a size");
        let path = |text: &str| text.to_owned();
        found.push(match kind {
            "O" => Effect::Open {
                id: id(),
                created: each[1] == "1",
                path: each[2..].join(" "),
            },
            "W" => Effect::Write {
                id: id(),
                at: size(1),
                bytes: bytes(each[2]),
            },
            "S" => Effect::Sync { id: id() },
            "X" => Effect::NotSynced { id: id() },
            "T" | "t" => Effect::Truncate {
                id: id(),
                size: size(1),
                opening: kind == "t",
            },
            "U" => Effect::Unlink { path: path(words) },
            "R" | "L" => {
                let (from, to) = words.split_once('\t').expect("two names");
                let (from, to) = (path(from), path(to));
                if kind == "R" {
                    Effect::Rename { from, to }
                } else {
                    Effect::Link { from, to }
                }
            }
            "P" => Effect::Read { id: id() },
            "C" => Effect::Connect,
            "D" => Effect::Send,
            "E" => Effect::Receive,
            "M" => Effect::Mark(String::from_utf8(bytes(words)).expect("a mark in UTF-8")),
            other => panic!("an effect the log does not know: {other}"),
        });
    }
    assert!(rest.is_empty(), "the log ends in the middle of an effect");
    found
}
