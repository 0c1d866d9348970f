//! What a drawing hears: the pointer, pinches and the wheel from ECharts, its size and the system's theme from the browser.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::draw::{CANVAS, Drawing, Shared};
use super::js::{call, get};
use super::{Move, Wires};

/// How long nothing is asked after the last step of a pinch or a wheel.
const SETTLED: Duration = Duration::from_millis(250);

/// Everything that is heard, until it is dropped.
pub(super) struct Ears {
    observer: JsValue,
    /// Whether the system is dark, as the browser watches it.
    system: JsValue,
    on_dimmed: JsValue,
    /// Kept alive as long as ECharts and the browser may call them.
    _heard: Vec<Closure<dyn FnMut(JsValue)>>,
}

impl Ears {
    pub(super) fn listen(echarts: &JsValue, wires: Wires, own: &Shared) -> Self {
        let drawing = Rc::downgrade(own);
        let pointed = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            let at = get(&get(&get(&event, "axesInfo"), "0"), "value").as_f64();
            let text = drawing.upgrade().zip(at).and_then(|(d, at)| d.try_borrow().ok()?.as_ref()?.read(at));
            let _ = wires.readout.try_set(text);
        });
        call(echarts, "on", &[&"updateAxisPointer".into(), pointed.as_ref()]);

        let drawing = Rc::downgrade(own);
        let waiting = RefCell::new(None::<TimeoutHandle>);
        let zoomed = Closure::<dyn FnMut(JsValue)>::new(move |event: JsValue| {
            if let Some(handle) = waiting.take() {
                handle.clear();
            }
            if let Some(drawing) = drawing.upgrade()
                && let Ok(drawing) = drawing.try_borrow()
                && let Some(drawing) = drawing.as_ref()
            {
                drawing.is_zooming.set(true);
            }
            let part = get(&get(&event, "batch"), "0");
            let (start, end) = (get(&part, "start").as_f64(), get(&part, "end").as_f64());
            let drawing = drawing.clone();
            let settle = move || {
                let moved = drawing.upgrade().zip(start.zip(end)).and_then(|(d, part)| d.try_borrow().ok()?.as_ref()?.part(part));
                if moved.is_some() {
                    let _ = wires.moves.try_set(moved);
                }
            };
            waiting.replace(set_timeout_with_handle(settle, SETTLED).ok());
        });
        call(echarts, "on", &[&"datazoom".into(), zoomed.as_ref()]);

        let chart = echarts.clone();
        let resized = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            let Some(canvas) = document().get_element_by_id(CANVAS) else { return };
            let drawn = ["getWidth", "getHeight"].map(|side| call(&chart, side, &[]).as_f64());
            let is_as_drawn = drawn == [canvas.client_width(), canvas.client_height()].map(|side| Some(f64::from(side)));
            // In a part of the page that is not open it has no size, and keeps the one that it had.
            if canvas.client_width() > 0 && !is_as_drawn {
                call(&chart, "resize", &[]);
            }
        });
        let mut watching = JsValue::UNDEFINED;
        if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            if let Some(canvas) = document().get_element_by_id(CANVAS) {
                observer.observe(&canvas);
            }
            watching = observer.into();
        }

        let drawing = Rc::downgrade(own);
        let dimmed = Closure::<dyn FnMut(JsValue)>::new(move |_| {
            if let Some(drawing) = drawing.upgrade()
                && let Ok(drawing) = drawing.try_borrow()
                && let Some(drawing) = drawing.as_ref()
            {
                drawing.dress();
            }
        });
        let system = call(&window(), "matchMedia", &[&"(prefers-color-scheme: dark)".into()]);
        let on_dimmed = dimmed.as_ref().clone();
        call(&system, "addEventListener", &[&"change".into(), &on_dimmed]);
        Self { observer: watching, system, on_dimmed, _heard: vec![pointed, zoomed, resized, dimmed] }
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        call(&self.observer, "disconnect", &[]);
        call(&self.system, "removeEventListener", &[&"change".into(), &self.on_dimmed]);
    }
}

impl Drawing {
    /// Where a zoom that has come to these percents of the axis leads.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds since the epoch fit")]
    fn part(&self, (start, end): (f64, f64)) -> Option<Move> {
        self.is_zooming.set(false);
        let (min, max) = self.axis();
        let at = |percent: f64| min + ((max - min) as f64 * percent / 100.0) as i64;
        let moved = if start < 0.5 && end > 99.5 { Move::Whole } else { Move::Zoom(at(start), at(end)) };
        (moved != Move::Whole || self.shown.zoom.is_some()).then_some(moved)
    }
}
