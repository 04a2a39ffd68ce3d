//! Arguments of the commands that send: outbox, dispatch, take-over.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{PAGE, Practice};

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
    /// Fichier de la clé, si les fichiers du cabinet sont chiffrés
    #[arg(long, value_name = "CLÉ", global = true)]
    pub key_file: Option<PathBuf>,
    /// Seulement cet état, plusieurs fois au besoin : waiting, sending, unsure, asking, held, dead, cancelled, done
    #[arg(long, value_name = "ÉTAT")]
    pub state: Vec<String>,
    /// Donne un enregistrement JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What taking back does, under its options.
const RECOVER: &str = "Les identifiants sont ceux d'alors : le DMP est interrogé avant chaque envoi, et rien n'y arrive deux fois. Ce qui est\n\
    déjà connu est passé : la commande se relance. Chaque professionnel reprend ce qui est à lui.";

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
    /// Confie à nouveau ce que le professionnel avait confié dans un registre mis de côté ou abîmé
    #[command(help_template = PAGE, after_help = RECOVER)]
    Recover {
        /// Fichier écrit par « dmpkit salvage »
        #[arg(value_name = "FICHIER", help_heading = "Arguments ")]
        file: PathBuf,
        /// Dit ce qui serait confié, sans rien écrire
        #[arg(long, help_heading = "Options ")]
        dry_run: bool,
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
    #[command(flatten)]
    pub practice: Practice,
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
pub const TAKE_OVER: &str = "Un document part s'il est lisible et conforme, si son patient est enregistré, a une INS qualifiée et ne s'y oppose\n\
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
    #[command(flatten)]
    pub practice: Practice,
    /// Professionnel ou structure au nom de qui les documents partent (JSON, schéma requester)
    #[arg(long, value_name = "PROFESSIONNEL")]
    pub session: PathBuf,
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
