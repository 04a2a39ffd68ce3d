//! The codes with which a DMP refuses, and what each says to a person.

use crate::error::{DmpError, Error, ErrorKind, Refusal};
use crate::rules::Decision;

macro_rules! codes {
    ($($code:ident $(retry $retry:literal)? = $french:literal;)*) => {
        /// A code of the DMP with its meaning. Sources: DMP messages and kit (DMP…), ITI TF-3 table 4.2.4.1-2 and the
        /// supplement on metadata update (XDS… and those without a prefix), WS-Security 1.1 section 12 (InvalidSecurity,
        /// FailedCheck, FailedAuthentication, MessageExpired).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)] // the names are the codes
        pub enum Code { $($code,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$code,)*];

            /// The code as it stands on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// What a person reads: what was refused, and what to do.
            pub const fn french(self) -> &'static str {
                match self { $(Code::$code => $french,)* }
            }

            /// Whether the same call can succeed later, nothing else done.
            pub const fn retry(self) -> bool {
                match self { $($(Code::$code => $retry,)?)* _ => false }
            }
        }
    };
}

codes! {
    DMPAccessDeniedByRightsService = "Le DMP refuse cette action à ce professionnel.";
    DMPClosed = "Le DMP de ce patient est fermé.";
    DMPInvalidCertificate = "Le DMP refuse le certificat qui a signé la demande : vérifiez que la clé de signature de la carte ou de la structure est employée, et qu'elle est en cours de validité.";
    DMPPatientAccessAlreadyExists = "Le patient a déjà un accès à son DMP : il n'y a rien à faire.";
    DMPPatientAccessOTPAlreadyExists = "Le patient a déjà donné ce moyen de recevoir ses codes d'accès : il n'y a rien à faire.";
    InvalidSecurity = "Le DMP ne peut pas lire qui fait la demande : contactez l'éditeur de votre logiciel.";
    FailedCheck = "Le DMP refuse la signature de la demande : vérifiez que la carte ou le certificat est en cours de validité, puis recommencez.";
    FailedAuthentication = "Le DMP ne reconnaît pas le porteur de la carte ou du certificat : vérifiez que la personne choisie dans le logiciel est bien celle de la carte.";
    MessageExpired = "Le DMP tient la demande pour périmée : vérifiez la date et l'heure de ce poste, puis recommencez.";
    DMPInvalidRequest = "Le DMP n'accepte pas cette demande telle qu'elle est écrite : contactez l'éditeur de votre logiciel.";
    XDSUnknownPatientId = "Ce patient n'a pas de DMP.";
    UnknownPatientId = "Ce patient n'a pas de DMP.";
    XDSPatientIdDoesNotMatch = "L'INS du document n'est pas celle du patient ouvert : vérifiez l'identité avant tout envoi.";
    XDSPatientIDReconciliationError = "L'identité du patient a changé dans le DMP : rouvrez son dossier et vérifiez son INS.";
    XDSResultNotSinglePatient = "La recherche touche plusieurs patients : recommencez-la pour un seul.";
    XDSDocumentUniqueIdError = "Ce document n'existe pas dans le DMP, ou ne vous est pas accessible.";
    XDSDuplicateUniqueIdInRegistry = "Un document porte déjà cet identifiant dans le DMP : il n'a pas été déposé une seconde fois.";
    XDSRegistryDuplicateUniqueIdInMessage = "Deux documents du même envoi portent le même identifiant : rien n'a été déposé. Contactez l'éditeur de votre logiciel.";
    XDSRepositoryDuplicateUniqueIdInMessage = "Deux documents du même envoi portent le même identifiant : rien n'a été déposé. Contactez l'éditeur de votre logiciel.";
    XDSNonIdenticalHash = "Le DMP a déjà un autre contenu sous cet identifiant : donnez au document un nouvel identifiant, ou déposez-le en remplacement.";
    XDSNonIdenticalSize = "Le DMP a déjà un autre contenu sous cet identifiant : donnez au document un nouvel identifiant, ou déposez-le en remplacement.";
    XDSReplaceFailed = "Le document à remplacer n'existe pas, ne vous est pas accessible ou n'est plus à jour.";
    XDSRegistryDeprecatedDocumentError = "Ce document a été remplacé : reprenez sa dernière version.";
    XDSRegistryMetadataError = "Le DMP refuse les métadonnées du document.";
    XDSRepositoryMetadataError = "Le DMP refuse les métadonnées du document.";
    XDSMissingDocument = "Un document annoncé manque dans l'envoi : rien n'a été déposé. Recommencez l'envoi.";
    XDSMissingDocumentMetadata = "Un document de l'envoi n'est pas décrit : rien n'a été déposé. Contactez l'éditeur de votre logiciel.";
    XDSExtraMetadataNotSaved = "Le document est déposé, sans certaines informations que le DMP ne garde pas.";
    InvalidDocumentContent = "Le DMP refuse le contenu du document : corrigez-le avant de le déposer de nouveau.";
    XDSMetadataUpdateError = "Le DMP refuse ce changement dans l'état actuel du document.";
    XDSMetadataUpdateOperationError = "Le DMP refuse ce changement dans l'état actuel du document.";
    XDSMetadataVersionError = "Le document a changé entre-temps dans le DMP : relisez-le, puis recommencez.";
    UnresolvedReferenceException = "L'envoi désigne un document que le DMP ne connaît pas : actualisez la liste des documents.";
    UnsupportedCapabilityException = "Le DMP ne sait pas faire ce qui est demandé.";
    PartialAppendContentNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    PartialFolderContentNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    PartialRelationshipContentNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    PartialReplaceContentNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    PartialTransformNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    PartialTransformReplaceNotProcessed = "Le DMP n'a pris en compte qu'une partie de l'envoi : vérifiez les documents déposés.";
    DocumentQueued retry true = "Le document attend dans le DMP : consultez-le plus tard.";
    XDSTooManyResults = "La recherche donne trop de documents : précisez-la, par exemple par une période plus courte.";
    XDSStoredQueryMissingParam = "Il manque un critère à la recherche : contactez l'éditeur de votre logiciel.";
    XDSStoredQueryParamNumber = "Un critère de la recherche est mal formé : contactez l'éditeur de votre logiciel.";
    XDSUnknownStoredQuery = "Le DMP ne connaît pas cette recherche : contactez l'éditeur de votre logiciel.";
    XDSMissingHomeCommunityId = "Le DMP demande une information que ce logiciel ne donne pas : contactez son éditeur.";
    XDSUnknownCommunity = "Le DMP ne connaît pas la source de ce document : actualisez la liste des documents.";
    XDSUnavailableCommunity retry true = "La source de ce document ne répond pas : recommencez plus tard.";
    XDSUnknownRepositoryId = "Le DMP ne connaît pas la source de ce document : actualisez la liste des documents.";
    XDSRegistryBusy retry true = "Le DMP est surchargé : recommencez plus tard.";
    XDSRepositoryBusy retry true = "Le DMP est surchargé : recommencez plus tard.";
    XDSRegistryNotAvailable retry true = "Le DMP est indisponible : recommencez plus tard.";
    XDSRegistryOutOfResources retry true = "Le DMP est surchargé : recommencez plus tard.";
    XDSRepositoryOutOfResources retry true = "Le DMP est surchargé : recommencez plus tard.";
    XDSRegistryError = "Le DMP a rencontré une erreur : recommencez, et si elle persiste, contactez le support du DMP.";
    XDSRepositoryError = "Le DMP a rencontré une erreur : recommencez, et si elle persiste, contactez le support du DMP.";
}

impl Code {
    /// The code of a text of the wire, whatever prefix it has.
    pub fn of_wire(text: &str) -> Option<Code> {
        let text = text.trim();
        let name = text.rsplit([':', '#']).next().unwrap_or(text);
        Code::ALL.iter().copied().find(|c| c.as_str() == name)
    }

    /// The error of this code. `context` holds no value.
    pub fn error(self, context: &'static str) -> Error {
        let mut refusal = Refusal::by_rule(self.as_str(), "DMP", self.french());
        refusal.by = "dmp".to_owned();
        refusal.dmp = Some(DmpError {
            code: self.as_str().to_owned(),
            context: context.to_owned(),
            retry: self.retry(),
            severity: None,
        });
        match self {
            Code::XDSDocumentUniqueIdError => ErrorKind::UnknownDocument(refusal).into(),
            _ => ErrorKind::Dmp(refusal).into(),
        }
    }
}

/// The DMP's refusal for one of the rules it enforces: its own code, and the reason beside it.
pub fn refused_by_dmp(code: Code, decision: &Decision) -> Error {
    refusal(code, decision, "dmp")
}

/// The same, foreseen before the network: the DMP was not asked, and the record says so.
#[cfg(feature = "national")]
pub(crate) fn foreseen(code: Code, decision: &Decision) -> Error {
    refusal(code, decision, "connector")
}

fn refusal(code: Code, decision: &Decision, by: &str) -> Error {
    let mut refusal = Refusal::of(decision);
    refusal.by = by.to_owned();
    refusal.dmp = Some(DmpError {
        code: code.as_str().to_owned(),
        context: decision.rule_id().into_owned(),
        retry: code.retry(),
        severity: None,
    });
    ErrorKind::Dmp(refusal).into()
}
