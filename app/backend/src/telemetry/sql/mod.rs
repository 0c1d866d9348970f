//! The SQL engine, in SQLite or PostgreSQL: readings go into a log and are sealed into chunks.
//!
//! The log takes one row a transaction ([`block`]); where each reading stands in it is kept in memory ([`tail`]). After a while the oldest blocks
//! become chunks ([`chunk`]), one metric of one device each, and the quarters of an hour they touch are reckoned again ([`seal`]).

mod aggregate;
mod append;
mod block;
mod check;
mod checksum;
mod chunk;
mod day;
mod latest;
mod log;
mod names;
mod read;
mod retain;
mod rows;
mod seal;
mod series;
mod shape;
mod tail;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicI64;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use tokio::sync::Mutex;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::Quarter;

use super::buckets::Buckets;
use super::{Entry, LastValue, Question, TelemetryStore, Won};
use crate::db::{Db, DbError};
use crate::world::World;
pub use check::Report;
use latest::LatestCache;
use names::MetricNames;
use series::Series;
use tail::Tail;

/// So many readings in the log are sealed at a time, and as soon as there are so many.
const SEAL_READINGS: usize = 50_000;
/// So old a reading in the log is sealed, in ms.
const SEAL_AGE_MS: i64 = 10 * 60_000;
/// So many readings the log holds at most; whoever brings more waits until some are sealed.
const MOST_READINGS: usize = 500_000;

/// The engine over one database. It is the only writer of its tables in this process.
pub struct SqlStore {
    db: Db,
    /// Which process wrote a block.
    writer: i64,
    names: MetricNames,
    latest: LatestCache,
    tail: RwLock<Tail>,
    /// Held by who appends: readings come into memory in the order of the log.
    turn: Mutex<()>,
    /// Held by who changes chunks.
    sealing: Mutex<()>,
    /// Before this instant raw values were removed: a beginning of a quarter, ms since the epoch.
    raw_kept_ms: AtomicI64,
}

impl SqlStore {
    /// Opens the engine: reads the metric names and the last values, and what of the log is not sealed yet.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(db: Db, world: &World) -> Result<Self, DbError> {
        let writer = i64::from_le_bytes(world.bytes());
        log::take_over_samples(&db, writer).await?;
        let (names, latest) = (MetricNames::load(&db).await?, LatestCache::load(&db).await?);
        let mut tail = Tail::default();
        log::all(&db, |logged| {
            let frames = block::frames(&logged.data)?;
            latest.replay(&frames, logged.received_ms);
            let place =
                |(offset, frame): &(usize, block::Frame<'_>)| (frame.device, frame.at_ms, u32::try_from(*offset).unwrap_or(u32::MAX));
            tail.add(logged.id, logged.received_ms, frames.iter().map(place));
            Ok(())
        })
        .await?;
        let raw_kept_ms = AtomicI64::new(retain::kept_ms(&db).await?);
        let (turn, sealing) = (Mutex::default(), Mutex::default());
        Ok(Self { db, writer, names, latest, tail: RwLock::new(tail), turn, sealing, raw_kept_ms })
    }

    fn tail(&self) -> RwLockReadGuard<'_, Tail> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail_mut(&self) -> RwLockWriteGuard<'_, Tail> {
        self.tail.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn series(&self, device: DeviceNumber, metric: &str) -> Option<Series> {
        Some(Series { device: device.0, metric: self.names.id(metric)? })
    }
}

#[async_trait]
impl TelemetryStore for SqlStore {
    async fn append(&self, batch: &[Entry]) -> Result<Vec<Won>, DbError> {
        while self.tail().readings() > MOST_READINGS {
            self.seal_oldest(SEAL_READINGS).await?;
        }
        let _turn = self.turn.lock().await;
        let readings = append::readings(&self.db, &self.names, batch).await?;
        if let Some(block) = append::write(&self.db, self.writer, batch, &readings).await? {
            self.tail_mut().add(block, readings.received_ms, readings.places.iter().copied());
        }
        self.latest.apply(batch, &readings)
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
        if let Some(series) = self.series(device, metric) {
            self.each(series, from_ms, to_ms, |at, value| found.push((at, value))).await?;
        }
        Ok(found)
    }

    async fn aggregate(&self, question: &Question<'_>) -> Result<Buckets, DbError> {
        let mut buckets = Buckets::new(question.from_ms, question.to_ms, question.points);
        if let Some(series) = self.series(question.device, question.metric) {
            if buckets.are_whole_quarters() {
                for (start, quarter) in self.quarters_of(series, question.from_ms, question.to_ms).await? {
                    buckets.add_quarter(start, &quarter);
                }
            } else {
                self.each(series, question.from_ms, question.to_ms, |at, value| buckets.add(at, value)).await?;
            }
        }
        Ok(buckets)
    }

    async fn quarters(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<BTreeMap<i64, Quarter>, DbError> {
        match self.series(device, metric) {
            Some(series) => self.quarters_of(series, from_ms, to_ms).await,
            None => Ok(BTreeMap::new()),
        }
    }

    async fn tidy(&self, now_ms: i64) -> Result<bool, DbError> {
        let (readings, since_ms) = {
            let tail = self.tail();
            (tail.readings(), tail.since_ms())
        };
        if readings < SEAL_READINGS && since_ms.is_none_or(|since| now_ms - since < SEAL_AGE_MS) {
            return Ok(false);
        }
        Ok(self.seal_oldest(SEAL_READINGS).await?.blocks > 0)
    }

    async fn compact(&self) -> Result<(), DbError> {
        while self.seal_oldest(SEAL_READINGS).await?.blocks > 0 {}
        Ok(())
    }

    async fn delete_before(&self, before_ms: i64) -> Result<u64, DbError> {
        self.compact().await?;
        self.drop_before(before_ms).await
    }

    async fn check(&self) -> Result<Report, DbError> {
        self.checked().await
    }

    async fn settle(&self) -> Result<(), DbError> {
        self.latest.flush(&self.db).await
    }

    async fn health(&self) -> Result<(), DbError> {
        self.db.ping().await
    }
}
