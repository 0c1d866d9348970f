//! A number that says how things stand: big, with its meaning above and its detail below.

use leptos::prelude::*;

use crate::format::{Written, is_long};

/// One of them.
#[component]
pub(crate) fn KeyFigure(
    name: &'static str,
    #[prop(into)] value: Signal<Written>,
    /// What it comes to, in words.
    #[prop(into)]
    detail: Signal<String>,
) -> impl IntoView {
    view! {
        <div class="key card">
            <dt class="key__name">{name}</dt>
            <dd>
                <strong class="key__value">
                    <span class="num" data-long=move || value.with(|value| is_long(&value.number))>{move || value.get().number}</span>
                    " "
                    <small>{move || value.get().unit}</small>
                </strong>
                <span class="key__detail">{move || detail.get()}</span>
            </dd>
        </div>
    }
}
