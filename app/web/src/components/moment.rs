//! A point in time: UTC and marked so until the page is hydrated, then in the browser's own zone, which its title names.

use leptos::prelude::*;

use crate::clock::use_clock;
use crate::format::{Detail, exactly, moment, rfc3339};
use crate::i18n::use_texts;

/// The time itself.
#[component]
pub(crate) fn Moment(at_ms: i64, detail: Detail) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    view! {
        <time class="num" datetime=rfc3339(at_ms) title=move || exactly(t, at_ms, clock.running())>
            {move || moment(t, at_ms, detail, clock.running())}
        </time>
    }
}
