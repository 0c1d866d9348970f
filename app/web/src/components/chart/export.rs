//! A chart to take along: every reading of what is seen, and an image of it.

use leptos::prelude::*;

use crate::i18n::use_texts;

/// The address of all readings of `metrics` in `[from_ms, to_ms)` as CSV. `zone`: the reader's own, an IANA name, when it is known.
pub(crate) fn csv_address(id: &str, metrics: &[&str], (from_ms, to_ms): (i64, i64), zone: Option<&str>) -> String {
    let zone = zone.map_or_else(String::new, |zone| format!("&zone={}", zone.replace('+', "%2B")));
    format!("/devices/{id}/readings.csv?metrics={}&from={from_ms}&to={to_ms}{zone}", metrics.join(","))
}

/// The name of the browser's zone.
pub(crate) fn own_zone() -> Option<String> {
    #[cfg(target_arch = "wasm32")]
    {
        use super::js::{call, get};
        let format = call(&get(&window(), "Intl"), "DateTimeFormat", &[]);
        get(&call(&format, "resolvedOptions", &[]), "timeZone").as_string()
    }
    #[cfg(not(target_arch = "wasm32"))]
    None
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
