//! Arguments of the simulator.

use std::path::PathBuf;

use clap::Args;

/// Arguments of `simulator`.
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
