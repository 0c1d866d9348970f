//! Opening the databases: folder, files, settings of each engine, migrations.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::{Db, DbError, Postgres, Sqlite, aside, error, folder, integrity, pair};
use crate::config::Settings;

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// How long a writer waits for another process's write, and anyone for a connection.
const WAIT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
/// Pages of 4 kB in SQLite's log before they go into the file, where the same pages change in every commit: 32 MB on the disk, and read
/// once after a crash.
const CHECKPOINT_PAGES: &str = "8000";
/// A log that became longer, while somebody read for long, is cut to so many bytes when it begins anew.
const LOG_BYTES: &str = "67108864";
const POSTGRES_CONNECTIONS: u32 = 16;
/// What is acknowledged is on disk, whatever the server's default says; one that waits for more is left as it is.
const AWAIT_DISK: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply'";
/// The ingest writer's own, so that no number of readers keeps it waiting.
const POSTGRES_WRITERS: u32 = 2;

/// The databases of an installation. With PostgreSQL both are one.
#[derive(Clone, Debug)]
pub struct Databases {
    /// Devices, users, keys, sessions, settings, audit.
    pub registry: Db,
    /// What devices sent.
    pub telemetry: Db,
}

/// Why the databases cannot be opened: one line, with the way out.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("data.dir: {} cannot be written: {reason}; choose a folder of yours (VIGIA_DATA__DIR) or mend its rights", dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// Another process opens the databases and does not finish.
    #[error(
        "data.dir: another process has held {} for {seconds} s; end it (`fuser {}` says which it is), or use another data.dir",
        file.display(), file.display()
    )]
    Held {
        /// The lock.
        file: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// The data was written by a newer version.
    #[error(
        "{place}: the data belongs to a newer version of Vigía (its step {version} is unknown here); start that version, or use another data.dir"
    )]
    Newer {
        /// File or database.
        place: String,
        /// The migration's number.
        version: i64,
    },
    /// A migration was changed after it had run, or failed.
    #[error("{place}: {reason}; restore the last backup or ask for help with this line")]
    Migration {
        /// File or database.
        place: String,
        /// What the migration said.
        reason: String,
    },
    /// One of the two files is missing, or not of the same installation as the other.
    #[error(
        "data.dir: vigia.db and telemetry.db in {} do not belong together, or one of them was lost; put both back from one backup, or move both away to begin anew",
        .0.display()
    )]
    Torn(PathBuf),
    /// A file that is no database any more.
    #[error("{place}: the file is damaged ({reason}); {fix}")]
    Damaged {
        /// The file.
        place: String,
        /// What SQLite said.
        reason: String,
        /// What to do.
        fix: &'static str,
    },
    /// The database cannot be reached or read.
    #[error("{place}: {reason}; check {setting}")]
    Connect {
        /// File or database, without its password.
        place: String,
        /// What it said.
        reason: String,
        /// The setting to check.
        setting: &'static str,
    },
}

impl Databases {
    /// Opens both databases as the settings say, making and migrating them where needed.
    ///
    /// # Errors
    /// [`OpenError`], one line.
    pub async fn open(settings: &Settings) -> Result<Self, OpenError> {
        Self::open_with(settings, None).await
    }

    /// The same for the one process that serves: a damaged `telemetry.db` is set aside, and a new one takes its place. Call it only while
    /// nobody else serves the folder.
    ///
    /// # Errors
    /// [`OpenError`], one line; a damaged registry is one.
    pub async fn open_setting_aside(settings: &Settings, now_ms: i64) -> Result<Self, OpenError> {
        Self::open_with(settings, Some(now_ms)).await
    }

    async fn open_with(settings: &Settings, set_aside_at_ms: Option<i64>) -> Result<Self, OpenError> {
        folder::prepare(&settings.data.dir)?;
        if let Some(url) = settings.database.postgres() {
            return postgres(url.expose()).await;
        }
        let _held = folder::hold(&settings.data.dir).await?;
        let registry = sqlite(settings.data.dir.join("vigia.db"), is_registry, RESTORE).await?;
        if set_aside_at_ms.is_some() {
            // It is small, and everything stands on it: whoever serves looks through all of it first.
            let found = integrity::problems(&registry).await.map_err(|e| broken(&settings.data.dir, &e))?;
            if let Some(first) = found.first() {
                registry.close().await;
                let place = settings.data.dir.join("vigia.db").display().to_string();
                return Err(OpenError::Damaged { place, reason: first.split_whitespace().collect::<Vec<_>>().join(" "), fix: RESTORE });
            }
        }
        let file = settings.data.dir.join("telemetry.db");
        aside::finish(&file)?;
        let opened = match telemetry(&registry, file.clone()).await {
            Err(OpenError::Damaged { reason, .. }) if set_aside_at_ms.is_some() => {
                aside::set_aside(&file, set_aside_at_ms.unwrap_or_default(), &reason)?;
                let anew = telemetry_file(file).await?;
                pair::mark(&registry, &anew).await.map_err(|e| broken(&settings.data.dir, &e))?;
                Ok(anew)
            }
            opened => opened,
        };
        match opened {
            Ok(telemetry) => Ok(Self { registry, telemetry }),
            Err(error) => {
                registry.close().await;
                Err(error)
            }
        }
    }

    /// Closes both.
    pub async fn close(&self) {
        self.telemetry.close().await;
        self.registry.close().await;
    }
}

/// What to do about a registry that is damaged.
const RESTORE: &str = "nothing was changed: restore vigia.db and telemetry.db from one backup";
/// What to do about damaged readings.
const SERVE: &str = "`vigia serve` sets it aside, goes on with a new one and takes over what can be read";

fn is_registry(migration: &str) -> bool {
    !migration.starts_with("telemetry")
}

fn broken(place: &Path, error: &DbError) -> OpenError {
    OpenError::Connect { place: place.display().to_string(), reason: error.to_string(), setting: "data.dir" }
}

/// Opens `telemetry.db`, which belongs to this registry.
async fn telemetry(registry: &Db, file: PathBuf) -> Result<Db, OpenError> {
    let folder = file.parent().unwrap_or(&file).to_owned();
    let place = file.display().to_string();
    let db = telemetry_file(file).await?;
    match pair::belong_together(registry, &db).await {
        Ok(true) => Ok(db),
        Ok(false) => {
            db.close().await;
            Err(OpenError::Torn(folder))
        }
        Err(error) => {
            db.close().await;
            Err(if error.is_damage() {
                OpenError::Damaged { place, reason: error.to_string(), fix: SERVE }
            } else {
                broken(&folder, &error)
            })
        }
    }
}

/// A `telemetry.db` by itself, made and migrated where needed.
pub(super) async fn telemetry_file(file: PathBuf) -> Result<Db, OpenError> {
    sqlite(file, |name| !is_registry(name), SERVE).await
}

async fn sqlite(file: PathBuf, mine: fn(&str) -> bool, fix: &'static str) -> Result<Db, OpenError> {
    let place = file.display().to_string();
    let connect = |e: sqlx::Error| {
        let (place, reason) = (place.clone(), one_line(&e));
        if error::is_damage(&e) {
            OpenError::Damaged { place, reason, fix }
        } else {
            OpenError::Connect { place, reason, setting: "data.dir" }
        }
    };
    folder::touch(&file).map_err(|e| connect(e.into()))?;
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(WAIT)
        // An INSERT of many rows notes every page that it touches, to undo it alone; in a file that costs a quarter of ingest.
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_BYTES);
    // A table that others refer to can be made anew only while nobody looks at who refers to it.
    let mut migrating = SqliteConnection::connect_with(&options.clone().foreign_keys(false)).await.map_err(connect)?;
    let migrated = migrate(&SQLITE, mine, &mut migrating, &place).await;
    migrating.close().await.map_err(connect)?;
    migrated.map_err(|error| match error {
        OpenError::Damaged { place, reason, .. } => OpenError::Damaged { place, reason, fix },
        other => other,
    })?;
    let write = writer().connect_with(options.clone()).await.map_err(connect)?;
    let read = in_process()
        .max_connections(READERS)
        .connect_with(options.create_if_missing(false).pragma("query_only", "ON"))
        .await
        .map_err(connect)?;
    Ok(Db::Sqlite(Sqlite::new(file, write, read)))
}

/// There is no wire that could be cut: asking each time whether the connection still lives would make every question two.
fn in_process() -> SqlitePoolOptions {
    SqlitePoolOptions::new().acquire_timeout(WAIT).test_before_acquire(false)
}

/// The pool of the one connection that writes.
fn writer() -> SqlitePoolOptions {
    // On a full disk SQLite ends the transaction by itself, and sqlx goes on believing in it: such a connection would refuse every further
    // transaction, for good. The ping lets a rollback that is still under way come first; each commit would wait for one without need.
    in_process().max_connections(1).after_release(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    })
}

/// Both databases in one. What devices sent is written over connections of its own.
async fn postgres(url: &str) -> Result<Databases, OpenError> {
    let connect =
        |place: &str, e: sqlx::Error| OpenError::Connect { place: place.to_owned(), reason: one_line(&e), setting: "database.url" };
    let options = PgConnectOptions::from_str(url).map_err(|e| connect("database.url", e))?;
    let place = format!("PostgreSQL {}/{}", options.get_host(), options.get_database().unwrap_or_default());
    let pool = |connections| {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT)
            .after_connect(|connection, _| Box::pin(async move { connection.execute(AWAIT_DISK).await.map(drop) }))
            .connect_with(options.clone())
    };
    let (shared, writers) = match tokio::try_join!(pool(POSTGRES_CONNECTIONS), pool(POSTGRES_WRITERS)) {
        Ok(both) => both,
        Err(late) => return Err(connect(&place, own_error(&options, late).await)),
    };
    let mut migrating = shared.acquire().await.map_err(|e| connect(&place, e))?;
    migrate(&POSTGRES, |_| true, &mut *migrating, &place).await?;
    drop(migrating);
    Ok(Databases {
        registry: Db::Postgres(Postgres { write: shared.clone(), read: shared.clone() }),
        telemetry: Db::Postgres(Postgres { write: writers, read: shared }),
    })
}

/// A pool waits for a server that is just starting, and says then only that it waited. A plain connection says what it met.
async fn own_error(options: &PgConnectOptions, of_pool: sqlx::Error) -> sqlx::Error {
    if !matches!(of_pool, sqlx::Error::PoolTimedOut) {
        return of_pool;
    }
    match tokio::time::timeout(WAIT, PgConnection::connect_with(options)).await {
        Ok(Err(own)) => own,
        Ok(Ok(_)) | Err(_) => of_pool,
    }
}

async fn migrate(all: &Migrator, mine: fn(&str) -> bool, on: &mut impl Migrate, place: &str) -> Result<(), OpenError> {
    let steps: Vec<_> = all.iter().filter(|step| mine(&step.description)).cloned().collect();
    let migrator = Migrator { migrations: Cow::Owned(steps), ..Migrator::DEFAULT };
    migrator.run_direct(on).await.map_err(|e| match e {
        MigrateError::Execute(e) if error::is_damage(&e) => {
            OpenError::Damaged { place: place.to_owned(), reason: one_line(&e), fix: SERVE }
        }
        MigrateError::VersionMissing(version) => OpenError::Newer { place: place.to_owned(), version },
        MigrateError::Execute(e) => {
            OpenError::Connect { place: place.to_owned(), reason: one_line(&e), setting: "data.dir and database.url" }
        }
        other => OpenError::Migration { place: place.to_owned(), reason: other.to_string() },
    })
}

fn one_line(error: &sqlx::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_is_left_behind_when_there_is_room_again() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = sqlite(dir.path().join("vigia.db"), is_registry, RESTORE).await.expect("opened");
        let Db::Sqlite(pools) = &db else { unreachable!("opened as SQLite") };
        let write = async |value: String| crate::db::settings::set(&db, "large", &value).await;
        write("small".to_owned()).await.expect("there is room");
        sqlx::query("PRAGMA max_page_count = 1").execute(&pools.write()).await.expect("full from here on");
        let full = write("x".repeat(1_000_000)).await.expect_err("it is full");
        assert!(full.is_unreachable(), "{full}");
        sqlx::query("PRAGMA max_page_count = 1000000").execute(&pools.write()).await.expect("room again");
        write("y".repeat(1_000_000)).await.expect("it is written again");
    }
}
