//! The way to one's second step, and whether it is on.

use leptos::prelude::*;

use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

#[component]
pub(super) fn SecondStepCard(since_ms: Option<i64>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card setting">
            <h2>{t.second_title()}</h2>
            <p class="muted small">{t.second_lead()}</p>
            {since_ms.map(|at_ms| view! { <p class="small">{t.second_since()} " " <Moment at_ms detail=Detail::Minute/></p> })}
            <p><a class="link" href="/settings/second-step">{if since_ms.is_some() { t.second_see() } else { t.second_go() }}</a></p>
        </section>
    }
}
