//! How often a device speaks, judged at each place of a series by what stands around it: an interval that is changed, or a
//! device that speaks when something happens, is no reason to speak of missing data.

use vigia_domain::series::{Point, Series};

use super::at_ms;
use super::period::Period;

/// How many times its usual step a device must be silent before it is missed.
const MISSED: i64 = 3;

/// How many steps on either side tell what is usual.
const NEAR: usize = 10;

/// The times of a series' points.
pub(super) struct Rhythm {
    times: Vec<i64>,
    bucket_ms: i64,
}

impl Rhythm {
    pub(super) fn of(series: &Series, period: Period) -> Self {
        Self { times: series.points.iter().map(|p| at_ms(&p.at)).collect(), bucket_ms: period.bucket_ms() }
    }

    /// Whether something is missing in a stretch without readings. A bucket narrower than the device's step is empty
    /// without anything missing.
    pub(super) fn misses(&self, from: i64, to: i64) -> bool {
        let next = self.times.partition_point(|at| *at < to);
        to - from >= (MISSED * self.usual(next)).max(2 * self.bucket_ms)
    }

    /// How long each point stands: until the next one comes, and where one is missing for a usual step.
    pub(super) fn spans(&self) -> Vec<i64> {
        let span = |(i, at): (usize, &i64)| {
            let usual = || self.usual(i + 1).max(self.bucket_ms);
            let Some(next) = self.times.get(i + 1) else { return usual() };
            if self.misses(at + self.bucket_ms, *next) { usual() } else { next - at }
        };
        self.times.iter().enumerate().map(span).collect()
    }

    /// The usual step around the one that ends with point `next`, which is not asked itself.
    fn usual(&self, next: usize) -> i64 {
        let before = &self.times[next.saturating_sub(NEAR + 1)..next];
        let after = &self.times[next..(next + NEAR + 1).min(self.times.len())];
        longest_but_one(before).max(longest_but_one(after))
    }
}

/// Of the steps between `times`: a single outage among them does not make the next one usual.
fn longest_but_one(times: &[i64]) -> i64 {
    let steps = times.windows(2).map(|pair| pair[1] - pair[0]);
    let (longest, second) = steps.fold((0, 0), |(longest, second), step| (step.max(longest), step.min(longest).max(second)));
    if times.len() > 2 { second } else { longest }
}

/// The mean of points that stand so long each.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a week")]
pub(super) fn mean(points: &[Point], spans: &[i64]) -> f64 {
    let weighed: f64 = points.iter().zip(spans).map(|(p, span)| p.avg * *span as f64).sum();
    weighed / spans.iter().sum::<i64>() as f64
}
