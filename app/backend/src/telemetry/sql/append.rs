//! Writing a batch in one transaction.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use vigia_domain::limits::{ATTRIBUTES_PER_DEVICE, EVENTS_KEPT};
use vigia_domain::reason::Reason;

use crate::db::{Db, DbError, in_tx};
use crate::telemetry::{Entry, QUARANTINE_KEPT, Refused};

use super::block::Block;
use super::log;
use super::names::{Known, MetricNames};
use super::others::CLOCKS_APART_MS;

/// After how many events, roughly, it is looked whether their device has more than are kept.
const LOOK_EVERY: i64 = 64;
/// The most texts and events of one device, as the database counts.
#[expect(clippy::cast_possible_wrap, reason = "small constants")]
const MOST: (i64, i64) = (ATTRIBUTES_PER_DEVICE as i64, EVENTS_KEPT as i64);

/// A batch's readings as a block, and where in it each of them begins.
pub(super) struct Readings {
    pub(super) data: Option<Vec<u8>>,
    /// Device, instant and place, in the batch's order.
    pub(super) places: Vec<(i64, i64, u32)>,
    /// When the last of them came.
    pub(super) received_ms: i64,
}

/// The batch's readings; metric names get their ids here.
pub(super) async fn readings(db: &Db, names: &MetricNames, batch: &[Entry]) -> Result<Readings, DbError> {
    // Names are new once in a device's life: look for them only when one is missing.
    if let Some(readings) = packed(&names.known(), batch) {
        return Ok(readings);
    }
    names.ensure(db, batch.iter().flat_map(|e| &e.readings).flat_map(|r| &r.values).map(|(name, _)| name.as_str())).await?;
    packed(&names.known(), batch).ok_or_else(|| DbError::Unreadable {
        table: "metrics",
        column: "name",
        found: "fewer names than were written".to_owned(),
    })
}

fn packed(known: &Known, batch: &[Entry]) -> Option<Readings> {
    let values = batch.iter().flat_map(|e| &e.readings).map(|r| r.values.len()).sum();
    let count = batch.iter().map(|e| e.readings.len()).sum();
    let mut block = Block::with_capacity(values, count);
    let mut places = Vec::with_capacity(count);
    let mut ids = Ids { known, before: Vec::new() };
    for entry in batch {
        for reading in &entry.readings {
            let values = reading.values.iter().enumerate().map(|(at, (name, value))| (ids.of(at, name), *value));
            places.push((entry.device.0, reading.at_ms, block.push(entry.device.0, reading.at_ms, values)?));
        }
    }
    let received_ms = batch.iter().map(|e| e.received_ms).max().unwrap_or_default();
    Some(Readings { data: block.finish(), places, received_ms })
}

/// Ids of names. Most readings name the same metrics in the same order as the one before, and to compare is quicker than to look up.
struct Ids<'b> {
    known: &'b Known,
    before: Vec<(&'b str, u32)>,
}

impl<'b> Ids<'b> {
    /// The id of the name at this place of a reading.
    fn of(&mut self, at: usize, name: &'b str) -> Option<u32> {
        if let Some((_, id)) = self.before.get(at).filter(|(before, _)| *before == name) {
            return Some(*id);
        }
        let id = self.known.id(name)?;
        self.before.truncate(at);
        self.before.push((name, id));
        Some(id)
    }
}

/// Writes a batch and its readings, all or nothing. Says which block of the log holds them, if there are any.
pub(super) async fn write(db: &Db, writer: i64, batch: &[Entry], readings: &Readings) -> Result<Option<i64>, DbError> {
    match &readings.data {
        Some(data) if batch.iter().all(is_readings_only) => Ok(Some(write_block(db, writer, readings.received_ms, data).await?)),
        _ => write_all(db, writer, batch, readings).await,
    }
}

fn is_readings_only(entry: &Entry) -> bool {
    entry.events.is_empty() && entry.attributes.is_empty() && entry.online.is_none() && entry.refused.is_empty()
}

/// One statement is a transaction of its own, and one wait instead of four: what most batches are made of.
async fn write_block(db: &Db, writer: i64, received_ms: i64, data: &[u8]) -> Result<i64, DbError> {
    match db {
        // What it affected is said after the commit; a row that it returns would be before.
        Db::Sqlite(pools) => {
            let done = sqlx::query(log::PUT).bind(received_ms).bind(data).bind(writer).execute(&pools.write()).await?;
            (done.rows_affected() == 1).then(|| done.last_insert_rowid())
        }
        Db::Postgres(pools) => {
            let rows: Vec<i64> = sqlx::query_scalar(log::INSERT).bind(received_ms).bind(data).bind(writer).fetch_all(&pools.write).await?;
            rows.first().copied()
        }
    }
    .ok_or(DbError::Missing("log"))
}

async fn write_all(db: &Db, writer: i64, batch: &[Entry], readings: &Readings) -> Result<Option<i64>, DbError> {
    let states = states(batch);
    let mut block = None;
    in_tx!(db, |tx| {
        if let Some(data) = &readings.data {
            let query = sqlx::query_scalar::<_, i64>(log::INSERT).bind(readings.received_ms).bind(data.as_slice()).bind(writer);
            block = Some(query.fetch_one(&mut *tx).await?);
        }
        for entry in batch {
            let mut look = false;
            for event in &entry.events {
                let payload = event.payload.to_string();
                let id = sqlx::query_scalar::<_, i64>("INSERT INTO events (device, at_ms, received_ms, kind, payload, digest) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id")
                    .bind(entry.device.0)
                    .bind(event.at_ms.unwrap_or(entry.received_ms))
                    .bind(entry.received_ms)
                    .bind(event.kind.as_str())
                    .bind(payload.as_str())
                    .bind(HEXLOWER.encode(&Sha256::digest(&payload)))
                    .fetch_optional(&mut *tx)
                    .await?;
                look |= id.is_some_and(|id| id % LOOK_EVERY == 0);
            }
            if look {
                sqlx::query(
                    "DELETE FROM events WHERE device = $1 AND at_ms <=
                     (SELECT at_ms FROM events WHERE device = $1 ORDER BY at_ms DESC LIMIT 1 OFFSET $2)",
                )
                .bind(entry.device.0)
                .bind(MOST.1)
                .execute(&mut *tx)
                .await?;
            }
        }
        let mut too_many = Vec::new();
        for entry in batch {
            let mut left_out = None;
            for (name, value) in &entry.attributes {
                let put = sqlx::query(
                    "INSERT INTO attributes (device, name, value, at_ms) SELECT $1, $2, $3, $4
                 WHERE EXISTS (SELECT 1 FROM attributes WHERE device = $1 AND name = $2)
                    OR (SELECT COUNT(*) FROM attributes WHERE device = $1) < $5
                 ON CONFLICT (device, name) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms",
                )
                .bind(entry.device.0)
                .bind(name.as_str())
                .bind(storable(value))
                .bind(entry.received_ms)
                .bind(MOST.0)
                .execute(&mut *tx)
                .await?;
                if put.rows_affected() == 0 {
                    left_out.get_or_insert(name);
                }
            }
            if let Some(name) = left_out {
                too_many.push((entry, too_many_names(name)));
            }
        }
        // Another process may have stored a later word first; `latest::counts_after` says the same.
        for (device, (online, at_ms)) in &states {
            sqlx::query(
                "INSERT INTO device_state (device, online, online_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (device) DO UPDATE SET online = excluded.online, online_ms = excluded.online_ms
                 WHERE device_state.online_ms IS NULL OR device_state.online_ms <= excluded.online_ms
                    OR device_state.online_ms > excluded.online_ms + $4",
            )
            .bind(*device)
            .bind(i64::from(*online))
            .bind(*at_ms)
            .bind(CLOCKS_APART_MS)
            .execute(&mut *tx)
            .await?;
        }
        let told = batch.iter().map(|entry| (entry, entry.refused.as_slice()));
        let told = told.chain(too_many.iter().map(|(entry, refused)| (*entry, std::slice::from_ref(refused))));
        for (entry, refusals) in told.filter(|(_, refusals)| !refusals.is_empty()) {
            for refused in refusals {
                sqlx::query("INSERT INTO quarantine (device, received_ms, source, reason, excerpt, bytes) VALUES ($1, $2, $3, $4, $5, $6)")
                    .bind(entry.device.0)
                    .bind(entry.received_ms)
                    .bind(storable(&refused.source))
                    .bind(storable(&refused.reason.to_stored()))
                    .bind(refused.excerpt.as_slice())
                    .bind(i64::try_from(refused.bytes).unwrap_or(i64::MAX))
                    .execute(&mut *tx)
                    .await?;
            }
            sqlx::query(
                "DELETE FROM quarantine WHERE device = $1 AND id <=
                 (SELECT id FROM quarantine WHERE device = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)",
            )
            .bind(entry.device.0)
            .bind(QUARANTINE_KEPT)
            .execute(&mut *tx)
            .await?;
        }
    });
    Ok(block)
}

/// A text that found no room is told of like whatever else was not taken; the first of a message stands for all.
fn too_many_names(name: &str) -> Refused {
    Refused { source: "attributes".to_owned(), reason: Reason::TooManyAttributeNames, excerpt: name.as_bytes().to_vec(), bytes: name.len() }
}

/// The last word of every device on whether it is online.
fn states(batch: &[Entry]) -> BTreeMap<i64, (bool, i64)> {
    batch.iter().filter_map(|e| e.online.map(|online| (e.device.0, (online, e.received_ms)))).collect()
}

/// PostgreSQL's texts hold no NUL; a device may send one.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
