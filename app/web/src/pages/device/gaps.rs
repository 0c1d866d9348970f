//! Which stretches without readings are gaps, and which only lie between two readings of a slow device.

use vigia_domain::series::Series;

use super::period::Period;
use crate::clock::at_ms;

/// How many times its usual rhythm a device must be silent before it is missed.
const MISSED: i64 = 3;

/// `[from, to)` of every gap worth a word, in order of time. A bucket narrower than the device's rhythm is empty without
/// anything missing, so the rhythm is read from the data itself.
pub(super) fn gaps(series: &Series, period: Period) -> Vec<(i64, i64)> {
    let least = (MISSED * rhythm(series)).max(2 * period.bucket_ms());
    let gaps = series.gaps.iter().map(|g| (at_ms(&g.from), at_ms(&g.to)));
    gaps.filter(|(from, to)| to - from >= least).collect()
}

/// The usual time between two points: the mean of the steps that are not themselves outages.
fn rhythm(series: &Series) -> i64 {
    let times: Vec<i64> = series.points.iter().map(|p| at_ms(&p.at)).collect();
    let steps = || times.windows(2).map(|pair| pair[1] - pair[0]);
    let mean_up_to = |longest: i64| {
        let (sum, count) = steps().filter(|step| *step <= longest).fold((0, 0), |(sum, count), step| (sum + step, count + 1));
        if count == 0 { 0 } else { sum / count }
    };
    mean_up_to(2 * mean_up_to(i64::MAX))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::series::{Gap, Point};
    use vigia_domain::time::to_text;

    use super::*;

    fn every(step_s: i64, count: i64) -> Vec<Point> {
        let point = |i: i64| Point { at: to_text(i * step_s * 1000), avg: 1.0, min: 1.0, max: 1.0, count: 1 };
        (0..count).map(point).collect()
    }

    #[test]
    fn a_meter_that_speaks_once_a_minute_has_no_gap_every_minute() {
        let between = (0..59).map(|i| Gap { from: to_text(i * 60_000 + 10_000), to: to_text((i + 1) * 60_000) });
        let mut series = Series { metric: "power_w".into(), unit: "W".into(), points: every(60, 60), gaps: between.collect() };
        assert_eq!(gaps(&series, Period::Hour), []);
        series.gaps.push(Gap { from: to_text(3_550_000), to: to_text(4_000_000) });
        assert_eq!(gaps(&series, Period::Hour), [(3_550_000, 4_000_000)]);
    }

    #[test]
    fn a_quick_meter_is_missed_after_two_buckets() {
        let gap = Gap { from: to_text(100_000), to: to_text(130_000) };
        let series = Series { metric: "power_w".into(), unit: "W".into(), points: every(10, 9), gaps: vec![gap] };
        assert_eq!(gaps(&series, Period::Hour), [(100_000, 130_000)]);
    }
}
