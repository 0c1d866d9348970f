//! Deleting what a device sent: all of it, or a stretch of time.

use std::collections::BTreeMap;

use vigia_domain::ids::DeviceNumber;
use vigia_domain::rollup::{self, QUARTER_MS};

use super::changes::Change;
use super::chunk::{self, Chunk};
use super::damage::{Hole, Place};
use super::others::SealTurn;
use super::series::Series;
use super::surroundings::with_context;
use super::{SqlStore, day, seal};
use crate::db::{DbError, in_tx, on};
use crate::telemetry::LONGEST_GAP_MS;

/// Rows of quarters changed in one transaction.
const DAYS: usize = 64;

impl SqlStore {
    /// Deletes what is stored of a device. What is acknowledged after it has begun to clear stays; what comes while it still gathers what
    /// is in the log may go with the rest. Done again, it ends the same.
    pub(super) async fn erase(&self, device: DeviceNumber, range: Option<(i64, i64)>) -> Result<(), DbError> {
        let Some(turn) = self.seal_turn(true).await? else { return Ok(()) };
        if self.has_aside().await {
            return Err(DbError::TakingOver);
        }
        self.catch_up().await?;
        self.note_gone(device, range)?;
        // Nearly everything is sealed while others go on, and the rest while nobody appends: then nothing of the device is in the log.
        self.seal_all(&turn).await?;
        let still = self.turn.lock().await;
        self.seal_all(&turn).await?;
        const LAST_EVENT: &str = "SELECT COALESCE(MAX(id), 0) FROM events WHERE device = $1";
        let (last_event,): (i64,) = on!(&self.db, |c| sqlx::query_as(LAST_EVENT).bind(device.0).fetch_one(c).await)?;
        if range.is_none() {
            // Of these nobody can tell afterwards which were there already. They are few.
            in_tx!(&self.db, |tx| for sql in ["DELETE FROM attributes WHERE device = $1", "DELETE FROM quarantine WHERE device = $1"] {
                sqlx::query(sql).bind(device.0).execute(&mut *tx).await?;
            });
        }
        // What comes from here on is in the log, which nobody seals as long as this goes on; what is sealed goes while others append.
        drop(still);
        for series in self.series_of(device).await? {
            match range {
                None => self.clear_series(&turn, series).await?,
                Some((from_ms, to_ms)) => self.cut_series(&turn, series, from_ms, to_ms).await?,
            }
        }
        let _still = self.turn.lock().await;
        let (from_ms, to_ms) = range.unwrap_or((i64::MIN, i64::MAX));
        let now_ms = self.world.clock.now_ms();
        in_tx!(&self.db, |tx| {
            seal::still_ours!(tx, &self.db, turn.epoch);
            sqlx::query("DELETE FROM events WHERE device = $1 AND at_ms >= $2 AND at_ms < $3 AND id <= $4")
                .bind(device.0)
                .bind(from_ms)
                .bind(to_ms)
                .bind(last_event)
                .execute(&mut *tx)
                .await?;
            sqlx::query("DELETE FROM damaged WHERE device = $1 AND place = 'chunks' AND from_ms >= $2 AND to_ms < $3")
                .bind(device.0)
                .bind(from_ms)
                .bind(to_ms)
                .execute(&mut *tx)
                .await?;
            if range.is_none() {
                sqlx::query("DELETE FROM damaged WHERE device = $1").bind(device.0).execute(&mut *tx).await?;
            }
            sqlx::query("INSERT INTO erased (device, at_ms) VALUES ($1, $2)").bind(device.0).bind(now_ms).execute(&mut *tx).await?;
        });
        if range.is_none() {
            self.damage.forget_device(device.0);
        }
        self.learn_latest(device.0).await
    }

    async fn series_of(&self, device: DeviceNumber) -> Result<Vec<Series>, DbError> {
        const SQL: &str = "SELECT metric FROM chunks WHERE device = $1 UNION SELECT metric FROM quarters WHERE device = $1
            UNION SELECT metric FROM latest WHERE device = $1";
        let rows: Vec<(i64,)> = on!(&self.db, |c| sqlx::query_as(SQL).bind(device.0).fetch_all(c).await)?;
        let unreadable = |metric: i64| DbError::Unreadable { table: "chunks", column: "metric", found: metric.to_string() };
        rows.into_iter()
            .map(|(metric,)| Ok(Series { device: device.0, metric: u32::try_from(metric).map_err(|_| unreadable(metric))? }))
            .collect()
    }

    /// Takes `[from_ms, to_ms)` out of a metric, a chunk at a time.
    async fn cut_series(&self, turn: &SealTurn<'_>, series: Series, from_ms: i64, to_ms: i64) -> Result<(), DbError> {
        loop {
            let spans = series.around(&self.db, from_ms, to_ms.saturating_sub(1)).await?;
            let mut cut = false;
            for span in spans.iter().filter(|span| span.to_ms >= from_ms && span.from_ms < to_ms) {
                let (values, broken) = self.values(series, span.from_ms, span.to_ms + 1).await?;
                if broken {
                    let hole = Hole { series: Some(series), from_ms: span.from_ms, to_ms: span.to_ms };
                    self.note_damage(Place::Chunk(span.id), hole);
                    self.move_aside(Place::Chunk(span.id)).await?;
                    continue;
                }
                let (gone, kept): (Vec<_>, Vec<_>) = values.into_iter().partition(|(at, _)| (from_ms..to_ms).contains(at));
                if gone.is_empty() {
                    continue;
                }
                let gone: Vec<i64> = gone.into_iter().map(|(at, _)| at).collect();
                // With its neighbours, without what goes: the quarters at the edges are made of both.
                let (first, last) = (gone[0], gone[gone.len() - 1]);
                let mut all = self.surroundings(series, &edges(first, last), None).await?.all;
                // What flowed between those that go is gone with them, also where nothing was heard for long.
                let mut touched = rollup::touched(self.meaning(series), &all, &gone, LONGEST_GAP_MS);
                all.retain(|(at, _)| gone.binary_search(at).is_err());
                touched.extend(rollup::touched(self.meaning(series), &all, &gone, LONGEST_GAP_MS));
                let days = self.days_of(series, &all, together(touched)).await?;
                let change = Change { dropped: vec![span.id], chunks: Chunk::pack(&kept).into_iter().collect(), days, last: None };
                seal::write(&self.db, turn.epoch, vec![(series, change)]).await?;
                cut = true;
            }
            if !cut {
                break;
            }
        }
        self.cut_left_over(turn, series, from_ms, to_ms).await?;
        self.mend_latest(turn, series, from_ms, to_ms).await
    }

    /// Takes out what readings came to that are gone already, and damaged readings: of the quarters those wholly inside `[from_ms, to_ms)`.
    async fn cut_left_over(&self, turn: &SealTurn<'_>, series: Series, from_ms: i64, to_ms: i64) -> Result<(), DbError> {
        let (from_ms, to_ms) = (from_ms.max(i64::MIN / 2), to_ms.min(i64::MAX / 2));
        let kept_ms = self.raw_kept_ms.load(std::sync::atomic::Ordering::Relaxed);
        let holes = self.damage.holes(series);
        let is_left_over = |start: i64| start < kept_ms || seal::without(vec![(start, start + QUARTER_MS)], &holes).is_empty();
        let is_gone = |start: i64| start >= from_ms && start + QUARTER_MS <= to_ms && is_left_over(start);
        let mut days: BTreeMap<i64, BTreeMap<i64, rollup::Quarter>> = BTreeMap::new();
        for (start, quarter) in self.stored_quarters(series, day::start_of(from_ms), to_ms.saturating_add(day::DAY_MS)).await? {
            days.entry(day::start_of(start)).or_default().insert(start, quarter);
        }
        days.retain(|_, day| day.keys().any(|start| is_gone(*start)));
        let packed = |(day_ms, mut day): (i64, BTreeMap<i64, rollup::Quarter>)| {
            day.retain(|start, _| !is_gone(*start));
            (day_ms, day::pack(day_ms, &day))
        };
        let mut days: Vec<_> = days.into_iter().map(packed).collect();
        while !days.is_empty() {
            let some = days.split_off(days.len().saturating_sub(DAYS)).into_iter().collect();
            seal::write(&self.db, turn.epoch, vec![(series, Change { days: some, ..Change::default() })]).await?;
        }
        self.damage.forget_within(series, from_ms, to_ms);
        // What lay around a hole is reckoned without it from here on.
        for (first, last) in holes.into_iter().filter(|(first, last)| *first >= from_ms && *last < to_ms) {
            let mut all = self.surroundings(series, &edges(first, last), None).await?.all;
            all.retain(|(at, _)| !(from_ms..to_ms).contains(at));
            let days = self.days(series, &all, &[first, last]).await?;
            seal::write(&self.db, turn.epoch, vec![(series, Change { days, ..Change::default() })]).await?;
        }
        Ok(())
    }

    async fn values(&self, series: Series, from_ms: i64, to_ms: i64) -> Result<(Vec<(i64, f64)>, bool), DbError> {
        let mut found = Vec::new();
        let broken = series.each(&self.db, from_ms, to_ms, |at, value| found.push((at, value))).await?;
        found.retain(|(at, _)| (from_ms..to_ms).contains(at));
        Ok((found, broken.iter().any(|chunk| chunk.from_ms < to_ms && chunk.to_ms >= from_ms)))
    }

    /// The last value, where it was among those that went.
    async fn mend_latest(&self, turn: &SealTurn<'_>, series: Series, from_ms: i64, to_ms: i64) -> Result<(), DbError> {
        const LAST: &str = "SELECT data FROM chunks WHERE device = $1 AND metric = $2 ORDER BY from_ms DESC LIMIT 1";
        let metric = i64::from(series.metric);
        let data: Option<(Vec<u8>,)> = on!(&self.db, |c| sqlx::query_as(LAST).bind(series.device).bind(metric).fetch_optional(c).await)?;
        let last = data.and_then(|(data,)| chunk::unpack(&data).ok()).and_then(|values| values.last().copied());
        in_tx!(&self.db, |tx| {
            seal::still_ours!(tx, &self.db, turn.epoch);
            let sql = "DELETE FROM latest WHERE device = $1 AND metric = $2 AND at_ms >= $3 AND at_ms < $4";
            let gone = sqlx::query(sql).bind(series.device).bind(metric).bind(from_ms).bind(to_ms).execute(&mut *tx).await?.rows_affected();
            if let Some((at_ms, value)) = last.filter(|_| gone > 0) {
                let sql = "INSERT INTO latest (device, metric, at_ms, value) VALUES ($1, $2, $3, $4)";
                sqlx::query(sql).bind(series.device).bind(metric).bind(at_ms).bind(value).execute(&mut *tx).await?;
            }
        });
        Ok(())
    }

    /// The quarters of a day from its raw values, where those are still there.
    pub(super) async fn reckoned_day(&self, series: Series, day_ms: i64) -> Result<BTreeMap<i64, rollup::Quarter>, DbError> {
        let end_ms = day_ms + day::DAY_MS;
        let spans = series.around(&self.db, day_ms, end_ms - 1).await?;
        let (from, to) = (spans.partition_point(|span| span.to_ms < day_ms), spans.partition_point(|span| span.from_ms < end_ms));
        let context = with_context(&spans, from..to.max(from));
        let mut all = Vec::new();
        if let (Some(first), Some(last)) = (spans[context.clone()].first(), spans[context].last()) {
            series.each(&self.db, first.from_ms, last.to_ms + 1, |at, value| all.push((at, value))).await?;
        }
        let kept_ms = self.raw_kept_ms.load(std::sync::atomic::Ordering::Relaxed);
        let mut found = rollup::quarters(self.meaning(series), &all, day_ms, end_ms, LONGEST_GAP_MS);
        found.retain(|start, _| *start >= kept_ms);
        Ok(found)
    }
}

/// The edges of what goes, as values whose surroundings are asked for: each instant once.
fn edges(first: i64, last: i64) -> Vec<(i64, f64)> {
    if first < last { vec![(first, 0.0), (last, 0.0)] } else { vec![(first, 0.0)] }
}

/// Stretches of time in order and apart from each other.
fn together(mut stretches: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    stretches.sort_unstable();
    let mut found: Vec<(i64, i64)> = Vec::with_capacity(stretches.len());
    for (from, to) in stretches {
        match found.last_mut() {
            Some((_, last)) if from <= *last => *last = (*last).max(to),
            _ => found.push((from, to)),
        }
    }
    found
}
