//! Quarters of an hour of a series: those that are stored, and where the log holds newer values reckoned from these.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use vigia_domain::rollup::{self, Meaning, QUARTER_MS, Quarter};

use super::damage::{Hole, Place};
use super::seal::without;
use super::series::Series;
use super::surroundings::Surroundings;
use super::{SqlStore, day, shape};
use crate::db::DbError;
use crate::telemetry::LONGEST_GAP_MS;

impl SqlStore {
    /// The quarters that begin in `[from_ms, to_ms)`, in order of time.
    pub(super) async fn quarters_of(&self, series: Series, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, Quarter)>, DbError> {
        // First the log and then what is sealed: what moves in between is in both, and not in neither.
        let recent: Vec<(i64, f64)> = self.unsealed(series, i64::MIN, i64::MAX).await?.into_iter().collect();
        let stored = self.stored_quarters(series, from_ms, to_ms).await?;
        if recent.is_empty() {
            return Ok(stored);
        }
        let mut found: BTreeMap<i64, Quarter> = stored.into_iter().collect();
        let meaning = self.meaning(series);
        // As when it is sealed: where raw values are missing what is stored is better.
        let kept_ms = self.raw_kept_ms.load(Ordering::Relaxed);
        let first_ms = rollup::start_of(from_ms.saturating_add(QUARTER_MS - 1));
        // One that is years too early has its own surroundings: nothing is read of what lies between.
        for run in self.whole_runs(series, &recent).await? {
            let Surroundings { all, touched, .. } = self.surroundings(series, run, None).await?;
            let all = shape::merged(&all, &recent).0;
            for (from, to) in without(touched, &self.damage.holes(series)) {
                let (from, to) = (from.max(first_ms), to.min(to_ms));
                if from < to {
                    found.retain(|start, _| *start < kept_ms || !(from..to).contains(start));
                    for (start, quarter) in rollup::quarters(meaning, &all, from, to, LONGEST_GAP_MS) {
                        found.entry(start).or_insert(quarter);
                    }
                }
            }
        }
        Ok(found.into_iter().filter(|(start, _)| (from_ms..to_ms).contains(start)).collect())
    }

    /// What is stored, in order of time; a day whose quarters cannot be read is reckoned from its raw values.
    pub(super) async fn stored_quarters(&self, series: Series, from_ms: i64, to_ms: i64) -> Result<Vec<(i64, Quarter)>, DbError> {
        let (mut found, broken) = series.quarters(&self.db, from_ms, to_ms).await?;
        if broken.is_empty() {
            return Ok(found);
        }
        for day_ms in broken {
            let hole = Hole { series: Some(series), from_ms: day_ms, to_ms: day_ms + day::DAY_MS };
            self.note_damage(Place::Day(series, day_ms), hole);
            let reckoned = self.reckoned_day(series, day_ms).await?;
            found.extend(reckoned.into_iter().filter(|(start, _)| (from_ms..to_ms).contains(start)));
        }
        found.sort_by_key(|(start, _)| *start);
        Ok(found)
    }

    pub(super) fn meaning(&self, series: Series) -> Meaning {
        self.names.name(series.metric).map_or(Meaning::Gauge, |name| Meaning::of(&name))
    }
}
