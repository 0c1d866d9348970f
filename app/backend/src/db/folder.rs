//! The data folder: made for its owner alone, kept so, and held while its databases are opened.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use super::OpenError;

const OWNERS_FOLDER: u32 = 0o700;
const OWNERS_FILE: u32 = 0o600;
/// Anything that somebody else may do.
const OTHERS: u32 = 0o077;
/// A folder in which everybody keeps their own, as `/tmp`.
const SHARED: u32 = 0o1000;
/// How long whoever opens the databases may take, a migration included.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is tried.
const STEP: Duration = Duration::from_millis(50);

/// The databases, and what SQLite keeps beside them.
const FILES: [&str; 6] = ["vigia.db", "vigia.db-wal", "vigia.db-shm", "telemetry.db", "telemetry.db-wal", "telemetry.db-shm"];

/// Makes the folder, for its owner alone, and tries to write in it. One that others may look into is closed to them.
///
/// # Errors
/// [`OpenError::Folder`].
pub fn prepare(dir: &Path) -> Result<(), OpenError> {
    let folder = |reason| OpenError::Folder { dir: dir.to_owned(), reason };
    if !dir.exists() {
        fs::create_dir_all(dir).map_err(folder)?;
        fs::set_permissions(dir, Permissions::from_mode(OWNERS_FOLDER)).map_err(folder)?;
    }
    let probe = dir.join(".writable");
    fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)).map_err(folder)?;
    if let Err(error) = tighten(dir) {
        // A file system without rights, or somebody else's folder: no reason not to run.
        tracing::warn!(%error, "data.dir: {} may be readable by others, and its rights cannot be changed", dir.display());
    }
    Ok(())
}

fn tighten(dir: &Path) -> io::Result<()> {
    let mode = fs::metadata(dir)?.permissions().mode();
    if mode & OTHERS != 0 {
        // Only what is ours: a folder that holds other things, too, may be open for a reason.
        let ours = mode & SHARED == 0 && fs::read_dir(dir)?.flatten().all(|entry| is_ours(&entry.file_name().to_string_lossy()));
        if ours {
            close_to_others(dir, mode, OWNERS_FOLDER)?;
        } else {
            tracing::warn!("data.dir: others may look into {}; its databases are closed to them", dir.display());
        }
    }
    for file in FILES.map(|name| dir.join(name)) {
        match fs::metadata(&file).map(|found| found.permissions().mode()) {
            Ok(mode) if mode & OTHERS != 0 => close_to_others(&file, mode, OWNERS_FILE)?,
            _ => {}
        }
    }
    Ok(())
}

fn is_ours(name: &str) -> bool {
    FILES.contains(&name)
        || ["demo", "mail", "signing-key.json"].contains(&name)
        || name.starts_with(super::aside::PREFIX)
        || name.strip_prefix("telemetry.db").is_some_and(|rest| rest.starts_with(super::aside::ANEW))
        || Path::new(name).extension().is_some_and(|ending| ending == "lock")
}

fn close_to_others(path: &Path, was: u32, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    tracing::warn!("data.dir: {} was open to others (mode {:o}); now it is its owner's alone", path.display(), was & 0o7777);
    Ok(())
}

/// Makes an empty file that only its owner may read, if it is not there yet. SQLite gives what it keeps beside it the same rights.
pub(super) fn touch(file: &Path) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).mode(OWNERS_FILE).open(file).map(drop)
}

/// Holds the folder until dropped, so that processes that start together do not both migrate. Waits for whoever holds it, but
/// not without an end: it may be a process that somebody stopped.
pub(super) async fn hold(dir: &Path) -> Result<File, OpenError> {
    let folder = |reason| OpenError::Folder { dir: dir.to_owned(), reason };
    let path = dir.join("open.lock");
    let file = OpenOptions::new().create(true).append(true).mode(OWNERS_FILE).open(&path).map_err(folder)?;
    let taken = async {
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(STEP).await,
                Err(TryLockError::Error(reason)) => return Err(folder(reason)),
            }
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.map_err(|_| OpenError::Held { file: path, seconds: PATIENCE.as_secs() })??;
    Ok(file)
}
