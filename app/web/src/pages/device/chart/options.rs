//! How a chart looks: charming's words for it, in the colours of `style/tokens.css`.

use charming::component::{Axis, Grid};
use charming::element::{
    AreaStyle, AxisLabel, AxisLine, AxisPointer, AxisPointerType, AxisTick, AxisType, ItemStyle, Label, LabelPosition, LineStyle,
    LineStyleType, MarkArea, SplitLine, Symbol,
};
use charming::series::Line;
use js_sys::Array;
use leptos::prelude::*;
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;

use super::js::object;

/// Ids by which the data finds its line again.
pub(super) const LINE: &str = "line";
pub(super) const NOW: &str = "now";

/// As in `style/base.css`.
const FONT: &str = "Inter Variable, system-ui, sans-serif";

/// The theme's colours as the browser computes them now.
struct Colours {
    line: String,
    text: String,
    rule: String,
    band: String,
    card: String,
}

impl Colours {
    /// A canvas knows no `var()` or `light-dark()`: the element is given the colour for a moment, and asked for it.
    fn of(element: &HtmlElement) -> Self {
        let style = element.style();
        let read = |token: &str| {
            let _ = style.set_property("color", &format!("var({token})"));
            let computed = window().get_computed_style(element).ok().flatten();
            computed.and_then(|c| c.get_property_value("color").ok()).unwrap_or_default()
        };
        let colours =
            Self { line: read("--c1"), text: read("--ink-3"), rule: read("--line"), band: read("--sunken"), card: read("--card") };
        let _ = style.remove_property("color");
        colours
    }
}

/// Whether a curve of this unit is read against zero; others (volts, degrees, registers) against their own range.
fn from_zero(unit: &str) -> bool {
    matches!(unit, "W" | "kW" | "A" | "VA" | "kVA" | "%" | "m³/h")
}

/// The empty chart: axes, line, the dot at its end, and how gaps look. Each part is charming's; they are put together
/// here, because its `Chart` and `Series` bring every kind of chart there is (28 KB of the bundle, compressed).
pub(super) fn chart(canvas: &str, unit: &str) -> JsValue {
    let element = document().get_element_by_id(canvas).and_then(|e| e.dyn_into::<HtmlElement>().ok());
    let Some(element) = element else { return JsValue::UNDEFINED };
    let colour = Colours::of(&element);
    let label = || AxisLabel::new().color(colour.text.as_str()).font_size(12).font_family(FONT);
    let pointer = AxisPointer::new()
        .show(true)
        .snap(true)
        .type_(AxisPointerType::Line)
        .line_style(LineStyle::new().color(colour.text.as_str()).width(1).type_(LineStyleType::Dashed))
        .label(Label::new().show(false));
    let grid = Grid::new().left(4).right(16).top(12).bottom(4).contain_label(true);
    let time = Axis::new()
        .type_(AxisType::Time)
        .axis_label(label())
        // Its own style would be a gauge's list of segments.
        .axis_line(AxisLine::new().show(false))
        .axis_tick(AxisTick::new().show(false))
        .split_line(SplitLine::new().show(false))
        .axis_pointer(pointer);
    let values = Axis::new()
        .type_(AxisType::Value)
        .scale(!from_zero(unit))
        .split_number(4)
        .axis_label(label())
        .split_line(SplitLine::new().line_style(LineStyle::new().color(colour.rule.as_str()).type_(LineStyleType::Dashed)));
    let gap = MarkArea::new()
        .silent(true)
        .item_style(ItemStyle::new().color(colour.band.as_str()))
        .label(Label::new().show(true).position(LabelPosition::InsideTop).color(colour.text.as_str()).font_size(12).font_family(FONT));
    let line = Line::new()
        .id(LINE)
        .show_symbol(false)
        .connect_nulls(false)
        .line_style(LineStyle::new().color(colour.line.as_str()).width(2))
        .item_style(ItemStyle::new().color(colour.line.as_str()))
        .area_style(AreaStyle::new().color(colour.line.as_str()).opacity(0.07))
        .mark_area(gap);
    let now = Line::new()
        .id(NOW)
        .silent(true)
        .show_symbol(true)
        .symbol(Symbol::Circle)
        .symbol_size(9)
        .item_style(ItemStyle::new().color(colour.line.as_str()).border_color(colour.card.as_str()).border_width(2));
    object(&[
        ("animation", &false.into()),
        ("grid", &js(&grid)),
        ("xAxis", &js(&time)),
        ("yAxis", &js(&values)),
        ("series", &Array::of2(&js(&line), &js(&now))),
    ])
}

fn js(part: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(part).unwrap_or_default()
}
