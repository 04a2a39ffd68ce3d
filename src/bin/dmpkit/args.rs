//! The command's arguments, their help, and their errors, in French.

mod documents;
mod practice;
mod sending;
#[cfg(feature = "simulator")]
mod simulator;

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use documents::{Check, Codes, Metadata, Pack, Render, Wrap};
pub use practice::{
    Backup, Doctor, Form, Journal, JournalAction, JournalEmergencies, JournalExport, JournalPrune,
    JournalSeal, JournalVerify, Practice, Rekey, Restore, Salvage,
};
pub use sending::{Dispatch, Outbox, OutboxAction, Seen, TakeOver};
#[cfg(feature = "simulator")]
pub use simulator::Simulator;

use crate::USAGE;

/// Headings end with a space: French puts one before the colon that follows them.
const PAGE: &str = "{about}\n\nUtilisation : {usage}\n\n{all-args}{after-help}\n";

/// The first page of the help: the commands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Documents",
        &["check", "metadata", "wrap", "render", "codes"],
    ),
    ("Envois d'un cabinet", &["outbox", "dispatch", "takeover"]),
    (
        "Journal et fichiers d'un cabinet",
        &["journal", "backup", "restore", "rekey", "salvage", "doctor"],
    ),
    ("Essais", &["simulator"]),
];

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "dmpkit",
    version,
    about = "Vérifie, fabrique et montre les documents du DMP (CDA R2) ; envoie ceux d'un cabinet, contrôle son journal et garde ses fichiers.",
    subcommand_value_name = "COMMANDE",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = "« dmpkit COMMANDE --help » dit le détail de chacune.\n\
                  Code de sortie : 0 rien à corriger, 1 au moins un point à corriger, 2 commande mal écrite, 3 fichier\n\
                  illisible ou impossible à écrire. « - » désigne l'entrée standard."
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Affiche cette aide
    #[arg(long, short = 'h', action = ArgAction::Help, global = true, help_heading = "Options ")]
    help: Option<bool>,
    /// Affiche la version
    #[arg(long, short = 'V', action = ArgAction::Version, help_heading = "Options ")]
    version: Option<bool>,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Vérifie des documents avant leur dépôt et dit quoi corriger
    #[command(help_template = PAGE)]
    Check(Check),
    /// Donne les métadonnées sous lesquelles le DMP classera un document
    #[command(help_template = PAGE)]
    Metadata(Metadata),
    /// Fait d'un PDF, texte, RTF, JPEG ou TIFF un document que le DMP accepte
    #[command(help_template = PAGE)]
    Wrap(Wrap),
    /// Montre un document : texte, page HTML autonome, ou fichier qu'il porte
    #[command(help_template = PAGE)]
    Render(Render),
    /// Liste les nomenclatures, ou les codes de l'une d'elles
    #[command(help_template = PAGE)]
    Codes(Codes),
    /// Montre la boîte d'envoi d'un cabinet, relance, abandonne, arrête les envois
    #[command(help_template = PAGE)]
    Outbox(Outbox),
    /// Envoie ce qui attend dans la boîte d'envoi d'un cabinet
    #[command(help_template = PAGE)]
    Dispatch(Dispatch),
    /// Confie à l'envoi les documents passés d'un dossier (reprise d'historique)
    #[command(help_template = PAGE, after_help = sending::TAKE_OVER)]
    Takeover(TakeOver),
    /// Vérifie, scelle, exporte, purge le journal d'un cabinet ; montre les bris de glace à revoir
    #[command(help_template = PAGE)]
    Journal(Journal),
    /// Sauvegarde le registre d'un cabinet, même pendant qu'il sert
    #[command(help_template = PAGE, after_help = practice::BACKUP)]
    Backup(Backup),
    /// Remet une sauvegarde à la place du registre
    #[command(help_template = PAGE, after_help = practice::RESTORE)]
    Restore(Restore),
    /// Chiffre les fichiers d'un cabinet, ou change leur clé
    #[command(help_template = PAGE, after_help = practice::REKEY)]
    Rekey(Rekey),
    /// Récupère ce qui peut l'être d'un registre endommagé
    #[command(help_template = PAGE, after_help = practice::SALVAGE)]
    Salvage(Salvage),
    /// Dit ce qui ne va pas dans un cabinet et quoi faire ; prépare un dossier d'assistance sans donnée de patient
    #[command(help_template = PAGE)]
    Doctor(Doctor),
    /// Fait répondre sur ce poste un DMP d'essai qui parle les protocoles nationaux
    #[cfg(feature = "simulator")]
    #[command(help_template = PAGE, after_help = crate::simulator::after_help())]
    Simulator(Simulator),
}

/// Reads the command line; help, version and errors are shown here and give the exit code.
pub fn parse() -> Result<Arguments, ExitCode> {
    let parsed = command()
        .try_get_matches()
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    parsed.map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            print!("{}", error.render());
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            eprint!("{}", error.render());
            ExitCode::from(USAGE)
        }
        _ => {
            crate::output::complain(&sentence(&error));
            eprintln!("« dmpkit --help » dit comment l'utiliser.");
            ExitCode::from(USAGE)
        }
    })
}

/// The whole command, with its first page.
fn command() -> clap::Command {
    let command = Arguments::command();
    let page = first_page(&command);
    command.help_template(page)
}

/// The template of the first page: what each command says of itself, by group.
fn first_page(command: &clap::Command) -> String {
    let mut page = String::from("{about}\n\nUtilisation : {usage}\n\n");
    for (group, names) in GROUPS {
        let lines: Vec<String> = names
            .iter()
            .filter_map(|name| command.find_subcommand(name))
            .map(|c| {
                let about = c.get_about().map(ToString::to_string);
                format!("  {:<9}  {}\n", c.get_name(), about.unwrap_or_default())
            })
            .collect();
        if !lines.is_empty() {
            page.push_str(&format!("{group} :\n{}\n", lines.concat()));
        }
    }
    page.push_str("Options :\n{options}{after-help}\n");
    page
}

/// What is wrong with the command line, in French.
fn sentence(error: &clap::Error) -> String {
    let of = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = of(ContextKind::InvalidArg);
    match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("Il manque {argument}."),
        ErrorKind::MissingSubcommand => "Il manque une commande.".to_owned(),
        ErrorKind::UnknownArgument => format!("L'option {argument} n'existe pas ici."),
        ErrorKind::InvalidSubcommand => {
            format!(
                "La commande {} n'existe pas.",
                of(ContextKind::InvalidSubcommand)
            )
        }
        ErrorKind::ArgumentConflict => {
            format!("{argument} ne va pas avec {}.", of(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if of(ContextKind::InvalidValue).is_empty() => {
            format!("{argument} attend une valeur.")
        }
        ErrorKind::InvalidUtf8 => "Un argument n'est pas en UTF-8.".to_owned(),
        _ => {
            format!("La commande est mal écrite {argument}")
                .trim_end()
                .to_owned()
                + "."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_page_shows_every_command_once() {
        let command = Arguments::command();
        let page = first_page(&command);
        for one in command.get_subcommands() {
            let line = format!("\n  {:<9}  ", one.get_name());
            assert_eq!(page.matches(&line).count(), 1, "{line:?} in {page}");
        }
    }

    #[test]
    fn every_page_of_the_help_is_in_french() {
        let mut open = vec![command()];
        let mut pages = 0;
        while let Some(mut command) = open.pop() {
            command.build();
            let page = command.render_help().to_string();
            for english in [
                "Usage",
                "Commands",
                "Options:",
                "Arguments:",
                "[default",
                "[possible",
                "Print",
            ] {
                assert!(!page.contains(english), "{english}: {page}");
            }
            let actions = command.get_subcommands().cloned();
            open.extend(actions);
            pages += 1;
        }
        assert!(pages > 20, "{pages}");
    }
}
