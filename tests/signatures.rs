//! The VIHF and the XAdES signature of a lot: made, checked, attacked, and beside xmlsec1 and Java.
//!
//! `DMPKIT_CORPUS` names the folder of the official messages (`dmp/`) and of real documents (`cda/`); without it, or
//! without a tool, what needs them says that it was skipped.

#![cfg(feature = "simulator")]
#![allow(clippy::type_complexity, reason = "tables of closures")]

#[path = "signatures/attacks.rs"]
mod attacks;
#[path = "signatures/lots.rs"]
mod lots;
#[path = "signatures/official.rs"]
mod official;
#[path = "signatures/oracles.rs"]
mod oracles;
#[path = "signatures/people.rs"]
mod people;

use dmpkit::clock::Instant;
use dmpkit::dmp::protocol::signature::{Authorities, Hash, Policy, SignatureError, TrustError};
use dmpkit::dmp::protocol::vihf::{
    AuthenticationAttribute, Issue, VihfError, VihfSettings, VihfVersion, new_id, unsigned, verify,
};
use dmpkit::dmp::{Context, Requester};
use dmpkit::identity::StructIdNat;
use dmpkit::rules::{Authentication, Capacity, Mode};
use people::*;
use proptest::prelude::*;

#[test]
fn the_three_modes_are_read_back_as_the_same_caller() {
    for requester in [physician(), automate(), renforcee()] {
        let text = vihf(&requester, &VihfSettings::default());
        for message in [text.clone(), envelope(&text, "<a/>")] {
            let (read, certificates) = verify(&message, &POLICY, at(ISSUE)).expect("verified");
            let caller = read.caller(&certificates[0]).expect("a caller");
            assert_eq!(caller.requester, requester);
            assert_eq!(caller.software, software());
            assert_eq!(
                (caller.mode, caller.reason.as_deref()),
                (Mode::Normal, None)
            );
            assert_eq!(caller.patient, Some(patient()));
            assert_eq!(caller.login, at(LOGIN));
            assert_eq!(caller.context().requester, &requester);
        }
    }
}

#[test]
fn every_setting_travels() {
    let settings = VihfSettings {
        version: VihfVersion::V4,
        authentication_attribute: AuthenticationAttribute::Upper,
        hash: Hash::Sha1,
        authn_context_class_ref: "urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient".to_owned(),
        authn_context_decl: "CONF_EXI_PGSSIS".to_owned(),
        validity_seconds: Some(300),
        automate: "9762".to_owned(),
    };
    let text = vihf(&renforcee(), &settings);
    assert!(text.contains("Name=\"Authentification_Mode\"") && text.contains("xmldsig#rsa-sha1"));
    let refused = verify(&text, &POLICY, at(ISSUE));
    assert_eq!(
        refused.unwrap_err(),
        VihfError::Signature(SignatureError::Sha1)
    );
    let tolerant = Policy {
        sha1: true,
        ..POLICY
    };
    let (read, _) = verify(&text, &tolerant, at(ISSUE)).expect("verified");
    assert_eq!(read.version, "4.0");
    assert_eq!(read.authentication, "INDIRECTE_RENFORCEE");
    assert_eq!(
        read.authn_context_class_ref,
        settings.authn_context_class_ref
    );
    assert_eq!(read.authn_context_decl.as_deref(), Some("CONF_EXI_PGSSIS"));
    for (now, valid) in [
        ("2026-03-02T08:29:59Z", false),
        (ISSUE, true),
        ("2026-03-02T08:35:00.124Z", true),
        ("2026-03-02T08:35:00.125Z", false),
    ] {
        let checked = verify(&text, &tolerant, at(now));
        assert_eq!(checked.is_ok(), valid, "{now}");
        assert!(valid || checked.unwrap_err() == VihfError::Time);
    }
    // The settings are what JSON says of them, and nothing else.
    let json = serde_json::to_value(&settings).expect("JSON");
    assert_eq!(json["authenticationAttribute"], "Authentification_Mode");
    assert_eq!(
        serde_json::from_value::<VihfSettings>(json).unwrap(),
        settings
    );
    assert_eq!(
        serde_json::from_str::<VihfSettings>("{}").unwrap(),
        VihfSettings::default()
    );
    assert!(serde_json::from_str::<VihfSettings>(r#"{"Version": "3.0"}"#).is_err());
    assert!(serde_json::from_str::<VihfSettings>(r#"{"version": "2.0"}"#).is_err());
    // The software of a structure has a name under it.
    let (read, _) = verify(&vihf(&automate(), &settings), &tolerant, at(ISSUE)).expect("verified");
    assert_eq!(read.name_id, "3990000017/9762");
    assert_eq!(
        read.subject_id.as_deref(),
        Some("Logiciel d'essai <&>, 2.1, CLINIQUE, DES \"LILAS\"")
    );
    assert_eq!(read.authn_context_decl, None, "AIR alone has one");
}

#[test]
fn identifiers_are_fresh_and_names_of_xml() {
    let (a, b) = (new_id().unwrap(), new_id().unwrap());
    assert_ne!(a, b);
    assert!(a.starts_with('_') && a.len() == 37, "{a}");
}

/// The fields that a VIHF cannot describe, each by its name.
#[test]
fn what_cannot_be_described_is_refused_by_its_field() {
    let cases: [(&str, fn(&mut Requester)); 9] = [
        ("professional", |r| r.professional = None),
        ("professional.specialty", |r| person(r).specialty = None),
        ("professional.specialty", |r| {
            person(r).profession = Some("21".to_owned());
            person(r).specialty = None;
        }),
        ("professional.specialty", |r| {
            person(r).profession = Some("21".to_owned());
            person(r).specialty = Some("SM26".to_owned());
        }),
        ("professional.profession", |r| {
            person(r).profession = Some("77".to_owned());
        }),
        ("professional.role", |r| {
            r.authentication = Authentication::Cpe;
            person(r).profession = None;
        }),
        ("professional.role", |r| {
            r.authentication = Authentication::Cpe;
            person(r).profession = None;
            person(r).role = Some("AUTOMATE".to_owned());
        }),
        ("structure.sector", |r| {
            r.structure.sector = "SA99".to_owned()
        }),
        ("capacity", |r| r.capacity = Capacity::Insurer),
    ];
    for (field, change) in cases {
        let mut requester = physician();
        change(&mut requester);
        assert_eq!(
            refused_field(&requester, &software()),
            Some(field),
            "{field}"
        );
    }
    let mut nameless = software();
    nameless.homologation = " ".to_owned();
    assert_eq!(
        refused_field(&physician(), &nameless),
        Some("software.homologation")
    );
}

fn person(requester: &mut Requester) -> &mut dmpkit::identity::Professional {
    requester.professional.as_mut().expect("a person")
}

fn refused_field(requester: &Requester, software: &dmpkit::dmp::Software) -> Option<&'static str> {
    let context = Context {
        software,
        requester,
        mode: Mode::Normal,
        reason: None,
        patient: None,
        login: at(LOGIN),
    };
    match made(&context, &VihfSettings::default(), &FileKey::new("cps")) {
        Err(VihfError::Field { field, .. }) => Some(field),
        _ => None,
    }
}

#[test]
fn roles_travel_as_the_profession_asks() {
    let cases: [(
        &str,
        &str,
        Option<&str>,
        Option<&str>,
        Option<&str>,
        &[(&str, &str)],
    ); 9] = [
        (
            "cps",
            "899900012345",
            Some("10"),
            Some("SM26"),
            None,
            &[("10", "G15"), ("SM26", "R01")],
        ),
        (
            "cps",
            "899900012345",
            Some("21"),
            Some("A"),
            None,
            &[("21", "G15"), ("A", "G05")],
        ),
        (
            "cps",
            "899900012345",
            Some("60"),
            None,
            None,
            &[("60", "G15")],
        ),
        // Forbidden beside another profession.
        (
            "cps",
            "899900012345",
            Some("40"),
            Some("SCD01"),
            None,
            &[("40", "G15")],
        ),
        // Newer than the set: without label.
        (
            "cps",
            "899900012345",
            Some("10"),
            Some("SM999"),
            None,
            &[("10", "G15"), ("SM999", "R01")],
        ),
        (
            "cpf",
            "899900012352",
            Some("50"),
            None,
            None,
            &[("50", "G16")],
        ),
        (
            "cpe",
            "3990000017/12",
            None,
            None,
            Some("332"),
            &[("99", "R291"), ("332", "R85")],
        ),
        (
            "cpe",
            "3990000017/12",
            None,
            None,
            Some("93"),
            &[("93", "R95")],
        ),
        (
            "cpe",
            "3990000017/12",
            None,
            None,
            Some("SECRETARIAT_MEDICAL"),
            &[("SECRETARIAT_MEDICAL", "A00")],
        ),
    ];
    for (key, id, profession, specialty, role, expected) in cases {
        let authentication = match key {
            "cps" => Authentication::Cps,
            "cpf" => Authentication::Cpf,
            _ => Authentication::Cpe,
        };
        let requester = Requester {
            professional: Some(professional(id, ("X", "Y"), profession, specialty, role)),
            authentication,
            ..physician()
        };
        let text = vihf(&requester, &VihfSettings::default());
        let (read, _) = verify(&text, &POLICY, at(ISSUE)).expect("verified");
        let roles = read.roles.iter();
        let roles: Vec<(&str, &str)> = roles
            .map(|role| {
                (
                    role.code.as_str(),
                    role.system_name.as_deref().unwrap_or(""),
                )
            })
            .collect();
        assert_eq!(roles, expected);
        assert!(
            read.roles
                .iter()
                .all(|r| r.label.is_some() || r.code == "SM999")
        );
        assert_eq!(read.subject_id, None, "direct mode names no one");
        // One attribute, one value a role.
        assert_eq!(text.matches("subject:role").count(), 1);
        assert_eq!(text.matches("<Role ").count(), expected.len());
    }
}

#[test]
fn certificates_decide_who_calls() {
    let now = at("2027-01-01T00:00:00Z");
    let authority = certificate("authority");
    let authorities = Authorities::new([authority.as_slice()]).expect("authorities");
    assert_eq!(authorities.check(&[certificate("cps")], now), Ok(()));
    assert_eq!(
        authorities.check(&[certificate("stranger")], now),
        Err(TrustError::Unknown)
    );
    assert_eq!(
        authorities.check(&[certificate("cpf")], now),
        Err(TrustError::Unknown),
        "of the other authority"
    );
    for late in ["2020-01-01T00:00:00Z", "2200-01-01T00:00:00Z"] {
        assert_eq!(
            authorities.check(&[certificate("cps")], at(late)),
            Err(TrustError::Time)
        );
    }
    assert_eq!(authorities.check(&[], now), Err(TrustError::Malformed));

    let signed_by = |requester: &Requester, key: &str| {
        let (software, patient) = (software(), patient());
        let context = Context {
            software: &software,
            requester,
            mode: Mode::Normal,
            reason: None,
            patient: Some(&patient),
            login: at(LOGIN),
        };
        let text = made(&context, &VihfSettings::default(), &FileKey::new(key)).expect("a VIHF");
        let (read, certificates) = verify(&text, &POLICY, at(ISSUE))?;
        read.caller(&certificates[0]).map(|caller| caller.requester)
    };
    let other_card = Requester {
        professional: Some(professional(
            "899900012352",
            ("PETIT", "Luc"),
            Some("60"),
            None,
            None,
        )),
        ..physician()
    };
    for (requester, key, error) in [
        (
            physician(),
            "stranger",
            VihfError::Signature(SignatureError::Untrusted),
        ),
        (physician(), "authentication", VihfError::NotForSignature),
        (physician(), "structure", VihfError::CertificateKind),
        (renforcee(), "cps", VihfError::CertificateKind),
        (other_card, "cps", VihfError::NotTheHolder),
    ] {
        assert_eq!(signed_by(&requester, key), Err(error), "{key}");
    }
    // A CPE that names no one: its structure and its number stand for the names.
    let nameless = Requester {
        professional: Some(professional(
            "3990000017/13",
            ("CABINET DU DR MARTIN", "3990000017-13"),
            None,
            None,
            Some("331"),
        )),
        authentication: Authentication::Cpe,
        ..physician()
    };
    assert_eq!(signed_by(&nameless, "nameless-cpe"), Ok(nameless));
}

#[test]
fn xmlsec1_and_java_accept_what_is_made_here() {
    let folder = tempfile::tempdir().expect("a folder");
    for hash in [Hash::Sha256, Hash::Sha1] {
        let settings = VihfSettings {
            hash,
            ..VihfSettings::default()
        };
        for requester in [physician(), automate(), renforcee()] {
            let text = vihf(&requester, &settings);
            for message in [text.clone(), envelope(&text, "<a/>")] {
                let path = folder.path().join("vihf.xml");
                std::fs::write(&path, &message).expect("a file");
                let signer = key_of(&requester);
                let other = if signer == "cps" { "structure" } else { "cps" };
                assert_ne!(oracles::xmlsec1_accepts(&path, signer), Some(false));
                assert_ne!(oracles::xmlsec1_accepts(&path, other), Some(true));
                if hash == Hash::Sha256 || signer == "cps" {
                    assert_ne!(oracles::java_accepts(&path, signer), Some(false));
                }
            }
        }
    }
}

#[test]
fn what_xmlsec1_and_java_sign_is_accepted_here() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let (software, patient, requester) = (software(), patient(), physician());
    let context = Context {
        software: &software,
        requester: &requester,
        mode: Mode::BrisDeGlace,
        reason: Some("Patient inconscient"),
        patient: Some(&patient),
        login: at(LOGIN),
    };
    let issue = Issue {
        id: "_1",
        at: at(ISSUE),
    };
    let issuer = "CN=899900012345,GN=Hélène,SN=MARTIN,O=CABINET DU DR MARTIN,C=FR";
    let settings = VihfSettings::default();
    let assertion = unsigned(&context, &issue, &settings, &TERMS, issuer).expect("an assertion");
    let check = |text: &str, prefixes: &str| {
        let alone = text.to_owned();
        let mut messages = vec![alone];
        // `#default` signs the default namespace of its place: it was signed alone.
        if !prefixes.contains("#default") {
            messages.push(envelope(text, "<a/>"));
        }
        for message in messages {
            let (read, certificates) = verify(&message, &POLICY, at(ISSUE)).expect("verified");
            let caller = read.caller(&certificates[0]).expect("a caller");
            assert_eq!(caller.requester, requester);
            assert_eq!(caller.mode, Mode::BrisDeGlace);
            assert_eq!(caller.reason.as_deref(), Some("Patient inconscient"));
        }
    };
    let template = |prefixes: &str| {
        format!(
            "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:SignedInfo>\
             <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">{prefixes}</ds:CanonicalizationMethod>\
             <ds:SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"/><ds:Reference URI=\"#_1\">\
             <ds:Transforms><ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>\
             <ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">{prefixes}</ds:Transform></ds:Transforms>\
             <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><ds:DigestValue/></ds:Reference>\
             </ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data/></ds:KeyInfo></ds:Signature>"
        )
    };
    for prefixes in [
        "",
        "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"ds saml2 #default xsi xs\"/>",
    ] {
        let with_template = assertion.replace(
            "</saml2:Issuer>",
            &format!("</saml2:Issuer>{}", template(prefixes)),
        );
        std::fs::write(path("template.xml"), with_template).expect("a file");
        if oracles::xmlsec1_signs(&path("template.xml"), &path("xmlsec1.xml"), "cps").is_some() {
            let signed = std::fs::read_to_string(path("xmlsec1.xml")).expect("a file");
            let signed = signed.split_once("?>").expect("a declaration").1;
            check(signed.trim(), prefixes);
        }
    }
    std::fs::write(path("unsigned.xml"), &assertion).expect("a file");
    for prefixes in ["", "ds saml2 xsi"] {
        let made = oracles::java_signs(&path("unsigned.xml"), &path("java.xml"), "cps", prefixes);
        if made.is_some() {
            let signed = std::fs::read_to_string(path("java.xml")).expect("a file");
            let signed = signed.split_once("?>").expect("a declaration").1;
            check(signed.trim(), prefixes);
        }
    }
}

/// Words that try an escape.
fn words() -> impl Strategy<Value = String> {
    "[A-Za-zéÈœ'\\-&<>\"]{1,12}( [A-Za-zé&]{1,8})?"
}

fn name() -> impl Strategy<Value = String> {
    "[A-ZÉ][A-Za-zé'&<\"-]{0,10}"
}

fn requesters() -> impl Strategy<Value = Requester> {
    let described = prop_oneof![
        prop_oneof![Just("SM26"), Just("SM25"), Just("C41")].prop_map(|s| (
            Some("10"),
            Some(s),
            None
        )),
        prop_oneof![Just("A"), Just("DA"), Just("H")].prop_map(|s| (Some("21"), Some(s), None)),
        prop_oneof![Just("40"), Just("50"), Just("60"), Just("91")].prop_map(|p| (
            Some(p),
            None,
            None
        )),
    ];
    let by_role = prop_oneof![Just("332"), Just("353"), Just("41"), Just("97")]
        .prop_map(|r| (None, None, Some(r)));
    let person = |names: (&str, &str), id: &str, d: (Option<&str>, Option<&str>, Option<&str>)| {
        professional(id, names, d.0, d.1, d.2)
    };
    let card = (described.clone(), 0..2_u8).prop_map(move |(d, kind)| {
        let (id, names, authentication) = match kind {
            0 => ("899900012345", ("MARTIN", "Hélène"), Authentication::Cps),
            _ => ("899900012352", ("PETIT", "Luc"), Authentication::Cpf),
        };
        (Some(person(names, id, d)), authentication)
    });
    let employee = by_role.clone().prop_map(move |d| {
        let person = person(("ROUX", "Anne"), "3990000017/12", d);
        (Some(person), Authentication::Cpe)
    });
    let indirect = (
        prop::option::of((prop_oneof![described, by_role], words(), name())),
        any::<bool>(),
    )
        .prop_map(move |(p, air)| match p {
            // No one but the software of a structure is without a person.
            None => (None, Authentication::Structure),
            Some((d, family, given)) => {
                let person = person((family.trim(), &given), "899900099999", d);
                let air = if air {
                    Authentication::Air
                } else {
                    Authentication::Structure
                };
                (Some(person), air)
            }
        });
    let id = "[0-4][0-9A-B]{9}|[A-Z][0-9]{6}";
    (
        prop_oneof![card, employee, indirect],
        id,
        prop_oneof![Just("SA07"), Just("SA01"), Just("SA05")],
        any::<bool>(),
    )
        .prop_map(|((professional, authentication), id, sector, secret)| {
            let mut structure = match authentication {
                Authentication::Structure | Authentication::Air => clinic(),
                _ => practice(),
            };
            structure.id = StructIdNat::new(&id).expect("a structure");
            structure.sector = sector.to_owned();
            Requester {
                professional,
                structure,
                authentication,
                capacity: Capacity::Care,
                secret,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn what_is_written_is_read_as_the_same_context(
        requester in requesters(),
        mode in prop_oneof![Just(Mode::Normal), Just(Mode::Centre15), Just(Mode::BrisDeGlace)],
        reason in prop::option::of(words()),
        with_patient in any::<bool>(),
        software_name in words(),
        login in 0_i64..4_000_000_000_000,
    ) {
        let software = dmpkit::dmp::Software { name: software_name, ..software() };
        prop_assume!(software.name == software.name.trim());
        let patient = patient();
        let login = Instant::from_millis(login).expect("an instant");
        let context = Context {
            software: &software,
            requester: &requester,
            mode,
            reason: reason.as_deref(),
            patient: with_patient.then_some(&patient),
            login,
        };
        let key = FileKey::new(key_of(&requester));
        let text = made(&context, &VihfSettings::default(), &key).expect("a VIHF");
        let (read, certificates) = verify(&envelope(&text, ""), &POLICY, at(ISSUE)).expect("verified");
        let caller = read.caller(&certificates[0]).expect("a caller");
        prop_assert_eq!(&caller.requester, &requester);
        prop_assert_eq!(&caller.software, &software);
        prop_assert_eq!(caller.mode, mode);
        prop_assert_eq!(&caller.reason, &reason);
        prop_assert_eq!(caller.patient.is_some(), with_patient);
        prop_assert_eq!(caller.login, login);
    }
}
