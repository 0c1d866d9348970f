//! What was not taken from a device, and why.

use leptos::prelude::*;
use vigia_domain::device::Quarantined;

use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

#[component]
pub(super) fn Quarantine(refused: Vec<Quarantined>) -> impl IntoView {
    let t = use_texts();
    if refused.is_empty() {
        return view! {
            <section class="card">
                <h2>{t.quarantine_title}</h2>
                <p class="muted small">{t.quarantine_none}</p>
            </section>
        }
        .into_any();
    }
    let rows = refused.into_iter().map(|q| {
        let Quarantined { received_ms, source, reason, excerpt, bytes } = q;
        // As text: whatever it holds, it is shown and never run.
        let excerpt = if excerpt.is_empty() {
            view! { <span class="muted">{t.quarantine_empty_payload}</span> }.into_any()
        } else {
            view! { <pre tabindex="0"><code>{excerpt}</code></pre> }.into_any()
        };
        view! {
            <li>
                <p class="quarantine__reason">{reason}</p>
                <p class="muted small">
                    <Moment at_ms=received_ms detail=Detail::Second/>
                    " · " <code>{source}</code> " · " {t.quarantine_bytes(bytes.unsigned_abs())}
                </p>
                {excerpt}
            </li>
        }
    });
    view! {
        <section class="card quarantine" id="quarantine">
            <h2>{t.quarantine_title}</h2>
            <p class="muted small">{t.quarantine_lead}</p>
            <ul>{rows.collect_view()}</ul>
        </section>
    }
    .into_any()
}
