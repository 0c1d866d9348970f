//! Fingerprints of contents: for the names of files that browsers keep for ever, and for what need not be made again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// FNV-1a, 64 bits: the same on every machine and with every Rust, and no dependency. It guards against
/// stale files, not against people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::new().with(bytes)
    }

    /// Adds bytes and their length, so that no two sequences of additions flow into the same stream.
    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        self.mix(bytes).mix(&(bytes.len() as u64).to_le_bytes())
    }

    fn mix(self, bytes: &[u8]) -> Self {
        Self(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// Adds a file, or every file of a folder with its name.
    pub(crate) fn with_path(self, path: &Path) -> Result<Self> {
        let mut hash = self;
        for file in files_below(path)? {
            let name = file.strip_prefix(path).unwrap_or(&file);
            hash = hash.with(name.to_string_lossy().as_bytes()).with(&read(&file)?);
        }
        Ok(hash)
    }

    pub(crate) fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}

/// The file itself, or all files of a folder, sorted. A folder that is not there has none.
pub(crate) fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cut_between_two_additions_counts() {
        let one = Fingerprint::new().with(b"ab").with(b"c");
        let other = Fingerprint::new().with(b"a").with(b"bc");
        assert_ne!(one.hex(), other.hex());
    }

    #[test]
    fn it_is_the_same_for_ever() {
        assert_eq!(Fingerprint::new().mix(b"foobar").hex(), "85944171f73967e8");
    }
}
