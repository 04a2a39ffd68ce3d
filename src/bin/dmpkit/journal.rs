//! `dmpkit journal`: the journal of a practice checked, sealed, exported, shortened after its time; the bris de glace
//! that wait for their review.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use dmpkit::Connector;
use dmpkit::connector::emergency::EmergencyCase;
use dmpkit::connector::oversight::{
    ExportFormat, ExportRequest, Fault, JournalFilter, PruneRequest, Seal, SealCheck, SealKey,
    SealedVerification,
};
use serde_json::json;

use crate::args::{
    Form, Journal, JournalAction, JournalEmergencies, JournalExport, JournalPrune, JournalSeal,
    JournalVerify,
};
use crate::{Outcome, asked, files, output, practice};

/// Does what is asked with the journal.
pub fn run(command: &Journal) -> io::Result<Outcome> {
    let done = match &command.action {
        JournalAction::Verify(command) => verify(command),
        JournalAction::Seal(command) => seal(command),
        JournalAction::Export(command) => export(command),
        JournalAction::Prune(command) => prune(command),
        JournalAction::Emergencies(command) => emergencies(command),
    };
    done.unwrap_or_else(Ok)
}

/// How a command ended; or why it could not begin, which has been told.
type Done = Result<io::Result<Outcome>, Outcome>;

fn verify(command: &JournalVerify) -> Done {
    let keys = match &command.seal_key {
        Some(path) => keys(path)?,
        None => Vec::new(),
    };
    let check = SealCheck {
        seals: match &command.seals {
            Some(path) => seals(path)?,
            None => Vec::new(),
        },
    };
    let connector = practice::of(&command.practice)?;
    let found = connector.verify_sealed_journal(&check, &keys);
    let found = found.map_err(|error| practice::refused(&error))?;
    let told = match command.json {
        true => output::record(&found),
        false => tell(&found),
    };
    Ok(told.map(|()| match found.intact {
        true => Outcome::Good,
        false => Outcome::ToCorrect,
    }))
}

fn tell(found: &SealedVerification) -> io::Result<()> {
    let (verdict, entries) = match found.intact {
        true => ("Le journal est intact", "vérifiées"),
        false => ("Le journal n'est pas intact", "bonnes"),
    };
    let entries = match found.entries {
        0 | 1 => format!("{} entrée", found.entries),
        many => format!("{many} entrées {entries}"),
    };
    output::line(&format!("{verdict} : {entries}."))?;
    faults(&found.faults)?;
    if let Some(boundary) = &found.boundary {
        output::line(&format!(
            "Les entrées jusqu'au n° {} ont été retirées le {} (UTC) : {}.",
            boundary.number,
            output::moment(boundary.at),
            boundary.reason.trim_end_matches('.')
        ))?;
    }
    let seals = &found.seals;
    if seals.register + seals.given > 0 {
        output::line(&format!(
            "Scellés du registre : {} ; gardés ailleurs : {} ; authentifiés par la clé : {}",
            seals.register, seals.given, seals.authenticated
        ))?;
    }
    for note in &found.notes {
        output::line(&format!("· {}", note.sentence))?;
    }
    output::line(&format!("Empreinte de la dernière entrée : {}", found.head))
}

/// What is wrong, by entry; what to do once, where it is the same.
pub fn faults(faults: &[Fault]) -> io::Result<()> {
    for (index, fault) in faults.iter().enumerate() {
        output::line(&format!("✗ {}", fault.sentence))?;
        let next = faults.get(index + 1);
        if next.is_none_or(|next| next.remedy != fault.remedy) {
            output::line(&format!("  → {}", fault.remedy))?;
        }
    }
    Ok(())
}

fn seal(command: &JournalSeal) -> Done {
    let [key] = <[SealKey; 1]>::try_from(keys(&command.seal_key)?).map_err(|_| {
        output::complain(&format!(
            "{} doit avoir une seule clé : celle qui scelle.",
            output::name(&command.seal_key)
        ));
        Outcome::ToCorrect
    })?;
    let connector = practice::of(&command.practice)?;
    let seal = connector.seal_journal(&key);
    let seal = seal.map_err(|error| practice::refused(&error))?;
    Ok(keep(&seal, command))
}

/// Gives the seal, and adds it to those kept elsewhere. It is given even if that fails: it was made.
fn keep(seal: &Seal, command: &JournalSeal) -> io::Result<Outcome> {
    let added = command.seals.as_deref().map(|path| (path, add(seal, path)));
    if command.json {
        output::record(seal)?;
    } else {
        output::line(&format!(
            "Scellé n° {} : les entrées jusqu'au n° {}, le {} (UTC).",
            seal.serial,
            seal.number,
            output::moment(seal.at)
        ))?;
        if !matches!(added, Some((_, Ok(())))) {
            output::line("Gardez cette ligne ailleurs que le registre :")?;
            output::record(seal)?;
        }
    }
    match added {
        Some((path, Err(error))) => Ok(files::unwritten(path, &error)),
        _ => Ok(Outcome::Good),
    }
}

fn add(seal: &Seal, path: &Path) -> io::Result<()> {
    let mut line = serde_json::to_vec(seal)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(&line)?;
    file.sync_all()
}

/// Sealing keys, one a line.
fn keys(path: &Path) -> Result<Vec<SealKey>, Outcome> {
    let text = practice::secret(path)?;
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let bytes = practice::hexadecimal(line).ok_or_else(|| {
            output::complain(&format!(
                "{} : une clé de scellés s'écrit en 64 chiffres hexadécimaux, sur une ligne.",
                output::name(path)
            ));
            Outcome::ToCorrect
        })?;
        keys.push(SealKey::new(&*bytes).map_err(|error| practice::refused(&error))?);
    }
    if keys.is_empty() {
        output::complain(&format!("{} n'a aucune clé.", output::name(path)));
        return Err(Outcome::ToCorrect);
    }
    Ok(keys)
}

/// Seals kept elsewhere, one a line.
fn seals(path: &Path) -> Result<Vec<Seal>, Outcome> {
    let text = practice::text(path)?;
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|_| {
                output::complain(&format!(
                    "{}, ligne {} : ce n'est pas un scellé, tel que « dmpkit journal seal --seals » l'écrit.",
                    output::name(path),
                    index + 1
                ));
                Outcome::ToCorrect
            })
        })
        .collect()
}

fn export(command: &JournalExport) -> Done {
    let filter = JournalFilter {
        from: asked::day(command.from.as_deref(), 0)?,
        to: asked::day(command.to.as_deref(), 1)?,
        patient: command.patient.as_deref().map(patient).transpose()?,
        action: command.action.clone(),
        ..JournalFilter::default()
    };
    let request = ExportRequest {
        format: match command.format {
            Form::Json => ExportFormat::Json,
            Form::Fhir => ExportFormat::Fhir,
        },
        filter: Some(filter),
    };
    let connector = practice::of(&command.practice)?;
    let session = practice::session(&connector, &command.actor.session)?;
    let path = &command.output;
    // Before the journal says that someone exports it.
    let file = files::create(path).map_err(|error| files::unwritten(path, &error))?;
    let mut to = BufWriter::new(&file);
    let exported = session.export_journal(&request, &mut to);
    drop(to);
    let exported = exported.map_err(|error| practice::refused(&error));
    let whole = exported.and_then(|answer| match file.sync_all() {
        Ok(()) => Ok(answer),
        Err(error) => Err(files::unwritten(path, &error)),
    });
    let answer = match whole {
        Ok(answer) => answer,
        Err(outcome) => {
            // It is not the journal: it must not be taken for it. Where it cannot go, the failure has been told.
            fs::remove_file(path).ok();
            return Err(outcome);
        }
    };
    if command.json {
        return Ok(output::record(&answer).map(|()| Outcome::Good));
    }
    let entries = match (answer.entries, answer.first, answer.last) {
        (0, ..) => "Aucune entrée".to_owned(),
        (1, Some(first), _) => format!("1 entrée, n° {first}"),
        (many, Some(first), Some(last)) => format!("{many} entrées, n° {first} à {last}"),
        (many, ..) => format!("{many} entrées"),
    };
    let told = output::line(&format!("{entries}, dans {}.", output::name(path)))
        .and_then(|()| {
            output::line(&format!(
                "SHA-256, gardé par le journal : {}",
                answer.sha256
            ))
        })
        .and_then(|()| {
            output::line("Ce fichier nomme des patients : gardez-le comme le registre.")
        });
    Ok(told.map(|()| Outcome::Good))
}

/// The patient of the command line as the journal names him.
fn patient(text: &str) -> Result<String, Outcome> {
    match asked::ins(text) {
        Some(ins) => Ok(ins.cx().to_string()),
        None => {
            output::complain("--patient attend un INS : « matricule OID », entre guillemets.");
            Err(Outcome::ToCorrect)
        }
    }
}

fn prune(command: &JournalPrune) -> Done {
    let Some(before) = asked::day(Some(&command.before), 0)? else {
        return Err(Outcome::Usage);
    };
    let request = PruneRequest {
        before,
        reason: command.reason.clone(),
    };
    let connector = practice::of(&command.practice)?;
    let session = practice::session(&connector, &command.actor.session)?;
    let pruned = session.prune_journal(&request);
    let pruned = pruned.map_err(|error| practice::refused(&error))?;
    let told = match command.json {
        true => output::record(&pruned),
        false => output::line(&pruned.sentence),
    };
    Ok(told.map(|()| Outcome::Good))
}

fn emergencies(command: &JournalEmergencies) -> Done {
    let connector: Connector = practice::of(&command.practice)?;
    let cases = connector.emergencies(!command.all);
    let cases = cases.map_err(|error| practice::refused(&error))?;
    let told = match command.json {
        true => output::record(&json!({ "emergencies": cases })),
        false => list(&cases),
    };
    let waiting = cases.iter().any(|c| c.emergency.reviewed_at.is_none());
    Ok(told.map(|()| match waiting {
        true => Outcome::ToCorrect,
        false => Outcome::Good,
    }))
}

fn list(cases: &[EmergencyCase]) -> io::Result<()> {
    if cases.is_empty() {
        return output::line("Aucun bris de glace n'attend de revue.");
    }
    cases.iter().try_for_each(case)
}

fn case(case: &EmergencyCase) -> io::Result<()> {
    let e = &case.emergency;
    let mark = match (e.reviewed_at, case.overdue) {
        (Some(_), _) => "✓",
        (None, true) => "✗",
        (None, false) => "·",
    };
    let end = match e.closed_at {
        _ if case.open => "en cours".to_owned(),
        Some(at) => format!("fermé le {}", output::moment(at)),
        None => format!("fini le {}", output::moment(e.closes_at)),
    };
    output::line(&format!(
        "{mark} n° {} : ouvert le {} (UTC), {end}",
        e.id,
        output::moment(e.opened_at)
    ))?;
    output::line(&format!(
        "    par : {} ({}), structure {}",
        e.name, e.actor, e.structure
    ))?;
    output::line(&format!("    patient : {}", e.patient))?;
    output::line(&format!("    motif : {}", e.reason))?;
    output::line(&match case.consulted {
        None => "    consulté : le journal n'en garde plus le détail".to_owned(),
        Some(c) => format!(
            "    consulté : recherches {}, lectures {} (documents : {}), refus {}",
            c.searches, c.reads, c.documents, c.refused
        ),
    })?;
    match (e.reviewed_at, &e.reviewed_by) {
        (Some(at), by) => output::line(&format!(
            "    revu le {} par {} : {}",
            output::moment(at),
            by.as_deref().unwrap_or("?"),
            e.note.as_deref().unwrap_or_default()
        )),
        (None, _) if case.overdue => output::line(&format!(
            "    → EN RETARD : à revoir depuis le {}, dans votre logiciel",
            output::moment(case.review_due_at)
        )),
        (None, _) => output::line(&format!(
            "    → à revoir avant le {}, dans votre logiciel",
            output::moment(case.review_due_at)
        )),
    }
}
