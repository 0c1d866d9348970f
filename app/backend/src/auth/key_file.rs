//! Keys in the data folder: files for their owner alone.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What stands in a file; `None`: there is none.
///
/// # Errors
/// When it is there and cannot be read.
pub(super) fn read<T: DeserializeOwned>(file: &Path) -> io::Result<Option<T>> {
    match fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes it whole or not at all.
///
/// # Errors
/// The system's.
pub(super) fn write(file: &Path, kept: &impl Serialize) -> io::Result<()> {
    let beside = file.with_extension("json.new");
    let _ = fs::remove_file(&beside);
    let mut open = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    open.write_all(&serde_json::to_vec(kept)?)?;
    open.sync_all()?;
    fs::rename(&beside, file)
}
