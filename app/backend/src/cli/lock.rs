//! One server per data folder.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::Failure;

/// Holds the folder until dropped; the system lets go of it even when the process is killed.
pub(super) struct Lock {
    _file: File,
}

/// Takes the folder for this process.
pub(super) fn take(dir: &Path) -> Result<Lock, Failure> {
    let path = dir.join("serve.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| Failure::new(format!("{}: {e}; mend the rights of the data folder", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(Failure::new(format!(
            "data.dir: another vigia serves {} already; stop it, or choose another folder with VIGIA_DATA__DIR",
            dir.display()
        ))),
        Err(TryLockError::Error(e)) => Err(Failure::new(format!("{}: {e}", path.display()))),
    }
}
