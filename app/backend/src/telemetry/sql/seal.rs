//! Sealing: the oldest readings of the log become chunks, and the quarters they touch are reckoned again.
//!
//! Chunks are written first, some series at a time so that nobody waits long for the one writing connection; then the blocks go. In
//! between, and after a crash in between, readings stand in both: whoever reads takes the log first and the chunks then, and a value that
//! stands in both is one value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use vigia_domain::rollup::{self, CONTEXT, Quarter};

use super::chunk::{Chunk, MOST};
use super::series::{Change, Series, write_changes};
use super::shape::{self, Span};
use super::{SqlStore, block, day, log};
use crate::db::{Db, DbError, in_tx};
use crate::telemetry::LONGEST_GAP_MS;

/// Series written in one transaction: few enough that an acknowledgement hardly waits for it.
const SERIES: usize = 16;

/// What sealing did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Blocks of the log that are chunks now.
    pub(super) blocks: usize,
    /// Values in them.
    pub(super) values: usize,
    /// Values that another one with the same instant replaced.
    pub(super) replaced: u64,
}

/// New values among those that are stored.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The chunks that are to be taken apart.
    apart: Vec<i64>,
    /// The first and the last instant of what becomes chunks anew.
    first_ms: i64,
    last_ms: i64,
    /// The new values, those of the chunks that are taken apart, and on either side the context of the quarters at the edges.
    pub(super) all: Vec<(i64, f64)>,
    /// How many of the stored ones were other values.
    replaced: u64,
}

impl SqlStore {
    /// Seals the oldest blocks, as many as hold `readings` readings or one more. Only one seals at a time.
    pub(super) async fn seal_oldest(&self, readings: usize) -> Result<Sealed, DbError> {
        let _one_at_a_time = self.sealing.lock().await;
        let ids: Vec<i64> = self.tail().oldest(readings);
        if ids.is_empty() {
            return Ok(Sealed::default());
        }
        let mut done = Sealed { blocks: ids.len(), ..Sealed::default() };
        let mut series: BTreeMap<Series, Vec<(i64, f64)>> = BTreeMap::new();
        let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
        log::each(&self.db, &ids, |logged| {
            for (_, frame) in block::frames(&logged.data)? {
                seen.insert(frame.device, logged.received_ms);
                for (metric, value) in frame.values() {
                    series.entry(Series { device: frame.device, metric }).or_default().push((frame.at_ms, value));
                }
            }
            Ok(())
        })
        .await?;
        let mut changes = Vec::with_capacity(SERIES);
        for (series, values) in series {
            done.values += values.len();
            let (values, replaced) = shape::ordered(values);
            let (change, also) = self.change(series, &values).await?;
            done.replaced += replaced + also;
            changes.push((series, change));
            if changes.len() == SERIES {
                write(&self.db, std::mem::take(&mut changes)).await?;
            }
        }
        write(&self.db, changes).await?;
        remove(&self.db, &ids, &seen).await?;
        self.tail_mut().forget(&ids.iter().copied().collect::<BTreeSet<_>>());
        Ok(done)
    }

    /// What is to be written to add values, in order of time, to a series.
    async fn change(&self, series: Series, new: &[(i64, f64)]) -> Result<(Change, u64), DbError> {
        let Some(last) = new.last() else { return Ok((Change::default(), 0)) };
        let Surroundings { apart, first_ms, last_ms, all, replaced } = self.surroundings(series, new).await?;
        let from = all.partition_point(|(at, _)| *at < first_ms);
        let to = all.partition_point(|(at, _)| *at <= last_ms);
        let chunks = all[from..to].chunks(MOST).filter_map(Chunk::pack).collect();
        let days = self.days(series, &all, new).await?;
        Ok((Change { dropped: apart, chunks, days, last: Some(*last) }, replaced))
    }

    /// New values, in order of time, together with everything that is stored and has to do with them.
    pub(super) async fn surroundings(&self, series: Series, new: &[(i64, f64)]) -> Result<Surroundings, DbError> {
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(Surroundings::default()) };
        let spans = series.around(&self.db, first.0, last.0).await?;
        let apart = shape::taken_apart(&spans, first.0, last.0, new.len());
        let context = with_context(&spans, apart.clone());
        let mut old = Vec::new();
        if let (Some(from), Some(to)) = (spans[context.clone()].first(), spans[context].last()) {
            series.each(&self.db, from.from_ms, to.to_ms + 1, |at, value| old.push((at, value))).await?;
        }
        let (all, replaced) = shape::merged(&old, new);
        let apart = &spans[apart];
        Ok(Surroundings {
            first_ms: apart.first().map_or(first.0, |span| span.from_ms.min(first.0)),
            last_ms: apart.last().map_or(last.0, |span| span.to_ms.max(last.0)),
            apart: apart.iter().map(|span| span.id).collect(),
            all,
            replaced,
        })
    }

    /// The rows of quarters that the new values change.
    async fn days(&self, series: Series, all: &[(i64, f64)], new: &[(i64, f64)]) -> Result<BTreeMap<i64, Option<Vec<u8>>>, DbError> {
        let meaning = self.meaning(series);
        let changed: Vec<i64> = new.iter().map(|(at, _)| *at).collect();
        let mut days: BTreeMap<i64, BTreeMap<i64, Quarter>> = BTreeMap::new();
        let kept_ms = self.raw_kept_ms.load(Ordering::Relaxed);
        for (from, to) in rollup::touched(meaning, all, &changed, LONGEST_GAP_MS) {
            // Where raw values are gone the quarters are all that is left.
            let from = from.max(kept_ms);
            if from >= to {
                continue;
            }
            let (first_day, end) = (day::start_of(from), day::start_of(to - 1) + day::DAY_MS);
            let mut stored = series.quarters(&self.db, first_day, end).await?;
            let mut day_ms = first_day;
            while day_ms < end {
                let rest = stored.split_off(&(day_ms + day::DAY_MS));
                // Two stretches may share a day: what the first made of it counts, and not what is stored.
                days.entry(day_ms).or_insert(stored).retain(|start, _| !(from..to).contains(start));
                stored = rest;
                day_ms += day::DAY_MS;
            }
            for (start, quarter) in rollup::quarters(meaning, all, from, to, LONGEST_GAP_MS) {
                days.entry(day::start_of(start)).or_default().insert(start, quarter);
            }
        }
        let days = days.into_iter().map(|(day_ms, quarters)| (day_ms, day::pack(day_ms, &quarters))).collect();
        Ok(days)
    }
}

/// The chunks that are taken apart and as many on either side as hold the context of their edges.
fn with_context(spans: &[Span], apart: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let enough = |spans: &mut dyn Iterator<Item = &Span>| {
        let mut values = 0;
        let missing = |span: &&Span| {
            let is_missing = values < CONTEXT;
            values += span.count;
            is_missing
        };
        spans.take_while(missing).count()
    };
    let before = enough(&mut spans[..apart.start].iter().rev());
    let after = enough(&mut spans[apart.end..].iter());
    apart.start - before..apart.end + after
}

pub(super) async fn write(db: &Db, changes: Vec<(Series, Change)>) -> Result<(), DbError> {
    if !changes.is_empty() {
        in_tx!(db, |tx| write_changes!(tx, &changes));
    }
    Ok(())
}

async fn remove(db: &Db, ids: &[i64], seen: &BTreeMap<i64, i64>) -> Result<(), DbError> {
    let list = serde_json::to_string(ids).expect("numbers");
    let sql = match db {
        Db::Sqlite(_) => "DELETE FROM log WHERE id IN (SELECT value FROM json_each($1))",
        Db::Postgres(_) => "DELETE FROM log WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))",
    };
    in_tx!(db, |tx| {
        for (device, seen_ms) in seen {
            sqlx::query(
                "INSERT INTO device_state (device, seen_ms) VALUES ($1, $2) ON CONFLICT (device) DO UPDATE SET seen_ms = excluded.seen_ms
                 WHERE device_state.seen_ms IS NULL OR excluded.seen_ms > device_state.seen_ms",
            )
            .bind(*device)
            .bind(*seen_ms)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(sql).bind(list.as_str()).execute(&mut *tx).await?;
    });
    Ok(())
}
