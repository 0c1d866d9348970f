//! Sealing: the oldest readings of the log become chunks, and the quarters they touch are reckoned again.
//!
//! Chunks are written first, some series at a time so that nobody waits long for the one writing connection; then the blocks go. In
//! between, and after a crash in between, readings stand in both: whoever reads takes the log first and the chunks then, and a value that
//! stands in both is one value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use vigia_domain::rollup::{self, QUARTER_MS, Quarter};

use super::ahead::{self, Ahead, New};
use super::changes::{Change, write_changes};
use super::chunk::{Chunk, MOST};
use super::damage::Place;
use super::others::SealTurn;
use super::rows::among;
use super::series::Series;
use super::shape::{self, Span};
use super::surroundings::Surroundings;
use super::{SqlStore, day, moving};
use crate::db::{Db, DbError, in_tx};
use crate::telemetry::LONGEST_GAP_MS;

/// So many readings are held in memory at a time: those of as many devices, of all blocks that are sealed together.
const PART: usize = 50_000;
/// Series written in one transaction: few enough that an acknowledgement hardly waits for it.
const SERIES: usize = 40;
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

    async fn seal_series(&self, turn: &SealTurn<'_>, mut series: Vec<New>, done: &mut Sealed) -> Result<(), DbError> {
        for group in series.chunks_mut(SERIES) {
            for (_, values) in &mut *group {
                done.values += values.len();
                let (ordered, replaced) = shape::ordered(std::mem::take(values));
                done.replaced += replaced;
                *values = ordered;
            }
            let ahead = self.look_ahead(group).await?;
            self.seal_group(turn, group, ahead, done).await?;
        }
        Ok(())
    }

    async fn seal_group(&self, turn: &SealTurn<'_>, group: &[New], ahead: Vec<Ahead>, done: &mut Sealed) -> Result<(), DbError> {
        let (mut changes, mut rows) = (Vec::with_capacity(SERIES), 0);
        for ((series, values), ahead) in group.iter().zip(ahead) {
            let runs = pieces(&ahead.spans, values);
            let is_split = runs.len() > 1;
            for run in runs {
                // What was known ahead holds until something of the series is written.
                let around = match is_split {
                    false => self.surroundings_among(&ahead, *series, run, Some(turn)).await?,
                    true => self.surroundings(*series, run, Some(turn)).await?,
                };
                done.replaced += around.replaced;
                let Some(last) = run.last() else { continue };
                let change = self.changed(*series, around, *last, Some(&ahead.days).filter(|_| !is_split)).await?;
                rows += change.rows();
                changes.push((*series, change));
                // The next run finds this one stored.
                if is_split || rows >= ROWS {
                    rows = 0;
                    self.write(turn, std::mem::take(&mut changes)).await?;
                }
            }
        }
        self.write(turn, changes).await
    }

    async fn write(&self, turn: &SealTurn<'_>, changes: Vec<(Series, Change)>) -> Result<(), DbError> {
        let bytes = moving::bytes_of(&changes);
        write(&self.db, turn.epoch, changes).await?;
        self.move_sealed(bytes).await
    }

    /// New values, in order of time, cut where whole chunks lie between two neighbours: of one that is years too early nothing but its own
    /// neighbourhood is written anew. Cut as well where they would change more than one transaction should: a backlog that lies between the
    /// readings of a month is not written at once.
    pub(super) async fn runs<'v>(&self, series: Series, new: &'v [(i64, f64)]) -> Result<Vec<&'v [(i64, f64)]>, DbError> {
        Ok(pieces(&self.between(series, new).await?, new))
    }

    /// The same for who only reads, and so has no piece stored when it comes to the next: cut where whole chunks lie between and nowhere else.
    pub(super) async fn whole_runs<'v>(&self, series: Series, new: &'v [(i64, f64)]) -> Result<Vec<&'v [(i64, f64)]>, DbError> {
        let spans = self.between(series, new).await?;
        Ok(apart(&spans, new).collect())
    }

    /// What is to be written to add values, in order of time, to a series, when nobody knows whether they are newer than what is stored: what is
    /// stored stays.
    pub(super) async fn change_with_older(&self, turn: &SealTurn<'_>, series: Series, older: &[(i64, f64)]) -> Result<Change, DbError> {
        let Some(last) = older.last() else { return Ok(Change::default()) };
        let mut around = self.surroundings(series, older, Some(turn)).await?;
        around.all = shape::merged(older, &around.stored).0;
        let found = around.all.partition_point(|(at, _)| *at < last.0);
        let last = around.all.get(found).copied().unwrap_or(*last);
        self.changed(series, around, last, None).await
    }

    async fn changed(
        &self,
        series: Series,
        around: Surroundings,
        last: (i64, f64),
        ahead: Option<&ahead::Days>,
    ) -> Result<Change, DbError> {
        let Surroundings { apart, first_ms, last_ms, all, touched, .. } = around;
        let from = all.partition_point(|(at, _)| *at < first_ms);
        let to = all.partition_point(|(at, _)| *at <= last_ms);
        let chunks = all[from..to].chunks(MOST).filter_map(Chunk::pack).collect();
        let days = self.days_among(series, &all, touched, ahead).await?;
        Ok(Change { dropped: apart, chunks, days, last: Some(last) })
    }

    /// The rows of quarters that the new values change.
    pub(super) async fn days(&self, series: Series, all: &[(i64, f64)], changed: &[i64]) -> Result<Days, DbError> {
        let touched = rollup::touched(self.meaning(series), all, changed, LONGEST_GAP_MS);
        self.days_of(series, all, touched).await
    }

    /// The same of stretches of whole quarters, in order of time and apart from each other.
    pub(super) async fn days_of(&self, series: Series, all: &[(i64, f64)], touched: Vec<(i64, i64)>) -> Result<Days, DbError> {
        self.days_among(series, all, touched, None).await
    }

    async fn days_among(
        &self,
        series: Series,
        all: &[(i64, f64)],
        touched: Vec<(i64, i64)>,
        ahead: Option<&ahead::Days>,
    ) -> Result<Days, DbError> {
        let meaning = self.meaning(series);
        let mut days: BTreeMap<i64, BTreeMap<i64, Quarter>> = BTreeMap::new();
        let kept_ms = self.raw_kept_ms.load(Ordering::Relaxed);
        // Where raw values were damaged the quarters are all that is left.
        let stretches = without(touched, &self.damage.holes(series));
        for near in stretches.chunk_by(|one, next| next.0 - one.1 < TOGETHER_MS) {
            let (Some(first), Some(last)) = (near.first(), near.last()) else { continue };
            let end = day::start_of(last.1 - 1) + day::DAY_MS;
            let begin = day::start_of(first.0);
            let stored = match ahead.and_then(|days| days.quarters(begin, end)) {
                Some(quarters) => quarters,
                None => self.stored_quarters(series, begin, end).await?,
            };
            let stored: BTreeMap<i64, Quarter> = stored.into_iter().collect();
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

/// Values in order of time, cut where whole chunks lie between two neighbours and where they would change more than one transaction should.
pub(super) fn pieces<'v>(spans: &[Span], new: &'v [(i64, f64)]) -> Vec<&'v [(i64, f64)]> {
    apart(spans, new).flat_map(|run| bounded(spans, run)).collect()
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
            write_changes!(tx, db, &changes);
        });
    }
    Ok(())
}

async fn remove(db: &Db, epoch: i64, ids: &[i64], seen: &BTreeMap<i64, i64>) -> Result<(), DbError> {
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
        let list = serde_json::to_string(ids).expect("numbers");
        sqlx::query(among!(db, "DELETE FROM log WHERE id")).bind(list).execute(&mut *tx).await?;
    });
    Ok(())
}
