//! A card in the reader, played by SoftHSM2. A PKCS#11 module serves a process as a whole: the test runs in a process of
//! its own, that sees the card.

use std::path::Path;
use std::process::Command;

use dmpkit::ffi::status::{DMP_KEY, DMP_OK};
use serde_json::{Value, json};

use crate::lent::Asked;
use crate::practice::{ask, bare, doctor, ins};
use crate::{World, discreet, refused, story};

pub const PIN: &str = "246813";
const NAME: &str = "card::a_card_tells_its_holder_and_works_once_its_pin_was_given";
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

fn run(tool: &str, conf: &Path, arguments: &[&str]) {
    let output = Command::new(tool)
        .env("SOFTHSM2_CONF", conf)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("{tool}: {e}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {errors}");
}

/// A token laid out as a CPS card, with the doctor's keys and one exercise; the file that makes SoftHSM2 see it.
fn card(world: &World, module: &str, folder: &Path) -> String {
    let file = |name: &str| folder.join(name).to_str().expect("UTF-8").to_owned();
    std::fs::create_dir(folder.join("tokens")).expect("a folder");
    let conf = folder.join("softhsm2.conf");
    let tokens = file("tokens");
    std::fs::write(
        &conf,
        format!("directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"),
    )
    .expect("written");
    let token = ["--init-token", "--free", "--label", "CPS3", "--pin", PIN];
    run(
        "softhsm2-util",
        &conf,
        &[&token[..], &["--so-pin", "13579135"]].concat(),
    );
    let write = |arguments: &[&str]| {
        let login = [
            "--module",
            module,
            "--token-label",
            "CPS3",
            "--login",
            "--pin",
            PIN,
        ];
        run("pkcs11-tool", &conf, &[&login[..], arguments].concat());
    };
    for (pair, id) in [("auth", "0a20"), ("sign", "0a10")] {
        let (pem, key, own) = (world.card(pair), file("key.der"), file("own.der"));
        run(
            "openssl",
            &conf,
            &["pkey", "-in", &pem, "-outform", "der", "-out", &key],
        );
        run(
            "openssl",
            &conf,
            &["x509", "-in", &pem, "-outform", "der", "-out", &own],
        );
        write(&["--write-object", &key, "--type", "privkey", "--id", id]);
        write(&["--write-object", &own, "--type", "cert", "--id", id]);
    }
    let authority = file("ca.der");
    std::fs::write(&authority, crate::simulated::pki().ca_der()).expect("written");
    write(&["--write-object", &authority, "--type", "cert", "--id", "ff"]);
    let activity = file("activity.bin");
    let content = b"\x84\x08Tilleuls\x85\x0f499900987654001\x86\x04SA07";
    std::fs::write(&activity, content).expect("written");
    let data = ["--write-object", &activity, "--type", "data"];
    write(&[&data[..], &["--label", "CPS_ACTIVITY_01_PS", "--private"]].concat());
    conf.to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_card_tells_its_holder_and_works_once_its_pin_was_given() {
    let Some(module) = MODULES.into_iter().find(|path| Path::new(path).exists()) else {
        println!("skipped: SoftHSM2 is not installed");
        return;
    };
    let world = World::new();
    if std::env::var_os("DMPKIT_CARD_TEST").is_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let conf = card(&world, module, folder.path());
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", NAME, "--nocapture"])
            .env("DMPKIT_CARD_TEST", "1")
            .env("SOFTHSM2_CONF", conf)
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
        return;
    }
    let host = world.host();
    let keys = json!([{"pkcs11": {"module": module, "label": "CPS3"}}]);
    // Whoever plays the patient has a certificate of his own.
    let cards = crate::simulated::pki().cards().expect("a folder");
    let keys = json!([keys[0], {"holder": "1SIMULATEUR", "cards": cards}]);
    let connector = world.connector_of(&world.with_keys(keys));
    refused(
        &bare("dmp_connector_card", connector),
        DMP_KEY,
        "KEY-NO-PIN",
    );
    assert_eq!(host.lend_secrets(connector), DMP_OK);
    *host.secret.lock().expect("the secret") = (b"135790".to_vec(), DMP_OK);
    let wrong = bare("dmp_connector_card", connector);
    refused(&wrong, DMP_KEY, "KEY-WRONG-PIN");
    assert!(!wrong.out.unwrap_or_default().contains("135790"));
    let asked = host.take(Asked::Secret);
    assert_eq!(asked, [json!({"kind": "pin", "of": "CPS3"})]);
    *host.secret.lock().expect("the secret") = (PIN.into(), DMP_OK);
    let card = bare("dmp_connector_card", connector).ok().json();
    let exercise = json!({"number": 1, "structureName": "Tilleuls", "structureId": "499900987654001",
        "sector": "SA07"});
    assert_eq!(
        card,
        json!({"holder": "899900987654", "family": "BASTIDE", "given": "Hélène", "cardType": 0,
            "profession": "10", "specialties": ["SM26"], "info": [], "exercises": [exercise]})
    );
    assert_eq!(host.take(Asked::Secret).len(), 1);
    // The card stays open: the PIN is not asked for again.
    story(connector);
    assert_eq!(host.take(Asked::Secret), Vec::<Value>::new());
    // Somebody else at the keyboard.
    let mut other = doctor();
    other["professional"]["id"] = json!("899900112233");
    let session = ask("dmp_session_open", connector, &other).ok().handle;
    let reply = ask("dmp_access_open", session, &json!({"patient": ins()}));
    refused(&reply, DMP_KEY, "KEY-OTHER-HOLDER");
    discreet(reply.error.as_deref().expect("a line"));
    bare("dmp_session_close", session).ok();
    world.close(&[connector]);
}
