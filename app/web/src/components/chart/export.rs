//! A chart to take along: every reading of what is seen, and an image of it.

use leptos::prelude::*;

use crate::i18n::use_texts;

/// The address of all readings of `metrics` in `[from_ms, to_ms)` as CSV. `zone`: the reader's own, an IANA name, when it is known.
pub(crate) fn csv_address(id: &str, metrics: &[&str], (from_ms, to_ms): (i64, i64), zone: Option<&str>) -> String {
    let zone = zone.map_or_else(String::new, |zone| format!("&zone={}", zone.replace('+', "%2B")));
    format!("/devices/{id}/readings.csv?metrics={}&from={from_ms}&to={to_ms}{zone}", metrics.join(","))
}

/// The name of the browser's zone, once somebody has asked. The first that a browser is asked of the kind makes it read what it knows of
/// languages (some 30 ms, on a phone 100): so not before the name is seen, or its file wanted.
#[derive(Clone, Copy)]
pub(crate) struct OwnZone(RwSignal<Option<String>>);

impl OwnZone {
    pub(crate) fn unknown() -> Self {
        Self(RwSignal::new(None))
    }

    pub(crate) fn get(self) -> Option<String> {
        self.0.get()
    }

    pub(crate) fn ask(self) {
        #[cfg(target_arch = "wasm32")]
        if self.0.with_untracked(Option::is_none) {
            use super::js::{call, get};
            let format = call(&get(&window(), "Intl"), "DateTimeFormat", &[]);
            self.0.set(get(&call(&format, "resolvedOptions", &[]), "timeZone").as_string());
        }
    }

    /// Asks once the element is seen and the browser has nothing else to do.
    pub(crate) fn ask_when_seen(self, id: &'static str) {
        #[cfg(target_arch = "wasm32")]
        Effect::new(move || {
            let ask = move || {
                // Whoever has gone on meanwhile needs no name.
                if self.0.try_with_untracked(Option::is_none) == Some(true) {
                    self.ask();
                }
            };
            super::near::when_seen(id, Box::new(ask));
        });
        #[cfg(not(target_arch = "wasm32"))]
        let _ = (self, id);
    }
}

/// Asks the chart for an image of itself. Hidden where no script runs.
#[component]
pub(crate) fn ImageButton(image: WriteSignal<u32>) -> impl IntoView {
    let t = use_texts();
    view! {
        <button class="pill scripted" r#type="button" title=t.history_png_long() on:click=move |_| image.update(|times| *times += 1)>
            {t.history_png()}
        </button>
    }
}
