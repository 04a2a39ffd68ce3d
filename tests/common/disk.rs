//! A small disk of its own for a test: a tmpfs, when the test runs as root.

#![allow(dead_code, reason = "each test file uses its part")]

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Disk {
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    Command::new("mount")
        .args(arguments)
        .arg(folder)
        .output()
        .is_ok_and(|output| output.status.success())
}

impl Disk {
    /// A disk of so many kilobytes; says so and answers `None` when none can be mounted.
    pub fn of(kilobytes: u32) -> Option<Disk> {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let folder = parent.path().join("disk");
        std::fs::create_dir(&folder).expect("a folder");
        let size = format!("size={kilobytes}k");
        if mount(&["-t", "tmpfs", "-o", &size, "tmpfs"], &folder) {
            return Some(Disk {
                folder,
                _parent: parent,
            });
        }
        println!("SKIPPED: a disk cannot be mounted here");
        None
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Mounts it again otherwise: `size=…`, `ro`.
    pub fn remount(&self, how: &str) {
        let how = format!("remount,{how}");
        assert!(mount(&["-o", &how], &self.folder), "{how}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}
