//! Which line is which, in words.

use leptos::prelude::*;

use super::Shown;
use super::scales::{Scales, named};
use crate::i18n::{Texts, use_texts};

/// Which line an entry is of, as its style is called.
pub(super) const MAIN: &str = "main";
pub(super) const OTHER: &str = "other";
pub(super) const BEFORE: &str = "before";

/// The entries; none where there is only one line.
pub(super) fn entries(t: &'static Texts, shown: &Shown) -> Vec<(&'static str, String)> {
    let (stretch, scales) = (&shown.stretch, Scales::of(&shown.stretch));
    let other = stretch.other.as_ref().map(|other| {
        let name = named(t, &other.metric, scales.of_other());
        (OTHER, if scales.right.is_some() { t.history_right_axis(name) } else { name })
    });
    let before = stretch.before.as_ref().map(|_| (BEFORE, shown.whole.compared(t).to_owned()));
    if other.is_none() && before.is_none() {
        return Vec::new();
    }
    let main = (MAIN, named(t, &stretch.main.metric, &scales.left));
    std::iter::once(main).chain(other).chain(before).collect()
}

/// The same beside a chart.
#[component]
pub(crate) fn Legend(shown: ArcSignal<Shown>) -> impl IntoView {
    let t = use_texts();
    // It says the same until a unit changes.
    let entries = Memo::new(move |_| shown.with(|shown| entries(t, shown)));
    let entry = |(kind, words): (&str, String)| view! { <li class=format!("legend__entry legend__entry--{kind}")>{words}</li> };
    move || {
        let entries = entries.get();
        (!entries.is_empty()).then(|| view! { <ul class="legend">{entries.into_iter().map(entry).collect_view()}</ul> })
    }
}
