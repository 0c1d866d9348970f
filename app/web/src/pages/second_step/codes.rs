//! Recovery codes that were made now: to copy, and to print alone on a sheet.

use leptos::prelude::*;

use crate::components::copy::Command;
use crate::i18n::use_texts;

#[component]
pub(super) fn CodesCard(codes: Vec<String>) -> impl IntoView {
    let t = use_texts();
    view! {
        <section class="card setting codes" aria-labelledby="second-codes">
            <h2 id="second-codes">{t.second_codes()}</h2>
            <p>{t.second_codes_lead()}</p>
            <Command text=codes.join("\n") label=t.second_codes_copy()/>
        </section>
    }
}
