//! What others say of the same signatures: xmlsec1, Java, xmllint. A tool that is not there is said to be absent.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::people::file;

/// Runs a tool; `None`, with a word, when it is not installed.
pub fn run(tool: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(tool).args(arguments).output() {
        Ok(output) => Some(output),
        Err(_) => {
            println!("skipped: {tool} is not installed");
            None
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

const IDS: [&str; 6] = [
    "--id-attr:ID",
    "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
    "--id-attr:Id",
    "http://www.w3.org/2000/09/xmldsig#:Manifest",
    "--id-attr:Id",
    "http://uri.etsi.org/01903/v1.1.1#:SignedProperties",
];

/// Whether xmlsec1 accepts the signature of a file as that of a certificate of the tests.
pub fn xmlsec1_accepts(path: &Path, signer: &str) -> Option<bool> {
    let certificate = file(&format!("{signer}.pem"));
    let mut arguments = vec!["--verify", "--ignore-manifests"];
    arguments.extend(IDS);
    arguments.extend(["--pubkey-cert-pem", text(&certificate), text(path)]);
    run("xmlsec1", &arguments).map(|output| output.status.success())
}

/// Signs the template in a file with xmlsec1.
pub fn xmlsec1_signs(template: &Path, out: &Path, signer: &str) -> Option<()> {
    let pair = [
        file(&format!("{signer}.key")),
        file(&format!("{signer}.pem")),
    ];
    let pair = format!("{},{}", text(&pair[0]), text(&pair[1]));
    let mut arguments = vec!["--sign"];
    arguments.extend(IDS);
    arguments.extend([
        "--privkey-pem",
        &pair,
        "--output",
        text(out),
        text(template),
    ]);
    let output = run("xmlsec1", &arguments)?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(())
}

/// The folder of the compiled Java source, once for all.
fn classes() -> Option<&'static Path> {
    static CLASSES: OnceLock<Option<PathBuf>> = OnceLock::new();
    let compiled = CLASSES.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dsig-classes");
        let source = file("Dsig.java");
        let output = run("javac", &["-d", text(&folder), text(&source)])?;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(folder)
    });
    compiled.as_deref()
}

/// Whether Java accepts the signature of a file as that of a certificate of the tests.
pub fn java_accepts(path: &Path, signer: &str) -> Option<bool> {
    let certificate = file(&format!("{signer}.pem"));
    let arguments = [
        "-cp",
        text(classes()?),
        "Dsig",
        "verify",
        text(path),
        text(&certificate),
    ];
    let output = run("java", &arguments)?;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("valid"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(output.status.success())
}

/// Signs the assertion in a file with Java.
pub fn java_signs(path: &Path, out: &Path, signer: &str, prefixes: &str) -> Option<()> {
    let pair = [
        file(&format!("{signer}.key")),
        file(&format!("{signer}.pem")),
    ];
    let mut arguments = vec![
        "-cp",
        text(classes()?),
        "Dsig",
        "sign",
        text(path),
        text(out),
    ];
    arguments.extend([text(&pair[0]), text(&pair[1]), prefixes]);
    let output = run("java", &arguments)?;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Some(())
}
