//! The last value of every metric, in memory; written to `latest` now and then, completed from the log after a crash.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures_util::TryStreamExt as _;
use vigia_domain::ids::DeviceNumber;

use super::append::Row;
use super::codec;
use super::names::MetricNames;
use super::rows::{Statement, chunks};
use crate::db::{Db, DbError, in_tx, on};
use crate::telemetry::{Entry, LastValue};

pub(super) struct LatestCache {
    devices: RwLock<Devices>,
    upsert: Upserts,
}

/// The statements that write down.
struct Upserts {
    values: Statement,
    seen: Statement,
}

#[derive(Default)]
struct Devices {
    values: HashMap<i64, HashMap<u32, Last>>,
    seen: HashMap<i64, i64>,
    goodbyes: HashMap<i64, i64>,
    /// Devices that were heard, or have values that changed, since they were last written down.
    changed: HashSet<i64>,
}

/// The last value of one metric.
struct Last {
    at_ms: i64,
    value: f64,
    is_written: bool,
}

impl Devices {
    /// A later instant wins; at the same instant the later row does. Says for each value of the row whether it won.
    fn take(&mut self, device: i64, at_ms: i64, data: &[u8]) -> Result<Vec<bool>, DbError> {
        let values = self.values.entry(device).or_default();
        let won = codec::unpack(data)?.map(|(metric, value)| {
            let new = Last { at_ms, value, is_written: false };
            match values.entry(metric) {
                MapEntry::Occupied(last) if at_ms < last.get().at_ms => return false,
                MapEntry::Occupied(mut last) => drop(last.insert(new)),
                MapEntry::Vacant(none) => drop(none.insert(new)),
            }
            true
        });
        let won = won.collect();
        self.changed.insert(device);
        Ok(won)
    }

    fn heard(&mut self, device: i64, received_ms: i64) {
        let seen = self.seen.entry(device).or_insert(received_ms);
        *seen = (*seen).max(received_ms);
        self.changed.insert(device);
    }

    fn unwritten(&self) -> (Vec<(i64, i64, i64, f64)>, Vec<(i64, i64)>) {
        let (mut values, mut seen) = (Vec::new(), Vec::with_capacity(self.changed.len()));
        for device in &self.changed {
            let fresh = self.values.get(device).into_iter().flatten().filter(|(_, last)| !last.is_written);
            values.extend(fresh.map(|(metric, last)| (*device, i64::from(*metric), last.at_ms, last.value)));
            seen.extend(self.seen.get(device).map(|at| (*device, *at)));
        }
        (values, seen)
    }

    fn written(&mut self) {
        for device in std::mem::take(&mut self.changed) {
            self.values.get_mut(&device).into_iter().flat_map(HashMap::values_mut).for_each(|last| last.is_written = true);
        }
    }
}

impl LatestCache {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let mut devices = Devices::default();
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, f64)>("SELECT device, metric, at_ms, value FROM latest").fetch(c);
            while let Some((device, metric, at_ms, value)) = rows.try_next().await? {
                let unreadable = |_| DbError::Unreadable { table: "latest", column: "metric", found: metric.to_string() };
                let last = Last { at_ms, value, is_written: true };
                devices.values.entry(device).or_default().insert(u32::try_from(metric).map_err(unreadable)?, last);
            }
        });
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64)>("SELECT device, seen_ms FROM device_state WHERE seen_ms IS NOT NULL").fetch(c);
            while let Some((device, seen_ms)) = rows.try_next().await? {
                devices.seen.insert(device, seen_ms);
            }
        });
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64)>("SELECT device, online_ms FROM device_state WHERE online = 0").fetch(c);
            while let Some((device, online_ms)) = rows.try_next().await? {
                devices.goodbyes.insert(device, online_ms);
            }
        });
        const TAIL: &str =
            "SELECT device, at_ms, received_ms, data FROM samples WHERE id > (SELECT sample_id FROM latest_mark WHERE one = 1) ORDER BY id";
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(TAIL).fetch(c);
            while let Some((device, at_ms, received_ms, data)) = rows.try_next().await? {
                devices.take(device, at_ms, &data)?;
                devices.heard(device, received_ms);
            }
        });
        Ok(Self { devices: RwLock::new(devices), upsert: Upserts::new() })
    }

    /// Takes a batch that was stored. Says for each entry which of its values are the newest now.
    pub(super) fn apply(&self, batch: &[Entry], rows: &[Row]) -> Vec<Vec<LastValue>> {
        let mut devices = self.write();
        let mut rows = rows.iter();
        let mut fresh = Vec::with_capacity(batch.len());
        for entry in batch {
            let mut newest: BTreeMap<&str, (i64, f64)> = BTreeMap::new();
            for (reading, row) in entry.readings.iter().zip(rows.by_ref()) {
                let won = devices.take(row.device, row.at_ms, &row.data).expect("packed by us a moment ago");
                let winners = reading.values.iter().zip(won).filter(|(_, won)| *won);
                newest.extend(winners.map(|((name, value), _)| (name.as_str(), (row.at_ms, *value))));
            }
            if entry.heard {
                devices.heard(entry.device.0, entry.received_ms);
            }
            match entry.online {
                Some(true) => drop(devices.goodbyes.remove(&entry.device.0)),
                Some(false) => drop(devices.goodbyes.insert(entry.device.0, entry.received_ms)),
                None => {}
            }
            fresh.push(newest.into_iter().map(|(name, (at_ms, value))| LastValue { metric: name.to_owned(), at_ms, value }).collect());
        }
        fresh
    }

    pub(super) fn of(&self, device: DeviceNumber, names: &MetricNames) -> Vec<LastValue> {
        let devices = self.read();
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

    pub(super) fn newest_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read().values.get(&device.0)?.values().map(|last| last.at_ms).max()
    }

    pub(super) fn known_metrics(&self, device: DeviceNumber) -> usize {
        self.read().values.get(&device.0).map_or(0, HashMap::len)
    }

    pub(super) fn seen_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read().seen.get(&device.0).copied()
    }

    pub(super) fn goodbye_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read().goodbyes.get(&device.0).copied()
    }

    /// Writes what changed, and up to which row of the log it holds. Called by the one who appends, so that both agree.
    pub(super) async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let (values, seen) = self.read().unwritten();
        if values.is_empty() && seen.is_empty() {
            return Ok(());
        }
        in_tx!(db, |tx| {
            for chunk in chunks(&values) {
                let mut query = sqlx::query(self.upsert.values.of(chunk));
                for (device, metric, at_ms, value) in chunk {
                    query = query.bind(*device).bind(*metric).bind(*at_ms).bind(*value);
                }
                query.execute(&mut *tx).await?;
            }
            for chunk in chunks(&seen) {
                let mut query = sqlx::query(self.upsert.seen.of(chunk));
                for (device, seen_ms) in chunk {
                    query = query.bind(*device).bind(*seen_ms);
                }
                query.execute(&mut *tx).await?;
            }
            let marked = sqlx::query("UPDATE latest_mark SET sample_id = (SELECT COALESCE(MAX(id), 0) FROM samples) WHERE one = 1")
                .execute(&mut *tx)
                .await?;
            if marked.rows_affected() != 1 {
                return Err(DbError::Missing("latest_mark"));
            }
        });
        self.write().written();
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Devices> {
        self.devices.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Devices> {
        self.devices.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Upserts {
    fn new() -> Self {
        Self {
            values: Statement::new(
                "INSERT INTO latest (device, metric, at_ms, value)",
                4,
                "ON CONFLICT (device, metric) DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value",
            ),
            seen: Statement::new(
                "INSERT INTO device_state (device, seen_ms)",
                2,
                "ON CONFLICT (device) DO UPDATE SET seen_ms = excluded.seen_ms",
            ),
        }
    }
}
