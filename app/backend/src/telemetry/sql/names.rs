//! The dictionary of metric names.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use crate::db::{Db, DbError, in_tx, on};

/// Names and ids, as far as this process has met them.
pub(super) struct MetricNames {
    known: RwLock<Known>,
}

/// What is known at one moment.
#[derive(Default)]
pub(super) struct Known {
    ids: HashMap<String, u32>,
    names: HashMap<u32, String>,
}

const ALL: &str = "SELECT id, name FROM metrics";

impl MetricNames {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let names = Self { known: RwLock::default() };
        names.reload(db).await?;
        Ok(names)
    }

    /// Reads them anew: another process may have met some.
    pub(super) async fn reload(&self, db: &Db) -> Result<(), DbError> {
        self.learn(on!(db, |c| sqlx::query_as(ALL).fetch_all(c).await)?)
    }

    pub(super) fn knows(&self, id: u32) -> bool {
        self.known().names.contains_key(&id)
    }

    /// Writes every name with its id into a new, empty database.
    pub(super) async fn write_to(&self, db: &Db) -> Result<(), DbError> {
        let all: Vec<(u32, String)> = self.known().names.iter().map(|(id, name)| (*id, name.clone())).collect();
        in_tx!(db, |tx| for (id, name) in &all {
            let query = sqlx::query("INSERT INTO metrics (id, name) VALUES ($1, $2)").bind(i64::from(*id)).bind(name.as_str());
            query.execute(&mut *tx).await?;
        });
        Ok(())
    }

    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.known().id(name)
    }

    pub(super) fn name(&self, id: u32) -> Option<String> {
        self.known().names.get(&id).cloned()
    }

    /// For many questions at once.
    pub(super) fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes sure that every name has its id. A name stays when the batch that brought it is not stored: it does no harm.
    pub(super) async fn ensure<'n>(&self, db: &Db, names: impl Iterator<Item = &'n str>) -> Result<(), DbError> {
        let missing: HashSet<&str> = {
            let known = self.known();
            names.filter(|name| known.id(name).is_none()).collect()
        };
        if missing.is_empty() {
            return Ok(());
        }
        const SQL: &str = "INSERT INTO metrics (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
        // Read back over the same connection: the writer never waits for one of the readers'.
        let rows = in_tx!(db, |tx| {
            for name in &missing {
                sqlx::query(SQL).bind(*name).execute(&mut *tx).await?;
            }
            sqlx::query_as(ALL).fetch_all(&mut *tx).await?
        });
        self.learn(rows)
    }

    fn learn(&self, rows: Vec<(i64, String)>) -> Result<(), DbError> {
        let mut learnt = Known::default();
        for (id, name) in rows {
            let id = u32::try_from(id).map_err(|_| DbError::Unreadable { table: "metrics", column: "id", found: id.to_string() })?;
            learnt.names.insert(id, name.clone());
            learnt.ids.insert(name, id);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        // Names never go: fewer of them were read before others came.
        if learnt.names.len() >= known.names.len() {
            *known = learnt;
        }
        Ok(())
    }
}

impl Known {
    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.ids.get(name).copied()
    }
}
