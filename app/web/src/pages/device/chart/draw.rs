//! The life of a chart on the page: made once the library is there, fed by loads and by live updates, ended with the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::js::{at_of, call, get, object, point, value_of};
use super::tail::{Growth, Tail};
use super::{FigureSet, Shown, State, library, options};
use crate::boot::use_boot;
use crate::clock::at_ms;
use crate::components::theme_switch::use_theme;
use crate::format::{Detail, moment, scale, value};
use crate::pages::device::gaps::gaps;

const CANVAS: &str = "history-canvas";

/// A silence of this many buckets within live data is drawn as a gap.
const SILENT_BUCKETS: i64 = 6;

/// The room that the word for a gap takes.
const WORD_PIXELS: f64 = 80.0;

/// A chart and what it shows.
struct Drawing {
    echarts: JsValue,
    data: Array,
    bands: Array,
    shown: Shown,
    tail: Tail,
    /// Values are shown multiplied by this: energy in kWh.
    factor: f64,
    word_for_gap: &'static str,
    waiting: Rc<Cell<bool>>,
    /// Kept alive as long as ECharts and the browser may call them.
    _heard: Vec<Closure<dyn FnMut(JsValue)>>,
    observer: JsValue,
    /// Whether the system is dark, as the browser watches it.
    system: JsValue,
    on_dimmed: JsValue,
}

type Shared = Rc<RefCell<Option<Drawing>>>;

pub(super) fn run(
    shown: ReadSignal<Option<Shown>>,
    set: FigureSet,
    state: WriteSignal<State>,
    readout: WriteSignal<Option<String>>,
    gap: &'static str,
) {
    let theme = use_theme();
    let came = use_boot().with_value(|boot| library::load(&boot.echarts));
    let drawing: Shared = Rc::default();

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| match (came.get(), shown.get()) {
        (Some(true), Some(shown)) => {
            let first = draw.borrow().is_none();
            if first {
                *draw.borrow_mut() = Drawing::start(&shown, gap, readout, &draw);
            } else if let Some(drawing) = draw.borrow_mut().as_mut() {
                drawing.show(shown);
            }
            state.set(if draw.borrow().is_some() { State::Drawn } else { State::Failed });
        }
        (Some(false), _) => state.set(State::Failed),
        _ => {}
    });

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| {
        if let (Some((at_ms, values, is_repeated)), Some(drawing)) = (set.newest.get(), draw.borrow_mut().as_mut())
            && let Some((_, value)) = values.iter().find(|(metric, _)| *metric == drawing.shown.series.metric)
        {
            drawing.grow(at_ms, *value, is_repeated, &draw);
        }
    });

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| {
        theme.track();
        if let Some(drawing) = draw.borrow().as_ref() {
            drawing.dress();
        }
    });

    let drawing = StoredValue::new_local(drawing);
    on_cleanup(move || {
        let _ = drawing.try_with_value(|drawing| drawing.borrow_mut().take());
    });
}

impl Drawing {
    fn start(shown: &Shown, gap: &'static str, readout: WriteSignal<Option<String>>, own: &Shared) -> Option<Self> {
        let canvas = document().get_element_by_id(CANVAS)?;
        let echarts = call(&get(&window(), "echarts"), "init", &[&canvas]);
        if !echarts.is_object() {
            return None;
        }
        call(&echarts, "setOption", &[&options::chart(CANVAS, &shown.series.unit)]);
        let mut drawing = Self {
            echarts,
            data: Array::new(),
            bands: Array::new(),
            shown: shown.clone(),
            tail: Tail::new(0, 0, 1, None),
            factor: 1.0,
            word_for_gap: gap,
            waiting: Rc::default(),
            _heard: Vec::new(),
            observer: JsValue::UNDEFINED,
            system: call(&window(), "matchMedia", &[&"(prefers-color-scheme: dark)".into()]),
            on_dimmed: JsValue::UNDEFINED,
        };
        drawing.show(shown.clone());
        drawing.listen(readout, own);
        Some(drawing)
    }

    /// Another period, metric or a newer load in the chart that stands.
    fn show(&mut self, shown: Shown) {
        let dress = self.shown.series.unit != shown.series.unit;
        self.data = Array::new();
        self.bands = Array::new();
        let largest = shown.series.points.iter().map(|p| p.avg.abs()).fold(0.0, f64::max);
        self.factor = scale(largest, &shown.series.unit).0;
        let gaps = gaps(&shown.series, shown.period);
        let mut gap = gaps.iter().peekable();
        for p in &shown.series.points {
            let at = at_ms(&p.at);
            while let Some((from, _)) = gap.next_if(|(from, _)| *from <= at) {
                self.data.push(&point(*from, None));
            }
            self.data.push(&point(at, Some(p.avg * self.factor)));
        }
        #[expect(clippy::cast_precision_loss, reason = "readings in a bucket")]
        let last = shown.series.points.last().map(|p| (at_ms(&p.at), p.avg * self.factor, p.count as f64));
        self.tail = Tail::new(shown.from_ms, shown.from_ms + shown.period.span_ms(), shown.period.bucket_ms(), last);
        self.shown = shown;
        for (from, to) in gaps {
            self.band(from, to);
        }
        if dress {
            self.dress();
        }
        self.feed();
    }

    fn band(&self, from: i64, to: i64) {
        let edge = |at: i64| object(&[("xAxis", &get(&point(at, None), "0"))]);
        // A band that is narrower than its word is left without it: the sentence below tells of it.
        let width = call(&self.echarts, "getWidth", &[]).as_f64().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a week")]
        let wide = width * (to - from) as f64 / self.shown.period.span_ms() as f64 > WORD_PIXELS;
        let start = object(&[("xAxis", &get(&point(from, None), "0")), ("name", &if wide { self.word_for_gap } else { "" }.into())]);
        self.bands.push(&Array::of2(&start, &edge(to)));
    }

    /// A live reading.
    fn grow(&mut self, at_ms: i64, value: f64, is_repeated: bool, own: &Shared) {
        let last = self.data.length().checked_sub(1);
        match self.tail.take(at_ms, value * self.factor, is_repeated) {
            Growth::None => return,
            Growth::Last(mean) => self.data.set(last.unwrap_or(0), point(at_ms, Some(mean))),
            Growth::Next(value) => {
                let before = last.map(|i| at_of(&self.data.get(i)));
                if let Some(before) = before.filter(|b| at_ms - b > SILENT_BUCKETS * self.shown.period.bucket_ms()) {
                    self.data.push(&point(before + 1, None));
                    self.band(before, at_ms);
                }
                self.data.push(&point(at_ms, Some(value)));
            }
        }
        let start = at_ms - self.shown.period.span_ms();
        while self.data.length() > 1 && at_of(&self.data.get(0)) < start {
            self.data.shift();
        }
        // However many readings come, the chart is drawn once a frame at most.
        if !self.waiting.replace(true) {
            let own = Rc::clone(own);
            request_animation_frame(move || {
                if let Some(drawing) = own.borrow().as_ref() {
                    drawing.waiting.set(false);
                    drawing.feed();
                }
            });
        }
    }

    /// Gives ECharts the data, and nothing else: the chart stays.
    fn feed(&self) {
        let last = self.data.length().checked_sub(1).map(|i| self.data.get(i)).filter(|p| value_of(p).is_some());
        let (span, from) = (self.shown.period.span_ms(), self.shown.from_ms);
        let end = last.as_ref().map_or(from + span, at_of).max(from + span);
        let time = |at: i64| get(&point(at, None), "0");
        let now: Array = last.into_iter().collect();
        let line = object(&[("id", &options::LINE.into()), ("data", &self.data), ("markArea", &object(&[("data", &self.bands)]))]);
        let dot = object(&[("id", &options::NOW.into()), ("data", &now)]);
        // Labels of a narrow chart must not run into each other; charming has no word for that.
        let labels = object(&[("hideOverlap", &true.into())]);
        let axis = object(&[("min", &time(end - span)), ("max", &time(end)), ("axisLabel", &labels), ("splitNumber", &self.splits())]);
        let option = object(&[("xAxis", &axis), ("series", &Array::of2(&line, &dot))]);
        call(&self.echarts, "setOption", &[&option]);
    }

    /// One label of time for every 90 pixels.
    fn splits(&self) -> JsValue {
        let width = call(&self.echarts, "getWidth", &[]).as_f64().unwrap_or(600.0);
        (width / 90.0).clamp(2.0, 10.0).round().into()
    }

    /// Puts on the colours of the theme.
    fn dress(&self) {
        call(&self.echarts, "setOption", &[&options::chart(CANVAS, &self.shown.series.unit)]);
        self.feed();
    }

    /// Pointer, size, and the system's theme.
    fn listen(&mut self, readout: WriteSignal<Option<String>>, own: &Shared) {
        let drawing = Rc::downgrade(own);
        let pointed = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let at = get(&get(&get(&event, "axesInfo"), "0"), "value").as_f64();
            let text = drawing.upgrade().zip(at).and_then(|(d, at)| d.try_borrow().ok()?.as_ref()?.read(at));
            let _ = readout.try_set(text);
        });
        call(&self.echarts, "on", &[&"updateAxisPointer".into(), pointed.as_ref()]);

        let echarts = self.echarts.clone();
        let resized = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            call(&echarts, "resize", &[]);
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            if let Some(canvas) = document().get_element_by_id(CANVAS) {
                observer.observe(&canvas);
            }
            self.observer = observer.into();
        }

        let drawing = Rc::downgrade(own);
        let dimmed = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            if let Some(drawing) = drawing.upgrade()
                && let Some(drawing) = drawing.borrow().as_ref()
            {
                drawing.dress();
            }
        });
        self.on_dimmed = dimmed.as_ref().clone();
        call(&self.system, "addEventListener", &[&"change".into(), &self.on_dimmed]);
        self._heard = vec![pointed, resized, dimmed];
    }

    /// Time and value of the point nearest to a time.
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch fit")]
    fn read(&self, at: f64) -> Option<String> {
        let at = at as i64;
        let nearest = self.data.iter().filter(|p| value_of(p).is_some()).min_by_key(|p| (at_of(p) - at).abs())?;
        let (at, v) = (at_of(&nearest), value_of(&nearest)?);
        Some(format!("{} · {}", moment(at, Detail::Second, true), value(v / self.factor, &self.shown.series.unit).text()))
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        call(&self.observer, "disconnect", &[]);
        call(&self.system, "removeEventListener", &[&"change".into(), &self.on_dimmed]);
        call(&self.echarts, "dispose", &[]);
    }
}
