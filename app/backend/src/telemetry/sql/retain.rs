//! Removing what has had its time: raw values first, and their quarters of an hour when their own time is over.

use std::sync::atomic::Ordering;

use futures_util::TryStreamExt as _;
use vigia_domain::rollup::{self, QUARTER_MS};

use super::changes::Change;
use super::chunk::{self, Chunk};
use super::damage::{Hole, Place};
use super::others::SealTurn;
use super::series::Series;
use super::{SqlStore, day, seal};
use crate::db::{Db, DbError, in_tx, on};

/// Rows removed in one transaction: few enough that an acknowledgement hardly waits for it.
const ROWS: i64 = 256;

/// For how long what is kept; `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Raw values, in days.
    pub raw_days: Option<u32>,
    /// Quarters of an hour, in days; at least as many.
    pub quarters_days: Option<u32>,
}

/// Before which instant raw values were removed; the earliest of all when none were.
pub(super) async fn kept_ms(db: &Db) -> Result<i64, DbError> {
    let found: Option<(i64,)> = on!(db, |c| sqlx::query_as("SELECT from_ms FROM raw_kept WHERE one = 1").fetch_optional(c).await)?;
    Ok(found.map_or(i64::MIN, |(from_ms,)| from_ms))
}

/// Writes down before which instant raw values are removed; it only ever goes on.
pub(super) async fn keep_from(db: &Db, from_ms: i64) -> Result<(), DbError> {
    const SQL: &str = "INSERT INTO raw_kept (one, from_ms) VALUES (1, $1)
        ON CONFLICT (one) DO UPDATE SET from_ms = excluded.from_ms WHERE excluded.from_ms > raw_kept.from_ms";
    in_tx!(db, |tx| sqlx::query(SQL).bind(from_ms).execute(&mut *tx).await?.rows_affected());
    Ok(())
}

impl SqlStore {
    /// One piece of what the settings ask for; says whether there is more. Whole UTC days go, so that a chunk is cut once a day at most.
    pub(super) async fn retain(&self, now_ms: i64) -> Result<bool, DbError> {
        let before = |days: u32| day::start_of(now_ms - i64::from(days) * day::DAY_MS);
        let Some(raw_before) = self.retention.raw_days.map(before) else { return Ok(false) };
        if self.retained_ms.load(Ordering::Relaxed) >= raw_before {
            return Ok(false);
        }
        let Some(turn) = self.seal_turn(false).await? else { return Ok(false) };
        let gone = self.drop_piece(&turn, raw_before).await?;
        self.metrics.retired.inc_by(gone.unwrap_or_default());
        if gone.is_some() {
            return Ok(true);
        }
        if let Some(before_ms) = self.retention.quarters_days.map(before)
            && self.drop_quarters(before_ms).await?
        {
            return Ok(true);
        }
        self.retained_ms.store(raw_before, Ordering::Relaxed);
        Ok(false)
    }

    /// Removes sealed values before an instant; says how many went.
    pub(super) async fn drop_before(&self, before_ms: i64) -> Result<u64, DbError> {
        let Some(turn) = self.seal_turn(true).await? else { return Ok(0) };
        self.catch_up().await?;
        self.seal_all(&turn).await?;
        let mut all = 0;
        while let Some(gone) = self.drop_piece(&turn, before_ms).await? {
            all += gone;
        }
        Ok(all)
    }

    /// One piece of it; `None` when nothing is left to do.
    async fn drop_piece(&self, turn: &SealTurn<'_>, before_ms: i64) -> Result<Option<u64>, DbError> {
        // A quarter that begins before it is not reckoned again: it would lack what was removed.
        let kept_ms = rollup::start_of(before_ms.saturating_add(QUARTER_MS - 1));
        if self.raw_kept_ms.load(Ordering::Relaxed) < kept_ms {
            keep_from(&self.db, kept_ms).await?;
            self.raw_kept_ms.fetch_max(kept_ms, Ordering::Relaxed);
        }
        const OLD: &str = "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE to_ms < $1 LIMIT $2) RETURNING count";
        let counts: Vec<(i64,)> = in_tx!(&self.db, |tx| {
            seal::still_ours!(tx, &self.db, turn.epoch);
            sqlx::query_as(OLD).bind(before_ms).bind(ROWS).fetch_all(&mut *tx).await?
        });
        if !counts.is_empty() {
            return Ok(Some(counts.into_iter().map(|(count,)| u64::try_from(count).unwrap_or_default()).sum()));
        }
        let across = self.across(before_ms).await?;
        if across.is_empty() {
            return Ok(None);
        }
        let mut gone = 0;
        for (series, id, data) in across {
            let Ok(mut values) = chunk::unpack(&data) else {
                self.note_damage(Place::Chunk(id), Hole { series: Some(series), from_ms: before_ms, to_ms: before_ms });
                self.move_aside(Place::Chunk(id)).await?;
                continue;
            };
            let first = values.partition_point(|(at, _)| *at < before_ms);
            gone += u64::try_from(first).unwrap_or_default();
            values.drain(..first);
            let change = Change { dropped: vec![id], chunks: Chunk::pack(&values).into_iter().collect(), ..Change::default() };
            seal::write(&self.db, turn.epoch, vec![(series, change)]).await?;
        }
        Ok(Some(gone))
    }

    /// Some of the chunks that begin before an instant and do not end before it.
    async fn across(&self, before_ms: i64) -> Result<Vec<(Series, i64, Vec<u8>)>, DbError> {
        const SQL: &str = "SELECT id, device, metric, data FROM chunks WHERE from_ms < $1 AND to_ms >= $1 LIMIT 16";
        let mut found = Vec::new();
        on!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, i64, i64, Vec<u8>)>(SQL).bind(before_ms).fetch(c);
            while let Some((id, device, metric, data)) = rows.try_next().await? {
                let unreadable = |_| DbError::Unreadable { table: "chunks", column: "metric", found: metric.to_string() };
                found.push((Series { device, metric: u32::try_from(metric).map_err(unreadable)? }, id, data));
            }
        });
        Ok(found)
    }

    /// Some rows of quarters of days that end before an instant; says whether there were any.
    async fn drop_quarters(&self, before_ms: i64) -> Result<bool, DbError> {
        const SQLITE: &str = "DELETE FROM quarters WHERE rowid IN (SELECT rowid FROM quarters WHERE day_ms <= $1 LIMIT $2)";
        const POSTGRES: &str = "DELETE FROM quarters WHERE ctid = ANY (ARRAY(SELECT ctid FROM quarters WHERE day_ms <= $1 LIMIT $2))";
        let sql = if matches!(self.db, Db::Sqlite(_)) { SQLITE } else { POSTGRES };
        let last_day = before_ms - day::DAY_MS;
        Ok(in_tx!(&self.db, |tx| sqlx::query(sql).bind(last_day).bind(ROWS).execute(&mut *tx).await?.rows_affected()) > 0)
    }
}
