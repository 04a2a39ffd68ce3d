//! Cards played by SoftHSM2. A PKCS#11 module serves a process as a whole, so each test runs in a process of its own, with
//! its own tokens. Removal, tries left and the habits of real middleware are played by `card.c`, that stands before the
//! module.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use dmpkit::clock::Clock;
use dmpkit::dmp::national::keys::config::KeyEntry;
use dmpkit::dmp::national::keys::secret::{Secret, SecretKind, SecretRequest};
use dmpkit::dmp::national::keys::{Configured, Keyring};
use dmpkit::dmp::protocol::certificate::Use;
use dmpkit::dmp::protocol::key::{Algorithm, KeyError};

use super::{CABINET, NURSE, PHYSICIAN, WORLD, both_verify, now, openssl, path, requester, run};

const PIN: &str = "2468";

fn module() -> Option<PathBuf> {
    [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/local/lib/softhsm/libsofthsm2.so",
    ]
    .iter()
    .map(PathBuf::from)
    .find(|path| path.exists())
}

/// A folder of tokens.
struct Hsm {
    folder: tempfile::TempDir,
    module: PathBuf,
}

impl Hsm {
    fn new(module: PathBuf) -> Hsm {
        let folder = tempfile::tempdir().unwrap();
        let tokens = folder.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n",
            tokens.display()
        );
        std::fs::write(folder.path().join("softhsm2.conf"), conf).unwrap();
        Hsm { folder, module }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tool(&self, tool: &str, arguments: &[&str]) {
        let output = Command::new(tool)
            .env("SOFTHSM2_CONF", self.file("softhsm2.conf"))
            .args(arguments)
            .output()
            .unwrap_or_else(|e| panic!("{tool}: {e}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
    }

    fn blank(&self, label: &str) {
        self.tool(
            "softhsm2-util",
            &[
                "--init-token",
                "--free",
                "--label",
                label,
                "--pin",
                PIN,
                "--so-pin",
                "13579",
            ],
        );
    }

    fn write(&self, label: &str, arguments: &[&str]) {
        let module = path(&self.module).to_owned();
        let mut all = vec![
            "--module",
            &module,
            "--token-label",
            label,
            "--login",
            "--pin",
            PIN,
        ];
        all.extend(arguments);
        self.tool("pkcs11-tool", &all);
    }

    /// A token laid out as a CPS card, with the keys of a test card.
    fn card(&self, label: &str, holder: &str) {
        self.card_with(label, holder, [("auth", "0a20"), ("sign", "0a10")]);
    }

    fn card_with(&self, label: &str, holder: &str, pairs: [(&str, &str); 2]) {
        self.blank(label);
        for (suffix, id) in pairs {
            let pem = WORLD.card(holder, suffix);
            let (key, certificate) = (self.file("key.der"), self.file("own.der"));
            openssl(&["pkey", "-in", &pem, "-outform", "der", "-out", path(&key)]);
            openssl(&[
                "x509",
                "-in",
                &pem,
                "-outform",
                "der",
                "-out",
                path(&certificate),
            ]);
            self.write(
                label,
                &[
                    "--write-object",
                    path(&key),
                    "--type",
                    "privkey",
                    "--id",
                    id,
                ],
            );
            self.write(
                label,
                &[
                    "--write-object",
                    path(&certificate),
                    "--type",
                    "cert",
                    "--id",
                    id,
                ],
            );
        }
        let ca = self.file("ca.der");
        std::fs::write(&ca, WORLD.pki.ca_der()).unwrap();
        self.write(
            label,
            &["--write-object", path(&ca), "--type", "cert", "--id", "ff"],
        );
    }

    fn data(&self, token: &str, label: &str, content: &[u8], private: bool) {
        let file = self.file("data.bin");
        std::fs::write(&file, content).unwrap();
        let mut arguments = vec![
            "--write-object",
            path(&file),
            "--type",
            "data",
            "--label",
            label,
        ];
        if private {
            arguments.push("--private");
        }
        self.write(token, &arguments);
    }

    /// What the reader of `card.c` plays from now on.
    fn reader(&self, state: &str) {
        std::fs::write(self.file("reader"), state).unwrap();
    }

    fn shim(&self) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys/card.c");
        let library = self.file("libreader.so");
        run(
            "cc",
            &[
                "-shared",
                "-fPIC",
                "-o",
                path(&library),
                path(&source),
                "-ldl",
            ],
        )
        .unwrap();
        library
    }
}

/// Prepares tokens, then runs the test of this name again, in a process that sees them; `true` there. Does nothing, with a
/// word, where SoftHSM2 is not installed.
fn on_tokens(name: &str, prepare: impl FnOnce(&Hsm)) -> bool {
    if std::env::var_os("DMPKIT_CARD_TEST").is_some() {
        return true;
    }
    let Some(module) = module() else {
        println!("skipped: SoftHSM2 is not installed");
        return false;
    };
    let hsm = Hsm::new(module);
    hsm.reader("");
    prepare(&hsm);
    let shim = hsm.shim();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("card::{name}"), "--nocapture"])
        .env("DMPKIT_CARD_TEST", hsm.folder.path())
        .env("DMPKIT_WORLD", &WORLD.root)
        .env("DMPKIT_MODULE", &hsm.module)
        .env("DMPKIT_READER", hsm.file("reader"))
        .env("DMPKIT_SHIM", shim)
        .env("SOFTHSM2_CONF", hsm.file("softhsm2.conf"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
    false
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

fn set_reader(state: &str) {
    std::fs::write(variable("DMPKIT_READER"), state).unwrap();
}

type Asked = Arc<Mutex<Vec<SecretRequest>>>;

/// A keyring of one PKCS#11 entry that answers with this PIN, and what it was asked.
fn ring(module: &str, more: serde_json::Value, pin: Option<&'static str>) -> (Configured, Asked) {
    let mut config = serde_json::json!({"module": module});
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    let entries: Vec<KeyEntry> =
        serde_json::from_value(serde_json::json!([{"pkcs11": config}])).unwrap();
    let asked = Asked::default();
    let seen = asked.clone();
    let ring = Configured::new(entries, Clock::manual(now())).with_secrets(Box::new(
        move |request: &SecretRequest| {
            seen.lock().unwrap().push(request.clone());
            pin.map(|pin| Secret::new(pin.to_owned()))
        },
    ));
    (ring, asked)
}

fn nothing() -> serde_json::Value {
    serde_json::json!({})
}

#[test]
fn a_missing_middleware_is_said() {
    for module in ["/nowhere/libcps3_pkcs11.so", "/etc/hostname", ""] {
        let (mut ring, _) = ring(module, nothing(), Some(PIN));
        let error = ring.keys(&requester(PHYSICIAN, "cps")).unwrap_err();
        assert_eq!(error, KeyError::NoMiddleware);
    }
}

#[test]
fn without_a_card_there_is_no_card() {
    if !on_tokens("without_a_card_there_is_no_card", |_| {}) {
        return;
    }
    let (mut ring, asked) = ring(&variable("DMPKIT_MODULE"), nothing(), Some(PIN));
    for _ in 0..2 {
        assert_eq!(
            ring.keys(&requester(PHYSICIAN, "cps")).unwrap_err(),
            KeyError::NoCard
        );
        assert_eq!(ring.card().unwrap_err(), KeyError::NoCard);
    }
    assert!(asked.lock().unwrap().is_empty());
}

#[test]
fn a_card_signs_with_its_two_keys_and_tells_its_exercises() {
    let tlv = |tag: u8, value: &str| [&[tag, value.len() as u8], value.as_bytes()].concat();
    if !on_tokens(
        "a_card_signs_with_its_two_keys_and_tells_its_exercises",
        |hsm| {
            hsm.card("CPS3", PHYSICIAN);
            let info = [tlv(0x80, "10"), tlv(0x81, "SM26")].concat();
            hsm.data("CPS3", "CPS_INFO_PS", &info, false);
            for (label, name, id, sector) in [
                (
                    "CPS_ACTIVITY_02_PS",
                    "Clinique des Tilleuls",
                    "10B0127189",
                    "SA01",
                ),
                ("CPS_ACTIVITY_01_PS", "Cabinet du Pré", CABINET, "SA07"),
            ] {
                let activity = [tlv(0x84, name), tlv(0x85, id), tlv(0x86, sector)].concat();
                hsm.data("CPS3", label, &activity, true);
            }
        },
    ) {
        return;
    }
    let module = variable("DMPKIT_MODULE");
    // The person does not answer, then mistypes, then types well.
    let (mut silent, _) = ring(&module, nothing(), None);
    assert_eq!(
        silent.keys(&requester(PHYSICIAN, "cps")).unwrap_err(),
        KeyError::NoPin
    );
    for bad in [
        "0000",
        "",
        "not a PIN at all, far too long for any card of any kind whatsoever, really",
    ] {
        let (mut wrong, _) = ring(&module, nothing(), Some(bad));
        let error = wrong.keys(&requester(PHYSICIAN, "cps")).unwrap_err();
        assert!(matches!(error, KeyError::WrongPin { .. }), "{error}");
    }
    let (mut cps, asked) = ring(&module, nothing(), Some(PIN));
    let keys = cps.keys(&requester(PHYSICIAN, "cps")).unwrap();
    both_verify(&keys);
    for (use_, key) in [
        (Use::Authentication, &keys.authentication),
        (Use::Signature, &keys.signature),
    ] {
        let own = keys.certificate(use_).unwrap();
        assert_eq!(own.common_name(), Some(PHYSICIAN));
        assert_eq!(own.unfit_for(use_), None);
        assert_eq!(key.certificates()[1], WORLD.pki.ca_der());
    }
    cps.keys(&requester(PHYSICIAN, "cps")).unwrap();
    let card = cps.card().unwrap();
    assert_eq!(
        serde_json::to_value(&card).unwrap(),
        serde_json::json!({
            "holder": PHYSICIAN, "family": "BASTIDE", "given": "Hélène", "cardType": 0,
            "profession": "10", "specialties": ["SM26"],
            "info": [{"tag": 128, "text": "10"}, {"tag": 129, "text": "SM26"}],
            "exercises": [
                {"number": 1, "structureName": "Cabinet du Pré", "structureId": CABINET, "sector": "SA07"},
                {"number": 2, "structureName": "Clinique des Tilleuls", "structureId": "10B0127189", "sector": "SA01"},
            ],
        })
    );
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 1, "the PIN is asked for once");
    assert_eq!(
        (asked[0].kind, asked[0].of.as_str(), asked[0].tries_left),
        (SecretKind::Pin, "CPS3", None)
    );
    // Somebody else's card.
    let error = cps.keys(&requester("899900000001", "cps")).unwrap_err();
    assert_eq!(error, KeyError::OtherHolder);
    // A choice that no card answers.
    for choice in [
        serde_json::json!({"label": "CPS4"}),
        serde_json::json!({"serial": "0"}),
    ] {
        let (mut other, _) = ring(&module, choice, Some(PIN));
        assert_eq!(
            other.keys(&requester(PHYSICIAN, "cps")).unwrap_err(),
            KeyError::NoCard
        );
    }
}

#[test]
fn of_two_cards_the_holders_or_the_one_named_is_used() {
    if !on_tokens("of_two_cards_the_holders_or_the_one_named_is_used", |hsm| {
        hsm.card("CPS3 du docteur", PHYSICIAN);
        hsm.card("CPE de Paul", NURSE);
        hsm.blank("clé de messagerie");
    }) {
        return;
    }
    let module = variable("DMPKIT_MODULE");
    let (mut both, asked) = ring(&module, nothing(), Some(PIN));
    for (id, mode, label) in [
        (PHYSICIAN, "cps", "CPS3 du docteur"),
        (NURSE, "cpe", "CPE de Paul"),
    ] {
        let keys = both.keys(&requester(id, mode)).unwrap();
        both_verify(&keys);
        assert_eq!(
            keys.certificate(Use::Signature).unwrap().common_name(),
            Some(id)
        );
        assert_eq!(asked.lock().unwrap().last().unwrap().of, label);
    }
    both.keys(&requester(PHYSICIAN, "cps")).unwrap();
    assert_eq!(asked.lock().unwrap().len(), 2);
    // Nobody's: the person must choose.
    assert_eq!(
        both.keys(&requester("899900000001", "cps")).unwrap_err(),
        KeyError::SeveralCards
    );
    let (mut named, _) = ring(
        &module,
        serde_json::json!({"label": "CPE de Paul"}),
        Some(PIN),
    );
    assert_eq!(named.card().unwrap().holder.as_deref(), Some(NURSE));
    let error = named.keys(&requester(PHYSICIAN, "cps")).unwrap_err();
    assert_eq!(error, KeyError::OtherHolder);
}

#[test]
fn a_card_without_the_keys_or_with_them_mixed_is_refused() {
    if !on_tokens(
        "a_card_without_the_keys_or_with_them_mixed_is_refused",
        |hsm| {
            hsm.card_with("mixed", PHYSICIAN, [("auth", "0a10"), ("sign", "0a20")]);
            hsm.card_with("elsewhere", PHYSICIAN, [("auth", "01"), ("sign", "02")]);
            hsm.blank("empty");
        },
    ) {
        return;
    }
    let of = |label: &str| {
        let (mut ring, _) = ring(
            &variable("DMPKIT_MODULE"),
            serde_json::json!({"label": label}),
            Some(PIN),
        );
        ring.keys(&requester(PHYSICIAN, "cps")).unwrap_err()
    };
    assert_eq!(of("empty"), KeyError::NoKey);
    assert_eq!(of("elsewhere"), KeyError::NoKey);
    assert!(of("mixed").to_string().contains("digitalSignature"));
}

#[test]
fn a_card_taken_out_is_said_and_put_back_is_opened_again() {
    if !on_tokens(
        "a_card_taken_out_is_said_and_put_back_is_opened_again",
        |hsm| {
            hsm.card("CPS3", PHYSICIAN);
        },
    ) {
        return;
    }
    let asker = requester(PHYSICIAN, "cps");
    let (mut cps, asked) = ring(&variable("DMPKIT_SHIM"), nothing(), Some(PIN));
    let keys = cps.keys(&asker).unwrap();
    both_verify(&keys);
    set_reader("removed");
    let sign =
        |keys: &dmpkit::dmp::national::keys::Keys| keys.signature.sign(Algorithm::RsaSha256, b"x");
    assert_eq!(sign(&keys).unwrap_err(), KeyError::CardRemoved);
    assert_eq!(cps.keys(&asker).unwrap_err(), KeyError::NoCard);
    set_reader("");
    // What was held of the card taken out stays dead; the card is opened anew, with its PIN.
    assert_eq!(sign(&keys).unwrap_err(), KeyError::CardRemoved);
    let again = cps.keys(&asker).unwrap();
    both_verify(&again);
    assert_eq!(asked.lock().unwrap().len(), 2);
    // Out and back between two calls, unnoticed: the login is gone.
    set_reader("removed");
    let (mut other, _) = ring(&variable("DMPKIT_SHIM"), nothing(), Some(PIN));
    assert_eq!(other.keys(&asker).unwrap_err(), KeyError::NoCard);
    set_reader("");
    both_verify(&cps.keys(&asker).unwrap());
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn tries_left_are_told_as_far_as_the_card_tells() {
    if !on_tokens("tries_left_are_told_as_far_as_the_card_tells", |hsm| {
        hsm.card("CPS3", PHYSICIAN);
    }) {
        return;
    }
    let (mut cps, asked) = ring(&variable("DMPKIT_SHIM"), nothing(), Some("0000"));
    let mut answer = |state: &str| {
        set_reader(state);
        cps.keys(&requester(PHYSICIAN, "cps")).unwrap_err()
    };
    assert_eq!(answer(""), KeyError::WrongPin { tries_left: None });
    assert_eq!(answer("several"), KeyError::WrongPin { tries_left: None });
    assert_eq!(
        answer("several last"),
        KeyError::WrongPin {
            tries_left: Some(1)
        }
    );
    assert_eq!(asked.lock().unwrap().last().unwrap().tries_left, Some(1));
    let questions = asked.lock().unwrap().len();
    assert_eq!(answer("locked"), KeyError::PinLocked);
    assert_eq!(
        asked.lock().unwrap().len(),
        questions,
        "nothing is asked of a locked card"
    );
    assert_eq!(answer("cancelled"), KeyError::NoPin);
}

#[test]
fn cards_that_sign_digests_alone_or_have_a_keypad_sign_too() {
    if !on_tokens(
        "cards_that_sign_digests_alone_or_have_a_keypad_sign_too",
        |hsm| {
            hsm.card("CPS3", PHYSICIAN);
        },
    ) {
        return;
    }
    // The mechanism is not listed; it is listed and refused.
    for state in ["digest", "picky"] {
        set_reader(state);
        let (mut cps, _) = ring(&variable("DMPKIT_SHIM"), nothing(), Some(PIN));
        both_verify(&cps.keys(&requester(PHYSICIAN, "cps")).unwrap());
    }
    set_reader("keypad");
    let (mut cps, asked) = ring(&variable("DMPKIT_SHIM"), nothing(), Some(PIN));
    both_verify(&cps.keys(&requester(PHYSICIAN, "cps")).unwrap());
    assert!(asked.lock().unwrap().is_empty());
}
