//! The life of a chart on the page: made once the library is there, fed by loads and by live updates, ended with the page.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::axes::Axes;
use super::js::{call, get, object};
use super::listen::Ears;
use super::period::Period;
use super::scales::Scales;
use super::trace::{Source, Trace};
use super::{Shown, State, Wires, library, options};
use crate::boot::use_boot;
use crate::components::theme_switch::use_theme;
use crate::i18n::Texts;

pub(super) const CANVAS: &str = "history-canvas";

/// A chart and what it shows.
pub(super) struct Drawing {
    pub(super) echarts: JsValue,
    pub(super) main: Trace,
    pub(super) other: Option<Trace>,
    pub(super) before: Option<Trace>,
    /// How the axes of these lines are written.
    pub(super) axes: Axes,
    pub(super) shown: Shown,
    /// The newest load of the whole, which stands around what is seen closer.
    pub(super) around: Option<Shown>,
    /// The closer looks that were asked for by key, one after the other, until the last of them is shown.
    pub(super) asked: RefCell<Vec<Period>>,
    /// The instant of the point where the keyboard's cursor is.
    pub(super) cursor: Cell<Option<i64>>,
    /// Somebody pinches or turns the wheel: what is seen is theirs until they have come to an end.
    pub(super) is_zooming: Cell<bool>,
    pub(super) texts: &'static Texts,
    pub(super) gap: &'static str,
    ears: Option<Ears>,
}

pub(super) type Shared = Rc<RefCell<Option<Drawing>>>;

pub(super) fn run(wires: Wires, image: ReadSignal<u32>, texts: &'static Texts) {
    let theme = use_theme();
    let came = use_boot().with_value(|boot| library::load(boot.echarts.clone()));
    let drawing: Shared = Rc::default();

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| match (came.get(), wires.shown.get()) {
        (Some(true), Some(shown)) => {
            let first = draw.borrow().is_none();
            if first {
                *draw.borrow_mut() = Drawing::start(shown, texts, wires, &draw);
            } else if let Some(drawing) = draw.borrow_mut().as_mut() {
                drawing.show(shown);
            }
            wires.state.set(if draw.borrow().is_some() { State::Drawn } else { State::Failed });
        }
        (Some(false), _) => wires.state.set(State::Failed),
        _ => {}
    });

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| {
        theme.track();
        if let Some(drawing) = draw.borrow().as_ref() {
            drawing.dress();
        }
    });

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| {
        if let (Some(gesture), Some(drawing)) = (wires.gesture.get(), draw.borrow().as_ref()) {
            drawing.follow(gesture, wires);
        }
    });

    let draw = Rc::clone(&drawing);
    Effect::new(move |_| {
        if let (true, Some(drawing)) = (image.get() > 0, draw.borrow().as_ref()) {
            drawing.save_image();
        }
    });

    let drawing = StoredValue::new_local(drawing);
    on_cleanup(move || {
        let _ = drawing.try_with_value(|drawing| drawing.borrow_mut().take());
    });
}

impl Drawing {
    fn start(shown: Shown, texts: &'static Texts, wires: Wires, own: &Shared) -> Option<Self> {
        let canvas = document().get_element_by_id(CANVAS)?;
        let echarts = call(&get(&window(), "echarts"), "init", &[&canvas]);
        if !echarts.is_object() {
            return None;
        }
        let (main, other, before) = sources(&shown, None);
        let mut drawing = Self {
            echarts,
            main: Trace::new(&main),
            other: other.as_ref().map(Trace::new),
            before: before.as_ref().map(Trace::new),
            axes: Axes::new(),
            around: shown.zoom.is_none().then(|| shown.clone()),
            shown,
            asked: RefCell::default(),
            cursor: Cell::new(None),
            is_zooming: Cell::default(),
            texts,
            gap: wires.gap,
            ears: None,
        };
        drawing.axes.set(Scales::of(&drawing.shown.stretch));
        drawing.dress();
        drawing.ears = Some(Ears::listen(&drawing.echarts, wires, own));
        Some(drawing)
    }

    /// What is shown now: another period or metric, or the same at a later moment.
    fn show(&mut self, shown: Shown) {
        let is_later = self.shown.is_as(&shown);
        let same = |kept: &&Shown| kept.whole == shown.whole && kept.stretch.main.metric == shown.stretch.main.metric;
        let around = self.around.as_ref().filter(|_| shown.zoom.is_some()).filter(same);
        let (main, other, before) = sources(&shown, around);
        if is_later {
            self.main.go_on(&main);
            for (trace, source) in [(&mut self.other, other), (&mut self.before, before)] {
                if let Some((trace, source)) = trace.as_mut().zip(source) {
                    trace.go_on(&source);
                }
            }
        } else {
            self.main = Trace::new(&main);
            (self.other, self.before) = (other.as_ref().map(Trace::new), before.as_ref().map(Trace::new));
            self.cursor.set(None);
        }
        // One on the way there leaves the others to come; anything else was asked for elsewhere.
        let asked = self.asked.get_mut();
        let is_on_the_way = asked.iter().position(|asked| shown.zoom == Some(*asked)).is_some_and(|at| at + 1 < asked.len());
        if !is_on_the_way && !is_later {
            asked.clear();
        }
        if shown.zoom.is_none() {
            self.around = Some(shown.clone());
        }
        self.axes.set(Scales::of(&shown.stretch));
        self.shown = shown;
        if is_later { self.feed() } else { self.dress() }
    }

    /// Puts on the colours of the theme.
    pub(super) fn dress(&self) {
        let right = self.other.as_ref().filter(|_| self.axes.has_right()).map(|other| other.unit.as_str());
        let option = options::chart(CANVAS, &self.main.unit, right);
        self.axes.write(&option);
        // Not drawn before the data is there, and then in a moment of its own: a chart is the longest work of its page.
        let later = object(&[("lazyUpdate", &true.into())]);
        call(&self.echarts, "setOption", &[&option, &later]);
        call(&self.echarts, "setOption", &[&self.data(), &later]);
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.ears.take();
        call(&self.echarts, "dispose", &[]);
    }
}

/// The lines of what is shown, with what lies around them.
fn sources<'a>(shown: &'a Shown, around: Option<&'a Shown>) -> (Source<'a>, Option<Source<'a>>, Option<Source<'a>>) {
    let (stretch, period) = (&shown.stretch, shown.seen());
    let edges = (stretch.from_ms, stretch.to_ms);
    let main = Source { series: &stretch.main, period, edges, around: around.map(|a| (&a.stretch.main, a.whole)), shift_ms: 0 };
    let other = stretch.other.as_ref().map(|series| {
        let around = around.and_then(|a| Some((a.stretch.other.as_ref()?, a.whole))).filter(|(around, _)| around.metric == series.metric);
        Source { series, period, edges, around, shift_ms: 0 }
    });
    let shift_ms = shown.whole.shift_ms();
    let before = stretch.before.as_ref().map(|series| {
        let around = around.and_then(|a| Some((a.stretch.before.as_ref()?, a.whole)));
        Source { series, period, edges: (edges.0 - shift_ms, edges.1 - shift_ms), around, shift_ms }
    });
    (main, other, before)
}
