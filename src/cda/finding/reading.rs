//! What keeps a document from being read at all.

use super::{Rule, Severity, XML};

/// What this library bounds, and refuses, on purpose.
const SAFETY: &str = "dmpkit, limites de lecture";
/// The schema of CDA.
const CDA: &str = "HL7, CDA R2, 4.2";

rules! {
    TOO_LARGE = "CDA-READ-SIZE", Blocking, SAFETY,
        "Le document dépasse la taille acceptée : réduisez les fichiers joints.";
    ENCODING = "CDA-READ-ENCODING", Blocking, XML,
        "Le document n'est pas écrit dans le codage qu'il annonce : réécrivez-le en UTF-8.";
    ENCODING_NAME = "CDA-READ-ENCODING-NAME", Blocking, XML,
        "Le codage annoncé par la déclaration XML n'est pas pris en charge : réécrivez le document en UTF-8.";
    DOCTYPE = "CDA-READ-DOCTYPE", Blocking, SAFETY,
        "Le document a une déclaration DOCTYPE, refusée par sécurité : retirez-la.";
    ENTITY = "CDA-READ-ENTITY", Blocking, SAFETY,
        "Le document utilise une entité autre que les cinq du XML, refusée par sécurité : remplacez-la par le caractère lui-même.";
    TOO_DEEP = "CDA-READ-DEPTH", Blocking, SAFETY,
        "Les éléments du document sont emboîtés trop profondément : vérifiez le logiciel qui l'a produit.";
    TOO_MANY_ELEMENTS = "CDA-READ-ELEMENTS", Blocking, SAFETY,
        "L'en-tête du document a trop d'éléments : vérifiez le logiciel qui l'a produit.";
    BODY_TOO_LARGE = "CDA-READ-BODY-ELEMENTS", Blocking, SAFETY,
        "Le corps du document a trop d'éléments : vérifiez le logiciel qui l'a produit.";
    TOO_MANY_ATTRIBUTES = "CDA-READ-ATTRIBUTES", Blocking, SAFETY,
        "Un élément du document a trop d'attributs : vérifiez le logiciel qui l'a produit.";
    ATTRIBUTE_TOO_LONG = "CDA-READ-ATTRIBUTE-LENGTH", Blocking, SAFETY,
        "Un attribut du document est trop long : vérifiez le logiciel qui l'a produit.";
    MALFORMED = "CDA-READ-MALFORMED", Blocking, XML,
        "Le document n'est pas un XML bien formé : vérifiez le logiciel qui l'a produit.";
    PREFIX = "CDA-READ-PREFIX", Blocking, XML,
        "Un préfixe est utilisé sans que son espace de noms soit déclaré : déclarez-le, ou retirez l'élément.";
    TRUNCATED = "CDA-READ-TRUNCATED", Blocking, XML,
        "Le document s'arrête avant sa fin : il a été coupé, produisez-le ou transmettez-le de nouveau.";
    NOT_CDA = "CDA-READ-NOTCDA", Blocking, CDA,
        "Ce fichier n'est pas un document CDA : sa racine n'est ni ClinicalDocument, ni une feuille de style qui en contient un.";
}
