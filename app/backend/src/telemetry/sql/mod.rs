//! The SQL engine: an append-only log of readings in SQLite or PostgreSQL.

mod append;
mod codec;
mod latest;
mod names;
mod read;
mod rows;

use async_trait::async_trait;
use tokio::sync::Mutex;
use vigia_domain::ids::DeviceNumber;

use super::buckets::Buckets;
use super::{Entry, LastValue, Question, TelemetryStore};
use crate::db::{Db, DbError, in_tx};
use latest::LatestCache;
use names::MetricNames;
use rows::Statement;

/// The engine over one database. It is the only writer of its tables in this process.
pub struct SqlStore {
    db: Db,
    names: MetricNames,
    latest: LatestCache,
    insert: Statement,
    /// Held by who appends or writes the last values down, so that these never claim to hold a row that they do not.
    turn: Mutex<()>,
}

impl SqlStore {
    /// Opens the engine: reads the metric names and the last values, and completes these from the log.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(db: Db) -> Result<Self, DbError> {
        let names = MetricNames::load(&db).await?;
        let latest = LatestCache::load(&db).await?;
        Ok(Self { db, names, latest, insert: append::insert(), turn: Mutex::default() })
    }
}

#[async_trait]
impl TelemetryStore for SqlStore {
    async fn append(&self, batch: &[Entry]) -> Result<Vec<Vec<LastValue>>, DbError> {
        let _turn = self.turn.lock().await;
        let rows = append::rows(&self.db, &self.names, batch).await?;
        append::write(&self.db, &self.insert, batch, &rows).await?;
        Ok(self.latest.apply(batch, &rows))
    }

    fn latest(&self, device: DeviceNumber) -> Vec<LastValue> {
        self.latest.of(device, &self.names)
    }

    fn newest_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.latest.newest_ms(device)
    }

    fn known_metrics(&self, device: DeviceNumber) -> usize {
        self.latest.known_metrics(device)
    }

    fn seen_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.latest.seen_ms(device)
    }

    fn goodbye_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.latest.goodbye_ms(device)
    }

    async fn range(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, f64)>, DbError> {
        let mut found = Vec::new();
        if let Some(metric) = self.names.id(metric) {
            read::each(&self.db, device, metric, from_ms, to_ms, |at, value| found.push((at, value))).await?;
        }
        Ok(found)
    }

    async fn aggregate(&self, question: &Question<'_>) -> Result<Buckets, DbError> {
        let mut buckets = Buckets::new(question.from_ms, question.to_ms, question.points);
        if let Some(metric) = self.names.id(question.metric) {
            read::each(&self.db, question.device, metric, question.from_ms, question.to_ms, |at, value| buckets.add(at, value)).await?;
        }
        Ok(buckets)
    }

    async fn delete_before(&self, before_ms: i64) -> Result<u64, DbError> {
        const SQL: &str = "DELETE FROM samples WHERE at_ms < $1";
        Ok(in_tx!(&self.db, |tx| sqlx::query(SQL).bind(before_ms).execute(&mut *tx).await?.rows_affected()))
    }

    async fn settle(&self) -> Result<(), DbError> {
        let _turn = self.turn.lock().await;
        self.latest.flush(&self.db).await
    }

    async fn health(&self) -> Result<(), DbError> {
        self.db.ping().await
    }
}
