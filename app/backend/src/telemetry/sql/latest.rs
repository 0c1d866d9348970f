//! The last value of every metric, in memory; in `latest` as far as it was sealed, completed from the log at the start.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures_util::TryStreamExt as _;
// Keys are numbers of ours: nobody can choose them to collide, and ten are looked up for each message.
use rustc_hash::FxHashMap as HashMap;
use vigia_domain::ids::DeviceNumber;

use super::append::Readings;
use super::block::{self, Frame};
use super::names::MetricNames;
use super::others::CLOCKS_APART_MS;
use super::rows::{Statement, chunks};
use crate::db::{Db, DbError, in_tx, on};
use crate::telemetry::{Entry, LastValue, Won};

/// Each message asks for what is known of its device, also while a batch is taken in: they hardly ever meet at one of so many locks.
const SHARDS: usize = 64;

pub(super) struct LatestCache {
    shards: [RwLock<Devices>; SHARDS],
    write_seen: Statement,
}

/// A row of `device_state`: device, online, online_ms, seen_ms.
pub(super) type StateRow = (i64, Option<i64>, Option<i64>, Option<i64>);

#[derive(Default)]
struct Devices {
    values: HashMap<i64, HashMap<u32, Last>>,
    seen: HashMap<i64, i64>,
    goodbyes: HashMap<i64, i64>,
    /// Devices that were heard since that was last written down, and of which the log holds no reading that says so.
    changed: HashSet<i64>,
}

/// A last value, and the block of the log that brought it; 0 when it is sealed.
#[derive(Clone, Copy)]
struct Last {
    at_ms: i64,
    block: i64,
    value: f64,
}

/// Whether a device's word of `new_ms` counts after one of `known_ms`, ms since the epoch: another process may have stored a later one first. What is
/// further ahead of now than the clocks of two servers are apart was written by a wrong clock, and stops nothing.
fn counts_after(new_ms: i64, known_ms: i64, now_ms: i64) -> bool {
    known_ms <= new_ms || known_ms > now_ms + CLOCKS_APART_MS
}

impl Devices {
    /// A later instant wins; at the same instant the later block does. Says in `won` for each value whether it won.
    fn take(&mut self, frame: &Frame<'_>, block: i64, won: &mut Vec<bool>) {
        let values = self.values.entry(frame.device).or_default();
        won.extend(frame.values().map(|(metric, value)| {
            let last = values.entry(metric).or_insert(Last { at_ms: i64::MIN, block: 0, value });
            let wins = (frame.at_ms, block) >= (last.at_ms, last.block);
            if wins {
                *last = Last { at_ms: frame.at_ms, block, value };
            }
            wins
        }));
    }

    fn heard(&mut self, device: i64, received_ms: i64) {
        let seen = self.seen.entry(device).or_insert(received_ms);
        *seen = (*seen).max(received_ms);
    }

    fn goodbye(&mut self, device: i64, at_ms: i64, now_ms: i64) {
        let known_ms = self.goodbyes.entry(device).or_insert(at_ms);
        if counts_after(at_ms, *known_ms, now_ms) {
            *known_ms = at_ms;
        }
    }

    fn came_back(&mut self, device: i64, at_ms: i64, now_ms: i64) {
        if self.goodbyes.get(&device).is_some_and(|known_ms| counts_after(at_ms, *known_ms, now_ms)) {
            self.goodbyes.remove(&device);
        }
    }
}

impl LatestCache {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let mut shards: [Devices; SHARDS] = std::array::from_fn(|_| Devices::default());
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, f64)>("SELECT device, metric, at_ms, value FROM latest").fetch(c);
            while let Some((device, metric, at_ms, value)) = rows.try_next().await? {
                let unreadable = |_| DbError::Unreadable { table: "latest", column: "metric", found: metric.to_string() };
                shards[shard_of(device)]
                    .values
                    .entry(device)
                    .or_default()
                    .insert(u32::try_from(metric).map_err(unreadable)?, Last { at_ms, block: 0, value });
            }
        });
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64)>("SELECT device, seen_ms FROM device_state WHERE seen_ms IS NOT NULL").fetch(c);
            while let Some((device, seen_ms)) = rows.try_next().await? {
                shards[shard_of(device)].seen.insert(device, seen_ms);
            }
        });
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64)>("SELECT device, online_ms FROM device_state WHERE online = 0").fetch(c);
            while let Some((device, online_ms)) = rows.try_next().await? {
                shards[shard_of(device)].goodbyes.insert(device, online_ms);
            }
        });
        let write_seen = Statement::new(
            "INSERT INTO device_state (device, seen_ms)",
            2,
            "ON CONFLICT (device) DO UPDATE SET seen_ms = excluded.seen_ms",
        );
        Ok(Self { shards: shards.map(RwLock::new), write_seen })
    }

    /// Another process heard the device at this instant, or its goodbye.
    pub(super) fn heard_elsewhere(&self, device: DeviceNumber, at_ms: i64, is_there: bool, now_ms: i64) {
        let mut devices = self.write(device.0);
        devices.heard(device.0, at_ms);
        if !is_there {
            devices.goodbye(device.0, at_ms, now_ms);
        }
    }

    /// Takes rows that another process may have written.
    pub(super) fn learn_states(&self, rows: &[StateRow], now_ms: i64) {
        for (device, online, online_ms, seen_ms) in rows {
            let mut devices = self.write(*device);
            if let Some(seen_ms) = seen_ms {
                devices.heard(*device, *seen_ms);
            }
            let Some(online_ms) = *online_ms else { continue };
            devices.heard(*device, online_ms);
            match online {
                Some(0) => devices.goodbye(*device, online_ms, now_ms),
                Some(_) => devices.came_back(*device, online_ms, now_ms),
                None => {}
            }
        }
    }

    /// Takes readings from the log, in its order.
    pub(super) fn replay(&self, frames: &[(usize, Frame<'_>)], block: i64, received_ms: i64) {
        let mut won = Vec::new();
        for (_, frame) in frames {
            let mut devices = self.write(frame.device);
            won.clear();
            devices.take(frame, block, &mut won);
            devices.heard(frame.device, received_ms);
        }
    }

    /// Takes a batch that was stored. Says for each entry which of its values, as they stand in it, became the newest.
    pub(super) fn apply(&self, batch: &[Entry], readings: &Readings, block: i64) -> Result<Vec<Won>, DbError> {
        let data = readings.data.as_deref().unwrap_or_default();
        let mut places = readings.places.iter();
        let mut all = Vec::with_capacity(batch.len());
        for entry in batch {
            let mut devices = self.write(entry.device.0);
            let mut won = Vec::with_capacity(entry.readings.iter().map(|reading| reading.values.len()).sum());
            for (_, _, offset) in places.by_ref().take(entry.readings.len()) {
                devices.take(&block::frame(data, usize::try_from(*offset).unwrap_or(usize::MAX))?, block, &mut won);
            }
            if entry.heard {
                devices.heard(entry.device.0, entry.received_ms);
                if entry.readings.is_empty() {
                    devices.changed.insert(entry.device.0);
                }
            }
            match entry.online {
                Some(true) => devices.came_back(entry.device.0, entry.received_ms, entry.received_ms),
                Some(false) => devices.goodbye(entry.device.0, entry.received_ms, entry.received_ms),
                None => {}
            }
            all.push(won);
        }
        Ok(all)
    }

    /// Begins a device's last values anew, with rows of `latest`: metric, instant, value.
    pub(super) fn begin_anew(&self, device: i64, rows: &[(i64, i64, f64)]) {
        let known = rows
            .iter()
            .filter_map(|(metric, at_ms, value)| Some((u32::try_from(*metric).ok()?, Last { at_ms: *at_ms, block: 0, value: *value })));
        self.write(device).values.insert(device, known.collect());
    }

    /// Takes rows of `latest` (device, metric, instant, value) that another process has sealed. Where two values have the same instant the one
    /// counts that is not sealed yet.
    pub(super) fn sealed(&self, rows: &[(i64, i64, i64, f64)], is_unsealed: impl Fn(i64) -> bool) {
        for (device, metric, at_ms, value) in rows {
            let Ok(metric) = u32::try_from(*metric) else { continue };
            let mut devices = self.write(*device);
            let sealed = Last { at_ms: *at_ms, block: 0, value: *value };
            let last = devices.values.entry(*device).or_default().entry(metric).or_insert(sealed);
            if last.at_ms < *at_ms || last.at_ms == *at_ms && !is_unsealed(last.block) {
                *last = sealed;
            }
        }
    }

    /// Takes a value of which nobody knows when it came: it counts where none as new is known. Says whether it does.
    pub(super) fn offer(&self, device: i64, metric: u32, at_ms: i64, value: f64) -> bool {
        let mut devices = self.write(device);
        let values = devices.values.entry(device).or_default();
        let counts = values.get(&metric).is_none_or(|last| last.at_ms < at_ms);
        if counts {
            values.insert(metric, Last { at_ms, block: 0, value });
        }
        counts
    }

    /// Writes everything that is in memory into a new, empty database.
    pub(super) async fn write_to(&self, db: &Db) -> Result<(), DbError> {
        let (mut values, mut states) = (Vec::new(), Vec::new());
        for shard in &self.shards {
            let devices = read(shard);
            values.extend(devices.values.iter().flat_map(|(device, values)| values.iter().map(|(metric, last)| (*device, *metric, *last))));
            states.extend(devices.seen.iter().map(|(device, seen)| (*device, Some(*seen), devices.goodbyes.get(device).copied())));
        }
        in_tx!(db, |tx| {
            for (device, metric, last) in &values {
                let query = sqlx::query("INSERT INTO latest (device, metric, at_ms, value) VALUES ($1, $2, $3, $4)");
                query.bind(*device).bind(i64::from(*metric)).bind(last.at_ms).bind(last.value).execute(&mut *tx).await?;
            }
            for (device, seen, goodbye) in &states {
                let query = sqlx::query("INSERT INTO device_state (device, online, online_ms, seen_ms) VALUES ($1, $2, $3, $4)");
                query.bind(*device).bind(goodbye.map(|_| 0_i64)).bind(*goodbye).bind(*seen).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    pub(super) fn of(&self, device: DeviceNumber, names: &MetricNames) -> Vec<LastValue> {
        let devices = self.read(device.0);
        let mut found: Vec<_> = devices
            .values
            .get(&device.0)
            .into_iter()
            .flatten()
            .filter_map(|(metric, last)| Some(LastValue { metric: names.name(*metric)?, at_ms: last.at_ms, value: last.value }))
            .collect();
        found.sort_by(|a, b| a.metric.cmp(&b.metric));
        found
    }

    /// Instant and value of a metric.
    pub(super) fn last(&self, device: DeviceNumber, metric: u32) -> Option<(i64, f64)> {
        self.read(device.0).values.get(&device.0)?.get(&metric).map(|last| (last.at_ms, last.value))
    }

    pub(super) fn newest_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read(device.0).values.get(&device.0)?.values().map(|last| last.at_ms).max()
    }

    pub(super) fn known_metrics(&self, device: DeviceNumber) -> usize {
        self.read(device.0).values.get(&device.0).map_or(0, HashMap::len)
    }

    pub(super) fn seen_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read(device.0).seen.get(&device.0).copied()
    }

    pub(super) fn goodbye_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read(device.0).goodbyes.get(&device.0).copied()
    }

    /// Writes down when devices were heard.
    pub(super) async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let mut seen: Vec<(i64, i64)> = Vec::new();
        for shard in &self.shards {
            let devices = read(shard);
            seen.extend(devices.changed.iter().filter_map(|device| Some((*device, *devices.seen.get(device)?))));
        }
        if seen.is_empty() {
            return Ok(());
        }
        in_tx!(db, |tx| for chunk in chunks(&seen) {
            let mut query = sqlx::query(self.write_seen.of(chunk));
            for (device, seen_ms) in chunk {
                query = query.bind(*device).bind(*seen_ms);
            }
            query.execute(&mut *tx).await?;
        });
        for (device, _) in seen {
            self.write(device).changed.remove(&device);
        }
        Ok(())
    }

    fn read(&self, device: i64) -> RwLockReadGuard<'_, Devices> {
        read(&self.shards[shard_of(device)])
    }

    fn write(&self, device: i64) -> RwLockWriteGuard<'_, Devices> {
        self.shards[shard_of(device)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(shard: &RwLock<Devices>) -> RwLockReadGuard<'_, Devices> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn shard_of(device: i64) -> usize {
    device.unsigned_abs() as usize % SHARDS
}
