//! The shared library that cargo built for this test run.

use std::path::{Path, PathBuf};

/// The library, beside the test's own executable.
pub fn shared_library() -> PathBuf {
    let mut path = std::env::current_exe().expect("the test's path");
    path.pop();
    path.join("libdmpkit.so")
}

/// The library under its SONAME, as a program that links it will look for it.
pub fn shared_library_in(folder: &Path) -> PathBuf {
    let target = folder.join("libdmpkit.so.0");
    std::fs::copy(shared_library(), &target).expect("the library is copied");
    target
}
