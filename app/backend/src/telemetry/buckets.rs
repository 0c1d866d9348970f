//! Equal buckets over a range: pure arithmetic, the same for every engine.

use vigia_domain::rollup::{self, QUARTER_MS, Quarter};

use crate::telemetry::MOST_POINTS;

/// Buckets over `[from, to)`, aligned to `from`, all of the same width but the last, which ends at `to`.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    from_ms: i64,
    to_ms: i64,
    width_ms: i64,
    buckets: Vec<Bucket>,
}

/// What one bucket holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bucket {
    /// Readings.
    pub count: u64,
    /// The sum of the quarters of an hour before the one that is being added to, and of that one. Kept apart so that a bucket has the same
    /// sum, to the last bit, whether it was made of readings or of quarters.
    sum: f64,
    quarter_sum: f64,
    quarter_ms: i64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Bucket {
    /// Mean of the readings; meaningless for an empty bucket.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub fn mean(&self) -> f64 {
        // A mean outside [min, max] can only come of rounding.
        ((self.sum + self.quarter_sum) / self.count as f64).clamp(self.min, self.max)
    }

    fn add(&mut self, quarter_ms: i64, count: u64, sum: f64, min: f64, max: f64) {
        if self.count == 0 {
            (self.min, self.max, self.quarter_ms) = (min, max, quarter_ms);
        }
        if self.quarter_ms != quarter_ms {
            self.sum += std::mem::take(&mut self.quarter_sum);
            self.quarter_ms = quarter_ms;
        }
        self.count += count;
        self.quarter_sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }
}

impl Buckets {
    /// Empty buckets over `[from_ms, to_ms)`: at most `points`, each a whole number of milliseconds wide.
    #[must_use]
    pub fn new(from_ms: i64, to_ms: i64, points: u32) -> Self {
        let span = (to_ms - from_ms).max(0);
        let points = i64::from(points.clamp(1, MOST_POINTS));
        let width_ms = (span + points - 1).div_euclid(points).max(1);
        // Whole quarters where the question begins with one: a bucket is then a little wider, and made of rollups.
        let in_quarters = from_ms % QUARTER_MS == 0 && width_ms > QUARTER_MS;
        let width_ms = if in_quarters { (width_ms + QUARTER_MS - 1) / QUARTER_MS * QUARTER_MS } else { width_ms };
        let number = (span + width_ms - 1) / width_ms;
        let number = usize::try_from(number).expect("at most MOST_POINTS buckets");
        Self { from_ms, to_ms, width_ms, buckets: vec![Bucket::default(); number] }
    }

    /// Adds a reading; one outside the range is none of ours. Readings come in order of time.
    pub fn add(&mut self, at_ms: i64, value: f64) {
        if let Some(bucket) = self.bucket(at_ms) {
            bucket.add(rollup::start_of(at_ms), 1, value, value, value);
        }
    }

    /// Until when every quarter of an hour lies inside one bucket and inside the range; `None` where buckets cut quarters.
    #[must_use]
    pub fn in_quarters_until(&self) -> Option<i64> {
        [self.from_ms, self.width_ms].iter().all(|ms| ms % QUARTER_MS == 0).then(|| rollup::start_of(self.to_ms))
    }

    /// Adds the readings of a quarter of an hour that lies inside one bucket.
    pub fn add_quarter(&mut self, start_ms: i64, quarter: &Quarter) {
        if let Some(bucket) = self.bucket(start_ms).filter(|_| quarter.count > 0) {
            bucket.add(start_ms, quarter.count.into(), quarter.sum, quarter.min, quarter.max);
        }
    }

    fn bucket(&mut self, at_ms: i64) -> Option<&mut Bucket> {
        let inside = (self.from_ms..self.to_ms).contains(&at_ms);
        let index = usize::try_from((at_ms - self.from_ms) / self.width_ms).ok().filter(|_| inside)?;
        self.buckets.get_mut(index)
    }

    /// Buckets with readings and their starts, in order of time.
    pub fn filled(&self) -> impl Iterator<Item = (i64, &Bucket)> {
        self.starts().zip(&self.buckets).filter(|(_, b)| b.count > 0)
    }

    /// Runs of empty buckets as `[from, to)`.
    #[must_use]
    pub fn gaps(&self) -> Vec<(i64, i64)> {
        let mut gaps: Vec<(i64, i64)> = Vec::new();
        for (start, _) in self.starts().zip(&self.buckets).filter(|(_, b)| b.count == 0) {
            let end = (start + self.width_ms).min(self.to_ms);
            match gaps.last_mut() {
                Some((_, last)) if *last == start => *last = end,
                _ => gaps.push((start, end)),
            }
        }
        gaps
    }

    fn starts(&self) -> impl Iterator<Item = i64> {
        (0..).map(|i: i64| self.from_ms + i * self.width_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_in_four_quarters_with_one_missing() {
        let minute = 60_000;
        let mut hour = Buckets::new(0, 60 * minute, 4);
        for m in (0..60).filter(|m| !(15..30).contains(m)) {
            hour.add(m * minute, m as f64);
        }
        let filled: Vec<_> = hour.filled().map(|(at, b)| (at / minute, b.count, b.min, b.max, b.mean())).collect();
        assert_eq!(filled, [(0, 15, 0.0, 14.0, 7.0), (30, 15, 30.0, 44.0, 37.0), (45, 15, 45.0, 59.0, 52.0)]);
        assert_eq!(hour.gaps(), [(15 * minute, 30 * minute)]);
    }

    #[test]
    fn a_span_that_does_not_divide_keeps_within_the_points_and_the_end() {
        let mut b = Buckets::new(100, 110, 3);
        for at in 95..115 {
            b.add(at, 1.0);
        }
        assert_eq!(b.filled().map(|(at, b)| (at, b.count)).collect::<Vec<_>>(), [(100, 4), (104, 4), (108, 2)]);
        assert_eq!(Buckets::new(0, 10, 4).gaps(), [(0, 10)]);
        assert_eq!(Buckets::new(5, 5, 4).gaps(), []);
        assert_eq!(Buckets::new(0, 3, 5000).gaps(), [(0, 3)]);
    }
}
