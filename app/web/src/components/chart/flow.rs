//! What is on a chart that ends now: what was loaded, the readings that came since, the time that passed, and the silence that lasts.

use std::sync::Arc;

use vigia_domain::series::{Gap, Point, Series};

use super::gaps::gaps;
use super::period::Period;
use super::{Newest, Shown, Stretch, at_ms};
use crate::format::rfc3339;

/// What lies behind a comparison is asked for again when so many parts of the period have passed: it was loaded as far as now.
const PARTS_BEHIND: i64 = 30;

/// A load that goes on.
pub(super) struct Flow {
    shown: Shown,
    stretch: Stretch,
    /// A bucket begins here, and every other one so many widths away.
    grid_ms: i64,
    /// Until when the main line and the other are known: what a connection repeats of that is counted already.
    known_ms: [i64; 2],
    newest_ms: i64,
    /// Where the load ended.
    loaded_to_ms: i64,
    /// How long the silence was when its cause was asked for last.
    asked_ms: i64,
}

impl Flow {
    /// `None` for what does not go on: a part that is seen closer, or a period with an end of its own.
    pub(super) fn new(shown: &Shown) -> Option<Self> {
        if shown.zoom.is_some() || !matches!(shown.whole, Period::Last(_)) {
            return None;
        }
        let mut stretch = Stretch::clone(&shown.stretch);
        let asked_ms = silence_ms(&stretch, shown.whole).unwrap_or_default();
        for series in std::iter::once(&mut stretch.main).chain(&mut stretch.other) {
            // The silence at the end is told anew each time.
            let end = series.points.last().map_or(i64::MIN, |last| at_ms(&last.at));
            series.gaps.retain(|gap| at_ms(&gap.from) < end);
        }
        let (grid_ms, now_ms, loaded_to_ms) = (stretch.from_ms, stretch.now_ms, stretch.to_ms);
        Some(Self { shown: shown.clone(), stretch, grid_ms, known_ms: [now_ms; 2], newest_ms: now_ms - 1, loaded_to_ms, asked_ms })
    }

    /// A reading. Says whether it changed anything: one that is repeated does not, and one that is older than the open bucket waits for
    /// the next load.
    pub(super) fn take(&mut self, (at, values, is_repeated): &Newest) -> bool {
        let (width, grid, from) = (self.shown.whole.bucket_ms(), self.grid_ms, self.stretch.from_ms);
        let bucket = grid + (at - grid).div_euclid(width) * width;
        let mut has_grown = false;
        let lines = std::iter::once(&mut self.stretch.main).chain(&mut self.stretch.other);
        for (series, known_ms) in lines.zip(&mut self.known_ms) {
            let value = values.iter().find(|(metric, _)| *metric == series.metric);
            let Some((_, value)) = value.filter(|_| !*is_repeated || *at > *known_ms) else { continue };
            *known_ms = (*known_ms).max(*at);
            has_grown |= grow(series, (bucket, width), from, *value);
        }
        if has_grown {
            self.newest_ms = self.newest_ms.max(*at);
            self.asked_ms = 0;
        }
        has_grown
    }

    /// What is on the chart at `now_ms` by the device's clock. What it has left is forgotten.
    pub(super) fn at(&mut self, now_ms: i64) -> Shown {
        let whole = self.shown.whole;
        let now_ms = now_ms.max(self.newest_ms + 1);
        let to_ms = whole.around(now_ms).1.max(self.stretch.to_ms);
        let from_ms = to_ms - whole.span_ms();
        let Stretch { main, other, before, causes, .. } = &mut self.stretch;
        // A gap that has left in part keeps its cause, and so does the silence at the end.
        let end = end_of(main, whole.bucket_ms()).unwrap_or(i64::MIN);
        causes.retain(|cause| cause.from_ms >= end || is_seen(main, cause.from_ms, from_ms));
        causes.iter_mut().for_each(|cause| cause.from_ms = cause.from_ms.max(from_ms));
        for series in std::iter::once(main).chain(other) {
            cut(series, from_ms);
        }
        if let Some(before) = before {
            cut(before, from_ms - whole.shift_ms());
        }
        (self.stretch.from_ms, self.stretch.to_ms, self.stretch.now_ms) = (from_ms, to_ms, now_ms);
        let mut stretch = self.stretch.clone();
        for series in std::iter::once(&mut stretch.main).chain(&mut stretch.other) {
            let from = end_of(series, whole.bucket_ms()).map_or(from_ms, |end| end.max(from_ms));
            if from < now_ms {
                series.gaps.push(Gap { from: rfc3339(from), to: rfc3339(now_ms) });
            }
        }
        Shown { stretch: Arc::new(stretch), ..self.shown.clone() }
    }

    /// Whether the server knows more than this: why nothing comes, when a silence has become a gap and whenever it has lasted twice as
    /// long; and what it was like before, when time has gone on.
    pub(super) fn wonders(&mut self, shown: &Shown) -> bool {
        let silence = silence_ms(&shown.stretch, shown.whole).unwrap_or_default();
        let is_new = silence > 0 && silence >= 2 * self.asked_ms;
        let behind = shown.stretch.to_ms - self.loaded_to_ms >= shown.whole.span_ms() / PARTS_BEHIND;
        let is_behind = shown.stretch.before.is_some() && behind;
        if is_new {
            self.asked_ms = silence;
        }
        if is_behind {
            self.loaded_to_ms = shown.stretch.to_ms;
        }
        is_new || is_behind
    }
}

/// How long nothing has come at the end, if that is a gap.
fn silence_ms(stretch: &Stretch, period: Period) -> Option<i64> {
    let last = stretch.main.points.last().map_or(i64::MIN, |last| at_ms(&last.at));
    gaps(&stretch.main, period).last().filter(|(from, _)| *from > last).map(|(from, to)| to - from)
}

/// The end of the last bucket with readings.
fn end_of(series: &Series, width: i64) -> Option<i64> {
    series.points.last().map(|last| at_ms(&last.at) + width)
}

/// Whether the gap that began at `gap_ms` reaches beyond `from_ms`.
fn is_seen(series: &Series, gap_ms: i64, from_ms: i64) -> bool {
    series.gaps.iter().any(|gap| at_ms(&gap.from) == gap_ms && at_ms(&gap.to) > from_ms)
}

/// Adds a value to the bucket that is open, or opens the next. Whether it could.
#[expect(clippy::cast_precision_loss, reason = "readings in a bucket")]
fn grow(series: &mut Series, (bucket, width): (i64, i64), from_ms: i64, value: f64) -> bool {
    let open = series.points.last_mut().map(|last| (at_ms(&last.at), last));
    if let Some((at, last)) = open {
        if at > bucket {
            return false;
        }
        if at == bucket {
            last.count += 1;
            last.avg += (value - last.avg) / last.count as f64;
            (last.min, last.max) = (last.min.min(value), last.max.max(value));
            return true;
        }
    }
    let end = end_of(series, width).unwrap_or(from_ms);
    if end < bucket {
        series.gaps.push(Gap { from: rfc3339(end), to: rfc3339(bucket) });
    }
    series.points.push(Point { at: rfc3339(bucket), avg: value, min: value, max: value, count: 1 });
    true
}

/// Takes away what lies before `from_ms`.
fn cut(series: &mut Series, from_ms: i64) {
    let gone = series.points.partition_point(|point| at_ms(&point.at) < from_ms);
    series.points.drain(..gone);
    series.gaps.retain(|gap| at_ms(&gap.to) > from_ms);
    if let Some(first) = series.gaps.first_mut().filter(|gap| at_ms(&gap.from) < from_ms) {
        first.from = rfc3339(from_ms);
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::gap::{Cause, Explained};

    use super::super::period::Range;
    use super::*;

    const HOUR: i64 = 3_600_000;
    /// When it was loaded.
    const NOW: i64 = 1_736_604_018_000;

    /// The last hour of a meter that speaks every ten seconds, as it was loaded; `silent`: seconds before now of which nothing came.
    fn loaded(silent: &[(i64, i64)], before: bool) -> Shown {
        let mut main = Series { metric: "power_w".into(), unit: "W".into(), points: vec![], gaps: vec![] };
        for at in (NOW - HOUR..NOW).step_by(10_000) {
            let ago = (NOW - at) / 1000;
            if !silent.iter().any(|(from, to)| (*to < ago) && ago <= *from) {
                grow(&mut main, (at, 10_000), NOW - HOUR, 100.0);
            }
        }
        if let Some(end) = end_of(&main, 10_000).filter(|end| *end < NOW) {
            main.gaps.push(Gap { from: rfc3339(end), to: rfc3339(NOW) });
        }
        let before = before.then(|| main.clone());
        let causes = gaps(&main, Period::default()).into_iter().map(|(from_ms, _)| Explained { from_ms, cause: Cause::Silent });
        let stretch = Stretch { from_ms: NOW - HOUR, to_ms: NOW, now_ms: NOW, causes: causes.collect(), main, other: None, before };
        Shown { whole: Period::Last(Range::Hour), zoom: None, stretch: Arc::new(stretch) }
    }

    fn told(seconds: i64, value: f64) -> Newest {
        (NOW + seconds * 1000, vec![("power_w".into(), value)], false)
    }

    /// From when to when each gap is, in seconds from the load.
    fn missing(shown: &Shown) -> Vec<(i64, i64)> {
        gaps(&shown.stretch.main, shown.whole).iter().map(|(from, to)| ((from - NOW) / 1000, (to - NOW) / 1000)).collect()
    }

    #[test]
    fn readings_in_a_bucket_become_its_mean_and_what_is_repeated_does_not_count_twice() {
        let mut flow = Flow::new(&loaded(&[], false)).expect("it goes on");
        assert!(!flow.take(&(NOW - 500, vec![("power_w".into(), 1.0)], true)), "the load has it");
        assert!(flow.take(&told(1, 300.0)) && flow.take(&told(9, 100.0)));
        assert!(!flow.take(&(NOW + 9_000, vec![("power_w".into(), 100.0)], true)), "the connection came back");
        assert!(flow.take(&(NOW + 11_000, vec![("power_w".into(), 7.0)], true)), "said meanwhile");
        assert!(!flow.take(&told(8, 1.0)), "older than the open bucket");
        assert!(!flow.take(&(NOW + 12_000, vec![("voltage_v".into(), 7.0)], false)), "not on the chart");
        let shown = flow.at(NOW + 12_000);
        let [.., one, two] = &shown.stretch.main.points[..] else { panic!("two buckets") };
        assert_eq!((one.avg, one.min, one.max, one.count, two.avg), (200.0, 100.0, 300.0, 2, 7.0));
    }

    #[test]
    fn what_is_told_is_of_the_hour_that_is_on_the_chart() {
        let mut flow = Flow::new(&loaded(&[], false)).expect("it goes on");
        for seconds in (0..5_400).step_by(10) {
            flow.take(&told(seconds, 500.0));
            flow.at(NOW + seconds * 1000);
        }
        let shown = flow.at(NOW + 5_400_000);
        let Stretch { from_ms, to_ms, main, .. } = &*shown.stretch;
        assert_eq!((to_ms - NOW, to_ms - from_ms), (5_400_000, HOUR));
        assert!(main.points.len() <= 361 && main.points.iter().all(|point| point.min == 500.0), "nothing of what was loaded");
        assert_eq!(missing(&shown), []);
    }

    #[test]
    fn who_falls_silent_has_a_gap_that_grows_until_it_speaks_and_its_cause_is_asked_for_seldom() {
        let mut flow = Flow::new(&loaded(&[], false)).expect("it goes on");
        let mut asked = Vec::new();
        for seconds in (0..600).step_by(5) {
            let shown = flow.at(NOW + seconds * 1000);
            assert_eq!(shown.stretch.to_ms, NOW + seconds * 1000, "the axis goes on");
            if flow.wonders(&shown) {
                asked.push(seconds);
            }
            assert_eq!(missing(&shown), if seconds < 30 { vec![] } else { vec![(0, seconds)] });
        }
        assert_eq!(asked, [30, 60, 120, 240, 480]);
        flow.take(&told(605, 1.0));
        let shown = flow.at(NOW + 606_000);
        assert_eq!(missing(&shown), [(0, 600)]);
        assert!(!flow.wonders(&shown));
    }

    #[test]
    fn a_silence_that_was_loaded_is_the_same_one_and_keeps_its_cause_until_it_has_left() {
        let mut flow = Flow::new(&loaded(&[(1_200, 0)], false)).expect("it goes on");
        let shown = flow.at(NOW + 10_000);
        assert_eq!((missing(&shown), flow.wonders(&shown)), (vec![(-1_200, 10)], false));
        flow.take(&told(20, 1.0));
        let causes = |shown: &Shown| shown.stretch.causes.iter().map(|c| (c.from_ms - NOW) / 1000).collect::<Vec<_>>();
        for (later, gap, cause) in [(21, vec![(-1_200, 20)], vec![-1_200]), (3_000, vec![(-600, 20)], vec![-600]), (3_700, vec![], vec![])]
        {
            for seconds in (30..later).step_by(10) {
                flow.take(&told(seconds, 1.0));
            }
            let shown = flow.at(NOW + later * 1000);
            let of_it: Vec<_> = missing(&shown).into_iter().filter(|(from, _)| *from < 20).collect();
            assert_eq!((of_it, causes(&shown)), (gap, cause), "{later} s later");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_has_no_gap_before_what_it_says() {
        let ahead = loaded(&[], false);
        let mut stretch = Stretch::clone(&ahead.stretch);
        // As the server tells it: by the device's clock.
        (stretch.now_ms, stretch.to_ms) = (NOW, NOW);
        let mut flow = Flow::new(&Shown { stretch: Arc::new(stretch), ..ahead }).expect("it goes on");
        for seconds in (3..60).step_by(10) {
            flow.take(&told(seconds, 1.0));
            // The browser's own clock may be behind.
            let shown = flow.at(NOW - 120_000);
            assert_eq!((missing(&shown), shown.stretch.to_ms), (vec![], NOW + seconds * 1000 + 1));
        }
    }

    #[test]
    fn only_what_ends_now_goes_on_and_its_past_is_asked_for_as_it_does() {
        let shown = loaded(&[], true);
        assert!(Flow::new(&Shown { zoom: Some(Period::between(NOW - HOUR, NOW)), ..shown.clone() }).is_none());
        assert!(Flow::new(&Shown { whole: Period::between(NOW - HOUR, NOW), ..shown.clone() }).is_none());
        let mut flow = Flow::new(&shown).expect("it goes on");
        let mut wonders_at = |seconds: i64| {
            flow.take(&told(seconds, 1.0));
            let shown = flow.at(NOW + seconds * 1000);
            flow.wonders(&shown)
        };
        assert_eq!([10, 110, 125, 130, 250].map(&mut wonders_at), [false, false, true, false, true]);
    }
}
