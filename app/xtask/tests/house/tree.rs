//! The project's files: those that git tracks or would track.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the project.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the checkout, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn ends_with_any(&self, endings: &[&str]) -> bool {
        endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// The lines with their numbers, counted from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("app/xtask stands two folders below the checkout").to_owned()
}

/// The names of all files.
pub(crate) fn names() -> Vec<String> {
    let listed = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .expect("git lists the files of the checkout");
    assert!(listed.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    names.split_terminator('\0').map(str::to_owned).collect()
}

/// All text files; pictures and fonts are left out.
pub(crate) fn files() -> Vec<File> {
    // A file that was removed is still listed until that is committed.
    let text = |path| Some(File { text: fs::read_to_string(root().join(&path)).ok()?, path });
    let files: Vec<File> = names().into_iter().filter_map(text).collect();
    assert!(files.len() > 20, "only {} files found: is this a checkout?", files.len());
    files
}

pub(crate) fn file(path: &str) -> File {
    let text = fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    File { path: path.to_owned(), text }
}

/// Fails with all findings at once, and the way to mend them.
pub(crate) fn none_of(findings: &[String], mend: &str) {
    assert!(findings.is_empty(), "\n{}\n\n{mend}\n", findings.join("\n"));
}
