//! The last value of every metric, in memory; written to `latest` now and then, completed from the log after a crash.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use futures_util::TryStreamExt as _;
use vigia_domain::ids::DeviceNumber;

use super::append::Row;
use super::codec;
use super::names::MetricNames;
use crate::db::{Db, DbError, in_tx, on};
use crate::telemetry::{Entry, LastValue};

pub(super) struct LatestCache {
    devices: RwLock<Devices>,
}

#[derive(Default)]
struct Devices {
    values: HashMap<i64, HashMap<u32, (i64, f64)>>,
    seen: HashMap<i64, i64>,
    changed: HashSet<i64>,
}

impl Devices {
    /// A later instant wins; at the same instant the later row does. Says for each value of the row whether it won.
    fn take(&mut self, device: i64, at_ms: i64, data: &[u8]) -> Result<Vec<bool>, DbError> {
        let values = self.values.entry(device).or_default();
        let won = codec::unpack(data)?.map(|(metric, value)| {
            let last = values.entry(metric).or_insert((at_ms, value));
            let wins = at_ms >= last.0;
            if wins {
                *last = (at_ms, value);
            }
            wins
        });
        Ok(won.collect())
    }

    fn heard(&mut self, device: i64, received_ms: i64) {
        let seen = self.seen.entry(device).or_insert(received_ms);
        *seen = (*seen).max(received_ms);
        self.changed.insert(device);
    }
}

impl LatestCache {
    pub(super) async fn load(db: &Db) -> Result<Self, DbError> {
        let mut devices = Devices::default();
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, f64)>("SELECT device, metric, at_ms, value FROM latest").fetch(c);
            while let Some((device, metric, at_ms, value)) = rows.try_next().await? {
                let unreadable = |_| DbError::Unreadable { table: "latest", column: "metric", found: metric.to_string() };
                devices.values.entry(device).or_default().insert(u32::try_from(metric).map_err(unreadable)?, (at_ms, value));
            }
        });
        on!(db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64)>("SELECT device, seen_ms FROM device_state WHERE seen_ms IS NOT NULL").fetch(c);
            while let Some((device, seen_ms)) = rows.try_next().await? {
                devices.seen.insert(device, seen_ms);
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
        Ok(Self { devices: RwLock::new(devices) })
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
            .filter_map(|(metric, (at_ms, value))| Some(LastValue { metric: names.name(*metric)?, at_ms: *at_ms, value: *value }))
            .collect();
        found.sort_by(|a, b| a.metric.cmp(&b.metric));
        found
    }

    pub(super) fn newest_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read().values.get(&device.0)?.values().map(|(at_ms, _)| *at_ms).max()
    }

    pub(super) fn known_metrics(&self, device: DeviceNumber) -> usize {
        self.read().values.get(&device.0).map_or(0, HashMap::len)
    }

    pub(super) fn seen_ms(&self, device: DeviceNumber) -> Option<i64> {
        self.read().seen.get(&device.0).copied()
    }

    /// Writes what changed, and up to which row of the log it holds. Called by the one who appends, so that both agree.
    pub(super) async fn flush(&self, db: &Db) -> Result<(), DbError> {
        let (values, seen) = {
            let devices = self.read();
            if devices.changed.is_empty() {
                return Ok(());
            }
            let values: Vec<_> = devices
                .changed
                .iter()
                .filter_map(|d| Some((d, devices.values.get(d)?)))
                .flat_map(|(d, values)| values.iter().map(|(m, (at, v))| (*d, i64::from(*m), *at, *v)))
                .collect();
            let seen: Vec<_> = devices.changed.iter().filter_map(|d| Some((*d, *devices.seen.get(d)?))).collect();
            (values, seen)
        };
        in_tx!(db, |tx| {
            for (device, metric, at_ms, value) in values {
                sqlx::query(
                    "INSERT INTO latest (device, metric, at_ms, value) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (device, metric) DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value",
                )
                .bind(device)
                .bind(metric)
                .bind(at_ms)
                .bind(value)
                .execute(&mut *tx)
                .await?;
            }
            for (device, seen_ms) in &seen {
                sqlx::query(
                    "INSERT INTO device_state (device, seen_ms) VALUES ($1, $2)
                     ON CONFLICT (device) DO UPDATE SET seen_ms = excluded.seen_ms",
                )
                .bind(*device)
                .bind(*seen_ms)
                .execute(&mut *tx)
                .await?;
            }
            let marked = sqlx::query("UPDATE latest_mark SET sample_id = (SELECT COALESCE(MAX(id), 0) FROM samples) WHERE one = 1")
                .execute(&mut *tx)
                .await?;
            if marked.rows_affected() != 1 {
                return Err(DbError::Missing("latest_mark"));
            }
        });
        let mut devices = self.write();
        for (device, _) in seen {
            devices.changed.remove(&device);
        }
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Devices> {
        self.devices.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Devices> {
        self.devices.write().unwrap_or_else(PoisonError::into_inner)
    }
}
