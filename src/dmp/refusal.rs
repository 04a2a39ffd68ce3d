//! The codes with which a DMP refuses, and what each says to a person.

use crate::error::{DmpError, Error, ErrorKind, Refusal};
use crate::rules::Decision;

/// A code of the DMP with its meaning. Sources: DMP messages and kit (DMP…), ITI TF-3 table 4.2.4.1-2 (XDS…).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // the names are the codes
pub enum Code {
    DMPAccessDeniedByRightsService,
    DMPClosed,
    XDSUnknownPatientId,
    XDSPatientIdDoesNotMatch,
    XDSDocumentUniqueIdError,
    XDSDuplicateUniqueIdInRegistry,
    XDSReplaceFailed,
    XDSRegistryMetadataError,
    XDSMetadataUpdateError,
}

impl Code {
    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Code::DMPAccessDeniedByRightsService => "DMPAccessDeniedByRightsService",
            Code::DMPClosed => "DMPClosed",
            Code::XDSUnknownPatientId => "XDSUnknownPatientId",
            Code::XDSPatientIdDoesNotMatch => "XDSPatientIdDoesNotMatch",
            Code::XDSDocumentUniqueIdError => "XDSDocumentUniqueIdError",
            Code::XDSDuplicateUniqueIdInRegistry => "XDSDuplicateUniqueIdInRegistry",
            Code::XDSReplaceFailed => "XDSReplaceFailed",
            Code::XDSRegistryMetadataError => "XDSRegistryMetadataError",
            Code::XDSMetadataUpdateError => "XDSMetadataUpdateError",
        }
    }

    /// What a person reads.
    pub const fn french(self) -> &'static str {
        match self {
            Code::DMPAccessDeniedByRightsService => {
                "Le DMP refuse cette action à ce professionnel."
            }
            Code::DMPClosed => "Le DMP de ce patient est fermé.",
            Code::XDSUnknownPatientId => "Ce patient n'a pas de DMP.",
            Code::XDSPatientIdDoesNotMatch => {
                "L'INS du document n'est pas celle du patient ouvert : vérifiez l'identité avant tout envoi."
            }
            Code::XDSDocumentUniqueIdError => {
                "Ce document n'existe pas dans le DMP, ou ne vous est pas accessible."
            }
            Code::XDSDuplicateUniqueIdInRegistry => {
                "Un document porte déjà cet identifiant dans le DMP : il n'a pas été déposé une seconde fois."
            }
            Code::XDSReplaceFailed => {
                "Le document à remplacer n'existe pas, ne vous est pas accessible ou n'est plus à jour."
            }
            Code::XDSRegistryMetadataError => "Le DMP refuse les métadonnées du document.",
            Code::XDSMetadataUpdateError => {
                "Le DMP refuse ce changement dans l'état actuel du document."
            }
        }
    }

    /// The error of this code. `context` holds no value.
    pub fn error(self, context: &'static str) -> Error {
        let mut refusal = Refusal::by_rule(self.as_str(), "DMP", self.french());
        refusal.by = "dmp".to_owned();
        refusal.dmp = Some(DmpError {
            code: self.as_str().to_owned(),
            context: context.to_owned(),
            retry: false,
        });
        match self {
            Code::XDSDocumentUniqueIdError => ErrorKind::UnknownDocument(refusal).into(),
            _ => ErrorKind::Dmp(refusal).into(),
        }
    }
}

/// The DMP's refusal for one of the rules it enforces: its own code, and the reason beside it.
pub fn refused_by_dmp(code: Code, decision: &Decision) -> Error {
    let mut refusal = Refusal::of(decision);
    refusal.by = "dmp".to_owned();
    refusal.dmp = Some(DmpError {
        code: code.as_str().to_owned(),
        context: decision.rule_id().into_owned(),
        retry: false,
    });
    ErrorKind::Dmp(refusal).into()
}
