//! How old something is, counting up by itself.

use leptos::prelude::*;

use crate::clock::use_clock;
use crate::format::{age, exactly, rfc3339};
use crate::i18n::use_texts;

/// "3 min ago"; the exact time on hover. `None` is "never".
#[component]
pub(crate) fn Age(#[prop(into)] at_ms: Signal<Option<i64>>) -> impl IntoView {
    let (t, clock) = (use_texts(), use_clock());
    // A memo: the text node is touched only when the words change.
    let words = Memo::new(move |_| at_ms.get().map_or_else(|| t.ages_never.to_owned(), |at| age(t, clock.now_ms() - at)));
    view! {
        <time class="age" datetime=move || at_ms.get().map(rfc3339)
            title=move || at_ms.get().map(|at| exactly(t, at, clock.running()))>
            {words}
        </time>
    }
}
