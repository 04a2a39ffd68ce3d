//! The command's arguments, their help, and their errors, in French.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::USAGE;

/// Headings end with a space: French puts one before the colon that follows them.
const PAGE: &str = "{about}\n\nUtilisation : {usage}\n\n{all-args}{after-help}\n";

/// The whole command line.
#[derive(Parser)]
#[command(
    name = "dmpkit",
    version,
    about = "Vérifie, fabrique et montre les documents du DMP (CDA R2), reprend ceux du passé, suit et vide la boîte d'envoi.",
    help_template = PAGE,
    subcommand_help_heading = "Commandes ",
    subcommand_value_name = "COMMANDE",
    disable_help_subcommand = true,
    disable_help_flag = true,
    disable_version_flag = true,
    after_help = "\nCode de sortie : 0 rien à corriger, 1 au moins un point à corriger, 2 commande mal écrite, 3 fichier\n\
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
    #[command(help_template = PAGE, after_help = TAKE_OVER)]
    Takeover(TakeOver),
    /// Fait répondre sur ce poste un DMP d'essai qui parle les protocoles nationaux
    #[cfg(feature = "simulator")]
    #[command(help_template = PAGE, after_help = crate::simulator::after_help())]
    Simulator(Simulator),
}

/// Arguments of `check`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Check {
    /// Documents CDA
    #[arg(required = true, value_name = "FICHIER", help_heading = "Arguments ")]
    pub files: Vec<PathBuf>,
    /// Échoue aussi (code 1) sur ce qui n'est contraire qu'au CI-SIS
    #[arg(long)]
    pub strict: bool,
    /// Donne un enregistrement JSON par document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pack: Pack,
}

/// Arguments of `metadata`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Metadata {
    /// Documents CDA
    #[arg(required = true, value_name = "FICHIER", help_heading = "Arguments ")]
    pub files: Vec<PathBuf>,
    /// Donne un enregistrement JSON par document
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pack: Pack,
}

/// Arguments of `wrap`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Wrap {
    /// PDF, texte, RTF, JPEG ou TIFF
    #[arg(value_name = "FICHIER", help_heading = "Arguments ")]
    pub file: PathBuf,
    /// Contexte du document : patient, auteurs, structure, type, dates… (JSON, schéma wrap-context)
    #[arg(long, value_name = "CONTEXTE")]
    pub context: PathBuf,
    /// Où écrire le document ; sortie standard à défaut
    #[arg(long, short = 'o', value_name = "DOCUMENT")]
    pub output: Option<PathBuf>,
    /// Remplace le fichier de sortie s'il existe
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Donne un compte rendu JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pack: Pack,
}

/// Arguments of `render`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Render {
    /// Document CDA
    #[arg(value_name = "FICHIER", help_heading = "Arguments ")]
    pub file: PathBuf,
    /// Page HTML autonome (par défaut vers un fichier)
    #[arg(long, group = "form")]
    pub html: bool,
    /// Texte seul (par défaut vers un terminal)
    #[arg(long, group = "form")]
    pub text: bool,
    /// Le fichier que porte le document : copie PDF, PDF, image ou texte
    #[arg(long, group = "form")]
    pub embedded: bool,
    /// Dit seulement ce qui peut être montré, en JSON
    #[arg(long, group = "form")]
    pub json: bool,
    /// Où écrire ; sortie standard à défaut
    #[arg(long, short = 'o', value_name = "SORTIE")]
    pub output: Option<PathBuf>,
    /// Remplace le fichier de sortie s'il existe
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// Arguments of `codes`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Codes {
    /// Nomenclature, par son nom ou le début de son nom (JDV_J66), ou par son OID ; sans elle, toutes sont listées
    #[arg(value_name = "NOMENCLATURE", help_heading = "Arguments ")]
    pub set: Option<String>,
    /// Ne garde que les codes dont le code ou le libellé contient ce texte
    #[arg(long, value_name = "TEXTE", requires = "set")]
    pub find: Option<String>,
    /// Codes en vigueur à cette date (AAAAMMJJ)
    #[arg(long, value_name = "DATE")]
    pub at: Option<String>,
    /// Donne un enregistrement JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub pack: Pack,
}

/// Arguments of `outbox`.
#[derive(Args)]
#[command(
    next_help_heading = "Options ",
    subcommand_help_heading = "Actions ",
    subcommand_value_name = "ACTION"
)]
pub struct Outbox {
    /// What to do; lists when absent.
    #[command(subcommand)]
    pub action: Option<OutboxAction>,
    /// Configuration du cabinet (JSON, schéma config) ; ses chemins partent du dossier courant
    #[arg(long, value_name = "CONFIGURATION", global = true)]
    pub config: Option<PathBuf>,
    /// Professionnel ou structure qui agit (JSON, schéma requester) ; sans lui, la liste est celle de tout le cabinet
    #[arg(long, value_name = "PROFESSIONNEL", global = true)]
    pub session: Option<PathBuf>,
    /// Seulement cet état, plusieurs fois au besoin : waiting, sending, unsure, asking, held, dead, cancelled, done
    #[arg(long, value_name = "ÉTAT")]
    pub state: Vec<String>,
    /// Donne un enregistrement JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the outbox; each needs a session.
#[derive(Subcommand)]
pub enum OutboxAction {
    /// Abandonne un envoi du professionnel
    #[command(help_template = PAGE)]
    GiveUp {
        /// Numéro de l'envoi
        #[arg(value_name = "NUMÉRO", help_heading = "Arguments ")]
        number: i64,
    },
    /// Relance un envoi du professionnel ; le DMP est d'abord interrogé
    #[command(help_template = PAGE)]
    Resend {
        /// Numéro de l'envoi
        #[arg(value_name = "NUMÉRO", help_heading = "Arguments ")]
        number: i64,
    },
    /// Arrête les envois du cabinet, sur tous ses postes
    #[command(help_template = PAGE)]
    Stop {
        /// Seulement les reprises d'historique
        #[arg(long, help_heading = "Options ")]
        take_over: bool,
    },
    /// Reprend les envois
    #[command(help_template = PAGE)]
    Restart {
        /// Seulement les reprises d'historique
        #[arg(long, help_heading = "Options ")]
        take_over: bool,
    },
}

/// Arguments of `dispatch`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Dispatch {
    /// Configuration du cabinet (JSON, schéma config) ; ses chemins partent du dossier courant
    #[arg(long, value_name = "CONFIGURATION")]
    pub config: PathBuf,
    /// Nombre d'essais au plus
    #[arg(long, value_name = "NOMBRE")]
    pub max_items: Option<u32>,
    /// Durée au plus, en secondes
    #[arg(long, value_name = "SECONDES")]
    pub max_seconds: Option<u32>,
    /// Continue tant que quelque chose doit partir de soi-même, en attendant l'heure de chaque essai
    #[arg(long)]
    pub wait: bool,
    /// Heure locale moins heure UTC, en minutes, pour les heures des reprises d'historique ; 60 à défaut
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 60,
        hide_default_value = true,
        allow_negative_numbers = true
    )]
    pub utc_offset: i32,
    /// Donne un enregistrement JSON
    #[arg(long)]
    pub json: bool,
}

/// What a take-over does, under its options.
const TAKE_OVER: &str = "\nUn document part s'il est lisible et conforme, si son patient est enregistré, a une INS qualifiée et ne s'y oppose\n\
    pas, si la structure est parmi ses auteurs et s'il n'a pas déjà été confié. Il n'est jamais modifié. La commande peut\n\
    être interrompue et relancée : ce qui est réglé est reconnu à son contenu.\n\
    Avec --json : un enregistrement par fichier à revoir, puis le compte rendu (schéma takeover-report).";

/// Arguments of `takeover`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct TakeOver {
    /// Dossier, parcouru avec ses sous-dossiers, ou fichiers
    #[arg(required = true, value_name = "DOSSIER", help_heading = "Arguments ")]
    pub paths: Vec<PathBuf>,
    /// Configuration du cabinet (JSON, schéma config)
    #[arg(long, value_name = "CONFIGURATION")]
    pub config: PathBuf,
    /// Professionnel ou structure au nom de qui les documents partent (JSON, schéma requester)
    #[arg(long, value_name = "PROFESSIONNEL")]
    pub session: PathBuf,
    /// Fichier de la clé, si les fichiers du cabinet sont chiffrés
    #[arg(long, value_name = "CLÉ")]
    pub key_file: Option<PathBuf>,
    /// Actes à partir de ce jour, compris (AAAA-MM-JJ)
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Actes jusqu'à ce jour, compris (AAAA-MM-JJ)
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Seulement ce type de document (JDV_J66), plusieurs fois au besoin
    #[arg(long = "type", value_name = "CODE", id = "type")]
    pub types: Vec<String>,
    /// Seulement les documents de cet auteur (identifiant national), plusieurs fois au besoin
    #[arg(long = "author", value_name = "IDENTIFIANT", id = "author")]
    pub authors: Vec<String>,
    /// Patients à écarter, décédés notamment : un INS par ligne, matricule et OID
    #[arg(long, value_name = "LISTE")]
    pub exclude: Option<PathBuf>,
    /// Pour les mineurs : si les représentants légaux voient les documents (visible ou invisible)
    #[arg(long, value_name = "CHOIX", value_enum, hide_possible_values = true)]
    pub representatives: Option<Seen>,
    /// La structure n'est pas une personne morale : elle n'a pas à être elle-même auteur
    #[arg(long)]
    pub no_legal_person: bool,
    /// Documents à confier au plus
    #[arg(long, value_name = "NOMBRE")]
    pub limit: Option<u64>,
    /// Dit ce qui serait fait, sans rien écrire
    #[arg(long)]
    pub dry_run: bool,
    /// Juge à nouveau ce qu'une reprise précédente a réglé
    #[arg(long)]
    pub again: bool,
    /// Donne des enregistrements JSON
    #[arg(long)]
    pub json: bool,
}

/// What the legal representatives of a minor see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Seen {
    /// The documents.
    Visible,
    /// Nothing of them.
    Invisible,
}

/// Arguments of `simulator`.
#[cfg(feature = "simulator")]
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Simulator {
    /// Fichier du DMP, créé s'il n'existe pas
    #[arg(long, value_name = "FICHIER")]
    pub dmp: PathBuf,
    /// Adresse et port ; le port 0 en prend un libre
    #[arg(
        long,
        value_name = "ADRESSE",
        default_value = "127.0.0.1:8443",
        hide_default_value = true
    )]
    pub listen: String,
    /// Dossier des certificats et des cartes, créé s'il n'existe pas
    #[arg(
        long,
        value_name = "DOSSIER",
        default_value = "certificats",
        hide_default_value = true
    )]
    pub certificates: PathBuf,
    /// Scénario de départ : dossiers, choix des patients, documents (JSON)
    #[arg(long, value_name = "SCÉNARIO")]
    pub script: Option<PathBuf>,
    /// Fichier où noter les échanges, sans donnée de patient (JSON Lines)
    #[arg(long, value_name = "JOURNAL")]
    pub log: Option<PathBuf>,
    /// Présent du DMP : system, follow (celui des appels reçus) ou un instant
    #[arg(
        long,
        value_name = "HORLOGE",
        default_value = "system",
        hide_default_value = true
    )]
    pub clock: String,
    /// Panne à simuler, plusieurs fois au besoin : SORTE[:TRANSACTION][:FOIS|always][:SECONDESs]
    #[arg(long, value_name = "PANNE", allow_hyphen_values = true)]
    pub misbehave: Vec<String>,
    /// Dossier où garder les messages complets, qui CONTIENNENT LES DONNÉES DES PATIENTS
    #[arg(long, value_name = "DOSSIER")]
    pub messages: Option<PathBuf>,
    /// Donne les adresses en JSON, une fois prêt
    #[arg(long)]
    pub json: bool,
}

/// A terminology pack newer than what is built in.
#[derive(Args)]
pub struct Pack {
    /// Nomenclatures plus récentes que celles de cette version (JSON)
    #[arg(
        long,
        value_name = "NOMENCLATURES",
        id = "pack",
        help_heading = "Options"
    )]
    pub pack: Option<PathBuf>,
}

/// Reads the command line; help, version and errors are shown here and give the exit code.
pub fn parse() -> Result<Arguments, ExitCode> {
    let command = Arguments::command();
    let parsed = command
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
