//! Passkeys: those that one has, and ways to have another one or one less.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};

use crate::boot::use_boot;
use crate::codec::Json;
use crate::components::age::Age;
use crate::components::field::{Field, FormError};
use crate::components::form::{Form, FormState};
use crate::components::moment::Moment;
use crate::components::passkey::PasskeyButton;
use crate::fault::{Fault, FieldFault};
use crate::format::Detail;
use crate::i18n::use_texts;

/// What the card shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Passkeys {
    /// One's own, the oldest first.
    pub(crate) own: Vec<OwnPasskey>,
    /// Whether the sign-in is so long ago that another one takes the password, too.
    pub(crate) asks_password: bool,
}

/// A passkey. Instants are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnPasskey {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) created_ms: i64,
    pub(crate) used_ms: Option<i64>,
}

/// What the browser is asked so that it makes a passkey.
#[server(prefix = "/ui", endpoint = "passkey-new", output = Json)]
pub(crate) async fn ask_passkey(#[server(default)] confirm: String) -> Result<String, Fault> {
    crate::server::ask_passkey(&confirm).await
}

/// Keeps the passkey that the browser has made.
#[server(prefix = "/ui", endpoint = "passkey-add", output = Json)]
pub(crate) async fn add_passkey(answer: String) -> Result<(), Fault> {
    crate::server::add_passkey(&answer).await
}

/// Calls one of one's own otherwise.
#[server(prefix = "/ui", endpoint = "passkey-rename", output = Json)]
pub(crate) async fn rename_passkey(id: i64, label: String) -> Result<(), Fault> {
    crate::server::rename_passkey(id, &label).await
}

/// Removes one of one's own.
#[server(prefix = "/ui", endpoint = "passkey-remove", output = Json)]
pub(crate) async fn remove_passkey(id: i64) -> Result<(), Fault> {
    crate::server::remove_passkey(id).await
}

#[component]
pub(super) fn PasskeysCard(passkeys: Passkeys) -> impl IntoView {
    use FieldFault::PasswordWrong;
    let (t, form) = (use_texts(), FormState::new(AddPasskey::PATH));
    let origin = use_boot().with_value(|boot| boot.passkeys.clone()).unwrap_or_default();
    let Passkeys { own, asks_password } = passkeys;
    let rows = (!own.is_empty()).then(|| {
        let rows = own.into_iter().map(|passkey| view! { <PasskeyRow passkey/> });
        view! { <ul class="sessions">{rows.collect_view()}</ul> }
    });
    view! {
        <section class="card setting">
            <h2>{t.settings_passkeys()}</h2>
            <p class="muted small">{t.settings_passkeys_lead()}</p>
            {rows}
            <p class="muted small passkey-not">{t.settings_passkeys_elsewhere(&origin)}</p>
            <div class="passkey">
                <Form state=form>
                    <FormError text=form.whole(&[PasswordWrong])/>
                    {asks_password.then(|| view! {
                        <Field name="confirm" label=t.settings_password_current() kind="password" autocomplete="current-password"
                            error=form.of(&[PasswordWrong])/>
                    })}
                    <PasskeyButton asks=AskPasskey::PATH label=t.settings_passkeys_add()/>
                </Form>
            </div>
        </section>
    }
}

#[component]
fn PasskeyRow(passkey: OwnPasskey) -> impl IntoView {
    let (t, rename, remove) = (use_texts(), FormState::new(RenamePasskey::PATH), FormState::new(RemovePasskey::PATH));
    let OwnPasskey { id, name, created_ms, used_ms } = passkey;
    let (field, label) = (format!("passkey-{id}"), t.settings_passkey_remove_of(&name));
    let used = match used_ms {
        Some(_) => view! { {t.settings_session_used()} " " <Age at_ms=Signal::stored(used_ms)/> }.into_any(),
        None => t.settings_passkey_unused().into_any(),
    };
    view! {
        <li class="owned">
            <div>
                <span dir="auto">{name.clone()}</span>
                <span class="muted small">{t.settings_passkey_since()} " " <Moment at_ms=created_ms detail=Detail::Minute/></span>
                <span class="muted small">{used}</span>
                <details>
                    <summary class="small">{t.settings_passkey_rename()}</summary>
                    <Form state=rename>
                        <input r#type="hidden" name="id" value=id.to_string()/>
                        <div class="field">
                            <label for=field.clone()>{t.settings_passkey_name()}</label>
                            <input id=field name="label" value=name maxlength="80" required=true autocomplete="off" spellcheck="false"/>
                        </div>
                        <FormError text=rename.whole(&[])/>
                        <button class="button" r#type="submit" aria-disabled=move || rename.pending().get().then_some("true")>
                            {t.settings_save()}
                        </button>
                    </Form>
                </details>
            </div>
            <Form state=remove>
                <input r#type="hidden" name="id" value=id.to_string()/>
                <button class="button" r#type="submit" aria-label=label aria-disabled=move || remove.pending().get().then_some("true")>
                    {t.settings_passkey_remove()}
                </button>
                <FormError text=remove.whole(&[])/>
            </Form>
        </li>
    }
}
