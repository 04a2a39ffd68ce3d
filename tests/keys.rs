//! Key pairs from every place they can live in, checked by OpenSSL: what they sign verifies, what should not be used is
//! refused with the reason a person can act on, and no secret is printed.
#![cfg(feature = "simulator")]

#[path = "keys/card.rs"]
#[cfg(all(feature = "pkcs11", target_os = "linux"))]
mod card;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use dmpkit::clock::{Clock, Instant};
use dmpkit::dmp::Requester;
use dmpkit::dmp::national::keys::config::KeyEntry;
use dmpkit::dmp::national::keys::host::SignRequest;
use dmpkit::dmp::national::keys::memory::MemoryKey;
use dmpkit::dmp::national::keys::secret::{Secret, SecretKind, SecretRequest};
use dmpkit::dmp::national::keys::{Configured, Keyring, Keys, file_stem};
use dmpkit::dmp::protocol::certificate::{CardType, Certificate, Use};
use dmpkit::dmp::protocol::key::{Algorithm, Key, KeyError};
use dmpkit::simulator::pki::{Card, Hostile, Pki};

const PHYSICIAN: &str = "899900987654";
const NURSE: &str = "3750100125/1453";
const CABINET: &str = "499900987654001";
const PASSPHRASE: &str = "Sésame, ouvre-toi";

fn now() -> Instant {
    Instant::parse("2026-03-02T09:00:00Z").unwrap()
}

/// An authority with a physician's card, an employee's, and a structure's certificates. Keys are made once.
struct World {
    _folder: Option<tempfile::TempDir>,
    root: PathBuf,
    pki: Pki,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    // A test that runs again in a process of its own finds its world here.
    if let Some(root) = std::env::var_os("DMPKIT_WORLD").map(PathBuf::from) {
        let pki = Pki::open(&root, now()).unwrap();
        return World {
            _folder: None,
            root,
            pki,
        };
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    let pki = Pki::open(&root, now()).unwrap();
    pki.issue_card(&Card {
        id: PHYSICIAN,
        family: "BASTIDE",
        given: "Hélène",
        kind: CardType::Cps,
        structure: "Cabinet du Pré, \"aile\" + 2",
        profession: Some("10"),
        specialty: Some("SM26"),
    })
    .unwrap();
    pki.issue_card(&Card {
        id: NURSE,
        family: "ROCHE",
        given: "Paul",
        kind: CardType::Cpe,
        structure: "Clinique",
        profession: None,
        specialty: None,
    })
    .unwrap();
    pki.issue_structure(CABINET, "Cabinet du Pré").unwrap();
    World {
        _folder: Some(folder),
        root,
        pki,
    }
});

impl World {
    fn card(&self, id: &str, suffix: &str) -> String {
        let stem = file_stem(id).unwrap();
        let path = self.root.join("cards").join(format!("{stem}.{suffix}.pem"));
        path.to_str().unwrap().to_owned()
    }
}

fn requester(id: &str, authentication: &str) -> Requester {
    serde_json::from_value(serde_json::json!({
        "professional": {"id": id, "family": "BASTIDE", "given": "Hélène", "profession": "10", "specialty": "SM26"},
        "structure": {"id": CABINET, "name": "Cabinet du Pré", "sector": "SA07"},
        "authentication": authentication,
    }))
    .unwrap()
}

fn keyring(entries: serde_json::Value) -> Configured {
    let entries: Vec<KeyEntry> = serde_json::from_value(entries).unwrap();
    Configured::new(entries, Clock::manual(now()))
}

/// Runs a tool; its standard output, or its errors.
fn run(tool: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(tool).args(arguments).output();
    let output = output.unwrap_or_else(|e| panic!("{tool}: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stdout) + &text(&output.stderr))
    }
}

fn openssl(arguments: &[&str]) -> String {
    run("openssl", arguments).unwrap_or_else(|e| panic!("openssl {arguments:?}: {e}"))
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// OpenSSL verifies what the key signs, with its certificate.
fn openssl_verifies(key: &dyn Key) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    std::fs::write(file("own.der"), &key.certificates()[0]).unwrap();
    let own = path(&file("own.der")).to_owned();
    let public = openssl(&["x509", "-inform", "der", "-in", &own, "-pubkey", "-noout"]);
    std::fs::write(file("own.pub"), public).unwrap();
    let message = "un message dont la signature compte".repeat(50);
    std::fs::write(file("message"), &message).unwrap();
    for (algorithm, digest) in [
        (Algorithm::RsaSha256, "-sha256"),
        (Algorithm::RsaSha1, "-sha1"),
    ] {
        let signature = key.sign(algorithm, message.as_bytes()).unwrap();
        std::fs::write(file("signature"), &signature).unwrap();
        let (public, signed) = (file("own.pub"), file("signature"));
        let answer = openssl(&[
            "dgst",
            digest,
            "-verify",
            path(&public),
            "-signature",
            path(&signed),
            path(&file("message")),
        ]);
        assert_eq!(answer.trim(), "Verified OK");
        let own = Certificate::from_der(&key.certificates()[0]).unwrap();
        assert!(own.verifies(algorithm, message.as_bytes(), &signature));
        assert!(!own.verifies(algorithm, b"another", &signature));
    }
}

fn both_verify(keys: &Keys) {
    openssl_verifies(&*keys.authentication);
    openssl_verifies(&*keys.signature);
    assert_ne!(
        keys.authentication.certificates(),
        keys.signature.certificates()
    );
}

#[test]
fn openssl_accepts_what_the_test_authority_issues() {
    let world = &*WORLD;
    let ca = world.root.join("ca.pem");
    let at = (now().millis() / 1000).to_string();
    let verify = |file: &str, purpose: &str, at: &str| {
        run(
            "openssl",
            &[
                "verify",
                "-x509_strict",
                "-attime",
                at,
                "-purpose",
                purpose,
                "-CAfile",
                path(&ca),
                file,
            ],
        )
    };
    for id in [PHYSICIAN, NURSE, CABINET] {
        verify(&world.card(id, "auth"), "sslclient", &at).unwrap();
        verify(&world.card(id, "sign"), "smimesign", &at).unwrap();
        // Neither stands in for the other, nor for a server.
        verify(&world.card(id, "sign"), "sslclient", &at).unwrap_err();
        verify(&world.card(id, "auth"), "sslserver", &at).unwrap_err();
    }
    let server = world.root.join("server.pem");
    verify(path(&server), "sslserver", &at).unwrap();
    for host in [
        "-verify_hostname=localhost",
        "-verify_ip=127.0.0.1",
        "-verify_ip=::1",
    ] {
        let (option, value) = host.split_once('=').unwrap();
        openssl(&[
            "verify",
            "-attime",
            &at,
            option,
            value,
            "-CAfile",
            path(&ca),
            path(&server),
        ]);
    }
    // Ten years after, still; before it was issued, not.
    let later = (now().plus_days(3653).millis() / 1000).to_string();
    verify(&world.card(PHYSICIAN, "auth"), "sslclient", &later).unwrap();
    let before = (now().plus_days(-3).millis() / 1000).to_string();
    verify(&world.card(PHYSICIAN, "auth"), "sslclient", &before).unwrap_err();
}

#[test]
fn xmlsec_and_java_accept_what_the_test_authority_issues() {
    let world = &*WORLD;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| path(&folder.path().join(name)).to_owned();
    let installed = |tool: &str| {
        let found = Command::new(tool).arg("--help").output().is_ok();
        if !found {
            println!("skipped: {tool} is not installed");
        }
        found
    };
    let sign = world.card(PHYSICIAN, "sign");
    let ca = world.root.join("ca.pem");
    if installed("xmlsec1") {
        let algorithms = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
        let template = format!(
            "<d><Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\
             <CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>\
             <SignatureMethod Algorithm=\"{algorithms}\"/><Reference URI=\"\"><Transforms>\
             <Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></Transforms>\
             <DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/><DigestValue/></Reference>\
             </SignedInfo><SignatureValue/><KeyInfo><X509Data/></KeyInfo></Signature></d>"
        );
        std::fs::write(file("template.xml"), template).unwrap();
        let key = format!("{sign},{sign}");
        run(
            "xmlsec1",
            &[
                "--sign",
                "--privkey-pem",
                &key,
                "--output",
                &file("signed.xml"),
                &file("template.xml"),
            ],
        )
        .unwrap();
        let verify = |ca: &str| {
            run(
                "xmlsec1",
                &["--verify", "--trusted-pem", ca, &file("signed.xml")],
            )
        };
        verify(path(&ca)).unwrap();
        let other = Pki::in_memory(now()).unwrap();
        std::fs::write(file("other.pem"), other.ca_pem()).unwrap();
        verify(&file("other.pem")).unwrap_err();
    }
    if installed("keytool") {
        let import = |store: &str, alias: &str, certificate: &str, more: &[&str]| {
            let store = file(store);
            let mut arguments = vec![
                "-importcert",
                "-keystore",
                &store,
                "-storepass",
                "changeit",
                "-alias",
                alias,
                "-file",
                certificate,
            ];
            arguments.extend(more);
            run("keytool", &arguments)
        };
        // Without a question, only what chains to what is trusted is taken.
        import("trusting", "ca", path(&ca), &["-noprompt"]).unwrap();
        let answer = import("trusting", "card", &sign, &[]).unwrap();
        assert!(!answer.contains("Owner"), "{answer}");
        let asked = import("empty", "card", &sign, &[]);
        assert!(asked.is_err() || asked.is_ok_and(|text| text.contains("Owner")));
    }
}

#[test]
fn certificates_to_refuse_are_refused_by_openssl_for_their_reason() {
    let world = &*WORLD;
    let folder = tempfile::tempdir().unwrap();
    let at = (now().millis() / 1000).to_string();
    for (kind, reason) in [
        (Hostile::Expired, "certificate has expired"),
        (Hostile::WrongHost, "hostname mismatch"),
        (Hostile::OtherAuthority, "unable to get local issuer"),
    ] {
        let identity = world.pki.hostile_server(kind).unwrap();
        assert_eq!(format!("{identity:?}"), "ServerIdentity { .. }");
        let (der, pem) = (folder.path().join("h.der"), folder.path().join("h.pem"));
        std::fs::write(&der, &identity.certificates[0]).unwrap();
        openssl(&[
            "x509",
            "-inform",
            "der",
            "-in",
            path(&der),
            "-out",
            path(&pem),
        ]);
        let ca = world.root.join("ca.pem");
        let refused = run(
            "openssl",
            &[
                "verify",
                "-attime",
                &at,
                "-verify_hostname",
                "localhost",
                "-CAfile",
                path(&ca),
                path(&pem),
            ],
        )
        .unwrap_err();
        assert!(refused.contains(reason), "{kind:?}: {refused}");
    }
}

#[test]
fn an_authority_reopened_is_the_same_and_renews_its_server() {
    let world = &*WORLD;
    let again = Pki::open(&world.root, now()).unwrap();
    assert_eq!(again.ca_pem(), world.pki.ca_pem());
    assert_eq!(again.server().certificates, world.pki.server().certificates);
    assert_eq!(again.cards(), Some(world.root.join("cards")));
    // What it issues now chains to the certificate it had.
    let keys = again.issue_structure("10B0127189", "Clinique").unwrap();
    let own = keys.certificate(Use::Signature).unwrap();
    let ca = Certificate::from_der(world.pki.ca_der()).unwrap();
    assert_eq!(own.issuer(), ca.subject());
    // An identifier names a file of the folder, and no other.
    assert_eq!(file_stem("../../etc").as_deref(), Some(".._.._etc"));
    for bad in ["", "a b", "a\\b", "a\0b", "é"] {
        assert!(again.issue_structure(bad, "x").is_err(), "{bad}");
    }
    assert!(!format!("{again:?}").contains("PRIVATE"));

    let folder = tempfile::tempdir().unwrap();
    for name in [
        "ca.pem",
        "ca.key.pem",
        "server.key.pem",
        "auth.key.pem",
        "sign.key.pem",
        "server.pem",
    ] {
        std::fs::copy(world.root.join(name), folder.path().join(name)).unwrap();
    }
    let renewed = Pki::open(folder.path(), now().plus_days(20 * 366)).unwrap();
    assert_ne!(
        renewed.server().certificates,
        world.pki.server().certificates
    );
    std::fs::copy(
        world.root.join("auth.key.pem"),
        folder.path().join("ca.key.pem"),
    )
    .unwrap();
    let error = Pki::open(folder.path(), now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "pki: ca.pem: is not a private key or certificate of this authority"
    );
}

#[test]
fn a_card_is_found_in_its_folder_by_the_identifier_of_whoever_asks() {
    let world = &*WORLD;
    let mut ring = keyring(serde_json::json!([{"cards": world.root.join("cards")}]));
    let keys = ring.keys(&requester(PHYSICIAN, "cps")).unwrap();
    both_verify(&keys);
    let own = keys.certificate(Use::Signature).unwrap();
    assert_eq!(own.common_name(), Some(PHYSICIAN));
    assert_eq!(
        (own.family_name(), own.given_name()),
        (Some("BASTIDE"), Some("Hélène"))
    );
    assert_eq!(own.organization(), Some("Cabinet du Pré, \"aile\" + 2"));
    assert_eq!(own.card_type(), Some(CardType::Cps));
    assert_eq!(own.profession().as_deref(), Some("10"));
    assert_eq!(own.specialties(), ["SM26"]);
    assert_eq!(keys.signature.certificates()[1], world.pki.ca_der());

    let employee = ring.keys(&requester(NURSE, "cpe")).unwrap();
    let own = employee.certificate(Use::Authentication).unwrap();
    assert_eq!(
        (own.common_name(), own.card_type()),
        (Some(NURSE), Some(CardType::Cpe))
    );
    // AIR and the structure's own authentication use the structure's certificates, whoever works there.
    for mode in ["air", "structure"] {
        let keys = ring.keys(&requester(PHYSICIAN, mode)).unwrap();
        let own = keys.certificate(Use::Signature).unwrap();
        assert_eq!((own.common_name(), own.card_type()), (Some(CABINET), None));
    }
    let absent = ring.keys(&requester("899900000001", "cps")).unwrap_err();
    assert_eq!(absent, KeyError::NoneConfigured);
}

#[test]
fn names_are_written_as_openssl_writes_them_and_javas_are_recognised() {
    let world = &*WORLD;
    let file = world.card(PHYSICIAN, "sign");
    let text = std::fs::read_to_string(&file).unwrap();
    let key = MemoryKey::from_pem(&text, &text, None).unwrap();
    let own = Certificate::from_der(&key.certificates()[0]).unwrap();
    let theirs = openssl(&[
        "x509",
        "-in",
        &file,
        "-noout",
        "-subject",
        "-issuer",
        "-serial",
        "-nameopt",
        "RFC2253,-esc_msb",
    ]);
    let lines: Vec<_> = theirs.lines().collect();
    assert_eq!(lines[0], format!("subject={}", own.subject()));
    assert_eq!(lines[1], format!("issuer={}", own.issuer()));
    let decimal = run(
        "python3",
        &["-c", &format!("print(0x{})", &lines[2]["serial=".len()..])],
    );
    assert_eq!(decimal.unwrap().trim(), own.serial_decimal());

    let hex = |text: &str| -> String {
        let der = [&[0x0C, text.len() as u8], text.as_bytes()].concat();
        der.iter().map(|b| format!("{b:02x}")).collect()
    };
    let java = format!(
        "CN={PHYSICIAN},2.5.4.42=#{},2.5.4.4=#{},O=Cabinet du Pré\\, \\\"aile\\\" \\+ 2,C=FR",
        hex("Hélène"),
        hex("BASTIDE")
    );
    assert!(own.subject().matches(&java), "{java}");
    assert!(own.subject().matches(&own.subject().to_string()));
    assert!(
        own.subject().matches(
            &own.subject()
                .to_string()
                .replace(",", ", ")
                .replace("\\, ", "\\,")
        )
    );
    for other in [
        java.replace("BASTIDE", "BASTIDO").replace("c=fr", ""),
        java.replace(PHYSICIAN, "899900987655"),
        java.replace(",C=FR", ""),
        java.replace(",C=FR", "+C=FR"),
        String::new(),
        "CN".to_owned(),
    ] {
        assert_eq!(own.subject().matches(&other), other == java, "{other}");
    }
}

#[test]
fn pem_is_read_in_files_or_inline_plain_or_encrypted() {
    let world = &*WORLD;
    let folder = tempfile::tempdir().unwrap();
    let [auth, sign] = ["auth", "sign"].map(|use_| world.card(PHYSICIAN, use_));
    // Both in one file.
    let mut ring = keyring(serde_json::json!([
        {"pem": {"authentication": {"certificates": auth}, "signature": {"certificates": sign}}},
    ]));
    both_verify(&ring.keys(&requester(PHYSICIAN, "cps")).unwrap());

    // Inline certificates, PKCS#1 key, encrypted PKCS#8 key; a file with OpenSSL's chatter.
    let old = folder.path().join("old.pem");
    openssl(&["rsa", "-in", &auth, "-traditional", "-out", path(&old)]);
    assert!(
        std::fs::read_to_string(&old)
            .unwrap()
            .contains("BEGIN RSA PRIVATE KEY")
    );
    let encrypted = folder.path().join("encrypted.pem");
    openssl(&[
        "pkcs8",
        "-topk8",
        "-v2",
        "aes-256-cbc",
        "-in",
        &sign,
        "-out",
        path(&encrypted),
        "-passout",
        &format!("pass:{PASSPHRASE}"),
    ]);
    let inline = std::fs::read_to_string(&auth).unwrap();
    let entries = serde_json::json!([{
        "holder": PHYSICIAN,
        "pem": {
            "authentication": {"certificates": inline, "key": old},
            "signature": {"certificates": sign, "key": encrypted},
        },
    }]);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let mut ring =
        keyring(entries.clone()).with_secrets(Box::new(move |request: &SecretRequest| {
            seen.lock().unwrap().push(request.clone());
            Some(Secret::new(PASSPHRASE.to_owned()))
        }));
    both_verify(&ring.keys(&requester(PHYSICIAN, "cps")).unwrap());
    ring.keys(&requester(PHYSICIAN, "cps")).unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "a passphrase is asked for once");
    assert_eq!(asked[0].kind, SecretKind::Passphrase);
    assert_eq!(asked[0].of, path(&encrypted));

    let none = keyring(entries.clone()).keys(&requester(PHYSICIAN, "cps"));
    assert_eq!(none.unwrap_err(), KeyError::NoPassphrase);
    let mut wrong = keyring(entries).with_secrets(Box::new(|_: &SecretRequest| {
        Some(Secret::new("non".into()))
    }));
    let error = wrong.keys(&requester(PHYSICIAN, "cps")).unwrap_err();
    assert_eq!(error, KeyError::WrongPassphrase);
}

#[test]
fn what_is_not_a_key_file_says_so() {
    let world = &*WORLD;
    let folder = tempfile::tempdir().unwrap();
    let auth = world.card(PHYSICIAN, "auth");
    let text = std::fs::read_to_string(&auth).unwrap();
    let certificates = &text[..text.find("-----BEGIN PRIVATE").unwrap()];
    let old = folder.path().join("old.pem");
    openssl(&[
        "rsa",
        "-in",
        &auth,
        "-traditional",
        "-aes128",
        "-passout",
        "pass:abcd",
        "-out",
        path(&old),
    ]);
    let other = std::fs::read_to_string(world.card(PHYSICIAN, "sign")).unwrap();
    let elliptic = folder.path().join("ec.pem");
    openssl(&[
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-out",
        path(&elliptic),
    ]);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    for (certificates, key, reason) in [
        (certificates, certificates, "no private key in PEM"),
        ("", text.as_str(), "no certificate in PEM"),
        (certificates, &read(&old), "old form"),
        (
            certificates,
            other.as_str(),
            "none belongs to the private key",
        ),
        (certificates, &read(&elliptic), "not an RSA key"),
        (certificates, &text[..text.len() - 40], "not complete"),
        (
            &certificates.replace("MII", "***"),
            text.as_str(),
            "not base64",
        ),
    ] {
        let error = MemoryKey::from_pem(certificates, key, None).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}: {reason}");
    }
    let big = folder.path().join("big.pem");
    std::fs::write(&big, vec![b' '; 2 << 20]).unwrap();
    for file in [
        folder.path().join("absent.pem"),
        big,
        folder.path().to_owned(),
    ] {
        let mut ring = keyring(serde_json::json!([
            {"pem": {"authentication": {"certificates": file}, "signature": {"certificates": auth}}},
        ]));
        let error = ring.keys(&requester(PHYSICIAN, "cps")).unwrap_err();
        assert!(matches!(error, KeyError::File(_)), "{error}");
    }
}

#[test]
fn pkcs12_made_by_openssl_is_read_modern_and_legacy() {
    let world = &*WORLD;
    let folder = tempfile::tempdir().unwrap();
    let export = |name: &str, source: &str, options: &[&str]| {
        let file = folder.path().join(name);
        let pass = format!("pass:{PASSPHRASE}");
        let mut arguments = vec![
            "pkcs12",
            "-export",
            "-in",
            source,
            "-out",
            path(&file),
            "-passout",
            &pass,
        ];
        arguments.extend(options);
        openssl(&arguments);
        path(&file).to_owned()
    };
    let [auth, sign] = ["auth", "sign"].map(|use_| world.card(CABINET, use_));
    for (name, options) in [
        ("modern", &[][..]),
        ("named", &["-name", "Cachet de la clinique"]),
        ("legacy", &["-legacy"]),
        (
            "3des",
            &["-legacy", "-descert", "-macalg", "sha1", "-iter", "2048"],
        ),
        (
            "aes128",
            &[
                "-certpbe",
                "AES-128-CBC",
                "-keypbe",
                "AES-128-CBC",
                "-macalg",
                "sha512",
            ],
        ),
    ] {
        let [a, s] = [("a", &auth), ("s", &sign)]
            .map(|(n, source)| export(&format!("{name}-{n}"), source, options));
        let entries = serde_json::json!([{"pkcs12": {"authentication": a, "signature": s}}]);
        let mut ring = keyring(entries.clone()).with_secrets(Box::new(|_: &SecretRequest| {
            Some(Secret::new(PASSPHRASE.to_owned()))
        }));
        let keys = ring.keys(&requester(PHYSICIAN, "structure")).unwrap();
        both_verify(&keys);
        assert_eq!(keys.signature.certificates()[1], world.pki.ca_der());
        let mut wrong = keyring(entries.clone()).with_secrets(Box::new(|_: &SecretRequest| {
            Some(Secret::new("non".into()))
        }));
        let error = wrong.keys(&requester(PHYSICIAN, "structure")).unwrap_err();
        assert_eq!(error, KeyError::WrongPassphrase, "{name}");
        let none = keyring(entries).keys(&requester(PHYSICIAN, "structure"));
        assert_eq!(none.unwrap_err(), KeyError::NoPassphrase);
    }
    // A key in the wrong place is noticed, whatever the file is called.
    let swapped = export("swapped", &auth, &[]);
    let bytes = std::fs::read(swapped).unwrap();
    let secret = Secret::new(PASSPHRASE.to_owned());
    let error = MemoryKey::from_pkcs12(&bytes, &secret, Use::Signature).unwrap_err();
    assert!(error.to_string().contains("nonRepudiation"), "{error}");
    for (bytes, code) in [
        (&b"not a PKCS#12 file"[..], "KEY-FILE"),
        (&bytes[..bytes.len() / 2], "KEY-FILE"),
    ] {
        let error = MemoryKey::from_pkcs12(bytes, &secret, Use::Authentication).unwrap_err();
        assert_eq!(error.code(), code);
    }
}

#[test]
fn the_host_signs_and_is_checked() {
    let world = &*WORLD;
    let [auth, sign] = ["auth", "sign"].map(|use_| world.card(PHYSICIAN, use_));
    let safe = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap();
        MemoryKey::from_pem(&text, &text, None).unwrap()
    };
    let (a, s) = (safe(&auth), safe(&sign));
    let entries = serde_json::json!([{"host": {"authentication": auth, "signature": sign}}]);
    let host = move |request: &SignRequest<'_>| {
        let key = match request.key {
            Use::Authentication => &a,
            Use::Signature => &s,
        };
        assert_eq!(request.certificate, key.certificates()[0]);
        assert!(!format!("{request:?}").contains("un message"));
        key.sign(request.algorithm, request.message).ok()
    };
    let asker = requester(PHYSICIAN, "cps");
    let mut ring = keyring(entries.clone()).with_host(Box::new(host));
    both_verify(&ring.keys(&asker).unwrap());

    // A host that gives something else than the signature, or nothing.
    for answer in [None, Some(vec![0; 256]), Some(Vec::new())] {
        let mut ring =
            keyring(entries.clone()).with_host(Box::new(move |_: &SignRequest<'_>| answer.clone()));
        let keys = ring.keys(&asker).unwrap();
        let error = keys.signature.sign(Algorithm::RsaSha256, b"x").unwrap_err();
        assert_eq!(error, KeyError::Host);
    }
    assert_eq!(keyring(entries).keys(&asker).unwrap_err(), KeyError::Host);
}

#[test]
fn the_first_entry_of_the_holder_is_used_else_the_first_without_holder() {
    let world = &*WORLD;
    let pem = |id: &str| {
        serde_json::json!({
            "authentication": {"certificates": world.card(id, "auth")},
            "signature": {"certificates": world.card(id, "sign")},
        })
    };
    let mut ring = keyring(serde_json::json!([
        {"holder": NURSE, "pem": pem(NURSE)},
        {"pem": pem(PHYSICIAN)},
        {"holder": CABINET, "pem": pem(CABINET)},
    ]));
    let mut name = |id: &str, mode: &str| {
        let keys = ring.keys(&requester(id, mode))?;
        let own = keys.certificate(Use::Signature)?;
        Ok::<_, KeyError>(own.common_name().unwrap().to_owned())
    };
    assert_eq!(name(NURSE, "cpe").unwrap(), NURSE);
    assert_eq!(name(PHYSICIAN, "cps").unwrap(), PHYSICIAN);
    assert_eq!(name(PHYSICIAN, "air").unwrap(), CABINET);
    // The entry for anyone holds the physician's card: another person is not let in with it.
    assert_eq!(
        name("899900000001", "cps").unwrap_err(),
        KeyError::OtherHolder
    );
    let mut none = keyring(serde_json::json!([{"holder": NURSE, "pem": pem(NURSE)}]));
    assert_eq!(
        none.keys(&requester(PHYSICIAN, "cps")).unwrap_err(),
        KeyError::NoneConfigured
    );
}

#[test]
fn dates_and_uses_of_certificates_are_kept() {
    let world = &*WORLD;
    let [auth, sign] = ["auth", "sign"].map(|use_| world.card(PHYSICIAN, use_));
    let entry = |authentication: &str, signature: &str| -> Vec<KeyEntry> {
        serde_json::from_value(serde_json::json!([{"pem": {
            "authentication": {"certificates": authentication},
            "signature": {"certificates": signature},
        }}]))
        .unwrap()
    };
    let at = |entries: Vec<KeyEntry>, days: i64| {
        let clock = Clock::manual(now().plus_days(days));
        Configured::new(entries, clock).keys(&requester(PHYSICIAN, "cps"))
    };
    let asked = |result: Result<Keys, KeyError>| result.unwrap_err().to_string();
    assert!(asked(at(entry(&auth, &sign), -3)).contains("not valid yet"));
    assert!(asked(at(entry(&auth, &sign), 21 * 366)).contains("expired"));
    assert!(asked(at(entry(&sign, &sign), 0)).contains("digitalSignature"));
    assert!(asked(at(entry(&auth, &auth), 0)).contains("nonRepudiation"));
    at(entry(&auth, &sign), 3653).unwrap();
}

#[test]
fn the_configuration_is_strict_and_prints_no_secret() {
    for (bad, rule) in [
        (serde_json::json!({"holder": "x"}), "exactly one"),
        (
            serde_json::json!({"cards": "a", "pkcs11": {"module": "b"}}),
            "exactly one",
        ),
        (
            serde_json::json!({"cards": "a", "pin": "1234"}),
            "unknown field",
        ),
        (
            serde_json::json!({"pkcs11": {"module": "b", "pin": "1234"}}),
            "unknown field",
        ),
        (
            serde_json::json!({"pkcs12": {"authentication": "a"}}),
            "missing field",
        ),
    ] {
        let error = serde_json::from_value::<KeyEntry>(bad)
            .unwrap_err()
            .to_string();
        assert!(error.contains(rule) && !error.contains("1234"), "{error}");
    }
    let text = std::fs::read_to_string(WORLD.card(PHYSICIAN, "sign")).unwrap();
    let json = serde_json::json!({"pem": {
        "authentication": {"certificates": "a.pem", "key": "b.pem"},
        "signature": {"certificates": text},
    }});
    let entry: KeyEntry = serde_json::from_value(json.clone()).unwrap();
    let printed = format!("{entry:?}");
    assert!(
        printed.contains("a.pem") && !printed.contains("BEGIN"),
        "{printed}"
    );
    assert_eq!(serde_json::to_value(&entry).unwrap(), json);
    let key = MemoryKey::from_pem(&text, &text, None).unwrap();
    assert_eq!(format!("{key:?}"), "MemoryKey { .. }");
    assert_eq!(format!("{:?}", Secret::new("1234".into())), "Secret(..)");
    let own = Certificate::from_der(&key.certificates()[0]).unwrap();
    assert!(!format!("{own:?}").contains("BASTIDE"));
}

#[test]
fn damaged_certificates_are_errors_or_certificates_and_nothing_else() {
    let good = WORLD.pki.issue_structure("10B0127190", "Clinique").unwrap();
    let good = &good.signature.certificates()[0];
    for end in 0..good.len() {
        assert!(Certificate::from_der(&good[..end]).is_err());
    }
    let mut refused = 0;
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            match Certificate::from_der(&bad) {
                Ok(read) => {
                    let _ = (
                        read.subject().to_string(),
                        read.serial_decimal(),
                        read.rsa_public_key(),
                    );
                    let _ = read.subject().matches(&read.issuer().to_string());
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 100);
}

/// The certificates of the official messages, one of which is not strict DER.
#[test]
fn the_certificates_of_the_official_messages_are_read() {
    use base64::Engine;
    let Some(corpus) = std::env::var_os("DMPKIT_CORPUS") else {
        println!("skipped: DMPKIT_CORPUS is not set");
        return;
    };
    let mut seen = 0;
    for (file, name, kind, specialty) in [
        (
            "VIHF_DIRECTE_signe.xml",
            "899900038839",
            Some(CardType::Cps),
            Some("SM26"),
        ),
        (
            "VIHF_INDIRECTE_signe.xml",
            "serviceps.sesam-vitale.fr",
            None,
            None,
        ),
        (
            "TD2.1_SignatureXades.xml",
            "899900063480",
            None,
            Some("SM26"),
        ),
        (
            "TD2.1_Alimentation_requete.xml",
            "899900063480",
            None,
            Some("SM26"),
        ),
    ] {
        let bytes = std::fs::read(Path::new(&corpus).join("dmp").join(file)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let (_, rest) = text.split_once("X509Certificate>").unwrap();
        let base64: String = rest[..rest.find('<').unwrap()]
            .replace("&#13;", "")
            .split_whitespace()
            .collect();
        let der = base64::engine::general_purpose::STANDARD
            .decode(base64)
            .unwrap();
        let own = Certificate::from_der(&der).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(own.common_name(), Some(name), "{file}");
        assert_eq!(own.card_type(), kind, "{file}");
        assert_eq!(
            own.specialties().first().map(String::as_str),
            specialty,
            "{file}"
        );
        assert_eq!(own.unfit_for(Use::Signature), None, "{file}");
        own.rsa_public_key().unwrap();
        // The Issuer that Java wrote is this subject, and ours is the same name. The file lost a letter.
        if file.starts_with("VIHF") {
            let (_, issuer) = text.split_once("X509SubjectName\">").unwrap();
            let issuer = issuer[..issuer.find('<').unwrap()].replace("M?decin", "Médecin");
            assert!(own.subject().matches(&issuer), "{file}");
        }
        assert!(own.subject().matches(&own.subject().to_string()));
        // XAdES names its certificate by issuer and number.
        if text.contains("X509SerialNumber") {
            for part in [own.issuer().to_string(), own.serial_decimal()] {
                assert!(text.contains(&format!(">{part}<")), "{file}: {part}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}
