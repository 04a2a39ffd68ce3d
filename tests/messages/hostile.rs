//! What a message may not do.

use dmpkit::dmp::protocol::soap::{self, Body, SoapError};
use dmpkit::dmp::protocol::xml::{Limits, XmlError};
use dmpkit::dmp::protocol::{fault::Failure, hl7, services};
use proptest::prelude::*;

use crate::{ins, message, payload};

const HEAD: &str = "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns:a='http://www.w3.org/2005/08/addressing' xmlns:w='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd' xmlns:m='urn:oasis:names:tc:SAML:2.0:assertion'>";
const ADDRESSING: &str = "<a:MessageID>urn:uuid:1</a:MessageID><a:To/><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:Action>urn:hl7-org:v3:PRPA_IN201307UV02</a:Action>";
const TAIL: &str = "<s:Body><p/></s:Body></s:Envelope>";

/// What reading an envelope as a server comes to.
fn outcome(xml: &str) -> Result<(), SoapError> {
    let mut envelope = soap::read(xml.as_bytes(), Limits::default())?;
    envelope.header.request()?;
    if let Body::Payload(_) = envelope.body {
        envelope.reader.skip()?;
    }
    soap::end(&mut envelope.reader)
}

fn header(blocks: &str) -> String {
    format!("{HEAD}<s:Header>{blocks}</s:Header>{TAIL}")
}

#[test]
fn an_envelope_is_refused_for_its_reason() {
    let whole = header(ADDRESSING);
    assert_eq!(outcome(&whole), Ok(()));
    let without = |part: &str| header(&ADDRESSING.replace(part, ""));
    let with = |more: &str| header(&format!("{ADDRESSING}{more}"));
    for (xml, error) in [
        (
            without("<a:MessageID>urn:uuid:1</a:MessageID>"),
            SoapError::Missing("MessageID"),
        ),
        (without("<a:To/>"), SoapError::Missing("To")),
        (
            without("<a:Action>urn:hl7-org:v3:PRPA_IN201307UV02</a:Action>"),
            SoapError::Missing("Action"),
        ),
        (without("urn:uuid:1"), SoapError::Invalid("MessageID")),
        (
            without("2005/08/addressing/anonymous"),
            SoapError::Invalid("ReplyTo"),
        ),
        (without("PRPA_IN201307UV02"), SoapError::Action),
        (with("<a:To/>"), SoapError::Repeated("To")),
        (
            with("<a:Action>x</a:Action>"),
            SoapError::Repeated("Action"),
        ),
        (
            with("<w:Security/><w:Security/>"),
            SoapError::Repeated("Security"),
        ),
        (
            with("<w:Security><m:Assertion/><m:Assertion/></w:Security>"),
            SoapError::Repeated("Assertion"),
        ),
        (with("<x s:mustUnderstand='1'/>"), SoapError::NotUnderstood),
        (
            whole.replace("<p/>", "<p/><q/>"),
            XmlError::Unexpected("one element in Body").into(),
        ),
        (
            whole.replace("<p/>", "<p/>words"),
            XmlError::Unexpected("one element in Body").into(),
        ),
        (
            whole.replace("soap-envelope", "another"),
            SoapError::NotSoap,
        ),
        (format!("<!DOCTYPE x>{whole}"), XmlError::Dtd.into()),
        (whole.replace("<p/>", "<p>&x;</p>"), XmlError::Entity.into()),
        (
            whole.replace("<p/>", &"<p>".repeat(100)),
            XmlError::TooDeep.into(),
        ),
        ("<a/>".to_owned(), SoapError::NotSoap),
        (String::new(), XmlError::Cut.into()),
    ] {
        assert_eq!(outcome(&xml), Err(error), "{xml}");
    }
    // A block that need not be understood is passed over.
    assert_eq!(outcome(&with("<x s:mustUnderstand='0'><y/></x>")), Ok(()));
}

#[test]
fn a_cut_envelope_is_never_whole() {
    let whole = header(ADDRESSING);
    for at in 0..whole.len() {
        assert!(outcome(&whole[..at]).is_err(), "cut at {at}");
    }
}

/// Names are looked up among all declarations in scope, and attributes compared with each other.
#[test]
fn declarations_and_attributes_are_bounded() {
    let many = |n: usize, of: &dyn Fn(usize) -> String| -> String { (0..n).map(of).collect() };
    let declarations = many(100_000, &|i| format!(" xmlns:n{i}='urn:{i}'"));
    let attributes = many(100_000, &|i| format!(" n{i}='1'"));
    for more in [declarations, attributes] {
        let xml = header(ADDRESSING).replace("<p/>", &format!("<p{more}/>"));
        assert_eq!(outcome(&xml), Err(XmlError::TooLarge.into()));
    }
}

#[test]
fn only_the_assertion_of_the_security_header_counts() {
    let elsewhere = header(&format!("{ADDRESSING}<m:Assertion/><x><m:Assertion/></x>"));
    let envelope = soap::read(elsewhere.as_bytes(), Limits::default()).unwrap();
    assert_eq!(envelope.assertion, None);
    let deep = header(&format!(
        "{ADDRESSING}<w:Security><x><m:Assertion/></x></w:Security>"
    ));
    let envelope = soap::read(deep.as_bytes(), Limits::default()).unwrap();
    assert_eq!(envelope.assertion, None);
}

#[test]
fn an_answer_that_says_too_little_is_unreadable() {
    let hl7_answer = |inside: &str| {
        format!("<PRPA_IN201308UV02 xmlns='urn:hl7-org:v3'>{inside}</PRPA_IN201308UV02>")
    };
    let found = "<acknowledgement typeCode='AA'/><controlActProcess><subject><registrationEvent><subject1><patient><id root='1.2.250.1.213.1.4.10' extension='279035121518989'/><statusCode code='active'/></patient></subject1></registrationEvent></subject><queryAck><queryResponseCode code='OK'/></queryAck></controlActProcess>";
    let read = |xml: &str| payload(xml, |r, s| hl7::read_existence(r, s, &ins(), &message().id));
    // What is absent is unknown.
    let existence = read(&hl7_answer(found)).unwrap();
    assert_eq!(existence.traits, None);
    for (from, to) in [
        ("<acknowledgement typeCode='AA'/>", ""),
        ("code='active'", "code='nullified'"),
        ("<queryResponseCode code='OK'/>", ""),
        ("279035121518989", "153078987658513"),
        (
            "<acknowledgement typeCode='AA'/>",
            "<attentionLine><keyWordText code='AUTORISATION'/><value code='PEUT_ETRE'/></attentionLine><acknowledgement typeCode='AA'/>",
        ),
    ] {
        let failure = read(&hl7_answer(&found.replace(from, to))).unwrap_err();
        assert!(matches!(failure, Failure::Unreadable(_)), "{to}");
    }
    // A refusal without a detail is a refusal.
    for (from, to, code) in [("'AA'", "'AR'", "AR"), ("code='OK'", "code='AE'", "AE")] {
        let failure = read(&hl7_answer(&found.replace(from, to))).unwrap_err();
        let Failure::Refused(fault) = failure else {
            panic!("{to}")
        };
        assert_eq!(fault.code(), code);
    }
    // Neither a status nor a success.
    let silent = "<setAuthorizationResponse xmlns='urn:si-dmp-habilitations'><output/></setAuthorizationResponse>";
    let read = payload(silent, services::read_set_authorisation);
    assert!(matches!(read, Err(Failure::Unreadable(_))));
}

proptest! {
    #[test]
    fn nothing_panics(inside in "[<>/a-zA-Z0-9='\" :&;!\\[\\]-]{0,200}") {
        for start in ["PRPA_IN201308UV02", "PRPA_IN201307UV02", "PRPA_IN201305UV02", "PRPA_IN201306UV02"] {
            let xml = format!("<{start} xmlns='urn:hl7-org:v3'>{inside}</{start}>");
            let mut reader = dmpkit::dmp::protocol::xml::Reader::new(xml.as_bytes(), Limits::default());
            if let Ok(root) = reader.root() {
                match start {
                    "PRPA_IN201308UV02" => drop(hl7::read_existence(&mut reader, &root, &ins(), &message().id)),
                    "PRPA_IN201307UV02" => drop(hl7::read_patient_query(&mut reader, &root)),
                    "PRPA_IN201305UV02" => drop(hl7::read_search_query(&mut reader, &root)),
                    _ => drop(hl7::read_candidates(&mut reader, &root, &message().id)),
                }
            }
        }
        let _ = outcome(&header(&inside));
    }
}
