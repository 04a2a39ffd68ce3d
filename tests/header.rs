//! The committed header is the one the code makes, and the interface only grows.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header as cbindgen makes it from the code.
fn made() -> String {
    let mut config =
        cbindgen::Config::from_file(root().join("cbindgen.toml")).expect("cbindgen.toml");
    let version: Vec<&str> = env!("CARGO_PKG_VERSION").split('.').collect();
    config.after_includes = Some(format!(
        "\n/* Version of the library this header belongs to. */\n\
         #define DMPKIT_VERSION \"{}\"\n#define DMPKIT_VERSION_MAJOR {}\n\
         #define DMPKIT_VERSION_MINOR {}\n#define DMPKIT_VERSION_PATCH {}",
        version.join("."),
        version[0],
        version[1],
        version[2]
    ));
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root().join("src/ffi/status.rs"))
        .with_src(root().join("src/ffi/memory.rs"))
        .with_src(root().join("src/ffi/library.rs"))
        .with_src(root().join("src/ffi/connector.rs"))
        .with_src(root().join("src/ffi/host.rs"))
        .with_src(root().join("src/ffi/session.rs"))
        .with_src(root().join("src/ffi/access.rs"))
        .with_src(root().join("src/ffi/document.rs"))
        .with_src(root().join("src/ffi/outbox.rs"))
        .with_src(root().join("src/ffi/cda.rs"))
        .with_src(root().join("src/ffi/oversight.rs"))
        .with_src(root().join("src/ffi/safekeeping.rs"))
        .with_src(root().join("src/ffi/support.rs"))
        .with_src(root().join("src/ffi/takeover.rs"))
        .with_src(root().join("src/ffi/terminology.rs"))
        .generate()
        .expect("the header can be made")
        .write(&mut bytes);
    let header = String::from_utf8(bytes).expect("the header is UTF-8");
    // cbindgen leaves a blank line for each constant that does not cross.
    let mut lines: Vec<&str> = Vec::new();
    for line in header.lines() {
        if !(line.is_empty() && lines.last().is_some_and(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn the_committed_header_is_the_one_the_code_makes() {
    let path = root().join("include/dmpkit.h");
    let made = made();
    if std::env::var_os("DMPKIT_WRITE_HEADER").is_some() {
        std::fs::write(&path, &made).expect("the header can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/dmpkit.h is not what the code makes: run DMPKIT_WRITE_HEADER=1 cargo test --test header"
    );
}

/// Functions that the header declares.
fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(root().join("include/dmpkit.h")).expect("the header");
    header
        .lines()
        .filter(|line| !line.trim_start().starts_with(['/', '*', '#']))
        .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '(')))
        .filter_map(|word| {
            word.strip_suffix('(')
                .or_else(|| word.split_once('(').map(|(f, _)| f))
        })
        .filter(|word| word.starts_with("dmp_"))
        .map(str::to_owned)
        .collect()
}

/// Functions that the shared library exports.
fn exported() -> BTreeSet<String> {
    let library = shared_library();
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(&library)
        .output()
        .expect("nm (binutils) runs");
    assert!(output.status.success(), "nm on {}", library.display());
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(str::to_owned)
        .collect()
}

/// The shared library that cargo built for this test run: beside the test's own executable.
fn shared_library() -> PathBuf {
    let mut path = std::env::current_exe().expect("the test's path");
    path.pop();
    path.join("libdmpkit.so")
}

#[test]
fn what_is_exported_is_what_is_declared_and_begins_with_dmp() {
    let exported = exported();
    assert_eq!(exported, declared());
    assert!(exported.iter().all(|name| name.starts_with("dmp_")));
}

#[test]
fn the_golden_list_of_symbols_only_grows() {
    let golden = std::fs::read_to_string(root().join("tests/symbols.txt")).expect("symbols.txt");
    let golden: BTreeSet<String> = golden
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let exported = exported();
    let gone: Vec<_> = golden.difference(&exported).collect();
    assert!(gone.is_empty(), "functions disappeared: {gone:?}");
    let new: Vec<_> = exported.difference(&golden).collect();
    assert!(
        new.is_empty(),
        "add the new functions to tests/symbols.txt: {new:?}"
    );
}

#[test]
fn every_status_code_is_in_the_header_with_its_name() {
    let header = std::fs::read_to_string(root().join("include/dmpkit.h")).expect("the header");
    let mut codes = 0;
    for line in header.lines().filter(|l| l.starts_with("#define DMP_")) {
        let mut words = line.split_whitespace().skip(1);
        let (name, value) = (
            words.next().expect("a name"),
            words.next().expect("a value"),
        );
        // Kinds of keys are no statuses.
        if ["DMP_ABI_VERSION", "DMP_KEY_RAW", "DMP_KEY_PASSPHRASE"].contains(&name) {
            continue;
        }
        let value: i32 = value.parse().expect("a number");
        let known = dmpkit::ffi::library::dmp_status_name(value);
        // SAFETY-free: the name is a static text that the library documents as such.
        let known = name_of(known);
        assert_eq!(known, name);
        codes += 1;
    }
    assert!(codes > 20, "the header lost its status codes");
}

/// A static C text of the library.
#[allow(unsafe_code)]
fn name_of(text: *const std::ffi::c_char) -> String {
    // SAFETY: dmp_status_name returns static NUL-terminated text.
    unsafe { std::ffi::CStr::from_ptr(text) }
        .to_string_lossy()
        .into_owned()
}
