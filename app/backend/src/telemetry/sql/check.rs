//! Proving that what is stored is whole: every block and chunk can be read, chunks follow one another, and every quarter is what the raw values
//! come to. It needs no store and no lock: each series is read in one moment of the database, in which chunks and quarters agree, also
//! while another process ingests and seals.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt as _;
use vigia_domain::rollup::{self, CONTEXT, Meaning, QUARTER_MS, Quarter};
use vigia_domain::time;

use super::chunk::{self, Facts};
use super::damage::{self, Place};
use super::names::MetricNames;
use super::series::Series;
use super::take_over::name_of;
use super::{block, day, log};
use crate::db::{Db, DbError, in_snapshot, on};
use crate::telemetry::LONGEST_GAP_MS;

/// How many findings are listed; damage that goes through everything is clear from the first of them.
const MOST_FINDINGS: usize = 100;
/// So many values of a series are held at a time.
const HELD: usize = 400_000;

/// What a check went through, and what it found wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Metrics of devices.
    pub series: usize,
    /// Chunks.
    pub chunks: usize,
    /// Values in them.
    pub values: u64,
    /// Quarters that were compared with their raw values.
    pub quarters: usize,
    /// Readings in the log that are not sealed yet.
    pub unsealed: usize,
    /// What is wrong; at most a hundred.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The device's number, where one is concerned.
    pub device: Option<i64>,
    /// The metric, likewise.
    pub metric: Option<String>,
    /// The time that it is about, from and to, ms since the epoch.
    pub time_ms: Option<(i64, i64)>,
    /// What it is.
    pub what: String,
}

impl Finding {
    /// One line; `id` gives a device's own name for its number.
    #[must_use]
    pub fn line(&self, id: impl Fn(i64) -> Option<String>) -> String {
        let device = self.device.map(|number| format!("device {}", id(number).unwrap_or_else(|| format!("number {number}"))));
        let time = self.time_ms.map(|(from, to)| format!("{} to {}", time::to_text(from), time::to_text(to)));
        let place: Vec<String> = [device, self.metric.clone(), time].into_iter().flatten().collect();
        if place.is_empty() { self.what.clone() } else { format!("{}: {}", place.join(", "), self.what) }
    }
}

impl Report {
    fn wrong(&mut self, finding: Finding) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// Checks everything. Nothing is changed.
///
/// # Errors
/// [`DbError`] when the database cannot be asked at all.
pub async fn check(db: &Db) -> Result<Report, DbError> {
    let mut report = Report::default();
    let names = MetricNames::load(db).await?;
    let nowhere = |what: String| Finding { device: None, metric: None, time_ms: None, what };
    for file in db.set_aside() {
        let sql = "SELECT taken, lost FROM taken_over WHERE file = $1";
        let done: Option<(i64, i64)> = on!(db, |c| sqlx::query_as(sql).bind(name_of(&file)).fetch_optional(c).await)?;
        let how = match done {
            Some((taken, lost)) => format!(
                "{taken} values were taken over from it, {lost} or more rows could not be read; move it away when you need it no more"
            ),
            None => "what can be read of it is taken over while the server runs".to_owned(),
        };
        report.wrong(nowhere(format!("{}: a damaged database that was set aside; {how}", name_of(&file))));
    }
    for (place, hole) in damage::moved(db).await? {
        report.wrong(Finding {
            device: hole.series.map(|series| series.device),
            metric: hole.series.map(|series| named(&names, series)),
            time_ms: Some((hole.from_ms, hole.to_ms)),
            what: match place {
                Place::Block(id) => format!("block {id} of the log, received then, was damaged; it is kept in the table damaged"),
                _ => "a chunk of these values was damaged; it is kept in the table damaged".to_owned(),
            },
        });
    }
    let mut nameless: BTreeSet<u32> = BTreeSet::new();
    log::all(db, |logged| {
        match block::frames(&logged.data) {
            Ok(frames) => {
                report.unsealed += frames.len();
                let metrics = frames.iter().flat_map(|(_, frame)| frame.values()).map(|(metric, _)| metric);
                nameless.extend(metrics.filter(|metric| !names.knows(*metric)));
            }
            Err(error) => {
                let what = format!("block {} of the log, received then: {error}", logged.id);
                report.wrong(Finding { time_ms: Some((logged.received_ms, logged.received_ms)), ..nowhere(what) });
            }
        }
        Ok(())
    })
    .await?;
    for series in stored_series(db).await? {
        report.series += 1;
        nameless.extend(Some(series.metric).filter(|metric| !names.knows(*metric)));
        let meaning = names.name(series.metric).map_or(Meaning::Gauge, |name| Meaning::of(&name));
        let mut one = One { series, name: named(&names, series), meaning, report: &mut report };
        match one.check(db).await {
            Err(error) if error.is_damage() => one.wrong(None, error.to_string()),
            checked => checked?,
        }
    }
    if !nameless.is_empty() {
        // What came in since the names were read has its own now.
        names.reload(db).await?;
        for metric in nameless.into_iter().filter(|metric| !names.knows(*metric)) {
            report.wrong(nowhere(format!("readings are stored under the number {metric} of a metric that has no name")));
        }
    }
    Ok(report)
}

fn named(names: &MetricNames, series: Series) -> String {
    names.name(series.metric).unwrap_or_else(|| format!("metric {}", series.metric))
}

async fn stored_series(db: &Db) -> Result<Vec<Series>, DbError> {
    const SQL: &str = "SELECT device, metric FROM chunks UNION SELECT device, metric FROM quarters ORDER BY device, metric";
    let rows: Vec<(i64, i64)> = on!(db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
    let unreadable = |metric: i64| DbError::Unreadable { table: "chunks", column: "metric", found: metric.to_string() };
    rows.into_iter().map(|(device, metric)| Ok(Series { device, metric: u32::try_from(metric).map_err(|_| unreadable(metric))? })).collect()
}

/// The check of one metric of one device.
struct One<'r> {
    series: Series,
    name: String,
    meaning: Meaning,
    report: &'r mut Report,
}

impl One<'_> {
    fn wrong(&mut self, time_ms: Option<(i64, i64)>, what: String) {
        self.report.wrong(Finding { device: Some(self.series.device), metric: Some(self.name.clone()), time_ms, what });
    }

    async fn check(&mut self, db: &Db) -> Result<(), DbError> {
        const KEPT: &str = "SELECT from_ms FROM raw_kept WHERE one = 1";
        const HOLES: &str = "SELECT from_ms, to_ms FROM damaged WHERE place = 'chunks' AND device = $1 AND metric = $2 ORDER BY from_ms";
        const CHUNKS: &str =
            "SELECT id, from_ms, to_ms, count, min, max, sum, data FROM chunks WHERE device = $1 AND metric = $2 ORDER BY from_ms";
        const QUARTERS: &str = "SELECT day_ms, data FROM quarters WHERE device = $1 AND metric = $2 ORDER BY day_ms";
        const LATEST: &str = "SELECT at_ms, value FROM latest WHERE device = $1 AND metric = $2";
        let (device, metric) = (self.series.device, i64::from(self.series.metric));
        in_snapshot!(db, |c| {
            let kept: Option<(i64,)> = sqlx::query_as(KEPT).fetch_optional(&mut *c).await?;
            let holes: Vec<(i64, i64)> = sqlx::query_as(HOLES).bind(device).bind(metric).fetch_all(&mut *c).await?;
            let mut proof = Proof::new(self.meaning, kept.map_or(i64::MIN, |(from_ms,)| from_ms));
            let mut rows = sqlx::query_as::<_, (i64, Vec<u8>)>(QUARTERS).bind(device).bind(metric).fetch(&mut *c);
            while let Some((day_ms, data)) = rows.try_next().await? {
                match day::unpack(day_ms, &data) {
                    Ok(quarters) => proof.stored.extend(quarters),
                    Err(error) => {
                        self.wrong(Some((day_ms, day_ms + day::DAY_MS)), format!("the quarters of this day: {error}"));
                        proof.unreadable.push(day_ms);
                    }
                }
            }
            drop(rows);
            let mut holes = holes.into_iter().peekable();
            let mut last: Option<(i64, f64)> = None;
            let mut rows =
                sqlx::query_as::<_, (i64, i64, i64, i64, f64, f64, f64, Vec<u8>)>(CHUNKS).bind(device).bind(metric).fetch(&mut *c);
            while let Some((id, from_ms, to_ms, count, min, max, sum, data)) = rows.try_next().await? {
                self.report.chunks += 1;
                while holes.next_if(|(hole, _)| *hole < from_ms).is_some() {
                    proof.interrupt();
                }
                let time = Some((from_ms, to_ms));
                let found = match chunk::unpack(&data) {
                    Ok(found) => found,
                    Err(error) => {
                        self.wrong(time, format!("chunk {id}: {error}"));
                        proof.interrupt();
                        continue;
                    }
                };
                if Facts::of(&found) != Some(Facts { from_ms, to_ms, count, min, max, sum }) {
                    self.wrong(time, format!("chunk {id}: its values are not what its row says of them"));
                }
                if !found.is_sorted_by(|a, b| a.0 < b.0) || last.is_some_and(|last| last.0 >= from_ms) {
                    self.wrong(time, format!("chunk {id}: it overlaps the one before it, or its instants are out of order"));
                    proof.interrupt();
                }
                self.report.values += u64::try_from(found.len()).unwrap_or_default();
                last = found.last().copied();
                proof.add(found);
            }
            drop(rows);
            if holes.next().is_some() {
                proof.interrupt();
            } else {
                proof.end();
            }
            let latest: Option<(i64, f64)> = sqlx::query_as(LATEST).bind(device).bind(metric).fetch_optional(&mut *c).await?;
            let is_behind = |last: (i64, f64)| {
                latest.is_none_or(|latest| latest.0 < last.0 || latest.0 == last.0 && latest.1.to_bits() != last.1.to_bits())
            };
            if let Some(last) = last.filter(|last| is_behind(*last)) {
                self.wrong(Some((last.0, last.0)), "the last value that is kept is not the newest of the stored ones".to_owned());
            }
            self.report.quarters += proof.compared;
            for start in proof.wrong {
                self.wrong(Some((start, start + QUARTER_MS)), "the quarter is not what its raw values come to".to_owned());
            }
        });
        Ok(())
    }
}

/// Compares stored quarters with what the values come to, a stretch of values at a time.
struct Proof {
    meaning: Meaning,
    stored: BTreeMap<i64, Quarter>,
    /// Days whose quarters cannot be read.
    unreadable: Vec<i64>,
    /// The values that are held, in order of time; as many before `from_ms` as decide about what comes after it.
    values: Vec<(i64, f64)>,
    /// From here on quarters are not compared yet. `None` where values are missing before: there only what lies deep enough in what comes can
    /// be proven.
    from_ms: Option<i64>,
    /// Before this raw values are gone.
    kept_ms: i64,
    compared: usize,
    wrong: Vec<i64>,
}

impl Proof {
    fn new(meaning: Meaning, kept_ms: i64) -> Self {
        let from_ms = (kept_ms == i64::MIN).then_some(i64::MIN);
        let (stored, unreadable, values, wrong) = Default::default();
        Self { meaning, stored, unreadable, values, from_ms, kept_ms, compared: 0, wrong }
    }

    fn add(&mut self, mut values: Vec<(i64, f64)>) {
        if self.from_ms.is_none() {
            // Late ones, from before the time that is kept, are no beginning.
            values.retain(|(at, _)| *at >= self.kept_ms);
        }
        self.values.append(&mut values);
        if self.from_ms.is_none() && self.values.len() > CONTEXT {
            self.from_ms = Some(rollup::start_of(self.values[CONTEXT].0) + QUARTER_MS);
        }
        if self.values.len() >= HELD {
            self.settle();
        }
    }

    /// Compares what can be said before the next values are known.
    fn settle(&mut self) {
        let (Some(from_ms), Some(deep)) = (self.from_ms, self.values.len().checked_sub(CONTEXT + 1)) else { return };
        let to_ms = rollup::start_of(self.values[deep].0);
        if to_ms <= from_ms {
            return;
        }
        self.compare(from_ms, to_ms);
        let kept = self.values.partition_point(|(at, _)| *at < to_ms).saturating_sub(CONTEXT);
        self.values.drain(..kept);
        self.from_ms = Some(to_ms);
    }

    /// Values are missing from here on.
    fn interrupt(&mut self) {
        self.settle();
        self.values.clear();
        self.from_ms = None;
    }

    /// There are no further values.
    fn end(&mut self) {
        if let Some(from_ms) = self.from_ms {
            self.compare(from_ms, i64::MAX);
        }
    }

    fn compare(&mut self, from_ms: i64, to_ms: i64) {
        let (Some(first), Some(last)) = (self.values.first(), self.values.last()) else {
            let left = self.stored.range(from_ms..to_ms).map(|(start, _)| *start);
            self.wrong.extend(left);
            return;
        };
        let (begin, end) = ((first.0 - QUARTER_MS).max(from_ms), (last.0 + LONGEST_GAP_MS + QUARTER_MS).min(to_ms));
        let expected = rollup::quarters(self.meaning, &self.values, begin, end, LONGEST_GAP_MS);
        self.compared += expected.len();
        let stored: Vec<i64> = self.stored.range(from_ms..to_ms).map(|(start, _)| *start).collect();
        let mut starts: Vec<i64> = stored.into_iter().chain(expected.keys().copied()).collect();
        starts.sort_unstable();
        starts.dedup();
        let readable = |start: &i64| !self.unreadable.contains(&day::start_of(*start));
        let apart = |start: &i64| self.stored.get(start) != expected.get(start);
        self.wrong.extend(starts.into_iter().filter(readable).filter(apart));
    }
}
