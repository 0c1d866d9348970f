//! That the session ended, or that the page is somebody else's now, while something stood half typed: said above the page, which stays as it is. Where nothing was typed the page is
//! asked for again instead, and the server answers with the sign-in.

use leptos::prelude::*;

use crate::boot::use_boot;
use crate::i18n::use_texts;

const ID: &str = "ended";
const GONE: &str = "gone";

/// Hidden until it is so. The sign-in is another tab's: this one keeps what was typed, and sends it when somebody is in again.
#[component]
pub(crate) fn Ended() -> impl IntoView {
    let t = use_texts();
    // Another's sign-in would send what this one typed as theirs.
    let who = use_boot().with_value(|boot| boot.visitor.as_ref().map(|visitor| visitor.email.clone()).unwrap_or_default());
    view! {
        <p class="notice small" id=ID role="alert" hidden=true>
            {t.ended_told(who)} " " <a class="link" href="/sign-in" target="_blank">{t.sign_in_title}</a>
        </p>
        <p class="notice small" id=GONE role="alert" hidden=true>{t.ended_gone}</p>
    }
}

/// Says it, or that it is over.
#[cfg(target_arch = "wasm32")]
pub(crate) fn say(is_ended: bool) {
    if let Some(told) = document().get_element_by_id(ID) {
        let _ = if is_ended { told.remove_attribute("hidden") } else { told.set_attribute("hidden", "") };
    }
}

/// Says that this page may not be seen any more.
#[cfg(target_arch = "wasm32")]
pub(crate) fn say_gone() {
    if let Some(told) = document().get_element_by_id(GONE) {
        let _ = told.remove_attribute("hidden");
    }
}

/// Choices that the page did not come with, and forms that came back with what was typed. Boxes outside of forms are obeyed at once; those
/// that belong to a form elsewhere choose devices. Every list of choices comes with one of them chosen.
#[cfg(target_arch = "wasm32")]
const CHOSEN: &str = "main :is(form[data-back], input[form]:checked, option:checked:not([selected]))";

/// Whether a form holds what the page did not come with: also one that only looks for something.
#[cfg(target_arch = "wasm32")]
pub(crate) fn is_typed() -> bool {
    if document().query_selector(CHOSEN).is_ok_and(|found| found.is_some()) {
        return true;
    }
    let Ok(fields) = document().query_selector_all("main form :is(textarea, input:not([type=hidden], [type=checkbox]))") else {
        return false;
    };
    let read = |field: &web_sys::Node, name: &str| js_sys::Reflect::get(field, &name.into()).ok().and_then(|value| value.as_string());
    (0..fields.length()).filter_map(|at| fields.item(at)).any(|field| read(&field, "value") != read(&field, "defaultValue"))
}
