//! The dictionary of metric names.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::db::{Db, DbError, in_tx, on};

/// Names and ids, as far as this process has met them.
pub(super) struct MetricNames {
    known: RwLock<Known>,
}

#[derive(Default)]
pub(super) struct Known {
    ids: HashMap<String, u32>,
    names: HashMap<u32, String>,
}

impl Known {
    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }
}

impl MetricNames {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let names = Self { known: RwLock::default() };
        names.reload(db).await?;
        Ok(names)
    }

    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.known().id(name)
    }

    /// All of them, for a while: for many questions in a row.
    pub(super) fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn name(&self, id: u32) -> Option<String> {
        self.known().names.get(&id).cloned()
    }

    /// Makes sure that every name has its id. A name stays when the batch that brought it is not stored: it does no harm.
    pub(super) async fn ensure<'n>(&self, db: &Db, names: impl Iterator<Item = &'n str>) -> Result<(), DbError> {
        let missing: HashSet<&str> = {
            let known = self.known();
            names.filter(|name| !known.ids.contains_key(*name)).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        const SQL: &str = "INSERT INTO metrics (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
        in_tx!(db, |tx| for name in &missing {
            sqlx::query(SQL).bind(*name).execute(&mut *tx).await?;
        });
        self.reload(db).await
    }

    async fn reload(&self, db: &Db) -> Result<(), DbError> {
        let rows: Vec<(i64, String)> = on!(db, |c| sqlx::query_as("SELECT id, name FROM metrics").fetch_all(c).await)?;
        let mut known = Known::default();
        for (id, name) in rows {
            let id = u32::try_from(id).map_err(|_| DbError::Unreadable { table: "metrics", column: "id", found: id.to_string() })?;
            known.names.insert(id, name.clone());
            known.ids.insert(name, id);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }
}
