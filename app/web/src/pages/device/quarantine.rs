//! What was not taken from a device, and why.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::trial::{Fill, TryButton};
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
    /// How many in a row it stands for, when it is not alone.
    pub(crate) often: Option<String>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Told {
    /// In the words of `t`, newest first as they come: a device that repeats its mistake is told once, with its newest message.
    pub(crate) fn all(t: &'static crate::i18n::Texts, refused: Vec<vigia_domain::device::Quarantined>) -> Vec<Self> {
        let rows = refused.chunk_by(|newer, older| newer.source == older.source && newer.cause.is_like(&older.cause));
        rows.filter_map(|row| Some(Self::of(t, row.first()?.clone(), row.len()))).collect()
    }

    fn of(t: &'static crate::i18n::Texts, refused: vigia_domain::device::Quarantined, times: usize) -> Self {
        Self {
            received_ms: refused.received_ms,
            often: (times > 1).then(|| t.reason_often(crate::format::count(times as u64))),
            // What the broker notes has no topic yet.
            source: if refused.source == "connect" { t.reason_connecting.to_owned() } else { refused.source },
            why: crate::format::reason(t, &refused.cause),
            excerpt: crate::server::visible(&refused.excerpt),
            bytes: refused.bytes.unsigned_abs(),
        }
    }
}

#[component]
pub(super) fn Quarantine(refused: RwSignal<Vec<Told>>, fill: Fill) -> impl IntoView {
    let t = use_texts();
    let lead = move || if refused.with(Vec::is_empty) { t.quarantine_none() } else { t.quarantine_lead() };
    view! {
        <section class="card quarantine" id="quarantine">
            <h2>{t.quarantine_title()}</h2>
            <p class="muted small">{lead}</p>
            <ul>{move || refused.get().into_iter().map(|told| view! { <Row told fill/> }).collect_view()}</ul>
        </section>
    }
}

#[component]
fn Row(told: Told, fill: Fill) -> impl IntoView {
    let t = use_texts();
    let Told { received_ms, source, why, excerpt, bytes, often } = told;
    // What was cut, or came while connecting, cannot be tried as it was.
    let is_whole = bytes > 0 && excerpt.len() as u64 == bytes && source.contains('/');
    let again = is_whole.then(|| view! { <TryButton fill topic=source.clone() payload=excerpt.clone()/> });
    // As text: whatever it holds, it is shown and never run.
    let excerpt = (bytes > 0).then(|| view! { <pre tabindex="0"><code dir="auto">{excerpt}</code></pre> });
    let length = (bytes > 0).then(|| format!(" · {}", t.quarantine_bytes(bytes)));
    view! {
        <li>
            <p class="quarantine__reason" dir="auto">{why}</p>
            <p class="muted small">
                <Moment at_ms=received_ms detail=Detail::Second/>
                " · " <code dir="auto">{source}</code> {length} {often} " " {again}
            </p>
            {excerpt}
        </li>
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use vigia_domain::device::Quarantined;
    use vigia_domain::reason::Reason;

    use super::*;
    use crate::i18n::EN;

    #[test]
    fn a_mistake_that_is_repeated_is_told_once_with_its_count_and_newest_time() {
        let refused = |received_ms, source: &str, cause: Reason| Quarantined {
            received_ms,
            source: source.to_owned(),
            reason: cause.to_string(),
            cause,
            excerpt: String::new(),
            bytes: 0,
        };
        let early = |at: i64| refused(at, "vigia/m1/telemetry", Reason::TimeTooEarly { time: at.to_string() });
        let rows = vec![early(9), early(8), early(7), refused(6, "HTTP", Reason::Empty), refused(5, "connect", Reason::Empty), early(4)];
        let told: Vec<_> = Told::all(&EN, rows).into_iter().map(|t| (t.received_ms, t.source, t.often)).collect();
        let line = |at, source: &str, often: Option<&str>| (at, source.to_owned(), often.map(str::to_owned));
        let topic = "vigia/m1/telemetry";
        assert_eq!(
            told,
            [line(9, topic, Some("· 3 times in a row")), line(6, "HTTP", None), line(5, EN.reason_connecting, None), line(4, topic, None)]
        );
    }
}
