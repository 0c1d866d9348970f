//! Whether the page's values are moving.

use leptos::prelude::*;

use crate::i18n::use_texts;
use crate::live::{Link, use_live};

/// Live, connecting or reconnecting. Pages that follow nothing show nothing.
#[component]
pub(crate) fn LiveState() -> impl IntoView {
    let (t, live) = (use_texts(), use_live());
    let class = move || match live.link() {
        Link::Idle => "live live--idle",
        Link::Connecting => "live",
        Link::On => "live live--on",
        Link::Lost => "live live--lost",
    };
    let word = move || match live.link() {
        Link::Idle => "",
        Link::Connecting => t.live_connecting,
        Link::On => t.live_on,
        Link::Lost => t.live_off,
    };
    view! {
        <p class=class role="status" aria-label=t.live_label title=move || (live.link() == Link::Lost).then_some(t.live_off_hint)>
            <span class="live__dot"></span>
            <span>{word}</span>
        </p>
    }
}
