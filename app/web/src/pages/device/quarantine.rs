//! What was not taken from a device, and why.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

/// One thing that was not taken, worded by the server in the visitor's language: all codes and their sentences would be
/// 15 KB of the first page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// Milliseconds since the epoch.
    pub(crate) received_ms: i64,
    /// A topic, `HTTP`, or that it was while connecting.
    pub(crate) source: String,
    /// Why, and what to do about it.
    pub(crate) why: String,
    /// The payload's beginning.
    pub(crate) excerpt: String,
    /// Its whole length.
    pub(crate) bytes: u64,
}

#[cfg(not(target_arch = "wasm32"))]
impl Told {
    /// In the words of `t`.
    pub(crate) fn of(t: &'static crate::i18n::Texts, refused: vigia_domain::device::Quarantined) -> Self {
        Self {
            received_ms: refused.received_ms,
            // What the broker notes has no topic yet.
            source: if refused.source == "connect" { t.reason_connecting.to_owned() } else { refused.source },
            why: crate::format::reason(t, &refused.cause),
            excerpt: refused.excerpt,
            bytes: refused.bytes.unsigned_abs(),
        }
    }
}

#[component]
pub(super) fn Quarantine(refused: Vec<Told>) -> impl IntoView {
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
        let Told { received_ms, source, why, excerpt, bytes } = q;
        // As text: whatever it holds, it is shown and never run.
        let excerpt = (bytes > 0).then(|| view! { <pre tabindex="0"><code dir="auto">{excerpt}</code></pre> });
        let length = (bytes > 0).then(|| format!(" · {}", t.quarantine_bytes(bytes)));
        view! {
            <li>
                <p class="quarantine__reason" dir="auto">{why}</p>
                <p class="muted small">
                    <Moment at_ms=received_ms detail=Detail::Second/>
                    " · " <code>{source}</code> {length}
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
