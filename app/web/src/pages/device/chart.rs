//! The chart: built once by charming, then only fed.

#[cfg(target_arch = "wasm32")]
mod draw;
#[cfg(target_arch = "wasm32")]
mod js;
#[cfg(target_arch = "wasm32")]
mod library;
#[cfg(target_arch = "wasm32")]
mod options;
#[cfg(any(test, target_arch = "wasm32"))]
mod tail;

use leptos::prelude::*;
use vigia_domain::series::Series;

use super::figures::FigureSet;
use super::period::Period;
use crate::i18n::use_texts;

/// What a chart shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    /// Where the first bucket begins.
    pub(super) from_ms: i64,
    pub(super) period: Period,
    pub(super) series: Series,
}

/// How far the chart is.
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "the server draws nothing"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Loading,
    Drawn,
    Failed,
}

/// A canvas with a sentence for who does not see it. What it shows comes by `shown`, what moves by `set`.
#[component]
pub(super) fn Chart(shown: ReadSignal<Option<Shown>>, set: FigureSet, #[prop(into)] label: Signal<String>) -> impl IntoView {
    let t = use_texts();
    let (state, set_state) = signal(State::Loading);
    let (readout, set_readout) = signal(None::<String>);
    #[cfg(target_arch = "wasm32")]
    draw::run(shown, set, set_state, set_readout, t.history_gap);
    #[cfg(not(target_arch = "wasm32"))]
    drop((shown, set, set_state, set_readout, t.history_gap));
    let note = move || match state.get() {
        State::Loading => t.history_loading,
        State::Drawn => "",
        State::Failed => t.history_failed,
    };
    view! {
        <figure class="chart">
            <p class="chart__readout num" aria-hidden="true">{move || readout.get()}</p>
            <div class="chart__canvas" id="history-canvas" role="img" aria-label=label></div>
            <p class="chart__note chart__note--script" role="status">{note}</p>
            <p class="chart__note chart__note--no-script">{t.history_no_script}</p>
        </figure>
    }
}
