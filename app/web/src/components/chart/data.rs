//! What ECharts is given each time that something moves: the lines, their gaps, and from where to where they are seen.

use js_sys::Array;
use wasm_bindgen::JsValue;

use super::draw::Drawing;
use super::js::{call, get, object, point};
use super::period::Period;
use super::trace::Trace;
use super::{options, why};

/// The room that the word for a gap takes.
const WORD_PIXELS: f64 = 80.0;
/// And each letter of its cause.
const LETTER_PIXELS: f64 = 7.0;

impl Drawing {
    /// From where to where the axis goes.
    pub(super) fn axis(&self) -> (i64, i64) {
        let stretch = &self.shown.stretch;
        match (self.shown.zoom, self.shown.whole) {
            (_, Period::Between { from_ms, to_ms }) => (from_ms, to_ms),
            (None, Period::Last(_)) => (stretch.from_ms, stretch.to_ms),
            // Where the whole was when it was loaded; a page that begins with a part of it knows only that.
            (Some(_), whole) => {
                let end = self.around.as_ref().map_or(stretch.to_ms, |around| around.stretch.to_ms).max(stretch.to_ms);
                ((end - whole.span_ms()).min(stretch.from_ms), end)
            }
        }
    }

    /// From where to where it is seen.
    pub(super) fn seen(&self) -> (i64, i64) {
        match self.shown.zoom {
            Some(Period::Between { from_ms, to_ms }) => (from_ms, to_ms),
            _ => self.axis(),
        }
    }

    /// Gives ECharts the data, and nothing else: the chart stays.
    pub(super) fn feed(&self) {
        // Not under somebody's fingers: the next one is not far.
        if self.is_zooming.get() {
            return;
        }
        call(&self.echarts, "setOption", &[&self.data()]);
    }

    /// The lines, and from where to where they are seen.
    pub(super) fn data(&self) -> JsValue {
        let ((min, max), (from, to)) = (self.axis(), self.seen());
        let time = |at: i64| get(&point(at, None), "0");
        let bands: Array = self.main.gaps.iter().map(|gap| self.band(*gap, to - from)).collect();
        let now: Array = self.main.end().filter(|_| matches!(self.shown.seen(), Period::Last(_))).into_iter().collect();
        let line = object(&[("id", &options::LINE.into()), ("data", &self.main.data), ("markArea", &object(&[("data", &bands)]))]);
        let dot = object(&[("id", &options::NOW.into()), ("data", &now)]);
        let none = Array::new();
        let data = |trace: &Option<Trace>| trace.as_ref().map_or_else(|| none.clone(), |trace| trace.data.clone());
        let axis = i32::from(self.axes.has_right());
        let other = object(&[("id", &options::OTHER.into()), ("data", &data(&self.other)), ("yAxisIndex", &axis.into())]);
        let before = object(&[("id", &options::BEFORE.into()), ("data", &data(&self.before))]);
        // Labels of a narrow chart must not run into each other; charming has no word for that.
        let labels = object(&[("hideOverlap", &true.into())]);
        let axis = object(&[("min", &time(min)), ("max", &time(max)), ("axisLabel", &labels), ("splitNumber", &self.splits())]);
        let zoom = object(&[("startValue", &time(from)), ("endValue", &time(to))]);
        let series: Array = [line, dot, other, before].into_iter().collect();
        object(&[("xAxis", &axis), ("dataZoom", &Array::of1(&zoom)), ("series", &series)])
    }

    fn band(&self, (from, to): (i64, i64), seen_ms: i64) -> JsValue {
        let edge = |at: i64| object(&[("xAxis", &get(&point(at, None), "0"))]);
        // A band that is narrower than its word is left without it: the sentence below tells of it.
        let width = call(&self.echarts, "getWidth", &[]).as_f64().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of years")]
        let room = width * (to - from) as f64 / seen_ms as f64;
        let wide = room > WORD_PIXELS;
        let word = if wide { self.gap } else { "" };
        // With its cause, where there is one and it has the room.
        let causes = [Some(&self.shown), self.around.as_ref()].into_iter().flatten().map(|shown| &shown.stretch.causes);
        let cause = causes.filter_map(|causes| why::cause(causes, from)).find_map(|cause| why::word(self.texts, cause));
        let name = match cause {
            Some(cause) => format!("{word}: {cause}"),
            None => word.to_owned(),
        };
        let letters = u32::try_from(name.chars().count()).unwrap_or(u32::MAX);
        let name = if room > LETTER_PIXELS * f64::from(letters) { name } else { word.to_owned() };
        let start = object(&[("xAxis", &get(&point(from, None), "0")), ("name", &name.into())]);
        Array::of2(&start, &edge(to)).into()
    }

    /// One label of time for every 90 pixels.
    fn splits(&self) -> JsValue {
        let width = call(&self.echarts, "getWidth", &[]).as_f64().unwrap_or(600.0);
        (width / 90.0).clamp(2.0, 10.0).round().into()
    }
}
