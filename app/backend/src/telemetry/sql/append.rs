//! Writing a batch in one transaction.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::db::{Db, DbError, in_tx};
use crate::telemetry::Entry;

use super::codec;
use super::names::MetricNames;
use super::rows::{Statement, chunks};

/// How many refusals are kept of each device.
const QUARANTINE_KEPT: i64 = 100;

/// A row of `samples` before it has its id.
pub(super) struct Row {
    pub(super) device: i64,
    pub(super) at_ms: i64,
    pub(super) received_ms: i64,
    pub(super) data: Vec<u8>,
}

/// The batch's readings as rows, in order; metric names get their ids here.
pub(super) async fn rows(db: &Db, names: &MetricNames, batch: &[Entry]) -> Result<Vec<Row>, DbError> {
    names.ensure(db, batch.iter().flat_map(|e| &e.readings).flat_map(|r| &r.values).map(|(name, _)| name.as_str())).await?;
    let mut rows = Vec::with_capacity(batch.len());
    for entry in batch {
        for reading in &entry.readings {
            let values = reading.values.iter().map(|(name, value)| (names.id(name).expect("ensured above"), *value));
            rows.push(Row { device: entry.device.0, at_ms: reading.at_ms, received_ms: entry.received_ms, data: codec::pack(values) });
        }
    }
    Ok(rows)
}

/// The statement that writes rows.
pub(super) fn insert() -> Statement {
    Statement::new("INSERT INTO samples (device, at_ms, received_ms, data)", 4, "")
}

/// Writes a batch and its rows, all or nothing.
pub(super) async fn write(db: &Db, insert: &Statement, batch: &[Entry], rows: &[Row]) -> Result<(), DbError> {
    let states = states(batch);
    in_tx!(db, |tx| {
        for chunk in chunks(rows) {
            let mut query = sqlx::query(insert.of(chunk));
            for row in chunk {
                query = query.bind(row.device).bind(row.at_ms).bind(row.received_ms).bind(row.data.as_slice());
            }
            let written = query.execute(&mut *tx).await?.rows_affected();
            if usize::try_from(written) != Ok(chunk.len()) {
                return Err(DbError::Missing("samples"));
            }
        }
        for entry in batch {
            for event in &entry.events {
                let payload = event.payload.to_string();
                sqlx::query("INSERT INTO events (device, at_ms, received_ms, kind, payload, digest) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
                    .bind(entry.device.0)
                    .bind(event.at_ms.unwrap_or(entry.received_ms))
                    .bind(entry.received_ms)
                    .bind(event.kind.as_str())
                    .bind(payload.as_str())
                    .bind(HEXLOWER.encode(&Sha256::digest(&payload)))
                    .execute(&mut *tx)
                    .await?;
            }
        }
        for entry in batch {
            for (name, value) in &entry.attributes {
                sqlx::query(
                    "INSERT INTO attributes (device, name, value, at_ms) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (device, name) DO UPDATE SET value = excluded.value, at_ms = excluded.at_ms",
                )
                .bind(entry.device.0)
                .bind(name.as_str())
                .bind(storable(value))
                .bind(entry.received_ms)
                .execute(&mut *tx)
                .await?;
            }
        }
        for (device, (online, at_ms)) in &states {
            sqlx::query(
                "INSERT INTO device_state (device, online, online_ms) VALUES ($1, $2, $3)
                 ON CONFLICT (device) DO UPDATE SET online = excluded.online, online_ms = excluded.online_ms",
            )
            .bind(*device)
            .bind(i64::from(*online))
            .bind(*at_ms)
            .execute(&mut *tx)
            .await?;
        }
        for entry in batch.iter().filter(|entry| !entry.refused.is_empty()) {
            for refused in &entry.refused {
                sqlx::query("INSERT INTO quarantine (device, received_ms, source, reason, excerpt, bytes) VALUES ($1, $2, $3, $4, $5, $6)")
                    .bind(entry.device.0)
                    .bind(entry.received_ms)
                    .bind(storable(&refused.source))
                    .bind(storable(&refused.reason))
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
    Ok(())
}

/// The last word of every device on whether it is online.
fn states(batch: &[Entry]) -> BTreeMap<i64, (bool, i64)> {
    batch.iter().filter_map(|e| e.online.map(|online| (e.device.0, (online, e.received_ms)))).collect()
}

/// PostgreSQL's texts hold no NUL; a device may send one.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
