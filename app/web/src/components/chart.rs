//! A metric over time: built once by charming, then only fed. Its page tells it what to show and hears where one wants to go;
//! `period`, `summary` and `table` are the same stretch of time in the address, in words and in rows.

#[cfg(target_arch = "wasm32")]
mod axes;
#[cfg(target_arch = "wasm32")]
mod cursor;
#[cfg(target_arch = "wasm32")]
mod data;
#[cfg(target_arch = "wasm32")]
mod draw;
mod export;
#[cfg(any(test, target_arch = "wasm32"))]
mod flow;
mod gaps;
mod gesture;
mod going;
#[cfg(target_arch = "wasm32")]
mod image;
#[cfg(target_arch = "wasm32")]
mod js;
mod legend;
#[cfg(target_arch = "wasm32")]
mod library;
#[cfg(target_arch = "wasm32")]
mod listen;
#[cfg(target_arch = "wasm32")]
mod near;
#[cfg(target_arch = "wasm32")]
mod options;
pub(crate) mod period;
mod rhythm;
mod scales;
mod summary;
mod table;
#[cfg(target_arch = "wasm32")]
mod trace;
mod why;

use std::sync::Arc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use vigia_domain::gap::Explained;
use vigia_domain::series::Series;
use vigia_domain::time::civil::Civil;

pub(crate) use export::{ImageButton, OwnZone, csv_address};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use gaps::gaps;
use gesture::{Gesture, key_of};
pub(crate) use going::Going;
pub(crate) use legend::Legend;
use period::Period;
pub(crate) use scales::Scales;
pub(crate) use summary::summary;
pub(crate) use table::Table;

use crate::i18n::use_texts;

/// What a chart shows: a metric, beside it another one, behind it its own past.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stretch {
    /// Start of the first bucket, milliseconds since the epoch.
    pub(crate) from_ms: i64,
    /// End of the last one.
    pub(crate) to_ms: i64,
    /// When it was asked for, by the device's clock.
    pub(crate) now_ms: i64,
    /// The metric.
    pub(crate) main: Series,
    /// Why it has gaps, as far as that was looked into.
    pub(crate) causes: Vec<Explained>,
    /// Another one over the same time.
    pub(crate) other: Option<Series>,
    /// The metric as it was [`Period::shift_ms`] before.
    pub(crate) before: Option<Series>,
}

/// A stretch, and the period that it is of. A period that ends now ends where its stretch does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    /// The whole: the axis goes from its beginning to its end.
    pub(crate) whole: Period,
    /// The part of it that is seen, if it is not the whole.
    pub(crate) zoom: Option<Period>,
    pub(crate) stretch: Arc<Stretch>,
}

impl Shown {
    /// What is seen.
    pub(crate) fn seen(&self) -> Period {
        self.zoom.unwrap_or(self.whole)
    }

    /// Whether it is the same lines over the same period, at whatever moment.
    pub(crate) fn is_as(&self, other: &Self) -> bool {
        let lines = |shown: &Self| {
            let Stretch { main, other, before, .. } = &*shown.stretch;
            (main.metric.clone(), other.as_ref().map(|other| other.metric.clone()), before.is_some())
        };
        (self.whole, self.zoom) == (other.whole, other.zoom) && lines(self) == lines(other)
    }
}

/// The instant of a point or of a gap's edge, milliseconds since the epoch. Not by the browser's own parser: there are hundreds of them, and
/// they are read each time that something moves.
fn at_ms(text: &str) -> i64 {
    Civil::from_text(text).map_or(0, Civil::at_ms)
}

/// Where somebody who looks at a chart wants to go.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "only the drawing zooms"))]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Move {
    /// To this part of the whole.
    Zoom(i64, i64),
    /// Back to the whole.
    Whole,
    /// To an own period.
    Own(i64, i64),
    /// To what lies before.
    Earlier,
    /// To what comes after.
    Later,
}

/// When, which metric had which value, and whether that is only repeated.
pub(crate) type Newest = (i64, Vec<(String, f64)>, bool);

/// How far the chart is.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "the server draws nothing"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Loading,
    Drawn,
    Failed,
}

/// What the drawing hears from its element, and tells it.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "the server draws nothing"))]
#[derive(Clone, Copy)]
struct Wires {
    shown: ReadSignal<Option<Shown>>,
    gesture: ReadSignal<Option<Gesture>>,
    state: WriteSignal<State>,
    /// What stands beside the pointer.
    readout: WriteSignal<Option<String>>,
    /// What is said of the point that the keyboard has come to.
    said: WriteSignal<String>,
    moves: WriteSignal<Option<Move>>,
    /// The word for a gap.
    gap: &'static str,
}

/// A canvas with a sentence for who does not see it, and a cursor for who has no pointer.
#[component]
pub(crate) fn Chart(
    /// What it shows: drawn anew where that is something else, and else only fed.
    shown: ReadSignal<Option<Shown>>,
    /// Where it is told that one wants to go.
    moves: WriteSignal<Option<Move>>,
    #[prop(into)] label: Signal<String>,
    /// How often it was asked for an image of itself.
    image: ReadSignal<u32>,
) -> impl IntoView {
    let t = use_texts();
    let (state, set_state) = signal(State::Loading);
    let (readout, set_readout) = signal(None::<String>);
    let (said, set_said) = signal(String::new());
    let (gesture, set_gesture) = signal(None::<Gesture>);
    let wires = Wires { shown, gesture, state: set_state, readout: set_readout, said: set_said, moves, gap: t.history_gap() };
    #[cfg(target_arch = "wasm32")]
    draw::run(wires, image, t);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (wires, image);
    let note = move || match state.get() {
        State::Loading => t.history_loading(),
        State::Drawn => "",
        State::Failed => t.history_failed(),
    };
    let keys = move |event: leptos::ev::KeyboardEvent| {
        if let Some(key) = key_of(&event) {
            event.prevent_default();
            set_gesture.set(Some(Gesture::Key(key)));
        }
    };
    let hand = gesture::Hand::new(set_gesture);
    view! {
        <figure class="chart">
            <p class="chart__readout num" aria-hidden="true">{move || readout.get()}</p>
            <div class="chart__stage">
                <div class="chart__canvas" id="history-canvas" role="application" tabindex="0" aria-label=label aria-describedby="history-keys"
                    on:keydown=keys
                    on:pointerdown=move |event| hand.down(&event)
                    on:pointermove=move |event| hand.moved(&event)
                    on:pointerup=move |event| hand.up(&event)
                    on:pointercancel=move |_| hand.cancel()
                    on:lostpointercapture=move |_| hand.cancel()
                    on:dblclick=move |_| set_gesture.set(Some(Gesture::Whole))></div>
                <div class="chart__brush" hidden=move || hand.brush().is_none()
                    style=("--from", move || hand.brush().map(|(from, _)| format!("{from}px")))
                    style=("--width", move || hand.brush().map(|(_, width)| format!("{width}px")))></div>
            </div>
            <p class="visually-hidden" id="history-keys">{t.history_keys()}</p>
            <p class="visually-hidden" role="status" data-said="">{move || said.get()}</p>
            <p class="chart__note chart__note--script" role="status">{note}</p>
            <p class="chart__note chart__note--no-script">{t.history_no_script()}</p>
        </figure>
    }
}
