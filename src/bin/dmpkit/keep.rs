//! `dmpkit backup`, `restore`, `rekey`, `salvage`: the files of a practice kept safe.

use std::fs;
use std::io;
use std::path::Path;

use dmpkit::connector;
use dmpkit::connector::safekeeping::{BackupAnswer, Contents, Rekeyed, SalvageReport};
use dmpkit::error::{Error, ErrorKind, StorageError};

use crate::args::{Backup, Rekey, Restore, Salvage};
use crate::output::Counter;
use crate::{Outcome, files, output, practice};

/// How a command ended; or why it could not begin, which has been told.
type Done = Result<io::Result<Outcome>, Outcome>;

/// Copies the register while it is in use.
pub fn backup(command: &Backup) -> io::Result<Outcome> {
    let made = || -> Done {
        let path = named(&command.output)?;
        let connector = practice::of(&command.practice)?;
        let bar = Counter::new();
        let copied = connector.backup(path, &mut |at| {
            let pages = |number: i64| u64::try_from(number).unwrap_or_default();
            bar.at(pages(at.done), pages(at.total));
        });
        drop(bar);
        let answer = copied.map_err(|error| practice::refused(&error))?;
        if command.json {
            return Ok(output::record(&answer).map(|()| held(&answer)));
        }
        let length = fs::metadata(&command.output).map_or(0, |file| file.len());
        let key = match answer.encrypted {
            true => "chiffrée comme le registre",
            false => "NON chiffrée : gardez-la comme le registre",
        };
        Ok(output::line(&format!(
            "Sauvegarde faite : {} ({}, {key}).",
            output::name(&command.output),
            files::size(length)
        ))
        .and_then(|()| chain(&answer))
        .map(|()| held(&answer)))
    };
    made().unwrap_or_else(Ok)
}

/// Puts a backup in the register's place.
pub fn restore(command: &Restore) -> io::Result<Outcome> {
    let made = || -> Done {
        let path = named(&command.backup)?;
        let config = practice::config(&command.practice.config)?;
        let key = practice::maybe_key(command.practice.key_file.as_deref())?;
        let restored = connector::restore(&config, path, key.as_ref(), command.replace);
        let answer = restored.map_err(|error| match error.kind() {
            ErrorKind::Storage(StorageError::Exists) => {
                output::complain("Un registre est à cette place : --replace le met de côté.");
                Outcome::File
            }
            _ => alone(&error),
        })?;
        if command.json {
            return Ok(output::record(&answer).map(|()| held(&answer)));
        }
        let aside = answer.set_aside.as_deref();
        Ok(output::line("La sauvegarde est à la place du registre.")
            .and_then(|()| match aside {
                Some(aside) => output::line(&format!(
                    "Le registre précédent est gardé : {aside}\n\
                     → Ce qui y attendait l'envoi se reprend : « dmpkit salvage --register », puis « dmpkit outbox recover »."
                )),
                None => Ok(()),
            })
            .and_then(|()| carried_over(&answer))
            .and_then(|()| chain(&answer))
            .map(|()| held(&answer)))
    };
    made().unwrap_or_else(Ok)
}

/// What patients forbade since the backup: back, or to be collected again.
fn carried_over(answer: &BackupAnswer) -> io::Result<()> {
    match (&answer.set_aside, &answer.carried_over) {
        (_, Some(carried)) => output::line(&format!(
            "Repris du registre précédent : oppositions : {} ; consentements retirés ou utilisés : {}",
            carried.oppositions, carried.withdrawals
        )),
        (Some(_), None) => output::line(
            "✗ Les oppositions et retraits recueillis depuis la sauvegarde n'ont pas pu être repris du registre précédent.\n  \
             → Recueillez-les à nouveau avant de reprendre le travail.",
        ),
        (None, None) => Ok(()),
    }
}

/// The journal that a backup holds. Its head shows a later truncation.
fn chain(answer: &BackupAnswer) -> io::Result<()> {
    let journal = &answer.journal;
    if let Some(bad) = journal.first_bad {
        output::line(&format!(
            "✗ Son journal n'est pas intact, à partir de l'entrée n° {bad}.\n  → « dmpkit journal verify » dit pourquoi."
        ))?;
    }
    output::line(&format!(
        "Journal : {} ; empreinte de la dernière, à noter ailleurs : {}",
        match journal.entries {
            many @ 2.. => format!("{many} entrées"),
            few => format!("{few} entrée"),
        },
        journal.head
    ))
}

/// A journal that was touched is for a person to see, and what patients forbade and nobody knows.
fn held(answer: &BackupAnswer) -> Outcome {
    let unknown = answer.set_aside.is_some() && answer.carried_over.is_none();
    match answer.journal.intact && !unknown {
        true => Outcome::Good,
        false => Outcome::ToCorrect,
    }
}

/// Puts the files under another key.
pub fn rekey(command: &Rekey) -> io::Result<Outcome> {
    let made = || -> Done {
        let config = practice::config(&command.config)?;
        let old = practice::maybe_key(command.old_key_file.as_deref())?;
        let new = practice::key(&command.key_file)?;
        let changed = connector::rekey(&config, old.as_ref(), &new);
        let answer = changed.map_err(|error| alone(&error))?;
        if command.json {
            return Ok(output::record(&answer).map(|()| Outcome::Good));
        }
        let say = |file: &str, became: Rekeyed| {
            output::line(&format!(
                "{file} : {}.",
                match became {
                    Rekeyed::Changed => "sous la nouvelle clé désormais",
                    Rekeyed::Already => "déjà sous la nouvelle clé",
                    Rekeyed::Absent =>
                        "pas encore créé ; il le sera sous la clé avec laquelle il sera ouvert",
                }
            ))
        };
        Ok(say("Registre", answer.register)
            .and_then(|()| match answer.dmp {
                Some(became) => say("DMP embarqué", became),
                None => Ok(()),
            })
            .map(|()| Outcome::Good))
    };
    made().unwrap_or_else(Ok)
}

/// Writes out what can still be read of a damaged register.
pub fn salvage(command: &Salvage) -> io::Result<Outcome> {
    let made = || -> Done {
        let path = named(&command.output)?;
        let mut config = practice::config(&command.practice.config)?;
        if let Some(register) = &command.register {
            config.register = named(register)?.to_owned();
        }
        let key = practice::maybe_key(command.practice.key_file.as_deref())?;
        let saved = connector::salvage(&config, key.as_ref(), path);
        let report = saved.map_err(|error| alone(&error))?;
        let told = match command.json {
            true => output::record(&report),
            false => salvaged(&report, &command.output),
        };
        Ok(told.map(|()| match report.complete {
            true => Outcome::Good,
            false => Outcome::ToCorrect,
        }))
    };
    made().unwrap_or_else(Ok)
}

fn salvaged(report: &SalvageReport, path: &Path) -> io::Result<()> {
    output::line(report.sentence)?;
    if report.contents == Contents::OfANewRegister {
        output::line(
            "· La description des tables est celle d'un registre neuf : celle du fichier est illisible.",
        )?;
    }
    if report.blocks_unreadable > 0 {
        output::line(&format!(
            "✗ Blocs que le disque ne donne plus : {}\n  → Remplacez ce disque avant de continuer.",
            report.blocks_unreadable
        ))?;
    }
    for table in &report.tables {
        let mut line = format!("  {:<24} {:>9} lignes", table.table, table.rows);
        for (count, what) in [
            (table.damaged, "abîmées"),
            (table.gaps, "passages illisibles"),
            (table.lost.unwrap_or_default(), "perdues"),
        ] {
            if count > 0 {
                line.push_str(&format!(" ; {what} : {count}"));
            }
        }
        output::line(&line)?;
    }
    output::line(&format!(
        "Récupéré : {} lignes, EN CLAIR, dans {} : gardez-le comme le registre.",
        report.rows,
        output::name(path)
    ))
}

/// A path as the library takes it.
fn named(path: &Path) -> Result<&str, Outcome> {
    path.to_str().ok_or_else(|| {
        output::complain("Le nom du fichier n'est pas en UTF-8.");
        Outcome::Usage
    })
}

/// Says why a call that wants the files for itself failed.
fn alone(error: &Error) -> Outcome {
    let outcome = practice::refused(error);
    if matches!(error.kind(), ErrorKind::Storage(StorageError::Busy)) {
        output::complain("  → Fermez le logiciel du cabinet sur tous ses postes.");
    }
    outcome
}
