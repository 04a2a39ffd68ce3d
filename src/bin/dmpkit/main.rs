//! `dmpkit`: the integrator's tool. Checks, wraps and shows documents, lists value sets, follows and empties the outbox,
//! oversees the journal of a practice and keeps its files safe, from a terminal or a script.
//!
//! People read French on the standard output; machines ask for `--json` and get one JSON record a line. The exit code
//! says how it went: see [`Outcome`].

#![deny(unsafe_code)]

mod args;
mod asked;
mod check;
mod codes;
mod dispatch;
mod doctor;
mod files;
mod journal;
mod keep;
mod metadata;
mod outbox;
mod output;
mod practice;
mod render;
#[cfg(feature = "simulator")]
mod simulator;
mod takeover;
mod wrap;

use std::process::ExitCode;

use args::Command;

/// How a command ended, for the person and for the script that called it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing to correct.
    Good,
    /// At least one document, context or code is to be corrected, or something waits for a person: exit code 1.
    ToCorrect,
    /// A file could not be read or written: exit code 3.
    File,
    /// A wrong use of the command: exit code 2.
    Usage,
}

/// Exit code of a wrong use of the command.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let args = match args::parse() {
        Ok(args) => args,
        Err(shown) => return shown,
    };
    let outcome = match args.command {
        Command::Check(command) => check::run(&command),
        Command::Metadata(command) => metadata::run(&command),
        Command::Wrap(command) => wrap::run(&command),
        Command::Render(command) => render::run(&command),
        Command::Codes(command) => codes::run(&command),
        Command::Outbox(command) => outbox::run(&command),
        Command::Dispatch(command) => dispatch::run(&command),
        Command::Takeover(command) => takeover::run(&command),
        Command::Journal(command) => journal::run(&command),
        Command::Backup(command) => keep::backup(&command),
        Command::Restore(command) => keep::restore(&command),
        Command::Rekey(command) => keep::rekey(&command),
        Command::Salvage(command) => keep::salvage(&command),
        Command::Doctor(command) => doctor::run(&command),
        #[cfg(feature = "simulator")]
        Command::Simulator(command) => simulator::run(&command),
    };
    match outcome {
        Ok(Outcome::Good) => ExitCode::SUCCESS,
        Ok(Outcome::ToCorrect) => ExitCode::from(1),
        Ok(Outcome::Usage) => ExitCode::from(USAGE),
        Ok(Outcome::File) => ExitCode::from(3),
        // The reader of our output went away (`| head`): nobody is left to tell.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&format!(
                "La sortie n'a pas pu être écrite : {}.",
                files::reason(&error)
            ));
            ExitCode::from(3)
        }
    }
}
