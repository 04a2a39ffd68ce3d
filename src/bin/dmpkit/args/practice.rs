//! Arguments of the commands on a practice's files: journal, safekeeping, doctor.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::PAGE;

/// The files of a practice.
#[derive(Args)]
pub struct Practice {
    /// Configuration du cabinet (JSON, schéma config) ; ses chemins partent du dossier courant
    #[arg(long, value_name = "CONFIGURATION", help_heading = "Options ")]
    pub config: PathBuf,
    /// Fichier de la clé, si les fichiers du cabinet sont chiffrés
    #[arg(long, value_name = "CLÉ", help_heading = "Options ")]
    pub key_file: Option<PathBuf>,
}

/// Who acts.
#[derive(Args)]
pub struct Actor {
    /// Professionnel ou structure qui agit (JSON, schéma requester) ; le journal le retient
    #[arg(long, value_name = "PROFESSIONNEL", help_heading = "Options ")]
    pub session: PathBuf,
}

/// Arguments of `journal`.
#[derive(Args)]
#[command(
    next_help_heading = "Options ",
    subcommand_help_heading = "Actions ",
    subcommand_value_name = "ACTION"
)]
pub struct Journal {
    /// What to do.
    #[command(subcommand)]
    pub action: JournalAction,
}

/// Under the actions on seals.
const SEALS: &str = "La clé des scellés se garde ailleurs que le registre : 64 chiffres hexadécimaux sur une ligne (« openssl rand -hex 32 »\n\
    en fait une). Les scellés aussi : un scellé par ligne, tels que --seals les écrit.";

/// What to do with the journal.
#[derive(Subcommand)]
pub enum JournalAction {
    /// Vérifie que rien n'a été modifié, retiré ou déplacé
    #[command(help_template = PAGE, after_help = SEALS)]
    Verify(JournalVerify),
    /// Scelle le journal tel qu'il est : ce qui en serait retiré ensuite se verra
    #[command(help_template = PAGE, after_help = SEALS)]
    Seal(JournalSeal),
    /// Écrit le journal dans un fichier, pour un contrôle
    #[command(help_template = PAGE)]
    Export(JournalExport),
    /// Retire les entrées dont le temps de conservation est passé
    #[command(help_template = PAGE)]
    Prune(JournalPrune),
    /// Montre les bris de glace qui attendent leur revue
    #[command(help_template = PAGE)]
    Emergencies(JournalEmergencies),
}

/// Arguments of `journal verify`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct JournalVerify {
    #[command(flatten)]
    pub practice: Practice,
    /// Clés des scellés, une par ligne ; sans elles, les scellés ne sont pas authentifiés
    #[arg(long, value_name = "CLÉ DES SCELLÉS")]
    pub seal_key: Option<PathBuf>,
    /// Scellés gardés ailleurs, à comparer au registre
    #[arg(long, value_name = "SCELLÉS")]
    pub seals: Option<PathBuf>,
    /// Donne un enregistrement JSON (schéma sealed-verification)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `journal seal`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct JournalSeal {
    #[command(flatten)]
    pub practice: Practice,
    /// Clé des scellés
    #[arg(long, value_name = "CLÉ DES SCELLÉS")]
    pub seal_key: PathBuf,
    /// Fichier auquel ajouter le scellé, à garder ailleurs que le registre
    #[arg(long, value_name = "SCELLÉS")]
    pub seals: Option<PathBuf>,
    /// Donne un enregistrement JSON (schéma seal)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `journal export`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct JournalExport {
    #[command(flatten)]
    pub practice: Practice,
    #[command(flatten)]
    pub actor: Actor,
    /// json : les entrées telles quelles, une par ligne ; fhir : des AuditEvent FHIR R4, un par ligne ; json à défaut
    #[arg(
        long,
        value_name = "FORME",
        value_enum,
        default_value = "json",
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub format: Form,
    /// À partir de ce jour, compris (AAAA-MM-JJ, UTC)
    #[arg(long, value_name = "DATE")]
    pub from: Option<String>,
    /// Jusqu'à ce jour, compris (AAAA-MM-JJ, UTC)
    #[arg(long, value_name = "DATE")]
    pub to: Option<String>,
    /// Seulement ce patient : son INS, « matricule OID »
    #[arg(long, value_name = "INS")]
    pub patient: Option<String>,
    /// Seulement cette action : document.read, access.open…
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,
    /// Où écrire ; un fichier qui n'existe pas encore
    #[arg(long, short = 'o', value_name = "FICHIER")]
    pub output: PathBuf,
    /// Donne un compte rendu JSON (schéma journal-export)
    #[arg(long)]
    pub json: bool,
}

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// JSON Lines.
    Json,
    /// AuditEvent.
    Fhir,
}

/// Arguments of `journal prune`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct JournalPrune {
    #[command(flatten)]
    pub practice: Practice,
    #[command(flatten)]
    pub actor: Actor,
    /// Retire les entrées antérieures à ce jour (AAAA-MM-JJ, UTC)
    #[arg(long, value_name = "DATE")]
    pub before: String,
    /// Pourquoi : la règle de conservation du cabinet ; le journal la retient
    #[arg(long, value_name = "MOTIF")]
    pub reason: String,
    /// Donne un enregistrement JSON (schéma pruned)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `journal emergencies`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct JournalEmergencies {
    #[command(flatten)]
    pub practice: Practice,
    /// Montre aussi ceux qui ont été revus
    #[arg(long)]
    pub all: bool,
    /// Donne un enregistrement JSON (schéma emergencies)
    #[arg(long)]
    pub json: bool,
}

/// Under `backup`.
pub const BACKUP: &str =
    "Elle est chiffrée comme le registre, et vérifiée. « dmpkit restore » la remet en place.";

/// Under `restore`.
pub const RESTORE: &str = "Fermez d'abord le logiciel. La sauvegarde est vérifiée avant tout ; sa clé est celle du registre qu'elle copie. Ce qui\n\
    attendait d'être envoyé est d'abord demandé au DMP : rien n'est déposé deux fois.";

/// Under `rekey`.
pub const REKEY: &str = "Fermez d'abord le logiciel, et gardez l'ancienne clé jusqu'à la fin. Interrompue, la même commande termine. Une clé\n\
    perdue l'est avec les fichiers : gardez-en une copie ailleurs. Les sauvegardes faites avant gardent leur clé.";

/// Under `salvage`.
pub const SALVAGE: &str = "Fermez d'abord le logiciel. Le registre n'est que lu. Le fichier a un enregistrement JSON par ligne, et nomme des\n\
    patients en clair, même si le registre est chiffré : gardez-le comme le registre.";

/// Arguments of `backup`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Backup {
    #[command(flatten)]
    pub practice: Practice,
    /// Où écrire ; un fichier qui n'existe pas encore
    #[arg(long, short = 'o', value_name = "SAUVEGARDE")]
    pub output: PathBuf,
    /// Donne un enregistrement JSON (schéma backup-answer)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `restore`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Restore {
    /// Sauvegarde à remettre en place ; elle n'est que lue
    #[arg(value_name = "SAUVEGARDE", help_heading = "Arguments ")]
    pub backup: PathBuf,
    #[command(flatten)]
    pub practice: Practice,
    /// Met de côté le registre qui s'y trouve, au lieu de s'arrêter
    #[arg(long)]
    pub replace: bool,
    /// Donne un enregistrement JSON (schéma backup-answer)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `rekey`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Rekey {
    /// Configuration du cabinet (JSON, schéma config) ; ses chemins partent du dossier courant
    #[arg(long, value_name = "CONFIGURATION")]
    pub config: PathBuf,
    /// Fichier de la clé actuelle ; aucun si les fichiers ne sont pas encore chiffrés
    #[arg(long, value_name = "CLÉ")]
    pub old_key_file: Option<PathBuf>,
    /// Fichier de la nouvelle clé : 64 chiffres hexadécimaux, ou une phrase, sur une ligne
    #[arg(long, value_name = "CLÉ")]
    pub key_file: PathBuf,
    /// Donne un enregistrement JSON (schéma rekey-answer)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `salvage`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Salvage {
    #[command(flatten)]
    pub practice: Practice,
    /// Un autre registre que celui de la configuration : celui qu'une restauration a mis de côté
    #[arg(long, value_name = "REGISTRE")]
    pub register: Option<PathBuf>,
    /// Où écrire, EN CLAIR ; un fichier qui n'existe pas encore
    #[arg(long, short = 'o', value_name = "FICHIER")]
    pub output: PathBuf,
    /// Donne un enregistrement JSON (schéma salvage-report)
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `doctor`.
#[derive(Args)]
#[command(next_help_heading = "Options ")]
pub struct Doctor {
    #[command(flatten)]
    pub practice: Practice,
    /// Où écrire le dossier d'assistance, qui peut être envoyé ; un fichier qui n'existe pas encore
    #[arg(long, short = 'o', value_name = "FICHIER")]
    pub output: Option<PathBuf>,
    /// Donne le même dossier d'assistance sur la sortie standard
    #[arg(long)]
    pub json: bool,
}
