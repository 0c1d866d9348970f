//! Setting a damaged file aside: it keeps its bytes under another name, and a new one takes its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use vigia_domain::time;

use super::open::telemetry_file;
use super::{Db, DbError, OpenError, folder, pair};

/// How the names of files that were set aside begin.
pub(super) const PREFIX: &str = "telemetry.db.damaged-";
/// How long it is waited for who still reads the old file. They may go on reading it under its new name.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the name of a file that is being made ends with, until it takes the place of a damaged one.
pub(super) const ANEW: &str = ".anew";

/// Renames a file and what SQLite keeps beside it, and says so in the log. Nothing had its new name before.
pub(super) fn set_aside(file: &Path, now_ms: i64, reason: &str) -> Result<(), OpenError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let name = |ms| folder.join(format!("{PREFIX}{}", time::to_text(ms).replace(':', "")));
    let free = |path: &PathBuf| BESIDE.iter().all(|ending| !with(path, ending).exists());
    let aside = (now_ms..).map(name).find(free).unwrap_or_else(|| name(now_ms));
    let moved = || -> io::Result<()> {
        // The file itself first: whoever opens the folder after an end in between finds none, and finishes this.
        for ending in BESIDE {
            let (from, to) = (with(file, ending), with(&aside, ending));
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        File::open(folder)?.sync_all()
    };
    moved().map_err(|reason| OpenError::Folder { dir: folder.to_owned(), reason })?;
    tracing::error!(reason, file = %aside.display(), "telemetry.db is damaged: it was set aside, and a new one takes its place");
    Ok(())
}

/// The file, and what SQLite keeps beside it.
const BESIDE: [&str; 3] = ["", "-wal", "-shm"];

/// Finishes a [`set_aside`] in whose midst the program ended: the write-ahead log, which holds the newest commits, follows its file. SQLite
/// would remove one that lies beside no file.
pub(super) fn finish(file: &Path) -> Result<(), OpenError> {
    let is_there = fs::metadata(file).is_ok_and(|found| found.len() > 0);
    let Some(last) = files(file).pop().filter(|_| !is_there) else { return Ok(()) };
    for ending in ["-wal", "-shm"] {
        let (from, to) = (with(file, ending), with(&last, ending));
        if from.exists() && !to.exists() {
            fs::rename(from, to).map_err(|reason| OpenError::Folder { dir: file.parent().unwrap_or(file).to_owned(), reason })?;
        }
    }
    Ok(())
}

fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// The files that were set aside of this one, by their time.
fn files(file: &Path) -> Vec<PathBuf> {
    let Some(Ok(entries)) = file.parent().map(fs::read_dir) else { return Vec::new() };
    let is_aside = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(PREFIX) && !name.ends_with("-wal") && !name.ends_with("-shm"))
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_aside).collect();
    found.sort();
    found
}

impl Db {
    /// Sets this database's file of readings aside and goes on with a new one, which belongs to the same registry. `begin` writes what has
    /// to stand in it before anybody uses it. Says whether that was done: where there is no file there is nothing to do.
    ///
    /// # Errors
    /// [`OpenError`]; the old file is where it was, or set aside already. Ask again.
    pub async fn replace_damaged(
        &self,
        now_ms: i64,
        reason: &str,
        begin: impl AsyncFnOnce(&Self) -> Result<(), DbError>,
    ) -> Result<bool, OpenError> {
        let Self::Sqlite(pools) = self else { return Ok(false) };
        let file = pools.file();
        let folder = file.parent().unwrap_or(Path::new(".")).to_owned();
        let refused = |reason| OpenError::Folder { dir: folder.clone(), reason };
        let _held = folder::hold(&folder).await?;
        // The new one is whole before it has the name under which it is opened.
        let made = with(file, ANEW);
        for rest in BESIDE.map(|ending| with(&made, ending)) {
            if rest.exists() {
                fs::remove_file(rest).map_err(refused)?;
            }
        }
        let anew = telemetry_file(made.clone()).await?;
        let filled = async {
            if let Some(mark) = pools.installation.get() {
                pair::write(&anew, mark).await?;
            }
            begin(&anew).await?;
            // Whoever closes last would do it, if it could write: all of it has to be in the one file that gets the name.
            if let Self::Sqlite(new) = &anew {
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&new.write()).await?;
            }
            Ok::<(), DbError>(())
        };
        let filled = filled.await;
        anew.close().await;
        let place = file.display().to_string();
        filled.map_err(|e| OpenError::Connect { place, reason: e.to_string(), setting: "data.dir" })?;
        if fs::metadata(with(&made, "-wal")).is_ok_and(|log| log.len() > 0) {
            return Err(refused(io::Error::other("the new telemetry.db could not be closed")));
        }
        let _ = tokio::time::timeout(PATIENCE, self.close()).await;
        set_aside(file, now_ms, reason)?;
        fs::rename(&made, file).and_then(|()| File::open(&folder)?.sync_all()).map_err(refused)?;
        let opened = telemetry_file(file.to_owned()).await?;
        let Self::Sqlite(new) = &opened else { return Ok(false) };
        pools.change_to(new);
        Ok(true)
    }

    /// The files of readings that were set aside, by their time.
    #[must_use]
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let Self::Sqlite(pools) = self else { return Vec::new() };
        files(pools.file())
    }
}

/// Opens a file that was set aside, to read what can be read of it.
///
/// # Errors
/// [`DbError`] when not even its head can be read.
pub(crate) async fn read_aside(file: &Path) -> Result<SqliteConnection, DbError> {
    // Not read-only: what stands in its write-ahead log is read with it, and that takes a file beside it.
    Ok(SqliteConnectOptions::new().filename(file).create_if_missing(false).pragma("query_only", "ON").connect().await?)
}
