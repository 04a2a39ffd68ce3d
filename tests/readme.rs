//! The README's program compiles without a warning and does what the README says.

mod common;

use std::process::Command;

use common::library::shared_library_in;

/// The C program of the README.
fn program() -> String {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))
        .expect("README.md");
    let (_, after) = readme.split_once("```c\n").expect("a C block");
    let (program, _) = after.split_once("```").expect("its end");
    program.to_owned()
}

#[test]
fn the_ten_lines_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("readme.c");
    std::fs::write(&source, program()).expect("written");
    let library = shared_library_in(folder.path());
    let binary = folder.path().join("readme");
    let built = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"])
        .arg(concat!("-I", env!("CARGO_MANIFEST_DIR"), "/include"))
        .arg(&source)
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", folder.path().display()))
        .arg("-o")
        .arg(&binary)
        .output()
        .expect("cc runs");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let ran = Command::new(&binary)
        .current_dir(folder.path())
        .output()
        .expect("it runs");
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    assert!(printed.contains(r#""state":"nonexistent""#), "{printed}");
    assert!(printed.contains("Ce patient n'a pas de DMP."), "{printed}");
}
