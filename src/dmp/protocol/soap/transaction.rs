//! The DMP's transactions: where each is sent, and under which actions.

/// A service of the DMP, at the end of its base address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Dossiers and patients.
    Patients,
    /// Authorisations.
    Habilitations,
    /// The registry.
    Registry,
    /// The repository.
    Repository,
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 4] = [
        Service::Patients,
        Service::Habilitations,
        Service::Registry,
        Service::Repository,
    ];

    /// The last segment of its address, after `…/si-dmp-server/v2/services/`. Source: WSDL of the DMP.
    pub const fn suffix(self) -> &'static str {
        match self {
            Service::Patients => "patients",
            Service::Habilitations => "habilitations",
            Service::Registry => "registry",
            Service::Repository => "repository",
        }
    }
}

/// A transaction of the DMP. Source of all its texts: the `Action` of the official messages, and the WSDL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transaction {
    /// Test of existence.
    Td02,
    /// Update of an authorisation.
    Td03,
    /// List of the dossiers on which one is authorised.
    Td04,
    /// Search for a patient by traits.
    Td05,
    /// Administrative data. On the wire it is TD0.2 with another reason code.
    Td13a,
    /// List of the professionals authorised or blocked.
    Td16,
    /// Deposit; TD2.2 is the same on the wire.
    Td21,
    /// Search.
    Td31,
    /// Reading.
    Td32,
    /// Update of metadata or status: TD3.3a to TD3.3d.
    Td33,
}

impl Transaction {
    /// Every transaction.
    pub const ALL: [Transaction; 10] = [
        Transaction::Td02,
        Transaction::Td03,
        Transaction::Td04,
        Transaction::Td05,
        Transaction::Td13a,
        Transaction::Td16,
        Transaction::Td21,
        Transaction::Td31,
        Transaction::Td32,
        Transaction::Td33,
    ];

    /// `TD0.2`…
    pub const fn name(self) -> &'static str {
        match self {
            Transaction::Td02 => "TD0.2",
            Transaction::Td03 => "TD0.3",
            Transaction::Td04 => "TD0.4",
            Transaction::Td05 => "TD0.5",
            Transaction::Td13a => "TD1.3a",
            Transaction::Td16 => "TD1.6",
            Transaction::Td21 => "TD2.1",
            Transaction::Td31 => "TD3.1",
            Transaction::Td32 => "TD3.2",
            Transaction::Td33 => "TD3.3",
        }
    }

    /// Where it is sent. TD0.5 has a WSDL of its own whose address is a placeholder: the official answer to it comes
    /// from the service that answers TD0.2 and TD0.4 (it declares that service's namespace), so it is sent there.
    pub const fn service(self) -> Service {
        match self {
            Transaction::Td02 | Transaction::Td04 | Transaction::Td05 | Transaction::Td13a => {
                Service::Patients
            }
            Transaction::Td03 | Transaction::Td16 => Service::Habilitations,
            Transaction::Td31 | Transaction::Td33 => Service::Registry,
            Transaction::Td21 | Transaction::Td32 => Service::Repository,
        }
    }

    /// The `Action` of the request.
    pub const fn request_action(self) -> &'static str {
        match self {
            Transaction::Td02 | Transaction::Td13a => "urn:hl7-org:v3:PRPA_IN201307UV02",
            Transaction::Td03 => "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorization",
            Transaction::Td04 => "urn:si-dmp-patients:PatientSpecificEndPoint:patientList",
            Transaction::Td05 => "urn:hl7-org:v3:PRPA_IN201305UV02",
            Transaction::Td16 => {
                "urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatient"
            }
            Transaction::Td21 => "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
            Transaction::Td31 => "urn:ihe:iti:2007:RegistryStoredQuery",
            Transaction::Td32 => "urn:ihe:iti:2007:RetrieveDocumentSet",
            Transaction::Td33 => "urn:ihe:iti:2010:UpdateDocumentSet",
        }
    }

    /// The `Action` of the answer.
    pub const fn response_action(self) -> &'static str {
        match self {
            Transaction::Td02 | Transaction::Td13a => "urn:hl7-org:v3:PRPA_IN201308UV02",
            Transaction::Td03 => {
                "urn:si-dmp-habilitations:HabilitationsEndPoint:setAuthorizationResponse"
            }
            Transaction::Td04 => "urn:si-dmp-patients:PatientSpecificEndPoint:patientListResponse",
            Transaction::Td05 => "urn:hl7-org:v3:PRPA_IN201306UV02",
            Transaction::Td16 => {
                "urn:si-dmp-habilitations:HabilitationsEndPoint:listAuthorizationByPatientResponse"
            }
            Transaction::Td21 => "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
            Transaction::Td31 => "urn:ihe:iti:2007:RegistryStoredQueryResponse",
            Transaction::Td32 => "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
            Transaction::Td33 => "urn:ihe:iti:2010:UpdateDocumentSet-Response",
        }
    }

    /// The `action` parameter of the media type (SOAP 1.2 has no SOAPAction header): that of the WSDL, which is not
    /// the `Action` for TD0.3 and TD1.6 and is empty, hence the `Action`, for TD0.4.
    pub const fn soap_action(self) -> &'static str {
        match self {
            Transaction::Td03 => "urn:hl7-org:v3:setAuthorization",
            Transaction::Td16 => "urn:hl7-org:v3:listAuthorizationByPatient",
            other => other.request_action(),
        }
    }

    /// Whether the request carries documents beside the message.
    pub const fn is_multipart(self) -> bool {
        matches!(self, Transaction::Td21)
    }

    /// The transaction of a request's `Action`. TD1.3a comes out as [`Transaction::Td02`]: its reason code, in the
    /// payload, tells them apart.
    pub fn of_request(action: &str) -> Option<Transaction> {
        Transaction::ALL
            .into_iter()
            .find(|t| t.request_action() == action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_names_one_transaction_or_the_two_that_share_it() {
        for t in Transaction::ALL {
            let found = Transaction::of_request(t.request_action());
            let expected = match t {
                Transaction::Td13a => Transaction::Td02,
                other => other,
            };
            assert_eq!(found, Some(expected));
        }
        assert_eq!(
            Transaction::of_request("urn:hl7-org:v3:PRPA_IN201311UV02"),
            None
        );
    }
}
