//! The last messages of the device as they came, and what became of each. Asked for anew while the part is seen, and only what is new.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ask_messages;
use super::quarantine::Told;
use super::trial::{Fill, TryButton};
use crate::components::age::Age;
use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::use_texts;

/// A message, worded by the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// In the order of coming.
    pub(crate) number: u64,
    /// Milliseconds since the epoch.
    pub(crate) received_ms: i64,
    /// Topic, or `HTTP`.
    pub(crate) source: String,
    /// Its quality of service; empty where there is none, as over HTTP.
    pub(crate) qos: String,
    /// The payload or its beginning, as text; bytes that are none, in hexadecimal.
    pub(crate) text: String,
    /// How long it was, and how much of it stands here.
    pub(crate) size: String,
    /// Whether the text is the payload, whole and as it came.
    pub(crate) is_exact: bool,
    /// What was taken.
    pub(crate) became: String,
    /// Why some or all of it was not.
    pub(crate) refused: Vec<String>,
}

/// What the part shows, or what is new in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Messages {
    /// Since when messages are kept, milliseconds since the epoch.
    pub(crate) since_ms: i64,
    /// Newest first.
    pub(crate) heard: Vec<Heard>,
    /// What is set aside now, if any of `heard` added to it.
    pub(crate) refused: Option<Vec<Told>>,
}

#[component]
pub(super) fn RawMessages(id: String, is_open: Signal<bool>, refused: RwSignal<Vec<Told>>, fill: Fill) -> impl IntoView {
    let t = use_texts();
    let first = {
        let id = id.clone();
        Resource::new(|| (), move |()| ask_messages(id.clone(), None))
    };
    let id = StoredValue::new(id);
    view! {
        <section class="card messages" aria-labelledby="messages-title">
            <Suspense>
                {move || Suspend::new(async move {
                    match first.await {
                        Ok(first) => view! { <List id=id.get_value() first is_open refused fill/> }.into_any(),
                        Err(fault) => view! {
                            <p role="alert">
                                {fault.whole_text(t)} " "
                                <button class="pill scripted" r#type="button" on:click=move |_| first.refetch()>{t.page_again}</button>
                            </p>
                        }
                        .into_any(),
                    }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn List(id: String, first: Messages, is_open: Signal<bool>, refused: RwSignal<Vec<Told>>, fill: Fill) -> impl IntoView {
    let t = use_texts();
    let (since_ms, heard) = (RwSignal::new(first.since_ms), RwSignal::new(first.heard));
    let (is_paused, pause) = signal(false);
    let is_wanted = Signal::derive(move || is_open.get() && !is_paused.get());
    #[cfg(target_arch = "wasm32")]
    follow::follow(id, is_wanted, since_ms, heard, refused);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (id, is_wanted, refused);
    view! {
        <header class="messages__head">
            <h2 id="messages-title">{t.messages_title()}</h2>
            <button class="pill scripted" r#type="button" aria-pressed=move || is_paused.get().to_string() on:click=move |_| pause.update(|p| *p = !*p)>
                {t.messages_pause()}
            </button>
            <a class="pill unscripted" href="?tab=messages">{t.messages_reload()}</a>
        </header>
        <p class="muted small">
            {t.messages_lead()} " " {move || view! { <Moment at_ms=since_ms.get() detail=Detail::Second/> }}
        </p>
        <p class="messages__none muted" hidden=move || heard.with(|heard| !heard.is_empty())>{t.messages_none()}</p>
        <ol class="messages__list">
            <For each=move || heard.get() key=|heard| heard.number children=move |heard| view! { <Message heard fill/> }/>
        </ol>
    }
}

#[component]
fn Message(heard: Heard, fill: Fill) -> impl IntoView {
    let Heard { received_ms, source, qos, text, size, is_exact, became, refused, .. } = heard;
    let again = is_exact.then(|| view! { <TryButton fill topic=source.clone() payload=text.clone()/> });
    // As text: whatever it holds, it is shown and never run.
    let payload = (!text.is_empty()).then(|| view! { <pre tabindex="0"><code dir="auto">{text}</code></pre> });
    let refused = refused.into_iter().map(|why| view! { <p class="messages__refused" dir="auto">{why}</p> });
    view! {
        <li>
            <p class="messages__line small">
                <code dir="auto">{source}</code>
                <span class="muted"><Age at_ms=Signal::stored(Some(received_ms))/></span>
                <span class="muted">{qos}</span>
                <span class="muted">{size}</span>
                {again}
            </p>
            {payload}
            <p class="messages__became small" dir="auto">{became}</p>
            {refused.collect_view()}
        </li>
    }
}

#[cfg(target_arch = "wasm32")]
mod follow {
    use std::time::Duration;

    use leptos::prelude::*;

    use super::{Heard, Messages, Told, ask_messages};
    use crate::live::load_again;

    const EVERY: Duration = Duration::from_secs(2);
    /// How many messages the list holds, as on the server.
    const KEPT: usize = 20;

    /// Asks what is new, as long as it is wanted and the page is seen.
    pub(super) fn follow(
        id: String,
        is_wanted: Signal<bool>,
        since_ms: RwSignal<i64>,
        heard: RwSignal<Vec<Heard>>,
        refused: RwSignal<Vec<Told>>,
    ) {
        let is_asking = StoredValue::new(false);
        let id = StoredValue::new(id);
        let ask = move || {
            if is_asking.get_value() || document().hidden() {
                return;
            }
            is_asking.set_value(true);
            leptos::task::spawn_local(async move {
                let Some(known) = since_ms.try_get_untracked().zip(heard.try_with_untracked(|h| h.first().map_or(0, |h| h.number))) else {
                    return;
                };
                let Some(id) = id.try_get_value() else { return };
                match ask_messages(id, Some(known)).await {
                    Ok(news) => take(news, since_ms, heard, refused),
                    // It is gone, or belongs to somebody else, or the session has ended: the page says which.
                    Err(fault) if matches!(fault.status, 401..=404) => load_again(fault.status),
                    Err(_) => {}
                }
                let _ = is_asking.try_update_value(|is_asking| *is_asking = false);
            });
        };
        Effect::new(move |before: Option<Option<IntervalHandle>>| {
            if let Some(Some(handle)) = before {
                handle.clear();
            }
            if !is_wanted.get() {
                return None;
            }
            ask();
            let handle = set_interval_with_handle(ask, EVERY).ok();
            on_cleanup(move || {
                if let Some(handle) = handle {
                    handle.clear();
                }
            });
            handle
        });
    }

    fn take(news: Messages, since_ms: RwSignal<i64>, heard: RwSignal<Vec<Heard>>, refused: RwSignal<Vec<Told>>) {
        // Another time means that the server began anew, and counts anew.
        if since_ms.try_get_untracked().is_some_and(|since| since != news.since_ms) {
            let _ = since_ms.try_set(news.since_ms);
            let _ = heard.try_set(news.heard);
        } else if !news.heard.is_empty() {
            let _ = heard.try_update(|heard| {
                let old = std::mem::replace(heard, news.heard);
                heard.extend(old);
                heard.truncate(KEPT);
            });
        }
        if let Some(now) = news.refused {
            let _ = refused.try_set(now);
        }
    }
}
