//! A labelled field of a form, with the server's word on it beside it.

use leptos::prelude::*;

/// An input. `error` is told below it and to screen readers; `hint` stands there always.
#[component]
pub(crate) fn Field(
    /// Name in the form, and the element's id.
    name: &'static str,
    label: &'static str,
    /// `text`, `email`, `password`.
    kind: &'static str,
    /// For password managers.
    autocomplete: &'static str,
    #[prop(default = None)] hint: Option<&'static str>,
    /// What stands in it already; never in one for a password.
    #[prop(default = None)]
    value: Option<String>,
    #[prop(optional)] autofocus: bool,
    /// For a page that fills it in.
    #[prop(optional)]
    node: NodeRef<leptos::html::Input>,
    #[prop(into)] error: Signal<Option<&'static str>>,
) -> impl IntoView {
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    let described = {
        let (hint_id, error_id) = (hint_id.clone(), error_id.clone());
        move || match (hint.is_some(), error.get().is_some()) {
            (true, true) => Some(format!("{error_id} {hint_id}")),
            (true, false) => Some(hint_id.clone()),
            (false, true) => Some(error_id.clone()),
            (false, false) => None,
        }
    };
    // The browser's half takes over what the page has: it need not be told how to write it.
    #[cfg(not(target_arch = "wasm32"))]
    let brought = (leptos::attr::value(value), leptos::attr::maxlength((kind != "password").then_some("300")));
    #[cfg(target_arch = "wasm32")]
    let (brought, _) = ((), value);
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input id=name name=name r#type=kind autocomplete=autocomplete autofocus=autofocus required=true
                autocapitalize=(kind != "text" || autocomplete == "username").then_some("none") spellcheck="false" {..brought} node_ref=node
                aria-invalid=move || error.get().is_some().then_some("true") aria-describedby=described/>
            <p class="field__error" id=error_id role="alert">{move || error.get()}</p>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
        </div>
    }
}

/// The button that sends a form: says so while it works, and cannot be pressed twice.
#[component]
pub(crate) fn Submit(label: &'static str, working: &'static str, #[prop(into)] pending: Signal<bool>) -> impl IntoView {
    view! {
        <button class="button button--primary" r#type="submit" aria-disabled=move || pending.get().then_some("true")>
            {move || if pending.get() { working } else { label }}
        </button>
    }
}

/// What is wrong with the whole form.
#[component]
pub(crate) fn FormError(#[prop(into)] text: Signal<Option<&'static str>>) -> impl IntoView {
    view! { <p class="form__error" role="alert">{move || text.get()}</p> }
}
