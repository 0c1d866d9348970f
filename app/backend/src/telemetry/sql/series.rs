//! One metric of one device: its chunks, read and written.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;

use super::chunk::{self, Chunk};
use super::day;
use super::shape::Span;
use crate::db::{Db, DbError, on};
use vigia_domain::rollup::Quarter;

/// So many chunks on either side of a stretch of time hold the context of its edges, however small they are.
pub(super) const AROUND: usize = 9;

/// A metric of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Series {
    pub(super) device: i64,
    pub(super) metric: u32,
}

impl Series {
    fn metric(self) -> i64 {
        i64::from(self.metric)
    }

    /// The chunks that overlap `[first_ms, last_ms]` and up to [`AROUND`] on either side, in order of time.
    pub(super) async fn around(self, db: &Db, first_ms: i64, last_ms: i64) -> Result<Vec<Span>, DbError> {
        const SQL: &str = "SELECT id, from_ms, to_ms, count FROM chunks WHERE device = $1 AND metric = $2
            AND from_ms >= COALESCE((SELECT MIN(from_ms) FROM (SELECT from_ms FROM chunks WHERE device = $1 AND metric = $2 AND from_ms < $3
                ORDER BY from_ms DESC LIMIT 9) AS before), $3)
            AND from_ms <= COALESCE((SELECT MAX(from_ms) FROM (SELECT from_ms FROM chunks WHERE device = $1 AND metric = $2 AND from_ms > $4
                ORDER BY from_ms LIMIT 9) AS after), $4)
            ORDER BY from_ms";
        let rows: Vec<(i64, i64, i64, i64)> =
            on!(db, |c| sqlx::query_as(SQL).bind(self.device).bind(self.metric()).bind(first_ms).bind(last_ms).fetch_all(c).await)?;
        let span = |(id, from_ms, to_ms, count): (i64, i64, i64, i64)| {
            let unreadable = |_| DbError::Unreadable { table: "chunks", column: "count", found: count.to_string() };
            Ok(Span { id, from_ms, to_ms, count: usize::try_from(count).map_err(unreadable)? })
        };
        rows.into_iter().map(span).collect()
    }

    /// Calls `found` with every value of the chunks that overlap `[from_ms, to_ms)`, in order of time; also with those outside. Says which
    /// chunks could not be read.
    pub(super) async fn each(self, db: &Db, from_ms: i64, to_ms: i64, mut found: impl FnMut(i64, f64)) -> Result<Vec<Broken>, DbError> {
        const SQL: &str =
            "SELECT id, from_ms, to_ms, data FROM chunks WHERE device = $1 AND metric = $2 AND from_ms < $4 AND from_ms >= COALESCE(
            (SELECT MAX(from_ms) FROM chunks WHERE device = $1 AND metric = $2 AND from_ms <= $3), $3) ORDER BY from_ms";
        let mut broken = Vec::new();
        on!(db, |c| {
            let query = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(SQL).bind(self.device).bind(self.metric()).bind(from_ms).bind(to_ms);
            let mut rows = query.fetch(c);
            while let Some((id, from_ms, to_ms, data)) = rows.try_next().await? {
                match chunk::unpack(&data) {
                    Ok(values) => values.into_iter().for_each(|(at, value)| found(at, value)),
                    Err(_) => broken.push(Broken { id, from_ms, to_ms }),
                }
            }
        });
        Ok(broken)
    }

    /// The stored quarters that begin in `[from_ms, to_ms)`, in order of time, and the days whose quarters cannot be read.
    pub(super) async fn quarters(self, db: &Db, from_ms: i64, to_ms: i64) -> Result<(Vec<(i64, Quarter)>, Vec<i64>), DbError> {
        const SQL: &str =
            "SELECT day_ms, data FROM quarters WHERE device = $1 AND metric = $2 AND day_ms >= $3 AND day_ms < $4 ORDER BY day_ms";
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        on!(db, |c| {
            let query =
                sqlx::query_as::<_, (i64, Vec<u8>)>(SQL).bind(self.device).bind(self.metric()).bind(day::start_of(from_ms)).bind(to_ms);
            let mut rows = query.fetch(c);
            while let Some((day_ms, data)) = rows.try_next().await? {
                match day::unpack(day_ms, &data) {
                    Ok(quarters) => found.extend(quarters),
                    Err(_) => broken.push(day_ms),
                }
            }
        });
        found.retain(|(start, _)| (from_ms..to_ms).contains(start));
        Ok((found, broken))
    }
}

/// A chunk that cannot be read, and what of its time its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) id: i64,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
}

/// What is written of one series when values are sealed into it.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) dropped: Vec<i64>,
    pub(super) chunks: Vec<Chunk>,
    /// By its day; `None` where no quarter is left.
    pub(super) days: BTreeMap<i64, Option<Vec<u8>>>,
    pub(super) last: Option<(i64, f64)>,
}

impl Change {
    /// How many rows it writes and removes.
    pub(super) fn rows(&self) -> usize {
        self.dropped.len() + self.chunks.len() + self.days.len()
    }
}

/// Writes changes inside a transaction; a macro because the two databases have two types of it.
macro_rules! write_changes {
    ($tx:ident, $changes:expr) => {
        for (series, change) in $changes {
            let (device, metric) = (series.device, i64::from(series.metric));
            for id in &change.dropped {
                let gone = sqlx::query("DELETE FROM chunks WHERE id = $1").bind(*id).execute(&mut *$tx).await?.rows_affected();
                if gone != 1 {
                    return Err($crate::db::DbError::Missing("chunks"));
                }
            }
            for chunk in &change.chunks {
                let facts = chunk.facts;
                sqlx::query(
                    "INSERT INTO chunks (device, metric, from_ms, to_ms, count, min, max, sum, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                )
                .bind(device)
                .bind(metric)
                .bind(facts.from_ms)
                .bind(facts.to_ms)
                .bind(facts.count)
                .bind(facts.min)
                .bind(facts.max)
                .bind(facts.sum)
                .bind(chunk.bytes.as_slice())
                .execute(&mut *$tx)
                .await?;
            }
            for (day_ms, data) in &change.days {
                if let Some(data) = data {
                    sqlx::query(
                        "INSERT INTO quarters (device, metric, day_ms, data) VALUES ($1, $2, $3, $4)
                         ON CONFLICT (device, metric, day_ms) DO UPDATE SET data = excluded.data",
                    )
                    .bind(device)
                    .bind(metric)
                    .bind(*day_ms)
                    .bind(data.as_slice())
                    .execute(&mut *$tx)
                    .await?;
                } else {
                    sqlx::query("DELETE FROM quarters WHERE device = $1 AND metric = $2 AND day_ms = $3")
                        .bind(device)
                        .bind(metric)
                        .bind(*day_ms)
                        .execute(&mut *$tx)
                        .await?;
                }
            }
            if let Some((at_ms, value)) = change.last {
                sqlx::query(
                    "INSERT INTO latest (device, metric, at_ms, value) VALUES ($1, $2, $3, $4)
                     ON CONFLICT (device, metric) DO UPDATE SET at_ms = excluded.at_ms, value = excluded.value
                     WHERE excluded.at_ms >= latest.at_ms",
                )
                .bind(device)
                .bind(metric)
                .bind(at_ms)
                .bind(value)
                .execute(&mut *$tx)
                .await?;
            }
        }
    };
}

pub(super) use write_changes;
