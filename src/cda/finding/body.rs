//! The body of a document and the files it holds.

use super::{Rule, SETS, Severity};

/// The body, in the CI-SIS.
const BODY: &str = "ANS, CI-SIS, Structuration minimale, 3.7.2";
/// What a PDF must be.
const PDF: &str = "ANS, CI-SIS, Structuration minimale, 3.7.2 : PDF/A-1 (ISO 19005-1)";

rules! {
    EMPTY = "CDA-BODY-EMPTY", Blocking, BODY,
        "Le fichier joint est vide : joignez le fichier.";
    NO_SECTION = "CDA-BODY-NOSECTION", Nonconforming, BODY,
        "Le corps structuré n'a aucune section : ajoutez le contenu du document.";
    BASE64 = "CDA-BODY-BASE64", Blocking, BODY,
        "Le fichier joint n'est pas en base64 : produisez-le de nouveau.";
    REPRESENTATION = "CDA-BODY-REPRESENTATION", Nonconforming, BODY,
        "Le fichier joint n'annonce pas qu'il est en base64 : mettez B64 à l'attribut representation.";
    MEDIA_DIFFERS = "CDA-BODY-MEDIA", Blocking, BODY,
        "Le fichier joint n'est pas du type annoncé (mediaType) : corrigez le type ou joignez le bon fichier.";
    MEDIA_CASE = "CDA-BODY-MEDIA-CASE", Advice, SETS,
        "Le type du fichier joint (mediaType) s'écrit en minuscules, sans paramètre : corrigez-le.";
    ATTACHED_BROKEN = "CDA-ATTACHED-BROKEN", Nonconforming, BODY,
        "Un fichier contenu dans le corps structuré est vide, coupé ou n'est pas en base64 : joignez-le de nouveau.";
    ATTACHED_MEDIA = "CDA-ATTACHED-MEDIA", Nonconforming, BODY,
        "Un fichier contenu dans le corps structuré n'est pas du type annoncé (mediaType) : corrigez le type ou joignez le bon fichier.";
    PDF_TRUNCATED = "CDA-PDF-TRUNCATED", Blocking, PDF,
        "Le PDF joint est coupé avant sa fin : il ne s'ouvrira pas, joignez-le de nouveau.";
    PDF_ENCRYPTED = "CDA-PDF-ENCRYPTED", Nonconforming, PDF,
        "Le PDF joint est chiffré ou protégé par mot de passe : joignez un PDF sans protection.";
    PDF_VERSION = "CDA-PDF-VERSION", Advice, PDF,
        "Le PDF joint est d'une version plus récente que 1.4, celle de PDF/A-1 : certains logiciels l'afficheront mal.";
    PDF_A = "CDA-PDF-A", Advice, PDF,
        "Le PDF joint n'est pas déclaré PDF/A-1 : produisez-le dans ce format, lisible dans la durée.";
}
