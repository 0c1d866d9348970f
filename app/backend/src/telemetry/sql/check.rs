//! Proving that what is stored is whole: every block and chunk can be read, chunks follow one another, and every quarter is what the raw values
//! come to.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use vigia_domain::rollup::{self, CONTEXT, QUARTER_MS, Quarter};

use super::chunk::{self, Facts};
use super::series::Series;
use super::{SqlStore, block, day, log};
use crate::db::{DbError, on};
use crate::telemetry::LONGEST_GAP_MS;

/// How many findings are listed; damage that goes through everything is clear from the first of them.
const MOST_FINDINGS: usize = 100;

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
    /// What is wrong, a line each; at most a hundred.
    pub findings: Vec<String>,
}

impl Report {
    fn wrong(&mut self, line: String) {
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(line);
        }
    }
}

impl SqlStore {
    /// Checks everything. Nothing is changed.
    pub(super) async fn checked(&self) -> Result<Report, DbError> {
        let _one_at_a_time = self.sealing.lock().await;
        let mut report = Report::default();
        log::all(&self.db, |logged| {
            match block::frames(&logged.data) {
                Ok(frames) => report.unsealed += frames.len(),
                Err(error) => report.wrong(format!("log, block {}: {error}", logged.id)),
            }
            Ok(())
        })
        .await?;
        for series in self.stored_series().await? {
            report.series += 1;
            let name = self.names.name(series.metric).unwrap_or_else(|| format!("metric {}", series.metric));
            let name = format!("device {}, {name}", series.device);
            let values = self.checked_chunks(series, &name, &mut report).await?;
            self.checked_quarters(series, &name, &values, &mut report).await?;
        }
        Ok(report)
    }

    async fn stored_series(&self) -> Result<Vec<Series>, DbError> {
        const SQL: &str = "SELECT device, metric FROM chunks UNION SELECT device, metric FROM quarters ORDER BY device, metric";
        let rows: Vec<(i64, i64)> = on!(&self.db, |c| sqlx::query_as(SQL).fetch_all(c).await)?;
        let unreadable = |metric: i64| DbError::Unreadable { table: "chunks", column: "metric", found: metric.to_string() };
        rows.into_iter()
            .map(|(device, metric)| Ok(Series { device, metric: u32::try_from(metric).map_err(|_| unreadable(metric))? }))
            .collect()
    }

    /// All values of a series, as far as they can be read.
    async fn checked_chunks(&self, series: Series, name: &str, report: &mut Report) -> Result<Vec<(i64, f64)>, DbError> {
        const SQL: &str =
            "SELECT id, from_ms, to_ms, count, min, max, sum, data FROM chunks WHERE device = $1 AND metric = $2 ORDER BY from_ms";
        let mut values: Vec<(i64, f64)> = Vec::new();
        on!(&self.db, |c| {
            let query = sqlx::query_as::<_, (i64, i64, i64, i64, f64, f64, f64, Vec<u8>)>(SQL);
            let mut rows = query.bind(series.device).bind(i64::from(series.metric)).fetch(c);
            while let Some((id, from_ms, to_ms, count, min, max, sum, data)) = rows.try_next().await? {
                report.chunks += 1;
                match chunk::unpack(&data) {
                    Err(error) => report.wrong(format!("{name}, chunk {id}: {error}")),
                    Ok(found) => {
                        if Facts::of(&found) != Some(Facts { from_ms, to_ms, count, min, max, sum }) {
                            report.wrong(format!("{name}, chunk {id}: its values are not what its row says of them"));
                        }
                        if !found.is_sorted_by(|a, b| a.0 < b.0) || values.last().is_some_and(|last| last.0 >= from_ms) {
                            report.wrong(format!("{name}, chunk {id}: it overlaps the one before it, or its instants are out of order"));
                        }
                        report.values += u64::try_from(found.len()).unwrap_or_default();
                        values.extend(found);
                    }
                }
            }
        });
        Ok(values)
    }

    async fn checked_quarters(&self, series: Series, name: &str, values: &[(i64, f64)], report: &mut Report) -> Result<(), DbError> {
        let mut stored = BTreeMap::new();
        const SQL: &str = "SELECT day_ms, data FROM quarters WHERE device = $1 AND metric = $2 ORDER BY day_ms";
        on!(&self.db, |c| {
            let mut rows = sqlx::query_as::<_, (i64, Vec<u8>)>(SQL).bind(series.device).bind(i64::from(series.metric)).fetch(c);
            while let Some((day_ms, data)) = rows.try_next().await? {
                match day::unpack(day_ms, &data) {
                    Ok(mut quarters) => stored.append(&mut quarters),
                    Err(error) => report.wrong(format!("{name}, quarters of the day at {day_ms} ms: {error}")),
                }
            }
        });
        let expected = reckoned(self.meaning(series), values);
        let from_ms = self.provable_from(values);
        let apart = |start: &i64| *start >= from_ms && stored.get(start) != expected.get(start);
        let wrong: Vec<i64> = stored.keys().chain(expected.keys()).copied().filter(apart).collect();
        report.quarters += expected.range(from_ms..).count();
        for start in wrong {
            report.wrong(format!("{name}, the quarter at {start} ms is not what its raw values come to"));
        }
        Ok(())
    }

    /// From where on quarters can be proven: where raw values were removed, those after the gap lack what came before it.
    fn provable_from(&self, values: &[(i64, f64)]) -> i64 {
        let kept_ms = self.raw_kept_ms.load(std::sync::atomic::Ordering::Relaxed);
        if kept_ms == i64::MIN {
            return i64::MIN;
        }
        let first = values.partition_point(|(at, _)| *at < kept_ms);
        values.get(first + CONTEXT).map_or(i64::MAX, |(at, _)| rollup::start_of(*at) + QUARTER_MS)
    }
}

fn reckoned(meaning: rollup::Meaning, values: &[(i64, f64)]) -> BTreeMap<i64, Quarter> {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return BTreeMap::new() };
    rollup::quarters(meaning, values, first.0 - QUARTER_MS, last.0 + LONGEST_GAP_MS + QUARTER_MS, LONGEST_GAP_MS)
}
