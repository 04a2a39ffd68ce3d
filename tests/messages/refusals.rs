//! Every form of a no, as the practice hears it.

use dmpkit::dmp::Code;
use dmpkit::dmp::protocol::fault::{Failure, Fault, Origin};
use dmpkit::dmp::protocol::hl7::{self, Reply};
use dmpkit::dmp::protocol::services::{self, ServiceCall};
use dmpkit::dmp::protocol::soap::{self, Body, FaultCode, SoapError, Transaction};
use dmpkit::dmp::protocol::xml::Limits;
use dmpkit::error::{DmpSeverity, Error, ErrorKind};

use crate::{at, ins, message, payload};

fn sentence(error: &Error) -> &str {
    &error.refusal().expect("a refusal").explanation.sentence
}

/// The refusal that an envelope holds.
fn fault(envelope: &str) -> soap::Fault {
    match soap::read(envelope.as_bytes(), Limits::default())
        .unwrap()
        .body
    {
        Body::Fault(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_code_crosses_in_every_form_and_keeps_its_sentence() {
    let to = message();
    let reply = Reply {
        to: &to,
        id: "2c4e7a10-9b3d-4f58-a1c2-7d8e9f0a1b2c",
        at: at("2026-03-01T08:00:00Z"),
    };
    for code in Code::ALL {
        let error = code.error("uniqueId");
        let expected = sentence(&error).to_owned();
        assert!(expected.ends_with('.'), "{}", code.as_str());
        for transaction in Transaction::ALL {
            let fault = Fault::of_error(&error, transaction);
            assert_eq!((fault.code(), fault.context()), (code.as_str(), "uniqueId"));
        }
        let existence = Fault::of_error(&error, Transaction::Td02);
        let xml = hl7::refusal_answer(Transaction::Td02, &reply, &existence);
        let hl7_2009 = payload(&xml, |r, s| hl7::read_existence(r, s, &ins(), &to.id)).unwrap_err();
        let search = Fault::of_error(&error, Transaction::Td05);
        let xml = hl7::refusal_answer(Transaction::Td05, &reply, &search);
        let hl7_2008 = payload(&xml, |r, s| hl7::read_candidates(r, s, &to.id)).unwrap_err();
        let set = Fault::of_error(&error, Transaction::Td03);
        let xml = services::refusal_answer(ServiceCall::SetAuthorisation, &set);
        let set = payload(&xml, services::read_set_authorisation).unwrap_err();
        let xml = services::refusal_answer(ServiceCall::ListDossiers, &search);
        let list = payload(&xml, services::read_dossiers).unwrap_err();
        let answer = soap::Answer {
            action: soap::FAULT_ACTION,
            message_id: "urn:uuid:2",
            relates_to: Some("urn:uuid:1"),
            payload: &existence.to_soap().write(),
        };
        let soap = Failure::from(Fault::of_soap(&fault(&answer.write())));
        for failure in [hl7_2009, hl7_2008, set, list, soap] {
            let Failure::Refused(fault) = &failure else {
                panic!("{failure:?}")
            };
            assert_eq!((fault.code(), fault.context()), (code.as_str(), "uniqueId"));
            assert_eq!(fault.retry(), code.retry());
            let heard = Error::from(failure);
            assert_eq!(sentence(&heard), expected);
            assert_eq!(heard.dmp_code(), Some(code.as_str()));
            assert_eq!(
                matches!(heard.kind(), ErrorKind::UnknownDocument(_)),
                *code == Code::XDSDocumentUniqueIdError
            );
        }
    }
}

#[test]
fn the_messages_of_the_national_dmp_are_known_by_their_words() {
    for (text, rule) in [
        ("Structure introuvable ou Inactive", "DMP-STRUCTURE"),
        ("PS et Structure non liés", "DMP-PS-STRUCTURE"),
        (
            "Aucune spécialité dans le vihf. Spécialité obligatoire pour les Médecins",
            "DMP-SPECIALITE",
        ),
        (
            "Impossible d'effectuer un test d'existence : erreur",
            "DMP-TEST-EXISTENCE",
        ),
        ("Not a valid signature certificate", "DMPInvalidCertificate"),
    ] {
        let error = Error::from(Fault::new(Origin::Soap, "soap:Sender", text));
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.explanation.rule, rule);
        let dmp = refusal.dmp.as_ref().unwrap();
        assert_eq!((dmp.code.as_str(), dmp.context.as_str()), ("Sender", text));
    }
}

#[test]
fn a_code_that_nobody_published_keeps_its_name() {
    let error = Error::from(Fault::new(Origin::Service, "DMPNewReason", "champ x"));
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.explanation.rule, "DMPNewReason");
    assert!(refusal.explanation.sentence.contains("code"));
    let dmp = refusal.dmp.as_ref().unwrap();
    assert_eq!(dmp.code, "DMPNewReason");
    assert!(!dmp.retry && dmp.severity.is_none());
    let busy = Fault::of_http(503);
    assert!(busy.retry());
    assert_eq!(busy.code(), "HTTP503");
    assert!(!Fault::of_http(403).retry());
    let warning = Fault::of_registry(
        "XDSExtraMetadataNotSaved",
        "279035121518989 TESSIER Camille",
        Some("urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"),
        None,
    );
    assert_eq!(warning.severity(), Some(DmpSeverity::Warning));
    assert_eq!(warning.context(), "…");
}

#[test]
fn faults_of_both_versions_are_read() {
    // As seen on the national test platform: the DMP's code where the standard's should be.
    let odd = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><s:Fault><s:Code><s:Value>soap:DMPInvalidCertificate</s:Value></s:Code><s:Reason><s:Text xml:lang='en'>Not a valid signature certificate</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>";
    let read = fault(odd);
    assert_eq!(read.code, FaultCode::Other("DMPInvalidCertificate".into()));
    assert_eq!(Fault::of_soap(&read).code(), "DMPInvalidCertificate");
    let nested = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope'><s:Body><s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value xmlns:d='urn:d'>d:A</s:Value><s:Subcode><s:Value>DMPClosed</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang='en'>closed</s:Text><s:Text xml:lang='fr-FR'>fermé</s:Text></s:Reason><s:Detail><d:x xmlns:d='urn:d' code='D1' codeSystem='1.2.3'>détail<d:y code='D2'/></d:x></s:Detail></s:Fault></s:Body></s:Envelope>";
    let read = fault(nested);
    assert_eq!(read.code, FaultCode::Receiver);
    assert_eq!(read.subcodes, ["A", "DMPClosed"]);
    assert_eq!(read.reason, "fermé");
    let details: Vec<_> = read
        .details
        .iter()
        .map(|d| (d.code.as_str(), d.code_system.as_str(), d.text.as_str()))
        .collect();
    assert_eq!(details, [("D1", "1.2.3", "détail"), ("D2", "", "")]);
    let seen = Fault::of_soap(&read);
    assert_eq!(
        (seen.code(), seen.context()),
        ("DMPClosed", "fermé ; détail")
    );
    let old = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault><faultcode>s:Client.Authentication</faultcode><faultstring>refusé</faultstring><detail/></s:Fault></s:Body></s:Envelope>";
    let read = fault(old);
    assert_eq!(read.code, FaultCode::Sender);
    assert_eq!(read.subcodes, ["Authentication"]);
    assert_eq!(read.reason, "refusé");
}

#[test]
fn what_is_wrong_with_an_envelope_is_answered_by_its_fault() {
    for (error, code, subcode) in [
        (SoapError::NotSoap, FaultCode::VersionMismatch, None),
        (SoapError::NotUnderstood, FaultCode::MustUnderstand, None),
        (
            SoapError::Missing("To"),
            FaultCode::Sender,
            Some("MessageAddressingHeaderRequired"),
        ),
        (
            SoapError::Repeated("To"),
            FaultCode::Sender,
            Some("InvalidAddressingHeader"),
        ),
        (
            SoapError::Action,
            FaultCode::Sender,
            Some("ActionNotSupported"),
        ),
    ] {
        let answer = soap::Answer {
            action: soap::FAULT_ACTION,
            message_id: "urn:uuid:2",
            relates_to: None,
            payload: &error.fault().write(),
        };
        let answer = answer.write();
        let envelope = soap::read(answer.as_bytes(), Limits::default()).unwrap();
        // A fault may have lost what it relates to.
        envelope
            .check_answer(Transaction::Td02, "urn:uuid:1")
            .unwrap();
        let read = fault(&answer);
        assert_eq!(read.code, code);
        assert_eq!(read.subcodes.first().map(String::as_str), subcode);
        assert_eq!(read.reason, error.to_string());
    }
}

#[test]
fn an_error_of_the_embedded_dmp_leaves_without_values() {
    let fault = |error: &Error, t| Fault::of_error(error, t);
    let caller = Error::caller("metadata.classCode", "is not a code of the set");
    let registry = fault(&caller, Transaction::Td21);
    assert_eq!(registry.code(), "XDSRegistryMetadataError");
    assert_eq!(
        registry.context(),
        "metadata.classCode: is not a code of the set"
    );
    assert_eq!(
        fault(&caller, Transaction::Td04).code(),
        "DMPInvalidRequest"
    );
    let bug = Error::bug("somewhere");
    for (transaction, code) in [
        (Transaction::Td21, "XDSRepositoryError"),
        (Transaction::Td31, "XDSRegistryError"),
    ] {
        let fault = fault(&bug, transaction);
        assert_eq!((fault.code(), fault.context()), (code, ""));
        assert_eq!(fault.to_soap().code, FaultCode::Receiver);
    }
}

#[test]
fn the_first_error_of_a_registry_speaks_for_its_list() {
    use dmpkit::dmp::protocol::ebxml::{RegistryError, Severity};
    let entry = |code: &str, severity| RegistryError {
        severity,
        location: Some("Document01".into()),
        ..RegistryError::new(code, "uniqueId=1.2.250.1.999.1")
    };
    assert_eq!(Fault::of_registry_errors(&[]), None);
    let warning = entry("XDSExtraMetadataNotSaved", Severity::Warning);
    let error = entry("XDSDocumentUniqueIdError", Severity::Error);
    let fault = Fault::of_registry_errors(&[warning.clone(), error.clone()]).unwrap();
    assert_eq!(fault.code(), "XDSDocumentUniqueIdError");
    assert_eq!(fault.context(), "uniqueId=1.2.250.1.999.1");
    assert_eq!(fault.location(), Some("Document01"));
    assert_eq!(fault.severity(), Some(DmpSeverity::Error));
    assert_eq!(fault.to_registry(), error);
    let fault = Fault::of_registry_errors(std::slice::from_ref(&warning)).unwrap();
    assert_eq!(fault.to_registry(), warning);
}

#[test]
fn an_assertion_that_is_not_accepted_is_a_soap_fault() {
    use dmpkit::dmp::protocol::vihf::VihfError;
    for (error, code) in [
        (VihfError::NotForSignature, "DMPInvalidCertificate"),
        (VihfError::Time, "MessageExpired"),
        (VihfError::NotTheHolder, "FailedAuthentication"),
        (
            VihfError::Missing("Identifiant_Structure"),
            "InvalidSecurity",
        ),
    ] {
        let answer = soap::Answer {
            action: soap::FAULT_ACTION,
            message_id: "urn:uuid:2",
            relates_to: None,
            payload: &Fault::of_vihf(&error).to_soap().write(),
        };
        let heard = Fault::of_soap(&fault(&answer.write()));
        assert_eq!((heard.code(), heard.context()), (code, &*error.to_string()));
        let error = Error::from(heard);
        let code = Code::of_wire(code).unwrap();
        assert_eq!(sentence(&error), code.french());
    }
}
