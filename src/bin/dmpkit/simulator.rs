//! `dmpkit simulator`: a DMP that speaks the national protocols, on this machine.

use std::io;
use std::path::{Path, PathBuf};

use dmpkit::dmp::national::keys::file_stem;
use dmpkit::simulator::{
    ClockSetting, Kind, Misbehaviour, Options, Script, Simulator, StartError, cards,
};
use serde::Serialize;

use crate::args::Simulator as Command;
use crate::{Outcome, files, output};

/// What a machine reads when the simulator is ready.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'a> {
    url: String,
    address: String,
    authority: String,
    cards: String,
    dmp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    script_played: bool,
    control: String,
    /// The `dmp` member of a connector's configuration.
    configuration: serde_json::Value,
    misbehaviours: &'a [Misbehaviour],
}

/// The end of the help: the failures, and how to start.
pub fn after_help() -> String {
    let mut text = "Pannes :\n".to_owned();
    for kind in Kind::ALL {
        text.push_str(&format!("  {:<20} {}\n", kind.name(), kind.french()));
    }
    text.push_str(
        "\nExemple :\n  dmpkit simulator --dmp essai.db --listen 127.0.0.1:8443 --log echanges.jsonl\n\
         Au démarrage sont affichées les adresses et les cartes d'essai à donner au connecteur.",
    );
    text
}

/// Runs until the process is ended.
pub fn run(command: &Command) -> io::Result<Outcome> {
    let options = match options(command) {
        Ok(options) => options,
        Err(outcome) => return Ok(outcome),
    };
    let simulator = match Simulator::start(options.clone()) {
        Ok(simulator) => simulator,
        Err(error) => return Ok(refuse(command, &error)),
    };
    // A connector is rarely started in the same folder.
    let place = |path: PathBuf| {
        std::path::absolute(&path)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let authority = place(options.certificates.join("ca.pem"));
    let cards = place(options.certificates.join("cards"));
    let ready = Ready {
        configuration: serde_json::json!({"national": {
            "url": simulator.url(),
            "network": {"trust": {"path": authority}},
            "keys": [{"cards": cards}],
            "feedsPerSecond": 0,
            "simulator": true,
        }}),
        url: simulator.url(),
        address: simulator.address().to_string(),
        authority,
        cards,
        dmp: options.dmp.display().to_string(),
        log: options.log.as_ref().map(|path| path.display().to_string()),
        script_played: simulator.script_was_played(),
        control: format!("https://localhost:{}/simulator", simulator.address().port()),
        misbehaviours: &options.misbehaviours,
    };
    if command.json {
        output::record(&ready)?;
    } else {
        tell(&ready, command)?;
    }
    simulator.wait();
    Ok(Outcome::Good)
}

/// The options, or how the command ends without them: every file is read before anything starts.
fn options(command: &Command) -> Result<Options, Outcome> {
    let clock = ClockSetting::parse(&command.clock).map_err(|_| {
        output::complain(
            "--clock attend « system », « follow » ou un instant tel que 2026-03-02T09:00:00Z.",
        );
        Outcome::ToCorrect
    })?;
    let mut misbehaviours = Vec::new();
    for text in &command.misbehave {
        misbehaviours.push(Misbehaviour::parse(text).map_err(|_| {
            output::complain(
                "--misbehave attend SORTE[:TRANSACTION][:FOIS|always][:SECONDESs], par exemple \
                 cut_after_commit:TD2.1:2. « dmpkit simulator --help » liste les sortes.",
            );
            Outcome::ToCorrect
        })?);
    }
    let script = match &command.script {
        None => None,
        Some(path) => Some(script(path)?),
    };
    if let Some(folder) = &command.messages {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        output::complain(
            "Attention : les messages complets conservés contiennent les données des patients. \
             N'utilisez que des patients fictifs.",
        );
    }
    Ok(Options {
        listen: command.listen.clone(),
        dmp: command.dmp.clone(),
        certificates: command.certificates.clone(),
        script,
        log: command.log.clone(),
        clock,
        misbehaviours,
        messages: command.messages.clone(),
        ..Options::default()
    })
}

fn script(path: &Path) -> Result<Script, Outcome> {
    let bytes = files::read(path).map_err(|error| output::unread(path, &error))?;
    let text = String::from_utf8_lossy(&bytes);
    let folder = path.parent().unwrap_or(Path::new("."));
    Script::from_json(text.trim_start_matches('\u{FEFF}'), folder).map_err(|error| {
        output::complain(&format!(
            "{} n'est pas un scénario : {error}.",
            output::name(path)
        ));
        Outcome::ToCorrect
    })
}

fn unwritable(path: &Path, error: &io::Error) -> Outcome {
    output::complain(&format!(
        "{} ne peut pas être écrit : {}.",
        output::name(path),
        files::reason(error)
    ));
    Outcome::File
}

/// Says why it does not start, and what to do.
fn refuse(command: &Command, error: &StartError) -> Outcome {
    match error {
        StartError::Listen(_) => output::complain(&format!(
            "L'adresse {} ne peut pas être utilisée : choisissez un autre port, ou 0 pour un port libre.",
            command.listen
        )),
        StartError::Script { step, error } => {
            output::complain(&format!("Scénario, étape {step} : {error}."));
            if let Some(refusal) = error.refusal() {
                output::complain(&format!("  {}", refusal.explanation.sentence));
                let findings = &refusal.findings;
                findings
                    .iter()
                    .for_each(|f| output::complain(&output::lines(f)));
            }
            output::complain(
                "Corrigez le scénario, supprimez le fichier du DMP (des étapes y sont déjà faites), puis recommencez.",
            );
            return Outcome::ToCorrect;
        }
        StartError::Dmp(error) => output::complain(&format!(
            "Le fichier du DMP {} ne convient pas : {error}.",
            output::name(&command.dmp)
        )),
        StartError::Certificates(_) => output::complain(&format!(
            "Le dossier des certificats {} ne convient pas ({error}) : donnez-en un autre, qui sera créé.",
            output::name(&command.certificates)
        )),
        error => output::complain(&format!("Le simulateur ne démarre pas : {error}.")),
    }
    Outcome::File
}

/// What to point a connector at.
fn tell(ready: &Ready<'_>, command: &Command) -> io::Result<()> {
    output::line(&format!(
        "Le simulateur de DMP répond sur {}. Ctrl+C l'arrête.\n",
        ready.address
    ))?;
    output::line(&format!(
        "  Services      {}\n  Autorité      {}\n  Cartes        {}\n  Fichier DMP   {}",
        ready.url, ready.authority, ready.cards, ready.dmp
    ))?;
    for (place, who) in known(Path::new(&ready.cards)) {
        output::line(&format!("  Carte         {place} : {who}"))?;
    }
    match &ready.log {
        Some(log) => output::line(&format!("  Journal       {log}"))?,
        None => output::line("  Journal       aucun (--log FICHIER pour le garder)")?,
    }
    output::line(&format!(
        "  Pilotage      {} (holder, clock, misbehave, log ; propre au simulateur)",
        ready.control
    ))?;
    if command.script.is_some() && !ready.script_played {
        output::line(
            "\nLe fichier du DMP existait déjà : les étapes du scénario n'ont pas été rejouées.",
        )?;
    }
    for one in ready.misbehaviours {
        output::line(&format!("  Panne prévue  {}", one.kind.french()))?;
    }
    let configuration = serde_json::to_string_pretty(&ready.configuration)?;
    output::line(&format!(
        "\nConfiguration d'un connecteur dmpkit, membre « dmp » :\n{configuration}"
    ))?;
    output::line(
        "\nCes certificats sont d'essai et ne valent rien ailleurs : n'utilisez que des patients fictifs.",
    )
}

/// The demonstration's holders who have their cards in this folder: the name of the files, and who it is.
fn known(folder: &Path) -> Vec<(String, String)> {
    let described = cards::demonstration().into_iter().filter_map(|requester| {
        let (id, who) = match &requester.professional {
            Some(p) => (p.id.as_str(), format!("{} {}", p.given, p.family)),
            None => (
                requester.structure.id.as_str(),
                requester.structure.name.clone(),
            ),
        };
        let stem = file_stem(id)?;
        let issued = folder.join(format!("{stem}.auth.pem")).exists();
        issued.then_some((stem, who))
    });
    described.collect()
}
