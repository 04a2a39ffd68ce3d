//! Arguments of the commands on documents and value sets.

use std::path::PathBuf;

use clap::Args;

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
