//! What a device told of itself.

use leptos::prelude::*;

use crate::i18n::use_texts;

#[component]
pub(super) fn About(attributes: Vec<(String, String)>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card">
            <h2>{t.device_attributes}</h2>
            {if attributes.is_empty() {
                view! { <p class="muted small">{t.device_attributes_none}</p> }.into_any()
            } else {
                let rows = attributes.into_iter().map(|(name, value)| {
                    view! { <div><dt>{name}</dt><dd dir="auto">{value}</dd></div> }
                });
                view! { <dl class="facts">{rows.collect_view()}</dl> }.into_any()
            }}
        </section>
    }
}
