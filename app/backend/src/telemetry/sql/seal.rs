//! Sealing: the oldest readings of the log become chunks, and the quarters they touch are reckoned again.
//!
//! Chunks are written first, some series at a time so that nobody waits long for the one writing connection; then the blocks go. In
//! between, and after a crash in between, readings stand in both: whoever reads takes the log first and the chunks then, and a value that
//! stands in both is one value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use vigia_domain::rollup::{self, QUARTER_MS, Quarter};

use super::chunk::{Chunk, MOST};
use super::damage::{Hole, Place};
use super::others::SealTurn;
use super::series::{Change, Series, write_changes};
use super::shape::{self, Span};
use super::surroundings::Surroundings;
use super::{SqlStore, block, day, log};
use crate::db::{Db, DbError, in_tx};
use crate::telemetry::LONGEST_GAP_MS;

/// So many readings are held in memory at a time: those of as many devices, of all blocks that are sealed together.
const PART: usize = 50_000;
/// Series written in one transaction: few enough that an acknowledgement hardly waits for it.
const SERIES: usize = 16;
/// From so many rows on, chunks and days, a transaction is ended before it has so many series.
const ROWS: usize = 128;
/// Stored chunks between which the new values of one transaction lie, and full ones that they may fill.
const CHUNKS: usize = 16;
/// Days whose quarters one transaction changes, but for those that a silence between two values covers.
const DAYS: i64 = 64;

/// Stretches of time that are no further apart, in ms, are read with one question.
const TOGETHER_MS: i64 = 30 * day::DAY_MS;

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

impl SqlStore {
    /// Seals the oldest blocks, as many as hold `readings` readings or one more. Only one seals at a time, also among processes; nothing
    /// happens when another process does.
    pub(super) async fn seal_oldest(&self, readings: usize) -> Result<Sealed, DbError> {
        match self.seal_turn(false).await? {
            Some(turn) => self.seal(&turn, readings).await,
            None => Ok(Sealed::default()),
        }
    }

    /// Seals everything that is in the log by now, and not what comes meanwhile: under load that would never end.
    pub(super) async fn seal_all(&self, turn: &SealTurn<'_>) -> Result<(), DbError> {
        let Some(last) = self.tail().ends().map(|(_, last)| last) else { return Ok(()) };
        while self.tail().ends().is_some_and(|(first, _)| first <= last) {
            self.seal(turn, self.seal_readings).await?;
        }
        Ok(())
    }

    async fn seal(&self, turn: &SealTurn<'_>, readings: usize) -> Result<Sealed, DbError> {
        let ids: Vec<i64> = self.tail().oldest(readings);
        if ids.is_empty() {
            return Ok(Sealed::default());
        }
        let mut done = Sealed { blocks: ids.len(), ..Sealed::default() };
        let mut seen: BTreeMap<i64, i64> = BTreeMap::new();
        let parts = self.tail().parts(&ids, PART);
        for part in 0..parts.values().max().map_or(1, |last| last + 1) {
            let in_part = |device: i64| parts.get(&device).copied().unwrap_or_default() == part;
            let series = self.gather(&ids, in_part, &mut seen).await?;
            self.seal_series(turn, series, &mut done).await?;
        }
        remove(&self.db, turn.epoch, &ids, &seen).await?;
        self.tail_mut().forget(&ids.iter().copied().collect::<BTreeSet<_>>());
        self.metrics.sealed.inc_by(u64::try_from(done.values).unwrap_or_default());
        self.metrics.replaced.inc_by(done.replaced);
        Ok(done)
    }

    /// The values of some devices in blocks of the log, by their series, in the order in which they came; notes when each device was heard.
    async fn gather(
        &self,
        ids: &[i64],
        wanted: impl Fn(i64) -> bool,
        seen: &mut BTreeMap<i64, i64>,
    ) -> Result<BTreeMap<Series, Vec<(i64, f64)>>, DbError> {
        let (mut series, mut broken) = (BTreeMap::<Series, Vec<(i64, f64)>>::new(), Vec::new());
        log::each(&self.db, ids, |logged| {
            let Ok(frames) = block::frames(&logged.data) else {
                broken.push((logged.id, logged.received_ms));
                return Ok(());
            };
            for (_, frame) in frames.into_iter().filter(|(_, frame)| wanted(frame.device)) {
                seen.insert(frame.device, logged.received_ms);
                for (metric, value) in frame.values() {
                    series.entry(Series { device: frame.device, metric }).or_default().push((frame.at_ms, value));
                }
            }
            Ok(())
        })
        .await?;
        for (id, received_ms) in broken {
            self.note_damage(Place::Block(id), Hole { series: None, from_ms: received_ms, to_ms: received_ms });
            self.move_aside(Place::Block(id)).await?;
        }
        Ok(series)
    }

    async fn seal_series(&self, turn: &SealTurn<'_>, series: BTreeMap<Series, Vec<(i64, f64)>>, done: &mut Sealed) -> Result<(), DbError> {
        let (mut changes, mut rows) = (Vec::with_capacity(SERIES), 0);
        for (series, values) in series {
            done.values += values.len();
            let (values, replaced) = shape::ordered(values);
            done.replaced += replaced;
            let runs = self.runs(series, &values).await?;
            let is_split = runs.len() > 1;
            for run in runs {
                let (change, also) = self.change(turn, series, run).await?;
                done.replaced += also;
                rows += change.rows();
                changes.push((series, change));
                // The next run finds this one stored.
                if is_split || changes.len() == SERIES || rows >= ROWS {
                    rows = 0;
                    write(&self.db, turn.epoch, std::mem::take(&mut changes)).await?;
                }
            }
        }
        write(&self.db, turn.epoch, changes).await
    }

    /// New values, in order of time, cut where whole chunks lie between two neighbours: of one that is years too early nothing but its own
    /// neighbourhood is written anew. Cut as well where they would change more than one transaction should: a backlog that lies between the
    /// readings of a month is not written at once.
    pub(super) async fn runs<'v>(&self, series: Series, new: &'v [(i64, f64)]) -> Result<Vec<&'v [(i64, f64)]>, DbError> {
        let spans = self.between(series, new).await?;
        Ok(apart(&spans, new).flat_map(|run| bounded(&spans, run)).collect())
    }

    /// The same for who only reads, and so has no piece stored when it comes to the next: cut where whole chunks lie between and nowhere else.
    pub(super) async fn whole_runs<'v>(&self, series: Series, new: &'v [(i64, f64)]) -> Result<Vec<&'v [(i64, f64)]>, DbError> {
        let spans = self.between(series, new).await?;
        Ok(apart(&spans, new).collect())
    }

    async fn between(&self, series: Series, new: &[(i64, f64)]) -> Result<Vec<Span>, DbError> {
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(Vec::new()) };
        series.around(&self.db, first.0, last.0).await
    }

    /// What is to be written to add values, in order of time, to a series.
    async fn change(&self, turn: &SealTurn<'_>, series: Series, new: &[(i64, f64)]) -> Result<(Change, u64), DbError> {
        let Some(last) = new.last() else { return Ok((Change::default(), 0)) };
        let around = self.surroundings(series, new, Some(turn)).await?;
        let replaced = around.replaced;
        Ok((self.changed(series, around, *last).await?, replaced))
    }

    /// The same for values of which nobody knows whether they are newer than what is stored: what is stored stays.
    pub(super) async fn change_with_older(&self, turn: &SealTurn<'_>, series: Series, older: &[(i64, f64)]) -> Result<Change, DbError> {
        let Some(last) = older.last() else { return Ok(Change::default()) };
        let mut around = self.surroundings(series, older, Some(turn)).await?;
        around.all = shape::merged(older, &around.stored).0;
        let found = around.all.partition_point(|(at, _)| *at < last.0);
        let last = around.all.get(found).copied().unwrap_or(*last);
        self.changed(series, around, last).await
    }

    async fn changed(&self, series: Series, around: Surroundings, last: (i64, f64)) -> Result<Change, DbError> {
        let Surroundings { apart, first_ms, last_ms, all, touched, .. } = around;
        let from = all.partition_point(|(at, _)| *at < first_ms);
        let to = all.partition_point(|(at, _)| *at <= last_ms);
        let chunks = all[from..to].chunks(MOST).filter_map(Chunk::pack).collect();
        let days = self.days_of(series, &all, touched).await?;
        Ok(Change { dropped: apart, chunks, days, last: Some(last) })
    }

    /// The rows of quarters that the new values change.
    pub(super) async fn days(&self, series: Series, all: &[(i64, f64)], changed: &[i64]) -> Result<Days, DbError> {
        let touched = rollup::touched(self.meaning(series), all, changed, LONGEST_GAP_MS);
        self.days_of(series, all, touched).await
    }

    /// The same of stretches of whole quarters, in order of time and apart from each other.
    pub(super) async fn days_of(&self, series: Series, all: &[(i64, f64)], touched: Vec<(i64, i64)>) -> Result<Days, DbError> {
        let meaning = self.meaning(series);
        let mut days: BTreeMap<i64, BTreeMap<i64, Quarter>> = BTreeMap::new();
        let kept_ms = self.raw_kept_ms.load(Ordering::Relaxed);
        // Where raw values were damaged the quarters are all that is left.
        let stretches = without(touched, &self.damage.holes(series));
        for near in stretches.chunk_by(|one, next| next.0 - one.1 < TOGETHER_MS) {
            let (Some(first), Some(last)) = (near.first(), near.last()) else { continue };
            let end = day::start_of(last.1 - 1) + day::DAY_MS;
            let stored: BTreeMap<i64, Quarter> = self.stored_quarters(series, day::start_of(first.0), end).await?.into_iter().collect();
            for &(from, to) in near {
                let mut day_ms = day::start_of(from);
                while day_ms < to {
                    let as_stored = || stored.range(day_ms..day_ms + day::DAY_MS).map(|(start, quarter)| (*start, *quarter)).collect();
                    // Two stretches may share a day: what the first made of it counts, and not what is stored.
                    let day = days.entry(day_ms).or_insert_with(as_stored);
                    // Where raw values are gone what is stored is better than what late ones come to, and these than nothing.
                    day.retain(|start, _| *start < kept_ms || !(from..to).contains(start));
                    day_ms += day::DAY_MS;
                }
                for (start, quarter) in rollup::quarters(meaning, all, from, to, LONGEST_GAP_MS) {
                    days.entry(day::start_of(start)).or_default().entry(start).or_insert(quarter);
                }
            }
        }
        // What is written anew is whole again.
        days.keys().for_each(|day_ms| self.damage.forget(Place::Day(series, *day_ms)));
        let days = days.into_iter().map(|(day_ms, quarters)| (day_ms, day::pack(day_ms, &quarters))).collect();
        Ok(days)
    }
}

/// Values in order of time, cut where whole chunks lie between two neighbours.
fn apart<'v>(spans: &[Span], new: &'v [(i64, f64)]) -> impl Iterator<Item = &'v [(i64, f64)]> {
    let is_between = |a: i64, b: i64| spans.get(spans.partition_point(|span| span.from_ms <= a)).is_some_and(|span| span.to_ms < b);
    new.chunk_by(move |a, b| !is_between(a.0, b.0))
}

/// A run of values, in pieces that change a bounded number of chunks and days each.
fn bounded<'v>(spans: &[Span], mut run: &'v [(i64, f64)]) -> Vec<&'v [(i64, f64)]> {
    let mut pieces = Vec::new();
    while let Some((first, _)) = run.first() {
        let from = spans.partition_point(|span| span.to_ms < *first);
        let last_ms = spans.get(from + CHUNKS - 1).map_or(i64::MAX, |span| span.to_ms);
        let end_ms = day::start_of(*first).saturating_add(DAYS * day::DAY_MS);
        let count = run.partition_point(|(at, _)| *at <= last_ms && *at < end_ms).clamp(1, CHUNKS * MOST);
        let (piece, rest) = run.split_at(count.min(run.len()));
        pieces.push(piece);
        run = rest;
    }
    pieces
}

/// Rows of quarters by their days; `None` where none is left.
pub(super) type Days = BTreeMap<i64, Option<Vec<u8>>>;

/// Stretches of whole quarters without what lies near a hole: there a quarter cannot be reckoned again.
pub(super) fn without(mut stretches: Vec<(i64, i64)>, holes: &[(i64, i64)]) -> Vec<(i64, i64)> {
    for (first, last) in holes {
        let (from, to) = (rollup::start_of(first - LONGEST_GAP_MS), rollup::start_of(last + LONGEST_GAP_MS) + QUARTER_MS);
        let cut = |(a, b): (i64, i64)| [(a, b.min(from)), (a.max(to), b)].into_iter().filter(|(a, b)| a < b);
        stretches = stretches.into_iter().flat_map(cut).collect();
    }
    stretches
}

/// Ends a transaction that changes chunks when another process has begun to seal since.
macro_rules! still_ours {
    ($tx:ident, $db:expr, $epoch:expr) => {
        let sql = match $db {
            $crate::db::Db::Sqlite(_) => "SELECT epoch FROM sealer WHERE one = 1",
            $crate::db::Db::Postgres(_) => "SELECT epoch FROM sealer WHERE one = 1 FOR SHARE",
        };
        let epoch: i64 = sqlx::query_scalar(sql).fetch_one(&mut *$tx).await?;
        if epoch != $epoch {
            return Err($crate::db::DbError::Missing("sealer"));
        }
    };
}

pub(super) use still_ours;

pub(super) async fn write(db: &Db, epoch: i64, changes: Vec<(Series, Change)>) -> Result<(), DbError> {
    if !changes.is_empty() {
        in_tx!(db, |tx| {
            still_ours!(tx, db, epoch);
            write_changes!(tx, &changes)
        });
    }
    Ok(())
}

async fn remove(db: &Db, epoch: i64, ids: &[i64], seen: &BTreeMap<i64, i64>) -> Result<(), DbError> {
    let list = serde_json::to_string(ids).expect("numbers");
    let sql = match db {
        Db::Sqlite(_) => "DELETE FROM log WHERE id IN (SELECT value FROM json_each($1))",
        Db::Postgres(_) => "DELETE FROM log WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))",
    };
    in_tx!(db, |tx| {
        still_ours!(tx, db, epoch);
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
