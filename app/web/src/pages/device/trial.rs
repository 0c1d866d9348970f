//! "Try a payload": what would become of it, without anything being stored. A form that the browser alone can send; with a script
//! the answer comes in its place.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use vigia_domain::decode::Decoder;

use crate::components::moment::Moment;
use crate::format::Detail;
use crate::i18n::{Texts, use_texts};

/// What came of a trial, worded by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tried {
    /// What was tried, for a page that is made anew; nothing where the page stays.
    pub(crate) form: Option<Filled>,
    /// Whether all of it would be taken.
    pub(crate) is_good: bool,
    /// The answer in one sentence.
    pub(crate) verdict: String,
    /// What read it.
    pub(crate) reader: String,
    /// Why some or all of it would not be taken.
    pub(crate) refused: Vec<String>,
    /// What would be taken.
    pub(crate) found: Vec<Found>,
    /// What does not fit here, in words.
    pub(crate) more: Option<String>,
}

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Filled {
    /// The topic.
    pub(crate) topic: String,
    /// The word of a decoder; nothing: by the topic.
    #[serde(default)]
    pub(crate) decoder: String,
    /// The payload.
    #[serde(default)]
    pub(crate) payload: String,
}

/// A reading, an event or texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// What it is.
    pub(crate) title: String,
    /// When it was, if it says so: milliseconds since the epoch.
    pub(crate) at_ms: Option<i64>,
    /// Names and values.
    pub(crate) rows: Vec<(String, String)>,
}

/// Where a message is put to be tried: topic and payload.
pub(super) type Fill = RwSignal<Option<(String, String)>>;

/// Puts a message into the form. Hidden where no script runs.
#[component]
pub(super) fn TryButton(fill: Fill, topic: String, payload: String) -> impl IntoView {
    let t = use_texts();
    view! {
        <button class="pill scripted" r#type="button" title=t.messages_try_long() on:click=move |_| fill.set(Some((topic.clone(), payload.clone())))>
            {t.messages_try()}
        </button>
    }
}

#[component]
pub(super) fn TryPayload(id: String, fill: Fill) -> impl IntoView {
    let t = use_texts();
    // A page that was asked for by the form itself brings the answer with it.
    let brought = SharedValue::new(brought).into_inner();
    let Filled { topic, decoder, payload } = brought
        .as_ref()
        .and_then(|tried| tried.form.clone())
        .unwrap_or_else(|| Filled { topic: format!("vigia/{id}/telemetry"), ..Filled::default() });
    let tried = RwSignal::new(brought);
    let fault = RwSignal::new(None::<&'static str>);
    let is_pending = RwSignal::new(false);
    #[cfg(target_arch = "wasm32")]
    send::fill_in(fill);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = fill;
    let submit = {
        let address = format!("{}?id={id}", <super::TryMessage as leptos::server_fn::ServerFn>::PATH);
        move |event: leptos::ev::SubmitEvent| {
            event.prevent_default();
            #[cfg(target_arch = "wasm32")]
            send::form(&event, address.clone(), tried, fault, is_pending, t);
            #[cfg(not(target_arch = "wasm32"))]
            let _ = (&address, fault, is_pending);
        }
    };
    let options = Decoder::ALL.map(|of| view! { <option value=of.as_str() selected=of.as_str() == decoder>{decoder_word(t, of)}</option> });
    view! {
        <section class="card trial" id="try" aria-labelledby="try-title">
            <h2 id="try-title">{t.trial_title()}</h2>
            <p class="muted small">{t.trial_lead()}</p>
            <form class="form" method="post" action="?tab=messages#try" on:submit=submit>
                <div class="field">
                    <label for="try-topic">{t.trial_topic()}</label>
                    <input id="try-topic" name="topic" r#type="text" value=topic autocapitalize="none" autocomplete="off" spellcheck="false" dir="auto"/>
                </div>
                <div class="field">
                    <label for="try-decoder">{t.trial_reader()}</label>
                    <select id="try-decoder" name="decoder">
                        <option value="" selected=decoder.is_empty()>{t.trial_by_topic()}</option>
                        {options}
                    </select>
                </div>
                <div class="field">
                    <label for="try-payload">{t.trial_payload()}</label>
                    // As markup: an empty text would come as one space.
                    <textarea id="try-payload" name="payload" rows="7" autocapitalize="none" autocomplete="off" spellcheck="false" dir="auto"
                        inner_html=markup(&payload)></textarea>
                </div>
                <p class="form__error" role="alert">{move || fault.get()}</p>
                <button class="button button--primary" r#type="submit" aria-disabled=move || is_pending.get().then_some("true")>
                    {move || if is_pending.get() { t.trial_working() } else { t.trial_send() }}
                </button>
            </form>
            <div class="trial__answer" role="status">{move || tried.get().map(|tried| view! { <Answer tried/> })}</div>
        </section>
    }
}

#[component]
fn Answer(tried: Tried) -> impl IntoView {
    let Tried { is_good, verdict, reader, refused, found, more, .. } = tried;
    let class = if is_good { "trial__verdict trial__verdict--good" } else { "trial__verdict trial__verdict--bad" };
    let refused = refused.into_iter().map(|why| view! { <li dir="auto">{why}</li> }).collect_view();
    let found = found.into_iter().map(|Found { title, at_ms, rows }| {
        let rows =
            rows.into_iter().map(|(name, value)| view! { <div><dt dir="auto">{name}</dt><dd class="num" dir="auto">{value}</dd></div> });
        view! {
            <h3>{title} " " {at_ms.map(|at_ms| view! { <small class="muted"><Moment at_ms detail=Detail::Second/></small> })}</h3>
            <dl class="facts">{rows.collect_view()}</dl>
        }
    });
    view! {
        <p class=class>{verdict}</p>
        <ul class="trial__refused">{refused}</ul>
        <p class="muted small" dir="auto">{reader}</p>
        {found.collect_view()}
        <p class="muted small">{more}</p>
    }
}

/// A decoder's name for people.
pub(crate) const fn decoder_word(t: &'static Texts, decoder: Decoder) -> &'static str {
    match decoder {
        Decoder::Native => t.trial_native(),
        Decoder::Shelly => t.trial_shelly(),
        Decoder::ShellyGen1 => t.trial_shelly_gen1(),
        Decoder::Tasmota => t.trial_tasmota(),
        Decoder::Zigbee2Mqtt => t.trial_zigbee2mqtt(),
        Decoder::Biogestor => t.trial_biogestor(),
        Decoder::IotBackend => t.trial_iot_backend(),
    }
}

/// A text as it stands inside a text area: nothing in it is markup, and a line break at its beginning stays.
fn markup(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    if text.starts_with(['\n', '\r']) { format!("\n{text}") } else { text }
}

/// The answer that the request of this page asked for.
fn brought() -> Option<Tried> {
    #[cfg(not(target_arch = "wasm32"))]
    return use_context::<axum::http::request::Parts>().and_then(|parts| parts.extensions.get::<Tried>().cloned());
    #[cfg(target_arch = "wasm32")]
    None
}

#[cfg(target_arch = "wasm32")]
mod send {
    use leptos::ev::SubmitEvent;
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{FormData, HtmlElement, HtmlFormElement, Request, RequestInit, UrlSearchParams};

    use super::{Fill, Tried};
    use crate::ask;
    use crate::components::ended;
    use crate::fault::Fault;
    use crate::i18n::Texts;

    /// Puts a message into the fields and goes there.
    pub(super) fn fill_in(fill: Fill) {
        Effect::new(move |_| {
            let Some((topic, payload)) = fill.get() else { return };
            for (id, text) in [("try-topic", topic), ("try-decoder", String::new()), ("try-payload", payload)] {
                if let Some(field) = document().get_element_by_id(id) {
                    let _ = js_sys::Reflect::set(&field, &"value".into(), &text.into());
                }
            }
            if let Some(field) = document().get_element_by_id("try-payload").and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
                let _ = field.focus();
            }
        });
    }

    pub(super) fn form(
        event: &SubmitEvent,
        address: String,
        tried: RwSignal<Option<Tried>>,
        fault: RwSignal<Option<&'static str>>,
        is_pending: RwSignal<bool>,
        t: &'static Texts,
    ) {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let data = form.and_then(|form| FormData::new_with_form(&form).ok());
        let params = data.and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data).ok());
        let Some(params) = params.filter(|_| !is_pending.get_untracked()) else { return };
        is_pending.set(true);
        leptos::task::spawn_local(async move {
            let answer = answer(&address, &params).await.unwrap_or(Err(Fault::UNREACHABLE));
            if answer.as_ref().is_err_and(Fault::is_signed_out) {
                ended::say(true);
            }
            let told = answer.as_ref().err().map(|fault| if fault.status == 413 { t.trial_too_large() } else { fault.whole_text(t) });
            let _ = fault.try_set(told);
            let _ = tried.try_set(answer.ok());
            let _ = is_pending.try_set(false);
        });
    }

    async fn answer(address: &str, params: &UrlSearchParams) -> Result<Result<Tried, Fault>, JsValue> {
        let init = RequestInit::new();
        init.set_method("POST");
        init.set_body(params);
        let response = ask::send(&Request::new_with_str_and_init(address, &init)?).await?;
        let text = ask::text(&response).await?;
        Ok(if response.ok() {
            serde_json::from_str(&text).map_err(|_| Fault::UNAVAILABLE)
        } else {
            Err(serde_json::from_str(&text).unwrap_or(Fault::UNAVAILABLE))
        })
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_typed_leaves_its_field() {
        assert_eq!(markup("</textarea><script>&amp;"), "&lt;/textarea>&lt;script>&amp;amp;");
        assert_eq!(markup("\n{}"), "\n\n{}", "a browser leaves out the first line break");
        assert_eq!(markup(""), "");
    }
}
