//! A small picture of the last hour beside a value, with the same in words for who does not see it.

use leptos::prelude::*;
use vigia_domain::hour::{HEIGHT, Hour, MINUTES, minute_of};

use crate::clock::use_clock;
use crate::format::value;
use crate::i18n::use_texts;

/// The line of an hour; grey when its device is silent. `unit`: of its values.
#[component]
pub(crate) fn Spark(hour: RwSignal<Option<Hour>>, #[prop(into)] unit: Signal<String>, #[prop(into)] silent: Signal<bool>) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    let minute = Memo::new(move |_| minute_of(clock.now_ms()));
    // What is older than an hour goes out of the picture by itself.
    let now = Memo::new(move |_| {
        let mut hour = hour.get()?;
        hour.move_to(minute.get());
        Some(hour)
    });
    let path = move || now.with(|hour| hour.as_ref().map(Hour::path).unwrap_or_default());
    let words = move || match now.with(|hour| hour.as_ref().and_then(Hour::range)) {
        Some((low, high)) => unit.with(|unit| t.devices_hour_range(value(high.into(), unit).text(), value(low.into(), unit).text())),
        None => t.devices_hour_none.to_owned(),
    };
    let class = move || if silent.get() { "spark spark--silent" } else { "spark" };
    view! {
        <svg class=class viewBox=format!("0 0 {} {HEIGHT}", MINUTES - 1) preserveAspectRatio="none" role="img" aria-label=words>
            <path d=path></path>
        </svg>
    }
}
