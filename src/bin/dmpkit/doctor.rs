//! `dmpkit doctor`: what looks wrong in a practice, with what to do about it; and the support bundle, which may be sent
//! to those who help: figures and rules, nothing of a patient, a person, a document or a path.

use std::io::{self, Write};
use std::path::Path;

use dmpkit::Connector;
use dmpkit::connector::emergency::EmergencyCase;
use dmpkit::connector::outbox::{OutboxAnswer, OutboxFilter};
use dmpkit::connector::oversight::{SealCheck, SealedVerification};
use dmpkit::connector::safekeeping::{Check, Verdict};
use dmpkit::connector::support::SupportBundle;
use dmpkit::error::{Error, ErrorKind, StorageError};
use serde::Serialize;

use crate::args::Doctor;
use crate::{Outcome, files, output, practice};

/// Days after which what waits for its turn should have left.
const LATE_DAYS: i64 = 1;
/// Seconds of difference between the clocks that deserve a look: the DMP refuses what is dated ahead of it.
#[cfg(feature = "national")]
const SKEW_SECONDS: i64 = 60;
/// Bytes of the register that nothing uses, worth mentioning when they are also half of it.
const FREE_BYTES: i64 = 64 * 1024 * 1024;

/// What may be sent: what was found, the bundle, the check of the register.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// Version of this command and of its library.
    version: &'static str,
    findings: Vec<Finding>,
    /// Absent when the register cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<SupportBundle>,
    /// Absent when the register cannot be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Check>,
}

/// Something to see to, or to know.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    /// Stable code.
    code: &'static str,
    /// Whether someone has to act.
    wrong: bool,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Looks at everything, tells, and writes the file.
pub fn run(command: &Doctor) -> io::Result<Outcome> {
    // A file that cannot be written is better known before the journal of years is read.
    let file = match command
        .output
        .as_deref()
        .map(|path| (path, files::create(path)))
    {
        None => None,
        Some((path, Ok(file))) => Some((path, file)),
        Some((path, Err(error))) => return Ok(files::unwritten(path, &error)),
    };
    let record = match examine(command) {
        Ok(record) => record,
        Err(outcome) => {
            if let Some((path, _)) = file {
                // Empty: it says nothing.
                std::fs::remove_file(path).ok();
            }
            return Ok(outcome);
        }
    };
    if command.json {
        output::record(&record)?;
    } else {
        tell(&record)?;
    }
    if let Some((path, mut file)) = file {
        let mut bytes = serde_json::to_vec_pretty(&record)?;
        bytes.push(b'\n');
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_all()) {
            return Ok(files::unwritten(path, &error));
        }
        if !command.json {
            sent(path)?;
        }
    }
    Ok(match record.findings.iter().any(|finding| finding.wrong) {
        true => Outcome::ToCorrect,
        false => Outcome::Good,
    })
}

/// A configuration that cannot be read has been told; a register that cannot be opened is a finding.
fn examine(command: &Doctor) -> Result<Record, Outcome> {
    let files = &command.practice;
    let config = practice::config(&files.config)?;
    let key = practice::maybe_key(files.key_file.as_deref())?;
    let mut record = Record {
        version: env!("CARGO_PKG_VERSION"),
        findings: Vec::new(),
        bundle: None,
        check: None,
    };
    let opened = match &key {
        None => Connector::open(config),
        Some(key) => Connector::open_keyed(config, key),
    };
    let connector = match opened {
        Ok(connector) => connector,
        Err(error) => {
            record.findings.push(stopped(&error)?);
            return Ok(record);
        }
    };
    match connector.check_register() {
        Ok(check) => {
            record.findings.extend(of_check(&check));
            record.check = Some(check);
        }
        Err(error) => record.findings.push(stopped(&error)?),
    }
    match look(&connector) {
        Ok((bundle, findings)) => {
            record.findings.extend(findings);
            record.bundle = Some(bundle);
        }
        // Told by the check already.
        Err(_) if record.findings.iter().any(|finding| finding.wrong) => {}
        Err(error) => record.findings.push(stopped(&error)?),
    }
    Ok(record)
}

/// What a storage error comes to; any other is told as it is everywhere.
fn stopped(error: &Error) -> Result<Finding, Outcome> {
    let ErrorKind::Storage(storage) = error.kind() else {
        return Err(practice::refused(error));
    };
    let (code, remedy) = match storage {
        StorageError::Corrupt => (
            "register_damaged",
            "Fermez le logiciel et remettez la dernière sauvegarde en place : « dmpkit restore --replace ». « dmpkit salvage » récupère ce qui peut l'être du fichier endommagé.",
        ),
        StorageError::NotOurs => (
            "file_not_ours",
            "Vérifiez les chemins de la configuration et le fichier de la clé (--key-file).",
        ),
        StorageError::CannotOpen | StorageError::Path | StorageError::ReadOnly => (
            "file_closed",
            "Vérifiez les chemins de la configuration, et les droits sur les fichiers et leur dossier.",
        ),
        StorageError::Newer => (
            "file_newer",
            "Mettez à jour cette commande et le logiciel de ce poste.",
        ),
        StorageError::Full => ("disk_full", "Faites de la place sur ce disque."),
        StorageError::Busy => (
            "file_busy",
            "Recommencez quand l'autre programme aura fini.",
        ),
        StorageError::Io | StorageError::Exists => (
            "disk_failing",
            "Faites vérifier ce disque ; sauvegardez ailleurs : « dmpkit backup ».",
        ),
    };
    Ok(wrong(code, practice::of_storage(storage), Some(remedy)))
}

fn wrong(code: &'static str, sentence: &str, remedy: Option<&str>) -> Finding {
    Finding {
        code,
        wrong: true,
        sentence: sentence.to_owned(),
        remedy: remedy.map(str::to_owned),
    }
}

fn advice(code: &'static str, sentence: &str, remedy: Option<&str>) -> Finding {
    Finding {
        wrong: false,
        ..wrong(code, sentence, remedy)
    }
}

/// A journal that was touched is told by its own check, which says where.
fn of_check(check: &Check) -> Vec<Finding> {
    let mut found = Vec::new();
    if check.verdict == Verdict::Damaged {
        let remedy = check
            .remedy
            .map(|remedy| format!("{remedy} (« dmpkit restore --replace », « dmpkit salvage »)"));
        found.push(wrong("register_damaged", check.sentence, remedy.as_deref()));
    }
    if !check.encrypted {
        found.push(advice(
            "register_not_encrypted",
            "Le registre n'est pas chiffré : qui copie le fichier lit les données des patients.",
            Some("« dmpkit rekey » le chiffre."),
        ));
    }
    found
}

fn look(connector: &Connector) -> dmpkit::Result<(SupportBundle, Vec<Finding>)> {
    let bundle = connector.support_bundle()?;
    let sealed = connector.verify_sealed_journal(&SealCheck::default(), &[])?;
    let outbox = connector.audit_outbox(&OutboxFilter {
        limit: Some(1),
        ..OutboxFilter::default()
    })?;
    let unreviewed = connector.emergencies(true)?;
    let mut found = of_journal(&sealed);
    found.extend(of_sending(&bundle, &outbox));
    found.extend(of_way(&bundle, &outbox));
    found.extend(of_emergencies(&unreviewed));
    found.extend(of_file(&bundle));
    Ok((bundle, found))
}

fn of_journal(sealed: &SealedVerification) -> Vec<Finding> {
    let told = sealed.faults.iter();
    let mut found: Vec<Finding> = told
        .map(|fault| wrong("journal_broken", &fault.sentence, Some(fault.remedy)))
        .collect();
    if sealed.seals.register == 0 && sealed.entries > 0 {
        found.push(advice(
            "journal_not_sealed",
            "Le journal n'a aucun scellé : la disparition de ses dernières entrées ne se verrait pas.",
            Some("« dmpkit journal seal », régulièrement, sous une clé gardée ailleurs."),
        ));
    }
    found
}

fn of_sending(bundle: &SupportBundle, outbox: &OutboxAnswer) -> Vec<Finding> {
    let mut found = Vec::new();
    for (since, what, remedy) in [
        (
            outbox.stopped,
            "Tous les envois sont arrêtés",
            "« dmpkit outbox restart » les reprend.",
        ),
        (
            outbox.take_over_stopped,
            "Les reprises d'historique sont arrêtées",
            "« dmpkit outbox restart --take-over » les reprend.",
        ),
    ] {
        if let Some(since) = since {
            let sentence = format!("{what} depuis le {} (UTC).", output::moment(since));
            found.push(wrong("outbox_stopped", &sentence, Some(remedy)));
        }
    }
    for standing in &bundle.outbox_reasons {
        let waits = match standing.state.as_str() {
            "held" => "attendent une personne",
            "dead" => "ont été refusés tels quels et attendent une personne",
            _ => continue,
        };
        let rule = standing.rule.as_deref().unwrap_or("sans règle");
        found.push(wrong(
            "outbox_for_a_person",
            &format!(
                "Envois qui {waits} : {} ({rule}), le plus ancien du {} (UTC).",
                standing.count,
                output::moment(standing.oldest)
            ),
            Some("« dmpkit outbox --state held --state dead » dit pourquoi et quoi faire."),
        ));
    }
    let ready = bundle.outbox_reasons.iter();
    let oldest = ready
        .filter(|s| ["waiting", "unsure"].contains(&s.state.as_str()))
        .map(|s| s.oldest)
        .min();
    // Where it is known why, that is told.
    let explained = outbox.stopped.is_some() || bundle.road_failures > 0;
    if let Some(oldest) = oldest.filter(|_| !explained)
        && oldest.plus_days(LATE_DAYS) < bundle.at
    {
        found.push(wrong(
            "outbox_late",
            &format!(
                "Des envois attendent depuis le {} (UTC), plus d'un jour.",
                output::moment(oldest)
            ),
            Some("Le logiciel vide-t-il la boîte d'envoi ? « dmpkit dispatch » le fait. Une reprise d'historique, elle, part de nuit."),
        ));
    }
    found
}

/// The way to the DMP.
fn of_way(bundle: &SupportBundle, outbox: &OutboxAnswer) -> Vec<Finding> {
    let mut found = Vec::new();
    if bundle.road_failures > 0 {
        let mut sentence = format!(
            "Le DMP ne peut pas être joint : {} essais de suite",
            bundle.road_failures
        );
        let asked = bundle.outbox_reasons.iter();
        let waiting = asked.filter(|s| ["waiting", "unsure"].contains(&s.state.as_str()));
        if let Some(oldest) = waiting.map(|s| s.oldest).min() {
            sentence.push_str(&format!(
                " ; le plus ancien envoi attend depuis le {} (UTC)",
                output::moment(oldest)
            ));
        }
        if let Some(at) = bundle.retry_at {
            sentence.push_str(&format!(
                " ; prochain essai le {} (UTC)",
                output::moment(at)
            ));
        }
        sentence.push('.');
        let why = outbox.reason.as_deref();
        let why = why.and_then(|r| serde_json::from_str::<serde_json::Value>(r.get()).ok());
        let remedy = why
            .as_ref()
            .and_then(|why| why["remedies"][0]["text"].as_str());
        found.push(wrong(
            "dmp_unreachable",
            &sentence,
            Some(remedy.unwrap_or("Vérifiez le réseau de ce poste, l'adresse et la carte ou le certificat. Rien n'est perdu : les envois repartent d'eux-mêmes.")),
        ));
    }
    #[cfg(feature = "national")]
    if let Some(skew) = bundle
        .network
        .and_then(|network| network.clock_skew_seconds)
        && skew.abs() > SKEW_SECONDS
    {
        found.push(wrong(
            "clock_off",
            &format!(
                "L'horloge de ce poste s'écarte de {} secondes de celle du DMP.",
                skew.abs()
            ),
            Some("Réglez l'horloge de ce poste sur un serveur de temps."),
        ));
    }
    found
}

fn of_emergencies(unreviewed: &[EmergencyCase]) -> Vec<Finding> {
    let overdue = unreviewed.iter().filter(|case| case.overdue).count();
    let remedy = Some("« dmpkit journal emergencies » les montre.");
    match (overdue, unreviewed.len()) {
        (0, 0) => Vec::new(),
        (0, waiting) => vec![advice(
            "emergencies_unreviewed",
            &format!("Bris de glace qui attendent leur revue : {waiting}."),
            remedy,
        )],
        (overdue, _) => vec![wrong(
            "emergencies_overdue",
            &format!("Bris de glace dont la revue est en retard : {overdue}."),
            remedy,
        )],
    }
}

fn of_file(bundle: &SupportBundle) -> Vec<Finding> {
    let register = &bundle.register;
    if register.free_bytes < FREE_BYTES || register.free_bytes < register.bytes / 2 {
        return Vec::new();
    }
    let size = |bytes: i64| files::size(u64::try_from(bytes).unwrap_or_default());
    vec![advice(
        "register_mostly_free",
        &format!(
            "Le fichier du registre fait {}, dont {} inutilisés : ils serviront à ce qui sera écrit.",
            size(register.bytes),
            size(register.free_bytes)
        ),
        None,
    )]
}

fn tell(record: &Record) -> io::Result<()> {
    for finding in &record.findings {
        let mark = if finding.wrong { "✗" } else { "·" };
        output::line(&format!("{mark} {}", finding.sentence))?;
        if let Some(remedy) = &finding.remedy {
            output::line(&format!("  → {remedy}"))?;
        }
    }
    if let Some(bundle) = &record.bundle {
        figures(bundle)?;
    }
    match record.findings.iter().filter(|f| f.wrong).count() {
        0 => output::line("Rien d'anormal n'a été trouvé."),
        1 => output::line("1 point est à voir."),
        many => output::line(&format!("{many} points sont à voir.")),
    }
}

/// What is worth knowing when all is well.
fn figures(bundle: &SupportBundle) -> io::Result<()> {
    let counts = &bundle.outbox;
    output::line(&format!(
        "Registre : {} ; journal : {} entrées ; à envoyer : {} ; en attente d'une personne : {} ; envoyés : {}",
        files::size(u64::try_from(bundle.register.bytes).unwrap_or_default()),
        bundle.journal.entries,
        counts.left(),
        counts.held + counts.dead,
        counts.done
    ))?;
    let refused = bundle.endings.iter();
    let refused: Vec<String> = refused
        .filter(|e| ["refused_by_dmp", "failed"].contains(&e.outcome.as_str()))
        .map(|e| {
            format!(
                "{} {} × {}",
                e.action,
                e.rule.as_deref().unwrap_or("?"),
                e.count
            )
        })
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    output::line(&format!(
        "Refusé par le DMP ou échoué, depuis trente jours : {}",
        refused.join(", ")
    ))
}

fn sent(path: &Path) -> io::Result<()> {
    output::line(&format!(
        "Dossier d'assistance : {}. Il ne nomme ni patient, ni personne, ni document, ni chemin : il peut être envoyé.",
        output::name(path)
    ))
}
