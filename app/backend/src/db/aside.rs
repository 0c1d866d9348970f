//! Setting a damaged file aside: it keeps its bytes under another name, and a new one takes its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use vigia_domain::time;

use super::open::telemetry_file;
use super::{Db, DbError, OpenError, pair};

/// How the names of files that were set aside begin.
pub(super) const PREFIX: &str = "telemetry.db.damaged-";
/// How long it is waited for who still reads the old file. They may go on reading it under its new name.
const PATIENCE: Duration = Duration::from_secs(3);

/// Renames a file and what SQLite keeps beside it, and says so in the log. Its new name.
pub(super) fn set_aside(file: &Path, now_ms: i64, reason: &str) -> Result<PathBuf, OpenError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let aside = folder.join(format!("{PREFIX}{}", time::to_text(now_ms).replace(':', "")));
    let moved = || -> io::Result<()> {
        for ending in ["-wal", "-shm", ""] {
            let (from, to) = (with(file, ending), with(&aside, ending));
            if from.exists() {
                fs::rename(from, to)?;
            }
        }
        File::open(folder)?.sync_all()
    };
    moved().map_err(|reason| OpenError::Folder { dir: folder.to_owned(), reason })?;
    tracing::error!(reason, file = %aside.display(), "telemetry.db is damaged: it was set aside, and a new one takes its place");
    Ok(aside)
}

fn with(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Db {
    /// Sets this database's file of readings aside and goes on with a new, empty one, which belongs to the same registry. Nothing
    /// happens, and `None` is the answer, where there is no file.
    ///
    /// # Errors
    /// [`OpenError`]; the old file is where it was, or set aside already.
    pub async fn replace_damaged(&self, now_ms: i64, reason: &str) -> Result<Option<PathBuf>, OpenError> {
        let Self::Sqlite(pools) = self else { return Ok(None) };
        let _ = tokio::time::timeout(PATIENCE, self.close()).await;
        let aside = set_aside(pools.file(), now_ms, reason)?;
        let anew = telemetry_file(pools.file().to_owned()).await?;
        let Self::Sqlite(new) = &anew else { return Ok(None) };
        if let Some(mark) = pools.installation.get() {
            let place = pools.file().display().to_string();
            pair::write(&anew, mark).await.map_err(|e| OpenError::Connect { place, reason: e.to_string(), setting: "data.dir" })?;
        }
        pools.change_to(new);
        Ok(Some(aside))
    }

    /// The files of readings that were set aside, by their time.
    #[must_use]
    pub fn set_aside(&self) -> Vec<PathBuf> {
        let Self::Sqlite(pools) = self else { return Vec::new() };
        let Some(Ok(entries)) = pools.file().parent().map(fs::read_dir) else { return Vec::new() };
        let is_aside = |path: &PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| name.starts_with(PREFIX) && !name.ends_with("-wal") && !name.ends_with("-shm"))
        };
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_aside).collect();
        found.sort();
        found
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
