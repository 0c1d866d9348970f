//! One line of a chart, as ECharts holds it.

use js_sys::Array;
use vigia_domain::series::Series;
use wasm_bindgen::JsValue;

use super::at_ms;
use super::gaps::gaps;
use super::js::point;
use super::period::Period;

/// A point of a line: when, and its value; `None` where the line is interrupted.
type Dot = (i64, Option<f64>);

/// A series over its period, and what belongs around it.
pub(super) struct Source<'a> {
    pub(super) series: &'a Series,
    pub(super) period: Period,
    /// From when to when it is loaded.
    pub(super) edges: (i64, i64),
    /// The same over a longer period, coarser, which stands for what lies outside.
    pub(super) around: Option<(&'a Series, Period)>,
    /// Every point is drawn so much later than it was.
    pub(super) shift_ms: i64,
}

/// A line. Its values are in the unit that the device speaks in; what is written beside the axis is the axis's matter.
pub(super) struct Trace {
    pub(super) metric: String,
    pub(super) unit: String,
    /// What ECharts is given, and the same for ourselves.
    pub(super) data: Array,
    dots: Vec<Dot>,
    /// `[from, to)` of what is missing.
    pub(super) gaps: Vec<(i64, i64)>,
    bucket_ms: i64,
}

impl Trace {
    pub(super) fn new(source: &Source<'_>) -> Self {
        let (dots, gaps) = drawn(source);
        Self {
            metric: source.series.metric.clone(),
            unit: source.series.unit.clone(),
            data: dots.iter().map(js).collect(),
            dots,
            gaps,
            bucket_ms: source.period.bucket_ms(),
        }
    }

    /// The same line at a later moment: what stays is left as it is.
    pub(super) fn go_on(&mut self, source: &Source<'_>) {
        let (dots, gaps) = drawn(source);
        let gone = dots.first().map_or(self.dots.len(), |(at, _)| self.dots.partition_point(|(old, _)| old < at));
        for _ in 0..gone {
            self.data.shift();
        }
        self.dots.drain(..gone);
        let old = self.dots.iter().map(Some).chain(std::iter::repeat(None));
        for (index, (dot, old)) in (0..).zip(dots.iter().zip(old)) {
            if old != Some(dot) {
                self.data.set(index, js(dot));
            }
        }
        self.data.set_length(u32::try_from(dots.len()).unwrap_or(u32::MAX));
        (self.dots, self.gaps) = (dots, gaps);
    }

    /// The points that have a value, in order of time.
    pub(super) fn points(&self) -> impl DoubleEndedIterator<Item = (i64, f64)> {
        self.dots.iter().filter_map(|(at, value)| Some((*at, (*value)?)))
    }

    /// The last point, if it has a value.
    pub(super) fn end(&self) -> Option<JsValue> {
        self.points().next_back().map(|(at, value)| point(at, Some(value)))
    }

    /// The point nearest to a time.
    pub(super) fn nearest(&self, at: i64) -> Option<(i64, f64)> {
        self.points().min_by_key(|(found, _)| (found - at).abs())
    }

    /// The value at a time, if there is a point within a bucket of it.
    pub(super) fn read_at(&self, at: i64) -> Option<f64> {
        self.nearest(at).filter(|(found, _)| (found - at).abs() <= self.bucket_ms).map(|(_, value)| value)
    }
}

fn js((at, value): &Dot) -> JsValue {
    point(*at, *value)
}

/// Points in order of time, interrupted where something is missing; and what that is.
fn drawn(source: &Source<'_>) -> (Vec<Dot>, Vec<(i64, i64)>) {
    let Source { series, period, edges: (from_ms, to_ms), around, shift_ms } = *source;
    let (mut dots, mut missing) = (Vec::new(), Vec::new());
    let mut part = |series: &Series, period: Period, wanted: &dyn Fn(i64) -> bool| {
        let gaps: Vec<_> = gaps(series, period).into_iter().filter(|(from, _)| wanted(*from)).collect();
        let mut gap = gaps.iter().peekable();
        for p in &series.points {
            let at = at_ms(&p.at);
            if !wanted(at) {
                continue;
            }
            while let Some((from, _)) = gap.next_if(|(from, _)| *from <= at) {
                dots.push((*from + shift_ms, None));
            }
            dots.push((at + shift_ms, Some(p.avg)));
        }
        missing.extend(gaps);
    };
    if let Some((series, period)) = around {
        part(series, period, &|at| at < from_ms);
    }
    part(series, period, &|_| true);
    if let Some((series, period)) = around {
        part(series, period, &|at| at >= to_ms);
    }
    (dots, missing)
}
