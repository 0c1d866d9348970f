//! Keys for scripts: those there are, and another one, whose text is shown once.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::codec::GetUrl;
use leptos_router::hooks::use_query_map;
use serde::{Deserialize, Serialize};

use crate::codec::Json;
use crate::components::age::Age;
use crate::components::copy::Command;
use crate::components::field::FormError;
use crate::components::form::{Form, FormState};
use crate::components::moment::Moment;
use crate::components::page_head::PageHead;
use crate::components::skeleton::{Of, Skeleton};
use crate::components::title::PageTitle;
use crate::fault::{Fault, FieldFault};
use crate::format::Detail;
use crate::i18n::use_texts;
use crate::pages::status::FaultPage;
use crate::part::lazy_page;

/// The path of the page; its form comes here, too, so that the key is in the answer and in no address.
const PATH: &str = "/keys";

/// What the page starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeysData {
    /// The newest first.
    pub(crate) keys: Vec<Key>,
    /// The address of those that were made before them.
    pub(crate) older: Option<String>,
    /// What one may give a key.
    pub(crate) offered: Vec<Offered>,
    /// What the form has made.
    pub(crate) made: Option<Made>,
    /// What it has refused, and why.
    pub(crate) refused: Option<Refused>,
}

/// A form that made nothing, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) fault: Fault,
    pub(crate) name: String,
    /// Words of scopes.
    pub(crate) ticked: Vec<String>,
    pub(crate) days: String,
}

/// A key. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// In the reader's words.
    pub(crate) scopes: Vec<String>,
    /// Whose it is, if not one's own.
    pub(crate) owner: Option<String>,
    pub(crate) created_ms: i64,
    pub(crate) expires_ms: Option<i64>,
    pub(crate) is_over: bool,
    /// At most an hour late.
    pub(crate) used_ms: Option<i64>,
}

/// A scope: the word for programs, and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offered {
    pub(crate) word: String,
    pub(crate) says: String,
}

/// A key that was made now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    pub(crate) name: String,
    pub(crate) key: String,
}

/// The keys that one may end.
#[server(prefix = "/ui", endpoint = "keys", input = GetUrl, output = Json)]
pub(crate) async fn load_keys(#[server(default)] below: Option<i64>) -> Result<KeysData, Fault> {
    crate::server::keys(below).await
}

/// Ends a key.
#[server(prefix = "/ui", endpoint = "revoke-key", output = Json)]
pub(crate) async fn revoke_key(id: i64) -> Result<(), Fault> {
    crate::server::revoke_key(id).await
}

#[cfg_attr(not(target_arch = "wasm32"), expect(clippy::manual_async_fn, reason = "one shape for both sides"))]
fn ask_keys(below: Option<i64>) -> impl Future<Output = Result<KeysData, Fault>> + Send {
    #[cfg(target_arch = "wasm32")]
    return {
        let below = below.map(|below| below.to_string());
        let given: Vec<_> = below.iter().map(|below| ("below", below.as_str())).collect();
        crate::ask::ask(<LoadKeys as ServerFn>::PATH, &given)
    };
    #[cfg(not(target_arch = "wasm32"))]
    async move {
        load_keys(below).await
    }
}

lazy_page!(
    /// `/keys`.
    KeysRoute,
    records,
    keys_code,
    preload_keys,
    KeysPage
);

#[component]
fn KeysPage() -> impl IntoView {
    let (t, query) = (use_texts(), use_query_map());
    let below = Memo::new(move |_| query.with(|query| query.get_str("below").and_then(|below| below.parse().ok())));
    let data = Resource::new(move || below.get(), ask_keys);
    let done = move || query.with(|query| query.get_str("done") == Some("revoke")).then(|| t.keys_done_revoke());
    view! {
        <PageTitle page=t.keys_title()/>
        <Transition fallback=|| view! { <Skeleton of=Of::Board/> }>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(KeysData { keys, older, offered, made, refused }) => view! {
                        <PageHead title=t.keys_title() lead=t.keys_lead()/>
                        {move || done().map(|done| view! { <p class="settings__done" role="status">{done}</p> })}
                        {made.map(|Made { name, key }| view! {
                            <section class="card setting keys__made" aria-labelledby="keys-made">
                                <h2 id="keys-made" dir="auto">{name}</h2>
                                <p>{t.keys_made()}</p>
                                <Command text=key label=t.keys_made()/>
                            </section>
                        })}
                        <div class="settings">
                            <NewKey offered refused/>
                            <section class="card setting" aria-labelledby="keys-all">
                                <h2 id="keys-all">{t.keys_title()}</h2>
                                {if keys.is_empty() {
                                    view! { <p class="muted">{t.keys_none()}</p> }.into_any()
                                } else {
                                    view! { <ul>{keys.into_iter().map(|key| view! { <KeyRow key/> }).collect_view()}</ul> }.into_any()
                                }}
                                {older.map(|older| view! { <p><a class="link" href=older>{t.keys_older()}</a></p> })}
                            </section>
                        </div>
                    }.into_any(),
                    Err(fault) => view! { <FaultPage fault/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The form for another one. The browser sends it by itself: what it makes is in the page that answers.
#[component]
fn NewKey(offered: Vec<Offered>, refused: Option<Refused>) -> impl IntoView {
    use FieldFault::{KeyName, KeyScope, KeyTaken};
    let t = use_texts();
    let fault = refused.as_ref().map(|refused| refused.fault.clone());
    let (name, ticked, chosen) = match refused {
        Some(Refused { name, ticked, days, .. }) => (Some(name), Some(ticked), days),
        None => (None, None, "365".to_owned()),
    };
    let field = fault.as_ref().and_then(|fault| fault.field);
    let of = |own: &[FieldFault]| field.filter(|field| own.contains(field)).map(|field| field.text(t));
    let (name_wrong, scope_wrong) = (of(&[KeyName, KeyTaken]), of(&[KeyScope]));
    let whole = fault.and_then(|fault| fault.form_text(t, &[KeyName, KeyTaken, KeyScope]));
    let days = [("30", t.keys_days_30()), ("90", t.keys_days_90()), ("365", t.keys_days_365()), ("", t.keys_days_none())];
    let days = days.map(|(days, name)| view! { <option value=days selected=days == chosen>{name}</option> });
    let boxes = offered.into_iter().enumerate().map(|(at, Offered { word, says })| {
        let is_ticked = ticked.as_ref().map_or(at == 0, |ticked| ticked.contains(&word));
        view! { <label class="check"><input r#type="checkbox" name=word value="on" checked=is_ticked/><span>{says}</span></label> }
    });
    view! {
        <section class="card setting" aria-labelledby="keys-new">
            <h2 id="keys-new">{t.keys_new()}</h2>
            <form class="form" method="post" action=PATH>
                <p class="form__error" role="alert">{whole}</p>
                <div class="field">
                    <label for="key-name">{t.keys_name()}</label>
                    <input id="key-name" name="name" r#type="text" value=name maxlength="80" required=true autocomplete="off" placeholder="Home Assistant"
                        aria-invalid=name_wrong.map(|_| "true") aria-describedby="key-name-error"/>
                    <p class="field__error" id="key-name-error" role="alert">{name_wrong}</p>
                </div>
                <fieldset class="field" aria-describedby="key-scope-error">
                    <legend>{t.keys_scopes()}</legend>
                    {boxes.collect_view()}
                    <p class="field__error" id="key-scope-error" role="alert">{scope_wrong}</p>
                </fieldset>
                <div class="field">
                    <label for="key-days">{t.keys_days()}</label>
                    <select id="key-days" name="days">{days}</select>
                </div>
                <button class="button button--primary" r#type="submit">{t.keys_make()}</button>
            </form>
        </section>
    }
}

#[component]
fn KeyRow(key: Key) -> impl IntoView {
    let (t, form) = (use_texts(), FormState::new(RevokeKey::PATH));
    let Key { id, name, scopes, owner, created_ms, expires_ms, is_over, used_ms } = key;
    let expires = expires_ms.map(|at_ms| {
        let word = if is_over { t.keys_expired() } else { t.keys_expires() };
        view! { <span class="muted small">{word} " " <Moment at_ms detail=Detail::Minute/></span> }
    });
    view! {
        <li class="keys__one">
            <strong dir="auto" title=name.clone()>{name.clone()}</strong>
            {owner.map(|owner| view! { <span class="small" dir="auto">{owner}</span> })}
            <span class="small">{scopes.join(" · ")}</span>
            <span class="muted small">{t.keys_created()} " " <Moment at_ms=created_ms detail=Detail::Minute/></span>
            {expires}
            <span class="muted small">{t.keys_used()} " " <Age at_ms=Signal::stored(used_ms)/></span>
            <Form state=form>
                <input r#type="hidden" name="id" value=id.to_string()/>
                <button class="button" r#type="submit" aria-label=t.keys_revoke_of(&name) aria-disabled=move || form.pending().get().then_some("true")>
                    {t.keys_revoke()}
                </button>
                <FormError text=form.whole(&[])/>
            </Form>
        </li>
    }
}
