//! A point in time: UTC and marked so until the page is hydrated, then in the browser's own zone.

use leptos::prelude::*;

use crate::clock::use_clock;
use crate::format::{Detail, moment, rfc3339};

/// The time itself.
#[component]
pub(crate) fn Moment(at_ms: i64, detail: Detail) -> impl IntoView {
    let clock = use_clock();
    view! { <time class="num" datetime=rfc3339(at_ms)>{move || moment(at_ms, detail, clock.running())}</time> }
}
