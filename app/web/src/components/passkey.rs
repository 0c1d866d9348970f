//! A button that has the browser ask for a passkey, and the field that its answer comes in. What the button does is the script's
//! (`passkey.js`).

use leptos::prelude::*;

/// Where the script is.
pub(crate) const SCRIPT: &str = "/passkey.js";

/// For a form whose address takes the answer. `asks`: the server function that says what the browser is asked.
#[component]
pub(crate) fn PasskeyButton(asks: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <input r#type="hidden" name="answer"/>
        // Enter in a field of the form presses its first button that sends, which is this: nothing is sent that the browser was not asked for.
        <button r#type="submit" disabled=true hidden=true></button>
        <button class="button" r#type="button" data-passkey=asks>{label}</button>
        <script r#type="module" src=SCRIPT></script>
    }
}
