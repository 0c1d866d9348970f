//! Which stretches without readings are gaps, and which only lie between two readings of a slow device.

use vigia_domain::series::Series;

use super::at_ms;
use super::period::Period;
use super::rhythm::Rhythm;

/// `[from, to)` of every gap worth a word, in order of time.
pub(crate) fn gaps(series: &Series, period: Period) -> Vec<(i64, i64)> {
    let rhythm = Rhythm::of(series, period);
    let gaps = series.gaps.iter().map(|g| (at_ms(&g.from), at_ms(&g.to)));
    gaps.filter(|(from, to)| rhythm.misses(*from, *to)).collect()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::series::{Gap, Point};
    use vigia_domain::time::to_text;

    use super::*;

    /// Points at the ends of these steps, and a gap wherever a bucket of 10 s stays empty.
    fn stepping(steps_s: impl IntoIterator<Item = i64>) -> Series {
        let (mut at, mut points, mut gaps) = (0, vec![point(0)], Vec::new());
        for step in steps_s {
            let next = at + step * 1000;
            if step > 10 {
                gaps.push(Gap { from: to_text(at + 10_000), to: to_text(next) });
            }
            points.push(point(next));
            at = next;
        }
        Series { metric: "power_w".into(), unit: "W".into(), points, gaps }
    }

    fn point(at: i64) -> Point {
        Point { at: to_text(at), avg: 1.0, min: 1.0, max: 1.0, count: 1 }
    }

    /// How long each gap is, in seconds.
    fn missing(steps_s: impl IntoIterator<Item = i64>) -> Vec<i64> {
        gaps(&stepping(steps_s), Period::default()).into_iter().map(|(from, to)| (to - from) / 1000).collect()
    }

    const NONE: [i64; 0] = [];

    fn times(step_s: i64, count: usize) -> Vec<i64> {
        vec![step_s; count]
    }

    #[test]
    fn a_meter_that_speaks_once_a_minute_has_no_gap_every_minute() {
        assert_eq!(missing(times(60, 59)), NONE);
        assert_eq!(missing([times(60, 30), times(300, 1), times(60, 20)].concat()), [290]);
        let mut silent = stepping(times(60, 59));
        silent.gaps.push(Gap { from: to_text(3_550_000), to: to_text(4_000_000) });
        assert_eq!(gaps(&silent, Period::default()), [(3_550_000, 4_000_000)], "at the end");
    }

    #[test]
    fn a_quick_meter_is_missed_after_two_buckets() {
        assert_eq!(missing([times(10, 9), times(40, 1), times(10, 9)].concat()), [30]);
    }

    #[test]
    fn a_meter_that_changes_its_step_has_no_gap_for_that() {
        let (slow, quick) = (|n| times(60, n), |n| times(10, n));
        assert_eq!(missing([slow(50), quick(80)].concat()), NONE);
        assert_eq!(missing([quick(80), slow(50)].concat()), NONE);
        assert_eq!(missing([slow(25), vec![400], slow(25), quick(40), vec![60], quick(40)].concat()), [390, 50]);
    }

    #[test]
    fn one_outage_does_not_excuse_the_next() {
        assert_eq!(missing([times(10, 20), vec![300, 10, 10, 300], times(10, 20)].concat()), [290, 290]);
    }

    #[test]
    fn a_meter_that_speaks_on_change_is_not_all_gaps() {
        // Steps as chance makes them, from one to nine buckets, mostly short.
        let chance = (1..=120_i64).map(|n| [10, 10, 20, 30, 10, 50, 20, 90][usize::try_from(n * n * 31 % 127 % 8).expect("small")]);
        assert_eq!(missing(chance.clone()), NONE);
        assert_eq!(missing(chance.clone().chain([900]).chain(chance)), [890]);
    }
}
