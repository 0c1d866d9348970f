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
use super::legend;

/// Ids by which the data finds its line again.
pub(super) const LINE: &str = "line";
pub(super) const NOW: &str = "now";
pub(super) const OTHER: &str = "other";
pub(super) const BEFORE: &str = "before";

/// The room above the curve.
pub(super) const TOP: i32 = 12;

/// As in `style/base.css`.
const FONT: &str = "Inter Variable, system-ui, sans-serif";

/// The theme's colours as the browser computes them now.
struct Colours {
    line: String,
    other: String,
    before: String,
    title: String,
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
        let colours = Self {
            line: read("--c1"),
            other: read("--c2"),
            before: read("--chart-before"),
            title: read("--ink"),
            text: read("--ink-3"),
            rule: read("--line"),
            band: read("--chart-band"),
            card: read("--card"),
        };
        let _ = style.remove_property("color");
        colours
    }
}

/// Whether a curve of this unit is read against zero; others (volts, degrees, registers) against their own range.
fn from_zero(unit: &str) -> bool {
    matches!(unit, "W" | "kW" | "A" | "VA" | "kVA" | "%" | "m³/h")
}

/// What a chart stands on, and the marks of its lines in a legend by [`super::legend`]'s names.
pub(super) fn for_image(canvas: &str) -> (String, JsValue) {
    let Some(element) = element(canvas) else { return (String::new(), JsValue::UNDEFINED) };
    let colour = Colours::of(&element);
    let mark = |colour: &str, width: i32, height: i32| {
        object(&[
            ("width", &width.into()),
            ("height", &height.into()),
            ("backgroundColor", &colour.into()),
            ("verticalAlign", &"middle".into()),
        ])
    };
    let marks = object(&[
        (legend::MAIN, &mark(&colour.line, 22, 3)),
        (legend::OTHER, &mark(&colour.other, 22, 3)),
        (legend::BEFORE, &mark(&colour.before, 5, 2)),
        ("space", &object(&[("width", &4.into())])),
    ]);
    (colour.card, marks)
}

fn element(canvas: &str) -> Option<HtmlElement> {
    document().get_element_by_id(canvas)?.dyn_into::<HtmlElement>().ok()
}

/// The empty chart: axes, lines, the dot at the end, and how gaps look. `right`: the unit of a second axis. Each part is charming's; they are
/// put together here, because its `Chart` and `Series` bring every kind of chart there is (28 KB of the bundle, compressed).
pub(super) fn chart(canvas: &str, unit: &str, right: Option<&str>) -> JsValue {
    let Some(element) = element(canvas) else { return JsValue::UNDEFINED };
    let colour = Colours::of(&element);
    let label = || AxisLabel::new().color(colour.text.as_str()).font_size(12).font_family(FONT);
    let pointer = AxisPointer::new()
        .show(true)
        .snap(true)
        .type_(AxisPointerType::Line)
        .line_style(LineStyle::new().color(colour.text.as_str()).width(1).type_(LineStyleType::Dashed))
        .label(Label::new().show(false));
    let grid = Grid::new().left(4).right(16).top(TOP).bottom(4).contain_label(true);
    let time = Axis::new()
        .type_(AxisType::Time)
        .axis_label(label())
        // Its own style would be a gauge's list of segments.
        .axis_line(AxisLine::new().show(false))
        .axis_tick(AxisTick::new().show(false))
        .split_line(SplitLine::new().show(false))
        .axis_pointer(pointer);
    let rule = LineStyle::new().color(colour.rule.as_str()).type_(LineStyleType::Dashed);
    let values = Axis::new()
        .type_(AxisType::Value)
        .scale(!from_zero(unit))
        .split_number(4)
        .axis_label(label())
        .split_line(SplitLine::new().line_style(rule));
    let second = Axis::new()
        .show(right.is_some())
        .type_(AxisType::Value)
        .scale(!from_zero(right.unwrap_or_default()))
        .split_number(4)
        .axis_label(label().color(colour.other.as_str()))
        .split_line(SplitLine::new().show(false));
    let gap = MarkArea::new()
        .silent(true)
        .item_style(ItemStyle::new().color(colour.band.as_str()))
        .label(Label::new().show(true).position(LabelPosition::InsideTop).color(colour.text.as_str()).font_size(12).font_family(FONT));
    let plain =
        |id: &str, colour: &str| Line::new().id(id).show_symbol(false).connect_nulls(false).item_style(ItemStyle::new().color(colour));
    let line = plain(LINE, &colour.line)
        .line_style(LineStyle::new().color(colour.line.as_str()).width(2))
        .area_style(AreaStyle::new().color(colour.line.as_str()).opacity(0.07))
        .mark_area(gap);
    let other = plain(OTHER, &colour.other).line_style(LineStyle::new().color(colour.other.as_str()).width(1.5));
    let before = plain(BEFORE, &colour.before)
        .silent(true)
        .line_style(LineStyle::new().color(colour.before.as_str()).width(1.5).type_(LineStyleType::Dashed));
    let now = Line::new()
        .id(NOW)
        .silent(true)
        .show_symbol(true)
        .symbol(Symbol::Circle)
        .symbol_size(9)
        .item_style(ItemStyle::new().color(colour.line.as_str()).border_color(colour.card.as_str()).border_width(2));
    // Pinching, and the wheel with Ctrl: alone it goes on scrolling the page. Everything else is `gesture`'s.
    let zoom = object(&[
        ("type", &"inside".into()),
        ("zoomOnMouseWheel", &"ctrl".into()),
        ("moveOnMouseMove", &false.into()),
        ("moveOnMouseWheel", &false.into()),
        ("minValueSpan", &60_000.into()),
    ]);
    let words = |colour: &str, size: i32| object(&[("color", &colour.into()), ("fontFamily", &FONT.into()), ("fontSize", &size.into())]);
    let title = object(&[("show", &false.into()), ("textStyle", &words(&colour.title, 16)), ("subtextStyle", &words(&colour.text, 12))]);
    // What the pointer is at is drawn in a brighter colour, and zrender cannot brighten those of ours: the line would go.
    let calm = object(&[("disabled", &true.into())]);
    let series: Array = [js(&line), js(&now), js(&other), js(&before)]
        .into_iter()
        .inspect(|line| {
            let _ = js_sys::Reflect::set(line, &"emphasis".into(), &calm);
        })
        .collect();
    let second = js(&second);
    let _ = js_sys::Reflect::set(&second, &"position".into(), &"right".into());
    object(&[
        ("animation", &false.into()),
        ("title", &title),
        ("grid", &js(&grid)),
        ("xAxis", &js(&time)),
        ("yAxis", &Array::of2(&js(&values), &second)),
        ("dataZoom", &Array::of1(&zoom)),
        ("series", &series),
    ])
}

fn js(part: &impl Serialize) -> JsValue {
    serde_wasm_bindgen::to_value(part).unwrap_or_default()
}
