//! Every way of making a server believe what was not signed, each refused for its own reason.

use dmpkit::dmp::protocol::signature::SignatureError;
use dmpkit::dmp::protocol::vihf::{Vihf, VihfError, VihfSettings, verify};
use dmpkit::dmp::protocol::xml::XmlError;

use super::people::*;

const ID: &str = "_0f6a3c7e-5b1d-4c7a-9a54-2d9f1e6b8c01";

fn signed() -> String {
    vihf(&physician(), &VihfSettings::default())
}

fn refusal(message: &str) -> VihfError {
    verify(message, &POLICY, at(ISSUE)).expect_err("refused")
}

fn because(error: SignatureError) -> VihfError {
    VihfError::Signature(error)
}

/// Replaces what is there exactly once.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

/// The signature alone.
fn signature(text: &str) -> &str {
    let start = text.find("<Signature ").expect("a signature");
    let end = text.find("</Signature>").expect("its end") + "</Signature>".len();
    &text[start..end]
}

#[test]
fn altered_values_do_not_have_the_digest() {
    let text = signed();
    for (from, to) in [
        ("<saml2:NameID>899900012345<", "<saml2:NameID>899900012346<"),
        ("279035121518989", "279035121518990"),
        ("code=\"normal\"", "code=\"bris_de_glace\""),
        ("code=\"SM26\"", "code=\"SM25\""),
        ("AuthnInstant=\"2026", "AuthnInstant=\"2025"),
        ("<saml2:Subject>", "<saml2:Subject> "),
        ("Version=\"2.0\"", "Version=\"2.0\" Extra=\"1\""),
    ] {
        let altered = with(&text, from, to);
        assert_eq!(refusal(&altered), because(SignatureError::Digest), "{from}");
    }
    // The digest repaired, the value no longer fits.
    let digest = text.split("<DigestValue>").nth(1).expect("a digest");
    let digest = digest.split('<').next().expect("a digest");
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(
        refusal(&with(&text, digest, other)),
        because(SignatureError::Digest)
    );
}

#[test]
fn a_forged_assertion_beside_the_signed_one_is_refused() {
    let text = signed();
    let evil = with(
        &text,
        "<saml2:NameID>899900012345<",
        "<saml2:NameID>899900099999<",
    );
    let evil = evil.replace(ID, "_evil");
    let bare = evil.replace(signature(&evil), "");
    let inside = |assertion: &str, signature: &str| {
        with(
            assertion,
            "</saml2:Issuer>",
            &format!("</saml2:Issuer>{signature}"),
        )
    };
    let object = signature(&text).replace(
        "</Signature>",
        &format!("<Object>{text}</Object></Signature>"),
    );
    for message in [
        // The eight places of the known wrapping attacks, the header and the body.
        envelope(&[evil.as_str(), text.as_str()].concat(), ""),
        envelope(&[text.as_str(), evil.as_str()].concat(), ""),
        envelope(&evil, &text),
        envelope(&text, &evil),
        envelope(&text, &bare),
        envelope(&inside(&bare, &format!("<x>{text}</x>")), ""),
        envelope(&inside(&bare, &object), ""),
        envelope(
            &with(
                &bare,
                "</saml2:AttributeStatement>",
                &format!("</saml2:AttributeStatement>{text}"),
            ),
            "",
        ),
        inside(&bare, &text),
        // Another namespace makes it no less ambiguous.
        envelope(
            &text,
            "<Assertion xmlns=\"urn:oasis:names:tc:SAML:1.0:assertion\"/>",
        ),
    ] {
        assert_eq!(refusal(&message), because(SignatureError::Several));
    }
    // Without the signed one, its signature signs nothing here.
    let transplanted = inside(&bare, signature(&text));
    assert_eq!(
        refusal(&envelope(&transplanted, "")),
        because(SignatureError::Target)
    );
    let renamed = transplanted.replace("_evil", ID);
    assert_eq!(
        refusal(&envelope(&renamed, "")),
        because(SignatureError::Digest)
    );
    // The signed one under another name, its identifier kept.
    let hidden = text.replace("saml2:Assertion", "saml2:Hidden");
    assert_eq!(
        refusal(&envelope(&renamed, &hidden)),
        because(SignatureError::DuplicateId)
    );
}

#[test]
fn an_assertion_elsewhere_is_refused() {
    let text = signed();
    let right = envelope(&text, "");
    assert!(verify(&right, &POLICY, at(ISSUE)).is_ok());
    for (from, to) in [
        ("wsse:Security", "wsse:Autre"),
        ("soap:Header", "soap:Body"),
        (
            "http://www.w3.org/2003/05/soap-envelope",
            "urn:autre-enveloppe",
        ),
        ("oasis-200401-wss-wssecurity-secext-1.0.xsd", "autre.xsd"),
    ] {
        assert_eq!(
            refusal(&right.replace(from, to)),
            because(SignatureError::Misplaced),
            "{from}"
        );
    }
    assert_eq!(
        refusal(&envelope("", &text)),
        because(SignatureError::Misplaced)
    );
    assert_eq!(
        refusal(&envelope(&format!("<x>{text}</x>"), "")),
        because(SignatureError::Misplaced)
    );
    assert_eq!(refusal(&envelope("", "")), because(SignatureError::Absent));
    let other = text.replace("urn:oasis:names:tc:SAML:2.0:assertion\"", "urn:autre\"");
    assert_eq!(refusal(&other), because(SignatureError::Misplaced));
}

#[test]
fn an_identifier_belongs_to_one_element() {
    let text = signed();
    for attribute in ["ID", "Id", "id", "xml:id", "AssertionID", "w:Id"] {
        let body = format!("<x xmlns:w=\"urn:w\" {attribute}=\"{ID}\"/>");
        assert_eq!(
            refusal(&envelope(&text, &body)),
            because(SignatureError::DuplicateId),
            "{attribute}"
        );
    }
    let without = with(&text, &format!("ID=\"{ID}\" "), "");
    assert_eq!(refusal(&without), because(SignatureError::DuplicateId));
}

#[test]
fn comments_and_instructions_in_it_are_refused() {
    let text = signed();
    for splitter in ["<!---->", "<!-- x -->", "<?x y?>"] {
        for at in [
            "8999000",
            "2790351215",
            "xmldsig-more#rsa-sha256\">",
            "<DigestValue>",
        ] {
            let position = text.find(at).expect("there") + at.len();
            let split = [&text[..position], splitter, &text[position..]].concat();
            assert_eq!(
                refusal(&split),
                because(SignatureError::Comment),
                "{splitter} {at}"
            );
        }
    }
    // Elsewhere in the message they are no one's text.
    let message = envelope(&text, "<!-- x --><?x y?>");
    assert!(verify(&message, &POLICY, at(ISSUE)).is_ok());
}

#[test]
fn cut_messages_are_refused() {
    let message = envelope(&signed(), "<a/>");
    for end in (0..message.len()).step_by(97) {
        assert!(
            verify(&message[..end], &POLICY, at(ISSUE)).is_err(),
            "{end}"
        );
    }
    let dtd = format!("<!DOCTYPE a [<!ENTITY x 'y'>]>{}", signed());
    assert_eq!(refusal(&dtd), because(SignatureError::Xml(XmlError::Dtd)));
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    assert_eq!(
        refusal(&envelope(&signed(), &deep)),
        because(SignatureError::Xml(XmlError::TooDeep))
    );
    let long = with(
        &signed(),
        "<saml2:Subject>",
        &format!("<saml2:Subject>{}", " ".repeat(300_000)),
    );
    assert_eq!(refusal(&long), because(SignatureError::TooLarge));
}

#[test]
fn a_signature_is_made_as_it_has_to_be() {
    let text = signed();
    let own = signature(&text);
    let refused = |from: &str, to: &str| refusal(&with(&text, from, to));
    assert_eq!(refused(own, ""), because(SignatureError::NoSignature));
    assert_eq!(
        refused(own, &[own, own].concat()),
        because(SignatureError::SignaturePlace)
    );
    assert_eq!(
        refused(own, &format!("<x>{own}</x>")),
        because(SignatureError::SignaturePlace)
    );
    assert!(matches!(
        refused("</KeyInfo>", "</KeyInfo><Object>x</Object>"),
        VihfError::Signature(SignatureError::Structure(_))
    ));
    assert!(matches!(
        refused("<SignatureValue>", "<SignatureValue>!"),
        VihfError::Signature(SignatureError::Structure(_))
    ));
    let reference = &own[own.find("<Reference").unwrap()..own.find("</SignedInfo>").unwrap()];
    for to in ["", &[reference, reference].concat()] {
        assert_eq!(refused(reference, to), because(SignatureError::References));
    }
    for to in [
        "URI=\"\"",
        "URI=\"#autre\"",
        &format!("URI=\"{ID}\""),
        "Type=\"x\"",
    ] {
        let from = format!("URI=\"#{ID}\"");
        assert_eq!(refused(&from, to), because(SignatureError::Target), "{to}");
    }
    let enveloped = "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"></Transform>";
    let exclusive = "<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"></Transform>";
    let xpath = "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><XPath>false()</XPath></Transform>";
    let xslt = "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></Transform>";
    for (from, to) in [
        (enveloped, ""),
        (exclusive, ""),
        (exclusive, xpath),
        (exclusive, xslt),
        (enveloped, &[exclusive, enveloped].concat()),
        (exclusive, &[exclusive, xpath].concat()),
    ] {
        assert_eq!(refused(from, to), because(SignatureError::Transforms));
    }
    for (from, to, which) in [
        (
            "xmldsig-more#rsa-sha256",
            "xmldsig-more#hmac-sha256",
            "signature",
        ),
        (
            "xmldsig-more#rsa-sha256",
            "xmldsig-more#rsa-md5",
            "signature",
        ),
        ("xmlenc#sha256", "xmlenc#ripemd160", "digest"),
        (
            "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"",
            "<CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#WithComments\"",
            "canonicalisation",
        ),
    ] {
        let error = refused(from, to);
        assert_eq!(error, because(SignatureError::Algorithm(which)), "{to}");
    }
    // Algorithms down a step: refused as SHA-1, before anything is computed.
    for (from, to) in [
        (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        ),
        (
            "http://www.w3.org/2001/04/xmlenc#sha256",
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
    ] {
        assert_eq!(refused(from, to), because(SignatureError::Sha1));
    }
    let certificate = own.split("<X509Certificate>").nth(1).unwrap();
    let certificate = certificate.split('<').next().unwrap();
    assert!(matches!(
        refused(certificate, "MAA="),
        VihfError::Signature(SignatureError::Certificate(_))
    ));
    let data = &own[own.find("<X509Data>").unwrap()..own.find("</KeyInfo>").unwrap()];
    assert!(matches!(
        refused(data, ""),
        VihfError::Signature(SignatureError::Certificate(_))
    ));
}

#[test]
fn a_signature_by_someone_else_is_not_trusted() {
    let stranger = FileKey::new("stranger");
    let (software, requester, patient) = (software(), physician(), patient());
    let context = dmpkit::dmp::Context {
        software: &software,
        requester: &requester,
        mode: dmpkit::rules::Mode::Normal,
        reason: None,
        patient: Some(&patient),
        login: at(LOGIN),
    };
    let text = made(&context, &VihfSettings::default(), &stranger).expect("a VIHF");
    assert_eq!(refusal(&text), because(SignatureError::Untrusted));
    // Its certificate replaced by the one of the person it says it is.
    let own = signed();
    let certificate = |text: &str| {
        let start = text.find("<X509Certificate>").unwrap();
        text[start..text.find("</X509Certificate>").unwrap()].to_owned()
    };
    let swapped = with(&text, &certificate(&text), &certificate(&own));
    assert_eq!(refusal(&swapped), because(SignatureError::Value));
}

#[test]
fn no_byte_can_be_changed_to_say_something_else() {
    let text = envelope(&signed(), "");
    let (original, certificates) = verify(&text, &POLICY, at(ISSUE)).expect("verified");
    let start = text.find("<saml2:Assertion").expect("the assertion");
    let end = text.find("</wsse:Security>").expect("its end");
    let mut bytes = text.clone().into_bytes();
    let mut survived = 0;
    for position in (start..end).step_by(2) {
        let mask = if position % 4 == 0 { 0x01 } else { 0x20 };
        bytes[position] ^= mask;
        if let Ok(changed) = std::str::from_utf8(&bytes)
            && let Ok((read, signers)) = verify(changed, &POLICY, at(ISSUE))
        {
            survived += 1;
            assert!(
                read == original && signers == certificates,
                "byte {position}"
            );
        }
        bytes[position] ^= mask;
    }
    // Quotes, spaces between attributes and of base64, and the declaration of `xs`, that exclusive canonicalisation
    // does not cover, may change; nothing that is said. The rest, most of it, does not pass.
    assert!(
        survived < (end - start) / 10,
        "{survived} of {}",
        end - start
    );
}

#[test]
fn reading_is_strict_on_what_decides() {
    let text = signed();
    let read = |from: &str, to: &str| Vihf::read(with(&text, from, to).as_bytes());
    let attribute = |name: &str| {
        let start = text
            .find(&format!("<saml2:Attribute Name=\"{name}\""))
            .expect("an attribute");
        let end = text[start..].find("</saml2:Attribute>").expect("its end");
        &text[start..start + end + "</saml2:Attribute>".len()]
    };
    let id = attribute("urn:oasis:names:tc:xacml:2.0:resource:resource-id");
    let twice = [id, &id.replace("279035121518989", "279035121518990")].concat();
    assert_eq!(
        read(id, &twice).unwrap_err(),
        VihfError::Repeated("an attribute")
    );
    let structure = attribute("Identifiant_Structure");
    assert_eq!(
        read(structure, "").unwrap_err(),
        VihfError::Missing("Identifiant_Structure")
    );
    let upper = structure
        .to_uppercase()
        .replace("SAML2:ATTRIBUTEVALUE", "saml2:AttributeValue");
    assert!(
        read(structure, &upper).is_err(),
        "other names of elements are not read"
    );
    let audience = "<saml2:Conditions><saml2:AudienceRestriction><saml2:Audience>x</saml2:Audience></saml2:AudienceRestriction></saml2:Conditions><saml2:AuthnStatement ";
    assert_eq!(
        read("<saml2:AuthnStatement ", audience).unwrap_err(),
        VihfError::Invalid("Conditions")
    );
    let subject = "<saml2:Subject><saml2:NameID>1</saml2:NameID></saml2:Subject><saml2:Subject>";
    assert_eq!(
        read("<saml2:Subject>", subject).unwrap_err(),
        VihfError::Repeated("NameID")
    );
    // Both roles in one value: the platform refuses it too.
    let role = attribute("urn:oasis:names:tc:xacml:2.0:subject:role");
    let one = role.replace("</saml2:AttributeValue><saml2:AttributeValue>", "");
    assert_eq!(
        read(role, &one).unwrap_err(),
        VihfError::Invalid("AttributeValue")
    );
    // No value of a person in what is said of it.
    assert!(!format!("{:?}", Vihf::read(text.as_bytes()).unwrap()).contains("8999"));
}
