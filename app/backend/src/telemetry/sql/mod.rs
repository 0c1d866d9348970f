//! The SQL engine, in SQLite or PostgreSQL: readings go into a log and are sealed into chunks.
//!
//! The log takes one row a transaction ([`block`]); where each reading stands in it is kept in memory ([`tail`]). After a while the oldest blocks
//! become chunks ([`chunk`]), one metric of one device each, and the quarters of an hour they touch are reckoned again ([`seal`]).

mod aggregate;
mod ahead;
mod append;
mod block;
mod changes;
mod check;
mod checksum;
mod chunk;
mod clear;
mod damage;
mod day;
mod erase;
mod gather;
mod gone;
mod latest;
mod log;
mod moving;
mod names;
mod others;
mod read;
mod recent;
mod renew;
mod retain;
mod rows;
mod seal;
mod series;
mod shape;
mod surroundings;
mod tail;
mod take_over;
mod together;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::Quarter;

use super::buckets::Buckets;
use super::{Entry, LastValue, Question, TelemetryStore, Won};
use crate::db::{Db, DbError};
use crate::metrics::StoreMetrics;
use crate::world::World;
pub use check::{Finding, Report, check};
use damage::{Damage, Hole, Place};
use latest::LatestCache;
use moving::Unmoved;
use names::MetricNames;
use others::Others;
pub use retain::Retention;
use series::Series;
use tail::Tail;
use take_over::TakeOver;
use together::Together;

/// So old a reading in the log is sealed, in ms.
const SEAL_AGE_MS: i64 = 10 * 60_000;
/// So many readings the log holds at most; whoever brings more waits until some are sealed.
const MOST_READINGS: usize = 1_000_000;
/// How long whoever brings more waits before looking again whether another process has sealed some.
const SEALED_ELSEWHERE: Duration = Duration::from_millis(50);

/// The engine over one database. On SQLite it is the only writer of its tables; on PostgreSQL each process has one, and they agree through
/// the database.
pub struct SqlStore {
    db: Db,
    world: World,
    retention: Retention,
    /// So many readings in the log are sealed at a time, and as soon as there are so many.
    seal_readings: usize,
    metrics: StoreMetrics,
    /// Which process wrote a block.
    writer: i64,
    names: MetricNames,
    latest: LatestCache,
    tail: RwLock<Tail>,
    /// Held by who appends: readings come into memory in the order of the log.
    turn: Mutex<()>,
    /// Held by who changes chunks. Taken before `turn` by who needs both.
    sealing: Mutex<()>,
    /// Before this instant raw values were removed: a beginning of a quarter, ms since the epoch.
    raw_kept_ms: AtomicI64,
    /// Before this instant everything is removed that the settings want removed.
    retained_ms: AtomicI64,
    damage: Damage,
    others: Others,
    /// Whoever answers has to know what others stored: they ask together.
    catching_up: Together,
    /// How many files of readings there were before this one since the start.
    generation: AtomicU64,
    /// A file in which a question met damage: its generation, and what SQLite said.
    torn: std::sync::Mutex<Option<(u64, String)>>,
    /// Damaged files that were set aside and are not taken over yet.
    aside: Mutex<Vec<PathBuf>>,
    taking_over: Mutex<Option<TakeOver>>,
    /// Why they could not be taken over the last time it was tried.
    aside_trouble: std::sync::Mutex<Option<String>>,
    unmoved: Unmoved,
    /// The last block that was appended here: ids of the log go on from it in a new file, so that places in the old one fit nothing there.
    last_block: AtomicI64,
}

impl SqlStore {
    /// Opens the engine: reads the metric names and the last values, and what of the log is not sealed yet. As soon as the log holds
    /// `seal_readings` readings, so many are sealed at a time.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn open(db: Db, world: &World, retention: Retention, seal_readings: usize, metrics: StoreMetrics) -> Result<Self, DbError> {
        let writer = i64::from_le_bytes(world.bytes());
        log::take_over_samples(&db, writer).await?;
        let horizon = others::horizon(&db).await?;
        let (names, latest) = (MetricNames::load(&db).await?, LatestCache::load(&db).await?);
        let (mut tail, mut broken) = (Tail::default(), Vec::new());
        log::all(&db, |logged| {
            match block::frames(&logged.data) {
                Ok(frames) => {
                    latest.replay(&frames, logged.id, logged.received_ms);
                    tail.add(logged.id, logged.received_ms, others::places(&frames));
                }
                Err(_) => broken.push((logged.id, logged.received_ms)),
            }
            Ok(())
        })
        .await?;
        let raw_kept_ms = AtomicI64::new(retain::kept_ms(&db).await?);
        let damage = Damage::load(&db).await?;
        let last_block = AtomicI64::new(tail.ends().map_or(0, |(_, last)| last));
        let store = Self {
            db,
            world: world.clone(),
            retention,
            seal_readings,
            metrics,
            writer,
            names,
            latest,
            tail: RwLock::new(tail),
            turn: Mutex::default(),
            sealing: Mutex::default(),
            raw_kept_ms,
            retained_ms: AtomicI64::new(i64::MIN),
            damage,
            others: Others::default(),
            catching_up: Together::default(),
            generation: AtomicU64::default(),
            torn: std::sync::Mutex::default(),
            aside: Mutex::default(),
            taking_over: Mutex::default(),
            aside_trouble: std::sync::Mutex::default(),
            unmoved: Unmoved::default(),
            last_block,
        };
        for (id, received_ms) in broken {
            store.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
            store.move_aside(Place::Block(id)).await?;
        }
        store.others.begin(horizon);
        *store.aside.lock().await = store.not_taken_over().await?;
        Ok(store)
    }

    fn tail(&self) -> RwLockReadGuard<'_, Tail> {
        self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn tail_mut(&self) -> RwLockWriteGuard<'_, Tail> {
        self.tail.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The series of a name. One that is not known here may have come in through another process.
    async fn series(&self, device: DeviceNumber, metric: &str) -> Result<Option<Series>, DbError> {
        if self.names.id(metric).is_none() && matches!(self.db, Db::Postgres(_)) {
            self.names.reload(&self.db).await?;
        }
        Ok(self.names.id(metric).map(|metric| Series { device: device.0, metric }))
    }

    async fn append_once(&self, batch: &[Entry]) -> Result<Vec<Won>, DbError> {
        let _turn = self.turn.lock().await;
        let readings = append::readings(&self.db, &self.names, batch).await?;
        // Whoever gives up waiting, or hears of an error, does not know whether it was stored after all.
        let unsure = self.others.unsure_until_told();
        let block = append::write(&self.db, self.writer, batch, &readings).await?;
        unsure.told();
        if let Some(block) = block {
            self.last_block.fetch_max(block, Ordering::SeqCst);
            self.tail_mut().add(block, readings.received_ms, readings.places.iter().copied());
            self.note_appended(readings.data.as_ref().map_or(0, Vec::len));
        }
        self.latest.apply(batch, &readings, block.unwrap_or_default())
    }

    async fn tidy_piece(&self, now_ms: i64) -> Result<bool, DbError> {
        self.move_piece().await?;
        self.follow_others().await?;
        let (readings, since_ms) = {
            let tail = self.tail();
            (tail.readings(), tail.since_ms())
        };
        let due = readings >= self.seal_readings || since_ms.is_some_and(|since| now_ms - since >= SEAL_AGE_MS);
        if due && self.seal_oldest(self.seal_readings).await?.blocks > 0 {
            return Ok(true);
        }
        // What is taken over may have to wait; what has had its time goes all the same.
        let taken = self.take_over_piece().await;
        *self.aside_trouble.lock().unwrap_or_else(PoisonError::into_inner) = taken.as_ref().err().map(ToString::to_string);
        if matches!(taken, Ok(true)) {
            return Ok(true);
        }
        let retained = self.retain(now_ms).await?;
        taken.map(|_| retained)
    }
}

#[async_trait]
impl TelemetryStore for SqlStore {
    async fn append(&self, batch: &[Entry]) -> Result<Vec<Won>, DbError> {
        while self.tail().readings() > MOST_READINGS {
            if self.seal_oldest(self.seal_readings).await?.blocks == 0 {
                tokio::time::sleep(SEALED_ELSEWHERE).await;
                self.follow_others().await?;
            }
        }
        let generation = self.generation();
        match self.append_once(batch).await {
            Err(error) if error.is_damage() => {
                self.renew(generation, &error.to_string()).await?;
                self.append_once(batch).await
            }
            answer => answer,
        }
    }

    fn latest(&self, device: DeviceNumber) -> Vec<LastValue> {
        self.latest.of(device, &self.names)
    }

    fn last(&self, device: DeviceNumber, metric: &str) -> Option<LastValue> {
        let (at_ms, value) = self.latest.last(device, self.names.id(metric)?)?;
        Some(LastValue { metric: metric.to_owned(), at_ms, value })
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

    fn heard_elsewhere(&self, device: DeviceNumber, at_ms: i64, is_there: bool) {
        self.latest.heard_elsewhere(device, at_ms, is_there, self.world.clock.now_ms());
    }

    async fn catch_up(&self) -> Result<(), DbError> {
        self.torn(Self::catch_up(self).await)
    }

    async fn range(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, f64)>, DbError> {
        let mut found = Vec::new();
        let asked = async {
            Self::catch_up(self).await?;
            if let Some(series) = self.series(device, metric).await? {
                self.each(series, from_ms, to_ms, |at, value| found.push((at, value))).await?;
            }
            Ok(())
        };
        self.torn(asked.await)?;
        Ok(found)
    }

    async fn recent(&self, wanted: &[(DeviceNumber, String)], from_ms: i64, to_ms: i64) -> Result<Vec<Vec<(i64, f64)>>, DbError> {
        let asked = async {
            Self::catch_up(self).await?;
            self.recent_of(wanted, from_ms, to_ms).await
        };
        self.torn(asked.await)
    }

    async fn aggregate(&self, question: &Question<'_>) -> Result<Buckets, DbError> {
        let mut buckets = Buckets::new(question.from_ms, question.to_ms, question.points);
        let asked = async {
            Self::catch_up(self).await?;
            let Some(series) = self.series(question.device, question.metric).await? else { return Ok(()) };
            // As far as whole quarters go, from them; the rest, which is less than one bucket, from the readings.
            let raw_from_ms = buckets.in_quarters_until().unwrap_or(question.from_ms);
            if question.from_ms < raw_from_ms {
                for (start, quarter) in self.quarters_of(series, question.from_ms, raw_from_ms).await? {
                    buckets.add_quarter(start, &quarter);
                }
            }
            if raw_from_ms < question.to_ms {
                self.each(series, raw_from_ms, question.to_ms, |at, value| buckets.add(at, value)).await?;
            }
            Ok(())
        };
        self.torn(asked.await)?;
        Ok(buckets)
    }

    async fn quarters(&self, device: DeviceNumber, metric: &str, from_ms: i64, to_ms: i64) -> Result<BTreeMap<i64, Quarter>, DbError> {
        let asked = async {
            Self::catch_up(self).await?;
            match self.series(device, metric).await? {
                Some(series) => Ok(self.quarters_of(series, from_ms, to_ms).await?.into_iter().collect()),
                None => Ok(BTreeMap::new()),
            }
        };
        self.torn(asked.await)
    }

    async fn due(&self) {
        self.unmoved.due().await;
    }

    async fn tidy(&self, now_ms: i64) -> Result<bool, DbError> {
        if self.renew_if_torn().await? {
            return Ok(true);
        }
        self.torn(self.tidy_piece(now_ms).await)
    }

    async fn compact(&self) -> Result<(), DbError> {
        let Some(turn) = self.seal_turn(true).await? else { return Ok(()) };
        self.follow_others().await?;
        self.seal_all(&turn).await
    }

    async fn delete_before(&self, before_ms: i64) -> Result<u64, DbError> {
        self.torn(self.drop_before(before_ms).await)
    }

    async fn delete(&self, device: DeviceNumber, range: Option<(i64, i64)>) -> Result<(), DbError> {
        self.torn(self.erase(device, range).await)
    }

    async fn check(&self) -> Result<Report, DbError> {
        check(&self.db).await
    }

    fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        let rows = self.damage.count();
        if rows > 0 {
            wrong.push(format!("{rows} damaged parts of the readings are left out of answers; `vigia check` names them"));
        }
        let files: BTreeSet<String> = self.db.set_aside().iter().map(|file| take_over::name_of(file)).collect();
        let trouble = self.aside_trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        wrong.extend(files.into_iter().map(|file| match &trouble {
            Some(trouble) => format!("{file} was damaged and set aside, and is not taken over: {trouble}"),
            None => format!("{file} was damaged and set aside; `vigia check` says what was taken over"),
        }));
        wrong
    }

    async fn settle(&self) -> Result<(), DbError> {
        self.latest.flush(&self.db).await
    }

    async fn health(&self) -> Result<(), DbError> {
        self.db.ping().await
    }
}
