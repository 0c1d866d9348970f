//! How the numbers beside an axis are written: in the unit that all of its lines share at that moment.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Number, Reflect};
use vigia_domain::digits::grouped;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::js::get;
use super::scales::{Measure, Scales};

/// The writers of both axes, which ECharts calls for as long as the chart stands.
pub(super) struct Axes {
    scales: Rc<RefCell<Scales>>,
    left: Closure<dyn FnMut(f64) -> String>,
    right: Closure<dyn FnMut(f64) -> String>,
}

impl Axes {
    pub(super) fn new() -> Self {
        let scales = Rc::new(RefCell::new(Scales::default()));
        let (of_left, of_right) = (Rc::clone(&scales), Rc::clone(&scales));
        // The unit of the left one stands above the chart.
        let left = Closure::new(move |value| written(value, &of_left.borrow().left));
        let right = Closure::new(move |value| {
            let scales = of_right.borrow();
            let measure = scales.of_other();
            format!("{} {}", written(value, measure), measure.unit)
        });
        Self { scales, left, right }
    }

    /// From here on, values are written so.
    pub(super) fn set(&self, scales: Scales) {
        self.scales.replace(scales);
    }

    /// Whether there is one on the right.
    pub(super) fn has_right(&self) -> bool {
        self.scales.borrow().right.is_some()
    }

    /// Has the axes of an option written by them.
    pub(super) fn write(&self, option: &JsValue) {
        let axes = get(option, "yAxis");
        for (at, writer) in [("0", self.left.as_ref()), ("1", self.right.as_ref())] {
            // The axis and its labels are ours, and take every key.
            let _ = Reflect::set(&get(&get(&axes, at), "axisLabel"), &"formatter".into(), writer.unchecked_ref());
        }
    }
}

/// A step of an axis, as ECharts writes it by itself: with as many decimals as it has, and the thousands' comma.
fn written(value: f64, measure: &Measure) -> String {
    // Divided and not multiplied: 2300 times 0.001 is 2.3000000000000003.
    let value = if measure.factor < 1.0 { value / (1.0 / measure.factor).round() } else { value };
    let text = Number::from(value).to_string_with_radix(10).map(String::from).unwrap_or_default();
    let (sign, size) = text.strip_prefix('-').map_or(("", text.as_str()), |size| ("-", size));
    let (whole, fraction) = size.find(|c: char| !c.is_ascii_digit()).map_or((size, ""), |at| size.split_at(at));
    format!("{sign}{}{fraction}", grouped(whole))
}
