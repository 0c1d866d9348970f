//! The databases: SQLite in the data folder, or PostgreSQL by address, behind one type. One file per table group.
//!
//! One SQL text serves both wherever both understand it (`$1` works in either); [`on!`] and [`in_tx!`] run it on
//! whichever is there.

pub mod app_sessions;
mod aside;
pub mod audit;
pub mod commands;
pub mod device_config;
pub mod device_tokens;
pub mod devices;
pub mod error;
mod folder;
pub mod gateways;
pub mod identities;
pub mod integrity;
pub mod keys;
pub mod links;
pub mod mails;
mod open;
mod paging;
mod pair;
pub mod passkeys;
pub mod people;
mod pools;
pub mod probe;
pub mod registrations;
pub mod sealing_keys;
pub mod second_steps;
pub mod sessions;
pub mod settings;
pub mod signing_keys;
pub mod state;
pub mod strangers;
pub mod unclaimed;
pub mod user_end;
pub mod user_rights;
pub mod users;
mod ways_in;

use sqlx::PgPool;

pub(crate) use aside::read_aside;
pub use error::DbError;
pub use folder::prepare;
pub use open::{Databases, OpenError};
pub use pools::Sqlite;

/// One database. Clones share its connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file: one connection that writes, several that read.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

/// The pools of a PostgreSQL database. For all but what devices sent they are the same.
#[derive(Clone, Debug)]
pub struct Postgres {
    pub(crate) write: PgPool,
    pub(crate) read: PgPool,
}

/// Runs an expression with the connections for reading: `on!(db, |c| sqlx::query(SQL).fetch_all(c).await)`.
macro_rules! on {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(pools) => {
                let pool = pools.read();
                let $c = &pool;
                $body
            }
            $crate::db::Db::Postgres(pools) => {
                let $c = &pools.read;
                $body
            }
        }
    };
}

/// Runs an expression with one connection for reading that sees one moment of the database from beginning to end.
macro_rules! in_snapshot {
    ($db:expr, |$c:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(pools) => {
                let mut transaction = pools.read().begin().await?;
                let $c = &mut *transaction;
                let value = $body;
                transaction.rollback().await?;
                value
            }
            $crate::db::Db::Postgres(pools) => {
                let mut transaction = pools.read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
                let $c = &mut *transaction;
                let value = $body;
                transaction.rollback().await?;
                value
            }
        }
    };
}

/// Runs an expression inside a transaction and commits it; `?` inside rolls back. On SQLite the transaction takes the
/// write lock at once, so that it never fails half-way for want of it.
macro_rules! in_tx {
    ($db:expr, |$tx:ident| $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite(pools) => {
                let mut transaction = pools.write().begin_with("BEGIN IMMEDIATE").await?;
                let $tx = &mut *transaction;
                let value = $body;
                transaction.commit().await?;
                value
            }
            $crate::db::Db::Postgres(pools) => {
                let mut transaction = pools.write.begin().await?;
                let $tx = &mut *transaction;
                let value = $body;
                transaction.commit().await?;
                value
            }
        }
    };
}

pub(crate) use {in_snapshot, in_tx, on};

impl Db {
    /// Asks the smallest question.
    ///
    /// # Errors
    /// [`DbError`] when the database does not answer.
    pub async fn ping(&self) -> Result<(), DbError> {
        on!(self, |c| sqlx::query("SELECT 1").execute(c).await.map(drop))?;
        Ok(())
    }

    /// Moves what was committed into SQLite's own file. On the connection that writes: where one connection moves while another one begins the
    /// log anew, versions of SQLite before 3.51.3 may leave pages behind (`sqlite.org/wal.html`, "the WAL-reset bug").
    ///
    /// # Errors
    /// [`DbError`].
    pub(crate) async fn checkpoint(&self) -> Result<(), DbError> {
        if let Self::Sqlite(pools) = self {
            sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pools.write()).await?;
        }
        Ok(())
    }

    /// What a commit waits for, in the database's own word: `2` (FULL) of SQLite, `on` of PostgreSQL. Anything less and what was
    /// acknowledged could be lost.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn commit_waits_for(&self) -> Result<String, DbError> {
        Ok(match self {
            Self::Sqlite(pools) => sqlx::query_scalar::<_, i64>("PRAGMA synchronous").fetch_one(&pools.write()).await?.to_string(),
            Self::Postgres(pools) => sqlx::query_scalar("SHOW synchronous_commit").fetch_one(&pools.write).await?,
        })
    }

    /// Closes every connection; on SQLite the log is folded into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pools) => {
                pools.read.close().await;
                pools.write.close().await;
            }
        }
    }
}
