//! A chart as an image to take along: with what it is of, when, and which line is which, for there is no page around it.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::draw::{CANVAS, Drawing};
use super::js::{call, object};
use super::legend::{self, entries};
use super::options;
use super::scales::{Scales, named};

/// What the title takes above the curve, and each line of the legend.
const TITLE: i32 = 56;
const ENTRY: i32 = 18;
/// The room beside the words.
const MARGIN: f64 = 16.0;

impl Drawing {
    /// Has the browser keep the chart as it is seen.
    pub(super) fn save_image(&self) {
        let scales = Scales::of(&self.shown.stretch);
        let title = named(self.texts, &self.shown.stretch.main.metric, &scales.left);
        let below = self.shown.seen().label_long(self.texts, true);
        let lines: Vec<String> = entries(self.texts, &self.shown).into_iter().map(|(kind, words)| entry(kind, &words)).collect();
        let top = options::TOP + TITLE + ENTRY * i32::try_from(lines.len()).unwrap_or_default();
        let (ground, marks) = options::for_image(CANVAS);
        let subtext = std::iter::once(below.clone()).chain(lines).collect::<Vec<_>>().join("\n");
        // A name that is wider than the chart is cut, as the page would do it.
        let width = call(&self.echarts, "getWidth", &[]).as_f64().unwrap_or_default() - MARGIN;
        let fits: [(&str, &JsValue); 2] = [("width", &width.into()), ("overflow", &"truncate".into())];
        let small = object(&[fits[0], fits[1], ("rich", &marks), ("lineHeight", &ENTRY.into())]);
        let words = object(&[
            ("show", &true.into()),
            ("text", &title.as_str().into()),
            ("subtext", &subtext.into()),
            ("left", &8.into()),
            ("textStyle", &object(&fits)),
            ("subtextStyle", &small),
        ]);
        let set = |title: &JsValue, top: i32| {
            let option = object(&[("title", title), ("grid", &object(&[("top", &top.into())]))]);
            call(&self.echarts, "setOption", &[&option]);
        };
        set(&words, top);
        let kind = object(&[("type", &"png".into()), ("pixelRatio", &2.into()), ("backgroundColor", &ground.into())]);
        let image = call(&self.echarts, "getDataURL", &[&kind]).as_string();
        set(&object(&[("show", &false.into())]), options::TOP);
        if let Some((image, link)) = image.zip(document().create_element("a").ok()) {
            let name: String =
                title.chars().chain("-".chars()).chain(below.chars()).map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
            let _ = link.set_attribute("href", &image);
            let _ = link.set_attribute("download", &format!("{name}.png"));
            let link: JsValue = link.into();
            call(&link, "click", &[]);
        }
    }
}

/// A line of the legend: its mark, solid or in dashes, and its name. What a name says in ECharts' own signs is not one of them.
fn entry(kind: &str, words: &str) -> String {
    let mark = format!("{{{kind}|}}");
    let mark = if kind == legend::BEFORE { [mark.as_str(); 3].join("{space|}") } else { mark };
    format!("{mark}  {}", words.replace('{', "(").replace('}', ")"))
}
