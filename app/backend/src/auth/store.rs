//! Where browser sessions are kept: the same database as the users.

use async_trait::async_trait;
use tower_sessions::ExpiredDeletion;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use crate::db::{Db, DbError};

/// The session table of either database.
#[derive(Clone, Debug)]
pub enum Sessions {
    /// In `vigia.db`.
    Sqlite(SqliteStore),
    /// In PostgreSQL.
    Postgres(PostgresStore),
}

impl Sessions {
    /// Opens the table, making it where it is not there yet.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(registry: &Db) -> std::result::Result<Self, DbError> {
        Ok(match registry {
            Db::Sqlite(pools) => {
                let store = SqliteStore::new(pools.write.clone());
                store.migrate().await?;
                Self::Sqlite(store)
            }
            Db::Postgres(pool) => {
                let store = PostgresStore::new(pool.clone());
                store.migrate().await?;
                Self::Postgres(store)
            }
        })
    }

    /// Removes sessions whose time is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn tidy(&self) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.delete_expired().await,
            Self::Postgres(store) => store.delete_expired().await,
        }
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.create(record).await,
            Self::Postgres(store) => store.create(record).await,
        }
    }

    async fn save(&self, record: &Record) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.save(record).await,
            Self::Postgres(store) => store.save(record).await,
        }
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        match self {
            Self::Sqlite(store) => store.load(id).await,
            Self::Postgres(store) => store.load(id).await,
        }
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.delete(id).await,
            Self::Postgres(store) => store.delete(id).await,
        }
    }
}
