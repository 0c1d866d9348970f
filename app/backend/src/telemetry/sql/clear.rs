//! Removing all of a metric, some chunks at a time: who appends meanwhile hardly waits, and between two pieces there is never a chunk without
//! its quarters, nor the other way round.

use vigia_domain::rollup::{self, QUARTER_MS};

use super::changes::{Change, write_changes};
use super::others::SealTurn;
use super::series::Series;
use super::{SqlStore, day, seal};
use crate::db::{DbError, in_tx, on};

/// Chunks that go in one transaction, with the quarters that they come to.
const CHUNKS: usize = 32;
/// Rows of quarters that go in one transaction when their readings are gone already.
const DAYS: i64 = 256;

impl SqlStore {
    /// Removes what is sealed of a metric, the oldest first.
    pub(super) async fn clear_series(&self, turn: &SealTurn<'_>, series: Series) -> Result<(), DbError> {
        self.clear_left_over(turn, series).await?;
        while self.clear_oldest(turn, series).await? {}
        in_tx!(&self.db, |tx| {
            seal::still_ours!(tx, &self.db, turn.epoch);
            for sql in [
                "DELETE FROM chunks WHERE device = $1 AND metric = $2",
                "DELETE FROM quarters WHERE device = $1 AND metric = $2",
                "DELETE FROM latest WHERE device = $1 AND metric = $2",
            ] {
                sqlx::query(sql).bind(series.device).bind(i64::from(series.metric)).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// Removes the quarters of the days before the first reading: all that is left of readings that have had their time.
    async fn clear_left_over(&self, turn: &SealTurn<'_>, series: Series) -> Result<(), DbError> {
        const FIRST: &str = "SELECT MIN(from_ms) FROM chunks WHERE device = $1 AND metric = $2";
        const SOME: &str = "DELETE FROM quarters WHERE device = $1 AND metric = $2 AND day_ms IN
            (SELECT day_ms FROM quarters WHERE device = $1 AND metric = $2 AND day_ms < $3 ORDER BY day_ms LIMIT $4)";
        let metric = i64::from(series.metric);
        let (first_ms,): (Option<i64>,) = on!(&self.db, |c| sqlx::query_as(FIRST).bind(series.device).bind(metric).fetch_one(c).await)?;
        let first_day_ms = first_ms.map_or(i64::MAX, day::start_of);
        loop {
            let gone = in_tx!(&self.db, |tx| {
                seal::still_ours!(tx, &self.db, turn.epoch);
                let query = sqlx::query(SOME).bind(series.device).bind(metric).bind(first_day_ms).bind(DAYS);
                query.execute(&mut *tx).await?.rows_affected()
            });
            if gone == 0 {
                return Ok(());
            }
        }
    }

    /// Removes the oldest chunks; `false`: so few are left that they go with the rest.
    async fn clear_oldest(&self, turn: &SealTurn<'_>, series: Series) -> Result<bool, DbError> {
        const OLDEST: &str = "SELECT from_ms, to_ms FROM chunks WHERE device = $1 AND metric = $2 ORDER BY from_ms LIMIT $3";
        let (metric, limit) = (i64::from(series.metric), i64::try_from(CHUNKS + 1).unwrap_or(i64::MAX));
        let oldest: Vec<(i64, i64)> =
            on!(&self.db, |c| sqlx::query_as(OLDEST).bind(series.device).bind(metric).bind(limit).fetch_all(c).await)?;
        let [.., (last_from_ms, last_ms), (rest_ms, _)] = oldest[..] else { return Ok(false) };
        if oldest.len() <= CHUNKS {
            return Ok(false);
        }
        // The quarters around the cut are made of both sides; afterwards of the one that is left, which has nothing before it. Which these are
        // depends on the instants alone.
        let around = self.surroundings(series, &[(last_ms, 0.0), (rest_ms, 0.0)], None).await?;
        let left: Vec<(i64, f64)> = around.stored.into_iter().filter(|(at, _)| *at >= rest_ms).collect();
        let first_day_ms = day::start_of(rest_ms);
        let end_ms = around.touched.iter().map(|(_, end)| *end).fold(rollup::start_of(rest_ms) + QUARTER_MS, i64::max);
        let days = self.days_of(series, &left, vec![(first_day_ms, end_ms)]).await?;
        let rest = [(series, Change { days, ..Change::default() })];
        in_tx!(&self.db, |tx| {
            seal::still_ours!(tx, &self.db, turn.epoch);
            let sql = "DELETE FROM chunks WHERE device = $1 AND metric = $2 AND from_ms <= $3";
            sqlx::query(sql).bind(series.device).bind(metric).bind(last_from_ms).execute(&mut *tx).await?;
            let sql = "DELETE FROM quarters WHERE device = $1 AND metric = $2 AND day_ms < $3";
            sqlx::query(sql).bind(series.device).bind(metric).bind(first_day_ms).execute(&mut *tx).await?;
            write_changes!(tx, &self.db, &rest);
        });
        Ok(true)
    }
}
