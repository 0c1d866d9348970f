//! How far a long piece of work is, with its name and the share in words.

use leptos::prelude::*;

/// A bar. `share` goes from 0 to 1; `None`: nobody knows how long it will take.
#[component]
pub(crate) fn Progress(#[prop(into)] label: String, #[prop(into)] share: Signal<Option<f64>>) -> impl IntoView {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let percent = move || share.get().map(|share| (share.clamp(0.0, 1.0) * 100.0 + 0.5) as u32);
    view! {
        <label class="progress">
            <span class="progress__label" dir="auto">{label}</span>
            <span class="progress__share num">{move || percent().map(|percent| format!("{percent}\u{a0}%"))}</span>
            <progress max="100" value=percent></progress>
        </label>
    }
}
